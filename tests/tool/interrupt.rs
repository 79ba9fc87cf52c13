//! Ctrl-C keeps what is done; whatever kills a verb leaves no half-written file.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::{self, command, finished, folder_with};

const MEASURED: &str = include_str!("../data/measured.jsonl");

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

/// The one test with a real signal: whatever the others find out about a stop is so after Ctrl-C.
#[test]
fn ctrl_c_is_heard() {
    let here = place("signal");
    let run = ["run", "s.toml", "-n", "100000", "-j", "2", "--no-charts", "-o", "cut"];
    let ended = interrupted(&here, &run);
    assert_eq!(ended.status.code(), Some(130), "{}", support::stderr(&ended));
    let told = support::stderr(&ended);
    assert!(told.contains("of 100000 replications"), "{told}");
    let manifest = json(&here.join("cut/run.json")).expect("a manifest");
    assert_eq!(manifest["status"], "partial");
    let done = manifest["replications"].as_u64().expect("a number");
    assert!((1..100_000).contains(&done), "{done}");
}

/// Runs a verb that is asked to end once so many runs of the model are done, and returns what it said.
/// What it leaves in `cut` is marked partial.
fn stopped_after(runs: u32, folder: &Path, arguments: &[&str]) -> String {
    let arguments = [arguments, &["-j", "1", "-o", "cut", "--no-charts", "--force"]].concat();
    let mut command = command(folder, &arguments);
    let ended = finished(command.env("OOMCAST_STOP_AFTER_RUNS", runs.to_string()));
    let told = support::stderr(&ended);
    assert_eq!(ended.status.code(), Some(130), "{arguments:?}: {told}");
    assert!(told.contains("stopped by Ctrl-C"), "{arguments:?}: {told}");
    let goes_on = told.contains("the same command");
    assert!(goes_on, "{arguments:?} does not say how to go on: {told}");
    let manifest = json(&folder.join("cut/run.json")).expect("a manifest");
    assert_eq!(manifest["status"], "partial", "{arguments:?}");
    told
}

/// These files of a folder are those of a verb that was to do no more.
fn assert_like_whole(folder: &Path, arguments: &[&str], files: &[&str]) {
    let arguments = [arguments, &["-j", "1", "-o", "whole", "--no-charts", "--force"]].concat();
    let ended = support::oomcast(folder, &arguments);
    assert!(ended.status.code() == Some(0), "{}", support::stderr(&ended));
    for file in files {
        let read = |of: &str| std::fs::read(folder.join(of).join(file)).expect("a file");
        assert!(read("cut") == read("whole"), "{file} of {arguments:?}");
    }
}

#[test]
fn run_keeps_the_replications_that_are_done() {
    let here = place("run");
    let told = stopped_after(5, &here, &["run", "s.toml", "-n", "50"]);
    assert!(told.contains("after 5 of 50 replications"), "{told}");
    let files = ["runs.csv", "timeline.csv", "events.jsonl"];
    assert_like_whole(&here, &["run", "s.toml", "-n", "5"], &files);
}

/// Asked to end within a run: that run is left out, and what was done is kept.
#[test]
fn a_run_under_way_breaks_off() {
    let here = place("within");
    let more = "clients.agents.count=2000";
    let run = ["run", "s.toml", "--set", more, "-j", "1", "--no-charts", "--force", "-o", "cut"];
    let stopped = |pulses: &str, n: &str| {
        let arguments = [&run[..], &["-n", n]].concat();
        let mut command = command(&here, &arguments);
        let ended = finished(command.env("OOMCAST_STOP_AFTER_PULSES", pulses));
        assert_eq!(ended.status.code(), Some(130), "{}", support::stderr(&ended));
        support::stderr(&ended)
    };
    assert!(stopped("1", "1").contains("nothing is kept"));
    assert!(!here.join("cut/run.json").exists());
    // Later and later, until the first replication is done: the one after it breaks off.
    let kept = (1..12).map(|power| stopped(&(1 << power).to_string(), "5000"));
    let told =
        kept.into_iter().find(|told| !told.contains("nothing is kept")).expect("one is kept");
    assert!(told.contains(" of 5000 replications"), "{told}");
    let manifest = json(&here.join("cut/run.json")).expect("a manifest");
    assert!(manifest["replications"].as_u64().expect("a number") >= 1, "{manifest}");
}

