//! `oomcast find`: the value of a key at which something becomes too likely.

use std::path::{Path, PathBuf};

use super::exit::{Exit, Failure};
use super::flags::{FolderFlags, LayerArgs, PrintFlags, RunFlags};
use super::progress::Progress;
use super::resume::{Done, told};
use super::{hint, interrupt, load, output};
use crate::answers::binding::binding;
use crate::answers::certain::with_error;
use crate::answers::without::leave_one_out;
use crate::experiment::find::{FindError, Question, find as search};
use crate::experiment::{Replications, Variant};
use crate::report::folder::{RunFolder, Status};
use crate::report::{Page, charts, find as report, json};
use crate::results::FindResult;
use crate::scenario::measure::{Condition, share_of};
use crate::scenario::{Knob, Scenario, Vary};

/// Replications unless the command line says otherwise: the least with which the 5 % quantile has an
/// interval with two ends is 72.
const REPLICATIONS: u32 = 100;

const EXAMPLES: &str = "\
Examples:
  oomcast find storm.toml --vary clients.agents.count
      The largest fleet with P(OOM) of at most 5 %.
  oomcast find storm.toml --vary apiserver.memory-limit=2GiB..64GiB --probability 1%
      The smallest memory limit that is safe 99 times of 100.
  oomcast find storm.toml --vary clients.agents.count=100..2000:50 --until 'peak>32GiB'
      In steps of 50; what counts is a peak above 32 GiB.
  oomcast find storm.toml --vary events.rollout.start.over=0s..10m --until cascade
      How slowly must the rollout go?
";

/// `oomcast find`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = EXAMPLES,
    mut_arg("replications", |arg| arg.help(format!(
        "How many replications, each with a breaking point of its own [default: {REPLICATIONS}]"
    ))),
)]
pub struct FindArgs {
    /// The scenario file; `-`: standard input.
    pub file: PathBuf,
    /// What to vary: KEY=A..B, KEY=A..B:STEP, a list KEY=A,B,C, or KEY alone to search around the
    /// scenario's value.
    #[arg(long, value_name = "KEY[=A..B]")]
    pub vary: String,
    /// What must not happen too often: oom, cascade, another event, or a figure past a bound such as
    /// 'peak>32GiB' or 'headroom<10%'.
    #[arg(long, default_value = "oom", value_name = "WHAT", value_parser = Condition::parse)]
    pub until: Condition,
    /// Highest share of replications in which it may happen.
    #[arg(long, default_value = "5%", value_name = "SHARE", value_parser = probability)]
    pub probability: f64,
    /// Goes on from where the same command was stopped: what is done is not run again.
    #[arg(long)]
    pub resume: bool,
    /// Layers applied on top of the file.
    #[command(flatten)]
    pub layers: LayerArgs,
    /// How it is run.
    #[command(flatten)]
    pub run: RunFlags,
    /// Where the files go.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// What is printed.
    #[command(flatten)]
    pub print: PrintFlags,
}

/// A probability that a search can aim at.
fn probability(text: &str) -> Result<f64, String> {
    match share_of(text)? {
        share if (0.0..1.0).contains(&share) => Ok(share),
        _ => Err("must be at least 0% and below 100%".to_owned()),
    }
}

