//! The world: servers and clients of a run, what crosses between them, and the event loop.
//!
//! [`Plane`] knows no client and [`Fleets`] no server. Here a client asks (`calls`, `connections`), a
//! server answers or rejects (`admit`, `calls`) or drops its clients (`death`, `losses`, `silence`,
//! `network`, `shutdown`, `goaway`), and the balancer picks a server (`connections`). What the scenario
//! says begins in `scenario` and `load`.
//!
//! Simultaneous events come in the order in which they were pushed; everything that pushes does so
//! in index order, so the order is total and the same everywhere. Stale events are recognised by
//! generation and dropped.

mod admit;
mod calls;
mod connections;
mod death;
mod etcd_kill;
mod etcd_outage;
mod failing;
mod goaway;
mod leases;
mod load;
mod losses;
mod members;
mod network;
mod outcome;
mod quota;
mod read;
mod rollout;
mod scenario;
mod shutdown;
mod silence;
mod slow;
mod versions;

use crate::engine::{EventQueue, Streams, pulse, stop};
use crate::model::RunOptions;
use crate::model::apf::concurrency::BORROWING_ADJUSTMENT_PERIOD;
use crate::model::apiserver::server::Finished;
use crate::model::catalog::Catalog;
use crate::model::context::Context;
use crate::model::event::Event;
use crate::model::fleets::Fleets;
use crate::model::ids::ServerId;
use crate::model::input::Inputs;
use crate::model::plane::{Plane, server_state};
use crate::model::record::Record;
use crate::results::{ApfDump, RunRecord, ServerSample};
use crate::units::{Fnv, SimSpan, SimTime};

/// Clients looked at that cost as much as an event.
const CLIENTS_AN_EVENT: u64 = 64;
/// Plans that a run may make for nothing, and the events that each further one counts as: plans are
/// kept, so their number bounds memory.
const FREE_PLANS: u64 = 1_000;
const EVENTS_A_PLAN: u64 = 1_000;

