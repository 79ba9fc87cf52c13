//! The world: all state of a run, the one event enum, its dispatch.
//!
//! Simultaneous events come in the order in which they were pushed; everything that pushes does so
//! in index order, so the order is total and the same everywhere. Stale events are recognised by
//! generation and dropped.

use super::RunOptions;
use super::admission::Admission;
use super::apf::concurrency::BORROWING_ADJUSTMENT_PERIOD;
use super::apiserver::server::{Background, Finished};
use super::background;
use super::catalog::Catalog;
use super::context::Context;
use super::control_plane::{self, Life};
use super::event::Event;
use super::fleets::Fleets;
use super::ids::{ClientId, ServerId};
use super::input::Inputs;
use super::outcome;
use super::plane::Plane;
use super::record::Record;
use crate::engine::{EventQueue, Streams};
use crate::results::{ApfDump, RunRecord};
use crate::units::{SimSpan, SimTime};

/// Clients looked at that cost as much as an event.
const CLIENTS_AN_EVENT: u64 = 64;
/// Plans that a run may make for nothing, and the events that each further one counts as: plans are
/// kept, so their number bounds memory.
const FREE_PLANS: u64 = 1_000;
const EVENTS_A_PLAN: u64 = 1_000;

/// See the module's documentation.
pub struct World<'a> {
    pub(super) cx: Context<'a>,
    pub(super) plane: Plane,
    pub(super) fleets: Fleets,
    /// Instants to dump at, the next one last.
    dump_at: Vec<SimTime>,
    dumps: Vec<ApfDump>,
    /// Work done, in events: see [`Inputs::max_events`].
    work: u64,
    cut_short: bool,
    trace: u64,
    finished: Vec<Finished>,
}

impl<'a> World<'a> {
    /// The world at the start of a run.
    #[must_use]
    pub fn new(inputs: &'a Inputs, options: RunOptions) -> Self {
        let streams = Streams::new(options.seed, options.replication);
        let mut hardware = inputs.hardware.clone();
        hardware.cpu_speed *= streams.stream("cpu speed", 0).lognormal(hardware.cpu_noise);
        let catalog = Catalog::new(inputs, hardware);
        let mut world = Self {
            plane: Plane::new(inputs, &catalog),
            fleets: Fleets::new(inputs),
            cx: Context {
                inputs,
                streams,
                queue: EventQueue::new(),
                catalog,
                record: Record::new(inputs, options),
            },
            dump_at: Vec::new(),
            dumps: Vec::new(),
            work: 0,
            cut_short: false,
            trace: 0xcbf2_9ce4_8422_2325,
            finished: Vec::new(),
        };
        world.open_control_plane();
        world.open_fleets();
        world.open_flows();
        for index in 0..inputs.events.len() {
            world.cx.queue.push(inputs.events[index].at, Event::Scenario { index: index as u32 });
        }
        world
    }

    /// Asks for dumps at these instants.
    #[must_use]
    pub fn dumping(mut self, at: &[SimTime]) -> Self {
        self.dump_at = at.to_vec();
        self.dump_at.sort_unstable_by(|a, b| b.cmp(a));
        self.dump_at.dedup();
        self
    }

    /// Takes the dumps due before the next event: what is dumped changes with events alone, so that
    /// looking at it disturbs nothing.
    fn dump_before(&mut self, next: SimTime) {
        while let Some(at) = self.dump_at.pop_if(|at| *at < next) {
            for (server, state) in self.plane.servers.pairs() {
                let dump =
                    state.admission.as_ref().map(|admission| admission.dump(self.cx.inputs, at));
                let dump = dump.unwrap_or_else(|| ApfDump { at, ..ApfDump::default() });
                let server = control_plane::name(server);
                self.dumps.push(ApfDump { server, ..dump });
            }
        }
    }

    /// The dumps asked for.
    pub(super) fn take_dumps(&mut self) -> Vec<ApfDump> {
        std::mem::take(&mut self.dumps)
    }

