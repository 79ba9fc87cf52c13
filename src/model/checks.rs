//! Invariants, checked after every event of every run in builds with debug assertions: the tests.

use super::admission::Admission;
use super::apiserver::server::Server;

/// Seats of one server: none is held for a request that is gone, and every arrival is accounted for.
///
/// # Panics
/// When that does not hold.
pub fn admission(admission: Option<&Admission>) {
    if let Some(admission) = admission {
        admission.check();
    }
}

/// Books of one server: ledger sums, heap against ledger, every request in exactly one class.
///
/// # Panics
/// When one does not hold.
pub fn server(server: &Server) {
    server.check();
}
