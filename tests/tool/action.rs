//! The GitHub Action's script, with a `gh` that writes down what it is asked for.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{self, folder_with, root};

const GATE: &str = "schema = 1\nname = \"gate\"\n[run]\nduration = \"2m\"\nreplications = 3\n\
    [apiserver]\nversion = \"1.32\"\nmemory-limit = \"4GiB\"\n[node]\nmemory = \"16GiB\"\n\
    [objects.configmaps]\ncount = 2_000\nsize = \"10kB\"\n[[clients]]\nname = \"operators\"\n\
    count = 5\nreflector = { resource = \"configmaps\" }\n[[events]]\nname = \"restart\"\n\
    at = \"30s\"\nrestart = { client = \"operators\" }\n[[expect]]\nname = \"no kill\"\n\
    metric = \"oom\"\nat-most = \"5%\"\n";

/// Answers a GET with the number of a comment once one was made; keeps the last body.
const GH: &str = "#!/bin/sh\necho \"$@\" >>gh.log\ncase \"$*\" in\n*--paginate*) [ ! -e posted ] || \
    echo 42;;\n*POST*) touch posted;;\nesac\nfor word; do case $word in body=@*) cp \
    \"${word#body=@}\" body.md;; esac; done\n";

fn git(place: &Path, words: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"])
        .args(words)
        .current_dir(place)
        .output()
        .expect("git is there");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A repository with the scenario in its first commit.
fn repository(test: &str) -> (PathBuf, String) {
    let place = folder_with("action", test, &[("load/gate.toml", GATE), ("bin/gh", GH)]);
    fs::set_permissions(place.join("bin/gh"), fs::Permissions::from_mode(0o755)).expect("sets");
    git(&place, &["init", "-q"]);
    git(&place, &["add", "load"]);
    git(&place, &["commit", "-q", "-m", "base"]);
    let base = git(&place, &["rev-parse", "HEAD"]);
    (place, base)
}

fn action(place: &Path, base: &str) -> Output {
    let path = std::env::var("PATH").unwrap_or_default();
    Command::new("bash")
        .arg(root().join("deploy/action/oomcast-ci"))
        .current_dir(place)
        .env("PATH", format!("{}:{path}", place.join("bin").display()))
        .env("OOMCAST", env!("CARGO_BIN_EXE_oomcast"))
        .env("OOMCAST_SCENARIOS", "load/*.toml")
        .env("OOMCAST_TOLERANCE", "peak=10% oom=0%")
        .env("OOMCAST_BASE", base)
        .env("OOMCAST_PULL_REQUEST", "7")
        .env("GITHUB_REPOSITORY", "o/r")
        .env("GITHUB_STEP_SUMMARY", place.join("step.md"))
        .output()
        .expect("bash is there")
}

fn read(place: &Path, name: &str) -> String {
    fs::read_to_string(place.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn one_comment_is_written_then_updated() {
    let (place, base) = repository("comment");
    let output = action(&place, &base);
    assert_eq!(output.status.code(), Some(0), "{}", support::stderr(&output));
    let body = read(&place, "body.md");
    assert!(body.starts_with("<!-- oomcast -->\n"), "{body}");
    assert!(body.contains("against the base branch"), "{body}");
    assert_eq!(body.matches("<details").count(), body.matches("</details>").count());
    assert!(read(&place, "gh.log").contains("-X POST repos/o/r/issues/7/comments"));
    assert_eq!(read(&place, "step.md"), body);
    assert!(read(&place, "oomcast-results/load-gate.junit.xml").contains("<testsuites"));
    assert!(read(&place, "oomcast-results/oomcast.sarif").contains("\"2.1.0\""));

    // Twelve times the clients: worse than the base branch.
    fs::write(place.join("load/gate.toml"), GATE.replace("count = 5\n", "count = 60\n"))
        .expect("w");
    let output = action(&place, &base);
    assert_eq!(output.status.code(), Some(3), "{}", support::stderr(&output));
    assert!(read(&place, "gh.log").contains("-X PATCH repos/o/r/issues/comments/42"));
    assert!(read(&place, "body.md").contains("REGRESSION of peak"), "{}", read(&place, "body.md"));
    assert_eq!(git(&place, &["worktree", "list"]).lines().count(), 1, "the base is removed");
}

#[test]
fn mistakes_are_told_and_nothing_is_run() {
    let (place, base) = repository("mistakes");
    fs::write(place.join("load/gate.toml"), GATE.replace("memory-limit", "memory-limt"))
        .expect("w");
    fs::write(place.join("load/new.toml"), GATE).expect("writes");
    let output = action(&place, &base);
    assert_eq!(output.status.code(), Some(2), "{}", support::stderr(&output));
    let body = read(&place, "body.md");
    assert!(body.contains("mistakes") && body.contains("memory-limt"), "{body}");
    assert!(!place.join("oomcast-results/load-gate").exists());
}

#[test]
fn scenarios_of_one_name_in_two_folders_are_told_apart_and_what_is_said_is_told() {
    let (place, base) = repository("names");
    fs::create_dir(place.join("load/deep")).expect("makes");
    // One that says something besides its answer: there is no junit file to be had at a folder.
    fs::write(place.join("load/deep/gate.toml"), GATE).expect("writes");
    fs::write(place.join("load-gate.toml"), GATE).expect("writes");
    fs::create_dir_all(place.join("oomcast-results/load-deep-gate.junit.xml")).expect("makes");
    let mut command = Command::new("bash");
    let output = command
        .arg(root().join("deploy/action/oomcast-ci"))
        .current_dir(&place)
        .env("OOMCAST", env!("CARGO_BIN_EXE_oomcast"))
        .env("OOMCAST_SCENARIOS", "load/gate.toml load/deep/gate.toml load-gate.toml")
        .env("OOMCAST_BASE", base)
        .env("OOMCAST_COMMENT", "false")
        .output()
        .expect("bash is there");
    assert_ne!(output.status.code(), Some(0), "{}", support::stderr(&output));
    for name in ["load-gate", "load-deep-gate"] {
        assert!(place.join("oomcast-results").join(name).is_dir(), "{name}");
    }
    let folders = fs::read_dir(place.join("oomcast-results")).expect("results");
    let runs = folders.map(|entry| entry.expect("an entry").path()).filter(|path| {
        path.join("run.json").exists() && path.extension().is_none_or(|end| end != "compare")
    });
    assert_eq!(runs.count(), 3, "load/gate and load-gate are two scenarios");
    let comment = read(&place, "oomcast-results/comment.md");
    assert!(comment.contains("cannot write"), "{comment}");
    assert_eq!(comment.matches("<details").count(), comment.matches("</details>").count());
}
