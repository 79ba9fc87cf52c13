//! Connections: who shares one, who opens and closes it.
//!
//! The reflectors of a process use its connection: they are on one server, come and go together,
//! and the balancer counts them once. A process is a member of a fleet with connections of its
//! own, and the members of other fleets that use them ([`ConnectionsInput::of`]).
//! It holds several where its streams do not fit into one (`--http2-max-streams-per-connection`,
//! docs/facts/clients.md section 2.3); all of them go to one server here.

use super::Refusal;
use crate::model::apiserver::watch::Opening;
use crate::model::client::go::{PING_IDLE, PING_SPREAD};
use crate::model::client::{Hearing, IdleWatches, NO_SERVER, Path, State};
use crate::model::event::Event;
use crate::model::faults::SHUTDOWN_RETRY_AFTER;
use crate::model::ids::{ClientId, FleetId, ServerId, Table};
use crate::model::input::{ConnectionsInput, FleetInput, Inputs};
use crate::model::world::World;
use crate::units::SimTime;

/// Which fleets use whose connections.
#[derive(Clone, Debug, Default)]
pub struct Sharing {
    /// Whether any does.
    any: bool,
    /// The fleets that use those of a fleet, by fleet.
    riders: Table<FleetId, Vec<FleetId>>,
}

impl Sharing {
    /// Those of a scenario.
    #[must_use]
    pub fn of(inputs: &Inputs) -> Self {
        let mut riders = Table::filled(Vec::new(), inputs.fleets.len());
        for (id, fleet) in inputs.fleet_ids().zip(&inputs.fleets) {
            if let Some(owner) = fleet.connections.of {
                riders[owner].push(id);
            }
        }
        Self { any: riders.iter().any(|riders| !riders.is_empty()), riders }
    }
}

/// TLS handshakes that a member's watches cost: a rider's connection is not its own.
pub(super) fn handshakes(fleet: &FleetInput) -> u64 {
    match fleet.connections {
        ConnectionsInput { of: Some(_), .. } => 0,
        ConnectionsInput { of: None, count } => u64::from(count),
    }
}

