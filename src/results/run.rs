//! The record of one replication.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Activity, ApfDump, Counters, FleetFlow, LevelRecord, LevelTimeline, PressureRecord,
    ServerSample, Unserved,
};
use crate::units::{Bytes, SimSpan, SimTime};

/// What holds a byte of an apiserver's resident memory. The order is that of the stacked chart,
/// from the base upwards.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Mechanism {
    /// Binary pages, runtime tables, stacks of the idle server, type metadata, `OpenAPI`.
    ProcessBase,
    /// Decoded objects in the watch cache and their index entries.
    WatchCacheObjects,
    /// Superseded object versions and event structs in the watch cache's ring.
    WatchCacheEventRing,
    /// Copies the apiserver's own loopback informers keep (Secrets, Pods, Services ...).
    LoopbackInformers,
    /// What custom resource definitions make a server hold: handlers, storages, schemas, `OpenAPI`.
    CrdHandlers,
    /// Raw gRPC messages and values read from etcd, not yet decoded.
    EtcdRawResponse,
    /// Objects decoded for one request, or deep-copied for it.
    DecodedObjects,
    /// The list's slices and the conversion to the served version.
    ListSliceAndConversion,
    /// Encoded response bytes, also while a buffer is being doubled.
    ResponseBuffer,
    /// State of gzip writers.
    Gzip,
    /// Idle cost of open watches: stacks, channels, encoders.
    WatchStream,
    /// The initial-events interval and deep copies of a `WatchList`.
    InitialEvents,
    /// Kernel socket buffers charged to the cgroup.
    SocketBuffers,
    /// Requests that wait in a queue, or for an admission webhook.
    QueuedRequests,
    /// Audit events and bodies that no backend has yet.
    AuditEvents,
    /// Buffers kept by `sync.Pool` after use.
    Pools,
    /// Dead, not yet collected by the garbage collector.
    Garbage,
    /// Freed pages the runtime has not returned to the kernel.
    FreedPages,
}

impl Mechanism {
    /// Every mechanism, in chart order.
    pub const ALL: [Self; 18] = [
        Self::ProcessBase,
        Self::WatchCacheObjects,
        Self::WatchCacheEventRing,
        Self::LoopbackInformers,
        Self::CrdHandlers,
        Self::EtcdRawResponse,
        Self::DecodedObjects,
        Self::ListSliceAndConversion,
        Self::ResponseBuffer,
        Self::Gzip,
        Self::WatchStream,
        Self::InitialEvents,
        Self::SocketBuffers,
        Self::QueuedRequests,
        Self::AuditEvents,
        Self::Pools,
        Self::Garbage,
        Self::FreedPages,
    ];

    /// The name for people, in lower case.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::ProcessBase => "process base",
            Self::WatchCacheObjects => "watch-cache objects",
            Self::WatchCacheEventRing => "watch-cache event ring",
            Self::LoopbackInformers => "loopback informers",
            Self::CrdHandlers => "CRD handlers and schemas",
            Self::EtcdRawResponse => "etcd raw response",
            Self::DecodedObjects => "decoded objects",
            Self::ListSliceAndConversion => "list slice and conversion",
            Self::ResponseBuffer => "response buffer",
            Self::Gzip => "gzip",
            Self::WatchStream => "watch streams",
            Self::InitialEvents => "initial events",
            Self::SocketBuffers => "socket buffers",
            Self::QueuedRequests => "queued requests",
            Self::AuditEvents => "audit events",
            Self::Pools => "buffer pools",
            Self::Garbage => "garbage not yet collected",
            Self::FreedPages => "freed pages not yet returned",
        }
    }

    /// The name in files: the same as its serialised form.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::ProcessBase => "process-base",
            Self::WatchCacheObjects => "watch-cache-objects",
            Self::WatchCacheEventRing => "watch-cache-event-ring",
            Self::LoopbackInformers => "loopback-informers",
            Self::CrdHandlers => "crd-handlers",
            Self::EtcdRawResponse => "etcd-raw-response",
            Self::DecodedObjects => "decoded-objects",
            Self::ListSliceAndConversion => "list-slice-and-conversion",
            Self::ResponseBuffer => "response-buffer",
            Self::Gzip => "gzip",
            Self::WatchStream => "watch-stream",
            Self::InitialEvents => "initial-events",
            Self::SocketBuffers => "socket-buffers",
            Self::QueuedRequests => "queued-requests",
            Self::AuditEvents => "audit-events",
            Self::Pools => "pools",
            Self::Garbage => "garbage",
            Self::FreedPages => "freed-pages",
        }
    }
}

