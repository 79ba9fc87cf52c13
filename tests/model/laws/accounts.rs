//! Every call comes to exactly one end.

use crate::laws::world::{BURST, TURMOIL, inputs, run};
use crate::support::shipped;
use oomcast::results::{Counters, RunRecord};

fn balance(counters: &Counters) -> (u64, u64) {
    let ended = counters.requests_answered
        + counters.requests_failed
        + counters.requests_rejected
        + counters.requests_timed_out
        + counters.requests_gone
        + counters.requests_cancelled
        + counters.requests_open;
    (counters.requests_made, ended)
}

fn assert_balanced(run: &RunRecord) {
    let (made, ended) = balance(&run.counters);
    assert_eq!(made, ended, "{:?}", run.counters);
}

#[test]
fn in_turmoil() {
    let inputs = inputs(TURMOIL, &[]);
    let runs: Vec<RunRecord> = (0..5).map(|seed| run(&inputs, seed)).collect();
    runs.iter().for_each(assert_balanced);
    let sum = |of: fn(&Counters) -> u64| runs.iter().map(|run| of(&run.counters)).sum::<u64>();
    // The scenario is worth something only if every end occurs.
    assert!(sum(|c| c.requests_answered) > 1_000);
    assert!(sum(|c| c.requests_failed) > 0);
    assert!(sum(|c| c.requests_rejected) > 0);
    assert!(sum(|c| c.requests_timed_out) > 0);
    assert!(sum(|c| c.requests_gone) > 0);
    assert!(sum(|c| c.requests_cancelled) > 0);
    assert!(sum(|c| c.watches_lost) > 0);
    assert!(runs.iter().any(|run| run.oom_kills() > 0), "nobody dies");
}

#[test]
fn when_the_run_ends_in_the_middle() {
    let mut open = 0;
    for duration in ["31s", "31500ms", "33s"] {
        let run = run(&inputs(BURST, &[&format!("run.duration={duration}")]), 3);
        assert_balanced(&run);
        open += run.counters.requests_open;
    }
    assert!(open > 0, "no run ends in the middle of a list");
}

#[test]
fn in_the_shipped_scenarios() {
    for name in ["cilium-restart", "ha-cascade", "kep-3157-buffered", "list-benchmark-buffered"] {
        let run = run(&shipped(name, &[]).inputs, 1);
        assert_balanced(&run);
        assert!(run.counters.requests_made > 0, "{name}");
    }
}

/// Who held the memory at a peak holds all of it, and no more.
#[test]
fn holders_sum_to_the_peak() {
    for seed in 0..5 {
        for server in run(&inputs(TURMOIL, &[]), seed).servers {
            let held: u64 = server.holders_at_peak.iter().map(|holder| holder.bytes.0).sum();
            assert_eq!(held, server.peak_resident.0, "{}", server.name);
        }
    }
}

/// The kernel kills where the limit is crossed, not somewhere above it.
#[test]
fn peaks_end_at_the_limit() {
    /// The largest single step: a gzip writer, a window, a few items of 1 MB; and the pages that a
    /// cgroup does not charge.
    const ABOVE: u64 = 40_000_000 + (16 << 20);
    for (text, limit) in
        [(BURST, "1500MiB"), (BURST, "2GiB"), (TURMOIL, "1500MiB"), (TURMOIL, "2GiB")]
    {
        let inputs = inputs(text, &[&format!("apiserver.memory-limit={limit}")]);
        let mut kills = 0;
        for seed in 0..5 {
            for server in run(&inputs, seed).servers {
                kills += server.oom_kills.len();
                for kill in &server.oom_kills {
                    assert!(kill.resident.0 > server.limit.0);
                    assert!(kill.resident.0 <= server.limit.0 + ABOVE, "{limit}: {kill:?}");
                }
                assert!(server.peak_resident.0 <= server.limit.0 + ABOVE, "{limit}");
            }
        }
        assert!(kills > 0, "nobody dies at {limit}");
    }
}
