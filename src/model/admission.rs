//! Who may enter a server: API Priority and Fairness in the run, or max-in-flight without it.
//!
//! `model::apf` is exact and knows no clients; this file gives it the requests of the fleets and
//! keeps what it holds for them. A request has a [`Ticket`] from its arrival until its handler
//! returns, also past a 504 and on a slow reader; a rejected one is told when to come back.
//! Mutating requests are part of the steady load (`background`) and take no seats here.

mod observe;

pub use observe::{LevelState, fleet_flows};

use std::collections::BTreeMap;

use super::apf::behaviour::Behaviour;
use super::apf::classify::{RequestInfo, User};
use super::apf::controller::{ConfigController, LevelId};
use super::apf::defaults::{default_flow_schemas, default_levels};
use super::apf::object_count::{ObjectStats, StatsError};
use super::apf::queue_set::{RequestId, Start};
use super::apf::retry_after::RetryAfter;
use super::apf::work_estimate::WorkEstimate;
use super::apf::work_estimator::{
    ListOptions, Lookups, RequestedVersion, VersionMatch, WorkEstimator, WorkEstimatorConfig,
};
use super::input::{FleetInput, Inputs, ReadInput, ResourceVersion};
use crate::units::{SimSpan, SimTime};

/// A request's place in a priority level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    level: LevelId,
    id: RequestId,
}

/// What became of an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It waits, or [`Admission::next_dispatched`] says at once that it may go.
    Accepted(Ticket),
    /// 429, with its Retry-After.
    Rejected(SimSpan),
}

/// Under what the LISTs or the watches of a fleet fall.
#[derive(Clone, Copy, Debug)]
struct Class {
    /// Index among the controller's flow schemas.
    flow_schema: usize,
    level: LevelId,
    hash: u64,
}

/// What a level went through.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    seats: u64,
    waiting: u64,
    arrived: u64,
    rejected: u64,
    cancelled: u64,
}

/// API Priority and Fairness of one server process.
#[derive(Clone, Debug)]
pub struct Admission {
    controller: ConfigController,
    estimator: WorkEstimator,
    /// By fleet: of its LISTs and of its watches, which flow schemas may tell apart.
    classes: Vec<[Option<Class>; 2]>,
    /// Adaptive in every release modelled (since 1.28; facts/apf.md section 4.8).
    retry_after: BTreeMap<LevelId, RetryAfter>,
    seen: BTreeMap<LevelId, Seen>,
    /// Which resources' objects have been counted since the start.
    counted: Vec<bool>,
    /// Tickets of the requests being served, by request slot.
    tickets: Vec<Option<Ticket>>,
    /// Levels that may have dispatched.
    stirred: Vec<LevelId>,
    /// Whether something may differ since [`Admission::take_changed`].
    changed: bool,
}

struct Stats<'a> {
    inputs: &'a Inputs,
    counted: &'a [bool],
}

impl Lookups for Stats<'_> {
    fn stats(&mut self, info: &RequestInfo) -> Result<ObjectStats, StatsError> {
        let resources = &self.inputs.resources;
        let index = resources
            .iter()
            .position(|r| r.name == info.resource)
            .filter(|index| self.counted[*index])
            .ok_or(StatsError::NotFound)?;
        Ok(ObjectStats {
            count: i64::try_from(resources[index].count).unwrap_or(i64::MAX),
            average_size: i64::try_from(resources[index].size.0).unwrap_or(i64::MAX),
        })
    }

    fn watch_count(&mut self, _info: &RequestInfo) -> u64 {
        0
    }
}

impl Admission {
    /// A starting server's: it knows the mandatory objects only.
    #[must_use]
    pub fn new(inputs: &Inputs, now: SimTime) -> Self {
        let behaviour = Behaviour::of_release(&inputs.release);
        let apiserver = &inputs.apiserver;
        let seats = apiserver
            .max_requests_inflight
            .saturating_add(apiserver.max_mutating_requests_inflight);
        Self {
            controller: ConfigController::new(seats, behaviour, apiserver.request_timeout, now),
            estimator: WorkEstimator::new(
                WorkEstimatorConfig::of_behaviour(&behaviour),
                behaviour,
                true,
            ),
            classes: vec![[None; 2]; inputs.fleets.len()],
            retry_after: BTreeMap::new(),
            seen: BTreeMap::new(),
            counted: vec![false; inputs.resources.len()],
            tickets: Vec::new(),
            stirred: Vec::new(),
            changed: true,
        }
    }

