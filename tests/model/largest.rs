//! The largest that can be written: refused with what can be had, or run within bounds.

use std::path::Path;

use crate::hostile::{BASE, refusal};
use crate::support::{self, folder_with, oomcast};

/// What nobody can have is told with what can be had.
#[test]
fn more_than_the_tool_takes_is_refused() {
    let cases: [(&[&str], &str); 6] = [
        (&["apiserver.replicas=1000"], "must be between 1 and 32"),
        (&["run.duration=87600h"], "must be between 1ms and 30d"),
        (
            &["objects.secrets.count=1_000_000", "objects.secrets.size='64MiB'"],
            "would store 61.0 TiB; at most 1.00 TiB",
        ),
        (&["clients.reflectors.count=1_000_000_000"], "between 1 and 1_000_000"),
        (&["run.replications=1_000_000_000"], "between 1 and 100_000"),
        (
            &["apiserver.replicas=32", "run.replications=100_000"],
            "replications leave would take 5.02 GiB; at most 1.00 GiB",
        ),
    ];
    for (set, expected) in cases {
        let told = refusal(BASE, set);
        assert!(told.contains(expected), "{told}");
    }
    let queues =
        "\n[[apf.levels]]\nname = \"many\"\ntype = \"queue\"\nqueues = 990_000\nhand-size = 1\n";
    assert!(support::load(&format!("{BASE}{queues}"), &["apiserver.replicas=1"]).is_ok());
    let told = refusal(&format!("{BASE}{queues}"), &["apiserver.replicas=32"]);
    assert!(told.contains("more than 1_000_000 queues in total on 32 servers"), "{told}");
    assert!(told.contains("at most 31250 on each"), "{told}");
    let event = |n: u32| format!("[[events]]\nname = \"e{n}\"\nat = \"1m\"\n");
    let events = (0..9_000).fold(BASE.to_owned(), |text, n| text + &event(n));
    let told = refusal(&events, &["run.replications=5_000"]);
    assert!(told.contains("what 5000 replications leave would take"), "{told}");
    let here = folder_with("hostile", "refused", &[("s.toml", BASE)]);
    let ten_million = ["clients.listers.count=1..10000:1", "objects.secrets.count=1..1000:1"];
    let sweep = ["sweep", "s.toml", "--vary", ten_million[0], "--vary", ten_million[1]];
    let refused = oomcast(&here, &sweep);
    assert_eq!(refused.status.code(), Some(2));
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(told.contains("10 000 000 points; a sweep may have at most 1 000 000"), "{told}");
    assert!(!here.join("output").exists());
}

/// Runs a command in 2 GB of address space; returns its exit code and what it said.
#[cfg(target_os = "linux")]
fn in_two_gigabytes(folder: &Path, arguments: &str) -> (Option<i32>, String) {
    let binary = env!("CARGO_BIN_EXE_oomcast");
    let script = format!("ulimit -v 2000000 && exec {binary} {arguments}");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &script]).current_dir(folder).env("OOMCAST_STOP_AFTER_RUNS", "2");
    let output = command.output().expect("a shell");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// 32 servers, 30 days, a million clients; every table with as many entries or as high numbers as it
/// takes; the largest sweep: bounded by `run.max-events`, and below 2 GB.
#[cfg(target_os = "linux")]
#[test]
fn the_largest_scenarios_stay_below_two_gigabytes() {
    let most = BASE
        .replace("10m", "30d")
        .replace("200_000", "20_000")
        .replace("replicas = 3", "replicas = 32");
    let million = most.replace("count = 20\n", "count = 1_000_000\n");
    let mut tables = most.replace("16GiB", "1TiB");
    for n in 0..200 {
        let kind = format!(
            "[objects.kind{n}]\ncount = 50_000\nsize = \"2kB\"\nshape = \"custom\"\nversions = 4\n\
             writes = \"100/s\"\n[[clients]]\nname = \"fleet{n}\"\ncount = 1_000\nstart = \"running\"\n\
             reflector = {{ resource = \"kind{n}\" }}\n[[events]]\nname = \"event{n}\"\nat = \"1h\"\n\
             restart = {{ client = \"fleet{n}\" }}\n"
        );
        tables += &kind;
    }
    let here = folder_with("hostile", "largest", &[("m.toml", &million), ("t.toml", &tables)]);
    for file in ["m.toml", "t.toml"] {
        let run = format!("run {file} -n 1 -j 2 -q --no-charts -o out --force");
        let (code, told) = in_two_gigabytes(&here, &run);
        assert_eq!(code, Some(4), "{file}: {told}");
        assert!(told.contains("hit the event limit (run.max-events = 20000)"), "{told}");
    }
    let axes = "--vary clients.listers.count=1..1000:1 --vary objects.secrets.count=1..1000:1";
    let more = "--set clients.reflectors.count=1 --set run.duration=40s";
    let sweep = format!("sweep m.toml -n 1 -j 1 -o sweep {axes} {more}");
    let (code, told) = in_two_gigabytes(&here, &sweep);
    assert_eq!(code, Some(130), "{told}");
    assert!(told.contains("of 1000000 points: they are kept"), "{told}");
}
