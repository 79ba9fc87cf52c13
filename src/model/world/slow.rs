//! Watchers that are slower than their events, and watches that servers end.
//!
//! A server hands each event to the channel of each watcher without waiting for longer than a
//! tenth of a second in all (docs/facts/watch-cache.md section 3). Behind the channel are the channel of
//! results, as long as it, and what the network takes in ahead of the reader. A member that reads or
//! decodes fewer bytes per second than its events have fills all of them up; then its watch is ended,
//! what waited in the first channel is lost to it, and what is behind it still arrives: to the
//! reflector that is a clean close, and it watches again at once from the last version it was given.
//! The server gives it the events that it missed from its ring, each copied and encoded for it alone,
//! and while it does so the channel fills again, as soon as it takes events for. So such a member falls
//! back further and further, until the ring no longer reaches to its version: 410, and it lists again.
//!
//! Watchers that are fast enough take no event of the engine; a slow one takes one for each time that
//! its watch is ended.

use crate::model::apiserver::plan::Step;
use crate::model::apiserver::watch::IDLE_WATCH;
use crate::model::client::go::REDIAL_SPREAD;
use crate::model::client::{Next, State};
use crate::model::ids::{ClientId, FleetId, ResourceId, ServerId};
use crate::model::input::{Behaviour, Retries};
use crate::model::plane::pace::Pace;
use crate::model::world::{CLIENTS_AN_EVENT, World};
use crate::results::Mechanism;
use crate::units::{SimSpan, SimTime};

/// Members differ in speed: the slowest fill their buffers in so much less than the others (assumed).
const SPREAD: f64 = 0.2;
/// Until when the bookmark that ends the initial events has been queued: a tick of a second,
/// lengthened by up to a quarter (docs/facts/watch-cache.md section 3). A channel that overflows later has
/// it, and the watch is ended only when all that is queued has been sent.
const BOOKMARK_QUEUED: SimSpan = SimSpan::millis(1_250);

