//! Invariants, checked after every event of every run in builds with debug assertions: the tests.

use super::apiserver::server::Server;

/// Books of one server: ledger sums, heap against ledger, every request in exactly one class.
///
/// # Panics
/// When one does not hold.
pub fn server(server: &Server) {
    server.check();
}
