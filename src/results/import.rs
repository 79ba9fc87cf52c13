//! What `oomcast import` tells about a cluster.

use crate::units::Bytes;

/// What was read, concluded, checked; and what would tell more.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    /// The scenario file.
    pub scenario: String,
    /// Files: name, and what they are.
    pub read: Vec<(String, String)>,
    /// What the cluster is: what, value, evidence.
    pub found: Vec<ImportedFact>,
    /// What the scenario predicts beside what was measured.
    pub checks: Vec<ImportCheck>,
    /// What no file told: what was taken, and the command that tells.
    pub assumed: Vec<(String, String)>,
    /// What is not known without another file: what, and the command that gives it.
    pub missing: Vec<(String, String)>,
    /// What was read and not used.
    pub skipped: Vec<ImportSkipped>,
    /// What an update did.
    pub changes: Vec<(String, String)>,
}

/// Something that was concluded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportedFact {
    /// What.
    pub what: String,
    /// Its value.
    pub value: String,
    /// Where it is from, and how much was seen.
    pub evidence: String,
}

/// A prediction beside a measured value.
#[derive(Clone, Debug, PartialEq)]
pub enum ImportCheck {
    /// Resident memory of a server at rest.
    Resident {
        /// The server.
        server: String,
        /// As the scenario predicts it, the mean over time.
        predicted: Bytes,
        /// As the server says.
        measured: Bytes,
    },
    /// Seats of the priority levels.
    Seats {
        /// How many levels there are.
        levels: usize,
        /// Those that differ: the name, as the scenario has it, as the server says.
        different: Vec<(String, Option<i64>, i64)>,
    },
}

/// Something that was not used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportSkipped {
    /// The file, with its line if it was one.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What is therefore not known; `None`: nothing is lost by it.
    pub cost: Option<String>,
}
