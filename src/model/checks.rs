//! Invariants, checked after every event of every run in builds with debug assertions: the tests.

use super::admission::Admission;
use super::apiserver::server::Server;
use crate::results::Counters;

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

#[cfg(test)]
mod tests {
    use super::*;

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
