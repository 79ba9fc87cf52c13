//! Mistakes in scenarios, as their authors meet them: planted ones, codes and keys explained, `check` for
//! programs, and texts mutated until something breaks.

mod check;
mod columns;
mod doubts;
mod explained;
pub(crate) mod mutated;
mod planted;

use std::path::PathBuf;
use std::process::{Output, Stdio};

use crate::support::{self, EVERYTHING as VALID};

/// An empty folder for a test.
fn folder(name: &str) -> PathBuf {
    support::folder("mistakes", name)
}

/// Runs the binary in a folder, with something on its standard input.
fn oomcast(folder: &std::path::Path, arguments: &[&str], stdin: &str) -> Output {
    use std::io::Write;
    let mut child = support::command(folder, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    // Who reads nothing has closed it.
    let _ = pipe.write_all(stdin.as_bytes());
    drop(pipe);
    child.wait_with_output().expect("it ends")
}
