//! Events as runs at equal intervals.

use std::collections::VecDeque;

use crate::units::{SimSpan, SimTime};

/// A resource version: etcd's revision at a write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

/// What an event does to the objects of a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// An object more.
    Created,
    /// Another version of an object.
    Replaced,
    /// An object less.
    Removed,
    /// Nothing: the deletion of an object that the cache does not have.
    Nothing,
}

impl Change {
    /// Versions of objects that such an event keeps alive, and nobody else once the next event of
    /// the object is in: the version before (`PrevObject`), and of a deletion the last version
    /// under the deletion's own resource version.
    #[must_use]
    pub const fn superseded(self) -> u64 {
        match self {
            Self::Created => 0,
            Self::Replaced | Self::Nothing => 1,
            Self::Removed => 2,
        }
    }

    /// What becomes of so many objects with so many such events.
    pub(super) const fn applied(self, objects: u64, events: u64) -> u64 {
        match self {
            Self::Created => objects.saturating_add(events),
            Self::Replaced | Self::Nothing => objects,
            Self::Removed => objects.saturating_sub(events),
        }
    }
}

/// Events at equal intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventRun {
    /// How many.
    pub events: u64,
    /// When the first is recorded.
    pub at: SimTime,
    /// Time from one to the next.
    pub step: SimSpan,
    /// The first one's resource version.
    pub revision: Revision,
    /// Resource versions from one to the next.
    pub revision_step: u64,
    /// What each does.
    pub change: Change,
}

impl EventRun {
    /// A single event.
    #[must_use]
    pub const fn single(at: SimTime, revision: Revision, change: Change) -> Self {
        Self { events: 1, at, step: SimSpan::ZERO, revision, revision_step: 0, change }
    }

    /// When the `n`th event from 0 is recorded.
    #[must_use]
    pub fn time_of(&self, n: u64) -> SimTime {
        self.at + self.step.times(n)
    }

    /// The resource version of the `n`th event from 0.
    #[must_use]
    pub const fn revision_of(&self, n: u64) -> Revision {
        Revision(self.revision.0.saturating_add(self.revision_step.saturating_mul(n)))
    }

    /// The resource version of the last event.
    #[must_use]
    pub const fn last_revision(&self) -> Revision {
        self.revision_of(self.events.saturating_sub(1))
    }

    /// The run without its first `n` events.
    #[must_use]
    pub fn skip(mut self, n: u64) -> Self {
        self.at = self.time_of(n);
        self.revision = self.revision_of(n);
        self.events = self.events.saturating_sub(n);
        self
    }

    /// The first `n` events of the run.
    #[must_use]
    pub const fn take(mut self, n: u64) -> Self {
        if n < self.events {
            self.events = n;
        }
        self
    }

    /// How many of the first events have a resource version below `revision`.
    pub(super) fn before(&self, revision: Revision) -> u64 {
        let below = revision.0.saturating_sub(self.revision.0);
        match self.revision_step {
            _ if below == 0 => 0,
            0 => self.events,
            step => self.events.min(below.div_ceil(step)),
        }
    }

    /// How many of the first events have a resource version of at most `revision`.
    fn up_to(&self, revision: Revision) -> u64 {
        self.before(Revision(revision.0.saturating_add(1)))
    }

    /// Appends `next` if it goes on at the same intervals.
    fn join(&mut self, next: &Self) -> bool {
        let fits = |step: u64, mine: u64, events: u64| events == 1 || step == mine;
        let (Some(time), Some(versions)) = (
            next.at.0.checked_sub(self.time_of(self.events - 1).0),
            next.revision.0.checked_sub(self.last_revision().0),
        ) else {
            return false;
        };
        let joins = self.change == next.change
            && fits(self.step.0, time, self.events)
            && fits(next.step.0, time, next.events)
            && fits(self.revision_step, versions, self.events)
            && fits(next.revision_step, versions, next.events);
        if joins {
            self.step = SimSpan(time);
            self.revision_step = versions;
            self.events += next.events;
        }
        joins
    }
}

/// A run and the index of its first event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Indexed {
    pub(super) first: u64,
    pub(super) run: EventRun,
}

impl Indexed {
    fn end(&self) -> u64 {
        self.first + self.run.events
    }
}

/// The events held, oldest first, by their ever-growing index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct History {
    runs: VecDeque<Indexed>,
    /// See [`Change::superseded`]: sum over the events.
    superseded: u64,
}

impl History {
    /// Versions of objects that only events keep alive.
    pub(super) const fn superseded(&self) -> u64 {
        self.superseded
    }

    /// Appends a run whose first event has index `first`.
    pub(super) fn push(&mut self, first: u64, run: EventRun) {
        if run.events == 0 {
            return;
        }
        self.superseded += run.change.superseded() * run.events;
        if self.runs.back_mut().is_some_and(|last| last.run.join(&run)) {
            return;
        }
        self.runs.push_back(Indexed { first, run });
    }

    /// Forgets the events before `start`.
    pub(super) fn forget_before(&mut self, start: u64) {
        while let Some(oldest) = self.runs.front_mut() {
            let gone = start.saturating_sub(oldest.first).min(oldest.run.events);
            self.superseded -= oldest.run.change.superseded() * gone;
            if gone < oldest.run.events {
                oldest.run = oldest.run.skip(gone);
                oldest.first += gone;
                return;
            }
            self.runs.pop_front();
        }
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The run that holds an index, or the one after it.
    fn position(&self, index: u64) -> usize {
        self.runs.partition_point(|run| run.end() <= index)
    }

    /// The resource version of an event held.
    pub(super) fn revision(&self, index: u64) -> Option<Revision> {
        let held = self.runs.get(self.position(index))?;
        Some(held.run.revision_of(index.checked_sub(held.first)?))
    }

    /// The index of the first event with a resource version above `revision`; `end` if none.
    pub(super) fn first_after(&self, revision: Revision, end: u64) -> u64 {
        let at = self.runs.partition_point(|held| held.run.last_revision() <= revision);
        self.runs.get(at).map_or(end, |held| held.first + held.run.up_to(revision))
    }

    /// The events from index `from` on, as runs.
    pub(super) fn from(&self, from: u64) -> impl Iterator<Item = Indexed> + '_ {
        self.runs.range(self.position(from)..).map(move |held| {
            let gone = from.saturating_sub(held.first);
            Indexed { first: held.first + gone, run: held.run.skip(gone) }
        })
    }

    /// How many runs the events are kept as.
    #[cfg(test)]
    pub(super) fn runs(&self) -> usize {
        self.runs.len()
    }
}
