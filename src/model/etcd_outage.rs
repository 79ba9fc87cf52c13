//! etcd without a quorum, and what the servers do until it is back and then.
//!
//! Versions stand still: nobody can write. Reads that need etcd (LISTs that the cache does not
//! answer, and consistent reads, which ask it for the latest version) fail after
//! [`READ_FAILS_AFTER`]; what a filled cache answers by itself goes on.
//!
//! A cache's watch on etcd ends with an error ("no leader"), and its reflector tries again from the
//! same version for [`CACHER_INTERNAL_ERROR_RETRY`]. If etcd is back by then and still knows that
//! version, nothing else happens: no list, and no watcher notices. Else the cache is initialised anew.
//! It is not ready from then on, and requests meet what the release gives them for a
//! cold cache ([`super::apiserver::route`]); its watchers are ended ("Terminating all watchers from
//! cacher"), which a reflector takes for a clean close; store and ring stay until the list from etcd
//! takes their place, so that old and new objects and a raw page are held at the peak
//! (docs/facts/watch-cache.md section 2.5). The versions of the clients are then older
//! than the list, and they list again; so do the server's own informers.

use super::apiserver::server::PlanId;
use super::apiserver::tag::Tag;
use super::control_plane::Life;
use super::event::{Event, LoadEvent};
use super::ids::{ResourceId, ServerId};
use super::watchcache::capacity::CACHER_INTERNAL_ERROR_RETRY;
use super::world::World;
use crate::results::LogKind;
use crate::units::{SimSpan, SimTime};

/// How long etcd lets a linearizable read wait for a leader: `ReqTimeout`, 5 s and two election
/// time-outs of 1 s (etcd `server/config/config.go`; recalled, not read again).
pub const READ_FAILS_AFTER: SimSpan = SimSpan::secs(7);

/// How etcd is.
#[derive(Clone, Debug, Default)]
pub struct EtcdState {
    /// When the present or last outage began.
    since: SimTime,
    /// When it ends or ended.
    back_at: SimTime,
    /// Whether it comes back without the versions that its watchers had come to.
    compacted: bool,
    /// Start-up requests that wait for it: server, its process, plan, whose.
    waiting: Vec<(ServerId, u32, PlanId, Tag)>,
}

impl EtcdState {
    /// Whether it answers nobody.
    #[must_use]
    pub fn down(&self, now: SimTime) -> bool {
        now < self.back_at
    }

    /// The instant whose version is the latest.
    #[must_use]
    pub fn latest(&self, now: SimTime) -> SimTime {
        if self.down(now) { self.since } else { now }
    }
}

