//! Files that appear whole or not at all: filled under another name beside the target, then renamed.
//! Whatever oomcast writes goes through here, except for the rows of a sweep, which are appended.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Replaces a file by what `fill` writes.
///
/// # Errors
/// Those of `fill` and of the file system; the target is then as it was.
pub fn replace(
    target: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    replace_by(target, |temporary| written(temporary, |out| fill(out), |_| Ok(())))
}

/// The same, and a power cut after it loses nothing.
///
/// # Errors
/// Those of [`replace`].
pub fn replace_durably(
    target: &Path,
    fill: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
) -> io::Result<()> {
    replace_by(target, |temporary| written(temporary, fill, File::sync_all))?;
    // The rename is durable once the folder is; not every system lets a folder be opened.
    match target.parent().map(File::open) {
        Some(Ok(folder)) => folder.sync_all(),
        _ => Ok(()),
    }
}

/// Makes a file of this text, only if there is none.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`], and those of the file system.
pub fn create(target: &Path, text: &str) -> io::Result<()> {
    if target.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    replace(target, |out| out.write_all(text.as_bytes()))
}

/// Has a file made at another path with the extension of the target, then renames it.
///
/// # Errors
/// Those of `make` and of the file system; the target is then as it was.
pub fn replace_by(target: &Path, make: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
        remove_half_written(if parent.as_os_str().is_empty() { Path::new(".") } else { parent });
    }
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let extension =
        target.extension().map_or_else(String::new, |ext| format!(".{}", ext.display()));
    let temporary =
        target.with_file_name(format!(".{name}.{}.{MARK}{extension}", std::process::id()));
    let done = make(&temporary).and_then(|()| fs::rename(&temporary, target));
    if done.is_err() {
        // The first error is the one to report; a file that cannot be removed does no harm.
        let _ = fs::remove_file(&temporary);
    }
    done
}

/// What marks a temporary file, before its extension.
const MARK: &str = "tmp";

/// Whether a file of this name is half-written, or was left so by a writer that was stopped.
pub(super) fn is_half_written(name: &str) -> bool {
    writer(name).is_some()
}

/// The process that writes a temporary file; `None`: the name is not of one.
fn writer(name: &str) -> Option<u32> {
    let inner = name.strip_prefix('.')?;
    let before = |text: &str| text.rsplit('.').nth(1).map(str::to_owned);
    let stem = inner.rsplit_once('.').map(|(stem, _)| stem);
    let with_mark = [Some(inner), stem].into_iter().flatten();
    let marked = with_mark.filter(|text| text.ends_with(&format!(".{MARK}")));
    marked.filter_map(before).find_map(|id| id.parse().ok())
}

/// Removes the half-written files of a folder whose writers are gone.
pub(super) fn remove_half_written(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let gone = |id: u32| {
        // Where the system does not say which processes there are, all others count as gone.
        id != std::process::id() && !Path::new(&format!("/proc/{id}")).exists()
    };
    for entry in entries.filter(|e| writer(&e.file_name().to_string_lossy()).is_some_and(gone)) {
        // One that cannot be removed does no harm.
        let _ = fs::remove_file(entry.path()).or_else(|_| fs::remove_dir_all(entry.path()));
    }
}

fn written(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
    sync: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<()> {
    let file = File::create(path)?;
    let mut out = BufWriter::new(&file);
    fill(&mut out)?;
    out.flush()?;
    sync(&file)
}
