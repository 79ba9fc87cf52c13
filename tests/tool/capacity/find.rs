//! Breaking points: against a known distribution, against counting everywhere, and where there is
//! none.

use oomcast::engine::Streams;
use oomcast::experiment::find::{
    Answer, Bracket, Found, Happened, Question, Search, find, find_with,
};
use oomcast::experiment::{ReplicateError, Replications};
use oomcast::model::RunOptions;
use oomcast::results::{FindResult, FoundWhere};
use oomcast::scenario::measure::Condition;
use oomcast::scenario::{Knob, Vary};

use crate::capacity::{BURST, variant};

const POINTS: usize = 2_000;

fn search(seed: u64, probability: f64) -> Search {
    Search { seed, replications: 100, threads: Some(2), points: POINTS, probability }
}

/// The breaking point of a replication: 1 to 1,600, squared so that the law is no uniform one.
fn breaking_point(seed: u64, replication: u32) -> usize {
    let u = Streams::new(seed, replication).stream("breaking point", 0).uniform();
    1 + (1_600.0 * u * u) as usize
}

const fn at(point: usize, breaking: usize) -> Happened {
    if point >= breaking { Happened::Yes } else { Happened::No }
}

fn known(seed: u64, probability: f64) -> Found {
    let run = |point, replication| Ok(at(point, breaking_point(seed, replication)));
    find_with(run, &search(seed, probability), |_| {}).expect("runs")
}

fn bracket(found: &Found) -> Bracket {
    match found.answer {
        Answer::Found(bracket) => bracket,
        ref other => panic!("{other:?}"),
    }
}

/// P(T ≤ v) = √(v / 1600), so that the last point with at most p is the last below 1600 p².
#[test]
fn the_interval_covers_a_known_breaking_point() {
    for probability in [0.1, 0.5] {
        let truth = (1_600.0 * probability * probability) as usize;
        let covered = (0..200).filter(|&seed| {
            let bracket = bracket(&known(seed, probability));
            bracket.low.is_none_or(|low| low <= truth)
                && bracket.high.is_none_or(|high| truth <= high)
        });
        let covered = covered.count();
        // 95 % less three standard errors of 200 experiments; the intervals are conservative.
        assert!(covered >= 181, "{probability}: {covered} of 200");
    }
}

#[test]
fn every_breaking_point_is_found_exactly() {
    let found = known(3, 0.1);
    for (replication, point) in (0..).zip(&found.breaking_points) {
        assert_eq!(*point, Some(breaking_point(3, replication)));
    }
    // Log2 of the points, two ends, four probes; and both sides of the answer once more.
    assert!(found.runs <= 100 * (11 + 2 + 4 + 2), "{}", found.runs);
    let bracket = bracket(&found);
    assert_eq!(bracket.past.point, bracket.safe.point + 1);
    assert!(bracket.safe.count.count <= 10 && bracket.past.count.count > 10);
    assert!(found.contradictions.is_empty() && !found.scanned && !found.falling);
}

/// The curve has both ends, is thinned for a chart, and counts right.
#[test]
fn the_curve_counts_the_breaking_points_up_to_a_point() {
    for replications in [10, 150, 900] {
        let run = |point, replication| Ok(at(point, breaking_point(7, replication)));
        let found = find_with(run, &Search { replications, ..search(7, 0.1) }, |_| {});
        let curve = found.expect("runs").curve;
        assert!((2..=201).contains(&curve.len()), "{}", curve.len());
        let points: Vec<usize> = curve.iter().map(|tally| tally.point).collect();
        assert_eq!((points.first(), points.last()), (Some(&0), Some(&(POINTS - 1))));
        assert!(points.is_sorted());
        for tally in &curve {
            let broken = (0..replications).filter(|r| breaking_point(7, *r) <= tally.point);
            assert_eq!(tally.count.count, broken.count() as u32, "{tally:?}");
        }
    }
}

