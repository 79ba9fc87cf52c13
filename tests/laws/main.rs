//! Laws of the model that hold in any scenario: conservation, collection, determinism, monotony.
//!
//! These tests are built with debug assertions, so that the invariants of `model::checks` hold after
//! every event of every run below; `invariants_are_on` sees to it.

mod accounts;
mod collector;
mod determinism;
mod limits;
mod metamorphic;
mod plans;
mod world;

#[test]
fn invariants_are_on() {
    assert!(cfg!(debug_assertions), "these tests are worth little without the invariants");
}