#[test]
fn find_keeps_the_breaking_points_that_are_known() {
    let here = place("find");
    let find = ["find", "s.toml", "--vary", "clients.agents.count=1..400", "-n"];
    let told = stopped_after(30, &here, &[&find[..], &["40"]].concat());
    let found = json(&here.join("cut/find.json")).expect("a result");
    let known = found["breaking_points"].as_array().expect("a list").len();
    assert!((1..4).contains(&known), "{known}");
    assert!(told.contains(&format!("after {known} of 40 breaking points")), "{told}");
    let n = known.to_string();
    assert_like_whole(&here, &[&find[..], &[&n]].concat(), &["breaking-points.csv"]);
    // While it looks for a range no breaking point is known: what was tried is kept.
    stopped_after(5, &here, &["find", "s.toml", "--vary", "clients.agents.count", "-n", "3"]);
    let found = json(&here.join("cut/find.json")).expect("a result");
    assert_eq!(found["found"], "unknown");
    assert!(!found["curve"].as_array().expect("a list").is_empty(), "{found}");
}

#[test]
fn compare_keeps_pairs() {
    let here = place("compare");
    let compare = ["compare", "s.toml", "--set-b", "clients.agents.count=50", "-n"];
    let told = stopped_after(6, &here, &[&compare[..], &["30"]].concat());
    assert!(told.contains("after 3 of 30 pairs of runs"), "{told}");
    assert_like_whole(&here, &[&compare[..], &["3"]].concat(), &["pairs.csv"]);
}

#[test]
fn a_sweep_says_how_to_go_on() {
    let here = place("sweep");
    let sweep =
        ["sweep", "s.toml", "--vary", "clients.agents.count=10..60:10", "-n", "2", "-j", "1"];
    let told = stopped_after(5, &here, &sweep[..sweep.len() - 2]);
    assert!(told.contains("after 2 of 6 points") && told.contains("--resume"), "{told}");
    support::done(&here, &[&sweep[..], &["-o", "cut", "--no-charts", "--resume"]].concat());
    let files = ["rows.jsonl", "points.csv", "sweep.json", "run.json"];
    assert_like_whole(&here, &sweep[..sweep.len() - 2], &files);
}

#[test]
fn validate_keeps_the_runs_that_were_replayed() {
    let here = place("validate");
    let few: Vec<&str> = MEASURED.lines().take(4).collect();
    std::fs::write(here.join("few.jsonl"), few.join("\n") + "\n").expect("writes");
    let told = stopped_after(2, &here, &["validate", "few.jsonl", "-n", "1"]);
    let runs = json(&here.join("cut/validation.json")).expect("a result")["runs"].clone();
    let runs = runs.as_array().expect("a list").len();
    assert!((1..4).contains(&runs), "{runs}");
    assert!(told.contains(&format!("after {runs} of 4 runs")), "{told}");
}

#[test]
fn calibrate_says_what_it_has_not_fitted() {
    let here = place("calibrate");
    let few: Vec<&str> = MEASURED.lines().take(3).collect();
    std::fs::write(here.join("few.jsonl"), few.join("\n") + "\n").expect("writes");
    let fit = ["calibrate", "s.toml", "--observed", "few.jsonl", "-n", "1"];
    let told = stopped_after(10, &here, &fit);
    assert!(told.contains("what was not fitted by then is left as it is"), "{told}");
    assert!(here.join("cut/overlay.toml").is_file());
    let result = json(&here.join("cut/calibration.json")).expect("a result");
    let states = result["parameters"].as_array().expect("a list").iter().map(|p| &p["state"]);
    assert!(states.clone().count() > 0 && states.clone().all(|s| s == "unfinished"), "{result}");
}

#[test]
fn advise_assess_and_no_return_keep_what_was_tried() {
    let here = place("answers");
    let memory = "apiserver.memory-limit=1GiB";
    let told = stopped_after(40, &here, &["advise", "s.toml", "-n", "20", "--set", memory]);
    assert!(told.contains(" remedies"), "{told}");
    let advice = json(&here.join("cut/advise.json")).expect("a result");
    let states = advice["remedies"].as_array().expect("a list").iter().map(|row| &row["state"]);
    let tried = states.clone().filter(|state| *state != "not-tried").count();
    assert!(tried > 0 && tried < states.clone().count(), "{advice}");
    // What is not possible here was never to be done.
    let possible = states.filter(|state| *state != "not-possible").count();
    assert!(told.contains(&format!(" of {possible} remedies")), "{told}");
    let told = stopped_after(7, &here, &["assess", "s.toml", "-n", "4"]);
    assert!(told.contains(" storms"), "{told}");
    let storms = json(&here.join("cut/assess.json")).expect("a result")["storms"].clone();
    let storms = storms.as_array().expect("a list");
    assert!(storms.iter().any(|row| row["because"].is_null()), "{storms:?}");
    assert!(storms.iter().any(|row| row["because"] == "stopped before it was run"), "{storms:?}");
    let no_return = ["no-return", "s.toml", "-n", "4", "--continuations", "10", "--set", memory];
    // While it looks for the worst replication it is known in how many it happens.
    let told = stopped_after(2, &here, &no_return);
    assert!(!told.contains("nothing is kept"), "{told}");
    let begun = json(&here.join("cut/no-return.json")).expect("a result");
    assert_eq!((&begun["replications"], &begun["points"]), (&2.into(), &serde_json::json!([])));
    stopped_after(40, &here, &no_return);
    let points = json(&here.join("cut/no-return.json")).expect("a result")["points"].clone();
    assert!(!points.as_array().expect("a list").is_empty(), "{points}");
}

