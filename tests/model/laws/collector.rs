//! The Go collector's saw-tooth, on a server with steady garbage and nothing else.

use std::sync::Arc;

use crate::laws::world::{BURST, inputs, of_cgroup};
use oomcast::model::apiserver::plan::{Phase, RequestPlan, Stage};
use oomcast::model::apiserver::server::{Background, Plans, Server, ServerSettings};
use oomcast::model::apiserver::tag::Tag;
use oomcast::model::costs;
use oomcast::model::memory::go_heap::GcSettings;
use oomcast::model::memory::ledger::OwnerId;
use oomcast::model::memory::process::ScanWeights;
use oomcast::results::Mechanism;
use oomcast::units::{Bytes, SimSpan, SimTime};

const MB: u64 = 1_000_000;
const CORES: f64 = 4.0;
const REQUEST: SimSpan = SimSpan::secs(20);

/// A process with `live` bytes that makes `garbage` bytes a second, and serves `requests` that take
/// [`REQUEST`] of processor time each.
struct Process {
    gc: GcSettings,
    live: u64,
    garbage: u64,
    requests: u32,
    kill_at: u64,
}

/// Where the heap stood when cycles began and ended.
#[derive(Debug, Default)]
struct Teeth {
    /// Heap in use at the start of each cycle, and when it began.
    starts: Vec<(u64, SimTime)>,
    /// Heap in use at the end of each cycle.
    ends: Vec<u64>,
    /// Highest heap in use, and highest resident memory, after the first cycle.
    top: (u64, u64),
    /// Cycles in all, also where one begins as another ends.
    cycles: u64,
    /// CPU time in all, and up to when.
    cpu: (SimSpan, SimTime),
    /// When the last request was finished.
    answered: SimTime,
    killed: Option<SimTime>,
}

impl Process {
    fn run(&self, span: SimSpan) -> Teeth {
        let mut plans = Plans::default();
        let phases = vec![Phase::cpu(Stage::Working, REQUEST)];
        let plan = plans.add(RequestPlan { phases });
        let settings = Arc::new(ServerSettings {
            cores: CORES,
            cpu_limit: None,
            procs: CORES,
            hardware: inputs(BURST, &[]).hardware,
            local_clients: false,
            gc: self.gc,
            memory_high: None,
            etcd_cores: 2.0,
            request_timeout: SimSpan::secs(60),
            scan: ScanWeights::of_nobody(),
            owners: 1,
        });
        let mut server = Server::new(settings, of_cgroup(self.kill_at));
        server.boot(SimTime::ZERO);
        let objects = OwnerId::SERVER.entry(Mechanism::WatchCacheObjects);
        server.memory.add_live(objects, self.live);
        let litter = OwnerId::SERVER.entry(Mechanism::Garbage);
        server.background = Background {
            cores: 0.1,
            litter: vec![(litter, self.garbage)],
            ..Background::default()
        };
        for _ in 0..self.requests {
            server.start(&plans, plan, Tag::default(), false, SimTime::ZERO);
        }
        let (mut teeth, mut finished) = (Teeth::default(), Vec::new());
        let (mut now, mut marking) = (SimTime::ZERO, false);
        while now < SimTime::ZERO + span && teeth.killed.is_none() {
            let killed = server.process(&plans, now, &mut finished);
            if !std::mem::take(&mut finished).is_empty() {
                teeth.answered = now;
            }
            let cycles = server.memory.heap().cycles();
            server.collect(now);
            if killed {
                teeth.killed = Some(now);
            }
            server.check();
            let heap = server.memory.heap_in_use();
            if cycles > 1 {
                teeth.top.0 = teeth.top.0.max(heap);
                teeth.top.1 = teeth.top.1.max(server.memory.resident());
            }
            match (marking, server.memory.heap().marking().is_some()) {
                (false, true) => teeth.starts.push((heap, now)),
                (true, false) => teeth.ends.push(heap),
                _ => {}
            }
            marking = server.memory.heap().marking().is_some();
            server.refresh(&plans);
            now = server.next_event();
            server.settle(now);
        }
        teeth.cycles = server.memory.heap().cycles();
        teeth.cpu = (server.cpu(), now);
        teeth
    }
}

fn about(what: &str, value: f64, expected: f64, tolerance: f64) {
    let off = value / expected - 1.0;
    assert!(off.abs() < tolerance, "{what}: {value} instead of {expected}, {off:+.3}");
}