impl World<'_> {
    /// How events come to a member from the server it is connected to.
    fn pace_of(&self, client: ClientId) -> Option<Pace> {
        let member = &self.fleets.clients[client];
        self.plane.pace(&self.cx, member.fleet, member.server?)
    }

    /// A member's watch is open and has yet to be given missed events: arranges its end, if it is too
    /// slow.
    pub(super) fn watch_slowly(&mut self, client: ClientId, missed: u64, now: SimTime) {
        let Some(pace) = self.pace_of(client) else { return };
        if pace.takes.is_none() {
            return;
        }
        let left = missed as f64 - pace.buffered().as_f64() / pace.size.as_f64().max(1.0);
        let after = match pace.fills_in() {
            Some(fills) if left > pace.taken_in(fills) => {
                self.fleets.clients[client].behind = true;
                Some(fills)
            }
            _ => pace.lasts(),
        };
        if let Some(after) = after {
            let sooner = 1.0 - SPREAD * self.fleets.draw(&mut self.cx, client);
            self.fleets.overflow_in(&mut self.cx, client, after.scale(sooner), now);
        }
    }

    /// A resource is written at another rate: some of its watchers may be too slow from now on.
    pub(super) fn watch_at_new_rate(&mut self, resource: ResourceId, now: SimTime) {
        for fleet in self.cx.inputs.fleet_ids() {
            if self.cx.inputs.fleets[fleet].resource() != resource {
                continue;
            }
            let slow = self
                .plane
                .pace(&self.cx, fleet, ServerId(0))
                .is_some_and(|pace| pace.lasts().is_some());
            for client in self.fleets.members(&self.cx, fleet).filter(|_| slow) {
                let member = &mut self.fleets.clients[client];
                if member.state == State::Watching && !member.behind {
                    // What was arranged at the former rate is void.
                    member.generation = member.generation.wrapping_add(1);
                    self.watch_slowly(client, 0, now);
                }
            }
        }
    }

    /// What a member has seen that is behind with the events it missed; `None`: it is not.
    pub(super) fn seen_slowly(&self, client: ClientId, now: SimTime) -> Option<SimTime> {
        let member = &self.fleets.clients[client];
        if !member.behind {
            return None;
        }
        let pace = self.plane.pace(&self.cx, member.fleet, member.last_server?)?;
        let taken = pace.buffered().as_f64() / pace.size.as_f64().max(1.0)
            + pace.taken_in(now.since(member.opened));
        let span = SimSpan::from_secs_f64((taken / pace.matching.max(1e-9)).min(1e9));
        Some((member.seen + span).min(now))
    }

    /// The channel of a member's watch is full: the watch is ended.
    pub(super) fn overflow(&mut self, client: ClientId, generation: u32, now: SimTime) {
        let member = self.fleets.clients[client];
        if member.generation != generation {
            return;
        }
        match member.state {
            State::Watching => self.end_slow_watch(client, now),
            State::WatchListing => self.cut_watch_list(client, now),
            _ => {}
        }
    }

    /// A server is so far behind with the events of some fleets that the channels of their watches are
    /// full: it ends them, and their members watch again from what they were given last.
    pub(super) fn end_late_watches(&mut self, server: ServerId, now: SimTime) {
        let state = &mut self.plane.servers[server];
        if state.stalled.is_some() {
            return;
        }
        let full: Vec<FleetId> = state.server.overflowing(now).collect();
        for fleet in full {
            let state = &mut self.plane.servers[server];
            let late = state.server.lateness_of(fleet);
            state.server.drop_events_of(fleet, now);
            state.overflowed[fleet] = now;
            state.background_stale = true;
            self.touch(server);
            self.spend(u64::from(self.cx.inputs.fleets[fleet].count) / CLIENTS_AN_EVENT);
            for client in self.fleets.members(&self.cx, fleet) {
                let member = self.fleets.clients[client];
                if member.server == Some(server) && member.state == State::Watching {
                    self.end_late_watch(client, late, now);
                }
            }
        }
    }

    /// Ends a member's watch on what it reads; it has not been given the events of `late`.
    fn end_late_watch(&mut self, client: ClientId, late: SimSpan, now: SimTime) {
        self.cx.record.counters.watches_terminated += 1;
        let before = self.fleets.clients[client].seen;
        self.sample_seen(client, now);
        if self.fleets.retries(&self.cx, client) == Retries::Never {
            self.fleets.lose_sync(&mut self.cx, client, false, now);
            self.retire(client, now);
            return;
        }
        self.close_reading_watch(client, now);
        let member = &mut self.fleets.clients[client];
        member.seen = member.seen.min(now - late).max(before);
        let spread = REDIAL_SPREAD.scale(self.fleets.draw(&mut self.cx, client));
        self.fleets.wait(&mut self.cx, client, Next::Watch, spread);
    }

    /// Ends the watch of a member that was too slow; it watches again from what it was given last.
    fn end_slow_watch(&mut self, client: ClientId, now: SimTime) {
        let member = self.fleets.clients[client];
        let Some(pace) = self.pace_of(client) else { return };
        if !member.behind && pace.lasts().is_none() {
            return;
        }
        self.cx.record.counters.watches_terminated += 1;
        if self.fleets.retries(&self.cx, client) == Retries::Never {
            self.fleets.lose_sync(&mut self.cx, client, false, now);
            self.retire(client, now);
            return;
        }
        let lost = pace.fills_in().unwrap_or(SimSpan::ZERO);
        let seen = self.seen_slowly(client, now).unwrap_or(now - lost);
        self.close_reading_watch(client, now);
        self.fleets.clients[client].seen = seen;
        let digests = pace.takes.map_or(SimSpan::ZERO, |rate| rate.time_for(pace.buffered()));
        self.fleets.wait(&mut self.cx, client, Next::Watch, digests);
    }

    /// A watch-list whose channel overflows before its last bookmark was queued is ended there and
    /// then: the reflector begins again with nothing.
    fn cut_watch_list(&mut self, client: ClientId, now: SimTime) {
        let member = self.fleets.clients[client];
        let (Some(request), Some(server)) = (member.request, member.server) else { return };
        let state = &mut self.plane.servers[server];
        state.server.abort(&self.plane.plans.made, request, now);
        self.free_seats(server, request.slot(), now);
        self.touch(server);
        self.fleets.clients[client].request = None;
        self.cx.record.counters.watches_terminated += 1;
        self.cx.record.counters.requests_failed += 1;
        if self.fleets.retries(&self.cx, client) == Retries::Never {
            self.give_up(client, SimSpan::ZERO, now);
            return;
        }
        let spread = REDIAL_SPREAD.scale(self.fleets.draw(&mut self.cx, client));
        self.fleets.wait(&mut self.cx, client, Next::WatchList, spread);
    }

    /// A watch-list has begun: arranges its end, if its channel is full too soon.
    pub(super) fn watch_list_begins(&mut self, client: ClientId, server: ServerId, now: SimTime) {
        let fleet = self.fleets.clients[client].fleet;
        let fills = self.plane.pace(&self.cx, fleet, server).and_then(|pace| pace.fills_in());
        if let Some(fills) = fills.filter(|fills| *fills < BOOKMARK_QUEUED)
            && fills < BOOKMARK_QUEUED.scale(self.fleets.draw(&mut self.cx, client))
        {
            self.fleets.overflow_in(&mut self.cx, client, fills, now);
        }
    }

    /// The initial events of a member have ended. If its channel overflowed meanwhile, so does its
    /// watch, and it goes on with another.
    pub(super) fn watch_list_ends(
        &mut self,
        client: ClientId,
        server: ServerId,
        began: SimTime,
        now: SimTime,
    ) {
        let fleet = self.fleets.clients[client].fleet;
        let fills = self.plane.pace(&self.cx, fleet, server).and_then(|pace| pace.fills_in());
        let Some(full) = fills.map(|fills| began + fills).filter(|full| *full < now) else {
            return;
        };
        if self.fleets.retries(&self.cx, client) == Retries::Never {
            return;
        }
        self.close_reading_watch(client, now);
        self.cx.record.counters.watches_terminated += 1;
        self.fleets.clients[client].seen = full;
        let spread = REDIAL_SPREAD.scale(self.fleets.draw(&mut self.cx, client));
        self.fleets.wait(&mut self.cx, client, Next::Watch, spread);
    }

    /// How many of the events of a resource match what a fleet watches.
    pub(super) fn matching(&self, fleet: FleetId, events: u64) -> u64 {
        match &self.cx.inputs.fleets[fleet].behaviour {
            Behaviour::Reflector { read, .. } => (events as f64 * read.selected).round() as u64,
            _ => events,
        }
    }

    /// Closes all watches of a member.
    pub(super) fn close_watches(&mut self, client: ClientId, now: SimTime) {
        let watches = self.cx.inputs.fleets[self.fleets.clients[client].fleet].watches();
        self.drop_bytes(client, now);
        self.close_some(client, watches, now);
        self.drop_interval(client);
    }

    /// What waits for a member's watch goes with it.
    fn drop_bytes(&mut self, client: ClientId, now: SimTime) {
        let member = &self.fleets.clients[client];
        let (Some(server), fleet) = (member.server, member.fleet) else { return };
        let share = 1.0 / self.plane.readers(&self.cx, fleet, server).max(1.0);
        let state = &mut self.plane.servers[server];
        state.server.settle(now);
        state.server.drop_bytes_of(fleet, share);
    }

    /// What a member's reading watch kept of its interval goes with it.
    fn drop_interval(&mut self, client: ClientId) {
        let member = &mut self.fleets.clients[client];
        let kept = std::mem::take(&mut member.interval);
        let (Some(server), fleet) = (member.server, member.fleet) else { return };
        let entry = self.cx.catalog.fleet_owner(fleet).entry(Mechanism::WatchStream);
        self.plane.servers[server].server.memory.step(Step::Drop(entry, kept));
    }

    /// Closes the idle watches of a member that it has kept.
    pub(super) fn close_idle_watches(&mut self, client: ClientId, now: SimTime) {
        let member = &mut self.fleets.clients[client];
        if std::mem::take(&mut member.keeps_idle) {
            let fleet = member.fleet;
            let watches = self.cx.inputs.fleets[fleet].watches() - 1;
            self.close_some(client, watches, now);
        }
    }

    /// Closes a number of a member's watches on its server.
    fn close_some(&mut self, client: ClientId, watches: u64, now: SimTime) {
        let member = self.fleets.clients[client];
        let Some(server) = member.server else { return };
        let fleet = member.fleet;
        let entry = self.cx.catalog.fleet_owner(fleet).entry(Mechanism::WatchStream);
        let state = &mut self.plane.servers[server];
        state.server.settle(now);
        state.server.memory.step(Step::Drop(entry, IDLE_WATCH.times(watches)));
        state.watches[fleet] -= watches;
        state.background_stale = true;
    }

    /// The server ends a member's watch on what it reads; the others stay.
    fn close_reading_watch(&mut self, client: ClientId, now: SimTime) {
        let Some(server) = self.fleets.clients[client].server else { return };
        self.drop_bytes(client, now);
        self.close_some(client, 1, now);
        self.drop_interval(client);
        self.touch(server);
        let member = &mut self.fleets.clients[client];
        member.keeps_idle = true;
        member.behind = false;
    }

    /// A server ends all watches of a resource; with those of its members' other resources, which are
    /// ended for the same reason.
    pub(super) fn end_watches(&mut self, server: ServerId, resource: ResourceId, now: SimTime) {
        for fleet in self.cx.inputs.fleet_ids() {
            if self.cx.inputs.fleets[fleet].resource() != resource {
                continue;
            }
            for client in self.fleets.members(&self.cx, fleet) {
                let member = self.fleets.clients[client];
                if member.server == Some(server) && member.state == State::Watching {
                    self.cx.record.counters.watches_terminated +=
                        self.cx.inputs.fleets[fleet].watches();
                    self.sample_seen(client, now);
                    if self.fleets.retries(&self.cx, client) == Retries::Never {
                        self.fleets.lose_sync(&mut self.cx, client, false, now);
                        self.retire(client, now);
                        continue;
                    }
                    self.close_watches(client, now);
                    let spread = REDIAL_SPREAD.scale(self.fleets.draw(&mut self.cx, client));
                    self.fleets.wait(&mut self.cx, client, Next::Watch, spread);
                }
            }
        }
    }
}
