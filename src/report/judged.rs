//! Words that the reports share about quantiles, expectations and uncertain inputs.

use super::format::{percent, whole_percent};
use crate::results::{
    ExpectationRow, QuantileEstimate, StoppingRule, Summary, UncertainInput, Uncertainty,
    VarianceSplit,
};
use crate::units::Bytes;

/// `p95` of 0.95.
pub(super) fn quantile(share: f64) -> String {
    let digits = (share * 1e6).round() / 1e4;
    format!("p{digits}")
}

/// What an expectation is about: `p95 of peak`, `probability of oom`.
pub(super) fn subject(row: &ExpectationRow) -> String {
    match row.quantile {
        Some(share) => format!("{} of {}", quantile(share), row.metric),
        None => format!("probability of {}", row.metric),
    }
}

/// How sure the verdict on an expectation is.
pub(super) const fn sure(row: &ExpectationRow) -> &'static str {
    if row.certain { "" } else { "within the interval: more replications may say otherwise" }
}

/// The interval of a finding in the units of the files, for programs' logs.
pub(super) fn interval(row: &ExpectationRow) -> String {
    let end = |end: Option<f64>| end.map_or_else(|| "open".to_owned(), |end| end.to_string());
    format!("; 95 % interval {} to {}", end(row.low), end(row.high))
}

/// A quantile of the peak with its interval: `14.3 GiB (14.2 to 14.4)`.
pub(super) fn estimate(estimate: &QuantileEstimate) -> String {
    let interval = match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => format!("{low} to {high}"),
        (Some(low), None) => format!("at least {low}"),
        (None, Some(high)) => format!("at most {high}"),
        (None, None) => "too few replications for an interval".to_owned(),
    };
    format!("{} ({interval})", estimate.bytes)
}

/// Whether `--until-ci` was met.
pub(super) fn rule(rule: &StoppingRule, n: u32) -> String {
    let wanted = percent(rule.half_width);
    match (rule.reached, rule.reached_half_width) {
        (true, _) => format!("stopped after {n} replications: every interval is within ±{wanted}"),
        (false, Some(reached)) => {
            format!("{n} replications reach ±{}, not ±{wanted}", percent(reached))
        }
        (false, None) => {
            format!("{n} replications are too few for any interval; ±{wanted} needs more")
        }
    }
}

/// What of the result comes from the inputs: one line a figure.
pub(super) fn splits(uncertainty: &Uncertainty) -> Vec<String> {
    let gib = |sd: f64| Bytes::from_f64(sd).to_string();
    let points = |sd: f64| format!("{sd:.2}");
    let none = |what: &str| match uncertainty.pairs {
        n if n < 10 => {
            format!("{what}: {n} replications are too few to separate inputs from seeds")
        }
        _ => format!("{what}: does not vary"),
    };
    let line = |what: &str, split: Option<&VarianceSplit>, sd: &dyn Fn(f64) -> String| match split {
        None => none(what),
        Some(split) => format!(
            "{what}: {} of the variance from the inputs ({} to {}), the rest from the seed; \
             standard deviation {} from inputs, {} from seeds",
            whole_percent(split.input_share),
            whole_percent(split.low).trim_end_matches(" %"),
            whole_percent(split.high),
            sd(split.input_sd),
            sd(split.seed_sd)
        ),
    };
    vec![
        line("peak", uncertainty.peak.as_ref(), &gib),
        line("OOM kill", uncertainty.oom.as_ref(), &points),
    ]
}

/// The rank correlation of an input with the peak.
pub(super) fn correlation(input: &UncertainInput) -> String {
    input.peak_correlation.map_or_else(|| "-".to_owned(), |r| format!("{r:+.2}"))
}

/// Whether anything failed that was expected; warnings do not count.
pub(super) fn failed(summary: &Summary) -> bool {
    summary.expectations.iter().any(|row| !row.holds && row.severity == "error")
}

/// `ok`, `FAIL` or `warn`.
pub(super) fn sign(row: &ExpectationRow) -> &'static str {
    match (row.holds, row.severity.as_str()) {
        (true, _) => "ok",
        (false, "error") => "FAIL",
        (false, _) => "warn",
    }
}
