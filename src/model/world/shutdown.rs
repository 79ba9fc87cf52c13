//! A server that shuts down closes its watches one after the other, and ends.

use crate::model::client::State;
use crate::model::event::{Event, FaultEvent};
use crate::model::ids::{ClientId, ServerId};
use crate::model::plane::server_state::Stopping;
use crate::model::world::World;
use crate::units::{SimSpan, SimTime};

/// Watches closed per second at least (`genericapiserver.go`).
const LEAST_CLOSED_A_SECOND: f64 = 200.0;

impl World<'_> {
    /// Tells a server to end: at once, unless it has been given time to.
    pub(super) fn shut_down(&mut self, server: ServerId, now: SimTime) {
        if !self.plane.begin_shutdown(&mut self.cx, server, now) {
            self.replace(server, now);
        }
    }

    /// The delay is over: nothing new is taken, and watches are closed one after the other.
    pub(super) fn drain(&mut self, server: ServerId, boot: u32, now: SimTime) {
        if !self.plane.stops(server, boot) {
            return;
        }
        self.spend_on_all_clients();
        let grace = self.cx.inputs.apiserver.shutdown.watch_grace;
        let mut closed = now;
        if grace > SimSpan::ZERO {
            let watches: u64 = self.plane.servers[server].watches.iter().sum();
            let a_second = (watches as f64 / grace.as_secs_f64()).max(LEAST_CLOSED_A_SECOND);
            let mut before = 0.0;
            for client in self.fleets.clients.ids() {
                let member = self.fleets.clients[client];
                if member.server != Some(server) || member.state != State::Watching {
                    continue;
                }
                before += self.cx.inputs.fleets[member.fleet].watches() as f64;
                closed = now + SimSpan::from_secs_f64(before / a_second);
                let event = FaultEvent::CloseWatches { client, connection: member.connections };
                self.cx.queue.push(closed, Event::Fault(event));
            }
        }
        let ends = closed.max(now + self.cx.inputs.apiserver.request_timeout);
        self.plane.servers[server].stopping = Some(Stopping { drains: now, closed, ends });
        for at in [closed, ends] {
            self.cx.queue.push(at, Event::Fault(FaultEvent::Exit { server, boot }));
        }
    }

    /// A draining server closes the watches of a member.
    pub(super) fn close_for_good(&mut self, client: ClientId, connection: u32, now: SimTime) {
        let member = self.fleets.clients[client];
        if member.connections == connection
            && member.state == State::Watching
            && self.connected(client, now)
        {
            self.cx.record.counters.connections_moved += 1;
            self.move_on(client, now);
        }
    }

    /// The process ends, unless LISTs are under way that have time left.
    pub(super) fn exit(&mut self, server: ServerId, boot: u32, now: SimTime) {
        if self.plane.ends_now(server, boot, now) {
            self.replace(server, now);
        }
    }
}
