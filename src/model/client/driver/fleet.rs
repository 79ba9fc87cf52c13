//! Fleets open, start and stop.

use crate::model::apiserver::watch::IDLE_WATCH;
use crate::model::catalog::resource_of;
use crate::model::client::{IdleWatches, ListFrom, Next, State};
use crate::model::input::Behaviour;
use crate::model::world::World;
use crate::results::Mechanism;
use crate::units::{SimSpan, SimTime};

impl World<'_> {
    /// Puts the fleets where they are at the start.
    pub(crate) fn open_fleets(&mut self) {
        for fleet in 0..self.inputs.fleets.len() {
            if self.inputs.fleets[fleet].running {
                for client in self.members(fleet) {
                    self.open_running(client, fleet);
                }
            }
        }
    }

    /// Indices of a fleet's members.
    pub(crate) fn members(&self, fleet: usize) -> std::ops::Range<u32> {
        let first = self.fleet_start[fleet];
        first..first + self.inputs.fleets[fleet].count
    }

    /// A member that has been running for long.
    fn open_running(&mut self, client: u32, fleet: usize) {
        let spec = &self.inputs.fleets[fleet];
        let holds_watch = matches!(
            spec.behaviour,
            Behaviour::Watcher { .. } | Behaviour::Reflector { watch: true, .. }
        );
        let jitter = spec.start_jitter;
        if !holds_watch || !self.inputs.apiserver.warm {
            self.start_member(client, jitter);
            return;
        }
        let draw = self.draw(client);
        let Some(server) = self.balancer.pick((draw * 1e9) as u64) else {
            self.start_member(client, jitter);
            return;
        };
        if self.join_crew(client).is_none() {
            self.attach(client, server);
            self.await_goaway(client, SimTime::ZERO);
        }
        let server = self.clients[client as usize].server;
        self.fleet_started[fleet] += 1;
        self.fleet_synced[fleet] += 1;
        self.lease_changed(client, SimTime::ZERO);
        let member = &mut self.clients[client as usize];
        member.state = State::Watching;
        member.synced = true;
        member.from = ListFrom::Last;
        let watches = self.watches_of(fleet);
        let entry = self.catalog.fleet_owner(fleet).entry(Mechanism::WatchStream);
        let state = &mut self.servers[usize::from(server)];
        state.watches[fleet] += watches;
        state.server.memory.add_live(entry, IDLE_WATCH.times(watches).0);
        self.watch_slowly(client, 0, SimTime::ZERO);
    }

    /// Starts a stopped member after a delay within `spread`.
    pub(crate) fn start_member(&mut self, client: u32, spread: SimSpan) {
        let delay = spread.scale(self.draw(client));
        self.start_member_after(client, delay);
    }

    /// Starts a stopped member after `delay`.
    pub(crate) fn start_member_after(&mut self, client: u32, delay: SimSpan) {
        let fleet = self.clients[client as usize].fleet as usize;
        let begins = self.queue.now() + delay;
        self.fleet_started[fleet] += 1;
        let rounds = match &self.inputs.fleets[fleet].behaviour {
            Behaviour::Lister { rounds, .. } => rounds.unwrap_or(u64::MAX),
            _ => 1,
        };
        let member = &mut self.clients[client as usize];
        member.rounds_left = rounds;
        member.from = ListFrom::First;
        member.idle = IdleWatches::AsTheyWere;
        member.backoff.restart(begins);
        member.retries = 0;
        member.state = State::Waiting(Next::Begin);
        self.wake_after(client, delay);
    }

    /// Stops a member: its connection closes.
    pub(crate) fn stop_member(&mut self, client: u32, now: SimTime) {
        let member = self.clients[client as usize];
        if member.state == State::Stopped {
            return;
        }
        self.counters.requests_cancelled += u64::from(member.state.calls());
        let fleet = member.fleet as usize;
        if member.state == State::Watching {
            let resource = resource_of(&self.inputs.fleets[fleet]);
            self.has_read(client, member.server, resource, now);
        }
        self.fleet_started[fleet] -= 1;
        self.set_synced(client, false, now);
        self.disconnect(client, now);
        let member = &mut self.clients[client as usize];
        member.state = State::Stopped;
        member.generation = member.generation.wrapping_add(1);
        member.items_left = 0;
    }
}
