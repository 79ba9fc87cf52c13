//! Published figures beside the predictions.

use super::estimate::{median, six_decimals};
use crate::results::{PhaseRecord, PublishedRow, RunRecord};
use crate::units::{Bytes, SimSpan, SimTime};

/// What a published figure is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Highest resident memory of any server.
    PeakResident,
    /// Whether a server was killed for memory.
    Oom,
    /// From the start of the phase until every list asked for in it was answered.
    Duration,
    /// Bytes written to clients.
    BytesSent,
}

/// What was published: in bytes, seconds, or 1 for yes and 0 for no.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// A value, to be met within a tolerance.
    Value(f64),
    /// A lower bound.
    AtLeast(f64),
    /// An upper bound.
    AtMost(f64),
}

/// One published figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// The phase it belongs to; empty: the whole run.
    pub phase: String,
    /// See [`Metric`].
    pub metric: Metric,
    /// See [`Figure`].
    pub figure: Figure,
    /// Accepted relative deviation from a value: 0.15 is 15 %.
    pub tolerance: f64,
    /// Where it comes from.
    pub source: String,
    /// Why a discrepancy is expected, when one is.
    pub note: String,
}

/// Judges a figure by the median of the replications; a yes-or-no figure by their majority.
pub(super) fn judge(published: &Published, runs: &[RunRecord]) -> PublishedRow {
    let metric = published.metric;
    let predicted = predict(published, runs);
    let within = predicted.is_some_and(|p| match published.figure {
        Figure::Value(v) if metric == Metric::Oom => (v > 0.5) == (p > 0.5),
        Figure::Value(v) => (p - v).abs() <= published.tolerance * v.abs(),
        Figure::AtLeast(bound) => p >= bound,
        Figure::AtMost(bound) => p <= bound,
    });
    let error = match (published.figure, predicted) {
        (Figure::Value(v), Some(p)) if metric != Metric::Oom && v != 0.0 => {
            Some(six_decimals((p - v) / v))
        }
        _ => None,
    };
    let of = |v| show(metric, v);
    PublishedRow {
        phase: published.phase.clone(),
        metric: label(metric).to_owned(),
        published: match published.figure {
            Figure::Value(v) => of(v),
            Figure::AtLeast(v) => format!("at least {}", of(v)),
            Figure::AtMost(v) => format!("at most {}", of(v)),
        },
        predicted: predicted.map_or_else(|| "never".to_owned(), of),
        error,
        within,
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

/// A figure for people.
fn show(metric: Metric, value: f64) -> String {
    match metric {
        Metric::PeakResident | Metric::BytesSent => Bytes::from_f64(value).to_string(),
        Metric::Oom => if value > 0.5 { "yes" } else { "no" }.to_owned(),
        Metric::Duration => {
            // Milliseconds are enough for people; below ten minutes tenths of a second suffice.
            let unit = if value < 10.0 { 0.001 } else { 0.1 };
            SimSpan::from_secs_f64((value / unit).round() * unit).to_string()
        }
    }
}

/// The median over the runs in which the figure exists in the median run; `None`: it never came.
fn predict(published: &Published, runs: &[RunRecord]) -> Option<f64> {
    if published.metric == Metric::Oom {
        let killed = runs.iter().filter(|run| oom_kills(published, run) > 0);
        return Some(f64::from(u8::from(2 * killed.count() > runs.len())));
    }
    let values = runs.iter().map(|run| one(published, run));
    // A run in which it never came counts as later than all others.
    let values: Vec<u64> = values.map(|v| v.unwrap_or(u64::MAX)).collect();
    let middle = median(values).filter(|v| *v != u64::MAX)?;
    Some(match published.metric {
        Metric::Duration => SimSpan(middle).as_secs_f64(),
        _ => Bytes(middle).as_f64(),
    })
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
fn whole_duration(run: &RunRecord) -> Option<SimSpan> {
    let start = run.phases.first().map_or(SimTime::ZERO, |p| p.start);
    let settled = run.phases.iter().filter_map(|p| p.settled_at).max()?;
    Some(settled.since(start))
}
