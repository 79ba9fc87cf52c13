//! What workloads and events do to the load: writes on top of the steady ones, objects that come and
//! go, clients that join.

use super::{FleetId, ResourceId};
use crate::units::{SimSpan, SimTime};

/// All of it that is known before the run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkloadsInput {
    /// Those that begin after the start of the run, in any order: each has a phase.
    pub begins: Vec<BeginInput>,
    /// Changes of the load, in any order.
    pub flows: Vec<FlowInput>,
    /// Members that start with them.
    pub joins: Vec<JoinInput>,
}

/// A workload that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeginInput {
    /// Its name.
    pub name: String,
    /// Its kind, as scenarios have it.
    pub kind: &'static str,
    /// When.
    pub from: SimTime,
}

/// Writes to a resource on top of its steady ones, and objects that it gains or loses.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowInput {
    /// Which.
    pub resource: ResourceId,
    /// When it begins.
    pub from: SimTime,
    /// How long it lasts; `None`: to the end of the run. At least a second where `net` is not 0.
    pub lasts: Option<SimSpan>,
    /// Writes per second that leave the number of objects as it is: updates, and objects that come
    /// as fast as others go.
    pub per_second: f64,
    /// Objects that there are more (less, below 0) at its end; each is one more write.
    pub net: i64,
}

/// Members of a fleet that start.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinInput {
    /// Which.
    pub fleet: FleetId,
    /// How many.
    pub count: u32,
    /// When the first does.
    pub from: SimTime,
    /// One after the other over this span.
    pub over: SimSpan,
}
