//! Rollouts under way.

use crate::model::client::State;
use crate::model::context::Context;
use crate::model::event::{Event, FaultEvent};
use crate::model::fleets::Fleets;
use crate::model::ids::ClientId;
use crate::units::{SimSpan, SimTime};

/// A rollout under way.
#[derive(Clone, Debug)]
pub struct Rollout {
    /// Members still to restart, the next one last.
    pub(crate) left: Vec<ClientId>,
    /// Members that are down or not yet synced.
    pub(crate) unavailable: Vec<ClientId>,
    pub(crate) start_time: SimSpan,
}

impl Fleets {
    /// A member has synced: where its pod was waited for, another takes its place.
    pub(crate) fn note_available(&mut self, cx: &mut Context<'_>, client: ClientId, now: SimTime) {
        for index in 0..self.rollouts.len() {
            let waited = |pod: &ClientId| self.process_members(cx, *pod).contains(&client);
            let unavailable = &self.rollouts[index].unavailable;
            let Some(place) = unavailable.iter().position(waited) else { continue };
            let members = self.process_members(cx, unavailable[place]);
            let synced = |peer: &ClientId| {
                let member = &self.clients[*peer];
                member.synced || member.state == State::Stopped
            };
            if members.iter().all(synced) {
                self.rollouts[index].unavailable.swap_remove(place);
                let event = FaultEvent::RollNext { rollout: index as u32 };
                cx.queue.push(now, Event::Fault(event));
            }
        }
    }
}