/// One entry of the ledger: bytes held by a mechanism for a client group and a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Holder {
    /// What holds the bytes.
    pub mechanism: Mechanism,
    /// The fleet on whose behalf; empty for the server itself.
    pub client: String,
    /// The resource; empty where none applies.
    pub resource: String,
    /// How many.
    pub bytes: Bytes,
}

/// How a whole run ended, from best to worst (docs/facts/clients.md section 5.3). What each class
/// says is in [`Outcome::meaning`], in these terms:
///
/// - *killed*: by the kernel, for memory;
/// - *failed*: requests that were cut off, timed out or rejected, reads and writes;
/// - *ended*: watches that a server closed because their reader, or the server itself, was too slow;
/// - *lost*: a server that was killed otherwise (by the scenario, or the kubelet when a probe failed), that went
///   with its node, was cut off from the network, or was replaced while no other served;
/// - *stale*: a LIST answered with data older than the client had seen before, as a restarted client meets it at
///   a server whose watch cache lags;
/// - *fell behind*: writes and watch events waited for a server's processors for more than a second, or
///   requests wanted more processors than there were for more than 30 s on end;
/// - *overcommitted*: a server's node has less memory than all on it want; the kernel kills others first;
/// - *recovered*: at the end every server serves, can be reached and has filled the caches that it was asked for
///   ([`Unserved`]), etcd has its quorum, and every client has its list; one that gave up without it lacks it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// See [`Outcome::meaning`].
    Absorbed,
    /// See [`Outcome::meaning`].
    Degraded,
    /// See [`Outcome::meaning`].
    SingleOom,
    /// See [`Outcome::meaning`].
    Cascade,
    /// See [`Outcome::meaning`]: twice while no other server was, else three times or more.
    CrashLoop,
    /// See [`Outcome::meaning`].
    NonRecovering,
}

impl Outcome {
    /// Every outcome, from best to worst.
    pub const ALL: [Self; 6] = [
        Self::Absorbed,
        Self::Degraded,
        Self::SingleOom,
        Self::Cascade,
        Self::CrashLoop,
        Self::NonRecovering,
    ];

    /// What it means, in one sentence for people; every text that explains a class uses these words.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Absorbed => {
                "No server was killed or lost, no request failed, no watch was ended, no node was NotReady, no read \
                 was stale, no work fell behind, no node was overcommitted."
            }
            Self::Degraded => {
                "No server was killed for memory and all recovered, but a server was lost, requests failed, watches \
                 were ended, nodes were NotReady or overcommitted, reads were stale or work fell behind."
            }
            Self::SingleOom => "One server or etcd was killed, once, and all recovered.",
            Self::Cascade => "On two nodes or more a server or etcd was killed, and all recovered.",
            Self::CrashLoop => {
                "One server or its etcd was killed again and again, and all recovered."
            }
            Self::NonRecovering => {
                "At the end a server was down, cut off, without its etcd or had a cold cache, etcd had no quorum, or a client lacked its list."
            }
        }
    }

    /// The name in files and tables.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Absorbed => "absorbed",
            Self::Degraded => "degraded",
            Self::SingleOom => "single-oom",
            Self::Cascade => "cascade",
            Self::CrashLoop => "crash-loop",
            Self::NonRecovering => "non-recovering",
        }
    }
}

/// A kill by the kernel's OOM killer; also the end of a server that stood still at its memory limit, whoever
/// ended it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OomKill {
    /// When.
    pub at: SimTime,
    /// Resident memory at that instant.
    pub resident: Bytes,
    /// How long it had stood still at its memory limit before.
    #[serde(default)]
    pub stalled: SimSpan,
    /// When the server next passed its readiness probe; `None`: not before the end.
    pub back_at: Option<SimTime>,
}

/// A server's node: what each of those on it takes at rest, with the most objects that there were, and all of them
/// together at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRecord {
    /// RAM.
    pub memory: Bytes,
    /// The most that was in use.
    pub peak: Bytes,
    /// etcd, after a server has started beside it; nothing: it runs elsewhere.
    pub etcd: Bytes,
    /// Controller manager and scheduler.
    pub controllers: Bytes,
    /// Agents.
    pub daemons: Bytes,
    /// Kernel, kubelet and others.
    pub system: Bytes,
}

impl NodeRecord {
    /// Whether all of them together wanted more than there is.
    #[must_use]
    pub fn overcommitted(&self) -> bool {
        self.peak > self.memory
    }
}

