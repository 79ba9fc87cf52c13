//! `oomcast run`: replicate, condense, write, print.

use std::path::PathBuf;
use std::time::Instant;

use super::exit::{Exit, Failure};
use super::flags::{FolderFlags, LayerArgs, PrintFlags, RunFlags};
use super::metrics::{MetricsFlags, write_openmetrics};
use super::progress::Progress;
use super::{charts, hint, interrupt, load, output};
use crate::answers::simulate::summary_of;
use crate::answers::without::{leave_one_out, most_runs};
use crate::experiment::{
    Replicated, Replications, Until, Variant, beside, replicate_uncertain, run_whole,
};
use crate::model::RunOptions;
use crate::report::folder::{RunFiles, RunFolder, Status};
use crate::report::story::Story;
use crate::report::{json, junit, run as report};
use crate::results::{LeaveOneOut, RunRecord, Summary};
use crate::scenario::Scenario;
use crate::scenario::measure::{Condition, share_of};
use crate::units::{SimSpan, SimTime, parse_span};

/// How many replications `--until-ci` may take unless `--replications` says otherwise.
const MOST_REPLICATIONS: u32 = 10_000;

/// `oomcast run`.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// The scenario file; `-`: standard input.
    pub file: PathBuf,
    /// Layers applied on top of the file.
    #[command(flatten)]
    pub layers: LayerArgs,
    /// How it is run.
    #[command(flatten)]
    pub run: RunFlags,
    /// Runs until the 95 % intervals are this narrow on either side: those of the probabilities of a
    /// kill and of a cascade (in points), of the median and the 95th percentile of the peak
    /// (relative). --replications is then the limit [default: 10000].
    #[arg(long, value_name = "SHARE", value_parser = half_width)]
    pub until_ci: Option<f64>,
    /// Where the files go.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// Writes the results of the scenario's expectations as JUnit XML, for a build server.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Writes what the debug endpoints of API Priority and Fairness would show at this time, such as
    /// 1m05s, in the replication with the highest peak. Repeatable.
    #[arg(long, value_name = "AT", value_parser = parse_span)]
    pub dump_apf: Vec<SimSpan>,
    /// What is written for monitoring.
    #[command(flatten)]
    pub metrics: MetricsFlags,
    /// What is printed.
    #[command(flatten)]
    pub print: PrintFlags,
}

impl RunArgs {
    /// All overrides: those of `--set`, then the flags that are short for one.
    fn overrides(&self) -> Vec<String> {
        let most = self.until_ci.map(|_| MOST_REPLICATIONS);
        let replications = self.run.replications.or(most);
        RunFlags { replications, ..self.run }.overrides(&self.layers)
    }
}

/// A half width such as `5%`.
fn half_width(text: &str) -> Result<f64, String> {
    match share_of(text)? {
        share if (0.001..=0.5).contains(&share) => Ok(share),
        _ => Err("must be between 0.1% and 50%".to_owned()),
    }
}

/// Runs a scenario, writes its folder, then prints the result.
pub(super) fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let mut variant = load::variant(&args.file, &args.layers.with_overrides(args.overrides()))?;
    let mut scenario = variant.scenario().clone();
    if !args.print.quiet {
        load::tell_all(&scenario);
    }
    let dumps = dump_instants(args, &scenario)?;
    // Before the work: a folder that cannot be used should not cost a simulation.
    let folder = open(args, &scenario)?;
    interrupt::keep_what_is_done();
    let begun = Instant::now();
    let replicated = simulate(args, &variant, &dumps)?;
    let wall = begun.elapsed();
    let done = replicated.runs.len() as u32;
    let stopped = interrupt::note(done, scenario.replications, "replications").or_else(|| {
        // Inputs are drawn twice to tell what they contribute.
        let left = !scenario.uncertain.is_empty() && replicated.uncertainty.is_none();
        interrupt::cut("all replications").filter(|_| left)
    });
    if args.until_ci.is_some() && stopped.is_none() {
        // What was done is what runs again.
        let done = format!("run.replications={}", replicated.runs.len());
        variant = variant.with(&[done]).map_err(|found| load::refused(&found))?;
        scenario = variant.scenario().clone();
    }
    let mut summary = summary_of(&scenario, &replicated, stopped.as_deref());
    let mut stopped = stopped;
    if summary.oom.count > 0 && summary.incomplete == 0 && stopped.is_none() {
        summary.leave_one_out = without(args, &variant, &summary)?;
        stopped = interrupt::cut("all replications, without what single clients change");
        summary.warnings.extend(stopped.clone());
    }
    let others = others(args, &variant, &summary, &replicated)?;
    let mark = interrupt::status(stopped.as_ref());
    let whole = (&replicated, &*others);
    let written = write(args, (folder, mark), &variant, &summary, whole)?;
    let mut page = report::page(&summary, Some(&Story::of(&replicated.worst)));
    page.close_with(report::speed(&summary, wall));
    let typed = hint::Typed { file: &args.file, layers: &args.layers, seed: args.run.seed };
    let next = hint::next(typed, &scenario.inputs, &summary);
    output::tell(args.print, &page, &written, next.as_deref(), || json::summary(&summary))?;
    interrupt::ended(stopped, || match summary.incomplete {
        0 => judged(&summary),
        _ => output::incomplete(Some(incomplete(&scenario, &replicated))),
    })
}

