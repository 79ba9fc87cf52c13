//! Appends rows to `rows.jsonl` as their points finish.

use std::io::Write;
use std::path::Path;

use super::reading::{Mark, Rows, read};
use super::rows::{Appended, First, ROWS, RowsError, difference, line};
use crate::report::whole::replace_durably;
use crate::results::PointRow;

/// Checks that the rows of a folder, if there are any, may be gone on with.
///
/// # Errors
/// Rows of another sweep; rows of this one without leave to `resume`.
pub fn kept(
    folder: &Path,
    first: &First,
    wanted: usize,
    resume: bool,
) -> Result<Option<Rows>, RowsError> {
    let Some(rows) = read(folder)? else {
        return Ok(None);
    };
    let path = folder.join(ROWS);
    if let Some(what) = difference(&rows.first, first) {
        return Err(RowsError::Other { path, what });
    }
    if !resume {
        return Err(RowsError::Exists { path, done: rows.marks.len(), wanted });
    }
    Ok(Some(rows))
}

/// A row file being appended to.
#[derive(Debug)]
pub struct RowFile(Appended);

impl RowFile {
    /// Opens the file to append to it, after the rows that are kept; without any, it starts empty.
    ///
    /// # Errors
    /// The file system.
    pub fn open(folder: &Path, first: &First, kept: Option<&Rows>) -> Result<Self, RowsError> {
        let path = folder.join(ROWS);
        let io = |source| RowsError::Io { path: path.clone(), source };
        if kept.is_none() {
            let begin = line("sweep", first).map_err(io)?;
            replace_durably(&path, |out| out.write_all(begin.as_bytes())).map_err(io)?;
        }
        let whole = kept.filter(|rows| rows.torn).map(|rows| rows.whole);
        Ok(Self(Appended::open(path, whole)?))
    }

    /// Adds a row, and returns its mark.
    ///
    /// # Errors
    /// The file system.
    pub fn append(&mut self, row: &PointRow) -> Result<Mark, RowsError> {
        let line = self.0.append("row", row)?;
        Ok(Mark::of(line.as_bytes(), row))
    }
}
