//! Connections: who shares one, who opens and closes it.
//!
//! The reflectors of a process use its connection: they are on one server, come and go together,
//! and the balancer counts them once. A process is a member of a fleet with connections of its
//! own, and the members of other fleets that use them ([`ConnectionsInput::of`]).
//! It holds several where its streams do not fit into one (`--http2-max-streams-per-connection`,
//! docs/facts/clients.md section 2.3); all of them go to one server here.

use super::{PING_IDLE, PING_SPREAD, Refusal};
use crate::model::apiserver::watch::Opening;
use crate::model::client::{Hearing, IdleWatches, NO_SERVER, Path, State};
use crate::model::faults::SHUTDOWN_RETRY_AFTER;
use crate::model::input::{ConnectionsInput, FleetInput, Inputs};
use crate::model::world::{Event, World};
use crate::units::SimTime;

/// Which fleets use whose connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sharing {
    /// Whether any does.
    any: bool,
    /// The fleets that use those of a fleet, by fleet.
    riders: Vec<Vec<usize>>,
}

impl Sharing {
    pub(crate) fn of(inputs: &Inputs) -> Self {
        let mut riders = vec![Vec::new(); inputs.fleets.len()];
        for (index, fleet) in inputs.fleets.iter().enumerate() {
            if let Some(owner) = fleet.connections.of {
                riders[owner].push(index);
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
    pub(crate) fn owner_of(&self, client: u32) -> u32 {
        let fleet = self.clients[client as usize].fleet as usize;
        match self.inputs.fleets[fleet].connections.of {
            None => client,
            Some(owner) => {
                let place = client - self.fleet_start[fleet];
                self.fleet_start[owner] + place % self.inputs.fleets[owner].count
            }
        }
    }

    /// All members of a process, its owner of the connection first.
    pub(crate) fn crew(&self, client: u32) -> Vec<u32> {
        if !self.faults.sharing.any {
            return vec![client];
        }
        let owner = self.owner_of(client);
        let fleet = self.clients[owner as usize].fleet as usize;
        let (place, stride) =
            (owner - self.fleet_start[fleet], self.inputs.fleets[fleet].count as usize);
        let riders = self.faults.sharing.riders[fleet].iter().flat_map(|rider| {
            let first = self.fleet_start[*rider];
            let members = place..self.inputs.fleets[*rider].count;
            members.step_by(stride).map(move |place| first + place)
        });
        std::iter::once(owner).chain(riders).collect()
    }

    /// The members of a process that use the connection that this one uses; all that use any, if
    /// it uses none.
    pub(crate) fn attached(&self, client: u32) -> Vec<u32> {
        let server = self.clients[client as usize].server;
        let mut crew = self.crew(client);
        crew.retain(|mate| {
            let mates = self.clients[*mate as usize].server;
            mates != NO_SERVER && (server == NO_SERVER || mates == server)
        });
        crew
    }

    /// Joins the connection that the process has, if it has one.
    pub(super) fn join_crew(&mut self, client: u32) -> Option<u16> {
        if !self.faults.sharing.any {
            return None;
        }
        let now = self.queue.now();
        let attached = self.attached(client).into_iter();
        let mut mates = attached.map(|mate| &self.clients[mate as usize]);
        let mate = mates.find(|mate| !self.servers[usize::from(mate.server)].draining(now))?;
        let (server, path) = (mate.server, mate.path);
        let member = &mut self.clients[client as usize];
        member.server = server;
        member.last_server = server;
        member.path = path;
        member.hearing = Hearing::Well;
        member.connections = member.connections.wrapping_add(1);
        if self.unheard_until(client, server) > now {
            let connection = self.clients[client as usize].connections;
            let notices = now + PING_IDLE + PING_SPREAD.scale(self.draw(client));
            self.queue.push(notices, Event::Notice { client, connection });
        }
        Some(server)
    }

    /// A member has dialled a server.
    pub(super) fn attach(&mut self, client: u32, server: u16) {
        self.balancer.connected(server, self.connections_of(client));
        let member = &mut self.clients[client as usize];
        member.server = server;
        member.last_server = server;
        member.path = Path::Open;
        member.hearing = Hearing::Well;
    }

    /// A member uses its connection no more; the last one of a process closes it.
    pub(crate) fn detach(&mut self, client: u32) {
        let server = std::mem::replace(&mut self.clients[client as usize].server, NO_SERVER);
        let uses = |mate: &u32| self.clients[*mate as usize].server == server;
        if !self.faults.sharing.any || !self.crew(client).iter().any(uses) {
            self.balancer.disconnected(server, self.connections_of(client));
        }
    }

    fn connections_of(&self, client: u32) -> u32 {
        let owner = self.owner_of(client);
        self.inputs.fleets[self.clients[owner as usize].fleet as usize].connections.count
    }

    /// Closes a member's connection from its side: what the server holds for it goes.
    pub(super) fn disconnect(&mut self, client: u32, now: SimTime) {
        let member = self.clients[client as usize];
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
        self.clients[client as usize].request = None;
        self.lease_changed(client, now);
    }

    /// A member waits no more for its call: what the server holds for that goes.
    pub(super) fn abandon_call(&mut self, client: u32, now: SimTime) {
        let member = self.clients[client as usize];
        let index = usize::from(member.server);
        if let Some(request) = member.request
            && self.servers[index].server.serves(request)
        {
            self.servers[index].server.abort(&self.catalog.plans, request, now);
            self.free_seats(member.server, request.slot(), now);
        }
        if let Some(ticket) = member.ticket {
            if let Some(admission) = &mut self.servers[index].admission {
                admission.cancel(ticket, now);
            }
            self.leave_queue(client, member.server, now);
        }
    }

    /// A server that shuts down takes nothing new: its clients go elsewhere.
    pub(super) fn turned_out(&mut self, client: u32, now: SimTime) -> Option<Refusal> {
        let server = self.clients[client as usize].server;
        if server == NO_SERVER
            || !self.servers[usize::from(server)].draining(now)
            || self.unheard_until(client, server) > now
        {
            return None;
        }
        self.disconnect(client, now);
        let answers = self.inputs.apiserver.shutdown.send_retry_after;
        answers.then_some(Refusal::TooManyRequests(SHUTDOWN_RETRY_AFTER))
    }

    /// What a member opens with its next watch.
    pub(super) fn opening(&self, client: u32) -> Opening {
        let member = &self.clients[client as usize];
        let watches = self.watches_to_open(client);
        let relists = match member.idle {
            IdleWatches::AsTheyWere => 0,
            IdleWatches::ListFirst => watches - 1,
        };
        // A watch that is opened again beside idle ones has its connection.
        let dials = !member.keeps_idle;
        let handshakes = handshakes(&self.inputs.fleets[member.fleet as usize]) * u64::from(dials);
        Opening { watches, relists, handshakes }
    }

    /// A server begins to accept connections: the calls in its backlog arrive.
    pub(crate) fn accept_all(&mut self, server: u16, now: SimTime) {
        for client in 0..self.clients.len() as u32 {
            let member = &self.clients[client as usize];
            let heard = member.server == server && self.hears_of_end(client, now);
            if let (State::Unheard(next), true) = (member.state, heard) {
                self.call(client, next, now);
            }
        }
        self.leases_changed(Some(server), now);
    }

    pub(super) fn connect(&mut self, client: u32, now: SimTime) -> Result<u16, Refusal> {
        let server = self.clients[client as usize].server;
        if server != NO_SERVER {
            return Ok(server);
        }
        if let Some(server) = self.join_crew(client) {
            return Ok(server);
        }
        if self.clients[client as usize].cut_until > now {
            return Err(Refusal::Silent);
        }
        let draw = self.draw(client);
        let Some(server) = self.balancer.pick((draw * 1e9) as u64) else {
            return Err(Refusal::Refused);
        };
        let state = &self.servers[usize::from(server)];
        if state.partitioned(now) || state.node_lost {
            return Err(Refusal::Silent);
        }
        let open = self.inputs.apiserver.shutdown.send_retry_after || !state.draining(now);
        if !state.listens() || !open {
            return Err(Refusal::Refused);
        }
        self.attach(client, server);
        self.counters.connections_opened += u64::from(self.connections_of(client));
        let member = &mut self.clients[client as usize];
        member.connections = member.connections.wrapping_add(1);
        self.await_goaway(client, now);
        self.lease_changed(client, now);
        Ok(server)
    }
}
