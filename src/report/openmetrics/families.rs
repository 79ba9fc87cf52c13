//! The metrics that the model has: one row each. Names, types and labels are those of
//! kube-apiserver (docs/facts/watch-cache.md section 11, docs/facts/apf.md section 6), `client_golang`'s
//! collectors of Go and the process, cAdvisor, node-exporter, kube-state-metrics and etcd.
//!
//! What differs from a live cluster: requests of API Priority and Fairness are summed over the flow
//! schemas of a level, and have no label `flow_schema` or `reason`; WATCH requests are counted when
//! they are refused, as nobody knows when the others will end; writes are not counted. A watch cache
//! dispatches an event when it receives it, and etcd's progress notifications, which older servers count
//! as dispatched, too, are no events here.

use crate::results::{CFS_PERIOD, LevelSample, ProcessSample, ResourceSample, ServerSample};
use crate::units::{Bytes, SimSpan};

/// Whose metric it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// kube-apiserver itself: it answers while it serves.
    Apiserver,
    /// cAdvisor in the kubelet.
    Kubelet,
    /// kube-state-metrics.
    KubeState,
    /// node-exporter.
    Node,
    /// etcd, one beside each server.
    Etcd,
}

/// Its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It goes up and down.
    Gauge,
    /// It counts.
    Counter,
}

impl Kind {
    /// In the comment `# TYPE`.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
        }
    }
}

/// Where its values are read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Read {
    /// Whether the job answered.
    Up,
    /// One value of a server, if it has one.
    Server(fn(&ServerSample) -> Option<f64>),
    /// One value of a process.
    Process(fn(&ProcessSample) -> f64),
    /// When the process began, in seconds since 1970.
    Started,
    /// One value per resource; labels `group` and `resource`.
    Resource(fn(&ResourceSample) -> Option<u64>),
    /// The same with both in the label `resource`: `leases.coordination.k8s.io`.
    Qualified(fn(&ResourceSample) -> Option<u64>),
    /// One value per priority level.
    Level(fn(&LevelSample) -> u64),
    /// Requests by resource, verb and code.
    Requests,
}

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Its name, that of its samples.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whose it is.
    pub job: Job,
    /// The minors that have it: from the first to the last.
    pub minors: (u32, u32),
    /// What it is, for `# HELP`.
    pub help: &'static str,
    /// Labels that every sample has.
    pub(super) labels: &'static [(&'static str, &'static str)],
    pub(super) read: Read,
}

const ALWAYS: (u32, u32) = (0, u32::MAX);

const fn row(kind: Kind, job: Job, name: &'static str, help: &'static str, read: Read) -> Family {
    Family { name, kind, job, minors: ALWAYS, help, labels: &[], read }
}

impl Family {
    const fn with(self, labels: &'static [(&'static str, &'static str)]) -> Self {
        Self { labels, ..self }
    }

    const fn since(self, minor: u32) -> Self {
        Self { minors: (minor, self.minors.1), ..self }
    }

    const fn until(self, minor: u32) -> Self {
        Self { minors: (self.minors.0, minor), ..self }
    }
}

use Job::{Apiserver, Etcd, KubeState, Kubelet, Node};
use Kind::{Counter, Gauge};
use Read::{Level, Process, Qualified, Requests, Resource, Server, Started, Up};

fn bytes(bytes: Bytes) -> f64 {
    bytes.as_f64()
}

/// How many periods of a CPU limit a span has.
fn cfs_periods(span: SimSpan) -> f64 {
    span.as_secs_f64() / CFS_PERIOD.as_secs_f64()
}

/// A figure of a process that has a CPU limit.
fn limited(sample: &ServerSample, figure: impl Fn(&ProcessSample) -> f64) -> Option<f64> {
    sample.process.as_ref().filter(|process| process.cpu_limit.is_some()).map(figure)
}

/// A counter of watch caches.
const fn cached(name: &'static str, help: &'static str, read: Read) -> Family {
    row(Counter, Apiserver, name, help, read)
}

/// As on a real server there is no series before the first.
fn received(sample: &ResourceSample) -> Option<u64> {
    sample.cache.map(|cache| cache.received).filter(|count| *count > 0)
}

fn filled(sample: &ResourceSample) -> Option<u64> {
    sample.cache.map(|cache| cache.initializations).filter(|count| *count > 0)
}

/// The minor from which on group and resource are two labels (docs/facts/watch-cache.md section 11).
const GROUPED: u32 = 34;

