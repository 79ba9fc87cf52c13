//! What a lost connection leaves its client with.

use super::{BOOKMARK_PERIOD, PING_IDLE, PING_SPREAD};
use crate::model::catalog::resource_of;
use crate::model::control_plane;
use crate::model::world::{Event, World};
use crate::results::LogKind;
use crate::units::{SimSpan, SimTime};

impl World<'_> {
    /// How new the version is that a watcher has seen: that of its last event or bookmark.
    pub(super) fn sample_seen(&mut self, client: u32, now: SimTime) {
        let fleet = self.clients[client as usize].fleet as usize;
        let resource = resource_of(&self.inputs.fleets[fleet]);
        let rate = self.inputs.resources[resource].writes_per_second;
        let bookmark = BOOKMARK_PERIOD.scale(self.draw(client));
        let uniform = self.draw(client);
        let event = if rate > 0.0 {
            SimSpan::from_secs_f64(-(1.0 - uniform).ln() / rate)
        } else {
            BOOKMARK_PERIOD
        };
        let seen = now - bookmark.min(event);
        let member = &mut self.clients[client as usize];
        member.seen = member.seen.max(seen);
    }

    /// A server vanished from the network: its clients notice by and by.
    pub(crate) fn partition(&mut self, server: u16, now: SimTime) {
        self.servers[usize::from(server)].partitioned = true;
        self.spend_on_all_clients();
        let message = "cut off from the network".to_owned();
        self.note(now, LogKind::Stopped, &control_plane::name(server), message);
        for client in 0..self.clients.len() as u32 {
            if self.clients[client as usize].server != server {
                continue;
            }
            let after = PING_IDLE + PING_SPREAD.scale(self.draw(client));
            let generation = self.clients[client as usize].generation;
            self.queue.push(now + after, Event::Notice { client, generation });
        }
    }
}
