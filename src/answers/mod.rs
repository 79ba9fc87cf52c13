//! What an operator asks of a scenario: without whom would it have held ([`without`]), which change
//! prevents it ([`advise`](mod@advise)), is the cluster safe ([`assess`](mod@assess)), when was it too
//! late ([`no_return`](mod@no_return)), when will it be outgrown ([`forecast`](mod@forecast)), would anybody have been warned ([`alerts`]).
//!
//! # The simplest model
//!
//! Every answer but that of [`no_return`](mod@no_return) is a comparison: the scenario, and the scenario under a small overlay, run on the same
//! draws ([`Trial`](crate::experiment::Trial)). Draws are keyed by names, so that taking a client out
//! or changing a key leaves those of all others as they were. An overlay is TOML that `run --overlay`
//! takes, so that every answer can be run again by hand. The work has a bound in runs of the model,
//! which is stated beforehand; [`stop`](crate::engine::stop) ends it early with what there is.

pub mod advise;
pub mod alerts;
pub mod assess;
pub mod binding;
pub mod certain;
pub mod forecast;
pub mod no_return;
pub mod remedies;
pub mod simulate;
mod storms;
pub mod without;

/// A change of the peak that counts, as a share.
const WORTH: f64 = 0.05;

#[cfg(test)]
mod tests;