const UP: &str = "Whether the target answered this scrape.";
const CAPACITY: &str = "Events that the ring of a watch cache has room for.";
const RECEIVED: &str = "Events that a watch cache received.";
const DISPATCHED: &str = "Events that a watch cache handed to its watchers.";
const FILLED: &str = "How often a watch cache was filled.";

/// Every metric; rows of one name follow on each other. A `static`: each row has one address.
pub static FAMILIES: &[Family] = &[
    row(Gauge, Apiserver, "up", UP, Up),
    row(Gauge, Kubelet, "up", UP, Up),
    row(Gauge, Node, "up", UP, Up),
    row(Gauge, Etcd, "up", UP, Up),
    // The process and Go.
    row(
        Gauge,
        Apiserver,
        "process_resident_memory_bytes",
        "Resident memory of the process.",
        Process(|p| bytes(p.resident)),
    ),
    row(
        Counter,
        Apiserver,
        "process_cpu_seconds_total",
        "CPU time of the process, user and system.",
        Process(|p| p.cpu.as_secs_f64()),
    ),
    row(
        Gauge,
        Apiserver,
        "process_start_time_seconds",
        "When the process began, in seconds since 1970.",
        Started,
    ),
    row(
        Counter,
        Apiserver,
        "process_network_transmit_bytes_total",
        "Bytes that the process sent; here those of responses to clients.",
        Process(|p| bytes(p.sent)),
    )
    .since(34),
    row(
        Gauge,
        Apiserver,
        "go_memstats_alloc_bytes",
        "Heap in use: live objects and those not yet freed.",
        Process(|p| bytes(p.heap)),
    ),
    row(
        Gauge,
        Apiserver,
        "go_memstats_heap_alloc_bytes",
        "Heap in use: live objects and those not yet freed.",
        Process(|p| bytes(p.heap)),
    ),
    row(
        Gauge,
        Apiserver,
        "go_memstats_next_gc_bytes",
        "Heap size that the next collection aims at.",
        Process(|p| bytes(p.heap_goal)),
    ),
    row(
        Gauge,
        Apiserver,
        "go_gc_heap_goal_bytes",
        "Heap size that the collector aims at.",
        Process(|p| bytes(p.heap_goal)),
    ),
    row(
        Gauge,
        Apiserver,
        "go_memory_classes_heap_free_bytes",
        "Free memory that has not been returned to the system.",
        Process(|p| bytes(p.heap_free)),
    ),
    row(
        Counter,
        Apiserver,
        "go_gc_cycles_total_gc_cycles_total",
        "Garbage collections.",
        Process(|p| p.gc_cycles as f64),
    ),
    // Requests.
    row(
        Counter,
        Apiserver,
        "apiserver_request_total",
        "Requests answered, by verb, resource and code.",
        Requests,
    )
    .with(&[("component", "apiserver"), ("scope", "cluster")]),
    row(
        Gauge,
        Apiserver,
        "apiserver_current_inflight_requests",
        "Requests being served.",
        Process(|p| p.in_flight as f64),
    )
    .with(&[("request_kind", "readOnly")]),
    row(
        Gauge,
        Apiserver,
        "apiserver_current_inqueue_requests",
        "Requests that wait for a seat.",
        Process(|p| p.in_queue as f64),
    )
    .with(&[("request_kind", "readOnly")]),
    row(
        Gauge,
        Apiserver,
        "apiserver_longrunning_requests",
        "Open watches.",
        Resource(|r| Some(r.watches)),
    )
    .with(&[("component", "apiserver"), ("scope", "cluster"), ("verb", "WATCH")]),
    row(
        Gauge,
        Apiserver,
        "apiserver_resource_objects",
        "Objects stored.",
        Resource(|r| Some(r.objects)),
    )
    .since(GROUPED),
    row(
        Gauge,
        Apiserver,
        "apiserver_storage_objects",
        "Objects stored.",
        Qualified(|r| Some(r.objects)),
    ),
    // The watch caches; `watch_cache_capacity` is without apiserver_ in the source, too.
    row(Gauge, Apiserver, "watch_cache_capacity", CAPACITY, Qualified(|r| Some(r.cache?.capacity)))
        .until(GROUPED - 1),
    row(Gauge, Apiserver, "watch_cache_capacity", CAPACITY, Resource(|r| Some(r.cache?.capacity)))
        .since(GROUPED),
    cached("apiserver_watch_cache_events_received_total", RECEIVED, Qualified(received))
        .until(GROUPED - 1),
    cached("apiserver_watch_cache_events_received_total", RECEIVED, Resource(received))
        .since(GROUPED),
    cached("apiserver_watch_cache_events_dispatched_total", DISPATCHED, Qualified(received))
        .until(GROUPED - 1),
    cached("apiserver_watch_cache_events_dispatched_total", DISPATCHED, Resource(received))
        .since(GROUPED),
    cached("apiserver_watch_cache_initializations_total", FILLED, Qualified(filled))
        .until(GROUPED - 1),
    cached("apiserver_watch_cache_initializations_total", FILLED, Resource(filled)).since(GROUPED),
    // API Priority and Fairness.
    row(
        Gauge,
        Apiserver,
        "apiserver_flowcontrol_nominal_limit_seats",
        "Seats that the configuration gives a level.",
        Level(|l| l.nominal_seats),
    ),
    row(
        Gauge,
        Apiserver,
        "apiserver_flowcontrol_current_limit_seats",
        "Seats that a level has now, with those that it borrowed or lent.",
        Level(|l| l.limit_seats),
    ),
    row(
        Gauge,
        Apiserver,
        "apiserver_flowcontrol_current_executing_seats",
        "Seats in use.",
        Level(|l| l.seats),
    )
    .since(28),
    row(
        Gauge,
        Apiserver,
        "apiserver_flowcontrol_current_executing_requests",
        "Requests that hold seats.",
        Level(|l| l.executing),
    ),
    row(
        Gauge,
        Apiserver,
        "apiserver_flowcontrol_current_inqueue_requests",
        "Requests that wait for seats.",
        Level(|l| l.waiting),
    ),
    row(
        Counter,
        Apiserver,
        "apiserver_flowcontrol_dispatched_requests_total",
        "Requests that were let in.",
        Level(|l| l.dispatched),
    ),
    row(
        Counter,
        Apiserver,
        "apiserver_flowcontrol_rejected_requests_total",
        "Requests answered 429.",
        Level(|l| l.rejected),
    ),
    // The container.
    row(
        Gauge,
        Kubelet,
        "container_memory_working_set_bytes",
        "Memory that the cgroup is charged for, without file pages that can be dropped.",
        Process(|p| bytes(p.charged)),
    ),
    row(
        Gauge,
        Kubelet,
        "container_memory_rss",
        "Anonymous memory of the container.",
        Process(|p| bytes(p.charged)),
    ),
    row(
        Gauge,
        Kubelet,
        "container_spec_memory_limit_bytes",
        "Memory limit of the container; 0: none.",
        Server(|s| s.process.as_ref().map(|_| s.cgroup_limit.map_or(0.0, bytes))),
    ),
    row(
        Counter,
        Kubelet,
        "container_cpu_usage_seconds_total",
        "CPU time of the container.",
        Process(|p| p.cpu.as_secs_f64()),
    ),
    // Only a container with a CPU limit has them.
    row(
        Counter,
        Kubelet,
        "container_cpu_cfs_periods_total",
        "Periods of the CPU limit, of 100 ms each.",
        Server(|s| limited(s, |p| cfs_periods(p.age))),
    ),
    row(
        Counter,
        Kubelet,
        "container_cpu_cfs_throttled_periods_total",
        "Those of them in which threads stood still for the CPU limit.",
        Server(|s| limited(s, |p| cfs_periods(p.pressure.throttled_time))),
    ),
    row(
        Counter,
        Kubelet,
        "container_cpu_cfs_throttled_seconds_total",
        "Time that threads stood still for the CPU limit, over all processors.",
        Server(|s| limited(s, |p| p.pressure.throttled.as_secs_f64())),
    ),
    row(
        Counter,
        Kubelet,
        "container_pressure_cpu_stalled_seconds_total",
        "Time in which nobody ran, for the CPU limit was spent (PSI full).",
        Process(|p| p.pressure.cpu_full.as_secs_f64()),
    )
    .since(33),
    row(
        Counter,
        Kubelet,
        "container_pressure_cpu_waiting_seconds_total",
        "Time in which somebody waited for a processor (PSI some); here also goroutines in Go's own queue.",
        Process(|p| p.pressure.cpu_some.as_secs_f64()),
    )
    .since(33),
    row(
        Counter,
        Kubelet,
        "container_pressure_io_stalled_seconds_total",
        "Time in which all waited for pages of programs to be read again (PSI full).",
        Process(|p| p.pressure.io.as_secs_f64()),
    )
    .since(33),
    row(
        Counter,
        Kubelet,
        "container_pressure_io_waiting_seconds_total",
        "Time in which all waited for pages of programs to be read again (PSI some).",
        Process(|p| p.pressure.io.as_secs_f64()),
    )
    .since(33),
    row(
        Counter,
        Kubelet,
        "container_pressure_memory_stalled_seconds_total",
        "Time in which all threads slept above memory.high or waited for pages (PSI full).",
        Process(|p| p.pressure.memory_full.as_secs_f64()),
    )
    .since(33),
    row(
        Counter,
        Kubelet,
        "container_pressure_memory_waiting_seconds_total",
        "Time in which a thread slept above memory.high or waited for pages (PSI some).",
        Process(|p| p.pressure.memory_some.as_secs_f64()),
    )
    .since(33),
    row(
        Counter,
        Kubelet,
        "container_oom_events_total",
        "Kills for memory; here they go on over restarts of the container.",
        Server(|s| Some(s.oom_kills as f64)),
    ),
    row(
        Gauge,
        Kubelet,
        "container_start_time_seconds",
        "When the container began, in seconds since 1970.",
        Started,
    ),
    // The Pod as the API has it.
    row(
        Counter,
        KubeState,
        "kube_pod_container_status_restarts_total",
        "Restarts of the container.",
        Server(|s| Some(s.restarts as f64)),
    ),
    row(
        Gauge,
        KubeState,
        "kube_pod_container_status_last_terminated_reason",
        "Why the container ended last.",
        Server(|s| (s.oom_kills > 0).then_some(1.0)),
    )
    .with(&[("reason", "OOMKilled")]),
    row(
        Gauge,
        KubeState,
        "kube_pod_container_resource_limits",
        "Memory limit in the Pod's manifest.",
        Server(|s| s.cgroup_limit.map(bytes)),
    )
    .with(&[("resource", "memory"), ("unit", "byte")]),
    // The node.
    row(
        Gauge,
        Node,
        "node_memory_MemTotal_bytes",
        "Memory of the node.",
        Server(|s| s.node.map(|(total, _)| bytes(total))),
    ),
    row(
        Gauge,
        Node,
        "node_memory_MemAvailable_bytes",
        "Memory of the node that is available.",
        Server(|s| s.node.map(|(_, available)| bytes(available))),
    ),
    row(
        Counter,
        Node,
        "node_pressure_cpu_waiting_seconds_total",
        "Time in which somebody waited for a processor (PSI some); here also goroutines in Go's own queue.",
        Process(|p| p.pressure.cpu_some.as_secs_f64()),
    ),
    row(
        Counter,
        Node,
        "node_pressure_io_stalled_seconds_total",
        "Time in which all waited for pages of programs to be read again (PSI full).",
        Process(|p| p.pressure.io.as_secs_f64()),
    ),
    row(
        Counter,
        Node,
        "node_pressure_io_waiting_seconds_total",
        "Time in which all waited for pages of programs to be read again (PSI some).",
        Process(|p| p.pressure.io.as_secs_f64()),
    ),
    row(
        Counter,
        Node,
        "node_pressure_memory_stalled_seconds_total",
        "Time in which all threads slept above memory.high or waited for pages (PSI full).",
        Process(|p| p.pressure.memory_full.as_secs_f64()),
    ),
    row(
        Counter,
        Node,
        "node_pressure_memory_waiting_seconds_total",
        "Time in which a thread slept above memory.high or waited for pages (PSI some).",
        Process(|p| p.pressure.memory_some.as_secs_f64()),
    ),
    row(
        Gauge,
        Etcd,
        "etcd_server_has_leader",
        "Whether a leader exists.",
        Server(|s| Some(f64::from(u8::from(s.etcd_has_leader)))),
    ),
];

/// Metrics that people alert on and that the model does not have, with why.
pub const WITHOUT: &[(&str, &str)] = &[
    ("apiserver_request_duration_seconds", "histograms are not modelled"),
    ("apiserver_request_sli_duration_seconds", "histograms are not modelled"),
    ("apiserver_response_sizes", "histograms are not modelled"),
    ("apiserver_flowcontrol_request_wait_duration_seconds", "histograms are not modelled"),
    ("apiserver_request_terminations_total", "terminations have no series of their own"),
    ("apiserver_watch_events_total", "watch events have no series of their own"),
    ("apiserver_watch_cache_resource_version", "resource versions are not modelled"),
    ("apiserver_watch_cache_read_wait_seconds", "histograms are not modelled"),
    ("watch_cache_capacity_increase_total", "changes of the capacity are not counted"),
    ("watch_cache_capacity_decrease_total", "changes of the capacity are not counted"),
    ("etcd_request_duration_seconds", "histograms are not modelled"),
    ("etcd_mvcc_db_total_size_in_bytes", "etcd's own memory and disk are not modelled"),
    ("go_goroutines", "goroutines are not counted"),
    ("workqueue_depth", "controllers are not modelled"),
];
