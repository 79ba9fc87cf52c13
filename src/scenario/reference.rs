//! The reference of scenario files as Markdown.

use super::keys::ROOT;
use crate::language::print::reference;

/// A section for each table, with a row for each key.
#[must_use]
pub fn keys() -> String {
    reference::keys(&ROOT)
}

/// A row for each code.
#[must_use]
pub fn codes() -> String {
    reference::codes()
}
