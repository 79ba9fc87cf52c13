//! Bursts of a series: what it rose from, how high, how well that is known.

use super::description::{Burst, Description};
use super::{Metric, Sample, Series, at_line, whole};
use crate::units::{Bytes, SimSpan};
use crate::validation::observation::ObservationError;

/// How far back the base is looked for, in seconds.
const BASE_SECONDS: f64 = 600.0;
/// A rise of less is no burst.
const LEAST_RISE: f64 = 0.03;
/// A running server's memory does not fall to such a share of its base.
const RESTARTED: f64 = 0.7;
/// Share of the rise at which a burst without a description begins and ends.
const FOOT: f64 = 0.1;

/// A burst of a user's own series: an observation of a scenario's event.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesBurst {
    /// Its name.
    pub id: String,
    /// What errors and notes call it: the description with its line, or the series.
    pub file: String,
    /// What the values are.
    pub metric: Metric,
    /// The scenario's event that it is.
    pub event: Option<String>,
    /// Keys of the scenario that were different, as `key=value`.
    pub set: Vec<String>,
    /// Median before it; `None`: the series begins with the burst.
    pub base: Option<Bytes>,
    /// Highest value in it.
    pub peak: Bytes,
    /// From the begin to the end of the window.
    pub window: SimSpan,
    /// Time between two samples.
    pub step: SimSpan,
    /// Whether the server was lost.
    pub lost: bool,
    /// Until all clients were done.
    pub done_after: Option<SimSpan>,
    /// Seconds since the burst began (negative before it) and values.
    pub curve: Vec<(f64, Bytes)>,
}

