//! Connections: who shares one, who opens and closes it.
//!
//! The reflectors of a process use its connection: they are on one server, come and go together,
//! and the balancer counts them once. A process is a member of a fleet with connections of its
//! own, and the members of other fleets that use them ([`ConnectionsInput::of`]).
//! It holds several where its streams do not fit into one (`--http2-max-streams-per-connection`,
//! docs/facts/clients.md section 2.3); all of them go to one server here.

use crate::model::context::Context;
use crate::model::fleets::Fleets;
use crate::model::ids::{ClientId, FleetId, Table};
use crate::model::input::{ConnectionsInput, FleetInput, Inputs};

/// Which fleets use whose connections.
#[derive(Clone, Debug, Default)]
pub struct Sharing {
    /// Whether any does.
    pub(crate) any: bool,
    /// The fleets that use those of a fleet, by fleet.
    pub(crate) shared_by: Table<FleetId, Vec<FleetId>>,
}

impl Sharing {
    /// Those of a scenario.
    #[must_use]
    pub fn of(inputs: &Inputs) -> Self {
        let mut shared_by = Table::filled(Vec::new(), inputs.fleets.len());
        for (id, fleet) in inputs.fleet_ids().zip(&inputs.fleets) {
            if let Some(owner) = fleet.connections.of {
                shared_by[owner].push(id);
            }
        }
        Self { any: shared_by.iter().any(|shared_by| !shared_by.is_empty()), shared_by }
    }
}

/// TLS handshakes that a member's watches cost: a sharer's connection is not its own.
pub(crate) fn handshakes(fleet: &FleetInput) -> u64 {
    match fleet.connections {
        ConnectionsInput { of: Some(_), .. } => 0,
        ConnectionsInput { of: None, count } => u64::from(count),
    }
}

impl Fleets {
    /// The member whose connection a member uses: its own, unless its fleet uses another's.
    pub(crate) fn owner_of(&self, cx: &Context<'_>, client: ClientId) -> ClientId {
        let fleet = self.clients[client].fleet;
        match cx.inputs.fleets[fleet].connections.of {
            None => client,
            Some(owner) => {
                let place = self.place_of(client) % cx.inputs.fleets[owner].count;
                self.member(owner, place)
            }
        }
    }

    /// All members of a process, its owner of the connection first.
    pub(crate) fn process_members(&self, cx: &Context<'_>, client: ClientId) -> Vec<ClientId> {
        if !self.sharing.any {
            return vec![client];
        }
        let owner = self.owner_of(cx, client);
        let fleet = self.clients[owner].fleet;
        let (place, stride) = (self.place_of(owner), cx.inputs.fleets[fleet].count as usize);
        let shared_by = self.sharing.shared_by[fleet].iter().flat_map(|sharer| {
            let members = place..cx.inputs.fleets[*sharer].count;
            members.step_by(stride).map(move |place| self.member(*sharer, place))
        });
        std::iter::once(owner).chain(shared_by).collect()
    }

    /// The members of a process that use the connection that this one uses; all that use any, if
    /// it uses none.
    pub(crate) fn attached(&self, cx: &Context<'_>, client: ClientId) -> Vec<ClientId> {
        let server = self.clients[client].server;
        let mut members = self.process_members(cx, client);
        members.retain(|peer| {
            let peers = self.clients[*peer].server;
            peers.is_some() && (server.is_none() || peers == server)
        });
        members
    }

    /// TCP connections that a member's process holds.
    pub(crate) fn connections_of(&self, cx: &Context<'_>, client: ClientId) -> u32 {
        let owner = self.owner_of(cx, client);
        cx.inputs.fleets[self.clients[owner].fleet].connections.count
    }
}
