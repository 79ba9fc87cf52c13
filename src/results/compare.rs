//! What a comparison of two variants leaves behind: the public interface `compare.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{OutcomeCount, QuantileEstimate};
use crate::units::Bytes;

/// One of the two variants.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComparedSide {
    /// What it is called in the comparison: its file, and its own changes.
    pub label: String,
    /// The scenario's name.
    pub scenario: String,
    /// Its hash.
    pub scenario_hash: String,
    /// The Kubernetes release modelled.
    pub release: String,
    /// Median, 95th and 99th percentile of the peak with 95 % intervals.
    pub peak_quantiles: Vec<QuantileEstimate>,
    /// The memory that a server may use.
    pub limit_bytes: Bytes,
}

/// A key of the effective scenario that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InputDifference {
    /// The key.
    pub key: String,
    /// Its value in the first, as TOML; `None`: it is not there.
    pub first: Option<String>,
    /// Its value in the second, in the same form.
    pub second: Option<String>,
}

/// An event in pairs of runs on the same draws.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventChange {
    /// The metric.
    pub metric: String,
    /// Replications of the first variant in which it happened.
    pub first: OutcomeCount,
    /// Replications of the second.
    pub second: OutcomeCount,
    /// Pairs in which it happened in the first only.
    pub first_only: u32,
    /// Pairs in which it happened in the second only.
    pub second_only: u32,
    /// The second's probability less the first's.
    pub difference: f64,
    /// Lower end of a 95 % interval of the difference (Newcombe).
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Of `McNemar`'s exact test that both are equally likely.
    pub p_value: f64,
}

/// A figure in pairs of runs on the same draws. Differences are the second's value less the first's;
/// bytes, seconds, counts or shares.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FigureChange {
    /// The metric.
    pub metric: String,
    /// Median of the first, for people.
    pub first: String,
    /// Median of the second, for people.
    pub second: String,
    /// Median of the paired differences, for people.
    pub change: String,
    /// Its 95 % interval, for people.
    pub interval: String,
    /// Median of the first; `None`: it never came.
    pub first_median: Option<f64>,
    /// Median of the second, in the same form.
    pub second_median: Option<f64>,
    /// Median of the paired differences.
    pub difference: Option<f64>,
    /// Lower end of its distribution-free 95 % interval; `None`: open.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// The difference over the first's median; `None` where that is nothing, and of shares.
    pub relative: Option<f64>,
    /// Pairs in which the second is higher.
    pub higher: u32,
    /// Pairs in which it is lower.
    pub lower: u32,
    /// Correlation of the pairs; `None` where one side does not vary.
    pub correlation: Option<f64>,
    /// Variance of the differences over that which unpaired runs would have: what the common draws
    /// save; `None` where nothing varies.
    pub variance_ratio: Option<f64>,
}

/// How a tolerance came out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToleranceRow {
    /// The metric.
    pub metric: String,
    /// How much worse it may become: relative to the first's median, or in points of a share.
    pub allowed: f64,
    /// How much worse it became, in the same unit; negative: better. `None`: without bounds, as when the
    /// first's median is nothing.
    pub worse: Option<f64>,
    /// Whether that is too much.
    pub regressed: bool,
    /// Whether the whole 95 % interval agrees.
    pub certain: bool,
}

/// `compare.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CompareResult {
    /// As of `summary.json`.
    pub format_version: String,
    /// Master seed of both.
    pub seed: u64,
    /// Pairs of runs.
    pub replications: u32,
    /// The first variant.
    pub first: ComparedSide,
    /// The second.
    pub second: ComparedSide,
    /// One sentence: the answer.
    pub verdict: String,
    /// Whether every pair of runs is equal in all that is recorded.
    pub identical: bool,
    /// Which inputs differ.
    pub inputs: Vec<InputDifference>,
    /// What happened more or less often.
    pub events: Vec<EventChange>,
    /// What became more or less.
    pub figures: Vec<FigureChange>,
    /// The tolerances.
    pub tolerances: Vec<ToleranceRow>,
    /// What the reader should know before trusting the comparison.
    pub warnings: Vec<String>,
}
