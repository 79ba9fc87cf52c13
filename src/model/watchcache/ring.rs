//! The ring of recent events, with the exact rule of its growth and shrinking.
//!
//! Only an event that finds the ring full may change its capacity: it doubles while all the ring
//! holds is younger than the history worth keeping, and halves when even the newest quarter is
//! older (`resizeCacheLocked`). So a ring never shrinks while nothing is written, and a steady rate
//! ends at the smallest capacity of 100 × 2^k that holds the history.

use super::capacity::{self, LOWER_BOUND};
use super::history::{EventRun, History, Indexed, Revision};
use crate::units::{SimSpan, SimTime};

/// What a ring keeps alive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Slots of the ring.
    pub capacity: u64,
    /// Events that a slot points to, also those before the last relist that no event has
    /// overwritten.
    pub events: u64,
    /// Versions of objects that only events keep alive.
    pub superseded: u64,
}

/// The ring of recent events of a watch cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRing {
    history: History,
    worth_keeping: SimSpan,
    upper_bound: u64,
    capacity: u64,
    start: u64,
    end: u64,
    pushed_out: bool,
    stale: Stale,
}

/// Events from before a relist in slots that nothing has overwritten yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stale {
    events: u64,
    /// Versions of objects that they keep alive.
    versions: u64,
}

impl Stale {
    /// What is left of it in `slots`.
    fn within(self, slots: u64) -> Self {
        let events = self.events.min(slots);
        let versions = u128::from(self.versions) * u128::from(events);
        Self { events, versions: (versions / u128::from(self.events.max(1))) as u64 }
    }
}

/// What becomes of a ring as events go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// Whether it grows by each event, or keeps its size as each pushes out another.
    pub growing: bool,
    /// The event with which that ends, if it does.
    pub until: Option<SimTime>,
}

/// How the capacity changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resize {
    Double,
    Halve,
}

impl EventRing {
    /// An empty ring that tries to keep `worth_keeping` of history.
    #[must_use]
    pub fn new(worth_keeping: SimSpan) -> Self {
        Self {
            history: History::default(),
            worth_keeping,
            upper_bound: capacity::upper_bound(worth_keeping),
            capacity: LOWER_BOUND,
            start: 0,
            end: 0,
            pushed_out: false,
            stale: Stale::default(),
        }
    }

    /// Events it has room for.
    #[must_use]
    pub const fn capacity(&self) -> u64 {
        self.capacity
    }

    /// The history that it tries to keep.
    #[must_use]
    pub const fn worth_keeping(&self) -> SimSpan {
        self.worth_keeping
    }

    /// The ever-growing index of the oldest event held.
    #[must_use]
    pub const fn start(&self) -> u64 {
        self.start
    }

