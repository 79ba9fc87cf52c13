//! How far real peaks lie from predicted ones, by what they consist of. Generated from the measured runs
//! that come with oomcast: `UPDATE_LEDGER=1 cargo test --test fidelity model_error`.

use super::{Learned, ReadMechanism};

/// One row for each mechanism.
#[rustfmt::skip]
pub const LEARNED: [Learned; 4] = [
    Learned { mechanism: ReadMechanism::BufferedLists, runs: 45, half_width: 0.121, machine: 0.144 },
    Learned { mechanism: ReadMechanism::StreamedLists, runs: 41, half_width: 0.083, machine: 0.123 },
    Learned { mechanism: ReadMechanism::WatchLists, runs: 10, half_width: 0.116, machine: 0.091 },
    Learned { mechanism: ReadMechanism::OtherWork, runs: 8, half_width: 0.087, machine: 0.109 },
];