#[test]
fn what_happens_at_small_values_is_found_from_above() {
    let run = |point, replication| {
        let reached = at(point, breaking_point(4, replication)) == Happened::Yes;
        Ok(if reached { Happened::No } else { Happened::Yes })
    };
    let found = find_with(run, &search(4, 0.05), |_| {}).expect("runs");
    assert!(found.falling && !found.scanned);
    // Counted from the end: the greatest but five of the points at which it still happens.
    let mut last_bad: Vec<usize> = (0..100).map(|r| breaking_point(4, r) - 1).collect();
    last_bad.sort_unstable();
    let bracket = bracket(&found);
    assert_eq!(POINTS - 1 - bracket.past.point, last_bad[94]);
}

#[test]
fn a_range_without_a_breaking_point_says_so() {
    let never = find_with(|_, _| Ok(Happened::No), &search(1, 0.05), |_| {}).expect("runs");
    assert!(matches!(never.answer, Answer::NeverPast(tally) if tally.count.count == 0));
    let always = find_with(|_, _| Ok(Happened::Yes), &search(1, 0.05), |_| {}).expect("runs");
    assert!(matches!(always.answer, Answer::AlwaysPast(tally) if tally.count.count == 100));
    // It happens in 3 of 100 at the end: that is allowed.
    let run = |point, replication| Ok(at(point, if replication < 3 { 50 } else { POINTS }));
    let few = find_with(run, &search(1, 0.05), |_| {}).expect("runs");
    assert!(matches!(few.answer, Answer::NeverPast(tally) if tally.count.count == 3));
}

/// In a third of the replications it happens between 300 and 700 too, and then ceases to.
fn with_an_island(point: usize, replication: u32) -> Happened {
    if replication.is_multiple_of(3) && (300..700).contains(&point) {
        return Happened::Yes;
    }
    at(point, 1_200 + replication as usize)
}

#[test]
fn what_is_not_monotone_is_found_out_and_counted_instead() {
    let found = find_with(|p, r| Ok(with_an_island(p, r)), &search(5, 0.05), |_| {}).expect("runs");
    assert!(found.scanned && !found.contradictions.is_empty());
    let bracket = bracket(&found);
    // The honest answer lies before the island, however safe it is past it.
    assert!(bracket.safe.point < 300 && bracket.past.point >= 300, "{bracket:?}");
    assert_eq!((bracket.safe.count.count, bracket.past.count.count), (0, 34));
}

#[test]
fn threads_do_not_change_the_answer() {
    let smooth = |point, replication| at(point, breaking_point(6, replication));
    for model in [with_an_island, smooth] {
        let run = |point, replication| Ok(model(point, replication));
        let of = |threads| {
            let search = Search { threads: Some(threads), ..search(6, 0.05) };
            find_with(run, &search, |_| {}).expect("runs")
        };
        let one = of(1);
        assert_eq!(one, of(2));
        assert_eq!(one, of(4));
    }
}

#[test]
fn runs_that_were_cut_short_are_counted() {
    let run = |point: usize, _| Ok(if point > 1_000 { Happened::Unknown } else { Happened::No });
    let found = find_with(run, &search(1, 0.05), |_| {}).expect("runs");
    assert!(found.unknown >= 100 && matches!(found.answer, Answer::NeverPast(_)));
}

#[test]
fn a_model_that_breaks_off_is_named() {
    let run = |_, replication: u32| {
        assert!(replication != 7, "the ledger does not add up");
        Ok(Happened::No)
    };
    let error = find_with(run, &search(1, 0.05), |_| {}).expect_err("it broke off");
    assert!(matches!(error, ReplicateError::Panicked { replication: 7, .. }), "{error}");
}

/// Objects of a size that is not known exactly, so that every replication breaks elsewhere.
const SIZE: &str = "objects.secrets.size=\"700kB to 1.4MB\"";

