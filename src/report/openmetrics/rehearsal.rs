//! A replication as the input of `promtool test rules`: what rules would have made of it.
//!
//! `promtool` evaluates rule groups with Prometheus' own engine, `for` and recorded series included, on
//! series that a file spells out. A target that does not answer ends its series with a stale marker, as
//! in a live Prometheus; blocks made from a text file cannot say that. What is to be known is asked for
//! as tests that expect nothing: the answer is what `promtool` found instead.
//!
//! Evaluations are at multiples of their interval on the engine's clock. Scrapes are not: in reality the
//! two have nothing to do with one another, so each replication draws how long an evaluation comes after
//! a scrape. The samples lie on a finer grid than that of scrapes.

use std::fmt::Write;

use super::{Cluster, Scraped, instants, selector, series};
use crate::results::{FIRING, presence};
use crate::units::{SimSpan, SimTime};

/// How rules are rehearsed.
#[derive(Clone, Copy, Debug)]
pub struct Rehearsal<'a> {
    /// Rule files, as `promtool` opens them.
    pub rule_files: &'a [String],
    /// From one scrape to the next.
    pub scrape: SimSpan,
    /// The first scrape of the run. Samples before it are the state that has lasted.
    pub first_scrape: SimTime,
    /// From one evaluation of a rule group to the next.
    pub evaluate: SimSpan,
    /// How long the state at the start has lasted before: what rules look back on.
    pub history: SimSpan,
    /// Longer than all of it.
    pub whole: SimSpan,
    /// Selectors of which to know whether they select anything.
    pub selectors: &'a [String],
}

/// A test and its clock.
#[derive(Clone, Debug)]
pub struct Test {
    /// What `promtool test rules` reads.
    pub text: String,
    /// When the first scrape of the run is, on the test's clock.
    pub lead: SimSpan,
    /// The first evaluation that is asked for.
    pub first: SimSpan,
}

/// How long after a scrape the next evaluation comes, and the grid on which both lie. The offset moves
/// on by the fractional part of the square root of 2 from replication to replication, and begins in the
/// middle: apart from the first scrape, which moves on by the golden section.
fn offset(replication: u32, scrape: SimSpan, evaluate: SimSpan) -> (SimSpan, SimSpan) {
    const SECOND: u64 = 1_000_000_000;
    let (mut unit, mut rest) = (scrape.0.max(SECOND), evaluate.0.max(SECOND));
    while rest > 0 {
        (unit, rest) = (rest, unit % rest);
    }
    // Ten are enough, and no finer than a second: every point of the grid costs memory.
    let parts = (1..=10).rev().find(|parts| unit % (parts * SECOND) == 0).unwrap_or(1);
    let drawn = (0.5 + f64::from(replication) * (std::f64::consts::SQRT_2 - 1.0)).fract();
    let grid = unit / parts;
    (SimSpan(grid * (drawn * parts as f64) as u64), SimSpan(grid))
}

/// The test of a replication.
#[must_use]
pub fn rehearsal(how: &Rehearsal<'_>, cluster: &Cluster<'_>, run: &Scraped) -> Test {
    let instants = instants(&run.samples);
    let before = (how.history.0 / how.scrape.0.max(1)) as usize;
    let every = how.evaluate.0.max(1);
    let (offset, grid) = offset(run.replication, how.scrape, how.evaluate);
    let lead = SimSpan(every * (how.history.0.div_ceil(every) + 1) - offset.0);
    let past = instants.partition_point(|at| *at < how.first_scrape);
    let scrapes = instants.len() - past;
    let end = lead + SimSpan(how.scrape.0 * scrapes.saturating_sub(1) as u64) + offset;
    let grid = Grid {
        before,
        past,
        scrapes,
        blank: ((lead.0 - before as u64 * how.scrape.0) / grid.0) as usize,
        between: (how.scrape.0 / grid.0).saturating_sub(1) as usize,
        step: grid,
    };
    let mut text = String::from("rule_files:\n");
    for file in how.rule_files {
        let _ = writeln!(text, "- {}", quoted(file));
    }
    let (step, evaluate) = (milliseconds(grid.step), milliseconds(how.evaluate));
    let _ = writeln!(text, "evaluation_interval: {evaluate}\ntests:\n- interval: {step}");
    text += "  input_series:\n";
    for series in series(cluster, &run.samples) {
        let name = selector(series.family.name, &series.labels);
        let values = values(&series.points, &grid);
        let _ = writeln!(text, "  - series: {}\n    values: {}", quoted(&name), quoted(&values));
    }
    text += "  promql_expr_test:\n";
    let mut ask = |query: &str, at: SimSpan| {
        let at = milliseconds(at);
        let _ = writeln!(text, "  - expr: {}\n    eval_time: {at}", quoted(query));
    };
    // Time 0 of the run: the last evaluation up to it sees the state at the start.
    let zero = lead - how.first_scrape.since(SimTime::ZERO);
    let first = if before > 0 { zero.0 / every } else { lead.0.div_ceil(every) };
    for number in first..=end.0 / every {
        ask(FIRING, SimSpan(every * number));
    }
    for selector in how.selectors {
        ask(&presence(selector, how.whole), end);
    }
    Test { text, lead, first: SimSpan(every * first) }
}

