//! What the author of a scenario expects of its runs.

use std::collections::BTreeMap;

use super::measure::{Amount, Measure};
use crate::language::table::read::scalar;
use crate::language::table::resolved::{Plain, Resolved, Value};
use crate::language::tell::code::{Code, Severity};
use crate::language::tell::diagnostic::{Finding, Log, shown};
use crate::language::text::source::Span;
use crate::language::text::tree::{Item, Node};

/// The keys of the two bounds.
const BOUNDS: [&str; 2] = ["at-most", "at-least"];

/// One expectation: a probability, or a quantile of a figure, on one side of a bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// Its name.
    pub name: String,
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

/// Reads the bounds as their metrics demand, and reports what contradicts itself.
pub(super) fn bounds(root: &mut Resolved, log: &mut Log) {
    let Some(Value::List(tables)) = root.value_mut("expect") else {
        return;
    };
    let mut names: BTreeMap<String, Span> = BTreeMap::new();
    for table in tables {
        unique(table, &mut names, log);
        let Some(measure) = table.text("metric").and_then(|key| Measure::from_key(key).ok()) else {
            continue;
        };
        for key in BOUNDS {
            bound(table, measure, key, log);
        }
        sides(table, log);
        quantile(table, measure, log);
    }
}

fn unique(table: &Resolved, names: &mut BTreeMap<String, Span>, log: &mut Log) {
    let Some(name) = table.text("name") else {
        return;
    };
    let at = table.at("name");
    if let Some(before) = names.insert(name.to_owned(), at) {
        let message = format!("two expectations are named `{}`", shown(name));
        let finding = Finding::new(Code::DuplicateName, at, message).label("the second");
        log.push(finding.related(Some(before), "the first"));
    }
}

/// Reads a bound again, now that its kind is known.
fn bound(table: &mut Resolved, measure: Measure, key: &str, log: &mut Log) {
    let Some(written) = table.plain(key).cloned() else {
        return;
    };
    let item = match written {
        Plain::Integer(n) => Item::Integer(Some(n.into())),
        Plain::Text(text) => Item::Text(text),
        _ => Item::Datetime,
    };
    let node = Node { span: table.at(key), item, raw: None };
    match scalar(&measure.kind(), &node) {
        Ok(plain) => table.replace(key, Some(plain)),
        Err(problem) => {
            let message = format!("`{key}` of \"{}\" {}", measure.key(), problem.message);
            let finding = Finding::new(problem.code, table.at(key), message).label(problem.label);
            log.push(finding.help(problem.help));
            table.replace(key, None);
        }
    }
}

/// An expectation has one bound.
fn sides(table: &Resolved, log: &mut Log) {
    let [most, least] = BOUNDS.map(|key| table.given(key));
    let finding = match (most, least) {
        (Some(most), Some(least)) => {
            let (first, second) = (most.min(least), most.max(least));
            let finding =
                Finding::new(Code::BadExpectation, second, "an expectation has one bound");
            let finding = finding.label("one too many").related(Some(first), "the first is here");
            finding.help("write a second [[expect]] for the other".to_owned())
        }
        (None, None) if !BOUNDS.iter().any(|key| table.is_bad(key)) => {
            let message = "an expectation has no bound";
            let finding = Finding::new(Code::BadExpectation, table.span, message);
            finding.label("needs `at-most` or `at-least`")
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
            let finding = Finding::new(Code::BadExpectation, table.span, message);
            finding.label("`quantile` is missing").help(
                "for example quantile = \"95%\": in 95 of 100 runs it is at or below".to_owned(),
            )
        }
        (false, Some(at)) if table.number("quantile").is_some_and(|q| q <= 0.0 || q >= 1.0) => {
            let message = "`quantile` must lie between 0% and 100%";
            let finding = Finding::new(Code::OutOfBounds, at, message).label("no quantile");
            finding.help("no number of runs bounds the least or the greatest possible".to_owned())
        }
        _ => return,
    };
    log.push(finding);
}

/// The expectations of a tree without mistakes.
pub(super) fn build(root: &Resolved) -> Option<Vec<Expectation>> {
    root.list("expect").iter().map(one).collect()
}

fn one(table: &Resolved) -> Option<Expectation> {
    let side = |key| table.plain(key).and_then(Amount::of);
    let (bound, at_most) = match (side("at-most"), side("at-least")) {
        (Some(most), None) => (most, true),
        (None, Some(least)) => (least, false),
        _ => return None,
    };
    Some(Expectation {
        name: table.text("name")?.to_owned(),
        measure: Measure::from_key(table.text("metric")?).ok()?,
        quantile: table.number("quantile"),
        bound,
        at_most,
        severity: match table.text("severity")? {
            "warning" => Severity::Warning,
            _ => Severity::Error,
        },
    })
}