/// Stopped again and again and resumed, a search ends, and comes to what it comes to in one piece.
#[test]
fn searches_are_resumed() {
    let memory = ["--set", "apiserver.memory-limit=1GiB"];
    let find = ["find", "s.toml", "--vary", "clients.agents.count=1..400", "-n", "8"];
    let no_return =
        ["no-return", "s.toml", "-n", "4", "--continuations", "5", memory[0], memory[1]];
    let only = ["--only", "protobuf,memory,watch-list"];
    let advise = ["advise", "s.toml", "-n", "20", memory[0], memory[1], only[0], only[1]];
    let growth = format!("{SMALL}[growth]\nrates = [\"clients.agents.count=+20 per month\"]\n");
    let forecast = ["forecast", "g.toml", "--storm", "as written", "-n", "4", "--max-runs", "0"];
    let assess = ["assess", "s.toml", "-n", "3", "--max-runs", "0"];
    let searches: [(&str, &[&str]); 5] = [
        ("find", &find),
        ("no-return", &no_return),
        ("advise", &advise),
        ("assess", &assess),
        ("forecast", &forecast),
    ];
    for (verb, arguments) in searches {
        let here = place(&format!("resumed-{verb}"));
        std::fs::write(here.join("g.toml"), &growth).expect("writes");
        let told = stopped_after(20, &here, arguments);
        assert!(told.contains("with --resume"), "{told}");
        assert!(here.join("cut/done.jsonl").is_file(), "{verb}");
        let more = ["-j", "1", "-o", "cut", "--no-charts", "--resume"];
        let mut rounds = 1;
        let code = loop {
            let mut command = command(&here, &[arguments, &more[..]].concat());
            let ended = finished(command.env("OOMCAST_STOP_AFTER_RUNS", "60"));
            rounds += 1;
            match ended.status.code() {
                Some(130) if rounds < 60 => {}
                code => break code,
            }
        };
        let whole = ["-j", "1", "-o", "whole", "--no-charts"];
        let ended = support::oomcast(&here, &[arguments, &whole[..]].concat());
        assert_eq!(ended.status.code(), code, "{verb}: {}", support::stderr(&ended));
        let read = |of: &str| std::fs::read(here.join(of).join(format!("{verb}.json")));
        assert!(read("cut").expect("a file") == read("whole").expect("a file"), "{verb}");
        assert!(!here.join("cut/done.jsonl").exists(), "{verb}");
    }
}

#[test]
fn half_written_files_of_writers_that_are_gone_go_with_the_next() {
    let here = place("temporaries");
    let no_process = u32::MAX;
    let left = [
        format!("out/.runs.csv.{no_process}.tmp.csv"),
        format!("out/charts/.peak-cdf.svg.{no_process}.tmp.svg"),
        format!(".new.toml.{no_process}.tmp.toml"),
    ];
    let others = ["out/.keep.tmp", ".mine.tmp.toml"];
    let run = ["run", "s.toml", "-n", "1", "-o", "out"];
    let first = support::oomcast(&here, &run);
    for name in left.iter().map(String::as_str).chain(others) {
        std::fs::write(here.join(name), "half").expect("writes");
    }
    assert_eq!(support::oomcast(&here, &run).status.code(), first.status.code());
    support::done(&here, &["init", "new.toml"]);
    for name in &left {
        assert!(!here.join(name).exists(), "{name} is still there");
    }
    for name in others {
        assert!(here.join(name).exists(), "{name} was not ours");
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
        let first = finished(&mut command(&here, arguments));
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
        let last = finished(&mut command(&here, arguments));
        assert_eq!(last.status.code(), first.status.code(), "{arguments:?} after kills");
    }
}
