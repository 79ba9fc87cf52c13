//! A scenario file: TOML text to the model's validated inputs.
//!
//! The stages, each in a file of its own: [`keys`] is the table of every key; the text becomes a
//! tree with spans (`tree`), overlays and overrides change it (`overlay`, `overrides`), the walk along the
//! table of keys checks it and fills defaults in (`walk`, `read`, `uncertain`, `filled`), what depends on several keys comes
//! next (`derive`, `identity`, `checks`, `timeline`, `doubts`; `apf` for API Priority and Fairness, with the
//! manifests it reads), and a tree without errors becomes [`Inputs`] (`build`)
//! and canonical text (`effective`). Every mistake is reported at once, as plain data
//! ([`Diagnostic`]), which `render` prints.
//!
//! ```
//! let text = r#"
//! schema = 1
//! name = "eight-informers"
//!
//! [run]
//! duration = "5m"
//!
//! [apiserver]
//! version = "1.32"
//! memory-limit = "16GiB"
//!
//! [node]
//! memory = "32GiB"
//!
//! [objects.secrets]
//! count = 400
//! size = "1MiB"
//!
//! [[clients]]
//! name = "informers"
//! count = 8
//! start = "stopped"
//! reflector = { resource = "secrets", encoding = "json" }
//!
//! [[events]]
//! name = "all at once"
//! at = "1m"
//! start = { client = "informers" }
//! "#;
//! let overrides = ["clients.informers.count=16".to_owned()];
//! let scenario = oomcast::scenario::load("eight.toml", text.as_bytes(), &overrides)?;
//! assert_eq!(scenario.inputs.fleets[0].count, 16);
//! assert_eq!(scenario.inputs.release.minor, 32);
//! assert!(scenario.notes.is_empty());
//! # Ok::<(), oomcast::scenario::Diagnostics>(())
//! ```

mod anchors;
mod apf;
mod build;
mod builtin;
mod checks;
mod code;
mod derive;
mod diagnostic;
mod differ;
mod doubts;
mod effective;
mod expect;
pub mod explain;
mod file;
mod filled;
mod identity;
pub mod keys;
pub mod measure;
mod nesting;
mod overlay;
mod overrides;
mod published;
mod read;
mod render;
mod sarif;
mod source;
mod suggest;
pub mod sweep;
#[cfg(test)]
mod tests;
mod timeline;
mod tree;
mod uncertain;
mod vary;
mod walk;

pub use anchors::{Anchors, ReadAnchor};
pub use code::{Code, Severity};
pub use diagnostic::{Diagnostic, Diagnostics, Label, Place};
pub use differ::{Difference, differences};
pub use expect::Expectation;
pub use file::{LARGEST_FILE, Template, load_file, load_file_with};
pub use overlay::{Layers, Overlay};
pub use published::{Claim, Figure, Metric, Published};
pub use sarif::sarif;
pub use uncertain::{Distribution, Uncertain};
pub use vary::{Knob, MOST_VALUES, Range, Unit, Value, Vary};

use std::path::Path;

use crate::model::input::Inputs;
use diagnostic::{Draft, Log};
use filled::Filled;
use source::{Sources, Span};
use sweep::SweepPlan;
use tree::{Item, Node};
use walk::Walker;

/// A validated scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its name: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// What it shows.
    pub description: String,
    /// Decides all random draws.
    pub seed: u64,
    /// How many runs.
    pub replications: u32,
    /// What the model takes.
    pub inputs: Inputs,
    /// Published figures to show beside the prediction.
    pub published: Vec<Published>,
    /// What must hold.
    pub expectations: Vec<Expectation>,
    /// The keys whose values are uncertain; `inputs` has their medians.
    pub uncertain: Vec<Uncertain>,
    /// What `[sweep]` says, if there is one.
    pub sweep: Option<SweepPlan>,
    /// Warnings and notes.
    pub notes: Vec<Diagnostic>,
    /// Where the text says what others than this room judge.
    pub anchors: Anchors,
    /// The scenario as canonical TOML with every default filled in. Loads again to the same inputs.
    pub effective: String,
    /// 12 hex digits that stay the same while nothing but seed, replications and sweep changes.
    pub hash: String,
}

impl Scenario {
    /// The effective scenario as indented JSON with the same keys, which are sorted.
    ///
    /// # Errors
    /// None that a scenario can cause; the serialiser's, if it ever has one.
    pub fn effective_json(&self) -> serde_json::Result<String> {
        let table: toml::Table =
            self.effective.parse().map_err(<serde_json::Error as serde::de::Error>::custom)?;
        Ok(serde_json::to_string_pretty(&table)? + "\n")
    }
}

