//! What a server's steady load depends on: how much comes to it, and how much of that it lets in.

use crate::model::ids::{FleetId, ResourceId, Table};
use crate::units::SimTime;

/// What a server's steady load depends on.
#[derive(Clone, Copy, Debug)]
pub struct Load<'a> {
    /// Its watches, by fleet.
    pub watches: &'a Table<FleetId, u64>,
    /// Writes per second, by resource.
    pub writes: &'a Table<ResourceId, f64>,
    /// Share of the writes that come to this server that are let in, by resource.
    pub let_in: &'a Table<ResourceId, f64>,
    /// Objects stored, by resource.
    pub objects: &'a Table<ResourceId, u64>,
    /// Servers that share the writes.
    pub serving: usize,
    /// Until when the caches do not follow etcd.
    pub held: Option<SimTime>,
}

impl Load<'_> {
    /// Writes per second that come to this server.
    pub(super) fn offered(&self, resource: ResourceId) -> f64 {
        self.writes[resource] / self.serving as f64
    }

    /// Writes per second that this server handles.
    pub(super) fn handled(&self, resource: ResourceId) -> f64 {
        self.offered(resource) * self.let_in[resource]
    }

    /// Events per second of a resource: the other servers are taken to handle their share.
    pub(super) fn events(&self, resource: ResourceId) -> f64 {
        self.writes[resource] - self.offered(resource) + self.handled(resource)
    }
}

#[cfg(test)]
mod tests {
    use super::Load;
    use crate::model::ids::{ResourceId, Table};

    /// Of three servers one lets none of the writes to the first resource in, and half of those to the second.
    #[test]
    fn writes_that_others_handle_are_events_here() {
        let (watches, writes) = (Table::filled(0, 1), Table::filled(30.0, 2));
        let let_in: Table<ResourceId, f64> = [0.0, 0.5].into_iter().collect();
        let objects = Table::filled(1, 2);
        let (watches, writes, let_in, objects) = (&watches, &writes, &let_in, &objects);
        let load = Load { watches, writes, let_in, objects, serving: 3, held: None };
        let of = |row| (load.handled(ResourceId(row)), load.events(ResourceId(row)));
        assert_eq!((of(0), of(1)), ((0.0, 20.0), (5.0, 25.0)));
    }
}
