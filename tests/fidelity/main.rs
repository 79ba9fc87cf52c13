//! How near predictions are: measured runs, published figures, shipped scenarios, calibration.

mod calibrate;
mod definitions;
mod limits;
mod measured;
mod scenarios;
#[path = "../support/mod.rs"]
mod support;
mod validate;
