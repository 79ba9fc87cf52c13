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
pub mod rows;

use std::io::{self, Write};

use crate::results::SweepSummary;

pub use page::{again, page, took};

/// Writes `sweep.json`, whose keys are the fields of [`SweepSummary`].
///
/// # Errors
/// Those of the writer.
pub fn json(out: &mut dyn Write, sweep: &SweepSummary) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, sweep)?;
    out.write_all(b"\n")
}
