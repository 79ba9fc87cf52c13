//! The numbers of the watch cache: bounds of the ring, channels of watchers, times.

use crate::units::SimSpan;

/// `defaultLowerBoundCapacity` (`watch_cache.go`): events a ring starts with, and its floor.
pub const LOWER_BOUND: u64 = 100;
/// `defaultUpperBoundCapacity` (`watch_cache.go`): the ceiling for the default history.
pub const UPPER_BOUND: u64 = 100 * 1024;
/// `DefaultEventFreshDuration` (`watch_cache.go`): history worth keeping, a bookmark's period and
/// 15 s more.
pub const DEFAULT_HISTORY: SimSpan = SimSpan::secs(75);
/// What the history exceeds the request timeout by, where that is longer (control plane options,
/// from 1.33).
pub const HISTORY_BEYOND_TIMEOUT: SimSpan = SimSpan::secs(15);
/// `blockTimeout` (`watch_cache.go`): how long a read waits for the cache to be fresh enough.
pub const BLOCK_TIMEOUT: SimSpan = SimSpan::secs(3);
/// `defaultBookmarkFrequency` (cacher.go).
pub const BOOKMARK_PERIOD: SimSpan = SimSpan::secs(60);
/// `storageWatchListPageSize` (cacher.go): keys in a page of the cacher's own LIST.
pub const RELIST_PAGE: u64 = 10_000;
/// `MaxInternalErrorRetryDuration` (cacher.go): for how long a cache puts up with internal errors of
/// its watch on etcd.
pub const CACHER_INTERNAL_ERROR_RETRY: SimSpan = SimSpan::secs(30);

/// `minWatchChanSize` (`watch_cache.go`).
pub const LEAST_CHANNEL: u64 = 10;
/// `maxWatchChanSizeWithIndexAndTrigger` (`watch_cache.go`).
pub const MOST_CHANNEL_TRIGGERED: u64 = 10;
/// `maxWatchChanSizeWithIndexWithoutTrigger` (`watch_cache.go`).
pub const MOST_CHANNEL_INDEXED: u64 = 1_000;
/// `maxWatchChanSizeWithoutIndex` (`watch_cache.go`).
pub const MOST_CHANNEL: u64 = 100;

/// Resources with an index of watchers, and the field it is on (the registries' trigger functions).
const INDEXED: [(&str, &str); 2] =
    [("pods", "spec.nodeName"), ("resourceslices.resource.k8s.io", "spec.nodeName")];

/// The field by which watchers of a resource are indexed, if they are.
#[must_use]
pub fn watcher_index(resource: &str) -> Option<&'static str> {
    INDEXED.iter().find(|(name, _)| *name == resource).map(|(_, field)| *field)
}

/// Most events that a ring may hold to keep `history`; more than [`UPPER_BOUND`] from 1.33 on.
///
/// The next power of two of the ratio to the default history, as far as it fits 32 bits.
#[must_use]
pub fn upper_bound(history: SimSpan) -> u64 {
    const MOST_DOUBLINGS: u32 = (i32::MAX as u64 / UPPER_BOUND).ilog2();
    let enough = (0..MOST_DOUBLINGS).find(|&n| DEFAULT_HISTORY.times(1 << n) >= history);
    UPPER_BOUND << enough.unwrap_or(MOST_DOUBLINGS)
}

/// How long the events of a server are worth keeping: fixed until 1.32; from 1.33 as long as a
/// request may take, at least.
#[must_use]
pub fn history(follows_request_timeout: bool, request_timeout: SimSpan) -> SimSpan {
    let least = DEFAULT_HISTORY;
    if follows_request_timeout {
        least.max(request_timeout + HISTORY_BEYOND_TIMEOUT)
    } else {
        least
    }
}

/// How many events the channel of a new watcher takes: a second's worth of the full ring, within
/// bounds (`suggestedWatchChannelSize`). `indexed`: the resource has an index of watchers;
/// `triggered`: the watch uses it.
#[must_use]
pub fn channel_size(capacity: u64, history: SimSpan, indexed: bool, triggered: bool) -> u64 {
    let most = match (indexed, triggered) {
        (true, true) => MOST_CHANNEL_TRIGGERED,
        (true, false) => MOST_CHANNEL_INDEXED,
        (false, _) => MOST_CHANNEL,
    };
    let second = u128::from(SimSpan::secs(1).0);
    let events = (u128::from(capacity) * second).div_ceil(u128::from(history.0.max(1)));
    u64::try_from(events).unwrap_or(u64::MAX).clamp(LEAST_CHANNEL, most)
}

/// The `Retry-After` of a 429 while a cache has been down for so long
/// (`calculateRetryAfterForUnreadyCache`); a constant second until 1.32.
#[must_use]
pub fn unready_retry_after(down: SimSpan, grows: bool) -> SimSpan {
    const GROWTH: f64 = 0.06;
    const MOST: f64 = 30.0;
    if !grows {
        return SimSpan::secs(1);
    }
    let seconds = libm::exp(GROWTH * down.as_secs_f64()).clamp(1.0, MOST);
    SimSpan::secs(seconds as u64)
}
