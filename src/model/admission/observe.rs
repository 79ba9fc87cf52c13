//! What can be seen of a server's priority levels: their state, their records, the debug dumps.

use super::requests::{opening, request_info, verb};
use super::{Admission, Call, Key, Seen};
use crate::model::apf::classify::{RequestInfo, User};
use crate::model::apf::config::{FlowSchema, LimitResponse};
use crate::model::apf::controller::{ConfigController, LevelId, PriorityLevelState};
use crate::model::apf::queue_set::{Phase, Request};
use crate::model::ids::{ClientId, FleetId, ResourceId};
use crate::model::input::{FleetInput, Inputs};
use crate::results::{ApfDump, FleetFlow, LevelDump, LevelRecord, QueueDump, RequestDump};
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
    /// Requests executing.
    pub executing: u64,
    /// Requests waiting.
    pub waiting: u64,
    /// Requests of this process dispatched so far.
    pub dispatched: u64,
    /// Requests of this process answered 429 so far.
    pub rejected: u64,
}

impl Admission {
    /// The levels that may have changed since [`Admission::forget_changes`], as they are now.
    pub fn changed_levels(&self) -> impl Iterator<Item = LevelState<'_>> {
        let state = |id: &LevelId| Some(self.level_state(*id, self.controller.level(*id)?));
        self.changed.iter().filter_map(state)
    }

    /// From now on only further changes count.
    pub fn forget_changes(&mut self) {
        self.changed.clear();
    }

    /// The levels as they are now, by name.
    pub fn level_states(&self) -> impl Iterator<Item = LevelState<'_>> {
        self.controller.levels().map(|(id, state)| self.level_state(id, state))
    }

    fn level_state<'a>(&self, id: LevelId, state: &'a PriorityLevelState) -> LevelState<'a> {
        let totals = state.queues.totals();
        LevelState {
            name: &state.config.name,
            exempt: is_exempt(state),
            nominal: nominal(state),
            limit: state.queues.limit(),
            seats: totals.seats_in_use,
            executing: totals.executing,
            waiting: totals.waiting,
            dispatched: totals.dispatched,
            rejected: self.seen(id).map_or(0, |seen| seen.rejected),
        }
    }

    fn seen(&self, id: LevelId) -> Option<&Seen> {
        self.seen.get(id.index())?.as_ref()
    }

    /// What every level that was used went through, by name.
    #[must_use]
    pub fn records(&self) -> Vec<LevelRecord> {
        self.controller
            .levels()
            .filter_map(|(id, state)| {
                let seen = self.seen(id)?;
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
    pub fn dump(&self, inputs: &Inputs, at: SimTime) -> ApfDump {
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
            self.dump_requests(inputs, state, &mut dump.requests);
        }
        dump
    }

    /// The requests of a level: by queue those waiting, oldest first, then those executing.
    fn dump_requests(
        &self,
        inputs: &Inputs,
        state: &PriorityLevelState,
        requests: &mut Vec<RequestDump>,
    ) {
        let row = |queue: Option<usize>, place: Option<usize>, request: &Request| {
            let (flow_schema, distinguisher) = self.flow_of(inputs, Key::unpack(request.key));
            RequestDump {
                level: state.config.name.clone(),
                flow_schema,
                queue: queue.map(|queue| queue as u64),
                place: place.map(|place| place as u64),
                distinguisher,
                arrived: request.arrival_time,
                initial_seats: request.estimate.initial_seats,
                final_seats: request.estimate.final_seats,
                additional_latency: request.estimate.additional_latency,
                started: place.is_none().then_some(request.start_time),
            }
        };
        let mut executing: Vec<Vec<&Request>> = vec![Vec::new(); state.queues.queues().len() + 1];
        let queueless = executing.len() - 1;
        for request in state.queues.requests().filter(|r| r.phase == Phase::Executing) {
            executing[request.queue().unwrap_or(queueless)].push(request);
        }
        for (index, executing) in executing.into_iter().enumerate() {
            let queue = (index != queueless).then_some(index);
            let waiting = queue.into_iter().flat_map(|index| state.queues.waiting_in(index));
            let waiting = waiting.enumerate().map(|(place, r)| row(queue, Some(place), r));
            requests.extend(waiting);
            requests.extend(executing.into_iter().map(|request| row(queue, None, request)));
        }
    }

    /// Name of the flow schema and flow distinguisher of a request.
    fn flow_of(&self, inputs: &Inputs, key: Key) -> (String, String) {
        let of = |index: usize, distinguisher: &str| {
            let schema = self.controller.flow_schemas().nth(index);
            (schema.map_or_else(String::new, |s| s.name.clone()), distinguisher.to_owned())
        };
        match key {
            Key::Write { serial, resource } => {
                let verb = self.writes.get(&serial).map_or("update", |one| one.verb().name());
                let spec = &inputs.resources[resource];
                let user = User { name: &spec.writer.user, groups: &spec.writer.groups };
                let found = self.controller.classify(&user, &request_info(spec, verb));
                of(found.flow_schema, found.distinguisher)
            }
            Key::Call { client, list } => {
                let Some((spec, place)) = member(inputs, client) else {
                    return (String::new(), String::new());
                };
                let (read, _) = opening(inputs, spec);
                let name = spec.user_of(place);
                let user = User { name: &name, groups: &spec.groups };
                let info = request_info(&inputs.resources[read.resource], verb(list));
                let found = self.classify(spec, &user, &info);
                of(found.flow_schema, found.distinguisher)
            }
        }
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
            let Some(seen) = self.seen(id) else { continue };
            let known = totals.dispatched + seen.rejected + seen.cancelled + totals.waiting;
            assert_eq!(seen.arrived, known, "{}: {seen:?}, {totals:?}", state.config.name);
        }
        let tied = self.tickets.iter().flatten().count() as u64 + self.writes_executing();
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

/// The fleet of a client, and its place there.
fn member(inputs: &Inputs, client: ClientId) -> Option<(&FleetInput, u32)> {
    let mut place = client.0;
    for spec in &inputs.fleets {
        if place < spec.count {
            return Some((spec, place));
        }
        place -= spec.count;
    }
    None
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
    let mut admission = Admission::settled(inputs);
    let flow = |(id, fleet): (FleetId, &FleetInput)| {
        let standing = admission.standing(inputs, id);
        let level = standing.level.map(|level| level.config.name.clone());
        FleetFlow {
            fleet: fleet.name.clone(),
            flow_schema: standing.schema.map(|s| s.name.clone()).unwrap_or_default(),
            priority_level: level.unwrap_or_default(),
        }
    };
    inputs.fleet_ids().zip(&inputs.fleets).map(flow).collect()
}

/// Where the requests fall with which a fleet's members start.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// What they do: `list`, `watch-list` or `watch`.
    pub request: &'static str,
    /// Index of the resource.
    pub resource: ResourceId,
    /// Their flow schema.
    pub schema: Option<&'a FlowSchema>,
    /// Their level.
    pub level: Option<&'a PriorityLevelState>,
    /// Seats that one takes.
    pub seats: u64,
}

impl Admission {
    /// That of a server that has its configuration and has counted all objects.
    #[must_use]
    pub fn settled(inputs: &Inputs) -> Self {
        let mut admission = Self::new(inputs, SimTime::ZERO);
        admission.configure(inputs, SimTime::ZERO);
        for resource in inputs.resource_ids() {
            admission.count_objects(resource, inputs.resources[resource].count);
        }
        admission
    }

    /// Its flow schemas and priority levels.
    #[must_use]
    pub fn controller(&self) -> &ConfigController {
        &self.controller
    }

    /// See [`Standing`]; of the first member, where each has a user of its own.
    pub fn standing(&mut self, inputs: &Inputs, fleet: FleetId) -> Standing<'_> {
        let (read, kind) = opening(inputs, &inputs.fleets[fleet]);
        let call = Call { fleet, place: 0, client: ClientId(0), read: &read, kind };
        let info: RequestInfo = request_info(&inputs.resources[read.resource], verb(kind.list));
        let class = self.class(inputs, &call, &info);
        Standing {
            request: kind.name(),
            resource: read.resource,
            schema: self.controller.flow_schemas().nth(class.flow_schema),
            level: self.controller.level(class.level),
            seats: self.estimate(inputs, &call, &info, class.level).max_seats(),
        }
    }
}
