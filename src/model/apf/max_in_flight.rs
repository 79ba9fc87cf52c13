//! [`MaxInFlight`]: what limits requests where API Priority and Fairness is off.
//!
//! Source: k8s.io/apiserver `pkg/server/filters/maxinflight.go`; docs/facts/apf.md section 5. The
//! model asks it for LISTs: watches are long-running and never come here, and without API Priority
//! and Fairness writes are steady load. A rejected request is answered 429 with a Retry-After of
//! 1 s.

/// Group whose members are never rejected (`SystemPrivilegedGroup`).
const SYSTEM_PRIVILEGED_GROUP: &str = "system:masters";

/// What became of an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InFlight {
    /// It executes and takes a place, given back by [`MaxInFlight::finish`] or
    /// [`MaxInFlight::release`].
    Counted,
    /// It executes without taking a place.
    Uncounted,
    /// It is answered 429.
    Rejected,
}

/// The read-only counter of a server process (`nonMutatingChan` of `WithMaxInFlightLimit`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaxInFlight {
    limit: u32,
    used: u32,
    /// Whether the request in a slot holds a place.
    holds: Vec<bool>,
}

impl MaxInFlight {
    /// With `--max-requests-inflight`; 0 is no limit.
    #[must_use]
    pub const fn new(limit: u32) -> Self {
        Self { limit, used: 0, holds: Vec::new() }
    }

    /// A read-only request of a user in `groups` arrives.
    pub fn start(&mut self, groups: &[String]) -> InFlight {
        if self.limit == 0 {
            InFlight::Uncounted
        } else if self.used < self.limit {
            self.used += 1;
            InFlight::Counted
        } else if groups.iter().any(|group| group == SYSTEM_PRIVILEGED_GROUP) {
            InFlight::Uncounted
        } else {
            InFlight::Rejected
        }
    }

    /// A counted request is over.
    pub const fn finish(&mut self) {
        self.used = self.used.saturating_sub(1);
    }

    /// A counted request is served in a slot of its server until [`MaxInFlight::release`].
    pub fn tie(&mut self, slot: usize) {
        if self.holds.len() <= slot {
            self.holds.resize(slot + 1, false);
        }
        debug_assert!(!self.holds[slot], "a request's place would never be freed");
        self.holds[slot] = true;
    }

    /// The request in a slot is over: its place, if it held one, is free.
    pub fn release(&mut self, slot: usize) {
        if self.holds.get_mut(slot).is_some_and(std::mem::take) {
            self.finish();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{InFlight, MaxInFlight};

    #[test]
    fn limits_of_upstreams_test() {
        // docs/facts/apf.md section 9, TestMaxInFlightNonMutating and SkipsMasters.
        let mut filter = MaxInFlight::new(3);
        let masters = ["system:masters".to_owned()];
        for slot in 0..3 {
            assert_eq!(filter.start(&[]), InFlight::Counted);
            filter.tie(slot);
        }
        assert_eq!(filter.start(&[]), InFlight::Rejected);
        assert_eq!(filter.start(&masters), InFlight::Uncounted);
        filter.release(1);
        filter.release(1);
        filter.release(7);
        assert_eq!(filter.start(&masters), InFlight::Counted);
        assert_eq!(filter.start(&[]), InFlight::Rejected);
        filter.finish();
        assert_eq!(filter.start(&[]), InFlight::Counted);
        assert_eq!(MaxInFlight::new(0).start(&[]), InFlight::Uncounted);
    }
}
