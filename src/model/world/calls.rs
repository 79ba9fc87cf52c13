//! What moves the clients: answers, failures, timers.
//!
//! Reflectors follow docs/facts/clients.md section 1.2: an error of a LIST backs off and starts from
//! the top; a watch that closes is opened again at once, without a LIST; a watch that is lost
//! silently, or whose version the server no longer has, lists again after a back-off. 429 with
//! Retry-After is retried by the REST layer, up to ten times, without jitter (section 2.2).

use crate::model::apiserver::list::item_bytes;
use crate::model::apiserver::plan::Step;
use crate::model::apiserver::route::{Route, route_list};
use crate::model::apiserver::server::{Finished, PlanId};
use crate::model::apiserver::tag::{StartUp, Tag};
use crate::model::apiserver::watch::kept_interval;
use crate::model::client::go::HANDSHAKE_TIMEOUT;
use crate::model::client::refusal::{Reaction, Refusal, reaction};
use crate::model::client::{IdleWatches, ListFrom, Next, State};
use crate::model::ids::{ClientId, ResourceId, ServerId};
use crate::model::input::{Behaviour, ResourceVersion};
use crate::model::plane::server_state::Life;
use crate::model::world::World;
use crate::results::{Mechanism, RequestCounts};
use crate::units::{SimSpan, SimTime};

