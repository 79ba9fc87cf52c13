//! `oomcast merge`: the shards of a sweep as one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::exit::{Exit, Failure};
use super::flags::{FolderFlags, PrintFlags};
use super::sweep_folder::{Shown, SweepFolder, Swept, refused};
use crate::experiment::sweep::{self, Points};
use crate::report::sweep::reading::{self, Mark};
use crate::report::sweep::rows::{self, First, ROWS};

/// Points named in a message.
const NAMED: usize = 10;

/// `oomcast merge`.
#[derive(Debug, clap::Args)]
#[command(mut_arg("out", |arg| {
    arg.help("The folder to write [default: the one that holds all shards, else as of sweep]")
}))]
pub struct MergeArgs {
    /// Folders of shards, or folders that they are in.
    #[arg(required = true, value_name = "DIR")]
    pub folders: Vec<PathBuf>,
    /// Where the files go.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// What is printed.
    #[command(flatten)]
    pub print: PrintFlags,
}

/// A folder with rows.
struct Part {
    path: PathBuf,
    first: First,
}

/// Reads every shard, checks that they make a whole, and writes what the unsharded sweep would have. Rows are
/// not held: of each its [`Mark`] is.
pub(super) fn merge(args: &MergeArgs) -> Result<Exit, Failure> {
    let mut parts = Vec::new();
    let mut union = Union::default();
    for folder in &args.folders {
        for path in shards(folder)? {
            let found = reading::read(&path).map_err(|e| refused(&e))?;
            let missing =
                || Failure::usage(format_args!("{} holds no rows of a sweep", path.display()));
            let found = found.ok_or_else(missing)?;
            union.add(found.marks);
            parts.push(Part { first: found.first, path });
        }
    }
    let first = parts.first().ok_or_else(|| Failure::usage("nothing to merge"))?;
    let head = first.first.head.clone();
    same_sweep(&parts)?;
    let from = first.path.clone();
    let plan = sweep::plan_of(&head).ok_or_else(|| {
        let file = from.join(ROWS);
        Failure::usage(format_args!("{}: what was varied cannot be read", file.display()))
    })?;
    let points = Points::new(&plan, head.seed).map_err(Failure::usage)?;
    if points.count() != head.points {
        let file = from.join(ROWS);
        let (file, said, varied) = (file.display(), head.points, points.count());
        let message =
            format!("{file}: its first line says {said} points, but its axes make {varied}");
        return Err(Failure::usage(message));
    }
    let effective = effective(&from)?;
    let whole = First { shard: None, ..first.first.clone() };
    let path = args.folder.out.clone().unwrap_or_else(|| default_path(args, &parts, &whole));
    union.check(&parts, head.points)?;
    // The rows are those of the shards, so that writing them again loses nothing.
    let force = args.folder.force;
    let (mut folder, _) = SweepFolder::open(&path, whole, union.marks.len(), !force, force)?;
    let paths: Vec<PathBuf> = parts.into_iter().map(|part| part.path).collect();
    folder.place(&union.marks, Some(&paths))?;
    drop(union);
    let shown = Shown {
        wall: Duration::ZERO,
        next: None,
        print: args.print,
        charts: !args.folder.no_charts,
    };
    folder.finish(Swept { plan: &plan, points: &points, effective: &effective }, &shown)
}

/// The shards inside a folder, or the folder itself.
fn shards(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::usage(format_args!("cannot read {}: {error}", folder.display()))
    };
    let mut inside = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.file_name().to_string_lossy().starts_with("shard-") && entry.path().is_dir() {
            inside.push(entry.path());
        }
    }
    inside.sort();
    if inside.is_empty() {
        inside.push(folder.to_owned());
    }
    Ok(inside)
}

/// Into the folder that the shards are in, where they are all in one and it was named alone.
fn default_path(args: &MergeArgs, parts: &[Part], whole: &First) -> PathBuf {
    match args.folders.as_slice() {
        [one] if parts.iter().all(|part| part.path != *one) => one.clone(),
        _ => SweepFolder::default_path(&whole.head),
    }
}

/// Rows of different sweeps do not add up.
fn same_sweep(parts: &[Part]) -> Result<(), Failure> {
    let Some((first, others)) = parts.split_first() else {
        return Ok(());
    };
    for other in others {
        let alike = First { shard: first.first.shard.clone(), ..other.first.clone() };
        if let Some(what) = rows::difference(&alike, &first.first) {
            let (a, b) = (other.path.display(), first.path.display());
            let message = format!("{a} is not of the same sweep as {b}: it has {what}");
            return Err(Failure::usage(message));
        }
    }
    Ok(())
}

/// The points of all shards.
#[derive(Default)]
struct Union {
    marks: BTreeMap<u32, Mark>,
    /// Those that several shards have.
    twice: BTreeSet<u32>,
}

impl Union {
    fn add(&mut self, marks: BTreeMap<u32, Mark>) {
        for (point, mark) in marks {
            if self.marks.insert(point, mark).is_some() {
                self.twice.insert(point);
            }
        }
    }

    /// Whether each point is there once. Rows of points that the sweep does not have were refused when they
    /// were read.
    fn check(&self, parts: &[Part], wanted: u32) -> Result<(), Failure> {
        let missing: Vec<u32> =
            (0..wanted).filter(|point| !self.marks.contains_key(point)).collect();
        let mut found = Vec::new();
        if !missing.is_empty() {
            let parts = unfinished(parts, &missing);
            found.push(format!(
                "{} of {wanted} points are missing: {}{parts}",
                missing.len(),
                named(&missing)
            ));
        }
        if !self.twice.is_empty() {
            let twice: Vec<u32> = self.twice.iter().copied().collect();
            found.push(format!("{} points are there twice: {}", twice.len(), named(&twice)));
        }
        if found.is_empty() {
            return Ok(());
        }
        let found = found.join("; ");
        Err(Failure::new(Exit::Incomplete, format_args!("{found}; nothing was written")))
    }
}

/// Which of the shards lack points of their own.
fn unfinished(parts: &[Part], missing: &[u32]) -> String {
    let lacks = |part: &&Part| {
        let shard = part.first.shard.as_deref().map(super::shard::parse);
        let Some(Ok(super::shard::ShardArg::This(shard))) = shard else {
            return false;
        };
        missing.iter().any(|point| shard.has(*point))
    };
    let names: Vec<String> = parts
        .iter()
        .filter(lacks)
        .take(NAMED)
        .map(|part| part.path.display().to_string())
        .collect();
    if names.is_empty() {
        return " (no shard given holds them)".to_owned();
    }
    format!(" (unfinished: {}; run those shards again with --resume)", names.join(", "))
}

fn named(points: &[u32]) -> String {
    let some: Vec<String> = points.iter().take(NAMED).map(u32::to_string).collect();
    let more = if points.len() > NAMED { ", ..." } else { "" };
    format!("{}{more}", some.join(", "))
}

fn effective(folder: &Path) -> Result<String, Failure> {
    let path = folder.join("scenario.effective.toml");
    std::fs::read_to_string(&path)
        .map_err(|error| Failure::usage(format_args!("cannot read {}: {error}", path.display())))
}
