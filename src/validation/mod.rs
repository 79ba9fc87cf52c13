//! Predictions beside measurements: observations of real servers, replayed.
//!
//! [`observation`] is the format, `files` finds observations, [`mapping`] (one server) and [`ha`] (several)
//! turn them into the model's inputs, [`series`] reads what monitoring exports of one's own servers, [`compare`] replays them and puts both side by side, `published` does
//! the same with the figures of the shipped scenarios, `holders` with heap profiles, and [`domain`] says what all that covers.
//! The results are plain ([`Validation`]).

pub mod compare;
pub mod domain;
pub mod fields;
mod files;
pub mod ha;
mod holders;
mod manifests;
pub mod mapping;
pub mod observation;
pub mod pairs;
mod published;
mod resources;
pub mod series;
mod settings;
mod writes;

use rayon::prelude::*;

pub use compare::{Curves, Replay};
pub use files::{COMMITTED_NAME, Found, Gathered, resident_series};
pub use holders::holders;
pub use observation::{Observation, ObservationError};
pub use published::published_figures;

use crate::engine::statistics::nearest_rank;
use crate::engine::stop;
use crate::experiment::model_error::{self, ReadMechanism, held_left_out};
use crate::results::{
    Coverage, DomainRow, ErrorSpread, LossAgreement, ReplayedRun, ReplayedServers,
    VALIDATION_FORMAT_VERSION, Validation,
};
use crate::units::Sort as _;
use fields::FieldError;
use pairs::Knobs;

/// An observation replayed, with its curves.
#[derive(Clone, Debug, PartialEq)]
pub enum Replayed {
    /// Of one server, with its curves and its settings.
    Run(Box<ReplayedRun>, Curves, Knobs),
    /// Of several.
    Servers(Box<ReplayedServers>),
}

/// Replays every observation on all processors; the order is theirs. `progress` hears of each that is done.
/// What cannot be mapped comes back as errors. When the process is asked to end, the others are left
/// out.
pub fn replay(
    found: &[Found],
    replay: Replay,
    progress: impl Fn() + Sync,
) -> (Vec<Replayed>, Vec<ObservationError>) {
    let one = |found: &Found| {
        if stop::asked() {
            return None;
        }
        let replayed = match &found.observation {
            Observation::Run(run) => compare::run(run, found.folder.as_deref(), replay)
                .map(|(row, curves)| Replayed::Run(Box::new(row), curves, pairs::knobs(run))),
            Observation::Servers(servers) => ha::run(servers, found.folder.as_deref(), replay)
                .map(|servers| Replayed::Servers(Box::new(servers))),
        };
        progress();
        Some(replayed.map_err(|FieldError { path, reason }| ObservationError {
            file: found.file.clone(),
            path,
            reason,
        }))
    };
    let all: Vec<Option<Result<Replayed, ObservationError>>> = found.par_iter().map(one).collect();
    let (mut replayed, mut errors) = (Vec::new(), Vec::new());
    for one in all.into_iter().flatten() {
        match one {
            Ok(one) => replayed.push(one),
            Err(error) => errors.push(error),
        }
    }
    (replayed, errors)
}

/// Condenses replayed observations.
#[must_use]
pub fn condense(replayed: &[Replayed], replay: Replay) -> Validation {
    let (mut runs, mut ordered, mut several_servers) = (Vec::new(), Vec::new(), Vec::new());
    for one in replayed {
        match one {
            Replayed::Run(run, _, knobs) => {
                runs.push(run.as_ref().clone());
                ordered.push((run.as_ref(), knobs));
            }
            Replayed::Servers(servers) => several_servers.push(servers.as_ref().clone()),
        }
    }
    let row = |(what, measured): (&str, String)| DomainRow { what: what.to_owned(), measured };
    let peaks = spread(runs.iter().map(|run| (Some(run.error), &run.id)));
    Validation {
        format_version: VALIDATION_FORMAT_VERSION.to_owned(),
        seed: replay.seed,
        replications: replay.replications,
        median_error: peaks.as_ref().map(|p| p.median),
        p90_error: peaks.as_ref().map(|p| p.p90),
        worst_error: peaks.as_ref().map(|p| p.worst),
        peaks_from_before: spread(runs.iter().map(|run| (run.error_from_before, &run.id))),
        rises: spread(runs.iter().map(|run| (run.rise_error, &run.id))),
        durations: spread(runs.iter().map(|run| (run.seconds_error, &run.id))),
        peaks,
        coverage: coverage(&runs),
        losses: losses(&runs),
        orderings: pairs::orderings(&ordered),
        runs,
        several_servers,
        published: Vec::new(),
        holders: Vec::new(),
        domain: domain::domain().into_iter().map(row).collect(),
        notes: Vec::new(),
    }
}

