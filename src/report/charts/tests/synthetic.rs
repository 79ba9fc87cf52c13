//! Made-up runs that look like real ones.

use crate::report::charts::{ChartInput, PublishedPeak, ServerPeaks};
use crate::results::{
    Activity, ActivityBucket, ActivityCounts, BusiestSecond, Holder, LevelPoint, LevelTimeline,
    Mechanism, NodeRecord, OomKill, PhaseRecord, PressureRecord, ServerActivity, ServerRecord,
    Timeline, TimelinePoint, WatchWindow, WindowPoint, scraped_peaks,
};
use crate::units::{Bytes, SimSpan, SimTime};

/// What to make up.
#[derive(Clone, Copy)]
pub(super) struct Recipe {
    pub(super) servers: usize,
    pub(super) seconds: u64,
    pub(super) limit: Bytes,
    /// Memory of the idle server and at the height of the storm.
    pub(super) idle: Bytes,
    pub(super) storm: Bytes,
    /// Servers die when they reach the limit.
    pub(super) oom: bool,
    pub(super) events: usize,
    pub(super) replications: u32,
}

/// Everything a [`ChartInput`] borrows.
pub(super) struct Run {
    pub(super) timelines: Vec<Timeline>,
    pub(super) servers: Vec<ServerRecord>,
    pub(super) phases: Vec<PhaseRecord>,
    pub(super) peaks: Vec<Vec<Bytes>>,
    pub(super) activity: Activity,
    pub(super) recipe: Recipe,
    pub(super) verdict: String,
    pub(super) scenario: String,
}

pub(super) fn at(seconds: f64) -> SimTime {
    SimTime::ZERO + SimSpan::from_secs_f64(seconds)
}

/// Parts of the memory above the idle level, in per mille.
const STORM: [(Mechanism, u64); 8] = [
    (Mechanism::DecodedObjects, 340),
    (Mechanism::ResponseBuffer, 230),
    (Mechanism::ListSliceAndConversion, 90),
    (Mechanism::EtcdRawResponse, 110),
    (Mechanism::SocketBuffers, 30),
    (Mechanism::WatchStream, 40),
    (Mechanism::Gzip, 4),
    (Mechanism::QueuedRequests, 3),
];

/// A point whose mechanisms sum to its resident memory.
fn point(seconds: f64, idle: Bytes, extra: Bytes, phase: f64) -> TimelinePoint {
    let mut held = [Bytes::ZERO; Mechanism::ALL.len()];
    let mut put = |m: Mechanism, b: Bytes| {
        let place = Mechanism::ALL.iter().position(|x| *x == m).unwrap_or(0);
        held[place] += b;
    };
    put(Mechanism::ProcessBase, idle.scale(0.2));
    put(Mechanism::WatchCacheObjects, idle.scale(0.5));
    put(Mechanism::WatchCacheEventRing, idle.scale(0.1));
    put(Mechanism::LoopbackInformers, idle.scale(0.1));
    for (mechanism, part) in STORM {
        put(mechanism, extra.scale(part as f64 / 1000.0));
    }
    let garbage = (idle.scale(0.1) + extra.scale(0.153)).scale(phase);
    put(Mechanism::Garbage, garbage);
    put(Mechanism::FreedPages, idle.scale(0.08) + extra.scale(0.05));
    let resident: Bytes = held.iter().copied().sum();
    let live = resident - garbage - held[0] - held[Mechanism::ALL.len() - 1];
    TimelinePoint {
        at: at(seconds),
        resident,
        live_heap: live,
        heap_goal: idle.scale(1.3) + extra.scale(1.1),
        in_flight: 0,
        watches: 0,
        pressure: PressureRecord::NONE,
        by_mechanism: held,
    }
}

fn nothing(seconds: f64) -> TimelinePoint {
    TimelinePoint::of_resident(at(seconds), Bytes::ZERO)
}

