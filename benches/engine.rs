//! The event queue against the standard heap: ratios of event rates within one run.
//!
//! `cargo bench --bench engine` prints the table; absolute rates vary between machines and with their
//! load, ratios much less, so each ratio is the median over interleaved rounds. Under
//! `cargo test --benches` the sizes are tiny: it only shows that the bench runs.
//!
//! - *hold N*: N pending; each event schedules one successor, exponentially distributed.
//! - *mix N*: the same with four events in five short (mean 50 ms) and the fifth a timer 5 to 10
//!   minutes ahead, so that nearly all that is pending are timers: the shape of watches and resyncs.
//! - *M/M/8*: a queue with eight servers, load 0.9: a handful pending, most of the time is dispatch.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]

use std::hint::black_box;
use std::time::Instant;

use oomcast::engine::{EventQueue, ReferenceQueue, Stream, Streams};
use oomcast::units::{SimSpan, SimTime};

/// Interleaved rounds; their median counts.
const ROUNDS: usize = 5;
/// The mean delay of the hold model.
const SECOND: SimSpan = SimSpan::secs(1);

fn main() {
    // `cargo bench` passes `--bench`; `cargo test --benches` does not.
    let full = std::env::args().any(|argument| argument == "--bench");
    let events = if full { 2_000_000 } else { 2_000 };
    println!(
        "million events per second, median of {ROUNDS} rounds; ratio: median of the rounds' ratios"
    );
    println!("{:<16} {:>8} {:>8} {:>8}", "", "wheel", "heap", "ratio");
    for pending in [1_000, 100_000, 1_000_000] {
        let pending = if full { pending } else { pending / 1_000 };
        row(&format!("hold {pending}"), events, |n| Load::Hold { pending, steps: n });
    }
    for pending in [1_000, 100_000, 1_000_000] {
        let pending = if full { pending } else { pending / 1_000 };
        row(&format!("mix {pending}"), events, |n| Load::Mix { pending, steps: n });
    }
    row("M/M/8", events, |n| Load::Mm8 { customers: n / 2 });
}

/// Measures one load on both queues and prints its row.
fn row(name: &str, events: usize, load: impl Fn(usize) -> Load) {
    let load = load(events);
    let (mut wheel, mut heap, mut ratio) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let mut rates = [0.0; 2];
        // Each goes first in turn: what the first leaves in the caches, the other finds.
        for turn in [round % 2, 1 - round % 2] {
            let seconds = match turn {
                0 => load.run(EventQueue::new()),
                _ => load.run(ReferenceQueue::new()),
            };
            rates[turn] = events as f64 / seconds / 1e6;
        }
        wheel.push(rates[0]);
        heap.push(rates[1]);
        ratio.push(rates[0] / rates[1]);
    }
    let (wheel, heap, ratio) = (median(wheel), median(heap), median(ratio));
    println!("{name:<16} {wheel:>8.2} {heap:>8.2} {ratio:>7.2}x");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What both queues can do.
trait Queue {
    fn push(&mut self, at: SimTime, event: Event);
    fn pop(&mut self) -> Option<(SimTime, Event)>;
}

impl Queue for EventQueue<Event> {
    fn push(&mut self, at: SimTime, event: Event) {
        EventQueue::push(self, at, event);
    }
    fn pop(&mut self) -> Option<(SimTime, Event)> {
        EventQueue::pop(self)
    }
}

impl Queue for ReferenceQueue<Event> {
    fn push(&mut self, at: SimTime, event: Event) {
        ReferenceQueue::push(self, at, event);
    }
    fn pop(&mut self) -> Option<(SimTime, Event)> {
        ReferenceQueue::pop(self)
    }
}

/// An event of a model's usual size: a kind and two numbers.
#[derive(Clone, Copy, Debug)]
enum Event {
    Work { entity: u32, generation: u32 },
    Arrive,
    Leave,
}

#[derive(Clone, Copy, Debug)]
enum Load {
    Hold { pending: usize, steps: usize },
    Mix { pending: usize, steps: usize },
    Mm8 { customers: usize },
}

impl Load {
    /// The seconds that the measured part takes.
    fn run(self, queue: impl Queue) -> f64 {
        let draws = Streams::new(1, 0).stream("bench", 0);
        match self {
            Self::Hold { pending, steps } => {
                hold(queue, draws, pending, steps, |draws| draws.exponential(SECOND))
            }
            Self::Mix { pending, steps } => hold(queue, draws, pending, steps, mixed_delay),
            Self::Mm8 { customers } => mm8(queue, draws, customers),
        }
    }
}

fn mixed_delay(draws: &mut Stream) -> SimSpan {
    if draws.chance(0.8) {
        draws.exponential(SimSpan::millis(50))
    } else {
        SimSpan::secs(300).scale(1.0 + draws.uniform())
    }
}

fn hold(
    mut queue: impl Queue,
    mut draws: Stream,
    pending: usize,
    steps: usize,
    delay: impl Fn(&mut Stream) -> SimSpan,
) -> f64 {
    for entity in 0..pending as u32 {
        let at = SimTime::ZERO + delay(&mut draws);
        queue.push(at, Event::Work { entity, generation: 0 });
    }
    let mut step = |count| {
        for _ in 0..count {
            if let Some((now, Event::Work { entity, generation })) = queue.pop() {
                let next = Event::Work { entity, generation: generation + 1 };
                queue.push(now + delay(&mut draws), next);
            }
        }
    };
    // The filling is not typical of what comes after: one turnover before the clock starts.
    step(pending);
    let begin = Instant::now();
    step(steps);
    let seconds = begin.elapsed().as_secs_f64();
    black_box(queue.pop());
    seconds
}

fn mm8(mut queue: impl Queue, mut draws: Stream, customers: usize) -> f64 {
    let gap = SECOND.scale(1.0 / 7.2);
    let (mut arrived, mut busy, mut waiting) = (0, 0, 0_u32);
    queue.push(SimTime::ZERO, Event::Arrive);
    let begin = Instant::now();
    while let Some((now, event)) = queue.pop() {
        match event {
            Event::Arrive => {
                arrived += 1;
                if arrived < customers {
                    queue.push(now + draws.exponential(gap), Event::Arrive);
                }
                if busy < 8 {
                    busy += 1;
                    queue.push(now + draws.exponential(SECOND), Event::Leave);
                } else {
                    waiting += 1;
                }
            }
            Event::Leave if waiting > 0 => {
                waiting -= 1;
                queue.push(now + draws.exponential(SECOND), Event::Leave);
            }
            Event::Leave => busy -= 1,
            Event::Work { .. } => {}
        }
    }
    black_box(waiting);
    begin.elapsed().as_secs_f64()
}
