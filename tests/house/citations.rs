//! Where the code says that a number comes from: pages of this repository, and sections they have.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use crate::prose::{files, read};

/// The numbers of the headings of each page of facts.
type Sections = BTreeMap<String, BTreeSet<String>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sections() -> Sections {
    let number = |line: &str| {
        let heading = line.strip_prefix("## ").or_else(|| line.strip_prefix("### "))?;
        let number = heading.split(' ').next()?.trim_end_matches('.');
        number.starts_with(|c: char| c.is_ascii_digit()).then(|| number.to_owned())
    };
    let pages = files(&root().join("docs/facts"), &["md"]).into_iter();
    pages
        .map(|page| {
            let name = page.file_name().expect("a name").to_string_lossy().into_owned();
            (name, read(&page).lines().filter_map(number).collect())
        })
        .collect()
}

/// A text without line breaks and the signs of comments, so that a citation is in one piece.
fn joined(text: &str) -> String {
    let bare = |line: &str| line.trim().trim_start_matches(['/', '!', '#']).trim().to_owned();
    text.lines().map(bare).collect::<Vec<String>>().join(" ")
}

/// The section numbers that a citation goes on with: `, section 1.2`, ` 7.10`, ` sections 2, 3 and 9`.
fn cited(rest: &str) -> Vec<String> {
    let rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    let rest =
        rest.strip_prefix("sections").or_else(|| rest.strip_prefix("section")).unwrap_or(rest);
    let mut numbers = Vec::new();
    for word in rest.split_whitespace() {
        if ["and", "to"].contains(&word) && !numbers.is_empty() {
            continue;
        }
        let number: String = word.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        let ends = !word.ends_with(',') || number.len() + 1 < word.len();
        let number = number.trim_end_matches('.');
        if number.is_empty() {
            break;
        }
        numbers.push(number.to_owned());
        if ends && word.len() > number.len() {
            break;
        }
    }
    numbers
}

/// What is wrong with the citations of a text.
fn faults(text: &str, sections: &Sections) -> Vec<String> {
    let text = joined(text);
    let mut faults = Vec::new();
    for (at, found) in text.match_indices("facts/") {
        let rest = &text[at + found.len()..];
        let Some(end) = rest.find(".md").filter(|end| rest[..*end].chars().all(is_name)) else {
            continue;
        };
        let (page, rest) = rest.split_at(end + ".md".len());
        match sections.get(page) {
            _ if !text[..at].ends_with("docs/") => faults.push(format!("facts/{page}: in docs/")),
            None => faults.push(format!("docs/facts/{page}: no such page")),
            Some(known) => faults.extend(
                cited(rest)
                    .into_iter()
                    .filter(|number| !known.contains(number))
                    .map(|number| format!("docs/facts/{page} has no section {number}")),
            ),
        }
    }
    faults.extend(
        ELSEWHERE
            .iter()
            .filter(|place| text.contains(**place))
            .map(|place| format!("{place}: not here")),
    );
    faults
}

fn is_name(c: char) -> bool {
    c.is_ascii_lowercase() || c == '-'
}

/// What a clone does not have.
const ELSEWHERE: [&str; 2] = ["../shared", "DESIGN.md"];

#[test]
fn citations_lead_to_sections_that_are_there() {
    let sections = sections();
    assert!(sections.values().all(|numbers| numbers.len() > 5 || numbers.is_empty()));
    let mut all = Vec::new();
    for place in ["src", "tests", "benches", "scenarios", "presets"] {
        for path in files(&root().join(place), &["rs", "toml", "yaml"]) {
            // These rules themselves.
            if path.ends_with("tests/house/citations.rs") {
                continue;
            }
            let faults = faults(&read(&path), &sections);
            all.extend(faults.iter().map(|fault| format!("{}: {fault}", path.display())));
        }
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn a_citation_that_leads_nowhere_is_found() {
    let known =
        BTreeMap::from([("a.md".to_owned(), ["1", "1.2", "7.10"].map(str::to_owned).into())]);
    let of = |text: &str| faults(text, &known);
    let good = "// (docs/facts/a.md\n// sections 1, 1.2 and 7.10). 300 s";
    assert!(of(good).is_empty() && of("docs/facts/a.md 7.10: 1 s, 9").is_empty());
    assert_eq!(
        of("docs/facts/a.md, section 1.3 gives 17.4"),
        ["docs/facts/a.md has no section 1.3"]
    );
    assert_eq!(
        of("/// docs/facts/a.md sections 1 to\n/// 5."),
        ["docs/facts/a.md has no section 5"]
    );
    assert_eq!(of("docs/facts/b.md"), ["docs/facts/b.md: no such page"]);
    assert_eq!(of("(facts/a.md 1)"), ["facts/a.md: in docs/"]);
    assert_eq!(of("see DESIGN.md"), ["DESIGN.md: not here"]);
}
