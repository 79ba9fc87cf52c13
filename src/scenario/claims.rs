//! What is claimed of the runs: published figures to show beside the prediction, and what the author of
//! the scenario expects. Both speak of the same metrics, of the whole run or of one phase.

use std::collections::BTreeMap;

use super::keys::claims::{Expect, Failing, Published as PublishedKeys};
use super::measure::{Amount, Measure};
use crate::language::table::Kind;
use crate::language::{
    Code, Finding, Item, Log, Node, Plain, Resolved, Severity, Span, Value, scalar, shown,
};

/// What a metric is said to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Claim {
    /// This; of an event, all or nothing.
    Value(Amount),
    /// This or more.
    AtLeast(Amount),
    /// This or less.
    AtMost(Amount),
    /// Between these.
    Between(Amount, Amount),
}

/// One published figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// The event whose phase it belongs to; empty: the whole run.
    pub phase: String,
    /// What was measured.
    pub measure: Measure,
    /// What it was.
    pub claim: Claim,
    /// How far off a prediction may be: 0.15 for 15 %.
    pub tolerance: f64,
    /// Where the figure comes from.
    pub source: String,
    /// Why a discrepancy is expected; may be empty.
    pub note: String,
}

/// One expectation: a probability, or a quantile of a figure, on one side of a bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// Its name.
    pub name: String,
    /// The event whose phase is judged; empty: the whole run.
    pub phase: String,
    /// What is judged.
    pub measure: Measure,
    /// Of a figure, which quantile over the replications; 0.95 for 95 %.
    pub quantile: Option<f64>,
    /// The bound.
    pub bound: Amount,
    /// Whether the bound is the most; else it is the least.
    pub at_most: bool,
    /// Error or warning.
    pub severity: Severity,
}

/// Reads figures and bounds as their metrics demand, and reports what contradicts itself.
pub(super) fn check(root: &mut Resolved, log: &mut Log) {
    for table in tables(root, "published") {
        let Some(measure) = measure(table) else { continue };
        let kind = if measure.is_event() { Kind::Flag } else { measure.kind() };
        let keys = ["value", "at-least", "at-most"];
        reread(table, &keys, (measure, &kind, Some(Code::BadFigure)), log);
        phase(table, measure, Code::BadFigure, log);
        figure(table, measure, log);
    }
    let mut names: BTreeMap<String, Span> = BTreeMap::new();
    for table in tables(root, "expect") {
        unique(table, &mut names, log);
        let Some(measure) = measure(table) else { continue };
        reread(table, &["at-most", "at-least"], (measure, &measure.kind(), None), log);
        phase(table, measure, Code::BadExpectation, log);
        sides(table, log);
        quantile(table, measure, log);
    }
}

fn tables<'r>(root: &'r mut Resolved, key: &str) -> &'r mut [Resolved] {
    match root.value_mut(key) {
        Some(Value::List(tables)) => tables,
        _ => &mut [],
    }
}

fn measure(table: &Resolved) -> Option<Measure> {
    Measure::from_key(table.text("metric")?).ok()
}

/// Reads values again, now that their kind is known. A code takes the place of that of a mistake.
fn reread(
    table: &mut Resolved,
    keys: &[&str],
    (measure, kind, code): (Measure, &Kind, Option<Code>),
    log: &mut Log,
) {
    for key in keys {
        let item = match table.plain(key) {
            None => continue,
            Some(Plain::Flag(flag)) => Item::Flag(*flag),
            Some(Plain::Integer(n)) => Item::Integer(Some((*n).into())),
            // `--set` leaves quotes out, so that `true` may arrive as text.
            Some(Plain::Text(text)) => match (kind, text.parse::<bool>()) {
                (Kind::Flag, Ok(flag)) => Item::Flag(flag),
                _ => Item::Text(text.clone()),
            },
            Some(_) => Item::Datetime,
        };
        let node = Node { span: table.at(key), item, raw: None };
        match scalar(kind, &node) {
            Ok(plain) => table.replace(key, Some(plain)),
            Err(problem) => {
                let message = format!("`{key}` of \"{}\" {}", measure.key(), problem.message);
                let code = code.unwrap_or(problem.code);
                let finding = Finding::new(code, table.at(key), message).label(problem.label);
                log.push(finding.help(problem.help));
                table.replace(key, None);
            }
        }
    }
}

/// Some metrics are recorded for the whole run only.
fn phase(table: &Resolved, measure: Measure, code: Code, log: &mut Log) {
    if table.text("phase").is_some_and(|phase| !phase.is_empty()) && !measure.is_per_phase() {
        let message = format!("\"{}\" is recorded for the whole run only", measure.key());
        let known = Measure::ALL.into_iter().filter(|measure| measure.is_per_phase());
        let known: Vec<&str> = known.map(Measure::key).collect();
        let finding = Finding::new(code, table.at("phase"), message).label("leave it out");
        log.push(finding.help(format!("phases have {}", known.join(", "))));
    }
}

