//! Facts of client-go and of Go's HTTP/2 transport that the clients of every fleet share.
//!
//! What differs between releases of client-go is in [`super::era`].

use crate::units::SimSpan;

/// `maxRetries` of one REST call (client-go `rest/request.go`).
pub const MAX_RETRIES: u8 = 10;
/// `defaultPageSize` of the pager, sent with resource versions "" and "0" (docs/facts/clients.md section
/// 1.1), in objects.
pub const PAGER_LIMIT: u64 = 500;
/// Between which a reflector draws the time-out of a watch: `defaultMinWatchTimeout` and twice that
/// (docs/facts/clients.md section 1.4).
pub const WATCH_TIMEOUT: (SimSpan, SimSpan) = (SimSpan::secs(300), SimSpan::secs(600));
/// How long a client waits for the TLS handshake: `TLSHandshakeTimeout` (client-go
/// `transport/cache.go`).
pub const HANDSHAKE_TIMEOUT: SimSpan = SimSpan::secs(10);
/// Retry-After of a rejection (docs/facts/clients.md section 2.2), and the REST layer's pause after a
/// reset.
pub const RETRY_AFTER: SimSpan = SimSpan::secs(1);
/// `dialer` time-out against a silent server (docs/facts/clients.md section 2.3).
pub const DIAL_TIMEOUT: SimSpan = SimSpan::secs(30);
/// A silent death is noticed by HTTP/2 pings after 30 to 45 s (docs/facts/clients.md section 2.3):
/// `ReadIdleTimeout`, and at most `PingTimeout` more.
pub const PING_IDLE: SimSpan = SimSpan::secs(30);
/// See [`PING_IDLE`].
pub const PING_SPREAD: SimSpan = SimSpan::secs(15);
/// Redials of one instant are spread by the network and the clients' schedulers (assumed).
pub const REDIAL_SPREAD: SimSpan = SimSpan::millis(20);
