//! What every test program needs: folders, the binary, scenarios and their runs.

#![allow(dead_code, reason = "each program uses a part of it")]

mod schemas;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use oomcast::model::input::Inputs;
use oomcast::model::{self, RunOptions};
use oomcast::results::RunRecord;
use oomcast::scenario::{self, Diagnostics, Scenario};

pub(crate) use schemas::Written;

/// A scenario that uses every table and key, and nothing is wrong with.
pub(crate) const EVERYTHING: &str = include_str!("../data/everything.toml");

/// Variables of terminals and batch systems, in which these tests may themselves run.
const AROUND: [&str; 7] = [
    "CLICOLOR_FORCE",
    "COLUMNS",
    "NO_COLOR",
    "JOB_COMPLETION_INDEX",
    "SLURM_ARRAY_TASK_ID",
    "AWS_BATCH_JOB_ARRAY_INDEX",
    "OOMCAST_SHARDS",
];

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An empty folder for one test of a module.
pub(crate) fn folder(module: &str, test: &str) -> PathBuf {
    folder_with(module, test, &[])
}

/// A folder for one test of a module, with these files in it.
pub(crate) fn folder_with(module: &str, test: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(module).join(test);
    // Absent the first time.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("creates a folder");
    for (file, text) in files {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("creates a folder");
        std::fs::write(path, text).expect("writes");
    }
    folder
}

/// The binary in a folder, whatever the variables around these tests say.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oomcast"));
    command.args(arguments).current_dir(folder);
    for variable in AROUND {
        command.env_remove(variable);
    }
    command
}

/// Runs the binary in a folder, into pipes.
#[track_caller]
pub(crate) fn oomcast(folder: &Path, arguments: &[&str]) -> Output {
    finished(&mut command(folder, arguments))
}

/// What a command of the binary did, whose every JSON output must fit its schema.
#[track_caller]
pub(crate) fn finished(command: &mut Command) -> Output {
    let before = Written::below(command);
    let output = command.output().expect("the binary starts");
    before.check(&output.stdout);
    output
}

/// The same with something on the standard input.
#[track_caller]
pub(crate) fn fed(folder: &Path, arguments: &[&str], stdin: &[u8]) -> Output {
    let mut command = command(folder, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let before = Written::below(&command);
    let mut child = command.spawn().expect("the binary starts");
    // Who reads nothing has closed it.
    let _ = child.stdin.take().expect("a pipe").write_all(stdin);
    let output = child.wait_with_output().expect("it ends");
    before.check(&output.stdout);
    output
}

/// Runs what must succeed.
#[track_caller]
pub(crate) fn done(folder: &Path, arguments: &[&str]) -> Output {
    let output = oomcast(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
    output
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// A text with overrides, or its mistakes.
pub(crate) fn load(text: &str, set: &[&str]) -> Result<Scenario, Diagnostics> {
    scenario::load("t.toml", text.as_bytes(), &strings(set))
}

/// A text that is valid, with overrides.
#[track_caller]
pub(crate) fn valid(text: &str, set: &[&str]) -> Scenario {
    load(text, set).unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false)))
}

/// A scenario of `scenarios/`, with overrides.
#[track_caller]
pub(crate) fn shipped(name: &str, set: &[&str]) -> Scenario {
    let path = root().join("scenarios").join(name).with_extension("toml");
    scenario::load_file(&path, &strings(set))
        .unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false)))
}

/// The first replication, with timelines.
pub(crate) fn run(inputs: &Inputs, seed: u64) -> RunRecord {
    model::run(inputs, RunOptions { seed, replication: 0, timelines: true })
}
