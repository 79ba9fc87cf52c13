//! Keys of the run, the servers and what they stand on.

use std::collections::BTreeMap;

use super::{any_size, any_span, rate, rate_from, release, span};
use crate::language::table::Flags;
use crate::language::table::declare::{table, words};
use crate::language::table::typed::{
    OrWord, choice, cores, flag, flags, integer, integer_or, list, memory_limit, number, percent,
    size, texts,
};
use crate::language::{Code, Role};
use crate::model::input::{
    AuditBackend, AuditInput, AuditLevel, AuditMode, AuditRule, BalancerInput, BalancerPolicy,
    Calibration, EtcdInput, Hardware, HealthCheck, NodeInput, OnFailure,
};
use crate::model::release::{Gate, OLDEST_MINOR, Release};
use crate::units::{ByteRate, Bytes, SimSpan};

/// The gates of all releases: which release has which is left to the rules.
static GATES_OF_ALL: Flags = Flags {
    noun: "feature gate",
    plural: "gates",
    example: "{ WatchList = true }",
    all: || {
        let gate = |gate: &Gate<Release>| {
            let since = gate.since;
            let until = gate.gone.map_or_else(String::new, |gone| format!(", gone in 1.{gone}"));
            let text = if since == OLDEST_MINOR {
                format!("Modelled for 1.{since} on{until}.")
            } else {
                format!("From 1.{since} on{until}.")
            };
            (gate.name, text)
        };
        Release::GATES.iter().map(gate).collect()
    },
};

table! {
    Run = RUN: "the run";
    /// Simulated time of a run, 1ms to 30d.
    duration: SimSpan = span(SimSpan::millis(1)).role(Role::Certain);
    /// Decides all random draws.
    seed: u64 = integer(0, i64::MAX).default("1").role(Role::Outside {
        why: "all points share the seed, so that they differ by what is varied only",
        hashed: false,
    });
    /// Work after which a run is stopped and marked incomplete, in events of the engine.
    max_events: u64 =
        integer(1, 1_000_000_000_000).default("100_000_000").role(Role::Certain);
    /// How many runs, each with draws of its own.
    replications: u32 = integer(1, 100_000).default("20").role(Role::Outside {
        why: "use --replications",
        hashed: false,
    });
}

const fn limit() -> Typed<Option<Bytes>> {
    memory_limit(Bytes::mib(64), Bytes::gib(64 << 10)).optional()
}

use crate::language::table::typed::Typed;

table! {
    Apiserver = APISERVER: "the apiservers";
    /// Kubernetes minor release.
    version: u8 = release();
    /// Number of apiservers.
    replicas: u16 = integer(1, 32).default("1").role(Role::Certain);
    /// Memory limit of the container (cgroup memory.max).
    memory_limit: Option<Bytes> =
        limit().codes(&[Code::LimitAboveNode, Code::LimitOrder, Code::IdleAboveLimit]);
    /// Throttling limit of the container (cgroup memory.high).
    memory_high: Option<Bytes> = limit().codes(&[Code::LimitOrder, Code::IdleAboveLimit]);
    /// Memory that the kernel leaves the container when its node runs short (cgroup memory.min): its
    /// requests.memory under the kubelet's MemoryQoS.
    memory_min: Option<Bytes> = limit().codes(&[Code::LimitOrder]);
    /// The same while others have something to give (cgroup memory.low): the requests of a Burstable Pod.
    memory_low: Option<Bytes> = limit().codes(&[Code::LimitOrder]);
    /// memoryThrottlingFactor of the kubelet's MemoryQoS, between 0 and 1: makes memory-high from the request and
    /// the limit, or what the node can give.
    memory_throttling_factor: Option<f64> = number(0.0, 1.0).optional();
    /// CPU limit of the container (CFS quota).
    cpu_limit: Option<f64> = cores(0.1, 1024.0).optional();
    /// GOGC in per cent, or "off".
    gogc: OrWord<u32> =
        integer_or(1, 100_000, "off").default("100").codes(&[Code::CollectorOff]);
    /// GOMEMLIMIT, the soft limit of the Go runtime.
    gomemlimit: Option<Bytes> = limit().codes(&[Code::LimitOrder, Code::CollectorOff]);
    /// GOMAXPROCS.
    gomaxprocs: Option<u32> =
        integer(1, 1024).derived_for_some("what the release's Go derives from cores and limit");
    /// Flag of the same name.
    max_requests_inflight: u32 = integer(1, 1_000_000).default("400");
    /// Flag of the same name.
    max_mutating_requests_inflight: u32 = integer(1, 1_000_000).default("200");
    /// Flag of the same name.
    request_timeout: SimSpan = span(SimSpan::millis(1)).default("60s");
    /// Live heap of what the scenario does not list, in addition to that of an empty server.
    other_live_heap: Bytes = any_size().default("0B");
    /// What traffic that the scenario does not list allocates, per second.
    other_garbage: ByteRate = rate_from(0).default("0B/s").late();
    /// Observed resident memory of an idle server at the start, kept from earlier peaks.
    idle_resident: Option<Bytes> = any_size().optional().codes(&[Code::DoesNotFit]);
    /// Whether the servers are up with warm caches at the start.
    warm: bool = flag().default("true");
    /// How long warm servers have been up at the start.
    up_for: SimSpan = any_span().default("24h");
    /// Feature gates that differ from the release's defaults.
    feature_gates: BTreeMap<String, bool> = flags(&GATES_OF_ALL).codes(&[Code::LockedGate]);
    /// Flag of the same name: the probability that a request's connection is sent GOAWAY.
    goaway_chance: f64 = number(0.0, 0.02).default("0.0").late();
    /// --shutdown-delay-duration: readyz fails while the server still serves.
    shutdown_delay: SimSpan = any_span().default("0s").late();
    /// Flag of the same name: watches are closed over this span; 0s: all at the end.
    shutdown_watch_termination_grace_period: SimSpan = any_span().default("0s").late();
    /// Flag of the same name: after the delay, requests are answered with 429 and retried elsewhere.
    shutdown_send_retry_after: bool = flag().default("false").late();
    /// How long a server stands still at its memory limit before the kernel kills it, if a probe does not end that
    /// before: the kernel takes the pages of its binary, and they are read again and again (measured: at once where the
    /// limit is not charged for those pages, else 4 s to more than 6 minutes).
    stall_at_limit: SimSpan = any_span().default("0s").late();
    /// Whether the kubelet probes the servers as kubeadm configures it, and kills those that fail.
    probes: bool = flag().default("false").late();
    /// Whether /livez, which these probes ask, fails with etcd: "false" is livez?exclude=etcd, as GKE and OpenShift
    /// have it; kubeadm does not.
    livez_etcd: bool = flag().default("true").late();
    /// Flag of the same name: /livez and /readyz fail if etcd takes longer for a small read.
    etcd_healthcheck_timeout: SimSpan = span(SimSpan::millis(1)).default("2s").late();
    /// How often monitoring scrapes /metrics of each server: every custom resource definition adds to what that
    /// allocates.
    scrape_interval: SimSpan = span(SimSpan::secs(1)).default("30s").late();
}

