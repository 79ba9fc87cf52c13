//! The load changes: flows of objects go on, members join, rates of writes are set.

use crate::model::client::State;
use crate::model::event::{Event, LoadEvent};
use crate::model::ids::ResourceId;
use crate::model::input::FlowInput;
use crate::model::world::World;
use crate::units::{SimSpan, SimTime};

impl World<'_> {
    /// The load changes.
    pub(super) fn load_event(&mut self, event: LoadEvent, now: SimTime) {
        match event {
            LoadEvent::Begin { index } => {
                let begin = &self.cx.inputs.workloads.begins[index as usize];
                let text = format!("a workload begins: {}", begin.kind);
                self.begin_phase(&begin.name, &text, now);
            }
            LoadEvent::Flow { index, step } => self.flow_step(index, step, now),
            LoadEvent::Join { index } => self.join(index, now),
            LoadEvent::RateReturns { resource, setting, bits } => {
                self.rate_returns(resource, setting, bits, now);
            }
            LoadEvent::CachesGiveUp => self.caches_give_up(now),
            LoadEvent::EtcdReturns => self.etcd_returns(now),
            LoadEvent::Defragment { server } => self.defragment_member(server, now),
            LoadEvent::AuditReturns => self.plane.audit_changes(),
            LoadEvent::Audited { server, process, fleet, bytes } => {
                self.plane.list_audited(&self.cx, (server, process), (fleet, bytes), now);
            }
            LoadEvent::Database { plan } => self.database_due(plan, now),
            LoadEvent::Residents { plan } => {
                if self.plane.others.plan == plan {
                    self.look_at_residents(now);
                }
            }
            LoadEvent::Overflow { client, generation } => self.overflow(client, generation, now),
        }
    }

    /// Schedules a change of the load.
    pub(super) fn load_later(&mut self, at: SimTime, event: LoadEvent) {
        self.cx.queue.push(at, Event::Load(event));
    }

    /// Puts workloads where they are at the start.
    pub(super) fn open_flows(&mut self) {
        self.look_at_etcd(SimTime::ZERO);
        for (index, begin) in self.cx.inputs.workloads.begins.iter().enumerate() {
            self.load_later(begin.from, LoadEvent::Begin { index: index as u32 });
        }
        for (index, flow) in self.cx.inputs.workloads.flows.iter().enumerate() {
            self.load_later(flow.from, LoadEvent::Flow { index: index as u32, step: 0 });
        }
        for (index, join) in self.cx.inputs.workloads.joins.iter().enumerate() {
            self.load_later(join.from, LoadEvent::Join { index: index as u32 });
        }
    }

    /// Members of a fleet join with a workload.
    fn join(&mut self, index: u32, now: SimTime) {
        let join = &self.cx.inputs.workloads.joins[index as usize];
        let idle = |state| matches!(state, State::Stopped | State::Finished);
        let chosen = self.fleets.choose(&self.cx, join.fleet, Some(join.count), idle);
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
        let (setting, before) = self.plane.flows.set(resource, per_second);
        if let Some(lasts) = lasts {
            let back = LoadEvent::RateReturns { resource, setting, bits: before.to_bits() };
            self.load_later(now + lasts, back);
        }
        self.apply_rate(resource, now);
    }

    /// The time of a rate is over, unless another was set since.
    fn rate_returns(&mut self, resource: ResourceId, setting: u32, bits: u64, now: SimTime) {
        if self.plane.flows.restore(resource, setting, f64::from_bits(bits)) {
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
        let input = FlowInput { resource, from: now, lasts: Some(over), per_second: 0.0, net };
        let index = self.plane.flows.add(input);
        self.flow_step(index, 0, now);
    }

    /// A step of a flow is due: the first begins it, the last ends it.
    fn flow_step(&mut self, index: u32, step: u32, now: SimTime) {
        if self.plane.flows.halted() {
            // Who creates and deletes tries until it can be written.
            if self.plane.etcd.database.full_since.is_none() {
                let back_at = self.plane.etcd.outage.back_at();
                self.load_later(back_at, LoadEvent::Flow { index, step });
            }
            return;
        }
        let found = self.plane.flows.step(index, step, &self.plane.etcd.objects);
        self.plane.change_count(&mut self.cx, found.resource, found.more, now);
        if found.rate_changes {
            self.apply_rate(found.resource, now);
        } else {
            self.look_at_etcd(now);
        }
        if let Some(after) = found.next {
            self.load_later(now + after, LoadEvent::Flow { index, step: step + 1 });
        }
    }

    /// Nothing can be written from now on, or everything again.
    pub(super) fn halt_writes(&mut self, halted: bool, now: SimTime) {
        let full = self.plane.etcd.database.full_since.is_some();
        self.plane.flows.halt(halted || full);
        for resource in self.cx.inputs.resource_ids() {
            if self.plane.writes[resource] > 0.0 || !halted {
                self.apply_rate(resource, now);
            }
        }
    }

    /// The rate of a resource's writes has changed: rings, seats and slow watchers follow.
    fn apply_rate(&mut self, resource: ResourceId, now: SimTime) {
        let rate = self.plane.flows.rate(resource);
        self.plane.set_writes(&mut self.cx, resource, rate, now);
        self.watch_at_new_rate(resource, now);
        self.look_at_etcd(now);
    }

    /// What etcd stores or is written has changed: its file and its memory follow.
    fn look_at_etcd(&mut self, now: SimTime) {
        self.look_at_residents(now);
        self.look_at_database(now);
    }

    /// Looks at what the others on the servers' nodes hold, and arranges the next look.
    fn look_at_residents(&mut self, now: SimTime) {
        let next = self.plane.look_at_residents(self.cx.inputs, now);
        self.plane.others.plan += 1;
        if let Some(next) = next {
            let plan = self.plane.others.plan;
            self.load_later(next, LoadEvent::Residents { plan });
        }
    }
}
