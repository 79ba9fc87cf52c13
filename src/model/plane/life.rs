//! The life of the servers: they start, fill their caches, become ready.

use crate::model::admission::Admission;
use crate::model::apf::concurrency::{BORROWING_ADJUSTMENT_PERIOD, next_adjustment};
use crate::model::apf::max_in_flight::MaxInFlight;
use crate::model::apiserver::server::PlanId;
use crate::model::apiserver::tag::{StartUp, Tag};
use crate::model::apiserver::{consistency, startup};
use crate::model::context::Context;
use crate::model::costs;
use crate::model::event::Event;
use crate::model::ids::{ResourceId, ServerId};
use crate::model::memory::ledger::OwnerId;
use crate::model::objects::in_loopback_informers;
use crate::model::plane::Plane;
use crate::model::plane::server_state::{Life, name};
use crate::results::{LogKind, Mechanism};
use crate::units::{Bytes, SimSpan, SimTime};

/// From listening until the informers of the priority levels have synced, if nothing holds them up:
/// one round of `WaitForCacheSync` (`syncedPollPeriod`, client-go `shared_informer.go`).
const CONFIG_SYNC: SimSpan = SimSpan::millis(100);

impl Plane {
    /// Sets the control plane up as it is at the start.
    pub(crate) fn open(&mut self, cx: &mut Context<'_>) {
        cx.record.counters.objects_most = self.etcd.objects.iter().sum();
        for server in self.servers.ids() {
            if cx.inputs.apiserver.warm {
                self.open_warm(cx, server);
            } else {
                cx.record.down(server, SimTime::ZERO, true);
                cx.queue.push(SimTime::ZERO, Event::Restart { server });
            }
            let first = cx.inputs.balancer.check_interval;
            cx.queue.push(SimTime::ZERO + first, Event::Check { server });
            self.touch(server);
        }
    }

    /// A server that has been up for long: caches full, collector somewhere in its cycle.
    fn open_warm(&mut self, cx: &mut Context<'_>, server: ServerId) {
        let mut held = Vec::new();
        let mut spans = Bytes::ZERO;
        for resource in cx.inputs.resource_ids() {
            let owner = cx.catalog.resource_owner(resource);
            let overhead = cx.catalog.profiles[resource].span_overhead();
            for (mechanism, bytes) in cx.catalog.warm_holdings(cx.inputs, resource) {
                held.push((owner.entry(mechanism), bytes));
                spans += bytes.scale(overhead);
                self.servers[server].spans_for[resource] += bytes;
            }
            if let Some(cacher) = self.warm_cacher(cx, resource) {
                let bytes = cacher.ring_bytes();
                held.push((owner.entry(Mechanism::WatchCacheEventRing), bytes));
                spans += bytes.scale(overhead);
                self.servers[server].cachers[resource] = Some(cacher);
            }
        }
        let base = OwnerId::SERVER.entry(Mechanism::ProcessBase);
        let apiserver = &cx.inputs.apiserver;
        let empty = costs::EMPTY_LIVE_HEAP.scale(cx.inputs.calibration.base_heap);
        held.push((base, empty + apiserver.other_live_heap));
        spans += apiserver.other_live_heap.scale(costs::SPAN_OVERHEAD);
        let luck = cx.streams.stream("collector phase", u64::from(server)).uniform();
        self.admit_from_now(cx, server, SimTime::ZERO);
        let state = &mut self.servers[server];
        if let Some(admission) = &mut state.admission {
            let counts = self.etcd.objects.pairs();
            counts.for_each(|(resource, count)| admission.count_objects(resource, *count));
        }
        state.server.boot(SimTime::ZERO);
        state.process_begins(SimTime::ZERO);
        state.life = Life::Serving;
        self.probe_from_now(cx, server, true, SimTime::ZERO);
        let state = &mut self.servers[server];
        let memory = &mut state.server.memory;
        memory.add_outside_heap(base, spans.0);
        for (entry, bytes) in held {
            memory.add_live(entry, bytes.0);
        }
        let rate = costs::IDLE_GARBAGE_PER_SECOND + apiserver.other_garbage.0;
        memory.open_warm(
            state.server.settings.gc,
            rate.saturating_mul(120),
            luck,
            apiserver.idle_resident,
            apiserver.up_for,
        );
        for resource in cx.inputs.resource_ids() {
            if cx.inputs.resources[resource].watch_cache {
                self.check_from_now(cx, server, resource, cx.inputs.apiserver.up_for);
            }
            self.count_again(cx, server, resource, SimTime::ZERO);
        }
    }

