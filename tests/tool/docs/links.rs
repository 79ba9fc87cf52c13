//! Where the links of the pages lead, what the book holds, and the figures that the README repeats.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{page, read, root};

/// Pages outside of the book.
const OTHERS: [&str; 6] = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "deploy/README.md",
    "fuzz/README.md",
    "output/README.md",
];

/// The Markdown files below a folder, in order.
fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(below(&path));
        } else if path.extension().is_some_and(|e| e == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn book() -> Vec<PathBuf> {
    below(&root().join("docs"))
}

/// What a heading is called in a link: lower case, hyphens for spaces, no punctuation.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The anchors of a page's headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut code = false;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        code ^= line.starts_with("```");
        if !code && line.starts_with('#') {
            found.insert(anchor(line));
        }
    }
    found
}

/// What is wrong with a link of a page, if anything.
fn fault(path: &Path, target: &str, in_book: bool) -> Option<String> {
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let folder = path.parent().expect("a folder");
    let led_to = if file.is_empty() { path.to_path_buf() } else { folder.join(file) };
    if !led_to.exists() {
        return Some("leads nowhere".to_owned());
    }
    let docs = root().join("docs").canonicalize().expect("the documentation");
    if in_book && !led_to.canonicalize().expect("there").starts_with(docs) {
        return Some("leaves the book: name the file by its path".to_owned());
    }
    let has = heading.is_empty() || anchors(&read(&led_to)).contains(heading);
    (!has).then(|| "leads to no heading".to_owned())
}

#[test]
fn links_lead_somewhere() {
    let others = OTHERS.iter().map(|name| (root().join(name), false));
    let pages = others.chain(book().into_iter().map(|path| (path, true)));
    let mut faults = Vec::new();
    for (path, in_book) in pages {
        for target in page::links(&read(&path)) {
            if let Some(fault) = fault(&path, &target, in_book) {
                faults.push(format!("{}: {target} {fault}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Files of this repository that a page names in code, outside of blocks.
fn named(text: &str) -> Vec<String> {
    let folders = ["src/", "tests/", "docs/", "scenarios/", "presets/", "deploy/", "benches/"];
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-./".contains(c);
    let mut code = false;
    let mut found = Vec::new();
    for line in text.lines() {
        code ^= line.trim_start().starts_with("```");
        let spans = line.split('`').skip(1).step_by(2).filter(|_| !code);
        let paths = spans.filter(|span| folders.iter().any(|folder| span.starts_with(folder)));
        found.extend(paths.filter(|path| path.chars().all(plain)).map(str::to_owned));
    }
    found
}

#[test]
fn files_that_are_named_are_there() {
    let own = |page: &PathBuf| !page.starts_with(root().join("docs/facts"));
    let others = OTHERS.iter().map(|name| root().join(name));
    for page in others.chain(book()).filter(own) {
        for path in named(&read(&page)) {
            assert!(root().join(&path).exists(), "{}: no {path}", page.display());
        }
    }
}

#[test]
fn the_table_of_contents_has_every_page_of_the_book() {
    let contents = root().join("docs/SUMMARY.md");
    let listed: BTreeSet<PathBuf> =
        page::links(&read(&contents)).iter().map(|page| root().join("docs").join(page)).collect();
    let pages: BTreeSet<PathBuf> = book().into_iter().filter(|page| *page != contents).collect();
    assert_eq!(listed, pages);
}

/// Rows of tables and sentences below this heading stand in the ledger, to the letter.
const REPEATED: &str = "## Why trust it";

#[test]
fn the_readme_repeats_the_ledger() {
    let ledger = read(&root().join("docs/fidelity.md"));
    let readme = read(&root().join("README.md"));
    let section = readme.split(REPEATED).nth(1).expect("the section");
    let section = section.split("\n## ").next().expect("its text");
    let repeated = |line: &&str| line.starts_with("| ") || line.contains("predicted: ");
    let mut rows = 0;
    for line in section.lines().filter(repeated) {
        let row = line.trim_end_matches('|').trim_end();
        assert!(ledger.contains(row), "not in docs/fidelity.md: {line}");
        rows += 1;
    }
    assert!(rows >= 6, "{rows} rows");
}

#[test]
fn anchors_are_those_of_the_headings() {
    let found = anchors("# A `b`: c, d\n```sh\n# e\n```\n## 1.2 What each failure does\n");
    let expected = ["a-b-c-d", "12-what-each-failure-does"].map(str::to_owned);
    assert_eq!(found, BTreeSet::from(expected));
}
