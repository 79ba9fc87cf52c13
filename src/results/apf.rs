//! API Priority and Fairness of a scenario as it stands before a run: the levels with their limits,
//! and where each fleet's requests fall.

use schemars::JsonSchema;
use serde::Serialize;

/// What `oomcast show --apf` shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ApfPlan {
    /// The scenario's name.
    pub scenario: String,
    /// The release: `1.32`.
    pub release: String,
    /// Whether it is on; else max-in-flight admits requests, and the levels have no effect.
    pub enabled: bool,
    /// `--max-requests-inflight`.
    pub max_requests_inflight: u32,
    /// `--max-mutating-requests-inflight`.
    pub max_mutating_requests_inflight: u32,
    /// Seats of a server: the sum of both.
    pub server_seats: u64,
    /// Sum of the levels' nominal seats; more than the server's by rounding up.
    pub nominal_seats: i64,
    /// The levels by name.
    pub levels: Vec<LevelPlan>,
    /// The fleets in the order of the scenario.
    pub fleets: Vec<FleetPlan>,
}

/// A priority level and its limits of each server, in seats.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LevelPlan {
    /// Its name.
    pub name: String,
    /// Whether the scenario gives it, rather than the release.
    pub given: bool,
    /// `queue`, `reject` or `exempt`.
    pub response: &'static str,
    /// Shares.
    pub shares: u32,
    /// Nominal limit: its share of the server's seats.
    pub nominal_seats: i64,
    /// Of these, what others may borrow.
    pub lendable_seats: i64,
    /// Most that it may borrow; `null`: no limit, or exempt.
    pub borrowing_limit_seats: Option<i64>,
    /// Limit when all that is lendable is lent.
    pub min_seats: i64,
    /// Limit with all that may be borrowed.
    pub max_seats: i64,
    /// Queues.
    pub queues: Option<u32>,
    /// Queues of a flow.
    pub hand_size: Option<u32>,
    /// Requests that may wait in a queue.
    pub queue_length_limit: Option<u32>,
    /// Most seats that one request is charged; `null`: the release's own bound only.
    pub request_seats: Option<u64>,
}

/// A fleet's requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FleetPlan {
    /// The fleet.
    pub name: String,
    /// Its members.
    pub members: u32,
    /// As whom they are authenticated.
    pub user: String,
    /// What they do: `list`, `watch-list` or `watch`.
    pub request: &'static str,
    /// The resource.
    pub resource: String,
    /// The flow schema.
    pub flow_schema: String,
    /// The priority level.
    pub level: String,
    /// Seats that one such request takes.
    pub seats: u64,
    /// How many run at once in the level's nominal seats; `null` where nothing limits them.
    pub at_once: Option<u64>,
}
