//! The discrete-event engine: clock and event queue, random streams, statistics.
//!
//! It knows nothing of Kubernetes. A model brings its own `Copy` event type and one `match` that
//! handles it; the engine brings what every simulation needs and what must be exactly right:
//!
//! - [`EventQueue`]: events in exact (time, push order) order, and the clock, which only it moves.
//!   [`ReferenceQueue`] is the slow and obvious version that tests and benches hold it against.
//! - [`Streams`]: one random [`Stream`] per (purpose, entity), so that a change of one part of a
//!   model leaves the draws of all others untouched.
//! - [`statistics`]: exact time integrals, moments, and intervals for quantiles and probabilities;
//!   [`paired`]: the same for two variants that were run on the same draws.
//! - [`bucket`]: limits of rates by tokens.
//! - [`stop`]: whether experiments are to end early; [`pulse`]: how far a run has come.
//!
//! Time is whole nanoseconds ([`SimTime`](crate::units::SimTime)); nothing reads a real clock.
//!
//! Two customers, one second apart, each served for 1.5 s by a server of their own:
//!
//! ```
//! use oomcast::engine::EventQueue;
//! use oomcast::units::{SimSpan, SimTime};
//!
//! #[derive(Clone, Copy)]
//! enum Event {
//!     Arrive,
//!     Leave,
//! }
//!
//! let mut queue = EventQueue::new();
//! queue.push(SimTime::ZERO, Event::Arrive);
//! queue.push(SimTime::ZERO + SimSpan::secs(1), Event::Arrive);
//! let mut present = 0;
//! while let Some((now, event)) = queue.pop() {
//!     match event {
//!         Event::Arrive => {
//!             present += 1;
//!             queue.push(now + SimSpan::millis(1_500), Event::Leave);
//!         }
//!         Event::Leave => present -= 1,
//!     }
//! }
//! assert_eq!((present, queue.now()), (0, SimTime::ZERO + SimSpan::millis(2_500)));
//! ```

pub mod bucket;
pub mod fluid;
pub mod paired;
pub mod pulse;
mod queue;
mod queue_reference;
mod random;
pub mod statistics;
pub mod stop;
pub mod turn;

pub use queue::EventQueue;
pub use queue_reference::ReferenceQueue;
pub use random::{Purpose, Stream, Streams};
