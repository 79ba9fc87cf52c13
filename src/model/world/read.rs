//! What a member's next LIST asks for.

use crate::model::apiserver::list::{ListShape, Pace, rounded_scan};
use crate::model::apiserver::route::{Route, honours_limit};
use crate::model::ids::ClientId;
use crate::model::input::ReadInput;
use crate::model::world::World;

impl World<'_> {
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
            // The prefix of a namespace holds nothing else.
            Route::Etcd if read.namespaced => items,
            Route::Etcd => part(items),
            _ if left == matching => stored,
            _ => rounded_scan(part(left)),
        };
        ListShape {
            route,
            items,
            scanned: scanned.min(stored),
            pooled: None,
            pace: Pace::default(),
        }
    }
}
