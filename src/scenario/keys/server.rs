//! Keys of the run, the servers and what they stand on.

use super::Presence::{Default, Filled, Optional, Required};
use super::apf::APF;
use super::{Key, Kind, Table, integer, key, memory_limit, percent, rate, size, span};
use crate::language::table::Flags;
use crate::language::tell::code::Code;
use crate::model::release::{Gate, NEWEST_MINOR, OLDEST_MINOR, Release};
use crate::units::{Bytes, SimSpan};

/// The tables of the run and the servers, in the order of the root table.
pub(super) const SECTIONS: [Key; 8] = [
    key("run", Kind::Table(&RUN), Required, "How long and how often to simulate."),
    key("apiserver", Kind::Table(&APISERVER), Required, "The kube-apiservers, all alike."),
    key("node", Kind::Table(&NODE), Filled, "The machine under each server."),
    key(
        "hardware",
        Kind::Table(&HARDWARE),
        Filled,
        "Speeds; the defaults are the measured machine's.",
    ),
    key("etcd", Kind::Table(&ETCD), Filled, "etcd as the servers see it."),
    key("balancer", Kind::Table(&BALANCER), Filled, "The L4 load balancer before the servers."),
    key("apf", Kind::Table(&APF), Filled, "API Priority and Fairness."),
    key(
        "calibration",
        Kind::Table(&CALIBRATION),
        Optional,
        "Factors on the model's constants, as `oomcast calibrate` finds them; 1 where left out.",
    ),
];

/// The releases that are modelled.
const RELEASE: Kind =
    Kind::Minor { what: "a Kubernetes release", oldest: OLDEST_MINOR, newest: NEWEST_MINOR };

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

static RUN: Table = Table {
    what: "the run",
    one_of: None,
    keys: &[
        key("duration", span(SimSpan::millis(1)), Required, "Simulated time of a run; 1ms to 30d."),
        key("seed", integer(0, i64::MAX), Default("1"), "Decides all random draws."),
        key(
            "max-events",
            integer(1, 1_000_000_000_000),
            Default("100_000_000"),
            "Work after which a run is stopped and marked incomplete, in events of the engine.",
        ),
        key(
            "replications",
            integer(1, 100_000),
            Default("20"),
            "How many runs, each with draws of its own.",
        ),
    ],
};

static APISERVER: Table = Table {
    what: "the apiservers",
    one_of: None,
    keys: &[
        key("version", RELEASE, Required, "Kubernetes minor release."),
        key("replicas", integer(1, 32), Default("1"), "How many apiservers."),
        key(
            "memory-limit",
            memory_limit(),
            Optional,
            "Memory limit of the container (cgroup memory.max).",
        )
        .codes(&[Code::LimitAboveNode, Code::LimitOrder, Code::IdleAboveLimit]),
        key(
            "memory-high",
            memory_limit(),
            Optional,
            "Throttling limit of the container (cgroup memory.high).",
        )
        .codes(&[Code::LimitOrder]),
        key(
            "cpu-limit",
            Kind::Cores { min: 0.1, max: 1024.0 },
            Optional,
            "CPU limit of the container (CFS quota).",
        ),
        key(
            "gogc",
            Kind::IntegerOr { min: 1, max: 100_000, word: "off" },
            Default("100"),
            "GOGC in per cent, or \"off\".",
        )
        .codes(&[Code::CollectorOff]),
        key(
            "gomemlimit",
            memory_limit(),
            Optional,
            "GOMEMLIMIT, the soft limit of the Go runtime.",
        )
        .codes(&[Code::LimitOrder, Code::CollectorOff]),
        key(
            "gomaxprocs",
            integer(1, 1024),
            Optional,
            "GOMAXPROCS; left out: what the release's Go derives.",
        ),
        key(
            "max-requests-inflight",
            integer(1, 1_000_000),
            Default("400"),
            "Flag of the same name.",
        ),
        key(
            "max-mutating-requests-inflight",
            integer(1, 1_000_000),
            Default("200"),
            "Flag of the same name.",
        ),
        key("request-timeout", span(SimSpan::millis(1)), Default("60s"), "Flag of the same name."),
        key(
            "other-live-heap",
            size(Bytes::ZERO, Bytes::gib(64 << 10)),
            Default("0B"),
            "Live heap of what the scenario does not list, beyond an empty server's own.",
        ),
        key(
            "other-garbage",
            rate(),
            Optional,
            "What traffic that the scenario does not list allocates, per second.",
        ),
        key(
            "idle-resident",
            size(Bytes::ZERO, Bytes::gib(64 << 10)),
            Optional,
            "Observed resident memory of an idle server at the start, kept from earlier peaks.",
        )
        .codes(&[Code::DoesNotFit]),
        key(
            "warm",
            Kind::Flag,
            Default("true"),
            "Whether the servers are up with warm caches at the start.",
        ),
        key(
            "up-for",
            span(SimSpan::ZERO),
            Default("24h"),
            "How long warm servers have been up at the start.",
        ),
        key(
            "feature-gates",
            Kind::Flags(&GATES_OF_ALL),
            Optional,
            "Feature gates that differ from the release's defaults.",
        )
        .codes(&[Code::LockedGate]),
        key(
            "goaway-chance",
            Kind::Number { min: 0.0, max: 0.02 },
            Optional,
            "Flag of the same name: chance of a request that its connection is told to go away; left out: 0.",
        ),
        key(
            "shutdown-delay",
            span(SimSpan::ZERO),
            Optional,
            "--shutdown-delay-duration: readyz fails, serving goes on; left out: none.",
        ),
        key(
            "shutdown-watch-termination-grace-period",
            span(SimSpan::ZERO),
            Optional,
            "Flag of the same name: watches are closed over this span; left out: all at the end.",
        ),
        key(
            "shutdown-send-retry-after",
            Kind::Flag,
            Optional,
            "Flag of the same name: requests after the delay are answered 429 and sent elsewhere; left out: false.",
        ),
        key(
            "probes",
            Kind::Flag,
            Optional,
            "Whether the kubelet probes the servers as kubeadm has it, and kills those that fail; left out: false.",
        ),
    ],
};

