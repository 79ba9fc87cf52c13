//! Published figures beside the predictions.

use super::estimate::six_decimals;
use super::measure::value_in;
use crate::engine::statistics::nearest_rank;
use crate::results::{PublishedRow, RunRecord};
use crate::scenario::measure::{Amount, Measure};
use crate::scenario::{Claim, Published};
use crate::units::{SimSpan, Sort};

/// Judges a figure by the median of the replications; a yes-or-no figure by their majority.
pub(super) fn judge(published: &Published, runs: &[RunRecord]) -> PublishedRow {
    let Published { phase, measure, claim, tolerance, .. } = published;
    let values = runs.iter().map(|run| value_in(*measure, phase, run));
    let predicted = if measure.is_event() {
        let happened = values.filter(|value| value.as_f64() > 0.0).count();
        Amount::Share(f64::from(u8::from(2 * happened > runs.len())))
    } else {
        median(values.collect())
    };
    let show = |amount: Amount| shown(*measure, amount);
    let found = predicted.as_f64();
    let (words, within) = match *claim {
        Claim::Value(v) => {
            let off = (found - v.as_f64()).abs();
            (show(v), off <= tolerance * if measure.is_event() { 0.0 } else { v.as_f64() })
        }
        Claim::AtLeast(v) => (format!("at least {}", show(v)), found >= v.as_f64()),
        Claim::AtMost(v) => (format!("at most {}", show(v)), found <= v.as_f64()),
        Claim::Between(a, b) => {
            (format!("{} to {}", show(a), show(b)), found >= a.as_f64() && found <= b.as_f64())
        }
    };
    PublishedRow {
        phase: phase.clone(),
        metric: label(*measure),
        published: words,
        predicted: show(predicted),
        error: error(*measure, *claim, predicted),
        within,
        source: published.source.clone(),
        note: published.note.clone(),
    }
}

/// The error of a prediction as a share of a published value; none of bounds and outcomes, nor of what
/// never came.
fn error(measure: Measure, claim: Claim, predicted: Amount) -> Option<f64> {
    let Claim::Value(value) = claim else { return None };
    let (value, predicted) = (value.as_f64(), predicted.as_f64());
    let sound = !measure.is_event() && value > 0.0 && predicted.is_finite();
    sound.then(|| six_decimals((predicted - value) / value))
}

fn label(measure: Measure) -> String {
    match measure {
        Measure::Oom => "OOM kill".to_owned(),
        other => other.key().replace('-', " "),
    }
}

/// For people: outcomes as yes and no; spans below ten seconds to the millisecond, else to a tenth of a
/// second.
fn shown(measure: Measure, amount: Amount) -> String {
    match amount {
        Amount::Share(share) if measure.is_event() => {
            if share > 0.0 { "yes" } else { "no" }.to_owned()
        }
        Amount::Span(span) => {
            let unit = if span < SimSpan::secs(10) { 1_000_000 } else { 100_000_000 };
            SimSpan(span.0.saturating_add(unit / 2) / unit * unit).to_string()
        }
        other => other.to_string(),
    }
}

/// The median of values of one metric; what never came is more than anything.
fn median(mut values: Vec<Amount>) -> Amount {
    values.order_by(|a, b| a.as_f64().total_cmp(&b.as_f64()));
    nearest_rank(&values, 0.5).unwrap_or(Amount::Never)
}
