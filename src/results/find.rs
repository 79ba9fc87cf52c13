//! What a search for a breaking point leaves behind: the public interface `find.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LeaveOneOut, OutcomeCount};

/// A value of the key that was varied.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FoundValue {
    /// As the scenario writes it: `16GiB`.
    pub text: String,
    /// As a number in the unit of the key: bytes, seconds, a count.
    pub number: f64,
}

/// How often it happened at a value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FoundShare {
    /// The value.
    pub value: FoundValue,
    /// Replications in which it happened, with a 95 % interval of the probability.
    pub happened: OutcomeCount,
}

/// Both sides of the breaking point.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FoundBracket {
    /// The last value at which the probability is not above the one allowed.
    pub safe: FoundShare,
    /// The next value, at which it is; a later one where the search was stopped before all between them
    /// was known (`scanned` and `cut`).
    pub past: FoundShare,
    /// One end of a 95 % interval of the last safe value; `None`: it may lie outside the range, or
    /// there are too few replications.
    pub low: Option<FoundValue>,
    /// The other end.
    pub high: Option<FoundValue>,
}

impl FoundBracket {
    /// `between 10 and 12`, in ascending order.
    #[must_use]
    pub fn between(&self) -> String {
        let (a, b) = (&self.safe.value, &self.past.value);
        let (low, high) = if a.number <= b.number { (a, b) } else { (b, a) };
        format!("between {} and {}", low.text, high.text)
    }
}

/// Between which values the error of the model leaves it open whether a server is killed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FoundModel {
    /// The last value that is clearly safe: in nine of ten real runs the peak is below the limit there, by
    /// the error of the model. `None`: none is.
    pub safe: Option<FoundValue>,
    /// The first value that is clearly past: the peak is above the limit. `None`: none in the range is.
    pub past: Option<FoundValue>,
    /// Whether anything is left open: not where the whole range is clearly safe, or clearly past.
    pub open: bool,
}

/// Whether there was a breaking point in the range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FoundWhere {
    /// Yes.
    #[default]
    Inside,
    /// No: the whole range is safe.
    NeverPast,
    /// No: nothing in the range is safe.
    AlwaysPast,
    /// The search was stopped before it was known of any replication.
    Unknown,
}

/// The breaking point of one replication.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BreakingPoint {
    /// Which replication.
    pub replication: u32,
    /// Its last safe value; `None`: no value of the range was.
    pub safe: Option<FoundValue>,
    /// The next value, at which it happened; `None`: at no value of the range.
    pub past: Option<FoundValue>,
}

/// `find.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each a key of the file")]
pub struct FindResult {
    /// As of `summary.json`.
    pub format_version: String,
    /// The scenario's name.
    pub scenario: String,
    /// Its hash.
    pub scenario_hash: String,
    /// The Kubernetes release modelled.
    pub release: String,
    /// Master seed.
    pub seed: u64,
    /// How many replications.
    pub replications: u32,
    /// The key that was varied.
    pub key: String,
    /// What its numbers count: `bytes`, `s`, `percent` ...; empty: things.
    pub unit: String,
    /// What was to happen: `oom`, `peak > 32.0 GiB`.
    pub until: String,
    /// In what share of the replications it may.
    pub probability: f64,
    /// The ends of the range.
    pub range: (FoundValue, FoundValue),
    /// How many values of it there are.
    pub values: u64,
    /// The value in the scenario, where there is one.
    pub current: Option<FoundValue>,
    /// Whether it happens at small values rather than at large ones.
    pub falling: bool,
    /// One sentence: the answer.
    pub verdict: String,
    /// Whether there is an answer in the range.
    pub found: FoundWhere,
    /// The answer.
    pub bracket: Option<FoundBracket>,
    /// What the error of the model leaves open; `None`: kills were not asked for, or it is not known.
    #[serde(default)]
    pub model: Option<FoundModel>,
    /// How often it happened over the range, in the order of values.
    pub curve: Vec<FoundShare>,
    /// The breaking point of each replication.
    pub breaking_points: Vec<BreakingPoint>,
    /// Runs beside the bisections that tested whether each replication has one breaking point only.
    pub probes: u64,
    /// How many of them contradicted it.
    pub contradictions: u64,
    /// Whether the answer comes from counting at many values instead of from bisections, because
    /// something contradicted them.
    pub scanned: bool,
    /// Whether no run differed from that of the same draws at another value: the key changes nothing
    /// here, and nothing is known of it.
    #[serde(default)]
    pub idle: bool,
    /// Whether the process was asked to end before the answer was tested.
    #[serde(default)]
    pub cut: bool,
    /// Runs of the model.
    pub runs: u64,
    /// Runs that were stopped before it could be known whether it happens.
    pub incomplete: u64,
    /// What gives way just past the answer, one sentence.
    #[serde(default)]
    pub binds: Option<String>,
    /// The same without each client, just past the answer.
    #[serde(default)]
    pub leave_one_out: Option<LeaveOneOut>,
    /// What the reader should know before trusting the answer.
    pub warnings: Vec<String>,
}

impl FindResult {
    /// Whether it happens too often nowhere in the range, but the error of the model leaves it open.
    #[must_use]
    pub fn is_too_close(&self) -> bool {
        let safe = self.model.as_ref().is_none_or(|model| !model.open);
        self.found == FoundWhere::NeverPast && !safe
    }

    /// Whether the search was stopped between two values that are no neighbours: a scan, once it is made, is
    /// cut only while it comes closer.
    #[must_use]
    pub const fn is_coarse(&self) -> bool {
        self.scanned && self.cut && self.bracket.is_some()
    }

    /// Whether it happens too often at the lowest value: everywhere, or up to the breaking point.
    #[must_use]
    pub fn past_at_lowest(&self) -> bool {
        self.found == FoundWhere::AlwaysPast || (self.falling && self.bracket.is_some())
    }
}
