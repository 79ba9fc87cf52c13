//! One observation of a real kube-apiserver: the format users write for their own clusters.
//!
//! An observation is a JSON object, alone in a file (`run.json`) or one a line (`*.jsonl`), either
//! gzipped or not. Bytes are integers, times are seconds since the first phase began. Every field may be left
//! out or null unless it is marked *needed*; fields that are not listed are ignored, with a note.
//! Beside a `run.json`, a `series.csv` or `series.csv.gz` with the columns `t_s` and
//! `resident_bytes` is drawn into the chart.
//!
//! # One server
//!
//! | field | what | when it is left out |
//! |---|---|---|
//! | `id` | its name | the folder's of a `run.json`, else the file's |
//! | `kubernetes.version` | *needed*: `"1.32"` or `"v1.32.4"` | |
//! | `kubernetes.feature_gates` | `{"WatchList": true}`, `"WatchList=true,…"` or a list of such | the release's |
//! | `kubernetes.extra_flags` | flags of the apiserver: `["--max-requests-inflight=100"]` | none |
//! | `kubernetes.applied_manifests` | `PriorityLevelConfiguration`s and `FlowSchema`s: objects, or JSON text | none |
//! | `environment.cores` | processors of the machine | 2 |
//! | `environment.apiserver_share` | share of them that the server can have | 0.95: the measured machine, where etcd runs too |
//! | `environment.local_clients` | whether the clients run on the machine, too | true, as in the measured runs |
//! | `environment.cpu_speed` | speed of a core relative to the measured machine's | 1 |
//! | `environment.page_fault_s_per_gb` | CPU time of first touches of memory, per GB | 1.6, as on the measured machine; 0.25 where `cpu_speed` is given |
//! | `environment.memory_bytes` | RAM of the machine | 24 GB |
//! | `environment.memory_limit_bytes` | cgroup limit of the server | none |
//! | `environment.cpu_limit` | CFS quota of the server, in cores | none |
//! | `environment.gogc` | per cent, or `"off"` | 100 |
//! | `environment.gomemlimit` | `"2GiB"`, or bytes | none |
//! | `environment.gomaxprocs` | | what the release's Go takes |
//! | `environment.up_seconds` | how long the server had been up | 23.5 s after it was ready, else 30 |
//! | `objects[].resource` | *needed*: plural name | |
//! | `objects[].count` | *needed* | |
//! | `objects[].mean_json_bytes` | size in a JSON response | from the protobuf size, or the payload |
//! | `objects[].mean_protobuf_bytes` | size in a protobuf response; none for custom resources | from the JSON size |
//! | `objects[].payload_bytes` | size of what was put in; used where no size is given | |
//! | `objects[].namespaces` | over how many they are spread | 1 |
//! | `objects[].shape` | `blob`, `typed`, `custom` or `custom-blob` (any other text describes the objects to people) | from the resource |
//! | `phases[].kind` | *needed*: `list`, `paged-list`, `watch-list`, `watch` or `patch` | |
//! | `phases[].clients` | how many | 1 |
//! | `phases[].path` | `/api/v1/pods`, `/apis/GROUP/VERSION/[namespaces/NAME/]PLURAL` | the first of `objects` |
//! | `phases[].encoding` | `json`, `protobuf` or `table` | `json` |
//! | `phases[].resource_version` | `"0"`, `""` or a version | `""` |
//! | `phases[].limit` | items a page | none |
//! | `phases[].label_selector`, `field_selector` | as in the query | none |
//! | `phases[].selected` | share of the objects they match, 0 to 1 | one object for `metadata.name`, one namespace for `metadata.namespace`, else 2 % |
//! | `phases[].gzip` | whether responses are compressed | no |
//! | `phases[].start_interval_ms` | between one client's start and the next | 0 |
//! | `phases[].drain_bytes_per_s_per_client` | how fast a client reads | as fast as it comes |
//! | `phases[].rounds`, `loops_per_client` | how often the burst is repeated | 1 |
//! | `phases[].background` | whether the next phase begins meanwhile | no |
//! | `phases[].writes`, `writes_per_s` | of a `patch` phase | 0 |
//! | `phases[].start_s`, `end_s` | when it began, and when its clients were done | after the phase before |
//! | `before.heap_alloc_bytes`, `before.resident_bytes` | memory before the first phase | no second column |
//! | `before.start_up_seconds_until_ready` | how long its start took | |
//! | `result.peak_resident_bytes` | *needed*: highest resident memory | |
//! | `result.killed`, `stalled` | whether the kernel killed the server, or it crawled at its limit | no |
//!
//! # Several servers
//!
//! An observation with the field `servers` is of that many servers behind a TCP balancer, each with
//! `environment.cores_per_server` and `memory_limit_bytes`. A fleet of `agents.count` starts within
//! `agents.start_within_s`, lists `agents.path` (`agents.encoding`, `agents.watch_list`) and watches;
//! with `agents.begin_with_watch` they watch from the start, without a list, and `agents.patches_per_s`
//! objects are patched meanwhile.
//! `server_0_killed_at_s` is when the experiment killed the first server. What was seen in `seconds`:
//! `result.peak_resident_bytes` (a list), `result.deaths` (needed) and `result.agents_synced_at_end`; in
//! `events.csv.gz` beside it, lines `t_s,who,what,info` with `died`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// An observation.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// Of one server.
    Run(Box<Run>),
    /// Of several.
    Servers(Box<Servers>),
}

