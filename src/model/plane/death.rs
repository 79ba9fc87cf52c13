//! The end of a process, and what the balancer sees of it.

use crate::model::apiserver::tag::Tag;
use crate::model::context::Context;
use crate::model::event::Event;
use crate::model::ids::ServerId;
use crate::model::input::HealthCheck;
use crate::model::plane::Plane;
use crate::model::plane::server_state::{Life, Stalled, name};
use crate::results::{LogKind, OomKill};
use crate::units::{Bytes, SimSpan, SimTime};

impl Plane {
    /// Notes that the kernel kills a server; how long until the kubelet starts it again.
    pub(crate) fn oom_killed(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        now: SimTime,
    ) -> SimSpan {
        let state = &self.servers[server];
        let resident = Bytes(state.server.memory.resident());
        let watches: u64 = state.watches.iter().sum();
        let clients = self.balancer.connections(server);
        let (node_first, etcd) = (self.node_out(server), state.server.etcd_now());
        let after = state.stalled.map_or_else(String::new, |stalled| stalled.words(now));
        let mut note = |kind, message| cx.record.note(now, kind, &name(server), message);
        if node_first {
            let beside =
                if etcd > Bytes::ZERO { format!(" and etcd at {etcd}") } else { String::new() };
            let message = format!("node out of memory with the apiserver at {resident}{beside}");
            note(LogKind::NodeLost, message);
        }
        let message = format!(
            "OOM killed at {resident}{after}; {clients} connections and {watches} watches are lost"
        );
        note(LogKind::OomKill, message);
        self.lost_for_memory(cx, server, now);
        self.servers[server].crash_loop.died(now)
    }

    /// Counts a server as lost for memory, with what it held.
    fn lost_for_memory(&mut self, cx: &mut Context<'_>, server: ServerId, now: SimTime) {
        let state = &mut self.servers[server];
        let stalled =
            state.stalled.take().map_or(SimSpan::ZERO, |stalled| now.since(stalled.since));
        let resident = Bytes(state.server.memory.resident());
        let watches: u64 = state.watches.iter().sum();
        state.oom_kills.push(OomKill { at: now, resident, stalled, back_at: None });
        self.note_kill(cx, server, watches, now);
    }

    /// Notes that the kernel kills the etcd beside a server.
    pub(crate) fn note_etcd_kill(&mut self, cx: &mut Context<'_>, server: ServerId, now: SimTime) {
        let state = &mut self.servers[server];
        let (resident, apiserver) = (state.server.etcd_now(), state.server.memory.resident());
        state.etcd_kills.push(OomKill { at: now, resident, stalled: SimSpan::ZERO, back_at: None });
        cx.record.counters.etcd_kills += 1;
        let message = format!(
            "the node is out of memory: etcd is OOM killed at {resident}, with the apiserver at {}",
            Bytes(apiserver)
        );
        cx.record.note(now, LogKind::NodeKill, &name(server), message);
    }

    /// The etcd beside a server has started again.
    pub(crate) fn note_etcd_back(&mut self, server: ServerId, now: SimTime) {
        if let Some(kill) = self.servers[server].etcd_kills.last_mut() {
            kill.back_at = Some(now);
        }
    }

    /// Notes that the kernel has killed ordinary processes on a server's node, if it has.
    pub(crate) fn note_daemons_killed(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        now: SimTime,
    ) {
        let state = &mut self.servers[server];
        if state.server.take_daemons_killed() {
            let resident = Bytes(state.server.memory.resident());
            let message = format!(
                "the node is out of memory with the apiserver at {resident}: ordinary processes are OOM killed"
            );
            cx.record.note(now, LogKind::NodeKill, &name(server), message);
            cx.record.counters.node_kills += 1;
        }
    }

    /// A server at its memory limit stands still before the kernel kills it; whether it does. A node that is out
    /// of memory has slowed it down before.
    pub(crate) fn begin_stall(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        now: SimTime,
    ) -> bool {
        let lasts = cx.inputs.apiserver.stall_at_limit;
        if lasts == SimSpan::ZERO || self.node_out(server) {
            return false;
        }
        let state = &mut self.servers[server];
        state.stalled = Some(Stalled { since: now, until: now + lasts });
        state.server.stand_still(now);
        state.close_levels();
        cx.record.down(server, now, true);
        let resident = Bytes(state.server.memory.resident());
        let message = format!(
            "stands still at its memory limit ({resident}): it reads its binary again and again"
        );
        cx.record.note(now, LogKind::Stopped, &name(server), message);
        cx.queue.push(now + lasts, Event::Heal { server });
        true
    }

    /// Whether a server has stood still for as long as the kernel lets it.
    pub(crate) fn stall_is_over(&self, server: ServerId, now: SimTime) -> bool {
        self.servers[server].stalled.is_some_and(|stalled| stalled.until <= now)
    }

    /// Counts the servers that stand still when the run ends: they are lost, too.
    pub(crate) fn close_stalls(&mut self, cx: &mut Context<'_>, end: SimTime) {
        for server in self.servers.ids() {
            if self.servers[server].stalled.is_some() {
                self.lost_for_memory(cx, server, end);
            }
        }
    }

    /// Whether a server that is killed had its node run out of memory.
    fn node_out(&self, server: ServerId) -> bool {
        self.servers[server].server.node_ends_first()
    }

    /// What a process held is gone. Returns the marks of its requests of whose answers no byte had
    /// been sent, sorted; `None`: there was no process.
    pub(crate) fn clear_process(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        now: SimTime,
    ) -> Option<Vec<Tag>> {
        let state = &mut self.servers[server];
        if state.life == Life::Down {
            return None;
        }
        if state.stalled.is_some() {
            self.lost_for_memory(cx, server, now);
        }
        let state = &mut self.servers[server];
        let mut unanswered: Vec<Tag> = state.server.unanswered(&self.plans.made).collect();
        unanswered.sort_unstable();
        state.server.kill(now);
        state.life = Life::Down;
        state.close_levels();
        state.stopping = None;
        state.starting = 0;
        state.watches.fill(0);
        state.cachers.fill(None);
        state.replaced.fill(None);
        state.fill_later.fill(false);
        state.spans_for.fill(Bytes::ZERO);
        self.forget_waiting(server);
        self.sample(cx, server, now);
        cx.record.down(server, now, true);
        self.mark_all_stale();
        Some(unanswered)
    }

    /// Whether another server serves and can be reached.
    pub(crate) fn another_serves(&self, server: ServerId, now: SimTime) -> bool {
        self.servers.pairs().any(|(other, state)| other != server && state.serves(now))
    }

    /// The balancer checks a server; whether it is in rotation from now on, if that has changed.
    pub(crate) fn health_checked(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        now: SimTime,
    ) -> Option<bool> {
        let state = &self.servers[server];
        let ready = match cx.inputs.balancer.check {
            HealthCheck::Readyz => {
                state.life == Life::Serving
                    && state.stopping.is_none()
                    && self.etcd_healthy(cx.inputs, server, now)
            }
            HealthCheck::Livez => {
                matches!(state.life, Life::Filling | Life::Serving)
                    && (!cx.inputs.apiserver.livez_etcd
                        || self.etcd_healthy(cx.inputs, server, now))
            }
        };
        let healthy = ready && !state.unheard(now);
        let up = self.balancer.check(server, healthy)?;
        let what = if up { "back in rotation" } else { "out of rotation" };
        cx.record.note(now, LogKind::Balancer, &name(server), what.into());
        Some(up)
    }
}
