//! A server as the control plane sees it: its process, where that is in its life, its caches.

use crate::engine::bucket::TokenBucket;
use crate::model::admission::Admission;
use crate::model::apf::max_in_flight::MaxInFlight;
use crate::model::apiserver::audit::Waits;
use crate::model::apiserver::cacher::Cacher;
use crate::model::apiserver::server::Server;
use crate::model::ids::{FleetId, ResourceId, ServerId, Table};
use crate::model::input::Inputs;
use crate::model::node::CrashLoopBackOff;
use crate::model::plane::versions::Lag;
use crate::model::release::Release;
use crate::model::watchcache::capacity::unready_retry_after;
use crate::results::{LevelRecord, OomKill, PressureRecord, RequestCounts};
use crate::units::{Bytes, SimSpan, SimTime};

/// Where a server is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// No process.
    Down,
    /// The process starts. Its socket is bound early (`SecureServingOptions.ApplyTo`, k8s.io/apiserver
    /// `pkg/server/options/serving.go`), but nobody accepts: connections wait for their handshake.
    Booting,
    /// It accepts connections and fills its caches; `/readyz` fails.
    Filling,
    /// `/readyz` passes.
    Serving,
}

/// The present process of a server: when it began, and what its server had counted by then.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// Which of the server's, from 1.
    pub(super) number: u64,
    /// When it began.
    pub(super) began: SimTime,
    /// CPU time of its server by then.
    pub(super) cpu: SimSpan,
    /// What its server had lacked by then.
    pub(super) pressure: PressureRecord,
    /// Bytes that its server had sent by then.
    pub(super) sent: Bytes,
    /// Answers to clients, by resource.
    pub requests: Table<ResourceId, RequestCounts>,
}

/// A server and what the control plane knows about it.
#[derive(Clone, Debug)]
pub struct ServerState {
    /// The process.
    pub server: Server,
    /// See [`Life`].
    pub life: Life,
    /// Generation of its tick.
    pub generation: u32,
    /// Watches open, by fleet.
    pub watches: Table<FleetId, u64>,
    /// Whether its steady load must be worked out again.
    pub background_stale: bool,
    /// When the first of what requests leave behind has come to its level.
    pub(super) held_turns_at: SimTime,
    /// How long audit events wait here.
    pub(super) audit_waits: Waits,
    /// How fast LISTs' events go on to the audit webhook.
    pub(super) audit_throttle: TokenBucket,
    /// Cut off from its clients and the balancer until then.
    pub partitioned_until: SimTime,
    /// It stands still at its memory limit.
    pub(crate) stalled: Option<Stalled>,
    /// Kills so far.
    pub oom_kills: Vec<OomKill>,
    /// Kills of the etcd on its node.
    pub etcd_kills: Vec<OomKill>,
    /// The filled caches, by resource.
    pub cachers: Table<ResourceId, Option<Cacher>>,
    /// Caches being filled, by resource: one for each version of a custom resource.
    pub(super) caches_filling: Table<ResourceId, u32>,
    /// Since when they are, or have been cold.
    pub cold_since: Table<ResourceId, SimTime>,
    /// When the list that a cache was filled with was begun, by resource.
    pub listed_at: Table<ResourceId, SimTime>,
    /// Caches whose contents are to be replaced, by resource.
    pub replaced: Table<ResourceId, Option<Cacher>>,
    /// Caches that are filled when etcd is back, by resource.
    pub fill_later: Table<ResourceId, bool>,
    /// Bytes of objects that the runtime has metadata and spans for, by resource.
    pub spans_for: Table<ResourceId, Bytes>,
    /// Whether and how its caches do not follow etcd.
    pub lag: Option<Lag>,
    /// Start-up requests still running.
    pub(super) starting: u32,
    /// API Priority and Fairness of the present process, if it is enabled.
    pub admission: Option<Admission>,
    /// What limits the LISTs of the present process if it is not.
    pub max_in_flight: MaxInFlight,
    /// Processes so far.
    pub boots: u32,
    /// Since when the present one is there, and what it has answered.
    pub process: Process,
    /// LISTs into a buffer that it has begun.
    pub buffered_lists: u32,
    /// Writes so far, as events.
    pub writes: u32,
    /// Whether writes to a resource arrive here, by resource.
    pub writes_arrive: Table<ResourceId, bool>,
    /// Share of the latest writes to a resource that was let in here, by resource, and what is left of the
    /// last write that was turned away in part, and of the last that was let in.
    pub let_in: Table<ResourceId, f64>,
    pub(super) turned_away: Table<ResourceId, f64>,
    pub(super) written: Table<ResourceId, f64>,
    /// When the channels of a fleet's watches were last full because the server was behind.
    pub overflowed: Table<FleetId, SimTime>,
    /// Until when a count of objects waits for the cache, by resource.
    pub counting_until: Table<ResourceId, SimTime>,
    /// What the levels of former processes went through.
    pub(super) levels: Vec<LevelRecord>,
    pub(crate) crash_loop: CrashLoopBackOff,
    /// Its node is lost: nobody answers at its address.
    pub(crate) node_lost: bool,
    /// It was asked to end.
    pub(crate) stopping: Option<Stopping>,
    /// What the kubelet's probes have found.
    pub(crate) probed: Probed,
}

