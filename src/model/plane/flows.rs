//! The load as it changes: rates of writes set by the scenario, objects that come and go.
//!
//! A resource is written at the rate that the scenario or its latest `write` event sets, and by every
//! flow under way as well: those of workloads, creations and deletions. Writes are a rate to the
//! rings (`plane::rings`), to the steady load ([`super::background`]) and to the seats
//! (`plane::write_seats`). The number of objects follows in `STEPS` steps at most for each flow,
//! so that plans, which are kept by number of objects, stay few: a LIST in the middle of a creation
//! returns what was there at the step before. At each step the store of every filled cache, and the
//! copy of the server's own informer, gain or lose objects; LISTs, watch-lists, cold fills and checks
//! of consistency that begin afterwards meet the new number, and API Priority and Fairness once it
//! has counted again (`plane::counting`).

use crate::model::apiserver::cacher::WriteRate;
use crate::model::ids::{ResourceId, Table};
use crate::model::input::{Action, FlowInput, Inputs};
use crate::units::SimSpan;

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

    /// Objects gained or lost after a number of steps.
    fn after(&self, step: u64) -> i64 {
        (i128::from(self.input.net) * i128::from(step) / i128::from(self.steps())) as i64
    }

    /// Its writes: all of them, and objects gained, per second.
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
    /// Whether an admission webhook refuses every write to a resource: none comes, and none goes.
    refused: Table<ResourceId, bool>,
    /// Whether numbers of objects change at all, by resource.
    moving: Table<ResourceId, bool>,
}

impl Flows {
    /// Those of a scenario.
    #[must_use]
    pub fn new(inputs: &Inputs) -> Self {
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
            refused: inputs.resource_ids().map(|id| inputs.admission_fails(id)).collect(),
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

    /// Writes per second to a resource, also while they cannot be made.
    #[must_use]
    pub fn usual_rate(&self, resource: ResourceId) -> f64 {
        self.wanted(resource).per_second
    }

    /// How fast a resource is written when it can be.
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

    /// Whether nothing can be written.
    #[must_use]
    pub fn halted(&self) -> bool {
        self.halted
    }

    /// Nothing can be written from now on, or everything again.
    pub fn halt(&mut self, halted: bool) {
        self.halted = halted;
    }

    /// Sets the rate of a resource; the number of this setting, and the rate before it.
    pub fn set(&mut self, resource: ResourceId, per_second: f64) -> (u32, f64) {
        let before = std::mem::replace(&mut self.set[resource], per_second);
        self.settings[resource] += 1;
        (self.settings[resource], before)
    }

    /// Returns to a rate, unless another was set since that setting; whether it does.
    pub fn restore(&mut self, resource: ResourceId, setting: u32, per_second: f64) -> bool {
        let current = self.settings[resource] == setting;
        if current {
            self.set[resource] = per_second;
        }
        current
    }

    /// Adds a flow that has yet to begin; its number.
    pub fn add(&mut self, input: FlowInput) -> u32 {
        self.list.push(Flow { input, active: false, booked: 0 });
        (self.list.len() - 1) as u32
    }

    /// A step of a flow is due: the first begins it, the last ends it.
    pub fn step(&mut self, index: u32, step: u32, stored: &Table<ResourceId, u64>) -> FlowStep {
        let flow = &mut self.list[index as usize];
        let resource = flow.input.resource;
        if step == 0 {
            let there = i64::try_from(stored[resource]).unwrap_or(i64::MAX);
            flow.input.net = flow.input.net.max(-there);
            if self.refused[resource] {
                flow.input.per_second = flow.rate().per_second;
                flow.input.net = 0;
            }
        }
        let more = flow.after(u64::from(step)) - flow.booked;
        flow.booked += more;
        let last = u64::from(step) == flow.steps();
        flow.active = !last;
        let next = flow.input.lasts.filter(|_| !last);
        FlowStep {
            resource,
            more,
            rate_changes: step == 0 || last,
            next: next.map(|lasts| SimSpan(lasts.0 / flow.steps())),
        }
    }
}

/// What a step of a flow brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowStep {
    /// Whose objects come or go.
    pub resource: ResourceId,
    /// Objects more than before, or (below 0) less.
    pub more: i64,
    /// Whether the flow begins or ends.
    pub rate_changes: bool,
    /// Time until the next step; `None`: there is none.
    pub next: Option<SimSpan>,
}