fn ask(vary: &str, until: &str, probability: f64, threads: usize) -> FindResult {
    let question = if vary.contains('=') {
        Vary::parse(vary).map(|vary| (vary.knob, Some(vary.range)))
    } else {
        Knob::parse(vary).map(|knob| (knob, None))
    };
    let (knob, range) = question.expect("a key");
    let until = Condition::parse(until).expect("a condition");
    let question = Question { knob, range, until, probability };
    let plan = Replications { seed: 1, replications: 40, threads: Some(threads) };
    find(&variant(BURST, &[SIZE]), &question, plan, |_| {}).expect("finds")
}

/// How often the model itself is killed with so many informers.
fn kills(count: u32) -> u32 {
    let variant = variant(BURST, &[SIZE, &format!("clients.informers.count={count}")]);
    let killed = (0..40).filter(|&replication| {
        let options = RunOptions { seed: 1, replication, timelines: false };
        variant.run(replication, options, &[]).expect("runs").oom_kills() > 0
    });
    killed.count() as u32
}

#[test]
fn the_answer_agrees_with_counting_everywhere() {
    let found = ask("clients.informers.count=2..40", "oom", 0.1, 2);
    let all: Vec<(u32, u32)> = (2..=40).map(|count| (count, kills(count))).collect();
    let last_safe = all.iter().take_while(|(_, kills)| *kills <= 4).last().expect("some are safe");
    let partly = all.iter().filter(|(_, kills)| (1..40).contains(kills)).count();
    assert!(partly > 3, "the replications break at different counts: {all:?}");
    let bracket = found.bracket.expect("a breaking point");
    let inside = |ends: [Option<f64>; 2], x: f64| {
        ends[0].is_none_or(|low| low <= x) && ends[1].is_none_or(|high| x <= high)
    };
    let ends = [&bracket.low, &bracket.high].map(|end| end.as_ref().map(|v| v.number));
    assert!(inside(ends, f64::from(last_safe.0)), "{last_safe:?} {bracket:?}");
    // Both sides were run in full, so that their counts are the exhaustive ones.
    for side in [&bracket.safe, &bracket.past] {
        let count = all.iter().find(|(count, _)| count.to_string() == side.value.text);
        assert_eq!(count.map(|(_, kills)| *kills), Some(side.happened.count), "{side:?}");
    }
}

#[test]
fn a_range_is_found_by_doubling_and_units_stay() {
    let count = ask("clients.informers.count", "oom", 0.1, 2);
    assert_eq!(count.found, FoundWhere::Inside, "{}", count.verdict);
    let bracket = count.bracket.expect("a breaking point");
    let step = bracket.past.value.number - bracket.safe.value.number;
    assert!((step - 1.0).abs() < 1e-9, "{step}");
    assert!(count.verdict.contains("times the scenario's 12"), "{}", count.verdict);

    let limit = ask("apiserver.memory-limit", "oom", 0.1, 2);
    assert!(limit.falling && limit.found == FoundWhere::Inside, "{}", limit.verdict);
    let bracket = limit.bracket.clone().expect("a breaking point");
    assert!(bracket.safe.value.number > bracket.past.value.number);
    let text = &bracket.safe.value.text;
    assert!(text.ends_with("iB") && limit.unit == "bytes", "{text}");
    assert_eq!(limit, ask("apiserver.memory-limit", "oom", 0.1, 1));
    assert_eq!(limit, ask("apiserver.memory-limit", "oom", 0.1, 4));
}

#[test]
fn figures_past_a_bound_break_too() {
    let found = ask("clients.informers.count=1..40", "peak>2GiB", 0.1, 2);
    let oom = ask("clients.informers.count=1..40", "oom", 0.1, 2);
    let safe = |found: &FindResult| found.bracket.as_ref().map(|b| b.safe.value.number);
    assert!(safe(&found) < safe(&oom), "{} {}", found.verdict, oom.verdict);
}
