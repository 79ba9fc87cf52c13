//! The replications of a point as one row.

use super::super::estimate::{median, proportion, six_decimals, spread};
use super::super::measure::whole_duration;
use crate::results::{OomKillSpread, Outcome, PointFigures, RunRecord};
use crate::units::{SimSpan, SimTime};

/// Condenses the records of a point.
pub(super) fn figures(runs: &[RunRecord]) -> PointFigures {
    let n = runs.len() as u32;
    let share = |has: fn(&RunRecord) -> bool| proportion(count(runs, has), n);
    let kills: Vec<u32> = runs.iter().map(|run| run.oom_kills() as u32).collect();
    let middle = |of: fn(&RunRecord) -> u64| median(runs.iter().map(of).collect()).unwrap_or(0);
    let limits = runs.first().into_iter().flat_map(|run| &run.servers).map(|server| server.limit);
    PointFigures {
        replications: n,
        incomplete: count(runs, |run| run.cut_short),
        outcomes: outcomes(runs),
        oom: share(|run| run.oom_kills() > 0),
        cascade: share(|run| run.servers_killed() > 1),
        non_recovering: share(|run| run.outcome == Outcome::NonRecovering),
        peak_resident_bytes: spread(runs.iter().map(RunRecord::peak_resident).collect()),
        limit_bytes: limits.min().unwrap_or_default(),
        oom_kills: OomKillSpread {
            max: kills.iter().copied().max().unwrap_or(0),
            median: median(kills).unwrap_or(0),
        },
        first_oom_seconds: median(runs.iter().filter_map(RunRecord::first_oom).collect())
            .map(|at: SimTime| six_decimals(at.as_secs_f64())),
        settled_after_seconds: settled(runs),
        cpu_seconds: six_decimals(
            median(runs.iter().map(RunRecord::cpu).collect()).unwrap_or_default().as_secs_f64(),
        ),
        bytes_sent: median(runs.iter().map(|run| run.counters.bytes_sent).collect())
            .unwrap_or_default(),
        requests_rejected: middle(|run| run.counters.requests_rejected),
        requests_failed: middle(|run| run.counters.requests_failed),
        requests_timed_out: middle(|run| run.counters.requests_timed_out),
    }
}

fn count(runs: &[RunRecord], has: impl Fn(&RunRecord) -> bool) -> u32 {
    runs.iter().filter(|run| has(run)).count() as u32
}

fn outcomes(runs: &[RunRecord]) -> std::collections::BTreeMap<Outcome, u32> {
    let of = |outcome: Outcome| count(runs, |run| run.outcome == outcome);
    Outcome::ALL.iter().map(|outcome| (*outcome, of(*outcome))).collect()
}

/// Runs that never settled count as longer than all others.
fn settled(runs: &[RunRecord]) -> Option<f64> {
    const NEVER: SimSpan = SimSpan(u64::MAX);
    let spans = runs.iter().map(|run| whole_duration(run).unwrap_or(NEVER));
    let middle = median(spans.collect()).filter(|span| *span != NEVER)?;
    Some(six_decimals(middle.as_secs_f64()))
}