impl Observation {
    /// Its name.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Run(run) => &run.id,
            Self::Servers(servers) => &servers.id,
        }
    }
}

/// What was wrong with an observation, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {}{reason}", if path.is_empty() { String::new() } else { format!("`{path}`: ") })]
pub struct ObservationError {
    /// The file, with the line of a `*.jsonl`.
    pub file: String,
    /// The field: `phases[0].kind`; empty: the whole.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

/// An observation of one server. See the module's documentation for the fields.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "the module's documentation lists the fields")]
pub struct Run {
    #[serde(default)]
    pub id: String,
    pub kubernetes: Kubernetes,
    #[serde(default)]
    pub environment: Environment,
    pub objects: Vec<Objects>,
    pub phases: Vec<Phase>,
    #[serde(default)]
    pub before: Option<Before>,
    pub result: Seen,
}

impl Run {
    /// When each phase began, in seconds: as observed, else after the one before.
    #[must_use]
    pub fn starts(&self) -> Vec<f64> {
        let mut free = 0.0;
        let mut starts = Vec::new();
        for phase in &self.phases {
            let start = phase.start_s.unwrap_or(free);
            let background = phase.background == Some(true);
            let end = if background { start } else { phase.end_s.unwrap_or(start) };
            free = end + phase.settle_s.unwrap_or(0.0);
            starts.push(start);
        }
        starts
    }
}

/// The name of the event that begins a phase.
pub(super) fn phase_name(index: usize) -> String {
    format!("phase {}", index + 1)
}

/// Release, gates, flags and manifests.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "the module's documentation lists the fields")]
pub struct Kubernetes {
    pub version: String,
    #[serde(default)]
    pub feature_gates: Option<Settings>,
    #[serde(default)]
    pub extra_flags: Option<Settings>,
    #[serde(default)]
    pub applied_manifests: Option<Vec<Value>>,
    #[serde(default, rename = "go")]
    _go: Option<String>,
}

/// Named settings in any of the ways people write them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged, expecting = "expected an object, a list of `name=value`, or such a text")]
pub enum Settings {
    /// `{"name": value}`.
    Map(BTreeMap<String, Value>),
    /// `["--name=value"]`.
    List(Vec<String>),
    /// `"name=value,…"` of gates, `"--name=value …"` of flags.
    Text(String),
}

/// The machine and the process settings.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "the module's documentation lists the fields")]
pub struct Environment {
    #[serde(default)]
    pub cores: Option<f64>,
    #[serde(default)]
    pub apiserver_share: Option<f64>,
    #[serde(default)]
    pub local_clients: Option<bool>,
    #[serde(default)]
    pub cpu_speed: Option<f64>,
    #[serde(default)]
    pub page_fault_s_per_gb: Option<f64>,
    #[serde(default)]
    pub memory_bytes: Option<u64>,
    #[serde(default)]
    pub memory_limit_bytes: Option<u64>,
    #[serde(default)]
    pub cpu_limit: Option<f64>,
    #[serde(default)]
    pub gogc: Option<NumberOrText>,
    #[serde(default)]
    pub gomemlimit: Option<NumberOrText>,
    #[serde(default)]
    pub gomaxprocs: Option<u32>,
    #[serde(default)]
    pub up_seconds: Option<f64>,
    #[serde(default)]
    pub cores_per_server: Option<f64>,
    #[serde(default, rename = "restart_delays_s")]
    _restart_delays: Option<Value>,
    #[serde(default, rename = "balancer")]
    _balancer: Option<String>,
}

/// `100`, `"off"`, `"2GiB"`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected a whole number or a text")]
pub enum NumberOrText {
    /// A number.
    Number(u64),
    /// A text.
    Text(String),
}

/// Stored objects of one resource.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "the module's documentation lists the fields")]
pub struct Objects {
    pub resource: String,
    pub count: u64,
    #[serde(default)]
    pub namespaces: Option<u64>,
    #[serde(default)]
    pub payload_bytes: Option<u64>,
    #[serde(default)]
    pub shape: Option<String>,
    #[serde(default)]
    pub mean_json_bytes: Option<f64>,
    #[serde(default)]
    pub mean_protobuf_bytes: Option<f64>,
}

/// What the clients of a phase do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseKind {
    /// One GET of the whole collection each.
    #[default]
    List,
    /// Pages of `limit` until done.
    PagedList,
    /// Until the bookmark that ends the initial events.
    WatchList,
    /// A watch that is held.
    Watch,
    /// Merge patches, one after another.
    Patch,
}

