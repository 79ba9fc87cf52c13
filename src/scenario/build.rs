//! The model's inputs from the checked tree. Nothing can be wrong any more.

use super::apf;
use super::derive::Names;
use super::identity::groups_of;
use super::published::{Claim, Figure, Metric, Published};
use super::release::{client_of, release_of};
use super::workloads;
use crate::language::table::resolved::Resolved;
use crate::model::input::{
    Action, ApiserverInput, BalancerInput, BalancerPolicy, Behaviour, Calibration,
    ConnectionsInput, Encoding, EtcdInput, EventInput, FleetInput, Hardware, HealthCheck, Inputs,
    Manner, MaxUnavailable, NodeInput, OnFailure, ReadInput, ResourceInput, ResourceVersion,
    Retries, ServerId, Shape, ShutdownInput, WriterInput,
};
use crate::units::{SimSpan, SimTime};

/// `--watch-progress-notify-interval` of etcd where nothing else is said (etcd `server/embed/config.go`;
/// docs/facts/watch-cache.md section 4.1).
const PROGRESS_NOTIFY_INTERVAL: SimSpan = SimSpan::secs(600);
/// The inputs. `None` would mean that the schema and this function disagree on a key.
pub(super) fn inputs(root: &Resolved, names: &Names) -> Option<Inputs> {
    let fleets = root.list("clients").iter();
    let events = root.list("events").iter();
    let resources = root.named("objects").iter();
    Some(Inputs {
        release: release_of(root)?,
        duration: root.table("run")?.span_of("duration")?,
        max_events: root.table("run")?.count("max-events")?,
        apiserver: apiserver(root.table("apiserver")?)?,
        node: node(root.table("node")?)?,
        hardware: hardware(root.table("hardware")?)?,
        calibration: root.table("calibration").map(calibration).unwrap_or_default(),
        etcd: etcd(root.table("etcd")?)?,
        apf: apf::build::input(root.table("apf")?)?,
        balancer: balancer(root.table("balancer")?)?,
        resources: resources
            .map(|(name, _, table)| resource(name, table))
            .collect::<Option<_>>()?,
        fleets: fleets.map(|table| fleet(table, names)).collect::<Option<_>>()?,
        events: events.map(|table| event(table, names)).collect::<Option<_>>()?,
        workloads: workloads::expand(root, names)?,
    })
}

fn apiserver(table: &Resolved) -> Option<ApiserverInput> {
    Some(ApiserverInput {
        replicas: table.count("replicas")?,
        memory_limit: table.size("memory-limit"),
        memory_high: table.size("memory-high"),
        cpu_limit: table.number("cpu-limit"),
        // The word "off" is no count.
        gogc: table.count("gogc"),
        gomemlimit: table.size("gomemlimit"),
        gomaxprocs: table.count("gomaxprocs"),
        max_requests_inflight: table.count("max-requests-inflight")?,
        max_mutating_requests_inflight: table.count("max-mutating-requests-inflight")?,
        request_timeout: table.span_of("request-timeout")?,
        other_live_heap: table.size("other-live-heap")?,
        other_garbage: table.rate("other-garbage").unwrap_or_default(),
        idle_resident: table.size("idle-resident"),
        warm: table.flag("warm")?,
        up_for: table.span_of("up-for")?,
        goaway_chance: table.number("goaway-chance").unwrap_or_default(),
        shutdown: ShutdownInput {
            delay: table.span_of("shutdown-delay").unwrap_or_default(),
            watch_grace: table
                .span_of("shutdown-watch-termination-grace-period")
                .unwrap_or_default(),
            send_retry_after: table.flag("shutdown-send-retry-after").unwrap_or_default(),
        },
        probes: table.flag("probes").unwrap_or_default(),
    })
}

fn node(table: &Resolved) -> Option<NodeInput> {
    Some(NodeInput {
        memory: table.size("memory")?,
        cores: table.number("cores")?,
        local_clients: table.flag("local-clients")?,
        etcd_memory: table.size("etcd-memory")?,
        system_memory: table.size("system-memory")?,
        daemons_memory: table.size("daemons-memory")?,
        oom_score_adj: table.count("oom-score-adj")?,
    })
}

fn hardware(table: &Resolved) -> Option<Hardware> {
    Some(Hardware {
        cpu_speed: table.number("cpu-speed")?,
        page_fault_per_gb: table.span_of("page-fault-per-gb")?,
        network: table.rate("network")?,
        cpu_noise: table.number("cpu-noise")?,
    })
}

fn calibration(table: &Resolved) -> Calibration {
    let factor = |name| table.number(name).unwrap_or(1.0);
    Calibration {
        base_heap: factor("base-heap"),
        blob_heap: factor("blob-heap"),
        typed_heap: factor("typed-heap"),
        custom_heap: factor("custom-heap"),
        response_buffer: factor("response-buffer"),
        stream_garbage: factor("stream-garbage"),
    }
}

fn etcd(table: &Resolved) -> Option<EtcdInput> {
    Some(EtcdInput {
        read_rate: table.rate("read-rate")?,
        latency: table.span_of("latency")?,
        range_stream: table.flag("range-stream")?,
        progress_notify_interval: table
            .span_of("progress-notify-interval")
            .unwrap_or(PROGRESS_NOTIFY_INTERVAL),
    })
}

