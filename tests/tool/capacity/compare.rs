//! Comparisons: nothing against itself, a known change against a tolerance.

use oomcast::experiment::{CompareSide, Compared, Replications, compare, compare_runs, meets};
use oomcast::results::{OomKill, Outcome, RunRecord, ServerRecord, Unserved};
use oomcast::scenario::measure::{Condition, Tolerance};
use oomcast::units::{Bytes, SimSpan, SimTime};

use crate::capacity::{BURST, variant};

fn run(replication: u32, peak: u64, killed: bool) -> RunRecord {
    let kill =
        OomKill { at: SimTime::ZERO, resident: Bytes(peak), stalled: SimSpan::ZERO, back_at: None };
    let server = ServerRecord {
        name: "apiserver-0".into(),
        limit: Bytes::gib(64),
        peak_resident: Bytes(peak),
        oom_kills: if killed { vec![kill] } else { vec![] },
        ..ServerRecord::default()
    };
    RunRecord {
        replication,
        outcome: if killed { Outcome::SingleOom } else { Outcome::Absorbed },
        servers: vec![server],
        phases: vec![],
        counters: oomcast::results::Counters::default(),
        clients_synced: (1, 1),
        unserved: Unserved::default(),
        log: vec![],
        activity: oomcast::results::Activity::default(),
        timelines: vec![],
        flows: vec![],
        apf_dumps: vec![],
        samples: Vec::new(),
        end: SimTime::ZERO,
        cut_short: false,
        trace_hash: 0,
    }
}

/// Peaks that vary far more between replications than between the sides.
fn noisy(factor: f64, killed: impl Fn(u32) -> bool) -> Vec<RunRecord> {
    let peak = |r: u32| 1e9 * (1.0 + f64::from((r * 37) % 40));
    (0..40).map(|r| run(r, (peak(r) * factor) as u64, killed(r))).collect()
}

fn tolerances(texts: &[&str]) -> Vec<Tolerance> {
    texts.iter().map(|text| Tolerance::parse(text).expect(text)).collect()
}

#[test]
fn a_bound_itself_is_not_past_it() {
    let met = |text: &str| {
        let condition = Condition::parse(text).expect(text);
        [1, 2, 3].map(|gib| meets(&condition, &run(0, gib << 30, false)))
    };
    assert_eq!(met("peak>2GiB"), [false, false, true]);
    assert_eq!(met("peak<2GiB"), [true, false, false]);
}

#[test]
fn common_draws_make_a_small_change_certain() {
    let (a, b) = (noisy(1.0, |_| false), noisy(1.1, |_| false));
    let result = compare_runs(&a, &b, &tolerances(&["peak=5%", "peak=20%", "oom=0%"]));
    let peak = result.figures.iter().find(|f| f.metric == "peak").expect("a figure");
    assert!((peak.relative.expect("a share") - 0.1).abs() < 0.01, "{peak:?}");
    assert_eq!((peak.higher, peak.lower), (40, 0));
    assert!(peak.low.expect("an end") > 0.0);
    assert!(peak.variance_ratio.expect("varies") < 0.01 && peak.correlation > Some(0.999));
    let judged: Vec<bool> = result.tolerances.iter().map(|row| row.regressed).collect();
    assert_eq!(judged, [true, false, false]);
    assert!(result.verdict.starts_with("REGRESSION of peak"), "{}", result.verdict);
    // The other way round it is an improvement, which no tolerance forbids.
    let back = compare_runs(&b, &a, &tolerances(&["peak=0%", "headroom=0%"]));
    assert!(back.tolerances.iter().all(|row| !row.regressed), "{:?}", back.tolerances);
    let forth = compare_runs(&a, &b, &tolerances(&["headroom=1%"]));
    assert!(forth.tolerances[0].regressed, "less headroom is worse: {:?}", forth.tolerances);
}

#[test]
fn kills_are_counted_in_pairs() {
    let a = noisy(1.0, |r| r < 10);
    let b = noisy(1.0, |r| (5..25).contains(&r));
    let result = compare_runs(&a, &b, &tolerances(&["oom=10%", "oom=30%"]));
    let oom = result.events.iter().find(|event| event.metric == "oom").expect("an event");
    assert_eq!((oom.first.count, oom.second.count), (10, 20));
    assert_eq!((oom.first_only, oom.second_only), (5, 15));
    assert!((oom.difference - 0.25).abs() < 1e-9 && oom.low > 0.0 && oom.high < 0.5, "{oom:?}");
    // The sign test of 5 against 15: 2 × 0.02069.
    assert!((oom.p_value - 0.041_389).abs() < 1e-5, "{oom:?}");
    assert!(result.tolerances[0].regressed && !result.tolerances[1].regressed);
}

#[test]
fn what_was_nothing_and_became_something_is_past_any_tolerance() {
    let some = |n: u64| -> Vec<RunRecord> {
        let mut runs = noisy(1.0, |_| false);
        for run in &mut runs {
            run.counters.requests_rejected = n;
        }
        runs
    };
    let result = compare_runs(&some(0), &some(3), &tolerances(&["rejected=900%"]));
    assert!(result.tolerances[0].regressed && result.tolerances[0].worse.is_none());
    let none = compare_runs(&some(0), &some(0), &tolerances(&["rejected=0%"]));
    assert!(!none.tolerances[0].regressed && none.identical);
}

fn compared(first: &[&str], second: &[&str], threads: usize) -> Compared {
    let (a, b) = (variant(BURST, first), variant(BURST, second));
    let plan = Replications { seed: 1, replications: 30, threads: Some(threads) };
    let sides = [&a, &b].map(|variant| CompareSide { label: "burst", variant });
    compare(sides[0], sides[1], &tolerances(&["peak=0%"]), plan, |_| {}).expect("runs")
}

#[test]
fn a_scenario_does_not_differ_from_itself() {
    let result = compared(&[], &["run.seed=9"], 2).result;
    assert!(result.identical && result.inputs.is_empty(), "{:?}", result.inputs);
    assert!(result.verdict.starts_with("No difference"), "{}", result.verdict);
    assert!(result.figures.iter().all(|f| f.difference == Some(0.0) && f.higher + f.lower == 0));
    assert!(result.events.iter().all(|e| e.difference == 0.0 && e.p_value >= 1.0));
    assert!(result.tolerances.iter().all(|row| !row.regressed && row.certain));
}

#[test]
fn what_differs_is_listed_and_threads_do_not_matter() {
    let set = ["apiserver.version=1.34", "clients.informers.count=\"8 to 12\""];
    let one = compared(&[], &set, 1);
    let inputs: Vec<(&str, Option<&str>)> =
        one.result.inputs.iter().map(|d| (d.key.as_str(), d.second.as_deref())).collect();
    let law = "{ dist = \"lognormal\", p5 = 8, p95 = 12 }";
    assert_eq!(
        inputs,
        [("apiserver.version", Some("\"1.34\"")), ("clients.informers.count", Some(law))]
    );
    assert!(!one.result.identical);
    assert_eq!(one, compared(&[], &set, 2));
    assert_eq!(one, compared(&[], &set, 4));
}
