//! What can be typed: the verbs, each with the arguments of its own file.

use clap::{Parser, Subcommand};

use super::advise::AdviseArgs;
use super::alerts::AlertsArgs;
use super::assess::AssessArgs;
use super::calibrate::CalibrateArgs;
use super::check::CheckArgs;
use super::compare::CompareArgs;
use super::completions::CompletionsArgs;
use super::exit::Exit;
use super::explain::ExplainArgs;
use super::find::FindArgs;
use super::flags::Color;
use super::forecast::ForecastArgs;
use super::import::ImportArgs;
use super::init::InitArgs;
use super::man::ManArgs;
use super::merge::MergeArgs;
use super::no_return::NoReturnArgs;
use super::presets::PresetsArgs;
use super::report::ReportArgs;
use super::run::RunArgs;
use super::scenarios::ScenariosArgs;
use super::schema::SchemaArgs;
use super::show::ShowArgs;
use super::speed::SpeedArgs;
use super::sweep::SweepArgs;
use super::validate::ValidateArgs;

const EXAMPLES: &str = "\
Examples:
  oomcast run kep-3157-buffered
      Will the apiserver survive these informers? Answers in seconds, writes output/.
  oomcast scenarios
      The scenarios that come with it.
  oomcast run storm.toml --set apiserver.memory-limit=32GiB -n 200
      The same storm with more memory, over 200 random runs.
  oomcast run storm.toml --until-ci 5% --junit junit.xml
      As many runs as that takes; exit code 3 if an [[expect]] of the scenario fails.
  oomcast run storm.toml --set 'clients.agents.count=100 to 400'
      A count known only roughly: 90 % of the runs draw one in this range.
  oomcast run storm.toml --format md > comment.md
      The result as a comment for a pull request.
  oomcast run storm.toml --dump-apf 1m05s
      What `kubectl get --raw /debug/api_priority_and_fairness/...` would show at 1:05.
  oomcast find storm.toml --vary clients.agents.count --probability 5%
      How many clients are too many? It also finds the smallest safe memory limit.
  oomcast no-return storm.toml
      When was the kill inevitable, and what could be seen by then?
  oomcast alerts storm.toml --rules rules.yaml
      Would your alerts have warned you? Needs promtool of Prometheus.
  oomcast assess cluster.toml
      Is it safe? Every standard storm, headroom and remedies on one page.
  oomcast advise storm.toml
      Which change prevents it, and what does it cost? Writes overlays and APF manifests.
  oomcast compare storm.toml --set-b apiserver.version=1.34 --tolerance peak=5%
      What would the upgrade change? Exit code 3 if the peak rises by more than 5 %.
  oomcast init my-cluster.toml --preset kubeadm-3
      A first scenario of your own; `oomcast presets` lists what it can build on.
  oomcast check scenarios/*.toml
      Reports every mistake in every file without running anything.
  oomcast explain apiserver.memory-limit
      What a key takes, or what a code such as E0101 means.
  oomcast show scenarios/cilium-restart-apf.toml --apf
      How many LISTs each fleet may run at once, by priority level.
  oomcast sweep storm.toml --vary clients.agents.count=100..2000:100
      At how many agents does it die? Can be resumed and split over machines.
  oomcast validate
      How far the predictions are from what was measured.
  oomcast calibrate my-cluster.toml --observed working-set.csv
      Fits the model to your own servers, from an export of your monitoring.
  oomcast speed
      How fast this machine is, as a scenario says it.
";

/// The last line of the help.
const PAGES: &str =
    "docs/guide.md: from kubectl's output to a scenario of your own; docs/cookbook.md: recipes";

/// Forecasts the memory of kube-apiservers: OOM kills, cascades, and which clients hold the memory.
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
    /// Runs a scenario over many random replications and reports how it ends.
    Run(RunArgs),
    /// Compares two scenarios, or two settings of one, on the same random draws.
    Compare(CompareArgs),
    /// Finds the value of a key at which a kill, or something else, becomes too likely.
    Find(FindArgs),
    /// Finds from when on a run could hardly have ended otherwise, and what could be seen by then.
    NoReturn(NoReturnArgs),
    /// Evaluates Prometheus alert rules in every replication: which warns before the kill?
    Alerts(AlertsArgs),
    /// Runs the steady state and the standard storms: is it safe, how far may it grow, what prevents it?
    Assess(AssessArgs),
    /// Finds when the cluster will be outgrown at the rates of its table `growth`, and what remedies buy.
    Forecast(ForecastArgs),
    /// Tries every remedy against the storm of a scenario, and ranks what prevents it.
    Advise(AdviseArgs),
    /// Checks scenario files without running them.
    Check(CheckArgs),
    /// Explains a diagnostic code or a key of the scenario.
    Explain(ExplainArgs),
    /// Shows the effective scenario and where each value comes from, without running it.
    Show(ShowArgs),
    /// Writes a first scenario of your own, with comments, ready to run.
    Init(InitArgs),
    /// Makes a scenario of what a running cluster exports: metrics, audit logs, objects.
    Import(ImportArgs),
    /// Lists the scenarios that come with it, prints one or writes one out.
    Scenarios(ScenariosArgs),
    /// Lists the presets that a scenario can inherit, or prints one.
    Presets(PresetsArgs),
    /// Runs a scenario at many values of its keys; can be resumed and split into shards.
    Sweep(SweepArgs),
    /// Joins the shards of a sweep that was run with --shard.
    Merge(MergeArgs),
    /// Makes report.html, one page for a browser, again from the folder of a result.
    Report(ReportArgs),
    /// Replays measured runs and published figures, and reports how far off the predictions are.
    Validate(ValidateArgs),
    /// Fits the model to observations of your own servers, and writes an overlay for scenarios.
    Calibrate(CalibrateArgs),
    /// Measures how fast this machine is, as `hardware.cpu-speed` takes it: run it on a control-plane node.
    Speed(SpeedArgs),
    /// Prints the JSON Schema of scenario files, or of a result.
    Schema(SchemaArgs),
    /// Prints completions for a shell.
    Completions(CompletionsArgs),
    /// Writes manual pages.
    Man(ManArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Args::command().debug_assert();
    }
}
