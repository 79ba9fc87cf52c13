//! How far real peaks lie from predicted ones, by what they consist of. Generated from the measured runs
//! that come with oomcast: `UPDATE_LEDGER=1 cargo test --test fidelity model_error`.

use super::{Learned, ReadMechanism};

/// One row for each mechanism.
#[rustfmt::skip]
pub const LEARNED: [Learned; 4] = [
    Learned { mechanism: ReadMechanism::BufferedLists, runs: 45, half_width: 0.121, machine: 0.137 },
    Learned { mechanism: ReadMechanism::StreamedLists, runs: 41, half_width: 0.097, machine: 0.119 },
    Learned { mechanism: ReadMechanism::WatchLists, runs: 10, half_width: 0.115, machine: 0.080 },
    Learned { mechanism: ReadMechanism::OtherWork, runs: 8, half_width: 0.097, machine: 0.146 },
];
