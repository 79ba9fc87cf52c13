//! What a rehearsal of alert rules leaves behind: the public interface `alerts.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PassedPoint;
use crate::units::SimSpan;

/// The rules that are rehearsed where none are named, as results call their file.
pub const SHIPPED_RULES: &str = "deploy/rules/control-plane.yaml";

/// What an evaluation is asked for: which alerts fire.
pub const FIRING: &str = "ALERTS{alertstate=\"firing\"}";

/// An alert that resolved no longer than this before the kill has still warned of it: two evaluations
/// of the default interval, for a value that crosses its threshold back and forth. Ours.
pub const TOLD: SimSpan = SimSpan::secs(60);

/// A question whether a selector selects anything in the last `whole` of time.
#[must_use]
pub fn presence(selector: &str, whole: SimSpan) -> String {
    format!("count(present_over_time({selector}[{}ms]))", whole.0 / 1_000_000)
}

/// A selector of a rule that selected nothing in any replication.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EmptySelector {
    /// As the rule has it.
    pub selector: String,
    /// Its metric; empty where the selector names none.
    pub metric: String,
    /// Why; `None`: the metric is there, but no series of it has these labels.
    pub why: Option<String>,
}

/// One alert over all replications.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AlertRow {
    /// Its name.
    pub alert: String,
    /// Its label `severity`; empty without one.
    pub severity: String,
    /// The rule file it is from.
    pub file: String,
    /// `for` as the rule has it; empty without one.
    pub wait: String,
    /// `interval` of its group, in seconds; `None`: that of the command line.
    pub interval_seconds: Option<f64>,
    /// Replications with a kill in which it fired before the first, and still did at it or had resolved
    /// no longer than [`TOLD`] before.
    pub fired_before: u32,
    /// The others of those in which it fired at or after the first kill.
    pub fired_after: u32,
    /// Those with neither.
    pub silent: u32,
    /// Of those late or silent: it fired, and had resolved longer before the kill.
    pub resolved_before: u32,
    /// Replications that were absorbed, nothing went wrong at all, in which it fired.
    pub false_alarms: u32,
    /// Other replications without a kill in which it fired.
    pub fired_no_kill: u32,
    /// Replications in which it fired at the first evaluation: of the state before anything happened.
    pub from_the_start: u32,
    /// Per replication with a kill in which it fired before or after, in order: from the start of that
    /// episode to the first kill, in seconds; negative after it.
    pub lead_seconds: Vec<f64>,
    /// The median of those that are positive.
    pub median_lead_seconds: Option<f64>,
    /// In the replication of [`TooLate`]: from the start of that episode to the point of no return, in
    /// seconds; negative after it. `None`: it did not fire there, or the point is not known.
    #[serde(default)]
    pub before_too_late_seconds: Option<f64>,
    /// Why it could not be evaluated; nothing is counted then.
    pub error: Option<String>,
    /// Selectors that selected nothing.
    pub empty: Vec<EmptySelector>,
    /// One sentence.
    pub verdict: String,
}

impl AlertRow {
    /// The metric for whose lack in the model it cannot fire.
    #[must_use]
    pub fn lacks(&self) -> Option<&str> {
        let fired = self.fired_before + self.fired_after + self.false_alarms;
        let silent = fired + self.fired_no_kill + self.resolved_before == 0 && self.error.is_none();
        let lacking = self.empty.iter().find(|selector| selector.why.is_some());
        lacking.filter(|_| silent).map(|selector| selector.metric.as_str())
    }
}

/// From when on the first kill could hardly be prevented, in one replication.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TooLate {
    /// Which: the one with the highest peak of those with a kill.
    pub replication: u32,
    /// Continuations at each instant.
    pub continuations: u32,
    /// When the first server was killed.
    pub first_kill_seconds: f64,
    /// When the kill had become nearly certain: the point of no return.
    pub passed: PassedPoint,
}

impl TooLate {
    /// From the point of no return to the kill, in seconds.
    #[must_use]
    pub fn lead_seconds(&self) -> f64 {
        self.first_kill_seconds - self.passed.at_seconds
    }
}

/// `alerts.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AlertsResult {
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
    /// How many replications were looked at.
    pub replications: u32,
    /// Those with a kill.
    pub killed: u32,
    /// Those in which nothing went wrong.
    pub absorbed: u32,
    /// From one scrape to the next.
    pub scrape_seconds: f64,
    /// From one evaluation to the next, where a group does not say.
    pub evaluate_seconds: f64,
    /// How long the state at the start is taken to have lasted.
    pub history_seconds: f64,
    /// The `promtool` that evaluated, as it names itself.
    pub engine: String,
    /// One sentence: which alert warns in time.
    pub verdict: String,
    /// When it was too late, if that was asked for and a server was killed.
    #[serde(default)]
    pub too_late: Option<TooLate>,
    /// Every alert, in the order of the files.
    pub alerts: Vec<AlertRow>,
    /// What the reader should know before trusting the answer.
    pub warnings: Vec<String>,
}
