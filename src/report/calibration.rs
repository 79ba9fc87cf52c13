//! `oomcast calibrate` for people.

use super::format::percent;
use super::page::{Page, Section};
use super::table::Table;
use super::validation::spread_table;
use crate::results::{
    CalibrationResult, ErrorSpread, FigureKind, FittedFigure, FittedObservation, FittedParameter,
    ParameterState,
};
use crate::units::Bytes;

/// The longest name of an observation that fits into 80 columns.
const NAME: usize = 30;

/// The page of a calibration: the answer, the parameters, the observations.
#[must_use]
pub fn page(result: &CalibrationResult) -> Page {
    let overlay = Some(result.overlay.clone()).filter(|overlay| !overlay.is_empty());
    let mut page = Page {
        verdict: headline(result),
        notes: result.notes.clone(),
        listing: overlay.map(|overlay| ("toml", overlay)),
        ..Page::default()
    };
    page.section(parameters(result));
    page.section(observations(result));
    page.section(errors(result));
    page
}

/// The answer in one sentence.
#[must_use]
pub fn headline(result: &CalibrationResult) -> String {
    let fitted = fitted(result);
    let runs = match result.observations.len() {
        1 => "1 observation".to_owned(),
        n => format!("{n} observations"),
    };
    if unfinished(result) {
        return "the calibration was stopped before anything was fitted: the scenario stays as it is".to_owned();
    }
    if fitted == 0 {
        return format!("no parameter can be identified from {runs}: the scenario stays as it is");
    }
    let all = result.parameters.len();
    let errors = match (&result.peaks.before, &result.peaks.after) {
        (Some(before), Some(after)) => format!(
            ": median error of the peak {} before, {} after",
            percent(before.median),
            percent(after.median)
        ),
        _ => String::new(),
    };
    let unseen = result.cross_validation.as_ref().and_then(|cross| cross.peaks.as_ref());
    let unseen = unseen.map_or_else(String::new, |peaks| {
        format!(", {} where left out of the fit", percent(peaks.median))
    });
    format!("{fitted} of {all} parameters fitted to {runs}{errors}{unseen}")
}

fn unfinished(result: &CalibrationResult) -> bool {
    result.parameters.iter().any(|p| p.state == ParameterState::Unfinished)
}

fn fitted(result: &CalibrationResult) -> usize {
    result.parameters.iter().filter(|p| p.state.is_fitted()).count()
}

fn parameters(result: &CalibrationResult) -> Section {
    let (fitted, others): (Vec<&FittedParameter>, Vec<_>) =
        result.parameters.iter().partition(|one| one.state.is_fitted());
    let table = Table::of(&fitted)
        .words("parameter", |one| one.key.clone())
        .words("what", |one| one.meaning.clone())
        .markdown_only()
        .numbers("default", |one| one.default.clone())
        .numbers("fitted", |one| one.value.clone())
        .numbers("95 % interval", |one| interval(one))
        .words("", |one| state(one));
    let section = Section::titled("Parameters").table(table);
    if others.is_empty() {
        return section;
    }
    let others = others.into_iter().map(|one| format!("  {}: {}", one.key, state(one)));
    section.legend("not identified, left as they are:").legends(others)
}

/// The interval of the factor.
fn interval(parameter: &FittedParameter) -> String {
    let digits = |factor: f64| if factor < 9.995 { 2 } else { 1 };
    let (low, high) = (parameter.low, parameter.high);
    format!("x {low:.0$} to {high:.1$}", digits(low), digits(high))
}

/// Why a parameter stays as it is.
fn state(parameter: &FittedParameter) -> String {
    match parameter.state {
        ParameterState::Fitted => String::new(),
        ParameterState::AtBound => "at its bound".to_owned(),
        ParameterState::NoEffect => "no figure depends on it".to_owned(),
        ParameterState::Weak => "its effect is too weak".to_owned(),
        ParameterState::Unfinished => "stopped before it was fitted".to_owned(),
        ParameterState::Entangled => {
            format!(
                "cannot be told apart from {}",
                parameter.entangled_with.as_deref().unwrap_or("others")
            )
        }
    }
}

fn observations(result: &CalibrationResult) -> Section {
    let rows: Vec<(bool, &FittedObservation, &FittedFigure)> = result
        .observations
        .iter()
        .flat_map(|one| {
            one.figures.iter().enumerate().map(move |(i, figure)| (i == 0, one, figure))
        })
        .collect();
    let table = Table::of(&rows)
        .words("observation", |(first, one, _)| if *first { one.id.clone() } else { String::new() })
        .at_most(NAME)
        .words("", |(_, one, figure)| figure.kind.label().to_owned() + lost(one, figure))
        .numbers("meas-\nured", |(_, _, figure)| amount(figure))
        .numbers("error\nbefore", |(_, _, figure)| signed(figure.before, figure))
        .numbers("error\nafter", |(_, _, figure)| signed(figure.after, figure))
        .numbers("left\nout", |(_, _, figure)| {
            figure.left_out.map_or_else(|| "-".to_owned(), |left| signed(left, figure))
        })
        .numbers("resi-\ndual", |(_, _, figure)| format!("{:+.1}", figure.residual));
    Section::titled("Observations")
        .table(table)
        .legend("GiB and seconds; errors in per cent; residuals in spreads of the measurement")
}

/// A mark where a server was lost: measured / predicted with the fit.
fn lost(observation: &FittedObservation, figure: &FittedFigure) -> &'static str {
    match (figure.kind, observation.measured_lost, observation.lost_after) {
        (FigureKind::Peak, true, true) => " x/x",
        (FigureKind::Peak, true, false) => " x/-",
        (FigureKind::Peak, false, true) => " -/x",
        _ => "",
    }
}

fn amount(figure: &FittedFigure) -> String {
    match figure.kind {
        FigureKind::Duration => format!("{:.1}", figure.measured),
        _ => format!("{:.2}", Bytes::from_f64(figure.measured).as_gib()),
    }
}

fn error(predicted: f64, figure: &FittedFigure) -> f64 {
    predicted / figure.measured.max(1e-9) - 1.0
}

/// Signed per cent without the sign of per cent.
fn signed(predicted: f64, figure: &FittedFigure) -> String {
    format!("{:+.1}", error(predicted, figure) * 100.0)
}

/// The rows of the table of errors.
fn spreads(result: &CalibrationResult) -> Vec<(&'static str, &ErrorSpread)> {
    let cross = result.cross_validation.as_ref();
    let rows = [
        ("peak, before", result.peaks.before.as_ref()),
        ("peak, fitted", result.peaks.after.as_ref()),
        ("peak, left out of the fit", cross.and_then(|cross| cross.peaks.as_ref())),
        ("base, before", result.bases.before.as_ref()),
        ("base, fitted", result.bases.after.as_ref()),
        ("duration, before", result.durations.before.as_ref()),
        ("duration, fitted", result.durations.after.as_ref()),
    ];
    rows.into_iter().filter_map(|(name, spread)| Some((name, spread?))).collect()
}

fn errors(result: &CalibrationResult) -> Section {
    let table = spread_table("absolute error of", "of", &spreads(result));
    Section::titled("Errors").table(table).legend(terms(result))
}

fn terms(result: &CalibrationResult) -> String {
    let folds = match &result.cross_validation {
        Some(cross) => format!("{} folds, ", cross.folds),
        None => String::new(),
    };
    format!(
        "{folds}seed {}, {} replications, residuals {:.1} times the measurements' spread",
        result.seed, result.replications, result.residual_spread
    )
}
