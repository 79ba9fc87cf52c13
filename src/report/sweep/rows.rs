//! `rows.jsonl`: the rows of a sweep, one appended as each point finishes.
//!
//! The first line is the head of the sweep, all others are rows. Each line carries a checksum of what
//! it holds, so that a line that was torn when its writer was killed can be told from one that is damaged.
//! When all points are there, the file is written once more in the order of the points: the same
//! bytes however often the sweep was stopped and resumed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::report::whole::replace_durably;
use crate::results::{PointRow, SweepHead};

/// Name of the file.
pub const ROWS: &str = "rows.jsonl";

/// Held while a process writes to the folder; the system lets go of it when the process dies.
const LOCK: &str = ".lock";

/// Rows reach the disk at least this often; a killed process loses none, a power cut these.
const SYNC: Duration = Duration::from_secs(1);

/// A line is `{"check":"0123456789ab","…":…}`.
const BEFORE: &str = "{\"check\":\"";
const DIGITS: usize = 12;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct First {
    /// What the sweep is.
    pub head: SweepHead,
    /// `2/7` where only a part of its points is here.
    pub shard: Option<String>,
}

/// A line of `rows.jsonl`.
///
/// For its schema only: [`line`] writes it around the text whose checksum it carries.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "for the schema")]
pub(crate) struct Line {
    /// First 12 hexadecimal digits of the SHA-256 of what follows.
    check: String,
    /// The head, or a row.
    #[serde(flatten)]
    content: Content,
}

/// What a line holds.
#[derive(JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(dead_code, reason = "for the schema")]
enum Content {
    /// The first line.
    Sweep(First),
    /// Any other.
    Row(PointRow),
}

/// The rows of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// Its first line.
    pub first: First,
    /// By point.
    pub rows: BTreeMap<u32, PointRow>,
    /// Bytes up to the end of the last whole line.
    whole: u64,
    /// Whether a torn line followed.
    pub torn: bool,
}

/// Why rows cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// The file system refused.
    #[error("cannot access {}: {source}", path.display())]
    Io {
        /// What.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody else is writing.
    #[error("another oomcast is writing to {}: wait for it to end, or choose another --out", .0.display())]
    Busy(PathBuf),
    /// Not one of ours.
    #[error("{} is not a row file of oomcast: move it away, or choose another --out", .0.display())]
    Foreign(PathBuf),
    /// Of another sweep.
    #[error(
        "{} holds rows of another sweep ({what}): choose another --out, or add --force to start over \
         and lose them", path.display()
    )]
    Other {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: String,
    },
    /// The head cannot be trusted.
    #[error(
        "the first line of {0}, which says what is swept, is damaged; nothing was changed. The same \
         command with another --out writes the same first line: put it there and --resume, or move \
         {0} away to start over", path.display()
    )]
    Headless {
        /// The file.
        path: PathBuf,
    },
    /// A line that cannot be trusted.
    #[error(
        "line {line} of {0} is damaged ({why}); nothing was changed. Delete that line (sed -i {line}d \
         {0}), and --resume computes its point again and no other", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// There is something already.
    #[error(
        "{} holds {done} of {wanted} points of this sweep already: add --resume to {}, or --force \
         to start over and lose them", path.display(),
        if done < wanted { "go on from there" } else { "write its tables and charts again" }
    )]
    Exists {
        /// The file.
        path: PathBuf,
        /// Points that are there.
        done: usize,
        /// Points that belong there.
        wanted: usize,
    },
}

