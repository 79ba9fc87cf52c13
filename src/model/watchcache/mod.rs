//! The watch cache of one resource: recent events and resource versions; exact.
//!
//! Source: `pkg/storage/cacher` of the apiserver 1.28 to 1.37 (docs/facts/watch-cache.md sections 2, 3
//! and 9), held to recordings of the real code by `tests/golden_cases/golden_watchcache`.
//!
//! Events are kept as [`EventRun`]s: any number of events at equal intervals is one run. What is
//! recorded event by event and what is recorded as a run at a constant rate goes through the same
//! code and leaves the same state, so a simulated hour of writes costs a few steps, and the exact
//! cache of the recordings is the one that runs use.

mod cache;
pub mod capacity;
mod history;
#[cfg(test)]
mod properties;
mod ring;

pub use cache::{InitialEvents, Since, WatchCache, WatchError};
pub use history::{Change, EventRun, Revision};
pub use ring::{EventRing, Held, Outlook};