/// One server: storms at 20 % and 60 % of the time, later for later servers.
fn server(recipe: &Recipe, index: usize) -> (Timeline, ServerRecord) {
    let name = format!("apiserver-{index}");
    let length = recipe.seconds as f64;
    let shift = index as f64 * 0.05 * length / (1.0 + recipe.servers as f64 / 6.0);
    let (mut points, mut down, mut kills) = (Vec::new(), Vec::new(), Vec::new());
    let (mut dead_until, mut calm) = (-1.0, 0.0);
    let steps = 1_600_u32;
    for i in 0..steps {
        let now = length * f64::from(i) / f64::from(steps - 1);
        if now < dead_until {
            continue;
        }
        let wave = |start: f64, strength: f64| {
            let since = (now - start - shift) / length;
            let rise = (since / 0.06).clamp(0.0, 1.0);
            let fall = ((since - 0.12) / 0.1).clamp(0.0, 1.0);
            strength * (rise - fall).max(0.0)
        };
        let load = wave(0.2 * length, 1.0).max(wave(0.6 * length, 0.8));
        let load = if now < calm { 0.0 } else { load };
        let p = point(now, recipe.idle, recipe.storm.scale(load), f64::from(i % 29) / 28.0);
        if recipe.oom && p.resident >= recipe.limit {
            let back = now + 0.04 * length;
            let over = p.resident - recipe.limit;
            let mut last = p;
            // The kill is at the limit exactly: the excess was never allocated.
            last.by_mechanism[Mechanism::DecodedObjects as usize] -= over;
            last.resident = recipe.limit;
            points.extend([last, nothing(now)]);
            kills.push(OomKill {
                at: at(now),
                resident: recipe.limit,
                stalled: SimSpan::ZERO,
                back_at: Some(at(back)),
            });
            down.push((at(now), at(back)));
            dead_until = back;
            calm = back + 0.03 * length;
            points.push(nothing(back));
        } else {
            points.push(p);
        }
    }
    let levels = levels(recipe);
    let timeline = Timeline { server: name.clone(), points, down, levels };
    let record = record(name, recipe, &timeline, kills);
    (timeline, record)
}

/// Priority levels: none of one server, two of three, else more than are drawn. Storms as those of
/// the memory; the second level is the bottleneck.
fn levels(recipe: &Recipe) -> Vec<LevelTimeline> {
    let count = match recipe.servers {
        1 => 0,
        3 => 2,
        _ => 9,
    };
    let level = |index: u64| {
        let exempt = index == 8;
        let name = if exempt { "exempt".to_owned() } else { format!("level-{index}") };
        let mut rejected = 0;
        let point = |step: u64| {
            let wave = (step * 7 / 100 % 2) * (step % 13 + 30);
            let waiting = if index == 1 { wave * 40 } else { wave * (index % 2) };
            rejected += if waiting > 1_500 { step % 3 } else { 0 };
            LevelPoint {
                at: at(recipe.seconds as f64 * step as f64 / 600.0),
                seats: wave * (index + 1),
                limit: if exempt { 0 } else { (56 + step / 60 * 9) * (index + 1) },
                waiting,
                rejected,
            }
        };
        let nominal_seats = if exempt { 0 } else { 75 * (index + 1) };
        LevelTimeline { name, exempt, nominal_seats, points: (0..600).map(point).collect() }
    };
    (0..count).map(level).collect()
}

fn record(name: String, recipe: &Recipe, timeline: &Timeline, kills: Vec<OomKill>) -> ServerRecord {
    let peak = timeline.points.iter().map(|p| p.resident).max().unwrap_or_default();
    let top = timeline.points.iter().find(|p| p.resident == peak);
    let clients = ["kubelets", "argo-cd", "", "node-agent <v2> & friends"];
    let mut holders = Vec::new();
    for (place, mechanism) in Mechanism::ALL.into_iter().enumerate() {
        let bytes = top.map_or(Bytes::ZERO, |p| p.by_mechanism[place]);
        let own = matches!(place, 0..=3 | 13..=15);
        let half = Bytes(bytes.0 / 3);
        let client = if own { "" } else { clients[place % 2] };
        let resource = if own { "" } else { "pods" };
        let mut push = |client: &str, resource: &str, bytes| {
            holders.push(Holder {
                mechanism,
                client: client.into(),
                resource: resource.into(),
                bytes,
            });
        };
        push(client, resource, bytes - half);
        push(if own { "" } else { clients[3] }, "configmaps", half);
    }
    holders.sort_by_key(|h| std::cmp::Reverse(h.bytes));
    ServerRecord {
        name,
        limit: recipe.limit,
        peak_resident: peak,
        peak_at: top.map(|p| p.at).unwrap_or_default(),
        etcd_rest: Bytes::ZERO,
        etcd_peak: Bytes::ZERO,
        node: NodeRecord::default(),
        oom_kills: kills,
        etcd_kills: Vec::new(),
        cpu: SimSpan::ZERO,
        cpu_capacity: SimSpan::ZERO,
        pressure: PressureRecord::NONE,
        span: SimSpan::ZERO,
        levels: Vec::new(),
        holders_at_peak: holders,
    }
}

const EVENTS: [&str; 5] = [
    "steady state",
    "rolling restart of the node agents",
    "apiserver-0 drained",
    "Argo CD relists everything",
    "calm again",
];

