//! A text with places: the sources a scenario is made of, and TOML (and YAML) as a tree in which every
//! value knows where it stands.

pub(crate) mod file;
pub(crate) mod nesting;
pub(crate) mod path;
pub(crate) mod source;
pub(crate) mod span;
pub(crate) mod tree;
pub(crate) mod yaml;
