//! Who may enter a server: API Priority and Fairness in the run, or max-in-flight without it.
//!
//! `model::apf` is exact and knows no clients; this file gives it the requests of the fleets and
//! keeps what it holds for them. A request has a [`Ticket`] from its arrival until its handler
//! returns, also past a 504 and on a slow reader; a rejected one gets a Retry-After. Writes,
//! and GETs at a rate, weigh on the level of their writer: see `plane::write_seats`.

mod observe;
mod requests;
mod writes;

pub use observe::{LevelState, Standing, fleet_flows};
pub use requests::{Call, Key, RequestKind, first_read};
pub use writes::{RateVerb, Write, WriteStage};

use std::collections::BTreeMap;

use super::apf::classify::{RequestInfo, User};
use super::apf::controller::{Classification, ConfigController, LevelId};
use super::apf::defaults::with_defaults;
use super::apf::queue_set::{RequestId, Start};
use super::apf::retry_after::DroppedRequests;
use super::apf::work_estimate::WorkEstimate;
use super::apf::work_estimator::{WorkEstimator, WorkEstimatorConfig};
use super::ids::{FleetId, ResourceId, Table};
use super::input::{FleetInput, Inputs};
use crate::units::{SimSpan, SimTime};
use requests::{Stats, list_options, request_info, verb};
use writes::Writing;

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

/// Under what the LISTs or the watches of a fleet fall, or the writes to a resource.
#[derive(Clone, Copy, Debug)]
struct Class {
    /// Index among the controller's flow schemas.
    flow_schema: usize,
    level: LevelId,
    /// Whether the level is exempt from limitation.
    exempt: bool,
    hash: u64,
}

impl From<Classification<'_>> for Class {
    fn from(found: Classification<'_>) -> Self {
        let Classification { flow_schema, level, exempt, hash, distinguisher: _ } = found;
        Self { flow_schema, level, exempt, hash }
    }
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
    classes: Table<FleetId, [Option<Class>; 2]>,
    /// By resource: of the writes to it, and of the GETs at a rate.
    rate_classes: Table<ResourceId, [Option<Class>; 2]>,
    /// Adaptive in every release modelled (since 1.28; docs/facts/apf.md section 4.8).
    retry_after: BTreeMap<LevelId, DroppedRequests>,
    /// By level, from its first use on.
    seen: Vec<Option<Seen>>,
    /// How many objects of each resource were counted last, if they were since the start.
    counted: Table<ResourceId, Option<u64>>,
    /// Tickets of the requests being served, by request slot.
    tickets: Vec<Option<Ticket>>,
    /// Writes that wait or hold seats, by serial.
    writes: BTreeMap<u32, Writing>,
    /// Levels that may have dispatched.
    pending: Vec<LevelId>,
    /// Levels that may differ since [`Admission::forget_changes`], each once.
    changed: Vec<LevelId>,
}

impl Admission {
    /// A starting server's: it knows the mandatory objects only.
    #[must_use]
    pub fn new(inputs: &Inputs, now: SimTime) -> Self {
        let release = inputs.release;
        let apiserver = &inputs.apiserver;
        let seats = apiserver
            .max_requests_inflight
            .saturating_add(apiserver.max_mutating_requests_inflight);
        let mut admission = Self {
            controller: ConfigController::new(seats, release, apiserver.request_timeout, now),
            estimator: WorkEstimator::new(WorkEstimatorConfig::of_release(&release), release, true),
            classes: Table::filled([None; 2], inputs.fleets.len()),
            rate_classes: Table::filled([None; 2], inputs.resources.len()),
            retry_after: BTreeMap::new(),
            seen: Vec::new(),
            counted: Table::filled(None, inputs.resources.len()),
            tickets: Vec::new(),
            writes: BTreeMap::new(),
            pending: Vec::new(),
            changed: Vec::new(),
        };
        admission.mark_all_changed();
        admission
    }

