//! Made-up records: what the model could have produced, without the model.

use oomcast::model::RunOptions;
use oomcast::results::{
    Counters, FleetFlow, Holder, LevelRecord, LogEntry, LogKind, Mechanism, NodeRecord, OomKill,
    Outcome, PhaseRecord, PressureRecord, RunRecord, ServerRecord, Timeline, TimelinePoint,
    Unserved,
};
use oomcast::units::{Bytes, SimSpan, SimTime};

const LIMIT: Bytes = Bytes::gib(16);

/// A number below `below` that looks random and depends on the seed and the replication alone.
fn draw(options: RunOptions, below: u64) -> u64 {
    let mixed = (options.seed ^ (u64::from(options.replication) << 32)).wrapping_add(1);
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) % below
}

fn seconds(n: u64) -> SimTime {
    SimTime::ZERO + SimSpan::secs(n)
}

/// A run in which everything goes well: peaks between 8 and 9 GiB.
pub(crate) fn absorbed(options: RunOptions) -> RunRecord {
    let peak = Bytes::gib(8) + Bytes::mib(draw(options, 1024));
    let servers = (0..3).map(|i| server(i, peak - Bytes::mib(u64::from(i) * 200), Vec::new()));
    record(options, Outcome::Absorbed, servers.collect())
}

/// A run that ends badly in most replications: one server dies, often a second, sometimes for good.
pub(crate) fn cascade(options: RunOptions) -> RunRecord {
    let first = SimTime(67_340_000_000 + draw(options, 5_000_000_000));
    let kill = |after: u64, back: Option<u64>| OomKill {
        at: first + SimSpan::secs(after),
        resident: LIMIT,
        stalled: SimSpan::ZERO,
        back_at: back.map(|s| first + SimSpan::secs(after + s)),
    };
    let (outcome, kills) = match draw(options, 10) {
        0 | 1 => return absorbed(options),
        2..=4 => (Outcome::SingleOom, [vec![kill(0, Some(40))], vec![], vec![]]),
        5..=8 => (Outcome::Cascade, [vec![kill(0, Some(40))], vec![kill(9, Some(55))], vec![]]),
        _ => (
            Outcome::NonRecovering,
            [vec![kill(0, None)], vec![kill(7, None)], vec![kill(12, None)]],
        ),
    };
    let peak = |kills: &Vec<OomKill>| {
        if kills.is_empty() { Bytes::gib(14) } else { LIMIT }
    };
    let servers = (0..).zip(kills).map(|(i, kills)| server(i, peak(&kills), kills));
    record(options, outcome, servers.collect())
}

fn server(index: u16, peak: Bytes, oom_kills: Vec<OomKill>) -> ServerRecord {
    ServerRecord {
        name: format!("apiserver-{index}"),
        limit: LIMIT,
        peak_resident: peak,
        peak_at: oom_kills.first().map_or(seconds(61), |kill| kill.at),
        etcd_rest: Bytes::gib(1),
        etcd_peak: Bytes::gib(1),
        node: NodeRecord::default(),
        cpu: SimSpan::millis(12_345),
        cpu_capacity: SimSpan::secs(4_800),
        pressure: PressureRecord::NONE,
        span: SimSpan::secs(600),
        levels: levels(if oom_kills.is_empty() { 0 } else { 4_213 + u64::from(index) }),
        oom_kills,
        etcd_kills: Vec::new(),
        holders_at_peak: holders(peak),
    }
}

/// One level that is used and, where `waiting` is not 0, another that is the bottleneck.
fn levels(waiting: u64) -> Vec<LevelRecord> {
    let level = |name: &str, nominal_seats, waiting: u64| LevelRecord {
        name: name.into(),
        nominal_seats,
        peak_seats: 40 + waiting / 20,
        peak_waiting: waiting,
        arrived: 700 + 3 * waiting,
        dispatched: 700,
        rejected: 3 * waiting,
        ..LevelRecord::default()
    };
    vec![level("system", 74, 0), level("workload-low", 245, waiting)]
}