    /// The kubelet starts the container.
    pub(crate) fn restart(&mut self, cx: &mut Context<'_>, server: ServerId, now: SimTime) {
        let (plans, context) = self.planning(cx);
        let boot = plans.boot(&context);
        let state = &mut self.servers[server];
        if state.life != Life::Down || state.node_lost {
            return;
        }
        state.life = Life::Booting;
        self.probe_from_now(cx, server, false, now);
        let state = &mut self.servers[server];
        state.crash_loop.started(now);
        state.starting = 1;
        state.lag = None;
        state.caches_filling.fill(0);
        self.sample(cx, server, now);
        let state = &mut self.servers[server];
        state.server.boot(now);
        state.process_begins(now);
        state.server.start(&self.plans.made, boot, Tag::StartUp(StartUp::Boot), false, now);
        self.touch(server);
        cx.record.note(now, LogKind::Started, &name(server), "process started".into());
    }

    /// A request of the server itself has finished; what follows the start of the process is the
    /// world's.
    pub(crate) fn start_up_finished(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        request: StartUp,
        now: SimTime,
    ) {
        match request {
            StartUp::Boot | StartUp::Check(_) => {}
            StartUp::Rest => self.start_up_done(cx, server, now),
            StartUp::Cache(resource) => self.cache_listed(cx, server, resource, now),
            StartUp::Loopback(resource) => {
                self.start_up_done(cx, server, now);
                self.restock(cx, server, resource, now);
            }
        }
    }

    /// A version of a resource has been listed from etcd: with the last one its caches are filled.
    fn cache_listed(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        resource: ResourceId,
        now: SimTime,
    ) {
        let state = &mut self.servers[server];
        state.caches_filling[resource] -= 1;
        if state.caches_filling[resource] > 0 {
            return;
        }
        self.cache_counted(server, resource, now);
        if self.replace_cache(cx, server, resource, now) {
            return;
        }
        let listed = self.servers[server].listed_at[resource];
        self.cache_filled(cx, server, resource, listed, now);
        self.restock(cx, server, resource, now);
        self.check_from_now(cx, server, resource, now.since(listed));
        if startup::loopback_waits(&cx.inputs.release) {
            self.fill_loopback(cx, server, resource, now);
        }
        if startup::fills_at_start(&cx.inputs.resources[resource]) {
            self.start_up_done(cx, server, now);
        }
    }

    /// Arranges the checks of a cache's consistency that are `up_for` old: first after a period,
    /// or somewhere in the period of a cache that is older.
    fn check_from_now(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        resource: ResourceId,
        up_for: SimSpan,
    ) {
        if !cx.inputs.release.detect_cache_inconsistency {
            return;
        }
        let boot = self.servers[server].boots;
        for version in 0..cx.inputs.resources[resource].caches() {
            let entity = u64::from(server) << 48
                | u64::from(boot) << 32
                | u64::from(resource) << 8
                | u64::from(version);
            let mut luck = cx.streams.stream("consistency check", entity);
            let period = consistency::period(luck.uniform());
            let first =
                if up_for < period { period - up_for } else { period.scale(luck.uniform()) };
            let at = cx.queue.now() + first;
            cx.queue.push(at, Event::Compare { server, boot, resource, period });
        }
    }

