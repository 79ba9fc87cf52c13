//! [`WorkEstimator`]: how many seats a request takes, and for how long beyond its execution.
//!
//! Source: k8s.io/apiserver `pkg/util/flowcontrol/request/{width,list_work_estimator,
//! mutating_work_estimator,config}.go`; docs/facts/apf.md section 4.

use super::classify::RequestInfo;
use super::object_count::{ObjectStats, StatsError};
use super::seat_seconds::SeatSeconds;
use super::work_estimate::WorkEstimate;
use crate::model::release::{ListRouting, Release};
use crate::units::SimSpan;

/// Bytes in memory that one seat stands for (`bytesPerSeat`).
const BYTES_PER_SEAT: f64 = 100_000.0;
/// Most bytes that a list from the cache is taken to hold at once, as it is streamed
/// (`cacheWithStreamingMaxMemoryUsage`).
const CACHE_WITH_STREAMING_MAX_MEMORY_USAGE: i64 = 1_000_000;
/// Size of an object when it is not known (`maxObjectSize`).
const MAX_OBJECT_SIZE: i64 = 1_500_000;
/// Objects when their number is not known (`infiniteObjectCount`).
const INFINITE_OBJECT_COUNT: i64 = 1_000_000_000;

/// Parameters (`WorkEstimatorConfig`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WorkEstimatorConfig {
    /// Least seats of a request.
    pub minimum_seats: u64,
    /// Most seats of a list.
    pub maximum_list_seats_limit: u64,
    /// Most seats of a mutating request.
    pub maximum_mutating_seats_limit: u64,
    /// Objects per seat, where lists are priced by number.
    pub objects_per_seat: f64,
    /// Whether mutating requests are priced by watchers at all.
    pub mutating_enabled: bool,
    /// Work that an event makes for each seat's worth of watchers.
    pub event_additional_duration: SimSpan,
    /// Watchers per seat.
    pub watches_per_seat: f64,
}

impl WorkEstimatorConfig {
    /// The defaults (`DefaultWorkEstimatorConfig`).
    #[must_use]
    pub fn of_release(release: &Release) -> Self {
        Self {
            minimum_seats: 1,
            maximum_list_seats_limit: if release.size_based_list_cost { 100 } else { 10 },
            maximum_mutating_seats_limit: 10,
            objects_per_seat: 100.0,
            mutating_enabled: true,
            event_additional_duration: SimSpan::millis(5),
            watches_per_seat: 10.0,
        }
    }
}

/// `resourceVersion`, as far as it matters here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RequestedVersion {
    /// Unset or empty.
    #[default]
    Unset,
    /// `0`.
    Zero,
    /// Any other.
    Specific,
}

/// `resourceVersionMatch`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum VersionMatch {
    /// Unset or empty.
    #[default]
    Unset,
    /// `Exact`.
    Exact,
    /// `NotOlderThan`.
    NotOlderThan,
    /// Anything else.
    Unknown,
}

/// The query of a list or watch, as far as it matters here (`ListOptions`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ListOptions {
    /// `limit`; 0 or less is none.
    pub limit: i64,
    /// Whether there is a `continue`.
    pub continues: bool,
    /// `resourceVersion`.
    pub resource_version: RequestedVersion,
    /// `resourceVersionMatch`.
    pub resource_version_match: VersionMatch,
    /// Whether there is a label or field selector.
    pub selector: bool,
    /// `sendInitialEvents`.
    pub send_initial_events: bool,
}

/// What the estimator looks up.
pub trait Lookups {
    /// What is known of the stored objects of a request's resource.
    ///
    /// # Errors
    /// The figures are missing or stale.
    fn stats(&mut self, info: &RequestInfo) -> Result<ObjectStats, StatsError>;

    /// How many watchers a request is taken to have (`watchTracker.GetInterestedWatchCount`).
    fn watch_count(&mut self, info: &RequestInfo) -> u64;
}

/// Estimates the work of requests (`workEstimator`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WorkEstimator {
    config: WorkEstimatorConfig,
    release: Release,
    consistent_reads_from_cache: bool,
}

impl WorkEstimator {
    /// An estimator of a release. `watch_progress`: whether etcd supports progress requests, so
    /// that reads of the latest version can be answered from the cache.
    #[must_use]
    pub fn new(config: WorkEstimatorConfig, release: Release, watch_progress: bool) -> Self {
        Self {
            config,
            release,
            consistent_reads_from_cache: release.consistent_list_from_cache && watch_progress,
        }
    }

    /// The work of a request. `info` is `None` when the server has none, `options` when they cannot
    /// be parsed; `level_max_seats` is what the priority level allows (0: not known).
    pub fn estimate(
        &self,
        info: Option<&RequestInfo>,
        options: Option<&ListOptions>,
        level_max_seats: u64,
        lookups: &mut impl Lookups,
    ) -> WorkEstimate {
        let config = &self.config;
        let Some(info) = info else {
            let limit = config.maximum_list_seats_limit.max(config.maximum_mutating_seats_limit);
            return WorkEstimate::of_seats(if self.release.uniform_estimate {
                cap(level_max_seats, limit)
            } else {
                limit
            });
        };
        let as_list = match info.verb {
            "list" => true,
            "watch" => self.release.watch_list,
            _ => false,
        };
        if as_list {
            let most = cap(level_max_seats, config.maximum_list_seats_limit);
            return WorkEstimate::of_seats(self.list_seats(info, options, most, lookups));
        }
        if matches!(info.verb, "create" | "update" | "patch" | "delete") {
            let most = cap(level_max_seats, config.maximum_mutating_seats_limit);
            return self.mutating(info, most, lookups);
        }
        WorkEstimate::of_seats(config.minimum_seats)
    }

