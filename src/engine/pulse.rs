//! How far a run of the model has come, for whoever waits for it.
//!
//! One place for the whole process: of several runs at once the last that was heard of. Nothing in a run
//! depends on it.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::units::SimTime;

/// Events between two beats: few enough that a second has several, too many to cost anything.
pub const EVERY: u64 = 1 << 14;

static EVENTS: AtomicU64 = AtomicU64::new(0);
static AT: AtomicU64 = AtomicU64::new(0);
static END: AtomicU64 = AtomicU64::new(0);

/// Where a run was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulse {
    /// Events so far.
    pub events: u64,
    /// The simulated instant.
    pub at: SimTime,
    /// The end of the run.
    pub end: SimTime,
}

/// Notes where a run is.
pub fn beat(pulse: Pulse) {
    EVENTS.store(pulse.events, Ordering::Relaxed);
    AT.store(pulse.at.0, Ordering::Relaxed);
    END.store(pulse.end.0, Ordering::Relaxed);
}

/// What was noted last; `None`: no run was that long.
#[must_use]
pub fn last() -> Option<Pulse> {
    let read = |of: &AtomicU64| of.load(Ordering::Relaxed);
    let pulse = Pulse { events: read(&EVENTS), at: SimTime(read(&AT)), end: SimTime(read(&END)) };
    (pulse.events > 0).then_some(pulse)
}