/// Encoding of responses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResponseEncoding {
    /// `application/json`.
    #[default]
    Json,
    /// `application/vnd.kubernetes.protobuf`.
    Protobuf,
    /// `application/json;as=Table`.
    Table,
}

/// What clients did at once.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "the module's documentation lists the fields")]
pub struct Phase {
    pub kind: PhaseKind,
    #[serde(default)]
    pub clients: Option<u32>,
    #[serde(default)]
    pub path: Option<String>,
    #[serde(default)]
    pub encoding: Option<ResponseEncoding>,
    #[serde(default)]
    pub resource_version: Option<String>,
    #[serde(default)]
    pub limit: Option<u64>,
    #[serde(default)]
    pub label_selector: Option<String>,
    #[serde(default)]
    pub field_selector: Option<String>,
    #[serde(default)]
    pub selected: Option<f64>,
    #[serde(default)]
    pub gzip: Option<bool>,
    #[serde(default)]
    pub start_interval_ms: Option<f64>,
    #[serde(default)]
    pub drain_bytes_per_s_per_client: Option<u64>,
    #[serde(default)]
    pub rounds: Option<u64>,
    #[serde(default)]
    pub loops_per_client: Option<u64>,
    #[serde(default)]
    pub background: Option<bool>,
    #[serde(default)]
    pub writes: Option<u64>,
    #[serde(default)]
    pub writes_per_s: Option<f64>,
    #[serde(default)]
    pub start_s: Option<f64>,
    #[serde(default)]
    pub end_s: Option<f64>,
    #[serde(default)]
    pub settle_s: Option<f64>,
    #[serde(default, rename = "hold_s")]
    _hold: Option<f64>,
    #[serde(default, rename = "peak_resident_bytes")]
    _peak: Option<u64>,
}

