//! The watch cache's ring against recordings of the real code.

mod constants;
mod interval;
mod snapshots;
mod trace;
