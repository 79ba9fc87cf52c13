//! Two variants on the same draws, compared replication by replication.

use std::sync::atomic::{AtomicU32, Ordering};

use super::estimate::{proportion, quantiles, six_decimals};
use super::idle;
use super::measure::{amount, happened, value};
use super::replicate::{ReplicateError, Replications, guarded, pool, until_stopped};
use super::variant::Variant;
use super::verdict::until_cut;
use crate::engine::paired::{PairedCounts, correlation};
use crate::engine::statistics::{Moments, nearest_rank, quantile_bounds};
use crate::model::RunOptions;
use crate::results::{
    CompareResult, ComparedSide, EventChange, FORMAT_VERSION, FigureChange, InputDifference,
    RunRecord, ToleranceRow,
};
use crate::scenario::differences;
use crate::scenario::measure::{Amount, Dimension, Measure, Tolerance, Worse};
use crate::units::Sort as _;

/// Quantiles of the peak that get an interval on each side.
const PEAK_QUANTILES: [f64; 3] = [0.5, 0.95, 0.99];

/// Both variants run on the same draws.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// The answer.
    pub result: CompareResult,
    /// The runs of the first variant, in order.
    pub first: Vec<RunRecord>,
    /// Those of the second.
    pub second: Vec<RunRecord>,
}

/// One side of a comparison.
#[derive(Clone, Copy, Debug)]
pub struct CompareSide<'a> {
    /// What to call it.
    pub label: &'a str,
    /// What to run.
    pub variant: &'a Variant,
}

/// Runs both variants with the same seeds and compares them.
///
/// `progress` is called with the number of runs done, of both.
///
/// # Errors
/// See [`ReplicateError`].
pub fn compare(
    first: CompareSide<'_>,
    second: CompareSide<'_>,
    tolerances: &[Tolerance],
    plan: Replications,
    progress: impl Fn(u32) + Sync,
) -> Result<Compared, ReplicateError> {
    let (first_runs, second_runs) = pairs(first.variant, second.variant, plan, progress)?;
    let mut result = compare_runs(&first_runs, &second_runs, tolerances);
    result.seed = plan.seed;
    result.first =
        ComparedSide { peak_quantiles: result.first.peak_quantiles, ..side(first, &first_runs) };
    result.second =
        ComparedSide { peak_quantiles: result.second.peak_quantiles, ..side(second, &second_runs) };
    let differing = differences(first.variant.scenario(), second.variant.scenario());
    let input = |d: crate::scenario::Difference| InputDifference {
        key: d.key,
        first: d.first,
        second: d.second,
    };
    result.inputs = differing.into_iter().map(input).collect();
    if result.identical {
        let idle = |input: &InputDifference| {
            let equal = "all pairs of runs are equal";
            let [a, b] = [first, second].map(|side| &side.variant.scenario().effective);
            let set = |value: &Option<String>| -> Vec<String> {
                value.iter().map(|value| format!("{}={value}", input.key)).collect()
            };
            let tried = [(a.as_str(), set(&input.second)), (b.as_str(), set(&input.first))];
            idle::note(&tried, &input.key, equal)
        };
        result.warnings.extend(result.inputs.iter().map(idle));
    }
    Ok(Compared { result, first: first_runs, second: second_runs })
}

/// Both variants in every replication, pair by pair; the first pairs when the process is asked to end. If
/// either is cut short in the first replication for the work it takes, that pair is the only one.
fn pairs(
    first: &Variant,
    second: &Variant,
    plan: Replications,
    progress: impl Fn(u32) + Sync,
) -> Result<(Vec<RunRecord>, Vec<RunRecord>), ReplicateError> {
    let done = AtomicU32::new(0);
    let run = |variant: &Variant, replication| {
        let options = RunOptions { seed: plan.seed, replication, timelines: false };
        let record = guarded(replication, || variant.run(replication, options, &[]))?.slim();
        progress(done.fetch_add(1, Ordering::Relaxed) + 1);
        Ok(record)
    };
    let pair = |replication| {
        let (a, b) = rayon::join(|| run(first, replication), || run(second, replication));
        Ok((a?, b?))
    };
    let threads = pool(plan.threads)?;
    let head = threads.install(|| until_stopped(0..1, pair))?;
    let too_much = head.iter().any(|(a, b): &(RunRecord, RunRecord)| a.cut_short || b.cut_short);
    let rest = 1..if too_much { 1 } else { plan.replications.max(1) };
    let rest = threads.install(|| until_stopped(rest, pair))?;
    let all: Vec<(RunRecord, RunRecord)> = head.into_iter().chain(rest).collect();
    if all.is_empty() { Err(ReplicateError::Stopped) } else { Ok(all.into_iter().unzip()) }
}

