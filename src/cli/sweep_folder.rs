//! The folder of a sweep, as `sweep` and `merge` write it.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::exit::{Exit, Failure};
use super::flags::PrintFlags;
use super::output::{self, not_written};
use crate::experiment::sweep::{Gathering, Points};
use crate::report::charts::{self, Levels};
use crate::report::folder::{Identity, RunFolder, Status};
#[cfg(feature = "parquet")]
use crate::report::sweep::parquet;
use crate::report::sweep::reading::{Mark, Reader, Rows};
use crate::report::sweep::rows::{First, FolderLock, ROWS, RowsError};
use crate::report::sweep::writing::{self, RowFile};
use crate::report::sweep::{again, columns, json, page, placing, took};
use crate::results::{Overview, PointRow, SweepHead, SweepSummary};
use crate::scenario::sweep::SweepPlan;

/// A folder with the sole right to write to it.
pub(super) struct SweepFolder {
    folder: RunFolder,
    first: First,
    _lock: FolderLock,
}

/// What rows are about.
#[derive(Clone, Copy)]
pub(super) struct Swept<'a> {
    /// What the points are.
    pub(super) plan: &'a SweepPlan,
    /// All of them.
    pub(super) points: &'a Points<'a>,
    /// The scenario as it is in effect.
    pub(super) effective: &'a str,
}

/// How to show the result.
pub(super) struct Shown<'a> {
    /// How long it took.
    pub(super) wall: Duration,
    /// A command worth trying next, of the first point that is at risk.
    pub(super) next: Option<&'a dyn Fn(&PointRow) -> String>,
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
    ) -> Result<(Self, Option<Rows>), Failure> {
        let again = again(&first.head);
        let id = identity(&first.head, &again);
        let mut folder = RunFolder::open(path, &id, force).map_err(not_written)?;
        let lock = FolderLock::take(path).map_err(|e| refused(&e))?;
        let kept = if force && !resume {
            None
        } else {
            writing::kept(path, &first, wanted, resume).map_err(|e| refused(&e))?
        };
        folder.begin().map_err(not_written)?;
        Ok((Self { folder, first, _lock: lock }, kept))
    }

    /// The file of its rows, to be appended to.
    pub(super) fn append_to(&self, kept: Option<&Rows>) -> Result<RowFile, Failure> {
        RowFile::open(self.folder.path(), &self.first, kept).map_err(|e| refused(&e))
    }

    /// Has its rows in order: those of these folders, its own where none are named.
    pub(super) fn place(
        &mut self,
        marks: &BTreeMap<u32, Mark>,
        folders: Option<&[PathBuf]>,
    ) -> Result<(), Failure> {
        let own = self.folder.path().to_owned();
        let folders = folders.unwrap_or(std::slice::from_ref(&own));
        placing::place(&own, &self.first, marks, folders).map_err(|e| refused(&e))?;
        self.folder.record(ROWS);
        Ok(())
    }

    /// The scenario and the manifest: with its rows, all there is of a shard.
    pub(super) fn finish_shard(self, effective: &str) -> Result<PathBuf, Failure> {
        let Self { mut folder, first: _, _lock } = self;
        folder.write_text("scenario.effective.toml", effective).map_err(not_written)?;
        let path = folder.path().to_owned();
        folder.finish(Status::Complete).map_err(not_written)?;
        Ok(path)
    }

    /// Every file of a whole sweep, then the result on stdout, and the exit code. The rows are read again for
    /// each table: a million of them are not held.
    pub(super) fn finish(self, swept: Swept<'_>, shown: &Shown<'_>) -> Result<Exit, Failure> {
        let Self { mut folder, first, _lock } = self;
        let path = folder.path().to_owned();
        let rows = || -> io::Result<Reader> {
            Reader::open(&path)?.ok_or_else(|| io::Error::other("the rows are gone"))
        };
        let head = first.head;
        let mut gathering = Gathering::new(swept.plan, swept.points);
        let mut levels = Levels::of(&head);
        #[cfg(feature = "parquet")]
        let mut kinds = parquet::Kinds::of(&head);
        let table = |out: &mut dyn Write| {
            let mut csv = columns::Csv::begin(out, &head)?;
            for row in rows()? {
                let row = row?;
                gathering.push(&row);
                levels.look(&row);
                #[cfg(feature = "parquet")]
                kinds.look(&head, &row);
                csv.push(&row)?;
            }
            csv.end()
        };
        folder
            .write_text("scenario.effective.toml", swept.effective)
            .and_then(|()| folder.write("points.csv", table))
            .map_err(not_written)?;
        #[cfg(feature = "parquet")]
        folder
            .write("points.parquet", |out| parquet::write(out, &head, &kinds, rows()?))
            .map_err(not_written)?;
        let summary = gathering.finish(head, swept.effective);
        let mut page = page(&summary);
        let mut chosen = levels.chosen();
        let offered = |row: &Result<PointRow, RowsError>| {
            if let Ok(row) = row {
                chosen.offer(row);
            }
        };
        folder
            .write("sweep.json", |out| json(out, &summary, rows()?.inspect(offered)))
            .and_then(|()| folder.write_text("sweep.md", &page.markdown()))
            .map_err(not_written)?;
        let document = folder.path().join("sweep.json");
        let drawn = summary.clone().with_rows(chosen.rows());
        let draw = |path: &_| charts::write_sweep(path, &drawn);
        let written = [output::close(folder, shown.charts, Status::Complete, draw)?];
        if !shown.wall.is_zero() {
            page.close_with(took(shown.wall));
        }
        let next = summary.rows.at_risk.as_ref().and_then(|row| Some(shown.next?(row)));
        let poured = || {
            let poured = output::pour(&document).map(|()| String::new());
            poured.map_err(<serde_json::Error as serde::de::Error>::custom)
        };
        output::tell(shown.print, &page, &written, next.as_deref(), poured)?;
        incomplete(&summary)
    }
}

/// The exit code: a result with points that failed or were cut short is incomplete.
fn incomplete(summary: &SweepSummary<Overview>) -> Result<Exit, Failure> {
    let points = summary.rows.points;
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
