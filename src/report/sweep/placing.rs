//! Puts rows of any files into one, in the order of the points.
//!
//! Every row's length is known from its [`Mark`], and so is where its line begins in the new file. The files are
//! read one after the other, each line goes to its place, and none is held: the memory it takes is that of the
//! marks, and one file is open at a time, however many shards there are and in whatever order their rows.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::reading::{Mark, Reader};
use super::rows::{First, ROWS, RowsError, line};
use crate::report::whole::replace_durably;

/// Writes the rows of `folders`, whose marks these are, into that of `target`, which may be one of them. Until
/// all are there, it is as it was.
///
/// # Errors
/// The file system; a row that is not what it was when its mark was made.
pub fn place(
    target: &Path,
    first: &First,
    marks: &BTreeMap<u32, Mark>,
    folders: &[PathBuf],
) -> Result<(), RowsError> {
    let path = target.join(ROWS);
    let mut failed = None;
    let fill = |out: &mut BufWriter<&File>| {
        let begin = line("sweep", first)?;
        out.write_all(begin.as_bytes())?;
        let mut end = begin.len() as u64;
        let mut places = Vec::with_capacity(marks.len());
        for (point, mark) in marks {
            places.push(Place { point: *point, length: mark.length, begin: end });
            end += u64::from(mark.length);
        }
        let mut sheet = Sheet { out, at: begin.len() as u64, places };
        let done = folders.iter().try_for_each(|folder| sheet.take(folder));
        done.map_err(|error| {
            failed = Some(error);
            io::Error::other("a row file cannot be read")
        })
    };
    let written = replace_durably(&path, fill);
    match failed {
        Some(error) => Err(error),
        None => written.map_err(|source| RowsError::Io { path, source }),
    }
}

/// Where the line of a point belongs.
struct Place {
    point: u32,
    length: u32,
    begin: u64,
}

/// The new file.
struct Sheet<'o, 'f> {
    out: &'o mut BufWriter<&'f File>,
    /// Where it is being written.
    at: u64,
    /// In the order of the points.
    places: Vec<Place>,
}

impl Sheet<'_, '_> {
    fn take(&mut self, folder: &Path) -> Result<(), RowsError> {
        let Some(mut rows) = Reader::open(folder)? else { return Ok(()) };
        while let Some((point, line)) = rows.line()? {
            let found = self.places.binary_search_by_key(&point, |place| place.point).ok();
            let place = found.and_then(|at| self.places.get(at));
            let place = place.filter(|place| place.length as usize == line.len());
            let Some(begin) = place.map(|place| place.begin) else { return Err(rows.changed()) };
            let written = self.write(begin, line);
            written.map_err(|source| RowsError::Io { path: folder.join(ROWS), source })?;
        }
        Ok(())
    }

    fn write(&mut self, begin: u64, line: &[u8]) -> io::Result<()> {
        // Rows that follow each other are written together.
        if self.at != begin {
            self.out.seek(SeekFrom::Start(begin))?;
        }
        self.out.write_all(line)?;
        self.at = begin + line.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::sweep::reading::read;
    use crate::report::sweep::writing::RowFile;
    use crate::results::{PointRow, SweepHead};

    fn row(point: u32) -> PointRow {
        let error = Some("x".repeat(point as usize * 7919 % 61));
        PointRow { point, error, ..PointRow::default() }
    }

    /// Writes rows as `sweep` does, in the order in which they finish.
    fn written(folder: &Path, first: &First, points: &[u32]) -> BTreeMap<u32, Mark> {
        std::fs::create_dir_all(folder).expect("a folder");
        let mut file = RowFile::open(folder, first, None).expect("opens");
        let marks =
            points.iter().map(|point| (*point, file.append(&row(*point)).expect("appends")));
        marks.collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// Against lines sorted in memory: whichever shard a point is in, and in whatever order.
        #[test]
        fn rows_of_any_shards_end_in_order(
            order in Just((0..40_u32).collect::<Vec<_>>()).prop_shuffle(),
            shards in 1..5_usize,
        ) {
            let top = std::env::temp_dir().join(format!("oomcast-placing-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&top);
            let head = SweepHead { points: 40, ..SweepHead::default() };
            let first = First { head, ..First::default() };
            let folders: Vec<PathBuf> = (0..shards).map(|n| top.join(n.to_string())).collect();
            let mut marks = BTreeMap::new();
            for (shard, folder) in folders.iter().enumerate() {
                let own: Vec<u32> = order.iter().copied().skip(shard).step_by(shards).collect();
                marks.extend(written(folder, &first, &own));
                prop_assert_eq!(read(folder).expect("reads").expect("rows").marks.len(), own.len());
            }
            let mut wanted = line("sweep", &first).expect("a line");
            wanted.extend((0..40).map(|point| line("row", &row(point)).expect("a line")));
            // Into the first of them: it is read to its end before it is replaced.
            place(&folders[0], &first, &marks, &folders).expect("placed");
            let found = std::fs::read_to_string(folders[0].join(ROWS)).expect("text");
            prop_assert_eq!(found, wanted);
            let _ = std::fs::remove_dir_all(&top);
        }
    }

    #[test]
    fn a_row_that_changed_in_between_is_told_and_nothing_is_replaced() {
        let folder = std::env::temp_dir().join(format!("oomcast-changed-{}", std::process::id()));
        let first =
            First { head: SweepHead { points: 3, ..SweepHead::default() }, ..First::default() };
        let marks = written(&folder, &first, &[2, 0]);
        written(&folder, &first, &[2, 1]);
        let before = std::fs::read(folder.join(ROWS)).expect("text");
        let told =
            place(&folder, &first, &marks, std::slice::from_ref(&folder)).expect_err("changed");
        assert!(told.to_string().starts_with("line 3"), "{told}");
        assert_eq!(std::fs::read(folder.join(ROWS)).expect("text"), before);
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
