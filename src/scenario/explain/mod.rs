//! What `oomcast explain` says of codes and keys. The texts of codes are a table beside this file; what
//! is said of keys follows from the table of keys.

mod codes;
mod lints;
#[cfg(test)]
mod tests;
mod text;

use super::keys::ROOT;
use crate::language::print::explain::lookup;
use crate::language::tell::code::Code;

pub use crate::language::print::explain::KeyText;
pub use crate::language::print::explain::lookup::{Found, Place};
pub use crate::language::tell::explanation::{Example, Explanation};

/// The text of a code. `None` would be a code without one, which a test rules out.
#[must_use]
pub fn code(code: Code) -> Option<&'static Explanation> {
    codes::all().find(|text| text.code == code)
}

/// What a user means: a code, a dotted path (with or without the names of entries), the end of one,
/// or a bare name.
#[must_use]
pub fn find(word: &str) -> Found {
    lookup::find(&ROOT, word)
}
