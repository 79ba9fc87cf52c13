//! API Priority and Fairness, exact to the bit.
//!
//! A request is classified ([`classify`]) to a flow schema and a priority level, its cost in seats
//! is estimated ([`work_estimator`]), and it queues in its level ([`queue_set`]) until the level's
//! concurrency limit ([`concurrency`]) lets it through. [`controller::ConfigController`] holds all
//! of it for one server.
//!
//! Plain deterministic types: no I/O and no event queue; callers pass the time, and schedule the
//! instants that the methods return. Source: k8s.io/apiserver `pkg/util/flowcontrol`, v0.36.2;
//! earlier releases differ by [`Release`](super::release::Release). Proved against the recorded behaviour of
//! the real code by `tests/golden_cases/golden_apf`.

pub mod classify;
pub mod conc_alloc;
pub mod concurrency;
pub mod config;
pub mod controller;
pub mod defaults;
pub mod integrator;
pub mod max_in_flight;
pub mod object_count;
pub mod queue_set;
pub mod queue_wait;
pub mod retry_after;
pub mod seat_seconds;
pub mod shuffle_sharding;
pub mod work_estimate;
pub mod work_estimator;
