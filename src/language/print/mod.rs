//! The tables and the checked tree, said to others: canonical text, JSON Schema, reference,
//! explanations.

pub(crate) mod effective;
pub(crate) mod explain;
pub(crate) mod reference;
pub(crate) mod schema;
