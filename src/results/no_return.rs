//! What a search for the point of no return leaves behind: the public interface `no-return.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OutcomeCount;
use crate::units::Bytes;

/// What somebody who watched the control plane could have seen at an instant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Visible {
    /// Resident memory of the server that was nearest to its limit.
    pub resident_bytes: Bytes,
    /// That as a share of its limit; 0 without a limit.
    pub limit_share: f64,
    /// The priority level that was fullest, on any server; empty without API Priority and Fairness.
    pub priority_level: String,
    /// Seats in use there.
    pub seats: u64,
    /// Its limit in force, in seats.
    pub seat_limit: u64,
    /// Requests that waited for it.
    pub waiting: u64,
    /// Answers 429 per second, of all servers.
    pub rejected_per_second: f64,
    /// New connections per second, of all servers.
    pub connections_per_second: f64,
}

/// How likely it was at an instant that it happens.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NoReturnPoint {
    /// The instant; the state is the one after all that happened then.
    pub at_seconds: f64,
    /// Continuations in which it happened, with a 95 % interval of the probability.
    pub happened: OutcomeCount,
    /// What could be seen.
    pub visible: Visible,
}

/// When a probability was passed for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PassedPoint {
    /// The probability.
    pub probability: f64,
    /// The last instant looked at with a lower one.
    pub after_seconds: f64,
    /// The first instant looked at from which on it was never lower.
    pub at_seconds: f64,
}

/// `no-return.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NoReturn {
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
    /// Replications among which the one looked at was the worst.
    pub replications: u32,
    /// Those of them in which it happened.
    pub happened_in: u32,
    /// The replication looked at.
    pub replication: u32,
    /// Continuations at each instant.
    pub continuations: u32,
    /// What was to happen: `oom`.
    pub until: String,
    /// When it began: the first event of the scenario.
    pub began_seconds: f64,
    /// When it happened in this replication; `None`: it did not.
    pub happened_seconds: Option<f64>,
    /// One sentence: the answer.
    pub verdict: String,
    /// How likely it was, in the order of time.
    pub points: Vec<NoReturnPoint>,
    /// When it had become more likely than not, and nearly certain.
    pub passed: Vec<PassedPoint>,
    /// Continuations that were stopped before it could be known whether it happens.
    pub incomplete: u64,
    /// What the reader should know before trusting the answer.
    pub warnings: Vec<String>,
}
