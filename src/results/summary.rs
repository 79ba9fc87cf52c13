//! The summary over all replications: the public interface `summary.json`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Counters, ExpectationRow, Holder, LeaveOneOut, PeakInterval, QuantileEstimate, ScrapedPeak,
    StoppingRule, Uncertainty,
};
use crate::units::Bytes;

/// Version of the `summary.json` format. A minor step adds fields, a major one changes them.
pub const FORMAT_VERSION: &str = "1.8";

/// The spread of a byte figure over the replications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Spread {
    /// Half of the replications were at or below.
    pub median: Bytes,
    /// 95 of 100 were at or below (the order statistic, not interpolated).
    pub p95: Bytes,
    /// The highest.
    pub max: Bytes,
}

/// Kills of one server over the replications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct OomKillSpread {
    /// Median count a run.
    pub median: u32,
    /// Highest count in a run.
    pub max: u32,
}

/// How busy a server was, and what it lacked: medians over the replications. Shares are of the whole run, 0
/// to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct PressureSummary {
    /// CPU time used, of what its cores or its CPU limit would have allowed.
    pub cpu_utilisation: f64,
    /// Seconds in which threads stood still for the CPU limit, over all processors.
    pub throttled_seconds: f64,
    /// In which somebody waited for a processor.
    pub cpu_some: f64,
    /// In which nobody ran, for the CPU limit was spent.
    pub cpu_full: f64,
    /// In which somebody slept above `memory.high`, or waited for pages that the kernel had taken.
    pub memory_some: f64,
    /// In which all did.
    pub memory_full: f64,
    /// In which all waited for pages to be read again from the disk.
    #[serde(default)]
    pub io_full: f64,
}

/// A server's node: what each of those on it takes at rest, and all of them with the server at most, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct NodeSummary {
    /// RAM.
    pub memory_bytes: Bytes,
    /// The most in use in a run.
    pub peak_bytes: Spread,
    /// etcd, after a server has started beside it; nothing: it runs elsewhere.
    pub etcd_bytes: Bytes,
    /// Controller manager and scheduler.
    pub controllers_bytes: Bytes,
    /// Network plugin, kube-proxy, agents.
    pub daemons_bytes: Bytes,
    /// Kernel, kubelet and others.
    pub system_bytes: Bytes,
}

/// One server over all replications.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct ApiserverSummary {
    /// `apiserver-0` ...
    pub name: String,
    /// The memory it may use: cgroup limit, or the least that the others on its node left it in a run.
    pub limit_bytes: Bytes,
    /// Highest resident memory of a run.
    pub peak_resident_bytes: Spread,
    /// Memory of etcd on its node at rest, and the most of it in a run: LISTs from etcd take more. Nothing where
    /// etcd runs elsewhere.
    #[serde(default)]
    pub etcd_rest_bytes: Bytes,
    /// See `etcd_rest_bytes`.
    #[serde(default)]
    pub etcd_peak_bytes: Bytes,
    /// All that its node has to hold.
    #[serde(default)]
    pub node: NodeSummary,
    /// Replications in which it was killed for memory.
    pub runs_with_oom: u32,
    /// Replications in which the etcd on its node was.
    #[serde(default)]
    pub runs_with_etcd_oom: u32,
    /// Kills a run.
    pub oom_kills: OomKillSpread,
    /// Median time of the first kill, over the runs that had one; seconds.
    pub first_oom_seconds: Option<f64>,
    /// Median time from the first kill until it was ready again; seconds. `None`: never.
    pub back_after_seconds: Option<f64>,
    /// How busy it was, and what it lacked.
    #[serde(default)]
    pub pressure: PressureSummary,
}

/// The spread of a count over the replications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct CountSpread {
    /// Half of the replications were at or below.
    pub median: u64,
    /// The highest.
    pub max: u64,
}

/// In how many replications something went wrong, and how often in one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct HarmCount {
    /// Replications in which it did.
    pub runs: u32,
    /// How often in a replication, over all of them.
    pub count: CountSpread,
}