    /// The informers have synced: the whole configuration takes effect.
    pub fn configure(&mut self, inputs: &Inputs, now: SimTime) {
        let (levels, schemas) =
            with_defaults(&inputs.apf.levels, &inputs.apf.flow_schemas, &inputs.release);
        // What is passed over was reported when the scenario was read.
        let _ = self.controller.digest_config_objects(now, &levels, &schemas);
        self.classes.fill([None; 2]);
        self.rate_classes.fill([None; 2]);
        self.mark_all_pending();
    }

    /// The objects of a resource have been counted. Where the release keeps no counts, nobody learns.
    pub fn count_objects(&mut self, resource: ResourceId, count: u64) {
        if self.controller.release().apf_counts_objects {
            self.counted[resource] = Some(count);
        }
    }

    /// The periodic adjustment of the limits.
    pub fn update_borrowing(&mut self, now: SimTime) {
        self.controller.update_borrowing(now);
        self.mark_all_pending();
    }

    fn mark_all_changed(&mut self) {
        self.changed = self.controller.levels().map(|(id, _)| id).collect();
    }

    fn mark_changed(&mut self, level: LevelId) {
        if !self.changed.contains(&level) {
            self.changed.push(level);
        }
    }

    fn mark_all_pending(&mut self) {
        self.mark_all_changed();
        self.pending = self.controller.levels().map(|(id, _)| id).collect();
    }

    /// A request of a fleet arrives; [`Admission::next_dispatched`] names its client.
    pub fn arrive(&mut self, inputs: &Inputs, call: &Call, now: SimTime) -> Arrival {
        let resource = &inputs.resources[call.read.resource];
        let info = request_info(resource, verb(call.kind.list));
        let class = self.class(inputs, call, &info);
        let estimate = self.estimate(inputs, call, &info, class.level);
        let key = Key::Call { client: call.client, list: call.kind.list };
        self.start(class.level, class.hash, &estimate, key, now)
    }

    fn start(
        &mut self,
        level: LevelId,
        hash: u64,
        estimate: &WorkEstimate,
        key: Key,
        now: SimTime,
    ) -> Arrival {
        self.mark_changed(level);
        let Some(queues) = self.controller.queues_mut(level) else {
            return Arrival::Rejected(SimSpan::secs(1));
        };
        let start = queues.start_request(now, hash, estimate, key.pack());
        self.seen_of(level).arrived += 1;
        self.note(level);
        match start {
            Start::Accepted { id, .. } => {
                self.pending.push(level);
                Arrival::Accepted(Ticket { level, id })
            }
            Start::Rejected { .. } => Arrival::Rejected(self.rejected(level, now)),
        }
    }

    /// The work of a fleet's request.
    fn estimate(
        &self,
        inputs: &Inputs,
        call: &Call,
        info: &RequestInfo,
        level: LevelId,
    ) -> WorkEstimate {
        if !inputs.release.apf_list_width {
            return WorkEstimate::of_seats(1);
        }
        let options = list_options(call.read, call.kind);
        let most = self.controller.level(level).map_or(0, |level| level.max_seats);
        let mut stats = self.stats(inputs, call.read.resource, 0);
        self.estimator.estimate(Some(info), Some(&options), most, &mut stats)
    }

