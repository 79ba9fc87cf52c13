//! Mistakes in scenarios, as their authors meet them: planted ones, codes and keys explained, `check` for
//! programs, and texts mutated until something breaks.

mod check;
mod columns;
mod doubts;
mod explained;
pub(crate) mod mutated;
mod planted;

use std::path::PathBuf;
use std::process::Output;

use crate::support::{self, EVERYTHING as VALID};

/// An empty folder for a test.
fn folder(name: &str) -> PathBuf {
    support::folder("mistakes", name)
}

/// Runs the binary in a folder, with something on its standard input.
fn oomcast(folder: &std::path::Path, arguments: &[&str], stdin: &str) -> Output {
    support::fed(folder, arguments, stdin.as_bytes())
}
