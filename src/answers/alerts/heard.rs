//! What `promtool test rules` says of tests that expect nothing: per expression and time the samples
//! that it found instead.
//!
//! ```text
//!     expr: "ALERTS{alertstate=\"firing\"}", time: 1m30s,
//!         exp: nil
//!         got: {__name__="ALERTS", alertname="Down", alertstate="firing"} 1E+00
//! ```

use std::collections::BTreeMap;

use crate::units::{SimSpan, parse_span};

/// Labels of a sample.
pub(super) type Labels = BTreeMap<String, String>;

/// Samples that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The expression.
    pub expression: String,
    /// When.
    pub at: SimSpan,
    /// The labels of each.
    pub samples: Vec<BTreeMap<String, String>>,
}

/// A rule that could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotEvaluated {
    /// Its name; for an expression, the expression.
    pub rule: String,
    /// Why, in the words of the engine.
    pub why: String,
}

/// Reads the answer.
///
/// # Errors
/// What `promtool` said of the rules that it could not evaluate: it ends at the first time with one.
pub fn read(answer: &str) -> Result<Vec<Found>, Vec<NotEvaluated>> {
    let mut all: Vec<Found> = Vec::new();
    let mut failed: Vec<NotEvaluated> = Vec::new();
    for line in answer.lines().map(str::trim) {
        if let Some((what, why)) = line.split_once(", err: ") {
            let what = what.trim_start_matches("rule: ").trim_start_matches("expr: ");
            let rule = what.rsplit_once(", time: ").map_or(what, |(rule, _)| rule).to_owned();
            failed.push(NotEvaluated { rule, why: why.to_owned() });
            continue;
        }
        if let Some(rest) = line.strip_prefix("expr: ") {
            let Some((expression, rest)) = string(rest) else { continue };
            let at = rest.trim_start_matches(", time: ").trim_end_matches(',');
            let Ok(at) = parse_span(at) else { continue };
            all.push(Found { expression, at, samples: Vec::new() });
        } else if let (Some(rest), Some(last)) = (line.strip_prefix("got:"), all.last_mut()) {
            last.samples = samples(rest);
        }
    }
    if failed.is_empty() { Ok(all) } else { Err(failed) }
}

/// A string in Go's double quotes at the start of a text, and what follows it.
fn string(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.strip_prefix('"')?.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, text.get(at + 2..)?)),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

/// `{a="b", c="d"} 1E+00, {...} 2E+00`.
fn samples(text: &str) -> Vec<Labels> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, inside)) = rest.split_once('{') {
        let mut labels = Labels::new();
        rest = inside;
        while let Some((name, value)) = rest.split_once('=') {
            let name = name.trim_start_matches([',', ' ']);
            // The braces were empty, or are closed.
            if name.contains('}') {
                break;
            }
            let Some((value, after)) = string(value) else { return found };
            labels.insert(name.to_owned(), value);
            rest = after;
            if rest.starts_with('}') {
                break;
            }
        }
        found.push(labels);
        rest = rest.split_once('}').map_or("", |(_, after)| after);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Labels, NotEvaluated, read};
    use crate::units::SimSpan;

    #[test]
    fn samples_are_told_apart_by_their_labels() {
        let answer = "Unit Testing:  t.yaml\n  FAILED:\n    \
            expr: \"ALERTS{alertstate=\\\"firing\\\"}\", time: 1m30s,\n        exp: nil\n        \
            got: {alertname=\"A}, {\", x=\"1\"} 1E+00, {alertname=\"B\"} 1E+00\n    \
            expr: \"count(up)\", time: 1h0m5s,\n        exp: nil\n        got: {} 1E+00\n";
        let found = read(answer).expect("no error");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].expression, "ALERTS{alertstate=\"firing\"}");
        assert_eq!(found[0].at, SimSpan::secs(90));
        let names: Vec<&str> = found[0].samples.iter().map(|l| &*l["alertname"]).collect();
        assert_eq!(names, ["A}, {", "B"]);
        assert_eq!(
            (found[1].at, &found[1].samples[..]),
            (SimSpan::secs(3605), &[Labels::new()][..])
        );
        let failed = "  FAILED:\n    rule: X, time: 30s, err: many-to-many matching not allowed";
        let why = "many-to-many matching not allowed".to_owned();
        assert_eq!(read(failed), Err(vec![NotEvaluated { rule: "X".to_owned(), why }]));
        assert_eq!(read("  SUCCESS\n"), Ok(Vec::new()));
    }
}
