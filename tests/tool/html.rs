//! `report.html`: its figures are those of the other files, it loads nothing, and what a scenario
//! calls things cannot get out of its place.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::synthetic;
use crate::support::{self, command, finished, folder, folder_with, shipped};
use oomcast::experiment::{Replicated, Replications, Subject, replicate_with, summarize};
use oomcast::model::{self, RunOptions};
use oomcast::report::folder::{Identity, RemakeError, RunFiles, RunFolder, Status, remake_report};
use oomcast::results::{RunRecord, Summary};
use serde_json::Value;

const HOSTILE: &str = "</script><script>alert(1)</script><img src=x onerror=alert(2)>{{data}}";

/// A run folder with its page.
fn written(test: &str, run: impl Fn(RunOptions) -> RunRecord + Sync) -> (PathBuf, Summary) {
    written_on(2, test, run)
}

fn written_on(
    threads: usize,
    test: &str,
    run: impl Fn(RunOptions) -> RunRecord + Sync,
) -> (PathBuf, Summary) {
    let plan = Replications { seed: 1, replications: 3, threads: Some(threads) };
    let replicated: Replicated = replicate_with(run, plan, |_| {}).expect("runs");
    let warnings = [HOSTILE.to_owned()];
    let subject = Subject {
        scenario: HOSTILE,
        scenario_hash: "0123456789ab",
        seed: 1,
        release: "1.32",
        published: &[],
        expectations: &[],
        warnings: &warnings,
        peak_interval: None,
    };
    let summary = summarize(&subject, &replicated);
    let path = folder("html", test).join("run");
    let identity = Identity {
        tool_version: "0.1.0",
        scenario: HOSTILE,
        scenario_hash: "0123456789ab",
        seed: 1,
        replications: 3,
        design_hash: None,
        command: "run scenario.toml",
    };
    let mut folder = RunFolder::open(&path, &identity, false).expect("opens");
    let files = RunFiles {
        effective: "name = \"</pre><script>\"\n",
        origins: "name = \"</pre><script>\"  # storm.toml:1\n",
        summary: &summary,
        runs: &replicated.runs,
        worst: &replicated.worst,
        others: &[],
    };
    folder.write_run(&files).expect("writes");
    folder.write_report().expect("writes");
    folder.finish(Status::Complete).expect("finishes");
    (path, summary)
}

fn cascade(options: RunOptions) -> RunRecord {
    let mut run = model::run(&shipped("ha-cascade", &["run.duration=2m30s"]).inputs, options);
    run.log.iter_mut().for_each(|entry| entry.message += HOSTILE);
    run
}

fn page(path: &Path) -> String {
    fs::read_to_string(path.join("report.html")).expect("written")
}

/// The data inside the page.
fn data(page: &str) -> Value {
    let (_, from) =
        page.split_once("<script type=\"application/json\" id=\"data\">").expect("data");
    serde_json::from_str(from.split_once("</script>").expect("its end").0).expect("JSON")
}

#[test]
fn the_figures_of_the_page_are_those_of_the_summary() {
    let (path, summary) = written("figures", cascade);
    let page = page(&path);
    let data = data(&page);
    let text = fs::read_to_string(path.join("summary.json")).expect("written");
    let json: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(data["summary"], json);
    let shown = &data["shown"][0];
    let servers = shown["servers"].as_array().expect("servers");
    let drawn = servers.iter().flat_map(|server| server["resident"].as_array().expect("a line"));
    assert_eq!(drawn.filter_map(Value::as_u64).max(), json["worst_peak_bytes"].as_u64());
    // What scrapes saw, too: the dots that are drawn are those of the summary's schedule.
    let server = summary.apiservers.iter().position(|s| s.name == summary.worst_server);
    let server = &shown["servers"][server.expect("a server")];
    for (index, seen) in summary.scraped_peaks.iter().enumerate() {
        let samples = server["seen"][index]["bytes"].as_array().expect("samples");
        let highest = samples.iter().filter_map(Value::as_u64).max().expect("one");
        let far = highest.abs_diff(seen.peak_bytes.0) as f64 / seen.peak_bytes.as_f64();
        assert!(far < 1e-3, "{seen:?}: drawn {highest}");
        let failed = samples.iter().filter(|sample| sample.is_null()).count() as u64;
        assert_eq!(failed, seen.failed, "{seen:?}");
    }
    assert!(!summary.scraped_peaks.is_empty());
    // Kills are marked, and lead to a line of the story that is there.
    let marks = shown["marks"].as_array().expect("marks");
    assert!(marks.iter().any(|mark| mark["kind"] == "oom-kill"), "{marks:?}");
    for mark in marks {
        assert!(page.contains(&format!("id=\"beat-{}\"", mark["beat"])), "{mark}");
    }
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
}

