//! What moves the clients: answers, failures, timers.
//!
//! Reflectors follow docs/facts/clients.md section 1.2: an error of a LIST backs off and starts from
//! the top; a watch that closes is opened again at once, without a LIST; a watch that is lost
//! silently, or whose version the server no longer has, lists again after a back-off. 429 with
//! Retry-After is retried by the REST layer, up to ten times, without jitter (section 2.2).

mod admit;
mod crew;
mod doomed;
mod fleet;
mod goaway;
mod lease;
mod losses;
mod read;
mod silence;
mod slow;
mod versions;

pub use crew::Sharing;
pub use doomed::Doom;
pub use lease::Leases;
pub use versions::Lag;

use super::era::ClientEra;
use super::go::{DIAL_TIMEOUT, HANDSHAKE_TIMEOUT, MAX_RETRIES, RETRY_AFTER};
use super::{Client, IdleWatches, ListFrom, Next, State};
use crate::model::apiserver::list::item_bytes;
use crate::model::apiserver::route::{CacheState, Route, route_list};
use crate::model::apiserver::server::{Finished, PlanId};
use crate::model::apiserver::tag::Tag;
use crate::model::control_plane::Life;
use crate::model::ids::{ClientId, ResourceId, ServerId, Table};
use crate::model::input::{Behaviour, ResourceVersion, Retries};
use crate::model::world::World;
use crate::results::LogKind;
use crate::units::{SimSpan, SimTime};

/// Why a call failed before it was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// Connection refused, or no server in rotation.
    Refused,
    /// Nobody answers the dial.
    Silent,
    /// 429 with its Retry-After.
    TooManyRequests(SimSpan),
    /// 410: the version is too old.
    Expired,
}

