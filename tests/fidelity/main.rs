//! How near predictions are: measured runs, published figures, shipped scenarios, calibration.

mod calibrate;
mod limits;
mod definitions;
mod measured;
mod scenarios;
#[path = "../support/mod.rs"]
mod support;
mod validate;