/// Whether the intervals became as narrow as asked for, and whether what must hold does.
fn judged(summary: &Summary) -> Result<Exit, Failure> {
    let failed: Vec<&str> = summary
        .expectations
        .iter()
        .filter(|row| !row.holds && row.severity == "error")
        .map(|row| row.name.as_str())
        .collect();
    if !failed.is_empty() {
        let message = format!("not as expected: {}", failed.join(", "));
        return Err(Failure::new(Exit::Expectation, message));
    }
    match summary.stopping_rule {
        Some(rule) if !rule.reached => {
            let message = format!(
                "{} replications did not make the intervals as narrow as --until-ci asks; raise \
                 --replications",
                summary.replications
            );
            Err(Failure::new(Exit::Incomplete, message))
        }
        _ => Ok(Exit::Done),
    }
}

/// Why the result is not all that was asked for, and what to do.
fn incomplete(scenario: &Scenario, replicated: &Replicated) -> String {
    let cut = replicated.runs.iter().filter(|run| run.cut_short);
    let latest = cut.clone().map(|run| run.end).max().unwrap_or_default();
    let reached = if latest.since(SimTime::ZERO) < scenario.inputs.duration {
        format!(", the longest at {latest} of {}", scenario.inputs.duration)
    } else {
        String::new()
    };
    let left = match scenario.replications.saturating_sub(replicated.runs.len() as u32) {
        0 => String::new(),
        others => format!("; {others} more were not started"),
    };
    format!(
        "{} of {} runs hit the event limit (run.max-events = {}){reached}{left}; shorten the scenario, \
         or raise run.max-events",
        cut.count(),
        replicated.runs.len(),
        scenario.inputs.max_events
    )
}

fn plan(args: &RunArgs, scenario: &Scenario) -> Replications {
    Replications {
        seed: scenario.seed,
        replications: scenario.replications,
        threads: args.run.threads(),
    }
}

fn simulate(args: &RunArgs, variant: &Variant, dumps: &[SimTime]) -> Result<Replicated, Failure> {
    let scenario = variant.scenario();
    let plan = plan(args, scenario);
    let progress = Progress::new(plan.replications, !args.run.no_progress && !args.print.quiet);
    // Only the replication that is kept whole, with its timelines, is dumped.
    let run = |draw, options: RunOptions| {
        let dumps = if options.timelines { dumps } else { &[] };
        variant.run(draw, options, dumps)
    };
    let until = args.until_ci.map(|half_width| Until { half_width });
    replicate_uncertain(run, &scenario.uncertain, plan, until, |done| progress.set(done))
        .map_err(|error| load::not_replicated(&error))
}

/// Who it was: the same without each client. It takes no more runs than there were, or one for each.
fn without(
    args: &RunArgs,
    variant: &Variant,
    summary: &Summary,
) -> Result<Option<LeaveOneOut>, Failure> {
    let clients = variant.scenario().inputs.fleets.len();
    let replications = (summary.replications / (most_runs(clients) + 1)).max(1);
    let plan = Replications { seed: summary.seed, replications, threads: args.run.threads() };
    leave_one_out(variant, &Condition::OOM, plan).map_err(|error| load::not_replicated(&error))
}

/// A few replications whole beside the worst, so that the page can show them.
fn others(
    args: &RunArgs,
    variant: &Variant,
    summary: &Summary,
    replicated: &Replicated,
) -> Result<Vec<RunRecord>, Failure> {
    if summary.incomplete > 0 || interrupt::asked() {
        return Ok(Vec::new());
    }
    let which = beside(&replicated.runs, summary.worst_replication);
    let plan = plan(args, variant.scenario());
    run_whole(variant, plan, &which).map_err(|error| load::not_replicated(&error))
}

/// When to dump API Priority and Fairness, if that can be.
fn dump_instants(args: &RunArgs, scenario: &Scenario) -> Result<Vec<SimTime>, Failure> {
    let usage = |what: String| Err(Failure::usage(what));
    let end = scenario.inputs.duration;
    if let Some(late) = args.dump_apf.iter().find(|at| **at > end) {
        return usage(format!("--dump-apf {late} is after the end of the run, {end}"));
    }
    if !args.dump_apf.is_empty() && !scenario.inputs.apf.enabled {
        return usage("--dump-apf: API Priority and Fairness is off in this scenario".into());
    }
    Ok(args.dump_apf.iter().map(|at| SimTime::ZERO + *at).collect())
}

fn open(args: &RunArgs, scenario: &Scenario) -> Result<RunFolder, Failure> {
    let plan = plan(args, scenario);
    output::folder(&args.folder, (&scenario.name, &scenario.hash), plan)
}

/// Writes the run folder and returns the lines that say where.
fn write(
    args: &RunArgs,
    (mut folder, mark): (RunFolder, Status),
    variant: &Variant,
    summary: &Summary,
    (replicated, others): (&Replicated, &[RunRecord]),
) -> Result<Vec<String>, Failure> {
    let scenario = variant.scenario();
    let annotated = variant.annotated().map_err(|found| load::refused(&found))?;
    let files = RunFiles {
        effective: &scenario.effective,
        origins: &annotated.without_folders().render(),
        summary,
        runs: &replicated.runs,
        worst: &replicated.worst,
        others,
    };
    folder.write_run(&files).map_err(output::not_written)?;
    let draw = |path: &_| charts::write(path, scenario, summary, replicated);
    let mut written = vec![output::close(folder, !args.folder.no_charts, mark, draw)?];
    if let Some(file) = &args.junit {
        output::write(file, &junit::render(summary).map_err(Failure::internal)?)?;
        written.push(file.display().to_string());
    }
    let plan = plan(args, scenario);
    written.extend(write_openmetrics(&args.metrics, variant, plan, summary)?);
    Ok(written)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        run: super::RunArgs,
    }

    #[test]
    fn short_flags_become_overrides() {
        let typed = ["run", "a.toml", "--set", "x.y=1", "--seed", "7", "-n", "3"];
        let line = Line::parse_from(typed);
        assert_eq!(line.run.overrides(), ["x.y=1", "run.seed=7", "run.replications=3"]);
    }
}
