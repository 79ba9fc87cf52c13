//! What a new watch is given first, pulled bit by bit (`watchCacheInterval`). The model hands it over
//! at once ([`Since::events`]): the ring cannot move past it meanwhile.

use std::collections::VecDeque;
use std::fmt;

use oomcast::model::watchcache::{EventRing, Revision, Since};

/// Events that an interval copies out of the ring at once (`bufferSize`).
pub(crate) const INTERVAL_BUFFER: u64 = 100;

/// The ring has moved past the events that a watch has yet to be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invalidated {
    /// Index of the first event it lacks.
    next: u64,
}

impl fmt::Display for Invalidated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cache interval invalidated, interval startIndex: {}", self.next)
    }
}

/// What a pull brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pulled {
    /// How many events.
    pub(crate) events: u64,
    /// The resource version of the last.
    pub(crate) last: Option<Revision>,
    /// Why there were not more, if not because that is all.
    pub(crate) failure: Option<Invalidated>,
}

/// Initial events of a watch, pulled as the client takes them (`watchCacheInterval`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
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
    pub(crate) fn new(since: Since) -> Self {
        let source = match since {
            Since::Objects { objects, revision } => Source::Store { objects, revision },
            Since::Events { next, end } => Source::Ring { next, end, copied: VecDeque::new() },
        };
        Self { source }
    }

    /// Takes up to `want` events.
    pub(crate) fn pull(&mut self, ring: &EventRing, want: u64) -> Pulled {
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
                        let upto = (*end).min(*next + INTERVAL_BUFFER);
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
