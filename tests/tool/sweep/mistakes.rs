//! What cannot be swept is told, and nothing that was computed is lost.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::{STORM, files, scratch};
use crate::support::{done, oomcast, stderr, stdout};

/// What is told about a command that must fail with a code, without the paths of this machine.
fn told(folder: &Path, arguments: &[&str], code: i32) -> String {
    let output = oomcast(folder, arguments);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    assert!(!text.contains("panicked"), "{text}");
    assert!(stdout(&output).is_empty() || code == 4, "{}", stdout(&output));
    text.replace(STORM, "storm.toml")
}

#[test]
fn designs_that_make_no_sweep() {
    let root = scratch("designs");
    let sweep = |flags: &[&str]| told(&root, &[&["sweep", STORM][..], flags].concat(), 2);
    let mut text = String::new();
    for flags in [
        &["--vary", "clients.agents.cuont=1..8:1"][..],
        &["--vary", "clients.agent.count=1..8:1", "--vary", "objects.podz.count=1,2"],
        &["--vary", "clients.agents.count=8..1:1"],
        &["--vary", "apiserver.memory-limit=8GiB..64GiB:8s"],
        &["--vary", "clients.agents.count=1..8"],
        &[
            "--vary",
            "clients.agents.count=1..100000:1",
            "--vary",
            "objects.configmaps.count=1..100000:1",
        ],
        &["--vary", "objects.configmaps.count=0..1000000000:1"],
        &["--vary", "clients.agents.count=1,2", "--vary", "clients.agents.count=3,4"],
        &["--vary", "clients.agents.count=1,2", "--design", "random"],
        &["--vary", "clients.agents.count=1,2", "--samples", "3"],
        &["--vary", "clients.agents.count=1", "--sensitivity"],
        &["--vary", "clients.agents.count"],
        &["--shard", "5/3"],
        &["--shard", "env"],
    ] {
        let _ = writeln!(text, "$ oomcast sweep storm.toml {}\n{}", flags.join(" "), sweep(flags));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_table_that_makes_no_sweep() {
    let root = scratch("table");
    let text = fs::read_to_string(STORM).unwrap();
    let broken = |from: &str, to: &str| {
        assert!(text.contains(from));
        fs::write(root.join("storm.toml"), text.replace(from, to)).unwrap();
        told(&root, &["sweep", "storm.toml"], 2)
    };
    let mut found = broken("clients.agents.count=2..12:2", "clients.agnets.count=2..12:2");
    found += &broken("clients.agents.count=2..12:2", "clients.agents.count=12..2:2");
    found += &broken("clients.agents.count=2..12:2", "clients.agents.count=2..12");
    found += &broken("[sweep]", "[sweep]\ndesign = \"grdi\"");
    fs::write(root.join("storm.toml"), text.split("[sweep]").next().unwrap()).unwrap();
    found += &told(&root, &["sweep", "storm.toml"], 2);
    insta::assert_snapshot!(found);
}

/// The row file of a sweep that was stopped after some points.
fn stopped(root: &Path) -> String {
    done(root, &["sweep", STORM, "-o", "out"]);
    let rows = fs::read_to_string(root.join("out/rows.jsonl")).expect("rows");
    let kept: Vec<&str> = rows.split_inclusive('\n').take(9).collect();
    kept.concat()
}

#[test]
fn damaged_and_foreign_rows_are_left_as_they_are() {
    let root = scratch("damaged");
    let sound = stopped(&root);
    let rows = root.join("out/rows.jsonl");
    let damaged = sound.replacen("\"point\":3", "\"point\":4", 1);
    let mut text = String::new();
    for (what, content) in [
        ("a changed digit", damaged.as_str()),
        ("an empty line", &sound.replacen('\n', "\n\n", 3)),
        ("another file", "point,peak\n1,2\n"),
        ("another format", &sound.replacen("\"sweep\":", "\"weeps\":", 1)),
    ] {
        fs::write(&rows, content).unwrap();
        let flags = ["sweep", STORM, "-o", "out", "--resume"];
        let _ = writeln!(text, "{what}:\n{}", told(&root, &flags, 2));
        assert_eq!(fs::read_to_string(&rows).unwrap(), content, "{what}");
        let merge = told(&root, &["merge", "out", "-o", "merged"], 2);
        assert!(merge.contains("rows.jsonl"), "{merge}");
    }
    insta::assert_snapshot!(text);
    // As told: without the damaged line, its point is computed again.
    let line = damaged.lines().position(|line| line.contains("\"point\":4")).unwrap();
    let kept: Vec<&str> = damaged
        .split_inclusive('\n')
        .enumerate()
        .filter(|(n, _)| *n != line)
        .map(|l| l.1)
        .collect();
    fs::write(&rows, kept.concat()).unwrap();
    done(&root, &["sweep", STORM, "-o", "out", "--resume"]);
    assert!(fs::read_to_string(&rows).unwrap().starts_with(&sound));
}

#[test]
fn rows_of_another_sweep_are_not_touched() {
    let root = scratch("another");
    done(&root, &["sweep", STORM, "-o", "out"]);
    let before = files(&root.join("out"));
    let mut text = String::new();
    for flags in [
        &["-n", "5", "--resume"][..],
        &["--seed", "5", "--resume"],
        &["--set", "apiserver.gogc=50", "--resume"],
        &["--vary", "clients.agents.count=1,2", "--resume"],
        &[],
    ] {
        let all = [&["sweep", STORM, "-o", "out"][..], flags].concat();
        let _ = writeln!(text, "{}:\n{}", flags.join(" "), told(&root, &all, 2));
        assert_eq!(files(&root.join("out")), before);
    }
    text += &told(&root, &["run", STORM, "-o", "out"], 2);
    insta::assert_snapshot!(text);
    assert_eq!(files(&root.join("out")), before);
    done(&root, &["sweep", STORM, "-o", "out", "--force", "-n", "5"]);
}

#[test]
fn shards_of_different_sweeps_do_not_add_up() {
    let root = scratch("strangers");
    done(&root, &["sweep", STORM, "--shard", "1/2", "-o", "a"]);
    done(&root, &["sweep", STORM, "--shard", "2/2", "-o", "b", "--seed", "9"]);
    insta::assert_snapshot!(told(&root, &["merge", "a", "b"], 2));
    fs::create_dir(root.join("empty")).unwrap();
    assert!(told(&root, &["merge", "empty"], 2).contains("no rows of a sweep"));
    assert!(told(&root, &["merge", "nowhere"], 2).contains("nowhere"));
}

#[test]
fn two_processes_do_not_write_to_one_folder() {
    let root = scratch("busy");
    done(&root, &["sweep", STORM, "-o", "out"]);
    let lock = fs::File::options().write(true).open(root.join("out/.lock")).unwrap();
    lock.lock().unwrap();
    let text = told(&root, &["sweep", STORM, "-o", "out", "--resume"], 2);
    assert!(text.contains("another oomcast is writing to out"), "{text}");
    drop(lock);
    done(&root, &["sweep", STORM, "-o", "out", "--resume"]);
}

#[test]
fn points_that_cannot_be_run_do_not_lose_the_others() {
    let root = scratch("failing");
    // Fewer agents than the event starts; and one that takes more work than it is allowed.
    let text = fs::read_to_string(STORM).unwrap();
    let text = text.replace("client = \"agents\" }", "client = \"agents\", count = 5 }");
    fs::write(root.join("storm.toml"), text).unwrap();
    let flags = ["sweep", "storm.toml", "-o", "out", "--vary", "clients.agents.count=2..8:2"];
    let failed = oomcast(&root, &flags);
    assert_eq!(failed.status.code(), Some(4), "{}", stderr(&failed));
    assert!(stderr(&failed).contains("of 4 points, 2 could not be run"), "{}", stderr(&failed));
    let screen = stdout(&failed);
    let timeless: Vec<&str> = screen
        .lines()
        .filter(|line| !line.starts_with("took") && !line.starts_with("wrote"))
        .collect();
    insta::assert_snapshot!(timeless.join("\n"));
    let csv = fs::read_to_string(root.join("out/points.csv")).unwrap();
    let errors = csv.lines().filter(|line| line.contains("E0207")).count();
    assert_eq!((csv.lines().count(), errors), (5, 2), "{csv}");
    let cut = ["--set", "run.max-events=50", "--vary", "clients.agents.count=6,8", "-o", "cut"];
    let cut = oomcast(&root, &[&["sweep", "storm.toml"][..], &cut].concat());
    assert_eq!(cut.status.code(), Some(4), "{}", stderr(&cut));
    assert!(stderr(&cut).contains("hit the event limit"), "{}", stderr(&cut));
}
