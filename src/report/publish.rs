//! A set of files that takes the place of another as one.
//!
//! The new files are written into a folder beside the old ones. Once all are there, that folder is renamed to
//! [`WHOLE`]: from then on the new set is what counts. Then its files are moved to their places, the manifest
//! last. A writer that is killed before leaves the old set as it was; one that is killed after leaves the new
//! set, some of it in [`WHOLE`], and whoever opens the folder next moves the rest.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::json;
use super::manifest::{MANIFEST, Manifest, Status, stays_inside};
use super::whole::replace;

/// A complete set of files that is being moved to its place.
pub(super) const WHOLE: &str = ".whole";

/// Where the new files of a folder are written.
pub(super) fn beside(folder: &Path) -> PathBuf {
    folder.join(format!(".new.{}.tmp", std::process::id()))
}

/// Puts a complete set of files, its manifest among them, in the place of the old ones, of which those named
/// in `stale` go.
///
/// # Errors
/// The file system.
pub(super) fn publish(folder: &Path, new: &Path, stale: &[String]) -> io::Result<()> {
    fs::rename(new, folder.join(WHOLE))?;
    move_in(folder, stale)
}

/// Finishes what a writer left that was killed while it published.
///
/// # Errors
/// The file system.
pub(super) fn roll_forward(folder: &Path) -> io::Result<()> {
    if folder.join(WHOLE).is_dir() { move_in(folder, &[]) } else { Ok(()) }
}

fn move_in(folder: &Path, stale: &[String]) -> io::Result<()> {
    let whole = folder.join(WHOLE);
    let text = match fs::read(whole.join(MANIFEST)) {
        Ok(text) => text,
        // Only the removal of the empty folder was left.
        Err(error) if error.kind() == ErrorKind::NotFound => return fs::remove_dir_all(&whole),
        Err(error) => return Err(error),
    };
    let manifest: Manifest = serde_json::from_slice(&text)?;
    let former = fs::read(folder.join(MANIFEST)).ok();
    let former: Option<Manifest> = former.and_then(|text| serde_json::from_slice(&text).ok());
    let former = former.map_or_else(Vec::new, |former| former.files);
    let stale = former.iter().chain(stale).filter(|name| !manifest.files.contains(name));
    let stale: Vec<&String> = stale.filter(|name| stays_inside(name)).collect();
    // Until all are in their places the manifest says so, and still names what has to go.
    let mut moving = Manifest { status: Status::Partial, ..manifest.clone() };
    moving.files.extend(stale.iter().map(|name| (*name).clone()));
    let text = json::pretty(&moving)?;
    replace(&folder.join(MANIFEST), |out| out.write_all(text.as_bytes()))?;
    for name in manifest.files.iter().filter(|name| stays_inside(name)) {
        let (from, to) = (whole.join(name), folder.join(name));
        to.parent().map_or(Ok(()), fs::create_dir_all)?;
        match fs::rename(&from, &to) {
            // It was moved before the writer was killed.
            Err(error) if error.kind() == ErrorKind::NotFound && to.exists() => {}
            moved => moved?,
        }
    }
    for name in stale {
        let path = folder.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Takes the folders in between along when they are empty, and fails harmlessly otherwise.
        let between = path.ancestors().skip(1).take_while(|above| *above != folder);
        between.for_each(|above| drop(fs::remove_dir(above)));
    }
    fs::rename(whole.join(MANIFEST), folder.join(MANIFEST))?;
    fs::remove_dir_all(&whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::folder::{Identity, RunFolder};

    const RUN: Identity<'static> = Identity {
        tool_version: "1",
        command: "",
        scenario: "s",
        scenario_hash: "h",
        seed: 1,
        replications: 1,
        design_hash: None,
    };

    fn place(test: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("oomcast-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        path
    }

    fn write(path: &Path, text: &str, names: &[&str]) -> RunFolder {
        let mut folder = RunFolder::open(path, &RUN, false).expect("opens");
        for name in names {
            folder.write_text(name, text).expect("writes");
        }
        folder
    }

    fn texts(path: &Path) -> (Status, Vec<(String, String)>) {
        let text = fs::read(path.join(MANIFEST)).expect("a manifest");
        let manifest: Manifest = serde_json::from_slice(&text).expect("a whole manifest");
        let read = |name: &String| {
            (name.clone(), fs::read_to_string(path.join(name)).expect("a file it names"))
        };
        (manifest.status, manifest.files.iter().map(read).collect())
    }

    fn set(text: &str, names: &[&str]) -> (Status, Vec<(String, String)>) {
        let one = |name: &&str| ((*name).to_owned(), text.to_owned());
        (Status::Complete, names.iter().map(one).collect())
    }

    #[test]
    fn a_writer_killed_before_the_end_leaves_the_old_set() {
        let path = place("before");
        write(&path, "old", &["a", "charts/b"]).finish(Status::Complete).expect("ends");
        drop(write(&path, "new", &["a", "c"]));
        assert_eq!(texts(&path), set("old", &["a", "charts/b"]));
        let _ = fs::remove_dir_all(&path);
    }

    /// Killed after each of its steps.
    #[test]
    fn a_writer_killed_while_it_publishes_leaves_the_new_set() {
        for moved in [&[][..], &["a"], &["a", "c"]] {
            let path = place("while");
            write(&path, "old", &["a", "charts/b"]).finish(Status::Complete).expect("ends");
            let mut new = write(&path, "new", &["a", "c"]);
            let ready = new.ready(Status::Complete).expect("all there");
            fs::rename(ready, path.join(WHOLE)).expect("renames");
            drop(new);
            for name in moved {
                fs::rename(path.join(WHOLE).join(name), path.join(name)).expect("renames");
            }
            drop(RunFolder::open(&path, &RUN, false).expect("opens"));
            assert_eq!(texts(&path), set("new", &["a", "c"]), "{moved:?}");
            assert!(!path.join("charts").exists() && !path.join(WHOLE).exists());
            let _ = fs::remove_dir_all(&path);
        }
    }
}
