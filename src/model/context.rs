//! What the parts of a run share: the scenario, its random streams, the queue of events, the catalog
//! and the record.

use crate::engine::{EventQueue, Streams};
use crate::model::catalog::Catalog;
use crate::model::event::Event;
use crate::model::input::Inputs;
use crate::model::record::Record;

/// See the module's documentation.
#[derive(Clone)]
pub struct Context<'a> {
    /// The scenario.
    pub inputs: &'a Inputs,
    /// Random streams of the replication.
    pub streams: Streams,
    /// Events to come.
    pub queue: EventQueue<Event>,
    /// What never changes: owners, profiles, speeds.
    pub catalog: Catalog,
    /// What the run leaves behind.
    pub record: Record,
}
