//! The model against measured runs of a genuine kube-apiserver.
//!
//! `cargo test --test measured -- --nocapture` prints the table; `RUN=kep3157` picks runs by name,
//! `VERBOSE=1` adds who held the memory.

#![expect(clippy::print_stdout, reason = "the test prints its table")]

mod measured {
    pub(crate) mod observation;
}

use measured::observation::{Observation, observations};
use oomcast::model::{self, RunOptions};
use oomcast::results::{LogKind, RunRecord};

/// Highest median error of the peaks over all runs.
const MEDIAN: f64 = 0.06;
/// Highest error of any run's peak.
const FAR: f64 = 0.25;

#[test]
fn peaks_are_near_the_measured_ones() {
    println!(
        "{:46} {:>8} {:>8} {:>7} | {:>6} {:>6} {:>6} {:>6}",
        "run", "measured", "model", "err", "t", "model", "cpu", "model"
    );
    let mut errors = Vec::new();
    for observation in &observations() {
        let options = RunOptions { seed: 1, replication: 0, timelines: false };
        let record = model::run(&observation.inputs(), options);
        errors.push(row(observation, &record).abs());
    }
    if errors.is_empty() {
        return;
    }
    errors.sort_by(f64::total_cmp);
    let (median, far) = (errors[errors.len() / 2], errors.iter().filter(|e| **e > FAR).count());
    println!(
        "median error {:.1}%, p90 {:.1}%, worst {:.1}%",
        median * 100.0,
        errors[errors.len() * 9 / 10] * 100.0,
        errors[errors.len() - 1] * 100.0
    );
    if std::env::var("RUN").is_err() {
        assert!(median <= MEDIAN, "median error {median}");
        assert_eq!(far, 0, "{far} runs are off by more than {FAR}");
    }
}

/// Prints a run's row and returns the error of its peak.
fn row(observation: &Observation, record: &RunRecord) -> f64 {
    let server = &record.servers[0];
    let peak = server.peak_resident.as_f64();
    let error = peak / observation.peak - 1.0;
    let synced = record.log.iter().rev().find(|line| line.kind == LogKind::Synced);
    println!(
        "{:46} {:8.0} {:8.0} {:+6.1}% | {:6.1} {:6.1} {:6.1} {:6.1} ok {} gc {} oom {}",
        observation.id,
        observation.peak / 1e6,
        peak / 1e6,
        error * 100.0,
        observation.seconds,
        synced.map_or(0.0, |line| line.at.as_secs_f64()),
        observation.cpu,
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
    error
}
