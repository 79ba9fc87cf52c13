//! The reports of made-up runs: the answer must read well, and the formats must not drift.

use std::time::Duration;

use super::synthetic;
use crate::support::shipped;
use oomcast::experiment::{Replicated, Replications, Subject, replicate_with, summarize};
use oomcast::model::{self, RunOptions};
use oomcast::report::story::Story;
use oomcast::report::{Screen, csv, events, json, run};
use oomcast::results::{RunRecord, Summary};
use oomcast::scenario::measure::{Amount, Measure};
use oomcast::scenario::{Claim, Published};
use oomcast::units::{Bytes, SimSpan};

fn plan(replications: u32) -> Replications {
    Replications { seed: 1, replications, threads: Some(2) }
}

fn replicated(run: impl Fn(RunOptions) -> RunRecord + Sync, n: u32) -> Replicated {
    replicate_with(run, plan(n), |_| {}).expect("synthetic runs are reproducible")
}

fn summary_of(replicated: &Replicated, published: &[Published], warnings: &[String]) -> Summary {
    let subject = Subject {
        scenario: "agent-rollout",
        scenario_hash: "0123456789ab",
        seed: 1,
        release: "1.34",
        published,
        expectations: &[],
        warnings,
        peak_interval: None,
    };
    summarize(&subject, replicated)
}

fn figure(phase: &str, measure: Measure, claim: Claim) -> Published {
    Published {
        phase: phase.into(),
        measure,
        claim,
        tolerance: 0.15,
        source: "KEP-3157, manual testing".into(),
        note: "the size of the node is not published".into(),
    }
}

fn figures() -> Vec<Published> {
    let gb = |n: u64| Amount::Size(Bytes(n * 1_000_000_000));
    let minute = Amount::Span(SimSpan::secs(60));
    vec![
        figure("rollout", Measure::Peak, Claim::Value(gb(8))),
        figure("rollout", Measure::Peak, Claim::AtMost(gb(3))),
        figure("", Measure::Oom, Claim::Value(Amount::Share(0.0))),
        figure("rollout", Measure::Duration, Claim::AtLeast(minute)),
        figure("baseline", Measure::Duration, Claim::Value(minute)),
        figure("", Measure::BytesSent, Claim::Between(gb(70), gb(80))),
    ]
}

/// What a user sees on a terminal of this width.
fn screen(summary: &Summary, width: usize) -> String {
    let mut page = run::page(summary, None);
    page.close_with(run::speed(summary, Duration::from_millis(3_210)));
    page.terminal(&Screen {
        width,
        written: &["output/agent-rollout-0123456789ab/".to_owned()],
        next: Some("oomcast run agent-rollout.toml -n 59"),
        ..Screen::default()
    })
}

/// The reports of one case, as snapshots.
fn screens(summary: &Summary) -> String {
    screen(summary, 80)
}

#[test]
fn absorbed_on_the_terminal() {
    let summary = summary_of(&replicated(synthetic::absorbed, 200), &[], &[]);
    insta::assert_snapshot!(screens(&summary));
}

#[test]
fn cascade_on_the_terminal() {
    let summary = summary_of(&replicated(synthetic::cascade, 200), &[], &[]);
    insta::assert_snapshot!(screens(&summary));
}

#[test]
fn one_run_with_published_figures_on_the_terminal() {
    let warnings = ["objects of `pods` are past the official limit of 150 000".to_owned()];
    let summary = summary_of(&replicated(synthetic::absorbed, 1), &figures(), &warnings);
    insta::assert_snapshot!(screens(&summary));
}

/// Lines that are there to be copied are not wrapped: the terminal does it.
fn too_wide(text: &str, width: usize) -> Vec<&str> {
    let copied = |line: &&str| !line.starts_with("wrote ") && !line.starts_with("next: ");
    text.lines().filter(copied).filter(|line| line.chars().count() > width).collect()
}

#[test]
fn no_line_is_longer_than_the_terminal_is_wide() {
    let warnings = ["objects of `pods` are past the official limit of 150 000".to_owned()];
    for run in [synthetic::absorbed, synthetic::cascade] {
        for n in [1, 200] {
            let summary = summary_of(&replicated(run, n), &figures(), &warnings);
            for width in [40, 60, 80, 120] {
                let text = screen(&summary, width);
                assert_eq!(too_wide(&text, width), Vec::<&str>::new(), "{width}");
            }
        }
    }
}

