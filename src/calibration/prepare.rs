//! Observations to subjects: inputs to replay, figures to meet.

use std::path::Path;

use super::sampled;
use super::sampled::Window;
use super::subject::{MEMORY_SPREAD, Subject, TIME_SPREAD, Target, View};
use crate::model::input::{Action, Inputs};
use crate::results::FigureKind;
use crate::scenario::{self, Layers, Scenario};
use crate::units::Bytes;
use crate::validation::series::{Observed, SeriesBurst};
use crate::validation::{self, Found, Observation, ObservationError, Replay, compare, mapping};

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
        match &found.observation {
            Observation::Run(_) => match run(found) {
                Ok(subject) => prepared.subjects.push(subject),
                Err(error) => prepared.errors.push(error),
            },
            Observation::Servers(servers) => prepared.notes.push(format!(
                "{}: a run of several servers is not fitted: its peaks are its limits",
                servers.id
            )),
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

/// A recorded run.
fn run(found: &Found) -> Result<Subject, ObservationError> {
    let Observation::Run(run) = &found.observation else {
        return Err(error(&found.file, "this is no run of one server".to_owned()));
    };
    let inputs = mapping::inputs(run).map_err(|wrong| ObservationError {
        file: found.file.clone(),
        path: wrong.path,
        reason: wrong.reason,
    })?;
    let lost = run.result.lost();
    let base = run.before.as_ref().and_then(|before| before.resident_bytes);
    let memory = |kind, bytes: u64| Target { kind, measured: bytes as f64, spread: MEMORY_SPREAD };
    let peak = run.result.peak_resident_bytes;
    if peak == 0 {
        let reason = "the highest resident memory cannot be 0".to_owned();
        return Err(ObservationError {
            file: found.file.clone(),
            path: "result.peak_resident_bytes".to_owned(),
            reason,
        });
    }
    let mut targets = Vec::new();
    targets.extend(base.filter(|bytes| *bytes > 0).map(|bytes| memory(FigureKind::Base, bytes)));
    targets.push(memory(FigureKind::Peak, peak));
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
        view: View::Run(run.clone()),
        lost,
        curve: curve.into_iter().map(|(at, bytes)| (at.as_secs_f64(), bytes)).collect(),
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
