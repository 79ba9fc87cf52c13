//! Replications and their condensation: many runs of one scenario, one answer.
//!
//! [`replicate()`] runs a scenario over independent replications on all processors, with results that
//! do not depend on how many there are; [`summarize()`] turns the records into the [`Summary`] that
//! reports show and `summary.json` holds.
//!
//! [`apf_plan`] says how API Priority and Fairness stands before any of it.
//!
//! [`Summary`]: crate::results::Summary

mod apf;
mod estimate;
mod levels;
mod published;
mod replicate;
mod summarize;
pub mod sweep;
mod verdict;

pub use apf::apf_plan;
pub use replicate::{Plan, ReplicateError, Replicated, replicate, replicate_with};
pub use summarize::{Subject, summarize};
