//! `oomcast` forecasts the peak memory of HA kube-apiservers.
//!
//! (Architecture page: written with the code.)

pub mod cli;
pub mod engine;
pub mod experiment;
pub mod model;
pub mod report;
pub mod results;
pub mod scenario;
pub mod units;
pub mod validation;
