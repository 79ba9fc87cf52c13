//! [`MaxInFlight`]: what limits requests where API Priority and Fairness is off.
//!
//! Source: k8s.io/apiserver `pkg/server/filters/maxinflight.go`; docs/facts/apf.md section 5.
//! Long-running requests, all watches among them, do not come here; the dropped ones are told to
//! retry after [`super::retry_after::RetryAfter::Constant`].

/// Verbs under the read-only limit (`nonMutatingRequestVerbs`).
const NON_MUTATING_VERBS: [&str; 3] = ["get", "list", "watch"];

/// Group whose members are never turned away (`SystemPrivilegedGroup`).
pub const SYSTEM_PRIVILEGED_GROUP: &str = "system:masters";

/// What became of an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InFlight {
    /// It executes and takes a place: to be given back with [`MaxInFlight::finish`].
    Counted,
    /// It executes without taking a place.
    Uncounted,
    /// It is answered 429.
    Rejected,
}

/// One of the two counters; a limit of 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counter {
    limit: u32,
    used: u32,
}

/// The two counters of a server (`WithMaxInFlightLimit`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaxInFlight {
    non_mutating: Counter,
    mutating: Counter,
}

impl MaxInFlight {
    /// `--max-requests-inflight` and `--max-mutating-requests-inflight`; 0 is no limit.
    #[must_use]
    pub fn new(non_mutating_limit: u32, mutating_limit: u32) -> Self {
        let counter = |limit| Counter { limit, used: 0 };
        Self { non_mutating: counter(non_mutating_limit), mutating: counter(mutating_limit) }
    }

    /// A request arrives. `privileged`: its user is of [`SYSTEM_PRIVILEGED_GROUP`].
    pub fn start(&mut self, verb: &str, privileged: bool) -> InFlight {
        let counter = self.counter(verb);
        if counter.limit == 0 {
            InFlight::Uncounted
        } else if counter.used < counter.limit {
            counter.used += 1;
            InFlight::Counted
        } else if privileged {
            InFlight::Uncounted
        } else {
            InFlight::Rejected
        }
    }

    /// A counted request's handler returned.
    pub fn finish(&mut self, verb: &str) {
        let counter = self.counter(verb);
        counter.used = counter.used.saturating_sub(1);
    }

    /// Requests executing and counted: read-only, mutating.
    #[must_use]
    pub fn in_flight(&self) -> (u32, u32) {
        (self.non_mutating.used, self.mutating.used)
    }

    fn counter(&mut self, verb: &str) -> &mut Counter {
        if NON_MUTATING_VERBS.contains(&verb) { &mut self.non_mutating } else { &mut self.mutating }
    }
}

#[cfg(test)]
mod tests {
    use super::{InFlight, MaxInFlight};

    #[test]
    fn limits_of_upstreams_test() {
        // docs/facts/apf.md section 9, TestMaxInFlightNonMutating and SkipsMasters.
        let mut filter = MaxInFlight::new(3, 1);
        for _ in 0..3 {
            assert_eq!(filter.start("get", false), InFlight::Counted);
        }
        assert_eq!(filter.start("list", false), InFlight::Rejected);
        assert_eq!(filter.start("list", true), InFlight::Uncounted);
        assert_eq!(filter.start("create", false), InFlight::Counted);
        assert_eq!(filter.in_flight(), (3, 1));
        filter.finish("get");
        assert_eq!(filter.start("list", false), InFlight::Counted);
        assert_eq!(MaxInFlight::new(0, 1).start("get", false), InFlight::Uncounted);
    }
}
