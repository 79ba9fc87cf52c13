//! The speed of the machine this runs on, as `hardware.cpu-speed` and `hardware.page-fault-per-gb` take it.
//!
//! A round of `work` takes a certain processor time on the first measured machine, whose speed is 1; a
//! machine that needs half of it has speed 2. Page faults are measured as they are: fresh memory is
//! touched, page by page.

mod work;

use std::hint::black_box;
use std::time::Instant;

use crate::engine::statistics::nearest_rank;
use crate::results::{MachineSpeed, SPEED_FORMAT_VERSION};
use crate::units::{Bytes, SimSpan};
use work::Work;

/// Processor time of a round at speed 1.
///
/// The first measured machine was not there any more when this was taken. On another one, a round took 11.9
/// ms, Go's `encoding/json` 1.68 ns a byte for long texts and 3.5 for objects like Pods; the model has 2.5
/// and 7.8 at speed 1 (`model/objects.rs`, fitted to measured runs). So that machine is 1.5 to 2.2 times as
/// fast, 1.8 in the mean, and a round at speed 1 takes 18 to 26 ms.
const ROUND: SimSpan = SimSpan::nanos(21_700_000);

/// How much memory is touched at a time.
const TOUCHED: Bytes = Bytes::mib(128);
/// How often.
const TOUCHES: u32 = 9;
/// A page: the smallest there is; larger ones are touched more than once, which takes no time.
const PAGE: usize = 4_096;

/// Rounds that are measured unless the user says otherwise: about a second.
pub const REPEATS: u32 = 51;

/// Measures this machine: so many rounds, then memory.
#[must_use]
pub fn measure(repeats: u32) -> MachineSpeed {
    let clock = Clock::new();
    let work = Work::default();
    // The first round finds the caches cold and the processor's clock low.
    black_box(work.round());
    let rounds: Vec<SimSpan> = (0..repeats.max(1))
        .map(|_| {
            clock.time(|| {
                black_box(work.round());
            })
        })
        .collect();
    let touches: Vec<SimSpan> = (0..TOUCHES).map(|_| clock.time(touch)).collect();
    let mut speed = condense(rounds, touches);
    if cfg!(debug_assertions) {
        speed
            .notes
            .push("this is a build without optimisation: cpu-speed comes out too low".into());
    }
    if matches!(clock, Clock::Wall(_)) {
        let note =
            "the system does not tell processor time: what others took of it is in the figures";
        speed.notes.push(note.into());
    }
    speed
}

/// Takes fresh memory and writes to each of its pages.
fn touch() {
    let mut memory = vec![0_u8; TOUCHED.0 as usize];
    memory.iter_mut().step_by(PAGE).for_each(|byte| *byte = 1);
    black_box(&memory);
}

/// The speed that rounds and touches of these times make.
#[must_use]
pub fn condense(rounds: Vec<SimSpan>, touches: Vec<SimSpan>) -> MachineSpeed {
    let repeats = u32::try_from(rounds.len()).unwrap_or(u32::MAX);
    let [fast, usual, slow] = quantiles(rounds);
    let speed = |round: f64| ROUND.as_secs_f64() / round.max(1e-9);
    let [low, fault, high] = quantiles(touches).map(|seconds| seconds / (TOUCHED.as_f64() / 1e9));
    let toml = format!(
        "[hardware]\ncpu-speed = {}\npage-fault-per-gb = \"{:.0}ms\"\n",
        stated(speed(usual)),
        (fault * 1e3).min(3_600_000.0)
    );
    MachineSpeed {
        format_version: SPEED_FORMAT_VERSION.to_owned(),
        repeats,
        cpu_speed: speed(usual),
        cpu_speed_low: speed(slow),
        cpu_speed_high: speed(fast),
        page_fault_seconds_per_gb: fault,
        page_fault_seconds_per_gb_low: low,
        page_fault_seconds_per_gb_high: high,
        toml,
        notes: vec![
            "the scale is known to a quarter: where the first measured machine stands on it".into(),
        ],
    }
}

/// A speed as the key takes it. 1.0 is the default and counts as not known; a hundredth says nothing.
fn stated(speed: f64) -> String {
    let speed = (speed.clamp(0.01, 100.0) * 100.0).round() / 100.0;
    format!("{:.2}", if (speed - 1.0).abs() < 0.005 { 1.01 } else { speed })
}

/// The 5th, 50th and 95th percentile, in seconds.
fn quantiles(mut spans: Vec<SimSpan>) -> [f64; 3] {
    spans.sort_unstable();
    [0.05, 0.5, 0.95].map(|p| nearest_rank(&spans, p).unwrap_or_default().as_secs_f64())
}

/// What time is measured with.
enum Clock {
    /// Processor time of this thread, from Linux: what others take of the machine is not in it.
    Processor,
    /// Time on the wall since.
    Wall(Instant),
}

impl Clock {
    fn new() -> Self {
        processor_time().map_or_else(|| Self::Wall(Instant::now()), |_| Self::Processor)
    }

    fn now(&self) -> SimSpan {
        match self {
            Self::Processor => processor_time().unwrap_or_default(),
            Self::Wall(began) => SimSpan::from_secs_f64(began.elapsed().as_secs_f64()),
        }
    }

    fn time(&self, work: impl FnOnce()) -> SimSpan {
        let began = self.now();
        work();
        self.now() - began
    }
}

/// The first figure of the file: nanoseconds on a processor (Linux, `Documentation/scheduler/sched-stats`).
fn processor_time() -> Option<SimSpan> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(SimSpan::nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(round: f64, touch_seconds: f64) -> MachineSpeed {
        let rounds = vec![ROUND.scale(round); 5];
        condense(rounds, vec![SimSpan::from_secs_f64(touch_seconds); 3])
    }

    #[test]
    fn half_the_time_is_twice_the_speed() {
        let found = of(0.5, 0.134_217_728 * 0.3);
        assert!((found.cpu_speed - 2.0).abs() < 1e-9);
        assert!((found.page_fault_seconds_per_gb - 0.3).abs() < 1e-6);
        assert_eq!(found.toml, "[hardware]\ncpu-speed = 2.00\npage-fault-per-gb = \"300ms\"\n");
    }

    #[test]
    fn repeats_make_the_spread_and_outliers_do_not_move_the_middle() {
        let mut rounds: Vec<SimSpan> =
            (0..20).map(|n| ROUND.scale(0.5 + 0.001 * f64::from(n))).collect();
        rounds.push(ROUND.scale(40.0));
        let found = condense(rounds, Vec::new());
        assert_eq!(found.repeats, 21);
        assert!((found.cpu_speed - 1.0 / 0.510).abs() < 1e-6, "{found:?}");
        assert!(found.cpu_speed_low > 1.9 && found.cpu_speed_high < 2.0, "{found:?}");
    }

    #[test]
    fn what_is_stated_is_never_taken_for_not_stated() {
        for (round, line) in [(1.0, "1.01"), (1.002, "1.01"), (1.2, "0.83"), (0.0, "100.00")] {
            assert!(of(round, 0.1).toml.contains(&format!("cpu-speed = {line}\n")), "{round}");
        }
    }
}
