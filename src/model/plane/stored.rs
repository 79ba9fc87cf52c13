//! What servers keep of a resource whose objects come and go: stores, informers, spans.

use crate::model::apiserver::plan::Step;
use crate::model::apiserver::{definitions, startup};
use crate::model::context::Context;
use crate::model::ids::{ResourceId, ServerId};
use crate::model::memory::ledger::{EntryId, OwnerId};
use crate::model::plane::Plane;
use crate::model::plane::server_state::Life;
use crate::results::Mechanism;
use crate::units::{Bytes, SimTime};

impl Plane {
    /// Objects have come (or, below 0, gone).
    pub(crate) fn change_count(
        &mut self,
        cx: &mut Context<'_>,
        resource: ResourceId,
        more: i64,
        now: SimTime,
    ) {
        if more == 0 {
            return;
        }
        let count = &mut self.etcd.objects[resource];
        *count = count.saturating_add_signed(more);
        let counters = &mut cx.record.counters;
        counters.objects_created += u64::try_from(more).unwrap_or(0);
        counters.objects_most = counters.objects_most.max(self.etcd.objects.iter().sum());
        for server in self.servers.ids() {
            self.restock(cx, server, resource, now);
        }
    }

    /// Brings what a server keeps of a resource to the present number of objects: the store of a
    /// filled cache, and the copy of its own informer once the server is ready.
    pub(crate) fn restock(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        resource: ResourceId,
        now: SimTime,
    ) {
        let owner = cx.catalog.resource_owner(resource);
        let (spec, profile) = (&cx.inputs.resources[resource], &cx.catalog.profiles[resource]);
        let count = self.etcd.objects[resource];
        let store = self.context(cx).cache_bytes(resource);
        let informer = startup::loopback_bytes(spec, profile, count);
        let handlers = definitions::handler_bytes(spec, count);
        // Scrapes have more to gather.
        self.servers[server].background_stale |= handlers > Bytes::ZERO;
        let state = &self.servers[server];
        let (filled, ready) = (state.cachers[resource].is_some(), state.life == Life::Serving);
        if filled {
            self.weigh(server, owner.entry(Mechanism::WatchCacheObjects), store, now);
        }
        if ready {
            self.weigh(server, owner.entry(Mechanism::LoopbackInformers), informer, now);
            self.weigh(server, owner.entry(Mechanism::CrdHandlers), handlers, now);
        }
        let objects = if filled { store } else { Bytes::ZERO } + informer + handlers;
        self.grow_spans(cx, server, resource, objects);
    }

    /// Sets an entry of a server's ledger.
    fn weigh(&mut self, server: ServerId, entry: EntryId, holds: Bytes, now: SimTime) {
        let state = &mut self.servers[server];
        state.server.settle(now);
        let booked = Bytes(state.server.memory.ledger.get(entry));
        match holds.cmp(&booked) {
            std::cmp::Ordering::Equal => return,
            std::cmp::Ordering::Greater => {
                state.server.memory.step(Step::Take(entry, holds - booked));
            }
            std::cmp::Ordering::Less => {
                state.server.memory.step(Step::Drop(entry, booked - holds));
            }
        }
        self.touch(server);
    }

    /// The runtime's metadata and partly used spans for the bytes of a resource's objects: they
    /// stay when objects go, and serve those that come.
    pub(crate) fn grow_spans(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        resource: ResourceId,
        objects: Bytes,
    ) {
        let profile = &cx.catalog.profiles[resource];
        let base = OwnerId::SERVER.entry(Mechanism::ProcessBase);
        let state = &mut self.servers[server];
        let paid = state.spans_for[resource];
        if objects > paid {
            state.spans_for[resource] = objects;
            if paid > Bytes::ZERO {
                let more = (objects - paid).scale(profile.span_overhead());
                state.server.memory.add_outside_heap(base, more.0);
            }
        }
    }
}