impl World<'_> {
    /// A timer fired.
    pub(super) fn wake(&mut self, client: ClientId, generation: u32, now: SimTime) {
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
    pub(super) fn begin(&mut self, client: ClientId, now: SimTime) {
        let next = self.fleets.first_call(&mut self.cx, client);
        self.call(client, next, now);
    }

    /// Makes a call, or suffers its refusal.
    pub(super) fn call(&mut self, client: ClientId, next: Next, now: SimTime) {
        // What TCP has been sending all the time is no new call.
        let sent_before = matches!(self.fleets.clients[client].state, State::Unheard(_));
        if next == Next::List
            && !sent_before
            && let Some(wait) = self.fleets.throttle(&self.cx, client, now)
        {
            self.fleets.wait(&mut self.cx, client, next, wait);
            return;
        }
        self.cx.record.counters.requests_made += u64::from(!sent_before);
        self.fleets.clients[client].received = now;
        if self.would_be_reset(client, now) {
            // Reset at the first segment: the call is made again over a new connection.
            self.disconnect(client, now);
            self.reset_half_open(client, now);
        }
        if let Some(refusal) = self.turned_out(client, now) {
            self.refused(client, next, refusal, now);
            return;
        }
        match self.connect(client, now) {
            Ok(server) if self.unheard_until(client, server) > now => {
                // Sent again and again by TCP until it gets through, or the pings give up.
                let until = self.unheard_until(client, server);
                self.fleets.call_unheard(&mut self.cx, client, next, until, now);
            }
            Ok(server) if self.plane.servers[server].life == Life::Booting => {
                if sent_before {
                    self.disconnect(client, now);
                    self.refused(client, next, Refusal::Refused, now);
                    return;
                }
                // In the socket's backlog until the server accepts or the handshake times out.
                self.fleets.wait(&mut self.cx, client, next, HANDSHAKE_TIMEOUT);
                self.fleets.clients[client].state = State::Unheard(next);
            }
            Ok(server) => self.arrive(client, server, next, now),
            Err(refusal) => match self.fleets.dial_gets_through(client, now) {
                Some(after) => {
                    self.fleets.call_unheard(&mut self.cx, client, next, now + after, now);
                }
                None => self.refused(client, next, refusal, now),
            },
        }
    }

    /// A LIST reaches its handler. One that finds its cache cold has it filled, as in Kubernetes.
    pub(super) fn send_list(
        &mut self,
        client: ClientId,
        server: ServerId,
        now: SimTime,
    ) -> Result<(), Refusal> {
        let read = self.fleets.read_of(&self.cx, client);
        let fleet = self.fleets.clients[client].fleet;
        let continuing = self.fleets.clients[client].items_left > 0;
        let cache = self.plane.cache_state(&self.cx, server, read.resource);
        let route = route_list(&self.cx.inputs.release, cache, &read, continuing);
        if cache.enabled && !cache.ready {
            self.plane.fill_cache(&mut self.cx, server, read.resource, now);
        }
        if route == Route::TooManyRequests {
            return Err(self.cold(server, read.resource, now));
        }
        if let Some(error) = self.list_fails(client, server, &read, route, now) {
            self.submit_failing(client, server, error, State::Listing, now);
            return Ok(());
        }
        let consistent = route == Route::Cache && read.resource_version == ResourceVersion::Unset;
        let waits = consistent && self.plane.lags(server, now).is_some();
        let route = if waits { Route::Etcd } else { route };
        self.cx.record.counters.lists_fallback_to_etcd += u64::from(waits);
        let list = self.shape_list(client, &read, route, continuing);
        let list = self.plane.with_pool(&mut self.cx, server, fleet, &read, list);
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
        self.fleets.set_deadline(&mut self.cx, client, deadline.max(now));
        Ok(())
    }

    /// A watch-list reaches its handler.
    pub(super) fn send_watch_list(
        &mut self,
        client: ClientId,
        server: ServerId,
        now: SimTime,
    ) -> Result<(), Refusal> {
        let read = self.fleets.read_of(&self.cx, client);
        let fleet = self.fleets.clients[client].fleet;
        self.watch_from_cache(server, read.resource, now)?;
        // All watches are opened with it.
        self.close_idle_watches(client, now);
        if let Some(error) = self.watch_list_fails(client, server, now) {
            self.submit_failing(client, server, error, State::WatchListing, now);
            return Ok(());
        }
        self.cx.record.counters.watch_lists_begun += 1;
        let channel = self.plane.channel_of(&self.cx, server, read.resource, Some(&read));
        let relists = self.fleets.clients[client].idle == IdleWatches::ListFirst;
        let (plans, context) = self.plane.planning(&self.cx);
        let plan = plans.watch_list(&context, fleet, &read, channel, relists);
        self.submit(client, server, plan, State::WatchListing, now);
        self.watch_list_begins(client, server, now);
        Ok(())
    }

    /// A watch reaches its handler.
    pub(super) fn send_watch(
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
        let given =
            self.plane.pace(&self.cx, fleet, server).map_or(missed, |pace| pace.given(missed));
        self.cx.record.counters.events_replayed += given;
        let channel = self.plane.channel_of(&self.cx, server, resource, None);
        let opening = self.opening(client);
        let (plans, context) = self.plane.planning(&self.cx);
        let plan = plans.watch(&context, fleet, opening, given, channel);
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
        let cache = self.plane.cache_state(&self.cx, server, resource);
        if cache.enabled && !cache.ready {
            self.plane.fill_cache(&mut self.cx, server, resource, now);
            return Err(self.cold(server, resource, now));
        }
        Ok(())
    }

    /// The refusal of a cache that is being filled.
    pub(super) fn cold(&self, server: ServerId, resource: ResourceId, now: SimTime) -> Refusal {
        let state = &self.plane.servers[server];
        let after = state.cold_retry_after(resource, &self.cx.inputs.release, now);
        Refusal::TooManyRequests(after)
    }

    /// A server begins to serve a member's request.
    pub(super) fn submit(
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
        member.error = None;
        member.opened = now;
        member.generation = member.generation.wrapping_add(1);
        self.touch(server);
    }

    /// A call was refused: its client does what [`reaction`] says.
    pub(super) fn refused(&mut self, client: ClientId, next: Next, refusal: Refusal, now: SimTime) {
        self.count_refusal(client, next, refusal);
        let member = &mut self.fleets.clients[client];
        let spec = &self.cx.inputs.fleets[member.fleet];
        let reaction = reaction(refusal, next, &spec.behaviour, spec.retries, member.retries);
        let tries = member.retries;
        member.retries = 0;
        match reaction {
            Reaction::SendAgain(after) => {
                member.retries = tries + 1;
                self.fleets.wait(&mut self.cx, client, next, after);
            }
            Reaction::Reopen(after) => self.fleets.wait(&mut self.cx, client, next, after),
            Reaction::BackOff { next, after, expired } => {
                if expired {
                    self.fleets.lose_sync(&mut self.cx, client, true, now);
                }
                let delay = self.fleets.back_off(&mut self.cx, client, now);
                self.fleets.wait(&mut self.cx, client, next, after + delay);
            }
            Reaction::NextRound(after) => self.next_round(client, after, now),
            Reaction::GiveUp(after) => self.give_up(client, after, now),
        }
    }

    /// Counts a refusal, and notes which server it came from.
    fn count_refusal(&mut self, client: ClientId, next: Next, refusal: Refusal) {
        let watch = matches!(next, Next::Watch | Next::WatchList);
        if let (Some(server), Refusal::TooManyRequests(_) | Refusal::Expired) =
            (self.fleets.clients[client].server, refusal)
        {
            let counts = self.request_counts(client, server);
            let count = match (refusal == Refusal::Expired, watch) {
                (true, true) => &mut counts.watch_gone,
                (true, false) => &mut counts.list_gone,
                (false, true) => &mut counts.watch_rejected,
                (false, false) => &mut counts.list_rejected,
            };
            *count += 1;
        }
        let record = &mut self.cx.record;
        let (count, gone) = match refusal {
            Refusal::TooManyRequests(_) => (&mut record.counters.requests_rejected, Some(false)),
            Refusal::Expired => (&mut record.counters.requests_gone, Some(true)),
            Refusal::Refused | Refusal::Silent => (&mut record.counters.requests_failed, None),
        };
        *count += 1;
        if let (Some(server), Some(gone)) = (self.fleets.clients[client].server, gone) {
            record.activity.refused(server, gone);
        }
    }

    /// How the process of a server has answered requests such as a client's.
    pub(super) fn request_counts(
        &mut self,
        client: ClientId,
        server: ServerId,
    ) -> &mut RequestCounts {
        let fleet = self.fleets.clients[client].fleet;
        let resource = self.cx.inputs.fleets[fleet].resource();
        &mut self.plane.servers[server].process.requests[resource]
    }

    /// A member without retries gives a failed call up: listers go on to their next round.
    pub(super) fn give_up(&mut self, client: ClientId, extra: SimSpan, now: SimTime) {
        let fleet = self.fleets.clients[client].fleet;
        match &self.cx.inputs.fleets[fleet].behaviour {
            Behaviour::Lister { pause, .. } => self.next_round(client, extra + *pause, now),
            _ => self.retire(client, now),
        }
    }

    /// A request has finished on a server.
    pub(super) fn request_finished(&mut self, server: ServerId, done: Finished, now: SimTime) {
        self.answer(server, done, now);
        self.let_in(server, now);
        self.plane.may_exit(&mut self.cx, server, now);
    }

    /// A request has been served: whoever waits for it goes on.
    pub(super) fn answer(&mut self, server: ServerId, done: Finished, now: SimTime) {
        let client = match done.tag {
            Tag::Client(client) => client,
            Tag::Orphan(_) => return,
            Tag::StartUp(StartUp::Boot) => {
                self.plane.listen(&mut self.cx, server, now);
                self.accept_all(server, now);
                self.plane.fill_all(&mut self.cx, server, now);
                return;
            }
            Tag::StartUp(request) => {
                self.plane.start_up_finished(&mut self.cx, server, request, now);
                return;
            }
        };
        let member = self.fleets.clients[client];
        if member.request != Some(done.id) {
            return;
        }
        self.fleets.clients[client].request = None;
        if let Some(error) = self.fleets.clients[client].error.take() {
            self.call_failed(client, error, now);
            return;
        }
        self.cx.record.counters.requests_answered += 1;
        match member.state {
            State::Listing => {
                self.request_counts(client, server).list_ok += 1;
                let read = self.fleets.read_of(&self.cx, client);
                self.plane.keep_list(&mut self.cx, (server, member.fleet), &read, now);
                self.listed(client, now);
            }
            State::WatchListing => self.watch_listed(client, server, now),
            State::OpeningWatch => self.watching(client, server, now),
            _ => {}
        }
    }

    /// A LIST, or a page of one, has arrived.
    pub(super) fn listed(&mut self, client: ClientId, now: SimTime) {
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
        let read = self.fleets.read_of(&self.cx, client);
        self.note_version(client, read.resource, now);
        let (items, _) = self.plane.context(&self.cx).items_of(&read);
        let body = item_bytes(&self.cx.catalog.profiles[read.resource], read.encoding).times(items);
        match spec.decode_rate {
            Some(rate) => {
                self.fleets.wait(&mut self.cx, client, Next::Decoded, rate.time_for(body));
            }
            None => self.has_list(client, now),
        }
    }

    /// A client has its list in memory.
    fn has_list(&mut self, client: ClientId, now: SimTime) {
        self.fleets.set_synced(&mut self.cx, client, true, now);
        self.fleets.succeeded(&self.cx, client, now);
        let fleet = self.fleets.clients[client].fleet;
        self.fleets.clients[client].seen = self.list_version(client, now);
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
    pub(super) fn retire(&mut self, client: ClientId, now: SimTime) {
        self.disconnect(client, now);
        let member = &mut self.fleets.clients[client];
        member.state = State::Finished;
        member.generation = member.generation.wrapping_add(1);
    }

    /// A lister pauses until its next LIST, or is done.
    pub(super) fn next_round(&mut self, client: ClientId, pause: SimSpan, now: SimTime) {
        let member = &mut self.fleets.clients[client];
        member.rounds_left = member.rounds_left.saturating_sub(1);
        member.items_left = 0;
        if member.rounds_left == 0 {
            self.retire(client, now);
        } else {
            self.fleets.wait(&mut self.cx, client, Next::List, pause.max(SimSpan::nanos(1)));
        }
    }

    /// The initial events of a watch-list have ended.
    fn watch_listed(&mut self, client: ClientId, server: ServerId, now: SimTime) {
        self.cx.record.counters.lists_ok += 1;
        self.cx.record.answered(now);
        self.fleets.set_synced(&mut self.cx, client, true, now);
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
            self.keep_interval(client, server);
            self.watch_list_ends(client, server, began, now);
        } else {
            self.retire(client, now);
        }
    }

    /// A watch that began with the objects there are keeps a part of their interval.
    fn keep_interval(&mut self, client: ClientId, server: ServerId) {
        let fleet = self.fleets.clients[client].fleet;
        let (_, context) = self.plane.planning(&self.cx);
        let stored = context.objects[self.cx.inputs.fleets[fleet].resource()];
        let kept = kept_interval(&self.cx.inputs.release, stored);
        let entry = self.cx.catalog.fleet_owner(fleet).entry(Mechanism::WatchStream);
        self.plane.servers[server].server.memory.step(Step::Take(entry, kept));
        self.fleets.clients[client].interval = kept;
    }

    /// A member's watches are open: its own and its idle ones.
    fn watching(&mut self, client: ClientId, server: ServerId, now: SimTime) {
        let fleet = self.fleets.clients[client].fleet;
        let watches = self.fleets.watches_to_open(&self.cx, client);
        self.cx.record.counters.watches_opened += watches;
        let idle = &mut self.fleets.clients[client].idle;
        if std::mem::replace(idle, IdleWatches::AsTheyWere) == IdleWatches::ListFirst {
            self.cx.record.counters.idle_relists += watches - 1;
        }
        let state = &mut self.plane.servers[server];
        state.watches[fleet] += watches;
        state.background_stale = true;
        self.touch(server);
        self.fleets.set_synced(&mut self.cx, client, true, now);
        self.fleets.succeeded(&self.cx, client, now);
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
}
