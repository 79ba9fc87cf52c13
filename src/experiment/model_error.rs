//! The error of the model, learned from measured runs: how wide the interval around a peak must be to
//! hold the real one in nine of ten runs.
//!
//! Measured runs are sorted by what dominates their peak ([`ReadMechanism`]). The half width of a
//! mechanism is the 90th percentile of |ln(measured / predicted)| over its runs, with the correction of
//! conformal prediction for their number, so that it holds for the next run and not only for those it
//! was learned from; a mechanism with few runs has the half width of all together.
//! [`peak_interval`] adds what is peculiar to a scenario: a machine whose speed was not stated, inputs
//! outside of the validated domain, and the replications' own peaks. Each of these is the middle of a normal
//! distribution of the logarithm, as wide as the error of the model; the interval lies between the 5 % and
//! the 95 % quantile of their mixture, so that a second mode of the peaks is in it with its own error.

mod learned;

pub use learned::LEARNED;

use std::f64::consts::SQRT_2;

use crate::model::input::{Behaviour, Encoding, FleetInput, Inputs, ReadInput};
use crate::model::objects::ObjectProfile;
use crate::model::{self, RunOptions};
use crate::results::{PeakInterval, RunRecord};
use crate::scenario::Scenario;
use crate::units::{Bytes, SimSpan, Sort};

use super::estimate::median;

/// Share of real peaks that intervals are to hold.
pub const COVERAGE: f64 = 0.9;
/// A mechanism with fewer measured runs is held to the errors of all: below nine runs the order statistic
/// of [`COVERAGE`] does not exist.
const FEW: usize = 10;
/// Outside of the validated domain intervals are so many times as wide. Assumed, 1.5 to 3: the published
/// figures of the shipped scenarios, most of which lie outside, are off by up to a quarter where their
/// inputs are stated in full, and by more where they are not.
const OUTSIDE: f64 = 2.0;
/// Half a normal distribution's interval of [`COVERAGE`], in standard deviations.
const DEVIATIONS: f64 = 1.644_853_627;
/// Killed replications that are run again without memory limits; the others are taken to need as much.
pub(crate) const UNLIMITED: u32 = 3;
/// `hardware.cpu-speed` of control-plane machines where it is not stated: from the slower to the faster of
/// the measured machines. Assumed for others.
pub const CPU_SPEEDS: [f64; 2] = [1.0, 2.0];
/// `hardware.page-fault-per-gb` of them: from the default to what the slower one takes
/// (`validation/mapping.rs`).
pub const PAGE_FAULTS: [SimSpan; 2] = [SimSpan::millis(250), SimSpan::millis(1_600)];
/// A response that is smaller decides no peak: bytes of JSON (assumed, 0.1 to 10 MB).
const LARGE: f64 = 1e6;

/// What dominates a peak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReadMechanism {
    /// LISTs whose responses are encoded whole before they are written.
    BufferedLists,
    /// LISTs that are encoded item by item.
    StreamedLists,
    /// Watches that begin with the objects there are.
    WatchLists,
    /// Pages, watches, writes, start-up.
    OtherWork,
}

impl ReadMechanism {
    /// Every mechanism, in the order of the table.
    pub const ALL: [Self; 4] =
        [Self::BufferedLists, Self::StreamedLists, Self::WatchLists, Self::OtherWork];

    /// The name for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::BufferedLists => "buffered lists",
            Self::StreamedLists => "streamed lists",
            Self::WatchLists => "watch-lists",
            Self::OtherWork => "pages, watches and writes",
        }
    }

    /// What dominates the peaks of a scenario: of the mechanisms of its large reads that which holds
    /// most for a response.
    #[must_use]
    pub fn of(inputs: &Inputs) -> Self {
        let of = |fleet: &FleetInput| mechanism(inputs, fleet);
        inputs.fleets.iter().map(of).min().unwrap_or(Self::OtherWork)
    }
}

fn mechanism(inputs: &Inputs, fleet: &FleetInput) -> ReadMechanism {
    let (read, watch_list) = match &fleet.behaviour {
        Behaviour::Reflector { read, watch_list, .. } => (read, *watch_list),
        Behaviour::Lister { read, .. } => (read, false),
        Behaviour::Watcher { .. } => return ReadMechanism::OtherWork,
    };
    let release = &inputs.release;
    if response(inputs, read) < LARGE {
        return ReadMechanism::OtherWork;
    }
    if watch_list && release.watch_list {
        return ReadMechanism::WatchLists;
    }
    let streamed = match read.encoding {
        Encoding::Json => release.streams_json,
        Encoding::Protobuf => release.streams_protobuf,
        Encoding::Table => false,
    };
    match (read.limit, streamed) {
        (Some(_), _) => ReadMechanism::OtherWork,
        (None, true) => ReadMechanism::StreamedLists,
        (None, false) => ReadMechanism::BufferedLists,
    }
}

