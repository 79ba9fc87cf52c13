//! `report.html`: a result as one page for a browser, to be passed on.
//!
//! The page is a function of the files of the result's folder, so the verb that ran and `oomcast
//! report` make the same bytes. It holds everything itself: style, script, data and charts; its
//! content security policy forbids the browser to load anything. What came from a scenario is escaped:
//! text for HTML, and in the data every `<`, so that none can end the script element.
//!
//! | file | what |
//! |---|---|
//! | `page.html`, `timelines.html` | the frame, with `{{names}}` to be filled |
//! | `page.css`, `page.js` | embedded as they are |
//! | `data` | what the script draws: timelines thinned to the pixels there are, with every peak |
//! | `parts` | what HTML says by itself: verdict, tables, story, inputs |

mod data;
mod parts;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::manifest::Manifest;
use super::page::{Mood, Page};
use super::{advise, alerts, assess, compare, find, forecast, no_return, run, sweep};
use crate::results::Summary;

/// Name of the page in a folder.
pub const REPORT: &str = "report.html";

const FRAME: &str = include_str!("page.html");
const TIMELINES: &str = include_str!("timelines.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum HtmlError {
    /// A file of the folder cannot be read.
    #[error("cannot read {}: {source}; run the scenario again", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of the folder is not what this version writes.
    #[error("{}: {what}; run the scenario again with this version of oomcast", path.display())]
    Format {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

/// The page of the result in `folder`, made of those of its files that are in its manifest. `None`: they
/// are not those of a run, search, comparison or sweep.
///
/// # Errors
/// Files that cannot be read, or are of another format.
pub fn render(folder: &Path, manifest: &Manifest) -> Result<Option<String>, HtmlError> {
    let folder = Folder { path: folder, manifest };
    if folder.has("summary.json") {
        return of_run(&folder).map(Some);
    }
    let one = &["scenario.effective.toml"][..];
    let two = &["a.effective.toml", "b.effective.toml"][..];
    let known: [(&str, Reader, &[&str]); 8] = [
        ("alerts.json", |folder, name| folder.json(name).map(|found| alerts::page(&found)), one),
        ("find.json", |folder, name| folder.json(name).map(|found| find::page(&found)), one),
        (
            "no-return.json",
            |folder, name| folder.json(name).map(|found| no_return::page(&found)),
            one,
        ),
        (
            "forecast.json",
            |folder, name| folder.json(name).map(|found| forecast::page(&found)),
            one,
        ),
        ("advise.json", |folder, name| folder.json(name).map(|found| advise::page(&found)), one),
        ("assess.json", |folder, name| folder.json(name).map(|found| assess::page(&found)), one),
        ("compare.json", |folder, name| folder.json(name).map(|found| compare::page(&found)), two),
        ("sweep.json", |folder, name| folder.json(name).map(|found| sweep::page(&found)), one),
    ];
    let Some((name, read, effective)) = known.into_iter().find(|(name, ..)| folder.has(name))
    else {
        return Ok(None);
    };
    plain(&folder, &read(&folder, name)?, effective).map(Some)
}

/// Reads a result and makes its page.
type Reader = fn(&Folder<'_>, &str) -> Result<Page, HtmlError>;

/// The files of a result.
struct Folder<'a> {
    path: &'a Path,
    manifest: &'a Manifest,
}

impl Folder<'_> {
    fn has(&self, name: &str) -> bool {
        self.manifest.files.iter().any(|file| file == name)
    }

    fn text(&self, name: &str) -> Result<String, HtmlError> {
        let path = self.path.join(name);
        fs::read_to_string(&path).map_err(|source| HtmlError::Io { path, source })
    }

    fn wrong(&self, name: &str, what: &impl ToString) -> HtmlError {
        HtmlError::Format { path: self.path.join(name), what: what.to_string() }
    }

    /// Reads a file piece by piece: the rows of a sweep may be more than fit into memory.
    fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, HtmlError> {
        let path = self.path.join(name);
        let file = fs::File::open(&path).map_err(|source| HtmlError::Io { path, source })?;
        let file = io::BufReader::with_capacity(1 << 16, file);
        serde_json::from_reader(file).map_err(|error| self.wrong(name, &error))
    }
}

fn of_run(folder: &Folder<'_>) -> Result<String, HtmlError> {
    let summary: Summary = folder.json("summary.json")?;
    let page = run::page(&summary, None);
    let beats = parts::beats(&folder.text("story.txt")?);
    let data = data::of_run(folder, &summary, &beats)?;
    // The reader's first two questions: does what must hold, and how close was each server?
    let front = page.sections.iter().position(|section| section.title == "Memory");
    let (front, tables) = page.sections.split_at(front.map_or(0, |at| at + 1));
    let replication = summary.worst_replication.to_string();
    Ok(filled(
        FRAME,
        &[
            ("front", &parts::sections(front)),
            ("timelines", &filled(TIMELINES, &[("replication", &replication)], &page)),
            ("story", &parts::story(summary.worst_replication, &beats)),
            ("tables", &parts::sections(tables)),
            ("charts", &charts(folder)?),
            ("trust", &parts::trust(&summary)),
            ("inputs", &inputs(folder, &["scenario.origins.toml", "scenario.effective.toml"])?),
            ("data", &data),
        ],
        &page,
    ))
}

/// A page of tables and charts.
fn plain(folder: &Folder<'_>, page: &Page, scenarios: &[&str]) -> Result<String, HtmlError> {
    let parts = [
        ("front", &*parts::sections(&page.sections)),
        ("charts", &charts(folder)?),
        ("inputs", &inputs(folder, scenarios)?),
        ("data", "{}"),
    ];
    Ok(filled(FRAME, &parts, page))
}

/// Charts that the timelines do not replace, in the order in which they are read.
const CHARTS: [&str; 10] = [
    "alert-leads",
    "sweep-lines",
    "sweep-heatmap",
    "tornado",
    "breaking-point",
    "compare",
    "attribution-peak",
    "apf",
    "watch-window",
    "peak-cdf",
];

fn charts(folder: &Folder<'_>) -> Result<String, HtmlError> {
    let names = CHARTS.iter().map(|name| format!("charts/{name}.svg"));
    let drawn: Vec<String> = names
        .filter(|name| folder.has(name))
        .map(|name| folder.text(&name))
        .collect::<Result<_, _>>()?;
    Ok(parts::charts(&drawn))
}

/// The scenarios, and how to run them again. Of a run's two, the one with origins is shown.
fn inputs(folder: &Folder<'_>, scenarios: &[&str]) -> Result<String, HtmlError> {
    let mut shown: Vec<(&str, String)> = Vec::new();
    for name in scenarios.iter().filter(|name| folder.has(name)) {
        let again = shown.iter().any(|(other, _)| other.ends_with("origins.toml"));
        if !again {
            shown.push((name, folder.text(name)?));
        }
    }
    Ok(parts::inputs(&shown, &folder.manifest.command))
}

/// A template with its names replaced: those of `parts`, then those of the page; others by nothing.
/// What is put in is not read again.
fn filled(template: &str, parts: &[(&str, &str)], page: &Page) -> String {
    let mood = match page.mood {
        Mood::Good => "good",
        Mood::Mixed => "mixed",
        Mood::Bad => "bad",
    };
    let of_page = [
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("title", parts::escaped(&page.title)),
        ("subject", parts::escaped(&parts::subject(page))),
        ("verdict", parts::escaped(&page.verdict)),
        ("mood", mood.to_owned()),
        ("notes", parts::notes(&page.notes)),
        ("style", STYLE.trim_end().to_owned()),
        ("script", SCRIPT.trim_end().to_owned()),
    ];
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, (name, after))) =
        rest.split_once("{{").and_then(|(before, from)| Some((before, from.split_once("}}")?)))
    {
        text += before;
        let part = parts.iter().find(|(part, _)| *part == name).map(|(_, value)| *value);
        let known = of_page.iter().find(|(part, _)| *part == name).map(|(_, value)| &**value);
        text += part.or(known).unwrap_or_default();
        rest = after;
    }
    text + rest
}
