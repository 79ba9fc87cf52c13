//! What a server keeps for a while of every request: audit events until their backend has them, and writes
//! until admission webhooks have answered.
//!
//! By Little's law that is the rate at which they come times how long each is kept. It fills in a straight
//! line, and what is more than that is let go of at once. LISTs, whose bodies may be large, leave theirs one
//! by one.

use crate::model::apiserver::audit::{self, Record, Waits};
use crate::model::apiserver::list::item_bytes;
use crate::model::apiserver::plan::Step;
use crate::model::apiserver::server::{Growth, Held};
use crate::model::catalog::Catalog;
use crate::model::context::Context;
use crate::model::costs;
use crate::model::event::{Event, LoadEvent};
use crate::model::ids::{FleetId, ResourceId, ServerId};
use crate::model::input::{AuditBackend, AuditLevel, AuditMode, Encoding, Inputs, ReadInput};
use crate::model::memory::ledger::{EntryId, OwnerId};
use crate::model::plane::Plane;
use crate::model::plane::load::Load;
use crate::results::Mechanism;
use crate::units::{Bytes, SimSpan, SimTime};

/// What a write and a GET of a resource leave for its audit events.
fn records(inputs: &Inputs, catalog: &Catalog, resource: ResourceId) -> (Record, Record) {
    let json = catalog.profiles[resource].json;
    let (write, get) = (inputs.recorded_of_write(resource), inputs.recorded_of_get(resource));
    (audit::record(write, json, json), audit::record(get, Bytes::ZERO, json))
}

/// Writes and GETs of a resource per second on a server.
fn rates(inputs: &Inputs, load: Load<'_>, resource: ResourceId) -> (f64, f64) {
    let gets = inputs.resources[resource].gets_per_second / load.serving as f64;
    (load.handled(resource), gets)
}

/// Events of writes and GETs per second.
fn events(inputs: &Inputs, load: Load<'_>) -> f64 {
    let of = |resource| {
        let (writes, gets) = rates(inputs, load, resource);
        writes * inputs.recorded_of_write(resource).events
            + gets * inputs.recorded_of_get(resource).events
    };
    inputs.resource_ids().map(of).sum()
}

/// How long audit events wait on a server; `out`: their backend answers nobody.
pub(super) fn audit_waits(inputs: &Inputs, load: Load<'_>, out: bool) -> Waits {
    if inputs.audit.is_off() {
        return Waits::default();
    }
    audit::waits(&inputs.audit, events(inputs, load), out)
}

/// What requests at steady rates leave behind on a server.
pub(super) fn levels(
    inputs: &Inputs,
    catalog: &Catalog,
    load: Load<'_>,
    waits: Waits,
) -> Vec<Held> {
    let mut held = Vec::new();
    if !inputs.audit.is_off() {
        let all = events(inputs, load);
        let calls = audit::CALL.scale(waits.in_flight());
        if calls > Bytes::ZERO {
            held.push(Held {
                entry: OwnerId::SERVER.entry(Mechanism::AuditEvents),
                per_second: waits.calls * audit::CALL.as_f64(),
                level: calls,
            });
        }
        for resource in inputs.resource_ids() {
            let (of_write, of_get) = records(inputs, catalog, resource);
            let (writes, gets) = rates(inputs, load, resource);
            let each = |record: Record| (record.heap + record.json).as_f64();
            let level = writes * of_write.held(waits, all) + gets * of_get.held(waits, all);
            held.push(Held {
                entry: catalog.resource_owner(resource).entry(Mechanism::AuditEvents),
                per_second: writes * each(of_write) + gets * each(of_get),
                level: Bytes::from_f64(level),
            });
        }
    }
    for resource in inputs.resource_ids() {
        let seconds = inputs.admission_latency(resource).as_secs_f64();
        if seconds > 0.0 {
            let per_second = load.handled(resource) * reviewed(catalog, resource).as_f64();
            held.push(Held {
                entry: catalog.resource_owner(resource).entry(Mechanism::QueuedRequests),
                per_second,
                level: Bytes::from_f64(per_second * seconds),
            });
        }
    }
    held
}

/// What a write holds that waits for an admission webhook: the object and the one it replaces, decoded, both
/// as JSON in the review, and the encoded review.
pub(super) fn reviewed(catalog: &Catalog, resource: ResourceId) -> Bytes {
    let profile = &catalog.profiles[resource];
    costs::QUEUED_REQUEST + profile.decoded.times(2) + profile.json.times(REVIEW_COPIES)
}

/// Copies of an object's JSON in a review and its encoded form (`AdmissionReview.request.object` and
/// `.oldObject`, k8s.io/api `admission/v1`).
pub(crate) const REVIEW_COPIES: u64 = 4;

