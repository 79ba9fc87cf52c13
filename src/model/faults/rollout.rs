//! A `DaemonSet` is updated: its pods restart, no more than `maxUnavailable` at a time.
//!
//! A pod counts as available again once all its reflectors have synced. Those of other fleets that
//! use its connection are of the same process and restart with it.

use crate::model::event::{Event, FaultEvent};
use crate::model::ids::{ClientId, FleetId};
use crate::model::input::MaxUnavailable;
use crate::model::world::World;
use crate::units::{SimSpan, SimTime};

/// A rollout under way.
#[derive(Clone, Debug)]
pub struct Rollout {
    /// Members still to restart, the next one last.
    left: Vec<ClientId>,
    /// Members that are down or not yet synced.
    unavailable: Vec<ClientId>,
    start_time: SimSpan,
}

impl World<'_> {
    /// Begins to restart all running members of a fleet.
    pub(super) fn roll_out(
        &mut self,
        fleet: FleetId,
        most: MaxUnavailable,
        start_time: SimSpan,
        now: SimTime,
    ) {
        let running = self.choose(fleet, None, |state| state != super::State::Stopped);
        let most = most.of(self.cx.inputs.fleets[fleet].count) as usize;
        let left = running.into_iter().rev().collect();
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
        let running =
            |client: &ClientId| self.fleets.clients[*client].state != super::State::Stopped;
        while rollout.left.last().is_some_and(|client| !running(client)) {
            rollout.left.pop();
        }
        let Some(client) = rollout.left.pop() else { return };
        rollout.unavailable.push(client);
        let delay = rollout.start_time;
        for mate in self.crew(client) {
            if self.fleets.clients[mate].state != super::State::Stopped {
                self.stop_member(mate, now);
                self.start_member_after(mate, delay);
            }
        }
    }

    /// A member has synced: where its pod was waited for, another takes its place.
    pub(in crate::model) fn note_available(&mut self, client: ClientId, now: SimTime) {
        for index in 0..self.fleets.rollouts.len() {
            let waited = |pod: &ClientId| self.crew(*pod).contains(&client);
            let unavailable = &self.fleets.rollouts[index].unavailable;
            let Some(place) = unavailable.iter().position(waited) else { continue };
            let crew = self.crew(unavailable[place]);
            let synced = |mate: &ClientId| {
                let member = &self.fleets.clients[*mate];
                member.synced || member.state == super::State::Stopped
            };
            if crew.iter().all(synced) {
                self.fleets.rollouts[index].unavailable.swap_remove(place);
                let event = FaultEvent::RollNext { rollout: index as u32 };
                self.cx.queue.push(now, Event::Fault(event));
            }
        }
    }
}
