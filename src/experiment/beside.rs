//! The replications that are kept whole beside the worst one, for a report in which one can be chosen.
//!
//! The model: a few that stand for all, by their peaks: the lowest, the quartiles, the one with the most
//! kills and the one without any whose peak is highest; then the first of those left. They are run again.

use super::replicate::{ReplicateError, Replications, guarded, pool, until_stopped};
use super::variant::Variant;
use crate::model::RunOptions;
use crate::results::RunRecord;
use crate::units::Sort as _;

/// Most of them: a page with so many stays small, and running them again takes at most half as long as
/// all did ([`SHARE`]).
const MOST: usize = 6;
/// Of so many replications one is kept.
const SHARE: usize = 2;

/// Which replications are kept beside the worst, in order.
#[must_use]
pub fn beside(runs: &[RunRecord], worst: u32) -> Vec<u32> {
    let mut by_peak: Vec<&RunRecord> = runs.iter().collect();
    by_peak.order_by_key(|run| (run.peak_resident(), run.replication));
    let at = |share: f64| by_peak.get((share * by_peak.len() as f64) as usize).copied();
    let kills = |run: &&&RunRecord| (run.oom_kills(), std::cmp::Reverse(run.replication));
    let most = by_peak.iter().max_by_key(kills).copied();
    let spared = by_peak.iter().rev().find(|run| run.oom_kills() == 0).copied();
    let first = [at(0.5), most, spared, at(0.0), at(0.25), at(0.75)].into_iter().flatten();
    let mut kept: Vec<u32> = Vec::new();
    for replication in first.chain(runs).map(|run| run.replication) {
        if replication != worst && !kept.contains(&replication) {
            kept.push(replication);
        }
    }
    kept.truncate(MOST.min(runs.len() / SHARE));
    kept.sort_unstable();
    kept
}

/// These replications again, with timelines. When the process is asked to end: those done by then.
///
/// # Errors
/// See [`ReplicateError`].
pub fn run_whole(
    variant: &Variant,
    plan: Replications,
    which: &[u32],
) -> Result<Vec<RunRecord>, ReplicateError> {
    let one = |place: u32| {
        let replication = which.get(place as usize).copied().unwrap_or_default();
        let options = RunOptions { seed: plan.seed, replication, timelines: true };
        guarded(replication, || variant.run(replication, options, &[]))
    };
    pool(plan.threads)?.install(|| until_stopped(0..which.len() as u32, one))
}

#[cfg(test)]
mod tests {
    use super::beside;
    use crate::model::{self, RunOptions};
    use crate::results::{OomKill, RunRecord, ServerRecord};
    use crate::scenario::Template;
    use crate::units::{Bytes, SimSpan, SimTime};

    /// Twenty runs of falling peaks; the first five have kills, one more each.
    fn runs() -> Vec<RunRecord> {
        let text = include_bytes!("../../tests/data/storm.toml");
        let scenario = Template::of_text("storm", text, &[]).load(&[]).expect("a scenario");
        let options = RunOptions { seed: 1, replication: 0, timelines: false };
        let any = model::run(&scenario.inputs, options);
        let run = |replication: u32| {
            let resident = Bytes::gib(30 - u64::from(replication));
            let kill =
                OomKill { at: SimTime::ZERO, resident, stalled: SimSpan::ZERO, back_at: None };
            let kills = if replication < 5 { replication as usize + 1 } else { 0 };
            let server = ServerRecord {
                peak_resident: resident,
                oom_kills: vec![kill; kills],
                ..ServerRecord::default()
            };
            RunRecord { replication, servers: vec![server], ..any.clone() }
        };
        (0..20).map(run).collect()
    }

    #[test]
    fn those_that_stand_for_all_are_kept() {
        let runs = runs();
        // The worst is 0. Lowest 19, quartiles 14, 9 and 4, most kills 4, highest without a kill 5.
        assert_eq!(beside(&runs, 0), [1, 4, 5, 9, 14, 19]);
        assert_eq!(beside(&runs[..3], 0), [1]);
        assert!(beside(&runs[..1], 0).is_empty());
    }
}
