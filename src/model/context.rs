//! What the parts of a run share: the scenario, its random streams, the queue of events, the catalog
//! and the record.

use super::catalog::Catalog;
use super::event::Event;
use super::input::Inputs;
use super::record::Record;
use crate::engine::{EventQueue, Streams};
use crate::units::SimTime;

/// See the module's documentation.
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

impl Context<'_> {
    /// Schedules an event.
    pub fn push(&mut self, at: SimTime, event: impl Into<Event>) {
        self.queue.push(at, event.into());
    }
}
