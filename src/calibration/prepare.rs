//! Observations to subjects: inputs to replay, figures to meet.

use std::path::Path;

use super::sampled;
use super::sampled::Window;
use super::subject::{MEMORY_SPREAD, Subject, TIME_SPREAD, Target, View};
use crate::model::input::{Action, Inputs};
use crate::results::FigureKind;
use crate::scenario::{self, Layers, Scenario};
use crate::units::Bytes;
use crate::validation::fields::FieldError;
use crate::validation::observation::{Run, Servers};
use crate::validation::series::{Observed, SeriesBurst};
use crate::validation::{self, Found, Observation, ObservationError, Replay, compare, ha, mapping};

/// What can be fitted to, and what is worth knowing.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    /// In the order of the files: runs, then bursts.
    pub subjects: Vec<Subject>,
    /// What is worth knowing.
    pub notes: Vec<String>,
    /// What cannot be replayed.
    pub errors: Vec<ObservationError>,
}

/// The scenario's file and what is laid over it, to which a burst may add keys.
#[derive(Clone, Copy, Debug)]
pub struct Base<'a> {
    /// The file.
    pub file: &'a Path,
    /// Overlays and overrides.
    pub layers: Layers<'a>,
    /// What they give.
    pub scenario: &'a Scenario,
}

/// Makes subjects of observations; bursts are replayed against the scenario.
#[must_use]
pub fn prepare(base: Base<'_>, observed: &Observed, replay: Replay) -> Prepared {
    let mut prepared = Prepared::default();
    for found in &observed.runs.found {
        let subject = match &found.observation {
            Observation::Run(one) => run(one, found),
            Observation::Servers(several) => servers(several, found),
        };
        match subject {
            Ok(subject) => prepared.subjects.push(subject),
            Err(error) => prepared.errors.push(error),
        }
    }
    for burst in &observed.bursts {
        match samples(base, burst, replay) {
            Ok(subject) => prepared.subjects.push(subject),
            Err(reason) => prepared.errors.push(error(&burst.file, reason)),
        }
    }
    prepared
}

fn error(file: &str, reason: String) -> ObservationError {
    ObservationError { file: file.to_owned(), path: String::new(), reason }
}

/// What cannot be mapped, with its file.
fn unmapped(found: &Found, wrong: FieldError) -> ObservationError {
    let FieldError { path, reason } = wrong;
    ObservationError { file: found.file.clone(), path, reason }
}

/// The base, if one was seen, and the peak.
fn memory(found: &Found, base: Option<u64>, peak: u64) -> Result<Vec<Target>, ObservationError> {
    if peak == 0 {
        let path = "result.peak_resident_bytes".to_owned();
        let reason = "the highest resident memory cannot be 0".to_owned();
        return Err(ObservationError { file: found.file.clone(), path, reason });
    }
    let target = |kind, bytes: u64| Target { kind, measured: bytes as f64, spread: MEMORY_SPREAD };
    let base = base.filter(|bytes| *bytes > 0).map(|bytes| target(FigureKind::Base, bytes));
    Ok(base.into_iter().chain([target(FigureKind::Peak, peak)]).collect())
}

/// A recorded run.
fn run(run: &Run, found: &Found) -> Result<Subject, ObservationError> {
    let inputs = mapping::inputs(run).map_err(|wrong| unmapped(found, wrong))?;
    let lost = run.result.lost();
    let base = run.before.as_ref().and_then(|before| before.resident_bytes);
    let mut targets = memory(found, base, run.result.peak_resident_bytes)?;
    let seconds = compare::measured_seconds(run).filter(|seconds| *seconds > 0.0 && !lost);
    targets.extend(seconds.map(|seconds| Target {
        kind: FigureKind::Duration,
        measured: seconds,
        spread: TIME_SPREAD,
    }));
    let curve = found.folder.as_deref().map(validation::resident_series).unwrap_or_default();
    Ok(Subject {
        id: run.id.clone(),
        file: found.file.clone(),
        inputs,
        targets,
        view: View::Run(Box::new(run.clone())),
        lost,
        curve: curve.into_iter().map(|(at, bytes)| (at.as_secs_f64(), bytes)).collect(),
    })
}

