//! A scenario file: TOML text to the model's validated inputs.
//!
//! How a text is read, layered and checked along tables of keys is [`language`](crate::language). Here
//! is what a control plane may say: [`keys`] has the tables; `derive`, `identity`, `builtin` and `cluster`
//! fill in what follows from other keys; `checks`, `timeline`, `workloads` and `apf` (with the manifests
//! it reads) hold the rules over several keys; `lints` reports what is valid and probably not meant; and
//! `build` makes the model's [`Inputs`] of a tree without errors. Every mistake is reported at once, as
//! plain data ([`Diagnostic`]).
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
pub mod builtin;
mod checks;
mod claims;
mod cluster;
mod derive;
mod differ;
pub mod explain;
mod file;
pub mod growth;
mod identity;
pub mod keys;
mod knob;
mod lints;
pub mod measure;
mod per;
pub mod presets;
mod reads;
pub mod reference;
mod release;
mod removed;
mod retired;
pub mod schema;
pub mod shipped;
pub mod storms;
pub mod sweep;
#[cfg(test)]
mod tests;
mod timeline;
mod workloads;

pub use crate::language::layers::origins::Annotated;
pub use crate::language::layers::overlay::{Layers, Overlay};
pub use crate::language::table::uncertain::{Distribution, Uncertain};
pub use crate::language::tell::code::{Code, Severity};
pub use crate::language::tell::diagnostic::{Diagnostic, Diagnostics, Label};
pub use crate::language::text::file::LARGEST_FILE;
pub use crate::language::text::source::Place;
pub use crate::language::vary::{
    DAYS_PER_MONTH, Knob, MOST_VALUES, Range, Rate, Unit, Value, Vary,
};
pub use anchors::{Anchors, ReadAnchor};
pub use claims::{Claim, Expectation, Published};
pub use differ::{Difference, differences};
pub use file::{Template, load_file, load_file_with};

use std::path::Path;

use crate::language::layers::grammar::Grammar;
use crate::language::layers::parse::parse;
use crate::language::layers::{inherit, overrides, profiles};
use crate::language::print::effective;
use crate::language::table::resolved::Resolved;
use crate::language::table::typed::FromTable;
use crate::language::table::uncertain_keys;
use crate::language::table::walk::Walker;
use crate::language::tell::diagnostic::Log;
use crate::language::text::source::Sources;
use crate::language::text::span::Span;
use crate::language::text::tree::{Item, Node};
use crate::model::input::Inputs;
use growth::Growth;
use keys::load::Root;
use sweep::SweepPlan;

/// The language of scenarios.
static GRAMMAR: Grammar = Grammar {
    root: &keys::ROOT,
    presets: presets::PRESETS,
    on_merge: per::unbind,
    on_set: per::note,
    on_remove: removed::take_along,
};

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
    /// What `[growth]` says, if there is one.
    pub growth: Option<Growth>,
    /// Warnings and notes.
    pub notes: Vec<Diagnostic>,
    /// Where the text says what others than this room judge.
    pub anchors: Anchors,
    /// The scenario as canonical TOML with every default filled in. Loads again to the same inputs.
    pub effective: String,
    /// 12 hex digits that stay the same while nothing but seed, replications, sweep and growth
    /// changes.
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
    let layers = Layers { overrides, ..Layers::default() };
    load_beside(name, text, layers, None, false).map(|(scenario, _)| scenario)
}

/// The inputs of a scenario that says no more than it must: every other key has its default.
///
/// # Errors
/// None, unless a default contradicts the rules.
pub fn defaults() -> Result<Inputs, Diagnostics> {
    const LEAST: &str = "schema = 1\nname = \"defaults\"\nrun = { duration = \"1m\" }\n\
        apiserver = { version = \"1.36\" }\n";
    load("defaults", LEAST.as_bytes(), &[]).map(|scenario| scenario.inputs)
}

