//! How long a request may wait in its queue.
//!
//! Source: k8s.io/apiserver `pkg/server/filters/priority-and-fairness.go` `getRequestWaitContext`;
//! docs/facts/apf.md section 0.

use crate::units::SimSpan;

/// Most that a request may wait in its queue (hard limit of `getRequestWaitContext`).
pub const MAX_REQUEST_WAIT: SimSpan = SimSpan::secs(60);

/// How long after its receipt a request is turned away if it still waits
/// (`getRequestWaitContext`): a quarter of the time it was given. `allotted` is from the receipt to
/// the request's deadline; a watch has none, and waits like a request with the server's
/// `--request-timeout`.
#[must_use]
pub fn request_wait_limit(allotted: Option<SimSpan>, request_timeout: SimSpan) -> SimSpan {
    let whole = allotted.unwrap_or(request_timeout);
    SimSpan(whole.0 / 4).min(MAX_REQUEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_time_given() {
        let minute = SimSpan::secs(60);
        assert_eq!(request_wait_limit(None, minute), SimSpan::secs(15));
        assert_eq!(request_wait_limit(Some(SimSpan::secs(20)), minute), SimSpan::secs(5));
        assert_eq!(request_wait_limit(Some(SimSpan::secs(600)), minute), minute);
    }
}
