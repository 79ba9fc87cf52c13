//! Connections are opened and closed: a client asks, the balancer picks.

use crate::model::apiserver::watch::Opening;
use crate::model::client::go::{PING_IDLE, PING_SPREAD};
use crate::model::client::refusal::Refusal;
use crate::model::client::{Hearing, IdleWatches, Path, State};
use crate::model::event::Event;
use crate::model::fleets::connections::handshakes;
use crate::model::ids::{ClientId, ServerId};
use crate::model::plane::shutdown::SHUTDOWN_RETRY_AFTER;
use crate::model::world::World;
use crate::units::{Bytes, SimTime};

impl World<'_> {
    /// Joins the connection that the process has, if it has one.
    pub(super) fn join_connection(&mut self, client: ClientId) -> Option<ServerId> {
        if !self.fleets.sharing.any {
            return None;
        }
        let now = self.cx.queue.now();
        let attached = self.fleets.attached(&self.cx, client).into_iter();
        let mut peers = attached.map(|peer| &self.fleets.clients[peer]);
        let (server, path) = peers.find_map(|peer| {
            let server = peer.server?;
            (!self.plane.servers[server].draining(now)).then_some((server, peer.path))
        })?;
        let member = &mut self.fleets.clients[client];
        member.server = Some(server);
        member.last_server = Some(server);
        member.path = path;
        member.hearing = Hearing::Well;
        member.connections = member.connections.wrapping_add(1);
        if self.unheard_until(client, server) > now {
            let connection = self.fleets.clients[client].connections;
            let notices =
                now + PING_IDLE + PING_SPREAD.scale(self.fleets.draw(&mut self.cx, client));
            self.cx.queue.push(notices, Event::Notice { client, connection });
        }
        Some(server)
    }

    /// A member has dialled a server.
    pub(super) fn attach(&mut self, client: ClientId, server: ServerId) {
        self.plane.balancer.connected(server, self.fleets.connections_of(&self.cx, client));
        let member = &mut self.fleets.clients[client];
        member.server = Some(server);
        member.last_server = Some(server);
        member.path = Path::Open;
        member.hearing = Hearing::Well;
    }

    /// A member uses its connection no more; the last one of a process closes it.
    pub(super) fn detach(&mut self, client: ClientId) {
        let Some(server) = self.fleets.clients[client].server.take() else { return };
        // A process that ended has taken it along.
        self.fleets.clients[client].interval = Bytes::ZERO;
        let uses = |peer: &ClientId| self.fleets.clients[*peer].server == Some(server);
        if !self.fleets.sharing.any
            || !self.fleets.process_members(&self.cx, client).iter().any(uses)
        {
            self.plane.balancer.disconnected(server, self.fleets.connections_of(&self.cx, client));
        }
    }

    /// Closes a member's connection from its side: what the server holds for it goes.
    pub(super) fn disconnect(&mut self, client: ClientId, now: SimTime) {
        let member = self.fleets.clients[client];
        let Some(server) = member.server else { return };
        if member.path != Path::Gone {
            self.abandon_call(client, now);
            if member.state == State::Watching {
                self.close_watches(client, now);
            } else {
                self.close_idle_watches(client, now);
            }
            self.touch(server);
        }
        self.detach(client);
        self.fleets.clients[client].request = None;
        self.lease_changed(client, now);
    }

    /// A member waits no more for its call: what the server holds for that goes.
    pub(super) fn abandon_call(&mut self, client: ClientId, now: SimTime) {
        let member = self.fleets.clients[client];
        let Some(server) = member.server else { return };
        if let Some(request) = member.request
            && self.plane.servers[server].server.serves(request)
        {
            self.plane.servers[server].server.abort(&self.plane.plans.made, request, now);
            self.free_seats(server, request.slot(), now);
        }
        if let Some(ticket) = member.ticket {
            if let Some(admission) = &mut self.plane.servers[server].admission {
                admission.cancel(ticket, now);
            }
            self.leave_queue(client, server, now);
        }
    }

    /// A server that shuts down takes nothing new: its clients go elsewhere.
    pub(super) fn turned_out(&mut self, client: ClientId, now: SimTime) -> Option<Refusal> {
        let server = self.fleets.clients[client].server?;
        if !self.plane.servers[server].draining(now) || self.unheard_until(client, server) > now {
            return None;
        }
        self.disconnect(client, now);
        let answers = self.cx.inputs.apiserver.shutdown.send_retry_after;
        answers.then_some(Refusal::TooManyRequests(SHUTDOWN_RETRY_AFTER))
    }

    /// What a member opens with its next watch.
    pub(super) fn opening(&self, client: ClientId) -> Opening {
        let member = &self.fleets.clients[client];
        let watches = self.fleets.watches_to_open(&self.cx, client);
        let relists = match member.idle {
            IdleWatches::AsTheyWere => 0,
            IdleWatches::ListFirst => watches - 1,
        };
        // A watch that is opened again beside idle ones has its connection.
        let dials = !member.keeps_idle;
        let handshakes = handshakes(&self.cx.inputs.fleets[member.fleet]) * u64::from(dials);
        Opening { watches, relists, handshakes }
    }

    /// A server begins to accept connections: the calls in its backlog arrive.
    pub(super) fn accept_all(&mut self, server: ServerId, now: SimTime) {
        for client in self.fleets.clients.ids() {
            let member = &self.fleets.clients[client];
            let heard = member.server == Some(server) && self.fleets.hears_of_end(client, now);
            if let (State::Unheard(next), true) = (member.state, heard) {
                self.call(client, next, now);
            }
        }
        self.leases_changed(Some(server), now);
    }

    /// The server of a member's connection; one that has none joins its process's or dials.
    pub(super) fn connect(&mut self, client: ClientId, now: SimTime) -> Result<ServerId, Refusal> {
        if let Some(server) = self.fleets.clients[client].server {
            return Ok(server);
        }
        if let Some(server) = self.join_connection(client) {
            return Ok(server);
        }
        if self.fleets.clients[client].cut_until > now {
            return Err(Refusal::Silent);
        }
        let draw = self.fleets.draw(&mut self.cx, client);
        let Some(server) = self.plane.balancer.pick((draw * 1e9) as u64) else {
            return Err(Refusal::Refused);
        };
        let state = &self.plane.servers[server];
        if state.unheard(now) || state.node_lost {
            return Err(Refusal::Silent);
        }
        let open = self.cx.inputs.apiserver.shutdown.send_retry_after || !state.draining(now);
        if !state.listens() || !open {
            return Err(Refusal::Refused);
        }
        self.attach(client, server);
        self.cx.record.counters.connections_opened +=
            u64::from(self.fleets.connections_of(&self.cx, client));
        let member = &mut self.fleets.clients[client];
        member.connections = member.connections.wrapping_add(1);
        self.await_goaway(client, now);
        self.lease_changed(client, now);
        Ok(server)
    }
}
