//! `oomcast schema`: the JSON Schema of scenario files.

use super::exit::{Exit, Failure};
use super::output;
use crate::scenario::schema::json;

/// Prints the schema.
pub(super) fn schema() -> Result<Exit, Failure> {
    output::result(&json())?;
    Ok(Exit::Done)
}
