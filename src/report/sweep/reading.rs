//! Reads `rows.jsonl` a line at a time: of a row that was read, its [`Mark`] is enough to tell whether another
//! is the same, and where it belongs.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::rows::{BEFORE, DIGITS, First, ROWS, RowsError, content};
use crate::results::PointRow;

/// What is kept of a row in place of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its checksum.
    check: u64,
    /// Bytes of its line, with the line feed.
    pub(super) length: u32,
    /// Whether all that was asked for of the point was done.
    pub complete: bool,
}

impl Mark {
    /// Of a row and its line.
    pub(super) fn of(line: &[u8], row: &PointRow) -> Self {
        let digits = line.get(BEFORE.len()..BEFORE.len() + DIGITS).unwrap_or_default();
        let digits = std::str::from_utf8(digits).unwrap_or_default();
        Self {
            check: u64::from_str_radix(digits, 16).unwrap_or_default(),
            length: line.len() as u32,
            complete: row.is_complete(),
        }
    }
}

/// The rows of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// Its first line.
    pub first: First,
    /// By point.
    pub marks: BTreeMap<u32, Mark>,
    /// Bytes up to the end of the last whole line.
    pub(super) whole: u64,
    /// Whether a torn line followed.
    pub torn: bool,
}

/// Reads all rows of a folder for their marks; `None`: there are none, not even a first line.
///
/// # Errors
/// A file that is not of a sweep or is damaged.
pub fn read(folder: &Path) -> Result<Option<Rows>, RowsError> {
    Reader::open(folder)?.map(Reader::marks).transpose()
}

/// A file of rows, from which one is read at a time: as an iterator, in the order of the file.
#[derive(Debug)]
pub struct Reader<F = BufReader<File>> {
    path: PathBuf,
    file: F,
    first: First,
    /// The last line that was read, without its line feed.
    text: Vec<u8>,
    /// Which it was, from 1.
    line: usize,
    whole: u64,
    torn: bool,
}

