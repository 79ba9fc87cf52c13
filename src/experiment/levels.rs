//! The priority levels of all replications, condensed.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::engine::statistics::nearest_rank;
use crate::results::{CountSpread, FlowSchemaShare, LevelRecord, LevelSummary, RunRecord};
use crate::units::Bytes;

/// The records of each level in each replication that used it.
type ByLevel<'a> = BTreeMap<&'a str, Vec<Vec<&'a LevelRecord>>>;

fn by_level(runs: &[RunRecord]) -> ByLevel<'_> {
    let mut levels = ByLevel::new();
    for (index, run) in runs.iter().enumerate() {
        for record in run.servers.iter().flat_map(|server| &server.levels) {
            let of_runs = levels.entry(record.name.as_str()).or_default();
            of_runs.resize(runs.len(), Vec::new());
            of_runs[index].push(record);
        }
    }
    levels
}

/// Every level that was used, by name.
pub(super) fn summarize(runs: &[RunRecord]) -> Vec<LevelSummary> {
    let level = |(name, runs): (&str, Vec<Vec<&LevelRecord>>)| {
        let first = runs.iter().flatten().next();
        LevelSummary {
            name: name.to_owned(),
            exempt: first.is_some_and(|record| record.exempt),
            nominal_seats: first.map_or(0, |record| record.nominal_seats),
            peak_seats: highest(&runs, |record| record.peak_seats),
            peak_waiting: highest(&runs, |record| record.peak_waiting),
            rejected: total(&runs, |record| record.rejected),
            dispatched: total(&runs, |record| record.dispatched),
        }
    };
    by_level(runs).into_iter().map(level).collect()
}

fn highest(runs: &[Vec<&LevelRecord>], figure: impl Fn(&LevelRecord) -> u64) -> CountSpread {
    spread(runs.iter().map(|run| run.iter().map(|r| figure(r)).max().unwrap_or(0)).collect())
}

fn total(runs: &[Vec<&LevelRecord>], figure: impl Fn(&LevelRecord) -> u64) -> CountSpread {
    spread(runs.iter().map(|run| run.iter().map(|r| figure(r)).sum()).collect())
}

fn spread(mut counts: Vec<u64>) -> CountSpread {
    counts.sort_unstable();
    let median = nearest_rank(&counts, 0.5).unwrap_or(0);
    CountSpread { median, max: counts.last().copied().unwrap_or(0) }
}

/// The level that rejected most over all runs, or else had most waiting at once; the first by name
/// of equals.
pub(super) fn bottleneck(runs: &[RunRecord]) -> Option<String> {
    let pressure = |name: &str, runs: &[Vec<&LevelRecord>]| {
        let records = || runs.iter().flatten();
        let rejected: u64 = records().map(|r| r.rejected).sum();
        let waiting = records().map(|r| r.peak_waiting).max().unwrap_or(0);
        (rejected, waiting, Reverse(name.to_owned()))
    };
    let most = by_level(runs).iter().map(|(name, runs)| pressure(name, runs)).max()?;
    (most.0 > 0 || most.1 > 0).then_some(most.2.0)
}

/// The flow schema whose fleets held most at the peak of a run; the first by name of equals.
pub(super) fn largest_flow_schema(worst: &RunRecord) -> Option<FlowSchemaShare> {
    let mut held: BTreeMap<(&str, &str), Bytes> = BTreeMap::new();
    for holder in worst.worst_server().iter().flat_map(|server| &server.holders_at_peak) {
        let flow = worst.flows.iter().find(|flow| flow.fleet == holder.client);
        if let Some(flow) = flow.filter(|_| !holder.client.is_empty()) {
            *held.entry((&flow.flow_schema, &flow.priority_level)).or_default() += holder.bytes;
        }
    }
    let most = held.into_iter().max_by_key(|(names, bytes)| (*bytes, Reverse(*names)))?;
    let ((name, priority_level), bytes) = most;
    (bytes > Bytes::ZERO).then(|| FlowSchemaShare {
        name: name.to_owned(),
        priority_level: priority_level.to_owned(),
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn the_median_is_one_of_the_counts() {
        let spread = spread(vec![7, 0, 3, 9]);
        assert_eq!((spread.median, spread.max), (3, 9));
    }
}