#[test]
fn the_page_of_a_run_does_not_depend_on_threads() {
    let [one, three] = [(1, "one-thread"), (3, "three-threads")]
        .map(|(threads, test)| page(&written_on(threads, test, cascade).0));
    assert!(one == three, "{} and {} bytes", one.len(), three.len());
}

#[test]
fn a_summary_of_an_older_minor_format_still_makes_a_page() {
    let (path, _) = written("older", synthetic::cascade);
    let text = fs::read_to_string(path.join("summary.json")).expect("there");
    let mut summary: Value = serde_json::from_str(&text).expect("JSON");
    // What format 1.4 added.
    let keys = summary.as_object_mut().expect("an object");
    for new in ["scraped_peaks", "leave_one_out", "peak_interval"] {
        keys.remove(new);
    }
    fs::write(path.join("summary.json"), summary.to_string()).expect("writes");
    remake_report(&path).expect("made");
    assert!(page(&path).contains("</html>"));
}

#[test]
fn names_cannot_get_out_of_their_place() {
    let (path, _) = written("hostile", cascade);
    let page = page(&path);
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    assert!(!page.contains("<img"));
    assert!(page.contains("{{data}}"), "what is put in is not read again");
    assert!(page.contains("&lt;/script&gt;"));
}

#[test]
fn the_page_loads_nothing() {
    let (path, _) = written("alone", synthetic::cascade);
    let page = page(&path);
    let (head, _) = page.split_once("<script type").expect("data");
    for (at, _) in head.match_indices("href=\"") {
        let target = &head[at + "href=\"".len()..];
        assert!(target.starts_with(['#', 'd']), "{}", &target[..target.len().min(40)]);
    }
    assert!(!head.contains("src=\"") && !head.contains("@import") && !head.contains("url("));
    assert!(head.contains("default-src 'none'"));
    let namespaces = page.matches("http://www.w3.org/2000/svg").count();
    assert_eq!(page.matches("http://").count() + page.matches("https://").count(), namespaces);
}

#[test]
fn a_page_is_made_again_from_its_folder() {
    let (path, _) = written("again", synthetic::cascade);
    let first = page(&path);
    fs::remove_file(path.join("report.html")).expect("there");
    remake_report(&path).expect("made");
    assert_eq!(page(&path), first);
    let manifest = fs::read_to_string(path.join("run.json")).expect("there");
    let old = manifest.replace("\"format_version\": \"1.", "\"format_version\": \"0.");
    fs::write(path.join("run.json"), old).expect("writes");
    let refused = remake_report(&path).expect_err("another major version");
    assert!(refused.to_string().contains("was written in format 0."), "{refused}");
    fs::write(path.join("run.json"), manifest).expect("writes");
    fs::remove_file(path.join("story.txt")).expect("there");
    let refused = remake_report(&path).expect_err("a file is missing");
    assert!(refused.to_string().contains("story.txt"), "{refused}");
    let nothing = remake_report(path.parent().expect("a folder"));
    assert!(matches!(nothing, Err(RemakeError::NoManifest(_))));
}

/// Another replication can be chosen: what the page shows of it is what it is.
#[test]
fn other_replications_are_kept_and_shown() {
    let place = folder_with("html", "kept", &[("small.toml", SMALL)]);
    let line = ["run", "small.toml", "-n", "6", "--no-charts", "-q", "--no-progress", "-o", "out"];
    let output = finished(&mut command(&place, &line));
    assert_eq!(output.status.code(), Some(0), "{}", support::stderr(&output));
    let out = place.join("out");
    let data = data(&page(&out));
    let shown = data["shown"].as_array().expect("a list");
    assert_eq!((shown.len(), data["runs"].as_array().map(Vec::len)), (4, Some(6)));
    let number = |value: &Value| value["replication"].as_u64().expect("a number");
    for one in shown {
        let run =
            data["runs"].as_array().expect("rows").iter().find(|run| number(run) == number(one));
        let servers = one["servers"].as_array().expect("servers").iter();
        let drawn = servers.flat_map(|server| server["resident"].as_array().expect("a line"));
        assert_eq!(drawn.filter_map(Value::as_u64).max(), run.expect("a row")["peak"].as_u64());
        assert!(!one["beats"].as_array().expect("a story").is_empty());
    }
    // Made again it is the same; without them, the worst alone is shown, and nothing of them stays.
    let first = page(&out);
    remake_report(&out).expect("made");
    assert_eq!(page(&out), first);
    let line = ["run", "small.toml", "-n", "1", "--no-charts", "-q", "--no-progress", "-o", "out"];
    let output = finished(&mut command(&place, &line));
    assert_eq!(output.status.code(), Some(0), "{}", support::stderr(&output));
    assert!(!out.join("replications").exists());
}

