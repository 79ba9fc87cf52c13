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

/// How the sentences begin.
const SENTENCES: [&str; 2] = ["lost servers predicted: ", "peaks inside their intervals: "];

/// The line of the ledger that a line of the README repeats: one that says the same of the same,
/// as far as the line goes.
fn repeated(line: &str, ledger: &str) -> Option<String> {
    if let Some(start) = SENTENCES.iter().find(|start| line.starts_with(**start)) {
        return ledger.lines().find(|other| other.starts_with(*start)).map(str::to_owned);
    }
    let figure =
        |cell: &&str| cell.contains('%') || cell.contains("iB") || cell.parse::<f64>().is_ok();
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let names = cells.iter().position(figure).unwrap_or(cells.len());
    ledger.lines().filter(|other| other.starts_with("| ")).find_map(|other| {
        let others: Vec<&str> = other.trim_matches('|').split('|').map(str::trim).collect();
        let same = others.len() >= cells.len() && others[..names] == cells[..names];
        same.then(|| format!("| {} |", others[..cells.len()].join(" | ")))
    })
}

/// `UPDATE_LEDGER=1` takes them over from the ledger.
#[test]
fn the_readme_repeats_the_ledger() {
    let ledger = read(&root().join("docs/fidelity.md"));
    let path = root().join("README.md");
    let readme = read(&path);
    let from = readme.find(REPEATED).expect("the section");
    let to = readme[from + 2..].find("\n## ").map_or(readme.len(), |end| from + 2 + end);
    let sentence = |line: &str| SENTENCES.iter().any(|start| line.starts_with(*start));
    let repeats = |line: &str| line.starts_with("| ") || sentence(line);
    let mut renewed = readme[..from].to_owned();
    let mut rows = 0;
    for line in readme[from..to].split_inclusive('\n') {
        let bare = line.trim_end();
        if repeats(bare) {
            rows += 1;
            let fresh = repeated(bare, &ledger);
            renewed += &fresh.unwrap_or_else(|| panic!("not in docs/fidelity.md: {bare}"));
            renewed += "\n";
        } else {
            renewed += line;
        }
    }
    renewed += &readme[to..];
    assert!(rows >= 8, "{rows} rows");
    if std::env::var_os("UPDATE_LEDGER").is_some() {
        std::fs::write(&path, renewed).expect("writes the README");
    } else {
        assert_eq!(readme, renewed, "UPDATE_LEDGER=1 cargo test --test tool ledger");
    }
}

#[test]
fn a_line_is_taken_over_as_far_as_it_goes() {
    let ledger =
        "| error of | runs | of |\n| peak | 34 | a |\nlost servers predicted: 3 of 3; b.\n";
    assert_eq!(repeated("| peak | 33 |", ledger).as_deref(), Some("| peak | 34 |"));
    assert_eq!(repeated("| error of | runs |", ledger).as_deref(), Some("| error of | runs |"));
    let lost = repeated("lost servers predicted: 2 of 2; b.", ledger);
    assert_eq!(lost.as_deref(), Some("lost servers predicted: 3 of 3; b."));
    assert_eq!(repeated("| duration | 33 |", ledger), None);
}

#[test]
fn anchors_are_those_of_the_headings() {
    let found = anchors("# A `b`: c, d\n```sh\n# e\n```\n## 1.2 What each failure does\n");
    let expected = ["a-b-c-d", "12-what-each-failure-does"].map(str::to_owned);
    assert_eq!(found, BTreeSet::from(expected));
}
