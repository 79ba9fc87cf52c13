//! What a forecast leaves behind: the public interface `forecast.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, FindResult, FoundValue, FoundWhere};

/// A key that grows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GrowthRow {
    /// The key.
    pub key: String,
    /// How fast, as written.
    pub rate: String,
    /// What it is in the scenario.
    pub now: String,
    /// What it is at the end of the time looked at, at the middle of its rate.
    pub then: String,
}

/// A growing key that changes nothing in a storm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IdleGrowth {
    /// The key.
    pub key: String,
    /// Why, where that is known.
    pub because: Option<String>,
}

/// When a storm goes wrong too often.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ForecastStorm {
    /// Its name: `steady`, `as written`, or that of a standard storm.
    pub name: String,
    /// What it is, in one sentence.
    pub what: String,
    /// Why that is not known.
    pub because: Option<String>,
    /// Growing keys that change nothing in it. Where these are all of them, growth tells nothing of it.
    #[serde(default)]
    pub idle: Vec<IdleGrowth>,
    /// Whether it holds all the time by the draws, but the limit lies within the error of the model at the
    /// end of it.
    #[serde(default)]
    pub too_close: bool,
    /// The search over months.
    pub when: Option<FindResult>,
}

impl ForecastStorm {
    /// Whether the interval shows, all the time, that it does not go wrong more often than this.
    #[must_use]
    pub fn holds(&self, probability: f64) -> bool {
        self.when.as_ref().is_some_and(|found| {
            let high = found.curve.iter().map(|share| share.happened.high).fold(0.0, f64::max);
            let clear = found.model.as_ref().is_some_and(|model| !model.open);
            found.found == FoundWhere::NeverPast && clear && high <= probability
        })
    }
}

/// What a remedy buys in the storm that goes wrong first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ForecastRemedy {
    /// Its name; of two `a+b`.
    pub name: String,
    /// The dose; empty: it has none.
    pub dose: String,
    /// What is done.
    pub what: String,
    /// What else it does.
    pub side_effects: String,
    /// The overlay that `run --overlay` takes.
    pub overlay: String,
    /// Objects for `kubectl apply`.
    pub manifest: Option<String>,
    /// How much later the storm goes wrong too often, in months.
    pub bought_months: f64,
    /// The same by the dates until which it is clearly safe, the error of the model taken off; `None`: not
    /// known.
    #[serde(default)]
    pub bought_least: Option<f64>,
    /// The same by the dates from which on it is clearly outgrown; `None`: without the remedy the time
    /// looked at ends before.
    #[serde(default)]
    pub bought_most: Option<f64>,
    /// Whether it holds to the end of the time looked at, so that this is the least.
    pub beyond: bool,
    /// The search over months under the remedy.
    pub when: FindResult,
}

impl ForecastRemedy {
    /// For people: ` (3.0 to 9.5 by the error of the model)`.
    #[must_use]
    pub fn by_error(&self) -> String {
        match (self.bought_least, self.bought_most) {
            (None, _) => String::new(),
            (Some(least), None) => {
                format!(" ({least:.1} if real peaks are as high as they may be)")
            }
            (Some(one), Some(other)) => {
                let (least, most) = (one.min(other), one.max(other));
                format!(" ({least:.1} to {most:.1} by the error of the model)")
            }
        }
    }
}

/// `forecast.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ForecastResult {
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
    /// Replications of each storm.
    pub replications: u32,
    /// In what share of runs a storm may go wrong.
    pub probability: f64,
    /// When the cluster was as the scenario says: `2026-11-30`.
    pub from: Option<String>,
    /// The end of the time looked at.
    pub within: FoundValue,
    /// What grows.
    pub growth: Vec<GrowthRow>,
    /// One sentence: the answer.
    pub verdict: String,
    /// Whether no storm goes wrong too often in all of the time looked at.
    #[serde(default)]
    pub answer: Answer,
    /// The storms.
    pub storms: Vec<ForecastStorm>,
    /// The one that goes wrong first; empty: none does.
    pub first: String,
    /// What remedies buy in it, most first.
    pub remedies: Vec<ForecastRemedy>,
    /// What the reader should know before trusting the answer.
    pub warnings: Vec<String>,
}

impl ForecastResult {
    /// The storm that is the scenario's own events.
    pub const OWN: &'static str = "as written";

    /// Whether it holds in all of the time looked at; no, where a storm is outgrown within it.
    #[must_use]
    pub fn holds(&self) -> Answer {
        match self.storms.iter().all(|storm| storm.holds(self.probability)) {
            _ if !self.first.is_empty() => Answer::No,
            true if !self.storms.is_empty() => Answer::Yes,
            true | false => Answer::NotKnown,
        }
    }

    /// Whether nothing is known to go wrong, and no storm could be forecast, or not the scenario's own.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        let none = self.storms.iter().all(|storm| storm.when.is_none());
        let own = self.storms.iter().any(|storm| storm.name == Self::OWN && storm.when.is_none());
        self.first.is_empty() && (none || own)
    }
}