/// Loads a scenario; what it names is beside its path, if it has one. Says where values come from only
/// if that is asked for.
fn load_beside(
    name: &str,
    text: &[u8],
    layers: Layers<'_>,
    path: Option<&Path>,
    annotate: bool,
) -> Result<(Scenario, Annotated), Diagnostics> {
    let text = file::decode(name, text)?;
    let mut sources = Sources::new(name, text);
    for one in layers.overrides {
        sources.add_override(one);
    }
    for overlay in layers.overlays {
        sources.add_file(&overlay.name, file::decode(&overlay.name, &overlay.text)?);
    }
    let mut log = Log::new(sources);
    let scenario = check(&mut log, layers, path, annotate);
    let failed = log.has_errors();
    let mut found = log.finish();
    retired::explain(&mut found);
    match scenario {
        Some((scenario, annotated)) if !failed => {
            Ok((Scenario { notes: found.items, ..scenario }, annotated))
        }
        _ => Err(found),
    }
}

/// The tree of the file on what it inherits, under everything that is laid over it.
fn compose(log: &mut Log, layers: Layers<'_>, path: Option<&Path>) -> Option<Node> {
    let overrides = layers.overrides.len();
    let mut tree = Node::table(Span::default());
    let file = parse(0, log)?;
    inherit::lay(&GRAMMAR, &mut tree, file, path, log);
    profiles::apply(&GRAMMAR, &mut tree, layers.profiles, log);
    for (source, overlay) in (overrides + 1..).zip(layers.overlays) {
        let over = parse(source, log)?;
        let beside = path.map(|_| Path::new(&overlay.name));
        inherit::lay(&GRAMMAR, &mut tree, over, beside, log);
    }
    Some(tree)
}

/// All stages, in order; each goes on after the mistakes of the one before.
fn check(
    log: &mut Log,
    layers: Layers<'_>,
    path: Option<&Path>,
    annotate: bool,
) -> Option<(Scenario, Annotated)> {
    let mut tree = compose(log, layers, path)?;
    let complete = !log.has_errors();
    for source in 1..=layers.overrides.len() {
        overrides::apply(&GRAMMAR, &mut tree, source, log);
    }
    let folder = path.map(|path| path.parent().unwrap_or_else(|| Path::new("")));
    let mut root = walk(&tree, complete, log);
    let origins = apf::add_manifests(&mut root, folder, log);
    apf::defaults(&mut root);
    derive::defaults(&mut root, log);
    workloads::defaults(&mut root);
    claims::check(&mut root, log);
    timeline::sort(&mut root);
    // As written, so that the size of the cluster can still be varied.
    let (text, hash) = (effective::print(&root), effective::hash(&root));
    let mut annotated =
        if annotate { Annotated::of(&root, &log.sources) } else { Annotated::default() };
    cluster::scale(&mut root, log);
    annotated.add_totals(&root);
    let names = derive::names(&root, complete, log);
    derive::references(&root, &names, log);
    checks::check(&root, log);
    checks::webhooks(&root, &names, log);
    checks::elections(&root, &names, log);
    apf::check(&root, &origins, complete, log);
    timeline::check(&root, &names, log);
    workloads::check(&root, &names, log);
    let sweep = sweep::read(&root, log);
    let growth = growth::read(&root, log);
    if log.has_errors() {
        return None;
    }
    lints::check(&root, &names, log);
    let anchors = anchors::of(&root, log);
    let typed = Root::from_table(&root);
    let built = typed.and_then(|typed| build::scenario(typed, &names));
    debug_assert!(built.is_some(), "a tree without errors is a scenario");
    let scenario = Scenario { uncertain: uncertain_keys::collect(&root), sweep, growth, ..built? };
    if let Some(plan) = &scenario.sweep {
        sweep::check_names(plan, &root, &text, log);
    }
    if let Some(growth) = &scenario.growth {
        growth::check_names(growth, &root, &text, log);
    }
    Some((Scenario { effective: text, hash, anchors, ..scenario }, annotated))
}

fn walk(tree: &Node, complete: bool, log: &mut Log) -> Resolved {
    let entries = match &tree.item {
        Item::Table(entries) => entries.as_slice(),
        _ => &[],
    };
    Walker { root: &keys::ROOT, log, complete }.table(&keys::ROOT, tree, entries)
}

/// Findings as SARIF 2.1.0, in a log of one run.
///
/// # Errors
/// None that a scenario can cause; the serialiser's, if it ever has one.
pub fn sarif<'d>(
    found: impl IntoIterator<Item = &'d Diagnostic>,
    version: &str,
) -> serde_json::Result<String> {
    crate::language::tell::sarif::sarif(found, version, explain::code)
}
