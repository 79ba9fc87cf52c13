//! Connections that lead nowhere: what waits for an answer waits in vain, until the pings go
//! unanswered.
//!
//! Nobody closes a socket where a node is lost, a network is cut or a balancer forgets its
//! connections. What the server was doing for the member is taken to end at once; in truth it
//! writes on until its socket's buffer is full.

use crate::model::apiserver::plan::Stage;
use crate::model::client::go::{PING_IDLE, PING_SPREAD};
use crate::model::client::{Hearing, NO_SERVER, Next, Path, State};
use crate::model::event::Event;
use crate::model::ids::{ClientId, ServerId};
use crate::model::world::World;
use crate::units::{SimSpan, SimTime};

/// When a SYN is sent again (`tcp_syn_retries`, doubling from 1 s), within the dialler's 30 s.
const SYN_RETRIES: [SimSpan; 4] =
    [SimSpan::secs(1), SimSpan::secs(3), SimSpan::secs(7), SimSpan::secs(15)];

impl World<'_> {
    /// Until when a connected member hears nothing; the past: it hears.
    pub(super) fn unheard_until(&self, client: ClientId, server: ServerId) -> SimTime {
        let member = &self.fleets.clients[client];
        if member.path != Path::Open {
            return SimTime::NEVER;
        }
        self.plane.servers[server].partitioned_until.max(member.cut_until)
    }

    /// Sends a call into a network where nobody hears it until then.
    pub(super) fn call_in_vain(
        &mut self,
        client: ClientId,
        next: Next,
        until: SimTime,
        now: SimTime,
    ) {
        if until < SimTime::NEVER {
            self.wait(client, next, until.since(now));
        }
        let member = &mut self.fleets.clients[client];
        member.state = State::Unheard(next);
        if until == SimTime::NEVER {
            member.generation = member.generation.wrapping_add(1);
        }
    }

    /// How long a dial takes that begins while the member is cut off: a later SYN may get through.
    pub(super) fn dial_gets_through(&self, client: ClientId, now: SimTime) -> Option<SimSpan> {
        let heals = self.fleets.clients[client].cut_until;
        SYN_RETRIES.into_iter().find(|after| now < heals && now + *after >= heals)
    }

    /// Whether a part of the answer to a member's call has come.
    pub(super) fn partly_answered(&self, client: ClientId) -> bool {
        let member = &self.fleets.clients[client];
        member.request.is_some_and(|request| {
            let server = &self.plane.servers[member.server].server;
            let stage = server.stage(&self.plane.plans.made, request);
            server.serves(request) && matches!(stage, Stage::Streaming | Stage::Writing)
        })
    }

    /// A process's connection falls silent: its members notice by and by.
    pub(crate) fn fall_silent(&mut self, client: ClientId, path: Path, now: SimTime) {
        let attached = self.attached(client);
        for mate in &attached {
            if self.fleets.clients[*mate].state == State::Watching {
                self.sample_seen(*mate, now);
                self.fleets.clients[*mate].hearing = Hearing::Nothing;
            }
            self.fleets.clients[*mate].path = path;
            self.strand(*mate, now);
        }
        let delay = PING_IDLE + PING_SPREAD.scale(self.draw(client));
        for mate in attached {
            let connection = self.fleets.clients[mate].connections;
            self.cx.queue.push(now + delay, Event::Notice { client: mate, connection });
        }
        self.lease_changed(client, now);
    }

    /// Members that were cut off hear again, on connections that still lead somewhere.
    pub(crate) fn reunite(&mut self, now: SimTime) {
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
        let next = self.call_under_way(client);
        if member.path == Path::Gone {
            // With its process everything that the server held is gone, too.
            let member = &mut self.fleets.clients[client];
            (member.request, member.ticket, member.waiting_memory) = (None, None, false);
        } else {
            self.abandon_call(client, now);
        }
        self.fleets.clients[client].request = None;
        if let Some(next) = next {
            self.resend(client);
            self.call_in_vain(client, next, self.unheard_until(client, member.server), now);
        }
    }

    /// Cuts a process off from all servers.
    pub(crate) fn cut_off(&mut self, client: ClientId, until: SimTime, now: SimTime) {
        for mate in self.crew(client) {
            let member = &mut self.fleets.clients[mate];
            member.cut_until = member.cut_until.max(until);
        }
        let attached = self.attached(client);
        if let Some(first) = attached.first() {
            let path = self.fleets.clients[*first].path;
            self.fall_silent(client, path, now);
        }
        self.lease_changed(client, now);
    }

    /// Whether a member learns that its server's sockets were closed.
    pub(crate) fn hears_of_end(&self, client: ClientId, now: SimTime) -> bool {
        let member = &self.fleets.clients[client];
        member.path == Path::Open && member.cut_until <= now
    }

    /// A member's connection is reset by what stands between it and its server.
    pub(crate) fn reset(&mut self, client: ClientId, now: SimTime) {
        let answered = self.partly_answered(client);
        self.disconnect(client, now);
        self.connection_closed(client, answered, now);
    }

    /// A process writes to a connection whose other end is gone: it learns so if the node is there.
    pub(super) fn write_to_stranger(&mut self, client: ClientId, now: SimTime) {
        for mate in self.attached(client) {
            if self.meets_stranger(mate, now) {
                self.reset(mate, now);
            }
        }
    }

    /// Whether the node at the other end of a lost connection is there, and its kernel resets what
    /// it does not know.
    pub(super) fn meets_stranger(&self, client: ClientId, now: SimTime) -> bool {
        let member = &self.fleets.clients[client];
        if member.server == NO_SERVER {
            return false;
        }
        let state = &self.plane.servers[member.server];
        member.path == Path::Gone
            && member.cut_until <= now
            && !state.node_lost
            && !state.partitioned(now)
    }
}
