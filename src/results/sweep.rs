//! What a sweep leaves: a head that says what was varied, and a row for each point.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{OomKillSpread, Outcome, OutcomeCount, Spread};
use crate::units::Bytes;

/// Version of the rows and of `sweep.json`. A minor step adds fields, a major one changes them.
pub const SWEEP_FORMAT: &str = "1.0";

/// The risk that operators are asked to stay below: 5 %.
pub const RISK: f64 = 0.05;

/// One varied key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AxisRecord {
    /// The dotted key.
    pub key: String,
    /// The column of its values in tables: the key, and the unit they are counted in.
    pub column: String,
    /// The values it takes, as typed but canonical.
    pub values: String,
}

/// How the points of a sweep are laid out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DesignRecord {
    /// `grid`, `random`, `lhs` or `morris`.
    pub kind: String,
    /// Points drawn, or trajectories; `None` for a grid.
    pub samples: Option<u32>,
    /// What is varied; of a grid, the last runs fastest.
    pub axes: Vec<AxisRecord>,
}

/// What a sweep is: two with equal heads have equal rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SweepHead {
    /// See [`SWEEP_FORMAT`].
    pub format_version: String,
    /// Version of oomcast.
    pub tool_version: String,
    /// The scenario's name.
    pub scenario: String,
    /// 12 hexadecimal digits of a hash of the effective scenario, before anything is varied.
    pub scenario_hash: String,
    /// The Kubernetes release modelled, `1.32`; before anything is varied.
    pub release: String,
    /// The seed, the same at every point.
    pub seed: u64,
    /// Replications of each point.
    pub replications: u32,
    /// What is varied, and how.
    pub design: DesignRecord,
    /// 12 hexadecimal digits of a hash of the design, the seed and the replications.
    pub design_hash: String,
    /// Points of the whole sweep, whatever the shard.
    pub points: u32,
}

/// The value of a varied key at a point.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PointValue {
    /// As in the scenario file: `16GiB`.
    pub text: String,
    /// In the unit of its column; `None` for words.
    pub number: Option<f64>,
}

impl PointValue {
    /// What tables and charts show: an empty text is seen as `""`.
    #[must_use]
    pub fn label(&self) -> &str {
        if self.text.is_empty() { "\"\"" } else { &self.text }
    }
}

/// All replications of a point, condensed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PointFigures {
    /// Replications run.
    pub replications: u32,
    /// Of them, those stopped at the event limit before their end.
    pub incomplete: u32,
    /// Replications by outcome; every outcome is present.
    pub outcomes: BTreeMap<Outcome, u32>,
    /// Replications in which a server was killed for memory.
    pub oom: OutcomeCount,
    /// Replications in which two servers or more were.
    pub cascade: OutcomeCount,
    /// Replications whose control plane or clients did not recover.
    pub non_recovering: OutcomeCount,
    /// Highest resident memory of any server in a run.
    pub peak_resident_bytes: Spread,
    /// The memory that a server may use.
    pub limit_bytes: Bytes,
    /// Kills a run.
    pub oom_kills: OomKillSpread,
    /// Median time of the first kill, over the runs that had one; seconds.
    pub first_oom_seconds: Option<f64>,
    /// Median time from the first event until every list was answered; seconds. `None`: never, in
    /// half of the replications.
    pub settled_after_seconds: Option<f64>,
    /// CPU-seconds of all servers, median.
    pub cpu_seconds: f64,
    /// Bytes written to clients, median.
    pub bytes_sent: Bytes,
    /// Requests answered 429, median.
    pub requests_rejected: u64,
    /// Requests cut by a dying server, a time-out or a lost connection, median.
    pub requests_failed: u64,
    /// Requests answered 504 or cut at the request time-out, median.
    pub requests_timed_out: u64,
}

impl PointFigures {
    /// The share of replications with a kill.
    #[must_use]
    pub fn oom_share(&self) -> f64 {
        f64::from(self.oom.count) / f64::from(self.replications.max(1))
    }
}

/// One point of a sweep.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PointRow {
    /// Which point of the whole sweep, from 0.
    pub point: u32,
    /// What the varied keys are, in the order of the design.
    pub values: Vec<PointValue>,
    /// What came of it; `None` if it could not be run.
    pub figures: Option<PointFigures>,
    /// Why it could not be run.
    pub error: Option<String>,
}

impl PointRow {
    /// Whether all that was asked for of the point was done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.figures.as_ref().is_some_and(|figures| figures.incomplete == 0)
    }
}

/// How a figure depends on a key: elementary effects of Morris screening, each the change of the
/// figure per whole range of the key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Effect {
    /// Mean of the effects: the sign says which way the figure goes.
    pub mean: f64,
    /// Mean of their absolute values: how much the key matters.
    pub mean_absolute: f64,
    /// Their standard deviation: how much it depends on the other keys, or bends.
    pub deviation: f64,
}

/// What screening says of one key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sensitivity {
    /// The key.
    pub key: String,
    /// Effects that could be measured: at most one a trajectory.
    pub effects: u32,
    /// On the median peak, in bytes.
    pub peak_bytes: Effect,
    /// On the share of replications with a kill.
    pub oom: Effect,
}

/// A whole sweep: `sweep.json`.
// `R` is what is held of its rows: there may be more than fit into memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SweepSummary")]
pub struct SweepSummary<R = Vec<PointRow>> {
    /// What was swept.
    #[serde(flatten)]
    pub head: SweepHead,
    /// One sentence: the answer.
    pub verdict: String,
    /// Points that could not be run.
    pub failed: u32,
    /// Points some of whose replications were stopped at the event limit.
    pub incomplete: u32,
    /// What screening says of each key, the most influential first; empty without screening.
    pub sensitivity: Vec<Sensitivity>,
    /// What the reader should know before trusting the figures.
    pub warnings: Vec<String>,
    /// Every point, in order.
    pub rows: R,
}

impl<R> SweepSummary<R> {
    /// The same of other rows.
    #[must_use]
    pub fn with_rows<S>(self, rows: S) -> SweepSummary<S> {
        let Self { head, verdict, failed, incomplete, sensitivity, warnings, rows: _ } = self;
        SweepSummary { head, verdict, failed, incomplete, sensitivity, warnings, rows }
    }
}

#[cfg(test)]
mod tests {
    use super::PointValue;

    #[test]
    fn an_empty_value_is_seen() {
        let label =
            |text: &str| PointValue { text: text.to_owned(), number: None }.label().to_owned();
        assert_eq!((label("0"), label("")), ("0".to_owned(), "\"\"".to_owned()));
    }
}