    /// A check of a cache's consistency begins.
    pub(crate) fn compare_cache(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        boot: u32,
        resource: ResourceId,
        period: SimSpan,
        now: SimTime,
    ) {
        let state = &self.servers[server];
        if state.boots != boot || !state.server.running() {
            return;
        }
        let unreachable = self.etcd_down(server, now) || state.stalled.is_some();
        let again = Event::Compare { server, boot, resource, period };
        // The next follows the end of this one, which a conversion webhook may draw out.
        let converting = cx.inputs.conversion(resource).times(self.etcd.objects[resource]);
        cx.queue.push(now + period + converting, again);
        if state.cachers[resource].is_some() && !unreachable {
            let (plans, context) = self.planning(cx);
            let plan = plans.consistency(&context, resource);
            let tag = Tag::StartUp(StartUp::Check(resource));
            let state = &mut self.servers[server];
            state.server.start(&self.plans.made, plan, tag, false, now);
            self.touch(server);
        }
    }

    /// Sets up API Priority and Fairness of a process that begins to listen: with the mandatory
    /// objects only, until its informers of the configuration have synced.
    fn admit_from_now(&mut self, cx: &mut Context<'_>, server: ServerId, now: SimTime) {
        let state = &mut self.servers[server];
        state.boots += 1;
        if !cx.inputs.apf.enabled {
            state.max_in_flight = MaxInFlight::new(cx.inputs.apiserver.max_requests_inflight);
            return;
        }
        let boot = state.boots;
        state.admission = Some(Admission::new(cx.inputs, now));
        self.open_writes(cx, server, boot, now);
        if now > SimTime::ZERO {
            cx.queue.push(now + CONFIG_SYNC, Event::Configure { server, boot });
            return;
        }
        let entity = u64::from(server) << 32 | u64::from(boot);
        let luck = cx.streams.stream("adjustment phase", entity).uniform();
        let speed = cx.catalog.hardware.cpu_speed;
        let decoding = Self::own_informers(cx);
        let first = next_adjustment(cx.inputs.apiserver.up_for, decoding, speed, luck);
        self.configure(cx, server, boot, first, now);
    }

    /// CPU time of decoding what a server's own informers read, on the first measured machine.
    fn own_informers(cx: &Context<'_>) -> SimSpan {
        let mut decoding = SimSpan::ZERO;
        for id in cx.inputs.resource_ids() {
            let (resource, profile) = (&cx.inputs.resources[id], &cx.catalog.profiles[id]);
            if in_loopback_informers(resource) {
                let count = resource.count;
                decoding += profile.decode.of(count, profile.stored.times(count));
            }
        }
        decoding
    }

    /// The whole configuration takes effect; the next adjustment follows after `first`, then every
    /// ten seconds. Whether it does: the process is the same, and has priority levels.
    pub(crate) fn configure(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        boot: u32,
        first: SimSpan,
        now: SimTime,
    ) -> bool {
        let state = &mut self.servers[server];
        let Some(admission) = state.admission.as_mut().filter(|_| state.boots == boot) else {
            return false;
        };
        admission.configure(cx.inputs, now);
        cx.queue.push(now + first, Event::Borrow { server, boot });
        true
    }

    /// The periodic adjustment of a server's limits. Whether it takes place: the process is the same.
    pub(crate) fn borrow_seats(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        boot: u32,
        now: SimTime,
    ) -> bool {
        let state = &mut self.servers[server];
        let Some(admission) = state.admission.as_mut().filter(|_| state.boots == boot) else {
            return false;
        };
        admission.update_borrowing(now);
        cx.queue.push(now + BORROWING_ADJUSTMENT_PERIOD, Event::Borrow { server, boot });
        true
    }

    /// A process has started: it listens from now on, and accepts connections.
    pub(crate) fn listen(&mut self, cx: &mut Context<'_>, server: ServerId, now: SimTime) {
        self.admit_from_now(cx, server, now);
        self.servers[server].life = Life::Filling;
    }