impl Reader {
    /// Opens the rows of a folder; `None`: there are none, not even a first line.
    ///
    /// # Errors
    /// A file that is not of a sweep.
    pub fn open(folder: &Path) -> Result<Option<Self>, RowsError> {
        let path = folder.join(ROWS);
        match File::open(&path) {
            Ok(file) => Self::begin(path, BufReader::with_capacity(1 << 16, file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(RowsError::Io { path, source }),
        }
    }
}

impl<F: BufRead> Reader<F> {
    /// Reads the first line.
    pub(super) fn begin(path: PathBuf, mut file: F) -> Result<Option<Self>, RowsError> {
        let mut text = Vec::new();
        let read = file.read_until(b'\n', &mut text);
        read.map_err(|source| RowsError::Io { path: path.clone(), source })?;
        let begun = text.len().min(BEFORE.len());
        if text[..begun] != BEFORE.as_bytes()[..begun] {
            return Err(RowsError::Foreign(path));
        }
        let Some(line) = text.strip_suffix(b"\n") else { return Ok(None) };
        let Ok(first) = content(line, "sweep") else { return Err(RowsError::Headless { path }) };
        let whole = text.len() as u64;
        Ok(Some(Self { path, file, first, text, line: 1, whole, torn: false }))
    }

    /// The first line.
    #[must_use]
    pub const fn first(&self) -> &First {
        &self.first
    }

    /// Reads the next line; `false`: there is none. What follows the last line feed is torn: the feed is the
    /// last byte of a line to be written.
    fn advance(&mut self) -> Result<bool, RowsError> {
        self.text.clear();
        let read = self.file.read_until(b'\n', &mut self.text);
        read.map_err(|source| RowsError::Io { path: self.path.clone(), source })?;
        if self.text.last() != Some(&b'\n') {
            self.torn = !self.text.is_empty();
            return Ok(false);
        }
        self.line += 1;
        self.whole += self.text.len() as u64;
        Ok(true)
    }

    /// What the last line holds.
    fn held<T: for<'a> Deserialize<'a>>(&self) -> Result<T, RowsError> {
        let line = self.text.strip_suffix(b"\n").unwrap_or(&self.text);
        content(line, "row").map_err(|why| self.damaged(why))
    }

    fn damaged(&self, why: String) -> RowsError {
        RowsError::Damaged { path: self.path.clone(), line: self.line, why }
    }

    fn row(&mut self) -> Result<Option<PointRow>, RowsError> {
        if !self.advance()? {
            return Ok(None);
        }
        let row: PointRow = self.held()?;
        let head = &self.first.head;
        if row.point >= head.points || row.values.len() != head.design.axes.len() {
            return Err(self.damaged("the sweep has no such point".into()));
        }
        Ok(Some(row))
    }

    /// The next line with its line feed, and which point it is of; `None`: there is none.
    pub(super) fn line(&mut self) -> Result<Option<(u32, &[u8])>, RowsError> {
        #[derive(Deserialize)]
        struct Numbered {
            point: u32,
        }
        if !self.advance()? {
            return Ok(None);
        }
        let Numbered { point } = self.held()?;
        Ok(Some((point, &self.text)))
    }

    /// That the line read last is not what it was when its mark was made.
    pub(super) fn changed(&self) -> RowsError {
        self.damaged("it changed while it was read".into())
    }

    /// Reads all rows for their marks.
    ///
    /// # Errors
    /// Damaged lines; a point that is there twice with different figures; the file system.
    pub fn marks(mut self) -> Result<Rows, RowsError> {
        let mut marks = BTreeMap::new();
        while let Some(row) = self.row()? {
            let mark = Mark::of(&self.text, &row);
            let point = row.point;
            match marks.entry(point) {
                Entry::Vacant(place) => {
                    place.insert(mark);
                }
                Entry::Occupied(other) if *other.get() == mark => {}
                Entry::Occupied(_) => {
                    let why = format!("point {point} is there twice, with other figures");
                    return Err(self.damaged(why));
                }
            }
        }
        Ok(Rows { first: self.first, marks, whole: self.whole, torn: self.torn })
    }
}

impl<F: BufRead> Iterator for Reader<F> {
    type Item = Result<PointRow, RowsError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.row().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sweep::rows::line;
    use crate::results::SweepHead;

    fn first() -> First {
        let head = SweepHead { points: 3, ..SweepHead::default() };
        First { head, ..First::default() }
    }

    fn row(point: u32) -> PointRow {
        PointRow {
            point,
            error: Some(format!("a \"quoted\" reason {point}")),
            ..PointRow::default()
        }
    }

    fn file(points: &[u32]) -> String {
        let mut text = line("sweep", &first()).unwrap();
        text.extend(points.iter().map(|point| line("row", &row(*point)).unwrap()));
        text
    }

    fn parse(text: &[u8]) -> Result<Option<Rows>, RowsError> {
        Reader::begin(PathBuf::from("rows.jsonl"), text)?.map(Reader::marks).transpose()
    }

    fn parsed(text: &str) -> Result<Option<Rows>, String> {
        parse(text.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn every_cut_keeps_the_whole_lines_before_it() {
        let text = file(&[2, 0]);
        let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
        for cut in 0..=text.len() {
            let whole = ends.iter().filter(|end| **end <= cut).count();
            let rows = parsed(&text[..cut]).unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
            assert_eq!(rows.is_some(), whole > 0, "cut at {cut}");
            if let Some(rows) = rows {
                assert_eq!(rows.marks.len(), whole - 1, "cut at {cut}");
                assert_eq!(rows.torn, ends[whole - 1] != cut, "cut at {cut}");
                assert_eq!(rows.first, first());
            }
        }
    }

    #[test]
    fn a_changed_byte_is_noticed_wherever_it_is() {
        let text = file(&[2, 0]);
        for at in 0..text.len() - 1 {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            let found = parse(&bytes);
            assert!(found.is_err(), "byte {at} was changed unnoticed");
        }
    }

    /// What is held of a sweep of a million points.
    #[test]
    fn a_mark_is_small() {
        assert!(size_of::<Mark>() <= 16);
    }

    #[test]
    fn doubles_and_strangers() {
        assert_eq!(parsed(&file(&[1, 1])).unwrap().map(|rows| rows.marks.len()), Some(1));
        assert!(parsed(&file(&[7])).unwrap_err().contains("no such point"));
        assert!(parsed("point,oom\n1,2\n").unwrap_err().contains("not a row file"));
        assert!(parsed("something").unwrap_err().contains("not a row file"));
        let other = PointRow { error: Some("else".into()), ..row(1) };
        let twice = file(&[1]) + &line("row", &other).unwrap();
        assert!(parsed(&twice).unwrap_err().contains("line 3"));
        assert!(parsed(&(file(&[1]) + "\n" + &line("row", &row(2)).unwrap())).is_err());
    }
}
