//! The folder of a sweep, as `sweep` and `merge` write it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::exit::{Exit, Failure};
use super::flags::PrintFlags;
use super::output::{self, not_written};
use crate::report::charts;
use crate::report::folder::{Identity, RunFolder, Status};
#[cfg(feature = "parquet")]
use crate::report::sweep::parquet;
use crate::report::sweep::rows::{self, First, FolderLock, ROWS, RowFile, Rows, RowsError};
use crate::report::sweep::{again, columns, json, page, took};
use crate::results::{PointRow, SweepHead, SweepSummary};

/// A folder with the sole right to write to it.
pub(super) struct SweepFolder {
    folder: RunFolder,
    rows: RowFile,
    _lock: FolderLock,
}

/// How to show the result.
pub(super) struct Shown<'a> {
    /// How long it took.
    pub(super) wall: Duration,
    /// A command worth trying next.
    pub(super) next: Option<&'a str>,
    /// What to print.
    pub(super) print: PrintFlags,
    /// Whether to draw.
    pub(super) charts: bool,
}

fn identity<'a>(head: &'a SweepHead, command: &'a str) -> Identity<'a> {
    Identity {
        tool_version: &head.tool_version,
        scenario: &head.scenario,
        scenario_hash: &head.scenario_hash,
        seed: head.seed,
        replications: head.replications,
        design_hash: Some(&head.design_hash),
        command,
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

impl SweepFolder {
    /// Where a sweep goes when the user does not say.
    pub(super) fn default_path(head: &SweepHead) -> PathBuf {
        output::default_path(&identity(head, ""))
    }

    /// Opens a folder for a sweep of `wanted` points, and the rows that are there already.
    pub(super) fn open(
        path: &Path,
        first: First,
        wanted: usize,
        resume: bool,
        force: bool,
    ) -> Result<(Self, BTreeMap<u32, PointRow>), Failure> {
        let again = again(&first.head);
        let id = identity(&first.head, &again);
        let mut folder = RunFolder::open(path, &id, force).map_err(not_written)?;
        let lock = FolderLock::take(path).map_err(|e| refused(&e))?;
        let kept = if force && !resume {
            None
        } else {
            rows::kept(path, &first, wanted, resume).map_err(|e| refused(&e))?
        };
        folder.begin().map_err(not_written)?;
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
        folder.write_text("scenario.effective.toml", effective).map_err(not_written)?;
        let path = folder.path().to_owned();
        folder.finish(Status::Complete).map_err(not_written)?;
        Ok(path)
    }

    /// Every file of a whole sweep, then the result on stdout, and the exit code.
    pub(super) fn finish(
        self,
        mut summary: SweepSummary,
        effective: &str,
        shown: &Shown<'_>,
    ) -> Result<Exit, Failure> {
        let Self { mut folder, rows: file, _lock } = self;
        file.finish(&summary.rows).map_err(|e| refused(&e))?;
        folder.record(ROWS);
        let (head, rows) = (&summary.head, &summary.rows);
        folder
            .write_text("scenario.effective.toml", effective)
            .and_then(|()| folder.write("points.csv", |out| columns::csv(out, head, rows)))
            .map_err(not_written)?;
        #[cfg(feature = "parquet")]
        folder
            .write("points.parquet", |out| parquet::write(out, head, rows))
            .map_err(not_written)?;
        let mut page = page(&summary);
        folder
            .write("sweep.json", |out| json(out, &summary))
            .and_then(|()| folder.write_text("sweep.md", &page.markdown()))
            .map_err(not_written)?;
        let document = folder.path().join("sweep.json");
        let points = summary.rows.len();
        // The page reads the rows from the file again: a million of them are not held twice.
        if !shown.charts {
            summary.rows = Vec::new();
        }
        let draw = |path: &_| {
            let drawn = charts::write_sweep(path, &summary);
            summary.rows = Vec::new();
            drawn
        };
        let written = [output::close(folder, shown.charts, Status::Complete, draw)?];
        if !shown.wall.is_zero() {
            page.close_with(took(shown.wall));
        }
        let read = || {
            std::fs::read_to_string(document)
                .map_err(<serde_json::Error as serde::de::Error>::custom)
        };
        output::tell(shown.print, &page, &written, shown.next, read)?;
        incomplete(&summary, points)
    }
}

/// The exit code: a result with points that failed or were cut short is incomplete.
fn incomplete(summary: &SweepSummary, points: usize) -> Result<Exit, Failure> {
    let mut parts = Vec::new();
    if summary.failed > 0 {
        parts.push(format!("{} could not be run", summary.failed));
    }
    if summary.incomplete > 0 {
        parts.push(format!("{} have runs that hit the event limit", summary.incomplete));
    }
    output::incomplete(
        (!parts.is_empty())
            .then(|| format!("of {points} points, {}; the others are sound", parts.join(" and "))),
    )
}
