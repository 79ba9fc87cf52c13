//! etcd as the servers meet it: fast, slow, or without a quorum; what follows for
//! their clients is [`world`](crate::model::world)'s.

use crate::model::apiserver::server::PlanId;
use crate::model::apiserver::tag::Tag;
use crate::model::context::Context;
use crate::model::event::Event;
use crate::model::ids::{ResourceId, ServerId};
use crate::model::input::Inputs;
use crate::model::node::CrashLoopBackOff;
use crate::model::plane::Plane;
use crate::model::plane::server_state::Life;
use crate::units::{SimSpan, SimTime};

/// How long etcd lets a linearizable read wait for a leader: `ReqTimeout`, 5 s and two election
/// time-outs of 1 s (etcd `server/config/config.go`; recalled, not read again).
pub const READ_FAILS_AFTER: SimSpan = SimSpan::secs(7);

/// From the start of its container until an etcd of an empty database answers (assumed: 2 to 20 s).
pub(crate) const ETCD_STARTS: SimSpan = SimSpan::secs(5);

/// The member of etcd on a server's node.
#[derive(Clone, Copy, Debug, Default)]
pub struct Member {
    /// It answers nobody until then.
    pub(crate) down_until: SimTime,
    /// It was killed for memory, and has not started again.
    pub(crate) killed: bool,
    /// The kubelet's back-off.
    pub(crate) crash_loop: CrashLoopBackOff,
}

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

    /// When the present or last outage began.
    #[must_use]
    pub fn since(&self) -> SimTime {
        self.since
    }

    /// When it ends or ended.
    #[must_use]
    pub fn back_at(&self) -> SimTime {
        self.back_at
    }

    /// It loses its quorum, for a while at least; `compacted`: and its older versions with it.
    pub fn begin(&mut self, lasts: SimSpan, compacted: bool, now: SimTime) {
        if !self.down(now) {
            self.since = now;
        }
        self.back_at = self.back_at.max(now + lasts);
        self.compacted |= compacted;
    }

    /// Whether it has come back without the versions that its watchers had come to.
    pub fn take_compacted(&mut self) -> bool {
        std::mem::take(&mut self.compacted)
    }

    /// The instant whose version is the latest.
    #[must_use]
    pub fn latest(&self, now: SimTime) -> SimTime {
        if self.down(now) { self.since } else { now }
    }
}

impl Plane {
    /// Whether etcd answers none of a server's reads.
    pub(crate) fn etcd_down(&self, server: ServerId, now: SimTime) -> bool {
        self.etcd.outage.down(now) || now < self.etcd.members[server].down_until
    }

    /// How long etcd takes for a small read of a server; `None`: it does not answer.
    pub(crate) fn etcd_takes(
        &self,
        inputs: &Inputs,
        server: ServerId,
        now: SimTime,
    ) -> Option<SimSpan> {
        let read = inputs.etcd.latency.scale(1.0 / self.etcd.speed);
        (!self.etcd_down(server, now)).then(|| self.servers[server].server.etcd_takes(read))
    }

    /// Whether a server's health checks find etcd well.
    pub(crate) fn etcd_healthy(&self, inputs: &Inputs, server: ServerId, now: SimTime) -> bool {
        let timeout = inputs.apiserver.etcd_healthcheck_timeout;
        self.etcd_takes(inputs, server, now).is_some_and(|takes| takes <= timeout)
    }

    /// What waited for etcd is sent, where it answers.
    pub(crate) fn resume_waiting(&mut self, now: SimTime) {
        for (server, boot, plan, tag) in std::mem::take(&mut self.etcd.outage.waiting) {
            if self.etcd_down(server, now) {
                self.etcd.outage.waiting.push((server, boot, plan, tag));
                continue;
            }
            let state = &mut self.servers[server];
            if state.boots == boot && state.server.running() {
                state.server.start(&self.plans.made, plan, tag, false, now);
                self.touch(server);
            }
        }
    }

    /// A request of a starting process waits for etcd.
    pub(crate) fn wait_for_etcd(&mut self, server: ServerId, plan: PlanId, tag: Tag) {
        let boot = self.servers[server].boots;
        self.etcd.outage.waiting.push((server, boot, plan, tag));
    }

    /// A process has ended: nothing of it waits for etcd.
    pub(crate) fn forget_waiting(&mut self, server: ServerId) {
        self.etcd.outage.waiting.retain(|(waits, ..)| *waits != server);
    }

    /// A cache is filled again while its old contents are still held, unless that is under way.
    pub(crate) fn refill_cache(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        resource: ResourceId,
        now: SimTime,
    ) {
        if self.servers[server].caches_filling[resource] > 0 {
            return;
        }
        let (plans, context) = self.planning(cx);
        let plan = plans.refill(&context, resource);
        let held = self.context(cx).cache_bytes(resource);
        self.grow_spans(cx, server, resource, held + held);
        self.start_filling(cx, server, resource, plan, now);
    }

    /// Puts a cache in the place of its old contents, if it had any.
    pub(crate) fn replace_cache(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        resource: ResourceId,
        now: SimTime,
    ) -> bool {
        let state = &mut self.servers[server];
        let Some(mut cacher) = state.replaced[resource].take() else { return false };
        let listed = state.listed_at[resource];
        // Nothing was written since etcd failed: the list has the version of that instant, which the
        // last write to another resource made.
        cacher.relist(
            self.etcd.objects[resource],
            self.etcd.outage.since + SimSpan::nanos(1),
            (self.flows.rate(resource), listed),
        );
        cacher.turn(now);
        state.cachers[resource] = Some(cacher);
        self.weigh_ring(cx, server, resource);
        self.restock(cx, server, resource, now);
        if self.servers[server].life == Life::Serving {
            self.fill_loopback(cx, server, resource, now);
        }
        true
    }

    /// etcd answers more slowly for a while.
    pub(crate) fn slow_etcd(
        &mut self,
        cx: &mut Context<'_>,
        speed: f64,
        lasts: SimSpan,
        now: SimTime,
    ) {
        self.etcd.speed = speed;
        self.etcd.slow_until = self.etcd.slow_until.max(now + lasts);
        cx.queue.push(now + lasts, Event::EtcdRecovers);
    }

    /// A slow time of etcd is over, unless another goes on.
    pub(crate) fn etcd_recovers(&mut self, now: SimTime) {
        if now >= self.etcd.slow_until {
            self.etcd.speed = 1.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::EtcdState;
    use crate::units::{SimSpan, SimTime};

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + SimSpan::secs(seconds)
    }

    #[test]
    fn outages_that_overlap_are_one() {
        let mut etcd = EtcdState::default();
        assert_eq!(etcd.latest(at(9)), at(9));
        etcd.begin(SimSpan::secs(20), false, at(10));
        etcd.begin(SimSpan::secs(5), true, at(15));
        assert_eq!((etcd.since(), etcd.back_at()), (at(10), at(30)));
        assert!(etcd.down(at(29)) && !etcd.down(at(30)));
        assert_eq!((etcd.latest(at(29)), etcd.latest(at(30))), (at(10), at(30)));
        assert!(etcd.take_compacted() && !etcd.take_compacted());
    }

    #[test]
    fn versions_are_lost_until_the_caches_know() {
        let mut etcd = EtcdState::default();
        etcd.begin(SimSpan::secs(5), true, at(10));
        // The next begins at the instant at which the caches would have noticed.
        etcd.begin(SimSpan::secs(5), false, at(15));
        assert_eq!((etcd.since(), etcd.back_at()), (at(15), at(20)));
        assert!(etcd.take_compacted());
    }
}
