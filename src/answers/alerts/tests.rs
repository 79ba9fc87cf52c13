//! Judgements over runs made by hand.

use super::{AlertRule, Episode, Rehearsed, Rules, Selector, best, judge};
use std::collections::BTreeMap;

use crate::results::{Outcome, presence};
use crate::units::{SimSpan, SimTime};

const WHOLE: SimSpan = SimSpan::secs(600);

fn at(seconds: u64) -> SimTime {
    SimTime::ZERO + SimSpan::secs(seconds)
}

/// Firings up to the end at 10:00.
fn run(kill: Option<u64>, outcome: Outcome, firings: &[(&str, u64)]) -> Rehearsed {
    let episodes: Vec<_> = firings.iter().map(|(name, from)| (*name, *from, 600)).collect();
    run_with(kill, outcome, &episodes)
}

fn run_with(kill: Option<u64>, outcome: Outcome, episodes: &[(&str, u64, u64)]) -> Rehearsed {
    let episode = |(alert, from, until): &(&str, u64, u64)| Episode {
        alert: (*alert).to_owned(),
        severity: String::new(),
        interval: None,
        from: at(*from),
        until: at(*until),
        at_once: *from == 0,
    };
    Rehearsed {
        replication: 0,
        first_kill: kill.map(at),
        outcome,
        episodes: episodes.iter().map(episode).collect(),
        errors: BTreeMap::new(),
        present: [presence("up", WHOLE)].into(),
    }
}

fn rules() -> Rules {
    let rule = |alert: &str, metric: &str| AlertRule {
        alert: alert.into(),
        selectors: vec![Selector { metric: metric.into(), text: metric.into() }],
        ..AlertRule::default()
    };
    let alerts =
        vec![rule("Early", "up"), rule("Late", "up"), rule("Always", "up"), rule("Never", "psi")];
    let mut rules = Rules::default();
    rules.alerts = alerts;
    rules
}

#[test]
fn leads_are_counted_from_the_first_kill() {
    let runs = [
        run(Some(100), Outcome::Cascade, &[("Early", 60), ("Late", 100), ("Always", 0)]),
        run(Some(100), Outcome::SingleOom, &[("Early", 90), ("Late", 130), ("Always", 0)]),
        run(Some(100), Outcome::SingleOom, &[("Always", 0)]),
        run(None, Outcome::Absorbed, &[("Early", 60), ("Always", 0)]),
        run(None, Outcome::Degraded, &[("Early", 60), ("Always", 0)]),
    ];
    let lacks = |metric: &str| (metric == "psi").then(|| "not modelled".to_owned());
    let rows = judge(&rules(), &runs, WHOLE, None, lacks);
    let early = &rows[0];
    assert_eq!(early.lead_seconds, [40.0, 10.0]);
    assert_eq!((early.fired_before, early.fired_after, early.silent), (2, 0, 1));
    assert_eq!((early.false_alarms, early.fired_no_kill), (1, 1));
    assert_eq!(early.median_lead_seconds, Some(40.0));
    let verdicts: Vec<&str> = rows.iter().map(|row| &*row.verdict).collect();
    assert_eq!(
        verdicts,
        [
            "fires 40 s before the kill in 2 of 3; false alarm in 1 of 1 absorbed; \
             fires in 1 of 1 others without a kill",
            "fires after it in 2 of 3: useless here",
            "fires from the start: it says nothing of the storm",
            "cannot fire here: the model has no psi",
        ]
    );
    assert_eq!(rows[3].empty[0].why.as_deref(), Some("not modelled"));
    assert!(rows[0].empty.is_empty(), "{:?}", rows[0].empty);
    assert_eq!(best(&rows, 3), "Early warns first: 40 s before the kill in 2 of 3");
}

#[test]
fn without_a_kill_only_false_alarms_count() {
    let runs = [run(None, Outcome::Absorbed, &[("Early", 60)]), run(None, Outcome::Absorbed, &[])];
    let rows = judge(&rules(), &runs, WHOLE, None, |_| None);
    assert_eq!(rows[0].verdict, "false alarm in 1 of 2 absorbed");
    assert_eq!(rows[1].verdict, "silent, and no server was killed");
    // A metric that the model has, and that no series showed with these labels.
    assert_eq!((rows[3].empty.len(), &rows[3].empty[0].why), (1, &None));
    assert_eq!(best(&rows, 0), "No server is killed; 1 of 4 alerts fire all the same");
}

#[test]
fn an_alert_that_resolved_long_before_the_kill_has_not_warned() {
    let runs = [
        // Silent at the kill.
        run_with(Some(5_000), Outcome::SingleOom, &[("Early", 60, 300)]),
        // The episode that goes on at the kill counts, not the first.
        run_with(Some(5_000), Outcome::SingleOom, &[("Early", 60, 300), ("Early", 4_900, 5_030)]),
        // Resolved a minute before: those paged know of it.
        run_with(Some(5_000), Outcome::SingleOom, &[("Early", 4_880, 4_940)]),
        run_with(Some(5_000), Outcome::SingleOom, &[("Early", 60, 300), ("Early", 5_010, 5_600)]),
    ];
    let rows = judge(&rules(), &runs, WHOLE, None, |_| None);
    let early = &rows[0];
    assert_eq!(early.lead_seconds, [100.0, 120.0, -10.0]);
    assert_eq!((early.fired_before, early.fired_after, early.silent), (2, 1, 1));
    assert_eq!(early.resolved_before, 2);
    assert_eq!(
        early.verdict,
        "fires 120 s before the kill in 2 of 4, after it in 1; fired and resolved before in 2"
    );
}

#[test]
fn a_severity_that_is_a_template_is_any_and_an_error_is_told() {
    let mut rules = rules();
    rules.alerts[0].severity = "{{ $labels.severity }}".to_owned();
    let mut run = run(Some(100), Outcome::SingleOom, &[("Early", 60), ("Late", 100)]);
    run.episodes[0].severity = "page".to_owned();
    run.errors.insert("Late".to_owned(), "many-to-many".to_owned());
    let rows = judge(&rules, &[run], WHOLE, None, |_| None);
    assert_eq!(rows[0].fired_before, 1);
    assert_eq!(rows[1].verdict, "error: many-to-many");
    assert_eq!((rows[1].fired_after, &rows[1].lead_seconds[..]), (0, &[][..]));
}
