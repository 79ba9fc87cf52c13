//! Writes: how fast each resource is written, and how the rings of the servers' watch caches follow.
//!
//! A ring is exact at its turns, where it begins or ends to grow, or shrinks; between two of them
//! the bytes of its events are a straight line in the ledger.

use super::apiserver::cacher::{Cacher, CacherSetting, EventWeights, WriteRate};
use super::apiserver::plan::Step;
use super::apiserver::server::Growth;
use super::ids::{ResourceId, ServerId};
use super::memory::ledger::EntryId;
use super::world::World;
use crate::results::Mechanism;
use crate::units::{Bytes, SimTime};

impl World<'_> {
    pub(super) fn ring_entry(&self, resource: ResourceId) -> EntryId {
        self.cx.catalog.resource_owner(resource).entry(Mechanism::WatchCacheEventRing)
    }

    fn cacher_setting(&self, resource: ResourceId) -> CacherSetting<'_> {
        let (release, spec) = (&self.cx.inputs.release, &self.cx.inputs.resources[resource]);
        CacherSetting {
            release,
            request_timeout: self.cx.inputs.apiserver.request_timeout,
            weights: EventWeights::of(release, spec, &self.cx.catalog.profiles[resource]),
        }
    }

    /// The cache of a server that has been up for long; `None` for a resource without one.
    pub(super) fn warm_cacher(&self, resource: ResourceId) -> Option<Cacher> {
        let spec = &self.cx.inputs.resources[resource];
        spec.watch_cache.then(|| {
            let (up_for, writes) = (self.cx.inputs.apiserver.up_for, self.plane.writes[resource]);
            Cacher::warm(&self.cacher_setting(resource), spec.count, up_for, writes)
        })
    }

    /// A server has filled a cache with what etcd held at `listed`: writes since then follow.
    pub(super) fn cache_filled(
        &mut self,
        server: ServerId,
        resource: ResourceId,
        listed: SimTime,
        now: SimTime,
    ) {
        let objects = self.plane.etcd.objects[resource];
        let rate = self.plane.flows.rate(resource);
        let mut cacher = Cacher::filled(&self.cacher_setting(resource), objects, listed);
        cacher.set_rate(rate, listed);
        cacher.turn(now);
        self.plane.servers[server].cachers[resource] = Some(cacher);
        self.weigh_ring(server, resource);
    }

    /// A resource is written at another rate from now on.
    pub(super) fn set_writes(&mut self, resource: ResourceId, rate: WriteRate, now: SimTime) {
        self.plane.writes[resource] = rate.per_second;
        for server in self.plane.servers.ids() {
            let state = &mut self.plane.servers[server];
            state.background_stale = true;
            state.server.settle(now);
            let (boot, admits) = (state.boots, state.admission.is_some());
            if let Some(cacher) = &mut state.cachers[resource] {
                cacher.set_rate(rate, now);
                self.weigh_ring(server, resource);
            }
            if admits {
                self.open_writes_of(server, boot, resource, now);
            }
            self.touch(server);
        }
        self.rouse_watchers(resource, now);
    }

    /// Brings a server's rings past the turns that are due.
    pub(super) fn turn_rings(&mut self, server: ServerId, now: SimTime) {
        for resource in self.cx.inputs.resource_ids() {
            let state = &mut self.plane.servers[server];
            let Some(cacher) = &mut state.cachers[resource] else { continue };
            if cacher.turns_at() <= now {
                cacher.turn(now);
                state.background_stale = true;
                self.weigh_ring(server, resource);
            }
        }
    }

    /// Sets a ring's entry in the ledger to what it holds.
    pub(super) fn weigh_ring(&mut self, server: ServerId, resource: ResourceId) {
        let entry = self.ring_entry(resource);
        let state = &mut self.plane.servers[server];
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
    pub(super) fn ring_growth(&self, server: ServerId) -> Vec<Growth> {
        let cachers = &self.plane.servers[server].cachers;
        let growing = cachers.pairs().filter_map(|(resource, cacher)| {
            let cacher = cacher.as_ref()?;
            let until = cacher.turns_at();
            (until < SimTime::NEVER || cacher.growth_per_second() > 0).then(|| Growth {
                entry: self.ring_entry(resource),
                per_second: cacher.growth_per_second(),
                until,
            })
        });
        growing.collect()
    }
}
