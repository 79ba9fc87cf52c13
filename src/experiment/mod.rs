//! Replications and their condensation: many runs of one scenario, one answer.
//!
//! [`replicate()`] runs a scenario over independent replications on all processors, with results that
//! do not depend on how many there are, [`replicate_uncertain`] also draws the inputs that are not known
//! exactly; [`summarize()`] turns the records into the [`Summary`] that
//! reports show and `summary.json` holds.
//!
//! [`advice()`] says what is probably a mistake before any of it, [`apf_plan`] how API Priority and
//! Fairness stands.
//!
//! [`Summary`]: crate::results::Summary

mod advice;
mod apf;
mod beside;
mod compare;
mod estimate;
mod expect;
pub mod find;
mod idle;
mod kept;
mod levels;
mod measure;
pub mod model_error;
mod published;
mod replicate;
mod scraped;
mod summarize;
pub mod sweep;
mod trial;
mod uncertain;
mod until;
mod variant;
mod verdict;

pub use advice::{SweepCost, advice, idle_memory, long_sweep, run_time, sweep_cost};
pub use apf::apf_plan;
pub use beside::{beside, run_whole};
pub use compare::{CompareSide, Compared, compare, compare_runs};
pub(crate) use estimate::percent;
pub use estimate::proportion;
pub(crate) use idle::{course_of, reason as idle_reason};
pub use kept::{Keep, Kept};
pub(crate) use measure::happened_at;
pub use measure::meets;
pub use replicate::{
    ReplicateError, Replicated, Replications, replicate, replicate_with, try_replicate_with,
};
pub(crate) use replicate::{guarded, pool, replicate_on, until_stopped};
pub use scraped::scraped;
pub use summarize::{Subject, summarize};
pub use trial::{Trial, median_change};
pub use uncertain::{draw, draw_overrides, replicate_uncertain};
pub use until::Until;
pub use variant::Variant;