/// Memory before the first phase; the other statistics of the Go runtime may stand beside these.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "the module's documentation lists the fields")]
pub struct Before {
    #[serde(default)]
    pub heap_alloc_bytes: Option<u64>,
    #[serde(default)]
    pub resident_bytes: Option<u64>,
    #[serde(default)]
    pub start_up_seconds_until_ready: Option<f64>,
    #[serde(flatten)]
    _statistics: BTreeMap<String, Value>,
}

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "the module's documentation lists the fields")]
pub struct Seen {
    pub peak_resident_bytes: u64,
    #[serde(default)]
    pub killed: Option<bool>,
    #[serde(default)]
    pub stalled: Option<bool>,
    #[serde(flatten)]
    _more: BTreeMap<String, Value>,
}

impl Seen {
    /// Whether the server was lost: to users one that stalls is, too.
    #[must_use]
    pub fn lost(&self) -> bool {
        self.killed == Some(true) || self.stalled == Some(true)
    }
}

/// An observation of several servers. See the module's documentation for the fields.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "the module's documentation lists the fields")]
pub struct Servers {
    #[serde(default)]
    pub id: String,
    pub kubernetes: Kubernetes,
    pub servers: u16,
    #[serde(default)]
    pub environment: Environment,
    pub objects: Vec<Objects>,
    pub agents: Agents,
    #[serde(default)]
    pub server_0_killed_at_s: Option<f64>,
    #[serde(default)]
    pub seconds: Option<f64>,
    pub result: SeenServers,
}

/// The fleet.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "the module's documentation lists the fields")]
pub struct Agents {
    pub count: u32,
    #[serde(default)]
    pub start_within_s: Option<f64>,
    #[serde(default)]
    pub path: Option<String>,
    #[serde(default)]
    pub encoding: Option<ResponseEncoding>,
    #[serde(default)]
    pub watch_list: Option<bool>,
    #[serde(default)]
    pub begin_with_watch: Option<bool>,
    #[serde(default)]
    pub patches_per_s: Option<f64>,
    #[serde(default, rename = "behaviour")]
    _behaviour: Option<String>,
}

/// What was seen of several servers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "the module's documentation lists the fields")]
pub struct SeenServers {
    #[serde(default)]
    pub resident_bytes_before: Option<Vec<u64>>,
    #[serde(default)]
    pub peak_resident_bytes: Option<Vec<u64>>,
    pub deaths: u32,
    #[serde(default)]
    pub agents_synced_at_end: Option<u32>,
    #[serde(flatten)]
    _more: BTreeMap<String, Value>,
}

/// Reads an observation; `file` is what errors call the text. Returns the paths of fields that
/// are not known, too.
///
/// # Errors
/// What is wrong, with the path of the field.
pub fn read(file: &str, text: &str) -> Result<(Observation, Vec<String>), ObservationError> {
    let whole =
        |reason: String| ObservationError { file: file.to_owned(), path: String::new(), reason };
    let value: Value =
        serde_json::from_str(text).map_err(|error| whole(format!("this is not JSON: {error}")))?;
    let Some(fields) = value.as_object() else {
        return Err(whole("an observation is a JSON object".to_owned()));
    };
    let several = fields.contains_key("servers");
    let mut unknown = Vec::new();
    let observation = if several {
        fill(file, value, &mut unknown).map(|servers| Observation::Servers(Box::new(servers)))?
    } else {
        fill(file, value, &mut unknown).map(|run| Observation::Run(Box::new(run)))?
    };
    Ok((observation, unknown))
}

fn fill<T: for<'de> Deserialize<'de>>(
    file: &str,
    value: Value,
    unknown: &mut Vec<String>,
) -> Result<T, ObservationError> {
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(value, &mut track);
    let found = serde_ignored::deserialize(tracked, |path| unknown.push(path.to_string()));
    found.map_err(|error: serde_json::Error| {
        let path = track.path().to_string();
        let path = if path == "." { String::new() } else { path };
        ObservationError { file: file.to_owned(), path, reason: error.to_string() }
    })
}
