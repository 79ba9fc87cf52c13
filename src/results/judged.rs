//! What is said about many replications beyond their spread: quantiles with intervals, expectations,
//! the stopping rule, and what uncertain inputs contribute.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::Bytes;

/// A quantile of the peak over the replications, with a 95 % interval that holds whatever the law of
/// the peaks: two order statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuantileEstimate {
    /// Which quantile, 0 to 1.
    pub quantile: f64,
    /// The smallest peak that this share of the replications did not exceed.
    pub bytes: Bytes,
    /// Lower end of the interval; `None`: there are too few replications for one.
    pub low: Option<Bytes>,
    /// Upper end of the same.
    pub high: Option<Bytes>,
}

/// How an expectation came out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExpectationRow {
    /// Its name.
    pub name: String,
    /// `error` or `warning`.
    pub severity: String,
    /// The metric.
    pub metric: String,
    /// Which quantile of it, 0 to 1; `None` of a probability.
    pub quantile: Option<f64>,
    /// For people: `at most 12.0 GiB`.
    pub wanted: String,
    /// For people: what was found.
    pub found: String,
    /// The bound: bytes, seconds, a count, or a share from 0 to 1.
    pub bound: f64,
    /// What was found, in the same unit; `None`: it never came.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval; `None`: there is none from so few replications.
    pub low: Option<f64>,
    /// Upper end of the same; `None`: it may never come.
    pub high: Option<f64>,
    /// Whether what was found is on the right side of the bound.
    pub holds: bool,
    /// Whether the whole interval is on that side: else more replications may say otherwise.
    pub certain: bool,
}

/// `--until-ci`: replications went on until the intervals were narrow enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoppingRule {
    /// The half width wanted, 0.05 for 5 %: of probabilities in points, of the median and the 95th
    /// percentile of the peak relative to them.
    pub half_width: f64,
    /// The half width reached, of the widest of the intervals; `None`: one of them is still open.
    pub reached_half_width: Option<f64>,
    /// Whether it was reached before the most replications allowed.
    pub reached: bool,
}

/// An input that was not known exactly, and what was drawn for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UncertainInput {
    /// The key.
    pub key: String,
    /// Its distribution.
    pub law: String,
    /// The 5th, 50th and 95th percentile of what was drawn, as the scenario writes them.
    pub drawn: [String; 3],
    /// Spearman's rank correlation with the peak, −1 to 1; `None` where one of them does not vary.
    pub peak_correlation: Option<f64>,
}

/// How much of a variance comes from uncertain inputs, by the law of total variance.
///
/// Estimated from pairs of runs with the same inputs and different seeds: what both runs of a pair
/// share is the inputs' doing, what they differ in is the seed's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VarianceSplit {
    /// Standard deviation over all runs.
    pub total_sd: f64,
    /// Standard deviation that the inputs alone would cause.
    pub input_sd: f64,
    /// Standard deviation that the seed alone causes, on average over the inputs.
    pub seed_sd: f64,
    /// Share of the variance that comes from the inputs, 0 to 1.
    pub input_share: f64,
    /// Lower end of a 95 % interval of that share (bootstrap over the pairs).
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// What uncertain inputs contribute.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Uncertainty {
    /// The inputs, the one most correlated with the peak first.
    pub inputs: Vec<UncertainInput>,
    /// Pairs of runs the variances were split by.
    pub pairs: u32,
    /// Of the peak, in bytes; `None` where it does not vary, or of fewer than ten pairs.
    pub peak: Option<VarianceSplit>,
    /// The same of whether a server was killed for memory.
    pub oom: Option<VarianceSplit>,
}
