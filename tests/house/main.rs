//! The house rules: layers, lengths, citations, plain words, and pages that are made from the code.

mod architecture;
mod citations;
mod manifest;
mod paths;
mod prose;
mod reference;
mod yaml;
