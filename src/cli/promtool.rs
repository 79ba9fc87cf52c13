//! Prometheus' own engine, as `promtool` from the PATH.

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Output};

use super::exit::Failure;

const MISSING: &str = "\
promtool is not on the PATH: alert rules are evaluated by Prometheus' own engine. Install the package \
`prometheus` (Debian, Ubuntu: apt-get install prometheus; macOS: brew install prometheus), or put \
promtool from https://prometheus.io/download on the PATH";

/// Runs it in a folder. It must not hear a Ctrl-C of the terminal: what has begun is finished.
fn promtool(folder: &Path, args: &[&str]) -> Result<Output, Failure> {
    let mut command = Command::new("promtool");
    // What it puts aside lies with the rest.
    command.current_dir(folder).env("TMPDIR", folder).args(args);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::usage(MISSING),
        _ => Failure::internal(format_args!("cannot run promtool: {error}")),
    })
}

fn said(output: &Output) -> String {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    text.concat()
}

/// What it calls itself: `promtool, version 2.42.0`.
pub(super) fn version(folder: &Path) -> Result<String, Failure> {
    let text = said(&promtool(folder, &["--version"])?);
    let line = text.lines().next().unwrap_or("promtool");
    Ok(line.split(" (").next().unwrap_or(line).trim().to_owned())
}

/// Refuses a rule file that it refuses, in its words.
pub(super) fn check_rules(folder: &Path, file: &str, shown: &str) -> Result<(), Failure> {
    let output = promtool(folder, &["check", "rules", file])?;
    if output.status.success() {
        return Ok(());
    }
    let text = said(&output);
    let noise = |line: &&str| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with("Checking ") && line != "FAILED:"
    };
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().filter(noise) {
        let line = line.trim_end().replace(file, shown);
        // It says some things twice.
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let mut message = format!("promtool refuses {shown}:\n{}", lines.join("\n"));
    if text.contains("field apiVersion not found") {
        message += "\nthis is a PrometheusRule object: hand over what stands below its `spec`, such as \
                    with `yq .spec FILE`";
    }
    Err(Failure::usage(message))
}

/// What it finds in a test of rules; a test that expects nothing fails, and that is the answer.
pub(super) fn test_rules(folder: &Path, file: &str) -> Result<String, Failure> {
    let answer = said(&promtool(folder, &["test", "rules", file])?);
    if answer.contains("no space left on device") {
        return Err(Failure::internal(format_args!(
            "the disk of {} is full: the variable TMPDIR can name a folder on another",
            folder.display()
        )));
    }
    Ok(answer)
}
