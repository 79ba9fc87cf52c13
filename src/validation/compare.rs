//! A measured run of one server and its replay, side by side.

use std::path::Path;

use super::fields::FieldError;
use super::files::resident_series;
use super::mapping;
use super::observation::{PhaseKind, Run, phase_name};
use crate::engine::statistics::nearest_rank;
use crate::experiment::model_error::{Circumstances, peak_interval};
use crate::model::input::Inputs;
use crate::model::{self, RunOptions};
use crate::results::{ReplayedRun, RunRecord, Timeline};
use crate::units::{Bytes, SimSpan, SimTime, Sort};

/// How to replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// Master seed.
    pub seed: u64,
    /// Replications of each run; 0 counts as 1.
    pub replications: u32,
}

/// Resident memory over time: measured, and in the replication with the median peak.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    /// Empty if none was recorded.
    pub measured: Vec<(SimTime, Bytes)>,
    /// Predicted from the inputs alone.
    pub predicted: Option<Timeline>,
    /// The memory limit.
    pub limit: Option<Bytes>,
}

/// Replays a run and compares it; `folder` is where its curve is.
///
/// # Errors
/// A field that cannot be mapped.
pub fn run(
    run: &Run,
    folder: Option<&Path>,
    replay: Replay,
) -> Result<(ReplayedRun, Curves), FieldError> {
    let inputs = mapping::inputs(run)?;
    let records = replications(&inputs, replay);
    let median = median_run(&records);
    let timeline = timeline(&inputs, replay.seed, median.replication);
    let before = mapping::inputs_from_before(run)?;
    let from_before = before.map(|inputs| peak(&replications(&inputs, replay)));

    let measured = Bytes(run.result.peak_resident_bytes);
    let predicted = median.peak_resident();
    let base = run.before.as_ref().and_then(|before| before.resident_bytes).map(Bytes);
    let idle = timeline.as_ref().and_then(|t| t.points.first()).map(|point| point.resident);
    let predicted_killed = mostly_killed(&records);
    let measured_killed = run.result.lost();
    let seconds = (measured_seconds(run), predicted_seconds(run, &records, predicted_killed));
    let rises = (base.map(|b| measured - b), idle.map(|i| predicted - i));
    let interval = peak_interval(&inputs, &records, MEASURED_MACHINE);
    let above = measured >= interval.low_bytes || measured_killed;
    let row = ReplayedRun {
        mechanism: interval.mechanism.clone(),
        predicted_low_bytes: interval.low_bytes,
        predicted_high_bytes: interval.high_bytes,
        held: above && measured <= interval.high_bytes,
        too_close: interval.too_close,
        id: run.id.clone(),
        measured_peak_bytes: measured,
        predicted_peak_bytes: predicted,
        measured_killed,
        predicted_killed,
        measured_seconds: seconds.0,
        predicted_seconds: seconds.1,
        error: error(predicted.as_f64(), measured.as_f64()).unwrap_or_default(),
        seconds_error: match seconds {
            (Some(measured), Some(predicted)) if !measured_killed && !predicted_killed => {
                error(predicted, measured)
            }
            _ => None,
        },
        measured_rise_bytes: rises.0,
        predicted_rise_bytes: rises.1,
        rise_error: match rises {
            (Some(measured), Some(predicted)) => error(predicted.as_f64(), measured.as_f64()),
            _ => None,
        },
        predicted_from_before_bytes: from_before,
        error_from_before: from_before.and_then(|p| error(p.as_f64(), measured.as_f64())),
    };
    let measured = folder.map(resident_series).unwrap_or_default();
    let limit = run.environment.memory_limit_bytes.map(Bytes);
    Ok((row, Curves { measured, predicted: timeline, limit }))
}

/// Observations state their machine, or come from the measured one.
pub(super) const MEASURED_MACHINE: Circumstances =
    Circumstances { outside: false, machine_known: true };

/// What a replay says of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlook {
    /// The median peak.
    pub peak: Bytes,
    /// Whether most replications lose the server.
    pub killed: bool,
    /// From the start of the first phase until the clients are done, or the server is lost.
    pub seconds: Option<f64>,
}

/// Replays a run with inputs that are its own but for parameters.
#[must_use]
pub fn outlook(run: &Run, inputs: &Inputs, replay: Replay) -> Outlook {
    let records = replications(inputs, replay);
    let killed = mostly_killed(&records);
    Outlook { peak: peak(&records), killed, seconds: predicted_seconds(run, &records, killed) }
}