    /// The informers have synced: the whole configuration takes effect.
    pub fn configure(&mut self, inputs: &Inputs, now: SimTime) {
        let mut levels = default_levels();
        for level in &inputs.apf.levels {
            levels.retain(|other| other.name != level.name);
            levels.push(level.clone());
        }
        let mut schemas = default_flow_schemas(self.controller.behaviour());
        for schema in &inputs.apf.flow_schemas {
            schemas.retain(|other| other.name != schema.name);
            schemas.push(schema.clone());
        }
        if !inputs.release.apf_borrowing {
            for level in &mut levels {
                level.lendable_percent = Some(0);
                level.borrowing_limit_percent = Some(0);
            }
        }
        // What is passed over was reported when the scenario was read.
        let _ = self.controller.digest_config_objects(now, &levels, &schemas);
        self.classes.fill([None; 2]);
        self.stir_all();
    }

    /// The objects of a resource have been counted: its cache is filled.
    pub fn count_objects(&mut self, resource: usize) {
        self.counted[resource] = true;
    }

    /// The periodic adjustment of the limits.
    pub fn update_borrowing(&mut self, now: SimTime) {
        self.controller.update_borrowing(now);
        self.stir_all();
    }

    fn stir_all(&mut self) {
        self.changed = true;
        self.stirred = self.controller.levels().map(|(id, _)| id).collect();
    }

    /// A request of a fleet arrives. `verb` is `list` or `watch`; `initial_events`: it is a
    /// watch-list. `key` comes back from [`Admission::next_dispatched`].
    pub fn arrive(
        &mut self,
        inputs: &Inputs,
        fleet: usize,
        read: &ReadInput,
        request: RequestKind,
        key: u64,
        now: SimTime,
    ) -> Arrival {
        let info = request_info(inputs, read.resource, request.list);
        let class = self.class(&inputs.fleets[fleet], fleet, &info);
        self.changed = true;
        let Some(level) = self.controller.level(class.level) else {
            return Arrival::Rejected(SimSpan::secs(1));
        };
        let options = list_options(read, request);
        let mut stats = Stats { inputs, counted: &self.counted };
        let estimate = if inputs.release.apf_list_width {
            self.estimator.estimate(Some(&info), Some(&options), level.max_seats, &mut stats)
        } else {
            WorkEstimate::of_seats(1)
        };
        let Some(queues) = self.controller.queues_mut(class.level) else {
            return Arrival::Rejected(SimSpan::secs(1));
        };
        let start = queues.start_request(now, class.hash, &estimate, key);
        self.seen.entry(class.level).or_default().arrived += 1;
        self.note(class.level);
        match start {
            Start::Accepted { id, .. } => {
                self.stirred.push(class.level);
                Arrival::Accepted(Ticket { level: class.level, id })
            }
            Start::Rejected { .. } => Arrival::Rejected(self.rejected(class.level, now)),
        }
    }

    fn class(&mut self, spec: &FleetInput, fleet: usize, info: &RequestInfo) -> Class {
        let verb = usize::from(info.verb == "list");
        if let Some(class) = self.classes[fleet][verb] {
            return class;
        }
        let user = User { name: &spec.user, groups: &spec.groups };
        let found = self.controller.classify(&user, info);
        let mut class =
            Class { flow_schema: found.flow_schema, level: found.level, hash: found.hash };
        // A flow schema named by the scenario overrides the rules.
        if let Some(name) = &spec.flow_schema {
            let named = self.controller.flow_schemas().position(|schema| schema.name == *name);
            let level = named.and_then(|index| {
                let schema = self.controller.flow_schemas().nth(index)?;
                Some((index, self.controller.find_level(&schema.priority_level)?))
            });
            if let Some((flow_schema, level)) = level {
                let hash = super::apf::classify::hash_flow_id(name, &spec.user);
                class = Class { flow_schema, level, hash };
            }
        }
        self.classes[fleet][verb] = Some(class);
        class
    }

    fn rejected(&mut self, level: LevelId, now: SimTime) -> SimSpan {
        self.seen.entry(level).or_default().rejected += 1;
        let tracker = self.retry_after.entry(level).or_insert_with(RetryAfter::adaptive);
        tracker.record_dropped_request(now)
    }

