//! Networks and nodes that break: nobody closes a socket, or the balancer closes them all.

use crate::model::client::Path;
use crate::model::event::{Event, FaultEvent};
use crate::model::ids::{ClientId, ServerId};
use crate::model::plane::server_state::name;
use crate::model::world::World;
use crate::results::LogKind;
use crate::units::{SimSpan, SimTime};

impl World<'_> {
    /// Members are cut off from all servers, each with its process.
    pub(super) fn cut_members(&mut self, members: &[ClientId], lasts: SimSpan, now: SimTime) {
        let until = now + lasts;
        for client in members {
            // A process may have several members in a fleet.
            if self.fleets.clients[*client].cut_until < until {
                self.cut_off(*client, until, now);
            }
        }
        self.cx.queue.push(until, Event::Fault(FaultEvent::Reunited));
    }

    /// The balancer's twin takes over, and knows none of the connections.
    pub(super) fn fail_over(&mut self, reset: bool, now: SimTime) {
        self.spend_on_all_clients();
        for client in self.fleets.clients.ids() {
            if self.fleets.attached(&self.cx, client).first() != Some(&client)
                || !self.fleets.hears_of_end(client, now)
            {
                continue;
            }
            if reset {
                self.reset_process(client, now);
            } else {
                self.fall_silent(client, Path::Lost, now);
            }
        }
    }

    /// Resets the connections to a server that the balancer has taken out.
    pub(super) fn reset_connections(&mut self, server: ServerId, now: SimTime) {
        self.spend_on_all_clients();
        for client in self.fleets.clients.ids() {
            let member = &self.fleets.clients[client];
            let reached = member.cut_until <= now && member.path != Path::Lost;
            if member.server == Some(server) && reached {
                self.reset(client, now);
            }
        }
    }

    /// Resets the connection of a process.
    fn reset_process(&mut self, client: ClientId, now: SimTime) {
        for peer in self.fleets.attached(&self.cx, client) {
            self.reset(peer, now);
        }
    }

    /// A server is lost with its node: its address answers nothing until the node is back.
    pub(super) fn lose_node(&mut self, server: ServerId, lasts: Option<SimSpan>, now: SimTime) {
        self.cx.record.note(now, LogKind::Stopped, &name(server), "lost with its node".into());
        self.plane.servers[server].node_lost = true;
        self.cx.record.counters.servers_lost += 1;
        self.plane.clear_process(&mut self.cx, server, now);
        for client in self.fleets.clients.ids() {
            let member = &self.fleets.clients[client];
            if member.server == Some(server) && member.path != Path::Gone {
                self.fall_silent(client, Path::Gone, now);
            }
        }
        if let Some(lasts) = lasts {
            self.cx.queue.push(now + lasts, Event::Fault(FaultEvent::NodeReturns { server }));
        }
        self.lose_member(server, lasts.map_or(SimTime::NEVER, |lasts| now + lasts), now);
    }
}