/// The resident memory of an idle server at the start.
#[must_use]
pub fn idle(inputs: &Inputs, replay: Replay) -> Bytes {
    let short = Inputs { duration: SimSpan::millis(1), events: Vec::new(), ..inputs.clone() };
    let first = timeline(&short, replay.seed, 0);
    first.and_then(|t| t.points.first().map(|point| point.resident)).unwrap_or_default()
}

/// The first server in the replication with the median peak.
#[must_use]
pub fn median_timeline(inputs: &Inputs, replay: Replay) -> Option<Timeline> {
    let records = replications(inputs, replay);
    timeline(inputs, replay.seed, median_run(&records).replication)
}

fn timeline(inputs: &Inputs, seed: u64, replication: u32) -> Option<Timeline> {
    let options = RunOptions { seed, replication, timelines: true };
    model::run(inputs, options).timelines.into_iter().next()
}

pub(super) fn mostly_killed(records: &[RunRecord]) -> bool {
    2 * records.iter().filter(|record| record.oom_kills() > 0).count() > records.len()
}

/// (predicted - measured) / measured, as files hold it: further digits would say nothing.
#[must_use]
pub fn error(predicted: f64, measured: f64) -> Option<f64> {
    (measured > 0.0).then(|| ((predicted / measured - 1.0) * 1e6).round() / 1e6)
}

pub(super) fn replications(inputs: &Inputs, replay: Replay) -> Vec<RunRecord> {
    let one = |replication| {
        let options = RunOptions { seed: replay.seed, replication, timelines: false };
        model::run(inputs, options)
    };
    (0..replay.replications.max(1)).map(one).collect()
}

/// The replication whose peak is the median (nearest rank; the first of equals).
fn median_run(records: &[RunRecord]) -> &RunRecord {
    let mut order: Vec<&RunRecord> = records.iter().collect();
    order.order_by_key(|record| (record.peak_resident(), record.replication));
    nearest_rank(&order, 0.5).unwrap_or(&records[0])
}

/// The median peak.
pub(super) fn peak(records: &[RunRecord]) -> Bytes {
    median_run(records).peak_resident()
}

/// The nearest-rank median of what may never come; `None`: in half of the replications it does not.
pub fn median_or_never(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let mut values: Vec<f64> = values.map(|value| value.unwrap_or(f64::INFINITY)).collect();
    values.order_by(f64::total_cmp);
    nearest_rank(&values, 0.5).filter(|value| value.is_finite())
}

/// Whether clients are waited for in a phase.
fn ends(kind: PhaseKind) -> bool {
    kind != PhaseKind::Watch
}

/// From the start of the first phase until the clients were done, or the server was lost.
#[must_use]
pub fn measured_seconds(run: &Run) -> Option<f64> {
    let first = run.starts().first().copied()?;
    let waited = run.phases.iter().filter(|phase| ends(phase.kind) || run.result.lost());
    let last = waited.filter_map(|phase| phase.end_s).reduce(f64::max)?;
    Some(last - first)
}

/// Median over the replications: until the clients were done, or the server was lost.
fn predicted_seconds(run: &Run, records: &[RunRecord], killed: bool) -> Option<f64> {
    let first = run.starts().first().copied().unwrap_or(0.0);
    let of = |record: &RunRecord| {
        let last =
            if killed { record.first_oom().map(SimTime::as_secs_f64) } else { done(run, record) };
        last.map(|last| last - first)
    };
    median_or_never(records.iter().map(of))
}

/// When the clients of all phases were done.
fn done(run: &Run, record: &RunRecord) -> Option<f64> {
    let mut last = None;
    for (index, (phase, start)) in run.phases.iter().zip(run.starts()).enumerate() {
        let end = match phase.kind {
            PhaseKind::Watch => continue,
            PhaseKind::Patch => {
                let rate = phase.writes_per_s.filter(|rate| *rate > 0.0)?;
                start + phase.writes.unwrap_or(0) as f64 / rate
            }
            _ => {
                let name = phase_name(index);
                let phase = record.phases.iter().find(|phase| phase.name == name)?;
                phase.settled_at?.as_secs_f64()
            }
        };
        last = Some(last.map_or(end, |last: f64| last.max(end)));
    }
    last
}
