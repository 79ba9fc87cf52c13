//! `oomcast check`: every mistake in every file, offline and fast.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Serialize;

use super::exit::{Exit, Failure};
use super::flags::{LayerArgs, is_stdin};
use super::{load, output};
use crate::experiment;
use crate::scenario::{Diagnostic, Diagnostics, Overlay, Scenario, Severity, sarif};

/// Version of what `--format json` prints; a major step breaks readers.
pub(super) const FORMAT_VERSION: &str = "1.0";

/// `oomcast check`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckArgs {
    /// The scenario files; `-`: standard input.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Layers applied on top of each file.
    #[command(flatten)]
    pub layers: LayerArgs,
    /// What to print: text, short (one line per finding), json or sarif (for code scanning).
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub format: CheckFormat,
    /// Treats these like errors: warnings, or notes as well. Exit code 2.
    #[arg(long, value_enum, value_name = "WHAT", hide_possible_values = true)]
    pub deny: Option<Deny>,
}

const EXAMPLES: &str = "\
Examples:
  oomcast check scenarios/*.toml
  oomcast check storm.toml --deny warnings --format sarif > storm.sarif
      For a CI pipeline: findings for code scanning, and exit code 2 if there is any.
  generate-scenario | oomcast check -
  oomcast explain E0101
      What a code means.
";

/// What `check` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// Each finding with its line, for the terminal.
    #[default]
    Text,
    /// Each finding on a line.
    Short,
    /// For programs.
    Json,
    /// SARIF 2.1.0.
    Sarif,
}

/// What counts like an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// Warnings.
    Warnings,
    /// Warnings and notes.
    Notes,
}

/// A file and what was found.
struct Checked {
    file: String,
    found: Diagnostics,
    refused: bool,
}

/// Checks each file; the verdicts go to stdout, and so do findings for programs.
pub(super) fn check(args: &CheckArgs) -> Result<Exit, Failure> {
    let overlays = load::overlays(&args.layers.overlay)?;
    let checked: Vec<Checked> =
        args.files.iter().map(|file| check_one(file, &overlays, args)).collect();
    let all = || checked.iter().flat_map(|one| &one.found.items);
    match args.format {
        CheckFormat::Text => print(&checked)?,
        CheckFormat::Short => {
            let lines: String = all().map(|one| one.short() + "\n").collect();
            output::result(&lines)?;
        }
        CheckFormat::Json => output::result(&as_json(&checked).map_err(Failure::internal)?)?,
        CheckFormat::Sarif => {
            output::result(&sarif(all(), env!("CARGO_PKG_VERSION")).map_err(Failure::internal)?)?;
        }
    }
    if checked.iter().any(|one| one.refused) {
        return Err(Failure::reported(Exit::Usage));
    }
    Ok(Exit::Done)
}

fn check_one(file: &Path, overlays: &[Overlay], args: &CheckArgs) -> Checked {
    let loaded = load::read(file, &args.layers.set).and_then(|template| {
        template.with_profiles(&args.layers.profile).over(overlays.to_vec()).load(&[])
    });
    let found = match loaded {
        Ok(scenario) => Diagnostics { items: all_of(&scenario), hidden: 0 },
        Err(found) => found,
    };
    let file = if is_stdin(file) { load::STDIN.into() } else { file.display().to_string() };
    let denied = |severity: Severity| match args.deny {
        None => severity == Severity::Error,
        Some(Deny::Warnings) => severity != Severity::Note,
        Some(Deny::Notes) => true,
    };
    let refused = found.items.iter().any(|one| denied(one.severity));
    Checked { file, found, refused }
}

/// The notes of a valid scenario, and what the model has to say about it and its sweep.
fn all_of(scenario: &Scenario) -> Vec<Diagnostic> {
    let mut found = load::advised(scenario);
    let plan = scenario.sweep.as_ref();
    found.extend(plan.and_then(|plan| experiment::long_sweep(scenario, plan)));
    found
}

/// Findings to stderr; a verdict per file and the sum to stdout.
fn print(checked: &[Checked]) -> Result<(), Failure> {
    for one in checked {
        if !one.found.items.is_empty() {
            output::note(one.found.render_at(true, output::width()) + "\n");
        }
        output::result(&format!("{}: {}\n", one.file, verdict(one)))?;
    }
    if checked.len() > 1 {
        output::result(&summary(checked))?;
    }
    let codes = checked.iter().flat_map(|one| &one.found.items).map(|one| one.code.id());
    if let Some(code) = codes.max_by_key(|id| id.starts_with('E')) {
        output::note(format_args!(
            "`oomcast explain {code}` explains this finding and how to mend it."
        ));
    }
    Ok(())
}

/// `ok`, `ok, 1 warning`, `invalid, 2 errors`.
fn verdict(one: &Checked) -> String {
    let word = match (one.found.has_errors(), one.refused) {
        (true, _) => "invalid",
        (false, true) => "denied",
        (false, false) => "ok",
    };
    match one.found.closing() {
        counts if counts.is_empty() => word.to_owned(),
        counts => format!("{word}, {counts}"),
    }
}

/// `3 files: 2 ok, 1 not; 4 errors, 1 warning`.
fn summary(checked: &[Checked]) -> String {
    let bad = checked.iter().filter(|one| one.refused).count();
    let sum = Diagnostics {
        items: checked.iter().flat_map(|one| one.found.items.iter().cloned()).collect(),
        hidden: checked.iter().map(|one| one.found.hidden).sum(),
    };
    let counts = sum.closing();
    let counts = if counts.is_empty() { String::new() } else { format!("; {counts}") };
    let good = checked.len() - bad;
    format!("{} files: {good} ok, {bad} not{counts}\n", checked.len())
}

/// What `--format json` prints.
#[derive(Serialize, JsonSchema)]
pub(super) struct Report<'c> {
    /// `MAJOR.MINOR`: a major step breaks readers.
    format_version: &'static str,
    /// Errors in all files.
    errors: usize,
    /// Warnings in all files.
    warnings: usize,
    /// Notes in all files.
    notes: usize,
    /// One per file, in the order of the command line.
    files: Vec<File<'c>>,
}

/// A checked file.
#[derive(Serialize, JsonSchema)]
struct File<'c> {
    /// As it was named on the command line.
    #[serde(rename = "file")]
    name: &'c str,
    /// Whether nothing was found that fails it.
    passed: bool,
    /// What was found, in order of place.
    findings: &'c [Diagnostic],
    /// How many more findings there are.
    hidden: usize,
}

fn as_json(checked: &[Checked]) -> serde_json::Result<String> {
    let count = |severity| checked.iter().map(|one| one.found.count(severity)).sum();
    let files = checked.iter().map(|one| File {
        name: &one.file,
        passed: !one.refused,
        findings: &one.found.items,
        hidden: one.found.hidden,
    });
    let report = Report {
        format_version: FORMAT_VERSION,
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        notes: count(Severity::Note),
        files: files.collect(),
    };
    Ok(serde_json::to_string_pretty(&report)? + "\n")
}
