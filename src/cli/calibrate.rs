//! `oomcast calibrate`: fit the model's parameters to observations, write an overlay.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::args::{CalibrateArgs, Format};
use super::exit::{Exit, Failure};
use super::progress::Progress;
use super::{hint, load, output, threads, validate};
use crate::calibration::prepare::Base;
use crate::calibration::{self, Calibrated, Drawn, Plan};
use crate::report::charts::{Overlay, write_fit, write_overlay};
use crate::report::{calibration as report, json};
use crate::results::{CalibrationResult, FittedObservation, Timeline};
use crate::scenario::{Layers, Scenario};
use crate::units::{Bytes, SimSpan, SimTime};
use crate::validation::Replay;
use crate::validation::series::Observed;

/// Where results go when `--out` does not say.
const OUTPUT: &str = "output";
/// The overlay's file.
const OVERLAY: &str = "overlay.toml";

/// Fits, writes a folder, then prints the result.
pub(super) fn calibrate(args: &CalibrateArgs) -> Result<Exit, Failure> {
    let overlays = load::overlays(&args.layers.overlay)?;
    let layers =
        Layers { profiles: &args.layers.profile, overlays: &overlays, overrides: &args.layers.set };
    let scenario = load::load_with(&args.file, layers)?;
    load::tell_notes(&scenario.notes);
    let plan = Plan {
        replay: Replay {
            seed: args.seed.unwrap_or(scenario.seed),
            replications: args.replications,
        },
        parameters: args.fit.clone(),
        folds: args.folds,
    };
    let mut observed = Observed::default();
    args.observed.iter().for_each(|path| observed.add_path(path));
    let base = Base { file: &args.file, layers, scenario: &scenario };
    let work = || fit(base, &observed, &plan, !args.no_progress);
    let (calibrated, notes) = threads::on(args.jobs, work)??;
    let mut calibrated = calibrated;
    calibrated.result.notes.splice(0..0, notes);
    let folder = write(args, &scenario, &calibrated)?;
    tell(args, &calibrated.result, &folder)?;
    Ok(Exit::Done)
}

/// Prepares and fits; every mistake in the observations is told.
fn fit(
    base: Base<'_>,
    observed: &Observed,
    plan: &Plan,
    progress: bool,
) -> Result<(Calibrated, Vec<String>), Failure> {
    let prepared = calibration::prepare(base, observed, plan.replay);
    let errors: Vec<_> =
        observed.runs.errors.iter().chain(&observed.errors).chain(&prepared.errors).collect();
    for error in &errors {
        output::error(&Failure::new(Exit::Usage, error));
    }
    if !errors.is_empty() {
        return Err(Failure::told(Exit::Usage));
    }
    let steps = calibration::steps(&prepared.subjects, plan);
    let bar = Progress::counting(steps, "fits", progress);
    let found =
        calibration::calibrate(base.scenario, &prepared.subjects, plan, |done| bar.set(done));
    drop(bar);
    let notes = observed.runs.notes.iter().chain(&observed.notes).chain(&prepared.notes);
    let calibrated = found.map_err(|reason| Failure::new(Exit::Usage, reason))?;
    Ok((calibrated, notes.cloned().collect()))
}

fn text(format: Format, result: &CalibrationResult) -> Result<String, Failure> {
    Ok(match format {
        Format::Text => report::render(result),
        Format::Md => report::markdown(result),
        Format::Json => {
            json::calibration(result).map_err(|error| Failure::new(Exit::Internal, error))?
        }
    })
}

fn tell(args: &CalibrateArgs, result: &CalibrationResult, folder: &Path) -> Result<(), Failure> {
    let overlay = folder.join(OVERLAY);
    let mut printed = text(args.format, result)?;
    let fitted = result.parameters.iter().any(|parameter| parameter.state.is_fitted());
    let wrote = format!("wrote {}/", folder.display());
    if args.format != Format::Text {
        output::note(wrote);
        return output::result(&printed);
    }
    printed.extend(["\n", &wrote, "\n"]);
    if fitted {
        let command = hint::with_overlay(&args.file, &args.layers, &overlay);
        printed.extend(["next: ", &command, "\n"]);
    }
    output::result(&printed)
}

/// Writes overlay, result and charts.
fn write(
    args: &CalibrateArgs,
    scenario: &Scenario,
    calibrated: &Calibrated,
) -> Result<PathBuf, Failure> {
    let default = || Path::new(OUTPUT).join(format!("{}-calibration", scenario.name));
    let folder = args.out.clone().unwrap_or_else(default);
    let failed = |path: &Path, error: &dyn std::fmt::Display| {
        Failure::new(Exit::Internal, format!("cannot write {}: {error}", path.display()))
    };
    let charts = folder.join("charts");
    let deepest = if args.no_charts { &folder } else { &charts };
    std::fs::create_dir_all(deepest).map_err(|error| failed(deepest, &error))?;
    let result = &calibrated.result;
    for (name, content) in [
        (OVERLAY, result.overlay.clone()),
        ("calibration.json", text(Format::Json, result)?),
        ("calibration.md", text(Format::Md, result)?),
    ] {
        let path = folder.join(name);
        std::fs::write(&path, content).map_err(|error| failed(&path, &error))?;
    }
    if !args.no_charts {
        draw(&charts, calibrated).map_err(|error| Failure::new(Exit::Internal, error))?;
    }
    Ok(folder)
}

fn draw(folder: &Path, calibrated: &Calibrated) -> Result<(), crate::report::charts::ChartError> {
    let result = &calibrated.result;
    write_fit(folder, &report::headline(result), result)?;
    let mut used = BTreeSet::from(["fit".to_owned()]);
    for (observation, drawn) in result.observations.iter().zip(&calibrated.drawn) {
        let mut stem = validate::stem(&observation.id);
        while !used.insert(stem.clone()) {
            stem.push('-');
        }
        curves(folder, &stem, observation, drawn)?;
    }
    Ok(())
}

/// Measured and predicted curves of an observation.
fn curves(
    folder: &Path,
    stem: &str,
    observation: &FittedObservation,
    drawn: &Drawn,
) -> Result<(), crate::report::charts::ChartError> {
    let Some(after) = &drawn.after else { return Ok(()) };
    let since = |at: f64| SimTime::ZERO + SimSpan::from_secs_f64(at);
    let measured: Vec<(SimTime, Bytes)> = drawn
        .measured
        .iter()
        .filter(|(at, _)| *at >= 0.0)
        .map(|(at, bytes)| (since(*at), *bytes))
        .collect();
    let longest = observation.figures.iter().filter_map(|figure| {
        (figure.kind == crate::results::FigureKind::Duration).then_some(figure.after)
    });
    let done = since(longest.fold(10.0, f64::max) * 1.5);
    let last = measured.last().map_or(done, |(at, _)| *at);
    let title = format!("{}: measured, and predicted before and after the fit", observation.id);
    let overlay = Overlay {
        title: &title,
        subtitle: "memory of the kube-apiserver, as it was measured, and as replays have it",
        measured: &validate::measured_timeline(&measured),
        predicted: after,
        before: drawn.before.as_ref().filter(|before| differs(before, after)),
        limit: drawn.limit,
        end: last,
    };
    write_overlay(folder, stem, &overlay).map(drop)
}

/// Whether there are two lines to draw.
fn differs(before: &Timeline, after: &Timeline) -> bool {
    before.points != after.points
}
