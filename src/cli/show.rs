//! `oomcast show`: the effective scenario, without running it.

use std::path::PathBuf;

use clap::ValueEnum;

use super::exit::{Exit, Failure};
use super::flags::LayerArgs;
use super::{load, output};
use crate::experiment::apf_plan;
use crate::report::{Screen, apf, json};
use crate::scenario::{Annotated, Scenario};

/// `oomcast show`.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// The scenario file; `-`: standard input.
    pub file: PathBuf,
    /// Layers applied on top of the file.
    #[command(flatten)]
    pub layers: LayerArgs,
    /// Shows the priority levels and flow schemas [default: the effective scenario as TOML].
    #[arg(long)]
    pub apf: bool,
    /// Leaves out where values come from; prints the scenario as run folders hold it.
    #[arg(long)]
    pub no_origins: bool,
    /// What to print: text or json.
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub format: ShowFormat,
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

/// Prints the effective scenario, or how API Priority and Fairness stands in it.
pub(super) fn show(args: &ShowArgs) -> Result<Exit, Failure> {
    let template = load::template(&args.file, &args.layers)?;
    let (scenario, annotated) =
        template.load_annotated(&[]).map_err(|mistakes| load::refused(&mistakes))?;
    load::tell_notes(&scenario.notes);
    let screen = Screen { width: output::width(), ..Screen::default() };
    let text = match (args.apf, args.format) {
        (true, ShowFormat::Text) => apf::page(&apf_plan(&scenario)).terminal(&screen),
        (true, ShowFormat::Json) => json::apf(&apf_plan(&scenario)).map_err(Failure::internal)?,
        (false, ShowFormat::Text) if args.no_origins => scenario.effective,
        (false, ShowFormat::Text) => annotated.render(),
        (false, ShowFormat::Json) if args.no_origins => {
            scenario.effective_json().map_err(Failure::internal)?
        }
        (false, ShowFormat::Json) => {
            with_origins(&scenario, &annotated).map_err(Failure::internal)?
        }
    };
    output::result(&text)?;
    Ok(Exit::Done)
}

/// The scenario as JSON, with one more key, `origins`: where the value of each key comes from.
fn with_origins(scenario: &Scenario, annotated: &Annotated) -> serde_json::Result<String> {
    let mut root: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&scenario.effective_json()?)?;
    let origins = annotated.origins().map(|(key, origin)| (key.to_owned(), origin.into()));
    root.insert("origins".to_owned(), serde_json::Value::Object(origins.collect()));
    Ok(serde_json::to_string_pretty(&root)? + "\n")
}
