//! [`ObjectCount`]: what the work estimator knows of the stored objects of a resource.
//!
//! Source: k8s.io/apiserver `pkg/util/flowcontrol/request/object_count_tracker.go`; docs/facts/apf.md
//! 4.3. The figures come from polls, so they lag, and are missing for a while after a start.

use crate::units::{SimSpan, SimTime};

/// From this age on figures are stale (`staleTolerationThreshold`).
pub const STALE_TOLERATION_THRESHOLD: SimSpan = SimSpan::secs(3 * 60);

/// Figures of this age are dropped, at most as much later (`pruneInterval`).
pub const PRUNE_INTERVAL: SimSpan = SimSpan::secs(60 * 60);

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
    /// They are older than [`STALE_TOLERATION_THRESHOLD`].
    #[error("object count has gone stale for the given resource")]
    Stale,
    /// There have never been any, or they were dropped.
    #[error("object count not found for the given resource")]
    NotFound,
    /// Something else.
    #[error("object count cannot be had")]
    Other,
}

/// The latest figures of one resource (`timestampedStats`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ObjectCount {
    latest: Option<(ObjectStats, SimTime)>,
}

impl ObjectCount {
    /// A poll succeeded.
    pub fn set(&mut self, now: SimTime, stats: ObjectStats) {
        self.latest = Some((stats, now));
    }

    /// The figures.
    ///
    /// # Errors
    /// They are missing or stale.
    pub fn get(&self, now: SimTime) -> Result<ObjectStats, StatsError> {
        let (stats, updated) = self.latest.ok_or(StatsError::NotFound)?;
        if now.since(updated) > STALE_TOLERATION_THRESHOLD {
            return Err(StatsError::Stale);
        }
        Ok(stats)
    }

    /// The hourly pruning: drops figures that are [`PRUNE_INTERVAL`] old.
    pub fn prune(&mut self, now: SimTime) {
        if let Some((_, updated)) = self.latest
            && now.since(updated) >= PRUNE_INTERVAL
        {
            self.latest = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_go_stale_and_are_dropped() {
        let at = |seconds| SimTime::ZERO + SimSpan::secs(seconds);
        let stats = ObjectStats { count: 7, average_size: 100 };
        let mut count = ObjectCount::default();
        assert_eq!(count.get(at(0)), Err(StatsError::NotFound));
        count.set(at(10), stats);
        assert_eq!(count.get(at(190)), Ok(stats));
        assert_eq!(count.get(at(191)), Err(StatsError::Stale));
        count.prune(at(3609));
        assert_eq!(count.get(at(3609)), Err(StatsError::Stale));
        count.prune(at(3610));
        assert_eq!(count.get(at(3610)), Err(StatsError::NotFound));
    }
}