/// Processor time and garbage of the audit events of a request beyond what every request costs: bodies.
pub(super) fn of_bodies(
    catalog: &Catalog,
    resource: ResourceId,
    record: Record,
) -> (SimSpan, Bytes) {
    if record.bodies == Bytes::ZERO {
        return (SimSpan::ZERO, record.heap + record.json);
    }
    let encode = catalog.profiles[resource].encode_json.of(1, record.bodies);
    let garbage = record.heap + record.json + record.bodies.times(audit::LINE_COPIES);
    (encode + audit::LINE.of(1, record.bodies), garbage)
}

/// The same of a write and of a GET, for so many of each per second: cores, and bytes per second.
pub(super) fn audit_work(
    inputs: &Inputs,
    catalog: &Catalog,
    load: Load<'_>,
    resource: ResourceId,
) -> (f64, f64) {
    let (of_write, of_get) = records(inputs, catalog, resource);
    let (writes, gets) = rates(inputs, load, resource);
    let one = |record, rate: f64| {
        let (cpu, garbage) = of_bodies(catalog, resource, record);
        (rate * cpu.as_secs_f64(), rate * garbage.as_f64())
    };
    let (write, get) = (one(of_write, writes), one(of_get, gets));
    (write.0 + get.0, write.1 + get.1)
}

impl Plane {
    /// Whether the audit backend answers nobody.
    pub(crate) fn audit_out(&self, now: SimTime) -> bool {
        now < self.audit_out_until
    }

    /// The audit backend answers nobody for a while: what it was sent is sent again after a back-off.
    pub(crate) fn audit_fails(&mut self, lasts: SimSpan, now: SimTime) -> SimTime {
        self.audit_out_until = self.audit_out_until.max(now + lasts);
        self.audit_changes();
        self.audit_out_until
    }

    /// What is held for the audit backend is worked out again.
    pub(crate) fn audit_changes(&mut self) {
        for server in self.servers.ids() {
            self.servers[server].background_stale = true;
            self.touch(server);
        }
    }

    /// Lets what requests leave behind follow its levels; the lines along which it fills.
    pub(crate) fn hold(&mut self, server: ServerId, held: &[Held], now: SimTime) -> Vec<Growth> {
        let state = &mut self.servers[server];
        let mut lines = Vec::new();
        state.held_turns_at = SimTime::NEVER;
        for Held { entry, per_second, level } in held {
            let booked = Bytes(state.server.memory.ledger.get(*entry));
            if booked > *level {
                state.server.memory.step(Step::Drop(*entry, booked - *level));
            } else if now == SimTime::ZERO {
                // A warm server has had these requests all along.
                state.server.memory.step(Step::Take(*entry, *level - booked));
            } else if booked < *level && *per_second >= 1.0 {
                let seconds = (*level - booked).as_f64() / per_second;
                let until = now + SimSpan::from_secs_f64(seconds).max(SimSpan::millis(1));
                state.held_turns_at = state.held_turns_at.min(until);
                lines.push(Growth { entry: *entry, per_second: *per_second as u64, until });
            }
        }
        lines
    }

    /// The body of a LIST's answer waits for the audit backend: until when, and what it takes.
    pub(crate) fn keep_list(
        &mut self,
        cx: &mut Context<'_>,
        (server, fleet): (ServerId, FleetId),
        read: &ReadInput,
        now: SimTime,
    ) {
        let audit = &cx.inputs.audit;
        let recorded = cx.inputs.recorded_of_list(fleet, read.resource);
        if recorded.level < AuditLevel::RequestResponse || audit.mode() == AuditMode::Blocking {
            return;
        }
        let (items, _) = self.context(cx).items_of(read);
        let items = read.limit.map_or(items, |limit| items.min(limit));
        let profile = &cx.catalog.profiles[read.resource];
        let body = item_bytes(profile, Encoding::Json).times(items);
        let state = &mut self.servers[server];
        let waits = state.audit_waits;
        let Some(throttled) = audit::throttled(audit, &mut state.audit_throttle, now) else {
            return;
        };
        // The copy of the event, and of what is under way to a webhook the encoded batch. (A log writes one at a time.)
        let copies = if audit.backend == AuditBackend::Webhook { 2 } else { 1 };
        let bytes = body.times(copies);
        let wait = throttled + SimSpan::from_secs_f64(waits.batch + waits.answer);
        state.server.memory.step(Step::Take(Self::audited(cx, fleet), bytes));
        let process = state.process.number;
        let event = LoadEvent::Audited { server, process, fleet, bytes };
        cx.queue.push(now + wait, Event::Load(event));
        self.touch(server);
    }

    fn audited(cx: &Context<'_>, fleet: FleetId) -> EntryId {
        cx.catalog.fleet_owner(fleet).entry(Mechanism::AuditEvents)
    }

    /// The backend has the body of a LIST's answer.
    pub(crate) fn list_audited(
        &mut self,
        cx: &Context<'_>,
        (server, process): (ServerId, u64),
        (fleet, bytes): (FleetId, Bytes),
        now: SimTime,
    ) {
        let state = &mut self.servers[server];
        if state.process.number == process && state.server.running() {
            state.server.settle(now);
            state.server.memory.step(Step::Drop(Self::audited(cx, fleet), bytes));
            self.touch(server);
        }
    }
}