    /// A process that listens fills its caches, its own informers and the rest.
    pub(crate) fn fill_all(&mut self, cx: &mut Context<'_>, server: ServerId, now: SimTime) {
        let (plans, context) = self.planning(cx);
        if let Some(plan) = plans.rest(&context) {
            self.start_up_request(server, plan, Tag::StartUp(StartUp::Rest), now);
        }
        for resource in cx.inputs.resource_ids() {
            if !cx.inputs.resources[resource].watch_cache {
                self.begin_counting(cx, server, resource, now);
            }
            if startup::fills_at_start(&cx.inputs.resources[resource]) {
                self.fill_cache(cx, server, resource, now);
                self.servers[server].starting += 1;
            }
            if !startup::loopback_waits(&cx.inputs.release) {
                self.fill_loopback(cx, server, resource, now);
            }
        }
        self.start_up_done(cx, server, now);
    }

    /// Starts to fill the cache of every version of a resource; custom resources do so at their
    /// first request.
    pub(crate) fn fill_cache(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        resource: ResourceId,
        now: SimTime,
    ) {
        let later = self.etcd_down(server, now);
        let state = &mut self.servers[server];
        let known = state.cachers[resource].is_some() || state.replaced[resource].is_some();
        if state.caches_filling[resource] > 0 || known || state.fill_later[resource] {
            return;
        }
        state.cold_since[resource] = now;
        state.fill_later[resource] = later;
        self.begin_counting(cx, server, resource, now);
        if !later {
            let (plans, context) = self.planning(cx);
            let plan = plans.cache(&context, resource);
            self.start_filling(cx, server, resource, plan, now);
        }
    }

    /// Lists a resource from etcd into the caches of all its versions.
    pub(crate) fn start_filling(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        resource: ResourceId,
        plan: PlanId,
        now: SimTime,
    ) {
        let versions = cx.inputs.resources[resource].caches();
        let state = &mut self.servers[server];
        state.caches_filling[resource] = versions;
        state.listed_at[resource] = now;
        let tag = Tag::StartUp(StartUp::Cache(resource));
        for _ in 0..versions {
            state.server.start(&self.plans.made, plan, tag, false, now);
        }
        self.touch(server);
    }

    /// Starts the server's own informer of a resource, if it has one.
    pub(crate) fn fill_loopback(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        resource: ResourceId,
        now: SimTime,
    ) {
        let (plans, context) = self.planning(cx);
        if let Some(plan) = plans.loopback(&context, resource) {
            self.start_up_request(server, plan, Tag::StartUp(StartUp::Loopback(resource)), now);
        }
    }

    /// Sends a request of the server itself that its readiness waits for, or has it wait for etcd.
    fn start_up_request(&mut self, server: ServerId, plan: PlanId, tag: Tag, now: SimTime) {
        self.servers[server].starting += 1;
        if self.etcd_down(server, now) {
            self.wait_for_etcd(server, plan, tag);
            return;
        }
        let state = &mut self.servers[server];
        state.server.start(&self.plans.made, plan, tag, false, now);
        self.touch(server);
    }

    /// One start-up request less; after the last the server is ready. (Its own informers count:
    /// `/readyz/informer-sync`.)
    fn start_up_done(&mut self, cx: &mut Context<'_>, server: ServerId, now: SimTime) {
        let state = &mut self.servers[server];
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
        for resource in cx.inputs.resource_ids() {
            self.restock(cx, server, resource, now);
        }
        cx.record.down(server, now, false);
        cx.record.note(now, LogKind::Ready, &name(server), "ready".into());
    }

    /// Writes are spread over the serving servers: a change of their number changes every load.
    pub(crate) fn mark_all_stale(&mut self) {
        for server in self.servers.ids() {
            self.servers[server].background_stale = true;
            self.touch(server);
        }
    }
}
