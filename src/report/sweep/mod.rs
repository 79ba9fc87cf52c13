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
