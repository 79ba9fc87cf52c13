//! The command line: one file per verb. The only room that prints.
//!
//! `flags` holds what verbs share, each verb's file its own arguments, `args` the list of verbs.

mod advise;
mod again;
mod alerts;
mod args;
mod assess;
mod calibrate;
mod charts;
mod check;
mod compare;
mod completions;
mod exit;
mod explain;
mod find;
mod flags;
mod forecast;
mod hint;
mod import;
mod init;
mod interrupt;
mod load;
mod man;
mod merge;
mod metrics;
mod no_return;
mod output;
mod presets;
mod progress;
mod promtool;
mod reference;
mod report;
mod resume;
mod run;
mod scenarios;
mod schema;
mod shard;
mod show;
mod speed;
mod sweep;
mod sweep_folder;
mod temporary;
mod validate;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

pub use advise::AdviseArgs;
pub use alerts::AlertsArgs;
pub use args::{Args, Verb};
pub use assess::AssessArgs;
pub use calibrate::CalibrateArgs;
pub use check::{CheckArgs, CheckFormat, Deny};
pub use compare::CompareArgs;
pub use completions::CompletionsArgs;
pub use exit::{Exit, Failure};
pub use explain::ExplainArgs;
pub use find::FindArgs;
pub use flags::{Color, FolderFlags, Format, LayerArgs, PrintFlags, RunFlags};
pub use forecast::ForecastArgs;
pub use import::ImportArgs;
pub use init::InitArgs;
pub use man::ManArgs;
pub use merge::MergeArgs;
pub use metrics::MetricsFlags;
pub use no_return::NoReturnArgs;
pub use presets::PresetsArgs;
pub use reference::verbs;
pub use report::ReportArgs;
pub use run::RunArgs;
pub use scenarios::ScenariosArgs;
pub use schema::{OutputSchema, SCHEMAS, SchemaArgs};
pub use shard::{Shard, ShardArg};
pub use show::{ShowArgs, ShowFormat};
pub use speed::SpeedArgs;
pub use sweep::{DesignArg, SweepArgs};
pub use validate::ValidateArgs;

/// Runs the command line of this process and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let args = match parsed() {
        Ok(args) => args,
        Err(error) => {
            // Help goes to stdout, mistakes to stderr; a reader that left is no reason to fail.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done }.into();
        }
    };
    args.color.apply();
    // The panic itself has been reported on stderr by the time it arrives here.
    let outcome = catch_unwind(AssertUnwindSafe(|| dispatch(&args))).unwrap_or_else(|_| {
        let what = "this is a bug in oomcast: please report it with the scenario and the seed";
        Err(Failure::new(Exit::Internal, what))
    });
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output::error(&failure);
            failure.exit.into()
        }
    }
}

/// The command line of this process.
fn parsed() -> Result<Args, clap::Error> {
    let mut command = Args::command();
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    again::keep(&command, &matches);
    Args::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

fn dispatch(args: &Args) -> Result<Exit, Failure> {
    match &args.verb {
        Verb::Run(verb) => run::run(verb),
        Verb::Compare(verb) => compare::compare(verb),
        Verb::Find(verb) => find::find(verb),
        Verb::NoReturn(verb) => no_return::no_return(verb),
        Verb::Advise(verb) => advise::advise(verb),
        Verb::Alerts(verb) => alerts::alerts(verb),
        Verb::Assess(verb) => assess::assess(verb),
        Verb::Forecast(verb) => forecast::forecast(verb),
        Verb::Check(verb) => check::check(verb),
        Verb::Explain(verb) => explain::explain(verb),
        Verb::Show(verb) => show::show(verb),
        Verb::Init(verb) => init::init(verb),
        Verb::Import(verb) => import::import(verb),
        Verb::Scenarios(verb) => scenarios::scenarios(verb),
        Verb::Presets(verb) => presets::presets(verb),
        Verb::Sweep(verb) => sweep::sweep(verb),
        Verb::Merge(verb) => merge::merge(verb),
        Verb::Report(verb) => report::report(verb),
        Verb::Validate(verb) => validate::validate(verb),
        Verb::Calibrate(verb) => calibrate::calibrate(verb),
        Verb::Speed(verb) => speed::speed(verb),
        Verb::Schema(verb) => schema::schema(verb),
        Verb::Completions(verb) => completions::completions(verb, &mut Args::command()),
        Verb::Man(verb) => man::man(verb, Args::command()),
    }
}