    /// Runs to the end and reports.
    #[must_use]
    pub fn run(mut self, replication: u32) -> RunRecord {
        let mut end = SimTime::ZERO + self.cx.inputs.duration;
        self.flush();
        self.sample_levels(SimTime::ZERO);
        while let Some((now, event)) = self.cx.queue.pop() {
            if now > end {
                break;
            }
            if self.work() >= self.cx.inputs.max_events {
                self.cut_short = true;
                end = now;
                break;
            }
            self.spend(1);
            self.dump_before(now);
            self.note_activity(now);
            self.cx.record.counters.engine_events += 1;
            self.trace_event(now, event);
            self.dispatch(now, event);
            self.flush();
            self.sample_levels(now);
        }
        self.dump_before(SimTime::NEVER);
        self.close(end);
        outcome::record(self, replication, end)
    }

    fn dispatch(&mut self, now: SimTime, event: Event) {
        match event {
            Event::Tick { server, generation } => {
                if self.plane.servers[server].generation == generation {
                    self.touch(server);
                }
            }
            Event::Wake { client, generation } => self.wake(client, generation, now),
            Event::Timeout { client } => self.time_out(client, now),
            Event::QueueTimeout { client, generation } => {
                self.queue_timed_out(client, generation, now);
            }
            Event::Configure { server, boot } => {
                self.configure(server, boot, BORROWING_ADJUSTMENT_PERIOD, now);
            }
            Event::Borrow { server, boot } => self.borrow_seats(server, boot, now),
            Event::Compare { server, boot, resource, period } => {
                self.compare_cache(server, boot, resource, period, now);
            }
            Event::CountObjects { server, boot, resource } => {
                self.count_objects(server, boot, resource, now);
            }
            Event::WriteArrives { server, boot, resource } => {
                self.write_arrives(server, boot, resource, now);
            }
            Event::WriteEnds { server, serial, stage } => {
                self.write_ends(server, serial, stage, now);
            }
            Event::Notice { client, connection } => self.notice(client, connection, now),
            Event::Restart { server } => self.restart(server, now),
            Event::Check { server } => self.check_health(server, now),
            Event::Replace { server } => self.shut_down(server, now),
            Event::Heal { server } => self.heal(server, now),
            Event::EtcdRecovers => self.etcd_recovers(now),
            Event::Fault(event) => self.fault_event(event, now),
            Event::Scenario { index } => self.scenario_event(index as usize, now),
            Event::Load(event) => self.load_event(event, now),
        }
    }

