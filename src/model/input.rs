//! The model's plain inputs: one control plane, its objects, its clients and what befalls it.
//!
//! `scenario` builds these from TOML and validates them; the model trusts that every index is in
//! range and every value is inside the bounds stated here.

mod audit;
mod events;
mod failures;
mod residents;
mod webhooks;
mod workloads;

pub(crate) use residents::ETCD_READ_WHOLE;

pub use super::ids::{FleetId, Id, ResourceId, ServerId};
pub use webhooks::{FailurePolicy, WebhookInput};
pub use workloads::{BeginInput, FlowInput, JoinInput, WorkloadsInput};

use std::borrow::Cow;
use std::ops::Index;

use super::ids::{self, Ids};
pub use crate::engine::bucket::RateLimit;
use crate::model::apf::config::{FlowSchema, PriorityLevelConfiguration};
use crate::model::release::Release;
use crate::units::{ByteRate, Bytes, SimSpan};

pub use audit::{AuditBackend, AuditInput, AuditLevel, AuditMode, AuditRule, Recorded};
pub use events::{Action, EventInput};
pub use failures::{
    ConnectionsInput, HealthCheck, Manner, MaxUnavailable, OnFailure, ShutdownInput,
};

/// A whole scenario, ready to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Inputs {
    /// The Kubernetes release with its feature gates applied.
    pub release: Release,
    /// Simulated time of a run; the run ends here.
    pub duration: SimSpan,
    /// Work after which a run is stopped and marked incomplete, in events of the engine; what looks
    /// at every client counts as many.
    pub max_events: u64,
    /// The servers and their process settings.
    pub apiserver: ApiserverInput,
    /// The node under each server.
    pub node: NodeInput,
    /// Speeds of the hardware.
    pub hardware: Hardware,
    /// What observations of one's own servers say about the model's constants.
    pub calibration: Calibration,
    /// etcd as the servers see it.
    pub etcd: EtcdInput,
    /// What is written to the audit log, and how.
    pub audit: AuditInput,
    /// Admission webhooks.
    pub webhooks: Vec<WebhookInput>,
    /// API Priority and Fairness.
    pub apf: ApfInput,
    /// The load balancer before the servers.
    pub balancer: BalancerInput,
    /// The resources stored.
    pub resources: Vec<ResourceInput>,
    /// The client fleets.
    pub fleets: Vec<FleetInput>,
    /// What happens when, ordered by time.
    pub events: Vec<EventInput>,
    /// What workloads do to the load.
    pub workloads: WorkloadsInput,
}

impl Inputs {
    /// The numbers of the servers.
    pub fn server_ids(&self) -> Ids<ServerId> {
        ids::all(usize::from(self.apiserver.replicas))
    }

    /// The numbers of the resources.
    pub fn resource_ids(&self) -> Ids<ResourceId> {
        ids::all(self.resources.len())
    }

    /// The numbers of the fleets.
    pub fn fleet_ids(&self) -> Ids<FleetId> {
        ids::all(self.fleets.len())
    }

    /// Members of all fleets.
    #[must_use]
    pub fn members(&self) -> u64 {
        self.fleets.iter().map(|fleet| u64::from(fleet.count)).sum()
    }
}

impl Index<ResourceId> for Vec<ResourceInput> {
    type Output = ResourceInput;

    #[inline]
    fn index(&self, resource: ResourceId) -> &ResourceInput {
        &self[resource.index()]
    }
}

impl Index<FleetId> for Vec<FleetInput> {
    type Output = FleetInput;

    #[inline]
    fn index(&self, fleet: FleetId) -> &FleetInput {
        &self[fleet.index()]
    }
}

