//! Many texts, one tree: what a file inherits, its profiles, overlays and `--set`, and the origin of
//! every value.

pub(crate) mod grammar;
pub(crate) mod inherit;
pub(crate) mod origins;
pub(crate) mod overlay;
pub(crate) mod overrides;
pub(crate) mod parse;
pub(crate) mod profiles;
pub(crate) mod removal;
