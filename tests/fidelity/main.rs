//! How near predictions are: measured runs, published figures, shipped scenarios, calibration.

mod calibrate;
mod measured;
mod scenarios;
mod validate;
