//! Replications and their condensation, on made-up runs.

use std::sync::Mutex;

use super::synthetic;
use oomcast::experiment::{
    ReplicateError, Replicated, Replications, Subject, replicate_with, summarize,
};
use oomcast::model::RunOptions;
use oomcast::results::{Outcome, RunRecord, Spread, Summary};
use oomcast::units::Bytes;
use proptest::prelude::*;

fn summary(replicated: &Replicated) -> Summary {
    let subject = Subject {
        scenario: "made-up",
        scenario_hash: "0123456789ab",
        seed: 7,
        release: "1.32",
        published: &[],
        expectations: &[],
        warnings: &[],
        peak_interval: None,
    };
    summarize(&subject, replicated)
}

fn replicated(n: u32, threads: usize) -> Replicated {
    let plan = Replications { seed: 7, replications: n, threads: Some(threads) };
    replicate_with(synthetic::cascade, plan, |_| {}).expect("synthetic runs are reproducible")
}

#[test]
fn threads_do_not_change_the_result() {
    let one = replicated(50, 1);
    assert_eq!(one, replicated(50, 2));
    assert_eq!(one, replicated(50, 7));
    assert!((0..).zip(&one.runs).all(|(i, run)| run.replication == i));
}

#[test]
fn only_the_worst_keeps_its_bulk() {
    let result = replicated(30, 2);
    let bulky = |run: &RunRecord| !run.log.is_empty() || !run.timelines.is_empty();
    assert!(!result.runs.iter().any(bulky));
    assert!(bulky(&result.worst));
    let peak = result.worst.peak_resident();
    let first = result.runs.iter().find(|run| run.peak_resident() == peak);
    assert_eq!(first.map(|run| run.replication), Some(result.worst.replication));
    assert!(result.runs.iter().all(|run| run.peak_resident() <= peak));
}

#[test]
fn one_replication_is_run_once() {
    let calls = Mutex::new(Vec::new());
    let run = |options: RunOptions| {
        calls.lock().expect("not poisoned").push(options.timelines);
        synthetic::absorbed(options)
    };
    let plan = Replications { seed: 7, replications: 1, threads: None };
    let result = replicate_with(run, plan, |_| {}).expect("runs");
    assert_eq!(result.runs.len(), 1);
    assert_eq!(*calls.lock().expect("not poisoned"), [true]);
}

#[test]
fn progress_reaches_the_end() {
    let seen = Mutex::new(Vec::new());
    let plan = Replications { seed: 7, replications: 20, threads: Some(2) };
    let note = |done| seen.lock().expect("not poisoned").push(done);
    replicate_with(synthetic::absorbed, plan, note).expect("runs");
    let mut seen = seen.into_inner().expect("not poisoned");
    seen.sort_unstable();
    assert_eq!(seen, (1..=20).collect::<Vec<u32>>());
}

#[test]
fn a_model_that_does_not_repeat_itself_is_found_out() {
    let run = |options: RunOptions| {
        let mut record = synthetic::absorbed(options);
        record.trace_hash ^= u64::from(options.timelines);
        record
    };
    let plan = Replications { seed: 7, replications: 5, threads: Some(2) };
    let error = replicate_with(run, plan, |_| {});
    assert!(matches!(error, Err(ReplicateError::Diverged { .. })));
}

#[test]
fn a_replication_that_breaks_off_is_named() {
    let run = |options: RunOptions| {
        assert!(options.replication != 3, "the ledger does not add up");
        synthetic::absorbed(options)
    };
    let plan = Replications { seed: 7, replications: 5, threads: Some(2) };
    let error = replicate_with(run, plan, |_| {}).expect_err("one breaks off");
    let expected =
        ReplicateError::Panicked { replication: 3, reason: "the ledger does not add up".into() };
    assert_eq!(error, expected);
}

fn arbitrary_run() -> impl Strategy<Value = (u64, usize)> {
    (0u64..1 << 40, 0usize..Outcome::ALL.len())
}

proptest! {
    #[test]
    fn summaries_hold_together(drawn in prop::collection::vec(arbitrary_run(), 1..80)) {
        let run = |options: RunOptions| {
            let (peak, outcome) = drawn[options.replication as usize];
            let mut record = synthetic::absorbed(options);
            record.outcome = Outcome::ALL[outcome];
            for server in &mut record.servers {
                server.peak_resident = Bytes(peak);
            }
            record
        };
        let n = drawn.len() as u32;
        let plan = Replications { seed: 1, replications: n, threads: Some(2) };
        let summary = summary(&replicate_with(run, plan, |_| {}).expect("runs"));

        prop_assert_eq!(summary.outcomes.len(), Outcome::ALL.len());
        prop_assert_eq!(summary.outcomes.values().sum::<u32>(), n);
        let ordered = |s: &Spread| s.median <= s.p95 && s.p95 <= s.max;
        prop_assert!(ordered(&summary.peak_resident_bytes));
        prop_assert!(summary.apiservers.iter().all(|s| ordered(&s.peak_resident_bytes)));
        let highest = drawn.iter().map(|(peak, _)| *peak).max();
        prop_assert_eq!(Some(summary.peak_resident_bytes.max.0), highest);
        for p in summary.outcome_intervals.values() {
            let share = f64::from(p.count) / f64::from(n);
            prop_assert!(0.0 <= p.low && p.low <= share && share <= p.high && p.high <= 1.0);
        }
    }
}
