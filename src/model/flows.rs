//! The load as it changes: rates of writes set by the scenario, objects that come and go.
//!
//! A resource is written at the rate that the scenario or its latest `write` event sets, and by every
//! flow under way besides: those of workloads, creations and deletions. Writes are a rate to the
//! rings ([`super::writes`]), to the steady load ([`super::background`]) and to the seats
//! ([`super::write_seats`]). The number of objects follows in `STEPS` steps at most for each flow,
//! so that plans, which are kept by number of objects, stay few: a LIST in the middle of a creation
//! returns what was there at the step before. At each step the store of every filled cache, and the
//! copy of the server's own informer, gain or lose objects; LISTs, watch-lists, cold fills and checks
//! of consistency that begin afterwards meet the new number, and API Priority and Fairness once it
//! has counted again ([`super::counting`]).

use super::apiserver::cacher::WriteRate;
use super::apiserver::plan::Step;
use super::apiserver::startup;
use super::client::State;
use super::control_plane::Life;
use super::costs;
use super::event::{Event, LoadEvent};
use super::ids::{ResourceId, ServerId, Table};
use super::input::{FlowInput, Inputs};
use super::memory::ledger::{EntryId, OwnerId};
use super::world::World;
use crate::results::Mechanism;
use crate::units::{Bytes, SimSpan, SimTime};

/// Most steps in which a flow changes the number of objects.
const STEPS: u64 = 32;

/// A flow and how far it is.
#[derive(Clone, Debug)]
struct Flow {
    input: FlowInput,
    active: bool,
    /// Objects gained or lost so far.
    booked: i64,
}

impl Flow {
    /// In how many steps it changes the number of objects.
    fn steps(&self) -> u64 {
        self.input.net.unsigned_abs().clamp(1, STEPS)
    }

    /// Objects gained or lost after so many steps.
    fn after(&self, step: u64) -> i64 {
        (i128::from(self.input.net) * i128::from(step) / i128::from(self.steps())) as i64
    }

    /// Its writes: all of them, and objects gained, a second.
    fn rate(&self) -> WriteRate {
        let seconds = self.input.lasts.map_or(f64::INFINITY, SimSpan::as_secs_f64);
        let net = if self.input.net == 0 { 0.0 } else { self.input.net as f64 / seconds };
        WriteRate { per_second: self.input.per_second + net.abs(), net }
    }
}

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct Flows {
    /// The rate that is set, by resource.
    set: Table<ResourceId, f64>,
    /// How often it was set, by resource: the end of an older setting is void.
    settings: Table<ResourceId, u32>,
    list: Vec<Flow>,
    /// Nothing can be written.
    halted: bool,
    /// Whether numbers of objects change at all, by resource.
    moving: Table<ResourceId, bool>,
}

impl Flows {
    /// Those of a scenario.
    #[must_use]
    pub fn new(inputs: &Inputs) -> Self {
        use super::input::Action;
        let mut moving = Table::filled(false, inputs.resources.len());
        for flow in inputs.workloads.flows.iter().filter(|flow| flow.net != 0) {
            moving[flow.resource] = true;
        }
        for event in &inputs.events {
            if let Action::Create { resource, .. } | Action::Delete { resource, .. } = event.action
            {
                moving[resource] = true;
            }
        }
        let flow = |input: &FlowInput| Flow { input: input.clone(), active: false, booked: 0 };
        Self {
            set: inputs.resources.iter().map(|resource| resource.writes_per_second).collect(),
            settings: Table::filled(0, inputs.resources.len()),
            list: inputs.workloads.flows.iter().map(flow).collect(),
            halted: false,
            moving,
        }
    }

    /// Whether the number of a resource's objects changes in the run.
    #[must_use]
    pub fn moves(&self, resource: ResourceId) -> bool {
        self.moving[resource]
    }

    /// How fast a resource is written now.
    #[must_use]
    pub fn rate(&self, resource: ResourceId) -> WriteRate {
        if self.halted { WriteRate::default() } else { self.wanted(resource) }
    }

    /// Writes a second to a resource, also while they cannot be made.
    #[must_use]
    pub fn usual_rate(&self, resource: ResourceId) -> f64 {
        self.wanted(resource).per_second
    }

