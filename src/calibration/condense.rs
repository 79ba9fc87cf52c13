//! The result of a calibration from its fit.

use super::Plan;
use super::cross::LeftOut;
use super::fit::{Factors, Problem};
use super::identify::{Fit, Standing};
use super::parameters::{PARAMETERS, Parameter};
use super::subject::{Predicted, Subject};
use crate::model::input::Inputs;
use crate::results::{
    CALIBRATION_FORMAT_VERSION, CalibrationResult, CrossValidation, ErrorSpread, FigureKind,
    FitErrors, FittedFigure, FittedObservation, FittedParameter, ParameterState, Timeline,
};
use crate::scenario::Scenario;
use crate::units::Bytes;
use crate::validation::compare::error;
use crate::validation::spread;

/// Figures that a fit should have beside its parameters.
const FEW: usize = 3;

/// A calibration.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibrated {
    /// The plain result.
    pub result: CalibrationResult,
    /// Curves, one an observation.
    pub drawn: Vec<Drawn>,
}

/// The curves of an observation.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// Seconds since the burst began and what was measured; may be empty.
    pub measured: Vec<(f64, Bytes)>,
    /// Predicted with the scenario's values.
    pub before: Option<Timeline>,
    /// Predicted with the fitted ones.
    pub after: Option<Timeline>,
    /// The memory limit.
    pub limit: Option<Bytes>,
}

/// The values that go into the overlay.
struct Chosen<'p> {
    parameter: &'p Parameter,
    /// What observations (or else the scenario) have by themselves.
    default: f64,
    /// Rounded, if it was fitted.
    value: Option<f64>,
}

impl Chosen<'_> {
    fn factor(&self) -> f64 {
        self.value.map_or(1.0, |value| value / self.default)
    }
}

/// Puts everything together.
pub(super) fn condense(
    scenario: &Scenario,
    problem: &Problem<'_>,
    plan: &Plan,
    wanted: &[usize],
    fit: &Fit,
    left_out: Option<&LeftOut>,
) -> Calibrated {
    let subjects = problem.subjects;
    let chosen: Vec<Chosen> = (0..PARAMETERS.len())
        .map(|index| chosen(scenario, subjects, index, &fit.standings[index], &fit.factors))
        .collect();
    let before = problem.predict(&[0.0; PARAMETERS.len()]);
    let inputs: Vec<Inputs> = subjects.iter().map(|s| overlaid(&s.inputs, &chosen)).collect();
    let after: Vec<Predicted> =
        subjects.iter().zip(&inputs).map(|(s, inputs)| s.predict(inputs, plan.replay)).collect();
    let observations = subjects.iter().enumerate().map(|(index, subject)| {
        let left = left_out.map(|left| &left.predicted[index]);
        observation(subject, &before[index], &after[index], left)
    });
    let observations: Vec<FittedObservation> = observations.collect();
    let errors = |kind| FitErrors {
        before: errors(&observations, kind, |figure| Some(figure.before)),
        after: errors(&observations, kind, |figure| Some(figure.after)),
    };
    let parameters =
        wanted.iter().map(|index| parameter(&chosen[*index], &fit.standings[*index])).collect();
    let result = CalibrationResult {
        format_version: CALIBRATION_FORMAT_VERSION.to_owned(),
        scenario: scenario.name.clone(),
        scenario_hash: scenario.hash.clone(),
        seed: plan.replay.seed,
        replications: plan.replay.replications,
        peaks: errors(FigureKind::Peak),
        bases: errors(FigureKind::Base),
        durations: errors(FigureKind::Duration),
        degrees_of_freedom: u32::try_from(fit.freedom).unwrap_or(u32::MAX),
        residual_spread: rounded(fit.residual_spread),
        cross_validation: left_out.map(|left| CrossValidation {
            folds: left.folds,
            peaks: self::errors(&observations, FigureKind::Peak, |figure| figure.left_out),
            peaks_before: self::errors(&observations, FigureKind::Peak, |f| Some(f.before)),
        }),
        overlay: overlay(scenario, &chosen, subjects.len()),
        notes: notes(fit, &chosen, left_out, scenario, subjects),
        observations,
        parameters,
    };
    let drawn = subjects.iter().zip(&inputs).map(|(subject, inputs)| Drawn {
        measured: subject.curve.clone(),
        before: subject.curve_of(&subject.inputs, plan.replay),
        after: subject.curve_of(inputs, plan.replay),
        limit: subject.inputs.apiserver.memory_limit,
    });
    Calibrated { drawn: drawn.collect(), result }
}

/// A parameter's values: what all observations have by themselves counts, else what the scenario has.
fn chosen(
    scenario: &Scenario,
    subjects: &[&Subject],
    index: usize,
    standing: &Standing,
    factors: &Factors,
) -> Chosen<'static> {
    let parameter = &PARAMETERS[index];
    let own = parameter.value(&scenario.inputs);
    let mut values = subjects.iter().map(|subject| parameter.value(&subject.inputs));
    let first = values.next().unwrap_or(own);
    let default = if values.all(|value| value.to_bits() == first.to_bits()) { first } else { own };
    let fitted = standing.state.is_fitted();
    let value = parameter.rounded(default * libm::exp(factors[index]));
    Chosen { parameter, default, value: fitted.then_some(value) }
}