/// A figure is a value or has bounds.
fn figure(table: &Resolved, measure: Measure, log: &mut Log) {
    let given = |key| table.given(key).is_some() || table.is_bad(key);
    let bound = ["at-least", "at-most"].into_iter().find(|key| given(key));
    let mut wrong = |at: Span, message: String, label: &str| {
        log.push(Finding::new(Code::BadFigure, at, message).label(label));
    };
    match (given("value"), bound) {
        (true, Some(bound)) => {
            let message =
                format!("a figure has a `value` or bounds, not both `value` and `{bound}`");
            wrong(table.at(bound), message, "one too many");
        }
        (false, Some(bound)) if measure.is_event() => {
            let message = format!("\"{}\" takes `value`, not `{bound}`", measure.key());
            wrong(table.at(bound), message, "true or false have no bounds");
        }
        (false, None) => {
            let label = "needs `value`, `at-least` or `at-most`";
            wrong(table.span, "a published figure has no figure".to_owned(), label);
        }
        _ => {}
    }
    let amount = |key| table.plain(key).and_then(Amount::of);
    if let (Some(low), Some(high)) = (amount("at-least"), amount("at-most"))
        && low > high
    {
        let message = "`at-least` is above `at-most`".to_owned();
        wrong(table.at("at-least"), message, "no figure is between them");
    }
}

fn unique(table: &Resolved, names: &mut BTreeMap<String, Span>, log: &mut Log) {
    let Some(name) = table.text("name") else { return };
    let at = table.at("name");
    if let Some(before) = names.insert(name.to_owned(), at) {
        let message = format!("two expectations are named `{}`", shown(name));
        let finding = Finding::new(Code::DuplicateName, at, message).label("the second");
        log.push(finding.related(Some(before), "the first"));
    }
}

/// An expectation has one bound.
fn sides(table: &Resolved, log: &mut Log) {
    let bounds = ["at-most", "at-least"];
    let finding = match bounds.map(|key| table.given(key)) {
        [Some(most), Some(least)] => {
            let (first, second) = (most.min(least), most.max(least));
            Finding::new(Code::BadExpectation, second, "an expectation has one bound")
                .label("one too many")
                .related(Some(first), "the first is here")
                .help("write a second [[expect]] for the other".to_owned())
        }
        [None, None] if !bounds.iter().any(|key| table.is_bad(key)) => {
            let message = "an expectation has no bound";
            Finding::new(Code::BadExpectation, table.span, message)
                .label("needs `at-most` or `at-least`")
        }
        _ => return,
    };
    log.push(finding);
}

/// A figure is judged by a quantile, a probability by itself.
fn quantile(table: &Resolved, measure: Measure, log: &mut Log) {
    let key = measure.key();
    let given = table.given("quantile");
    let finding = match (measure.is_event(), given) {
        (true, Some(at)) => {
            let message = format!("\"{key}\" is a probability: it has no quantile");
            Finding::new(Code::BadExpectation, at, message).label("leave it out")
        }
        (false, None) if !table.is_bad("quantile") => {
            let message = format!("\"{key}\" has a value in each run: which quantile is meant?");
            Finding::new(Code::BadExpectation, table.span, message)
                .label("`quantile` is missing")
                .help(
                    "for example quantile = \"95%\": in 95 of 100 runs it is at or below"
                        .to_owned(),
                )
        }
        (false, Some(at)) if table.number("quantile").is_some_and(|q| q <= 0.0 || q >= 1.0) => {
            let message = "`quantile` must lie between 0% and 100%";
            Finding::new(Code::OutOfBounds, at, message)
                .label("no quantile")
                .help("no number of runs bounds the least or the greatest possible".to_owned())
        }
        _ => return,
    };
    log.push(finding);
}

/// A published figure without mistakes.
pub(super) fn published(table: PublishedKeys) -> Option<Published> {
    let PublishedKeys { phase, metric, value, at_least, at_most, tolerance, source, note } = table;
    let amount = |plain: Option<Plain>| plain.as_ref().and_then(Amount::of);
    let claim = match (amount(value), amount(at_least), amount(at_most)) {
        (Some(value), ..) => Claim::Value(value),
        (None, Some(low), Some(high)) => Claim::Between(low, high),
        (None, Some(low), None) => Claim::AtLeast(low),
        (None, None, Some(high)) => Claim::AtMost(high),
        (None, None, None) => return None,
    };
    Some(Published { phase, measure: metric, claim, tolerance, source, note })
}

/// An expectation without mistakes.
pub(super) fn expectation(table: Expect) -> Option<Expectation> {
    let Expect { name, phase, metric, quantile, at_most, at_least, severity } = table;
    let (bound, at_most) = match (at_most, at_least) {
        (Some(most), None) => (most, true),
        (None, Some(least)) => (least, false),
        _ => return None,
    };
    Some(Expectation {
        name,
        phase,
        measure: metric,
        quantile,
        bound: Amount::of(&bound)?,
        at_most,
        severity: match severity {
            Failing::Warning => Severity::Warning,
            Failing::Error => Severity::Error,
        },
    })
}
