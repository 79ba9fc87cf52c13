//! The life of the servers: start, fill caches, become ready, die, come back; and the balancer's
//! checks on them.

mod death;

use super::admission::Admission;
use super::apf::concurrency::{BORROWING_ADJUSTMENT_PERIOD, next_adjustment};
use super::apf::max_in_flight::MaxInFlight;
use super::apiserver::cacher::Cacher;
use super::apiserver::server::{PlanId, Server};
use super::apiserver::tag::{StartUp, Tag};
use super::apiserver::{consistency, startup};
use super::client::driver::Lag;
use super::event::Event;
use super::faults::{Probed, Stopping};
use super::ids::{FleetId, ResourceId, ServerId, Table};
use super::input::Inputs;
use super::memory::ledger::OwnerId;
use super::node::CrashLoopBackOff;
use super::release::Release;
use super::watchcache::capacity::unready_retry_after;
use super::world::World;
use crate::results::{LevelRecord, LogKind, Mechanism, OomKill};
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

/// From listening until the informers of the priority levels have synced, if nothing holds them up:
/// one round of `WaitForCacheSync` (`syncedPollPeriod`, client-go `shared_informer.go`).
const CONFIG_SYNC: SimSpan = SimSpan::millis(100);

/// A server and what the control plane knows about it.
#[derive(Debug)]
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
    /// Cut off from its clients and the balancer until then.
    pub partitioned_until: SimTime,
    /// Kills so far.
    pub oom_kills: Vec<OomKill>,
    /// The filled caches, by resource.
    pub cachers: Table<ResourceId, Option<Cacher>>,
    /// Caches being filled, by resource: one for each version of a custom resource.
    caches_filling: Table<ResourceId, u32>,
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
    starting: u32,
    /// API Priority and Fairness of the present process, if it is enabled.
    pub admission: Option<Admission>,
    /// What limits the LISTs of the present process if it is not.
    pub max_in_flight: MaxInFlight,
    /// Processes so far.
    pub boots: u32,
    /// Writes so far, as events.
    pub writes: u32,
    /// Whether writes to a resource arrive here, by resource.
    pub writes_arrive: Table<ResourceId, bool>,
    /// Until when a count of objects waits for the cache, by resource.
    pub counting_until: Table<ResourceId, SimTime>,
    /// What the levels of former processes went through.
    levels: Vec<LevelRecord>,
    pub(super) crash_loop: CrashLoopBackOff,
    /// Its node is lost: nobody answers at its address.
    pub(super) node_lost: bool,
    /// It was told to end.
    pub(super) stopping: Option<Stopping>,
    /// What the kubelet's probes have found.
    pub(super) probed: Probed,
}

