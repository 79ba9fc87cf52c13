//! The words of the pages: those that CONTRIBUTING.md replaces do not come back.

use std::path::{Path, PathBuf};

/// What the style section of CONTRIBUTING.md replaces, as words or phrases.
const REFUSED: [&str; 9] = [
    "genuine",
    "anew",
    "afresh",
    "likewise",
    "told, and no more",
    "so many a",
    "one file a",
    "one line a",
    "one row a",
];

/// How often they still stand in `src`. It only falls: lower it with what you mend.
const LEFT_IN_SRC: usize = 63;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of these extensions in and below a path, in order.
pub(crate) fn files(path: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_path_buf()];
    }
    let entries = std::fs::read_dir(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let wanted = |path: &PathBuf| {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        path.is_dir() || extensions.contains(&extension)
    };
    paths.retain(wanted);
    paths.iter().flat_map(|path| files(path, extensions)).collect()
}

pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The refused words of a line.
fn refused(line: &str) -> impl Iterator<Item = &'static str> {
    let line = line.to_lowercase();
    REFUSED.into_iter().filter(move |phrase| {
        line.match_indices(phrase).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = line[at + phrase.len()..].chars().next();
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        })
    })
}

/// The lines of a page that are prose: no code, and not the section that shows what not to write.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let (mut code, mut style) = (false, false);
    (1..).zip(text.lines()).filter(move |(_, line)| {
        code ^= line.trim_start().starts_with("```");
        if line.starts_with("## ") {
            style = *line == "## Style";
        }
        !code && !style
    })
}

/// Made from `src`.
const GENERATED: [&str; 2] = ["docs/reference.md", "docs/assumptions.md"];

#[test]
fn pages_say_it_plainly() {
    let places = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs", "deploy/README.md"];
    let more = ["fuzz/README.md", "output/README.md", "presets", "scenarios"];
    let mut found = Vec::new();
    for place in places.iter().chain(&more) {
        for path in files(&root().join(place), &["md", "toml"]) {
            if GENERATED.iter().any(|page| path.ends_with(page)) {
                continue;
            }
            let text = read(&path);
            for (number, line) in prose(&text) {
                let words =
                    refused(line).map(|word| format!("{}:{number}: {word}", path.display()));
                found.extend(words);
            }
        }
    }
    assert!(found.is_empty(), "see \"Style\" in CONTRIBUTING.md\n{}", found.join("\n"));
}

#[test]
fn the_code_has_no_more_of_them_than_before() {
    let mut found = Vec::new();
    for path in files(&root().join("src"), &["rs", "toml"]) {
        for (number, line) in (1..).zip(read(&path).lines()) {
            let words = refused(line).map(|word| format!("{}:{number}: {word}", path.display()));
            found.extend(words);
        }
    }
    let (count, all) = (found.len(), found.join("\n"));
    assert!(count <= LEFT_IN_SRC, "{all}\n{count} instead of at most {LEFT_IN_SRC}");
}

#[test]
fn words_are_found_where_they_stand_alone() {
    assert_eq!(refused("A Genuine server, renewed.").collect::<Vec<_>>(), ["genuine"]);
    assert_eq!(refused("so many applications; manewer").count(), 0);
    let page = "a\n```\nanew\n```\n## Style\nanew\n## Next\nanew\n";
    let lines: Vec<usize> =
        prose(page).filter(|(_, l)| refused(l).count() > 0).map(|l| l.0).collect();
    assert_eq!(lines, [8]);
}
