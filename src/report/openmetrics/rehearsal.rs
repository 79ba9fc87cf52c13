//! A replication as the input of `promtool test rules`: what rules would have made of it.
//!
//! `promtool` evaluates rule groups with Prometheus' own engine, `for` and recorded series included, on
//! series that a file spells out. A target that does not answer ends its series with a stale marker, as
//! in a live Prometheus; blocks made from a text file cannot say that. What is to be known is asked for
//! as tests that expect nothing: the answer is what `promtool` found instead.

use std::fmt::Write;

use super::{Cluster, Scraped, instants, selector, series};
use crate::results::{FIRING, presence};
use crate::units::SimSpan;

/// How rules are rehearsed.
#[derive(Clone, Copy, Debug)]
pub struct Rehearsal<'a> {
    /// Rule files, as `promtool` opens them.
    pub rule_files: &'a [String],
    /// From one scrape to the next.
    pub scrape: SimSpan,
    /// From one evaluation of a rule group to the next, where the group does not say.
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

/// The test of a replication.
#[must_use]
pub fn rehearsal(how: &Rehearsal<'_>, cluster: &Cluster<'_>, run: &Scraped) -> Test {
    let scrapes = instants(&run.samples).len();
    let before = (how.history.0 / how.scrape.0.max(1)) as usize;
    let lead = SimSpan(how.scrape.0 * before as u64);
    let end = lead + SimSpan(how.scrape.0 * scrapes.saturating_sub(1) as u64);
    let (step, evaluate) = (milliseconds(how.scrape), milliseconds(how.evaluate));
    let mut text = String::from("rule_files:\n");
    for file in how.rule_files {
        let _ = writeln!(text, "- {}", quoted(file));
    }
    let _ = writeln!(text, "evaluation_interval: {evaluate}\ntests:\n- interval: {step}");
    text += "  input_series:\n";
    for series in series(cluster, &run.samples) {
        let name = selector(series.family.name, &series.labels);
        let values = values(&series.points, before, scrapes);
        let _ = writeln!(text, "  - series: {}\n    values: {}", quoted(&name), quoted(&values));
    }
    text += "  promql_expr_test:\n";
    let mut ask = |query: &str, at: SimSpan| {
        let at = milliseconds(at);
        let _ = writeln!(text, "  - expr: {}\n    eval_time: {at}", quoted(query));
    };
    let first = lead.0.div_ceil(how.evaluate.0.max(1));
    for number in first..=end.0 / how.evaluate.0.max(1) {
        ask(FIRING, SimSpan(how.evaluate.0 * number));
    }
    for selector in how.selectors {
        ask(&presence(selector, how.whole), end);
    }
    Test { text, lead, first: SimSpan(how.evaluate.0 * first) }
}

fn milliseconds(span: SimSpan) -> String {
    format!("{}ms", span.0 / 1_000_000)
}

/// A string of YAML in single quotes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Values of a series in the notation of `promtool`: `_` no sample, `stale` the series has ended.
fn values(points: &[(usize, f64)], before: usize, scrapes: usize) -> String {
    let mut text = String::new();
    let mut there = false;
    let mut points = points.iter().peekable();
    for scrape in 0..scrapes {
        let value = points.next_if(|(at, _)| *at == scrape).map(|(_, value)| value);
        let _ = match (value, there) {
            (Some(value), _) if scrape == 0 && before > 0 => {
                write!(text, "{value}x{before} ")
            }
            (Some(value), _) => write!(text, "{value} "),
            (None, _) if scrape == 0 && before > 0 => write!(text, "_x{} ", before + 1),
            (None, true) => write!(text, "stale "),
            (None, false) => write!(text, "_ "),
        };
        there = value.is_some();
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::values;

    #[test]
    fn a_series_that_ends_is_stale_and_history_is_its_first_value() {
        let points = [(0, 5.0), (1, 1.5e9), (4, 0.25)];
        assert_eq!(values(&points, 0, 6), "5 1500000000 stale _ 0.25 stale");
        // A value x3 is that value and three more.
        assert_eq!(values(&points, 3, 2), "5x3 1500000000");
        assert_eq!(values(&[(1, 7.0)], 3, 2), "_x4 7");
    }
}