/// Storms of calls as those of the memory: few kinds of one server, else all; caches of three
/// resources, the last of which always goes back far enough.
fn activity(recipe: &Recipe) -> Activity {
    let width = recipe.seconds.div_ceil(1_200).max(1);
    let kinds = if recipe.servers == 1 { 4 } else { 10 };
    let counts = |bucket: u64| {
        let wave = (bucket * 7 / 100 % 2) * (bucket % 13 + 30);
        let of = |kind: usize| if kind < kinds { wave * kind as u64 * 37 } else { 0 };
        ActivityCounts(std::array::from_fn(of))
    };
    let server = |bucket: u64, index: usize| ServerActivity {
        watches: 100_000 - bucket % 400 * 91 * (index as u64 % 3),
        ..ServerActivity::default()
    };
    let bucket = |bucket: u64| ActivityBucket {
        counts: counts(bucket),
        servers: (0..recipe.servers).map(|index| server(bucket, index)).collect(),
    };
    let window = |resource: u64| WatchWindow {
        resource: format!("resource-{resource}"),
        watchers: 5_000 - resource,
        oldest_age: SimSpan::secs(60),
        points: (0..300)
            .map(|step| WindowPoint {
                at: at(recipe.seconds as f64 * step as f64 / 300.0),
                median_age: SimSpan::secs(20 + step / 20),
                spans: (0..recipe.servers as u64)
                    .map(|server| match (step + server * 9) % 70 {
                        gap if gap < 8 => None,
                        up => Some(SimSpan::secs(up * 3 + resource / 2 * 100_000)),
                    })
                    .collect(),
                too_old: vec![0.25; recipe.servers],
            })
            .collect(),
    };
    Activity {
        busiest: [BusiestSecond { at: at(3.0), count: 12_345 };
            crate::results::ActivityKind::ALL.len()],
        width: SimSpan::secs(width),
        buckets: (0..recipe.seconds / width).map(bucket).collect(),
        windows: (0..3).map(window).collect(),
        kills: Vec::new(),
    }
}

/// Makes up a run.
pub(super) fn run(recipe: Recipe, verdict: &str) -> Run {
    let (timelines, servers): (Vec<_>, Vec<_>) =
        (0..recipe.servers).map(|i| server(&recipe, i)).unzip();
    let phases = (0..recipe.events)
        .map(|i| PhaseRecord {
            name: if recipe.events <= 5 {
                EVENTS[i].to_owned()
            } else {
                format!("rollout of service-{i}")
            },
            start: at(recipe.seconds as f64 * i as f64 / recipe.events as f64 * 0.97),
            peak_resident: Bytes::ZERO,
            oom_kills: u32::from(recipe.oom && (i == 1 || i == 3)),
            ..PhaseRecord::default()
        })
        .collect();
    let spread = |i: usize, s: &ServerRecord| -> Vec<Bytes> {
        let runs = 0..recipe.replications;
        runs.map(|r| {
            let noise = (r * 37 + i as u32 * 11) % 97;
            let free = s.peak_resident.scale(0.72 + f64::from(noise) / 200.0);
            if recipe.oom { free.min(recipe.limit) } else { free.min(s.peak_resident) }
        })
        .collect()
    };
    Run {
        activity: activity(&recipe),
        peaks: servers.iter().enumerate().map(|(i, s)| spread(i, s)).collect(),
        timelines,
        servers,
        phases,
        recipe,
        verdict: verdict.to_owned(),
        scenario: "informer-relist-storm".to_owned(),
    }
}

impl Run {
    /// Calls `with` with the charts' input.
    pub(super) fn input<T>(&self, with: impl FnOnce(&ChartInput) -> T) -> T {
        let peaks: Vec<ServerPeaks> = self
            .servers
            .iter()
            .zip(&self.peaks)
            .map(|(s, p)| ServerPeaks {
                server: &s.name,
                limit: s.limit,
                peaks: p,
                runs_with_oom: p.iter().filter(|b| **b >= s.limit).count() as u32,
            })
            .collect();
        let published = (self.recipe.servers == 3)
            .then_some(PublishedPeak { label: "KEP-3157", bytes: self.recipe.limit.scale(0.6) });
        let scrapes = self.timelines.first().map(scraped_peaks).unwrap_or_default();
        with(&ChartInput {
            scenario: &self.scenario,
            release: "1.32",
            seed: 42,
            replications: self.recipe.replications,
            worst_replication: 7,
            verdict: &self.verdict,
            timelines: &self.timelines,
            servers: &self.servers,
            phases: &self.phases,
            published,
            activity: Some(&self.activity),
            duration: SimSpan::secs(self.recipe.seconds),
            scrapes: &scrapes,
            peaks: &peaks,
        })
    }
}
