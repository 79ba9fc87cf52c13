//! Finding, unpacking and recognising files.

mod kind;
mod lines;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

pub use kind::Kind;
pub use lines::{Line, Lines, MOST_LINE_BYTES};

use super::findings::Skipped;
use crate::units::Fnv;

/// What is read to recognise a file.
const HEAD_BYTES: usize = 64 << 10;
/// How much of the text of files is compared to find duplicates.
const COMPARED_BYTES: u64 = 32 << 20;
/// Files that one import reads. A must-gather of a large cluster has some ten thousand.
const MOST_FILES: usize = 200_000;
/// Files of no use, and copies, that are told of one by one.
const MOST_TOLD: usize = 5;
/// A folder with a longer name is left out of what files are called, if all are in it.
const LONG_NAME: usize = 40;
/// How deep folders may lie in each other.
const DEEPEST: usize = 24;

/// A file that was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// What people call it: its path from what the user named.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
    /// Whether the user named it, and not only a folder that it is in.
    pub named: bool,
}

impl Input {
    /// The text, unpacked while it is read.
    ///
    /// # Errors
    /// Those of opening the file.
    pub fn open(&self) -> io::Result<Box<dyn BufRead>> {
        open(&self.path)
    }

    /// The text line by line.
    ///
    /// # Errors
    /// Those of opening the file.
    pub fn lines(&self) -> io::Result<Lines> {
        Ok(Lines::new(self.open()?))
    }
}

/// Files that were found, and those that are of no use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// In the order of their names.
    pub inputs: Vec<Input>,
    /// What could not be read, is a duplicate, or is nothing that a cluster exports.
    pub skipped: Vec<Skipped>,
}

/// Finds what is at the paths: files, and folders with all below them.
#[must_use]
pub fn gather(paths: &[PathBuf]) -> Gathered {
    let mut gathered = Gathered::default();
    let mut files = Vec::new();
    for path in paths {
        walk(path, path, 0, &mut files, &mut gathered);
    }
    files.sort();
    files.dedup();
    tell_apart(&mut files);
    let mut seen: BTreeMap<u64, (String, PathBuf)> = BTreeMap::new();
    let (mut foreign, mut copies) = (Vec::new(), Vec::new());
    for (name, path) in files {
        let named = paths.contains(&path);
        match recognise(&path) {
            Err(error) => gathered.skip(name, error.to_string()),
            Ok((None, _)) if is_utf16(&path) => gathered.skip(name, UTF16.to_owned()),
            Ok((None, _)) if named => gathered.skip(name, FOREIGN.to_owned()),
            Ok((None, _)) => foreign.push(name),
            Ok((Some(kind), digest)) => {
                let alike = seen.get(&digest).filter(|(_, other)| same_text(other, &path));
                if let Some((first, other)) = alike
                    && !is_of_another_server(other, &path)
                {
                    copies.push((name, format!("the same as {first}: used once")));
                    continue;
                }
                seen.entry(digest).or_insert_with(|| (name.clone(), path.clone()));
                gathered.inputs.push(Input { name, path, kind, named });
            }
        }
    }
    let foreign = foreign.into_iter().map(|name| (name, FOREIGN.to_owned())).collect();
    gathered.pass_over(copies);
    gathered.pass_over(foreign);
    shorten(&mut gathered);
    gathered
}

/// The folder of a must-gather is named after its image, and would be in every comment.
fn shorten(gathered: &mut Gathered) {
    let folders = |name: &str| -> Vec<String> {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        folder.split('/').map(str::to_owned).collect()
    };
    let inputs = &mut gathered.inputs;
    let Some(mut common) = inputs.first().map(|input| folders(&input.name)) else { return };
    for input in inputs.iter() {
        let same = folders(&input.name).iter().zip(&common).take_while(|(a, b)| a == b).count();
        common.truncate(same);
    }
    let long = common.iter().rposition(|folder| folder.len() > LONG_NAME);
    let Some(folders) = long.map(|long| &common[..=long]) else { return };
    let prefix: String = folders.iter().flat_map(|folder| [folder.as_str(), "/"]).collect();
    for input in inputs {
        input.name.drain(..prefix.len());
    }
    for skipped in &mut gathered.skipped {
        // A copy names the other one.
        skipped.what = skipped.what.replace(&prefix, "");
        skipped.file = skipped.file.replace(&prefix, "");
    }
}

/// Static manifests of several servers can be the same to the byte: one of a name in each server's folder
/// is no copy.
fn is_of_another_server(one: &Path, other: &Path) -> bool {
    let apart = one.file_name() == other.file_name() && one.parent() != other.parent();
    let mut head = Vec::new();
    let read = |text: Box<dyn BufRead>| text.take(HEAD_BYTES as u64).read_to_end(&mut head);
    if !apart || open(one).and_then(read).is_err() {
        return false;
    }
    let head = String::from_utf8_lossy(&head);
    // What the API returned has a uid.
    head.contains("kube-apiserver") && head.contains("Pod") && !head.contains("uid")
}

