//! `oomcast import`: a scenario from what a running cluster exports about itself.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::exit::{Exit, Failure};
use super::hint::quoted;
use super::{init, load, output};
use crate::cluster::{self, check, tell, write};
use crate::report::{Screen, import as page, whole};
use crate::scenario::load_file;

/// `oomcast import`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ImportArgs {
    /// Files and folders that the cluster left: metrics, audit logs, objects; plain or gzipped.
    #[arg(required_unless_present = "script", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The scenario to write.
    #[arg(
        short,
        long,
        value_name = "FILE",
        default_value = "my-cluster.toml",
        conflicts_with = "update"
    )]
    pub out: PathBuf,
    /// Renews the measured values of this scenario, and keeps everything else in it.
    #[arg(long, value_name = "FILE")]
    pub update: Option<PathBuf>,
    /// Prints a shell script that saves what is read here, by `kubectl get` alone.
    #[arg(long, conflicts_with_all = ["paths", "update", "force"])]
    pub script: bool,
    /// Writes over files that are there.
    #[arg(long)]
    pub force: bool,
}

/// Collects what a cluster exports about itself.
const COLLECT: &str = include_str!("collect.sh");

const EXAMPLES: &str = "\
Examples:
  oomcast import --script > collect.sh && sh collect.sh my-cluster/
      Saves what is read here, by `kubectl get` alone, and says what it could not get.
  oomcast import my-cluster/ --out my-cluster.toml
      my-cluster/ has what `kubectl get --raw /metrics`, `kubectl get nodes -o json` and the like
      printed, and audit logs. Writes the scenario, and says what it rests on.
  oomcast import metrics-0.txt metrics-0-later.txt
      Two scrapes of a server, a minute apart: counters become rates.
  oomcast import my-cluster/ --update my-cluster.toml
      Renews what was measured. A value is yours once its comment with the source is gone.
";

/// Reads, concludes, writes, and tells how well it fits.
pub(super) fn import(args: &ImportArgs) -> Result<Exit, Failure> {
    if args.script {
        output::result(COLLECT)?;
        return Ok(Exit::Done);
    }
    let findings = cluster::import(&args.paths);
    let out = args.update.as_ref().unwrap_or(&args.out);
    if findings.is_empty() {
        let imported = tell::tell(&findings, &[], &out.display().to_string(), Vec::new());
        output::note(page::page(&imported).terminal(&screen(&[], None)));
        let message =
            "nothing in these files tells anything about a kube-apiserver; nothing is written";
        return Err(Failure::usage(message));
    }
    let name = init::name_of(out);
    let names = write::Names { manifest: format!("{name}-apf.json"), scenario: name };
    let mut written = Vec::new();
    let text = write::scenario(&findings, &names);
    let (text, mut changes, edited) = match &args.update {
        None => (text, Vec::new(), String::new()),
        Some(file) => updated(file, &text)?,
    };
    if let Some(apf) = findings.apf.as_ref().filter(|_| text.contains(&names.manifest)) {
        let mut manifest = out.parent().unwrap_or(Path::new("")).join(&names.manifest);
        if args.update.is_some() && is_edited(&manifest, &apf.value.1, &edited) {
            let now = manifest.with_file_name(format!("{}-now.json", names.scenario));
            let what = format!("kept as it is, yours: {}", manifest.display());
            changes.push((what, format!("what the cluster has is in {}", now.display())));
            manifest = now;
        }
        put(&manifest, &apf.value.1, args.force || args.update.is_some())?;
        written.push(manifest.display().to_string());
    }
    put(out, &text, args.force || args.update.is_some())?;
    written.insert(0, out.display().to_string());
    let scenario = load_file(out, &[]).map_err(|mistakes| load::refused(&mistakes))?;
    load::tell_all(&scenario);
    let checks = check::checks(&scenario, &findings);
    let assumed = write::assumed(&text);
    let mut imported = tell::tell(&findings, &assumed, &out.display().to_string(), checks);
    imported.changes = changes;
    let next = format!("oomcast run {} --profile cold-start", quoted(&out.to_string_lossy()));
    output::result(&page::page(&imported).terminal(&screen(&written, Some(&next))))?;
    // What lies about in a folder is no mistake; a file that was named, or is broken, is.
    if findings.skipped.iter().any(|one| one.cost.is_some()) {
        Err(Failure::reported(Exit::Incomplete))
    } else {
        Ok(Exit::Done)
    }
}

fn screen<'s>(written: &'s [String], next: Option<&'s str>) -> Screen<'s> {
    Screen { width: output::width(), styled: true, written, next }
}

/// Whether a person has edited a manifest since the scenario, as it was, was written beside it.
fn is_edited(manifest: &Path, now: &str, scenario: &str) -> bool {
    let there = std::fs::read_to_string(manifest).ok();
    there.is_some_and(|there| there != now && !scenario.contains(&write::digest(&there)))
}

/// What an update did: key by key, and what to add.
type Changes = Vec<(String, String)>;

/// The edited scenario with what is measured now, what changed, and as it was.
fn updated(file: &Path, imported: &str) -> Result<(String, Changes, String), Failure> {
    let failed = |what: String| Failure::usage(format_args!("{}: {what}", file.display()));
    let edited = std::fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
    let update = write::update(&edited, imported).map_err(failed)?;
    let of = |what: &'static str, keys: Vec<String>| {
        keys.into_iter().map(move |key| (format!("{what} {key}"), String::new()))
    };
    let changes = of("renewed", update.renewed)
        .chain(of("added", update.added))
        .chain(of("kept as it is, yours:", update.kept))
        .chain(of("removed, no longer found:", update.removed))
        .chain(of("no longer found, kept:", update.gone));
    Ok((update.text, changes.collect(), edited))
}

/// Writes a file, over another one only if that is wanted.
fn put(path: &Path, text: &str, over: bool) -> Result<(), Failure> {
    let written = if over {
        whole::replace(path, |out| std::io::Write::write_all(out, text.as_bytes()))
    } else {
        whole::create(path, text)
    };
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::usage(format_args!(
            "{} is there already: --force writes over it, --update renews what was measured",
            path.display()
        )),
        _ => Failure::usage(format_args!("cannot write {}: {error}", path.display())),
    })
}
