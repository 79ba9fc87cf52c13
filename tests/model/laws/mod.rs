//! Laws of the model that hold in any scenario: conservation, collection, determinism, monotony.
//!
//! These tests are built with debug assertions, so that the invariants of `model::checks` hold after
//! every event of every run below; `invariants_are_on` sees to it.

mod accounts;
mod branches;
mod collector;
mod determinism;
mod limits;
mod metamorphic;
mod plans;
mod quota;
mod thresholds;
mod world;

use oomcast::model::memory::ledger::{Ledger, OwnerId};
use oomcast::results::Mechanism;

/// These tests are worth little without them.
#[test]
#[should_panic(expected = "holds less than")]
fn invariants_are_on() {
    let entry = OwnerId::SERVER.entry(Mechanism::ProcessBase);
    Ledger::new(1).take(entry, 1);
}
