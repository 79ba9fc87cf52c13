//! The discrete-event engine.

mod random;

pub use random::{Purpose, Stream, Streams};
