//! The discrete-event engine.

mod random;
pub mod statistics;

pub use random::{Purpose, Stream, Streams};
