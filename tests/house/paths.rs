//! Files that comments name are there.

use std::path::Path;

use crate::prose::{files, read};

/// The folders whose paths are written in full.
const FOLDERS: [&str; 8] =
    ["docs/", "tests/", "src/", "presets/", "scenarios/", "benches/", "deploy/", "fuzz/"];

/// The comments of a source, in one line.
fn comments(text: &str) -> String {
    let comment = |line: &str| {
        let begins = |at: &usize| *at == 0 || line[..*at].ends_with(char::is_whitespace);
        let at = line.match_indices("//").map(|(at, _)| at).find(begins)?;
        Some(line[at..].trim_start_matches(['/', '!']).trim().to_owned())
    };
    text.lines().filter_map(comment).collect::<Vec<String>>().join(" ")
}

/// Whether a path stands for several, such as `presets/NAME.toml` or `tests/*.rs`.
fn is_pattern(path: &str) -> bool {
    let name = |part: &str| part.len() > 1 && part.chars().all(|c| c.is_ascii_uppercase());
    path.contains('*') || path.split(['/', '.']).any(name)
}

/// The paths in a text that lead nowhere, where `exists` knows files in full and `source` the ends
/// of sources' paths, such as `client/driver/slow.rs`.
fn astray(text: &str, exists: impl Fn(&str) -> bool, source: impl Fn(&str) -> bool) -> Vec<String> {
    let inside = |c: char| c.is_alphanumeric() || "_-./*".contains(c);
    let wrong = |word: &&str| {
        let full = FOLDERS.iter().any(|folder| word.starts_with(folder));
        let rust = word.contains('/') && Path::new(word).extension().is_some_and(|e| e == "rs");
        !is_pattern(word) && if full { !exists(word) } else { rust && !source(word) }
    };
    let words = text.split(|c| !inside(c)).map(|word| word.trim_end_matches('.'));
    words.filter(wrong).map(str::to_owned).collect()
}

#[test]
fn paths_in_comments_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources: Vec<_> =
        ["src", "tests", "benches"].iter().flat_map(|f| files(&root.join(f), &["rs"])).collect();
    let exists = |path: &str| root.join(path).exists();
    let source = |end: &str| sources.iter().any(|path| path.ends_with(end));
    let mut wrong = Vec::new();
    for path in sources.iter().filter(|path| !path.ends_with("tests/house/paths.rs")) {
        let found = astray(&comments(&read(path)), exists, source);
        wrong.extend(found.into_iter().map(|word| format!("{}: no {word}", path.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_path_that_leads_nowhere_is_found() {
    let of = |text: &str| {
        astray(&comments(text), |path| path == "docs/a.md", |end| end == "model/world.rs")
    };
    assert_eq!(of("//! See `docs/a.md` and docs/\n//! docs/b.md."), ["docs/", "docs/b.md"]);
    assert_eq!(of("let x = 1; // model/world.rs, model/word.rs"), ["model/word.rs"]);
    assert!(of("let x = \"docs/b.md\"; // presets/NAME.toml").is_empty());
}