    fn stats<'a>(&self, inputs: &'a Inputs, resource: ResourceId, watches: u64) -> Stats<'a> {
        Stats {
            resource: &inputs.resources[resource],
            counted: self.counted[resource],
            sizes_without_cache: self.controller.release().sizes_without_cache,
            watches,
        }
    }

    /// Under what a request of a fleet falls; found out once where all members are one user.
    fn class(&mut self, inputs: &Inputs, call: &Call, info: &RequestInfo) -> Class {
        let known = &self.classes[call.fleet][usize::from(call.kind.list)];
        if let Some(class) = known {
            return *class;
        }
        let spec = &inputs.fleets[call.fleet];
        let name = spec.user_of(call.place);
        let user = User { name: &name, groups: &spec.groups };
        let class = Class::from(self.classify(spec, &user, info));
        if !spec.users_differ() {
            self.classes[call.fleet][usize::from(call.kind.list)] = Some(class);
        }
        class
    }

    /// A flow schema named by the scenario overrides the rules.
    fn classify<'a>(
        &self,
        spec: &FleetInput,
        user: &User<'a>,
        info: &RequestInfo<'a>,
    ) -> Classification<'a> {
        let named = spec.flow_schema.as_deref();
        named
            .and_then(|name| self.controller.classify_as(name, user, info))
            .unwrap_or_else(|| self.controller.classify(user, info))
    }

    fn seen_of(&mut self, level: LevelId) -> &mut Seen {
        let index = level.index();
        if self.seen.len() <= index {
            self.seen.resize(index + 1, None);
        }
        self.seen[index].get_or_insert_default()
    }

    fn rejected(&mut self, level: LevelId, now: SimTime) -> SimSpan {
        self.seen_of(level).rejected += 1;
        let tracker = self.retry_after.entry(level).or_default();
        tracker.record_dropped_request(now)
    }

    fn note(&mut self, level: LevelId) {
        let Some(state) = self.controller.level(level) else { return };
        let totals = *state.queues.totals();
        let seen = self.seen_of(level);
        seen.seats = seen.seats.max(totals.seats_in_use);
        seen.waiting = seen.waiting.max(totals.waiting);
    }

    /// The next request that may go, in order of dispatch: its ticket and what it is.
    pub fn next_dispatched(&mut self) -> Option<(Ticket, Key)> {
        while let Some(level) = self.pending.last().copied() {
            let Some(queues) = self.controller.queues_mut(level) else {
                self.pending.pop();
                continue;
            };
            if let Some(id) = queues.next_dispatched() {
                let Some(request) = queues.request(id) else { continue };
                let key = Key::unpack(request.key);
                self.mark_changed(level);
                self.note(level);
                #[cfg(debug_assertions)]
                self.check_seats(level);
                return Some((Ticket { level, id }, key));
            }
            self.pending.pop();
        }
        None
    }

    /// The next request that an arrival found to have waited too long (1.28).
    pub fn next_timed_out(&mut self, now: SimTime) -> Option<(Key, SimSpan)> {
        if !self.controller.release().rejects_only_at_front {
            return None;
        }
        for index in 0..self.pending.len() {
            let level = self.pending[index];
            if let Some(request) = self.controller.queues_mut(level)?.next_timed_out() {
                return Some((Key::unpack(request.key), self.rejected(level, now)));
            }
        }
        None
    }

    /// A request's handler has returned: its seats are free.
    pub fn finish(&mut self, ticket: Ticket, now: SimTime) {
        self.mark_changed(ticket.level);
        if let Some(queues) = self.controller.queues_mut(ticket.level) {
            // LISTs and watches have no lingering seats.
            let _ = queues.finish(now, ticket.id);
            self.pending.push(ticket.level);
        }
    }

    /// A request's wait is over: whether it was still waiting, and its Retry-After.
    pub fn give_up(&mut self, ticket: Ticket, now: SimTime) -> Option<SimSpan> {
        self.mark_changed(ticket.level);
        let waiting = self.controller.queues_mut(ticket.level)?.cancel(now, ticket.id);
        waiting.then(|| self.rejected(ticket.level, now))
    }

    /// A request's client has gone while it waited.
    pub fn cancel(&mut self, ticket: Ticket, now: SimTime) {
        self.mark_changed(ticket.level);
        let queues = self.controller.queues_mut(ticket.level);
        if queues.is_some_and(|queues| queues.cancel(now, ticket.id)) {
            self.seen_of(ticket.level).cancelled += 1;
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
