//! The binary as a user meets it: exit codes, streams, help.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use crate::support::{command, fed, folder, folder_with, oomcast, root, stderr, stdout};

/// Runs the binary where nothing of the repository is.
fn output(arguments: &[&str]) -> Output {
    oomcast(Path::new(env!("CARGO_TARGET_TMPDIR")), arguments)
}

#[test]
fn help_is_a_result() {
    let help = output(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(help.stderr.is_empty());
    let text = stdout(&help);
    for expected in ["Examples:", "Exit codes:", "  130  stopped by Ctrl-C", "run", "check"] {
        assert!(text.contains(expected), "no {expected:?} in\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "no colours into a pipe");
    let version = output(&["--version"]);
    let expected = format!("oomcast {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!((version.status.code(), stdout(&version)), (Some(0), expected));
}

#[test]
fn wrong_usage_is_two() {
    for arguments in [
        &[][..],
        &["rum"],
        &["run"],
        &["run", "a.toml", "--seeds", "1"],
        &["run", "a.toml", "-n", "0"],
        &["run", "a.toml", "--seed", "-1"],
        &["run", "a.toml", "--jobs", "0"],
        &["run", "a.toml", "--set", "novalue"],
        &["run", "a.toml", "--format", "xml"],
        &["run", "a.toml", "--dump-apf", "soon"],
        &["check"],
        &["show"],
        &["show", "a.toml", "--format", "md"],
    ] {
        let output = output(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
    assert!(stderr(&output(&["rum"])).contains("'run'"), "a similar verb is suggested");
}

#[test]
fn a_missing_file_is_named() {
    for verb in ["run", "check"] {
        let output = output(&[verb, "no-such-scenario.toml"]);
        assert_eq!(output.status.code(), Some(2), "{verb}");
        assert!(stderr(&output).contains("no-such-scenario.toml"), "{verb}");
        assert!(!stderr(&output).contains("panicked"), "{verb}");
    }
}

#[test]
fn check_goes_on_after_a_bad_file() {
    let output = output(&["check", "no-such-a.toml", "no-such-b.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        stdout(&output),
        "no-such-a.toml: invalid, 1 error\nno-such-b.toml: invalid, 1 error\n\
         2 files: 0 ok, 2 not; 2 errors\n"
    );
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    // Enough output that the pipe's buffer cannot swallow it.
    let files: Vec<String> = (0..4_000).map(|i| format!("no-such-scenario-{i}.toml")).collect();
    let arguments: Vec<&str> =
        ["check"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let mut child = command(Path::new("."), &arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let pipe = child.stdout.take().expect("piped");
    let mut line = String::new();
    BufReader::with_capacity(64, pipe).read_line(&mut line).expect("a line");
    assert_eq!(line, "no-such-scenario-0.toml: invalid, 1 error\n");
    // The pipe is closed now; the rest is written into nothing.
    assert_eq!(child.wait().expect("ends").code(), Some(2));
}

#[test]
fn help_into_a_closed_pipe_is_quiet() {
    let mut child = command(Path::new("."), &["--help"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}

/// A small scenario in a folder of its own, from which the binary is started.
fn sandbox(name: &str) -> PathBuf {
    folder_with("cli", name, &[("small.toml", SMALL)])
}

const SMALL: &str = r#"
schema = 1
name = "small"

[run]
duration = "30s"
replications = 3

[apiserver]
version = "1.32"
memory-limit = "4GiB"

[node]
memory = "8GiB"

[objects.secrets]
count = 10
size = "1MiB"

[[clients]]
name = "informers"
count = 2
start = "stopped"
reflector = { resource = "secrets", encoding = "json" }

[[events]]
name = "burst"
at = "10s"
start = { client = "informers" }

[[published]]
phase = "burst"
metric = "oom"
value = false
source = "made up"
"#;

#[test]
fn mistakes_in_a_scenario_are_shown_with_their_place() {
    let folder = sandbox("mistakes");
    let wrong = SMALL.replace("memory-limit", "memory-limt").replace("30s", "30");
    std::fs::write(folder.join("wrong.toml"), wrong).expect("writes");
    for verb in ["run", "check"] {
        let output = oomcast(&folder, &[verb, "wrong.toml"]);
        assert_eq!(output.status.code(), Some(2), "{verb}");
        let told = stderr(&output);
        for expected in
            ["wrong.toml:6:", "wrong.toml:11:", "did you mean `memory-limit`?", "2 errors"]
        {
            assert!(told.contains(expected), "no {expected:?} in\n{told}");
        }
        assert!(!told.contains('\u{1b}'), "no colours into a pipe");
    }
    assert!(!folder.join("output").exists(), "nothing ran");
}

#[test]
fn a_valid_scenario_checks() {
    let folder = sandbox("valid");
    let output = oomcast(&folder, &["check", "small.toml"]);
    assert_eq!(stdout(&output), "small.toml: ok\n", "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn show_prints_the_effective_scenario() {
    let folder = sandbox("shows");
    let manifest = include_str!("../data/manifests/valid.yaml");
    std::fs::write(folder.join("m.yaml"), manifest).expect("writes");
    let show = |arguments: &[&str]| {
        let mut all = vec!["show", "small.toml", "--set", "apf.manifests=[\"m.yaml\"]"];
        all.extend(arguments);
        let output = oomcast(&folder, &all);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output)
    };
    let effective = show(&["--no-origins"]);
    // It needs the manifest no more.
    std::fs::create_dir(folder.join("elsewhere")).expect("creates");
    std::fs::write(folder.join("elsewhere/e.toml"), &effective).expect("writes");
    let again = oomcast(&folder, &["show", "elsewhere/e.toml", "--no-origins"]);
    assert_eq!(stdout(&again), effective);
    let json: serde_json::Value = serde_json::from_str(&show(&["--format", "json"])).expect("JSON");
    assert_eq!(json["apf"]["levels"][0]["name"], "slow-lane");
    assert_eq!(json["run"]["replications"], 3);

    let table = show(&["--apf"]);
    assert!(table.contains("\n  slow-lane        queue       10"), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    let json = show(&["--apf", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["fleets"][0]["flow_schema"], "service-accounts");
    let level = json["levels"].as_array().expect("a list").iter().find(|l| l["given"] == true);
    let level = level.expect("the manifest's");
    assert_eq!((&level["nominal_seats"], &level["borrowing_limit_seats"]), (&24.into(), &0.into()));
}

#[test]
fn mistakes_in_a_manifest_are_shown_with_their_place() {
    let folder = sandbox("manifest");
    let manifest = include_str!("../data/manifests/valid.yaml").replace("handSize", "handsize");
    std::fs::write(folder.join("m.yaml"), manifest).expect("writes");
    for verb in ["run", "check", "show"] {
        let output = oomcast(&folder, &[verb, "small.toml", "--set", "apf.manifests=[\"m.yaml\"]"]);
        assert_eq!(output.status.code(), Some(2), "{verb}");
        let told = stderr(&output);
        for expected in ["m.yaml:42:9", "did you mean `handSize`?", "1 error"] {
            assert!(told.contains(expected), "no {expected:?} in\n{told}");
        }
    }
}

#[test]
fn a_folder_of_others_is_refused_before_the_work() {
    let folder = sandbox("refused");
    let output = oomcast(&folder, &["run", "small.toml", "--out", "."]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--force"));
    assert!(output.stdout.is_empty());
}

#[test]
fn a_run_answers_first_and_leaves_its_folder() {
    let folder = sandbox("runs");
    let run = |arguments: &[&str]| {
        let mut all = vec!["run", "small.toml"];
        all.extend(arguments);
        oomcast(&folder, &all)
    };
    let text = run(&[]);
    assert_eq!(text.status.code(), Some(0), "{}", stderr(&text));
    assert!(stdout(&text).starts_with("No OOM kill in 3 runs"), "{}", stdout(&text));
    assert_eq!(stdout(&run(&["-q"])).lines().count(), 1);

    let output = folder.join("output");
    let mut written = std::fs::read_dir(&output).expect("written");
    let written = written.next().expect("one").expect("readable").path();
    let summary = std::fs::read_to_string(written.join("summary.json")).expect("written");
    assert_eq!(stdout(&run(&["--format", "json"])), summary);
    let markdown = std::fs::read_to_string(written.join("summary.md")).expect("written");
    assert_eq!(stdout(&run(&["--format", "md", "-j", "1"])), markdown);

    let other = run(&["--seed", "2", "-n", "4", "-o", "other", "--format", "json"]);
    let other: serde_json::Value = serde_json::from_str(&stdout(&other)).expect("JSON");
    assert_eq!((&other["seed"], &other["replications"]), (&2.into(), &4.into()));
    assert!(folder.join("other/run.json").exists());
    assert!(folder.join("other/charts/memory-timeline.svg").exists());
    run(&["-o", "other", "--no-charts", "-q"]);
    assert!(!folder.join("other/charts").exists());
}

#[test]
fn a_scenario_may_come_from_standard_input() {
    let folder = sandbox("piped");
    let text = std::fs::read(folder.join("small.toml")).expect("there");
    let common = ["--no-charts", "--format", "json", "-o", "out", "--force"];
    let from_file = oomcast(&folder, &[&["run", "small.toml"][..], &common].concat());
    let from_pipe = fed(&folder, &[&["run", "-"][..], &common].concat(), &text);
    assert_eq!(from_pipe.status.code(), Some(0), "{}", stderr(&from_pipe));
    assert_eq!(stdout(&from_pipe), stdout(&from_file));
    assert_eq!(fed(&folder, &["show", "-"], &text).status.code(), Some(0));
    // What would read it twice says so.
    for verb in [&["compare", "-"][..], &["calibrate", "-", "--observed", "nowhere"]] {
        let refused = fed(&folder, verb, &text);
        assert_eq!(refused.status.code(), Some(2), "{verb:?}");
        assert!(stderr(&refused).contains("as a file"), "{}", stderr(&refused));
    }
}

#[test]
fn published_figures_need_a_folder_of_scenarios() {
    let folder = sandbox("no-scenarios");
    let output = oomcast(&folder, &["validate", "--published=scenarios"]);
    assert_eq!(output.status.code(), Some(2));
    let expected = "there is no folder scenarios: pass one";
    assert!(stderr(&output).contains(expected), "{}", stderr(&output));
}

#[test]
fn a_run_that_hits_the_event_limit_says_how_far_it_came() {
    let folder = sandbox("limit");
    let limit = ["--set", "run.max-events=20", "--no-charts"];
    let output = oomcast(&folder, &[&["run", "small.toml"][..], &limit].concat());
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    let told = stderr(&output);
    assert!(told.contains("hit the event limit (run.max-events = 20)"), "{told}");
    // A time is given where it is short of the end, and only there.
    let reached = told.split_once("the longest at ").and_then(|(_, rest)| rest.split_once(" of "));
    assert!(reached.is_none_or(|(at, all)| at != all.split([';', ' ']).next().unwrap()), "{told}");
}

#[test]
fn dumps_are_files_of_the_run() {
    let folder = folder("cli", "dumps").join("dumps");
    let run = |at: &str| {
        oomcast(
            root(),
            &[
                "run",
                "scenarios/ha-cascade.toml",
                "-n",
                "1",
                "-q",
                "--no-charts",
                "--out",
                &folder.to_string_lossy(),
                "--dump-apf",
                "30s",
                "--dump-apf",
                at,
            ],
        )
    };
    let done = run("1m05s");
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    let text = std::fs::read_to_string(folder.join("apf-apiserver-2-1m5s.txt")).expect("written");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "# apiserver-2 at 1m5s of replication 0, the one with the highest peak");
    assert_eq!(lines[1], "# /debug/api_priority_and_fairness/dump_priority_levels");
    assert!(lines[2].starts_with("PriorityLevelName, ActiveQueues, IsIdle, IsQuiescing, "));
    let busy = lines.iter().find(|line| line.starts_with("workload-low,")).expect("its level");
    assert_eq!(busy.split(',').nth(2).map(str::trim), Some("false"), "{busy}");
    let endpoint = |path: &str| {
        let heading = format!("# /debug/api_priority_and_fairness/{path}");
        let begin = lines.iter().position(|line| **line == heading).expect("its table");
        lines[begin + 1..].iter().take_while(|line| !line.is_empty())
    };
    let of_level = |path: &str| {
        endpoint(path).filter(|line| line.starts_with("workload-low,")).count().to_string()
    };
    assert_eq!(
        (of_level("dump_priority_levels"), of_level("dump_queues")),
        ("1".into(), "128".into())
    );
    // As many requests as the level says wait and execute.
    let cell = |n: usize| busy.split(',').nth(n).map_or(0, |cell| cell.trim().parse().unwrap_or(0));
    let requests: u32 = cell(4) + cell(5);
    assert!(requests > 0, "{busy}");
    assert_eq!(of_level("dump_requests"), requests.to_string());
    let manifest = std::fs::read_to_string(folder.join("run.json")).expect("written");
    assert!(manifest.contains("\"apf-apiserver-0-30s.txt\""), "{manifest}");
    let late = run("11m");
    assert_eq!(late.status.code(), Some(2));
    assert!(stderr(&late).contains("--dump-apf 11m is after the end of the run, 10m"));
}

/// How fast the machine is, is not asserted: it is another every time.
#[test]
fn speed_prints_lines_that_a_scenario_takes() {
    let folder = sandbox("speed");
    let told = oomcast(&folder, &["speed", "--repeats", "1", "--format", "json"]);
    assert_eq!(told.status.code(), Some(0), "{}", stderr(&told));
    let json: serde_json::Value = serde_json::from_slice(&told.stdout).expect("JSON");
    assert_eq!((&json["format_version"], &json["repeats"]), (&"1.0".into(), &1.into()));
    let toml = json["toml"].as_str().expect("lines");
    std::fs::write(folder.join("speed.toml"), toml).expect("writes");
    let arguments = ["show", "small.toml", "--overlay", "speed.toml", "--no-origins"];
    let shown = oomcast(&folder, &[&arguments[..], &["--format", "json"]].concat());
    assert_eq!(shown.status.code(), Some(0), "{}", stderr(&shown));
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).expect("JSON");
    let line = shown["hardware"]["cpu-speed"].as_f64().expect("a number");
    assert!(toml.contains(&format!("cpu-speed = {line:.2}\n")), "{toml}");
}
