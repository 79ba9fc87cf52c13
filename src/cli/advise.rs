//! `oomcast advise`: which change prevents it?

use std::path::PathBuf;

use super::exit::{Exit, Failure};
use super::flags::{FolderFlags, LayerArgs, PrintFlags, RunFlags};
use super::progress::Progress;
use super::resume::{Done, told};
use super::{hint, interrupt, load, output};
use crate::answers::advise::{Question, advise as try_all, enough, least_runs};
use crate::answers::remedies::TABLE;
use crate::experiment::Replications;
use crate::report::folder::RunFolder;
use crate::report::{Page, advise as report, json};
use crate::results::{AdviseResult, RemedyRow, RemedyState};
use crate::scenario::Scenario;
use crate::scenario::measure::share_of;
use crate::units::{Bytes, parse_bytes};

const EXAMPLES: &str = "\
Examples:
  oomcast advise storm.toml
      Which change keeps P(kill) below 5 %, and what does it cost? Writes an overlay per remedy.
  oomcast advise storm.toml --probability 1% --max-memory 32GiB
      Stricter, and no server may be given more than 32 GiB.
  oomcast advise storm.toml --only apf-level,watch-list
      Only these.
  oomcast run storm.toml --overlay output/advise-storm-1a2b3c/overlays/apf-level.toml --seed 2
      The storm with a remedy, and other draws.
";

/// Remedies that a bound on the work should do for.
const FEW: u32 = 6;

