//! Whether the process was asked to end before its work is done.
//!
//! One flag for all experiments: they look at it between runs of the model, begin no more, and keep
//! what they have. A run itself never looks, so what is kept is what it would have been.

use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

/// Asks; returns whether that was done before.
pub fn ask() -> bool {
    ASKED.swap(true, Ordering::Relaxed)
}

/// Whether it was asked.
#[must_use]
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