/// Bytes of JSON in a response.
fn response(inputs: &Inputs, read: &ReadInput) -> f64 {
    let resource = &inputs.resources[read.resource];
    let items = resource.count as f64 * read.selected;
    let items = read.limit.map_or(items, |limit| items.min(limit as f64));
    items * ObjectProfile::of(resource).json.as_f64()
}

/// What was learned about a mechanism.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Learned {
    /// Which.
    pub mechanism: ReadMechanism,
    /// Measured runs of it.
    pub runs: u32,
    /// Half the width of the interval around the logarithm of a peak.
    pub half_width: f64,
    /// What a machine of unknown speed adds to it: nine of ten replayed runs move less between the corners
    /// of [`CPU_SPEEDS`] and [`PAGE_FAULTS`].
    pub machine: f64,
}

/// Learns half widths from the errors ln(measured / predicted) of measured runs, and from their
/// [`machine_shifts`]; one row for each mechanism, in the order of [`ReadMechanism::ALL`].
#[must_use]
pub fn learn(errors: &[(ReadMechanism, f64)], shifts: &[(ReadMechanism, f64)]) -> Vec<Learned> {
    let row = |mechanism: ReadMechanism| Learned {
        mechanism,
        runs: u32::try_from(errors.iter().filter(|(of, _)| *of == mechanism).count())
            .unwrap_or(u32::MAX),
        half_width: learn_one(errors, mechanism),
        machine: learn_one(shifts, mechanism),
    };
    ReadMechanism::ALL.into_iter().map(row).collect()
}

/// What nine of ten of a mechanism's are not above; of all, where it has few.
fn learn_one(errors: &[(ReadMechanism, f64)], mechanism: ReadMechanism) -> f64 {
    let own = errors.iter().filter(|(of, _)| *of == mechanism);
    let own: Vec<f64> = own.map(|(_, error)| error.abs()).collect();
    next_quantile(if own.len() < FEW {
        errors.iter().map(|(_, error)| error.abs()).collect()
    } else {
        own
    })
}

/// How far the peak of a run moves, as a logarithm, on machines that one of unknown speed may be: from the
/// first corner of [`CPU_SPEEDS`] and [`PAGE_FAULTS`], which is the default, to each of the others.
#[must_use]
pub fn machine_shifts(inputs: &Inputs) -> Vec<f64> {
    let corners = CPU_SPEEDS.iter().flat_map(|speed| PAGE_FAULTS.map(|fault| (*speed, fault)));
    let peak = |(speed, fault)| {
        let mut moved = inputs.clone();
        moved.hardware.cpu_speed = speed;
        moved.hardware.page_fault_per_gb = fault;
        without_limit(&moved).as_f64().max(1.0)
    };
    let peaks: Vec<f64> = corners.map(peak).collect();
    let first = peaks.first().copied().unwrap_or(1.0);
    peaks.iter().skip(1).map(|peak| libm::log(peak / first)).collect()
}

/// How many of the runs lie within the interval that the other runs give for them.
#[must_use]
pub fn held_left_out(errors: &[(ReadMechanism, f64)]) -> u32 {
    let held = |index: &usize| {
        let mut others = errors.to_vec();
        let (mechanism, error) = others.remove(*index);
        error.abs() <= learn_one(&others, mechanism)
    };
    u32::try_from((0..errors.len()).filter(held).count()).unwrap_or(u32::MAX)
}

/// The value that a further error is not above with probability [`COVERAGE`]: the order statistic of
/// rank 0.9 (n + 1), or the largest.
fn next_quantile(mut errors: Vec<f64>) -> f64 {
    errors.order_by(f64::total_cmp);
    let rank = (COVERAGE * (errors.len() + 1) as f64).ceil() as usize;
    errors.get(rank.saturating_sub(1)).or(errors.last()).copied().unwrap_or(0.0)
}

/// What is known of a scenario beside its inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// Whether it lies outside of the validated domain.
    pub outside: bool,
    /// Whether the speed of the machine is stated.
    pub machine_known: bool,
}

