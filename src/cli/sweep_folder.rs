//! The folder of a sweep, as `sweep` and `merge` write it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::Format;
use super::exit::{Exit, Failure};
use super::output;
use crate::report::charts;
use crate::report::folder::{FolderError, Identity, RunFolder};
#[cfg(feature = "parquet")]
use crate::report::sweep::parquet;
use crate::report::sweep::rows::{self, First, FolderLock, ROWS, RowFile, Rows, RowsError};
use crate::report::sweep::{columns, headline, json, markdown, render};
use crate::report::text::Screen;
use crate::results::{PointRow, SweepHead, SweepSummary};

/// Where sweeps go when `--out` does not say.
const OUTPUT: &str = "output";

/// A folder with the sole right to write to it.
pub(super) struct SweepFolder {
    folder: RunFolder,
    rows: RowFile,
    _lock: FolderLock,
}

/// How to tell the result.
pub(super) struct Told<'a> {
    /// How long it took.
    pub(super) wall: Duration,
    /// A command worth trying next.
    pub(super) next: Option<&'a str>,
    /// What to print.
    pub(super) format: Format,
    /// The verdict only.
    pub(super) quiet: bool,
    /// Whether to draw.
    pub(super) charts: bool,
}

fn identity(head: &SweepHead) -> Identity<'_> {
    Identity {
        tool_version: &head.tool_version,
        scenario: &head.scenario,
        scenario_hash: &head.scenario_hash,
        seed: head.seed,
        replications: head.replications,
        design_hash: Some(&head.design_hash),
    }
}

/// A failure of the row file with its exit code.
pub(super) fn refused(error: &RowsError) -> Failure {
    let exit = match error {
        RowsError::Io { .. } => Exit::Internal,
        _ => Exit::Usage,
    };
    Failure::new(exit, error)
}

fn failed(error: &FolderError) -> Failure {
    let exit = match error {
        FolderError::Io { .. } => Exit::Internal,
        _ => Exit::Usage,
    };
    Failure::new(exit, error)
}

impl SweepFolder {
    /// Where a sweep goes when the user does not say.
    pub(super) fn default_path(head: &SweepHead) -> PathBuf {
        identity(head).default_path(Path::new(OUTPUT))
    }

    /// Opens a folder for a sweep of `wanted` points, and the rows that are there already.
    pub(super) fn open(
        path: &Path,
        first: First,
        wanted: usize,
        resume: bool,
        force: bool,
    ) -> Result<(Self, BTreeMap<u32, PointRow>), Failure> {
        let id = identity(&first.head);
        let mut folder = RunFolder::open(path, &id, force).map_err(|e| failed(&e))?;
        let lock = FolderLock::take(path).map_err(|e| refused(&e))?;
        let kept = if force && !resume {
            None
        } else {
            rows::kept(path, &first, wanted, resume).map_err(|e| refused(&e))?
        };
        folder.remove_temporaries();
        folder.begin().map_err(|e| failed(&e))?;
        let rows = RowFile::open(path, first, kept.as_ref()).map_err(|e| refused(&e))?;
        let kept = kept.map_or_else(BTreeMap::new, |kept: Rows| kept.rows);
        Ok((Self { folder, rows, _lock: lock }, kept))
    }

    /// Adds a row.
    pub(super) fn append(&mut self, row: &PointRow) -> Result<(), RowsError> {
        self.rows.append(row)
    }

    /// The rows in order, the scenario and the manifest: all there is of a shard.
    pub(super) fn finish_shard(
        self,
        rows: &BTreeMap<u32, PointRow>,
        effective: &str,
    ) -> Result<PathBuf, Failure> {
        let Self { mut folder, rows: file, _lock } = self;
        file.finish(rows.values()).map_err(|e| refused(&e))?;
        folder.record(ROWS);
        let text = |out: &mut dyn std::io::Write| out.write_all(effective.as_bytes());
        folder.write("scenario.effective.toml", text).map_err(|e| failed(&e))?;
        let path = folder.path().to_owned();
        folder.finish().map_err(|e| failed(&e))?;
        Ok(path)
    }

    /// Every file of a whole sweep, then the result on stdout.
    pub(super) fn finish(
        self,
        summary: &SweepSummary,
        effective: &str,
        told: &Told<'_>,
    ) -> Result<(), Failure> {
        let Self { mut folder, rows: file, _lock } = self;
        file.finish(&summary.rows).map_err(|e| refused(&e))?;
        folder.record(ROWS);
        let text =
            |text: String| move |out: &mut dyn std::io::Write| out.write_all(text.as_bytes());
        let internal = |error| Failure::new(Exit::Internal, error);
        let document = json(summary).map_err(|error| Failure::new(Exit::Internal, error))?;
        folder.write("scenario.effective.toml", text(effective.to_owned())).map_err(internal)?;
        folder
            .write("points.csv", |out| columns::csv(out, &summary.head, &summary.rows))
            .map_err(internal)?;
        #[cfg(feature = "parquet")]
        folder
            .write("points.parquet", |out| parquet::write(out, &summary.head, &summary.rows))
            .map_err(internal)?;
        folder.write("sweep.json", text(document.clone())).map_err(internal)?;
        folder.write("sweep.md", text(markdown(summary))).map_err(internal)?;
        let path = folder.path().to_owned();
        if told.charts {
            let drawn = charts::write_sweep(&path, summary);
            for name in drawn.map_err(|error| Failure::new(Exit::Internal, error))? {
                folder.record(&name);
            }
        }
        let files = folder.finish().map_err(internal)?;
        tell(summary, document, &path, files.len(), told)
    }
}

fn tell(
    summary: &SweepSummary,
    document: String,
    path: &Path,
    files: usize,
    told: &Told<'_>,
) -> Result<(), Failure> {
    let written = format!("{}/ ({files} files and run.json)", path.display());
    let text = match told.format {
        Format::Json => document,
        Format::Md => markdown(summary),
        Format::Text if told.quiet => headline(summary, true),
        Format::Text => render(
            summary,
            &Screen {
                wall: told.wall,
                story: None,
                written: std::slice::from_ref(&written),
                next: told.next,
                // Sequences are stripped on the way out where they are not wanted.
                styled: true,
            },
        ),
    };
    output::result(&text)?;
    if told.format != Format::Text && !told.quiet {
        output::note(format_args!("wrote {written}"));
    }
    Ok(())
}

/// The exit code: points that failed or were cut short are not all that was asked for.
pub(super) fn incomplete(summary: &SweepSummary) -> Result<Exit, Failure> {
    let mut parts = Vec::new();
    if summary.failed > 0 {
        parts.push(format!("{} points could not be run", summary.failed));
    }
    if summary.incomplete > 0 {
        parts.push(format!("{} points have runs that were stopped early", summary.incomplete));
    }
    if parts.is_empty() {
        return Ok(Exit::Done);
    }
    let message = format!(
        "incomplete: of {} points, {}; the others are sound",
        summary.rows.len(),
        parts.join(" and ")
    );
    Err(Failure::new(Exit::Incomplete, message))
}
