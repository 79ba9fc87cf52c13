//! The house rules: layers, lengths, and pages that are made from the code.

mod architecture;
mod reference;