/// Whether the speed of the processors is stated: another than the default, which stands for an unknown
/// one, or a range.
#[must_use]
pub fn machine_known(scenario: &Scenario) -> bool {
    const CPU_SPEED: &str = "hardware.cpu-speed";
    scenario.inputs.hardware.cpu_speed.to_bits() != 1.0_f64.to_bits()
        || scenario.uncertain.iter().any(|uncertain| uncertain.key == CPU_SPEED)
}

/// The interval around the peak of a scenario's replications. Where some of them lose a server for
/// memory, further runs without memory limits tell what they would have needed.
#[must_use]
pub fn peak_interval(inputs: &Inputs, runs: &[RunRecord], known: Circumstances) -> PeakInterval {
    let mechanism = ReadMechanism::of(inputs);
    let learned = LEARNED.iter().find(|row| row.mechanism == mechanism);
    let (runs_learned, mut width) = learned.map_or((0, 0.0), |row| (row.runs, row.half_width));
    let mut widened = Vec::new();
    if !known.machine_known {
        width = width.hypot(learned.map_or(0.0, |row| row.machine));
        let [slow, fast] = CPU_SPEEDS;
        widened.push(format!(
            "hardware.cpu-speed is not stated: {slow:.1} to {fast:.1} is assumed, `oomcast speed` measures it"
        ));
    }
    if known.outside {
        width *= OUTSIDE;
        widened.push("outside of the validated domain".to_owned());
    }
    let killed = runs.iter().any(|run| run.oom_kills() > 0);
    let peaks = needed(inputs, runs);
    let (low, high) = mixed(&peaks, width);
    let peak = median(peaks).unwrap_or_default();
    let servers = runs.iter().flat_map(|run| &run.servers);
    let limit = servers.map(|server| server.limit).min().unwrap_or_default();
    PeakInterval {
        peak_bytes: peak,
        low_bytes: low,
        high_bytes: high,
        without_limit: killed,
        mechanism: mechanism.label().to_owned(),
        learned_from: runs_learned,
        widened,
        machine_unknown: !known.machine_known,
        limit_bytes: limit,
        too_close: limit > Bytes::ZERO && (low..=high).contains(&limit),
    }
}

/// What each run needed: its peak, or without memory limits if it lost a server.
fn needed(inputs: &Inputs, runs: &[RunRecord]) -> Vec<Bytes> {
    let killed = runs.iter().filter(|run| run.oom_kills() > 0).take(UNLIMITED as usize);
    let unlimited: Vec<Bytes> =
        killed.map(|run| replication_without_limit(inputs, run.replication)).collect();
    let mut unlimited = unlimited.iter().copied().cycle();
    let needed = |run: &RunRecord| match run.oom_kills() {
        0 => Some(run.peak_resident()),
        _ => unlimited.next(),
    };
    runs.iter().filter_map(needed).collect()
}

/// The interval of [`COVERAGE`] of the mixture of distributions around these peaks, each of so wide an
/// interval to either side, as a logarithm.
fn mixed(peaks: &[Bytes], width: f64) -> (Bytes, Bytes) {
    if peaks.is_empty() {
        return (Bytes::ZERO, Bytes::ZERO);
    }
    let logs: Vec<f64> = peaks.iter().map(|peak| libm::log(peak.as_f64().max(1.0))).collect();
    let least = logs.iter().copied().fold(f64::INFINITY, f64::min);
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let deviation = (width / DEVIATIONS).max(1e-9);
    let below = |x: f64| {
        let each = logs.iter().map(|log| 0.5 * libm::erfc((log - x) / (deviation * SQRT_2)));
        each.sum::<f64>() / logs.len() as f64
    };
    // Halved until no more than a millionth of a byte is left of it.
    let quantile = |share: f64| {
        let (mut low, mut high) = (least - 9.0 * deviation, most + 9.0 * deviation);
        for _ in 0..64 {
            let middle = f64::midpoint(low, high);
            if below(middle) < share { low = middle } else { high = middle }
        }
        Bytes::from_f64(libm::exp(high))
    };
    (quantile((1.0 - COVERAGE) / 2.0), quantile(f64::midpoint(1.0, COVERAGE)))
}

/// The peak of a run in which no memory limit binds.
#[must_use]
pub fn without_limit(inputs: &Inputs) -> Bytes {
    replication_without_limit(inputs, 0)
}

