//! Uncertain inputs, stopping by an interval, and expectations.

use oomcast::experiment::{
    Replicated, Replications, Subject, Until, Variant, draw, replicate_uncertain, summarize,
};
use oomcast::results::Summary;
use oomcast::scenario::{Scenario, Template};

use crate::capacity::{BURST, variant};

fn replicated(variant: &Variant, n: u32, until: Option<f64>, threads: usize) -> Replicated {
    let plan = Replications { seed: 1, replications: n, threads: Some(threads) };
    let until = until.map(|half_width| Until { half_width });
    let run = |draw, options| variant.run(draw, options, &[]);
    let uncertain = &variant.scenario().uncertain;
    replicate_uncertain(run, uncertain, plan, until, |_| {}).expect("runs")
}

fn summary(scenario: &Scenario, replicated: &Replicated) -> Summary {
    let subject = Subject {
        scenario: &scenario.name,
        scenario_hash: &scenario.hash,
        seed: 1,
        release: "1.32",
        published: &[],
        expectations: &scenario.expectations,
        warnings: &[],
        peak_interval: None,
    };
    summarize(&subject, replicated)
}

/// The values drawn for an input over many replications, sorted.
fn drawn(set: &str, key: &str) -> Vec<f64> {
    let variant = variant(BURST, &[set]);
    let uncertain = &variant.scenario().uncertain;
    assert_eq!(uncertain.iter().map(|u| u.key.as_str()).collect::<Vec<_>>(), [key]);
    let mut values: Vec<f64> = (0..10_000).map(|r| draw(uncertain, 1, r)[0]).collect();
    values.sort_by(f64::total_cmp);
    values
}

#[test]
fn a_range_holds_ninety_of_a_hundred_draws() {
    let values = drawn("clients.informers.count=\"10 to 40\"", "clients.informers.count");
    // Of a lognormal the median is the geometric mean of the ends.
    for (index, expected) in [(500, 10.0), (5_000, 20.0), (9_500, 40.0)] {
        let found = values[index];
        assert!((found / expected - 1.0).abs() < 0.03, "{index}: {found}");
    }
}

#[test]
fn distributions_have_the_quantiles_they_were_given() {
    let quantiles = |law: &str| {
        let set = format!("objects.secrets.size={law}");
        let values = drawn(&set, "objects.secrets.size");
        [500, 2_500, 5_000, 9_500].map(|index| (values[index] / 1e4).round() / 100.0)
    };
    let near = |found: [f64; 4], expected: [f64; 4]| {
        let close = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.03);
        assert!(close, "{found:?} {expected:?}");
    };
    near(
        quantiles("{ dist = \"uniform\", from = \"1MB\", to = \"2MB\" }"),
        [1.05, 1.25, 1.5, 1.95],
    );
    near(
        quantiles("{ dist = \"triangular\", from = \"1MB\", mode = \"1MB\", to = \"2MB\" }"),
        [1.025, 1.134, 1.293, 1.776],
    );
    near(quantiles("{ dist = \"normal\", p5 = \"1MB\", p95 = \"2MB\" }"), [1.0, 1.295, 1.5, 2.0]);
    near(quantiles("{ p50 = \"1MB\", p95 = \"2MB\" }"), [0.5, 0.753, 1.0, 2.0]);
}

#[test]
fn an_input_keeps_its_draws_whatever_else_is_uncertain() {
    let one = variant(BURST, &["clients.informers.count=\"10 to 40\""]);
    let two = variant(
        BURST,
        &["clients.informers.count=\"10 to 40\"", "objects.secrets.size=\"1MB to 2MB\""],
    );
    let [one, two] = [&one, &two].map(|variant| &variant.scenario().uncertain);
    let count = two.iter().position(|u| u.key == "clients.informers.count").expect("is there");
    for replication in 0..50 {
        let (alone, both) = (draw(one, 3, replication), draw(two, 3, replication));
        assert_eq!(alone[0].to_bits(), both[count].to_bits());
    }
}

#[test]
fn the_effective_scenario_keeps_its_distributions() {
    let sets = [
        "clients.informers.count=\"10 to 40\"",
        "objects.secrets.size={ p50 = \"1MB\", p95 = \"2MB\" }",
    ];
    let first = variant(BURST, &sets);
    let template = Template::of_text("e.toml", first.scenario().effective.as_bytes(), &[]);
    let second = template.load(&[]).expect("valid");
    assert_eq!(first.scenario().uncertain, second.uncertain);
    assert_eq!(first.scenario().effective, second.effective);
    // What is simulated for checks and warnings is the median.
    assert_eq!(second.inputs.fleets[0].count, 20);
}