/// What one server went through.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerRecord {
    /// `apiserver-0` ...
    pub name: String,
    /// The memory it could have had: cgroup limit, or what its node left it at the tightest instant.
    pub limit: Bytes,
    /// Highest resident memory of the run.
    pub peak_resident: Bytes,
    /// When that was.
    pub peak_at: SimTime,
    /// Memory of etcd on its node at rest; nothing: it runs elsewhere.
    #[serde(default)]
    pub etcd_rest: Bytes,
    /// The most it took.
    #[serde(default)]
    pub etcd_peak: Bytes,
    /// See [`NodeRecord`].
    #[serde(default)]
    pub node: NodeRecord,
    /// Kills, in order of time.
    pub oom_kills: Vec<OomKill>,
    /// Kills of the etcd on its node, in order of time.
    #[serde(default)]
    pub etcd_kills: Vec<OomKill>,
    /// CPU time used.
    pub cpu: SimSpan,
    /// CPU time that it could have used: its cores or its CPU limit, over the run.
    pub cpu_capacity: SimSpan,
    /// What it lacked.
    pub pressure: PressureRecord,
    /// How long the run lasted.
    pub span: SimSpan,
    /// Priority levels that its requests went through.
    pub levels: Vec<LevelRecord>,
    /// Who held the memory at the peak, largest first; the bytes sum to the peak.
    pub holders_at_peak: Vec<Holder>,
}

impl ServerRecord {
    /// Its kills, and those of the etcd on its node.
    pub fn kills(&self) -> impl Iterator<Item = &OomKill> {
        self.oom_kills.iter().chain(&self.etcd_kills)
    }

    /// CPU time used, of what there was: 0 to 1, a little more where a quota was saved up.
    #[must_use]
    pub fn cpu_utilisation(&self) -> f64 {
        self.cpu.as_secs_f64() / self.cpu_capacity.as_secs_f64().max(1e-9)
    }

    /// Share of the run that it lacked something, 0 to 1.
    #[must_use]
    pub fn share(&self, lacked: impl Fn(&PressureRecord) -> SimSpan) -> f64 {
        lacked(&self.pressure).as_secs_f64() / self.span.as_secs_f64().max(1e-9)
    }
}

/// What happened between one named event and the next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PhaseRecord {
    /// The event's name.
    pub name: String,
    /// When it began.
    pub start: SimTime,
    /// Highest resident memory of any server in the phase.
    pub peak_resident: Bytes,
    /// Kills in the phase.
    pub oom_kills: u32,
    /// When the last LIST or initial list asked for in the phase had been answered in full, retries
    /// included; `None`: one was not before the run's end, or none was asked for.
    pub settled_at: Option<SimTime>,
    /// Bytes written to clients in the phase.
    pub bytes_sent: Bytes,
}

/// A point of a server's memory timeline. Straight lines run between points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelinePoint {
    /// When.
    pub at: SimTime,
    /// Resident memory; the sum over `by_mechanism`.
    pub resident: Bytes,
    /// Reachable heap: resident without garbage, freed pages and process base.
    pub live_heap: Bytes,
    /// The heap goal of the garbage collector.
    pub heap_goal: Bytes,
    /// Requests being served.
    pub in_flight: u32,
    /// Open watches.
    pub watches: u32,
    /// What the server has lacked so far.
    pub pressure: PressureRecord,
    /// Resident bytes by mechanism, in the order of [`Mechanism::ALL`].
    pub by_mechanism: [Bytes; Mechanism::ALL.len()],
}

impl TimelinePoint {
    /// Resident memory alone, of which nothing else is known.
    #[must_use]
    pub const fn of_resident(at: SimTime, resident: Bytes) -> Self {
        Self {
            at,
            resident,
            live_heap: Bytes::ZERO,
            heap_goal: Bytes::ZERO,
            in_flight: 0,
            watches: 0,
            pressure: PressureRecord::NONE,
            by_mechanism: [Bytes::ZERO; Mechanism::ALL.len()],
        }
    }
}

/// A server's memory over time, thinned so that every local maximum survives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// The server's name.
    pub server: String,
    /// Points in order of time.
    pub points: Vec<TimelinePoint>,
    /// Spans in which the server was not serving: dead, starting or not ready.
    pub down: Vec<(SimTime, SimTime)>,
    /// Its priority levels that were used, by name.
    pub levels: Vec<LevelTimeline>,
}

