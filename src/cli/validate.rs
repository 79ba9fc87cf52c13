//! `oomcast validate`: replay what was measured, tell how far off the predictions are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::args::{Format, ValidateArgs};
use super::exit::{Exit, Failure};
use super::progress::Progress;
use super::{output, threads};
use crate::report::charts::{Overlay, write_overlay};
use crate::report::{json, validation as report};
use crate::results::{Mechanism, ReplayedRun, Timeline, TimelinePoint, Validation};
use crate::units::{Bytes, SimSpan, SimTime};
use crate::validation::{self, COMMITTED_NAME, Curves, Gathered, Replay, Replayed};

/// Where the shipped scenarios are.
const SCENARIOS: &str = "scenarios";

/// Replays observations and published figures, then prints the result.
pub(super) fn validate(args: &ValidateArgs) -> Result<Exit, Failure> {
    let gathered = gather(args);
    let replay = Replay { seed: args.seed, replications: args.replications };
    let steps = u32::try_from(gathered.found.len()).unwrap_or(u32::MAX);
    let progress = Progress::counting(steps, "runs", !args.no_progress);
    let done = std::sync::atomic::AtomicU32::new(0);
    let one = || progress.set(1 + done.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    let work = || validation::replay(&gathered.found, replay, one);
    let (replayed, errors) = threads::on(args.jobs, work)?;
    drop(progress);
    let mut result = validation::condense(&replayed, replay);
    result.notes.extend(gathered.notes);
    if let Some(folder) = scenarios(args) {
        result.published = published(&folder, args)?;
    }
    let unreadable: Vec<_> = gathered.errors.into_iter().chain(errors).collect();
    for error in &unreadable {
        output::error(&Failure::new(Exit::Usage, error));
    }
    if let Some(folder) = &args.out {
        write(folder, &result, &replayed)?;
    }
    output::result(&text(args.format, &result)?)?;
    Ok(exit(args, &result, !unreadable.is_empty()))
}

fn gather(args: &ValidateArgs) -> Gathered {
    let mut gathered = Gathered::default();
    args.paths.iter().for_each(|path| gathered.add_path(path));
    let only_published = args.published.is_some() && args.paths.is_empty();
    if !args.paths.is_empty() || only_published {
        return gathered;
    }
    gathered.add_committed();
    output::note(format_args!("replaying {COMMITTED_NAME}"));
    gathered
}

/// The folder of scenarios whose published figures are wanted: that of the flag, or the shipped ones
/// when nothing was named.
fn scenarios(args: &ValidateArgs) -> Option<PathBuf> {
    let shipped = || Path::new(SCENARIOS).is_dir().then(|| PathBuf::from(SCENARIOS));
    match &args.published {
        Some(folder) => Some(folder.clone()),
        None if args.no_published || !args.paths.is_empty() => None,
        None => shipped(),
    }
}

fn published(
    folder: &Path,
    args: &ValidateArgs,
) -> Result<Vec<crate::results::PublishedScenario>, Failure> {
    let wanted = !args.no_progress;
    let tell = |name: &str| {
        if wanted {
            output::note(format_args!("replaying {name}"));
        }
    };
    validation::published_figures(folder, Some(args.replications), tell)
        .map_err(|error| Failure::new(Exit::Usage, error))
}

fn text(format: Format, result: &Validation) -> Result<String, Failure> {
    Ok(match format {
        Format::Text => report::render(result),
        Format::Md => report::markdown(result),
        Format::Json => {
            json::validation(result).map_err(|error| Failure::new(Exit::Internal, error))?
        }
    })
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

/// Writes the result and a chart a run.
fn write(folder: &Path, result: &Validation, replayed: &[Replayed]) -> Result<(), Failure> {
    let internal = |error: std::io::Error| {
        Failure::new(Exit::Internal, format!("cannot write {}: {error}", folder.display()))
    };
    std::fs::create_dir_all(folder).map_err(internal)?;
    for (name, format) in [("validation.json", Format::Json), ("validation.md", Format::Md)] {
        std::fs::write(folder.join(name), text(format, result)?).map_err(internal)?;
    }
    let mut used = BTreeSet::new();
    for one in replayed {
        let Replayed::Run(run, curves, _) = one else { continue };
        let mut stem = stem(&run.id);
        while !used.insert(stem.clone()) {
            stem.push('-');
        }
        chart(folder, &stem, run, curves)?;
    }
    output::note(format_args!("wrote {} ({} charts)", folder.display(), used.len()));
    Ok(())
}

/// A file's name for a run.
pub(super) fn stem(id: &str) -> String {
    let safe = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let name: String = id.chars().map(safe).take(120).collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() { "run".to_owned() } else { name.to_owned() }
}

fn chart(folder: &Path, stem: &str, run: &ReplayedRun, curves: &Curves) -> Result<(), Failure> {
    let Some(predicted) = &curves.predicted else { return Ok(()) };
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
    let overlay = Overlay {
        title: &title,
        subtitle: &subtitle(run),
        measured: &measured,
        predicted,
        before: None,
        limit: curves.limit,
        end: last.max(done),
    };
    write_overlay(folder, stem, &overlay)
        .map(drop)
        .map_err(|error| Failure::new(Exit::Internal, error))
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
    let point = |(at, resident): &(SimTime, Bytes)| TimelinePoint {
        at: *at,
        resident: *resident,
        live_heap: Bytes::ZERO,
        heap_goal: Bytes::ZERO,
        in_flight: 0,
        watches: 0,
        by_mechanism: [Bytes::ZERO; Mechanism::ALL.len()],
    };
    Timeline {
        server: "measured".to_owned(),
        points: curve.iter().map(point).collect(),
        down: Vec::new(),
        levels: Vec::new(),
    }
}