/// A subject's inputs with the chosen values: those themselves where it has the default, else by the same
/// factor.
fn overlaid(inputs: &Inputs, chosen: &[Chosen]) -> Inputs {
    let mut inputs = inputs.clone();
    for one in chosen {
        let Some(value) = one.value else { continue };
        let own = one.parameter.value(&inputs);
        let same = own.to_bits() == one.default.to_bits();
        one.parameter.set_value(&mut inputs, if same { value } else { own * one.factor() });
    }
    inputs
}

/// As files hold it: further digits would say nothing.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn observation(
    subject: &Subject,
    before: &Predicted,
    after: &Predicted,
    left: Option<&Predicted>,
) -> FittedObservation {
    let residuals: Vec<f64> = subject.residuals(after).collect();
    let figures = subject.targets.iter().enumerate().map(|(index, target)| FittedFigure {
        kind: target.kind,
        measured: rounded(target.measured),
        before: rounded(before.figures[index]),
        after: rounded(after.figures[index]),
        left_out: left.and_then(|left| left.figures.get(index)).map(|figure| rounded(*figure)),
        spread: rounded(target.spread),
        residual: rounded(residuals[index]),
    });
    FittedObservation {
        id: subject.id.clone(),
        file: subject.file.clone(),
        figures: figures.collect(),
        measured_lost: subject.lost,
        lost_before: before.lost,
        lost_after: after.lost,
    }
}

fn errors(
    observations: &[FittedObservation],
    kind: FigureKind,
    of: impl Fn(&FittedFigure) -> Option<f64>,
) -> Option<ErrorSpread> {
    let found: Vec<(Option<f64>, &String)> = observations
        .iter()
        .filter_map(|one| {
            let figure = one.figures.iter().find(|figure| figure.kind == kind)?;
            Some((of(figure).and_then(|predicted| error(predicted, figure.measured)), &one.id))
        })
        .collect();
    spread(found.into_iter())
}

fn parameter(chosen: &Chosen, standing: &Standing) -> FittedParameter {
    let factor = chosen.factor();
    let value = chosen.value.unwrap_or(chosen.default);
    let width = libm::exp(standing.half);
    FittedParameter {
        key: chosen.parameter.key.to_owned(),
        meaning: chosen.parameter.meaning.to_owned(),
        state: standing.state,
        default: chosen.parameter.text(chosen.default),
        value: chosen.parameter.text(value),
        factor: rounded(factor),
        low: rounded(factor / width),
        high: rounded(factor * width),
        entangled_with: standing.with.map(|index| PARAMETERS[index].key.to_owned()),
    }
}

/// The overlay's text: a table a section.
fn overlay(scenario: &Scenario, chosen: &[Chosen], observations: usize) -> String {
    let mut text = format!(
        "# Fitted to {observations} observations by `oomcast calibrate`.\n\
         # Lay it over a scenario: oomcast run FILE --overlay overlay.toml\n"
    );
    if chosen.iter().all(|one| one.value.is_none()) {
        text.extend(["# Nothing was identified: ", &scenario.name, " stays as it is.\n"]);
    }
    let mut section = "";
    for one in chosen {
        let Some(value) = one.value else { continue };
        let (table, _) = one.parameter.key.split_once('.').unwrap_or(("", one.parameter.key));
        if table != section {
            text.extend(["\n[", table, "]\n"]);
            section = table;
        }
        text.extend([&one.parameter.line(value), "\n"]);
    }
    text
}

fn notes(
    fit: &Fit,
    chosen: &[Chosen],
    left_out: Option<&LeftOut>,
    scenario: &Scenario,
    subjects: &[&Subject],
) -> Vec<String> {
    let mut notes = Vec::new();
    if fit.freedom < FEW {
        notes.push(format!(
            "{} figures more than parameters: the intervals rest on the spread of measurements alone",
            fit.freedom
        ));
    }
    if left_out.is_none() {
        notes.push("no cross-validation: it takes two observations with different inputs".into());
    }
    if fit.residual_spread > 2.0 {
        notes.push(format!(
            "the residuals are {:.1} times the spread of measurements: the description of what happened, \
             or the model, is off by more than parameters can mend",
            fit.residual_spread
        ));
    }
    for (one, standing) in chosen.iter().zip(&fit.standings) {
        let key = one.parameter.key;
        if standing.state == ParameterState::AtBound {
            notes.push(format!("`{key}` stands at its bound: look for another cause"));
        }
        let own = one.parameter.value(&scenario.inputs);
        if one.value.is_some() && own.to_bits() != one.default.to_bits() {
            notes.push(format!(
                "`{key}` is {} in the scenario, {} in the observations: the overlay goes by these",
                one.parameter.text(own),
                one.parameter.text(one.default)
            ));
        }
    }
    let known = |subject: &&&Subject| subject.lost;
    let lost = subjects.iter().filter(known).count();
    if lost > 0 {
        notes.push(format!(
            "{lost} of the servers were lost: their peaks are their limits and say little"
        ));
    }
    notes
}
