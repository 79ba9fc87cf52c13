//! `oomcast sweep`: the points of a design, each replicated, on all CPUs; it may be killed, resumed
//! and sharded as often as you like.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use clap::ValueEnum;

use super::exit::{Exit, Failure};
use super::flags::{FolderFlags, LayerArgs, PrintFlags, RunFlags};
use super::progress::Progress;
use super::shard::{self, Shard, ShardArg};
use super::sweep_folder::{Shown, SweepFolder, Swept};
use super::{hint, interrupt, load, output};
use crate::experiment;
use crate::experiment::sweep::{self, Points, SweepError, Task};
use crate::model::{self, RunOptions};
use crate::report::sweep::columns;
use crate::report::sweep::reading::Mark;
use crate::report::sweep::rows::{First, RowsError};
use crate::report::sweep::writing::RowFile;
use crate::results::{PointRow, SweepHead};
use crate::scenario::sweep::{Design, SweepPlan};
use crate::scenario::{Diagnostics, Scenario, Vary};

/// `oomcast sweep`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n{}", columns::table()),
    mut_arg("out", |arg| arg.help(
        "The folder to write [default: output/SCENARIO-HASH-sweep-HASH]; a shard writes into a folder \
         inside it"
    )),
    mut_arg("force", |arg| {
        arg.help("Starts over in the folder of --out even if it holds other files")
    }),
)]
pub struct SweepArgs {
    /// The scenario file; `-`: standard input.
    pub file: PathBuf,
    /// What to vary: KEY=A..B:STEP, KEY=A..B:xFACTOR, KEY=a,b,c; or KEY=A..B or KEY=A..B:log, for
    /// designs that draw. Repeatable [default: the scenario's sweep table].
    #[arg(long, value_name = "KEY=VALUES")]
    pub vary: Vec<String>,
    /// How the points are laid out: grid (every combination), random, or lhs (a Latin hypercube).
    #[arg(long, value_enum, value_name = "DESIGN", hide_possible_values = true)]
    pub design: Option<DesignArg>,
    /// How many points to draw; with --sensitivity, trajectories [default: 10].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub samples: Option<u32>,
    /// Screens which keys matter (Morris): changes one at a time, from many places.
    #[arg(long, conflicts_with = "design")]
    pub sensitivity: bool,
    /// Layers applied on top of the file.
    #[command(flatten)]
    pub layers: LayerArgs,
    /// How each point is run.
    #[command(flatten)]
    pub run: RunFlags,
    /// Resumes a stopped sweep; finished points are not run again.
    #[arg(long, conflicts_with = "force")]
    pub resume: bool,
    /// Runs a part of the points only: I/N is the I-th of N; env takes it from
    /// `JOB_COMPLETION_INDEX`, `SLURM_ARRAY_TASK_ID` or `AWS_BATCH_JOB_ARRAY_INDEX`.
    #[arg(long, value_name = "I/N", value_parser = shard::parse)]
    pub shard: Option<ShardArg>,
    /// Where the files go.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// What is printed.
    #[command(flatten)]
    pub print: PrintFlags,
}

const EXAMPLES: &str = "\
Examples:
  oomcast sweep storm.toml --vary clients.agents.count=100..2000:100
      P(OOM) and the peak along one key, with a chart.
  oomcast sweep storm.toml --vary clients.agents.count=100..2000:100 \\
      --vary apiserver.memory-limit=8GiB..64GiB:x2
      A heat map of both.
  oomcast sweep storm.toml --sensitivity --vary clients.agents.count=100..2000 \\
      --vary clients.agents.start-jitter=1s..60s
      Which of them matters more?
  oomcast sweep storm.toml --resume
      Continues after a kill, from the point where it was.
  parallel oomcast sweep storm.toml --shard {}/8 ::: $(seq 8); oomcast merge output/storm-*-sweep-*
      In eight processes; the same bytes as in one.
";

/// How the points of a sweep are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DesignArg {
    /// Every combination of the values.
    Grid,
    /// Points drawn independently.
    Random,
    /// Points drawn such that each key's values are spread evenly.
    Lhs,
}

impl From<DesignArg> for Design {
    fn from(design: DesignArg) -> Self {
        match design {
            DesignArg::Grid => Self::Grid,
            DesignArg::Random => Self::Random,
            DesignArg::Lhs => Self::Lhs,
        }
    }
}

