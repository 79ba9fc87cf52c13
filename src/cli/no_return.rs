//! `oomcast no-return`: from when on a run could hardly have ended otherwise.

use std::path::PathBuf;

use super::exit::{Exit, Failure};
use super::flags::{FolderFlags, LayerArgs, PrintFlags, RunFlags};
use super::progress::Progress;
use super::resume::{Done, told};
use super::{interrupt, load, output};
use crate::answers::no_return::{NoReturnQuestion, most_runs, no_return as search};
use crate::experiment::Replications;
use crate::report::folder::{RunFolder, Status};
use crate::report::{Page, charts, json, no_return as report};
use crate::results::NoReturn;
use crate::scenario::Scenario;
use crate::scenario::measure::Condition;

/// Continuations at each instant unless the command line says otherwise: an interval of at most 20
/// percentage points.
const CONTINUATIONS: u32 = 100;

const EXAMPLES: &str = "\
Examples:
  oomcast no-return storm.toml
      When was it too late? And what could be seen by then?
  oomcast no-return storm.toml --until cascade --continuations 1000
      When was the second kill inevitable? With narrower intervals.
  oomcast no-return storm.toml --replication 7
      The same for another run than the worst.
";

/// `oomcast no-return`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = EXAMPLES,
    mut_arg("replications", |arg| {
        arg.help("How many runs the worst is taken from [default: the scenario's]")
    }),
)]
pub struct NoReturnArgs {
    /// The scenario file; `-`: standard input.
    pub file: PathBuf,
    /// What becomes inevitable: oom, cascade, another event, or a figure past a bound such as
    /// 'peak>32GiB'.
    #[arg(long, default_value = "oom", value_name = "WHAT", value_parser = Condition::parse)]
    pub until: Condition,
    /// How often the state at an instant is continued with fresh draws.
    #[arg(
        long,
        default_value_t = CONTINUATIONS,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=100_000),
    )]
    pub continuations: u32,
    /// Which replication to look at [default: the worst of those in which it happens].
    #[arg(long, value_name = "N")]
    pub replication: Option<u32>,
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

/// Searches, writes the folder, then prints the answer.
pub(super) fn no_return(args: &NoReturnArgs) -> Result<Exit, Failure> {
    let overrides = args.run.overrides(&args.layers);
    let variant = load::variant(&args.file, &args.layers.with_overrides(overrides))?;
    let scenario = variant.scenario();
    if !args.print.quiet {
        load::tell_all(scenario);
    }
    let question = NoReturnQuestion {
        until: args.until,
        continuations: args.continuations,
        replication: args.replication,
    };
    let plan = Replications {
        seed: scenario.seed,
        replications: scenario.replications,
        threads: args.run.threads(),
    };
    let most = most_runs(&question, plan);
    if !args.print.quiet {
        output::note(output::bound(scenario, most));
    }
    let name = format!("no-return-{}", scenario.name);
    let mut folder = output::answer_folder(&args.folder, (&name, &scenario.hash), plan)?;
    let shown = !args.run.no_progress && !args.print.quiet;
    let progress = Progress::new(u32::try_from(most).unwrap_or(u32::MAX), shown);
    interrupt::keep_what_is_done();
    let done = Done::open(&mut folder, args.resume)?;
    let kept = done.of(variant.clone());
    let found = search(&kept, &question, plan, |done| progress.set(done));
    drop(progress);
    let mut found = found.map_err(|error| load::not_replicated(&error))?;
    let stopped = told(interrupt::cut("the instants looked at by then"));
    found.warnings.extend(stopped.clone());
    let page = report::page(&found);
    let mark = interrupt::status(stopped.as_ref());
    let written = write(args, (folder, mark), scenario, &found, &page)?;
    done.close(stopped.as_ref())?;
    output::tell(args.print, &page, &written, None, || json::no_return(&found))?;
    let cut = (found.incomplete > 0).then(|| {
        format!("{} continuations hit the event limit; raise run.max-events", found.incomplete)
    });
    interrupt::ended(stopped, || output::incomplete(cut))
}

/// Writes the folder and returns the lines that say where.
fn write(
    args: &NoReturnArgs,
    (mut folder, mark): (RunFolder, Status),
    scenario: &Scenario,
    found: &NoReturn,
    page: &Page,
) -> Result<Vec<String>, Failure> {
    let json = json::no_return(found).map_err(Failure::internal)?;
    output::write_result(&mut folder, scenario, "no-return", &json, page)?;
    folder
        .write("no-return.csv", |out| report::rows_csv(out, found))
        .map_err(output::not_written)?;
    let draw = |path: &_| charts::write_no_return(path, found);
    Ok(vec![output::close(folder, !args.folder.no_charts, mark, draw)?])
}