fn balancer(table: &Resolved) -> Option<BalancerInput> {
    Some(BalancerInput {
        policy: match table.text("policy")? {
            "least-connections" => BalancerPolicy::LeastConnections,
            "round-robin" => BalancerPolicy::RoundRobin,
            "random" => BalancerPolicy::Random,
            _ => return None,
        },
        check_interval: table.span_of("check-interval")?,
        fall: table.count("fall")?,
        rise: table.count("rise")?,
        check: match table.text("check") {
            None | Some("readyz") => HealthCheck::Readyz,
            Some("livez") => HealthCheck::Livez,
            _ => return None,
        },
        on_failure: match table.text("on-failure") {
            Some("reset") => OnFailure::Reset,
            _ => OnFailure::Leave,
        },
    })
}

fn resource(name: &str, table: &Resolved) -> Option<ResourceInput> {
    Some(ResourceInput {
        name: name.to_owned(),
        api_group: table.text("group")?.to_owned(),
        count: table.count("count")?,
        size: table.size("size")?,
        shape: match table.text("shape")? {
            "blob" => Shape::Blob,
            "typed" => Shape::Typed,
            "custom" => Shape::Custom,
            "custom-blob" => Shape::CustomBlob,
            _ => return None,
        },
        json_size: table.size("json-size"),
        heap_size: table.size("heap-size"),
        versions: table.count("versions")?,
        writes_per_second: table.number("writes")?,
        writer: writer(table.text("writer")?),
        watch_cache: table.flag("watch-cache")?,
    })
}

fn writer(user: &str) -> WriterInput {
    WriterInput { user: user.to_owned(), groups: groups_of(user) }
}

fn fleet(table: &Resolved, names: &Names) -> Option<FleetInput> {
    Some(FleetInput {
        name: table.text("name")?.to_owned(),
        count: table.count("count")?,
        behaviour: behaviour(table, names)?,
        running: table.text("start")? == "running",
        start_jitter: table.span_of("start-jitter")?,
        drain_rate: table.rate("drain-rate"),
        decode_rate: table.rate("decode-rate"),
        idle_watches: table.count("idle-watches")?,
        retries: match table.text("retries")? {
            "client-go" => Retries::ClientGo,
            "back-off" => Retries::BackOff,
            "never" => Retries::Never,
            _ => return None,
        },
        client_minor: client_of(table).map(|client| client.minor),
        user: table.text("user")?.to_owned(),
        groups: table.texts("groups")?.iter().map(|(group, _)| group.clone()).collect(),
        flow_schema: table.text("flow-schema").map(str::to_owned),
        connections: ConnectionsInput {
            of: table.text("connection").and_then(|name| names.fleet(name)),
            count: table.count("connections").unwrap_or(1),
        },
        heartbeats: table.flag("heartbeats").unwrap_or_default(),
    })
}

fn behaviour(table: &Resolved, names: &Names) -> Option<Behaviour> {
    if let Some(reflector) = table.table("reflector") {
        return Some(Behaviour::Reflector {
            read: read(reflector, names)?,
            watch_list: reflector.flag("watch-list")?,
            watch: reflector.flag("watch")?,
            bookmarks: reflector
                .flag("bookmarks")
                .unwrap_or_else(|| client_of(table).is_none_or(|client| client.bookmarks)),
        });
    }
    if let Some(lister) = table.table("lister") {
        return Some(Behaviour::Lister {
            read: read(lister, names)?,
            // The word "endless" is no count.
            rounds: lister.count("rounds"),
            pause: lister.span_of("pause")?,
            all_pages: lister.flag("all-pages")?,
        });
    }
    let watcher = table.table("watcher")?;
    Some(Behaviour::Watcher { resource: names.resource(watcher.text("resource")?)? })
}

fn read(table: &Resolved, names: &Names) -> Option<ReadInput> {
    Some(ReadInput {
        resource: names.resource(table.text("resource")?)?,
        encoding: match table.text("encoding")? {
            "json" => Encoding::Json,
            "protobuf" => Encoding::Protobuf,
            "table" => Encoding::Table,
            _ => return None,
        },
        gzip: table.flag("gzip")?,
        resource_version: match table.text("resource-version")? {
            "" => ResourceVersion::Unset,
            "0" => ResourceVersion::Any,
            "not-older-than" => ResourceVersion::NotOlderThan,
            "exact" => ResourceVersion::Exact,
            _ => return None,
        },
        limit: table.count("limit"),
        selected: table.number("selected")?,
        selector: table.flag("selector")?,
    })
}

fn event(table: &Resolved, names: &Names) -> Option<EventInput> {
    Some(EventInput {
        name: table.text("name")?.to_owned(),
        at: SimTime::ZERO + table.span_of("at")?,
        action: action(table, names)?,
    })
}