    /// The ever-growing index of the next event.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// Events that watches can be given.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.end - self.start
    }

    /// Whether it has no event to give.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether the next event finds no free slot.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.len() == self.capacity
    }

    /// Whether an event was pushed out since the last relist (`removedEventSinceRelist`).
    #[must_use]
    pub const fn pushed_out(&self) -> bool {
        self.pushed_out
    }

    /// The resource version of the oldest event held.
    #[must_use]
    pub fn oldest(&self) -> Option<Revision> {
        self.history.revision(self.start)
    }

    /// The resource version of the newest event held.
    #[must_use]
    pub fn newest(&self) -> Option<Revision> {
        if self.is_empty() { None } else { self.history.revision(self.end - 1) }
    }

    /// The resource version of the event with this index, if it is still held.
    #[must_use]
    pub fn revision(&self, index: u64) -> Option<Revision> {
        self.history.revision(index)
    }

    /// The index of the first event with a resource version above `revision`; the end if none.
    #[must_use]
    pub fn first_after(&self, revision: Revision) -> u64 {
        self.history.first_after(revision, self.end)
    }

    /// What it keeps alive.
    #[must_use]
    pub fn held(&self) -> Held {
        let stale = self.stale.within(self.capacity - self.len());
        Held {
            capacity: self.capacity,
            events: self.len() + stale.events,
            superseded: self.history.superseded() + stale.versions,
        }
    }

    /// The contents, of `objects`, are replaced: no event leads from before to after (`Replace`).
    /// Slots are `cleared` from 1.37 on; until then they keep their events until they are
    /// overwritten, and with them also the last versions of the objects they were about.
    pub fn relist(&mut self, objects: u64, cleared: bool) {
        let held = self.held();
        let current = objects.min(self.len());
        self.stale = Stale { events: held.events, versions: held.superseded + current };
        if cleared {
            self.stale = Stale::default();
        }
        self.start = self.end;
        self.pushed_out = false;
        self.history.clear();
    }

    /// Takes the events of a run, one after the other.
    ///
    /// Costs a step for each run held and each change of capacity, not for each event.
    pub fn extend(&mut self, mut run: EventRun) {
        while run.events > 0 {
            let room = self.capacity - self.len();
            if room > 0 {
                let fits = run.take(room);
                self.push(fits);
                run = run.skip(fits.events);
                continue;
            }
            let (displacing, resize) = self.until_resize(&run);
            self.push(run.take(displacing));
            run = run.skip(displacing);
            if let Some(resize) = resize {
                self.resize(resize);
                self.push(run.take(1));
                run = run.skip(1);
            }
        }
    }

    /// Appends events; what there is no room for pushes out the oldest.
    fn push(&mut self, run: EventRun) {
        self.history.push(self.end, run);
        self.end += run.events;
        if self.len() > self.capacity {
            self.start = self.end - self.capacity;
            self.pushed_out = true;
            self.history.forget_before(self.start);
        }
    }

    fn resize(&mut self, resize: Resize) {
        match resize {
            Resize::Double => self.capacity = (self.capacity * 2).min(self.upper_bound),
            Resize::Halve => {
                self.capacity = (self.capacity / 2).max(LOWER_BOUND);
                self.start = self.end - self.capacity;
                self.history.forget_before(self.start);
            }
        }
        // The new array takes over what watches can be given, nothing else.
        self.stale = Stale::default();
    }

    /// Of a full ring: how many events of a run it takes before one changes its capacity, and how.
    fn until_resize(&self, run: &EventRun) -> (u64, Option<Resize>) {
        let limit = i128::from(self.worth_keeping.0);
        let double = (self.capacity < self.upper_bound)
            .then(|| self.first_where(run, self.capacity, |age| limit - 1 - age))
            .flatten();
        let halve = (self.capacity > LOWER_BOUND)
            .then(|| self.first_where(run, self.capacity / 4, |age| age - limit - 1))
            .flatten();
        match (double, halve) {
            (Some(double), Some(halve)) if halve < double => (halve, Some(Resize::Halve)),
            (Some(double), _) => (double, Some(Resize::Double)),
            (None, Some(halve)) => (halve, Some(Resize::Halve)),
            (None, None) => (run.events, None),
        }
    }

    /// The first event of a run for which `test` of the age of the event `lag` before it, as of its
    /// own time, is not negative. `test` must be linear with slope 1 or -1.
    fn first_where(&self, run: &EventRun, lag: u64, test: impl Fn(i128) -> i128) -> Option<u64> {
        let itself = Indexed { first: self.end, run: *run };
        let mut done = 0;
        for before in self.history.from(self.end - lag).chain([itself]) {
            let events = before.run.events.min(run.events - done);
            let age = |n: u64| {
                let (now, then) = (run.time_of(done + n), before.run.time_of(n));
                i128::from(now.0) - i128::from(then.0)
            };
            if events > 0 {
                let first = test(age(0));
                if first >= 0 {
                    return Some(done);
                }
                // Ages along two runs are a line: so is the test.
                let slope = if events > 1 { test(age(1)) - first } else { 0 };
                if slope > 0 {
                    let n = (-first + slope - 1) / slope;
                    if n < i128::from(events) {
                        return Some(done + n as u64);
                    }
                }
            }
            done += events;
            if done == run.events {
                return None;
            }
        }
        None
    }

    /// What becomes of the ring if events go on as in `ahead`.
    #[must_use]
    pub fn outlook(&self, ahead: &EventRun) -> Outlook {
        if self.is_full() {
            let (events, resize) = self.until_resize(ahead);
            if (events, resize) != (0, Some(Resize::Double)) {
                let until = resize.map(|_| ahead.time_of(events));
                return Outlook { growing: false, until };
            }
        }
        Outlook { growing: true, until: self.grows_until(*ahead) }
    }

    /// The first event that pushes out another instead of taking a free slot, and is not the
    /// occasion to double.
    fn grows_until(&self, mut ahead: EventRun) -> Option<SimTime> {
        let mut ring = self.clone();
        while ahead.events > 0 {
            let fits = ahead.take(ring.capacity - ring.len());
            ring.push(fits);
            ahead = ahead.skip(fits.events);
            if ahead.events > 0 && ring.until_resize(&ahead) != (0, Some(Resize::Double)) {
                return Some(ahead.at);
            }
            ring.resize(Resize::Double);
        }
        None
    }

    /// Runs that the events are kept as.
    #[cfg(test)]
    pub(super) fn runs(&self) -> usize {
        self.history.runs()
    }
}
