//! C. A rolling restart of three servers leaves their clients askew: those of each server that ends
//! are spread over the other two, and nothing brings them back.
//!
//! The envelope: (0, 1/2, 1/2), (1/4, 0, 3/4), (5/8, 3/8, 0). Each server must be sized for 3/4 of
//! the fleet. That takes a balancer that has noticed before the sockets close (`--shutdown-delay-duration`):
//! else a server that restarts at once takes a third of its own clients back out of its backlog. `--goaway-chance` evens it out again, in 1 / (chance × requests a second).

use crate::storms::{assert_near, run, watches_at};

fn roll(duration: &str, apiserver: &str, watches: u32) -> String {
    format!(
        r#"
schema = 1
name = "roll"
[run]
duration = "{duration}"
[apiserver]
version = "1.34"
replicas = 3
shutdown-delay = "5s"
{apiserver}
[node]
memory = "32GiB"
[balancer]
policy = "random"
check-interval = "1s"
fall = 2
rise = 2
[objects.pods]
count = 1_000
size = "4kB"
[[clients]]
name = "kubelets"
count = 3_000
start-jitter = "0s"
idle-watches = {}
reflector = {{ resource = "pods", selected = "0.1%" }}
[[events]]
name = "upgrade"
at = "30s"
roll = {{ every = "90s" }}
"#,
        watches - 1
    )
}

fn shares(watches: &[u32]) -> Vec<f64> {
    let all: u32 = watches.iter().sum();
    watches.iter().map(|of_one| f64::from(*of_one) / f64::from(all)).collect()
}

#[test]
fn a_roll_leaves_the_clients_askew() {
    let run = run(&roll("5m", "", 4));
    for (seconds, expected) in [
        (29.0, [1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0]),
        (110.0, [0.0, 0.5, 0.5]),
        (200.0, [0.25, 0.0, 0.75]),
        (290.0, [0.625, 0.375, 0.0]),
    ] {
        let watches = watches_at(&run, seconds);
        assert_eq!(watches.iter().sum::<u32>(), 12_000, "all are back at {seconds} s");
        for (server, (found, expected)) in shares(&watches).iter().zip(expected).enumerate() {
            // Three standard deviations of 3,000 draws.
            let what = format!("server {server} at {seconds} s");
            assert_near(&what, *found, expected, 0.028);
        }
    }
}

/// 60 watches renewed every 450 s are 0.133 requests a second; with the chance of 0.02 a connection is
/// told to go away after 375 s on average, and its watches end up to ten minutes later.
#[test]
fn goaway_evens_out_what_a_roll_left() {
    let askew = shares(&watches_at(&run(&roll("45m", "", 60)), 2_690.0));
    assert!(askew[2] < 0.01, "{askew:?}");
    let run = run(&roll("45m", "goaway-chance = 0.02", 60));
    let even = shares(&watches_at(&run, 2_690.0));
    assert!(even.iter().all(|share| (share - 1.0 / 3.0).abs() < 0.05), "{even:?}");
    // From 0:00 on, each connection: one move in 375 s and the rest of a watch's life, 233 s on
    // average.
    let moves = run.counters.connections_moved as f64 / 3_000.0;
    assert_near("moves of a client", moves, 2_700.0 / (375.0 + 233.0), 0.8);
}
