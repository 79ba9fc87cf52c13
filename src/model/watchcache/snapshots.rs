//! Snapshots of a cache's contents by resource version, from 1.34 on (`storeSnapshotter`).

use std::collections::VecDeque;

use super::history::{Change, EventRun, Revision};
use crate::units::SimTime;

/// The snapshots that the events of a run left, each with the number of its objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Taken {
    /// Of the events the resource versions matter, and the change.
    run: EventRun,
    /// Objects in the first.
    objects: u64,
}

impl Taken {
    fn objects_of(&self, n: u64) -> u64 {
        self.run.change.applied(self.objects, n)
    }

    fn skip(self, n: u64) -> Self {
        Self { run: self.run.skip(n), objects: self.objects_of(n) }
    }
}

/// The snapshots held, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Snapshots {
    taken: VecDeque<Taken>,
    count: u64,
}

impl Snapshots {
    /// How many there are.
    pub(super) const fn len(&self) -> u64 {
        self.count
    }

    /// Drops all.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// One after each event of a run; there are `objects` after the first. One of the same
    /// resource version is replaced; resource versions never go back within a cache's life.
    pub(super) fn add(&mut self, run: EventRun, objects: u64) {
        self.remove_from(run.revision);
        self.count += run.events;
        self.taken.push_back(Taken { run, objects });
    }

    /// One of `objects` as of `revision`, without an event.
    pub(super) fn add_one(&mut self, revision: Revision, objects: u64) {
        self.add(EventRun::single(SimTime::ZERO, revision, Change::Nothing), objects);
    }

    /// Drops the last ones from `revision` on.
    fn remove_from(&mut self, revision: Revision) {
        while let Some(newest) = self.taken.back_mut() {
            let kept = newest.run.before(revision);
            self.count -= newest.run.events - kept;
            if kept > 0 {
                newest.run = newest.run.take(kept);
                return;
            }
            self.taken.pop_back();
        }
    }

    /// Drops those older than `revision`.
    pub(super) fn remove_less(&mut self, revision: Revision) {
        while let Some(oldest) = self.taken.front_mut() {
            let gone = oldest.run.before(revision);
            self.count -= gone;
            if gone < oldest.run.events {
                *oldest = oldest.skip(gone);
                return;
            }
            self.taken.pop_front();
        }
    }

    /// Objects in the newest that is not newer than `revision`.
    pub(super) fn objects_at(&self, revision: Revision) -> Option<u64> {
        let after = self.taken.partition_point(|taken| taken.run.revision <= revision);
        let taken = self.taken.get(after.checked_sub(1)?)?;
        let older = taken.run.before(Revision(revision.0.saturating_add(1)));
        Some(taken.objects_of(older.saturating_sub(1)))
    }
}
