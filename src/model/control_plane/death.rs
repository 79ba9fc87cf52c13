//! How a server dies: killed by the kernel or by the scenario, seen by the balancer, lost to its clients.

use super::{Life, name};
use crate::model::apiserver::tag::Tag;
use crate::model::client::Path;
use crate::model::event::Event;
use crate::model::ids::ServerId;
use crate::model::input::{HealthCheck, OnFailure};
use crate::model::node::LimitKind;
use crate::model::world::World;
use crate::results::{LogKind, OomKill};
use crate::units::{Bytes, SimSpan, SimTime};

impl World<'_> {
    /// The kernel kills a server.
    pub(in crate::model) fn oom_kill(&mut self, server: ServerId, now: SimTime) {
        let resident = Bytes(self.plane.servers[server].server.memory.resident());
        let watches: u64 = self.plane.servers[server].watches.iter().sum();
        let clients = self.plane.balancer.connections(server);
        self.note_kill(server, watches, now);
        if self.plane.limit.kind == LimitKind::Node {
            let message = format!("node out of memory with the apiserver at {resident}");
            self.cx.record.note(now, LogKind::NodeLost, &name(server), message);
        }
        let message = format!(
            "OOM killed at {resident}; {clients} connections and {watches} watches are lost"
        );
        self.cx.record.note(now, LogKind::OomKill, &name(server), message);
        self.plane.servers[server].oom_kills.push(OomKill { at: now, resident, back_at: None });
        let delay = self.plane.servers[server].crash_loop.died(now);
        self.end_process(server, delay, now);
    }

    /// Ends a process; the kubelet starts it again after `delay`.
    pub(in crate::model) fn end_process(&mut self, server: ServerId, delay: SimSpan, now: SimTime) {
        if let Some(unanswered) = self.clear_process(server, now) {
            self.connections_lost(server, &unanswered, now);
            self.cx.queue.push(now + delay, Event::Restart { server });
        }
    }

    /// What a process held is gone. Returns the marks of its requests of whose answers no byte had
    /// been sent, sorted; `None`: there was no process.
    pub(in crate::model) fn clear_process(
        &mut self,
        server: ServerId,
        now: SimTime,
    ) -> Option<Vec<Tag>> {
        let state = &mut self.plane.servers[server];
        if state.life == Life::Down {
            return None;
        }
        let mut unanswered: Vec<Tag> = state.server.unanswered(&self.plane.plans.made).collect();
        unanswered.sort_unstable();
        state.server.kill(now);
        state.life = Life::Down;
        state.levels = state.level_records();
        for level in &mut state.levels {
            level.cancelled += std::mem::take(&mut level.waiting);
        }
        state.admission = None;
        state.stopping = None;
        state.starting = 0;
        state.watches.fill(0);
        state.cachers.fill(None);
        state.replaced.fill(None);
        state.fill_later.fill(false);
        state.spans_for.fill(Bytes::ZERO);
        self.forget_waiting(server);
        self.sample_now(server, now);
        self.cx.record.down(server, now, true);
        self.mark_all_stale();
        Some(unanswered)
    }

    /// The scenario kills a process. To the kubelet that is one more crash: it waits as after the others.
    pub(in crate::model) fn kill_process(&mut self, server: ServerId, now: SimTime) {
        self.cx.record.note(now, LogKind::Stopped, &name(server), "stopped by the scenario".into());
        self.settle_all(now);
        let state = &mut self.plane.servers[server];
        if state.life == Life::Down {
            return;
        }
        let delay = state.crash_loop.died(now);
        self.end_process(server, delay, now);
    }

    /// Stops a server to replace it: the scenario's roll.
    pub(in crate::model) fn replace(&mut self, server: ServerId, now: SimTime) {
        self.cx.record.note(now, LogKind::Stopped, &name(server), "stopped by the scenario".into());
        self.settle_all(now);
        self.end_process(server, SimSpan::ZERO, now);
    }

    /// A health check of the balancer.
    pub(in crate::model) fn check_health(&mut self, server: ServerId, now: SimTime) {
        let state = &self.plane.servers[server];
        let ready = match self.cx.inputs.balancer.check {
            HealthCheck::Readyz => state.life == Life::Serving && state.stopping.is_none(),
            HealthCheck::Livez => matches!(state.life, Life::Filling | Life::Serving),
        };
        let healthy = ready && !state.partitioned(now);
        if let Some(up) = self.plane.balancer.check(server, healthy) {
            let what = if up { "back in rotation" } else { "out of rotation" };
            self.cx.record.note(now, LogKind::Balancer, &name(server), what.into());
            if !up && self.cx.inputs.balancer.on_failure == OnFailure::Reset {
                self.reset_connections(server, now);
            }
        }
        self.cx.queue.push(now + self.cx.inputs.balancer.check_interval, Event::Check { server });
    }

    /// Every connection to a dead server breaks at once: the kernel closes the sockets.
    /// Marks in `unanswered` had no byte of an answer.
    fn connections_lost(&mut self, server: ServerId, unanswered: &[Tag], now: SimTime) {
        self.spend_on_all_clients();
        for client in self.fleets.clients.ids() {
            let member = &self.fleets.clients[client];
            if member.server != server || member.path == Path::Gone {
                continue;
            }
            if !self.hears_of_end(client, now) {
                self.fall_silent(client, Path::Gone, now);
                continue;
            }
            self.detach(client);
            let answered = unanswered.binary_search(&Tag::Client(client)).is_err();
            self.connection_closed(client, answered, now);
            self.lease_changed(client, now);
        }
    }
}
