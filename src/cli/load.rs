//! Loading a scenario, with its findings told.

use std::path::{Path, PathBuf};

use super::exit::{Exit, Failure};
use super::output;
use crate::scenario::{self, Diagnostic, Diagnostics, Layers, Overlay, Scenario};

/// Loads a scenario with overrides, and tells every mistake in it on stderr: exit code 2.
pub(super) fn load_with(path: &Path, layers: Layers<'_>) -> Result<Scenario, Failure> {
    scenario::load_file_with(path, layers).map_err(|mistakes| tell(&mistakes))
}

/// Loads a scenario with the overlays of these files.
pub(super) fn load_over(
    path: &Path,
    overlays: &[PathBuf],
    overrides: &[String],
) -> Result<Scenario, Failure> {
    load_with(path, Layers { overlays: &self::overlays(overlays)?, overrides })
}

/// Reads overlays.
pub(super) fn overlays(paths: &[PathBuf]) -> Result<Vec<Overlay>, Failure> {
    paths.iter().map(|path| Overlay::read(path).map_err(|mistakes| tell(&mistakes))).collect()
}

fn tell(mistakes: &Diagnostics) -> Failure {
    output::note(mistakes.render(true));
    Failure::told(Exit::Usage)
}

/// Tells what is worth knowing about a valid scenario on stderr.
pub(super) fn tell_notes(notes: &[Diagnostic]) {
    for note in notes {
        // Sequences are stripped on the way out where they are not wanted.
        output::note(format_args!("{}\n", note.render(true)));
    }
}
