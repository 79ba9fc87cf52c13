//! Writes, and GETs at a rate, as their priority levels see them: seats that LISTs and watches of the level
//! cannot have.
//!
//! What writes cost in processor time and memory is steady load ([`super::background`]); here they
//! queue and hold seats. A write holds its seats while the handler runs, and those of the mutating
//! estimator for 5 ms more for each ten watches that see it (docs/facts/apf.md section 4.7). Few writes
//! are events of their own. Many come bundled, one after the other in one event, so that by
//! Little's law they take the same seats on average: 1,000 writes of 8 ms per second are 8 seats
//! either way. A bundle that is turned away stands for as many writes, but counts as one 429; until the
//! next comes, the writes to its resource cost the server nothing. Writes that wait for the processors
//! hold seats, too: what is let in until the next bundle comes is what the processors can do by then beside
//! all else, and what brings the writes that wait up, or down, to the seats of their level. (The bundle
//! takes its seats nevertheless, for as long as without the wait.) A write that takes longer than the request
//! time-out by itself, where etcd is slow, is answered 504 then; one that an admission webhook has refused counts
//! as such, too: it changes no number of objects, and etcd stores nothing of it (its watchers are sent an event all
//! the same, and it costs what others do).
//!
//! GETs come in the same way, as the user who writes, with one seat each while they are answered. Those that are
//! turned away cost the server what the others do, which is more than the truth.

use crate::model::admission::{Arrival, RateVerb, Write, WriteStage};
use crate::model::apf::queue_wait::request_wait_limit;
use crate::model::context::Context;
use crate::model::event::Event;
use crate::model::ids::{ResourceId, ServerId};
use crate::model::input::FleetInput;
use crate::model::plane::etcd::READ_FAILS_AFTER;
use crate::model::plane::server_state::Life;
use crate::model::plane::{Plane, background};
use crate::model::{costs, input};
use crate::units::{SimSpan, SimTime};

/// Most events per second, on each server, for the writes to a resource.
const MOST_ARRIVALS: f64 = 4.0;

impl Plane {
    /// Writes begin to come to a process that listens, from a random phase on.
    pub(crate) fn open_writes(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        boot: u32,
        now: SimTime,
    ) {
        self.servers[server].writes_arrive.fill(false);
        for resource in cx.inputs.resource_ids() {
            self.open_writes_of(cx, server, boot, resource, now);
            let gets = cx.inputs.resources[resource].gets_per_second;
            if gets > 0.0 {
                let entity = Self::phase_of(server, boot, resource);
                let phase = cx.streams.stream("get phase", entity).uniform();
                let (_, interval) = self.pace_of(gets);
                let event = Event::GetsArrive { server, boot, resource };
                cx.queue.push(now + interval.scale(phase), event);
            }
        }
    }

    fn phase_of(server: ServerId, boot: u32, resource: ResourceId) -> u64 {
        u64::from(server) << 48 | u64::from(boot) << 16 | u64::from(resource)
    }

    /// The same for one resource, unless they come already or there are none.
    pub(crate) fn open_writes_of(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        boot: u32,
        resource: ResourceId,
        now: SimTime,
    ) {
        let arrive = &mut self.servers[server].writes_arrive[resource];
        if self.writes[resource] > 0.0 && !std::mem::replace(arrive, true) {
            let entity = Self::phase_of(server, boot, resource);
            let phase = cx.streams.stream("write phase", entity).uniform();
            let (_, interval) = self.pace_of(self.writes[resource]);
            let event = Event::WriteArrives { server, boot, resource };
            cx.queue.push(now + interval.scale(phase), event);
        }
    }

    /// Requests that an event stands for where so many per second come to all servers, and the time from one
    /// event to the next.
    fn pace_of(&self, per_second: f64) -> (f64, SimSpan) {
        let serving = self.servers.iter().filter(|s| s.life == Life::Serving).count().max(1);
        let rate = per_second / serving as f64;
        let together = (rate / MOST_ARRIVALS).max(1.0);
        (together, SimSpan::secs(1).scale(together / rate).max(SimSpan::nanos(1)))
    }

