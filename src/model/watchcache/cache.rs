//! The cache of one resource, without its objects: how many there are is all it needs.

use super::history::{EventRun, Revision};
use super::ring::EventRing;
use crate::units::SimSpan;

/// Whether a watch says that it wants the current objects first (`sendInitialEvents`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InitialEvents {
    /// It does not say.
    #[default]
    Unsaid,
    /// It does.
    Wanted,
    /// It does not want them.
    Unwanted,
}

/// Why a watch cannot start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WatchError {
    /// 410 Gone, reason Expired: events after `asked` are no longer held.
    #[error("too old resource version: {} ({})", asked.0, least.0)]
    TooOld {
        /// What the client saw last.
        asked: Revision,
        /// The oldest resource version that a watch can start from.
        least: Revision,
    },
    /// There has been neither a list nor an event.
    #[error("watch cache isn't correctly initialized")]
    Uninitialized,
}

/// What a watch is given first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// The current objects, all under the cache's resource version.
    Objects {
        /// How many.
        objects: u64,
        /// The cache's resource version.
        revision: Revision,
    },
    /// The events of the ring from index `next` on.
    Events {
        /// Index of the first.
        next: u64,
        /// Index after the last.
        end: u64,
    },
}

impl Since {
    /// How many initial events that is.
    #[must_use]
    pub const fn events(&self) -> u64 {
        match *self {
            Self::Objects { objects, .. } => objects,
            Self::Events { next, end } => end - next,
        }
    }
}

/// The watch cache of one resource (of one version of a custom resource).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchCache {
    ring: EventRing,
    revision: Revision,
    list_revision: Revision,
    objects: u64,
    clears_on_relist: bool,
}

impl WatchCache {
    /// An empty cache that tries to keep `worth_keeping` of history.
    #[must_use]
    pub fn new(worth_keeping: SimSpan) -> Self {
        Self {
            ring: EventRing::new(worth_keeping),
            revision: Revision(0),
            list_revision: Revision(0),
            objects: 0,
            clears_on_relist: false,
        }
    }

    /// The same cache, whose ring is emptied at a relist, not only left behind (1.37).
    #[must_use]
    pub const fn clearing_on_relist(mut self, clears: bool) -> Self {
        self.clears_on_relist = clears;
        self
    }

    /// Its ring of events.
    #[must_use]
    pub const fn ring(&self) -> &EventRing {
        &self.ring
    }

    /// The resource version up to which it has come.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// The resource version of the last relist, 0 if there was none.
    #[must_use]
    pub const fn list_revision(&self) -> Revision {
        self.list_revision
    }

    /// Objects in it.
    #[must_use]
    pub const fn objects(&self) -> u64 {
        self.objects
    }

    /// Takes the events of a run, one after the other.
    pub fn record(&mut self, run: EventRun) {
        if run.events == 0 {
            return;
        }
        self.ring.extend(run);
        self.revision = run.last_revision();
        self.objects = run.change.applied(self.objects, run.events);
    }

    /// The cache learns that nothing happened up to `revision`: a bookmark, or etcd's progress.
    pub const fn bookmark(&mut self, revision: Revision) {
        self.revision = revision;
    }

    /// The contents are replaced by `objects` as of `revision`.
    pub fn relist(&mut self, revision: Revision, objects: u64) {
        self.ring.relist(self.objects, self.clears_on_relist);
        self.revision = revision;
        self.list_revision = revision;
        self.objects = objects;
    }

    /// The oldest resource version from which a watch can start.
    ///
    /// # Errors
    /// There has been neither a list nor an event.
    pub fn least_resumable(&self) -> Result<Revision, WatchError> {
        if self.list_revision.0 > 0 && !self.ring.pushed_out() {
            return Ok(self.list_revision);
        }
        let oldest = self.ring.oldest().ok_or(WatchError::Uninitialized)?;
        Ok(Revision(oldest.0.saturating_sub(1)))
    }

    /// What a watch from `asked` on is given first (`getAllEventsSinceLocked`); 0 asks for any
    /// state.
    ///
    /// # Errors
    /// The events since then are not all held, or the cache is empty yet.
    pub fn since(&self, asked: Revision, initial: InitialEvents) -> Result<Since, WatchError> {
        let objects = Since::Objects { objects: self.objects, revision: self.revision };
        if initial == InitialEvents::Wanted {
            return Ok(objects);
        }
        let least = self.least_resumable()?;
        let from = match (asked.0, initial) {
            (0, InitialEvents::Unsaid) => return Ok(objects),
            (0, _) => self.revision,
            _ => asked,
        };
        if from < least {
            return Err(WatchError::TooOld { asked: from, least });
        }
        Ok(Since::Events { next: self.ring.first_after(from), end: self.ring.end() })
    }
}
