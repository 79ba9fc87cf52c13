//! Requests through one queue set: arrivals per second, and as a ratio to bare events within one run.
//!
//! `cargo bench --bench apf` prints the table; absolute rates vary between machines and with their
//! load, ratios much less, so each is the median over interleaved rounds. Each round holds its
//! loads against the event queue alone, where each of 1,000 pending events schedules one successor
//! (`hold 1000` of the bench `engine`). Under `cargo test --benches` the sizes are tiny: it only
//! shows that the bench runs.
//!
//! An arrival is a whole request: dealt to a queue, dispatched, finished. The level is workload-low
//! of the defaults (128 queues, hand size 6, 245 seats), requests come from 1,000 flows.
//!
//! - *seats free*: nothing waits; each request is dispatched as it arrives.
//! - *N waiting*: all seats are taken and N requests wait; each finish lets the next one in.
//! - *wide*: the same with LISTs of 10 seats among requests of 1.
//! - *rejected*: all queues are full; most arrivals are turned away.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::Instant;

use oomcast::engine::{EventQueue, Stream, Streams};
use oomcast::model::apf::queue_set::{QueueSet, Queuing, RequestId};
use oomcast::model::apf::work_estimate::WorkEstimate;
use oomcast::units::{SimSpan, SimTime};

/// Interleaved rounds; their median counts.
const ROUNDS: usize = 5;
/// Seats of the level.
const SEATS: u64 = 245;
/// Flows, as many as agents in a large cluster.
const FLOWS: usize = 1_000;

#[derive(Clone, Copy)]
struct Load {
    name: &'static str,
    /// Requests in the set, executing or waiting, kept so.
    held: usize,
    /// Seats of every fourth request; of the others 1.
    wide: u64,
    queue_length_limit: u64,
}

const LOADS: [Load; 5] = [
    Load { name: "seats free", held: 100, wide: 1, queue_length_limit: 50 },
    Load { name: "1000 waiting", held: 1_245, wide: 1, queue_length_limit: 50 },
    Load { name: "5000 waiting", held: 5_245, wide: 1, queue_length_limit: 50 },
    Load { name: "1000 waiting, wide", held: 1_100, wide: 10, queue_length_limit: 50 },
    Load { name: "rejected", held: 1_245, wide: 1, queue_length_limit: 1 },
];

fn main() {
    // `cargo bench` passes `--bench`; `cargo test --benches` does not.
    let full = std::env::args().any(|argument| argument == "--bench");
    let steps = if full { 2_000_000 } else { 2_000 };
    let (mut rates, mut ratios) = (LOADS.map(|_| Vec::new()), LOADS.map(|_| Vec::new()));
    let mut bare = Vec::new();
    for _ in 0..ROUNDS {
        let hold = steps as f64 / hold(steps) / 1e6;
        bare.push(hold);
        for (index, load) in LOADS.iter().enumerate() {
            let rate = steps as f64 / requests(load, steps) / 1e6;
            rates[index].push(rate);
            ratios[index].push(rate / hold);
        }
    }
    println!("median of {ROUNDS} rounds; ratio: to events of the bare event queue");
    println!("{:<20} {:>10} {:>8}", "", "million/s", "ratio");
    println!("{:<20} {:>10.2} {:>7.2}x", "events, hold 1000", median(bare), 1.0);
    for (load, (rates, ratios)) in LOADS.iter().zip(rates.into_iter().zip(ratios)) {
        println!("{:<20} {:>10.2} {:>7.2}x", load.name, median(rates), median(ratios));
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The seconds that so many arrivals take.
fn requests(load: &Load, steps: usize) -> f64 {
    let mut draws = Streams::new(1, 0).stream("bench", 0);
    let hashes: Vec<u64> = (0..FLOWS).map(|_| hash(&mut draws)).collect();
    let queuing =
        Queuing::Queue { queues: 128, hand_size: 6, queue_length_limit: load.queue_length_limit };
    let set = QueueSet::new(queuing, SEATS, SimTime::ZERO).expect("a possible shape");
    let mut level = Level { set, executing: VecDeque::new(), now: SimTime::ZERO, arrived: 0 };
    let estimates = [WorkEstimate::of_seats(load.wide), WorkEstimate::of_seats(1)];
    let mut step = |count| {
        for _ in 0..count {
            let at = level.arrived as usize;
            level.arrive(
                hashes[at * 7 % FLOWS],
                &estimates[usize::from(!at.is_multiple_of(4))],
                load.held,
            );
        }
    };
    // Until the set holds what it is to hold, and a turnover of it.
    step(2 * load.held);
    let begin = Instant::now();
    step(steps);
    let seconds = begin.elapsed().as_secs_f64();
    black_box(level.set.totals());
    seconds
}

fn hash(draws: &mut Stream) -> u64 {
    (draws.uniform() * 1.8e19) as u64
}

/// A level whose requests finish in the order in which they were dispatched.
struct Level {
    set: QueueSet,
    executing: VecDeque<RequestId>,
    now: SimTime,
    arrived: u64,
}

impl Level {
    /// A request arrives, and where more than `held` are there the oldest in execution finishes.
    fn arrive(&mut self, hash: u64, estimate: &WorkEstimate, held: usize) {
        self.now += SimSpan(40_000);
        black_box(self.set.start_request(self.now, hash, estimate, self.arrived));
        self.arrived += 1;
        self.drain();
        let totals = self.set.totals();
        if (totals.waiting + totals.executing) as usize > held
            || totals.rejected > 0 && self.arrived.is_multiple_of(4)
        {
            if let Some(id) = self.executing.pop_front() {
                self.set.finish(self.now, id);
            }
            self.drain();
        }
    }

    fn drain(&mut self) {
        while let Some(id) = self.set.next_dispatched() {
            self.executing.push_back(id);
        }
    }
}

/// The seconds that so many events of the hold model take.
fn hold(steps: usize) -> f64 {
    const PENDING: u32 = 1_000;
    let mut draws = Streams::new(1, 0).stream("bench", 1);
    let mut queue = EventQueue::new();
    for entity in 0..PENDING {
        queue.push(SimTime::ZERO + draws.exponential(SimSpan::secs(1)), entity);
    }
    let begin = Instant::now();
    for _ in 0..steps {
        if let Some((now, entity)) = queue.pop() {
            queue.push(now + draws.exponential(SimSpan::secs(1)), entity);
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    black_box(queue.pop());
    seconds
}
