//! What a member's next LIST asks for.

use crate::model::admission::first_read;
use crate::model::apiserver::list::{ListShape, rounded_scan};
use crate::model::apiserver::route::{Route, honours_limit};
use crate::model::client::ListFrom;
use crate::model::ids::{ClientId, FleetId, ServerId};
use crate::model::input::{Behaviour, ReadInput, ResourceVersion, Shape};
use crate::model::world::World;
use crate::results::Mechanism;
use crate::units::Bytes;

impl World<'_> {
    /// The read of a member's present LIST.
    pub(super) fn read_of(&self, client: ClientId) -> ReadInput {
        let member = &self.fleets.clients[client];
        let fleet = &self.cx.inputs.fleets[member.fleet];
        match &fleet.behaviour {
            Behaviour::Reflector { read: given, .. } => {
                let mut read = first_read(fleet);
                match member.from {
                    ListFrom::First => {}
                    ListFrom::Last => read.resource_version = ResourceVersion::NotOlderThan,
                    ListFrom::Latest => read.resource_version = ResourceVersion::Unset,
                }
                // The pager limits "" and "0" only, unless a limit is set or pages came before:
                // there is no watch cache. After a relist with a version the retry with "" reuses
                // a pager without limit (docs/facts/clients.md section 1.1).
                let pages = member.from == ListFrom::First
                    || member.from == ListFrom::Latest && self.era_of(client).pages_latest()
                    || !self.cx.inputs.resources[read.resource].watch_cache;
                if !pages {
                    read.limit = given.limit;
                }
                read
            }
            _ => first_read(fleet),
        }
    }

    /// How many items this LIST returns and scans.
    pub(super) fn shape_list(
        &mut self,
        client: ClientId,
        read: &ReadInput,
        route: Route,
        continuing: bool,
    ) -> ListShape {
        let (matching, stored) = self.plane.context(&self.cx).items_of(read);
        let member = &mut self.fleets.clients[client];
        let left = if continuing { member.items_left } else { matching };
        let items = match read.limit {
            Some(limit) if continuing || honours_limit(route, read) => left.min(limit.max(1)),
            _ => left,
        };
        member.items_left = left - items;
        member.page = (items, continuing);
        // etcd reads page by page; the cache walks what is left of the range (in 64ths, so that
        // the pages of a long list share plans).
        let whole = matching.max(1);
        let part = |of: u64| (stored as f64 * of as f64 / whole as f64).ceil() as u64;
        let scanned = match route {
            Route::Etcd => part(items),
            _ if left == matching => stored,
            _ => rounded_scan(part(left)),
        };
        ListShape { route, items, scanned: scanned.min(stored), pooled: None }
    }

    /// Gives the LIST's encoder the buffer that the server's pool has.
    pub(super) fn with_pool(
        &mut self,
        server: ServerId,
        fleet: FleetId,
        read: &ReadInput,
        list: ListShape,
    ) -> ListShape {
        if !self.plane.context(&self.cx).uses_pool(fleet, read) {
            return list;
        }
        let entry = self.cx.catalog.fleet_owner(fleet).entry(Mechanism::ResponseBuffer);
        let nested = self.cx.inputs.resources[read.resource].shape == Shape::Typed;
        let memory = &mut self.plane.servers[server].server.memory;
        let pooled = memory.unpool(entry, nested).map(Bytes);
        ListShape { pooled, ..list }
    }
}