const SMALL: &str = "schema = 1\nname = \"small\"\n[run]\nduration = \"1m\"\n[apiserver]\n\
    version = \"1.32\"\nmemory-limit = \"1GiB\"\n[node]\nmemory = \"8GiB\"\n[objects.pods]\n\
    count = 500\nsize = \"5kB\"\n[[clients]]\nname = \"agents\"\ncount = 6\n\
    reflector = { resource = \"pods\", encoding = \"json\" }\n";

/// What a page says of how to run it again does so, on the scenarios that it shows.
#[test]
fn the_line_that_runs_it_again_runs_it_again() {
    let verbs = [
        "find small.toml -n 3 --vary clients.agents.count=2..9 --until peak>1GiB",
        "sweep small.toml -n 2 --vary clients.agents.count=2,4",
        "compare small.toml -n 3 --seed 7 --set-b clients.agents.count=8",
        "find small.toml -n 3 --vary clients.agents.count=2..9:3 --until peak>1GiB --set run.seed=3",
        "run small.toml --until-ci 40% -n 30 --seed 5 --set clients.agents.count=7",
        "advise small.toml -n 4 --max-runs 40 --only memory,cpu --probability 40%",
        "assess small.toml -n 2 --max-runs 0 --probability 90%",
        "forecast grown.toml -n 2 --max-runs 0 --within 12 --storm steady --from 2026-11-30",
        "no-return small.toml --until peak>1MiB --continuations 2 --replication 1",
    ];
    for verb in verbs {
        let name = verb.split(' ').next().expect("a verb");
        let grown = format!("{SMALL}[growth]\nrates = [\"objects.pods.count=+9% per month\"]\n");
        let files = [("small.toml", SMALL), ("grown.toml", &*grown)];
        let place = folder_with("again", name, &files);
        let quick = ["--no-charts", "-q", "--no-progress"];
        let line: Vec<&str> = verb.split(' ').chain(quick).chain(["-o", "out"]).collect();
        let output = finished(&mut command(&place, &line));
        // Some say by it what they found.
        let exit = output.status.code();
        assert!(matches!(exit, Some(0 | 3 | 4)), "{verb}: {}", support::stderr(&output));
        let out = place.join("out");
        let page = page(&out);
        let (_, rest) = page.split_once("<pre>oomcast ").expect("a line to run");
        let (again, _) = rest.split_once("</pre>").expect("an end");
        let again = again.replace("&#39;", "'").replace("&gt;", ">").replace("&lt;", "<");
        assert!(again.starts_with(name), "{again}");
        for to in ["scenario", "a", "b"] {
            let from = out.join(format!("{to}.effective.toml"));
            if from.exists() {
                fs::copy(from, place.join(format!("{to}.toml"))).expect("copies");
            }
        }
        let binary = env!("CARGO_BIN_EXE_oomcast");
        let line = format!("{binary} {again} {} -o again", quick.join(" "));
        let output = Command::new("bash").args(["-c", &line]).current_dir(&place).output();
        let output = output.expect("bash is there");
        assert_eq!(output.status.code(), exit, "{again}: {}", support::stderr(&output));
        let result = if name == "run" { "summary" } else { name };
        let result = format!("{result}.json");
        let read = |folder: &str| {
            let text = fs::read_to_string(place.join(folder).join(&result)).expect("there");
            // Sides of a comparison are called by their files.
            text.lines().filter(|line| !line.contains("\"label\"")).collect::<String>()
        };
        assert_eq!(read("again"), read("out"), "{again}");
    }
}
