//! `oomcast find`: the value of a key at which something becomes too likely.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::args::{Format, overrides};
use super::exit::{Exit, Failure};
use super::layers::LayerArgs;
use super::progress::Progress;
use super::{load, output};
use crate::experiment::Plan;
use crate::experiment::find::{FindError, Question, find as search};
use crate::report::folder::{Identity, RunFolder};
use crate::report::{charts, find as report, json};
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
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct FindArgs {
    /// The scenario file.
    pub file: PathBuf,
    /// What to vary: KEY=A..B, KEY=A..B:STEP, a list KEY=A,B,C, or KEY alone to search around the
    /// scenario's value.
    #[arg(long, value_name = "KEY[=A..B]")]
    pub vary: String,
    /// What is to happen: oom, cascade, another event, or a figure past a bound such as 'peak>32GiB'
    /// or 'headroom<10%'.
    #[arg(long, default_value = "oom", value_name = "WHAT", value_parser = Condition::parse)]
    pub until: Condition,
    /// In what share of the replications it may happen.
    #[arg(long, default_value = "5%", value_name = "SHARE", value_parser = probability)]
    pub probability: f64,
    /// What is laid over the file.
    #[command(flatten)]
    pub layers: LayerArgs,
    /// Seed of all random draws [default: the scenario's].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: Option<u64>,
    /// How many replications, each with a breaking point of its own.
    #[arg(short = 'n', long, value_name = "N", default_value_t = REPLICATIONS, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub replications: u32,
    /// The folder to write [default: output/find-SCENARIO-KEY-HASH].
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Writes into the folder of --out even if it holds other files.
    #[arg(long)]
    pub force: bool,
    /// What to print: text, json (find.json) or md (find.md).
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub format: Format,
    /// Threads [default: one a processor]. The result does not depend on it.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Prints the verdict line and errors only.
    #[arg(short, long)]
    pub quiet: bool,
    /// Shows no progress bar.
    #[arg(long)]
    pub no_progress: bool,
    /// Writes no charts.
    #[arg(long)]
    pub no_charts: bool,
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
    let overrides = overrides(&args.layers.set, args.seed, None);
    let variant = load::variant(&args.file, &args.layers.with_overrides(overrides))?;
    let scenario = variant.scenario();
    let question = question(args, scenario)?;
    if !args.quiet {
        load::tell_all(scenario);
    }
    let folder = open(args, scenario, &question)?;
    let plan = Plan {
        seed: scenario.seed,
        replications: args.replications,
        threads: args.jobs.map(usize::from),
    };
    let progress = Progress::new(plan.replications, !args.no_progress && !args.quiet);
    let found = search(&variant, &question, plan, |done| progress.set(done));
    drop(progress);
    let found = found.map_err(|error| not_found(&error))?;
    let written = write(args, folder, scenario, &found)?;
    tell(args, &found, &written)?;
    if found.incomplete > 0 {
        let message =
            format!("incomplete: {} runs were stopped for the work they took", found.incomplete);
        return Err(Failure::new(Exit::Incomplete, message));
    }
    Ok(Exit::Done)
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
        FindError::Grid(_) | FindError::NoValue(_) => Failure::new(Exit::Usage, error),
    }
}

fn open(args: &FindArgs, scenario: &Scenario, question: &Question) -> Result<RunFolder, Failure> {
    let identity = Identity {
        tool_version: env!("CARGO_PKG_VERSION"),
        scenario: &format!("find-{}-{}", scenario.name, question.knob.key()),
        scenario_hash: &scenario.hash,
        seed: scenario.seed,
        replications: args.replications,
        design_hash: None,
    };
    output::folder(args.out.as_deref(), &identity, args.force)
}

/// Writes the folder and returns the lines that tell where.
fn write(
    args: &FindArgs,
    mut folder: RunFolder,
    scenario: &Scenario,
    found: &FindResult,
) -> Result<Vec<String>, Failure> {
    let internal = |error: &dyn std::fmt::Display| Failure::new(Exit::Internal, error);
    let path = folder.path().to_owned();
    let text = |text: String| move |out: &mut dyn Write| out.write_all(text.as_bytes());
    let json = json::find(found).map_err(|error| internal(&error))?;
    folder
        .write("scenario.effective.toml", text(scenario.effective.clone()))
        .and_then(|()| folder.write("find.json", text(json)))
        .and_then(|()| folder.write("find.md", text(report::markdown(found))))
        .and_then(|()| folder.write("breaking-points.csv", |out| report::rows_csv(out, found)))
        .map_err(|error| internal(&error))?;
    if !args.no_charts {
        let charts = charts::write_breaking_point(&path, found).map_err(|e| internal(&e))?;
        for name in &charts {
            folder.record(name);
        }
    }
    let files = folder.finish().map_err(|error| internal(&error))?;
    Ok(vec![format!("{}/ ({} files and run.json)", path.display(), files.len())])
}

fn tell(args: &FindArgs, found: &FindResult, written: &[String]) -> Result<(), Failure> {
    let next = next(&args.file, found);
    let text = match args.format {
        Format::Json => json::find(found).map_err(|e| Failure::new(Exit::Internal, e))?,
        Format::Md => report::markdown(found),
        Format::Text if args.quiet => report::headline(found, true),
        // Sequences are stripped on the way out where they are not wanted.
        Format::Text => report::text(found, written, next.as_deref(), true),
    };
    output::result(&text)?;
    if args.format != Format::Text && !args.quiet {
        for path in written {
            output::note(format_args!("wrote {path}"));
        }
    }
    Ok(())
}

/// The run just past the breaking point: what happens there.
fn next(file: &Path, found: &FindResult) -> Option<String> {
    let past = &found.bracket.as_ref()?.past.value.text;
    let file = super::hint::quoted(&file.to_string_lossy());
    let set = super::hint::quoted(&format!("{}={past}", found.key));
    Some(format!("oomcast run {file} --set {set}  # what happens just past it?"))
}
