//! A folder that is there while the process needs it, also when that ends early.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::exit::Failure;

/// Those that a process which ends at once must remove.
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// See the module's documentation.
pub(super) struct Temporary(PathBuf);

impl Temporary {
    /// A new folder of this process in the system's folder for temporary files.
    pub(super) fn new(name: &str) -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("oomcast-{name}-{}", std::process::id()));
        let failed = |error| {
            let path = path.display();
            Failure::internal(format_args!(
                "cannot write {path} (TMPDIR can name another): {error}"
            ))
        };
        std::fs::create_dir_all(&path).map_err(failed)?;
        if let Ok(mut folders) = FOLDERS.lock() {
            folders.push(path.clone());
        }
        Ok(Self(path))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // A folder that cannot be removed does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Removes what is there, before the process ends at once.
pub(super) fn remove_all() {
    if let Ok(folders) = FOLDERS.lock() {
        for folder in folders.iter() {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