fn action(table: &Resolved, names: &Names) -> Option<Action> {
    let fleet = |inner: &Resolved| names.fleet(inner.text("client")?);
    if let Some(inner) = table.table("start") {
        return Some(Action::Start {
            fleet: fleet(inner)?,
            count: inner.count("count"),
            over: inner.span_of("over")?,
        });
    }
    if let Some(inner) = table.table("stop") {
        return Some(Action::Stop { fleet: fleet(inner)?, count: inner.count("count") });
    }
    if let Some(inner) = table.table("restart") {
        return Some(Action::Restart {
            fleet: fleet(inner)?,
            count: inner.count("count"),
            over: inner.span_of("over")?,
        });
    }
    if let Some(inner) = table.table("partition")
        && inner.text("client").is_some()
    {
        let (count, lasts) = (inner.count("count"), inner.span_of("lasts")?);
        return Some(Action::CutOff { fleet: fleet(inner)?, count, lasts });
    }
    if let Some(inner) = table.table("rollout") {
        return Some(Action::Rollout {
            fleet: fleet(inner)?,
            max_unavailable: max_unavailable(inner)?,
            start_time: inner.span_of("start-time")?,
        });
    }
    server_action(table).or_else(|| load_action(table, names)).or(Some(Action::Mark))
}

fn max_unavailable(rollout: &Resolved) -> Option<MaxUnavailable> {
    match rollout.count("max-unavailable") {
        Some(count) => Some(MaxUnavailable::Count(count)),
        None => Some(MaxUnavailable::Share(rollout.number("max-unavailable")?)),
    }
}

fn manner(kill: &Resolved) -> Option<Manner> {
    match kill.text("manner") {
        None | Some("process") => Some(Manner::Process),
        Some("graceful") => Some(Manner::Graceful),
        Some("node") => Some(Manner::Node { lasts: kill.span_of("lasts") }),
        Some(_) => None,
    }
}

fn server_action(table: &Resolved) -> Option<Action> {
    let lasts = |inner: &Resolved| -> Option<SimSpan> { inner.span_of("lasts") };
    if let Some(inner) = table.table("kill") {
        // The word "all" is no count.
        return Some(Action::Kill {
            server: inner.count("apiserver").map(ServerId),
            manner: manner(inner)?,
        });
    }
    if let Some(inner) = table.table("roll") {
        return Some(Action::Roll { every: inner.span_of("every")? });
    }
    if let Some(inner) = table.table("partition") {
        return Some(Action::Partition {
            server: ServerId(inner.count("apiserver")?),
            lasts: lasts(inner)?,
        });
    }
    if let Some(inner) = table.table("slow-etcd") {
        return Some(Action::SlowEtcd { speed: inner.number("speed")?, lasts: lasts(inner)? });
    }
    if let Some(inner) = table.table("failover") {
        return Some(Action::Failover { reset: inner.text("manner")? == "reset" });
    }
    if let Some(inner) = table.table("etcd-outage") {
        let compacted = inner.flag("compacted")?;
        return Some(Action::EtcdOutage { lasts: lasts(inner)?, compacted });
    }
    if let Some(inner) = table.table("lag") {
        return Some(Action::Lag {
            server: ServerId(inner.count("apiserver")?),
            lasts: lasts(inner)?,
            behind: inner.span_of("behind")?,
        });
    }
    None
}

/// What changes the writes and the objects.
fn load_action(table: &Resolved, names: &Names) -> Option<Action> {
    let resource = |inner: &Resolved| names.resource(inner.text("resource")?);
    if let Some(inner) = table.table("write") {
        return Some(Action::Write {
            resource: resource(inner)?,
            per_second: inner.number("rate")?,
            lasts: inner.span_of("lasts"),
        });
    }
    if let Some(inner) = table.table("create") {
        return Some(Action::Create {
            resource: resource(inner)?,
            count: inner.count("count")?,
            over: inner.span_of("over")?,
        });
    }
    let inner = table.table("delete")?;
    Some(Action::Delete {
        resource: resource(inner)?,
        count: inner.count("count")?,
        over: inner.span_of("over")?,
    })
}

/// The published figures.
pub(super) fn published(root: &Resolved) -> Option<Vec<Published>> {
    root.list("published").iter().map(one_published).collect()
}

fn one_published(table: &Resolved) -> Option<Published> {
    let (metric, figure) = match table.text("metric")? {
        "oom" => (Metric::Oom, Figure::Flag(table.flag("value")?)),
        "duration" => (Metric::Duration, Figure::Span(claim(table, Resolved::span_of)?)),
        "peak-resident" => (Metric::PeakResident, Figure::Bytes(claim(table, Resolved::size)?)),
        "bytes-sent" => (Metric::BytesSent, Figure::Bytes(claim(table, Resolved::size)?)),
        _ => return None,
    };
    Some(Published {
        phase: table.text("phase")?.to_owned(),
        metric,
        figure,
        tolerance: table.number("tolerance")?,
        source: table.text("source")?.to_owned(),
        note: table.text("note")?.to_owned(),
    })
}

fn claim<T: Copy>(table: &Resolved, get: fn(&Resolved, &str) -> Option<T>) -> Option<Claim<T>> {
    Claim::of(get(table, "value"), get(table, "at-least"), get(table, "at-most"))
}