/// `oomcast advise`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = format!("{EXAMPLES}\n{}", remedies()),
    mut_arg("replications", |arg| arg.help(
        "How many replications a remedy must survive [default: the fewest that can show that it \
         suffices, 59 for 5 %]"
    )),
)]
pub struct AdviseArgs {
    /// The scenario file; `-`: standard input.
    pub file: PathBuf,
    /// Highest probability of a run that goes wrong: the upper end of the 95 % interval counts.
    #[arg(long, default_value = "5%", value_name = "SHARE", value_parser = probability)]
    pub probability: f64,
    /// Tries these remedies only. Repeatable, or separated by commas.
    #[arg(long, value_name = "REMEDY", value_delimiter = ',', value_parser = remedy)]
    pub only: Vec<String>,
    /// Does not try these. Repeatable, or separated by commas.
    #[arg(long, value_name = "REMEDY", value_delimiter = ',', value_parser = remedy)]
    pub without: Vec<String>,
    /// Gives no server more memory than this.
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    pub max_memory: Option<Bytes>,
    /// Bound on the work, in runs of the model: what was not tried by then is said to.
    #[arg(long, default_value_t = 2_000, value_name = "N", value_parser = clap::value_parser!(u32).range(10..))]
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

/// The table, for the help.
fn remedies() -> String {
    TABLE.iter().fold("Remedies:\n".to_owned(), |text, remedy| {
        text + &format!("  {:<25} {}\n", remedy.name, remedy.what)
    })
}

/// The name of a remedy.
fn remedy(text: &str) -> Result<String, String> {
    let names: Vec<&str> = TABLE.iter().map(|remedy| remedy.name).collect();
    if names.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(format!("there is no such remedy; there are: {}", names.join(", ")))
}

/// A probability that an interval can lie below.
pub(super) fn probability(text: &str) -> Result<f64, String> {
    match share_of(text)? {
        share if (0.001..1.0).contains(&share) => Ok(share),
        _ => Err("must be at least 0.1% and below 100%".to_owned()),
    }
}

/// Tries the remedies, writes the folder, then prints the answer.
pub(super) fn advise(args: &AdviseArgs) -> Result<Exit, Failure> {
    let overrides = RunFlags { replications: None, ..args.run }.overrides(&args.layers);
    let variant = load::variant(&args.file, &args.layers.with_overrides(overrides))?;
    let scenario = variant.scenario();
    if !args.print.quiet {
        load::tell_all(scenario);
    }
    let question = Question {
        probability: args.probability,
        only: args.only.clone(),
        without: args.without.clone(),
        max_memory: args.max_memory,
        most_runs: args.max_runs,
    };
    let plan = Replications {
        seed: scenario.seed,
        replications: args.run.replications.unwrap_or_else(|| enough(args.probability)),
        threads: args.run.threads(),
    };
    if question.remedies().next().is_none() {
        return Err(Failure::usage("--without leaves none of the remedies that --only names"));
    }
    check_work(args.probability, plan.replications, args.max_runs, "")?;
    let name = format!("advise-{}", scenario.name);
    let mut folder = output::answer_folder(&args.folder, (&name, &scenario.hash), plan)?;
    if !args.print.quiet {
        output::note(bound(scenario, &question));
    }
    let wanted = !args.run.no_progress && !args.print.quiet;
    let progress = Progress::counting(args.max_runs, "runs at most", wanted);
    interrupt::keep_what_is_done();
    let done = Done::open(&mut folder, args.resume)?;
    let kept = done.of(variant.clone());
    let result = try_all(&kept, &question, plan, &|done| progress.set(done));
    drop(progress);
    let result = result.map_err(|error| load::not_replicated(&error))?;
    let untried = result.open();
    let possible = result.possible() as u32;
    let stopped = interrupt::note(possible - untried as u32, possible, "remedies")
        .or_else(|| interrupt::cut("all remedies, not all of them with every replication"));
    let stopped = told(stopped);
    let page = report::page(&result);
    let written = write(folder, scenario, &result, &page, stopped.as_ref())?;
    done.close(stopped.as_ref())?;
    let next = next(args, &written.0, &result);
    output::tell(args.print, &page, &written.1, next.as_deref(), || json::advise(&result))?;
    let what = if untried == 1 { "remedy was" } else { "remedies were" };
    let message = format!("{untried} {what} not tried to the end: raise --max-runs");
    interrupt::ended(stopped, || output::answered(result.answer, (untried > 0).then_some(message)))
}

/// The same for verbs that need not try remedies.
pub(super) fn check_advice(probability: f64, max_runs: u32) -> Result<(), Failure> {
    match max_runs {
        0 => Ok(()),
        _ => {
            check_work(probability, enough(probability), max_runs, ", or --max-runs 0 to try none")
        }
    }
}

/// Refuses a bound on the work within which nothing could be shown to suffice.
fn check_work(
    probability: f64,
    replications: u32,
    max_runs: u32,
    otherwise: &str,
) -> Result<(), Failure> {
    let least = least_runs(replications);
    if max_runs >= least {
        return Ok(());
    }
    let percent = probability * 100.0;
    Err(Failure::usage(format!(
        "to show that a remedy keeps it at or below {percent} % takes {replications} runs of each, and \
         {least} in all for one: --max-runs {max_runs} is too few. Write --max-runs {} for a few of them{}, \
         or ask for a higher --probability",
        least.saturating_mul(FEW),
        otherwise
    )))
}

/// What it will take, at most.
fn bound(scenario: &Scenario, question: &Question) -> String {
    let count = question.remedies().count();
    let remedies = if count == 1 { "remedy" } else { "remedies" };
    format!("{count} {remedies}, {}", output::bound(scenario, question.most_runs.into()))
}

/// Writes the folder; returns where it is, and the lines that say so.
fn write(
    mut folder: RunFolder,
    scenario: &Scenario,
    result: &AdviseResult,
    page: &Page,
    stopped: Option<&String>,
) -> Result<(PathBuf, Vec<String>), Failure> {
    let json = json::advise(result).map_err(Failure::internal)?;
    let path = folder.path().to_owned();
    output::write_result(&mut folder, scenario, "advise", &json, page)?;
    write_remedies(result, &mut folder)?;
    let line = output::close(folder, false, interrupt::status(stopped), |_| Ok(Vec::new()))?;
    Ok((path, vec![line]))
}

/// Writes the overlays and the manifests of what was tried.
pub(super) fn write_remedies(result: &AdviseResult, folder: &mut RunFolder) -> Result<(), Failure> {
    for row in result.remedies.iter().filter(|row| row.figures.replications > 0) {
        folder.write_text(&overlay(row), &row.overlay).map_err(output::not_written)?;
        if let Some(manifest) = &row.manifest {
            let name = format!("manifests/{}.yaml", row.name);
            folder.write_text(&name, manifest).map_err(output::not_written)?;
        }
    }
    Ok(())
}

fn overlay(row: &RemedyRow) -> String {
    format!("overlays/{}.toml", row.name)
}

/// The first remedy with other draws.
fn next(args: &AdviseArgs, folder: &std::path::Path, result: &AdviseResult) -> Option<String> {
    let first = result.remedies.first().filter(|row| row.state <= RemedyState::TooClose)?;
    // What is set on the command line would hide what the overlay sets: it is in the effective scenario.
    let (file, layers) = if args.layers.set.is_empty() {
        (args.file.clone(), args.layers.clone())
    } else {
        (folder.join("scenario.effective.toml"), LayerArgs::default())
    };
    let run = hint::with_overlay(&file, &layers, &folder.join(overlay(first)));
    let seed = result.seed.wrapping_add(2) & (i64::MAX as u64);
    Some(format!("{run} --seed {seed}  # the storm with it, other draws"))
}
