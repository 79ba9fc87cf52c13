//! Fleets open, start and stop.

use crate::model::apiserver::watch::IDLE_WATCH;
use crate::model::client::{IdleWatches, ListFrom, Next, State};
use crate::model::ids::{ClientId, FleetId};
use crate::model::input::Behaviour;
use crate::model::world::World;
use crate::results::Mechanism;
use crate::units::{SimSpan, SimTime};

impl World<'_> {
    /// Puts the fleets where they are at the start.
    pub(crate) fn open_fleets(&mut self) {
        for fleet in self.cx.inputs.fleet_ids() {
            if self.cx.inputs.fleets[fleet].running {
                for client in self.members(fleet) {
                    self.open_running(client, fleet);
                }
            }
        }
    }

    /// The members of a fleet.
    pub(crate) fn members(&self, fleet: FleetId) -> impl Iterator<Item = ClientId> + use<> {
        let first = self.fleets.first[fleet].0;
        (first..first + self.cx.inputs.fleets[fleet].count).map(ClientId)
    }

    /// The member at a place in its fleet.
    pub(crate) fn member(&self, fleet: FleetId, place: u32) -> ClientId {
        ClientId(self.fleets.first[fleet].0 + place)
    }

    /// The place of a member in its fleet, from 0.
    pub(crate) fn place_of(&self, client: ClientId) -> u32 {
        client.0 - self.fleets.first[self.fleets.clients[client].fleet].0
    }

    /// A member that has been running for long.
    fn open_running(&mut self, client: ClientId, fleet: FleetId) {
        let spec = &self.cx.inputs.fleets[fleet];
        let holds_watch = matches!(
            spec.behaviour,
            Behaviour::Watcher { .. } | Behaviour::Reflector { watch: true, .. }
        );
        let jitter = spec.start_jitter;
        if !holds_watch || !self.cx.inputs.apiserver.warm {
            self.start_member(client, jitter);
            return;
        }
        let draw = self.draw(client);
        let Some(server) = self.plane.balancer.pick((draw * 1e9) as u64) else {
            self.start_member(client, jitter);
            return;
        };
        if self.join_crew(client).is_none() {
            self.attach(client, server);
            self.await_goaway(client, SimTime::ZERO);
        }
        let server = self.fleets.clients[client].server;
        self.fleets.started[fleet] += 1;
        self.fleets.synced[fleet] += 1;
        self.lease_changed(client, SimTime::ZERO);
        let member = &mut self.fleets.clients[client];
        member.state = State::Watching;
        member.synced = true;
        member.from = ListFrom::Last;
        let watches = self.cx.inputs.fleets[fleet].watches();
        let entry = self.cx.catalog.fleet_owner(fleet).entry(Mechanism::WatchStream);
        let state = &mut self.plane.servers[server];
        state.watches[fleet] += watches;
        state.server.memory.add_live(entry, IDLE_WATCH.times(watches).0);
        self.watch_slowly(client, 0, SimTime::ZERO);
    }

    /// Starts a stopped member after a delay within `spread`.
    pub(crate) fn start_member(&mut self, client: ClientId, spread: SimSpan) {
        let delay = spread.scale(self.draw(client));
        self.start_member_after(client, delay);
    }

    /// Starts a stopped member after `delay`.
    pub(crate) fn start_member_after(&mut self, client: ClientId, delay: SimSpan) {
        let fleet = self.fleets.clients[client].fleet;
        let begins = self.cx.queue.now() + delay;
        self.fleets.started[fleet] += 1;
        let rounds = match &self.cx.inputs.fleets[fleet].behaviour {
            Behaviour::Lister { rounds, .. } => rounds.unwrap_or(u64::MAX),
            _ => 1,
        };
        let member = &mut self.fleets.clients[client];
        member.rounds_left = rounds;
        member.from = ListFrom::First;
        member.idle = IdleWatches::AsTheyWere;
        member.backoff.restart(begins);
        member.retries = 0;
        member.state = State::Waiting(Next::Begin);
        self.wake_after(client, delay);
    }

    /// Stops a member: its connection closes.
    pub(crate) fn stop_member(&mut self, client: ClientId, now: SimTime) {
        let member = self.fleets.clients[client];
        if member.state == State::Stopped {
            return;
        }
        self.cx.record.counters.requests_cancelled += u64::from(member.state.calls());
        let fleet = member.fleet;
        if member.state == State::Watching {
            let resource = self.cx.inputs.fleets[fleet].resource();
            self.has_read(client, member.server, resource, now);
        }
        self.fleets.started[fleet] -= 1;
        self.set_synced(client, false, now);
        self.disconnect(client, now);
        let member = &mut self.fleets.clients[client];
        member.state = State::Stopped;
        member.generation = member.generation.wrapping_add(1);
        member.items_left = 0;
    }
}