table! {
    for NodeInput = NODE: "the node";
    /// RAM.
    memory: Bytes = size(Bytes::mib(64), Bytes::gib(64 << 10)).default("64GiB").codes(&[
        Code::AssumedNodeMemory,
        Code::DoesNotFit,
        Code::LimitAboveNode,
        Code::IdleAboveLimit,
    ]);
    /// CPU cores.
    cores: f64 = cores(0.1, 1024.0).default("8");
    /// Whether the clients run on this node as well and take its CPU time.
    local_clients: bool = flag().default("false");
    /// RAM of etcd on the same node, at rest. `"0B"`: it runs elsewhere.
    etcd_memory: Option<Bytes> =
        any_size().derived_for_some("what etcd takes for the objects stored, at least 1GiB");
    /// RAM of the kernel, the kubelet and others that the OOM killer spares.
    system_memory: Bytes = any_size().default("500MiB");
    /// RAM of kube-controller-manager and kube-scheduler on the same node, and of what kube-proxy holds. `"0B"`: they
    /// run elsewhere.
    controllers_memory: Option<Bytes> =
        any_size().derived_for_some("100MB and twice what they hold of the objects");
    /// RAM of ordinary processes that the OOM killer takes before the apiserver: network plugin, agents.
    daemons_memory: Bytes = any_size().default("300MiB");
    /// oom_score_adj of the apiserver.
    oom_score_adj: i32 = integer(-1000, 1000).default("-997");
}

const fn at_most_an_hour() -> Typed<SimSpan> {
    crate::language::table::typed::span(SimSpan::ZERO, SimSpan::secs(3600))
}

table! {
    for Hardware = HARDWARE: "the hardware";
    /// Speed of a core relative to the first measured machine: `oomcast speed` measures it; 1.0 counts as not
    /// stated.
    cpu_speed: f64 = number(0.01, 100.0).default("1.0");
    /// CPU time to hand out pages, per GB of resident growth.
    page_fault_per_gb: SimSpan = at_most_an_hour().default("250ms");
    /// Egress of each server's network card.
    network: ByteRate = rate().default("10Gbit/s");
    /// Spread of CPU speed between replications.
    cpu_noise: f64 = percent(100.0).default("5%");
}

const fn factor() -> Typed<f64> {
    number(0.01, 1000.0).default("1.0").late()
}

table! {
    for Calibration = CALIBRATION: "the calibration";
    /// Factor on the live heap of an empty server (80 MB).
    base_heap: f64 = factor();
    /// Factor on decoded Secrets and ConfigMaps.
    blob_heap: f64 = factor();
    /// Factor on decoded built-in objects of many fields, such as Pods.
    typed_heap: f64 = factor();
    /// Factor on decoded custom resources.
    custom_heap: f64 = factor();
    /// Factor on the encode buffers of lists that are buffered whole.
    response_buffer: f64 = factor();
    /// Factor on the garbage of encoding a streamed list.
    stream_garbage: f64 = factor();
}

