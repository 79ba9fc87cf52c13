//! Diagnostics as SARIF 2.1.0 (OASIS, sarif-v2.1.0-os), which code scanning of GitHub, GitLab and Azure
//! and many editors read.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use serde_json::{Value, json};

use super::explanation::Explanation;
use crate::language::tell::code::{Code, Severity};
use crate::language::tell::diagnostic::{Diagnostic, Label};

/// Where the schema of the format lives.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

/// A log of one run with these findings.
///
/// # Errors
/// None that a scenario can cause; the serialiser's, if it ever has one.
pub(crate) fn sarif<'d>(
    found: impl IntoIterator<Item = &'d Diagnostic>,
    version: &str,
    explain: fn(Code) -> Option<&'static Explanation>,
) -> serde_json::Result<String> {
    let found: Vec<&Diagnostic> = found.into_iter().collect();
    let used: BTreeSet<&str> = found.iter().map(|one| one.code.id()).collect();
    let codes: Vec<Code> =
        Code::ALL.iter().copied().filter(|code| used.contains(code.id())).collect();
    let rules: Vec<Value> = codes.iter().map(|code| rule(*code, explain(*code))).collect();
    let results: Vec<Value> = found.iter().map(|one| result(one, &codes)).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "oomcast", "version": version, "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

fn rule(code: Code, text: Option<&'static Explanation>) -> Value {
    let mut rule = json!({
        "id": code.id(),
        "name": format!("{code:?}"),
        "shortDescription": { "text": code.meaning() },
        "defaultConfiguration": { "level": level(code.severity()) },
    });
    if let (Some(text), Some(rule)) = (text, rule.as_object_mut()) {
        let (wrong, right) = (text.wrong.text(), text.right.text());
        let why = text.why;
        rule.insert("fullDescription".to_owned(), json!({ "text": why }));
        let help = json!({
            "text": format!("{why}\n\nWrong:\n{wrong}\n\nRight:\n{right}"),
            "markdown": format!("{why}\n\nWrong:\n\n```\n{wrong}\n```\n\nRight:\n\n```\n{right}\n```"),
        });
        rule.insert("help".to_owned(), help);
    }
    rule
}

fn result(found: &Diagnostic, codes: &[Code]) -> Value {
    let mut text = found.message.clone();
    for more in [Some(&found.primary.text), found.help.as_ref()].into_iter().flatten() {
        if !more.is_empty() {
            text.push_str("; ");
            text.push_str(more);
        }
    }
    let mut result = json!({
        "ruleId": found.code.id(),
        "ruleIndex": codes.iter().position(|code| *code == found.code),
        "level": level(found.severity),
        "message": { "text": text },
        "locations": [location(&found.primary)],
    });
    if let Some(result) = result.as_object_mut().filter(|_| !found.related.is_empty()) {
        let related: Vec<Value> = found.related.iter().map(related).collect();
        result.insert("relatedLocations".to_owned(), Value::Array(related));
    }
    result
}

fn related(label: &Label) -> Value {
    let mut place = location(label);
    if let Some(place) = place.as_object_mut().filter(|_| !label.text.is_empty()) {
        place.insert("message".to_owned(), json!({ "text": label.text }));
    }
    place
}

fn location(label: &Label) -> Value {
    let place = &label.place;
    let artifact = json!({ "uri": uri(&place.file) });
    if place.line == 0 {
        return json!({ "physicalLocation": { "artifactLocation": artifact } });
    }
    let region = json!({
        "startLine": place.line,
        "startColumn": place.column,
        // A region of nothing is a point.
        "endColumn": place.end_column.max(place.column),
    });
    json!({ "physicalLocation": { "artifactLocation": artifact, "region": region } })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// A relative path as a relative URI reference, an absolute one as a `file:` URI (RFC 3986).
fn uri(path: &str) -> String {
    let mut uri = String::new();
    if Path::new(path).is_absolute() {
        uri.push_str("file://");
    }
    let plain = Path::new(path).components().filter(|part| *part != Component::CurDir);
    let mut first = true;
    for part in plain {
        let text = part.as_os_str().to_string_lossy();
        if part == Component::RootDir {
            continue;
        }
        if !first || uri.starts_with("file:") {
            uri.push('/');
        }
        first = false;
        for byte in text.bytes() {
            let unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            if unreserved {
                uri.push(char::from(byte));
            } else {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                let digit = |nibble: u8| char::from(HEX[usize::from(nibble)]);
                uri.extend(['%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("scenarios/a.toml"), "scenarios/a.toml");
        assert_eq!(uri("./a b.toml"), "a%20b.toml");
        assert_eq!(uri("../ä#1.toml"), "../%C3%A4%231.toml");
        assert_eq!(uri("/tmp/a.toml"), "file:///tmp/a.toml");
        assert_eq!(uri("--set"), "--set");
    }
}
