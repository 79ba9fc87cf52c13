//! `done.jsonl`: runs that are done, while a result is worked on and after it was stopped; it goes when
//! the result is whole. Lines are checked as those of a sweep; one that is damaged is run again.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::sweep::rows::{Appended, RowsError, content, line};
use super::whole::replace_durably;

/// Name of the file.
pub const DONE: &str = "done.jsonl";

/// The first line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct First {
    /// Which oomcast it was: another may come to other results.
    tool_version: String,
}

/// Any other: a result, by what it follows from.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    key: String,
    result: String,
}

/// The file, being appended to.
#[derive(Debug)]
pub struct DoneFile(Appended);

impl DoneFile {
    /// Opens the file of a folder behind the results that are there, if they are to be kept: those of the
    /// same version of oomcast.
    ///
    /// # Errors
    /// The file system.
    pub fn open(
        folder: &Path,
        tool_version: &str,
        resume: bool,
    ) -> Result<(Self, BTreeMap<String, String>), RowsError> {
        let path = folder.join(DONE);
        let first = First { tool_version: tool_version.to_owned() };
        let found = if resume { read(&path, &first)? } else { None };
        let Some((done, whole)) = found else {
            let begin = line("done", &first);
            let written = begin
                .and_then(|begin| replace_durably(&path, |out| out.write_all(begin.as_bytes())));
            written.map_err(|source| RowsError::Io { path: path.clone(), source })?;
            return Ok((Self(Appended::open(path, None)?), BTreeMap::new()));
        };
        Ok((Self(Appended::open(path, Some(whole))?), done))
    }

    /// Adds a result.
    ///
    /// # Errors
    /// The file system.
    pub fn append(&mut self, key: &str, result: &str) -> Result<(), RowsError> {
        let entry = Entry { key: key.to_owned(), result: result.to_owned() };
        self.0.append("run", &entry).map(drop)
    }
}

/// The results of a file by their keys, and how long its whole lines are.
type Found = (BTreeMap<String, String>, u64);

/// What a file holds; `None`: there is none, or of another version.
fn read(path: &PathBuf, wanted: &First) -> Result<Option<Found>, RowsError> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(RowsError::Io { path: path.clone(), source }),
    };
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let mut lines = text[..whole].split_inclusive(|byte| *byte == b'\n');
    let first = lines.next().and_then(|first| first.strip_suffix(b"\n"));
    if first.and_then(|first| content::<First>(first, "done").ok()).as_ref() != Some(wanted) {
        return Ok(None);
    }
    let entries = lines.filter_map(|line| content(line.strip_suffix(b"\n")?, "run").ok());
    let done = entries.map(|entry: Entry| (entry.key, entry.result)).collect();
    Ok(Some((done, whole as u64)))
}

#[cfg(test)]
mod tests {
    use super::{DONE, DoneFile};

    #[test]
    fn what_is_damaged_is_left_out_and_the_rest_is_kept() {
        let folder = std::env::temp_dir().join(format!("oomcast-done-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let open = |version, resume| DoneFile::open(&folder, version, resume).expect("it opens");
        let (mut file, none) = open("1", true);
        assert!(none.is_empty());
        for key in ["a", "b", "c"] {
            file.append(key, "{\"x\":1}").expect("written");
        }
        let path = folder.join(DONE);
        let text = std::fs::read_to_string(&path).expect("text");
        // One line damaged, one torn.
        std::fs::write(&path, text.replace("\"b\"", "\"q\"") + "{\"check").expect("written");
        let (mut file, kept) = open("1", true);
        assert_eq!(kept.keys().collect::<Vec<_>>(), ["a", "c"]);
        file.append("d", "1").expect("written");
        assert_eq!(open("1", true).1.len(), 3);
        assert!(open("2", true).1.is_empty(), "another version");
        open("1", true).0.append("e", "1").expect("written");
        assert!(open("1", false).1.is_empty() && open("1", true).1.is_empty(), "begun again");
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