impl ServerState {
    /// Its kills, and those of the etcd on its node.
    pub(crate) fn kills(&self) -> impl Iterator<Item = &OomKill> {
        self.oom_kills.iter().chain(&self.etcd_kills)
    }

    /// Whether a cache that was asked for has not been filled: watches of it are turned away.
    pub(crate) fn fills_a_cache(&self) -> bool {
        self.cachers.pairs().any(|(resource, cacher)| {
            let asked = self.caches_filling[resource] > 0 || self.fill_later[resource];
            cacher.is_none() && self.replaced[resource].is_none() && asked
        })
    }

    /// A server that is down.
    #[must_use]
    pub fn new(server: Server, inputs: &Inputs) -> Self {
        Self {
            server,
            life: Life::Down,
            generation: 0,
            watches: Table::filled(0, inputs.fleets.len()),
            background_stale: true,
            held_turns_at: SimTime::NEVER,
            audit_waits: Waits::default(),
            audit_throttle: TokenBucket::default(),
            partitioned_until: SimTime::ZERO,
            stalled: None,
            oom_kills: Vec::new(),
            etcd_kills: Vec::new(),
            cachers: Table::filled(None, inputs.resources.len()),
            caches_filling: Table::filled(0, inputs.resources.len()),
            cold_since: Table::filled(SimTime::ZERO, inputs.resources.len()),
            listed_at: Table::filled(SimTime::ZERO, inputs.resources.len()),
            replaced: Table::filled(None, inputs.resources.len()),
            fill_later: Table::filled(false, inputs.resources.len()),
            spans_for: Table::filled(Bytes::ZERO, inputs.resources.len()),
            lag: None,
            starting: 0,
            admission: None,
            max_in_flight: MaxInFlight::default(),
            boots: 0,
            process: Process::default(),
            buffered_lists: 0,
            writes: 0,
            writes_arrive: Table::filled(false, inputs.resources.len()),
            let_in: Table::filled(1.0, inputs.resources.len()),
            turned_away: Table::filled(0.0, inputs.resources.len()),
            written: Table::filled(0.0, inputs.resources.len()),
            overflowed: Table::filled(SimTime::ZERO, inputs.fleets.len()),
            counting_until: Table::filled(SimTime::ZERO, inputs.resources.len()),
            levels: Vec::new(),
            crash_loop: CrashLoopBackOff::default(),
            node_lost: false,
            stopping: None,
            probed: Probed::default(),
        }
    }

    /// A process begins.
    pub(super) fn process_begins(&mut self, now: SimTime) {
        let requests = Table::filled(RequestCounts::default(), self.cachers.len());
        let (cpu, sent) = (self.server.cpu(), self.server.bytes_sent());
        let pressure = self.server.pressed();
        let number = self.process.number + 1;
        self.process = Process { number, began: now, cpu, pressure, sent, requests };
    }

