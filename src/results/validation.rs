//! Predictions beside what was measured: the public interface of `oomcast validate --format json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PublishedRow;
use crate::units::Bytes;

/// Version of the format of [`Validation`]. A minor step adds fields, a major one changes them.
pub const VALIDATION_FORMAT_VERSION: &str = "1.2";

/// A measured run of one server, replayed. Relative errors are (predicted - measured) / measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the published JSON")]
pub struct ReplayedRun {
    /// The observation's name.
    pub id: String,
    /// Highest resident memory measured.
    pub measured_peak_bytes: Bytes,
    /// The same, predicted from the inputs alone: median of the replications.
    pub predicted_peak_bytes: Bytes,
    /// Whether the server was lost: killed, or stalled at its limit.
    pub measured_killed: bool,
    /// Whether most replications lose it.
    pub predicted_killed: bool,
    /// From the start of the first phase until the clients were done, or the server was lost.
    pub measured_seconds: Option<f64>,
    /// The same, predicted; `None`: not before the end, or there is nothing to wait for.
    pub predicted_seconds: Option<f64>,
    /// Error of the peak.
    pub error: f64,
    /// Error of the duration; `None` where one is missing, or the server was lost.
    pub seconds_error: Option<f64>,
    /// How far the peak was above the resident memory before the first phase.
    pub measured_rise_bytes: Option<Bytes>,
    /// The same, predicted.
    pub predicted_rise_bytes: Option<Bytes>,
    /// Error of the rise.
    pub rise_error: Option<f64>,
    /// The peak predicted from the heap that was measured before the first phase.
    pub predicted_from_before_bytes: Option<Bytes>,
    /// Error of that.
    pub error_from_before: Option<f64>,
    /// What the peak consists of, as the errors of the model are sorted: `buffered lists` ...
    #[serde(default)]
    pub mechanism: String,
    /// Lower end of the interval of the prediction: nine of ten real peaks lie in it.
    #[serde(default)]
    pub predicted_low_bytes: Bytes,
    /// Upper end.
    #[serde(default)]
    pub predicted_high_bytes: Bytes,
    /// Whether the measured peak lies in it; that of a lost server is a lower bound of what it would
    /// have taken.
    #[serde(default)]
    pub held: bool,
    /// Whether the memory limit lies in it: whether the server is lost is too close to call.
    #[serde(default)]
    pub too_close: bool,
}

/// A measured run of several servers, replayed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReplayedServers {
    /// The observation's name.
    pub id: String,
    /// How many servers.
    pub servers: u32,
    /// Highest resident memory of any server measured.
    pub measured_peak_bytes: Bytes,
    /// The same, predicted (median).
    pub predicted_peak_bytes: Bytes,
    /// Error of the peak.
    pub error: f64,
    /// Deaths of all servers measured.
    pub measured_deaths: u32,
    /// The same, predicted (median).
    pub predicted_deaths: u32,
    /// Servers that died at least once; `None`: not observed.
    pub measured_servers_lost: Option<u32>,
    /// The same, predicted (median).
    pub predicted_servers_lost: u32,
    /// When the first server died; `None`: none did, or it was not observed.
    pub measured_first_death_seconds: Option<f64>,
    /// The same, predicted (median of the replications with a death).
    pub predicted_first_death_seconds: Option<f64>,
    /// Clients of the fleet.
    pub clients: u32,
    /// Clients with a complete view at the end, measured.
    pub measured_synced: Option<u32>,
    /// The same, predicted (median).
    pub predicted_synced: u32,
    /// Lower end of the interval of the peak: nine of ten real peaks lie in it.
    #[serde(default)]
    pub predicted_low_bytes: Bytes,
    /// Upper end.
    #[serde(default)]
    pub predicted_high_bytes: Bytes,
    /// Whether the measured peak lies in it; those of lost servers are lower bounds of what they would
    /// have taken.
    #[serde(default)]
    pub held: bool,
    /// Whether the memory limit lies in it.
    #[serde(default)]
    pub too_close: bool,
}

