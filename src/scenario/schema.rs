//! The JSON Schema of scenario files.

use super::keys::ROOT;

/// The schema as indented JSON.
#[must_use]
pub fn json() -> String {
    crate::language::print::schema::json(&ROOT)
}
