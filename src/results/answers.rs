//! What changes of a scenario come to, tried on the same draws: without a client, with a remedy.

use serde::{Deserialize, Serialize};

use super::OutcomeCount;
use crate::units::Bytes;

/// What some replications of a variant came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrialFigures {
    /// Replications.
    pub replications: u32,
    /// Of these, stopped before their end for the work they took: they prove nothing.
    pub incomplete: u32,
    /// Replications with a kill for memory.
    pub oom: OutcomeCount,
    /// Replications at whose end a server was down or a client lacked its list.
    pub non_recovering: OutcomeCount,
    /// Highest resident memory of any server, median.
    pub peak_bytes: Bytes,
    /// The highest of all replications.
    pub highest_bytes: Bytes,
    /// What a server may use.
    pub limit_bytes: Bytes,
    /// From the first event until the last list was answered, median; `None`: never.
    pub settled_seconds: Option<f64>,
    /// CPU-seconds of all servers, median.
    pub cpu_seconds: f64,
    /// Requests answered 429, median.
    pub rejected: u64,
}

/// The scenario without something, against the scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The clients taken out.
    pub clients: Vec<String>,
    /// Change of the peak in the median pair of runs, as a share: -0.61.
    pub peak_change: f64,
    /// What is left.
    pub without: TrialFigures,
}

/// `leave-one-out`: the scenario again without each of its clients.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LeaveOneOut {
    /// The scenario itself, on the same draws.
    pub with_all: TrialFigures,
    /// Without each client, the one that changes most first.
    pub without_one: Vec<LeftOut>,
    /// Without the first two; `None` of fewer than three clients.
    pub without_two: Option<LeftOut>,
    /// Without any client.
    pub without_all: Option<LeftOut>,
    /// Clients that were not tried: there are more than the work allowed.
    pub not_tried: u32,
}

impl LeaveOneOut {
    /// What the changes of single clients sum to.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.without_one.iter().map(|row| row.peak_change).sum()
    }
}
