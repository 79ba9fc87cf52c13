//! Whether the process was asked to end before its work is done.
//!
//! One flag for all experiments: they look at it between runs of the model, begin no more, and keep
//! what they have. A run itself never looks, so what is kept is what it would have been.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

/// Runs after which it is asked by itself; 0: never.
static AFTER: AtomicU64 = AtomicU64::new(0);

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

/// A run of the model is done.
pub(crate) fn ran() {
    let counted = |left: u64| left.checked_sub(1);
    if AFTER.fetch_update(Ordering::Relaxed, Ordering::Relaxed, counted) == Ok(1) {
        ask();
    }
}