    /// FNV-1a over (time, kind, entity).
    fn trace_event(&mut self, now: SimTime, event: Event) {
        let (kind, entity) = event.kind_and_entity();
        for word in [now.0, kind as u64, entity] {
            self.trace = (self.trace ^ word).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// Work done so far.
    fn work(&self) -> u64 {
        let plans = (self.plane.plans.made.count() as u64).saturating_sub(FREE_PLANS);
        self.work.saturating_add(plans.saturating_mul(EVENTS_A_PLAN))
    }

    /// Counts work besides the event itself.
    pub(super) fn spend(&mut self, events: u64) {
        self.work = self.work.saturating_add(events);
    }

    /// Counts that every client was looked at.
    pub(super) fn spend_on_all_clients(&mut self) {
        self.spend(self.fleets.clients.len() as u64 / CLIENTS_AN_EVENT);
    }

    /// Whether the run was stopped before its end.
    #[must_use]
    pub(super) fn cut_short(&self) -> bool {
        self.cut_short
    }

    /// The trace so far.
    #[must_use]
    pub(super) fn trace(&self) -> u64 {
        self.trace
    }

    /// Marks a server for settling and new rates at the end of the present event.
    pub(super) fn touch(&mut self, server: ServerId) {
        self.plane.touch(server);
    }

    /// Brings every touched server up to date, hands out what finished, and again until quiet.
    fn flush(&mut self) {
        self.flush_at(self.cx.queue.now());
    }

    fn flush_at(&mut self, now: SimTime) {
        while let Some(server) = self.plane.touched.pop() {
            self.advance_server(server, now);
            if !self.plane.touched.contains(&server) {
                self.renew_rates(server, now);
            }
        }
    }

    fn advance_server(&mut self, server: ServerId, now: SimTime) {
        let state = &mut self.plane.servers[server];
        state.server.settle(now);
        let mut finished = std::mem::take(&mut self.finished);
        finished.clear();
        let killed = state.server.process(&self.plane.plans.made, now, &mut finished);
        // All seats are freed before any answer starts a request that takes a freed slot.
        for done in &finished {
            state.max_in_flight.release(done.id.slot());
        }
        if let Some(admission) = &mut state.admission {
            for done in &finished {
                admission.release(done.id.slot(), now);
            }
        }
        self.sample(server, now);
        if self.plane.servers[server].server.collect(now) {
            self.sample(server, now);
        }
        for done in &finished {
            self.request_finished(server, *done, now);
        }
        self.finished = finished;
        if killed && self.plane.servers[server].server.running() {
            self.oom_kill(server, now);
        }
        #[cfg(debug_assertions)]
        self.check_server(server);
    }

    fn renew_rates(&mut self, server: ServerId, now: SimTime) {
        self.turn_rings(server, now);
        if self.plane.servers[server].background_stale {
            let background = self.steady_load(server);
            let state = &mut self.plane.servers[server];
            state.server.background = background;
            state.background_stale = false;
        }
        let state = &mut self.plane.servers[server];
        state.server.refresh(&self.plane.plans.made);
        state.generation = state.generation.wrapping_add(1);
        let generation = state.generation;
        let next = state.server.next_event();
        if next < SimTime::NEVER {
            self.cx.queue.push(next.max(now), Event::Tick { server, generation });
        }
    }

    fn steady_load(&self, server: ServerId) -> Background {
        let state = &self.plane.servers[server];
        let growth = self.ring_growth(server);
        if !matches!(state.life, Life::Serving) {
            return Background { growth, ..Background::default() };
        }
        let serving = self.plane.servers.iter().filter(|s| s.life == Life::Serving).count().max(1);
        let load =
            background::Load { watches: &state.watches, writes: &self.plane.writes, serving };
        background::steady_load(self.cx.inputs, &self.cx.catalog, load, growth)
    }

    fn sample(&mut self, server: ServerId, now: SimTime) {
        if let Some(recorder) = &mut self.cx.record.recorder {
            let state = &self.plane.servers[server];
            let watches = state.watches.iter().sum::<u64>();
            recorder.sample(server, now, &state.server, watches);
        }
    }

    /// Records the priority levels as an event left them.
    fn sample_levels(&mut self, now: SimTime) {
        let Some(recorder) = &mut self.cx.record.recorder else { return };
        for (server, state) in self.cx.inputs.server_ids().zip(&mut self.plane.servers) {
            let changed = state.admission.as_mut().is_none_or(Admission::take_changed);
            if changed {
                recorder.sample_levels(server, now, state.admission.as_ref());
            }
        }
    }

    #[cfg(debug_assertions)]
    fn check_server(&self, server: ServerId) {
        let state = &self.plane.servers[server];
        super::checks::server(&state.server);
        super::checks::admission(state.admission.as_ref());
    }

    /// Samples of a moment that resident memory drops at: before and after.
    pub(super) fn sample_now(&mut self, server: ServerId, now: SimTime) {
        self.sample(server, now);
    }

    /// Brings every server up to `now`, for peaks and samples at a boundary.
    pub(super) fn settle_all(&mut self, now: SimTime) {
        for server in self.plane.servers.ids() {
            self.touch(server);
        }
        self.flush_at(now);
    }

    fn close(&mut self, end: SimTime) {
        for server in self.plane.servers.ids() {
            self.plane.servers[server].server.settle(end);
            let mut finished = Vec::new();
            let state = &mut self.plane.servers[server];
            state.server.process(&self.plane.plans.made, end, &mut finished);
            self.sample(server, end);
        }
        self.close_phase();
        self.note_worst_of_leases();
        self.cx.record.counters.requests_open =
            self.fleets.clients.iter().filter(|client| client.state.calls()).count() as u64;
        #[cfg(debug_assertions)]
        super::checks::accounts(&self.cx.record.counters);
    }

    /// Schedules a client's timer after `delay`, voiding older ones.
    pub(super) fn wake_after(&mut self, client: ClientId, delay: SimSpan) {
        let state = &mut self.fleets.clients[client];
        state.generation = state.generation.wrapping_add(1);
        let generation = state.generation;
        self.cx.queue.push(self.cx.queue.now() + delay, Event::Wake { client, generation });
    }
}
