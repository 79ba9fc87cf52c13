//! `oomcast forecast`: when will it be outgrown?

use std::path::PathBuf;

use super::advise::{check_advice, probability};
use super::exit::{Exit, Failure};
use super::flags::{FolderFlags, LayerArgs, PrintFlags, RunFlags};
use super::progress::Progress;
use super::resume::{Done, told};
use super::{interrupt, load, output};
use crate::answers::forecast::{Plan, forecast as search, most_runs, steps};
use crate::experiment::Replications;
use crate::report::folder::RunFolder;
use crate::report::{Page, charts, forecast as report, json};
use crate::results::ForecastResult;
use crate::scenario::Scenario;
use crate::scenario::growth::Growth;
use crate::scenario::storms::NAMES;
use crate::units::Day;

/// Replications unless the command line says otherwise: the least with which the 5 % quantile has an
/// interval with two ends.
const REPLICATIONS: u32 = 72;

const EXAMPLES: &str = "\
Examples:
  oomcast forecast cluster.toml --from 2026-11-30
      With [growth] rates = [\"cluster.nodes=+4% per month\"]: on which day does it become too much?
  oomcast forecast cluster.toml --storm cold-start --within 60
      One storm only, over five years.
  oomcast forecast cluster.toml -n 20 --max-runs 0
      Quicker: wider intervals, no remedies.
";

/// `oomcast forecast`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = EXAMPLES,
    mut_arg("replications", |arg| arg.help(format!(
        "How many replications of each storm, each with a day of its own [default: {REPLICATIONS}]"
    ))),
)]
pub struct ForecastArgs {
    /// The scenario file, with a table `growth`; `-`: standard input.
    pub file: PathBuf,
    /// The day on which the cluster was as the file says [default: that of the file, else none].
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub from: Option<Day>,
    /// How many months to look ahead.
    #[arg(long, default_value = "24", value_name = "MONTHS", value_parser = months)]
    pub within: f64,
    /// Only this storm; can be given several times.
    #[arg(long = "storm", value_name = "NAME", value_parser = storm)]
    pub storms: Vec<String>,
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

fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| "write year, month and day, such as 2026-11-30".to_owned())
}

fn months(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(months) if (1.0..=600.0).contains(&months) => Ok(months),
        _ => Err("must be a number of months from 1 to 600".to_owned()),
    }
}

fn storm(text: &str) -> Result<String, String> {
    let own = ["steady", "as written"];
    if own.iter().chain(&NAMES).any(|name| *name == text) {
        return Ok(text.to_owned());
    }
    Err(format!("there is no such storm; there are: {}, {}", own.join(", "), NAMES.join(", ")))
}

/// Searches, writes the folder, then prints the answer.
pub(super) fn forecast(args: &ForecastArgs) -> Result<Exit, Failure> {
    let overrides = RunFlags { replications: None, ..args.run }.overrides(&args.layers);
    let variant = load::variant(&args.file, &args.layers.with_overrides(overrides))?;
    let scenario = variant.scenario();
    let growth = growth(scenario)?;
    if !args.print.quiet {
        load::tell_all(scenario);
    }
    let replications = Replications {
        seed: scenario.seed,
        replications: args.run.replications.unwrap_or(REPLICATIONS),
        threads: args.run.threads(),
    };
    let plan = Plan {
        probability: args.probability,
        within_months: args.within,
        from: args.from.or(growth.from),
        storms: args.storms.clone(),
        most_advice: args.max_runs,
    };
    check_advice(plan.probability, plan.most_advice)?;
    let name = format!("forecast-{}", scenario.name);
    let mut folder = output::answer_folder(&args.folder, (&name, &scenario.hash), replications)?;
    let storms = if args.storms.is_empty() { NAMES.len() + 2 } else { args.storms.len() };
    if !args.print.quiet {
        let most = most_runs(&plan, storms, replications.replications);
        output::note(output::bound(scenario, most));
    }
    let wanted = !args.run.no_progress && !args.print.quiet;
    let progress =
        Progress::counting(steps(&plan, storms, replications.replications), "steps", wanted);
    interrupt::keep_what_is_done();
    let done = Done::open(&mut folder, args.resume)?;
    let kept = done.of(variant.clone());
    let result = search(&kept, growth, &plan, replications, &|done| progress.set(done));
    drop(progress);
    let result = result.map_err(|error| load::not_replicated(&error))?;
    let stopped = told(interrupt::cut("what was done by then"));
    let page = report::page(&result);
    let written = write(args, folder, scenario, &result, &page, stopped.as_ref())?;
    done.close(stopped.as_ref())?;
    output::tell(args.print, &page, &written, None, || json::forecast(&result))?;
    let found = result.storms.iter().filter_map(|storm| storm.when.as_ref());
    let cut: u64 = found.map(|found| found.incomplete).sum();
    let cut = (cut > 0).then(|| format!("{cut} runs hit the event limit; raise run.max-events"));
    let unknown = result.is_unknown().then(|| {
        let storm = result.storms.iter().find(|storm| storm.because.is_some());
        storm.map_or_else(
            || "no storm could be forecast".to_owned(),
            |storm| format!("{}: {}", storm.name, storm.because.as_deref().unwrap_or_default()),
        )
    });
    interrupt::ended(stopped, || output::answered(result.answer, unknown.or(cut)))
}

/// What the scenario says of growth, which must be something.
fn growth(scenario: &Scenario) -> Result<&Growth, Failure> {
    let growth = scenario.growth.as_ref().filter(|growth| !growth.rates.is_empty());
    growth.ok_or_else(|| {
        let example = "[growth]\nrates = [\"objects.pods.count=+4% per month\"]";
        Failure::usage(format!("the scenario does not say what grows; write\n\n{example}"))
    })
}

/// Writes the folder and returns the lines that say where.
fn write(
    args: &ForecastArgs,
    mut folder: RunFolder,
    scenario: &Scenario,
    result: &ForecastResult,
    page: &Page,
    stopped: Option<&String>,
) -> Result<Vec<String>, Failure> {
    let json = json::forecast(result).map_err(Failure::internal)?;
    output::write_result(&mut folder, scenario, "forecast", &json, page)?;
    for row in &result.remedies {
        let name = format!("overlays/{}.toml", row.name);
        folder.write_text(&name, &row.overlay).map_err(output::not_written)?;
        if let Some(manifest) = &row.manifest {
            let name = format!("manifests/{}.yaml", row.name);
            folder.write_text(&name, manifest).map_err(output::not_written)?;
        }
    }
    let draw = |path: &_| charts::write_forecast(path, result);
    let mark = interrupt::status(stopped);
    Ok(vec![output::close(folder, !args.folder.no_charts, mark, draw)?])
}
