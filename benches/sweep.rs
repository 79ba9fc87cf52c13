//! What a second thread is worth to a sweep, and how long 1,000 runs take.
//!
//! `cargo bench --bench sweep` sweeps the README's first scenario over 50 sizes of its node, 20
//! replications each, on one and on two threads in turn; rows are written as `oomcast sweep` writes
//! them. The ratio is of the fastest rounds: what disturbs a round can only slow it down. On a machine
//! that others use, also look at the CPU time: it is the same for both where threads do not get into
//! each other's way. Under `cargo test --benches` each case runs once for a simulated second.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use oomcast::experiment::sweep::{self, Points, Task};
use oomcast::model::{self, RunOptions};
use oomcast::report::sweep::rows::First;
use oomcast::report::sweep::writing::RowFile;
use oomcast::results::PointRow;
use oomcast::scenario::sweep::{Design, SweepPlan};
use oomcast::scenario::{Scenario, Template, Vary};

/// Rounds, of which the fastest counts.
const ROUNDS: u32 = 5;
const SCENARIO: &[u8] = include_bytes!("../scenarios/kep-3157-buffered.toml");

fn main() {
    // `cargo bench` passes `--bench`; `cargo test --benches` does not.
    let full = std::env::args().any(|argument| argument == "--bench");
    let threads = [1, 2];
    let mut fastest = [f64::INFINITY; 2];
    let mut least = [f64::INFINITY; 2];
    for _ in 0..if full { ROUNDS } else { 1 } {
        for (index, threads) in threads.into_iter().enumerate() {
            let (wall, cpu) = round(threads, full);
            fastest[index] = fastest[index].min(wall);
            least[index] = least[index].min(cpu);
        }
    }
    println!("{:<10} {:>9} {:>9} {:>8}", "threads", "wall s", "CPU s", "ratio");
    for (index, threads) in threads.into_iter().enumerate() {
        let ratio = fastest[0] / fastest[index];
        println!("{threads:<10} {:>9.3} {:>9.3} {ratio:>7.2}x", fastest[index], least[index]);
    }
}

/// Wall and CPU seconds of 1,000 runs.
fn round(threads: usize, full: bool) -> (f64, f64) {
    let short = ["run.duration=15m".to_owned(), "run.replications=2".to_owned()];
    let fixed = ["run.replications=20".to_owned()];
    let template =
        Template::of_text("kep-3157-buffered", SCENARIO, if full { &fixed } else { &short });
    let base = template.load(&[]).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let vary = Vary::parse("node.memory=12GiB..61GiB:1GiB");
    let vary = vec![vary.unwrap_or_else(|mistakes| panic!("{mistakes:?}"))];
    let plan = SweepPlan { vary, design: Design::Grid, samples: None };
    let points = Points::new(&plan, base.seed).unwrap_or_else(|error| panic!("{error}"));
    let which: Vec<u32> = (0..if full { points.count() } else { 2 }).collect();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-sweep");
    fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{error}"));
    let first = First { head: sweep::head(&base, &plan, &points, "bench"), ..First::default() };
    let rows = RowFile::open(&folder, &first, None).unwrap_or_else(|error| panic!("{error}"));
    let rows = Mutex::new(rows);
    let each = |row: PointRow| {
        assert!(row.is_complete(), "{:?}", row.error);
        rows.lock().unwrap_or_else(std::sync::PoisonError::into_inner).append(&row).map(drop)
    };
    let run = |scenario: &Scenario, options: RunOptions| model::run(&scenario.inputs, options);
    let task = Task {
        template: &template,
        plan: &plan,
        points: &points,
        which: &which,
        threads: Some(threads),
    };
    let (begun, cpu) = (Instant::now(), cpu_seconds());
    sweep::sweep(&task, &run, &each).unwrap_or_else(|error| panic!("{error}"));
    (begun.elapsed().as_secs_f64(), cpu_seconds() - cpu)
}

/// CPU time of this process, in hundredths of a second; 0 where the system does not tell.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<f64> =
        after_name.split_whitespace().map(|field| field.parse().unwrap_or(0.0)).collect();
    // utime and stime, the 14th and 15th of all, in USER_HZ, which is 100 on Linux.
    fields.get(11..13).map_or(0.0, |times| times.iter().sum::<f64>() / 100.0)
}
