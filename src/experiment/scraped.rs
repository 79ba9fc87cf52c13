//! Replications as scrapes saw them.

use std::ops::Range;

use super::replicate::{ReplicateError, Replications, guarded, pool, until_stopped};
use super::variant::Variant;
use crate::model::RunOptions;
use crate::results::{RunRecord, scrape_instants};
use crate::units::{SimSpan, SimTime};

/// Something of each replication of a range, in order, whose records have samples at the interval's
/// instants ([`scrape_instants`]), and at time 0 if that is asked for. When the process is asked to end: of those begun by then.
///
/// # Errors
/// See [`ReplicateError`].
pub fn scraped<T: Send>(
    variant: &Variant,
    plan: Replications,
    which: Range<u32>,
    (interval, from_zero): (SimSpan, bool),
    each: impl Fn(RunRecord) -> T + Sync,
) -> Result<Vec<T>, ReplicateError> {
    let end = SimTime::ZERO + variant.scenario().inputs.duration;
    let one = |replication| {
        let mut instants = scrape_instants(replication, interval, end);
        if from_zero && instants.first() != Some(&SimTime::ZERO) {
            instants.insert(0, SimTime::ZERO);
        }
        let options = RunOptions { seed: plan.seed, replication, timelines: false };
        guarded(replication, || variant.scraped(replication, options, &instants)).map(&each)
    };
    pool(plan.threads)?.install(|| until_stopped(which, one))
}
