//! Connections that lead nowhere: what waits for an answer waits in vain, until the pings go
//! unanswered.
//!
//! Nobody closes a socket where a node is lost, a network is cut or a balancer forgets its
//! connections. What the server was doing for the member is taken to end at once; in truth it
//! writes on until its socket's buffer is full.

use crate::model::apiserver::plan::Stage;
use crate::model::client::go::{PING_IDLE, PING_SPREAD};
use crate::model::client::{Hearing, Path, State};
use crate::model::event::Event;
use crate::model::ids::{ClientId, ServerId};
use crate::model::world::World;
use crate::units::SimTime;

impl World<'_> {
    /// Until when a connected member hears nothing; the past: it hears.
    pub(super) fn unheard_until(&self, client: ClientId, server: ServerId) -> SimTime {
        let member = &self.fleets.clients[client];
        if member.path != Path::Open {
            return SimTime::NEVER;
        }
        self.plane.servers[server].unheard_until().max(member.cut_until)
    }

    /// Whether a part of the answer to a member's call has come.
    pub(super) fn partly_answered(&self, client: ClientId) -> bool {
        let member = &self.fleets.clients[client];
        member.request.zip(member.server).is_some_and(|(request, server)| {
            let server = &self.plane.servers[server].server;
            let stage = server.stage(&self.plane.plans.made, request);
            server.serves(request) && matches!(stage, Stage::Streaming | Stage::Writing)
        })
    }

    /// A process's connection falls silent: its members notice after a while.
    pub(super) fn fall_silent(&mut self, client: ClientId, path: Path, now: SimTime) {
        let attached = self.fleets.attached(&self.cx, client);
        for peer in &attached {
            if self.fleets.clients[*peer].state == State::Watching {
                self.sample_seen(*peer, now);
                self.fleets.clients[*peer].hearing = Hearing::Nothing;
            }
            self.fleets.clients[*peer].path = path;
            self.strand(*peer, now);
        }
        let delay = PING_IDLE + PING_SPREAD.scale(self.fleets.draw(&mut self.cx, client));
        for peer in attached {
            let connection = self.fleets.clients[peer].connections;
            self.cx.queue.push(now + delay, Event::Notice { client: peer, connection });
        }
        self.lease_changed(client, now);
    }

    /// Members that were cut off hear again, on connections that still lead somewhere.
    pub(super) fn reunite(&mut self, now: SimTime) {
        self.spend_on_all_clients();
        for member in &mut self.fleets.clients {
            if member.cut_until <= now && member.path == Path::Open {
                member.hearing = Hearing::Well;
            }
        }
        self.leases_changed(None, now);
    }

    /// What a member waits for does not come.
    fn strand(&mut self, client: ClientId, now: SimTime) {
        let member = self.fleets.clients[client];
        let next = self.fleets.call_under_way(client);
        if member.path == Path::Gone {
            // With its process everything that the server held is gone, too.
            let member = &mut self.fleets.clients[client];
            (member.request, member.ticket, member.waiting_memory) = (None, None, false);
        } else {
            self.abandon_call(client, now);
        }
        self.fleets.clients[client].request = None;
        if let Some(next) = next {
            self.fleets.resend(client);
            let until =
                member.server.map_or(SimTime::ZERO, |server| self.unheard_until(client, server));
            self.fleets.call_unheard(&mut self.cx, client, next, until, now);
        }
    }

    /// Cuts a process off from all servers.
    pub(super) fn cut_off(&mut self, client: ClientId, until: SimTime, now: SimTime) {
        for peer in self.fleets.process_members(&self.cx, client) {
            let member = &mut self.fleets.clients[peer];
            member.cut_until = member.cut_until.max(until);
        }
        let attached = self.fleets.attached(&self.cx, client);
        if let Some(first) = attached.first() {
            let path = self.fleets.clients[*first].path;
            self.fall_silent(client, path, now);
        }
        self.lease_changed(client, now);
    }

    /// A member's connection is reset by what stands between it and its server.
    pub(super) fn reset(&mut self, client: ClientId, now: SimTime) {
        let answered = self.partly_answered(client);
        self.disconnect(client, now);
        self.connection_closed(client, answered, now);
    }

    /// A process writes to a connection whose other end is gone: it learns so if the node is there.
    pub(super) fn reset_half_open(&mut self, client: ClientId, now: SimTime) {
        for peer in self.fleets.attached(&self.cx, client) {
            if self.would_be_reset(peer, now) {
                self.reset(peer, now);
            }
        }
    }

    /// Whether the node at the other end of a lost connection is there, and its kernel resets what
    /// it does not know.
    pub(super) fn would_be_reset(&self, client: ClientId, now: SimTime) -> bool {
        let member = &self.fleets.clients[client];
        let Some(server) = member.server else { return false };
        let state = &self.plane.servers[server];
        member.path == Path::Gone
            && member.cut_until <= now
            && !state.node_lost
            && !state.unheard(now)
    }
}