/// Heap from L to L (1 + GOGC/100), period L GOGC/100 / a.
#[test]
fn the_saw_tooth() {
    for (gogc, live, garbage) in
        [(100, 1_000, 20), (100, 500, 40), (50, 1_000, 20), (200, 400, 20), (100, 4_000, 100)]
    {
        let process = Process {
            gc: GcSettings { gogc: Some(gogc), memory_limit: None },
            live: live * MB,
            garbage: garbage * MB,
            requests: 0,
            kill_at: u64::MAX / 2,
        };
        let teeth = process.run(SimSpan::secs(1_200));
        let what = |name: &str| format!("{name} at GOGC={gogc}, {live} MB, {garbage} MB/s");
        let (low, high) = (live as f64, live as f64 * (1.0 + f64::from(gogc) / 100.0));
        let mega = |bytes: u64| bytes as f64 / MB as f64;
        // What is allocated while a cycle marks is kept until the next one.
        let last = *teeth.ends.last().expect("cycles");
        about(&what("lowest"), mega(last), low, 0.06);
        about(&what("highest"), mega(teeth.top.0), high, 0.06);
        let starts: Vec<f64> =
            teeth.starts.iter().skip(2).map(|(_, at)| at.as_secs_f64()).collect();
        let period = (starts[starts.len() - 1] - starts[0]) / (starts.len() - 1) as f64;
        about(&what("period"), period, (high - low) / garbage as f64, 0.06);
        assert!(starts.len() > 5, "{} cycles only", starts.len());
    }
}

/// Without garbage enough for a cycle, one is forced every two minutes.
#[test]
fn forced_cycles() {
    let process = Process {
        gc: GcSettings { gogc: Some(100), memory_limit: None },
        live: 1_000 * MB,
        garbage: MB,
        requests: 0,
        kill_at: u64::MAX / 2,
    };
    let starts: Vec<SimTime> =
        process.run(SimSpan::secs(1_000)).starts.iter().map(|(_, at)| *at).collect();
    for pair in starts[1..].windows(2) {
        about("period", pair[1].since(pair[0]).as_secs_f64(), 120.0, 0.01);
    }
    assert!(starts.len() >= 8, "{starts:?}");
}

/// GOMEMLIMIT keeps the process below itself as long as the live heap leaves room, also with GOGC
/// off; GOGC decides where it asks for less.
#[test]
fn the_memory_limit_clamps() {
    for gogc in [Some(100), Some(400), None] {
        let process = Process {
            gc: GcSettings { gogc, memory_limit: Some(Bytes(1_600 * MB)) },
            live: 1_000 * MB,
            garbage: 50 * MB,
            requests: 0,
            kill_at: u64::MAX / 2,
        };
        let teeth = process.run(SimSpan::secs(600));
        let most = teeth.top.1 / MB;
        assert!((1_450..1_640).contains(&most), "GOGC={gogc:?}: {most} MB");
    }
    let process = Process {
        gc: GcSettings { gogc: Some(100), memory_limit: Some(Bytes(8_000 * MB)) },
        live: 1_000 * MB,
        garbage: 50 * MB,
        requests: 0,
        kill_at: u64::MAX / 2,
    };
    about("GOGC alone", (process.run(SimSpan::secs(600)).top.0 / MB) as f64, 2_000.0, 0.06);
}

/// A limit below the live heap: cycles follow one another, processors without work mark, and all
/// processors are in use, but never more than there are.
#[test]
fn a_memory_limit_below_the_live_heap() {
    let process = Process {
        gc: GcSettings { gogc: Some(100), memory_limit: Some(Bytes(500 * MB)) },
        live: 1_000 * MB,
        garbage: 50 * MB,
        requests: 0,
        kill_at: u64::MAX / 2,
    };
    let teeth = process.run(SimSpan::secs(200));
    let (cpu, until) = teeth.cpu;
    let share = cpu.as_secs_f64() / (CORES * until.as_secs_f64());
    assert!((0.99..1.0 + 1e-6).contains(&share), "{share} of the processors");
    assert!(teeth.top.0 > 1_000 * MB && teeth.cycles > 50, "{teeth:?}");
}

/// Nor does it stop the program, however fast that allocates (no death spiral): the collector takes
/// half of the time at most, and memory grows past the limit.
#[test]
fn a_memory_limit_leaves_half_of_the_processors() {
    let process = Process {
        gc: GcSettings { gogc: Some(100), memory_limit: Some(Bytes(500 * MB)) },
        live: 1_000 * MB,
        garbage: 1_000 * MB,
        requests: 4,
        kill_at: u64::MAX / 2,
    };
    let teeth = process.run(SimSpan::secs(200));
    // A core each; what runs beside marking gets less done in its time.
    let alone = REQUEST.as_secs_f64() / costs::EFFICIENCY_WHILE_MARKING;
    let took = teeth.answered.as_secs_f64();
    assert!((alone / 0.75..1.05 * alone / 0.5).contains(&took), "{took} s, {alone} s alone");
    let (cpu, until) = teeth.cpu;
    assert!(cpu.as_secs_f64() <= CORES * until.as_secs_f64() * (1.0 + 1e-6));
}

/// Without collection, garbage goes to the limit in a straight line, and the kernel kills at it.
#[test]
fn without_collection_the_kill_comes_on_time() {
    let process = Process {
        gc: GcSettings { gogc: None, memory_limit: None },
        live: 1_000 * MB,
        garbage: 20 * MB,
        requests: 0,
        kill_at: 2_133 * MB,
    };
    let teeth = process.run(SimSpan::secs(110));
    // 86 + 47 MB of binary and runtime, 1,000 live, 20 a second.
    let at = teeth.killed.expect("killed").as_secs_f64();
    assert!((at - 50.0).abs() < 1e-6, "killed at {at}");
}
