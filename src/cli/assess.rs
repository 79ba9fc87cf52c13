//! `oomcast assess`: is it safe? One page.

use std::path::PathBuf;

use super::advise::{check_advice, probability, write_remedies};
use super::exit::{Exit, Failure};
use super::flags::{FolderFlags, LayerArgs, PrintFlags, RunFlags};
use super::progress::Progress;
use super::resume::{Done, told};
use super::{hint, interrupt, load, output};
use crate::answers::assess::{Plan, assess as try_all, most_runs};
use crate::experiment::Replications;
use crate::report::{assess as report, json};
use crate::results::ForecastResult;
use crate::scenario::storms::NAMES;

/// Replications of each storm unless the command line says otherwise.
const REPLICATIONS: u32 = 10;

const EXAMPLES: &str = "\
Examples:
  oomcast import exports/ -o cluster.toml && oomcast assess cluster.toml
      From what a running cluster exports to one page.
  oomcast assess cluster.toml -n 59
      With as many replications as it takes to show that a storm is safe 95 times of 100.
  oomcast assess cluster.toml --format md > safety.md
      The page for a review.
";

/// `oomcast assess`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = EXAMPLES,
    mut_arg("replications", |arg| arg.help(format!(
        "How many replications of each storm [default: {REPLICATIONS}]"
    ))),
)]
pub struct AssessArgs {
    /// The scenario file; `-`: standard input.
    pub file: PathBuf,
    /// Highest probability of a storm that goes wrong.
    #[arg(long, default_value = "5%", value_name = "SHARE", value_parser = probability)]
    pub probability: f64,
    /// Bound on the search for remedies, in runs of the model; 0: none are tried.
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub max_runs: u32,
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

/// Runs the storms, writes the folder, then prints the page.
pub(super) fn assess(args: &AssessArgs) -> Result<Exit, Failure> {
    let overrides = RunFlags { replications: None, ..args.run }.overrides(&args.layers);
    let variant = load::variant(&args.file, &args.layers.with_overrides(overrides))?;
    let scenario = variant.scenario();
    if !args.print.quiet {
        load::tell_all(scenario);
    }
    let replications = Replications {
        seed: scenario.seed,
        replications: args.run.replications.unwrap_or(REPLICATIONS),
        threads: args.run.threads(),
    };
    let plan = Plan { probability: args.probability, most_advice: args.max_runs };
    check_advice(plan.probability, plan.most_advice)?;
    let name = format!("assess-{}", scenario.name);
    let mut folder = output::answer_folder(&args.folder, (&name, &scenario.hash), replications)?;
    let most = most_runs(&plan, replications.replications);
    if !args.print.quiet {
        output::note(output::bound(scenario, most.into()));
    }
    let wanted = !args.run.no_progress && !args.print.quiet;
    let progress = Progress::counting(NAMES.len() as u32 + 5, "steps", wanted);
    interrupt::keep_what_is_done();
    let done = Done::open(&mut folder, args.resume)?;
    let kept = done.of(variant.clone());
    let result = try_all(&kept, &plan, replications, &|done| progress.set(done));
    drop(progress);
    let result = result.map_err(|error| load::not_replicated(&error))?;
    let ran = result.storms.iter().filter(|row| row.because.is_none()).count() as u32;
    let possible = result.storms.len() as u32;
    let stopped = interrupt::note(ran, possible, "storms")
        .or_else(|| interrupt::cut("all storms, without all that follows from them"));
    let stopped = told(stopped);
    let page = report::page(&result);
    let json = json::assess(&result).map_err(Failure::internal)?;
    output::write_result(&mut folder, scenario, "assess", &json, &page)?;
    if let Some(advice) = &result.advice {
        write_remedies(advice, &mut folder)?;
    }
    let line =
        output::close(folder, false, interrupt::status(stopped.as_ref()), |_| Ok(Vec::new()))?;
    done.close(stopped.as_ref())?;
    let advise = hint::with_verb("advise", &args.file, &args.layers);
    // Of another storm than what is written the line would say that no remedy is needed.
    let written = result.worst == ForecastResult::OWN;
    let next = (result.advice.is_some() && written)
        .then(|| format!("{advise}  # every remedy, with its costs"));
    output::tell(args.print, &page, &[line], next.as_deref(), || Ok(json.clone()))?;
    let cut: u32 = result.storms.iter().map(|row| row.figures.incomplete).sum();
    let message = format!("{cut} runs hit the event limit; raise run.max-events");
    interrupt::ended(stopped, || output::answered(result.answer, (cut > 0).then_some(message)))
}
