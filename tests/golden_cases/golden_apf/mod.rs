//! API Priority and Fairness against the recorded behaviour of the real code, bit for bit.

mod allocation;
mod classify;
mod concurrency;
mod doubles;
mod objects;
mod queue_set;
mod shuffle_sharding;
mod watch_count;
mod work_estimator;
