//! etcd without a quorum, and what the servers do until it is back and then.
//!
//! Versions stand still: nobody can write, and writes fail as reads do. Reads that need etcd (LISTs that the cache does not
//! answer, and consistent reads, which ask it for the latest version) fail after
//! [`READ_FAILS_AFTER`]; what a filled cache answers by itself goes on.
//!
//! A cache's watch on etcd ends with an error ("no leader"), and its reflector tries again from the
//! same version for [`CACHER_INTERNAL_ERROR_RETRY`]. If etcd is back by then and still knows that
//! version, nothing else happens: no list, and no watcher notices. Else the cache is initialised again.
//! It is not ready from then on, and requests meet what the release gives them for a
//! cold cache ([`super::apiserver::route`]); its watchers are ended ("Terminating all watchers from
//! cacher"), which a reflector takes for a clean close; store and ring stay until the list from etcd
//! takes their place, so that old and new objects and a raw page are held at the peak
//! (docs/facts/watch-cache.md section 2.5). The versions of the clients are then older
//! than the list, and they list again; so do the server's own informers.

use crate::model::event::{Event, LoadEvent};
use crate::model::plane::etcd::READ_FAILS_AFTER;
use crate::model::watchcache::capacity::CACHER_INTERNAL_ERROR_RETRY;
use crate::model::world::World;
use crate::results::LogKind;
use crate::units::{SimSpan, SimTime};

impl World<'_> {
    /// etcd loses its quorum.
    pub(super) fn etcd_fails(&mut self, lasts: SimSpan, compacted: bool, now: SimTime) {
        self.plane.etcd.outage.begin(lasts, compacted, now);
        self.halt_writes(true, now);
        let gives_up = now + CACHER_INTERNAL_ERROR_RETRY;
        self.cx.queue.push(gives_up, Event::Load(LoadEvent::CachesGiveUp));
        self.cx.queue.push(self.plane.etcd.outage.back_at(), Event::Load(LoadEvent::EtcdReturns));
    }

    /// The caches' reflectors have tried for long enough, unless etcd is back.
    pub(super) fn caches_give_up(&mut self, now: SimTime) {
        let tried = now.since(self.plane.etcd.outage.since());
        if self.plane.etcd.outage.down(now) && tried >= CACHER_INTERNAL_ERROR_RETRY {
            self.empty_caches(now);
        }
    }

    /// etcd is back, unless another outage goes on.
    pub(super) fn etcd_returns(&mut self, now: SimTime) {
        if self.plane.etcd.outage.down(now) {
            return;
        }
        if self.plane.etcd.outage.take_compacted() {
            self.empty_caches(now);
        }
        self.note_failed_writes(now);
        self.halt_writes(false, now);
        self.go_on_with_etcd(now);
        self.cx.record.note(now, LogKind::Event, "", "etcd is back".to_owned());
    }

    /// What waits for etcd goes on where it answers.
    pub(super) fn go_on_with_etcd(&mut self, now: SimTime) {
        self.plane.resume_waiting(now);
        for server in self.plane.servers.ids() {
            if self.plane.etcd_down(server, now) {
                continue;
            }
            for resource in self.cx.inputs.resource_ids() {
                let state = &mut self.plane.servers[server];
                if state.replaced[resource].is_some() {
                    self.plane.refill_cache(&mut self.cx, server, resource, now);
                } else if std::mem::take(&mut state.fill_later[resource]) {
                    let (plans, context) = self.plane.planning(&self.cx);
                    let plan = plans.cache(&context, resource);
                    self.plane.start_filling(&mut self.cx, server, resource, plan, now);
                }
            }
        }
    }

    /// Writes that came while etcd had no quorum, and did not get it in time. Who makes them is taken to go
    /// on at his usual rate; what flows create and delete waits.
    pub(super) fn note_failed_writes(&mut self, now: SimTime) {
        let failed = now.since(self.plane.etcd.outage.since() + READ_FAILS_AFTER).as_secs_f64();
        let rates = self.cx.inputs.resource_ids().map(|id| self.plane.flows.usual_rate(id));
        self.cx.record.counters.writes_timed_out += (rates.sum::<f64>() * failed) as u64;
    }

    /// No cache of any server can go on: each is to be filled again.
    fn empty_caches(&mut self, now: SimTime) {
        self.spend_on_all_clients();
        for server in self.plane.servers.ids() {
            for resource in self.cx.inputs.resource_ids() {
                let state = &mut self.plane.servers[server];
                state.server.settle(now);
                let Some(mut cacher) = state.cachers[resource].take() else { continue };
                cacher.pause(self.plane.etcd.outage.since());
                state.replaced[resource] = Some(cacher);
                state.cold_since[resource] = now;
                state.background_stale = true;
                let versions = u64::from(self.cx.inputs.resources[resource].caches());
                self.cx.record.counters.cache_reinitializations += versions;
                self.touch(server);
                self.end_watches(server, resource, now);
            }
        }
        self.cx.record.note(
            now,
            LogKind::Event,
            "",
            "the watch caches are initialised again".to_owned(),
        );
    }
}