impl World<'_> {
    /// The member whose connection a member uses: its own, unless its fleet uses another's.
    pub(crate) fn owner_of(&self, client: ClientId) -> ClientId {
        let fleet = self.fleets.clients[client].fleet;
        match self.cx.inputs.fleets[fleet].connections.of {
            None => client,
            Some(owner) => {
                let place = self.place_of(client) % self.cx.inputs.fleets[owner].count;
                self.member(owner, place)
            }
        }
    }

    /// All members of a process, its owner of the connection first.
    pub(crate) fn crew(&self, client: ClientId) -> Vec<ClientId> {
        if !self.fleets.sharing.any {
            return vec![client];
        }
        let owner = self.owner_of(client);
        let fleet = self.fleets.clients[owner].fleet;
        let (place, stride) = (self.place_of(owner), self.cx.inputs.fleets[fleet].count as usize);
        let riders = self.fleets.sharing.riders[fleet].iter().flat_map(|rider| {
            let members = place..self.cx.inputs.fleets[*rider].count;
            members.step_by(stride).map(move |place| self.member(*rider, place))
        });
        std::iter::once(owner).chain(riders).collect()
    }

    /// The members of a process that use the connection that this one uses; all that use any, if
    /// it uses none.
    pub(crate) fn attached(&self, client: ClientId) -> Vec<ClientId> {
        let server = self.fleets.clients[client].server;
        let mut crew = self.crew(client);
        crew.retain(|mate| {
            let mates = self.fleets.clients[*mate].server;
            mates != NO_SERVER && (server == NO_SERVER || mates == server)
        });
        crew
    }

    /// Joins the connection that the process has, if it has one.
    pub(super) fn join_crew(&mut self, client: ClientId) -> Option<ServerId> {
        if !self.fleets.sharing.any {
            return None;
        }
        let now = self.cx.queue.now();
        let attached = self.attached(client).into_iter();
        let mut mates = attached.map(|mate| &self.fleets.clients[mate]);
        let mate = mates.find(|mate| !self.plane.servers[mate.server].draining(now))?;
        let (server, path) = (mate.server, mate.path);
        let member = &mut self.fleets.clients[client];
        member.server = server;
        member.last_server = server;
        member.path = path;
        member.hearing = Hearing::Well;
        member.connections = member.connections.wrapping_add(1);
        if self.unheard_until(client, server) > now {
            let connection = self.fleets.clients[client].connections;
            let notices = now + PING_IDLE + PING_SPREAD.scale(self.draw(client));
            self.cx.queue.push(notices, Event::Notice { client, connection });
        }
        Some(server)
    }

    /// A member has dialled a server.
    pub(super) fn attach(&mut self, client: ClientId, server: ServerId) {
        self.plane.balancer.connected(server, self.connections_of(client));
        let member = &mut self.fleets.clients[client];
        member.server = server;
        member.last_server = server;
        member.path = Path::Open;
        member.hearing = Hearing::Well;
    }

    /// A member uses its connection no more; the last one of a process closes it.
    pub(crate) fn detach(&mut self, client: ClientId) {
        let server = std::mem::replace(&mut self.fleets.clients[client].server, NO_SERVER);
        let uses = |mate: &ClientId| self.fleets.clients[*mate].server == server;
        if !self.fleets.sharing.any || !self.crew(client).iter().any(uses) {
            self.plane.balancer.disconnected(server, self.connections_of(client));
        }
    }

    fn connections_of(&self, client: ClientId) -> u32 {
        let owner = self.owner_of(client);
        self.cx.inputs.fleets[self.fleets.clients[owner].fleet].connections.count
    }

    /// Closes a member's connection from its side: what the server holds for it goes.
    pub(super) fn disconnect(&mut self, client: ClientId, now: SimTime) {
        let member = self.fleets.clients[client];
        if member.server == NO_SERVER {
            return;
        }
        if member.path != Path::Gone {
            self.abandon_call(client, now);
            if member.state == State::Watching {
                self.close_watches(client, now);
            } else {
                self.close_idle_watches(client, now);
            }
            self.touch(member.server);
        }
        self.detach(client);
        self.fleets.clients[client].request = None;
        self.lease_changed(client, now);
    }

    /// A member waits no more for its call: what the server holds for that goes.
    pub(super) fn abandon_call(&mut self, client: ClientId, now: SimTime) {
        let member = self.fleets.clients[client];
        let index = member.server;
        if let Some(request) = member.request
            && self.plane.servers[index].server.serves(request)
        {
            self.plane.servers[index].server.abort(&self.plane.plans.made, request, now);
            self.free_seats(member.server, request.slot(), now);
        }
        if let Some(ticket) = member.ticket {
            if let Some(admission) = &mut self.plane.servers[index].admission {
                admission.cancel(ticket, now);
            }
            self.leave_queue(client, member.server, now);
        }
    }

    /// A server that shuts down takes nothing new: its clients go elsewhere.
    pub(super) fn turned_out(&mut self, client: ClientId, now: SimTime) -> Option<Refusal> {
        let server = self.fleets.clients[client].server;
        if server == NO_SERVER
            || !self.plane.servers[server].draining(now)
            || self.unheard_until(client, server) > now
        {
            return None;
        }
        self.disconnect(client, now);
        let answers = self.cx.inputs.apiserver.shutdown.send_retry_after;
        answers.then_some(Refusal::TooManyRequests(SHUTDOWN_RETRY_AFTER))
    }

    /// What a member opens with its next watch.
    pub(super) fn opening(&self, client: ClientId) -> Opening {
        let member = &self.fleets.clients[client];
        let watches = self.watches_to_open(client);
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
    pub(crate) fn accept_all(&mut self, server: ServerId, now: SimTime) {
        for client in self.fleets.clients.ids() {
            let member = &self.fleets.clients[client];
            let heard = member.server == server && self.hears_of_end(client, now);
            if let (State::Unheard(next), true) = (member.state, heard) {
                self.call(client, next, now);
            }
        }
        self.leases_changed(Some(server), now);
    }

    pub(super) fn connect(&mut self, client: ClientId, now: SimTime) -> Result<ServerId, Refusal> {
        let server = self.fleets.clients[client].server;
        if server != NO_SERVER {
            return Ok(server);
        }
        if let Some(server) = self.join_crew(client) {
            return Ok(server);
        }
        if self.fleets.clients[client].cut_until > now {
            return Err(Refusal::Silent);
        }
        let draw = self.draw(client);
        let Some(server) = self.plane.balancer.pick((draw * 1e9) as u64) else {
            return Err(Refusal::Refused);
        };
        let state = &self.plane.servers[server];
        if state.partitioned(now) || state.node_lost {
            return Err(Refusal::Silent);
        }
        let open = self.cx.inputs.apiserver.shutdown.send_retry_after || !state.draining(now);
        if !state.listens() || !open {
            return Err(Refusal::Refused);
        }
        self.attach(client, server);
        self.cx.record.counters.connections_opened += u64::from(self.connections_of(client));
        let member = &mut self.fleets.clients[client];
        member.connections = member.connections.wrapping_add(1);
        self.await_goaway(client, now);
        self.lease_changed(client, now);
        Ok(server)
    }
}
