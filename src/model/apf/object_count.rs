//! [`ObjectStats`]: what the work estimator knows of the stored objects of a resource.
//!
//! Source: k8s.io/apiserver `pkg/util/flowcontrol/request/object_count_tracker.go`; docs/facts/apf.md
//! 4.3. The figures come from polls, so they lag, and are missing for a while after a start.

/// Number and size of the stored objects of a resource (`storage.Stats`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ObjectStats {
    /// Objects.
    pub count: i64,
    /// Estimated mean stored size in bytes; 0 is not known.
    pub average_size: i64,
}

/// Why figures cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum StatsError {
    /// They are older than three minutes (`staleTolerationThreshold`).
    #[error("object count has gone stale for the given resource")]
    Stale,
    /// There have never been any, or they were dropped.
    #[error("object count not found for the given resource")]
    NotFound,
    /// Something else.
    #[error("object count cannot be had")]
    Other,
}