/// Searches, writes the folder, then prints the answer.
pub(super) fn find(args: &FindArgs) -> Result<Exit, Failure> {
    let overrides = RunFlags { replications: None, ..args.run }.overrides(&args.layers);
    let variant = load::variant(&args.file, &args.layers.with_overrides(overrides))?;
    let scenario = variant.scenario();
    let question = question(args, scenario)?;
    if !args.print.quiet {
        load::tell_all(scenario);
    }
    let plan = Replications {
        seed: scenario.seed,
        replications: args.run.replications.unwrap_or(REPLICATIONS),
        threads: args.run.threads(),
    };
    let mut folder = open(args, scenario, &question, plan)?;
    let progress = Progress::new(plan.replications, !args.run.no_progress && !args.print.quiet);
    interrupt::keep_what_is_done();
    let done = Done::open(&mut folder, args.resume)?;
    let kept = done.of(variant.clone());
    let found = search(&kept, &question, plan, |done| progress.set(done));
    drop(progress);
    let mut found = found.map_err(|error| not_found(&error))?;
    if !interrupt::asked() {
        let sure = with_error(&kept, &question, &mut found, plan);
        sure.map_err(|error| load::not_replicated(&error))?;
        past(&kept, &question.until, &mut found, plan)?;
    }
    let known = found.breaking_points.len() as u32;
    let stopped = interrupt::note(known, plan.replications, "breaking points")
        .or_else(|| interrupt::cut("all breaking points, without what is tried past the answer"));
    let stopped = told(stopped);
    found.warnings.extend(stopped.clone());
    let page = report::page(&found);
    let mark = interrupt::status(stopped.as_ref());
    let written = write(args, (folder, mark), scenario, &found, &page)?;
    done.close(stopped.as_ref())?;
    let next = next(&args.file, &found);
    output::tell(args.print, &page, &written, next.as_deref(), || json::find(&found))?;
    let cut = (found.incomplete > 0)
        .then(|| format!("{} runs hit the event limit; raise run.max-events", found.incomplete));
    let idle = || format!("{} changes nothing: how far it may go is not known", found.key);
    let close = || "the whole range is too close to call".to_owned();
    let none_safe = found.model.as_ref().is_some_and(|model| model.safe.is_none());
    let unknown = cut.or_else(|| found.idle.then(idle));
    interrupt::ended(stopped, || {
        output::incomplete(unknown.or_else(|| (none_safe && found.is_too_close()).then(close)))
    })
}

/// What gives way just past the answer, and without whom it would not.
fn past(
    variant: &Variant,
    until: &Condition,
    found: &mut FindResult,
    plan: Replications,
) -> Result<(), Failure> {
    /// Replications that say what gives way.
    const LOOKED_AT: u32 = 10;
    let Some(bracket) = &found.bracket else { return Ok(()) };
    let set = format!("{}={}", found.key, bracket.past.value.text);
    let Ok(there) = variant.with(&[set]) else { return Ok(()) };
    let plan = Replications { replications: plan.replications.min(LOOKED_AT), ..plan };
    let failed = |error| load::not_replicated(&error);
    found.binds = binding(&there, plan, &found.breaking_points).map_err(failed)?;
    found.leave_one_out = leave_one_out(&there, until, plan).map_err(failed)?;
    Ok(())
}

fn question(args: &FindArgs, scenario: &Scenario) -> Result<Question, Failure> {
    let refused = |found| load::refused(&found);
    // Without values a key alone is typed.
    let (knob, range) = if args.vary.contains('=') {
        let vary = Vary::parse(&args.vary).map_err(refused)?;
        (vary.knob, Some(vary.range))
    } else {
        (Knob::parse(&args.vary).map_err(refused)?, None)
    };
    knob.check(scenario).map_err(refused)?;
    Ok(Question { knob, range, until: args.until, probability: args.probability })
}

fn not_found(error: &FindError) -> Failure {
    match error {
        FindError::Replicate(error) => load::not_replicated(error),
        FindError::Invalid(found) => load::refused(found),
        FindError::Grid(_) | FindError::NoValue(_) => Failure::usage(error),
    }
}

fn open(
    args: &FindArgs,
    scenario: &Scenario,
    question: &Question,
    plan: Replications,
) -> Result<RunFolder, Failure> {
    let name = format!("find-{}-{}", scenario.name, question.knob.key());
    output::answer_folder(&args.folder, (&name, &scenario.hash), plan)
}

/// Writes the folder and returns the lines that say where.
fn write(
    args: &FindArgs,
    (mut folder, mark): (RunFolder, Status),
    scenario: &Scenario,
    found: &FindResult,
    page: &Page,
) -> Result<Vec<String>, Failure> {
    let json = json::find(found).map_err(Failure::internal)?;
    output::write_result(&mut folder, scenario, "find", &json, page)?;
    folder
        .write("breaking-points.csv", |out| report::rows_csv(out, found))
        .map_err(output::not_written)?;
    let draw = |path: &_| charts::write_breaking_point(path, found);
    Ok(vec![output::close(folder, !args.folder.no_charts, mark, draw)?])
}

/// The run just past the breaking point: what happens there.
fn next(file: &Path, found: &FindResult) -> Option<String> {
    let past = &found.bracket.as_ref()?.past.value.text;
    let file = hint::quoted(&file.to_string_lossy());
    let set = hint::quoted(&format!("{}={past}", found.key));
    Some(format!("oomcast run {file} --set {set}  # what happens just past it?"))
}
