//! The storm arithmetic of docs/facts/clients.md section 7: what a back of an envelope says of reconnect
//! storms, held to runs at a scale of seconds. A file a letter; each says what the envelope leaves
//! out.

mod a_agents;
mod b_server_lost;
mod c_roll;
mod d_failover;
mod e_partition;
mod f_cold_server;
mod g_crash_loop;
mod h_rollout;
mod incidents;

use crate::support;
use oomcast::results::{LogKind, RunRecord};

/// Runs a scenario with all invariants on.
pub(crate) fn run(text: &str) -> RunRecord {
    support::run(&support::valid(text, &[]).inputs, 1)
}

/// Watches open on each server, `seconds` into the run.
fn watches_at(run: &RunRecord, seconds: f64) -> Vec<u32> {
    let of = |timeline: &oomcast::results::Timeline| {
        let before = timeline.points.iter().rev().find(|p| p.at.as_secs_f64() <= seconds);
        before.map_or(0, |point| point.watches)
    };
    run.timelines.iter().map(of).collect()
}

/// Seconds at which something was logged that says so.
fn logged(run: &RunRecord, kind: LogKind, says: &str) -> Vec<f64> {
    let fits = run.log.iter().filter(|line| line.kind == kind && line.message.contains(says));
    fits.map(|line| line.at.as_secs_f64()).collect()
}

#[track_caller]
fn assert_near(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found}, not {expected} ± {tolerance}");
}