/// The kube-apiservers: all alike.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiserverInput {
    /// How many, 1 to 32.
    pub replicas: u16,
    /// cgroup `memory.max` of the container.
    pub memory_limit: Option<Bytes>,
    /// cgroup `memory.high` of the container.
    pub memory_high: Option<Bytes>,
    /// cgroup `memory.min` of the container: `requests.memory` under the kubelet's `MemoryQoS`.
    pub memory_min: Option<Bytes>,
    /// cgroup `memory.low` of the container.
    pub memory_low: Option<Bytes>,
    /// `memoryThrottlingFactor` of the kubelet, which makes `memory.high`.
    pub memory_throttling_factor: Option<f64>,
    /// CFS quota in cores.
    pub cpu_limit: Option<f64>,
    /// GOGC in per cent; `None` is `off`.
    pub gogc: Option<u32>,
    /// GOMEMLIMIT.
    pub gomemlimit: Option<Bytes>,
    /// GOMAXPROCS; `None`: what the release's Go derives from cores and quota.
    pub gomaxprocs: Option<u32>,
    /// `--max-requests-inflight`.
    pub max_requests_inflight: u32,
    /// `--max-mutating-requests-inflight`.
    pub max_mutating_requests_inflight: u32,
    /// `--request-timeout`.
    pub request_timeout: SimSpan,
    /// Live heap of everything the scenario does not list (other resources, CRD schemas, `OpenAPI`),
    /// beyond an empty server's own.
    pub other_live_heap: Bytes,
    /// What traffic that the scenario does not list allocates, per second.
    pub other_garbage: ByteRate,
    /// Resident memory of each idle server at the start, where it was observed: garbage and pages
    /// the runtime kept from earlier peaks. Never lowers the figure the model derives.
    pub idle_resident: Option<Bytes>,
    /// Whether the servers are up with warm caches at the start (else they start cold at 0).
    pub warm: bool,
    /// How long warm servers have been up at the start: the collector's pacer remembers the
    /// hurry of start-up for its first cycles.
    pub up_for: SimSpan,
    /// `--goaway-chance`: how likely a request's connection is sent GOAWAY, 0 to 0.02.
    pub goaway_chance: f64,
    /// How a server ends that is asked to.
    pub shutdown: ShutdownInput,
    /// How long a server stands still at its memory limit before the kernel kills it; zero: it is killed at once.
    pub stall_at_limit: SimSpan,
    /// Whether the kubelet probes the servers as kubeadm has it, and kills those that fail.
    pub probes: bool,
    /// Whether `/livez` includes etcd.
    pub livez_etcd: bool,
    /// `--etcd-healthcheck-timeout`: how long etcd may take for a small read to count as healthy.
    pub etcd_healthcheck_timeout: SimSpan,
    /// How often monitoring scrapes `/metrics` of each server.
    pub scrape_interval: SimSpan,
}

/// API Priority and Fairness: the release's default objects and these.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApfInput {
    /// `--enable-priority-and-fairness`; without it, max-in-flight admits requests.
    pub enabled: bool,
    /// Priority levels beyond the defaults, or in place of the default of the same name.
    pub levels: Vec<PriorityLevelConfiguration>,
    /// Flow schemas, in the same way.
    pub flow_schemas: Vec<FlowSchema>,
}

/// The machine under each server.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeInput {
    /// RAM.
    pub memory: Bytes,
    /// Processors.
    pub cores: f64,
    /// Whether the clients run on the servers' node and take processor time from them, as in the
    /// measured runs ([`LOCAL_CLIENT`](super::costs::LOCAL_CLIENT)).
    pub local_clients: bool,
    /// RAM that etcd uses on the node (`oom_score_adj` -997), where it is stated; else
    /// [`Inputs::etcd_memory`].
    pub etcd_memory: Option<Bytes>,
    /// RAM of controller manager, scheduler and kube-proxy (`oom_score_adj` -997, too), where it is stated; else
    /// [`residents::controllers`](super::residents::controllers).
    pub controllers_memory: Option<Bytes>,
    /// RAM of the kernel, the kubelet and others that the OOM killer does not take.
    pub system_memory: Bytes,
    /// RAM of ordinary processes that the OOM killer takes before the apiserver.
    pub daemons_memory: Bytes,
    /// `oom_score_adj` of the apiserver: -997 for a static pod of kubeadm.
    pub oom_score_adj: i32,
}

