//! From a file to what `run` needs.

use std::path::Path;

use super::exit::{Exit, Failure};
use crate::experiment::Published;
use crate::model::input::Inputs;

/// A scenario, ready to run.
pub(super) struct Loaded {
    /// Its name.
    pub(super) name: String,
    /// Master seed.
    pub(super) seed: u64,
    /// How many replications.
    pub(super) replications: u32,
    /// The model's inputs.
    pub(super) inputs: Inputs,
    /// Figures to compare with.
    pub(super) published: Vec<Published>,
    /// What to know before trusting the figures, a sentence each.
    pub(super) notes: Vec<String>,
    /// The notes as the terminal shows them.
    pub(super) rendered_notes: String,
    /// The effective scenario as TOML.
    pub(super) effective: String,
    /// 12 hexadecimal digits of its hash.
    pub(super) hash: String,
}

/// Loads a scenario with overrides. A mistake in it is the user's: exit code 2.
pub(super) fn load(path: &Path, _overrides: &[String]) -> Result<Loaded, Failure> {
    let wrong = |reason: String| Failure::new(Exit::Usage, reason);
    std::fs::read_to_string(path)
        .map_err(|e| wrong(format!("cannot read {}: {e}", path.display())))?;
    Err(wrong(format!(
        "{}: scenarios cannot be read yet",
        path.display()
    )))
}