fn side(side: CompareSide<'_>, runs: &[RunRecord]) -> ComparedSide {
    let scenario = side.variant.scenario();
    let server = runs.first().and_then(|run| run.servers.first());
    ComparedSide {
        label: side.label.to_owned(),
        scenario: scenario.name.clone(),
        scenario_hash: scenario.hash.clone(),
        release: scenario.inputs.release.version(),
        peak_quantiles: Vec::new(),
        limit_bytes: server.map(|server| server.limit).unwrap_or_default(),
    }
}

/// Compares runs pair by pair; what is said of scenarios is left blank.
#[must_use]
pub fn compare_runs(
    first: &[RunRecord],
    second: &[RunRecord],
    tolerances: &[Tolerance],
) -> CompareResult {
    let pairs: Vec<(&RunRecord, &RunRecord)> = first.iter().zip(second).collect();
    let peaks = |runs: &[RunRecord]| {
        quantiles(runs.iter().map(RunRecord::peak_resident).collect(), &PEAK_QUANTILES)
    };
    let side = |runs| ComparedSide { peak_quantiles: peaks(runs), ..ComparedSide::default() };
    // Wrong is two of the others in one.
    let (events, figures): (Vec<Measure>, Vec<Measure>) = Measure::ALL
        .iter()
        .filter(|measure| **measure != Measure::Wrong)
        .partition(|measure| measure.is_event());
    let mut result = CompareResult {
        format_version: FORMAT_VERSION.to_owned(),
        replications: pairs.len() as u32,
        first: side(first),
        second: side(second),
        identical: pairs.iter().all(|(a, b)| alike(a, b)),
        events: events.iter().map(|&measure| event(measure, &pairs)).collect(),
        figures: figures.iter().map(|&m| figure(m, &Paired::of(m, &pairs))).collect(),
        tolerances: tolerances.iter().map(|t| tolerance(t, &pairs)).collect(),
        ..CompareResult::default()
    };
    let cut = pairs.iter().filter(|(a, b)| a.cut_short || b.cut_short).count() as u64;
    result.verdict = until_cut(verdict(&result), cut, pairs.len() as u64, "pairs of runs");
    result.warnings = warnings(first, second);
    result
}

fn warnings(first: &[RunRecord], second: &[RunRecord]) -> Vec<String> {
    let mut warnings = Vec::new();
    let cut = first.iter().chain(second).filter(|run| run.cut_short).count();
    if cut > 0 {
        warnings.push(format!(
            "{cut} runs were stopped after the work allowed: what comes later is unknown; shorten \
             the scenario, or raise run.max-events"
        ));
    }
    let bounds = quantile_bounds(first.len().min(second.len()), 0.5, 0.95);
    if bounds.lower.is_none() {
        warnings.push("too few pairs for intervals of medians: 6 give one".to_owned());
    }
    warnings
}

fn event(measure: Measure, pairs: &[(&RunRecord, &RunRecord)]) -> EventChange {
    let counts = counts(measure, pairs);
    let (low, high) = counts.difference_interval();
    let n = pairs.len() as u32;
    EventChange {
        metric: measure.key().to_owned(),
        first: proportion(counts.first() as u32, n),
        second: proportion(counts.second() as u32, n),
        first_only: counts.first_only as u32,
        second_only: counts.second_only as u32,
        difference: six_decimals(counts.difference()),
        low: six_decimals(low),
        high: six_decimals(high),
        p_value: six_decimals(counts.mcnemar()),
    }
}

fn counts(measure: Measure, pairs: &[(&RunRecord, &RunRecord)]) -> PairedCounts {
    PairedCounts::of(pairs.iter().map(|(a, b)| (happened(measure, a), happened(measure, b))))
}

