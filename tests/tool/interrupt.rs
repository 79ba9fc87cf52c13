//! Ctrl-C keeps what is done; whatever kills a verb leaves no half-written file.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::{self, command, folder_with};

const SMALL: &str = "schema = 1\nname = \"small\"\n[run]\nduration = \"5m\"\n[apiserver]\n\
    version = \"1.32\"\nmemory-limit = \"2GiB\"\n[node]\nmemory = \"8GiB\"\n[objects.pods]\n\
    count = 3_000\nsize = \"5kB\"\n[[clients]]\nname = \"agents\"\ncount = 40\nstart = \"stopped\"\n\
    start-jitter = \"5s\"\nreflector = { resource = \"pods\", encoding = \"json\" }\n\
    [[events]]\nname = \"go\"\nat = \"1m\"\nstart = { client = \"agents\" }\n";

fn place(test: &str) -> std::path::PathBuf {
    folder_with("interrupt", test, &[("s.toml", SMALL)])
}

fn json(path: &Path) -> Option<serde_json::Value> {
    let text = std::fs::read(path).ok()?;
    Some(serde_json::from_slice(&text).expect("a whole file"))
}

/// Starts a verb that would take very long, and interrupts it once it works.
fn interrupted(folder: &Path, arguments: &[&str]) -> Output {
    // How long it takes to begin depends on the machine: later and later, until it listens.
    for seconds in [1, 2, 4, 8, 16] {
        let child = command(folder, arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        sleep(Duration::from_secs(seconds));
        let id = child.id().to_string();
        Command::new("kill").args(["-INT", &id]).status().expect("kill is there");
        let ended = child.wait_with_output().expect("it ends");
        let nothing = support::stderr(&ended).contains("nothing is kept");
        if ended.status.code().is_some() && !nothing {
            return ended;
        }
    }
    panic!("never interrupted while it worked")
}

#[test]
fn ctrl_c_keeps_the_replications_that_are_done() {
    let here = place("run");
    let run = ["run", "s.toml", "-n", "100000", "-j", "2", "--no-charts", "-o", "cut"];
    let ended = interrupted(&here, &run);
    assert_eq!(ended.status.code(), Some(130), "{}", support::stderr(&ended));
    assert!(
        support::stderr(&ended).contains("of 100000 replications"),
        "{}",
        support::stderr(&ended)
    );
    let manifest = json(&here.join("cut/run.json")).expect("a manifest");
    assert_eq!(manifest["status"], "partial");
    let done = manifest["replications"].as_u64().expect("a number");
    assert!((1..100_000).contains(&done), "{done}");
    // What is kept is what a run of so many replications gives.
    let n = done.to_string();
    support::done(&here, &["run", "s.toml", "-n", &n, "--no-charts", "-o", "whole"]);
    for file in ["runs.csv", "timeline.csv", "events.jsonl"] {
        let read = |folder: &str| std::fs::read(here.join(folder).join(file)).expect("a file");
        assert!(read("cut") == read("whole"), "{file} of {done} replications");
    }
}

/// Every file of a folder can be read to its end, and the manifest names files that are there.
fn assert_whole(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            assert_whole(&path);
        } else if !name.starts_with('.') {
            let bytes = std::fs::read(&path).expect("a file");
            let text = String::from_utf8_lossy(&bytes);
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("json") => drop(json(&path)),
                Some("svg") => assert!(text.trim_end().ends_with("</svg>"), "{}", path.display()),
                Some("png") => assert!(bytes.ends_with(b"IEND\xaeB`\x82"), "{}", path.display()),
                Some("toml" | "csv" | "md" | "txt") => {
                    assert!(text.ends_with('\n'), "{}", path.display());
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_kill_at_any_instant_leaves_whole_files_only() {
    let here = place("kill");
    let verbs: [&[&str]; 3] = [
        &["run", "s.toml", "-n", "2", "-o", "run"],
        &["init", "new.toml", "--force"],
        &["man", "manual"],
    ];
    for arguments in verbs {
        let begun = Instant::now();
        let first = command(&here, arguments).output().expect("it runs");
        let whole = begun.elapsed();
        assert!(first.status.code().is_some_and(|code| code != 2), "{}", support::stderr(&first));
        // From the back: that is when files are written.
        for share in [0.97, 0.9, 0.7] {
            let mut child = command(&here, arguments)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("the binary starts");
            sleep(whole.mul_f64(share));
            let _ = child.kill();
            child.wait().expect("it ends");
            assert_whole(&here);
        }
        let last = command(&here, arguments).output().expect("it runs");
        assert_eq!(last.status.code(), first.status.code(), "{arguments:?} after kills");
    }
}
