//! `--resume` of verbs that search: what is done is kept beside the result until that is whole.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::exit::Failure;
use super::output::not_written;
use super::sweep_folder::refused;
use crate::experiment::{Kept, Variant};
use crate::report::done::{DONE, DoneFile};
use crate::report::folder::RunFolder;

/// Runs that are kept in a folder.
pub(super) struct Done {
    path: PathBuf,
    kept: Arc<Kept>,
}

impl Done {
    /// Begins to keep runs in a folder; with those that are there, if it is to `resume`.
    pub(super) fn open(folder: &mut RunFolder, resume: bool) -> Result<Self, Failure> {
        folder.begin().map_err(not_written)?;
        // Builds of one version may differ in the model.
        let version = concat!(env!("CARGO_PKG_VERSION"), " ", env!("OOMCAST_MODEL"));
        let opened = DoneFile::open(folder.path(), version, resume);
        let (file, done) = opened.map_err(|error| refused(&error))?;
        let file = Mutex::new(file);
        let keep = move |key: &str, result: &str| {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.append(key, result).map_err(|error| error.to_string())
        };
        let kept = Arc::new(Kept::new(done, Box::new(keep)));
        Ok(Self { path: folder.path().join(DONE), kept })
    }

    /// The scenario, whose runs are kept from now on.
    pub(super) fn of(&self, variant: Variant) -> Variant {
        variant.keeping(Arc::clone(&self.kept))
    }

    /// Once the result is written: of whole work nothing is kept.
    pub(super) fn close(self, stopped: Option<&String>) -> Result<(), Failure> {
        if let Some(why) = self.kept.failed() {
            return Err(Failure::internal(why));
        }
        match stopped {
            Some(_) => Ok(()),
            None => std::fs::remove_file(&self.path).map_err(Failure::internal),
        }
    }
}

/// What is said of work that was stopped, with how to go on.
pub(super) fn told(stopped: Option<String>) -> Option<String> {
    stopped.map(|text| format!("{text}; with --resume, without running again what is done"))
}