fn replication_without_limit(inputs: &Inputs, replication: u32) -> Bytes {
    let mut unlimited = inputs.clone();
    unlimited.apiserver.memory_limit = None;
    unlimited.apiserver.memory_high = None;
    unlimited.apiserver.memory_throttling_factor = None;
    unlimited.node.memory = Bytes::gib(1 << 20);
    let options = RunOptions { seed: 1, replication, timelines: false };
    model::run(&unlimited, options).peak_resident()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Template;

    #[test]
    fn half_widths_are_the_ninetieth_percentile_of_the_next_error() {
        let errors: Vec<(ReadMechanism, f64)> = (1..=19)
            .map(|n| (ReadMechanism::StreamedLists, f64::from(n) / 100.0))
            .chain([(ReadMechanism::WatchLists, -0.5)])
            .collect();
        let shifts = [(ReadMechanism::WatchLists, 0.2)];
        let learned = learn(&errors, &shifts);
        assert_eq!((learned[1].runs, learned[1].half_width), (19, 0.18));
        // One run says too little.
        assert_eq!((learned[2].runs, learned[2].half_width), (1, 0.19));
        assert_eq!((learned[0].runs, learned[0].half_width), (0, 0.19));
        assert!((learned[0].machine - 0.2).abs() < 1e-12);
    }

    #[test]
    fn the_interval_holds_the_error_of_one_run_and_every_mode_of_many() {
        let gib = |sizes: &[u64]| sizes.iter().copied().map(Bytes::gib).collect::<Vec<_>>();
        let ends = |sizes: &[u64], width| {
            let (low, high) = mixed(&gib(sizes), width);
            (low.as_f64() / Bytes::gib(1).as_f64(), high.as_f64() / Bytes::gib(1).as_f64())
        };
        let (low, high) = ends(&[4], 0.2);
        assert!((low - 4.0 * libm::exp(-0.2)).abs() < 1e-6, "{low}");
        assert!((high - 4.0 * libm::exp(0.2)).abs() < 1e-6, "{high}");
        // A third of the runs at twice the median: 5 % of all are 15 % of these, beyond a deviation of them.
        let (low, high) = ends(&[1, 1, 1, 1, 2, 2], 0.12);
        assert!((2.1..2.3).contains(&high), "{high}");
        assert!((0.8..1.0).contains(&low), "{low}");
        // One run of a hundred is not within nine of ten.
        assert!(ends(&[vec![1; 99], vec![2]].concat(), 0.12).1 < 1.2);
        assert_eq!(ends(&[], 0.1), (0.0, 0.0));
    }

    #[test]
    fn a_run_is_not_judged_by_itself() {
        let mut errors = vec![(ReadMechanism::StreamedLists, 0.01); 20];
        errors[7].1 = 0.3;
        assert_eq!(held_left_out(&errors), 19);
    }

    #[test]
    fn an_unknown_machine_widens_the_interval_and_leaves_its_middle() {
        let text = include_bytes!("../../tests/data/storm.toml");
        let scenario = Template::of_text("storm", text, &[]).load(&[]).expect("a scenario");
        let options = RunOptions { seed: 1, replication: 0, timelines: false };
        let runs = [model::run(&scenario.inputs, options)];
        let known = |machine_known| {
            let known = Circumstances { outside: false, machine_known };
            peak_interval(&scenario.inputs, &runs, known)
        };
        let (stated, unstated) = (known(true), known(false));
        assert_eq!(stated.peak_bytes, unstated.peak_bytes);
        assert!(unstated.low_bytes < stated.low_bytes && unstated.high_bytes > stated.high_bytes);
        assert!(!stated.machine_unknown && stated.widened.is_empty());
        assert!(unstated.machine_unknown && unstated.widened[0].contains("oomcast speed"));
    }

    #[test]
    fn runs_without_kills_are_taken_as_they_are() {
        let text = include_bytes!("../../tests/data/storm.toml");
        let scenario = Template::of_text("storm", text, &[]).load(&[]).expect("a scenario");
        let options = RunOptions { seed: 1, replication: 0, timelines: false };
        let mut run = model::run(&scenario.inputs, options);
        for server in &mut run.servers {
            server.oom_kills.clear();
            server.peak_resident = Bytes::mib(512);
        }
        let interval = peak_interval(&scenario.inputs, &[run], Circumstances::default());
        assert_eq!((interval.peak_bytes, interval.without_limit), (Bytes::mib(512), false));
    }
}