/// What makes a run without a kill `degraded`, each for itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct HarmSummary {
    /// Requests that were cut off, timed out or rejected: reads and writes.
    pub requests_failed: HarmCount,
    /// Those of them that are writes answered 429.
    pub writes_rejected: HarmCount,
    /// Watches that a server ended.
    pub watches_ended: HarmCount,
    /// Servers whose processors were too few: see [`Outcome`](super::Outcome), *fell behind*.
    pub servers_behind: HarmCount,
    /// Times that a server was lost: see [`Outcome`](super::Outcome).
    #[serde(default)]
    pub servers_lost: HarmCount,
    /// Those of them that the kubelet killed because a probe failed.
    #[serde(default)]
    pub probe_kills: HarmCount,
    /// Ordinary processes that the kernel killed on a server's node, each time.
    #[serde(default)]
    pub node_kills: HarmCount,
    /// Kills of etcd by the kernel: see [`Outcome`](super::Outcome).
    #[serde(default)]
    pub etcd_kills: HarmCount,
    /// Times that a node became `NotReady`.
    #[serde(default)]
    pub nodes_not_ready: HarmCount,
    /// Stale reads: LISTs answered with data older than the client had seen before.
    #[serde(default)]
    pub stale_reads: HarmCount,
}

/// Calls of one kind, or what they came to, over all replications.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct ActivitySummary {
    /// The column of `activity.csv`.
    pub key: String,
    /// What is counted, for people.
    pub name: String,
    /// How many in a run.
    pub total: CountSpread,
    /// How many in the busiest second of a run.
    pub busiest_second: CountSpread,
}

/// A priority level of API Priority and Fairness over all replications.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct LevelSummary {
    /// The level's name.
    pub name: String,
    /// Whether its requests are never limited.
    pub exempt: bool,
    /// Its nominal concurrency limit on each server, in seats.
    pub nominal_seats: u64,
    /// Most seats in use at once on a server of a run.
    pub peak_seats: CountSpread,
    /// Most requests waiting at once on a server of a run.
    pub peak_waiting: CountSpread,
    /// Requests that all servers of a run answered 429.
    pub rejected: CountSpread,
    /// Requests that all servers of a run dispatched.
    pub dispatched: CountSpread,
}

/// The part of a peak that the clients of one flow schema held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct FlowSchemaShare {
    /// The flow schema's name.
    pub name: String,
    /// Its priority level.
    pub priority_level: String,
    /// What the fleets under it held.
    pub bytes: Bytes,
}

/// One named event until the next, over all replications.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct PhaseSummary {
    /// The event's name.
    pub name: String,
    /// When it begins.
    pub start_seconds: f64,
    /// Highest resident memory of any server.
    pub peak_resident_bytes: Spread,
    /// Replications with a kill in the phase.
    pub runs_with_oom: u32,
    /// Median time from the start of the phase until every list asked for in it was answered;
    /// seconds. `None`: in half of the replications some never were, or there were none.
    pub settled_after_seconds: Option<f64>,
    /// Bytes written to clients, median.
    pub bytes_sent: Bytes,
}

/// How many replications ended so, with a 95 % interval of the probability: Wilson's, or the exact
/// one-sided bound when none or all did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct OutcomeCount {
    /// Replications.
    pub count: u32,
    /// Lower end of the interval, 0 to 1.
    pub low: f64,
    /// Upper end of the interval, 0 to 1.
    pub high: f64,
}

/// A published figure beside the prediction.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct PublishedRow {
    /// The phase it belongs to; empty: the whole run.
    pub phase: String,
    /// What is compared, for people: `peak`, `OOM kill`, `duration`, `bytes sent`.
    pub metric: String,
    /// What was published, for people: `9.24 GiB`, `at most 3.00 GiB`, `yes`.
    pub published: String,
    /// What the model says (median), for people.
    pub predicted: String,
    /// (predicted - published) / published; `None` for yes-or-no figures.
    pub error: Option<f64>,
    /// Whether the prediction is inside the stated tolerance or bound.
    pub within: bool,
    /// Where the figure comes from.
    pub source: String,
    /// Why a discrepancy is expected, when one is.
    pub note: String,
}

