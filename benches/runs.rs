//! What a replication costs: CPU time and memory, as ratios within one run.
//!
//! `cargo bench --bench runs` prints the table. Absolute times vary between machines and with their
//! load, ratios much less: each row is the median over interleaved rounds, and its ratio is to the
//! first row of the same round. Under `cargo test --benches` each case runs once for a simulated
//! second: it only shows that the bench runs.
//!
//! - *kep-3157-buffered*: the README's first command, one of its replications; and the same with the
//!   timelines that charts are drawn from.
//! - *ha-cascade*: three servers in a crash loop, 600 agents that relist again and again.
//! - *large-cluster*: 5,000 nodes, 300,000 open watches, steady churn and one restart.
//!
//! The last rows are what `report.html` of such a run costs, and how large it is.
//!
//! The memory column is the highest resident memory of the process so far (Linux), so the rows
//! stand in ascending order of what they need.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]

use std::fs;
use std::hint::black_box;
use std::sync::OnceLock;
use std::time::Instant;

use oomcast::experiment::{Replications, Subject, replicate_with, summarize};
use oomcast::model::{self, RunOptions};
use oomcast::report::folder::{Identity, RunFiles, RunFolder};
use oomcast::scenario;
use oomcast::units::SimSpan;

/// Interleaved rounds; their median counts.
const ROUNDS: u32 = 5;
/// Replications that are timed as one in the first, cheap, rows.
const BATCH: u32 = 20;

struct Case {
    name: &'static str,
    toml: &'static str,
    timelines: bool,
    batch: u32,
    /// The name of the row of its page.
    page: &'static str,
}

const CASES: [Case; 4] = [
    Case {
        name: "kep-3157-buffered",
        toml: include_str!("../scenarios/kep-3157-buffered.toml"),
        timelines: false,
        batch: BATCH,
        page: "report of kep-3157",
    },
    Case {
        name: "  with timelines",
        toml: include_str!("../scenarios/kep-3157-buffered.toml"),
        timelines: true,
        batch: BATCH,
        page: "",
    },
    Case {
        name: "ha-cascade",
        toml: include_str!("../scenarios/ha-cascade.toml"),
        timelines: false,
        batch: 1,
        page: "report of ha-cascade",
    },
    Case {
        name: "large-cluster",
        toml: include_str!("large-cluster.toml"),
        timelines: false,
        batch: 1,
        page: "",
    },
];

fn main() {
    // `cargo bench` passes `--bench`; `cargo test --benches` does not.
    let full = std::env::args().any(|argument| argument == "--bench");
    let rounds = if full { ROUNDS } else { 1 };
    let mut seconds = CASES.map(|_| Vec::new());
    let mut ratios = CASES.map(|_| Vec::new());
    let mut events = [0; CASES.len()];
    let mut memory = [None; CASES.len()];
    for round in 0..rounds {
        for (index, case) in CASES.iter().enumerate() {
            let (time, count) = run(case, round, full);
            seconds[index].push(time);
            ratios[index].push(time / seconds[0][round as usize]);
            events[index] = count;
            memory[index] = memory[index].or_else(peak_resident_mib);
        }
    }
    println!("CPU time of one replication, median of {rounds} rounds");
    println!("{:<20} {:>9} {:>8} {:>9} {:>12}", "", "ms", "ratio", "events", "peak so far");
    for (index, case) in CASES.iter().enumerate() {
        let (time, ratio) = (median(&mut seconds[index]), median(&mut ratios[index]));
        let memory = memory[index].map_or("-".to_owned(), |mib| format!("{mib:.0} MiB"));
        let ms = time * 1e3;
        println!("{:<20} {ms:>9.2} {ratio:>7.1}x {:>9} {memory:>12}", case.name, events[index]);
    }
    let first = median(&mut seconds[0]);
    for case in [&CASES[0], &CASES[2]] {
        let mut pages: Vec<(f64, u64)> = (0..rounds).map(|_| report(case, full)).collect();
        pages.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (time, bytes) = pages[pages.len() / 2];
        let (ms, ratio, kib) = (time * 1e3, time / first, bytes / 1024);
        println!("{:<20} {ms:>9.2} {ratio:>7.1}x {:>9} {kib:>8} KiB", case.page, "page");
    }
}

/// CPU seconds and bytes of the page of a run.
fn report(case: &Case, full: bool) -> (f64, u64) {
    let loaded = scenario::load(case.name, case.toml.as_bytes(), &[]);
    let mut inputs = loaded.unwrap_or_else(|mistakes| panic!("{mistakes:?}")).inputs;
    if !full {
        inputs.duration = SimSpan::secs(1);
    }
    let plan = Replications { seed: 1, replications: 1, threads: Some(1) };
    let run = |options| model::run(&inputs, options);
    let replicated = replicate_with(run, plan, |_| {}).unwrap_or_else(|error| panic!("{error}"));
    let subject = Subject {
        scenario: case.name,
        scenario_hash: "",
        seed: 1,
        release: "",
        published: &[],
        expectations: &[],
        warnings: &[],
        peak_interval: None,
    };
    let summary = summarize(&subject, &replicated);
    let identity = Identity {
        tool_version: "",
        scenario: case.name,
        scenario_hash: "",
        seed: 1,
        replications: 1,
        design_hash: None,
        command: "run scenario.toml",
    };
    let path = std::env::temp_dir().join(format!("oomcast-bench-{}", std::process::id()));
    let files = RunFiles {
        effective: case.toml,
        origins: case.toml,
        summary: &summary,
        runs: &replicated.runs,
        worst: &replicated.worst,
        others: &[],
    };
    let cost = RunFolder::open(&path, &identity, true).and_then(|mut folder| {
        folder.write_run(&files)?;
        let begin = cpu_seconds();
        folder.write_report()?;
        Ok(cpu_seconds() - begin)
    });
    let bytes = fs::metadata(path.join("report.html")).map_or(0, |file| file.len());
    // A folder that stays in the system's temporary folder does no harm.
    let _ = fs::remove_dir_all(&path);
    (cost.unwrap_or_else(|error| panic!("{error}")), bytes)
}

/// CPU seconds and engine events of one replication.
fn run(case: &Case, round: u32, full: bool) -> (f64, u64) {
    let loaded = scenario::load(case.name, case.toml.as_bytes(), &[]);
    let mut inputs = loaded.unwrap_or_else(|mistakes| panic!("{mistakes:?}")).inputs;
    let batch = if full { case.batch } else { 1 };
    if !full {
        inputs.duration = SimSpan::secs(1);
    }
    let begin = cpu_seconds();
    let mut events = 0;
    for replication in 0..batch {
        let replication = round * batch + replication;
        let options = RunOptions { seed: 1, replication, timelines: case.timelines };
        events = black_box(model::run(&inputs, options)).counters.engine_events;
    }
    ((cpu_seconds() - begin) / f64::from(batch), events)
}

/// CPU time of this thread; where the system does not tell, the time that passed.
fn cpu_seconds() -> f64 {
    let nanos = fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    nanos.map_or_else(since_start, |nanos| nanos / 1e9)
}

fn since_start() -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64()
}

/// Highest resident memory of the process so far.
fn peak_resident_mib() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<f64>().ok().map(|kib| kib / 1024.0)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