/// Files of one name, from several folders that the user named, are called by their whole paths.
fn tell_apart(files: &mut [(String, PathBuf)]) {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for (name, _) in files.iter() {
        *times.entry(name.clone()).or_default() += 1;
    }
    for (name, path) in files.iter_mut().filter(|(name, _)| times.get(name) > Some(&1)) {
        *name = path.to_string_lossy().into_owned();
    }
}

/// What is said of a text as Windows PowerShell redirects it.
const UTF16: &str = "UTF-16: save it as UTF-8, with `| Out-File -Encoding utf8` or iconv";

/// Whether a file begins with the byte order mark of UTF-16.
fn is_utf16(path: &Path) -> bool {
    let mut head = [0; 2];
    let read = open(path).and_then(|mut text| text.read_exact(&mut head));
    read.is_ok() && matches!(head, [0xff, 0xfe] | [0xfe, 0xff])
}

/// What is said of a file that is of no use.
const FOREIGN: &str =
    "nothing that oomcast knows: neither metrics nor an audit log nor objects of Kubernetes";

impl Gathered {
    /// Files that are not used, and need not be: notes, scripts, logs, empty lists. A must-gather has
    /// thousands.
    fn pass_over(&mut self, files: Vec<(String, String)>) {
        let hidden = files.len().saturating_sub(MOST_TOLD);
        for (at, (name, mut what)) in files.into_iter().take(MOST_TOLD).enumerate() {
            if hidden > 0 && at + 1 == MOST_TOLD {
                what = format!("{what}; so are {hidden} more files");
            }
            self.skipped.push(Skipped::passed_over(name, what));
        }
    }

    /// A file that should have been read, and was not.
    fn skip(&mut self, file: String, what: String) {
        self.skipped.push(Skipped::file(file, what, "whatever is in it"));
    }
}

/// Files below a path, each with its name. Links to folders are not followed.
fn walk(
    root: &Path,
    path: &Path,
    depth: usize,
    files: &mut Vec<(String, PathBuf)>,
    gathered: &mut Gathered,
) {
    let name = name_of(root, path);
    if depth > DEEPEST || files.len() >= MOST_FILES {
        return gathered.skip(name, "too many files or folders".to_owned());
    }
    let is_folder = match path.symlink_metadata() {
        Ok(found) if found.is_symlink() && depth > 0 => !path.is_file(),
        Ok(_) => path.is_dir(),
        Err(error) => return gathered.skip(name, error.to_string()),
    };
    if !is_folder {
        files.push((name, path.to_owned()));
        return;
    }
    match std::fs::read_dir(path) {
        Err(error) => gathered.skip(name, error.to_string()),
        Ok(entries) => {
            let mut inside: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
            inside.sort();
            for one in inside {
                walk(root, &one, depth + 1, files, gathered);
            }
        }
    }
}

/// The path below what the user named, or the file's own name.
fn name_of(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).ok().filter(|below| !below.as_os_str().is_empty());
    let name = below.or_else(|| path.file_name().map(Path::new)).unwrap_or(path);
    name.to_string_lossy().into_owned()
}

/// The text of a file, unpacked if its first bytes are those of gzip.
fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let mut file = BufReader::with_capacity(HEAD_BYTES, File::open(path)?);
    let packed = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if packed {
        Box::new(BufReader::with_capacity(HEAD_BYTES, MultiGzDecoder::new(file)))
    } else {
        Box::new(file)
    })
}

/// What a file is, and a digest of its text, packed or not.
fn recognise(path: &Path) -> io::Result<(Option<Kind>, u64)> {
    let mut text = open(path)?;
    let mut head = Vec::new();
    text.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    let kind = Kind::of(&head);
    let mut digest = Fnv::new().bytes(&head);
    if kind.is_some() {
        let mut rest = text.take(COMPARED_BYTES);
        let mut buffer = [0; 8192];
        // A file that breaks off is told of by its reader.
        while let Ok(read @ 1..) = rest.read(&mut buffer) {
            digest = digest.bytes(&buffer[..read]);
        }
    }
    Ok((kind, digest.value()))
}

/// Whether two texts that begin alike are the same to their ends: a copy of a log may have grown since.
fn same_text(one: &Path, other: &Path) -> bool {
    let text = |path: &Path| {
        let mut digest = Fnv::new();
        let mut bytes = 0_u64;
        let mut text = open(path)?;
        let mut buffer = vec![0; HEAD_BYTES];
        while let Ok(read @ 1..) = text.read(&mut buffer) {
            bytes += read as u64;
            // What was compared before is alike.
            if bytes > COMPARED_BYTES {
                digest = digest.bytes(&buffer[..read]);
            }
        }
        io::Result::Ok((bytes, digest.value()))
    };
    text(one).ok() == text(other).ok()
}

#[cfg(test)]
mod tests;