impl World<'_> {
    fn draw(&mut self, client: ClientId) -> f64 {
        self.fleets.clients[client].draw(&self.cx.streams)
    }

    fn set_synced(&mut self, client: ClientId, synced: bool, now: SimTime) {
        let member = &mut self.fleets.clients[client];
        if member.synced == synced {
            return;
        }
        member.synced = synced;
        let fleet = member.fleet;
        if !synced {
            self.fleets.synced[fleet] -= 1;
            return;
        }
        self.fleets.synced[fleet] += 1;
        self.note_available(client, now);
        if self.fleets.synced[fleet] == self.fleets.started[fleet] {
            let name = self.cx.inputs.fleets[fleet].name.clone();
            let message = format!("all {} started members are synced", self.fleets.started[fleet]);
            self.cx.record.note(now, LogKind::Synced, &name, message);
        }
    }

    /// A timer fired.
    pub(crate) fn wake(&mut self, client: ClientId, generation: u32, now: SimTime) {
        let member = self.fleets.clients[client];
        let (State::Waiting(next) | State::Unheard(next)) = member.state else { return };
        if member.generation != generation {
            return;
        }
        match next {
            Next::Begin => self.begin(client, now),
            Next::List => self.call(client, Next::List, now),
            Next::WatchList => self.call(client, Next::WatchList, now),
            Next::Watch => self.call(client, Next::Watch, now),
            Next::Decoded => self.has_list(client, now),
        }
    }

    /// From the top.
    fn begin(&mut self, client: ClientId, now: SimTime) {
        let fleet = self.fleets.clients[client].fleet;
        self.fleets.clients[client].retries = 0;
        self.fleets.clients[client].items_left = 0;
        let next = match &self.cx.inputs.fleets[fleet].behaviour {
            Behaviour::Reflector { watch_list: true, .. } if self.cx.inputs.release.watch_list => {
                Next::WatchList
            }
            Behaviour::Reflector { .. } | Behaviour::Lister { .. } => Next::List,
            Behaviour::Watcher { .. } => Next::Watch,
        };
        self.call(client, next, now);
    }

    fn wait(&mut self, client: ClientId, next: Next, delay: SimSpan) {
        self.fleets.clients[client].state = State::Waiting(next);
        self.wake_after(client, delay);
    }

    /// Makes a call, or suffers its refusal.
    fn call(&mut self, client: ClientId, next: Next, now: SimTime) {
        // What TCP has been sending all the time is no new call.
        let sent_before = matches!(self.fleets.clients[client].state, State::Unheard(_));
        self.cx.record.counters.requests_made += u64::from(!sent_before);
        self.fleets.clients[client].received = now;
        if self.meets_stranger(client, now) {
            // Reset at the first segment: the call is made again over a new connection.
            self.disconnect(client, now);
            self.write_to_stranger(client, now);
        }
        if let Some(refusal) = self.turned_out(client, now) {
            self.refused(client, next, refusal, now);
            return;
        }
        match self.connect(client, now) {
            Ok(server) if self.unheard_until(client, server) > now => {
                // Sent again and again by TCP until it gets through, or the pings give up.
                self.call_in_vain(client, next, self.unheard_until(client, server), now);
            }
            Ok(server) if self.plane.servers[server].life == Life::Booting => {
                if sent_before {
                    self.disconnect(client, now);
                    self.refused(client, next, Refusal::Refused, now);
                    return;
                }
                // In the socket's backlog until the server accepts or the handshake times out.
                self.wait(client, next, HANDSHAKE_TIMEOUT);
                self.fleets.clients[client].state = State::Unheard(next);
            }
            Ok(server) => self.arrive(client, server, next, now),
            Err(refusal) => match self.dial_gets_through(client, now) {
                Some(after) => self.call_in_vain(client, next, now + after, now),
                None => self.refused(client, next, refusal, now),
            },
        }
    }

    fn cache_state(&self, server: ServerId, resource: ResourceId) -> CacheState {
        CacheState {
            enabled: self.cx.inputs.resources[resource].watch_cache,
            ready: self.plane.servers[server].cachers[resource].is_some(),
        }
    }

    fn send_list(
        &mut self,
        client: ClientId,
        server: ServerId,
        now: SimTime,
    ) -> Result<(), Refusal> {
        let read = self.read_of(client);
        let fleet = self.fleets.clients[client].fleet;
        let continuing = self.fleets.clients[client].items_left > 0;
        let cache = self.cache_state(server, read.resource);
        let route = route_list(&self.cx.inputs.release, cache, &read, continuing);
        if cache.enabled && !cache.ready {
            self.fill_cache(server, read.resource, now);
        }
        if route == Route::TooManyRequests {
            return Err(self.cold(server, read.resource, now));
        }
        if let Some(doom) = self.list_fails(client, server, (&read, route), now) {
            self.submit_doomed(client, server, (doom, State::Listing), now);
            return Ok(());
        }
        let consistent = route == Route::Cache && read.resource_version == ResourceVersion::Unset;
        let waits = consistent && self.lags(server, now).is_some();
        let route = if waits { Route::Etcd } else { route };
        self.cx.record.counters.lists_fallback_to_etcd += u64::from(waits);
        let list = self.shape_list(client, &read, route, continuing);
        let list = self.with_pool(server, fleet, &read, list);
        self.cx.record.counters.lists_begun += 1;
        let (plans, context) = self.plane.planning(&self.cx);
        let plan = plans.list(&context, fleet, &read, list, waits);
        if route == Route::Etcd {
            self.cx.record.counters.lists_from_etcd += 1;
        }
        self.submit(client, server, plan, State::Listing, now);
        self.fleets.clients[client].from_cache = route == Route::Cache && !consistent;
        let received = self.fleets.clients[client].received;
        let deadline = received + self.cx.inputs.apiserver.request_timeout;
        self.set_deadline(client, deadline.max(now));
        Ok(())
    }

    fn send_watch_list(
        &mut self,
        client: ClientId,
        server: ServerId,
        now: SimTime,
    ) -> Result<(), Refusal> {
        let read = self.read_of(client);
        let fleet = self.fleets.clients[client].fleet;
        self.watch_from_cache(server, read.resource, now)?;
        // All watches are opened with it.
        self.close_idle_watches(client, now);
        if let Some(doom) = self.watch_list_fails(client, server, now) {
            self.submit_doomed(client, server, (doom, State::WatchListing), now);
            return Ok(());
        }
        self.cx.record.counters.watch_lists_begun += 1;
        let channel = self.channel_of(server, read.resource, Some(&read));
        let relists = self.fleets.clients[client].idle == IdleWatches::ListFirst;
        let (plans, context) = self.plane.planning(&self.cx);
        let plan = plans.watch_list(&context, fleet, &read, channel, relists);
        self.submit(client, server, plan, State::WatchListing, now);
        self.watch_list_begins(client, server, now);
        Ok(())
    }

    fn send_watch(
        &mut self,
        client: ClientId,
        server: ServerId,
        now: SimTime,
    ) -> Result<(), Refusal> {
        let fleet = self.fleets.clients[client].fleet;
        let resource = self.cx.inputs.fleets[fleet].resource();
        self.watch_from_cache(server, resource, now)?;
        let seen = self.fleets.clients[client].seen;
        let reflector =
            matches!(self.cx.inputs.fleets[fleet].behaviour, Behaviour::Reflector { .. });
        // A cache knows nothing older than the version it was filled at, nor than its ring.
        let cacher = self.plane.servers[server].cachers[resource].as_mut();
        let since = cacher.filter(|_| reflector).map(|cacher| cacher.events_since(seen, now));
        let missed = match since {
            Some(None) => return Err(Refusal::Expired),
            Some(Some(events)) => self.matching(fleet, events),
            None => 0,
        };
        let given = self.pace(fleet, server).map_or(missed, |pace| pace.given(missed));
        self.cx.record.counters.events_replayed += given;
        let channel = self.channel_of(server, resource, None);
        let opening = self.opening(client);
        let (plans, context) = self.plane.planning(&self.cx);
        let plan = plans.watch(&context, fleet, opening, (given, channel));
        self.submit(client, server, plan, State::OpeningWatch, now);
        self.fleets.clients[client].missed = missed;
        Ok(())
    }

    /// Watches are served by the cache; a cold one answers 429 (or hangs, before 1.31: the client
    /// comes back as if it had).
    fn watch_from_cache(
        &mut self,
        server: ServerId,
        resource: ResourceId,
        now: SimTime,
    ) -> Result<(), Refusal> {
        let cache = self.cache_state(server, resource);
        if cache.enabled && !cache.ready {
            self.fill_cache(server, resource, now);
            return Err(self.cold(server, resource, now));
        }
        Ok(())
    }

    /// The refusal of a cache that is being filled.
    fn cold(&self, server: ServerId, resource: ResourceId, now: SimTime) -> Refusal {
        let state = &self.plane.servers[server];
        let after = state.cold_retry_after(resource, &self.cx.inputs.release, now);
        Refusal::TooManyRequests(after)
    }

    fn submit(
        &mut self,
        client: ClientId,
        server: ServerId,
        plan: PlanId,
        state: State,
        now: SimTime,
    ) {
        let counted = state == State::Listing;

        let tag = Tag::Client(client);
        let request = self.plane.servers[server].server.start(
            &self.plane.plans.made,
            plan,
            tag,
            counted,
            now,
        );
        let member = &mut self.fleets.clients[client];
        member.request = Some(request);
        member.state = state;
        member.doom = None;
        member.opened = now;
        member.generation = member.generation.wrapping_add(1);
        self.touch(server);
    }

    /// A call was refused.
    fn refused(&mut self, client: ClientId, next: Next, refusal: Refusal, now: SimTime) {
        let retries = self.retries(client);
        if let Refusal::TooManyRequests(after) = refusal {
            self.cx.record.counters.requests_rejected += 1;
            self.cx.record.activity.refused(self.fleets.clients[client].server, false);
            let member = &mut self.fleets.clients[client];
            if retries == Retries::ClientGo && member.retries < MAX_RETRIES {
                member.retries += 1;
                self.wait(client, next, after);
                return;
            }
        } else if refusal == Refusal::Expired {
            self.cx.record.counters.requests_gone += 1;
            self.cx.record.activity.refused(self.fleets.clients[client].server, true);
        } else {
            self.cx.record.counters.requests_failed += 1;
        }
        let extra = if refusal == Refusal::Silent { DIAL_TIMEOUT } else { SimSpan::ZERO };
        self.fleets.clients[client].retries = 0;
        if retries == Retries::Never {
            self.give_up(client, extra, now);
            return;
        }
        if refusal == Refusal::Silent && matches!(next, Next::Watch | Next::WatchList) {
            // The REST layer dials again, and the reflector takes the end of that for a clean
            // close: no back-off, no fallback.
            self.wait(client, next, DIAL_TIMEOUT + RETRY_AFTER);
            return;
        }
        let fleet = self.fleets.clients[client].fleet;
        match &self.cx.inputs.fleets[fleet].behaviour {
            Behaviour::Reflector { .. } => {
                let next = match (next, refusal) {
                    (Next::Watch, Refusal::Expired) => {
                        self.lose_sync(client, true, now);
                        Next::Begin
                    }
                    (Next::Watch, _) => Next::Watch,
                    _ => Next::Begin,
                };
                let delay = self.back_off(client, now);
                self.wait(client, next, extra + delay);
            }
            Behaviour::Lister { pause, .. } => {
                let pause = (*pause).max(RETRY_AFTER);
                self.next_round(client, extra + pause, now);
            }
            Behaviour::Watcher { .. } => {
                let delay = self.back_off(client, now);
                self.wait(client, Next::Watch, extra + delay);
            }
        }
    }

    fn retries(&self, client: ClientId) -> Retries {
        self.cx.inputs.fleets[self.fleets.clients[client].fleet].retries
    }

    /// A member without retries gives a failed call up: listers go on to their next round.
    fn give_up(&mut self, client: ClientId, extra: SimSpan, now: SimTime) {
        let fleet = self.fleets.clients[client].fleet;
        match &self.cx.inputs.fleets[fleet].behaviour {
            Behaviour::Lister { pause, .. } => self.next_round(client, extra + *pause, now),
            _ => self.retire(client, now),
        }
    }

    /// A reflector must list again; `gone`: its version is too old.
    fn lose_sync(&mut self, client: ClientId, gone: bool, now: SimTime) {
        self.set_synced(client, false, now);
        self.fleets.clients[client].from = self.era_of(client).relists_from(gone);
    }

    fn era_of(&self, client: ClientId) -> ClientEra {
        let fleet = &self.cx.inputs.fleets[self.fleets.clients[client].fleet];
        ClientEra::of(fleet.client_minor, &self.cx.inputs.release)
    }

    fn back_off(&mut self, client: ClientId, now: SimTime) -> SimSpan {
        let draw = self.draw(client);
        self.fleets.clients[client].backoff.delay(now, draw)
    }

    /// A request has finished on a server.
    pub(crate) fn request_finished(&mut self, server: ServerId, done: Finished, now: SimTime) {
        self.answer(server, done, now);
        self.let_in(server, now);
        self.may_exit(server, now);
    }

    fn answer(&mut self, server: ServerId, done: Finished, now: SimTime) {
        let client = match done.tag {
            Tag::Client(client) => client,
            Tag::Orphan(_) => return,
            Tag::StartUp(request) => {
                self.start_up_finished(server, request, now);
                return;
            }
        };
        let member = self.fleets.clients[client];
        if member.request != Some(done.id) {
            return;
        }
        self.fleets.clients[client].request = None;
        if let Some(doom) = self.fleets.clients[client].doom.take() {
            self.call_failed(client, doom, now);
            return;
        }
        self.cx.record.counters.requests_answered += 1;
        match member.state {
            State::Listing => self.listed(client, now),
            State::WatchListing => self.watch_listed(client, server, now),
            State::OpeningWatch => self.watching(client, server, now),
            _ => {}
        }
    }

    /// A LIST, or a page of one, has arrived.
    fn listed(&mut self, client: ClientId, now: SimTime) {
        self.cx.record.counters.lists_ok += 1;
        self.cx.record.answered(now);
        self.fleets.clients[client].retries = 0;
        let fleet = self.fleets.clients[client].fleet;
        let spec = &self.cx.inputs.fleets[fleet];
        let all_pages = !matches!(spec.behaviour, Behaviour::Lister { all_pages: false, .. });
        if self.fleets.clients[client].items_left > 0 && all_pages {
            self.call(client, Next::List, now);
            return;
        }
        self.fleets.clients[client].items_left = 0;
        let read = self.read_of(client);
        self.note_version(client, read.resource, now);
        let (items, _) = self.plane.context(&self.cx).items_of(&read);
        let body = item_bytes(&self.cx.catalog.profiles[read.resource], read.encoding).times(items);
        match spec.decode_rate {
            Some(rate) => self.wait(client, Next::Decoded, rate.time_for(body)),
            None => self.has_list(client, now),
        }
    }

    /// A client has its list in memory.
    fn has_list(&mut self, client: ClientId, now: SimTime) {
        self.set_synced(client, true, now);
        let fleet = self.fleets.clients[client].fleet;
        let server = self.fleets.clients[client].last_server;
        self.fleets.clients[client].seen = self.list_version(client, server, now);
        match &self.cx.inputs.fleets[fleet].behaviour {
            Behaviour::Reflector { watch: true, .. } => {
                self.fleets.clients[client].from = ListFrom::Last;
                self.call(client, Next::Watch, now);
            }
            Behaviour::Lister { pause, .. } => self.next_round(client, *pause, now),
            _ => self.retire(client, now),
        }
    }

    /// A client is done: it leaves.
    fn retire(&mut self, client: ClientId, now: SimTime) {
        self.disconnect(client, now);
        let member = &mut self.fleets.clients[client];
        member.state = State::Finished;
        member.generation = member.generation.wrapping_add(1);
    }

    fn next_round(&mut self, client: ClientId, pause: SimSpan, now: SimTime) {
        let member = &mut self.fleets.clients[client];
        member.rounds_left = member.rounds_left.saturating_sub(1);
        member.items_left = 0;
        if member.rounds_left == 0 {
            self.retire(client, now);
        } else {
            self.wait(client, Next::List, pause.max(SimSpan::nanos(1)));
        }
    }

    /// The initial events of a watch-list have ended.
    fn watch_listed(&mut self, client: ClientId, server: ServerId, now: SimTime) {
        self.cx.record.counters.lists_ok += 1;
        self.cx.record.answered(now);
        self.set_synced(client, true, now);
        let fleet = self.fleets.clients[client].fleet;
        self.fleets.clients[client].from = ListFrom::Last;
        let keeps = !matches!(
            self.cx.inputs.fleets[fleet].behaviour,
            Behaviour::Reflector { watch: false, .. }
        );
        let began = self.fleets.clients[client].opened;
        self.has_read_latest(client, now);
        self.watching(client, server, now);
        if keeps {
            self.watch_list_ends(client, server, began, now);
        } else {
            self.retire(client, now);
        }
    }

    /// A member's watches are open: its own and its idle ones.
    fn watching(&mut self, client: ClientId, server: ServerId, now: SimTime) {
        let fleet = self.fleets.clients[client].fleet;
        let watches = self.watches_to_open(client);
        self.cx.record.counters.watches_opened += watches;
        let idle = &mut self.fleets.clients[client].idle;
        if std::mem::replace(idle, IdleWatches::AsTheyWere) == IdleWatches::ListFirst {
            self.cx.record.counters.idle_relists += watches - 1;
        }
        let state = &mut self.plane.servers[server];
        state.watches[fleet] += watches;
        state.background_stale = true;
        self.touch(server);
        self.set_synced(client, true, now);
        let streamed = self.fleets.clients[client].state == State::WatchListing;
        let seen = self.seen_at_opening(client, server, streamed, now);
        let member = &mut self.fleets.clients[client];
        member.state = State::Watching;
        member.generation = member.generation.wrapping_add(1);
        member.retries = 0;
        member.opened = now;
        member.behind = false;
        member.keeps_idle = false;
        let missed = if streamed { 0 } else { std::mem::take(&mut member.missed) };
        self.watch_slowly(client, missed, now);
        let member = &mut self.fleets.clients[client];
        if !member.behind {
            member.seen = seen;
        }
    }

    /// Whether every server serves.
    #[must_use]
    pub(crate) fn all_serving(&self) -> bool {
        self.plane.servers.iter().all(|state| state.life == Life::Serving)
    }
}

/// Clients that have given up without a complete view.
#[must_use]
pub fn given_up(clients: &Table<ClientId, Client>) -> u64 {
    clients.iter().filter(|c| c.state == State::Finished && !c.synced).count() as u64
}

/// Clients that were started and want a view, and those that have it.
#[must_use]
pub fn synced(clients: &Table<ClientId, Client>) -> (u64, u64) {
    let wants = |c: &&Client| !matches!(c.state, State::Stopped);
    let started = clients.iter().filter(wants).count() as u64;
    let synced = clients.iter().filter(wants).filter(|c| c.synced).count() as u64;
    (synced, started)
}
