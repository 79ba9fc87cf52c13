//! What a new watch is given first: current objects, or the events since a resource version.

use std::collections::VecDeque;

use super::capacity::INTERVAL_BUFFER;
use super::history::Revision;
use super::ring::EventRing;

/// The ring has moved past the events that a watch has yet to be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cache interval invalidated, interval startIndex: {next}")]
pub struct Invalidated {
    /// Index of the first event it lacks.
    pub next: u64,
}

/// What a pull brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulled {
    /// How many events.
    pub events: u64,
    /// The resource version of the last.
    pub last: Option<Revision>,
    /// Why there were not more, if not because that is all.
    pub failure: Option<Invalidated>,
}

/// Initial events of a watch, pulled as the client takes them (`watchCacheInterval`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    source: Source,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    /// The current objects, all under the cache's resource version.
    Store { objects: u64, revision: Revision },
    /// Events by index, copied out of the ring as the ones before are used up.
    Ring { next: u64, end: u64, copied: VecDeque<Revision> },
}

impl Interval {
    pub(super) const fn of_objects(objects: u64, revision: Revision) -> Self {
        Self { source: Source::Store { objects, revision } }
    }

    pub(super) const fn of_events(next: u64, end: u64) -> Self {
        Self { source: Source::Ring { next, end, copied: VecDeque::new() } }
    }

    /// How many initial events are left, if none gets lost.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        match &self.source {
            Source::Store { objects, .. } => *objects,
            Source::Ring { next, end, copied } => end - next + copied.len() as u64,
        }
    }

    /// Takes up to `want` events.
    pub fn pull(&mut self, ring: &EventRing, want: u64) -> Pulled {
        match &mut self.source {
            Source::Store { objects, revision } => {
                let events = want.min(*objects);
                *objects -= events;
                Pulled { events, last: (events > 0).then_some(*revision), failure: None }
            }
            Source::Ring { next, end, copied } => {
                let mut pulled = Pulled::default();
                while pulled.events < want {
                    if copied.is_empty() {
                        if *next >= *end {
                            break;
                        }
                        if *next < ring.start() {
                            pulled.failure = Some(Invalidated { next: *next });
                            break;
                        }
                        let upto = (*end).min(*next + INTERVAL_BUFFER as u64);
                        copied.extend((*next..upto).filter_map(|index| ring.revision(index)));
                        *next = upto;
                    }
                    let Some(event) = copied.pop_front() else { break };
                    pulled.events += 1;
                    pulled.last = Some(event);
                }
                pulled
            }
        }
    }
}
