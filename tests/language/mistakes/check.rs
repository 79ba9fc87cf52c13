//! `oomcast check` for people, for programs and for code scanning.

use serde_json::Value;

use super::{VALID, folder, oomcast};
use crate::support::{stderr, stdout};

/// [`VALID`] without what it asks of etcd.
fn good() -> String {
    VALID.replace("resource-version = \"\"", "resource-version = \"0\"")
}

/// A file without findings, one with a warning, one with two mistakes.
fn three(name: &str) -> std::path::PathBuf {
    let place = folder(name);
    let files = [
        ("good.toml", good()),
        ("warned.toml", good().replace("memory-limit = \"16GiB\"", "memory-limit = \"16GB\"")),
        (
            "bad file.toml",
            good()
                .replace("replicas = 3", "replcas = 3")
                .replace("cpu-limit = \"4\"", "cpu-limit = -1"),
        ),
    ];
    for (file, text) in files {
        std::fs::write(place.join(file), text).expect("writes");
    }
    place
}

const ALL: [&str; 4] = ["check", "good.toml", "warned.toml", "bad file.toml"];

#[test]
fn all_mistakes_of_all_files_at_once() {
    let place = three("check-text");
    let output = oomcast(&place, &ALL, "");
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!("check_text", stdout(&output));
    insta::assert_snapshot!("check_findings", stderr(&output));
    let short = oomcast(&place, &[&ALL[..], &["--format", "short"]].concat(), "");
    insta::assert_snapshot!("check_short", stdout(&short));
    assert_eq!((short.status.code(), short.stderr.len()), (Some(2), 0));
}

#[test]
fn warnings_can_be_denied() {
    let place = three("check-deny");
    let code =
        |arguments: &[&str]| oomcast(&place, &[&["check"], arguments].concat(), "").status.code();
    assert_eq!(code(&["good.toml", "--deny", "warnings"]), Some(0));
    assert_eq!(code(&["warned.toml"]), Some(0));
    assert_eq!(code(&["warned.toml", "--deny", "warnings"]), Some(2));
    let noted = ["good.toml", "--set", "clients.dumps.lister.resource-version=exact"];
    assert_eq!(code(&noted), Some(0));
    assert_eq!(code(&[&noted[..], &["--deny", "warnings"]].concat()), Some(0));
    assert_eq!(code(&[&noted[..], &["--deny", "notes"]].concat()), Some(2));
    assert_eq!(code(&["good.toml", "--deny", "all"]), Some(2));
}

#[test]
fn standard_input_is_a_file() {
    let place = folder("check-stdin");
    let good = oomcast(&place, &["check", "-"], &good());
    assert_eq!((good.status.code(), stdout(&good).as_str()), (Some(0), "stdin: ok\n"));
    let bad = oomcast(&place, &["check", "-"], "schema = 2\n");
    assert_eq!(bad.status.code(), Some(2));
    assert!(stderr(&bad).contains("--> stdin:1:10"), "{}", stderr(&bad));
    let empty = oomcast(&place, &["check", "-"], "");
    assert_eq!(empty.status.code(), Some(2));
}

#[test]
fn json_is_for_programs() {
    let place = three("check-json");
    let output = oomcast(&place, &[&ALL[..], &["--format", "json"]].concat(), "");
    assert_eq!((output.status.code(), output.stderr.len()), (Some(2), 0));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let count = |key: &str| report[key].as_u64();
    assert_eq!((count("errors"), count("warnings"), count("notes")), (Some(2), Some(2), Some(0)));
    let passed: Vec<_> = (0..3).map(|i| report["files"][i]["passed"].as_bool()).collect();
    assert_eq!(passed, [Some(true), Some(true), Some(false)]);
    let finding = &report["files"][2]["findings"][0];
    assert_eq!(finding["code"], "E0101");
    assert_eq!(finding["primary"]["place"]["file"], "bad file.toml");
    assert_eq!(finding["primary"]["place"]["column"], 1);
    assert_eq!(finding["help"], "did you mean `replicas`?");
}

/// What the schema of SARIF 2.1.0 requires of the objects that are used here: properties by the object
/// that has them (OASIS, sarif-v2.1.0-os, sections 3.13 to 3.49).
const REQUIRED: [(&str, &[&str]); 9] = [
    ("", &["version", "runs"]),
    ("/runs/0", &["tool"]),
    ("/runs/0/tool", &["driver"]),
    ("/runs/0/tool/driver", &["name"]),
    ("/runs/0/tool/driver/rules/*", &["id"]),
    ("/runs/0/tool/driver/rules/*/shortDescription", &["text"]),
    ("/runs/0/tool/driver/rules/*/help", &["text"]),
    ("/runs/0/results/*", &["message"]),
    ("/runs/0/results/*/message", &["text"]),
];

/// Every value that a pointer with `*` for any index leads to.
fn at<'v>(value: &'v Value, pointer: &str) -> Vec<&'v Value> {
    let mut found = vec![value];
    for part in pointer.split('/').skip(1) {
        found = found
            .into_iter()
            .flat_map(|value| match (part, value) {
                ("*", Value::Array(items)) => items.iter().collect(),
                (_, Value::Array(items)) => {
                    items.get(part.parse::<usize>().expect("index")).into_iter().collect()
                }
                _ => value.get(part).into_iter().collect::<Vec<_>>(),
            })
            .collect();
    }
    found
}

#[test]
fn sarif_is_as_the_standard_has_it() {
    let place = three("check-sarif");
    let output = oomcast(&place, &[&ALL[..], &["--format", "sarif"]].concat(), "");
    assert_eq!((output.status.code(), output.stderr.len()), (Some(2), 0));
    let log: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().is_some_and(|s| s.ends_with("sarif-schema-2.1.0.json")));
    for (pointer, properties) in REQUIRED {
        let objects = at(&log, pointer);
        assert!(!objects.is_empty(), "nothing at {pointer}");
        for (object, property) in
            objects.iter().flat_map(|o| properties.iter().map(move |p| (o, p)))
        {
            assert!(object.get(property).is_some(), "{pointer} lacks {property}");
        }
    }
    let rules = at(&log, "/runs/0/tool/driver/rules/*");
    for result in at(&log, "/runs/0/results/*") {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("fits");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().expect("a level")));
    }
    for location in at(&log, "/runs/0/results/*/locations/*/physicalLocation") {
        let uri = location["artifactLocation"]["uri"].as_str().expect("a URI");
        assert!(!uri.contains([' ', ':', '\\']) && !uri.starts_with('/'), "{uri} is not relative");
        let number = |key: &str| location["region"][key].as_u64().expect("a number");
        assert!(number("startLine") >= 1 && number("startColumn") >= 1);
        assert!(number("endColumn") >= number("startColumn"));
    }
    insta::assert_snapshot!("check_sarif", stdout(&output));
}

#[test]
fn an_empty_log_is_sarif_too() {
    let place = three("check-empty");
    let output = oomcast(&place, &["check", "good.toml", "--format", "sarif"], "");
    let log: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(log["runs"][0]["results"], serde_json::json!([]));
}

#[test]
fn places_outside_of_files_are_there_too() {
    let place = three("check-places");
    let arguments =
        ["check", "none.toml", "good.toml", "--set", "node.memory=5", "--format", "sarif"];
    let output = oomcast(&place, &arguments, "");
    let log: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let uris = at(&log, "/runs/0/results/*/locations/0/physicalLocation/artifactLocation/uri");
    assert_eq!(uris, ["none.toml", "--set"]);
}