/// See the module's documentation.
///
/// A clone goes on as the original does; [`branch`](Self::branch) goes on with other draws.
#[derive(Clone)]
pub struct World<'a> {
    cx: Context<'a>,
    plane: Plane,
    fleets: Fleets,
    /// Instants to dump at, the next one last.
    dump_at: Vec<SimTime>,
    dumps: Vec<ApfDump>,
    /// Instants to scrape at, the next one last.
    scrape_at: Vec<SimTime>,
    samples: Vec<ServerSample>,
    /// Work done, in events: see [`Inputs::max_events`].
    work: u64,
    cut_short: bool,
    /// Whether it was broken off, for its result is not wanted any more.
    broken_off: bool,
    /// When the run ends.
    end: SimTime,
    trace: Fnv,
    finished: Vec<Finished>,
    #[cfg(debug_assertions)]
    thresholds: crate::model::checks::Thresholds,
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
            scrape_at: Vec::new(),
            samples: Vec::new(),
            work: 0,
            cut_short: false,
            broken_off: false,
            end: SimTime::ZERO + inputs.duration,
            trace: Fnv::new(),
            finished: Vec::new(),
            #[cfg(debug_assertions)]
            thresholds: crate::model::checks::Thresholds::default(),
        };
        world.plane.draw_from(&streams);
        world.plane.open(&mut world.cx);
        for server in world.plane.servers.ids() {
            world.let_in(server, SimTime::ZERO);
        }
        world.open_fleets();
        world.open_flows();
        for index in 0..inputs.events.len() {
            world.cx.queue.push(inputs.events[index].at, Event::Scenario { index: index as u32 });
        }
        world.flush();
        world.plane.sample_levels(&mut world.cx, SimTime::ZERO);
        world
    }

    /// The state of the run at an instant to which it was advanced, to go on with fresh draws: those of
    /// `branch` number 1 and up. Starts of members that were drawn and have not come are drawn anew,
    /// since nobody could know them; all else that has been drawn stays as it is (the speed of the
    /// machine, back-offs under way). Nothing is recorded second by second.
    #[must_use]
    pub fn branch(&self, branch: u32, now: SimTime) -> Self {
        let mut world = self.clone();
        world.cx.streams = self.cx.streams.branch(branch);
        world.cx.record.recorder = None;
        world.plane.draw_from(&world.cx.streams);
        world.fleets.redraw_starts(&mut world.cx, now);
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

    /// Asks for scrapes at these instants.
    #[must_use]
    pub fn scraped(mut self, at: &[SimTime]) -> Self {
        self.scrape_at = at.to_vec();
        self.scrape_at.sort_unstable_by(|a, b| b.cmp(a));
        self
    }

    /// Takes the samples due before the next event.
    fn scrape_before(&mut self, next: SimTime) {
        while let Some(at) = self.scrape_at.pop_if(|at| *at < next) {
            let one = |server| self.plane.scrape(self.cx.inputs, server, at);
            self.samples.extend(self.plane.servers.ids().map(one));
        }
    }

    /// The samples asked for.
    fn take_samples(&mut self) -> Vec<ServerSample> {
        std::mem::take(&mut self.samples)
    }

    /// Takes the dumps due before the next event: what is dumped changes with events alone, so that
    /// looking at it disturbs nothing.
    fn dump_before(&mut self, next: SimTime) {
        while let Some(at) = self.dump_at.pop_if(|at| *at < next) {
            for (server, state) in self.plane.servers.pairs() {
                let dump =
                    state.admission.as_ref().map(|admission| admission.dump(self.cx.inputs, at));
                let dump = dump.unwrap_or_else(|| ApfDump { at, ..ApfDump::default() });
                let server = server_state::name(server);
                self.dumps.push(ApfDump { server, ..dump });
            }
        }
    }

    /// The dumps asked for.
    fn take_dumps(&mut self) -> Vec<ApfDump> {
        std::mem::take(&mut self.dumps)
    }

    /// Runs to the end and reports.
    #[must_use]
    pub fn run(mut self, replication: u32) -> RunRecord {
        self.advance(SimTime::NEVER);
        self.dump_before(SimTime::NEVER);
        let end = self.end;
        self.scrape_before(end + SimSpan::nanos(1));
        self.close(end);
        if !self.broken_off {
            stop::ran();
        }
        outcome::record(self, replication, end)
    }

    /// Runs all events up to this instant. The state at an instant is the one after its last event:
    /// between two events nothing but straight lines.
    pub fn advance(&mut self, until: SimTime) {
        // A run that is not stopped on the way need not look ahead.
        let due = |queue: &EventQueue<Event>| {
            until == SimTime::NEVER || queue.next_time().is_some_and(|next| next <= until)
        };
        while !self.cut_short && !self.broken_off && due(&self.cx.queue) {
            let Some((now, event)) = self.cx.queue.pop() else { break };
            if now > self.end {
                break;
            }
            if self.work() >= self.cx.inputs.max_events {
                self.cut_short = true;
                self.end = now;
                break;
            }
            self.step(now, event);
        }
    }

    /// One event, and all that follows from it at the same instant.
    fn step(&mut self, now: SimTime, event: Event) {
        self.spend(1);
        self.dump_before(now);
        self.scrape_before(now);
        self.plane.note_activity(&mut self.cx, now);
        self.cx.record.counters.engine_events += 1;
        if self.cx.record.counters.engine_events.is_multiple_of(pulse::EVERY) {
            pulse::beat(pulse::Pulse { events: self.work(), at: now, end: self.end });
            self.broken_off = stop::breaks_off();
        }
        self.trace_event(now, event);
        #[cfg(debug_assertions)]
        let steps = self.steps_before(event);
        self.dispatch(now, event);
        self.flush();
        #[cfg(debug_assertions)]
        if let Some((server, before)) = steps {
            let stepped = self.plane.servers[server].server.steps() > before;
            self.thresholds.tick(self.plane.servers.len(), stepped, now);
        }
        self.plane.sample_levels(&mut self.cx, now);
    }

    /// Hands an event to whom it concerns.
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
                if self.plane.configure(
                    &mut self.cx,
                    server,
                    boot,
                    BORROWING_ADJUSTMENT_PERIOD,
                    now,
                ) {
                    self.let_in(server, now);
                }
            }
            Event::Borrow { server, boot } => {
                if self.plane.borrow_seats(&mut self.cx, server, boot, now) {
                    self.let_in(server, now);
                }
            }
            Event::Compare { server, boot, resource, period } => {
                self.plane.compare_cache(&mut self.cx, server, boot, resource, period, now);
            }
            Event::CountObjects { server, boot, resource } => {
                self.plane.count_objects(&mut self.cx, server, boot, resource, now);
            }
            Event::WriteArrives { server, boot, resource } => {
                let serial = self.plane.write_arrives(&mut self.cx, server, boot, resource, now);
                self.came_at_a_rate(server, serial, now);
            }
            Event::GetsArrive { server, boot, resource } => {
                let serial = self.plane.gets_arrive(&mut self.cx, server, boot, resource, now);
                self.came_at_a_rate(server, serial, now);
            }
            Event::WriteEnds { server, serial, stage } => {
                self.plane.write_ends(&mut self.cx, server, serial, stage, now);
                self.let_in(server, now);
            }
            Event::Notice { client, connection } => self.notice(client, connection, now),
            Event::Restart { server } => self.plane.restart(&mut self.cx, server, now),
            Event::Check { server } => self.check_health(server, now),
            Event::Replace { server } => self.shut_down(server, now),
            Event::Heal { server } => self.heal(server, now),
            Event::EtcdRecovers => self.plane.etcd_recovers(now),
            Event::Fault(event) => self.fault_event(event, now),
            Event::Scenario { index } => self.scenario_event(index as usize, now),
            Event::Load(event) => self.load_event(event, now),
        }
    }

    /// The server whose tick an event is, and its steps so far.
    #[cfg(debug_assertions)]
    fn steps_before(&self, event: Event) -> Option<(ServerId, u64)> {
        let Event::Tick { server, generation } = event else { return None };
        let state = &self.plane.servers[server];
        (state.generation == generation).then(|| (server, state.server.steps()))
    }

    /// Takes (time, kind, entity) into the trace.
    fn trace_event(&mut self, now: SimTime, event: Event) {
        let (kind, entity) = event.kind_and_entity();
        for word in [now.0, kind as u64, entity] {
            self.trace = self.trace.word(word);
        }
    }

    /// Work done so far.
    fn work(&self) -> u64 {
        let plans = (self.plane.plans.made.count() as u64).saturating_sub(FREE_PLANS);
        self.work.saturating_add(plans.saturating_mul(EVENTS_A_PLAN))
    }

    /// Counts work beyond the event itself.
    fn spend(&mut self, events: u64) {
        self.work = self.work.saturating_add(events);
    }

    /// Counts that every client was looked at.
    fn spend_on_all_clients(&mut self) {
        self.spend(self.fleets.clients.len() as u64 / CLIENTS_AN_EVENT);
    }

    /// Whether the run was stopped before its end.
    #[must_use]
    fn cut_short(&self) -> bool {
        self.cut_short
    }

    /// The trace so far.
    #[must_use]
    fn trace(&self) -> u64 {
        self.trace.value()
    }

    /// Marks a server for settling and new rates at the end of the present event.
    fn touch(&mut self, server: ServerId) {
        self.plane.touch(server);
    }

    /// Brings every touched server up to date, hands out what finished, and again until quiet.
    fn flush(&mut self) {
        self.flush_at(self.cx.queue.now());
    }

    /// Brings every touched server up to `now`: whatever finishes may touch further servers.
    fn flush_at(&mut self, now: SimTime) {
        while let Some(server) = self.plane.touched.pop() {
            self.advance_server(server, now);
            if !self.plane.touched.contains(&server) {
                self.plane.renew_rates(&mut self.cx, server, now);
            }
        }
    }

    /// Moves a server to `now`, and hands its finished requests to their clients.
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
        self.plane.sample(&mut self.cx, server, now);
        if self.plane.servers[server].server.collect(now) {
            self.plane.sample(&mut self.cx, server, now);
        }
        for done in &finished {
            self.request_finished(server, *done, now);
        }
        self.finished = finished;
        self.end_late_watches(server, now);
        self.plane.note_daemons_killed(&mut self.cx, server, now);
        if killed {
            self.out_of_memory(server, now);
        }
        #[cfg(debug_assertions)]
        self.plane.check_server(server);
    }

    /// Brings every server up to `now`, for peaks and samples at a boundary.
    fn settle_all(&mut self, now: SimTime) {
        for server in self.plane.servers.ids() {
            self.touch(server);
        }
        self.flush_at(now);
    }

    /// Closes the books at the end of the run.
    fn close(&mut self, end: SimTime) {
        for server in self.plane.servers.ids() {
            self.plane.servers[server].server.settle(end);
            let mut finished = Vec::new();
            let state = &mut self.plane.servers[server];
            state.server.process(&self.plane.plans.made, end, &mut finished);
            self.plane.sample(&mut self.cx, server, end);
        }
        if self.plane.etcd.outage.down(end) {
            self.note_failed_writes(end);
        }
        self.note_refused_writes(end);
        self.plane.close_stalls(&mut self.cx, end);
        self.close_phase();
        self.fleets.note_worst_of_leases(&mut self.cx);
        self.cx.record.counters.requests_open =
            self.fleets.clients.iter().filter(|client| client.state.calls()).count() as u64;
        #[cfg(debug_assertions)]
        crate::model::checks::accounts(&self.cx.record.counters);
    }
}
