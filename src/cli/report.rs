//! `oomcast report`: the page of a folder, made again.

use std::path::PathBuf;

use super::exit::{Exit, Failure};
use super::output;
use crate::report::folder::{RemakeError, remake_report};

/// `oomcast report`.
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    /// The folder of a run, find, compare or sweep.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// Makes `report.html` from the files of a folder, and prints its path.
pub(super) fn report(args: &ReportArgs) -> Result<Exit, Failure> {
    let path = remake_report(&args.folder).map_err(|error| match error {
        RemakeError::Folder(_) => Failure::internal(error),
        RemakeError::NoManifest(_)
        | RemakeError::OtherFormat { .. }
        | RemakeError::NoResult(_)
        | RemakeError::Files(_) => Failure::usage(error),
    })?;
    output::result(&format!("{}\n", path.display()))?;
    Ok(Exit::Done)
}