/// A figure in all pairs, in its smallest unit.
struct Paired {
    pairs: Vec<(f64, f64)>,
    first_median: f64,
    second_median: f64,
    /// Of the differences: median, and the ends of its interval.
    difference: f64,
    low: Option<f64>,
    high: Option<f64>,
}

impl Paired {
    fn of(measure: Measure, records: &[(&RunRecord, &RunRecord)]) -> Self {
        let of = |run| value(measure, run).as_f64();
        let pairs: Vec<(f64, f64)> = records.iter().map(|(a, b)| (of(a), of(b))).collect();
        let middle = |side: fn(&(f64, f64)) -> f64| {
            let mut values: Vec<f64> = pairs.iter().map(side).collect();
            values.order_by(f64::total_cmp);
            nearest_rank(&values, 0.5).unwrap_or(0.0)
        };
        let mut differences: Vec<f64> = pairs.iter().map(|(a, b)| minus(*b, *a)).collect();
        differences.order_by(f64::total_cmp);
        let bounds = quantile_bounds(differences.len(), 0.5, 0.95);
        let at = |index: Option<usize>| index.and_then(|index| differences.get(index).copied());
        Self {
            first_median: middle(|pair| pair.0),
            second_median: middle(|pair| pair.1),
            difference: nearest_rank(&differences, 0.5).unwrap_or(0.0),
            low: at(bounds.lower),
            high: at(bounds.upper),
            pairs,
        }
    }
}

/// The difference of values that may be infinite: two that never came do not differ.
fn minus(b: f64, a: f64) -> f64 {
    if b.total_cmp(&a).is_eq() { 0.0 } else { b - a }
}

fn figure(measure: Measure, paired: &Paired) -> FigureChange {
    let show = |x: f64| signed(measure, x);
    let interval = match (paired.low, paired.high) {
        (Some(low), Some(high)) => format!("{} to {}", show(low), show(high)),
        _ => "-".to_owned(),
    };
    let count =
        |has: fn(&(f64, f64)) -> bool| paired.pairs.iter().filter(|p| has(p)).count() as u32;
    FigureChange {
        metric: measure.key().to_owned(),
        first: amount(measure, paired.first_median).to_string(),
        second: amount(measure, paired.second_median).to_string(),
        change: show(paired.difference),
        interval,
        first_median: amount(measure, paired.first_median).in_files(),
        second_median: amount(measure, paired.second_median).in_files(),
        difference: in_files(measure, paired.difference),
        low: paired.low.and_then(|low| in_files(measure, low)),
        high: paired.high.and_then(|high| in_files(measure, high)),
        // A share of a share would mislead: its difference is in points already.
        relative: relative(paired, paired.difference)
            .filter(|x| x.is_finite() && measure.dimension() != Dimension::Share)
            .map(six_decimals),
        higher: count(|(a, b)| b > a),
        lower: count(|(a, b)| b < a),
        correlation: correlation(&finite(&paired.pairs)).map(six_decimals),
        variance_ratio: variance_ratio(&finite(&paired.pairs)).map(six_decimals),
    }
}

fn finite(pairs: &[(f64, f64)]) -> Vec<(f64, f64)> {
    pairs.iter().copied().filter(|(a, b)| a.is_finite() && b.is_finite()).collect()
}

fn variance_ratio(pairs: &[(f64, f64)]) -> Option<f64> {
    let mut moments = [Moments::new(); 3];
    for (a, b) in pairs {
        moments[0].push(*a);
        moments[1].push(*b);
        moments[2].push(b - a);
    }
    let apart = moments[0].variance() + moments[1].variance();
    (apart > 0.0).then(|| moments[2].variance() / apart)
}

/// A difference with its sign: `+1.20 GiB`, `-3`; `0` of nothing.
fn signed(measure: Measure, difference: f64) -> String {
    let sign = if difference < 0.0 { "-" } else { "+" };
    match amount(measure, difference.abs()) {
        _ if difference == 0.0 => "0".to_owned(),
        Amount::Never if difference < 0.0 => "came at all".to_owned(),
        Amount::Never => "never came".to_owned(),
        amount => format!("{sign}{amount}"),
    }
}