/// Loads a scenario from text; `name` is what diagnostics call the text. It cannot name manifests,
/// which are relative to a file: see [`load_file`].
///
/// Each of `overrides` is a `key=value` of `--set`. The value is TOML, or else taken as a string;
/// entries of arrays of tables go by their names: `clients.informers.count=32`.
///
/// # Errors
/// Every mistake in the text and the overrides, with the warnings, ordered by position.
pub fn load(name: &str, text: &[u8], overrides: &[String]) -> Result<Scenario, Diagnostics> {
    load_beside(name, text, Layers { overlays: &[], overrides }, None)
}

/// Loads a scenario whose manifests are in a folder.
fn load_beside(
    name: &str,
    text: &[u8],
    layers: Layers<'_>,
    folder: Option<&Path>,
) -> Result<Scenario, Diagnostics> {
    let text = file::decode(name, text)?;
    let mut sources = Sources::new(name, text);
    for one in layers.overrides {
        sources.add_override(one);
    }
    for overlay in layers.overlays {
        sources.add_file(&overlay.name, file::decode(&overlay.name, &overlay.text)?);
    }
    let mut log = Log::new(sources);
    let scenario = check(&mut log, layers, folder);
    let failed = log.has_errors();
    let found = log.finish();
    match scenario {
        Some(scenario) if !failed => Ok(Scenario { notes: found.items, ..scenario }),
        _ => Err(found),
    }
}

/// All stages, in order; each goes on after the mistakes of the one before.
fn check(log: &mut Log, layers: Layers<'_>, folder: Option<&Path>) -> Option<Scenario> {
    let overrides = layers.overrides.len();
    let mut tree = parse(0, log)?;
    for source in (overrides + 1..).take(layers.overlays.len()) {
        let over = parse(source, log)?;
        overlay::merge(&mut tree, over);
    }
    let complete = !log.has_errors();
    for source in 1..=overrides {
        overrides::apply(&mut tree, source, log);
    }
    let mut root = walk(&tree, complete, log);
    let origins = apf::add_manifests(&mut root, folder, log);
    apf::defaults(&mut root);
    derive::defaults(&mut root, log);
    timeline::figures(&mut root, log);
    expect::bounds(&mut root, log);
    effective::sort_events(&mut root);
    let names = derive::names(&root, complete, log);
    derive::references(&root, &names, log);
    checks::check(&root, log);
    apf::check(&root, &origins, complete, log);
    timeline::check(&root, &names, log);
    let sweep = sweep::read(&root, log);
    if log.has_errors() {
        return None;
    }
    doubts::check(&root, &names, log);
    let anchors = anchors::of(&root, log);
    let scenario = scenario(&root, &names, sweep).map(|built| Scenario { anchors, ..built });
    if let Some(Scenario { sweep: Some(plan), effective, .. }) = &scenario {
        sweep::check_names(plan, &root, effective, log);
    }
    if scenario.is_none() {
        let message = "the scenario is valid, but cannot be built: please report this";
        log.push(Draft::new(Code::Internal, Span::default(), message));
    }
    scenario
}

/// The tree of a source; `None` if it nests too deeply.
fn parse(source: usize, log: &mut Log) -> Option<Node> {
    let text = log.sources.text(source);
    let Some(at) = nesting::too_deep(text.as_ref()) else {
        return Some(tree::parse(source, log));
    };
    let draft = Draft::new(Code::TooDeep, Span { source, ..at }, "this nests too deeply");
    log.push(draft.label(format!("more than {} levels", nesting::DEEPEST)));
    None
}

fn walk(tree: &Node, complete: bool, log: &mut Log) -> Filled {
    let entries = match &tree.item {
        Item::Table(entries) => entries.as_slice(),
        _ => &[],
    };
    Walker { log, complete }.table(&keys::ROOT, tree, entries)
}

fn scenario(root: &Filled, names: &derive::Names, sweep: Option<SweepPlan>) -> Option<Scenario> {
    let run = root.table("run")?;
    Some(Scenario {
        name: root.text("name")?.to_owned(),
        description: root.text("description")?.to_owned(),
        seed: run.count("seed")?,
        replications: run.count("replications")?,
        inputs: build::inputs(root, names)?,
        published: build::published(root)?,
        expectations: expect::build(root)?,
        uncertain: uncertain::collect(root),
        sweep,
        notes: Vec::new(),
        anchors: Anchors::default(),
        effective: effective::print(root),
        hash: effective::hash(root),
    })
}
