//! Whatever JSON the binary prints or writes in a test fits the schema of its kind.
//!
//! The schemas are closed for this: a key that no schema has is a mistake here, while it is none for a
//! reader of another version.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use jsonschema::Validator;
use oomcast::cli::SCHEMAS;
use serde_json::{Value, json};

/// Files with a schema, and its name.
const FILES: [(&str, &str); 14] = [
    ("run.json", "manifest"),
    ("summary.json", "summary"),
    ("events.jsonl", "events"),
    ("find.json", "find"),
    ("no-return.json", "no-return"),
    ("alerts.json", "alerts"),
    ("compare.json", "compare"),
    ("advise.json", "advise"),
    ("assess.json", "assess"),
    ("forecast.json", "forecast"),
    ("sweep.json", "sweep"),
    ("rows.jsonl", "rows"),
    ("validation.json", "validation"),
    ("calibration.json", "calibration"),
];

/// Verbs with `--format json`, and the schema of what they print.
const PRINTED: [(&str, &str); 15] = [
    ("run", "summary"),
    ("find", "find"),
    ("no-return", "no-return"),
    ("alerts", "alerts"),
    ("compare", "compare"),
    ("advise", "advise"),
    ("assess", "assess"),
    ("forecast", "forecast"),
    ("sweep", "sweep"),
    ("merge", "sweep"),
    ("validate", "validation"),
    ("calibrate", "calibration"),
    ("speed", "speed"),
    ("check", "check"),
    ("show", "show"),
];

static VALIDATORS: LazyLock<BTreeMap<&str, Validator>> = LazyLock::new(|| {
    let closed = |text: &str| {
        let mut schema: Value = serde_json::from_str(text).expect("JSON");
        // Those of scenarios are closed already.
        if schema.get("x-format-version").is_some() {
            close(&mut schema);
        }
        jsonschema::validator_for(&schema).expect("a schema")
    };
    SCHEMAS.iter().map(|one| (one.name, closed(&one.json()))).collect()
});

/// Forbids every key that is not named. What stands in several parts, beside `oneOf`, stays open.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            let parts = map.contains_key("properties") && map.contains_key("oneOf");
            if map.get("properties").is_some_and(Value::is_object) && !parts {
                map.entry("additionalProperties").or_insert_with(|| json!(false));
            }
            map.iter_mut()
                .filter(|(key, _)| !parts || *key != "oneOf")
                .for_each(|(_, of)| close(of));
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What there was before a command.
pub(crate) struct Written {
    words: Vec<String>,
    folders: Vec<PathBuf>,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Written {
    /// The files below the folders of a command.
    pub(crate) fn below(command: &Command) -> Self {
        let inside = command.get_current_dir().unwrap_or_else(|| Path::new(".")).to_owned();
        let words: Vec<String> =
            command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        let out = flag(&words, &["-o", "--out"]).map(|out| inside.join(out));
        // Not the whole repository, where tests run in it.
        let folders: Vec<PathBuf> = match out {
            Some(out) => vec![out],
            None if inside.starts_with(env!("CARGO_TARGET_TMPDIR")) => vec![inside],
            None => Vec::new(),
        };
        let files = files(&folders);
        Self { words, folders, files }
    }

    /// That what the command wrote or printed fits.
    #[track_caller]
    pub(crate) fn check(&self, stdout: &[u8]) {
        for (path, bytes) in files(&self.folders) {
            if self.files.get(&path) != Some(&bytes) {
                let name = schema_of(&path).expect("one of the files");
                fits(name, &bytes, &path.display().to_string());
            }
        }
        let words = &self.words;
        if flag(words, &["--format"]) == Some("json") && !stdout.is_empty() {
            let verb = words.first().map(String::as_str).unwrap_or_default();
            let printed = PRINTED.iter().find(|(known, _)| *known == verb);
            let (_, name) = printed.unwrap_or_else(|| panic!("no schema for {verb}"));
            let name = if words.iter().any(|word| word == "--apf") { "apf" } else { name };
            fits(name, stdout, &format!("{words:?}"));
        }
    }
}

/// What follows one of these flags.
fn flag<'w>(words: &'w [String], names: &[&str]) -> Option<&'w str> {
    let at = words.iter().position(|word| names.contains(&word.as_str()))?;
    words.get(at + 1).map(String::as_str)
}

fn schema_of(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_str()?;
    FILES.iter().find(|(known, _)| *known == name).map(|(_, schema)| *schema)
}

/// Files with a schema, below these folders.
fn files(folders: &[PathBuf]) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut next: Vec<PathBuf> = folders.to_vec();
    while let Some(folder) = next.pop() {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        for entry in entries {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                next.push(path);
            } else if schema_of(&path).is_some()
                && let Ok(bytes) = std::fs::read(&path)
            {
                found.insert(path, bytes);
            }
        }
    }
    found
}

/// That a document, or every line of a `.jsonl`, fits a schema.
#[track_caller]
fn fits(name: &str, bytes: &[u8], what: &str) {
    let validator = &VALIDATORS[name];
    let lines = matches!(name, "events" | "rows");
    let documents: Vec<&[u8]> = if lines {
        bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect()
    } else {
        vec![bytes]
    };
    for document in documents {
        let value: Value = serde_json::from_slice(document)
            .unwrap_or_else(|error| panic!("{what} is not JSON: {error}"));
        let wrong: Vec<String> = validator
            .iter_errors(&value)
            .take(5)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{what} does not fit the schema `{name}`: {wrong:#?}");
    }
}
