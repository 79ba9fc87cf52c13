//! What a lost connection leaves its client with.

use crate::model::apiserver::plan::Stage;
use crate::model::apiserver::tag::Tag;
use crate::model::client::go::{MAX_RETRIES, PING_IDLE, PING_SPREAD, REDIAL_SPREAD, RETRY_AFTER};
use crate::model::client::{IdleWatches, NO_SERVER, Next, State};
use crate::model::control_plane;
use crate::model::event::Event;
use crate::model::ids::{ClientId, ServerId};
use crate::model::input::{Behaviour, Retries};
use crate::model::world::World;
use crate::results::LogKind;
use crate::units::{SimSpan, SimTime};

impl World<'_> {
    /// A server vanished from the network: its clients notice by and by.
    pub(crate) fn partition(&mut self, server: ServerId, lasts: SimSpan, now: SimTime) {
        self.spend_on_all_clients();
        let state = &mut self.plane.servers[server];
        state.partitioned_until = state.partitioned_until.max(now + lasts);
        state.server.cut_off(now, true);
        self.touch(server);
        self.cx.queue.push(now + lasts, Event::Heal { server });
        let message = "cut off from the network".to_owned();
        self.cx.record.note(now, LogKind::Stopped, &control_plane::name(server), message);
        for client in self.fleets.clients.ids() {
            if self.fleets.clients[client].server != server {
                continue;
            }
            // The members of a process notice together.
            let attached = self.attached(client);
            if attached.first() != Some(&client) {
                continue;
            }
            let after = PING_IDLE + PING_SPREAD.scale(self.draw(client));
            for client in attached {
                let connection = self.fleets.clients[client].connections;
                self.cx.queue.push(now + after, Event::Notice { client, connection });
            }
        }
        self.leases_changed(Some(server), now);
    }

    /// Sets the deadline of a LIST. A client has one timer at most: one that comes too early is set
    /// again, so that the queue does not fill with those of answered LISTs.
    pub(super) fn set_deadline(&mut self, client: ClientId, deadline: SimTime) {
        let member = &mut self.fleets.clients[client];
        member.deadline = deadline;
        if !std::mem::replace(&mut member.timer, true) {
            self.cx.queue.push(deadline, Event::Timeout { client });
        }
    }

    /// The request time-out of a LIST.
    pub(crate) fn time_out(&mut self, client: ClientId, now: SimTime) {
        self.fleets.clients[client].timer = false;
        let member = self.fleets.clients[client];
        let (State::Listing, Some(request)) = (member.state, member.request) else { return };
        if now < member.deadline {
            self.set_deadline(client, member.deadline);
            return;
        }
        let index = member.server;
        if self.plane.servers[index].partitioned(now) {
            // The client hears of it when the network is whole again, or gives up before.
            let heals = self.plane.servers[index].partitioned_until;
            self.set_deadline(client, heals);
            return;
        }
        match self.plane.servers[index].server.stage(&self.plane.plans.made, request) {
            // The writer holds the lock: the time-out waits for it.
            Stage::Writing => return,
            Stage::Streaming => {
                self.plane.servers[index].server.abort(&self.plane.plans.made, request, now);
                self.free_seats(member.server, request.slot(), now);
            }
            // 504; the handler works on with all it holds.
            Stage::Etcd | Stage::Working => {
                self.plane.servers[index].server.give_up(request, Tag::Orphan(client));
            }
        }
        self.touch(member.server);
        self.cx.record.counters.requests_timed_out += 1;
        self.fleets.clients[client].request = None;
        self.list_failed(client, SimSpan::ZERO, now);
    }

    /// A LIST failed: reflectors back off and start from the top, listers go on.
    pub(super) fn list_failed(&mut self, client: ClientId, extra: SimSpan, now: SimTime) {
        let fleet = self.fleets.clients[client].fleet;
        self.fleets.clients[client].items_left = 0;
        self.fleets.clients[client].retries = 0;
        if self.retries(client) == Retries::Never {
            self.give_up(client, extra, now);
            return;
        }
        if let Behaviour::Lister { pause, .. } = &self.cx.inputs.fleets[fleet].behaviour {
            let pause = (*pause).max(RETRY_AFTER);
            self.next_round(client, extra + pause, now);
            return;
        }
        let delay = self.back_off(client, now);
        self.wait(client, Next::Begin, extra + delay);
    }

    /// The server died: the client's sockets are closed (docs/facts/clients.md section 1.2, "clean
    /// close" column). `answered`: part of an answer had come.
    pub(crate) fn connection_closed(&mut self, client: ClientId, answered: bool, now: SimTime) {
        let member = self.fleets.clients[client];
        let kept = std::mem::take(&mut self.fleets.clients[client].keeps_idle);
        self.cx.record.counters.watches_lost +=
            if kept { self.cx.inputs.fleets[member.fleet].watches() - 1 } else { 0 };
        self.fleets.clients[client].request = None;
        self.fleets.clients[client].ticket = None;
        self.fleets.clients[client].waiting_memory = false;
        let spread = REDIAL_SPREAD.scale(self.draw(client));
        match member.state {
            State::Watching => {
                let fleet = member.fleet;
                self.cx.record.counters.watches_lost += self.cx.inputs.fleets[fleet].watches();
                self.sample_seen(client, now);
                if self.retries(client) == Retries::Never {
                    self.lose_sync(client, false, now);
                    self.retire(client, now);
                } else if self.very_short(client, (member.opened, member.seen), now) {
                    self.lose_sync(client, false, now);
                    let delay = self.back_off(client, now);
                    self.wait(client, Next::Begin, delay);
                } else {
                    self.wait(client, Next::Watch, spread);
                }
            }
            State::WatchListing if answered && self.retries(client) != Retries::Never => {
                self.cx.record.counters.requests_failed += 1;
                self.wait(client, Next::WatchList, spread);
            }
            _ => self.call_lost(client, answered, spread, now),
        }
    }

    /// Whether a watch opened at `opened` ends as a `VeryShortWatchError`: within a second, without
    /// an event.
    fn very_short(
        &self,
        client: ClientId,
        (opened, seen): (SimTime, SimTime),
        now: SimTime,
    ) -> bool {
        const SHORT: SimSpan = SimSpan::secs(1);
        let member = &self.fleets.clients[client];
        let behaviour = &self.cx.inputs.fleets[member.fleet].behaviour;
        matches!(behaviour, Behaviour::Reflector { .. })
            && opened > SimTime::ZERO
            && now.since(opened) < SHORT
            && member.seen == seen
    }

    /// A call was lost with its connection, before or (`answered`) in the middle of its answer.
    /// The REST layer sends it again after a second if nothing of an answer had come
    /// (docs/facts/clients.md section 2.2); a body that breaks off is an error.
    fn call_lost(&mut self, client: ClientId, answered: bool, spread: SimSpan, now: SimTime) {
        // Between calls: the next one finds out.
        let Some(next) = self.call_under_way(client) else { return };
        self.cx.record.counters.requests_failed += 1;
        if self.retries(client) == Retries::Never {
            self.give_up(client, SimSpan::ZERO, now);
            return;
        }
        if next == Next::List {
            let retried = self.retries(client) == Retries::ClientGo;
            let retries = self.fleets.clients[client].retries;
            if answered || !retried || retries >= MAX_RETRIES {
                self.list_failed(client, spread, now);
                return;
            }
            self.fleets.clients[client].retries += 1;
            self.resend(client);
        }
        self.wait(client, next, RETRY_AFTER + spread);
    }

    /// The call that a member waits for.
    pub(super) fn call_under_way(&self, client: ClientId) -> Option<Next> {
        match self.fleets.clients[client].state {
            State::OpeningWatch => Some(Next::Watch),
            State::WatchListing => Some(Next::WatchList),
            State::Listing => Some(Next::List),
            State::Queued(next) | State::Unheard(next) => Some(next),
            _ => None,
        }
    }

    /// A LIST will be sent again: the same page, or the list from its start.
    pub(super) fn resend(&mut self, client: ClientId) {
        let member = &mut self.fleets.clients[client];
        let (items, continuing) = member.page;
        if member.state == State::Listing {
            member.items_left = if continuing { member.items_left + items } else { 0 };
        }
    }

    /// A client's pings go unanswered: "http2: client connection lost" ends watches with an error
    /// that makes the reflector list again, and watch-lists with one that makes it fall back to a
    /// LIST at once (docs/facts/clients.md section 1.2).
    pub(crate) fn notice(&mut self, client: ClientId, connection: u32, now: SimTime) {
        let member = self.fleets.clients[client];
        if member.server == NO_SERVER || member.connections != connection {
            return;
        }
        if self.unheard_until(client, member.server) <= now {
            return;
        }
        for mate in self.attached(client) {
            if self.meets_stranger(mate, now) {
                self.reset(mate, now);
            } else {
                self.given_up(mate, now);
            }
        }
    }

    fn given_up(&mut self, client: ClientId, now: SimTime) {
        let member = self.fleets.clients[client];
        let answered = self.partly_answered(client);
        let watches = self.cx.inputs.fleets[member.fleet].watches();
        self.disconnect(client, now);
        match member.state {
            State::Watching => {
                self.cx.record.counters.watches_lost += watches;
                self.sample_seen(client, now);
                self.lose_sync(client, false, now);
                self.fleets.clients[client].idle = IdleWatches::ListFirst;
                if self.retries(client) == Retries::Never {
                    self.retire(client, now);
                } else {
                    let delay = self.back_off(client, now);
                    self.wait(client, Next::Begin, delay);
                }
            }
            State::WatchListing if answered && self.retries(client) != Retries::Never => {
                self.cx.record.counters.requests_failed += 1;
                self.wait(client, Next::List, SimSpan::ZERO);
            }
            _ => self.call_lost(client, answered, SimSpan::ZERO, now),
        }
    }
}