/// How absolute relative errors spread (order statistics).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorSpread {
    /// How many errors.
    pub count: u32,
    /// Half are at or below.
    pub median: f64,
    /// Nine of ten are at or below.
    pub p90: f64,
    /// The largest.
    pub worst: f64,
    /// The run of the largest.
    pub worst_id: String,
}

/// How many measured peaks lie in the intervals of their predictions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Runs.
    pub runs: u32,
    /// Those whose peak lies in the interval that it is given.
    pub held: u32,
    /// Runs whose server survived, as predicted.
    pub survived: u32,
    /// Those of them whose peak lies in the interval that the other runs give.
    pub held_left_out: u32,
}

/// Whether the right servers were lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LossAgreement {
    /// Runs that lost their server.
    pub lost: u32,
    /// Of these, predicted so.
    pub lost_predicted: u32,
    /// Runs whose server survived.
    pub survived: u32,
    /// Of these, predicted so.
    pub survived_predicted: u32,
    /// Runs predicted wrongly for which the prediction says that it is too close to call.
    #[serde(default)]
    pub too_close: u32,
}

/// Whether predictions are ordered as measurements are, over pairs of runs that differ in one
/// setting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Orderings {
    /// Pairs with clearly different measured peaks.
    pub pairs: u32,
    /// Pairs ordered right.
    pub right: u32,
    /// The others.
    pub wrong: Vec<OrderedPair>,
}

/// Two runs that differ in one setting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderedPair {
    /// The setting.
    pub setting: String,
    /// The run with the lower measured peak.
    pub lower: String,
    /// The one with the higher.
    pub higher: String,
}

/// The published figures of one shipped scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PublishedScenario {
    /// The scenario's name.
    pub scenario: String,
    /// Its figures.
    pub rows: Vec<PublishedRow>,
}

/// Who held the heap of a run at an instant, beside a heap profile of a real server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HolderRow {
    /// The run.
    pub run: String,
    /// When the profile was taken, in seconds since the first phase began.
    pub at_seconds: f64,
    /// Who: the idle server, or what a burst added to it.
    pub what: String,
    /// Bytes in use in the profile.
    pub measured_bytes: Bytes,
    /// The same in the ledger at the end of the last collection before.
    pub predicted_bytes: Bytes,
    /// The same at the end of the collection at which it was most.
    pub predicted_most_bytes: Bytes,
}

/// Every replayed run, and how far off the predictions are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Validation {
    /// See [`VALIDATION_FORMAT_VERSION`].
    pub format_version: String,
    /// The seed.
    pub seed: u64,
    /// Replications of each run.
    pub replications: u32,
    /// One per run of a single server, in the order they were given.
    pub runs: Vec<ReplayedRun>,
    /// Median absolute relative error of the peaks; `None` without runs.
    pub median_error: Option<f64>,
    /// 90th percentile of the same.
    pub p90_error: Option<f64>,
    /// The largest of the same.
    pub worst_error: Option<f64>,
    /// Peaks from the inputs alone.
    pub peaks: Option<ErrorSpread>,
    /// Peaks from the measured heap before the burst.
    pub peaks_from_before: Option<ErrorSpread>,
    /// Rises above the base.
    pub rises: Option<ErrorSpread>,
    /// Durations.
    pub durations: Option<ErrorSpread>,
    /// How many peaks lie in their intervals.
    #[serde(default)]
    pub coverage: Coverage,
    /// Servers lost and kept.
    pub losses: LossAgreement,
    /// Pairs of runs that differ in one setting.
    #[serde(default)]
    pub orderings: Orderings,
    /// One per run of several servers.
    pub several_servers: Vec<ReplayedServers>,
    /// Published figures of the shipped scenarios.
    pub published: Vec<PublishedScenario>,
    /// Holders beside heap profiles.
    #[serde(default)]
    pub holders: Vec<HolderRow>,
    /// What the measured runs that come with oomcast cover.
    pub domain: Vec<DomainRow>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// One row of the domain in which predictions are held to measurements.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DomainRow {
    /// What it is about.
    pub what: String,
    /// What was measured of it.
    pub measured: String,
}
