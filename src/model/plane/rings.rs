//! Writes: how fast each resource is written, and how the rings of the servers' watch caches follow.
//!
//! A ring is exact at its turns, where it begins or ends to grow, or shrinks; between two of them
//! the bytes of its events are a straight line in the ledger.

use crate::model::apiserver::cacher::{Cacher, CacherSetting, EventWeights, WriteRate};
use crate::model::apiserver::plan::Step;
use crate::model::apiserver::server::Growth;
use crate::model::context::Context;
use crate::model::ids::{ResourceId, ServerId};
use crate::model::memory::ledger::EntryId;
use crate::model::plane::Plane;
use crate::results::Mechanism;
use crate::units::{Bytes, SimTime};

impl Plane {
    /// The ledger's entry of a resource's ring.
    fn ring_entry(cx: &Context<'_>, resource: ResourceId) -> EntryId {
        cx.catalog.resource_owner(resource).entry(Mechanism::WatchCacheEventRing)
    }

    /// What a resource's cache is set to.
    fn cacher_setting<'c>(cx: &'c Context<'_>, resource: ResourceId) -> CacherSetting<'c> {
        let (release, spec) = (&cx.inputs.release, &cx.inputs.resources[resource]);
        CacherSetting {
            release,
            request_timeout: cx.inputs.apiserver.request_timeout,
            weights: EventWeights::of(release, spec, &cx.catalog.profiles[resource]),
        }
    }

    /// The cache of a server that has been up for long; `None` for a resource without one.
    pub(crate) fn warm_cacher(&self, cx: &Context<'_>, resource: ResourceId) -> Option<Cacher> {
        let spec = &cx.inputs.resources[resource];
        spec.watch_cache.then(|| {
            let (up_for, writes) = (cx.inputs.apiserver.up_for, self.writes[resource]);
            Cacher::warm(&Self::cacher_setting(cx, resource), spec.count, up_for, writes)
        })
    }

    /// A server has filled a cache with what etcd held at `listed`: writes since then follow.
    pub(crate) fn cache_filled(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        resource: ResourceId,
        listed: SimTime,
        now: SimTime,
    ) {
        let objects = self.etcd.objects[resource];
        let rate = self.flows.rate(resource);
        let mut cacher = Cacher::filled(&Self::cacher_setting(cx, resource), objects, listed);
        cacher.set_rate(rate, listed);
        cacher.turn(now);
        self.servers[server].cachers[resource] = Some(cacher);
        self.weigh_ring(cx, server, resource);
    }

    /// A resource is written at another rate from now on.
    pub(crate) fn set_writes(
        &mut self,
        cx: &mut Context<'_>,
        resource: ResourceId,
        rate: WriteRate,
        now: SimTime,
    ) {
        self.count_writes(now);
        self.writes[resource] = rate.per_second;
        for server in self.servers.ids() {
            let state = &mut self.servers[server];
            state.background_stale = true;
            state.server.settle(now);
            let (boot, admits) = (state.boots, state.admission.is_some());
            if let Some(cacher) = &mut state.cachers[resource] {
                cacher.set_rate(rate, now);
                self.weigh_ring(cx, server, resource);
            }
            if admits {
                self.open_writes_of(cx, server, boot, resource, now);
            }
            self.touch(server);
        }
    }

    /// Counts the writes that have come up to now.
    pub(crate) fn count_writes(&mut self, now: SimTime) {
        let seconds = now.since(self.written.0).as_secs_f64();
        let rate: f64 = self.writes.iter().sum();
        self.written = (now, self.written.1 + rate * seconds);
    }

    /// Brings a server's rings past the turns that are due.
    pub(crate) fn turn_rings(&mut self, cx: &mut Context<'_>, server: ServerId, now: SimTime) {
        for resource in cx.inputs.resource_ids() {
            let state = &mut self.servers[server];
            let Some(cacher) = &mut state.cachers[resource] else { continue };
            if cacher.turns_at() <= now {
                cacher.turn(now);
                state.background_stale = true;
                self.weigh_ring(cx, server, resource);
            }
        }
    }

    /// Sets a ring's entry in the ledger to what it holds.
    pub(crate) fn weigh_ring(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        resource: ResourceId,
    ) {
        let entry = Self::ring_entry(cx, resource);
        let state = &mut self.servers[server];
        let Some(cacher) = &state.cachers[resource] else { return };
        let (holds, booked) = (cacher.ring_bytes(), Bytes(state.server.memory.ledger.get(entry)));
        if holds > booked {
            state.server.memory.step(Step::Take(entry, holds - booked));
        } else {
            state.server.memory.step(Step::Drop(entry, booked - holds));
        }
        state.background_stale = true;
        self.touch(server);
    }

    /// How a server's rings grow until the next turn.
    pub(crate) fn ring_growth(&self, cx: &Context<'_>, server: ServerId) -> Vec<Growth> {
        let cachers = &self.servers[server].cachers;
        let growing = cachers.pairs().filter_map(|(resource, cacher)| {
            let cacher = cacher.as_ref()?;
            let until = cacher.turns_at();
            (until < SimTime::NEVER || cacher.growth_per_second() > 0).then(|| Growth {
                entry: Self::ring_entry(cx, resource),
                per_second: cacher.growth_per_second(),
                until,
            })
        });
        growing.collect()
    }
}
