//! A sweep in files and for people.
//!
//! | file | what |
//! |---|---|
//! | `rows.jsonl` | every point as it finishes, with its checksum: what `--resume` and `merge` read |
//! | `points.csv` | one row per point, in order; see [`columns`] |
//! | `points.parquet` | the same with types, where the feature `parquet` is on |
//! | `sweep.json`, `sweep.md` | the result for programs and for people |
//! | `charts/sweep-*.svg`, `charts/sweep-*.png` | see [`charts`](super::charts) |
//!
//! The folder of a shard holds its rows only; `oomcast merge` makes the rest of them.

pub mod columns;
mod page;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod placing;
pub mod reading;
pub mod rows;
pub mod writing;

use std::cell::RefCell;
use std::fmt::Display;
use std::io::{self, Write};

use serde::ser::{Error as _, Serialize, SerializeSeq, Serializer};

use crate::results::{Overview, PointRow, SweepSummary};

pub use page::{again, page, took};

/// Writes `sweep.json`, whose keys are the fields of [`SweepSummary`], with all rows.
///
/// # Errors
/// Those of the writer and of the rows.
pub fn json(
    out: &mut dyn Write,
    sweep: &SweepSummary<Overview>,
    rows: impl Iterator<Item = Result<PointRow, impl Display>>,
) -> io::Result<()> {
    let sweep = sweep.clone().with_rows(OneByOne(RefCell::new(rows)));
    serde_json::to_writer_pretty(&mut *out, &sweep)?;
    out.write_all(b"\n")
}

/// Rows that are a list once they are written.
struct OneByOne<I>(RefCell<I>);

impl<E: Display, I: Iterator<Item = Result<PointRow, E>>> Serialize for OneByOne<I> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut list = to.serialize_seq(None)?;
        for row in &mut *self.0.borrow_mut() {
            list.serialize_element(&row.map_err(S::Error::custom)?)?;
        }
        list.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::PointFigures;

    /// Against the same with all rows in memory.
    #[test]
    fn rows_one_by_one_are_written_and_read_as_a_list() {
        let row = |point| {
            let figures = (point != 3).then(PointFigures::default);
            PointRow { point, figures, ..PointRow::default() }
        };
        for count in [0, 1, 5, 200] {
            let rows: Vec<PointRow> = (0..count).map(row).collect();
            let seen: Overview = rows.iter().collect();
            let sweep = SweepSummary { rows: seen, ..SweepSummary::default() };
            let mut text = Vec::new();
            json(&mut text, &sweep, rows.iter().cloned().map(Ok::<_, io::Error>)).expect("written");
            let all = sweep.clone().with_rows(rows);
            let wanted = serde_json::to_string_pretty(&all).expect("written") + "\n";
            assert_eq!(String::from_utf8(text.clone()).expect("text"), wanted);
            let read: SweepSummary<Overview> = serde_json::from_slice(&text).expect("read");
            assert_eq!(read, sweep);
        }
        let failing = [Ok(row(0)), Err("the disk is gone")].into_iter();
        let sweep = SweepSummary::<Overview>::default();
        let told = json(&mut Vec::new(), &sweep, failing).expect_err("a row is missing");
        assert!(told.to_string().contains("the disk is gone"), "{told}");
    }
}
