//! `oomcast sweep`: the points of a design, each replicated, on all processors; killed, resumed,
//! sharded as often as you like.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::args::SweepArgs;
use super::exit::{Exit, Failure};
use super::progress::Progress;
use super::shard::{self, Shard, ShardArg};
use super::sweep_folder::{SweepFolder, Told, incomplete};
use super::{hint, load, output};
use crate::experiment;
use crate::experiment::sweep::{self, Points, SweepError, Task};
use crate::model::{self, RunOptions};
use crate::report::sweep::rows::{First, RowsError};
use crate::results::{PointFigures, PointRow, SweepHead, SweepSummary};
use crate::scenario::sweep::{Design, SweepPlan};
use crate::scenario::{Diagnostics, Scenario, Vary};

/// Runs the points that are not there yet, then writes and tells what all of them say.
pub(super) fn sweep(args: &SweepArgs) -> Result<Exit, Failure> {
    let template = load::template(&args.file, &args.layers.with_overrides(args.overrides()))?;
    let base = template.load(&[]).map_err(|e| told(&[e]))?;
    if !args.quiet {
        load::tell_all(&base);
    }
    let plan = plan(args, &base)?;
    if !args.quiet {
        load::tell_notes(&experiment::long_sweep(&base, &plan).into_iter().collect::<Vec<_>>());
    }
    let points = Points::new(&plan, base.seed).map_err(|e| Failure::new(Exit::Usage, e))?;
    let shard = shard_of(args)?;
    let head = sweep::head(&base, &plan, &points, env!("CARGO_PKG_VERSION"));
    let first = First { head: head.clone(), shard: shard.map(|shard| shard.to_string()) };
    let which: Vec<u32> =
        (0..points.count()).filter(|point| shard.is_none_or(|shard| shard.has(*point))).collect();
    let path = place(args, &head, shard);
    let (folder, kept) = SweepFolder::open(&path, first, which.len(), args.resume, args.force)?;
    let missing: Vec<u32> =
        which.iter().copied().filter(|point| !kept.contains_key(point)).collect();
    announce(args, &head, shard, (missing.len(), which.len()));
    let begun = Instant::now();
    let task = Task {
        template: &template,
        plan: &plan,
        points: &points,
        which: &missing,
        threads: args.jobs.map(usize::from),
    };
    let (folder, rows) = simulate(args, &task, &base, folder, kept)?;
    if let Some(shard) = shard {
        let sound = rows.values().all(PointRow::is_complete);
        let path = folder.finish_shard(&rows, &base.effective)?;
        return tell_shard(shard, &path, rows.len(), sound);
    }
    let summary = sweep::summary(head, &plan, &points, rows.into_values().collect());
    let next = next(args, &plan, &summary);
    let told = Told {
        wall: begun.elapsed(),
        next: next.as_deref(),
        format: args.format,
        quiet: args.quiet,
        charts: !args.no_charts,
    };
    folder.finish(&summary, &base.effective, &told)?;
    incomplete(&summary)
}

/// All mistakes at once, on stderr.
fn told(found: &[Diagnostics]) -> Failure {
    for mistakes in found {
        output::note(mistakes.render_at(true, output::width()));
    }
    Failure::told(Exit::Usage)
}

/// What to vary: the flags where there are any, else `[sweep]`.
fn plan(args: &SweepArgs, base: &Scenario) -> Result<SweepPlan, Failure> {
    let mut plan = base.sweep.clone().unwrap_or_default();
    if !args.vary.is_empty() {
        let (read, mistakes): (Vec<_>, Vec<_>) =
            args.vary.iter().map(|text| Vary::parse(text)).partition(Result::is_ok);
        let mut mistakes: Vec<Diagnostics> = mistakes.into_iter().filter_map(Result::err).collect();
        plan.vary = read.into_iter().flatten().collect();
        let unknown = plan.vary.iter().filter_map(|vary| vary.knob.check(base).err());
        mistakes.extend(unknown);
        if !mistakes.is_empty() {
            return Err(told(&mistakes));
        }
        // What the file says of how to draw was meant for its own keys.
        (plan.design, plan.samples) = (Design::Grid, None);
    }
    if let Some(design) = args.design {
        plan.design = design.into();
    }
    if args.sensitivity {
        plan.design = Design::Morris;
    }
    plan.samples = args.samples.or(plan.samples);
    Ok(plan)
}