/// Runs the points that are not there yet, then writes and prints what all of them say.
pub(super) fn sweep(args: &SweepArgs) -> Result<Exit, Failure> {
    let template =
        load::template(&args.file, &args.layers.with_overrides(args.run.overrides(&args.layers)))?;
    let base = template.load(&[]).map_err(|e| all_refused(&[e]))?;
    if !args.print.quiet {
        load::tell_all(&base);
    }
    let plan = plan(args, &base)?;
    if !args.print.quiet {
        load::tell_notes(&experiment::long_sweep(&base, &plan).into_iter().collect::<Vec<_>>());
    }
    let points = Points::new(&plan, base.seed).map_err(Failure::usage)?;
    let shard = shard_of(args)?;
    let head = sweep::head(&base, &plan, &points, env!("CARGO_PKG_VERSION"));
    let shown = shard.map(|shard| shard.to_string());
    let first = First { head: head.clone(), shard: shown, model: env!("OOMCAST_MODEL").to_owned() };
    let which: Vec<u32> =
        (0..points.count()).filter(|point| shard.is_none_or(|shard| shard.has(*point))).collect();
    let path = place(args, &head, shard);
    let (mut folder, kept) =
        SweepFolder::open(&path, first, which.len(), args.resume, args.folder.force)?;
    let file = folder.append_to(kept.as_ref())?;
    let marks = kept.map_or_else(BTreeMap::new, |kept| kept.marks);
    let missing: Vec<u32> =
        which.iter().copied().filter(|point| !marks.contains_key(point)).collect();
    announce(args, &head, shard, (missing.len(), which.len()));
    let begun = Instant::now();
    let task = Task {
        template: &template,
        plan: &plan,
        points: &points,
        which: &missing,
        threads: args.run.threads(),
    };
    interrupt::keep_what_is_done();
    let marks = simulate(args, &task, &base, file, marks)?;
    if marks.len() < which.len() {
        return Err(stopped(marks.len(), which.len(), &path));
    }
    folder.place(&marks, None)?;
    if let Some(shard) = shard {
        let sound = marks.values().all(|mark| mark.complete);
        let path = folder.finish_shard(&base.effective)?;
        return tell_shard(shard, &path, marks.len(), sound);
    }
    let shown = Shown {
        wall: begun.elapsed(),
        next: Some(&|row| next(args, &plan, row)),
        print: args.print,
        charts: !args.folder.no_charts,
    };
    folder.finish(Swept { plan: &plan, points: &points, effective: &base.effective }, &shown)
}

/// All mistakes at once, on stderr.
fn all_refused(found: &[Diagnostics]) -> Failure {
    for mistakes in found {
        output::note(mistakes.render_at(true, output::width()));
    }
    Failure::reported(Exit::Usage)
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
            return Err(all_refused(&mistakes));
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
        Some(ShardArg::Env) => {
            shard::from_env(&|name| std::env::var(name).ok()).map(Some).map_err(Failure::usage)
        }
    }
}

/// The folder of the sweep, or the shard's inside it.
fn place(args: &SweepArgs, head: &SweepHead, shard: Option<Shard>) -> PathBuf {
    let whole = args.folder.out.clone().unwrap_or_else(|| SweepFolder::default_path(head));
    match shard {
        Some(shard) => whole.join(shard.folder()),
        None => whole,
    }
}

/// What is going to be done, before it takes its time.
fn announce(args: &SweepArgs, head: &SweepHead, shard: Option<Shard>, (left, all): (usize, usize)) {
    if args.print.quiet {
        return;
    }
    let runs = left as u64 * u64::from(head.replications);
    let there = match all - left {
        0 => String::new(),
        there => format!("{there} of {all} points are done; "),
    };
    let part = shard.map_or(String::new(), |shard| format!("shard {shard}: "));
    output::note(format_args!(
        "{part}{there}{left} points × {} replications = {runs} runs",
        head.replications
    ));
}

type Marks = BTreeMap<u32, Mark>;

/// Runs the missing points; each is in the row file as soon as it is there.
fn simulate(
    args: &SweepArgs,
    task: &Task<'_>,
    base: &Scenario,
    file: RowFile,
    kept: Marks,
) -> Result<Marks, Failure> {
    let runs = task.which.len() as u64 * u64::from(base.replications);
    let steps = u32::try_from(runs).unwrap_or(u32::MAX);
    let progress = Progress::counting(steps, "runs", !args.run.no_progress && !args.print.quiet);
    let done = AtomicU32::new(0);
    let run = |scenario: &Scenario, options: RunOptions| {
        let record = model::run(&scenario.inputs, options);
        progress.set(1 + done.fetch_add(1, Ordering::Relaxed));
        record
    };
    let state = Mutex::new((file, kept));
    let each = |row: PointRow| -> Result<(), RowsError> {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = state.0.append(&row)?;
        state.1.insert(row.point, mark);
        Ok(())
    };
    sweep::sweep(task, &run, &each).map_err(|error| {
        let message = match error {
            SweepError::Refused(refused) => {
                format!("{refused}; what was written before is kept: --resume continues from there")
            }
            SweepError::Threads(threads) => threads.to_string(),
        };
        Failure::internal(message)
    })?;
    Ok(state.into_inner().unwrap_or_else(PoisonError::into_inner).1)
}

/// What is said of a sweep that Ctrl-C ended.
fn stopped(done: usize, all: usize, path: &std::path::Path) -> Failure {
    Failure::new(
        Exit::Interrupted,
        format_args!(
            "stopped by Ctrl-C after {done} of {all} points: they are kept in {}/; the same command with \
             --resume runs the others",
            path.display()
        ),
    )
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
    let message = "some points did not run to their end; `oomcast merge` says which";
    output::incomplete((!sound).then(|| message.to_owned()))
}

/// A look at a point that is at risk.
fn next(args: &SweepArgs, plan: &SweepPlan, row: &PointRow) -> String {
    let mut words = vec![format!("oomcast run {}", hint::quoted(&args.file.to_string_lossy()))];
    words.extend(
        args.run.overrides(&args.layers).iter().map(|set| format!("--set {}", hint::quoted(set))),
    );
    for (vary, value) in plan.vary.iter().zip(&row.values) {
        let set = format!("{}={}", vary.knob.key(), value.text);
        words.push(format!("--set {}", hint::quoted(&set)));
    }
    format!("{}  # what kills it there?", words.join(" "))
}