/// Speeds. Defaults are those of the measured machine; `cpu_speed` scales CPU work, but marking only as
/// [`mark_speed`](Hardware::mark_speed) says, and page faults not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Hardware {
    /// 1.0: the measured machine; 2.0 encodes and decodes twice as fast.
    pub cpu_speed: f64,
    /// CPU time the kernel takes to hand out pages, per GB of resident memory growth, on this machine.
    pub page_fault_per_gb: SimSpan,
    /// Egress of each server's network card.
    pub network: ByteRate,
    /// Spread of CPU speed between replications: standard deviation of its logarithm.
    pub cpu_noise: f64,
}

impl Hardware {
    /// Speed of marking relative to the measured machine: see
    /// [`MARK_SPEED_EXPONENT`](crate::model::costs::MARK_SPEED_EXPONENT).
    #[must_use]
    pub fn mark_speed(&self) -> f64 {
        self.cpu_speed.powf(crate::model::costs::MARK_SPEED_EXPONENT)
    }
}

/// Factors on what the software holds, relative to the model's constants: `oomcast calibrate` fits them
/// to observations. 1 everywhere unless something better is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// Live heap of an empty server ([`EMPTY_LIVE_HEAP`](crate::model::costs::EMPTY_LIVE_HEAP)).
    pub base_heap: f64,
    /// Decoded objects of the shape [`Shape::Blob`].
    pub blob_heap: f64,
    /// Decoded objects of the shape [`Shape::Typed`].
    pub typed_heap: f64,
    /// Decoded objects of the shapes [`Shape::Custom`] and [`Shape::CustomBlob`].
    pub custom_heap: f64,
    /// Encode buffers of responses that are buffered whole.
    pub response_buffer: f64,
    /// Garbage that encoding a streamed response leaves.
    pub stream_garbage: f64,
}

impl Default for Calibration {
    fn default() -> Self {
        Self {
            base_heap: 1.0,
            blob_heap: 1.0,
            typed_heap: 1.0,
            custom_heap: 1.0,
            response_buffer: 1.0,
            stream_garbage: 1.0,
        }
    }
}

impl Calibration {
    /// The factor on decoded objects of a shape.
    #[must_use]
    pub const fn heap(&self, shape: Shape) -> f64 {
        match shape {
            Shape::Blob => self.blob_heap,
            Shape::Typed => self.typed_heap,
            Shape::Custom | Shape::CustomBlob => self.custom_heap,
        }
    }
}

/// etcd, shared by the servers.
#[derive(Clone, Debug, PartialEq)]
pub struct EtcdInput {
    /// Bytes per second it can serve to one reader.
    pub read_rate: ByteRate,
    /// Latency of a small read.
    pub latency: SimSpan,
    /// Whether it serves `RangeStream` (etcd 3.7; the servers must ask for it, too).
    pub range_stream: bool,
    /// `--watch-progress-notify-interval`: how often it tells a quiet watcher how far it is.
    pub progress_notify_interval: SimSpan,
    /// `--quota-backend-bytes`; `None`: it is never reached.
    pub quota: Option<Bytes>,
}

/// How the balancer picks a server for a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BalancerPolicy {
    /// The server with the fewest connections; ties by index.
    LeastConnections,
    /// One after the other.
    RoundRobin,
    /// Uniformly at random (a hash of the connection).
    Random,
}

/// The L4 balancer.
#[derive(Clone, Debug, PartialEq)]
pub struct BalancerInput {
    /// See [`BalancerPolicy`].
    pub policy: BalancerPolicy,
    /// Time between health checks.
    pub check_interval: SimSpan,
    /// Failed checks in a row until a server is out.
    pub fall: u32,
    /// Passed checks in a row until it is in again.
    pub rise: u32,
    /// See [`OnFailure`].
    pub on_failure: OnFailure,
    /// See [`HealthCheck`].
    pub check: HealthCheck,
}

/// What the objects of a resource are made of; decides the multipliers of `model::objects`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// One large value dominates (Secret, `ConfigMap`).
    Blob,
    /// A built-in type of many small fields (Pod, Node).
    Typed,
    /// A custom resource of many small fields.
    Custom,
    /// A custom resource dominated by one string.
    CustomBlob,
}