    /// Writes arrive; the number of those that are accepted, which may have to wait.
    pub(crate) fn write_arrives(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        boot: u32,
        resource: ResourceId,
        now: SimTime,
    ) -> Option<u32> {
        let (together, interval) = self.pace_of(self.writes[resource]);
        let watches = self.watches_that_see(cx, server, resource);
        let state = &mut self.servers[server];
        let admission = state.admission.as_mut().filter(|_| state.boots == boot)?;
        if self.writes[resource] <= 0.0 {
            state.writes_arrive[resource] = false;
            return None;
        }
        cx.queue.push(now + interval, Event::WriteArrives { server, boot, resource });
        if state.life != Life::Serving {
            return None;
        }
        let serial = state.writes;
        state.writes = serial.wrapping_add(1);
        state.server.settle(now);
        let seats = admission.seats_for_writes(cx.inputs, resource);
        let room = |seats| (seats as f64 - state.server.writes_waiting()) / together;
        let can_be = |seats| state.server.share_of_writes() + room(seats);
        let let_in = seats.map_or(1.0, |seats| can_be(seats).clamp(0.0, 1.0));
        let due = state.written[resource] + together * let_in;
        let verb = RateVerb::Update;
        let write = Write { verb, serial, resource, watches, together, count: due.floor() as u64 };
        let accepted =
            matches!(admission.arrive_write(cx.inputs, write, now), Arrival::Accepted(_));
        let let_in = if accepted { let_in } else { 0.0 };
        if accepted {
            state.written[resource] = due.fract();
        }
        let away = &mut state.turned_away[resource];
        *away += together * (1.0 - let_in);
        cx.record.counters.writes_rejected += away.floor() as u64;
        *away -= away.floor();
        #[expect(clippy::float_cmp, reason = "whether it was computed anew")]
        if std::mem::replace(&mut state.let_in[resource], let_in) != let_in {
            state.background_stale = true;
            self.touch(server);
        }
        accepted.then_some(serial)
    }

    /// GETs arrive; the number of those that are accepted, which may have to wait.
    pub(crate) fn gets_arrive(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        boot: u32,
        resource: ResourceId,
        now: SimTime,
    ) -> Option<u32> {
        let (together, interval) = self.pace_of(cx.inputs.resources[resource].gets_per_second);
        let state = &mut self.servers[server];
        let admission = state.admission.as_mut().filter(|_| state.boots == boot)?;
        cx.queue.push(now + interval, Event::GetsArrive { server, boot, resource });
        if state.life != Life::Serving {
            return None;
        }
        let serial = state.writes;
        state.writes = serial.wrapping_add(1);
        let verb = RateVerb::Get;
        let gets = Write { verb, serial, resource, watches: 0, together, count: 0 };
        let accepted = matches!(admission.arrive_write(cx.inputs, gets, now), Arrival::Accepted(_));
        if !accepted || self.etcd_down(server, now) {
            cx.record.counters.gets_failed += together.round() as u64;
        }
        accepted.then_some(serial)
    }

    /// How long a GET is answered, without what else the processors do: without etcd until it fails.
    fn get_takes(
        &self,
        cx: &Context<'_>,
        server: ServerId,
        resource: ResourceId,
        now: SimTime,
    ) -> SimSpan {
        if self.etcd_down(server, now) {
            return READ_FAILS_AFTER;
        }
        let (cpu, _) = background::of_get(cx.inputs, &cx.catalog, resource);
        let read = costs::ETCD_GET.scale(1.0 / self.etcd.speed);
        cpu.scale(1.0 / cx.catalog.hardware.cpu_speed)
            + self.servers[server].server.etcd_takes(read)
            + cx.inputs.audit.blocks_for(cx.inputs.recorded_of_get(resource))
    }

    /// CPU time of a write in a server.
    fn write_work(cx: &Context<'_>, resource: ResourceId) -> SimSpan {
        let json = cx.catalog.profiles[resource].json;
        costs::WRITE_REQUEST.of(1, json).scale(1.0 / cx.catalog.hardware.cpu_speed)
    }