#[test]
fn inputs_are_told_from_seeds_on_any_number_of_threads() {
    let certain = variant(BURST, &[]);
    assert_eq!(replicated(&certain, 20, None, 2).uncertainty, None);

    let sets = ["clients.informers.count=\"2 to 6\"", "hardware.cpu-noise=\"1% to 2%\""];
    let variant = variant(BURST, &sets);
    let one = replicated(&variant, 60, None, 1);
    let uncertainty = one.uncertainty.clone().expect("there are uncertain inputs");
    let peak = uncertainty.peak.expect("it varies");
    assert!(peak.input_share > 0.5 && peak.low < peak.input_share, "{peak:?}");
    assert!(peak.high >= peak.input_share && peak.total_sd >= peak.input_sd);
    let first = &uncertainty.inputs[0];
    assert_eq!(first.key, "clients.informers.count", "the one that matters stands first");
    assert!(first.peak_correlation > Some(0.7), "{first:?}");
    assert_eq!(one, replicated(&variant, 60, None, 2));
    assert_eq!(one, replicated(&variant, 60, None, 4));
}

#[test]
fn inputs_that_contradict_one_another_are_told() {
    let set = "events.burst.start.count=\"10 to 14\"";
    let variant = variant(BURST, &[set]);
    let plan = Replications { seed: 1, replications: 50, threads: Some(2) };
    let run = |draw, options| variant.run(draw, options, &[]);
    let uncertain = &variant.scenario().uncertain;
    let error = replicate_uncertain(run, uncertain, plan, None, |_| {}).expect_err("13 of 12");
    let told = error.to_string();
    assert!(told.contains("`informers` has 12 members"), "{told}");
    assert!(told.contains("events.burst.start.count=1"), "{told}");
}

#[test]
fn replications_go_on_until_the_intervals_are_narrow() {
    let variant = variant(BURST, &[]);
    let wide = replicated(&variant, 5_000, Some(0.2), 1);
    let rule = wide.rule.expect("a rule");
    assert!(rule.reached && rule.reached_half_width <= Some(0.2), "{rule:?}");
    // The 95th percentile has an interval from 72 on; then one more batch confirms it.
    assert_eq!(wide.runs.len(), 150);
    assert_eq!(wide, replicated(&variant, 5_000, Some(0.2), 2));
    assert_eq!(wide, replicated(&variant, 5_000, Some(0.2), 4));
    let most = replicated(&variant, 60, Some(0.02), 2);
    assert_eq!((most.runs.len(), most.rule.map(|rule| rule.reached)), (60, Some(false)));
    // The first batches are those of a plain run.
    assert_eq!(wide.runs[..60], most.runs);
}

#[test]
fn expectations_are_judged_and_say_how_sure_they_are() {
    let expect = |metric: &str, rest: &str| {
        format!("[[expect]]\nname = \"{metric} {}\"\nmetric = \"{metric}\"\n{rest}\n", rest.len())
    };
    let text = [
        BURST.to_owned(),
        expect("oom", "at-most = \"0%\""),
        expect("absorbed", "at-least = \"99%\"\nseverity = \"warning\""),
        expect("peak", "quantile = \"50%\"\nat-most = \"1GiB\""),
        expect("headroom", "quantile = \"5%\"\nat-least = \"1%\""),
        expect("duration", "quantile = \"50%\"\nat-most = \"1h\""),
        expect("rejected", "quantile = \"50%\"\nat-most = 0"),
    ]
    .concat();
    let variant = variant(&text, &["clients.informers.count=3"]);
    let summary = summary(variant.scenario(), &replicated(&variant, 30, None, 2));
    let rows = &summary.expectations;
    let held: Vec<bool> = rows.iter().map(|row| row.holds).collect();
    assert_eq!(held, [true, true, false, true, true, true], "{rows:#?}");
    // None of 30 is no proof of none; but the median of thirty peaks is well above 1 GiB.
    assert!(!rows[0].certain && rows[2].certain && rows[4].certain);
    assert!((rows[2].bound - f64::from(1 << 30)).abs() < 0.5);
    assert_eq!(summary.peak_quantiles.len(), 3);
    assert_eq!(summary.peak_quantiles[1].high, None, "30 runs do not bound the 95th percentile");
}
