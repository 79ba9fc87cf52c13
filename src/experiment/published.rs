//! Published figures beside the predictions.

use super::estimate::{median, six_decimals};
use crate::results::{PhaseRecord, PublishedRow, RunRecord};
use crate::scenario::{Claim, Figure, Metric, Published};
use crate::units::{Bytes, SimSpan, SimTime};

/// A prediction beside a figure.
struct Judgement {
    published: String,
    predicted: String,
    error: Option<f64>,
    within: bool,
}

/// Judges a figure by the median of the replications; a yes-or-no figure by their majority.
pub(super) fn judge(published: &Published, runs: &[RunRecord]) -> PublishedRow {
    let tolerance = published.tolerance;
    let judgement = match published.figure {
        Figure::Flag(claimed) => flag(claimed, published, runs),
        Figure::Bytes(claim) => {
            let raw = map(claim, |bytes| bytes.0);
            quantity(raw, tolerance, predict(published, runs), |n| Bytes(n).to_string())
        }
        Figure::Span(claim) => {
            let raw = map(claim, |span| span.0);
            quantity(raw, tolerance, predict(published, runs), |n| span(SimSpan(n)))
        }
    };
    PublishedRow {
        phase: published.phase.clone(),
        metric: label(published.metric).to_owned(),
        published: judgement.published,
        predicted: judgement.predicted,
        error: judgement.error,
        within: judgement.within,
        source: published.source.clone(),
        note: published.note.clone(),
    }
}

const fn label(metric: Metric) -> &'static str {
    match metric {
        Metric::PeakResident => "peak",
        Metric::Oom => "OOM kill",
        Metric::Duration => "duration",
        Metric::BytesSent => "bytes sent",
    }
}

fn map<T, U>(claim: Claim<T>, to: impl Fn(T) -> U) -> Claim<U> {
    match claim {
        Claim::Value(v) => Claim::Value(to(v)),
        Claim::AtLeast(v) => Claim::AtLeast(to(v)),
        Claim::AtMost(v) => Claim::AtMost(to(v)),
        Claim::Between(low, high) => Claim::Between(to(low), to(high)),
    }
}

fn flag(claimed: bool, published: &Published, runs: &[RunRecord]) -> Judgement {
    let killed = runs.iter().filter(|run| oom_kills(published, run) > 0);
    let predicted = 2 * killed.count() > runs.len();
    let word = |yes| if yes { "yes" } else { "no" }.to_owned();
    Judgement {
        published: word(claimed),
        predicted: word(predicted),
        error: None,
        within: claimed == predicted,
    }
}

/// Of bytes or nanoseconds. `None` predicted: it never came, which is later and more than anything.
fn quantity(
    claim: Claim<u64>,
    tolerance: f64,
    predicted: Option<u64>,
    show: impl Fn(u64) -> String,
) -> Judgement {
    let error = match (claim, predicted) {
        (Claim::Value(v), Some(p)) if v > 0 => Some(six_decimals((p as f64 - v as f64) / v as f64)),
        _ => None,
    };
    let value = predicted.unwrap_or(u64::MAX);
    let within = match claim {
        Claim::Value(v) => value.abs_diff(v) as f64 <= tolerance * v as f64,
        Claim::AtLeast(low) => value >= low,
        Claim::AtMost(high) => value <= high,
        Claim::Between(low, high) => (low..=high).contains(&value),
    };
    Judgement {
        published: match claim {
            Claim::Value(v) => show(v),
            Claim::AtLeast(low) => format!("at least {}", show(low)),
            Claim::AtMost(high) => format!("at most {}", show(high)),
            Claim::Between(low, high) => format!("{} to {}", show(low), show(high)),
        },
        predicted: predicted.map_or_else(|| "never".to_owned(), show),
        error,
        within,
    }
}

/// For people: below ten seconds to the millisecond, else to a tenth of a second.
fn span(span: SimSpan) -> String {
    let unit = if span < SimSpan::secs(10) { 1_000_000 } else { 100_000_000 };
    SimSpan(span.0.saturating_add(unit / 2) / unit * unit).to_string()
}

/// The median over the runs, in bytes or nanoseconds; `None`: in the median run it never came.
fn predict(published: &Published, runs: &[RunRecord]) -> Option<u64> {
    let values = runs.iter().map(|run| one(published, run));
    // A run in which it never came counts as later than all others.
    let values: Vec<u64> = values.map(|v| v.unwrap_or(u64::MAX)).collect();
    median(values).filter(|v| *v != u64::MAX)
}

fn phase<'a>(published: &Published, run: &'a RunRecord) -> Option<&'a PhaseRecord> {
    run.phases.iter().find(|p| p.name == published.phase)
}

fn oom_kills(published: &Published, run: &RunRecord) -> usize {
    if published.phase.is_empty() {
        return run.oom_kills();
    }
    phase(published, run).map_or(0, |p| p.oom_kills as usize)
}

/// The figure in one run: bytes, or nanoseconds.
fn one(published: &Published, run: &RunRecord) -> Option<u64> {
    let whole = published.phase.is_empty();
    let phase = phase(published, run);
    match published.metric {
        Metric::PeakResident if whole => Some(run.peak_resident().0),
        Metric::PeakResident => phase.map(|p| p.peak_resident.0),
        Metric::BytesSent if whole => Some(run.counters.bytes_sent.0),
        Metric::BytesSent => phase.map(|p| p.bytes_sent.0),
        Metric::Duration if whole => whole_duration(run).map(|span| span.0),
        Metric::Duration => phase.and_then(duration).map(|span| span.0),
        Metric::Oom => None,
    }
}

/// From the start of a phase until its last list was answered.
pub(super) fn duration(phase: &PhaseRecord) -> Option<SimSpan> {
    phase.settled_at.map(|at| at.since(phase.start))
}

/// From the first event until the last list of any phase was answered.
pub(super) fn whole_duration(run: &RunRecord) -> Option<SimSpan> {
    let start = run.phases.first().map_or(SimTime::ZERO, |p| p.start);
    let settled = run.phases.iter().filter_map(|p| p.settled_at).max()?;
    Some(settled.since(start))
}
