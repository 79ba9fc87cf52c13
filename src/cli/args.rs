//! What can be typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use super::check::CheckArgs;
use super::compare::CompareArgs;
use super::completions::CompletionsArgs;
use super::exit::Exit;
use super::explain::ExplainArgs;
use super::find::FindArgs;
use super::init::InitArgs;
use super::layers::LayerArgs;
use super::man::ManArgs;
use super::presets::PresetsArgs;
use super::shard::ShardArg;
use crate::calibration::parameters;
use crate::report::sweep::columns;
use crate::scenario::measure::share_of;
use crate::scenario::sweep::Design;
use crate::units::{SimSpan, parse_span};

const EXAMPLES: &str = "\
Examples:
  oomcast run scenarios/kep-3157-buffered.toml
      Will the apiserver survive these informers? Answers in seconds, writes output/.
  oomcast run storm.toml --set apiserver.memory-limit=32GiB -n 200
      The same storm with more memory, over 200 random runs.
  oomcast run storm.toml --until-ci 5% --junit junit.xml
      As many runs as it takes; exit code 3 if an [[expect]] of the scenario fails.
  oomcast run storm.toml --set 'clients.agents.count=100 to 400'
      A count known roughly: 90 % of the runs draw one in between.
  oomcast run storm.toml --format md > comment.md
      The result as a comment for a pull request.
  oomcast run storm.toml --dump-apf 1m05s
      What `kubectl get --raw /debug/api_priority_and_fairness/...` would show at 1:05.
  oomcast find storm.toml --vary clients.agents.count --probability 5%
      How many clients are too many? Likewise the smallest safe memory limit.
  oomcast compare storm.toml --set-b apiserver.version=1.34 --tolerance peak=5%
      What would the upgrade change? Exit code 3 if the peak rises by more than 5 %.
  oomcast init my-cluster.toml --preset kubeadm-3
      A first scenario of your own; `oomcast presets` lists what it can be made of.
  oomcast check scenarios/*.toml
      Every mistake in every file, without running anything.
  oomcast explain apiserver.memory-limit
      What a key takes, or what a code such as E0101 means.
  oomcast show scenarios/cilium-restart-apf.toml --apf
      How many LISTs each fleet may run at once, by priority level.
  oomcast sweep storm.toml --vary clients.agents.count=100..2000:100
      From how many agents on does it die? Resumable, in parts, on many machines.
  oomcast validate
      How far off the predictions are from what was measured.
  oomcast calibrate my-cluster.toml --observed working-set.csv
      Fits the model to your own servers, from an export of your monitoring.
";

/// The last line of the help.
const PAGES: &str =
    "docs/guide.md: from kubectl's output to a scenario of your own; docs/cookbook.md: recipes";

const CALIBRATE_EXAMPLES: &str = "\
Observations:
  working-set.csv     time and container_memory_working_set_bytes, as Grafana and Prometheus export
                      them (also the JSON of /api/v1/query_range); from ten minutes before the burst
  rollout.toml        beside it, what happened; without it the largest rise is the only event:
                        schema = 1
                        series = \"working-set.csv\"
                        [[bursts]]
                        name = \"agents rolled out\"
                        from = 2026-05-12T10:04:00Z
                        to = 2026-05-12T10:07:00Z
                        event = \"rollout\"      # of the scenario
                        restarts = 0            # of the container in that time
                        seconds = \"42s\"         # until the clients were done, if known
                        set = [\"clients.node-agents.count=300\"]   # what was different then
  run.json, *.jsonl   measured runs, as `oomcast validate` takes them

Examples:
  oomcast calibrate my-cluster.toml --observed working-set.csv
  oomcast calibrate my-cluster.toml --observed incidents/ --fit hardware.cpu-speed,calibration.typed-heap
  oomcast run my-cluster.toml --overlay output/my-cluster-calibration/overlay.toml
";

/// Forecasts the memory of Kubernetes apiservers: OOM kills, cascades, and who held the memory.
#[derive(Debug, Parser)]
#[command(
    name = "oomcast",
    version,
    propagate_version = true,
    subcommand_required = true,
    max_term_width = 100,
    after_help = format!("{EXAMPLES}\n{}\n{PAGES}", Exit::table())
)]
pub struct Args {
    /// Colours: auto, always or never. `NO_COLOR` is honoured.
    #[arg(
        long,
        value_enum,
        default_value_t,
        global = true,
        value_name = "WHEN",
        hide_possible_values = true
    )]
    pub color: Color,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Runs a scenario over many random replications and says how it ends.
    Run(RunArgs),
    /// Compares two scenarios, or two settings of one, on the same random draws.
    Compare(CompareArgs),
    /// Finds the value of a key at which a kill, or something else, becomes too likely.
    Find(FindArgs),
    /// Checks scenario files without running them.
    Check(CheckArgs),
    /// Explains a code of a finding, or a key of the scenario.
    Explain(ExplainArgs),
    /// Shows what a scenario comes to and where each value comes from, without running it.
    Show(ShowArgs),
    /// Writes a first scenario of your own, with comments, that runs as it is.
    Init(InitArgs),
    /// Lists the presets that a scenario can inherit, or prints one.
    Presets(PresetsArgs),
    /// Runs a scenario at many points of its keys, resumable and in parts.
    Sweep(SweepArgs),
    /// Joins the parts of a sweep that was run with --shard.
    Merge(MergeArgs),
    /// Replays measured runs and published figures, and says how far off the predictions are.
    Validate(ValidateArgs),
    /// Fits the model to observations of your own servers, and writes an overlay for scenarios.
    #[command(after_help = CALIBRATE_EXAMPLES)]
    Calibrate(CalibrateArgs),
    /// Prints the JSON Schema of scenario files, for editors and linters.
    Schema,
    /// Prints completions for a shell.
    Completions(CompletionsArgs),
    /// Writes manual pages.
    Man(ManArgs),
}

/// `oomcast run`.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct RunArgs {
    /// The scenario file.
    pub file: PathBuf,
    /// What is laid over the file.
    #[command(flatten)]
    pub layers: LayerArgs,
    /// Seed of all random draws [default: the scenario's].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: Option<u64>,
    /// How many replications [default: the scenario's].
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub replications: Option<u32>,
    /// Goes on until the 95 % intervals are this narrow on either side: the probabilities of a kill
    /// and of a cascade (in points), the median and the 95th percentile of the peak (relative).
    /// --replications is then the most [default: 10000].
    #[arg(long, value_name = "SHARE", value_parser = half_width)]
    pub until_ci: Option<f64>,
    /// Writes how the expectations of the scenario came out, for a build server.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// The folder to write [default: output/SCENARIO-HASH].
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Writes into the folder of --out even if it holds other files.
    #[arg(long)]
    pub force: bool,
    /// What to print: text, json (summary.json) or md (summary.md).
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
    /// Writes what the debug endpoints for API Priority and Fairness would show at this time, such
    /// as 1m05s, of the replication with the highest peak. Repeatable.
    #[arg(long, value_name = "AT", value_parser = parse_span)]
    pub dump_apf: Vec<SimSpan>,
    /// Writes no charts.
    #[arg(long)]
    pub no_charts: bool,
}

/// `oomcast sweep`.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(after_help = SWEEP_EXAMPLES, after_long_help = format!("{SWEEP_EXAMPLES}\n{}", columns::table()))]
pub struct SweepArgs {
    /// The scenario file.
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
    /// What is laid over the file.
    #[command(flatten)]
    pub layers: LayerArgs,
    /// Seed of all random draws, the same at every point [default: the scenario's].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: Option<u64>,
    /// How many replications of each point [default: the scenario's].
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub replications: Option<u32>,
    /// Goes on with a sweep that was stopped: points that are there are not run again.
    #[arg(long)]
    pub resume: bool,
    /// Runs a part of the points only: I/N is the I-th of N; env takes it from
    /// `JOB_COMPLETION_INDEX`, `SLURM_ARRAY_TASK_ID` or `AWS_BATCH_JOB_ARRAY_INDEX`.
    #[arg(long, value_name = "I/N", value_parser = super::shard::parse)]
    pub shard: Option<ShardArg>,
    /// The folder to write [default: output/SCENARIO-HASH-sweep-HASH]; a shard writes into a folder
    /// inside it.
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Begins anew in the folder of --out even if it holds other files.
    #[arg(long, conflicts_with = "resume")]
    pub force: bool,
    /// What to print: text, json (sweep.json) or md (sweep.md).
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

const SWEEP_EXAMPLES: &str = "\
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
      Goes on after a kill, from the point where it was.
  parallel oomcast sweep storm.toml --shard {}/8 ::: $(seq 8); oomcast merge output/storm-*-sweep-*
      In eight processes; the same bytes as in one.
";

/// `oomcast merge`.
#[derive(Debug, clap::Args)]
pub struct MergeArgs {
    /// Folders of shards, or folders that they are in.
    #[arg(required = true, value_name = "DIR")]
    pub folders: Vec<PathBuf>,
    /// The folder to write [default: the one that holds all shards, else as of sweep].
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Writes into the folder of --out even if it holds other files.
    #[arg(long)]
    pub force: bool,
    /// What to print: text, json (sweep.json) or md (sweep.md).
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub format: Format,
    /// Prints the verdict line and errors only.
    #[arg(short, long)]
    pub quiet: bool,
    /// Writes no charts.
    #[arg(long)]
    pub no_charts: bool,
}

/// `oomcast show`.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// The scenario file.
    pub file: PathBuf,
    /// What is laid over the file.
    #[command(flatten)]
    pub layers: LayerArgs,
    /// Shows the priority levels and flow schemas [default: the effective scenario as TOML].
    #[arg(long)]
    pub apf: bool,
    /// Leaves out where values come from: the scenario as run folders have it.
    #[arg(long)]
    pub no_origins: bool,
    /// What to print: text or json.
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub format: ShowFormat,
}

/// `oomcast validate`.
#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    /// Observations: folders of run folders, run folders or files [default: the measured runs that
    /// come with oomcast].
    #[arg(value_name = "DIR|FILE")]
    pub paths: Vec<PathBuf>,
    /// Replications of each run; the median counts.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub replications: u32,
    /// Seed of all random draws.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: u64,
    /// Exits with 3 if the peak of any run is off by more: 15%.
    #[arg(long, value_name = "PERCENT", value_parser = share)]
    pub max_error: Option<f64>,
    /// What to print: text, json or md.
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub format: Format,
    /// Writes the result and a chart a run, measured and predicted, into this folder.
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replays the published figures of the scenarios in a folder [without other arguments: those of
    /// scenarios/ follow the runs].
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, default_missing_value = "scenarios")]
    pub published: Option<PathBuf>,
    /// Leaves the published figures out.
    #[arg(long, conflicts_with = "published")]
    pub no_published: bool,
    /// Threads [default: one a processor]. The result does not depend on it.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Shows no progress.
    #[arg(long)]
    pub no_progress: bool,
}

/// `oomcast calibrate`.
#[derive(Debug, clap::Args)]
pub struct CalibrateArgs {
    /// The scenario file: the cluster that was observed, with the burst as an event.
    pub file: PathBuf,
    /// Observations: a folder, a series, a description or a measured run. Repeatable.
    #[arg(long, value_name = "DIR|FILE", required = true)]
    pub observed: Vec<PathBuf>,
    /// Which parameters to fit, such as hardware.cpu-speed,calibration.typed-heap [default: all; those
    /// that the observations say nothing of stay as they are].
    #[arg(long, value_name = "KEYS", value_delimiter = ',', value_parser = parameter)]
    pub fit: Vec<usize>,
    /// What is laid over the file.
    #[command(flatten)]
    pub layers: LayerArgs,
    /// Replications of each observation; the median counts.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub replications: u32,
    /// Seed of all random draws [default: the scenario's].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: Option<u64>,
    /// Parts of the observations that are left out in turn to tell the error on what the fit has not
    /// seen; 0: none.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub folds: u32,
    /// What to print: text, json or md.
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub format: Format,
    /// The folder to write [default: output/SCENARIO-calibration].
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Writes no charts.
    #[arg(long)]
    pub no_charts: bool,
    /// Threads [default: one a processor]. The result does not depend on it.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Shows no progress.
    #[arg(long)]
    pub no_progress: bool,
}

impl RunArgs {
    /// All overrides: those of `--set`, then the flags that are short for one.
    #[must_use]
    pub fn overrides(&self) -> Vec<String> {
        let most = self.until_ci.map(|_| MOST_REPLICATIONS);
        overrides(&self.layers.set, self.seed, self.replications.or(most))
    }
}

impl SweepArgs {
    /// All overrides: those of `--set`, then the flags that are short for one.
    #[must_use]
    pub fn overrides(&self) -> Vec<String> {
        overrides(&self.layers.set, self.seed, self.replications)
    }
}

/// Overrides of `--set`, then those of the flags that are short for one.
pub(super) fn overrides(
    set: &[String],
    seed: Option<u64>,
    replications: Option<u32>,
) -> Vec<String> {
    let seed = seed.map(|n| format!("run.seed={n}"));
    let replications = replications.map(|n| format!("run.replications={n}"));
    set.iter().cloned().chain(seed).chain(replications).collect()
}

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

/// What `run` prints on stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For the terminal.
    #[default]
    Text,
    /// summary.json.
    Json,
    /// summary.md.
    Md,
}

/// What `show` prints on stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ShowFormat {
    /// For the terminal; the effective scenario as TOML.
    #[default]
    Text,
    /// JSON.
    Json,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Makes it the choice of the whole process.
    pub(super) fn apply(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// A share as a percentage: `15%` is 0.15.
fn share(text: &str) -> Result<f64, String> {
    let number = text.trim().strip_suffix('%').map(|n| n.trim().parse::<f64>());
    match number {
        Some(Ok(percent)) if percent.is_finite() && percent >= 0.0 => Ok(percent / 100.0),
        _ => Err("expected a percentage, such as 15%".to_owned()),
    }
}

/// How many replications `--until-ci` may take unless `--replications` says otherwise.
const MOST_REPLICATIONS: u32 = 10_000;

/// A half width such as `5%`.
fn half_width(text: &str) -> Result<f64, String> {
    match share_of(text)? {
        share if (0.001..=0.5).contains(&share) => Ok(share),
        _ => Err("must be between 0.1% and 50%".to_owned()),
    }
}

/// The place of a parameter in the table of those that can be fitted.
fn parameter(text: &str) -> Result<usize, String> {
    parameters::find(text.trim()).ok_or_else(|| {
        let keys: Vec<&str> = parameters::PARAMETERS.iter().map(|one| one.key).collect();
        format!("expected one of {}", keys.join(", "))
    })
}

/// Refuses what cannot be an override; the scenario checks the rest.
pub(super) fn key_value(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((key, _)) if !key.trim().is_empty() => Ok(text.to_owned()),
        _ => Err("expected KEY=VALUE, such as apiserver.memory-limit=16GiB".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::Args;
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn short_flags_become_overrides() {
        let typed = ["oomcast", "run", "a.toml", "--set", "x.y=1", "--seed", "7", "-n", "3"];
        let super::Verb::Run(run) = Args::parse_from(typed).verb else {
            panic!("run was typed");
        };
        assert_eq!(run.overrides(), ["x.y=1", "run.seed=7", "run.replications=3"]);
    }
}
