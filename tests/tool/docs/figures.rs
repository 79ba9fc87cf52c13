//! Figures in prose. What the model says stands in console blocks, which are run, and in tables that
//! tests hold; a sentence has a figure of it only if it is computed here.

use oomcast::engine::statistics::runs_for_maximum;
use oomcast::experiment::proportion;
use oomcast::units::Bytes;

use super::{pages, read};

/// Made from the ledger: see `links`.
const REPEATED: &str = "## Why trust it";
/// Begins what the ledger writes.
const GENERATED: &str = "<!-- generated -->";
/// Around the table that `tests/fidelity/limits.rs` holds.
const LIMITS: [&str; 2] = ["<!-- breaking points -->", "<!-- end -->"];

/// `13.9 %`: as verdicts print it.
fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// The figures that sentences may have, as the tool would print them.
fn known() -> Vec<String> {
    let never = [10, 20].map(|n| percent(proportion(0, n).high));
    let always = [10, 30].map(|n| percent(proportion(n, n).low));
    let arithmetic = Bytes(2_500_000_000).to_string();
    never.into_iter().chain(always).chain([arithmetic]).collect()
}

/// The sentences of a page: without fenced blocks and what is generated.
fn prose(text: &str) -> String {
    let text = text.split(GENERATED).next().unwrap_or(text);
    let table = text.split_once(LIMITS[0]).zip(text.split_once(LIMITS[1]));
    let text = table.map_or(text.to_owned(), |((before, _), (_, after))| before.to_owned() + after);
    let mut fenced = false;
    let mut repeated = false;
    let lines = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        if line.starts_with("## ") {
            repeated = *line == REPEATED;
        }
        !fenced && !fence && !repeated
    });
    lines.collect::<Vec<_>>().join(" ")
}

/// `5.73 GiB`, `25.9 %`: a figure as the tool prints it, with a decimal point.
fn printed(prose: &str) -> Vec<String> {
    let words: Vec<&str> = prose.split_whitespace().collect();
    let of = |pair: &[&str]| {
        let number = pair[0].trim_start_matches(['(', '"', '*', '+', '-']);
        let decimal = number.contains('.') && number.parse::<f64>().is_ok();
        let unit =
            ["GiB", "MiB", "KiB", "TiB", "%"].into_iter().find(|u| pair[1].starts_with(u))?;
        decimal.then(|| format!("{number} {unit}"))
    };
    words.windows(2).filter_map(of).collect()
}

#[test]
fn a_figure_in_a_sentence_is_computed() {
    let known = known();
    let mut found = Vec::new();
    for page in pages() {
        for figure in printed(&prose(&read(&page))) {
            if !known.contains(&figure) {
                found.push(format!("{}: {figure}", page.display()));
            }
        }
    }
    assert!(found.is_empty(), "nothing holds {found:#?}: print it in a console block");
    assert_eq!(printed("peaks at 5.73 GiB, (25.9 %) of 4.36 GB."), ["5.73 GiB", "25.9 %"]);
}

/// What pages say of how many replications are enough.
#[test]
fn replications_that_are_called_enough_are() {
    assert_eq!(runs_for_maximum(0.95, 0.95), 59);
    assert!(proportion(0, 59).high <= 0.05 && proportion(0, 58).high > 0.05);
    assert_eq!(format!("{:.0} %", proportion(0, 5).high * 100.0), "45 %");
}