fn in_files(measure: Measure, difference: f64) -> Option<f64> {
    amount(measure, difference.abs()).in_files().map(|x| x * difference.signum() + 0.0)
}

/// A change as a share of the first's median; infinite where there was nothing, `None` where there
/// is nothing to tell.
fn relative(paired: &Paired, change: f64) -> Option<f64> {
    if change == 0.0 {
        return Some(0.0);
    }
    if paired.first_median.is_infinite() {
        return (change < 0.0).then_some(-1.0);
    }
    // The median of differences may exceed the difference of medians.
    Some((change / paired.first_median).max(-1.0))
}

/// How much worse, by estimate and interval.
fn worse(measure: Measure, pairs: &[(&RunRecord, &RunRecord)]) -> (f64, Option<f64>, Option<f64>) {
    let (estimate, low, high) = match measure.dimension() {
        Dimension::Event => {
            let counts = counts(measure, pairs);
            let (low, high) = counts.difference_interval();
            (counts.difference(), Some(low), Some(high))
        }
        Dimension::Share => {
            let paired = Paired::of(measure, pairs);
            (paired.difference, paired.low, paired.high)
        }
        _ => {
            let paired = Paired::of(measure, pairs);
            let of = |change| relative(&paired, change);
            (
                of(paired.difference).unwrap_or(0.0),
                paired.low.and_then(of),
                paired.high.and_then(of),
            )
        }
    };
    match measure.worse() {
        Worse::Higher => (estimate, low, high),
        Worse::Lower => (0.0 - estimate, high.map(|x| 0.0 - x), low.map(|x| 0.0 - x)),
    }
}

/// Judges a tolerance by the estimate. The interval says how sure that is.
fn tolerance(tolerance: &Tolerance, pairs: &[(&RunRecord, &RunRecord)]) -> ToleranceRow {
    let (estimate, low, high) = worse(tolerance.measure, pairs);
    let too_much = |worse: f64| worse > tolerance.allowed + 1e-12;
    let regressed = too_much(estimate);
    let nearest = if regressed { low } else { high };
    ToleranceRow {
        metric: tolerance.measure.key().to_owned(),
        allowed: tolerance.allowed,
        worse: estimate.is_finite().then(|| six_decimals(estimate)),
        regressed,
        certain: nearest.is_some_and(|end| too_much(end) == regressed),
    }
}

fn verdict(result: &CompareResult) -> String {
    let n = result.replications;
    if result.identical {
        return format!("No difference: all {n} pairs of runs are equal");
    }
    let regressed: Vec<&str> = result
        .tolerances
        .iter()
        .filter(|row| row.regressed)
        .map(|row| row.metric.as_str())
        .collect();
    let mut parts = Vec::new();
    if !regressed.is_empty() {
        parts.push(format!("REGRESSION of {}", regressed.join(", ")));
    }
    let oom = result.events.iter().find(|row| row.metric == Measure::Oom.key());
    if let Some(row) = oom {
        parts.push(match (row.first.count, row.second.count) {
            (0, 0) => format!("no OOM kill in {n} runs of either"),
            (a, b) if a == b => format!("OOM kill in {a} of {n} runs of either"),
            (a, b) => format!("OOM kill in {a} of {n} runs of A, {b} of B"),
        });
    }
    let peak = result.figures.iter().find(|row| row.metric == Measure::Peak.key());
    if let Some(row) = peak {
        let share = row.relative.map_or_else(String::new, |r| format!(" ({:+.1} %)", r * 100.0));
        parts.push(match row.difference {
            Some(0.0) => format!("the peak of the median pair does not change from {}", row.first),
            _ => format!(
                "peak {} in A, {} in B: {}{share} in the median pair",
                row.first, row.second, row.change
            ),
        });
    }
    parts.join("; ")
}
/// Whether two runs went the same way, whatever was left of the memory of their nodes.
fn alike(a: &RunRecord, b: &RunRecord) -> bool {
    let mut a = a.clone();
    for (ours, theirs) in a.servers.iter_mut().zip(&b.servers) {
        ours.node.memory = theirs.node.memory;
    }
    a == *b
}