    fn wanted(&self, resource: ResourceId) -> WriteRate {
        let of = |flow: &&Flow| flow.active && flow.input.resource == resource;
        self.list.iter().filter(of).map(Flow::rate).fold(
            WriteRate::steady(self.set[resource]),
            |sum, more| WriteRate {
                per_second: sum.per_second + more.per_second,
                net: sum.net + more.net,
            },
        )
    }
}

impl World<'_> {
    /// The load changes.
    pub(super) fn load_event(&mut self, event: LoadEvent, now: SimTime) {
        match event {
            LoadEvent::Flow { index, step } => self.flow_step(index, step, now),
            LoadEvent::Join { index } => self.join(index, now),
            LoadEvent::RateReturns { resource, setting, bits } => {
                self.rate_returns(resource, setting, bits, now);
            }
            LoadEvent::CachesGiveUp => self.caches_give_up(now),
            LoadEvent::EtcdReturns => self.etcd_returns(now),
            LoadEvent::Overflow { client, generation } => self.overflow(client, generation, now),
        }
    }

    fn load_later(&mut self, at: SimTime, event: LoadEvent) {
        self.cx.queue.push(at, Event::Load(event));
    }

    /// Puts workloads where they are at the start.
    pub(super) fn open_flows(&mut self) {
        for (index, flow) in self.cx.inputs.workloads.flows.iter().enumerate() {
            self.load_later(flow.from, LoadEvent::Flow { index: index as u32, step: 0 });
        }
        for (index, join) in self.cx.inputs.workloads.joins.iter().enumerate() {
            self.load_later(join.from, LoadEvent::Join { index: index as u32 });
        }
    }

    /// Members of a fleet join with a workload.
    pub(super) fn join(&mut self, index: u32, now: SimTime) {
        let join = &self.cx.inputs.workloads.joins[index as usize];
        let idle = |state| matches!(state, State::Stopped | State::Finished);
        let chosen = self.choose(join.fleet, Some(join.count), idle);
        self.settle_all(now);
        self.start_over(&chosen, join.fleet, join.over);
    }

    /// A resource is written at a rate that the scenario sets, for a while or from now on.
    pub(super) fn set_rate(
        &mut self,
        resource: ResourceId,
        per_second: f64,
        lasts: Option<SimSpan>,
        now: SimTime,
    ) {
        let before = self.plane.flows.set[resource];
        self.plane.flows.set[resource] = per_second;
        self.plane.flows.settings[resource] += 1;
        if let Some(lasts) = lasts {
            let setting = self.plane.flows.settings[resource];
            let back = LoadEvent::RateReturns { resource, setting, bits: before.to_bits() };
            self.load_later(now + lasts, back);
        }
        self.apply_rate(resource, now);
    }

    /// The time of a rate is over, unless another was set since.
    pub(super) fn rate_returns(
        &mut self,
        resource: ResourceId,
        setting: u32,
        bits: u64,
        now: SimTime,
    ) {
        if self.plane.flows.settings[resource] == setting {
            self.plane.flows.set[resource] = f64::from_bits(bits);
            self.apply_rate(resource, now);
        }
    }

    /// Objects are created, or (`net` below 0) deleted, from now on.
    pub(super) fn begin_flow(
        &mut self,
        resource: ResourceId,
        net: i64,
        over: SimSpan,
        now: SimTime,
    ) {
        let index = self.plane.flows.list.len() as u32;
        let input = FlowInput { resource, from: now, lasts: Some(over), per_second: 0.0, net };
        self.plane.flows.list.push(Flow { input, active: false, booked: 0 });
        self.flow_step(index, 0, now);
    }

    /// A step of a flow is due: the first begins it, the last ends it.
    pub(super) fn flow_step(&mut self, index: u32, step: u32, now: SimTime) {
        if self.plane.flows.halted {
            // Who creates and deletes tries until it can be written.
            self.load_later(self.etcd_back_at(), LoadEvent::Flow { index, step });
            return;
        }
        let stored = &self.plane.etcd.objects;
        let flow = &mut self.plane.flows.list[index as usize];
        let resource = flow.input.resource;
        if step == 0 {
            flow.active = true;
            let there = i64::try_from(stored[resource]).unwrap_or(i64::MAX);
            flow.input.net = flow.input.net.max(-there);
        }
        let more = flow.after(u64::from(step)) - flow.booked;
        flow.booked += more;
        let last = u64::from(step) == flow.steps();
        flow.active = !last;
        let next = flow.input.lasts.filter(|_| !last);
        let next = next.map(|lasts| now + SimSpan(lasts.0 / flow.steps()));
        self.change_count(resource, more, now);
        if step == 0 || last {
            self.apply_rate(resource, now);
        }
        if let Some(at) = next {
            self.load_later(at, LoadEvent::Flow { index, step: step + 1 });
        }
    }

    /// Nothing can be written from now on, or everything again.
    pub(super) fn halt_writes(&mut self, halted: bool, now: SimTime) {
        self.plane.flows.halted = halted;
        for resource in self.cx.inputs.resource_ids() {
            if self.plane.writes[resource] > 0.0 || !halted {
                self.apply_rate(resource, now);
            }
        }
    }

    fn apply_rate(&mut self, resource: ResourceId, now: SimTime) {
        let rate = self.plane.flows.rate(resource);
        self.set_writes(resource, rate, now);
    }

    /// There are so many objects more, or less, than before.
    fn change_count(&mut self, resource: ResourceId, more: i64, now: SimTime) {
        if more == 0 {
            return;
        }
        let count = &mut self.plane.etcd.objects[resource];
        *count = count.saturating_add_signed(more);
        for server in self.plane.servers.ids() {
            self.restock(server, resource, now);
        }
    }

    /// Brings what a server keeps of a resource to the present number of objects: the store of a
    /// filled cache, and the copy of its own informer once the server is ready.
    pub(super) fn restock(&mut self, server: ServerId, resource: ResourceId, now: SimTime) {
        let owner = self.cx.catalog.resource_owner(resource);
        let (spec, profile) =
            (&self.cx.inputs.resources[resource], &self.cx.catalog.profiles[resource]);
        let count = self.plane.etcd.objects[resource];
        let store = self.plane.context(&self.cx).cache_bytes(resource);
        let informer = startup::loopback_bytes(spec, profile, count);
        let state = &self.plane.servers[server];
        let (filled, ready) = (state.cachers[resource].is_some(), state.life == Life::Serving);
        if filled {
            self.weigh(server, owner.entry(Mechanism::WatchCacheObjects), store, now);
        }
        if ready {
            self.weigh(server, owner.entry(Mechanism::LoopbackInformers), informer, now);
        }
        let objects = if filled { store } else { Bytes::ZERO } + informer;
        self.grow_spans(server, resource, objects);
    }

    /// Sets an entry of a server's ledger.
    fn weigh(&mut self, server: ServerId, entry: EntryId, holds: Bytes, now: SimTime) {
        let state = &mut self.plane.servers[server];
        state.server.settle(now);
        let booked = Bytes(state.server.memory.ledger.get(entry));
        match holds.cmp(&booked) {
            std::cmp::Ordering::Equal => return,
            std::cmp::Ordering::Greater => {
                state.server.memory.step(Step::Take(entry, holds - booked));
            }
            std::cmp::Ordering::Less => {
                state.server.memory.step(Step::Drop(entry, booked - holds));
            }
        }
        self.touch(server);
    }

    /// The runtime's metadata and partly used spans for so many bytes of a resource's objects: they
    /// stay when objects go, and serve those that come.
    pub(super) fn grow_spans(&mut self, server: ServerId, resource: ResourceId, objects: Bytes) {
        let profile = &self.cx.catalog.profiles[resource];
        let base = OwnerId::SERVER.entry(Mechanism::ProcessBase);
        let state = &mut self.plane.servers[server];
        let paid = state.spans_for[resource];
        if objects > paid {
            state.spans_for[resource] = objects;
            if paid > Bytes::ZERO {
                let more = (objects - paid).scale(costs::span_overhead(profile.scannable));
                state.server.memory.add_outside_heap(base, more.0);
            }
        }
    }
}
