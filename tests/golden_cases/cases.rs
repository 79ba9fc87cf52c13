//! Finds and reads golden data.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde::de::DeserializeOwned;

fn folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("OOMCAST_GOLDEN_DIR") {
        return folder.into();
    }
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// The text of a file, plain or compressed.
pub(crate) fn text(name: &str) -> String {
    let plain = folder().join(name);
    if let Ok(text) = fs::read_to_string(&plain) {
        return text;
    }
    let packed = folder().join(format!("{name}.gz"));
    let file = fs::File::open(&packed)
        .unwrap_or_else(|error| panic!("{} (or .gz): {error}", plain.display()));
    let mut text = String::new();
    GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap_or_else(|error| panic!("{}: {error}", packed.display()));
    text
}

/// Checks every case of a file of JSON lines, and says how many there were.
pub(crate) fn check_all<Case: DeserializeOwned>(name: &str, check: impl Fn(&Case)) {
    let mut checked = 0;
    for (line, text) in text(name).lines().enumerate() {
        if text.is_empty() {
            continue;
        }
        let case = serde_json::from_str(text)
            .unwrap_or_else(|error| panic!("{name} line {}: {error}", line + 1));
        check(&case);
        checked += 1;
    }
    report(name, checked);
}

/// Says how many cases were checked; none at all is a failure.
#[expect(clippy::print_stdout, reason = "the count is part of the test's result")]
pub(crate) fn report(name: &str, checked: usize) {
    println!("{name}: {checked} cases checked");
    assert!(checked > 0, "{name}: no cases");
}