#[test]
fn a_narrow_terminal_has_every_figure() {
    let summary = summary_of(&replicated(synthetic::cascade, 200), &figures(), &[]);
    insta::assert_snapshot!(screen(&summary, 40));
    let in_words = |width| -> Vec<String> {
        let words = screen(&summary, width);
        let number = |word: &&str| word.chars().any(|c| c.is_ascii_digit());
        let mut numbers: Vec<String> = words
            .split_whitespace()
            .filter(number)
            .map(|w| w.replace([',', '(', ')'], ""))
            .collect();
        numbers.sort();
        numbers.dedup();
        numbers
    };
    let narrow = in_words(40);
    for number in in_words(80) {
        assert!(narrow.contains(&number), "{number} is missing");
    }
}

/// The shipped cascade, told: in full and as on a terminal.
#[test]
fn the_story_of_a_cascade() {
    let inputs = shipped("ha-cascade", &[]).inputs;
    let run = model::run(&inputs, RunOptions { seed: 1, replication: 0, timelines: true });
    let story = Story::of(&run);
    let short: Vec<String> =
        story.short(12, 80).iter().map(|(at, text)| format!("{at:>8}  {text}")).collect();
    assert!(short.len() <= 12, "{short:#?}");
    insta::assert_snapshot!(short.join("\n"));
    let full = story.full();
    let at = |line: &str| {
        let (minutes, seconds) = line.split_whitespace().next()?.split_once(':')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    };
    let times: Vec<f64> = full.lines().map(|line| at(line).expect(line)).collect();
    assert!(times.is_sorted(), "{full}");
    assert!(full.lines().count() > short.len(), "{full}");
    assert!(full.lines().last().is_some_and(|line| line.contains("the run ends")), "{full}");
    // What is recorded beside the run leaves it as it is.
    let plain = model::run(&inputs, RunOptions { seed: 1, replication: 0, timelines: false });
    assert_eq!(plain.slim(), run.slim());
}

#[test]
fn styles_can_be_stripped_to_the_plain_text() {
    let summary = summary_of(&replicated(synthetic::cascade, 200), &[], &[]);
    let page = run::page(&summary, None);
    let styled = page.headline(true);
    assert!(styled.contains('\u{1b}'));
    let stripped = anstream::adapter::strip_str(&styled).to_string();
    assert_eq!(stripped, page.headline(false));
}

#[test]
fn markdown_for_a_pull_request() {
    let runs = replicated(synthetic::cascade, 200);
    let cascade = summary_of(&runs, &figures(), &[]);
    let story = Story::of(&runs.worst);
    insta::assert_snapshot!("markdown_cascade", run::page(&cascade, Some(&story)).markdown());
    let warnings = ["a | b".to_owned()];
    let absorbed = summary_of(&replicated(synthetic::absorbed, 20), &[], &warnings);
    insta::assert_snapshot!("markdown_absorbed", run::page(&absorbed, None).markdown());
}

#[test]
fn the_format_of_summary_json() {
    let summary = summary_of(&replicated(synthetic::cascade, 40), &figures(), &[]);
    let text = json::summary(&summary).expect("plain data");
    assert!(text.ends_with("}\n"));
    let back: Summary = serde_json::from_str(&text).expect("reads back");
    assert_eq!(back, summary);
    insta::assert_snapshot!(text);
}

#[test]
fn the_tables_of_a_run_folder() {
    let replicated = replicated(synthetic::cascade, 12);
    let table = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = Vec::new();
        write(&mut bytes);
        String::from_utf8(bytes).expect("text")
    };
    let worst = &replicated.worst;
    insta::assert_snapshot!(
        "runs_csv",
        table(&|out| csv::runs(out, &replicated.runs).expect("in memory"))
    );
    insta::assert_snapshot!(
        "timeline_csv",
        table(&|out| csv::timeline(out, &worst.timelines).expect("in memory"))
    );
    insta::assert_snapshot!(
        "attribution_csv",
        table(&|out| csv::attribution(out, worst).expect("in memory"))
    );
    insta::assert_snapshot!(
        "events_jsonl",
        table(&|out| events::write(out, &worst.log).expect("in memory"))
    );
}
