//! F. One cold server behind a fast health check: watches of a cache that is still being filled are
//! answered 429, and the REST layer tries again every second, ten times, before the reflector backs
//! off.
//!
//! The envelope for 97,000 watches: up to 970,000 cheap requests in the first 10 s, then 2.9 rounds of
//! the reflector in 10 s, each of up to 11 tries. The first holds. The second counts the pauses between
//! rounds (docs/facts/clients.md section 1.3) and not the rounds themselves, which last 10 s each; and what was
//! refused before the process listened has used up the shortest pauses. There are three rounds in the
//! first minute, 33 requests a watch: 3.2 million.

use crate::storms::{assert_near, run};

/// 970 members with a watch each on custom resources, whose cache is filled at the first request and
/// takes a minute; no release keeps a server out of rotation until then.
fn cold(seconds: u64) -> f64 {
    let run = run(&format!(
        r#"
schema = 1
name = "cold"
[run]
duration = "{seconds}s"
[apiserver]
version = "1.32"
memory-limit = "16GiB"
[node]
memory = "32GiB"
[etcd]
read-rate = "2MB/s"
[balancer]
check-interval = "100ms"
fall = 1
rise = 1
[apf]
enabled = false
[objects.endpoints-of-agents]
count = 60_000
size = "2kB"
shape = "custom"
[[clients]]
name = "agents"
count = 970
reflector = {{ resource = "endpoints-of-agents", watch-list = false }}
[[events]]
name = "restart"
at = "10s"
kill = {{ apiserver = 0 }}
"#
    ));
    run.counters.requests_rejected as f64 / 970.0
}

#[test]
fn a_cold_server_is_asked_a_million_times() {
    // The process is back after 2 s, reflectors after up to 1.6 s of back-off more; eleven tries take
    // 10 s.
    assert_near("tries in the first round", cold(10 + 16), 11.0, 1.0);
    // After one or two refusals the pauses between the rounds are 2.4 to 9.6 s on average, then more.
    assert_near("tries in the minute", cold(10 + 52), 33.0, 1.5);
}