fn shard_of(args: &SweepArgs) -> Result<Option<Shard>, Failure> {
    match args.shard {
        None => Ok(None),
        Some(ShardArg::This(shard)) => Ok(Some(shard)),
        Some(ShardArg::Env) => shard::from_env(&|name| std::env::var(name).ok())
            .map(Some)
            .map_err(|error| Failure::new(Exit::Usage, error)),
    }
}

/// The folder of the sweep, or the shard's inside it.
fn place(args: &SweepArgs, head: &SweepHead, shard: Option<Shard>) -> PathBuf {
    let whole = args.out.clone().unwrap_or_else(|| SweepFolder::default_path(head));
    match shard {
        Some(shard) => whole.join(shard.folder()),
        None => whole,
    }
}

/// What is going to be done, before it takes its time.
fn announce(args: &SweepArgs, head: &SweepHead, shard: Option<Shard>, (left, all): (usize, usize)) {
    if args.quiet {
        return;
    }
    let runs = left as u64 * u64::from(head.replications);
    let there = match all - left {
        0 => String::new(),
        there => format!("{there} of {all} points are there; "),
    };
    let part = shard.map_or(String::new(), |shard| format!("shard {shard}: "));
    output::note(format_args!(
        "{part}{there}{left} points × {} replications = {runs} runs",
        head.replications
    ));
}

type Rows = BTreeMap<u32, PointRow>;

/// Runs the missing points; each is in the row file as soon as it is there.
fn simulate(
    args: &SweepArgs,
    task: &Task<'_>,
    base: &Scenario,
    folder: SweepFolder,
    kept: Rows,
) -> Result<(SweepFolder, Rows), Failure> {
    let runs = task.which.len() as u64 * u64::from(base.replications);
    let steps = u32::try_from(runs).unwrap_or(u32::MAX);
    let progress = Progress::counting(steps, "runs", !args.no_progress && !args.quiet);
    let done = AtomicU32::new(0);
    let run = |scenario: &Scenario, options: RunOptions| {
        let record = model::run(&scenario.inputs, options);
        progress.set(1 + done.fetch_add(1, Ordering::Relaxed));
        record
    };
    let state = Mutex::new((folder, kept));
    let each = |row: PointRow| -> Result<(), RowsError> {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.append(&row)?;
        state.1.insert(row.point, row);
        Ok(())
    };
    sweep::sweep(task, &run, &each).map_err(|error| {
        let message = match error {
            SweepError::Refused(refused) => {
                format!("{refused}; what was written before is kept: --resume goes on from there")
            }
            SweepError::Threads(threads) => threads.to_string(),
        };
        Failure::new(Exit::Internal, message)
    })?;
    Ok(state.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn tell_shard(
    shard: Shard,
    path: &std::path::Path,
    points: usize,
    sound: bool,
) -> Result<Exit, Failure> {
    output::result(&format!("shard {shard}: {points} points in {}/\n", path.display()))?;
    let whole = path.parent().unwrap_or(path);
    output::note(format_args!(
        "next: oomcast merge {}  # when all {} shards are there",
        hint::quoted(&whole.to_string_lossy()),
        shard.of
    ));
    if sound {
        return Ok(Exit::Done);
    }
    let message = "incomplete: some points could not be run to their end; merge tells which";
    Err(Failure::new(Exit::Incomplete, message))
}

/// A look at the first point that is at risk.
fn next(args: &SweepArgs, plan: &SweepPlan, summary: &SweepSummary) -> Option<String> {
    let risky = |row: &&PointRow| row.figures.as_ref().map_or(0.0, PointFigures::oom_share) > 0.05;
    let row = summary.rows.iter().find(risky)?;
    let mut words = vec![format!("oomcast run {}", hint::quoted(&args.file.to_string_lossy()))];
    words.extend(args.overrides().iter().map(|set| format!("--set {}", hint::quoted(set))));
    for (vary, value) in plan.vary.iter().zip(&row.values) {
        let set = format!("{}={}", vary.knob.key(), value.text);
        words.push(format!("--set {}", hint::quoted(&set)));
    }
    Some(format!("{}  # what kills it there?", words.join(" ")))
}