/// `summary.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Summary {
    /// See [`FORMAT_VERSION`].
    pub format_version: String,
    /// The scenario's name.
    pub scenario: String,
    /// 12 hexadecimal digits of a hash of the effective scenario.
    pub scenario_hash: String,
    /// The seed.
    pub seed: u64,
    /// How many replications.
    pub replications: u32,
    /// Replications that were stopped before their end for the work they took: what would have come
    /// later is unknown. If the first is among them, no other was run.
    pub incomplete: u32,
    /// The Kubernetes release modelled, `1.32`.
    pub release: String,
    /// One sentence: the answer.
    pub verdict: String,
    /// Replications by outcome; every outcome is present.
    pub outcomes: BTreeMap<String, u32>,
    /// The same with intervals.
    pub outcome_intervals: BTreeMap<String, OutcomeCount>,
    /// Replications in which a server was killed for memory.
    pub oom: OutcomeCount,
    /// Replications in which two servers or more were killed for memory.
    #[serde(default)]
    pub cascade: OutcomeCount,
    /// Median time of the first kill of any server, over the runs that had one; seconds.
    pub first_oom_seconds: Option<f64>,
    /// Highest resident memory of any server in a run.
    pub peak_resident_bytes: Spread,
    /// Its median, 95th and 99th percentile with 95 % intervals.
    #[serde(default)]
    pub peak_quantiles: Vec<QuantileEstimate>,
    /// The same with the error of the model: where the real peak lies in nine of ten runs.
    #[serde(default)]
    pub peak_interval: Option<PeakInterval>,
    /// How the number of replications was decided, where it was by an interval.
    #[serde(default)]
    pub stopping_rule: Option<StoppingRule>,
    /// What uncertain inputs contribute, where there are any.
    #[serde(default)]
    pub uncertainty: Option<Uncertainty>,
    /// How the expectations came out.
    #[serde(default)]
    pub expectations: Vec<ExpectationRow>,
    /// One per server.
    pub apiservers: Vec<ApiserverSummary>,
    /// One a named event.
    pub phases: Vec<PhaseSummary>,
    /// Who held the memory at the worst peak of the worst replication, largest first.
    pub holders_at_peak: Vec<Holder>,
    /// The same storm without each client, where a server was killed.
    #[serde(default)]
    pub leave_one_out: Option<LeaveOneOut>,
    /// The priority levels that requests went through, by name; none without API Priority and
    /// Fairness.
    #[serde(default)]
    pub priority_levels: Vec<LevelSummary>,
    /// The level that rejected most requests over all replications, or else had most waiting at
    /// once; `None` when nothing waited or was rejected.
    #[serde(default)]
    pub bottleneck_level: Option<String>,
    /// The flow schema whose fleets held most at the worst peak of the worst replication.
    #[serde(default)]
    pub largest_flow_schema: Option<FlowSchemaShare>,
    /// What clients did, and what they met: connections, LISTs, 410s, 429s ...
    #[serde(default)]
    pub activity: Vec<ActivitySummary>,
    /// What went wrong short of a kill.
    #[serde(default)]
    pub harm: HarmSummary,
    /// CPU-seconds of all servers, median over the replications.
    pub cpu_seconds: f64,
    /// Totals of the worst replication.
    pub counters: Counters,
    /// The replication with the highest peak: the one in the charts.
    pub worst_replication: u32,
    /// The server of that peak.
    pub worst_server: String,
    /// That peak: the sum of `holders_at_peak`.
    pub worst_peak_bytes: Bytes,
    /// When it was; seconds.
    pub worst_peak_seconds: f64,
    /// The highest memory that scrapes of that server would have seen in that replication.
    #[serde(default)]
    pub scraped_peaks: Vec<ScrapedPeak>,
    /// Simulated seconds of the longest replication.
    pub simulated_seconds: f64,
    /// Published figures beside the predictions.
    pub published: Vec<PublishedRow>,
    /// What the reader should know before trusting the figures.
    pub warnings: Vec<String>,
}

impl Summary {
    /// The server whose node was fullest; `None`: there is no server.
    #[must_use]
    pub fn on_fullest_node(&self) -> Option<&ApiserverSummary> {
        self.apiservers.iter().max_by_key(|server| server.node.peak_bytes.max)
    }
}
