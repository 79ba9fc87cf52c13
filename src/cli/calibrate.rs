//! `oomcast calibrate`: fits the model's parameters to observations and writes an overlay.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::exit::{Exit, Failure};
use super::flags::{FolderFlags, LayerArgs, PrintFlags, RunFlags, is_stdin};
use super::output;
use super::progress::Progress;
use super::{hint, interrupt, load, validate};
use crate::calibration::prepare::Base;
use crate::calibration::{self, Calibrated, Drawn, Plan, parameters};
use crate::experiment::Replications;
use crate::report::charts::{ChartError, MeasuredRun, write_fit, write_measured_run};
use crate::report::folder::{RunFolder, Status};
use crate::report::{Page, calibration as report, json};
use crate::results::{FittedObservation, Timeline};
use crate::scenario::{Layers, Scenario};
use crate::units::{Bytes, SimSpan, SimTime};
use crate::validation::Replay;
use crate::validation::series::Observed;

/// What is said of a fit that Ctrl-C ended.
const STOPPED: &str = "stopped by Ctrl-C: what was not fitted by then is left as it is, and nothing was \
    held against observations left out; the same command fits to the end";

/// The overlay's file.
const OVERLAY: &str = "overlay.toml";

/// Replications of each observation unless the command line says otherwise.
const REPLICATIONS: u32 = 5;

/// `oomcast calibrate`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = EXAMPLES,
    mut_arg("replications", |arg| arg.help(format!(
        "Replications of each observation; the median counts [default: {REPLICATIONS}]"
    ))),
    mut_arg("out", |arg| arg.help("The folder to write [default: output/SCENARIO-calibration]")),
    mut_arg("format", |arg| arg.help("What to print: text, json or md")),
)]
pub struct CalibrateArgs {
    /// The scenario file: the cluster that was observed, with the burst as an event.
    pub file: PathBuf,
    /// Observations: a folder, a series, a description or a measured run. Repeatable.
    #[arg(long, value_name = "DIR|FILE", required = true)]
    pub observed: Vec<PathBuf>,
    /// Which parameters to fit, such as hardware.cpu-speed,calibration.typed-heap [default: all; those
    /// that the observations do not depend on stay as they are].
    #[arg(long, value_name = "KEYS", value_delimiter = ',', value_parser = parameter)]
    pub fit: Vec<usize>,
    /// Parts of the observations that are left out in turn, to estimate the error on what the fit has
    /// not seen; 0: none.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub folds: u32,
    /// Layers applied on top of the file.
    #[command(flatten)]
    pub layers: LayerArgs,
    /// How each observation is replayed.
    #[command(flatten)]
    pub run: RunFlags,
    /// Where the files go.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// What is printed.
    #[command(flatten)]
    pub print: PrintFlags,
}