    fn note(&mut self, level: LevelId) {
        let Some(state) = self.controller.level(level) else { return };
        let totals = *state.queues.totals();
        let seen = self.seen.entry(level).or_default();
        seen.seats = seen.seats.max(totals.seats_in_use);
        seen.waiting = seen.waiting.max(totals.waiting);
    }

    /// The next request that may go, in order of dispatch: its ticket and key.
    pub fn next_dispatched(&mut self) -> Option<(Ticket, u64)> {
        while let Some(level) = self.stirred.last().copied() {
            let Some(queues) = self.controller.queues_mut(level) else {
                self.stirred.pop();
                continue;
            };
            if let Some(id) = queues.next_dispatched() {
                let key = queues.request(id).map_or(0, |request| request.key);
                self.changed = true;
                self.note(level);
                #[cfg(debug_assertions)]
                self.check_seats(level);
                return Some((Ticket { level, id }, key));
            }
            self.stirred.pop();
        }
        None
    }

    /// The next request that an arrival found to have waited too long (1.28): its key.
    pub fn next_timed_out(&mut self, now: SimTime) -> Option<(u64, SimSpan)> {
        for index in 0..self.stirred.len() {
            let level = self.stirred[index];
            if let Some(request) = self.controller.queues_mut(level)?.next_timed_out() {
                return Some((request.key, self.rejected(level, now)));
            }
        }
        None
    }

    /// A request's handler has returned: its seats are free.
    pub fn finish(&mut self, ticket: Ticket, now: SimTime) {
        self.changed = true;
        if let Some(queues) = self.controller.queues_mut(ticket.level) {
            // LISTs and watches have no lingering seats.
            let _ = queues.finish(now, ticket.id);
            self.stirred.push(ticket.level);
        }
    }

    /// A request's wait is over: whether it was still waiting, and what it is told.
    pub fn give_up(&mut self, ticket: Ticket, now: SimTime) -> Option<SimSpan> {
        self.changed = true;
        let waiting = self.controller.queues_mut(ticket.level)?.cancel(now, ticket.id);
        waiting.then(|| self.rejected(ticket.level, now))
    }

    /// A request's client has gone while it waited.
    pub fn cancel(&mut self, ticket: Ticket, now: SimTime) {
        self.changed = true;
        let queues = self.controller.queues_mut(ticket.level);
        if queues.is_some_and(|queues| queues.cancel(now, ticket.id)) {
            self.seen.entry(ticket.level).or_default().cancelled += 1;
        }
    }

    /// Ties a ticket to the request slot that serves it.
    pub fn tie(&mut self, slot: usize, ticket: Ticket) {
        if self.tickets.len() <= slot {
            self.tickets.resize(slot + 1, None);
        }
        debug_assert!(self.tickets[slot].is_none(), "a request's seats would never be freed");
        self.tickets[slot] = Some(ticket);
    }

    /// The request in a slot is over: its seats are free.
    pub fn release(&mut self, slot: usize, now: SimTime) {
        if let Some(ticket) = self.tickets.get_mut(slot).and_then(Option::take) {
            self.finish(ticket, now);
        }
    }
}

/// What kind of request arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestKind {
    /// A LIST, else a WATCH.
    pub list: bool,
    /// A watch that begins with a list.
    pub initial_events: bool,
    /// A LIST with a continue token.
    pub continues: bool,
}

fn request_info(inputs: &Inputs, resource: usize, list: bool) -> RequestInfo<'_> {
    let resource = &inputs.resources[resource];
    RequestInfo {
        is_resource: true,
        verb: if list { "list" } else { "watch" },
        api_group: &resource.api_group,
        resource: &resource.name,
        ..RequestInfo::default()
    }
}

fn list_options(read: &ReadInput, request: RequestKind) -> ListOptions {
    let (resource_version, resource_version_match) = match read.resource_version {
        ResourceVersion::Unset => (RequestedVersion::Unset, VersionMatch::Unset),
        ResourceVersion::Any => (RequestedVersion::Zero, VersionMatch::Unset),
        ResourceVersion::NotOlderThan => (RequestedVersion::Specific, VersionMatch::NotOlderThan),
        ResourceVersion::Exact => (RequestedVersion::Specific, VersionMatch::Exact),
    };
    ListOptions {
        limit: read.limit.map_or(0, |limit| i64::try_from(limit).unwrap_or(i64::MAX)),
        continues: request.continues,
        resource_version,
        resource_version_match,
        selector: read.selector,
        send_initial_events: request.initial_events,
    }
}
