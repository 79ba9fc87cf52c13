//! The control plane. Knows `engine`, `units` and `results`; no files, no TOML, no printing.

pub mod admission;
pub mod apf;
pub mod apiserver;
pub mod assumptions;
pub mod catalog;
pub mod checks;
pub mod client;
pub mod context;
pub mod costs;
pub mod event;
pub mod fleets;
pub mod ids;
pub mod input;
pub mod memory;
pub mod node;
pub mod objects;
pub mod plane;
pub mod record;
pub mod release;
pub mod residents;
pub mod watchcache;
pub mod world;

use crate::engine::turn;
use crate::results::RunRecord;
use crate::units::SimTime;
use input::Inputs;

/// What to run, apart from the inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunOptions {
    /// Master seed.
    pub seed: u64,
    /// Which replication: decides the draws together with the seed.
    pub replication: u32,
    /// Whether to record timelines.
    pub timelines: bool,
}

/// Runs one replication.
#[must_use]
pub fn run(inputs: &Inputs, options: RunOptions) -> RunRecord {
    let _turn = turn::take(inputs.members());
    world::World::new(inputs, options).run(options.replication)
}

/// Runs one replication and notes what the debug endpoints for API Priority and Fairness would
/// have said at these instants; the run is the same as without.
#[must_use]
pub fn run_dumping(inputs: &Inputs, options: RunOptions, dumps: &[SimTime]) -> RunRecord {
    let _turn = turn::take(inputs.members());
    world::World::new(inputs, options).dumping(dumps).run(options.replication)
}

/// Runs one replication and notes what scrapes at these instants would have found; the run is the same
/// as without.
#[must_use]
pub fn run_scraped(inputs: &Inputs, options: RunOptions, scrapes: &[SimTime]) -> RunRecord {
    let _turn = turn::take(inputs.members());
    world::World::new(inputs, options).scraped(scrapes).run(options.replication)
}
