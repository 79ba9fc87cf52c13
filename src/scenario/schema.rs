//! The JSON Schema of scenario files.

use super::keys::ROOT;

pub use crate::language::print::schema::Extent;

/// The schema as indented JSON.
#[must_use]
pub fn json(extent: Extent) -> String {
    crate::language::print::schema::json(&ROOT, extent)
}