/// A recorded run of several servers: their mean base, and the highest peak. Where they were killed for
/// memory the peak is their limit, and says no more than that they were.
fn servers(several: &Servers, found: &Found) -> Result<Subject, ObservationError> {
    let inputs = ha::inputs(several).map_err(|wrong| unmapped(found, wrong))?;
    let result = &several.result;
    let bases = result.resident_bytes_before.as_deref().unwrap_or_default();
    let base = bases.iter().sum::<u64>().checked_div(bases.len() as u64);
    let peak = result.peak_resident_bytes.iter().flatten().max().copied().unwrap_or_default();
    Ok(Subject {
        id: several.id.clone(),
        file: found.file.clone(),
        inputs,
        targets: memory(found, base, peak)?,
        view: View::Servers,
        lost: result.deaths > u32::from(several.server_0_killed_at_s.is_some()),
        curve: Vec::new(),
    })
}

/// A burst of a series.
fn samples(base: Base<'_>, burst: &SeriesBurst, replay: Replay) -> Result<Subject, String> {
    let inputs = with_keys(base, burst)?;
    let event = event(&inputs, burst)?;
    let window = Window {
        event: event.0,
        begins: event.1,
        lasts: burst.window,
        step: burst.step,
        metric: burst.metric,
    };
    let seen = sampled::replay(&window, &inputs, replay);
    let doubt = |bytes: Bytes| burst.metric.doubt().as_f64() / bytes.as_f64().max(1.0);
    let memory = |kind, bytes: Bytes, sampling: f64| {
        let spread = [MEMORY_SPREAD, doubt(bytes), sampling].iter().map(|s| s * s).sum::<f64>();
        Target { kind, measured: bytes.as_f64(), spread: spread.sqrt() }
    };
    let mut targets = Vec::new();
    targets.extend(burst.base.map(|base| memory(FigureKind::Base, base, 0.0)));
    targets.push(memory(FigureKind::Peak, burst.peak, seen.sampling_spread));
    let done = burst.done_after.filter(|_| !burst.lost);
    targets.extend(done.map(|span| Target {
        kind: FigureKind::Duration,
        measured: span.as_secs_f64().max(1e-3),
        spread: TIME_SPREAD,
    }));
    Ok(Subject {
        id: burst.id.clone(),
        file: burst.file.clone(),
        inputs,
        targets,
        view: View::Samples(window),
        lost: burst.lost,
        curve: burst.curve.clone(),
    })
}

/// The scenario's inputs with the keys that were different at a burst.
fn with_keys(base: Base<'_>, burst: &SeriesBurst) -> Result<Inputs, String> {
    if burst.set.is_empty() {
        return Ok(base.scenario.inputs.clone());
    }
    let overrides: Vec<String> = base.layers.overrides.iter().chain(&burst.set).cloned().collect();
    let layers = Layers { overrides: &overrides, ..base.layers };
    let loaded = scenario::load_file_with(base.file, layers);
    loaded
        .map(|scenario| scenario.inputs)
        .map_err(|mistakes| format!("`set` does not fit the scenario:\n{}", mistakes.render(false)))
}

/// The event of the scenario that a burst is: its name and time.
fn event(inputs: &Inputs, burst: &SeriesBurst) -> Result<(String, crate::units::SimTime), String> {
    let all = || inputs.events.iter().filter(|event| event.action != Action::Mark);
    let names: Vec<String> = all().map(|event| format!("\"{}\"", event.name)).collect();
    let mut found = match &burst.event {
        Some(name) => inputs.events.iter().filter(|event| event.name == *name).collect(),
        None => all().collect::<Vec<_>>(),
    };
    match (found.pop(), found.is_empty(), &burst.event) {
        (Some(event), true, _) => Ok((event.name.clone(), event.at)),
        (_, _, Some(name)) => Err(format!(
            "the scenario has not one event named \"{name}\"; its events are {}",
            names.join(", ")
        )),
        (None, _, None) => {
            Err("the scenario has no event: add the one that is the burst under [[events]]".into())
        }
        (Some(_), false, None) => Err(format!(
            "which event of the scenario is this burst? Write event = … in a description, one of {}",
            names.join(", ")
        )),
    }
}
