//! What a lost connection leaves its client with.

use super::{
    BOOKMARK_PERIOD, MAX_RETRIES, ORPHAN, PING_IDLE, PING_SPREAD, REDIAL_SPREAD, RETRY_AFTER,
};
use crate::model::apiserver::plan::Stage;
use crate::model::catalog::resource_of;
use crate::model::client::{NO_SERVER, Next, State};
use crate::model::control_plane;
use crate::model::input::Behaviour;
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

    /// Sets the deadline of a LIST. A client has one timer at most: one that comes too early is set
    /// again, so that the queue does not fill with those of answered LISTs.
    pub(super) fn set_deadline(&mut self, client: u32, deadline: SimTime) {
        let member = &mut self.clients[client as usize];
        member.deadline = deadline;
        if !std::mem::replace(&mut member.timer, true) {
            self.queue.push(deadline, Event::Timeout { client });
        }
    }

    /// The request time-out of a LIST.
    pub(crate) fn time_out(&mut self, client: u32, now: SimTime) {
        self.clients[client as usize].timer = false;
        let member = self.clients[client as usize];
        let (State::Listing, Some(request)) = (member.state, member.request) else { return };
        if now < member.deadline {
            self.set_deadline(client, member.deadline);
            return;
        }
        let index = usize::from(member.server);
        match self.servers[index].server.stage(&self.catalog.plans, request) {
            // The writer holds the lock: the time-out waits for it.
            Stage::Writing => return,
            Stage::Streaming => {
                self.servers[index].server.abort(&self.catalog.plans, request, now);
                self.free_seats(member.server, request.slot(), now);
            }
            // 504; the handler works on with all it holds.
            Stage::Etcd | Stage::Working => {
                self.servers[index].server.retag(request, ORPHAN | u64::from(client));
            }
        }
        self.touch(member.server);
        self.counters.requests_timed_out += 1;
        self.clients[client as usize].request = None;
        self.list_failed(client, SimSpan::ZERO, now);
    }

    /// A LIST failed: reflectors back off and start from the top, listers go on.
    pub(super) fn list_failed(&mut self, client: u32, extra: SimSpan, now: SimTime) {
        let fleet = self.clients[client as usize].fleet as usize;
        self.clients[client as usize].items_left = 0;
        self.clients[client as usize].retries = 0;
        if let Behaviour::Lister { pause, .. } = &self.inputs.fleets[fleet].behaviour {
            let pause = (*pause).max(RETRY_AFTER);
            self.next_round(client, extra + pause, now);
            return;
        }
        let delay = self.back_off(client, now);
        self.wait(client, Next::Begin, extra + delay);
    }

    /// The server died: the client's sockets are closed (facts/clients.md section 1.2, "clean
    /// close" column). `answered`: part of an answer had come.
    pub(crate) fn connection_closed(&mut self, client: u32, answered: bool, now: SimTime) {
        let member = self.clients[client as usize];
        self.clients[client as usize].request = None;
        self.clients[client as usize].ticket = None;
        self.clients[client as usize].waiting_memory = false;
        let spread = REDIAL_SPREAD.scale(self.draw(client));
        match member.state {
            State::Watching => {
                let fleet = member.fleet as usize;
                self.counters.watches_lost += self.watches_of(fleet);
                self.sample_seen(client, now);
                self.wait(client, Next::Watch, spread);
            }
            State::OpeningWatch | State::Queued(Next::Watch) => {
                self.counters.requests_failed += 1;
                self.wait(client, Next::Watch, RETRY_AFTER + spread);
            }
            State::WatchListing | State::Queued(Next::WatchList) => {
                self.counters.requests_failed += 1;
                self.wait(client, Next::WatchList, spread);
            }
            State::Listing | State::Queued(_) => {
                self.counters.requests_failed += 1;
                // The REST layer sends a GET again when the connection broke before the answer
                // (facts/clients.md section 2.2); a body that breaks off is an error.
                if answered || member.retries >= MAX_RETRIES {
                    self.list_failed(client, spread, now);
                } else {
                    let member = &mut self.clients[client as usize];
                    member.retries += 1;
                    // The same page again, or the list from its start.
                    let (items, continuing) = member.page;
                    let lost = member.state == State::Listing;
                    member.items_left = match (lost, continuing) {
                        (false, _) => member.items_left,
                        (true, true) => member.items_left + items,
                        (true, false) => 0,
                    };
                    self.wait(client, Next::List, RETRY_AFTER + spread);
                }
            }
            // Between calls: the next one finds out.
            State::Waiting(_) | State::Stopped | State::Finished => {}
        }
    }

    /// A client's pings go unanswered: "http2: client connection lost" ends watches with an error
    /// that makes the reflector list again (facts/clients.md section 1.2).
    pub(crate) fn notice(&mut self, client: u32, generation: u32, now: SimTime) {
        let member = self.clients[client as usize];
        let healed =
            member.server == NO_SERVER || !self.servers[usize::from(member.server)].partitioned;
        if member.generation != generation || healed {
            return;
        }
        let watches = self.watches_of(member.fleet as usize);
        self.disconnect(client, now);
        let listing = member.state == State::Listing;
        match member.state {
            State::Watching => {
                self.counters.watches_lost += watches;
                self.sample_seen(client, now);
                self.lose_sync(client, now);
                let delay = self.back_off(client, now);
                self.wait(client, Next::Begin, delay);
            }
            State::Listing | State::WatchListing | State::OpeningWatch | State::Queued(_) => {
                self.counters.requests_failed += 1;
                let fleet = member.fleet as usize;
                let reflector =
                    matches!(self.inputs.fleets[fleet].behaviour, Behaviour::Reflector { .. });
                if reflector && !listing {
                    self.wait(client, Next::List, SimSpan::ZERO);
                } else {
                    self.list_failed(client, SimSpan::ZERO, now);
                }
            }
            State::Waiting(_) | State::Stopped | State::Finished => {}
        }
    }
}
