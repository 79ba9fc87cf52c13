//! Judgements over runs made by hand.

use super::{AlertRule, Rehearsed, Rules, Selector, best, judge};
use crate::results::{Outcome, presence};
use crate::units::{SimSpan, SimTime};

const WHOLE: SimSpan = SimSpan::secs(600);

fn at(seconds: u64) -> SimTime {
    SimTime::ZERO + SimSpan::secs(seconds)
}

fn run(kill: Option<u64>, outcome: Outcome, firings: &[(&str, u64)]) -> Rehearsed {
    let firing = |(name, seconds): &(&str, u64)| ((*name).to_owned(), String::new(), at(*seconds));
    Rehearsed {
        first_kill: kill.map(at),
        outcome,
        began: at(0),
        firings: firings.iter().map(firing).collect(),
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
    Rules { alerts, recorded: Vec::new() }
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
    let rows = judge(&rules(), &runs, WHOLE, lacks);
    let early = &rows[0];
    assert_eq!(early.lead_seconds, [40.0, 10.0]);
    assert_eq!((early.fired_before, early.fired_after, early.silent), (2, 0, 1));
    assert_eq!((early.false_alarms, early.false_alarms_absorbed), (2, 1));
    assert_eq!(early.median_lead_seconds, Some(40.0));
    let verdicts: Vec<&str> = rows.iter().map(|row| &*row.verdict).collect();
    assert_eq!(
        verdicts,
        [
            "fires 40 s before the kill in 2 of 3; false alarm in 2 of 2 without a kill",
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
    let rows = judge(&rules(), &runs, WHOLE, |_| None);
    assert_eq!(rows[0].verdict, "false alarm in 1 of 2 without a kill");
    assert_eq!(rows[1].verdict, "silent, and no server was killed");
    // A metric that the model has, and that no series showed with these labels.
    assert_eq!((rows[3].empty.len(), &rows[3].empty[0].why), (1, &None));
    assert_eq!(best(&rows, 0), "No server is killed; 1 of 4 alerts fire all the same");
}
