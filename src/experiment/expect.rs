//! Expectations, judged.

use super::estimate::{proportion, six_decimals};
use super::measure::value_in;
use crate::engine::statistics::{nearest_rank, quantile_bounds};
use crate::results::{ExpectationRow, RunRecord};
use crate::scenario::measure::Amount;
use crate::scenario::{Expectation, Severity};
use crate::units::Sort as _;

/// What was found of an expectation's metric, with its 95 % interval.
struct Finding {
    estimate: Amount,
    low: Option<Amount>,
    high: Option<Amount>,
    /// For people.
    words: String,
}

/// Judges an expectation by the estimate. The interval says how sure that is.
pub(super) fn judge(expectation: &Expectation, runs: &[RunRecord]) -> ExpectationRow {
    let finding = match expectation.quantile {
        None => probability(expectation, runs),
        Some(q) => quantile(expectation, q, runs),
    };
    let bound = expectation.bound;
    let right = |amount: Amount| {
        if expectation.at_most { amount <= bound } else { amount >= bound }
    };
    let holds = right(finding.estimate);
    // Only the end that lies nearer to the bound, or beyond it, can disagree.
    let nearest = if holds == expectation.at_most { finding.high } else { finding.low };
    let word = if expectation.at_most { "at most" } else { "at least" };
    ExpectationRow {
        name: expectation.name.clone(),
        severity: match expectation.severity {
            Severity::Error => "error",
            _ => "warning",
        }
        .to_owned(),
        metric: expectation.measure.key().to_owned(),
        quantile: expectation.quantile,
        wanted: format!("{word} {bound}"),
        found: finding.words,
        bound: bound.in_files().unwrap_or_default(),
        value: finding.estimate.in_files(),
        low: finding.low.and_then(Amount::in_files),
        high: finding.high.and_then(Amount::in_files),
        holds,
        certain: nearest.is_some_and(|end| right(end) == holds),
    }
}

fn measured(expectation: &Expectation, run: &RunRecord) -> Amount {
    value_in(expectation.measure, &expectation.phase, run)
}

fn probability(expectation: &Expectation, runs: &[RunRecord]) -> Finding {
    let n = runs.len() as u32;
    let count = runs.iter().filter(|run| measured(expectation, run).as_f64() > 0.0).count() as u32;
    let p = proportion(count, n);
    let share = f64::from(count) / f64::from(n.max(1));
    Finding {
        estimate: Amount::Share(six_decimals(share)),
        low: Some(Amount::Share(p.low)),
        high: Some(Amount::Share(p.high)),
        words: format!("{} ({count} of {n})", Amount::Share(share)),
    }
}

fn quantile(expectation: &Expectation, q: f64, runs: &[RunRecord]) -> Finding {
    let mut values: Vec<Amount> = runs.iter().map(|run| measured(expectation, run)).collect();
    values.order_by(|a, b| a.as_f64().total_cmp(&b.as_f64()));
    let bounds = quantile_bounds(values.len(), q, 0.95);
    let at = |index: Option<usize>| index.and_then(|index| values.get(index).copied());
    let estimate = nearest_rank(&values, q).unwrap_or(Amount::Never);
    Finding { estimate, low: at(bounds.lower), high: at(bounds.upper), words: estimate.to_string() }
}
