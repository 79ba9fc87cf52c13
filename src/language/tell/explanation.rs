//! The explanation of a code, with examples.

use super::code::Code;

/// The text of a code.
#[derive(Clone, Copy, Debug)]
pub struct Explanation {
    /// The code.
    pub code: Code,
    /// Why it is a mistake, and what to know about it.
    pub why: &'static str,
    /// An example that has the mistake.
    pub wrong: Example,
    /// The same without.
    pub right: Example,
}

/// An example, by what it is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Example {
    /// Lines of a scenario.
    Fragment(&'static str),
    /// What follows `--set`.
    Set(&'static str),
    /// What follows `--profile`.
    Profile(&'static str),
    /// What follows `--vary`.
    Vary(&'static str),
    /// A manifest.
    Manifest(&'static str),
    /// A command.
    Command(&'static str),
}

impl Example {
    /// As a user writes it.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Fragment(text) | Self::Manifest(text) | Self::Command(text) => text.to_owned(),
            Self::Set(text) => format!("--set {text}"),
            Self::Profile(text) => format!("--profile {text}"),
            Self::Vary(text) => format!("--vary {text}"),
        }
    }
}