table! {
    for EtcdInput = ETCD: "etcd";
    /// Bytes per second it can serve to one reader.
    read_rate: ByteRate = rate().default("400MB/s");
    /// Latency of a small read.
    latency: SimSpan = at_most_an_hour().default("2ms");
    /// Whether it serves RangeStream (etcd 3.7).
    range_stream: bool = flag().default("false");
    /// How often etcd sends progress notifications to an idle watcher (etcd's default).
    progress_notify_interval: SimSpan = span(SimSpan::millis(100)).default("10m").late();
    /// --quota-backend-bytes (etcd's default is 2GiB): past it etcd takes no writes. Left out: never reached, and a
    /// warning where more than the default is stored.
    quota: Option<Bytes> =
        size(Bytes::mib(1), Bytes::gib(1 << 10)).optional().codes(&[Code::PastQuota]);
}

words! {
    AuditLevel {
        None = "none",
        Metadata = "metadata",
        Request = "request",
        RequestResponse = "request-response",
    }
    AuditBackend { Log = "log", Webhook = "webhook" }
    AuditMode { Batch = "batch", Blocking = "blocking" }
}

table! {
    for AuditInput = AUDIT: "auditing";
    /// What the audit policy records of writes that no rule matches.
    level: AuditLevel = choice().default("none").late();
    /// What it records of GETs, LISTs and WATCHes that no rule matches: at "request-response" the whole answer of
    /// every LIST.
    reads: Option<AuditLevel> = choice().derived_for_some("as level").late();
    /// Rules of the policy, the first that matches a request decides:
    /// [{ level = "none", users = ["system:kube-scheduler"] }, { level = "request-response", resources = ["secrets"] }].
    rules: Vec<AuditRule> = list(1000);
    /// Whether the policy omits the stage RequestReceived (omitStages), as most do: one event per request, not two.
    omit_request_received: bool = flag().default("false").late();
    /// Where events go: --audit-log-path, or --audit-webhook-config-file.
    backend: AuditBackend = choice().default("log").late();
    /// --audit-log-mode or --audit-webhook-mode.
    mode: Option<AuditMode> = choice().derived_for_some("blocking for a log, batch for a webhook").late();
    /// How long the backend takes for a batch, or in blocking mode for an event.
    latency: SimSpan = at_most_an_hour().default("5ms").late();
    /// --audit-*-batch-buffer-size: events that wait to be sent; further ones are dropped.
    buffer_size: u64 = integer(1, 100_000_000).default("10_000").late();
    /// --audit-*-batch-max-size: events of a batch.
    batch_max_size: Option<u64> =
        integer(1, 1_000_000).derived_for_some("400 for a webhook, 1 for a log").late();
    /// --audit-*-batch-max-wait: how long an event waits for its batch to be full.
    batch_max_wait: SimSpan = span(SimSpan::millis(1)).default("30s").late();
    /// --audit-webhook-batch-throttle-qps: batches per second.
    throttle_qps: f64 = number(0.01, 1e6).default("10.0").late();
    /// --audit-webhook-batch-throttle-burst: batches at once after a quiet time.
    throttle_burst: u64 = integer(1, 1_000_000).default("15").late();
}

table! {
    for AuditRule = AUDIT_RULE: "a rule of the audit policy";
    /// What is recorded of requests that match; a list that is left out matches all.
    level: AuditLevel = choice();
    /// Users by name. `gets` of a resource match no such rule: whose they are is not known.
    users: Vec<String> = texts(1000).example("[\"system:kube-scheduler\"]");
    /// Groups of users.
    groups: Vec<String> = texts(1000).example("[\"system:nodes\"]");
    /// Verbs. Writes are matched as update and patch, whatever they are.
    verbs: Vec<String> = texts(100).example("[\"get\", \"list\"]");
    /// Resources by plural name; "*": any.
    resources: Vec<String> = texts(1000).example("[\"secrets\", \"configmaps\"]");
    /// As that of the policy, for these requests.
    omit_request_received: bool = flag().default("false").late();
}

words! {
    BalancerPolicy {
        LeastConnections = "least-connections",
        RoundRobin = "round-robin",
        Random = "random",
    }
    HealthCheck { Readyz = "readyz", Livez = "livez" }
    OnFailure { Leave = "leave", Reset = "reset" }
}

table! {
    for BalancerInput = BALANCER: "the balancer";
    /// How it picks a server for a new connection.
    policy: BalancerPolicy = choice().default("least-connections");
    /// Time between health checks.
    check_interval: SimSpan = span(SimSpan::millis(1)).default("5s");
    /// Failed checks in a row until a server is out.
    fall: u32 = integer(1, 1000).default("3");
    /// Passed checks in a row until it is in again.
    rise: u32 = integer(1, 1000).default("2");
    /// What the health checks ask: readyz, which waits for the server's own informers, or livez, which
    /// a server with cold caches passes, as it does an old healthz or a mere TCP check.
    check: HealthCheck = choice().default("readyz").late();
    /// What it does with the connections to a server that it takes out.
    on_failure: OnFailure = choice().default("leave").late();
}