/// How absolute errors spread; `None` without any.
pub fn spread<'r>(errors: impl Iterator<Item = (Option<f64>, &'r String)>) -> Option<ErrorSpread> {
    let mut errors: Vec<(f64, &String)> =
        errors.filter_map(|(error, id)| Some((error?.abs(), id))).collect();
    errors.order_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
    let at = |p| nearest_rank(&errors, p).map(|(error, _)| error);
    let (worst, id) = errors.last()?;
    Some(ErrorSpread {
        count: u32::try_from(errors.len()).unwrap_or(u32::MAX),
        median: at(0.5)?,
        p90: at(0.9)?,
        worst: *worst,
        worst_id: (*id).clone(),
    })
}

/// The errors that the model's are learned from: ln(measured / predicted) of every run whose server
/// survived, as predicted.
#[must_use]
pub fn model_errors(runs: &[ReplayedRun]) -> Vec<(ReadMechanism, f64)> {
    let survived = runs.iter().filter(|run| !run.measured_killed && !run.predicted_killed);
    let error = |run: &ReplayedRun| {
        let mechanism = ReadMechanism::ALL.into_iter().find(|m| m.label() == run.mechanism)?;
        let ratio = run.measured_peak_bytes.as_f64() / run.predicted_peak_bytes.as_f64();
        (ratio > 0.0 && ratio.is_finite()).then(|| (mechanism, libm::log(ratio)))
    };
    survived.filter_map(error).collect()
}

/// How far the peaks of measured runs move on machines of other speed: see [`model_error::machine_shifts`].
/// Runs that lost their server, or cannot be mapped, are left out.
#[must_use]
pub fn machine_shifts(found: &[Found]) -> Vec<(ReadMechanism, f64)> {
    let one = |found: &Found| match &found.observation {
        Observation::Run(run) if !run.result.lost() => {
            let inputs = mapping::inputs(run).ok()?;
            let mechanism = ReadMechanism::of(&inputs);
            let shifts = model_error::machine_shifts(&inputs).into_iter();
            Some(shifts.map(|shift| (mechanism, shift)).collect::<Vec<_>>())
        }
        Observation::Run(_) | Observation::Servers(_) => None,
    };
    found.par_iter().filter_map(one).flatten_iter().collect()
}

fn coverage(runs: &[ReplayedRun]) -> Coverage {
    let errors = model_errors(runs);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Coverage {
        runs: count(runs.len()),
        held: count(runs.iter().filter(|run| run.held).count()),
        survived: count(errors.len()),
        held_left_out: held_left_out(&errors),
    }
}

fn losses(runs: &[ReplayedRun]) -> LossAgreement {
    let count = |measured, predicted: Option<bool>| {
        let is = |run: &&ReplayedRun| {
            run.measured_killed == measured && predicted.is_none_or(|p| run.predicted_killed == p)
        };
        u32::try_from(runs.iter().filter(is).count()).unwrap_or(u32::MAX)
    };
    let unsure = |run: &&ReplayedRun| run.too_close && run.measured_killed != run.predicted_killed;
    LossAgreement {
        too_close: u32::try_from(runs.iter().filter(unsure).count()).unwrap_or(u32::MAX),
        lost: count(true, None),
        lost_predicted: count(true, Some(true)),
        survived: count(false, None),
        survived_predicted: count(false, Some(false)),
    }
}

#[cfg(test)]
mod tests;
