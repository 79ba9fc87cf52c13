//! The control plane. Knows `engine`, `units` and `results`; no files, no TOML, no printing.

pub mod apf;
pub mod input;
pub mod release;

use crate::results::RunRecord;
use input::Inputs;

/// What to run besides the inputs.
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
    let _ = (inputs, options);
    unreachable!("written next")
}
