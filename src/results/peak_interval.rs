//! What a predicted peak is worth: the interval that holds the real one in nine of ten runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::Bytes;

/// A peak with the error of the model and the luck of the seeds around it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PeakInterval {
    /// The median peak; where a server is killed, the peak it would have without a memory limit.
    pub peak_bytes: Bytes,
    /// Lower end: nine of ten real peaks lie between the two ends.
    pub low_bytes: Bytes,
    /// Upper end.
    pub high_bytes: Bytes,
    /// Whether a server was killed, so that the peak is that of a run without a memory limit.
    pub without_limit: bool,
    /// What the peak consists of, and the measured runs are sorted by: `buffered lists` ...
    pub mechanism: String,
    /// How many measured runs the error was learned from.
    pub learned_from: u32,
    /// Why the interval is wider than those runs say, for people.
    pub widened: Vec<String>,
    /// Whether the speed of the machine was not stated, so that the interval has that doubt, too.
    #[serde(default)]
    pub machine_unknown: bool,
    /// The memory a server may use.
    pub limit_bytes: Bytes,
    /// Whether the limit lies in the interval: whether a server is killed is too close to call.
    pub too_close: bool,
}