impl World<'_> {
    /// When etcd is back.
    pub(super) fn etcd_back_at(&self) -> SimTime {
        self.plane.etcd.outage.back_at
    }

    /// etcd loses its quorum.
    pub(super) fn etcd_fails(&mut self, lasts: SimSpan, compacted: bool, now: SimTime) {
        if !self.plane.etcd.outage.down(now) {
            self.plane.etcd.outage.since = now;
            self.plane.etcd.outage.compacted = false;
        }
        self.plane.etcd.outage.back_at = self.plane.etcd.outage.back_at.max(now + lasts);
        self.plane.etcd.outage.compacted |= compacted;
        self.halt_writes(true, now);
        let gives_up = now + CACHER_INTERNAL_ERROR_RETRY;
        self.cx.queue.push(gives_up, Event::Load(LoadEvent::CachesGiveUp));
        self.cx.queue.push(self.plane.etcd.outage.back_at, Event::Load(LoadEvent::EtcdReturns));
    }

    /// The caches' reflectors have tried for long enough, unless etcd is back.
    pub(super) fn caches_give_up(&mut self, now: SimTime) {
        let tried = now.since(self.plane.etcd.outage.since);
        if self.plane.etcd.outage.down(now) && tried >= CACHER_INTERNAL_ERROR_RETRY {
            self.empty_caches(now);
        }
    }

    /// etcd is back, unless another outage goes on.
    pub(super) fn etcd_returns(&mut self, now: SimTime) {
        if self.plane.etcd.outage.down(now) {
            return;
        }
        if std::mem::take(&mut self.plane.etcd.outage.compacted) {
            self.empty_caches(now);
        }
        self.halt_writes(false, now);
        for (server, boot, plan, tag) in std::mem::take(&mut self.plane.etcd.outage.waiting) {
            let state = &mut self.plane.servers[server];
            if state.boots == boot && state.server.running() {
                state.server.start(&self.plane.plans.made, plan, tag, false, now);
                self.touch(server);
            }
        }
        for server in self.plane.servers.ids() {
            for resource in self.cx.inputs.resource_ids() {
                let state = &mut self.plane.servers[server];
                if state.replaced[resource].is_some() {
                    self.refill_cache(server, resource, now);
                } else if std::mem::take(&mut state.fill_later[resource]) {
                    let (plans, context) = self.plane.planning(&self.cx);
                    let plan = plans.cache(&context, resource);
                    self.start_filling(server, resource, plan, now);
                }
            }
        }
        self.cx.record.note(now, LogKind::Event, "", "etcd is back".to_owned());
    }

    /// A request of a starting process waits for etcd.
    pub(super) fn wait_for_etcd(&mut self, server: ServerId, plan: PlanId, tag: Tag) {
        let boot = self.plane.servers[server].boots;
        self.plane.etcd.outage.waiting.push((server, boot, plan, tag));
    }

    /// A process has ended: nothing of it waits for etcd.
    pub(super) fn forget_waiting(&mut self, server: ServerId) {
        self.plane.etcd.outage.waiting.retain(|(waits, ..)| *waits != server);
    }

    /// No cache of any server can go on: each is to be filled anew.
    fn empty_caches(&mut self, now: SimTime) {
        self.spend_on_all_clients();
        for server in self.plane.servers.ids() {
            for resource in self.cx.inputs.resource_ids() {
                let state = &mut self.plane.servers[server];
                state.server.settle(now);
                let Some(mut cacher) = state.cachers[resource].take() else { continue };
                cacher.pause(self.plane.etcd.outage.since);
                state.replaced[resource] = Some(cacher);
                state.cold_since[resource] = now;
                state.background_stale = true;
                let versions = u64::from(self.cx.inputs.resources[resource].versions.max(1));
                self.cx.record.counters.cache_reinitializations += versions;
                self.touch(server);
                self.end_watches(server, resource, now);
            }
        }
        self.cx.record.note(
            now,
            LogKind::Event,
            "",
            "the watch caches are initialised anew".to_owned(),
        );
    }

    /// A cache is filled anew while its old contents are still held.
    fn refill_cache(&mut self, server: ServerId, resource: ResourceId, now: SimTime) {
        let (plans, context) = self.plane.planning(&self.cx);
        let plan = plans.refill(&context, resource);
        let held = self.plane.context(&self.cx).cache_bytes(resource);
        self.grow_spans(server, resource, held + held);
        self.start_filling(server, resource, plan, now);
    }

    /// Puts a cache in the place of its old contents, if it had any.
    pub(super) fn replace_cache(
        &mut self,
        server: ServerId,
        resource: ResourceId,
        now: SimTime,
    ) -> bool {
        let state = &mut self.plane.servers[server];
        let Some(mut cacher) = state.replaced[resource].take() else { return false };
        let listed = state.listed_at[resource];
        // Nothing was written since etcd failed: the list has the version of that instant, which the
        // last write to another resource made.
        cacher.relist(
            self.plane.etcd.objects[resource],
            self.plane.etcd.outage.since + SimSpan::nanos(1),
            (self.plane.flows.rate(resource), listed),
        );
        cacher.turn(now);
        state.cachers[resource] = Some(cacher);
        self.weigh_ring(server, resource);
        self.restock(server, resource, now);
        if self.plane.servers[server].life == Life::Serving {
            self.fill_loopback(server, resource, now);
        }
        true
    }
}
