//! A `DaemonSet` is updated: its pods restart, no more than `maxUnavailable` at a time.
//!
//! A pod counts as available again once all its reflectors have synced. Those of other fleets that
//! use its connection are of the same process and restart with it.

use crate::model::client::State;
use crate::model::fleets::rollout::Rollout;
use crate::model::ids::{ClientId, FleetId};
use crate::model::input::MaxUnavailable;
use crate::model::world::World;
use crate::units::{SimSpan, SimTime};

impl World<'_> {
    /// Begins to restart all running members of a fleet.
    pub(super) fn roll_out(
        &mut self,
        fleet: FleetId,
        most: MaxUnavailable,
        start_time: SimSpan,
        now: SimTime,
    ) {
        let running = self.fleets.choose(&self.cx, fleet, None, |state| state != State::Stopped);
        let most = most.of(self.cx.inputs.fleets[fleet].count) as usize;
        let processes = self.fleets.processes(&running).into_iter();
        let left = processes.filter_map(|process| process.first().copied()).rev().collect();
        let index = self.fleets.rollouts.len();
        self.fleets.rollouts.push(Rollout { left, unavailable: Vec::new(), start_time });
        for _ in 0..most {
            self.roll_next(index, now);
        }
    }

    /// Restarts the next member.
    pub(super) fn roll_next(&mut self, index: usize, now: SimTime) {
        let rollout = &mut self.fleets.rollouts[index];
        // Members that were stopped in the meantime stay so.
        let running = |client: &ClientId| self.fleets.clients[*client].state != State::Stopped;
        while rollout.left.last().is_some_and(|client| !running(client)) {
            rollout.left.pop();
        }
        let Some(client) = rollout.left.pop() else { return };
        rollout.unavailable.push(client);
        let delay = rollout.start_time;
        for peer in self.fleets.process_members(&self.cx, client) {
            if self.fleets.clients[peer].state != State::Stopped {
                self.stop_member(peer, now);
                self.fleets.start_member_after(&mut self.cx, peer, delay);
            }
        }
    }
}
