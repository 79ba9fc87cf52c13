//! What can be seen of a server's priority levels: their state, their records, the debug dumps.

use super::{Admission, request_info};
use crate::model::apf::config::LimitResponse;
use crate::model::apf::controller::PriorityLevelState;
use crate::model::input::{Behaviour, FleetInput, Inputs};
use crate::results::{ApfDump, FleetFlow, LevelDump, LevelRecord, QueueDump};
use crate::units::SimTime;

/// A priority level as it is now.
#[derive(Clone, Copy, Debug)]
pub struct LevelState<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether its requests are never limited.
    pub exempt: bool,
    /// Its nominal limit, in seats.
    pub nominal: u64,
    /// The limit in force, in seats.
    pub limit: u64,
    /// Seats in use.
    pub seats: u64,
    /// Requests waiting.
    pub waiting: u64,
    /// Requests of this process answered 429 so far.
    pub rejected: u64,
}

impl Admission {
    /// Whether a level may have changed since the last call.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// The levels as they are now, by name.
    pub fn level_states(&self) -> impl Iterator<Item = LevelState<'_>> {
        self.controller.levels().map(|(id, state)| {
            let totals = state.queues.totals();
            LevelState {
                name: &state.config.name,
                exempt: is_exempt(state),
                nominal: nominal(state),
                limit: state.queues.limit(),
                seats: totals.seats_in_use,
                waiting: totals.waiting,
                rejected: self.seen.get(&id).map_or(0, |seen| seen.rejected),
            }
        })
    }

    /// What every level that was used went through, by name.
    #[must_use]
    pub fn records(&self) -> Vec<LevelRecord> {
        self.controller
            .levels()
            .filter_map(|(id, state)| {
                let seen = self.seen.get(&id)?;
                let totals = state.queues.totals();
                Some(LevelRecord {
                    name: state.config.name.clone(),
                    exempt: is_exempt(state),
                    nominal_seats: nominal(state),
                    peak_seats: seen.seats,
                    peak_waiting: seen.waiting,
                    arrived: seen.arrived,
                    dispatched: totals.dispatched,
                    rejected: seen.rejected,
                    cancelled: seen.cancelled,
                    waiting: totals.waiting,
                })
            })
            .collect()
    }

    /// What the debug endpoints say now; the caller knows which server and replication it is.
    #[must_use]
    pub fn dump(&self, at: SimTime) -> ApfDump {
        let mut dump = ApfDump { at, running: true, ..ApfDump::default() };
        for (_, state) in self.controller.levels() {
            let (totals, queues) = (state.queues.totals(), state.queues.queues());
            dump.levels.push(LevelDump {
                name: state.config.name.clone(),
                active_queues: queues.iter().filter(|queue| queue.waiting > 0).count() as u64,
                idle: state.queues.is_idle(),
                quiescing: state.quiescing,
                waiting: totals.waiting,
                executing: totals.executing,
                dispatched: totals.dispatched,
                rejected: totals.rejected,
                timed_out: totals.timed_out,
                cancelled: totals.cancelled,
            });
            dump.queues.extend((0..).zip(queues).map(|(index, queue)| QueueDump {
                level: state.config.name.clone(),
                index,
                waiting: queue.waiting,
                executing: queue.executing,
                seats_in_use: queue.seats_in_use,
                next_dispatch_r: queue.next_dispatch_r.0,
                initial_seats: queue.sum.initial_seats,
                max_seats: queue.sum.max_seats,
                total_work: queue.sum.total_work.0,
            }));
        }
        dump
    }

    /// Between events every request that executes is tied to the slot that serves it, and every
    /// arrival was dispatched, rejected or cancelled, or waits.
    ///
    /// # Panics
    /// When that does not hold.
    pub fn check(&self) {
        let mut executing = 0;
        for (id, state) in self.controller.levels() {
            let totals = state.queues.totals();
            executing += totals.executing;
            let Some(seen) = self.seen.get(&id) else { continue };
            let known = totals.dispatched + seen.rejected + seen.cancelled + totals.waiting;
            assert_eq!(seen.arrived, known, "{}: {seen:?}, {totals:?}", state.config.name);
        }
        let tied = self.tickets.iter().flatten().count() as u64;
        assert_eq!(executing, tied, "requests that execute, and those tied to a slot");
    }

    /// Right after a dispatch no more seats are taken than the limit, but for the one request alone
    /// that is wider than it, and in exempt levels.
    #[cfg(debug_assertions)]
    pub(super) fn check_seats(&self, level: super::LevelId) {
        let Some(state) = self.controller.level(level) else { return };
        let totals = state.queues.totals();
        assert!(
            is_exempt(state)
                || totals.seats_in_use <= state.queues.limit()
                || totals.executing == 1,
            "{}: {totals:?} above {}",
            state.config.name,
            state.queues.limit()
        );
    }
}

fn is_exempt(state: &PriorityLevelState) -> bool {
    state.config.response == LimitResponse::Exempt
}

fn nominal(state: &PriorityLevelState) -> u64 {
    u64::try_from(state.limits.nominal).unwrap_or(0)
}

/// Under what the reads of each fleet fall once a server is configured, in the order of the fleets;
/// none without API Priority and Fairness.
#[must_use]
pub fn fleet_flows(inputs: &Inputs) -> Vec<FleetFlow> {
    if !inputs.apf.enabled {
        return Vec::new();
    }
    let mut admission = Admission::new(inputs, SimTime::ZERO);
    admission.configure(inputs, SimTime::ZERO);
    let fleets = inputs.fleets.iter().enumerate();
    fleets.map(|(index, fleet)| admission.flow_of(inputs, index, fleet)).collect()
}

impl Admission {
    fn flow_of(&mut self, inputs: &Inputs, index: usize, fleet: &FleetInput) -> FleetFlow {
        let (resource, list) = match &fleet.behaviour {
            Behaviour::Reflector { read, watch_list, .. } => {
                (read.resource, !(*watch_list && inputs.release.watch_list))
            }
            Behaviour::Lister { read, .. } => (read.resource, true),
            Behaviour::Watcher { resource } => (*resource, false),
        };
        let class = self.class(fleet, index, &request_info(inputs, resource, list));
        let schema = self.controller.flow_schemas().nth(class.flow_schema);
        FleetFlow {
            fleet: fleet.name.clone(),
            flow_schema: schema.map_or_else(String::new, |schema| schema.name.clone()),
            priority_level: self
                .controller
                .level(class.level)
                .map_or_else(String::new, |state| state.config.name.clone()),
        }
    }
}
