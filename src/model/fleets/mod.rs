//! The clients of all fleets: what each is about, who shares a connection, whose lease is renewed.
//!
//! They know no server but by its number.

mod calls;
pub mod connections;
pub mod leases;
mod members;
pub mod rollout;

use std::borrow::Cow;

use crate::model::client::Client;
use crate::model::ids::{ClientId, FleetId, Id, Table};
use crate::model::input::Inputs;
use crate::model::release::ClientGo;
use connections::Sharing;
use leases::Leases;
use rollout::Rollout;

/// See the module's documentation.
#[derive(Clone)]
pub struct Fleets {
    /// All members, fleet after fleet.
    pub clients: Table<ClientId, Client>,
    /// First member of each fleet.
    pub first: Table<FleetId, ClientId>,
    /// Members started and not stopped, by fleet.
    pub started: Table<FleetId, u32>,
    /// Those of them with a complete view, by fleet.
    pub synced: Table<FleetId, u32>,
    /// Which fleets use whose connections.
    pub sharing: Sharing,
    /// The fleets of a client, by the first of them: itself, and one for each further read.
    pub(crate) reads: Table<FleetId, Vec<FleetId>>,
    /// The leases of kubelets' nodes.
    pub leases: Leases,
    /// Rollouts under way.
    pub rollouts: Vec<Rollout>,
}

impl Fleets {
    /// All fleets, with nobody started.
    #[must_use]
    pub fn new(inputs: &Inputs) -> Self {
        let mut fleets = Self {
            clients: Table::default(),
            first: Table::default(),
            started: Table::filled(0, inputs.fleets.len()),
            synced: Table::filled(0, inputs.fleets.len()),
            sharing: Sharing::of(inputs),
            reads: Table::filled(Vec::new(), inputs.fleets.len()),
            leases: Leases::of(inputs),
            rollouts: Vec::new(),
        };
        for (id, fleet) in inputs.fleet_ids().zip(&inputs.fleets) {
            fleets.first.push(ClientId::at(fleets.clients.len()));
            fleets.reads[fleet.part.as_ref().map_or(id, |part| part.of)].push(id);
            let era = ClientGo::of_fleet(fleet.client_minor, &inputs.release);
            // Each read has a luck of its own, but for the start of the process.
            let name = match &fleet.part {
                None => Cow::Borrowed(&fleet.name),
                Some(part) => Cow::Owned(format!("{} {}", fleet.name, part.name)),
            };
            let member = |place| Client::new(id, &name, place, era);
            fleets.clients.extend((0..fleet.count).map(member));
        }
        fleets
    }
}