fn holders(peak: Bytes) -> Vec<Holder> {
    let mut left = peak;
    let mut holders: Vec<Holder> = [
        (Mechanism::ResponseBuffer, "node-agent", "ciliumendpoints", 60),
        (Mechanism::DecodedObjects, "node-agent", "ciliumendpoints", 15),
        (Mechanism::WatchCacheObjects, "", "pods", 9),
        (Mechanism::Garbage, "", "", 6),
        (Mechanism::FreedPages, "", "", 4),
        (Mechanism::ProcessBase, "", "", 3),
        (Mechanism::WatchStream, "kubelet", "pods", 2),
    ]
    .into_iter()
    .map(|(mechanism, client, resource, percent)| {
        let bytes = Bytes(peak.0 / 100 * percent);
        left -= bytes;
        Holder { mechanism, client: client.into(), resource: resource.into(), bytes }
    })
    .collect();
    holders.push(Holder {
        mechanism: Mechanism::Pools,
        client: String::new(),
        resource: String::new(),
        bytes: left,
    });
    holders
}

fn record(options: RunOptions, outcome: Outcome, servers: Vec<ServerRecord>) -> RunRecord {
    let peak = servers.iter().map(|s| s.peak_resident).max().unwrap_or_default();
    let kills = servers.iter().map(|s| s.oom_kills.len() as u32).sum();
    let phase = |name: &str, at, peak_resident, oom_kills, settled: Option<u64>| PhaseRecord {
        name: name.into(),
        start: seconds(at),
        peak_resident,
        oom_kills,
        settled_at: settled.map(|s| seconds(at + s)),
        bytes_sent: Bytes::mib(700),
    };
    RunRecord {
        replication: options.replication,
        outcome,
        phases: vec![
            phase("baseline", 0, Bytes::gib(4), 0, None),
            phase("rollout", 60, peak, kills, (kills < 3).then_some(95)),
        ],
        counters: Counters {
            lists_ok: 2_000,
            requests_failed: u64::from(kills) * 150,
            bytes_sent: Bytes::gib(90),
            engine_events: 123_456,
            ..Counters::default()
        },
        clients_synced: (if kills < 3 { 2_000 } else { 900 }, 2_000),
        unserved: Unserved::default(),
        log: vec![LogEntry {
            at: seconds(60),
            kind: LogKind::Event,
            subject: "rollout".into(),
            message: "2 000 members of node-agent start over 20 s".into(),
        }],
        activity: oomcast::results::Activity::default(),
        timelines: if options.timelines { servers.iter().map(timeline).collect() } else { vec![] },
        flows: vec![FleetFlow {
            fleet: "node-agent".into(),
            flow_schema: "service-accounts".into(),
            priority_level: "workload-low".into(),
        }],
        apf_dumps: Vec::new(),
        samples: Vec::new(),
        servers,
        end: seconds(600),
        cut_short: false,
        trace_hash: draw(options, u64::MAX),
    }
}

fn timeline(server: &ServerRecord) -> Timeline {
    let point = |at, resident: Bytes| {
        let mut by_mechanism = [Bytes::ZERO; Mechanism::ALL.len()];
        by_mechanism[0] = Bytes::mib(512);
        by_mechanism[7] = resident - Bytes::mib(512);
        TimelinePoint {
            at,
            resident,
            live_heap: resident - Bytes::mib(512),
            heap_goal: Bytes::gib(12),
            in_flight: 24,
            watches: 9_000,
            pressure: PressureRecord::NONE,
            by_mechanism,
        }
    };
    Timeline {
        server: server.name.clone(),
        points: vec![
            point(SimTime::ZERO, Bytes::gib(4)),
            point(server.peak_at, server.peak_resident),
            point(seconds(600), Bytes::gib(5)),
        ],
        down: Vec::new(),
        levels: Vec::new(),
    }
}