impl Timeline {
    /// Resident bytes at an instant, on the straight line between two points: of several at once, after
    /// all of them. Before the first point and after the last it is theirs; 0 without any.
    #[must_use]
    pub fn resident_at(&self, at: SimTime) -> f64 {
        let after = self.points.partition_point(|point| point.at <= at);
        let before = after.checked_sub(1).and_then(|index| self.points.get(index));
        match (before, self.points.get(after)) {
            (Some(a), Some(b)) => {
                let length = b.at.since(a.at).as_secs_f64();
                let part = if length > 0.0 { at.since(a.at).as_secs_f64() / length } else { 0.0 };
                a.resident.as_f64() + (b.resident.as_f64() - a.resident.as_f64()) * part
            }
            (Some(point), None) | (None, Some(point)) => point.resident.as_f64(),
            (None, None) => 0.0,
        }
    }
}

/// What a log entry is about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum LogKind {
    /// A scenario event began.
    Event,
    /// A server was killed for memory.
    OomKill,
    /// The kernel killed others than the server on its node for memory: etcd, or ordinary processes.
    NodeKill,
    /// A server was stopped or killed by the scenario.
    Stopped,
    /// The kubelet killed a server because a probe failed.
    ProbeKill,
    /// A server process started.
    Started,
    /// A server became ready.
    Ready,
    /// The balancer took a server out or put it back.
    Balancer,
    /// A node was out of memory.
    NodeLost,
    /// All members of a fleet are synced.
    Synced,
    /// Nodes became `NotReady`: their kubelets could not renew their leases.
    NotReady,
}

/// One line of `events.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// When.
    pub at: SimTime,
    /// What kind.
    pub kind: LogKind,
    /// Which server, fleet or event; empty when the whole control plane.
    pub subject: String,
    /// One sentence for people.
    pub message: String,
}

/// Everything one replication produced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Which replication, from 0.
    pub replication: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// One record a server.
    pub servers: Vec<ServerRecord>,
    /// One record a named event.
    pub phases: Vec<PhaseRecord>,
    /// Totals.
    pub counters: Counters,
    /// Clients that had a synced view, and all that were started, at the end.
    pub clients_synced: (u64, u64),
    /// Who could not be asked at the end.
    #[serde(default)]
    pub unserved: Unserved,
    /// What happened, in order of time (bounded; the oldest are kept).
    pub log: Vec<LogEntry>,
    /// One per server, when recording was asked for.
    pub timelines: Vec<Timeline>,
    /// What clients and servers did over time.
    #[serde(default)]
    pub activity: Activity,
    /// One per fleet, in their order; none without API Priority and Fairness.
    pub flows: Vec<FleetFlow>,
    /// Those asked for, by instant and server.
    pub apf_dumps: Vec<ApfDump>,
    /// Those asked for, by instant and server.
    #[serde(skip)]
    pub samples: Vec<ServerSample>,
    /// The simulated time at which the run ended.
    pub end: SimTime,
    /// Whether it was stopped there because it had done the work it was allowed: what comes later
    /// is unknown.
    pub cut_short: bool,
    /// FNV-1a over (time, kind, entity) of every engine event: equal for equal runs.
    pub trace_hash: u64,
}

impl RunRecord {
    /// The server with the highest resident memory of the run; the first of equals.
    #[must_use]
    pub fn worst_server(&self) -> Option<&ServerRecord> {
        self.servers.iter().reduce(
            |worst, s| {
                if s.peak_resident > worst.peak_resident { s } else { worst }
            },
        )
    }

    /// Highest resident memory of any server.
    #[must_use]
    pub fn peak_resident(&self) -> Bytes {
        self.worst_server().map_or(Bytes::ZERO, |s| s.peak_resident)
    }

    /// Kills of all servers, and of the etcd beside them.
    #[must_use]
    pub fn oom_kills(&self) -> usize {
        self.servers.iter().map(|s| s.kills().count()).sum()
    }

    /// Servers that were killed for memory, or whose etcd was.
    #[must_use]
    pub fn servers_killed(&self) -> usize {
        self.servers.iter().filter(|s| s.kills().next().is_some()).count()
    }

    /// When the first server, or etcd, was killed for memory.
    #[must_use]
    pub fn first_oom(&self) -> Option<SimTime> {
        self.servers.iter().flat_map(ServerRecord::kills).map(|kill| kill.at).min()
    }

    /// CPU time of all servers.
    #[must_use]
    pub fn cpu(&self) -> SimSpan {
        self.servers.iter().fold(SimSpan::ZERO, |sum, s| sum + s.cpu)
    }

    /// The record without what only one replication of many is kept for: log, timelines,
    /// holders, dumps.
    #[must_use]
    pub fn slim(mut self) -> Self {
        self.log = Vec::new();
        self.timelines = Vec::new();
        self.activity = self.activity.slim();
        self.apf_dumps = Vec::new();
        self.samples = Vec::new();
        for server in &mut self.servers {
            server.holders_at_peak = Vec::new();
        }
        self
    }
}