fn milliseconds(span: SimSpan) -> String {
    format!("{}ms", span.0 / 1_000_000)
}

/// A string of YAML in single quotes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Where samples lie.
struct Grid {
    /// Scrapes before the run.
    before: usize,
    /// Instants that are no scrapes: the state at the start.
    past: usize,
    /// Scrapes of the run.
    scrapes: usize,
    /// Points before the first scrape of all, and from one scrape to the next.
    blank: usize,
    between: usize,
    step: SimSpan,
}

/// Values of a series in the notation of `promtool`: `_` no sample, `stale` the series has ended.
fn values(points: &[(usize, f64)], grid: &Grid) -> String {
    let value = |instant: usize| {
        let found = points.binary_search_by_key(&instant, |(at, _)| *at);
        found.ok().and_then(|place| points.get(place)).map(|(_, value)| *value)
    };
    let before = std::iter::repeat_n(0, grid.before);
    let mut text = String::new();
    if grid.blank > 0 {
        let _ = write!(text, "_x{} ", grid.blank);
    }
    let mut there = false;
    for instant in before.chain(grid.past..grid.past + grid.scrapes) {
        let value = value(instant);
        let _ = match (value, there) {
            (Some(value), _) => write!(text, "{value} "),
            (None, true) => write!(text, "stale "),
            (None, false) => write!(text, "_ "),
        };
        there = value.is_some();
        if grid.between > 0 {
            let _ = write!(text, "_x{} ", grid.between);
        }
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Grid, offset, values};
    use crate::units::SimSpan;

    #[test]
    fn a_series_that_ends_is_stale_and_history_is_the_state_at_the_start() {
        let points = [(0, 5.0), (1, 1.5e9), (4, 0.25)];
        let grid = |before, past, scrapes| Grid {
            before,
            past,
            scrapes,
            blank: 0,
            between: 0,
            step: SimSpan::secs(1),
        };
        assert_eq!(values(&points, &grid(0, 0, 6)), "5 1500000000 stale _ 0.25 stale");
        // What the first scrape finds is no history.
        assert_eq!(values(&points, &grid(2, 1, 1)), "5 5 1500000000");
        assert_eq!(values(&[(1, 7.0)], &grid(2, 1, 1)), "_ _ 7");
        let fine = Grid { blank: 7, between: 9, ..grid(0, 0, 2) };
        assert_eq!(values(&points, &fine), "_x7 5 _x9 1500000000 _x9");
    }

    #[test]
    fn evaluations_come_at_any_time_after_a_scrape() {
        let half = SimSpan::secs(30);
        let all: Vec<_> = (0..40).map(|replication| offset(replication, half, half)).collect();
        assert_eq!(all[0], (SimSpan::secs(15), SimSpan::secs(3)));
        for tenth in 0..10 {
            let here = SimSpan::secs(3 * tenth);
            let hits = all.iter().filter(|(offset, _)| *offset == here).count();
            assert!((2..=6).contains(&hits), "{here}: {hits}");
        }
        // What they have in common is a second.
        let odd = offset(0, half, SimSpan::secs(7));
        assert_eq!(odd, (SimSpan::ZERO, SimSpan::secs(1)));
    }
}
