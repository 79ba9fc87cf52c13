//! A mistake with places: findings as plain data, their stable codes, and how they are shown.

pub(crate) mod code;
pub(crate) mod diagnostic;
pub(crate) mod explanation;
mod render;
pub(crate) mod sarif;
pub(crate) mod suggest;
