//! The metrics of a run.

use crate::results::{Outcome, PhaseRecord, RunRecord, ServerRecord};
use crate::scenario::measure::{Amount, Condition, Measure, Past};
use crate::units::{Bytes, SimSpan, SimTime};

/// Whether an event happened in a run; of a figure, whether it is more than nothing.
pub(super) fn happened(measure: Measure, run: &RunRecord) -> bool {
    match measure {
        Measure::Oom => run.oom_kills() > 0,
        Measure::Cascade => run.servers_killed() > 1,
        Measure::NonRecovering => run.outcome == Outcome::NonRecovering,
        Measure::Wrong => run.oom_kills() > 0 || run.outcome == Outcome::NonRecovering,
        Measure::Absorbed => run.outcome == Outcome::Absorbed,
        figure => value(figure, run).as_f64() > 0.0,
    }
}

/// The value of a metric in a run; of an event, all or nothing.
pub(super) fn value(measure: Measure, run: &RunRecord) -> Amount {
    let counters = &run.counters;
    match measure {
        Measure::Peak => Amount::Size(run.peak_resident()),
        Measure::Headroom => Amount::Share(headroom(run)),
        Measure::Duration => whole_duration(run).map_or(Amount::Never, Amount::Span),
        Measure::Rejected => Amount::Count(counters.requests_rejected),
        Measure::WritesRejected => Amount::Count(counters.writes_rejected),
        Measure::Failed => Amount::Count(counters.requests_failed),
        Measure::TimedOut => Amount::Count(counters.requests_timed_out),
        Measure::StaleReads => Amount::Count(counters.stale_reads),
        Measure::Writes => Amount::Count(counters.writes),
        Measure::Created => Amount::Count(counters.objects_created),
        Measure::Objects => Amount::Count(counters.objects_most),
        Measure::Cpu => Amount::Span(run.cpu()),
        Measure::BytesSent => Amount::Size(counters.bytes_sent),
        Measure::CpuUtilisation => most(run, ServerRecord::cpu_utilisation),
        Measure::Throttled => {
            let throttled = run.servers.iter().map(|server| server.pressure.throttled);
            Amount::Span(throttled.max().unwrap_or_default())
        }
        Measure::CpuPressure => most(run, |server| server.share(|lacked| lacked.cpu_some)),
        Measure::MemoryPressure => most(run, |server| server.share(|lacked| lacked.memory_some)),
        Measure::IoPressure => most(run, |server| server.share(|lacked| lacked.io)),
        event => Amount::Share(f64::from(u8::from(happened(event, run)))),
    }
}

/// The highest share of any server.
fn most(run: &RunRecord, share: impl Fn(&ServerRecord) -> f64) -> Amount {
    Amount::Share(run.servers.iter().map(share).fold(0.0, f64::max))
}

/// The value of a metric in a phase of a run, or in the whole of it where none is named.
pub(super) fn value_in(measure: Measure, phase: &str, run: &RunRecord) -> Amount {
    if phase.is_empty() {
        return value(measure, run);
    }
    let found = run.phases.iter().find(|found| found.name == phase);
    match (measure, found) {
        (Measure::Oom, found) => {
            Amount::Share(f64::from(u8::from(found.is_some_and(|phase| phase.oom_kills > 0))))
        }
        (Measure::Peak, Some(phase)) => Amount::Size(phase.peak_resident),
        (Measure::BytesSent, Some(phase)) => Amount::Size(phase.bytes_sent),
        (Measure::Duration, Some(phase)) => duration(phase).map_or(Amount::Never, Amount::Span),
        // Not recorded for phases, which the scenario's rules know.
        _ => Amount::Never,
    }
}

/// The least share of its limit that a server had left; 1 where there are no limits.
pub(super) fn headroom(run: &RunRecord) -> f64 {
    let limited = run.servers.iter().filter(|server| server.limit > Bytes::ZERO);
    let left = limited
        .map(|server| (1.0 - server.peak_resident.as_f64() / server.limit.as_f64()).max(0.0));
    left.fold(1.0, f64::min)
}

/// Whether a condition is met in a run.
#[must_use]
pub fn meets(condition: &Condition, run: &RunRecord) -> bool {
    let Some((past, bound)) = condition.bound else {
        return happened(condition.measure, run);
    };
    let value = value(condition.measure, run);
    match past {
        Past::Above => value > bound,
        Past::Below => value < bound,
    }
}

/// A statistic of a metric in the metric's own unit again.
pub(super) fn amount(measure: Measure, statistic: f64) -> Amount {
    use crate::scenario::measure::Dimension;
    match measure.dimension() {
        Dimension::Event | Dimension::Share => Amount::Share(statistic),
        Dimension::Size => Amount::Size(Bytes::from_f64(statistic)),
        Dimension::Count => Amount::Count(statistic.round() as u64),
        Dimension::Span if statistic.is_infinite() => Amount::Never,
        Dimension::Span => Amount::Span(SimSpan(statistic.round() as u64)),
    }
}

/// From the start of a phase until its last list was answered.
pub(super) fn duration(phase: &PhaseRecord) -> Option<SimSpan> {
    phase.settled_at.map(|at| at.since(phase.start))
}

/// From the first event until the last list of any phase was answered; none while a client lacks its
/// list at the end.
pub(super) fn whole_duration(run: &RunRecord) -> Option<SimSpan> {
    let (synced, started) = run.clients_synced;
    if synced < started {
        return None;
    }
    let start = run.phases.first().map_or(SimTime::ZERO, |p| p.start);
    let settled = run.phases.iter().filter_map(|p| p.settled_at).max()?;
    Some(settled.since(start))
}

/// When a condition was met in a run, where that is recorded.
pub(crate) fn happened_at(condition: &Condition, run: &RunRecord) -> Option<SimTime> {
    let first = |server: &crate::results::ServerRecord| server.oom_kills.first().map(|k| k.at);
    let mut kills: Vec<SimTime> = run.servers.iter().filter_map(first).collect();
    kills.sort_unstable();
    match (condition.measure, condition.bound) {
        (Measure::Oom | Measure::Wrong, None) => kills.first().copied(),
        (Measure::Cascade, None) => kills.get(1).copied(),
        _ => None,
    }
}
