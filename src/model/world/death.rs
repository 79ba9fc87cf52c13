//! How a server dies: killed by the kernel or by the scenario, seen by the balancer, lost to its clients.

use crate::model::apiserver::server::Victim;
use crate::model::apiserver::tag::Tag;
use crate::model::client::Path;
use crate::model::event::Event;
use crate::model::ids::ServerId;
use crate::model::input::OnFailure;
use crate::model::plane::server_state::{Life, name};
use crate::model::world::World;
use crate::results::LogKind;
use crate::units::{SimSpan, SimTime};

impl World<'_> {
    /// A server has come to its memory limit, or its node is out of memory: the kernel kills until there is room.
    pub(super) fn out_of_memory(&mut self, server: ServerId, now: SimTime) {
        while self.plane.servers[server].server.above_limit() {
            match self.plane.servers[server].server.victim() {
                Victim::Etcd => self.kill_etcd(server, now),
                Victim::Apiserver => {
                    self.at_limit(server, now);
                    break;
                }
            }
        }
    }

    /// A server is at its memory limit: it stands still, or the kernel kills it at once.
    fn at_limit(&mut self, server: ServerId, now: SimTime) {
        if self.plane.begin_stall(&mut self.cx, server, now) {
            self.spend_on_all_clients();
            self.falls_silent(server, now);
        } else {
            self.oom_kill(server, now);
        }
    }

    /// The kernel kills a server.
    pub(super) fn oom_kill(&mut self, server: ServerId, now: SimTime) {
        let delay = self.plane.oom_killed(&mut self.cx, server, now);
        self.end_process(server, delay, now);
    }

    /// Ends a process; the kubelet starts it again after `delay`.
    pub(super) fn end_process(&mut self, server: ServerId, delay: SimSpan, now: SimTime) {
        if let Some(unanswered) = self.plane.clear_process(&mut self.cx, server, now) {
            self.connections_lost(server, &unanswered, now);
            self.cx.queue.push(now + delay, Event::Restart { server });
        }
    }

    /// The scenario kills a process. To the kubelet that is one more crash: it waits as after the others.
    pub(super) fn kill_process(&mut self, server: ServerId, now: SimTime) {
        self.cx.record.note(now, LogKind::Stopped, &name(server), "stopped by the scenario".into());
        self.settle_all(now);
        let state = &mut self.plane.servers[server];
        if state.life == Life::Down {
            return;
        }
        let delay = state.crash_loop.died(now);
        self.cx.record.counters.servers_lost += 1;
        self.end_process(server, delay, now);
    }

    /// Stops a server to replace it: the scenario's roll.
    pub(super) fn replace(&mut self, server: ServerId, now: SimTime) {
        self.cx.record.note(now, LogKind::Stopped, &name(server), "stopped by the scenario".into());
        self.settle_all(now);
        let served = self.plane.servers[server].life == Life::Serving;
        if served && !self.plane.another_serves(server, now) {
            self.cx.record.counters.servers_lost += 1;
        }
        self.end_process(server, SimSpan::ZERO, now);
    }

    /// A health check of the balancer.
    pub(super) fn check_health(&mut self, server: ServerId, now: SimTime) {
        let changed = self.plane.health_checked(&mut self.cx, server, now);
        if changed == Some(false) && self.cx.inputs.balancer.on_failure == OnFailure::Reset {
            self.reset_connections(server, now);
        }
        self.cx.queue.push(now + self.cx.inputs.balancer.check_interval, Event::Check { server });
    }

    /// Every connection to a dead server breaks at once: the kernel closes the sockets.
    /// Marks in `unanswered` had no byte of an answer.
    fn connections_lost(&mut self, server: ServerId, unanswered: &[Tag], now: SimTime) {
        self.spend_on_all_clients();
        for client in self.fleets.clients.ids() {
            let member = &self.fleets.clients[client];
            if member.server != Some(server) || member.path == Path::Gone {
                continue;
            }
            if !self.fleets.hears_of_end(client, now) {
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
