//! Loading a scenario, with its findings told.

use std::path::Path;

use super::exit::{Exit, Failure};
use super::output;
use crate::scenario::{self, Diagnostic, Scenario};

/// Loads a scenario with overrides, and tells every mistake in it on stderr: exit code 2.
pub(super) fn load(path: &Path, overrides: &[String]) -> Result<Scenario, Failure> {
    scenario::load_file(path, overrides).map_err(|mistakes| {
        output::note(mistakes.render(true));
        Failure::told(Exit::Usage)
    })
}

/// Tells what is worth knowing about a valid scenario on stderr.
pub(super) fn tell_notes(notes: &[Diagnostic]) {
    for note in notes {
        // Sequences are stripped on the way out where they are not wanted.
        output::note(format_args!("{}\n", note.render(true)));
    }
}