/// The sole right to write to a folder, until dropped.
#[derive(Debug)]
pub struct FolderLock(#[expect(dead_code, reason = "held, not read")] File);

impl FolderLock {
    /// Takes the right, if nobody has it.
    ///
    /// # Errors
    /// Another process writes to the folder; the file system.
    pub fn take(folder: &Path) -> Result<Self, RowsError> {
        let path = folder.join(LOCK);
        let io = |source| RowsError::Io { path: path.clone(), source };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(RowsError::Busy(folder.to_owned())),
            // Some network file systems have no locks: better without than not at all.
            Err(TryLockError::Error(e)) if e.kind() == io::ErrorKind::Unsupported => Ok(Self(file)),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }
}

/// Reads the rows of a folder; `None`: there are none, not even a first line.
///
/// # Errors
/// A file that is not of a sweep or is damaged.
pub fn read(folder: &Path) -> Result<Option<Rows>, RowsError> {
    let path = folder.join(ROWS);
    match File::open(&path) {
        Ok(file) => parse(&path, io::BufReader::with_capacity(1 << 16, file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(RowsError::Io { path, source }),
    }
}

/// Reads lines one at a time: what is held is the rows.
fn parse(path: &Path, mut file: impl BufRead) -> Result<Option<Rows>, RowsError> {
    let foreign = || RowsError::Foreign(path.to_owned());
    let damaged =
        |line: usize, why: String| RowsError::Damaged { path: path.to_owned(), line, why };
    let mut found: Option<Rows> = None;
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        let read = file.read_until(b'\n', &mut text);
        read.map_err(|source| RowsError::Io { path: path.to_owned(), source })?;
        let begun = text.len().min(BEFORE.len());
        if found.is_none() && text[..begun] != BEFORE.as_bytes()[..begun] {
            return Err(foreign());
        }
        // What follows the last line feed is torn: the feed is the last byte of a line to be written.
        let Some(whole) = text.strip_suffix(b"\n") else {
            if let Some(rows) = &mut found {
                rows.torn = !text.is_empty();
            }
            break;
        };
        let length = text.len() as u64;
        if found.is_none() {
            let first = content(whole, "sweep");
            let first = first.map_err(|_| RowsError::Headless { path: path.to_owned() })?;
            found = Some(Rows { first, rows: BTreeMap::new(), whole: length, torn: false });
            continue;
        }
        let Some(rows) = &mut found else { continue };
        rows.whole += length;
        let row: PointRow = content(whole, "row").map_err(|why| damaged(line, why))?;
        let head = &rows.first.head;
        if row.point >= head.points || row.values.len() != head.design.axes.len() {
            return Err(damaged(line, "the sweep has no such point".into()));
        }
        let point = row.point;
        match rows.rows.entry(point) {
            Entry::Vacant(place) => {
                place.insert(row);
            }
            Entry::Occupied(other) if *other.get() == row => {}
            Entry::Occupied(_) => {
                let why = format!("point {point} is there twice, with other figures");
                return Err(damaged(line, why));
            }
        }
    }
    Ok(found)
}

/// What a line holds under its key.
pub(crate) fn content<T: for<'a> Deserialize<'a>>(line: &[u8], key: &str) -> Result<T, String> {
    let text = std::str::from_utf8(line).map_err(|_| "it is not text".to_owned())?;
    let between = format!("\",\"{key}\":");
    let inner = text
        .strip_prefix(BEFORE)
        .and_then(|rest| rest.split_at_checked(DIGITS))
        .and_then(|(digits, rest)| Some((digits, rest.strip_prefix(&between)?)))
        .and_then(|(digits, rest)| Some((digits, rest.strip_suffix('}')?)));
    let Some((digits, inner)) = inner else {
        return Err(format!("it is not a {key}"));
    };
    if checksum(inner) != digits {
        return Err("its checksum does not match".to_owned());
    }
    serde_json::from_str(inner).map_err(|error| error.to_string())
}

pub(crate) fn line<T: Serialize>(key: &str, value: &T) -> io::Result<String> {
    let inner = serde_json::to_string(value)?;
    Ok(format!("{BEFORE}{}\",\"{key}\":{inner}}}\n", checksum(&inner)))
}

fn checksum(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(DIGITS / 2).fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// A file of checked lines being appended to.
#[derive(Debug)]
pub(crate) struct Appended {
    path: PathBuf,
    file: File,
    synced: Instant,
}

impl Appended {
    /// Opens a file behind its first `whole` bytes; what follows is torn, and goes.
    pub(crate) fn open(path: PathBuf, whole: Option<u64>) -> Result<Self, RowsError> {
        let io = |source| RowsError::Io { path: path.clone(), source };
        let mut file = OpenOptions::new().write(true).open(&path).map_err(io)?;
        if let Some(whole) = whole {
            file.set_len(whole).map_err(io)?;
        }
        file.seek(SeekFrom::End(0)).map_err(io)?;
        Ok(Self { path, file, synced: Instant::now() })
    }

    pub(crate) fn append<T: Serialize>(&mut self, key: &str, value: &T) -> Result<(), RowsError> {
        let written = line(key, value).and_then(|line| self.file.write_all(line.as_bytes()));
        let written = written.and_then(|()| {
            if self.synced.elapsed() < SYNC {
                return Ok(());
            }
            self.synced = Instant::now();
            self.file.sync_data()
        });
        written.map_err(|source| RowsError::Io { path: self.path.clone(), source })
    }
}

/// A row file being appended to.
#[derive(Debug)]
pub struct RowFile {
    rows: Appended,
    first: First,
}

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
        return Err(RowsError::Exists { path, done: rows.rows.len(), wanted });
    }
    Ok(Some(rows))
}

/// How two sweeps differ, in one clause.
#[must_use]
pub fn difference(found: &First, wanted: &First) -> Option<String> {
    let (a, b) = (&found.head, &wanted.head);
    let says = |what: &str, a: &dyn std::fmt::Display, b: &dyn std::fmt::Display| {
        Some(format!("{what} {a}, not {b}"))
    };
    let part = |shard: &Option<String>| shard.clone().unwrap_or_else(|| "all points".to_owned());
    if a.format_version != b.format_version {
        says("format", &a.format_version, &b.format_version)
    } else if a.tool_version != b.tool_version {
        says("oomcast", &a.tool_version, &b.tool_version)
    } else if a.scenario != b.scenario {
        says("scenario", &a.scenario, &b.scenario)
    } else if a.scenario_hash != b.scenario_hash {
        says("scenario hash", &a.scenario_hash, &b.scenario_hash)
    } else if a.seed != b.seed {
        says("seed", &a.seed, &b.seed)
    } else if a.replications != b.replications {
        says("replications", &a.replications, &b.replications)
    } else if a != b {
        says("design", &a.design_hash, &b.design_hash)
    } else if found.shard != wanted.shard {
        says("shard", &part(&found.shard), &part(&wanted.shard))
    } else {
        None
    }
}

impl RowFile {
    /// Opens the file to append to it, after the rows that are kept; without any, it starts empty.
    ///
    /// # Errors
    /// The file system.
    pub fn open(folder: &Path, first: First, kept: Option<&Rows>) -> Result<Self, RowsError> {
        let path = folder.join(ROWS);
        let io = |source| RowsError::Io { path: path.clone(), source };
        if kept.is_none() {
            let begin = line("sweep", &first).map_err(io)?;
            replace_durably(&path, |out| out.write_all(begin.as_bytes())).map_err(io)?;
        }
        let whole = kept.filter(|rows| rows.torn).map(|rows| rows.whole);
        Ok(Self { rows: Appended::open(path, whole)?, first })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// The file system.
    pub fn append(&mut self, row: &PointRow) -> Result<(), RowsError> {
        self.rows.append("row", row)
    }

    /// Writes the file once more, in the order of the points.
    ///
    /// # Errors
    /// The file system.
    pub fn finish<'r>(self, rows: impl IntoIterator<Item = &'r PointRow>) -> Result<(), RowsError> {
        let path = &self.rows.path;
        let io = |source| RowsError::Io { path: path.clone(), source };
        let written = replace_durably(path, |out| {
            out.write_all(line("sweep", &self.first)?.as_bytes())?;
            rows.into_iter().try_for_each(|row| out.write_all(line("row", row)?.as_bytes()))
        });
        written.map_err(io)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first() -> First {
        let head = SweepHead { points: 3, ..SweepHead::default() };
        First { head, shard: None }
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

    fn parsed(text: &str) -> Result<Option<Rows>, String> {
        parse(Path::new("rows.jsonl"), text.as_bytes()).map_err(|error| error.to_string())
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
                assert_eq!(rows.rows.len(), whole - 1, "cut at {cut}");
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
            let found = parse(Path::new("rows.jsonl"), &bytes[..]);
            assert!(found.is_err(), "byte {at} was changed unnoticed");
        }
    }

    #[test]
    fn doubles_and_strangers() {
        assert_eq!(parsed(&file(&[1, 1])).unwrap().map(|rows| rows.rows.len()), Some(1));
        assert!(parsed(&file(&[7])).unwrap_err().contains("no such point"));
        assert!(parsed("point,oom\n1,2\n").unwrap_err().contains("not a row file"));
        assert!(parsed("something").unwrap_err().contains("not a row file"));
        let other = PointRow { error: Some("else".into()), ..row(1) };
        let twice = file(&[1]) + &line("row", &other).unwrap();
        assert!(parsed(&twice).unwrap_err().contains("line 3"));
        assert!(parsed(&(file(&[1]) + "\n" + &line("row", &row(2)).unwrap())).is_err());
    }
}
