//! What a lost connection leaves its client with.

use crate::model::apiserver::plan::Stage;
use crate::model::apiserver::tag::Tag;
use crate::model::client::go::{MAX_RETRIES, PING_IDLE, PING_SPREAD, REDIAL_SPREAD, RETRY_AFTER};
use crate::model::client::{IdleWatches, Next, State};
use crate::model::event::Event;
use crate::model::ids::{ClientId, ServerId};
use crate::model::input::{Behaviour, Retries};
use crate::model::world::World;
use crate::units::{SimSpan, SimTime};

impl World<'_> {
    /// A server vanished from the network: its clients notice after a while.
    pub(super) fn partition(&mut self, server: ServerId, lasts: SimSpan, now: SimTime) {
        self.spend_on_all_clients();
        self.plane.cut_off_server(&mut self.cx, server, lasts, now);
        self.falls_silent(server, now);
    }

    /// Nobody hears of a server from now on: the pings of its clients go unanswered.
    pub(super) fn falls_silent(&mut self, server: ServerId, now: SimTime) {
        for client in self.fleets.clients.ids() {
            if self.fleets.clients[client].server != Some(server) {
                continue;
            }
            // The members of a process notice together.
            let attached = self.fleets.attached(&self.cx, client);
            if attached.first() != Some(&client) {
                continue;
            }
            let after = PING_IDLE + PING_SPREAD.scale(self.fleets.draw(&mut self.cx, client));
            for client in attached {
                let connection = self.fleets.clients[client].connections;
                self.cx.queue.push(now + after, Event::Notice { client, connection });
            }
        }
        self.leases_changed(Some(server), now);
    }

    /// The request time-out of a LIST.
    pub(super) fn time_out(&mut self, client: ClientId, now: SimTime) {
        self.fleets.clients[client].timer = false;
        let member = self.fleets.clients[client];
        let (State::Listing, Some(request)) = (member.state, member.request) else { return };
        if now < member.deadline {
            self.fleets.set_deadline(&mut self.cx, client, member.deadline);
            return;
        }
        let Some(server) = member.server else { return };
        if self.plane.servers[server].unheard(now) {
            // The client hears of it when the network is whole again, or gives up before.
            let heals = self.plane.servers[server].unheard_until();
            self.fleets.set_deadline(&mut self.cx, client, heals);
            return;
        }
        match self.plane.servers[server].server.stage(&self.plane.plans.made, request) {
            // The writer holds the lock: the time-out waits for it.
            Stage::Writing => return,
            Stage::Streaming => {
                self.plane.servers[server].server.abort(&self.plane.plans.made, request, now);
                self.free_seats(server, request.slot(), now);
            }
            // 504; the handler works on with all it holds.
            Stage::Etcd | Stage::Working => {
                self.plane.servers[server].server.give_up(request, Tag::Orphan(client));
            }
        }
        self.touch(server);
        self.cx.record.counters.requests_timed_out += 1;
        self.request_counts(client, server).list_timed_out += 1;
        self.fleets.clients[client].request = None;
        self.list_failed(client, SimSpan::ZERO, now);
    }

    /// A LIST failed: reflectors back off and start from the top, listers go on.
    pub(super) fn list_failed(&mut self, client: ClientId, extra: SimSpan, now: SimTime) {
        let fleet = self.fleets.clients[client].fleet;
        self.fleets.clients[client].items_left = 0;
        self.fleets.clients[client].retries = 0;
        if self.fleets.retries(&self.cx, client) == Retries::Never {
            self.give_up(client, extra, now);
            return;
        }
        if let Behaviour::Lister { pause, .. } = &self.cx.inputs.fleets[fleet].behaviour {
            let pause = (*pause).max(RETRY_AFTER);
            self.next_round(client, extra + pause, now);
            return;
        }
        let delay = self.fleets.back_off(&mut self.cx, client, now);
        self.fleets.wait(&mut self.cx, client, Next::Begin, extra + delay);
    }

    /// The server died: the client's sockets are closed (docs/facts/clients.md section 1.2, "clean
    /// close" column). `answered`: part of an answer had come.
    pub(super) fn connection_closed(&mut self, client: ClientId, answered: bool, now: SimTime) {
        let member = self.fleets.clients[client];
        let kept = std::mem::take(&mut self.fleets.clients[client].keeps_idle);
        self.cx.record.counters.watches_lost +=
            if kept { self.cx.inputs.fleets[member.fleet].watches() - 1 } else { 0 };
        self.fleets.clients[client].request = None;
        self.fleets.clients[client].ticket = None;
        self.fleets.clients[client].waiting_memory = false;
        let spread = REDIAL_SPREAD.scale(self.fleets.draw(&mut self.cx, client));
        match member.state {
            State::Watching => {
                let fleet = member.fleet;
                self.cx.record.counters.watches_lost += self.cx.inputs.fleets[fleet].watches();
                self.sample_seen(client, now);
                if self.fleets.retries(&self.cx, client) == Retries::Never {
                    self.fleets.lose_sync(&mut self.cx, client, false, now);
                    self.retire(client, now);
                } else if self.fleets.very_short(&self.cx, client, member.opened, member.seen, now)
                {
                    self.fleets.lose_sync(&mut self.cx, client, false, now);
                    let delay = self.fleets.back_off(&mut self.cx, client, now);
                    self.fleets.wait(&mut self.cx, client, Next::Begin, delay);
                } else {
                    self.fleets.wait(&mut self.cx, client, Next::Watch, spread);
                }
            }
            State::WatchListing
                if answered && self.fleets.retries(&self.cx, client) != Retries::Never =>
            {
                self.cx.record.counters.requests_failed += 1;
                self.fleets.wait(&mut self.cx, client, Next::WatchList, spread);
            }
            _ => self.call_lost(client, answered, spread, now),
        }
    }

    /// A call was lost with its connection, before or (`answered`) in the middle of its answer.
    /// The REST layer sends it again after a second if nothing of an answer had come
    /// (docs/facts/clients.md section 2.2); a body that breaks off is an error.
    fn call_lost(&mut self, client: ClientId, answered: bool, spread: SimSpan, now: SimTime) {
        // Between calls: the next one finds out.
        let Some(next) = self.fleets.call_under_way(client) else { return };
        self.cx.record.counters.requests_failed += 1;
        if self.fleets.retries(&self.cx, client) == Retries::Never {
            self.give_up(client, SimSpan::ZERO, now);
            return;
        }
        if next == Next::List {
            let retried = self.fleets.retries(&self.cx, client) == Retries::ClientGo;
            let retries = self.fleets.clients[client].retries;
            if answered || !retried || retries >= MAX_RETRIES {
                self.list_failed(client, spread, now);
                return;
            }
            self.fleets.clients[client].retries += 1;
            self.fleets.resend(client);
        }
        self.fleets.wait(&mut self.cx, client, next, RETRY_AFTER + spread);
    }

    /// A client's pings go unanswered: "http2: client connection lost" ends watches with an error
    /// that makes the reflector list again, and watch-lists with one that makes it fall back to a
    /// LIST at once (docs/facts/clients.md section 1.2).
    pub(super) fn notice(&mut self, client: ClientId, connection: u32, now: SimTime) {
        let member = self.fleets.clients[client];
        let Some(server) = member.server else { return };
        if member.connections != connection || self.unheard_until(client, server) <= now {
            return;
        }
        for peer in self.fleets.attached(&self.cx, client) {
            if self.would_be_reset(peer, now) {
                self.reset(peer, now);
            } else {
                self.given_up(peer, now);
            }
        }
    }

    /// A member gives up a connection on which its pings went unanswered.
    pub(super) fn given_up(&mut self, client: ClientId, now: SimTime) {
        let member = self.fleets.clients[client];
        let answered = self.partly_answered(client);
        let watches = self.cx.inputs.fleets[member.fleet].watches();
        self.disconnect(client, now);
        match member.state {
            State::Watching => {
                self.cx.record.counters.watches_lost += watches;
                self.sample_seen(client, now);
                self.fleets.lose_sync(&mut self.cx, client, false, now);
                self.fleets.clients[client].idle = IdleWatches::ListFirst;
                if self.fleets.retries(&self.cx, client) == Retries::Never {
                    self.retire(client, now);
                } else {
                    let delay = self.fleets.back_off(&mut self.cx, client, now);
                    self.fleets.wait(&mut self.cx, client, Next::Begin, delay);
                }
            }
            State::WatchListing
                if answered && self.fleets.retries(&self.cx, client) != Retries::Never =>
            {
                self.cx.record.counters.requests_failed += 1;
                self.fleets.wait(&mut self.cx, client, Next::List, SimSpan::ZERO);
            }
            _ => self.call_lost(client, answered, SimSpan::ZERO, now),
        }
    }
}