/// One stored resource.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceInput {
    /// Plural name: `secrets`, `ciliumendpoints`.
    pub name: String,
    /// API group: `""` for core, `apps`, `cilium.io`.
    pub api_group: String,
    /// Objects stored, at most 10^9.
    pub count: u64,
    /// Mean stored size: protobuf for built-in types, JSON for custom resources.
    pub size: Bytes,
    /// See [`Shape`].
    pub shape: Shape,
    /// Mean JSON size, where known; else derived from the shape.
    pub json_size: Option<Bytes>,
    /// Mean decoded heap size, where known; else derived from the shape.
    pub heap_size: Option<Bytes>,
    /// How long a conversion webhook takes for an object; `None`: versions are converted without one.
    pub conversion_latency: Option<SimSpan>,
    /// CRD versions served or stored, each with a cache of its own; of definitions those that each serves; 1 for other
    /// built-in types.
    pub versions: u32,
    /// Writes per second to objects of the resource, steady (each a MODIFIED event).
    pub writes_per_second: f64,
    /// GETs of single objects per second, steady.
    pub gets_per_second: f64,
    /// Who writes, for API Priority and Fairness.
    pub writer: WriterInput,
    /// Whether the watch cache is enabled for it (events: no).
    pub watch_cache: bool,
}

impl ResourceInput {
    /// Watch caches of the resource: one for each version of a custom resource. (The versions of definitions are
    /// those that they serve.)
    #[must_use]
    pub fn caches(&self) -> u32 {
        match self.shape {
            Shape::Blob | Shape::Typed => 1,
            Shape::Custom | Shape::CustomBlob => self.versions.max(1),
        }
    }
}

/// As whom the writes to a resource are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriterInput {
    /// The user.
    pub user: String,
    /// Its groups; `system:authenticated` is among them.
    pub groups: Vec<String>,
}

/// Somebody who is authenticated.
impl Default for WriterInput {
    fn default() -> Self {
        Self { user: "writer".into(), groups: vec!["system:authenticated".into()] }
    }
}

/// Encoding of responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `application/json`.
    Json,
    /// `application/vnd.kubernetes.protobuf`; custom resources fall back to JSON.
    Protobuf,
    /// `application/json;as=Table`, as kubectl get asks.
    Table,
}

/// The `resourceVersion` of a LIST or WATCH.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResourceVersion {
    /// `""`: most recent.
    Unset,
    /// `"0"`: any cached.
    Any,
    /// A specific one, not older than (`resourceVersionMatch` unset or `NotOlderThan`).
    NotOlderThan,
    /// A specific one, exactly.
    Exact,
}

/// How objects are asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadInput {
    /// Which.
    pub resource: ResourceId,
    /// See [`Encoding`].
    pub encoding: Encoding,
    /// Whether the client accepts gzip.
    pub gzip: bool,
    /// See [`ResourceVersion`] (of the first LIST, for a reflector).
    pub resource_version: ResourceVersion,
    /// `limit`; the pager of a reflector sends 500 with `""` and `"0"`.
    pub limit: Option<u64>,
    /// Share of the objects that the selectors match, 0 to 1.
    pub selected: f64,
    /// Whether a selector was sent at all (affects routing while a cache is cold).
    pub selector: bool,
    /// Whether the path names a namespace: etcd is asked for its objects only.
    pub namespaced: bool,
}

/// What a member of a fleet does.
#[derive(Clone, Debug, PartialEq)]
pub enum Behaviour {
    /// A client-go reflector: list (or watch-list), then watch; relists on failures.
    Reflector {
        /// What it reads.
        read: ReadInput,
        /// Whether its client-go has the `WatchListClient` gate on.
        watch_list: bool,
        /// Whether it opens a WATCH after the LIST (else it stops once synced).
        watch: bool,
        /// Whether it asks for bookmarks (client-go from 1.16 on).
        bookmarks: bool,
    },
    /// Lists again and again, with no memory of failures.
    Lister {
        /// What it reads.
        read: ReadInput,
        /// How many lists in all, each after the former ended; `None`: without end.
        rounds: Option<u64>,
        /// Pause between the end of one and the start of the next.
        pause: SimSpan,
        /// Whether `limit` makes it read all pages (else it stops after one page).
        all_pages: bool,
    },
    /// Holds watches and nothing else (opened at the latest resource version).
    Watcher {
        /// Which.
        resource: ResourceId,
    },
}

