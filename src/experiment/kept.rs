//! Runs that an earlier process did, before it was stopped, for the same work.
//!
//! # The simplest model
//!
//! A run follows from its inputs, its seed and its number, so what it came to is known by these. A search
//! that is begun again asks for the same runs in the same order; those that are there already are not run
//! again, whatever else is asked for this time.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Where a result goes, with its key; or why it could not be kept.
pub type Keep = Box<dyn Fn(&str, &str) -> Result<(), String> + Send + Sync>;

/// Results by key: those of an earlier process, and where new ones go.
pub struct Kept {
    done: BTreeMap<String, String>,
    keep: Keep,
    failed: Mutex<Option<String>>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("done", &self.done.len()).finish_non_exhaustive()
    }
}

impl Kept {
    /// With the results that there are, and a place for new ones.
    #[must_use]
    pub fn new(done: BTreeMap<String, String>, keep: Keep) -> Self {
        Self { done, keep, failed: Mutex::default() }
    }

    /// Why a result could not be kept, if one could not.
    #[must_use]
    pub fn failed(&self) -> Option<String> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The result of a key: the one that there is, or that of `run`, which is kept.
    pub(crate) fn or_run<T: Serialize + DeserializeOwned, E>(
        &self,
        key: &str,
        run: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let there = self.done.get(key).and_then(|text| serde_json::from_str(text).ok());
        if let Some(there) = there {
            return Ok(there);
        }
        let result = run()?;
        let written = serde_json::to_string(&result).map_err(|error| error.to_string());
        if let Err(why) = written.and_then(|text| (self.keep)(key, &text)) {
            self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
        }
        Ok(result)
    }
}
