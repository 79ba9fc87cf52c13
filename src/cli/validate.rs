//! `oomcast validate`: replays what was measured and reports how far off the predictions are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::exit::{Exit, Failure};
use super::flags::{FolderFlags, PrintFlags, RunFlags};
use super::progress::Progress;
use super::{interrupt, output};
use crate::experiment::Replications;
use crate::report::charts::{ChartError, MeasuredRun, write_measured_run};
use crate::report::folder::{RunFolder, Status};
use crate::report::{Page, json, validation as report};
use crate::results::{ReplayedRun, Timeline, TimelinePoint, Validation};
use crate::units::{Bytes, SimSpan, SimTime};
use crate::validation::{self, COMMITTED_NAME, Curves, Gathered, Replay, Replayed};

/// Replications of each run unless the command line says otherwise.
const REPLICATIONS: u32 = 5;
/// The seed unless the command line says otherwise.
const SEED: u64 = 1;

/// `oomcast validate`.
#[derive(Debug, clap::Args)]
#[command(
    mut_arg("replications", |arg| arg.help(format!(
        "Replications of each run; the median counts [default: {REPLICATIONS}]"
    ))),
    mut_arg("seed", |arg| arg.help(format!("Seed of all random draws [default: {SEED}]"))),
    mut_arg("out", |arg| arg.help(
        "Writes the result, and a chart of each run as measured and predicted, into this folder"
    )),
    mut_arg("format", |arg| arg.help("What to print: text, json or md")),
)]
pub struct ValidateArgs {
    /// Observations: folders of run folders, run folders or files [default: the measured runs that
    /// come with oomcast].
    #[arg(value_name = "DIR|FILE")]
    pub paths: Vec<PathBuf>,
    /// Replays the published figures of the scenarios in this folder [default without other arguments:
    /// those of the scenarios that come with oomcast, after the runs].
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true)]
    pub published: Option<Option<PathBuf>>,
    /// Leaves the published figures out.
    #[arg(long, conflicts_with = "published")]
    pub no_published: bool,
    /// How each is replayed.
    #[command(flatten)]
    pub run: RunFlags,
    /// Exits with 3 if the peak of any run is off by more than this, such as 15%.
    #[arg(long, value_name = "PERCENT", value_parser = share)]
    pub max_error: Option<f64>,
    /// Where the files go.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// What is printed.
    #[command(flatten)]
    pub print: PrintFlags,
}

/// A share as a percentage: `15%` is 0.15.
fn share(text: &str) -> Result<f64, String> {
    let number = text.trim().strip_suffix('%').map(|n| n.trim().parse::<f64>());
    match number {
        Some(Ok(percent)) if percent.is_finite() && percent >= 0.0 => Ok(percent / 100.0),
        _ => Err("expected a percentage, such as 15%".to_owned()),
    }
}

/// Replays observations and published figures, then prints the result.
pub(super) fn validate(args: &ValidateArgs) -> Result<Exit, Failure> {
    let gathered = gather(args);
    let replay = replay(args);
    let folder = open(args, replay)?;
    let steps = u32::try_from(gathered.found.len()).unwrap_or(u32::MAX);
    let progress = Progress::counting(steps, "runs", !args.run.no_progress && !args.print.quiet);
    let done = std::sync::atomic::AtomicU32::new(0);
    let one = || progress.set(1 + done.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    let work = || validation::replay(&gathered.found, replay, one);
    interrupt::keep_what_is_done();
    let (replayed, errors) = output::on_threads(args.run.threads(), work)?;
    drop(progress);
    let mut result = validation::condense(&replayed, replay);
    result.notes.extend(gathered.notes);
    let failed = errors.len() as u32;
    let mut stopped = interrupt::note(replayed.len() as u32 + failed, steps, "runs");
    if stopped.is_none() {
        if args.paths.is_empty() && args.published.is_none() {
            result.holders = validation::holders(replay);
        }
        result.published = published(&published_of(args), args)?;
        stopped = interrupt::cut("all runs and some of the published figures");
    }
    result.notes.extend(stopped.clone());
    let unreadable: Vec<_> = gathered.errors.into_iter().chain(errors).collect();
    for error in &unreadable {
        output::error(&Failure::usage(error));
    }
    let page = report::page(&result);
    if let Some(folder) = folder {
        let status = interrupt::status(stopped.as_ref());
        write((folder, status), !args.folder.no_charts, &result, &page, &replayed)?;
    }
    output::tell(args.print, &page, &[], None, || json::validation(&result))?;
    interrupt::ended(stopped, || Ok(exit(args, &result, !unreadable.is_empty())))
}

fn replay(args: &ValidateArgs) -> Replay {
    Replay {
        seed: args.run.seed.unwrap_or(SEED),
        replications: args.run.replications.unwrap_or(REPLICATIONS),
    }
}

fn gather(args: &ValidateArgs) -> Gathered {
    let mut gathered = Gathered::default();
    args.paths.iter().for_each(|path| gathered.add_path(path));
    if args.paths.is_empty() && args.published.is_none() {
        gathered.add_committed();
        output::note(format_args!("replaying {COMMITTED_NAME}"));
    }
    gathered
}

/// Whose published figures are replayed.
enum PublishedOf<'a> {
    /// Nobody's.
    Nobody,
    /// Those of the scenarios that come with oomcast.
    Shipped,
    /// Those of a folder of scenarios.
    Folder(&'a Path),
}

fn published_of(args: &ValidateArgs) -> PublishedOf<'_> {
    match &args.published {
        Some(Some(folder)) => PublishedOf::Folder(folder),
        None if args.no_published || !args.paths.is_empty() => PublishedOf::Nobody,
        Some(None) | None => PublishedOf::Shipped,
    }
}