const EXAMPLES: &str = "\
Observations:
  working-set.csv     time and container_memory_working_set_bytes, as Grafana and Prometheus export
                      them (also the JSON of /api/v1/query_range); from ten minutes before the burst
  rollout.toml        beside it, what happened; without it the largest rise is the only event:
                        schema = 1
                        series = \"working-set.csv\"
                        [[bursts]]
                        name = \"agents rolled out\"
                        from = 2026-05-12T10:04:00Z
                        to = 2026-05-12T10:07:00Z
                        event = \"rollout\"      # of the scenario
                        restarts = 0            # of the container in that time
                        seconds = \"42s\"         # until the clients were done, if known
                        set = [\"clients.node-agents.count=300\"]   # what was different then
  run.json, *.jsonl   measured runs, as `oomcast validate` takes them

Examples:
  oomcast calibrate my-cluster.toml --observed working-set.csv
  oomcast calibrate my-cluster.toml --observed incidents/ --fit hardware.cpu-speed,calibration.typed-heap
  oomcast run my-cluster.toml --overlay output/my-cluster-calibration/overlay.toml
";

/// The place of a parameter in the table of those that can be fitted.
fn parameter(text: &str) -> Result<usize, String> {
    parameters::find(text.trim()).ok_or_else(|| {
        let keys: Vec<&str> = parameters::PARAMETERS.iter().map(|one| one.key).collect();
        format!("expected one of {}", keys.join(", "))
    })
}

/// Fits, writes a folder, then prints the result.
pub(super) fn calibrate(args: &CalibrateArgs) -> Result<Exit, Failure> {
    if is_stdin(&args.file) {
        let message = "calibrate reads the scenario once per burst: give it as a file, not as `-`";
        return Err(Failure::usage(message));
    }
    let overlays = load::overlays(&args.layers.overlay)?;
    let layers =
        Layers { profiles: &args.layers.profile, overlays: &overlays, overrides: &args.layers.set };
    let scenario = load::load_with(&args.file, layers)?;
    load::tell_notes(&scenario.notes);
    let plan = Plan {
        replay: Replay {
            seed: args.run.seed.unwrap_or(scenario.seed),
            replications: args.run.replications.unwrap_or(REPLICATIONS),
        },
        parameters: args.fit.clone(),
        folds: args.folds,
    };
    let folder = open(args, &scenario, plan.replay)?;
    let mut observed = Observed::default();
    args.observed.iter().for_each(|path| observed.add_path(path));
    let base = Base { file: &args.file, layers, scenario: &scenario };
    let work = || fit(base, &observed, &plan, !args.run.no_progress && !args.print.quiet);
    interrupt::keep_what_is_done();
    let (calibrated, notes) = output::on_threads(args.run.threads(), work)??;
    let mut calibrated = calibrated;
    calibrated.result.notes.splice(0..0, notes);
    let stopped = interrupt::asked().then(|| STOPPED.to_owned());
    calibrated.result.notes.extend(stopped.clone());
    let result = &calibrated.result;
    let page = report::page(result);
    let path = folder.path().to_owned();
    let status = interrupt::status(stopped.as_ref());
    let written = write((folder, status), !args.folder.no_charts, &calibrated, &page)?;
    let fitted = result.parameters.iter().any(|parameter| parameter.state.is_fitted());
    let next = fitted.then(|| hint::with_overlay(&args.file, &args.layers, &path.join(OVERLAY)));
    output::tell(args.print, &page, &[written], next.as_deref(), || json::calibration(result))?;
    interrupt::ended(stopped, || Ok(Exit::Done))
}

/// Prepares and fits; every mistake in the observations is reported.
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
        output::error(&Failure::usage(error));
    }
    if !errors.is_empty() {
        return Err(Failure::reported(Exit::Usage));
    }
    let steps = calibration::steps(&prepared.subjects, plan);
    let bar = Progress::counting(steps, "fits", progress);
    let found =
        calibration::calibrate(base.scenario, &prepared.subjects, plan, |done| bar.set(done));
    drop(bar);
    let notes = observed.runs.notes.iter().chain(&observed.notes).chain(&prepared.notes);
    let calibrated = found.map_err(Failure::usage)?;
    Ok((calibrated, notes.cloned().collect()))
}

fn open(args: &CalibrateArgs, scenario: &Scenario, replay: Replay) -> Result<RunFolder, Failure> {
    let name = format!("{}-calibration", scenario.name);
    let default = || Path::new(output::OUTPUT).join(&name);
    let out = Some(args.folder.out.clone().unwrap_or_else(default));
    let Replay { seed, replications } = replay;
    let plan = Replications { seed, replications, threads: None };
    output::folder(&FolderFlags { out, ..args.folder.clone() }, (&name, &scenario.hash), plan)
}

/// Writes overlay, result and charts, and returns a line that says where.
fn write(
    (mut folder, status): (RunFolder, Status),
    charts: bool,
    calibrated: &Calibrated,
    page: &Page,
) -> Result<String, Failure> {
    let result = &calibrated.result;
    let json = json::calibration(result).map_err(Failure::internal)?;
    folder
        .write_text(OVERLAY, &result.overlay)
        .and_then(|()| folder.write_text("calibration.json", &json))
        .and_then(|()| folder.write_text("calibration.md", &page.markdown()))
        .map_err(output::not_written)?;
    output::close(folder, charts, status, |path| draw(&path.join("charts"), calibrated))
}

fn draw(folder: &Path, calibrated: &Calibrated) -> Result<Vec<String>, ChartError> {
    let result = &calibrated.result;
    let mut names = Vec::from(write_fit(folder, &report::headline(result), result)?);
    let mut used = BTreeSet::from(["fit".to_owned()]);
    for (observation, drawn) in result.observations.iter().zip(&calibrated.drawn) {
        let mut stem = validate::stem(&observation.id);
        while !used.insert(stem.clone()) {
            stem.push('-');
        }
        names.extend(curves(folder, &stem, observation, drawn)?);
    }
    Ok(names.into_iter().map(|name| format!("charts/{name}")).collect())
}

/// Measured and predicted curves of an observation.
fn curves(
    folder: &Path,
    stem: &str,
    observation: &FittedObservation,
    drawn: &Drawn,
) -> Result<Vec<String>, ChartError> {
    let Some(after) = &drawn.after else { return Ok(Vec::new()) };
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
    let drawn = MeasuredRun {
        title: &title,
        subtitle: "memory of the kube-apiserver, as it was measured, and as replays have it",
        measured: &validate::measured_timeline(&measured),
        predicted: after,
        before: drawn.before.as_ref().filter(|before| differs(before, after)),
        limit: drawn.limit,
        end: last,
    };
    write_measured_run(folder, stem, &drawn).map(Vec::from)
}

/// Whether there are two lines to draw.
fn differs(before: &Timeline, after: &Timeline) -> bool {
    before.points != after.points
}