impl ServerState {
    /// A server that is down.
    #[must_use]
    pub fn new(server: Server, inputs: &Inputs) -> Self {
        Self {
            server,
            life: Life::Down,
            generation: 0,
            watches: Table::filled(0, inputs.fleets.len()),
            background_stale: true,
            partitioned_until: SimTime::ZERO,
            oom_kills: Vec::new(),
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
            writes: 0,
            writes_arrive: Table::filled(false, inputs.resources.len()),
            counting_until: Table::filled(SimTime::ZERO, inputs.resources.len()),
            levels: Vec::new(),
            crash_loop: CrashLoopBackOff::default(),
            node_lost: false,
            stopping: None,
            probed: Probed::default(),
        }
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

    /// Whether it is cut off from its clients and the balancer.
    #[must_use]
    pub fn partitioned(&self, now: SimTime) -> bool {
        now < self.partitioned_until
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

    /// Whether it was told to end, and takes nothing new.
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

impl World<'_> {
    /// Sets the control plane up as it is at the start.
    pub(super) fn open_control_plane(&mut self) {
        for server in self.plane.servers.ids() {
            if self.cx.inputs.apiserver.warm {
                self.open_warm(server);
            } else {
                self.cx.record.down(server, SimTime::ZERO, true);
                self.cx.queue.push(SimTime::ZERO, Event::Restart { server });
            }
            let first = self.cx.inputs.balancer.check_interval;
            self.cx.queue.push(SimTime::ZERO + first, Event::Check { server });
            self.touch(server);
        }
    }

    /// A server that has been up for long: caches full, collector somewhere in its cycle.
    fn open_warm(&mut self, server: ServerId) {
        let mut held = Vec::new();
        let mut spans = Bytes::ZERO;
        for resource in self.cx.inputs.resource_ids() {
            let owner = self.cx.catalog.resource_owner(resource);
            let scannable = self.cx.catalog.profiles[resource].scannable;
            for (mechanism, bytes) in self.cx.catalog.warm_holdings(self.cx.inputs, resource) {
                held.push((owner.entry(mechanism), bytes));
                spans += bytes.scale(super::costs::span_overhead(scannable));
                self.plane.servers[server].spans_for[resource] += bytes;
            }
            if let Some(cacher) = self.warm_cacher(resource) {
                let bytes = cacher.ring_bytes();
                held.push((owner.entry(Mechanism::WatchCacheEventRing), bytes));
                spans += bytes.scale(super::costs::span_overhead(scannable));
                self.plane.servers[server].cachers[resource] = Some(cacher);
            }
        }
        let base = OwnerId::SERVER.entry(Mechanism::ProcessBase);
        let apiserver = &self.cx.inputs.apiserver;
        let empty = super::costs::EMPTY_LIVE_HEAP.scale(self.cx.inputs.calibration.base_heap);
        held.push((base, empty + apiserver.other_live_heap));
        spans += apiserver.other_live_heap.scale(super::costs::SPAN_OVERHEAD);
        let luck = self.cx.streams.stream("collector phase", u64::from(server)).uniform();
        self.admit_from_now(server, SimTime::ZERO);
        let state = &mut self.plane.servers[server];
        if let Some(admission) = &mut state.admission {
            let counts = self.plane.etcd.objects.pairs();
            counts.for_each(|(resource, count)| admission.count_objects(resource, *count));
        }
        state.server.boot(SimTime::ZERO);
        state.life = Life::Serving;
        self.probe_from_now(server, true, SimTime::ZERO);
        let state = &mut self.plane.servers[server];
        let memory = &mut state.server.memory;
        memory.add_outside_heap(base, spans.0);
        for (entry, bytes) in held {
            memory.add_live(entry, bytes.0);
        }
        let rate = super::costs::IDLE_GARBAGE_PER_SECOND + apiserver.other_garbage.0;
        memory.open_warm(
            state.server.settings.gc,
            rate.saturating_mul(120),
            luck,
            apiserver.idle_resident,
            apiserver.up_for,
        );
        for resource in self.cx.inputs.resource_ids() {
            if self.cx.inputs.resources[resource].watch_cache {
                self.check_from_now(server, resource, self.cx.inputs.apiserver.up_for);
            }
            self.count_again(server, resource, SimTime::ZERO);
        }
    }

    /// The kubelet starts the container.
    pub(super) fn restart(&mut self, server: ServerId, now: SimTime) {
        let (plans, context) = self.plane.planning(&self.cx);
        let boot = plans.boot(&context);
        let state = &mut self.plane.servers[server];
        if state.life != Life::Down || state.node_lost {
            return;
        }
        state.life = Life::Booting;
        self.probe_from_now(server, false, now);
        let state = &mut self.plane.servers[server];
        state.crash_loop.started(now);
        state.starting = 1;
        state.lag = None;
        state.caches_filling.fill(0);
        self.sample_now(server, now);
        let state = &mut self.plane.servers[server];
        state.server.boot(now);
        state.server.start(&self.plane.plans.made, boot, Tag::StartUp(StartUp::Boot), false, now);
        self.touch(server);
        self.cx.record.note(now, LogKind::Started, &name(server), "process started".into());
    }

    /// A start-up request has finished.
    pub(super) fn start_up_finished(&mut self, server: ServerId, request: StartUp, now: SimTime) {
        match request {
            StartUp::Boot => self.booted(server, now),
            StartUp::Rest => self.start_up_done(server, now),
            StartUp::Cache(resource) => self.cache_listed(server, resource, now),
            StartUp::Loopback(resource) => {
                self.start_up_done(server, now);
                self.restock(server, resource, now);
            }
            StartUp::Check(_) => {}
        }
    }

    /// A version of a resource has been listed from etcd: with the last one its caches are filled.
    fn cache_listed(&mut self, server: ServerId, resource: ResourceId, now: SimTime) {
        let state = &mut self.plane.servers[server];
        state.caches_filling[resource] -= 1;
        if state.caches_filling[resource] > 0 {
            return;
        }
        self.cache_counted(server, resource, now);
        if self.replace_cache(server, resource, now) {
            return;
        }
        let listed = self.plane.servers[server].listed_at[resource];
        self.cache_filled(server, resource, listed, now);
        self.restock(server, resource, now);
        self.check_from_now(server, resource, now.since(listed));
        if startup::loopback_waits(&self.cx.inputs.release) {
            self.fill_loopback(server, resource, now);
        }
        if startup::fills_at_start(&self.cx.inputs.resources[resource]) {
            self.start_up_done(server, now);
        }
    }

    /// Arranges the checks of a cache's consistency that are `up_for` old: first after a period,
    /// or somewhere in the period of a cache that is older.
    pub(super) fn check_from_now(
        &mut self,
        server: ServerId,
        resource: ResourceId,
        up_for: SimSpan,
    ) {
        if !self.cx.inputs.release.detect_cache_inconsistency {
            return;
        }
        let boot = self.plane.servers[server].boots;
        for version in 0..self.cx.inputs.resources[resource].versions.max(1) {
            let entity = u64::from(server) << 48
                | u64::from(boot) << 32
                | u64::from(resource) << 8
                | u64::from(version);
            let mut luck = self.cx.streams.stream("consistency check", entity);
            let period = consistency::period(luck.uniform());
            let first =
                if up_for < period { period - up_for } else { period.scale(luck.uniform()) };
            let at = self.cx.queue.now() + first;
            self.cx.queue.push(at, Event::Compare { server, boot, resource, period });
        }
    }

    /// A check of a cache's consistency begins.
    pub(super) fn compare_cache(
        &mut self,
        server: ServerId,
        boot: u32,
        resource: ResourceId,
        period: SimSpan,
        now: SimTime,
    ) {
        let state = &self.plane.servers[server];
        if state.boots != boot || !state.server.running() {
            return;
        }
        let unreachable = self.plane.etcd.outage.down(now);
        let again = Event::Compare { server, boot, resource, period };
        self.cx.queue.push(now + period, again);
        if state.cachers[resource].is_some() && !unreachable {
            let (plans, context) = self.plane.planning(&self.cx);
            let plan = plans.consistency(&context, resource);
            let tag = Tag::StartUp(StartUp::Check(resource));
            let state = &mut self.plane.servers[server];
            state.server.start(&self.plane.plans.made, plan, tag, false, now);
            self.touch(server);
        }
    }

    /// Sets up API Priority and Fairness of a process that begins to listen: with the mandatory
    /// objects only, until its informers of the configuration have synced.
    fn admit_from_now(&mut self, server: ServerId, now: SimTime) {
        let state = &mut self.plane.servers[server];
        state.boots += 1;
        if !self.cx.inputs.apf.enabled {
            state.max_in_flight = MaxInFlight::new(self.cx.inputs.apiserver.max_requests_inflight);
            return;
        }
        let boot = state.boots;
        state.admission = Some(Admission::new(self.cx.inputs, now));
        self.open_writes(server, boot, now);
        if now > SimTime::ZERO {
            self.cx.queue.push(now + CONFIG_SYNC, Event::Configure { server, boot });
            return;
        }
        let entity = u64::from(server) << 32 | u64::from(boot);
        let luck = self.cx.streams.stream("adjustment phase", entity).uniform();
        let speed = self.cx.catalog.hardware.cpu_speed;
        let first = next_adjustment(self.cx.inputs.apiserver.up_for, speed, luck);
        self.configure(server, boot, first, now);
    }

    /// The whole configuration takes effect; the next adjustment follows after `first`, then every
    /// ten seconds.
    pub(super) fn configure(&mut self, server: ServerId, boot: u32, first: SimSpan, now: SimTime) {
        let state = &mut self.plane.servers[server];
        let Some(admission) = state.admission.as_mut().filter(|_| state.boots == boot) else {
            return;
        };
        admission.configure(self.cx.inputs, now);
        self.cx.queue.push(now + first, Event::Borrow { server, boot });
        self.let_in(server, now);
    }

    /// The periodic adjustment of a server's limits.
    pub(super) fn borrow_seats(&mut self, server: ServerId, boot: u32, now: SimTime) {
        let state = &mut self.plane.servers[server];
        if state.boots != boot {
            return;
        }
        let Some(admission) = &mut state.admission else { return };
        admission.update_borrowing(now);
        self.cx.queue.push(now + BORROWING_ADJUSTMENT_PERIOD, Event::Borrow { server, boot });
        self.let_in(server, now);
    }

    fn booted(&mut self, server: ServerId, now: SimTime) {
        self.admit_from_now(server, now);
        self.plane.servers[server].life = Life::Filling;
        self.accept_all(server, now);
        let (plans, context) = self.plane.planning(&self.cx);
        if let Some(plan) = plans.rest(&context) {
            self.start_up_request(server, plan, Tag::StartUp(StartUp::Rest), now);
        }
        for resource in self.cx.inputs.resource_ids() {
            if !self.cx.inputs.resources[resource].watch_cache {
                self.begin_counting(server, resource, now);
            }
            if startup::fills_at_start(&self.cx.inputs.resources[resource]) {
                self.fill_cache(server, resource, now);
                self.plane.servers[server].starting += 1;
            }
            if !startup::loopback_waits(&self.cx.inputs.release) {
                self.fill_loopback(server, resource, now);
            }
        }
        self.start_up_done(server, now);
    }

    /// Starts to fill the cache of every version of a resource; custom resources do so at their
    /// first request.
    pub(super) fn fill_cache(&mut self, server: ServerId, resource: ResourceId, now: SimTime) {
        let state = &mut self.plane.servers[server];
        let known = state.cachers[resource].is_some() || state.replaced[resource].is_some();
        if state.caches_filling[resource] > 0 || known || state.fill_later[resource] {
            return;
        }
        state.cold_since[resource] = now;
        state.fill_later[resource] = self.plane.etcd.outage.down(now);
        let later = state.fill_later[resource];
        self.begin_counting(server, resource, now);
        if !later {
            let (plans, context) = self.plane.planning(&self.cx);
            let plan = plans.cache(&context, resource);
            self.start_filling(server, resource, plan, now);
        }
    }

    /// Lists a resource from etcd into the caches of all its versions.
    pub(super) fn start_filling(
        &mut self,
        server: ServerId,
        resource: ResourceId,
        plan: PlanId,
        now: SimTime,
    ) {
        let versions = self.cx.inputs.resources[resource].versions.max(1);
        let state = &mut self.plane.servers[server];
        state.caches_filling[resource] = versions;
        state.listed_at[resource] = now;
        let tag = Tag::StartUp(StartUp::Cache(resource));
        for _ in 0..versions {
            state.server.start(&self.plane.plans.made, plan, tag, false, now);
        }
        self.touch(server);
    }

    /// Starts the server's own informer of a resource, if it has one.
    pub(super) fn fill_loopback(&mut self, server: ServerId, resource: ResourceId, now: SimTime) {
        let (plans, context) = self.plane.planning(&self.cx);
        if let Some(plan) = plans.loopback(&context, resource) {
            self.start_up_request(server, plan, Tag::StartUp(StartUp::Loopback(resource)), now);
        }
    }

    fn start_up_request(&mut self, server: ServerId, plan: PlanId, tag: Tag, now: SimTime) {
        let state = &mut self.plane.servers[server];
        state.starting += 1;
        if self.plane.etcd.outage.down(now) {
            self.wait_for_etcd(server, plan, tag);
            return;
        }
        state.server.start(&self.plane.plans.made, plan, tag, false, now);
        self.touch(server);
    }

    /// One start-up request less; after the last the server is ready. (Its own informers count:
    /// `/readyz/informer-sync`.)
    fn start_up_done(&mut self, server: ServerId, now: SimTime) {
        let state = &mut self.plane.servers[server];
        state.starting = state.starting.saturating_sub(1);
        if state.starting > 0 || state.life != Life::Filling {
            return;
        }
        state.life = Life::Serving;
        state.background_stale = true;
        let since = state.oom_kills.last_mut().filter(|kill| kill.back_at.is_none());
        if let Some(kill) = since {
            kill.back_at = Some(now);
        }
        self.mark_all_stale();
        for resource in self.cx.inputs.resource_ids() {
            self.restock(server, resource, now);
        }
        self.cx.record.down(server, now, false);
        self.cx.record.note(now, LogKind::Ready, &name(server), "ready".into());
    }

    /// Writes are spread over the serving servers: a change of their number changes every load.
    fn mark_all_stale(&mut self) {
        for server in self.plane.servers.ids() {
            self.plane.servers[server].background_stale = true;
            self.touch(server);
        }
    }
}
