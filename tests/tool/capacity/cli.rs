//! The verbs as a user meets them: exit codes, files, mistakes.

use std::path::PathBuf;
use std::process::Output;

use crate::capacity::BURST;
use crate::support::{command, finished, folder_with, oomcast, stderr, stdout};

fn sandbox(name: &str) -> PathBuf {
    folder_with("capacity", name, &[("burst.toml", BURST)])
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn mistakes_say_what_to_write_instead() {
    let folder = sandbox("mistakes");
    let mut told = String::new();
    for arguments in [
        &["find", "burst.toml"][..],
        &["find", "burst.toml", "--vary", "clients.informer.count"],
        &["find", "burst.toml", "--vary", "clients.informers.cuont=1..9"],
        &["find", "burst.toml", "--vary", "clients.informers.count=9..1"],
        &["find", "burst.toml", "--vary", "clients.informers.count=7"],
        &["find", "burst.toml", "--vary", "balancer.policy=random,round-robin"],
        &["find", "burst.toml", "--vary", "apiserver.gomemlimit"],
        &["find", "burst.toml", "--vary", "run.seed=1..9"],
        &["find", "burst.toml", "--vary", "events.burst.start.count=4..20"],
        &["find", "burst.toml", "--vary", "clients.informers.count", "--until", "ooom"],
        &["find", "burst.toml", "--vary", "clients.informers.count", "--until", "peak"],
        &["find", "burst.toml", "--vary", "clients.informers.count", "--until", "peak>32"],
        &["find", "burst.toml", "--vary", "clients.informers.count", "--probability", "5"],
        &["find", "burst.toml", "--vary", "clients.informers.count", "--probability", "100%"],
        &["no-return", "burst.toml", "--until", "ooom"],
        &["no-return", "burst.toml", "--continuations", "0"],
        &["no-return", "burst.toml", "--replication", "first"],
        &["advise", "burst.toml", "--only", "memory", "--without", "memory"],
        &["advise", "burst.toml", "--probability", "0.1%"],
        &["advise", "burst.toml", "--max-runs", "60"],
        &["assess", "burst.toml", "--probability", "0.1%"],
        &["compare", "burst.toml", "no-such.toml"],
        &["compare", "burst.toml", "--tolerance", "peek=5%"],
        &["compare", "burst.toml", "--tolerance", "peak"],
        &["compare", "burst.toml", "--set-b", "apiserver.memry-limit=1GiB"],
        &["run", "burst.toml", "--until-ci", "0%"],
        &["run", "burst.toml", "--until-ci", "five"],
        &["run", "burst.toml", "--set", "clients.informers.count=8 to 3"],
        &["run", "burst.toml", "--set", "events.burst.start.count=10 to 14", "-n", "50"],
    ] {
        let output = oomcast(&folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let typed = arguments.join(" ");
        told.extend(["$ oomcast ", &typed, "\n", stderr(&output).trim_end(), "\n"]);
    }
    assert!(!told.contains("panicked"), "{told}");
    insta::assert_snapshot!(told);
}

#[test]
fn a_breaking_point_is_told_and_written() {
    let folder = sandbox("finds");
    let find = |more: &[&str]| {
        let mut all =
            vec!["find", "burst.toml", "--vary", "clients.informers.count=2..40", "-n", "40"];
        all.extend(more);
        oomcast(&folder, &all)
    };
    let text = find(&[]);
    assert_eq!(text.status.code(), Some(0), "{}", stderr(&text));
    let told = stdout(&text);
    assert!(told.starts_with("clients.informers.count may be up to "), "{told}");
    fits(&told, 80);
    // Which P finds a pooled buffer is drawn for each number of informers anew: near the answer one more
    // may take less memory.
    let counted = told.contains("monotone in all ") || told.contains("not monotone (0 of ");
    assert!(counted && told.contains("\n  past  "), "{told}");
    let one = find(&["--format", "json", "-j", "1"]);
    let two = find(&["--format", "json", "-j", "2"]);
    assert_eq!(stdout(&one), stdout(&two));
    let found = json(&one);
    assert_eq!(found["breaking_points"].as_array().map(Vec::len), Some(40));
    let mut folders = std::fs::read_dir(folder.join("output")).expect("written");
    let written = folders.next().expect("one").expect("readable").path();
    for file in ["find.json", "find.md", "breaking-points.csv", "charts/breaking-point.png"] {
        assert!(written.join(file).exists(), "{file}");
    }
    let markdown = stdout(&find(&["--format", "md"]));
    assert!(markdown.contains("| safe |") && markdown.contains("| past |"), "{markdown}");
    assert_eq!(stdout(&find(&["-q", "--no-charts"])).lines().count(), 1);
    assert!(!written.join("charts").exists());
}

/// The same words in every verb that varies a key.
#[test]
fn keys_that_change_nothing_are_told() {
    let folder = sandbox("idle");
    let ended = |arguments: &[&str], code| {
        let output = oomcast(&folder, &[arguments, &["--no-charts", "--force"]].concat());
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        stdout(&output).replace('\n', " ")
    };
    let told = |arguments: &[&str]| ended(arguments, 0);
    let find = |vary| told(&["find", "burst.toml", "-n", "4", "--vary", vary]);
    let idle = "`node.memory` changes nothing";
    // How far it may go is not known.
    let memory = ["--vary", "node.memory=20GiB..40GiB:10GiB"];
    let found = ended(&[&["find", "burst.toml", "-n", "4"][..], &memory].concat(), 4);
    assert!(found.contains(idle) && found.starts_with("node.memory changes nothing"), "{found}");
    assert!(!find("clients.informers.count=2..8:2").contains("changes nothing"));
    // A limit that no run reaches decides how much is left below it.
    assert!(!find("apiserver.memory-limit=10GiB..14GiB:2GiB").contains("changes nothing"));
    let compare = ["compare", "burst.toml", "-n", "2", "--set-b"];
    assert!(told(&[&compare[..], &["node.memory=30GiB"]].concat()).contains(idle));
    let heard = told(&[&compare[..], &["clients.informers.count=3"]].concat());
    assert!(!heard.contains("changes nothing"), "{heard}");
}

#[test]
fn a_point_of_no_return_is_told_and_written() {
    let folder = sandbox("no-return");
    let search = |more: &[&str]| {
        let all = ["no-return", "burst.toml", "-n", "5", "--continuations", "20"];
        let all = [&all[..], &["--set", "apiserver.memory-limit=1500MiB"]].concat();
        oomcast(&folder, &[&all[..], more].concat())
    };
    let text = search(&["-o", "out"]);
    assert_eq!(text.status.code(), Some(0), "{}", stderr(&text));
    assert!(stderr(&text).contains("at most 786 runs"), "{}", stderr(&text));
    fits(&stdout(&text), 80);
    for file in ["no-return.json", "no-return.md", "no-return.csv", "charts/no-return.png"] {
        assert!(folder.join("out").join(file).exists(), "{file}");
    }
    let one = search(&["--format", "json", "-j", "1"]);
    let two = search(&["--format", "json", "-j", "2"]);
    assert_eq!(stdout(&one), stdout(&two));
    let found = json(&one);
    let seconds = |value: &serde_json::Value| value.as_f64().expect("seconds");
    let points = found["points"].as_array().expect("points");
    let at: Vec<f64> = points.iter().map(|point| seconds(&point["at_seconds"])).collect();
    assert!(at.is_sorted() && at.len() >= 7, "{at:?}");
    assert!(at[0] < seconds(&found["began_seconds"]));
    assert!(at.iter().all(|at| *at < seconds(&found["happened_seconds"])), "{found}");
    let passed = found["passed"].as_array().expect("passed");
    assert!(seconds(&passed[0]["at_seconds"]) <= seconds(&passed[1]["at_seconds"]));
}

/// No line is longer, but for paths and commands, which are there to be copied.
fn fits(text: &str, width: usize) {
    let copied = |line: &&str| line.starts_with("wrote ") || line.starts_with("next: ");
    for line in text.lines().filter(|line| !copied(line)) {
        assert!(line.chars().count() <= width, "longer than {width}: {line}\n{text}");
    }
}

#[test]
fn every_verb_fits_the_terminal() {
    let folder = sandbox("fits");
    let find = ["find", "burst.toml", "--vary", "clients.informers.count=2..40", "-n", "10"];
    let compare = ["compare", "burst.toml", "--set-b", "objects.secrets.size=1.3MB", "-n", "5"];
    let sweep = ["sweep", "burst.toml", "--vary", "clients.informers.count=2,20", "-n", "3"];
    let run = ["run", "burst.toml", "-n", "3"];
    for verb in [&find[..], &compare, &sweep, &run] {
        for width in [40, 80, 120] {
            let out = ["--no-charts", "--force", "-o", "out"];
            let mut command = command(&folder, &[verb, &out].concat());
            let output = finished(command.env("COLUMNS", width.to_string()));
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            fits(&stdout(&output), width);
        }
    }
}

#[test]
fn a_comparison_ends_with_three_on_a_regression() {
    let folder = sandbox("compares");
    let compare = |more: &[&str]| {
        let mut all = vec!["compare", "burst.toml", "--no-charts", "-n", "12"];
        all.extend(more);
        oomcast(&folder, &all)
    };
    let same = compare(&["--tolerance", "peak=0%", "--tolerance", "oom=0%"]);
    assert_eq!(same.status.code(), Some(0), "{}", stderr(&same));
    assert!(stdout(&same).starts_with("No difference: all 12 pairs"), "{}", stdout(&same));
    let more = ["--set-b", "objects.secrets.size=1.3MB", "--set", "clients.informers.count=4"];
    let worse = compare(&[&more[..], &["--tolerance", "peak=5%"]].concat());
    assert_eq!(worse.status.code(), Some(3), "{}", stdout(&worse));
    assert!(stdout(&worse).starts_with("REGRESSION of peak"), "{}", stdout(&worse));
    assert!(stderr(&worse).contains("worse than tolerated: peak"));
    assert!(stdout(&worse).contains("objects.secrets.size"), "{}", stdout(&worse));
    fits(&stdout(&worse), 80);
    let lax = compare(&[&more[..], &["--tolerance", "peak=200%"]].concat());
    assert_eq!(lax.status.code(), Some(0), "{}", stdout(&lax));
    let markdown = stdout(&compare(&[&more[..], &["--format", "md"]].concat()));
    assert!(markdown.contains("### Inputs that differ"), "{markdown}");
    let json = json(&compare(&[&more[..], &["--format", "json"]].concat()));
    assert_eq!(json["identical"], false);
    assert_eq!(json["inputs"][0]["key"], "objects.secrets.size");
}

#[test]
fn expectations_decide_the_exit_code() {
    let folder = sandbox("expects");
    let expect = |severity: &str| {
        let text = format!(
            "{BURST}\n[[expect]]\nname = \"small & <quick>\"\nmetric = \"peak\"\nquantile = \"50%\"\n\
             at-most = \"100MiB\"\nseverity = \"{severity}\"\n\n[[expect]]\nname = \"sane\"\n\
             metric = \"peak\"\nquantile = \"50%\"\nat-most = \"64GiB\"\n"
        );
        std::fs::write(folder.join("expect.toml"), text).expect("writes");
        let all = ["run", "expect.toml", "-n", "10", "--no-charts", "--junit", "junit.xml"];
        let output = oomcast(&folder, &all);
        (
            output.status.code(),
            output,
            std::fs::read_to_string(folder.join("junit.xml")).expect("is there"),
        )
    };
    let (code, output, junit) = expect("error");
    assert_eq!(code, Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("not as expected: small & <quick>"));
    assert!(stdout(&output).contains("\n  FAIL  small & <quick>"), "{}", stdout(&output));
    assert!(junit.contains("tests=\"2\"") && junit.contains("failures=\"1\""), "{junit}");
    assert!(junit.contains("name=\"small &amp; &lt;quick&gt;\""), "{junit}");
    let (code, output, junit) = expect("warning");
    assert_eq!(code, Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("\n  warn  small & <quick>"), "{}", stdout(&output));
    assert!(junit.contains("skipped=\"1\"") && junit.contains("failures=\"0\""), "{junit}");
}

#[test]
fn stopping_by_interval_shows_in_the_folder() {
    let folder = sandbox("until");
    let run =
        oomcast(&folder, &["run", "burst.toml", "--until-ci", "20%", "--no-charts", "-o", "done"]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    assert!(stdout(&run).contains("stopped after 150 replications"), "{}", stdout(&run));
    let read =
        |file: &str| std::fs::read_to_string(folder.join("done").join(file)).expect("is there");
    assert!(read("run.json").contains("\"replications\": 150"));
    assert!(read("scenario.effective.toml").contains("replications = 150"));
    assert_eq!(read("runs.csv").lines().count(), 151);
    let few =
        oomcast(&folder, &["run", "burst.toml", "--until-ci", "1%", "-n", "20", "--no-charts"]);
    assert_eq!(few.status.code(), Some(4), "{}", stderr(&few));
    assert!(stderr(&few).contains("raise --replications"), "{}", stderr(&few));
}
