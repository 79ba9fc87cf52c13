//! A configuration language: TOML texts laid over one another, checked along tables of keys, with every
//! mistake at once, each at its place.
//!
//! It knows nothing of what is configured: [`scenario`](crate::scenario) has the tables and what they
//! mean. From the bottom up:
//!
//! | room | what it is |
//! |---|---|
//! | `text` | a text with places: sources, spans, TOML and YAML as one tree |
//! | `tell` | a mistake with places: findings, codes, how they are shown |
//! | `table` | a text against a table of keys: kinds, quantities, reading, bounds, distributions, the resolved tree |
//! | `layers` | many texts, one tree: inheritance, profiles, overlays, `--set`, origins |
//! | `vary` | one key and the values it takes |
//! | `print` | the table and the tree, said to others: canonical text, schema, reference, explanations |

pub(crate) mod layers;
pub(crate) mod print;
pub(crate) mod table;
pub(crate) mod tell;
pub(crate) mod text;
pub(crate) mod vary;

// What a language is written with.
pub(crate) use table::plain::Plain;
pub(crate) use table::read::{check_name, grouped, scalar};
pub(crate) use table::resolved::{Resolved, State, Value};
pub(crate) use table::{Role, one_of};
pub(crate) use tell::code::{Code, Severity};
pub(crate) use tell::diagnostic::{Finding, Log, shown};
pub(crate) use tell::suggest::nearest;
pub(crate) use text::span::Span;
pub(crate) use text::tree::{Item, Node};