fn published(
    of: &PublishedOf<'_>,
    args: &ValidateArgs,
) -> Result<Vec<crate::results::PublishedScenario>, Failure> {
    let folder = match of {
        PublishedOf::Nobody => return Ok(Vec::new()),
        PublishedOf::Shipped => None,
        PublishedOf::Folder(folder) => Some(*folder),
    };
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(Failure::usage(format_args!(
            "there is no folder {}: pass one with scenarios that have [[published]] figures, as \
             --published=DIR",
            folder.display()
        )));
    }
    let wanted = !args.run.no_progress && !args.print.quiet;
    let tell = |name: &str| {
        if wanted {
            output::note(format_args!("replaying {name}"));
        }
    };
    validation::published_figures(folder, Some(replay(args).replications), tell)
        .map_err(Failure::usage)
}

fn exit(args: &ValidateArgs, result: &Validation, unreadable: bool) -> Exit {
    let far = |max: f64| result.worst_error.is_some_and(|worst| worst > max);
    if unreadable {
        Exit::Usage
    } else if args.max_error.is_some_and(far) {
        Exit::Expectation
    } else {
        Exit::Done
    }
}

/// The folder, where one is wanted.
fn open(args: &ValidateArgs, replay: Replay) -> Result<Option<RunFolder>, Failure> {
    let Replay { seed, replications } = replay;
    let plan = Replications { seed, replications, threads: None };
    let wanted = args.folder.out.is_some();
    wanted.then(|| output::folder(&args.folder, ("validation", ""), plan)).transpose()
}

/// Writes the result and one chart per run.
fn write(
    (mut folder, status): (RunFolder, Status),
    charts: bool,
    result: &Validation,
    page: &Page,
    replayed: &[Replayed],
) -> Result<(), Failure> {
    let json = json::validation(result).map_err(Failure::internal)?;
    folder
        .write_text("validation.json", &json)
        .and_then(|()| folder.write_text("validation.md", &page.markdown()))
        .map_err(output::not_written)?;
    let draw = |path: &Path| {
        let mut used = BTreeSet::new();
        let mut names = Vec::new();
        for one in replayed {
            let Replayed::Run(run, curves, _) = one else { continue };
            let mut stem = stem(&run.id);
            while !used.insert(stem.clone()) {
                stem.push('-');
            }
            names.extend(chart(path, &stem, run, curves)?);
        }
        Ok(names)
    };
    output::note(format_args!("wrote {}", output::close(folder, charts, status, draw)?));
    Ok(())
}

/// A file's name for a run.
pub(super) fn stem(id: &str) -> String {
    let safe = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let name: String = id.chars().map(safe).take(120).collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() { "run".to_owned() } else { name.to_owned() }
}

fn chart(
    folder: &Path,
    stem: &str,
    run: &ReplayedRun,
    curves: &Curves,
) -> Result<Vec<String>, ChartError> {
    let Some(predicted) = &curves.predicted else { return Ok(Vec::new()) };
    let measured = measured_timeline(&curves.measured);
    let last = measured.points.last().map(|point| point.at).unwrap_or_default();
    let done = run.predicted_seconds.unwrap_or(0.0) + 2.0;
    let done = SimTime::ZERO + SimSpan::from_secs_f64(done);
    let title = format!(
        "{}: predicted {}, measured {} ({:+.1} %)",
        run.id,
        run.predicted_peak_bytes,
        run.measured_peak_bytes,
        run.error * 100.0
    );
    let drawn = MeasuredRun {
        title: &title,
        subtitle: &subtitle(run),
        measured: &measured,
        predicted,
        before: None,
        limit: curves.limit,
        end: last.max(done),
    };
    write_measured_run(folder, stem, &drawn).map(Vec::from)
}

fn subtitle(run: &ReplayedRun) -> String {
    let lost = match (run.measured_killed, run.predicted_killed) {
        (false, false) => "",
        (true, true) => "; the server was lost, as predicted",
        (true, false) => "; the server was lost, which was not predicted",
        (false, true) => "; the server survived, which was not predicted",
    };
    format!("resident memory of the kube-apiserver; predicted from the inputs alone{lost}")
}

/// The measured curve as the charts take it.
pub(super) fn measured_timeline(curve: &[(SimTime, Bytes)]) -> Timeline {
    let point = |(at, resident): &(SimTime, Bytes)| TimelinePoint::of_resident(*at, *resident);
    Timeline {
        server: "measured".to_owned(),
        points: curve.iter().map(point).collect(),
        down: Vec::new(),
        levels: Vec::new(),
    }
}
