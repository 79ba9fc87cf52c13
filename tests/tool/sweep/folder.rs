//! What a sweep writes and prints.

use std::fs;

use super::{STORM, files, scratch};
use crate::support::{done, oomcast, stderr, stdout};

#[test]
fn the_result_is_the_same_everywhere() {
    let root = scratch("result");
    let swept = done(&root, &["sweep", STORM, "-o", "out", "--no-charts"]);
    let screen = stdout(&swept);
    // How long it took, and how many files there are without a feature, varies.
    let varies = |line: &&str| line.starts_with("took") || line.starts_with("wrote");
    let lines = screen.lines().filter(|line| !varies(line));
    let screen: Vec<String> = lines.map(|line| line.replace(STORM, "storm.toml")).collect();
    insta::assert_snapshot!("screen", screen.join("\n"));
    let prose = |line: &&String| line.starts_with("next:");
    for line in screen.iter().filter(|line| !prose(line)) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let markdown = fs::read_to_string(root.join("out/sweep.md")).unwrap();
    insta::assert_snapshot!("markdown", markdown);
    let csv = fs::read_to_string(root.join("out/points.csv")).unwrap();
    let first: Vec<&str> = csv.lines().take(3).collect();
    insta::assert_snapshot!("csv", first.join("\n"));
    let mut found = files(&root.join("out"));
    assert_eq!(found.remove("points.parquet").is_some(), cfg!(feature = "parquet"));
    let names: Vec<String> = found.into_keys().collect();
    insta::assert_snapshot!("files", names.join("\n"));
    let manifest = fs::read_to_string(root.join("out/run.json")).unwrap();
    assert!(manifest.contains("\"status\": \"complete\""), "{manifest}");
}

#[test]
fn json_and_csv_say_the_same() {
    let root = scratch("same");
    let swept = done(&root, &["sweep", STORM, "-o", "out", "--format", "json", "--no-charts"]);
    let sweep: serde_json::Value = serde_json::from_str(&stdout(&swept)).unwrap();
    let csv = fs::read_to_string(root.join("out/points.csv")).unwrap();
    let mut lines = csv.lines();
    let columns: Vec<&str> = lines.next().unwrap().split(',').collect();
    let column = |name: &str| columns.iter().position(|c| *c == name).unwrap();
    let rows = sweep["rows"].as_array().unwrap();
    assert_eq!((rows.len(), lines.clone().count()), (24, 24));
    for (line, row) in lines.zip(rows) {
        let cells: Vec<&str> = line.split(',').collect();
        let cell = |name: &str| cells[column(name)].parse::<u64>().unwrap();
        let figures = &row["figures"];
        let limit = row["values"][1]["number"].as_f64().unwrap();
        assert_eq!(cell("apiserver.memory-limit_bytes"), limit as u64);
        assert_eq!(cell("oom_runs"), figures["oom"]["count"]);
        assert_eq!(cell("peak_p95_bytes"), figures["peak_resident_bytes"]["p95"]);
        assert_eq!(cell("limit_bytes"), cell("apiserver.memory-limit_bytes"));
    }
}

#[test]
fn a_point_is_a_run_with_the_same_settings() {
    let root = scratch("point");
    let swept = done(&root, &["sweep", STORM, "-o", "out", "--format", "json", "--no-charts"]);
    let sweep: serde_json::Value = serde_json::from_str(&stdout(&swept)).unwrap();
    let row = &sweep["rows"][17];
    let set = |axis: usize| {
        let key = sweep["design"]["axes"][axis]["key"].as_str().unwrap();
        format!("{key}={}", row["values"][axis]["text"].as_str().unwrap())
    };
    let (a, b) = (set(0), set(1));
    let flags = ["run", STORM, "--set", &a, "--set", &b, "--format", "json", "--no-charts"];
    let run = done(&root, &[&flags[..], &["-o", "run"]].concat());
    let run: serde_json::Value = serde_json::from_str(&stdout(&run)).unwrap();
    for key in ["oom", "peak_resident_bytes", "outcomes", "cpu_seconds"] {
        let exact = |value: &serde_json::Value| {
            value.as_f64().map_or_else(|| value.to_string(), |x| format!("{x:.6}"))
        };
        assert_eq!(exact(&row["figures"][key]), exact(&run[key]), "{key}");
    }
}

#[test]
fn screening_ranks_the_keys() {
    let root = scratch("screening");
    let flags = [
        "--sensitivity",
        "--samples",
        "6",
        "--no-charts",
        "--vary",
        "clients.agents.count=2..12",
        "--vary",
        "clients.agents.start-jitter=1s..20s",
        "--vary",
        "etcd.latency=1ms..2ms",
    ];
    let swept = oomcast(&root, &[&["sweep", STORM, "-o", "out", "-n", "2"][..], &flags].concat());
    assert_eq!(swept.status.code(), Some(0), "{}", stderr(&swept));
    let sweep = fs::read_to_string(root.join("out/sweep.json")).unwrap();
    let sweep: serde_json::Value = serde_json::from_str(&sweep).unwrap();
    let ranked = sweep["sensitivity"].as_array().unwrap();
    let keys: Vec<&str> = ranked.iter().map(|one| one["key"].as_str().unwrap()).collect();
    assert_eq!(keys.last(), Some(&"etcd.latency"));
    assert_eq!(ranked[0]["effects"], 6);
    assert_eq!(sweep["rows"].as_array().unwrap().len(), 24);
    let table: Vec<String> =
        stdout(&swept).lines().take(8).map(|line| line.trim_end().to_owned()).collect();
    insta::assert_snapshot!("screening", table.join("\n"));
}