/// The bursts of a described series, and notes.
pub(super) fn described(
    file: &str,
    description: &Description,
    series: &Series,
) -> Result<(Vec<SeriesBurst>, Vec<String>), Vec<ObservationError>> {
    if description.bursts.is_empty() {
        let burst = undescribed(file, series).map_err(|error| vec![error])?;
        let metric = description.metric.unwrap_or(burst.metric);
        return Ok((vec![SeriesBurst { metric, ..burst }], Vec::new()));
    }
    let (mut found, mut errors, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    let mut free = f64::NEG_INFINITY;
    for burst in &description.bursts {
        match one(file, description, burst, series, free) {
            Ok((burst, more)) => {
                notes.extend(more);
                found.push(burst);
            }
            Err(reason) => errors.push(at_line(file, burst.line, &reason)),
        }
        free = burst.to;
    }
    if errors.is_empty() { Ok((found, notes)) } else { Err(errors) }
}

fn one(
    file: &str,
    description: &Description,
    burst: &Burst,
    series: &Series,
    free: f64,
) -> Result<(SeriesBurst, Vec<String>), String> {
    let inside: Vec<&Sample> =
        series.samples.iter().filter(|s| (burst.from..=burst.to).contains(&s.at)).collect();
    let Some(peak) = inside.iter().map(|s| s.bytes).max() else {
        return Err(no_overlap(burst, series));
    };
    let base_from = free.max(burst.from - BASE_SECONDS);
    let before = series.samples.iter().filter(|s| s.at >= base_from && s.at < burst.from);
    let base = median(before.map(|s| s.bytes).collect());
    let lost = burst.restarts > 0;
    rise(base, peak, lost, &burst.name)?;
    let place = format!("{file}:{}", burst.line);
    let mut notes = Vec::new();
    if base.is_none() {
        notes.push(format!("{place}: no values before the burst: only its peak is used"));
    }
    if !lost && inside.iter().any(|sample| base.is_some_and(|b| sample.bytes < b.scale(RESTARTED)))
    {
        notes.push(format!(
            "{place}: memory drops far below where it was before: if the container was restarted, \
             say so with restarts = 1"
        ));
    }
    let name = if burst.name.trim().is_empty() { "burst" } else { &burst.name };
    let found = SeriesBurst {
        id: name.to_owned(),
        file: place,
        metric: description.metric.or(series.metric).unwrap_or(Metric::WorkingSet),
        event: burst.event.clone(),
        set: burst.set.clone(),
        base,
        peak,
        window: SimSpan::from_secs_f64(burst.to - burst.from),
        step: SimSpan::from_secs_f64(series.step_seconds),
        lost,
        done_after: burst.done_after,
        curve: curve(series, base_from, burst.from, burst.to),
    };
    Ok((found, notes))
}

/// The only burst of a series that nothing is known of: its largest rise.
pub(super) fn undescribed(file: &str, series: &Series) -> Result<SeriesBurst, ObservationError> {
    let samples = &series.samples;
    let highest = samples.iter().map(|s| s.bytes).max().unwrap_or_default();
    let top = samples.iter().position(|s| s.bytes == highest).unwrap_or(0);
    let (before, after) = samples.split_at(top);
    let Some(base) = median(before.iter().map(|s| s.bytes).collect()) else {
        let reason =
            "the series begins at its peak: export it from ten minutes before the burst on";
        return Err(whole(file, reason));
    };
    rise(Some(base), highest, false, "the series").map_err(|reason| whole(file, reason))?;
    let foot = base + (highest - base).scale(FOOT);
    let low = |s: &Sample| s.bytes <= foot;
    let first = before.iter().rposition(low).unwrap_or(0);
    let last = after.iter().find(|s| low(s)).or(after.last());
    let from = samples.get(first).map_or(0.0, |s| s.at);
    let to = last.map_or(from, |s| s.at).max(from + series.step_seconds);
    let base_from = from - BASE_SECONDS;
    let quiet = samples.iter().filter(|s| s.at >= base_from && s.at <= from);
    Ok(SeriesBurst {
        id: "burst".to_owned(),
        file: file.to_owned(),
        metric: series.metric.unwrap_or(Metric::WorkingSet),
        event: None,
        set: Vec::new(),
        base: median(quiet.map(|s| s.bytes).collect()),
        peak: highest,
        window: SimSpan::from_secs_f64(to - from),
        step: SimSpan::from_secs_f64(series.step_seconds),
        lost: false,
        done_after: None,
        curve: curve(series, base_from, from, to),
    })
}

fn no_overlap(burst: &Burst, series: &Series) -> String {
    let ends = (series.samples.first(), series.samples.last());
    let (first, last) = (ends.0.map_or(0.0, |s| s.at), ends.1.map_or(0.0, |s| s.at));
    let zone = if series.zoneless { " (its times have no zone and are taken for UTC)" } else { "" };
    if burst.to < first || burst.from > last {
        return format!(
            "the series has nothing of `{}`: it runs from {first:.0} to {last:.0} in unix seconds\
             {zone}, the burst from {:.0} to {:.0}",
            burst.name, burst.from, burst.to
        );
    }
    format!(
        "no value lies between `from` and `to` of `{}`: values are {:.0} s apart; widen it",
        burst.name, series.step_seconds
    )
}

fn rise(base: Option<Bytes>, peak: Bytes, lost: bool, name: &str) -> Result<(), String> {
    match base {
        Some(base) if !lost && peak.as_f64() < base.as_f64() * (1.0 + LEAST_RISE) => Err(format!(
            "{name} has no burst: memory is {base} before it and at most {peak} in it; check \
             `from` and `to`, or leave it out"
        )),
        _ => Ok(()),
    }
}

fn median(mut values: Vec<Bytes>) -> Option<Bytes> {
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied()
}

/// What is drawn: from a little before the burst to a little after it.
fn curve(series: &Series, earliest: f64, from: f64, to: f64) -> Vec<(f64, Bytes)> {
    let margin = 0.5 * (to - from);
    let range = earliest.max(from - margin)..=to + margin;
    let shown = series.samples.iter().filter(|s| range.contains(&s.at));
    shown.map(|s| (s.at - from, s.bytes)).collect()
}
