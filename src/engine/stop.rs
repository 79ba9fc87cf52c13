//! Whether the process was asked to end before its work is done.
//!
//! One flag for all experiments: they look at it between runs of the model, begin no more, and keep what they
//! have. A run that is done `or_not` at all looks at it, too, each time that it says how far it is
//! ([`pulse`](super::pulse)), and breaks off; it is left out, so what is kept is what it would have been.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

/// Runs after which it is asked by itself; 0: never.
static AFTER: AtomicU64 = AtomicU64::new(0);
/// The same in pulses of runs.
static AFTER_PULSES: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// Whether the run on this thread may break off, and whether it did.
    static BREAKS: Cell<(bool, bool)> = const { Cell::new((false, false)) };
}

/// Asks; returns whether that was done before.
pub fn ask() -> bool {
    ASKED.swap(true, Ordering::Relaxed)
}

/// Whether it was asked.
#[must_use]
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// Asks once so many more runs of the model are done, so that tests can stop a verb at an instant that
/// depends on no clock.
pub fn after(runs: u64) {
    AFTER.store(runs, Ordering::Relaxed);
}

/// Asks after so many more pulses of runs: within one.
pub fn after_pulses(pulses: u64) {
    AFTER_PULSES.store(pulses, Ordering::Relaxed);
}

/// Counts down to 0; whether that is reached now.
fn last(left: &AtomicU64) -> bool {
    let counted = |left: u64| left.checked_sub(1);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, counted) == Ok(1)
}

/// A run of the model is done.
pub(crate) fn ran() {
    if last(&AFTER) {
        ask();
    }
}

/// A run goes on: whether it breaks off here instead.
pub(crate) fn breaks_off() -> bool {
    if last(&AFTER_PULSES) {
        ask();
    }
    let breaks = BREAKS.get().0 && asked();
    if breaks {
        BREAKS.set((true, true));
    }
    breaks
}

/// Whether a run of the present work broke off: what comes of it is not true.
pub(crate) fn broke() -> bool {
    BREAKS.get().1
}

/// Does work whose runs may break off when the process is asked to end; `None`: one did.
pub(crate) fn or_not<T>(work: impl FnOnce() -> T) -> Option<T> {
    // A thread may do other work while it waits for its own.
    let outer = BREAKS.replace((true, false));
    let done = work();
    let (_, broke) = BREAKS.replace(outer);
    (!broke).then_some(done)
}
