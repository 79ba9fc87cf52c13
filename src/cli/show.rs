//! `oomcast show`: what a scenario comes to, without running it.

use super::args::{ShowArgs, ShowFormat};
use super::exit::{Exit, Failure};
use super::{load, output};
use crate::experiment::apf_plan;
use crate::report::{apf, json};

/// Prints the effective scenario, or how API Priority and Fairness stands in it.
pub(super) fn show(args: &ShowArgs) -> Result<Exit, Failure> {
    let scenario = load::load_over(&args.file, &args.overlay, &args.set)?;
    load::tell_notes(&scenario.notes);
    let internal = |error| Failure::new(Exit::Internal, error);
    let text = match (args.apf, args.format) {
        (true, ShowFormat::Text) => apf::render(&apf_plan(&scenario)),
        (true, ShowFormat::Json) => json::apf(&apf_plan(&scenario)).map_err(internal)?,
        (false, ShowFormat::Text) => scenario.effective,
        (false, ShowFormat::Json) => {
            scenario.effective_json().map_err(|error| Failure::new(Exit::Internal, error))?
        }
    };
    output::result(&text)?;
    Ok(Exit::Done)
}
