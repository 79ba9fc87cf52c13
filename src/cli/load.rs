//! Loading a scenario, with its findings told.

use std::path::Path;

use super::exit::{Exit, Failure};
use super::output;
use crate::experiment::{ReplicateError, Variant};
use crate::scenario::{self, Diagnostic, Diagnostics, Scenario, Template};

/// Loads a scenario with overrides, and tells every mistake in it on stderr: exit code 2.
pub(super) fn load(path: &Path, overrides: &[String]) -> Result<Scenario, Failure> {
    scenario::load_file(path, overrides).map_err(|mistakes| refused(&mistakes))
}

/// Likewise, ready to be run with drawn inputs.
pub(super) fn variant(path: &Path, overrides: &[String]) -> Result<Variant, Failure> {
    let template = Template::read(path, overrides);
    template.and_then(|template| Variant::load(&template, &[])).map_err(|found| refused(&found))
}

/// Tells mistakes in what was typed or written.
pub(super) fn refused(mistakes: &Diagnostics) -> Failure {
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

/// Tells why replications could not be carried out.
pub(super) fn not_replicated(error: &ReplicateError) -> Failure {
    let exit = match error {
        ReplicateError::Draw { .. } => Exit::Usage,
        _ => Exit::Internal,
    };
    Failure::new(exit, error)
}
