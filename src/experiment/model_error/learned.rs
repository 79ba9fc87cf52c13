//! How far real peaks lie from predicted ones, by what they consist of. Generated from the measured runs
//! that come with oomcast: `UPDATE_LEDGER=1 cargo test --test fidelity model_error`.

use super::{Learned, ReadMechanism};

/// One row for each mechanism.
pub const LEARNED: [Learned; 4] = [
    Learned { mechanism: ReadMechanism::BufferedLists, runs: 14, half_width: 0.18 },
    Learned { mechanism: ReadMechanism::StreamedLists, runs: 12, half_width: 0.12 },
    Learned { mechanism: ReadMechanism::WatchLists, runs: 3, half_width: 0.18 },
    Learned { mechanism: ReadMechanism::OtherWork, runs: 4, half_width: 0.18 },
];
