//! How fast a machine is: the public interface of `oomcast speed --format json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of the format of [`MachineSpeed`]. A minor step adds fields, a major one changes them.
pub const SPEED_FORMAT_VERSION: &str = "1.0";

/// The speed of a machine, with nine tenths of its repeats.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MachineSpeed {
    /// See [`SPEED_FORMAT_VERSION`].
    pub format_version: String,
    /// Rounds of work that were measured.
    pub repeats: u32,
    /// Speed of a core; 1 is the first measured machine's (median).
    pub cpu_speed: f64,
    /// One round in twenty was slower.
    pub cpu_speed_low: f64,
    /// One round in twenty was faster.
    pub cpu_speed_high: f64,
    /// CPU time of first touches of memory, in seconds per GB (median).
    pub page_fault_seconds_per_gb: f64,
    /// Lower end of the same.
    pub page_fault_seconds_per_gb_low: f64,
    /// Upper end.
    pub page_fault_seconds_per_gb_high: f64,
    /// The lines for a scenario.
    pub toml: String,
    /// What the reader should know.
    pub notes: Vec<String>,
}
