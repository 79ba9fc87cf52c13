//! One replication of every measured run, with what `oomcast validate` does not show: CPU time,
//! collections, and who held the memory.
//!
//! `cargo test --test fidelity measured -- --nocapture` prints the table; `RUN=kep3157` picks runs by name,
//! `VERBOSE=1` adds who held the memory. The figures themselves are held by `tests/fidelity/validate.rs`.

#![expect(clippy::print_stdout, reason = "the test prints its table")]

use oomcast::model::{self, RunOptions};
use oomcast::results::{LogKind, RunRecord};
use oomcast::validation::observation::Run;
use oomcast::validation::{Gathered, Observation, ha, mapping};

/// A single run may be this far off; `tests/fidelity/validate.rs` judges medians.
const WORST: f64 = 0.35;

#[test]
fn every_run_can_be_replayed() {
    println!(
        "{:46} {:>8} {:>8} {:>7} | {:>6} {:>6} {:>6}",
        "run", "measured", "model", "err", "t", "model", "cpu"
    );
    let filter = std::env::var("RUN").unwrap_or_default();
    let mut gathered = Gathered::default();
    gathered.add_committed();
    for found in &gathered.found {
        let Observation::Run(run) = &found.observation else { continue };
        if run.id.contains(&filter) {
            let options = RunOptions { seed: 1, replication: 0, timelines: false };
            let inputs = mapping::inputs(run).expect("a run that can be mapped");
            let record = model::run(&inputs, options);
            row(run, &record);
            let (peak, measured) =
                (record.servers[0].peak_resident, run.result.peak_resident_bytes);
            let off = peak.as_f64() / measured as f64 - 1.0;
            assert!(off.abs() < WORST, "{}: {:+.1} %", run.id, off * 100.0);
        }
    }
}

/// Servers at their limits, under a quota, make no storm of events: once a scavenger that keeps step with a
/// growing heap was looked at every microsecond.
#[test]
fn runs_of_several_servers_take_few_events() {
    const MOST: u64 = 100_000;
    let mut gathered = Gathered::default();
    gathered.add_committed();
    for found in &gathered.found {
        let Observation::Servers(servers) = &found.observation else { continue };
        let inputs = ha::inputs(servers).expect("a run that can be mapped");
        for replication in 0..3 {
            let options = RunOptions { seed: 1, replication, timelines: false };
            let events = model::run(&inputs, options).counters.engine_events;
            assert!(events < MOST, "{}: {events} events", servers.id);
        }
    }
}

/// Prints a run's row.
fn row(run: &Run, record: &RunRecord) {
    let server = &record.servers[0];
    let (peak, measured) = (server.peak_resident.as_f64(), run.result.peak_resident_bytes as f64);
    let synced = record.log.iter().rev().find(|line| line.kind == LogKind::Synced);
    println!(
        "{:46} {:8.0} {:8.0} {:+6.1}% | {:6.1} {:6.1} {:6.1} ok {} gc {} oom {}",
        run.id,
        measured / 1e6,
        peak / 1e6,
        (peak / measured - 1.0) * 100.0,
        run.phases.last().and_then(|phase| phase.end_s).unwrap_or(0.0),
        synced.map_or(0.0, |line| line.at.as_secs_f64()),
        server.cpu.as_secs_f64(),
        record.counters.lists_ok,
        record.counters.gc_cycles,
        server.oom_kills.len()
    );
    if std::env::var("VERBOSE").is_ok() {
        for holder in server.holders_at_peak.iter().take(8) {
            println!("      {:?} {:.0}", holder.mechanism, holder.bytes.as_f64() / 1e6);
        }
    }
}
