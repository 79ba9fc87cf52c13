//! `oomcast calibrate` for people: on the terminal and as Markdown.

use super::format::{clean, deviation, note, percent};
use super::table::Columns;
use crate::results::{
    CalibrationResult, ErrorSpread, FigureKind, FittedFigure, FittedObservation, FittedParameter,
    ParameterState,
};
use crate::units::Bytes;

/// The longest name of an observation that fits into 80 columns.
const NAME: usize = 30;

/// Renders the terminal result: the answer, the parameters, the observations.
#[must_use]
pub fn render(result: &CalibrationResult) -> String {
    let answer = headline(result).replacen(": ", "\n", 1) + "\n";
    let mut parts = vec![answer, parameters(result), observations(result)];
    parts.push(errors(result));
    let notes = result.notes.iter();
    let notes = notes.fold(String::new(), |text, n| text + &note(n) + "\n");
    parts.extend((!notes.is_empty()).then_some(notes));
    parts.join("\n")
}

/// The answer in one sentence, which is told in two lines on the terminal.
#[must_use]
pub fn headline(result: &CalibrationResult) -> String {
    let fitted = fitted(result);
    let runs = match result.observations.len() {
        1 => "1 observation".to_owned(),
        n => format!("{n} observations"),
    };
    if fitted == 0 {
        return format!("no parameter can be told from {runs}: the scenario stays as it is");
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
    let unseen = unseen
        .map_or_else(String::new, |peaks| format!(", {} where left out", percent(peaks.median)));
    format!("{fitted} of {all} parameters fitted to {runs}{errors}{unseen}")
}

fn fitted(result: &CalibrationResult) -> usize {
    result.parameters.iter().filter(|p| p.state.is_fitted()).count()
}

fn parameters(result: &CalibrationResult) -> String {
    let mut table = Columns::new(&["<parameter", "default", "fitted", "95 % interval", "<"]);
    for parameter in result.parameters.iter().filter(|one| one.state.is_fitted()) {
        table.row(&[
            parameter.key.clone(),
            parameter.default.clone(),
            parameter.value.clone(),
            interval(parameter),
            state(parameter),
        ]);
    }
    let mut text = if fitted(result) == 0 { String::new() } else { table.finish() };
    let others: Vec<_> = result.parameters.iter().filter(|one| !one.state.is_fitted()).collect();
    if !others.is_empty() {
        text += "  not identified, left as they are:\n";
    }
    text.extend(others.iter().map(|one| format!("    {}: {}\n", one.key, state(one))));
    text
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
        ParameterState::Weak => "its effect is too weak to tell".to_owned(),
        ParameterState::Entangled => {
            format!(
                "cannot be told from {}",
                parameter.entangled_with.as_deref().unwrap_or("others")
            )
        }
    }
}

fn observations(result: &CalibrationResult) -> String {
    let mut table = Columns::new(&[
        "<observation",
        "<",
        "meas-\nured",
        "error\nbefore",
        "error\nafter",
        "left\nout",
        "resi-\ndual",
    ]);
    for observation in &result.observations {
        for (index, figure) in observation.figures.iter().enumerate() {
            let id = if index == 0 { clean(&observation.id, NAME) } else { String::new() };
            let lost = lost(observation, figure);
            table.row(&[
                id,
                figure.kind.label().to_owned() + lost,
                amount(figure),
                signed(figure.before, figure),
                signed(figure.after, figure),
                figure.left_out.map_or_else(|| "-".to_owned(), |left| signed(left, figure)),
                format!("{:+.1}", figure.residual),
            ]);
        }
    }
    format!(
        "{}  GiB and seconds; errors in per cent; residuals in spreads of the measurement\n",
        table.finish()
    )
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

fn errors(result: &CalibrationResult) -> String {
    let mut table = Columns::new(&["<absolute error of", "of", "median", "p90", "worst", "<"]);
    for (name, spread) in spreads(result) {
        table.row(&[
            name.to_owned(),
            spread.count.to_string(),
            percent(spread.median),
            percent(spread.p90),
            percent(spread.worst),
            clean(&spread.worst_id, 16),
        ]);
    }
    format!("{}  {}\n", table.finish(), terms(result))
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

/// Renders the result as Markdown.
#[must_use]
pub fn markdown(result: &CalibrationResult) -> String {
    let mut text = format!("**{}**\n\n", plain(&headline(result)));
    text += "| parameter | what | default | fitted | factor, 95 % | |\n|---|---|--:|--:|--:|---|\n";
    for parameter in &result.parameters {
        let fitted = parameter.state.is_fitted();
        let dash = || "-".to_owned();
        text.extend([format!(
            "| `{}` | {} | {} | {} | {} | {} |\n",
            parameter.key,
            plain(&parameter.meaning),
            plain(&parameter.default),
            if fitted { plain(&parameter.value) } else { dash() },
            if fitted { interval(parameter) } else { dash() },
            plain(&state(parameter))
        )]);
    }
    text += "\n| observation | figure | measured | before | fitted | left out | residual |\n\
             |---|---|--:|--:|--:|--:|--:|\n";
    for observation in &result.observations {
        for figure in &observation.figures {
            let unit = if figure.kind == FigureKind::Duration { "s" } else { "GiB" };
            text.extend([format!(
                "| {} | {}{} | {} {unit} | {} | {} | {} | {:+.1} |\n",
                plain(&observation.id),
                figure.kind.label(),
                lost(observation, figure),
                amount(figure),
                deviation(error(figure.before, figure)),
                deviation(error(figure.after, figure)),
                figure
                    .left_out
                    .map_or_else(|| "-".to_owned(), |left| deviation(error(left, figure))),
                figure.residual
            )]);
        }
    }
    text += "\n| absolute error of | figures | median | 90th percentile | worst | of |\n";
    text += "|---|--:|--:|--:|--:|---|\n";
    for (name, spread) in spreads(result) {
        text.extend([format!(
            "| {name} | {} | {} | {} | {} | {} |\n",
            spread.count,
            percent(spread.median),
            percent(spread.p90),
            percent(spread.worst),
            plain(&spread.worst_id)
        )]);
    }
    text.extend([format!("\n{}.\n\n```toml\n{}```\n", terms(result), result.overlay)]);
    let notes = result.notes.iter();
    notes.fold(text, |text, note| text + "\n> note: " + &plain(note) + "\n")
}

fn plain(text: &str) -> String {
    super::markdown::plain(text)
}
