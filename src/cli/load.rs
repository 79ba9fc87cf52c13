//! Loading a scenario, with its findings on stderr.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::exit::{Exit, Failure};
use super::flags::{LayerArgs, is_stdin};
use super::output;
use crate::experiment::{self, ReplicateError, Variant};
use crate::scenario::{
    self, Diagnostic, Diagnostics, LARGEST_FILE, Layers, Overlay, Scenario, Template,
};

/// What standard input is called.
pub(super) const STDIN: &str = "stdin";

/// Loads a scenario with overrides, and reports every mistake in it on stderr: exit code 2.
pub(super) fn load_with(path: &Path, layers: Layers<'_>) -> Result<Scenario, Failure> {
    scenario::load_file_with(path, layers).map_err(|mistakes| refused(&mistakes))
}

/// The text of a scenario, from a file or from standard input, with overrides.
pub(super) fn read(path: &Path, overrides: &[String]) -> Result<Template, Diagnostics> {
    if !is_stdin(path) {
        return Template::read(path, overrides);
    }
    let mut text = Vec::new();
    // What could not be read is missing, and is reported as such.
    let _ = std::io::stdin().lock().take(LARGEST_FILE + 1).read_to_end(&mut text);
    Ok(Template::of_text(STDIN, &text, overrides))
}

/// A scenario with its layers, ready to be loaded with many overrides.
pub(super) fn template(path: &Path, layers: &LayerArgs) -> Result<Template, Failure> {
    let overlays = overlays(&layers.overlay)?;
    let template = read(path, &layers.set).map_err(|mistakes| refused(&mistakes))?;
    Ok(template.with_profiles(&layers.profile).over(overlays))
}

/// The same, ready to be run with drawn inputs.
pub(super) fn variant(path: &Path, layers: &LayerArgs) -> Result<Variant, Failure> {
    Variant::load(&template(path, layers)?, &[]).map_err(|found| refused(&found))
}

/// Reads overlays.
pub(super) fn overlays(paths: &[PathBuf]) -> Result<Vec<Overlay>, Failure> {
    paths.iter().map(|path| Overlay::read(path).map_err(|mistakes| refused(&mistakes))).collect()
}

/// Reports mistakes in what was typed or written.
pub(super) fn refused(mistakes: &Diagnostics) -> Failure {
    output::note(mistakes.render_at(true, output::width()));
    Failure::reported(Exit::Usage)
}

/// Reports what is worth knowing about a valid scenario on stderr.
pub(super) fn tell_notes(notes: &[Diagnostic]) {
    for note in notes {
        // Sequences are stripped on the way out where they are not wanted.
        output::note(format_args!("{}\n", note.render_at(true, output::width())));
    }
}

/// The same, with what the model has to say about it.
pub(super) fn tell_all(scenario: &Scenario) {
    tell_notes(&advised(scenario));
}

/// The notes of a valid scenario and the model's advice, ordered by position.
pub(super) fn advised(scenario: &Scenario) -> Vec<Diagnostic> {
    let mut notes = scenario.notes.clone();
    for found in experiment::advice(scenario) {
        let here = |note: &Diagnostic| {
            let (a, b) = (&note.primary.place, &found.primary.place);
            a.file == b.file && (a.line, a.column) > (b.line, b.column)
        };
        let at = notes.iter().position(here).unwrap_or(notes.len());
        notes.insert(at, found);
    }
    notes
}

/// Reports why replications could not be carried out.
pub(super) fn not_replicated(error: &ReplicateError) -> Failure {
    let exit = match error {
        ReplicateError::Draw { .. } => Exit::Usage,
        ReplicateError::Stopped => Exit::Interrupted,
        ReplicateError::Threads { .. }
        | ReplicateError::Diverged { .. }
        | ReplicateError::Panicked { .. } => Exit::Internal,
    };
    Failure::new(exit, error)
}
