//! When a server comes to know how many objects there are: the work estimator takes a LIST of a
//! resource that it has not counted for one seat.
//!
//! From 1.28 to 1.30 it never does (`apf_counts_objects`). Every store counts once when it is set up, and then every 60 to 132 s (`startObservingCount`,
//! registry store.go). Up to 1.33, and without a watch cache, it asks etcd, which answers at once.
//! From 1.34 on it asks the watch cache for its keys (`getKeys`, cacher.go), which waits 3 s for it to
//! be filled and else fails: until the next count the resource is unknown (docs/facts/apf.md section
//! 4.3). Where the number of objects does not change in a run, one count is enough.

use crate::model::context::Context;
use crate::model::event::Event;
use crate::model::ids::{ResourceId, ServerId};
use crate::model::plane::Plane;
use crate::units::{SimSpan, SimTime};

/// How long a count waits for the cache: `blockTimeout` (`watch_cache.go`).
const BLOCK_TIMEOUT: SimSpan = SimSpan::secs(3);
/// Time from one count to the next: `CountMetricPollPeriod` (etcd.go), lengthened by up to
/// `resourceCountPollPeriodJitter` of it (store.go).
const POLL_PERIOD: SimSpan = SimSpan::secs(60);
const POLL_JITTER: f64 = 1.2;

impl Plane {
    /// The store of a resource is set up.
    pub(crate) fn begin_counting(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        resource: ResourceId,
        now: SimTime,
    ) {
        let cached = cx.inputs.resources[resource].watch_cache;
        if cx.inputs.release.size_based_list_cost && cached {
            let boot = self.servers[server].boots;
            self.count_objects(cx, server, boot, resource, now);
        } else {
            self.counted(server, resource);
            self.count_again(cx, server, resource, now);
        }
    }

    /// The objects of a resource have been counted.
    pub(crate) fn counted(&mut self, server: ServerId, resource: ResourceId) {
        let count = self.etcd.objects[resource];
        if let Some(admission) = &mut self.servers[server].admission {
            admission.count_objects(resource, count);
        }
    }

    /// Arranges the next count of a resource whose objects come and go.
    pub(crate) fn count_again(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        resource: ResourceId,
        now: SimTime,
    ) {
        if self.flows.moves(resource) {
            let pause = Self::count_pause(cx, server, resource, now);
            let boot = self.servers[server].boots;
            cx.queue.push(now + pause, Event::CountObjects { server, boot, resource });
        }
    }

    /// Time from one count to the next.
    fn count_pause(
        cx: &Context<'_>,
        server: ServerId,
        resource: ResourceId,
        now: SimTime,
    ) -> SimSpan {
        let entity = u64::from(server) << 16 | u64::from(resource);
        let mut luck = cx.streams.stream("object count", entity ^ now.0.rotate_left(20));
        POLL_PERIOD.scale(1.0 + POLL_JITTER * luck.uniform())
    }

    /// A count begins; unless the cache is filled in time there will be another.
    pub(crate) fn count_objects(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        boot: u32,
        resource: ResourceId,
        now: SimTime,
    ) {
        let state = &mut self.servers[server];
        if state.boots != boot {
            return;
        }
        let at_once = !cx.inputs.release.size_based_list_cost;
        if at_once
            || state.cachers[resource].is_some()
            || !cx.inputs.resources[resource].watch_cache
        {
            self.counted(server, resource);
            self.count_again(cx, server, resource, now);
            return;
        }
        let until = now + BLOCK_TIMEOUT;
        state.counting_until[resource] = until;
        let pause = Self::count_pause(cx, server, resource, now);
        cx.queue.push(until + pause, Event::CountObjects { server, boot, resource });
    }

    /// A cache is filled: a count that waits for it has its answer.
    pub(crate) fn cache_counted(&mut self, server: ServerId, resource: ResourceId, now: SimTime) {
        if now <= self.servers[server].counting_until[resource] {
            self.counted(server, resource);
        }
    }
}