    /// Seats of a list, or of a watch that begins with one (`listWorkEstimator.estimate`).
    fn list_seats(
        &self,
        info: &RequestInfo,
        options: Option<&ListOptions>,
        most: u64,
        lookups: &mut impl Lookups,
    ) -> u64 {
        let least = self.config.minimum_seats;
        let single = !info.name.is_empty();
        if single && !self.release.uniform_estimate {
            return least;
        }
        let Some(options) = options else {
            return most;
        };
        let watch = info.verb == "watch";
        if watch && !self.is_initial_list(options) {
            return least;
        }
        let from_cache = watch || !self.goes_to_storage(options);
        let stats = match lookups.stats(info) {
            Ok(stats) => stats,
            Err(StatsError::NotFound) => return least,
            Err(StatsError::Stale | StatsError::Other) if !self.release.uniform_estimate => {
                return most;
            }
            Err(StatsError::Stale | StatsError::Other) => {
                ObjectStats { count: INFINITE_OBJECT_COUNT, average_size: MAX_OBJECT_SIZE }
            }
        };
        let seats = if self.release.size_based_list_cost {
            seats_by_size(&stats, options, from_cache, single)
        } else {
            self.seats_by_count(&stats, options, from_cache, single)
        };
        seats.max(least).min(most)
    }

    /// Whether a watch begins with the present objects and is priced for it.
    fn is_initial_list(&self, options: &ListOptions) -> bool {
        options.send_initial_events
            || self.release.legacy_watch_is_list
                && options.resource_version != RequestedVersion::Specific
    }

    /// Whether etcd rather than the watch cache is taken to answer (`shouldListFromStorage`,
    /// `ShouldDelegateList`).
    fn goes_to_storage(&self, options: &ListOptions) -> bool {
        let version = options.resource_version;
        let limited = options.limit > 0;
        let unset_match = options.resource_version_match == VersionMatch::Unset;
        let not_older = options.resource_version_match == VersionMatch::NotOlderThan;
        let consistent = version == RequestedVersion::Unset;
        let consistent_read = match self.release.list_routing {
            ListRouting::AnyLimit => consistent && !self.release.consistent_list_from_cache,
            ListRouting::LegacyExact | ListRouting::MatchFirst => {
                consistent && !self.consistent_reads_from_cache
            }
        };
        let legacy_exact = limited && unset_match && version == RequestedVersion::Specific;
        let unsupported_match = !unset_match && !not_older;
        match self.release.list_routing {
            ListRouting::AnyLimit => {
                let limited = limited && version != RequestedVersion::Zero;
                consistent_read || options.continues || limited || unsupported_match
            }
            ListRouting::LegacyExact => {
                consistent_read || options.continues || legacy_exact || unsupported_match
            }
            ListRouting::MatchFirst if not_older => false,
            ListRouting::MatchFirst => {
                unsupported_match || options.continues || legacy_exact || consistent_read
            }
        }
    }

    /// One seat per `objects_per_seat` objects processed (`seatsBasedOnObjectCount`).
    fn seats_by_count(
        &self,
        stats: &ObjectStats,
        options: &ListOptions,
        from_cache: bool,
        single: bool,
    ) -> u64 {
        let limited = limited_count(stats, options);
        let processed = if single {
            1
        } else if from_cache {
            stats.count
        } else if options.selector {
            stats.count.wrapping_add(limited)
        } else {
            limited.wrapping_mul(2)
        };
        (processed as f64 / self.config.objects_per_seat).ceil() as u64
    }

    /// The watchers' work after a write (`mutatingWorkEstimator.estimate`).
    fn mutating(&self, info: &RequestInfo, most: u64, lookups: &mut impl Lookups) -> WorkEstimate {
        let config = &self.config;
        let makes_no_event = info.resource == "serviceaccounts" && info.subresource == "token";
        if !config.mutating_enabled || makes_no_event {
            return WorkEstimate::of_seats(config.minimum_seats);
        }
        let watch_count = lookups.watch_count(info);
        let mut estimate = WorkEstimate::of_seats(1);
        if watch_count >= config.watches_per_seat as u64 {
            let seats = (watch_count as f64 / config.watches_per_seat).ceil();
            let event = i64::try_from(config.event_additional_duration.0).unwrap_or(i64::MAX);
            let final_work = SeatSeconds::of(seats, event);
            estimate.final_seats = (seats as u64).min(most);
            estimate.additional_latency = final_work.duration_per_seat(estimate.final_seats as f64);
        }
        estimate
    }
}

/// The most seats: the level's, if known and not above the general limit.
fn cap(level_max_seats: u64, limit: u64) -> u64 {
    if level_max_seats == 0 || level_max_seats > limit { limit } else { level_max_seats }
}

/// How many objects a list returns at most.
fn limited_count(stats: &ObjectStats, options: &ListOptions) -> i64 {
    if options.limit > 0 && options.limit < stats.count { options.limit } else { stats.count }
}

/// One seat per [`BYTES_PER_SEAT`] in memory at once (`seatsBasedOnObjectSize`).
fn seats_by_size(
    stats: &ObjectStats,
    options: &ListOptions,
    from_cache: bool,
    single: bool,
) -> u64 {
    let size = if stats.average_size <= 0 && stats.count != 0 {
        MAX_OBJECT_SIZE
    } else {
        stats.average_size
    };
    let limited = limited_count(stats, options);
    let loaded = if single {
        1
    } else if !from_cache && options.selector {
        limited.max(stats.count / 2)
    } else {
        limited
    };
    let mut at_once = loaded.wrapping_mul(size);
    if from_cache {
        at_once = at_once.min(CACHE_WITH_STREAMING_MAX_MEMORY_USAGE);
    }
    (at_once as f64 / BYTES_PER_SEAT).ceil() as u64
}
