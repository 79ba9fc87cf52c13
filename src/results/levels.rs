//! What API Priority and Fairness went through in a run.

use serde::{Deserialize, Serialize};

use crate::units::{SimSpan, SimTime};

/// What a priority level of a server went through, over all its processes. Every arrival is
/// dispatched, rejected, cancelled, or waits at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelRecord {
    /// The level's name.
    pub name: String,
    /// Whether its requests are never limited.
    pub exempt: bool,
    /// Its nominal concurrency limit, in seats.
    pub nominal_seats: u64,
    /// Most seats in use at once.
    pub peak_seats: u64,
    /// Most requests waiting at once.
    pub peak_waiting: u64,
    /// Requests that arrived.
    pub arrived: u64,
    /// Requests dispatched.
    pub dispatched: u64,
    /// Requests answered 429: turned away at once, or after too long a wait.
    pub rejected: u64,
    /// Requests that waited when their client or their server went away.
    pub cancelled: u64,
    /// Requests still waiting at the end.
    pub waiting: u64,
}

/// A priority level at an instant; so it stays until the next point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelPoint {
    /// When.
    pub at: SimTime,
    /// Seats in use.
    pub seats: u64,
    /// The limit in force, in seats; 0 without a process, and for exempt levels.
    pub limit: u64,
    /// Requests waiting.
    pub waiting: u64,
    /// Requests answered 429 so far.
    pub rejected: u64,
}

/// A priority level of a server over time, thinned so that extremes survive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelTimeline {
    /// The level's name.
    pub name: String,
    /// Whether its requests are never limited.
    pub exempt: bool,
    /// Its nominal concurrency limit, in seats.
    pub nominal_seats: u64,
    /// Points in order of time.
    pub points: Vec<LevelPoint>,
}

/// Under what the reads of a fleet fall once a server's configuration is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetFlow {
    /// The fleet's name.
    pub fleet: String,
    /// The flow schema that its LISTs match; of a fleet that does not list, its watches.
    pub flow_schema: String,
    /// The priority level of that.
    pub priority_level: String,
}

/// What a server's debug endpoints for API Priority and Fairness would have said at an instant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApfDump {
    /// The server's name.
    pub server: String,
    /// When: after all that happened at that instant.
    pub at: SimTime,
    /// Whether a process was there to answer.
    pub running: bool,
    /// `dump_priority_levels`, by name.
    pub levels: Vec<LevelDump>,
    /// `dump_queues`, by level and index.
    pub queues: Vec<QueueDump>,
    /// `dump_requests`, by level and queue: those waiting before those executing.
    pub requests: Vec<RequestDump>,
}

/// A row of `dump_priority_levels`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelDump {
    /// The level's name.
    pub name: String,
    /// Queues in which a request waits.
    pub active_queues: u64,
    /// Nothing waits or executes.
    pub idle: bool,
    /// Removed from the configuration, not yet drained.
    pub quiescing: bool,
    /// Requests waiting.
    pub waiting: u64,
    /// Requests executing.
    pub executing: u64,
    /// Requests dispatched so far.
    pub dispatched: u64,
    /// Requests rejected so far, timed out and cancelled ones included.
    pub rejected: u64,
    /// Requests that waited too long so far: up to 1.28.
    pub timed_out: u64,
    /// Requests cancelled while waiting so far; from 1.29 also those that waited too long.
    pub cancelled: u64,
}

/// A row of `dump_queues`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueDump {
    /// The level's name.
    pub level: String,
    /// The queue's index.
    pub index: u64,
    /// Requests waiting.
    pub waiting: u64,
    /// Requests executing.
    pub executing: u64,
    /// Seats in use.
    pub seats_in_use: u64,
    /// The reading of the progress meter R at which its next request is dispatched in the virtual
    /// world, in 10^-8 seat-seconds.
    pub next_dispatch_r: u64,
    /// Sum of the initial seats of the waiting requests.
    pub initial_seats: u64,
    /// Sum of the greater of initial and final seats of the waiting requests.
    pub max_seats: u64,
    /// Sum of their work, in 10^-8 seat-seconds.
    pub total_work: u64,
}

/// A row of `dump_requests`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestDump {
    /// The level's name.
    pub level: String,
    /// The flow schema that it matched.
    pub flow_schema: String,
    /// The index of its queue; none in a level without queues.
    pub queue: Option<u64>,
    /// Its place among those waiting in the queue; none once it executes.
    pub place: Option<u64>,
    /// What tells its flow from others of the flow schema.
    pub distinguisher: String,
    /// When it arrived.
    pub arrived: SimTime,
    /// Seats while it executes.
    pub initial_seats: u64,
    /// Seats at the end.
    pub final_seats: u64,
    /// How long the seats stay taken after it has finished.
    pub additional_latency: SimSpan,
    /// When it was dispatched; none while it waits.
    pub started: Option<SimTime>,
}
