//! Invariants, checked after every event of every run in builds with debug assertions: the tests.

use super::admission::Admission;
use super::apiserver::server::Server;
use crate::results::Counters;
use crate::units::SimTime;

/// Seats of one server: none is held for a request that is gone, and every arrival is accounted for.
///
/// # Panics
/// When that does not hold.
pub fn admission(admission: Option<&Admission>) {
    if let Some(admission) = admission {
        admission.check();
    }
}

/// Books of one server: ledger sums, heap against ledger, every request in exactly one class, no
/// growth past the limit.
///
/// # Panics
/// When one does not hold.
pub fn server(server: &Server) {
    server.check();
}

/// Accounts of a whole run: every call came to exactly one end.
///
/// # Panics
/// When a call was lost or counted twice.
pub fn accounts(counters: &Counters) {
    let ended = counters.requests_answered
        + counters.requests_failed
        + counters.requests_rejected
        + counters.requests_timed_out
        + counters.requests_gone
        + counters.requests_cancelled;
    assert_eq!(counters.requests_made, ended + counters.requests_open, "calls do not add up");
    assert!(counters.lists_ok <= counters.requests_answered, "more lists than answers");
}

/// Thresholds of servers that were crossed in the present second without a phase that ended or a
/// collection that began or ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Thresholds {
    second: u64,
    crossed: u32,
}

/// Most of them in a second, for each server. `memory.high` is looked at per cent by per cent, and
/// freed pages run out twice in a cycle: 100 are many. A line that is held at a threshold must stay
/// there, and not cross it back and forth.
const MOST_THRESHOLDS: u32 = 1_000;

impl Thresholds {
    /// One of `servers` crosses one.
    ///
    /// # Panics
    /// When there are too many.
    pub fn crossed(&mut self, servers: usize, now: SimTime) {
        let second = now.0 / 1_000_000_000;
        if self.second != second {
            *self = Self { second, crossed: 0 };
        }
        self.crossed += 1;
        let most = MOST_THRESHOLDS.saturating_mul(servers as u32);
        assert!(self.crossed <= most, "{} thresholds crossed in a second at {now}", self.crossed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "thresholds crossed in a second")]
    fn a_threshold_that_flaps_is_found() {
        let mut thresholds = Thresholds::default();
        for micros in 0..10_000 {
            thresholds.crossed(3, SimTime(micros * 1_000));
        }
    }

    #[test]
    fn calls_that_end_once_add_up() {
        let counters = Counters {
            requests_made: 28,
            requests_answered: 1,
            requests_failed: 2,
            requests_rejected: 3,
            requests_timed_out: 4,
            requests_gone: 5,
            requests_cancelled: 6,
            requests_open: 7,
            ..Counters::default()
        };
        accounts(&counters);
    }

    #[test]
    #[should_panic(expected = "calls do not add up")]
    fn a_lost_call_is_found() {
        accounts(&Counters { requests_made: 2, requests_answered: 1, ..Counters::default() });
    }
}