    /// A write that was not let in at once waits for so long at most.
    pub(crate) fn await_write(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        serial: u32,
        now: SimTime,
    ) {
        let admission = self.servers[server].admission.as_ref();
        if !admission.is_some_and(|admission| admission.write_waits(serial)) {
            return;
        }
        let timeout = cx.inputs.apiserver.request_timeout;
        if let Some(wait) = Self::queue_wait(cx, Some(timeout)) {
            let stage = WriteStage::Waiting;
            cx.queue.push(now + wait, Event::WriteEnds { server, serial, stage });
        }
    }

    /// How long a request may wait in a queue that was given so long to be answered, if at all: up to
    /// 1.28 only its own deadline ends its wait, unless another request comes to its queue.
    pub(crate) fn queue_wait(cx: &Context<'_>, allotted: Option<SimSpan>) -> Option<SimSpan> {
        if cx.inputs.release.rejects_only_at_front {
            return allotted;
        }
        Some(request_wait_limit(allotted, cx.inputs.apiserver.request_timeout))
    }

    /// How long a write takes, without what else the processors do.
    fn write_takes(&self, cx: &Context<'_>, resource: ResourceId) -> SimSpan {
        Self::write_work(cx, resource)
            + costs::ETCD_COMMIT.scale(1.0 / self.etcd.speed)
            + cx.inputs.admission_latency(resource)
            + cx.inputs.audit.blocks_for(cx.inputs.recorded_of_write(resource))
    }

    /// A write, or GETs, go to their handler.
    pub(crate) fn write_dispatched(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        serial: u32,
        now: SimTime,
    ) {
        let Some(admission) = &mut self.servers[server].admission else { return };
        let Some(write) = admission.write_dispatched(serial) else { return };
        let (takes, fails) = match write.verb {
            RateVerb::Get => (self.get_takes(cx, server, write.resource, now), false),
            RateVerb::Update => {
                (self.write_takes(cx, write.resource), cx.inputs.admission_fails(write.resource))
            }
        };
        let timeout = cx.inputs.apiserver.request_timeout;
        if takes > timeout || fails {
            cx.record.counters.writes_timed_out += write.count;
        }
        let until = now + takes.min(timeout).scale(write.together);
        let stage = WriteStage::Executing;
        cx.queue.push(until, Event::WriteEnds { server, serial, stage });
    }

    /// A stage of a write is over.
    pub(crate) fn write_ends(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        serial: u32,
        stage: WriteStage,
        now: SimTime,
    ) {
        let Some(admission) = &mut self.servers[server].admission else { return };
        if stage == WriteStage::Waiting {
            admission.count_timed_out(serial, &mut cx.record.counters);
        }
        if let Some(until) = admission.end_write_stage(serial, stage, now) {
            let stage = WriteStage::Lingering;
            cx.queue.push(until, Event::WriteEnds { server, serial, stage });
        }
    }

    /// Watches on a server that get an event of every write to a resource.
    fn watches_that_see(&self, cx: &Context<'_>, server: ServerId, resource: ResourceId) -> u64 {
        let watches = &self.servers[server].watches;
        let fleets = cx.inputs.fleets.iter().zip(watches);
        let seeing = fleets.filter(|(fleet, _)| {
            fleet.resource() == resource && !Self::selects_a_node(cx, fleet, resource)
        });
        seeing.map(|(fleet, open)| open / (1 + u64::from(fleet.idle_watches))).sum()
    }

    /// Watches of the pods of a node are not counted (`getBuiltinIndexes`, `watch_tracker.go`): a
    /// selector on pods is taken for `spec.nodeName`.
    fn selects_a_node(cx: &Context<'_>, fleet: &FleetInput, resource: ResourceId) -> bool {
        let selects = match &fleet.behaviour {
            input::Behaviour::Reflector { read, .. } => read.selector,
            _ => false,
        };
        selects && cx.inputs.resources[resource].name == "pods"
    }
}
