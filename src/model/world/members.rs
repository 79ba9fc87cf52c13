//! Fleets open, start and stop.

use crate::model::apiserver::watch::IDLE_WATCH;
use crate::model::client::{ListFrom, State};
use crate::model::ids::{ClientId, FleetId};
use crate::model::input::Behaviour;
use crate::model::world::World;
use crate::results::Mechanism;
use crate::units::{SimSpan, SimTime};

impl World<'_> {
    /// Puts the fleets where they are at the start.
    pub(super) fn open_fleets(&mut self) {
        for first in self.cx.inputs.fleet_ids() {
            let input = &self.cx.inputs.fleets[first];
            let reads = self.fleets.reads[first].clone();
            if !input.running || reads.is_empty() {
                continue;
            }
            for place in 0..input.count {
                let mut starts = None;
                for read in &reads {
                    self.open_running(self.fleets.member(*read, place), *read, &mut starts);
                }
            }
        }
    }

    /// A read of a member that has been running for long. Where it has to start, it does with the
    /// others of its process.
    fn open_running(&mut self, client: ClientId, fleet: FleetId, starts: &mut Option<f64>) {
        let spec = &self.cx.inputs.fleets[fleet];
        let holds_watch = matches!(
            spec.behaviour,
            Behaviour::Watcher { .. } | Behaviour::Reflector { watch: true, .. }
        );
        let spread = (SimSpan::ZERO, spec.start_jitter);
        let mut picked = None;
        if holds_watch && self.cx.inputs.apiserver.warm {
            let draw = self.fleets.draw(&mut self.cx, client);
            picked = self.plane.balancer.pick((draw * 1e9) as u64);
        }
        let Some(server) = picked else {
            let luck = *starts.get_or_insert_with(|| self.fleets.draw(&mut self.cx, client));
            self.fleets.start_member_within(&mut self.cx, client, spread, luck);
            return;
        };
        let joined = self.join_connection(client);
        if joined.is_none() {
            self.attach(client, server);
            self.await_goaway(client, SimTime::ZERO);
        }
        let server = joined.unwrap_or(server);
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

    /// Stops a member: its connection closes.
    pub(super) fn stop_member(&mut self, client: ClientId, now: SimTime) {
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
        self.fleets.set_synced(&mut self.cx, client, false, now);
        self.disconnect(client, now);
        let member = &mut self.fleets.clients[client];
        member.state = State::Stopped;
        member.generation = member.generation.wrapping_add(1);
        member.items_left = 0;
    }
}
