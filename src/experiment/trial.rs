//! A few replications of a variant, to be held against those of another on the same draws.
//!
//! A trial grows: replications are added in order, so that a first look at few of them is no loss. How
//! far it grows depends on what it has seen, never on threads or time.

use super::estimate::{median, proportion, spread};
use super::measure::{meets, whole_duration};
use super::replicate::{ReplicateError, Replications, first_worst, guarded, pool, until_stopped};
use super::variant::Variant;
use crate::model::RunOptions;
use crate::results::{OutcomeCount, RunRecord, TrialFigures};
use crate::scenario::measure::{Condition, Measure};
use crate::units::{SimSpan, Sort};

/// Replications of a variant, from the first on.
#[derive(Clone, Debug)]
pub struct Trial<'v> {
    variant: &'v Variant,
    plan: Replications,
    /// In order, without log, timelines and holders.
    pub runs: Vec<RunRecord>,
}

impl<'v> Trial<'v> {
    /// One without any run. It will have at most as many as the plan says.
    #[must_use]
    pub const fn new(variant: &'v Variant, plan: Replications) -> Self {
        Self { variant, plan, runs: Vec::new() }
    }

    /// Runs further replications, until there are `to`; fewer when the process is asked to end, or when
    /// one was cut short for the work it took. Returns how many it ran.
    ///
    /// # Errors
    /// See [`ReplicateError`].
    pub fn grow(&mut self, to: u32) -> Result<u32, ReplicateError> {
        let from = self.runs.len() as u32;
        let to = to.min(self.plan.replications.max(1));
        if from >= to || self.runs.iter().any(|run| run.cut_short) {
            return Ok(0);
        }
        let one = |replication| {
            let options = RunOptions { seed: self.plan.seed, replication, timelines: false };
            guarded(replication, || self.variant.run(replication, options, &[]))
                .map(RunRecord::slim)
        };
        let more = pool(self.plan.threads)?.install(|| until_stopped(from..to, one))?;
        let ran = more.len() as u32;
        self.runs.extend(more);
        Ok(ran)
    }

    /// The replication with the highest peak again, with timelines and holders.
    ///
    /// # Errors
    /// See [`ReplicateError`].
    pub fn worst(&self) -> Result<RunRecord, ReplicateError> {
        let replication = first_worst(&self.runs);
        let options = RunOptions { seed: self.plan.seed, replication, timelines: true };
        guarded(replication, || self.variant.run(replication, options, &[]))
    }

    /// Replications in which something happened.
    #[must_use]
    pub fn share(&self, condition: &Condition) -> OutcomeCount {
        let happened = self.runs.iter().filter(|run| meets(condition, run)).count();
        proportion(happened as u32, self.runs.len() as u32)
    }

    /// What they came to.
    #[must_use]
    pub fn figures(&self) -> TrialFigures {
        let runs = &self.runs;
        let n = runs.len() as u32;
        let share = |measure| self.share(&Condition { measure, bound: None });
        let peaks = spread(runs.iter().map(RunRecord::peak_resident).collect());
        // What never settles comes last.
        let never = SimSpan(u64::MAX);
        let settled = median(runs.iter().map(|run| whole_duration(run).unwrap_or(never)).collect());
        TrialFigures {
            replications: n,
            incomplete: runs.iter().filter(|run| run.cut_short).count() as u32,
            oom: share(Measure::Oom),
            non_recovering: share(Measure::NonRecovering),
            wrong: share(Measure::Wrong),
            peak_bytes: peaks.median,
            highest_bytes: peaks.max,
            limit_bytes: runs
                .first()
                .and_then(|r| r.servers.first())
                .map_or_else(Default::default, |server| server.limit),
            settled_seconds: settled.filter(|span| *span < never).map(SimSpan::as_secs_f64),
            cpu_seconds: median(runs.iter().map(RunRecord::cpu).collect())
                .unwrap_or_default()
                .as_secs_f64(),
            rejected: median(runs.iter().map(|run| run.counters.requests_rejected).collect())
                .unwrap_or_default(),
        }
    }
}

/// By how much the peak of the median pair of runs changes, as a share of the first's.
#[must_use]
pub fn median_change(first: &[RunRecord], second: &[RunRecord]) -> f64 {
    let one = |(a, b): (&RunRecord, &RunRecord)| {
        let (a, b) = (a.peak_resident().as_f64(), b.peak_resident().as_f64());
        (b - a) / a.max(1.0)
    };
    let mut changes: Vec<f64> = first.iter().zip(second).map(one).collect();
    changes.order_by(f64::total_cmp);
    let change = crate::engine::statistics::nearest_rank(&changes, 0.5).unwrap_or(0.0);
    super::estimate::six_decimals(change)
}
