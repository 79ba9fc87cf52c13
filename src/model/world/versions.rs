//! What versions caches and clients have come to, and reads of data older than what was seen before.
//!
//! A version is the instant at which it was the latest. A cache's own version is that of the newest
//! event of its resource, or of etcd's last progress notification to a watcher that it had nothing
//! else to tell; bookmarks carry it to the clients. So the version of a quiet resource is as old as
//! the last notification, which comes every ten minutes unless etcd is configured otherwise
//! (docs/facts/watch-cache.md section 4.1); and a server that has started since knows
//! nothing that old.

use crate::model::client::Hearing;
use crate::model::ids::{ClientId, ResourceId, ServerId};
use crate::model::input::Behaviour;
use crate::model::watchcache::capacity::BOOKMARK_PERIOD;
use crate::model::world::World;
use crate::units::{SimSpan, SimTime};

impl World<'_> {
    /// How new the version is that a watcher has seen: that of its last event or bookmark.
    pub(super) fn sample_seen(&mut self, client: ClientId, now: SimTime) {
        if self.fleets.clients[client].hearing == Hearing::Nothing {
            return;
        }
        let fleet = &self.cx.inputs.fleets[self.fleets.clients[client].fleet];
        let (selected, bookmarks) = match &fleet.behaviour {
            Behaviour::Reflector { read, bookmarks, .. } => (read.selected, *bookmarks),
            Behaviour::Lister { read, .. } => (read.selected, true),
            Behaviour::Watcher { .. } => (1.0, true),
        };
        let resource = fleet.resource();
        let latest = self.plane.etcd.outage.latest(now);
        self.has_read(client, self.fleets.clients[client].last_server, resource, now);
        if let Some(seen) = self.seen_slowly(client, now) {
            self.fleets.clients[client].seen = seen;
            return;
        }
        let rate = self.plane.flows.usual_rate(resource) * selected;
        let bookmark = BOOKMARK_PERIOD.scale(self.fleets.draw(&mut self.cx, client));
        let uniform = self.fleets.draw(&mut self.cx, client);
        let event =
            (rate > 0.0).then(|| latest - SimSpan::from_secs_f64(-libm::log1p(-uniform) / rate));
        let server = self.fleets.clients[client].last_server.filter(|_| bookmarks);
        let carried = server.map(|server| {
            self.plane.cache_version(&self.cx, server, resource, latest.min(now - bookmark))
        });
        let member = &mut self.fleets.clients[client];
        let seen = event.max(carried).unwrap_or(SimTime::ZERO);
        member.seen = member.seen.max(seen);
    }

    /// The version of what a member has just been given: that of the cache, or the latest.
    pub(super) fn list_version(&self, client: ClientId, now: SimTime) -> SimTime {
        let member = &self.fleets.clients[client];
        let latest = self.plane.etcd.outage.latest(now);
        match member.last_server.filter(|_| member.from_cache) {
            Some(server) => {
                let resource = self.cx.inputs.fleets[member.fleet].resource();
                self.plane.cache_version(&self.cx, server, resource, latest)
            }
            None => latest,
        }
    }

    /// What a watch that has just been opened has seen: all that the cache has, but for those who do
    /// without bookmarks and have had no event. A watch-list waits for the latest.
    pub(super) fn seen_at_opening(
        &self,
        client: ClientId,
        server: ServerId,
        streamed: bool,
        now: SimTime,
    ) -> SimTime {
        let member = &self.fleets.clients[client];
        let latest = self.plane.etcd.outage.latest(now);
        if streamed {
            return latest;
        }
        let fleet = &self.cx.inputs.fleets[member.fleet];
        let told = !matches!(fleet.behaviour, Behaviour::Reflector { bookmarks: false, .. });
        if told || member.missed > 0 {
            member.seen.max(self.plane.cache_version(&self.cx, server, fleet.resource(), latest))
        } else {
            member.seen
        }
    }

    /// A member has the data that a server's cache has; whether it had seen newer data before.
    /// Where nothing is written, no data is older than other data.
    pub(super) fn has_read(
        &mut self,
        client: ClientId,
        server: Option<ServerId>,
        resource: ResourceId,
        now: SimTime,
    ) -> bool {
        let Some(server) = server else { return false };
        let version =
            self.plane.lags(server, now).unwrap_or_else(|| self.plane.etcd.outage.latest(now));
        let written = self.plane.flows.usual_rate(resource) > 0.0;
        let member = &mut self.fleets.clients[client];
        let stale = version < member.newest && written;
        member.newest = member.newest.max(version);
        stale
    }

    /// A list has arrived: remembers its version, and whether it is older than what was seen before.
    pub(super) fn note_version(&mut self, client: ClientId, resource: ResourceId, now: SimTime) {
        let member = self.fleets.clients[client];
        if !member.from_cache {
            self.has_read_latest(client, now);
        } else if self.has_read(client, member.last_server, resource, now) {
            self.cx.record.counters.stale_reads += 1;
        }
    }

    /// A member has read the latest data.
    pub(super) fn has_read_latest(&mut self, client: ClientId, now: SimTime) {
        let version = self.plane.etcd.outage.latest(now);
        let member = &mut self.fleets.clients[client];
        member.newest = member.newest.max(version);
    }
}
