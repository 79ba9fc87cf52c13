//! `oomcast show`: what a scenario comes to, without running it.

use super::args::{ShowArgs, ShowFormat};
use super::exit::{Exit, Failure};
use super::{load, output};
use crate::experiment::apf_plan;
use crate::report::{apf, json};
use crate::scenario::{Annotated, Scenario};

/// Prints the effective scenario, or how API Priority and Fairness stands in it.
pub(super) fn show(args: &ShowArgs) -> Result<Exit, Failure> {
    let template = load::template(&args.file, &args.layers)?;
    let (scenario, annotated) =
        template.load_annotated().map_err(|mistakes| load::refused(&mistakes))?;
    load::tell_notes(&scenario.notes);
    let internal = |error| Failure::new(Exit::Internal, error);
    let text = match (args.apf, args.format) {
        (true, ShowFormat::Text) => apf::render(&apf_plan(&scenario)),
        (true, ShowFormat::Json) => json::apf(&apf_plan(&scenario)).map_err(internal)?,
        (false, ShowFormat::Text) if args.no_origins => scenario.effective,
        (false, ShowFormat::Text) => annotated.render(),
        (false, ShowFormat::Json) if args.no_origins => {
            scenario.effective_json().map_err(internal)?
        }
        (false, ShowFormat::Json) => with_origins(&scenario, &annotated).map_err(internal)?,
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