/// What follows a failed call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retries {
    /// The REST layer of client-go makes it again first, then the client has its own way.
    #[default]
    ClientGo,
    /// A plain HTTP client: no REST layer, no pager. It backs off as a reflector does, but its delays start
    /// over once a list has come or a watch is open (measured: the agents of several servers). A lister
    /// goes on.
    BackOff,
    /// Nothing: a lister goes on to its next round, others stop.
    Never,
}

/// A fleet of alike clients.
#[derive(Clone, Debug, PartialEq)]
pub struct FleetInput {
    /// Its name.
    pub name: String,
    /// Members, at most 10^6.
    pub count: u32,
    /// See [`Behaviour`].
    pub behaviour: Behaviour,
    /// Whether members are connected and synced at the start; else they wait for a start event.
    pub running: bool,
    /// Members start (and restart) spread uniformly over this span.
    pub start_jitter: SimSpan,
    /// How fast a member reads from the network; `None`: as fast as the network.
    pub drain_rate: Option<ByteRate>,
    /// How fast a member decodes; `None`: at once.
    pub decode_rate: Option<ByteRate>,
    /// Idle watches each member holds as well, reconnected with its connection.
    pub idle_watches: u32,
    /// What a member does about a call that was refused (429, no connection) or lost.
    pub retries: Retries,
    /// How many LISTs its process may send (`QPS` and `Burst` of client-go's `rest.Config`); `None`: any.
    pub rate_limit: Option<RateLimit>,
    /// The Kubernetes minor whose client-go it was built with; `None`: that of the servers.
    pub client_minor: Option<u8>,
    /// The user as whom members are authenticated, for API Priority and Fairness; [`MEMBER`] in it
    /// stands for the member's number, so that each has a user of its own.
    pub user: String,
    /// Its groups; `system:authenticated` is among them.
    pub groups: Vec<String>,
    /// The flow schema it falls under, whatever its user; `None`: by the rules.
    pub flow_schema: Option<String>,
    /// See [`ConnectionsInput`].
    pub connections: ConnectionsInput,
    /// Whether members are kubelets that renew the lease of their node.
    pub heartbeats: bool,
    /// Whose process its members are part of, if that of another fleet: a client that reads several
    /// things is a fleet for each.
    pub part: Option<PartInput>,
}

/// A further read of a client: its members start, stop and are cut off with those of its first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartInput {
    /// The first fleet of the client, which has as many members.
    pub of: FleetId,
    /// What the read is called in the client; no other of it is called so.
    pub name: String,
}

/// What stands for a member's number, from 0, in [`FleetInput::user`].
pub const MEMBER: &str = "{member}";

impl FleetInput {
    /// The user of a member.
    #[must_use]
    pub fn user_of(&self, place: u32) -> Cow<'_, str> {
        if self.users_differ() {
            Cow::Owned(self.user.replace(MEMBER, &place.to_string()))
        } else {
            Cow::Borrowed(&self.user)
        }
    }

    /// The resource that its members read or watch.
    #[must_use]
    pub fn resource(&self) -> ResourceId {
        match &self.behaviour {
            Behaviour::Reflector { read, .. } | Behaviour::Lister { read, .. } => read.resource,
            Behaviour::Watcher { resource } => *resource,
        }
    }

    /// Watches that a member holds: its own and its idle ones.
    #[must_use]
    pub fn watches(&self) -> u64 {
        1 + u64::from(self.idle_watches)
    }

    /// Whether each member has a user of its own.
    #[must_use]
    pub fn users_differ(&self) -> bool {
        self.user.contains(MEMBER)
    }
}
