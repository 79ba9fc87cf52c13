//! Mistakes in scenarios, as their authors meet them: planted ones, codes and keys explained, `check` for
//! programs, and texts mutated until something breaks.

mod check;
mod columns;
mod doubts;
mod explained;
mod mutated;
mod planted;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A scenario that uses every table, and nothing is wrong with.
const VALID: &str = include_str!("../../data/everything.toml");

/// An empty folder for a test.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("mistakes").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("creates a folder");
    folder
}

/// Runs the binary in a folder, into pipes.
fn oomcast(folder: &std::path::Path, arguments: &[&str], stdin: &str) -> Output {
    use std::io::Write;
    let mut child = Command::new(env!("CARGO_BIN_EXE_oomcast"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("CLICOLOR_FORCE")
        .env_remove("NO_COLOR")
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

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
