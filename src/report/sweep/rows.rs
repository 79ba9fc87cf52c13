//! `rows.jsonl`: the rows of a sweep, one appended as each point finishes.
//!
//! The first line is the head of the sweep, all others are rows. Each line carries a checksum of what
//! it holds, so that a line that was torn when its writer was killed can be told from one that is damaged.
//! When all points are there, the file is written once more in the order of the points: the same
//! bytes however often the sweep was stopped and resumed. There may be more rows than fit into memory:
//! [`reading`](super::reading) has one of them at a time, [`writing`](super::writing) appends them and
//! [`placing`](super::placing) puts them in order.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::results::{PointRow, SweepHead};

/// Name of the file.
pub const ROWS: &str = "rows.jsonl";

/// Held while a process writes to the folder; the system lets go of it when the process dies.
const LOCK: &str = ".lock";

/// Rows reach the disk at least this often; a killed process loses none, a power cut these.
const SYNC: Duration = Duration::from_secs(1);

/// A line is `{"check":"0123456789ab","…":…}`.
pub(super) const BEFORE: &str = "{\"check\":\"";
pub(super) const DIGITS: usize = 12;

/// The first line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct First {
    /// What the sweep is.
    pub head: SweepHead,
    /// `2/7` where only a part of its points is here.
    pub shard: Option<String>,
    /// 12 hexadecimal digits of a hash of the sources of the model: builds of one version may differ in it.
    #[serde(default)]
    pub model: String,
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

impl From<RowsError> for io::Error {
    fn from(error: RowsError) -> Self {
        match error {
            RowsError::Io { source, .. } => source,
            other => Self::other(other.to_string()),
        }
    }
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

    /// Adds a line, and returns it.
    pub(crate) fn append<T: Serialize>(
        &mut self,
        key: &str,
        value: &T,
    ) -> Result<String, RowsError> {
        let written = line(key, value).and_then(|line| {
            self.file.write_all(line.as_bytes())?;
            if self.synced.elapsed() >= SYNC {
                self.synced = Instant::now();
                self.file.sync_data()?;
            }
            Ok(line)
        });
        written.map_err(|source| RowsError::Io { path: self.path.clone(), source })
    }
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
    } else if found.model != wanted.model {
        says("model", &found.model, &wanted.model)
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

#[cfg(test)]
mod tests {
    use super::{First, difference};

    #[test]
    fn rows_of_another_model_do_not_mix() {
        let first = |model: &str| First { model: model.to_owned(), ..First::default() };
        assert_eq!(difference(&first("a"), &first("a")), None);
        let told = difference(&first("a"), &first("b"));
        assert_eq!(told.as_deref(), Some("model a, not b"));
    }
}