    /// What its priority levels went through, over all its processes.
    #[must_use]
    pub fn level_records(&self) -> Vec<LevelRecord> {
        let mut records = self.levels.clone();
        for now in self.admission.iter().flat_map(Admission::records) {
            match records.iter_mut().find(|record| record.name == now.name) {
                Some(record) => {
                    record.peak_seats = record.peak_seats.max(now.peak_seats);
                    record.peak_waiting = record.peak_waiting.max(now.peak_waiting);
                    record.arrived += now.arrived;
                    record.dispatched += now.dispatched;
                    record.rejected += now.rejected;
                    record.cancelled += now.cancelled;
                    record.waiting += now.waiting;
                }
                None => records.push(now),
            }
        }
        records
    }

    /// Its priority levels dispatch no more.
    pub(super) fn close_levels(&mut self) {
        self.levels = self.level_records();
        for level in &mut self.levels {
            level.cancelled += std::mem::take(&mut level.waiting);
        }
        self.admission = None;
    }

    /// Until when its clients and the balancer hear nothing of it: it is cut off, or stands still.
    #[must_use]
    pub fn unheard_until(&self) -> SimTime {
        let stalled = self.stalled.map_or(SimTime::ZERO, |stalled| stalled.until);
        self.partitioned_until.max(stalled)
    }

    /// Whether its clients and the balancer hear nothing of it.
    #[must_use]
    pub fn unheard(&self, now: SimTime) -> bool {
        now < self.unheard_until()
    }

    /// Whether it serves and can be reached.
    #[must_use]
    pub fn serves(&self, now: SimTime) -> bool {
        self.life == Life::Serving && !self.unheard(now)
    }

    /// Retry-After of a cache that is being filled (docs/facts/watch-cache.md section 4.2).
    #[must_use]
    pub fn cold_retry_after(
        &self,
        resource: ResourceId,
        release: &Release,
        now: SimTime,
    ) -> SimSpan {
        let down = now.since(self.cold_since[resource]);
        unready_retry_after(down, release.cold_retry_after_grows)
    }

    /// Whether it was asked to end, and takes nothing new.
    #[must_use]
    pub fn draining(&self, now: SimTime) -> bool {
        self.stopping.is_some_and(|stopping| stopping.draining(now))
    }

    /// Whether its socket is bound.
    #[must_use]
    pub fn listens(&self) -> bool {
        self.life != Life::Down
    }
}

/// The name of a server.
#[must_use]
pub fn name(server: ServerId) -> String {
    format!("apiserver-{}", server.0)
}

/// What the kubelet knows of a process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Probed {
    /// Number of the process; probes of an older one are void.
    pub(crate) process: u32,
    /// Whether its startup probe has passed.
    pub(crate) started: bool,
    /// Failures in a row.
    pub(crate) failures: u32,
    /// Whether the last was etcd's.
    pub(crate) without_etcd: bool,
}

/// A server that stands still at its memory limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stalled {
    /// Since when.
    pub(crate) since: SimTime,
    /// The kernel kills it then.
    pub(crate) until: SimTime,
}

impl Stalled {
    /// ` after 20s at its limit`.
    pub(super) fn words(&self, now: SimTime) -> String {
        format!(" after {} at its limit", now.since(self.since))
    }
}

/// A server that was asked to end.
#[derive(Clone, Copy, Debug)]
pub struct Stopping {
    /// Nothing new is taken from then on.
    pub(crate) drains: SimTime,
    /// Its watches are closed by then.
    pub(crate) closed: SimTime,
    /// It ends then in any case.
    pub(crate) ends: SimTime,
}

impl Stopping {
    /// Whether it takes nothing new.
    #[must_use]
    pub fn draining(&self, now: SimTime) -> bool {
        now >= self.drains
    }
}
