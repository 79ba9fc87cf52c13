//! Reading a scenario file, whatever lies at its path.

use std::path::{Path, PathBuf};

use super::shipped::{self, read};
use super::{Annotated, Layers, Overlay, Scenario, load_beside};
use crate::language::tell::diagnostic::{Diagnostic, Diagnostics};
use crate::language::text::file::LARGEST_FILE;
use crate::language::text::source::{Place, Sources};
use crate::language::{Code, Finding, Log, Span};

/// Loads a scenario file. See [`load`](super::load).
///
/// # Errors
/// A path that cannot be read, and every mistake in the file.
pub fn load_file(path: &Path, overrides: &[String]) -> Result<Scenario, Diagnostics> {
    load_file_with(path, Layers { overrides, ..Layers::default() })
}

/// Loads a scenario file with profiles, overlays and overrides. See [`Layers`].
///
/// # Errors
/// A path that cannot be read, and every mistake in the file and what is laid over it.
pub fn load_file_with(path: &Path, layers: Layers<'_>) -> Result<Scenario, Diagnostics> {
    let template = Template::read(path, layers.overrides)?;
    template.with_profiles(layers.profiles).over(layers.overlays.to_vec()).load(&[])
}

/// A scenario file read once, to be loaded with many different overrides.
#[derive(Clone, Debug)]
pub struct Template {
    name: String,
    text: Vec<u8>,
    /// Where it was read from; nothing, if it was in memory.
    path: Option<PathBuf>,
    profiles: Vec<String>,
    overlays: Vec<Overlay>,
    overrides: Vec<String>,
}

impl Template {
    /// Reads a file, or a [shipped](super::shipped) scenario by its name; `overrides` come before
    /// those of each loading.
    ///
    /// # Errors
    /// A path that cannot be read.
    pub fn read(path: &Path, overrides: &[String]) -> Result<Self, Diagnostics> {
        let path = shipped::resolve(path);
        let Overlay { name, text } = Overlay::read(&path).map_err(|found| meant(found, &path))?;
        let path = Some(path);
        Ok(Self { path, ..Self::of_text(&name, &text, overrides) })
    }

    /// A file that is in memory already. It cannot name other files, which are relative to a path.
    #[must_use]
    pub fn of_text(name: &str, text: &[u8], overrides: &[String]) -> Self {
        Self {
            name: name.to_owned(),
            text: text.to_vec(),
            path: None,
            profiles: Vec::new(),
            overlays: Vec::new(),
            overrides: overrides.to_vec(),
        }
    }

    /// The same with profiles of the file, which come before the overlays.
    #[must_use]
    pub fn with_profiles(self, profiles: &[String]) -> Self {
        Self { profiles: profiles.to_vec(), ..self }
    }

    /// The same with overlays, which come before all overrides.
    #[must_use]
    pub fn over(self, overlays: Vec<Overlay>) -> Self {
        Self { overlays, ..self }
    }

    /// The same with a further profile.
    #[must_use]
    pub fn and_profile(mut self, name: &str) -> Self {
        self.profiles.push(name.to_owned());
        self
    }

    /// The same with a further overlay.
    #[must_use]
    pub fn and_over(mut self, overlay: Overlay) -> Self {
        self.overlays.push(overlay);
        self
    }

    /// Whether it has overrides of its own, which an overlay cannot change.
    pub(crate) const fn is_overridden(&self) -> bool {
        !self.overrides.is_empty()
    }

    /// The scenario with further overrides, such as those of [`Knob::set`](super::Knob::set).
    ///
    /// # Errors
    /// Every mistake in the file and the overrides.
    pub fn load(&self, overrides: &[String]) -> Result<Scenario, Diagnostics> {
        self.loaded(overrides, false).map(|(scenario, _)| scenario)
    }

    /// The scenario, and where each of its values comes from.
    ///
    /// # Errors
    /// Every mistake in the file and the overrides.
    pub fn load_annotated(
        &self,
        overrides: &[String],
    ) -> Result<(Scenario, Annotated), Diagnostics> {
        self.loaded(overrides, true)
    }

    fn loaded(
        &self,
        overrides: &[String],
        annotate: bool,
    ) -> Result<(Scenario, Annotated), Diagnostics> {
        let overrides: Vec<String> = self.overrides.iter().chain(overrides).cloned().collect();
        let layers =
            Layers { profiles: &self.profiles, overlays: &self.overlays, overrides: &overrides };
        load_beside(&self.name, &self.text, layers, self.path.as_deref(), annotate)
    }
}

/// What could not be read, with the shipped scenario that was probably meant.
fn meant(mut found: Diagnostics, path: &Path) -> Diagnostics {
    let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let near = shipped::find(name).map(|shipped| shipped.name).or_else(|| shipped::nearest(name));
    if let (Some(near), false) = (near, path.exists()) {
        let help = format!("did you mean {near}, which comes with oomcast (`oomcast scenarios`)?");
        found.items = found.items.into_iter().map(|item| item.help(help.clone())).collect();
    }
    found
}

impl Overlay {
    /// Reads a file.
    ///
    /// # Errors
    /// A path that cannot be read.
    pub fn read(path: &Path) -> Result<Self, Diagnostics> {
        let name = path.display().to_string();
        match read(path, LARGEST_FILE) {
            Ok(text) => Ok(Self { name, text }),
            Err(error) => Err(whole_file(&name, Code::Unreadable, error)),
        }
    }
}

/// The text, if it is one and not too long.
pub(super) fn decode(name: &str, bytes: &[u8]) -> Result<String, Diagnostics> {
    if bytes.len() as u64 > LARGEST_FILE {
        let message = format!("a scenario may have at most {} MiB", LARGEST_FILE >> 20);
        return Err(whole_file(name, Code::TooLarge, message));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let at = error.valid_up_to();
            let sources = Sources::new(name, String::from_utf8_lossy(bytes).into_owned());
            let mut log = Log::new(sources);
            let span = Span::file(at, at + 1);
            let finding = Finding::new(Code::NotUtf8, span, "the file is not UTF-8 text");
            log.push(finding.label("not UTF-8"));
            Err(log.finish())
        }
    }
}

/// A single error about the file as a whole.
fn whole_file(name: &str, code: Code, message: String) -> Diagnostics {
    let place = Place { file: name.into(), ..Place::default() };
    Diagnostics { items: vec![Diagnostic::new(code, place, message)], hidden: 0 }
}
