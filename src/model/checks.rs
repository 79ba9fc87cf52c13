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

/// Ticks of servers in the present second: those that did something, and those at which a line only
/// crossed a threshold.
#[derive(Clone, Copy, Debug, Default)]
pub struct Thresholds {
    second: u64,
    done: u64,
    crossed: u64,
}

/// Most crossings in a second, for each server, ...
const MOST_THRESHOLDS: u64 = 1_000;
/// ... and for each tick at which a phase ended or a collection began or ended: freed pages run out
/// twice in a cycle, and what large blocks can use of them. `memory.high` is looked at per cent by per
/// cent. A line that is held at a threshold must stay there, and not cross it back and forth.
const THRESHOLDS_A_STEP: u64 = 8;

impl Thresholds {
    /// One of `servers` ticks; `steps`: it did something.
    ///
    /// # Panics
    /// When there are too many that did not.
    pub fn tick(&mut self, servers: usize, steps: bool, now: SimTime) {
        let second = now.0 / 1_000_000_000;
        if self.second != second {
            *self = Self { second, ..Self::default() };
        }
        self.done += u64::from(steps);
        self.crossed += u64::from(!steps);
        let most = MOST_THRESHOLDS * servers as u64 + THRESHOLDS_A_STEP * self.done;
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
            thresholds.tick(3, micros % 100 == 0, SimTime(micros * 1_000));
        }
    }

    /// Each of a thousand steps may come with eight crossings.
    #[test]
    fn crossings_that_steps_explain_are_no_flapping() {
        let mut thresholds = Thresholds::default();
        for micros in 0..9_000 {
            thresholds.tick(1, micros % 9 == 0, SimTime(micros * 1_000));
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
