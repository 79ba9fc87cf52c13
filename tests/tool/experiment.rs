//! Replications and their condensation, on made-up runs.

use std::sync::Mutex;

use super::synthetic;
use oomcast::experiment::{
    ReplicateError, Replicated, Replications, Subject, replicate_with, summarize,
};
use oomcast::model::RunOptions;
use oomcast::results::{LevelRecord, Outcome, RunRecord, Spread, Summary};
use oomcast::scenario::measure::{Amount, Measure};
use oomcast::scenario::{Claim, Published};
use oomcast::units::{Bytes, SimSpan};
use proptest::prelude::*;

fn summary(replicated: &Replicated) -> Summary {
    summary_beside(&[], replicated)
}

fn summary_beside(published: &[Published], replicated: &Replicated) -> Summary {
    let subject = Subject {
        scenario: "made-up",
        scenario_hash: "0123456789ab",
        seed: 7,
        release: "1.32",
        published,
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

/// `n` runs in which all goes well, each changed by its number.
fn changed(n: u32, change: impl Fn(usize, &mut RunRecord) + Sync) -> Replicated {
    let run = |options: RunOptions| {
        let mut record = synthetic::absorbed(options);
        change(options.replication as usize, &mut record);
        record
    };
    let plan = Replications { seed: 7, replications: n, threads: None };
    replicate_with(run, plan, |_| {}).expect("runs")
}

#[test]
fn the_bottleneck_rejected_most_or_else_had_most_waiting() {
    let of = |levels: &[(&str, u64, u64)]| {
        let level = |&(name, rejected, peak_waiting): &(&str, u64, u64)| LevelRecord {
            name: name.to_owned(),
            rejected,
            peak_waiting,
            ..LevelRecord::default()
        };
        let given = |_: usize, record: &mut RunRecord| {
            record.servers.truncate(1);
            record.servers[0].levels = levels.iter().map(level).collect();
        };
        summary(&changed(2, given)).bottleneck_level
    };
    assert_eq!(of(&[("a", 0, 0), ("b", 0, 0)]), None);
    assert_eq!(of(&[("a", 0, 2), ("b", 0, 3)]).as_deref(), Some("b"));
    assert_eq!(of(&[("a", 1, 0), ("b", 0, 3)]).as_deref(), Some("a"));
    assert_eq!(of(&[("b", 0, 3), ("a", 0, 3)]).as_deref(), Some("a"));
}

#[test]
fn runs_with_a_kill_in_a_phase_are_counted_once() {
    let kills = [0, 2, 1, 0];
    let found = summary(&changed(4, |i, record| record.phases[1].oom_kills = kills[i]));
    let counts: Vec<u32> = found.phases.iter().map(|phase| phase.runs_with_oom).collect();
    assert_eq!(counts, [0, 2]);
}

/// 1 - 0.95^n reaches 0.95 at n = 59 (Wilks).
#[test]
fn fewer_runs_than_bound_the_95th_percentile_are_said_so() {
    let warned = |n| !summary(&changed(n, |_, _| {})).warnings.is_empty();
    assert_eq!([1, 2, 58, 59].map(warned), [false, true, true, false]);
}

fn published(measure: Measure, claim: Claim) -> Published {
    let (phase, source, note) = (String::new(), "a page".to_owned(), String::new());
    Published { phase, measure, claim, tolerance: 0.11, source, note }
}

#[test]
fn predictions_are_held_against_published_figures() {
    let size = |gib: u64| Amount::Size(Bytes::gib(gib));
    let cpu = |nanos: u64| Amount::Span(SimSpan::nanos(nanos));
    let claims = [
        published(Measure::Peak, Claim::Value(size(10))),
        published(Measure::Peak, Claim::Value(size(12))),
        published(Measure::Peak, Claim::Value(size(9))),
        published(Measure::Peak, Claim::AtLeast(size(11))),
        published(Measure::Peak, Claim::AtMost(size(10))),
        published(Measure::Oom, Claim::Value(Amount::Share(0.0))),
        published(Measure::Cpu, Claim::Value(cpu(8_412_345_678))),
        published(Measure::Cpu, Claim::Value(cpu(12_345_678_901))),
    ];
    let runs = changed(3, |_, record| {
        record.servers.truncate(1);
        record.servers[0].peak_resident = Bytes::gib(11);
    });
    let rows = summary_beside(&claims, &runs).published;
    let within: Vec<bool> = rows.iter().map(|row| row.within).collect();
    assert_eq!(within[..6], [true, true, false, true, false, true]);
    let errors: Vec<Option<f64>> = rows.iter().map(|row| row.error).collect();
    assert_eq!(errors[..6], [Some(0.1), Some(-0.083_333), Some(0.222_222), None, None, None]);
    let words: Vec<&str> = rows.iter().map(|row| row.published.as_str()).collect();
    assert_eq!(words[5..], ["no", "8s412ms", "12s300ms"]);
    assert_eq!(rows[5].metric, "OOM kill");
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
