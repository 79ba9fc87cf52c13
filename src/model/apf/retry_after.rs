//! [`DroppedRequests`]: the Retry-After of 429 answers.
//!
//! Source: k8s.io/apiserver `pkg/util/flowcontrol/dropped_requests_tracker.go` (adaptive, per
//! priority level, since 1.28); constant 1 before that and in the max-in-flight filter.

use std::collections::VecDeque;

use crate::units::{SimSpan, SimTime};

/// Most seconds (`maxRetryAfter`).
pub const MAX_RETRY_AFTER: u64 = 32;

/// Unix time of the simulation's beginning: any large one, as upstream assumes.
const UNIX_EPOCH_OF_SIMULATION: u64 = 1_700_000_000;

/// Requests dropped of one priority level (`droppedRequestsStats`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedRequests {
    /// Seconds and how many were dropped in each, oldest first; not the current second.
    history: VecDeque<(u64, u64)>,
    current_unix: u64,
    current_count: u64,
    retry_after: u64,
    retry_after_update_unix: u64,
}

impl Default for DroppedRequests {
    fn default() -> Self {
        Self {
            history: VecDeque::new(),
            current_unix: 0,
            current_count: 0,
            retry_after: 1,
            retry_after_update_unix: 0,
        }
    }
}

impl DroppedRequests {
    /// A request is dropped now: the Retry-After of its answer, 1 to 32 seconds by how many were
    /// dropped lately (`RecordDroppedRequest`, `GetRetryAfter`).
    pub fn record_dropped_request(&mut self, now: SimTime) -> SimSpan {
        self.record(UNIX_EPOCH_OF_SIMULATION + now.0 / 1_000_000_000);
        SimSpan::secs(self.retry_after)
    }

    fn record(&mut self, unix: u64) {
        if self.current_unix == unix {
            self.current_count += 1;
            return;
        }
        self.update_history();
        self.current_unix = unix;
        self.current_count = 1;
        self.update_retry_after(unix);
    }

    /// The current second is history; what is too old to matter goes.
    fn update_history(&mut self) {
        self.history.push_back((self.current_unix, self.current_count));
        let keep = (2 * self.retry_after).min(MAX_RETRY_AFTER);
        let current = self.current_unix;
        while self.history.front().is_some_and(|&(unix, _)| current - unix > keep) {
            self.history.pop_front();
        }
    }

    /// Doubles on at least three drops per second over the present Retry-After, at most once in that
    /// time; falls by one below one drop per second (`updateRetryAfterIfNeededLocked`).
    fn update_retry_after(&mut self, unix: u64) {
        let retry_after = self.retry_after;
        let dropped: u64 = self
            .history
            .iter()
            .rev()
            .take_while(|&&(second, _)| unix - second <= retry_after)
            .map(|&(_, count)| count)
            .sum();
        if unix - self.retry_after_update_unix >= retry_after && dropped >= 3 * retry_after {
            self.retry_after = (retry_after * 2).min(MAX_RETRY_AFTER);
            self.retry_after_update_unix = unix;
        } else if dropped < retry_after && retry_after > 1 {
            self.retry_after -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DroppedRequests, SimSpan, SimTime};

    #[test]
    fn follows_upstreams_test() {
        // docs/facts/apf.md 7.10: second, drops in it, value after.
        let mut tracker = DroppedRequests::default();
        for (second, drops, expected) in [
            (0, 5, 1),
            (1, 11, 2),
            (2, 1, 2),
            (3, 11, 4),
            (4, 1, 4),
            (7, 1, 8),
            (11, 1, 8),
            (15, 1, 7),
            (17, 1, 6),
            (21, 14, 5),
            (22, 1, 10),
        ] {
            let now = SimTime(second * 1_000_000_000);
            let mut waits = SimSpan::ZERO;
            for _ in 0..drops {
                waits = tracker.record_dropped_request(now);
            }
            assert_eq!(waits, SimSpan::secs(expected), "after second {second}");
        }
    }

    #[test]
    fn one_drop_a_second_leaves_it_as_it_is() {
        let mut tracker = DroppedRequests::default();
        let mut after = |second: u64, drops: u32| {
            let now = SimTime(second * 1_000_000_000);
            (0..drops).map(|_| tracker.record_dropped_request(now)).last()
        };
        assert_eq!(after(0, 5), Some(SimSpan::secs(1)));
        assert_eq!(after(1, 2), Some(SimSpan::secs(2)));
        // Two drops in the two seconds before.
        assert_eq!(after(3, 1), Some(SimSpan::secs(2)));
        // One.
        assert_eq!(after(5, 1), Some(SimSpan::secs(1)));
    }
}