static NODE: Table = Table {
    what: "the node",
    one_of: None,
    keys: &[
        key("memory", size(Bytes::mib(64), Bytes::gib(64 << 10)), Default("64GiB"), "RAM.").codes(
            &[
                Code::AssumedNodeMemory,
                Code::DoesNotFit,
                Code::LimitAboveNode,
                Code::IdleAboveLimit,
            ],
        ),
        key("cores", Kind::Cores { min: 0.1, max: 1024.0 }, Default("8"), "Processors."),
        key(
            "local-clients",
            Kind::Flag,
            Default("false"),
            "Whether the clients run on this node, too, and take processor time.",
        ),
        key(
            "etcd-memory",
            size(Bytes::ZERO, Bytes::gib(64 << 10)),
            Default("1GiB"),
            "RAM of etcd on the same node.",
        ),
        key(
            "system-memory",
            size(Bytes::ZERO, Bytes::gib(64 << 10)),
            Default("500MiB"),
            "RAM of the kernel, the kubelet and others that the OOM killer does not take.",
        ),
        key(
            "daemons-memory",
            size(Bytes::ZERO, Bytes::gib(64 << 10)),
            Default("300MiB"),
            "RAM of ordinary processes that the OOM killer takes before the apiserver.",
        ),
        key(
            "oom-score-adj",
            integer(-1000, 1000),
            Default("-997"),
            "oom_score_adj of the apiserver.",
        ),
    ],
};

static HARDWARE: Table = Table {
    what: "the hardware",
    one_of: None,
    keys: &[
        key(
            "cpu-speed",
            Kind::Number { min: 0.01, max: 100.0 },
            Default("1.0"),
            "Speed of a core relative to the measured machine.",
        ),
        key(
            "page-fault-per-gb",
            Kind::Span { min: SimSpan::ZERO, max: SimSpan::secs(3600) },
            Default("250ms"),
            "CPU time to hand out pages, per GB of resident growth.",
        ),
        key("network", rate(), Default("10Gbit/s"), "Egress of each server's network card."),
        key(
            "cpu-noise",
            percent(100.0),
            Default("5%"),
            "Spread of CPU speed between replications.",
        ),
    ],
};

static CALIBRATION: Table = Table {
    what: "the calibration",
    one_of: None,
    keys: &[
        factor("base-heap", "Factor on the live heap of an empty server (80 MB)."),
        factor("blob-heap", "Factor on decoded Secrets and ConfigMaps."),
        factor("typed-heap", "Factor on decoded built-in objects of many fields, such as Pods."),
        factor("custom-heap", "Factor on decoded custom resources."),
        factor("response-buffer", "Factor on the encode buffers of lists that are buffered whole."),
        factor("stream-garbage", "Factor on the garbage of encoding a streamed list."),
    ],
};

const fn factor(name: &'static str, doc: &'static str) -> Key {
    key(name, Kind::Number { min: 0.01, max: 1000.0 }, Optional, doc)
}

static ETCD: Table = Table {
    what: "etcd",
    one_of: None,
    keys: &[
        key(
            "read-rate",
            rate(),
            Default("400MB/s"),
            "Bytes per second it can serve to one reader.",
        ),
        key(
            "latency",
            Kind::Span { min: SimSpan::ZERO, max: SimSpan::secs(3600) },
            Default("2ms"),
            "Latency of a small read.",
        ),
        key(
            "range-stream",
            Kind::Flag,
            Default("false"),
            "Whether it serves RangeStream (etcd 3.7).",
        ),
        key(
            "progress-notify-interval",
            span(SimSpan::millis(100)),
            Optional,
            "How often etcd tells a quiet watcher how far it is; left out: 10m, as etcd does.",
        ),
    ],
};

static BALANCER: Table = Table {
    what: "the balancer",
    one_of: None,
    keys: &[
        key(
            "policy",
            Kind::Choice(&["least-connections", "round-robin", "random"]),
            Default("least-connections"),
            "How it picks a server for a new connection.",
        ),
        key(
            "check-interval",
            span(SimSpan::millis(1)),
            Default("5s"),
            "Time between health checks.",
        ),
        key(
            "fall",
            integer(1, 1000),
            Default("3"),
            "Failed checks in a row until a server is out.",
        ),
        key("rise", integer(1, 1000), Default("2"), "Passed checks in a row until it is in again."),
        key(
            "check",
            Kind::Choice(&["readyz", "livez"]),
            Optional,
            "What the health checks ask: readyz (also if left out), which waits for the server's own informers, or livez, an old healthz or a mere connection, which a server with cold caches passes, too.",
        ),
        key(
            "on-failure",
            Kind::Choice(&["leave", "reset"]),
            Optional,
            "What it does with the connections to a server that it takes out; left out: leave.",
        ),
    ],
};
