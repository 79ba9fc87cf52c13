//! What a scrape of a server finds. It looks at a copy, so that the run is the same without it.

use crate::model::admission::Admission;
use crate::model::ids::{ResourceId, ServerId, Table};
use crate::model::input::Inputs;
use crate::model::node::LimitKind;
use crate::model::plane::Plane;
use crate::model::plane::server_state::{ServerState, name};
use crate::model::watchcache::capacity::LOWER_BOUND;
use crate::results::{CacheSample, LevelSample, ProcessSample, ResourceSample, ServerSample};
use crate::units::{Bytes, SimSpan, SimTime};

impl ServerState {
    fn levels(&self) -> Vec<LevelSample> {
        let states = self.admission.iter().flat_map(Admission::level_states);
        states
            .map(|state| LevelSample {
                name: state.name.to_owned(),
                nominal_seats: state.nominal,
                limit_seats: state.limit,
                seats: state.seats,
                executing: state.executing,
                waiting: state.waiting,
                dispatched: state.dispatched,
                rejected: state.rejected,
            })
            .collect()
    }
}

impl Plane {
    /// A server as it is at `at`, after all events up to then.
    pub(crate) fn scrape(&self, inputs: &Inputs, server: ServerId, at: SimTime) -> ServerSample {
        let state = &self.servers[server];
        let process = state.server.running().then(|| self.process(inputs, state, at));
        let used = process.as_ref().map_or(Bytes::ZERO, |process| process.resident);
        let node = &inputs.node;
        let beside = &state.server.limits().others;
        let etcd = beside.etcd_rest.max(state.server.etcd_now());
        let others = node.system_memory + etcd + beside.controllers + node.daemons_memory;
        let left = node.memory - others;
        let cgroup = self.limit.kind == LimitKind::Cgroup;
        ServerSample {
            at,
            server: name(server),
            answers: state.serves(at),
            oom_kills: state.oom_kills.len() as u64,
            restarts: state.process.number.saturating_sub(1),
            node: (!state.node_lost).then(|| (node.memory, left - used)),
            cgroup_limit: cgroup.then_some(self.limit.limit),
            etcd_has_leader: !self.etcd.outage.down(at),
            process,
        }
    }

    fn process(&self, inputs: &Inputs, state: &ServerState, at: SimTime) -> ProcessSample {
        let mut server = state.server.clone();
        server.settle(at);
        let memory = &server.memory;
        let warm = inputs.apiserver.warm && state.process.began == SimTime::ZERO;
        let before = if warm { inputs.apiserver.up_for } else { SimSpan::ZERO };
        let uncharged = self.limit.kill_at - self.limit.limit;
        let levels = state.levels();
        ProcessSample {
            age: at.since(state.process.began) + before,
            resident: Bytes(memory.resident()),
            charged: Bytes(memory.resident()) - uncharged,
            heap: Bytes(memory.heap_in_use()),
            heap_goal: Bytes(memory.heap().goal()),
            heap_free: Bytes(memory.freed()),
            gc_cycles: memory.heap().cycles(),
            cpu: SimSpan(server.cpu().0.saturating_sub(state.process.cpu.0)),
            pressure: server.pressed().since(&state.process.pressure),
            cpu_limit: inputs.apiserver.cpu_limit,
            sent: server.bytes_sent() - state.process.sent,
            in_flight: u64::from(server.in_flight()),
            in_queue: levels.iter().map(|level| level.waiting).sum(),
            resources: self.resources(inputs, state, at),
            levels,
        }
    }

    fn resources(&self, inputs: &Inputs, state: &ServerState, at: SimTime) -> Vec<ResourceSample> {
        let mut watches = Table::filled(0, inputs.resources.len());
        for (fleet, open) in state.watches.pairs() {
            watches[inputs.fleets[fleet].resource()] += open;
        }
        let cache = |id: ResourceId| {
            let cacher = state.cachers[id].as_ref().or(state.replaced[id].as_ref());
            // Before it is first filled it has the least capacity.
            let cold = CacheSample { capacity: LOWER_BOUND, ..CacheSample::default() };
            let sample = || cacher.map_or(cold, |cacher| cacher.sample(at));
            inputs.resources[id].watch_cache.then(sample)
        };
        let sample = |id: ResourceId| ResourceSample {
            group: inputs.resources[id].api_group.clone(),
            resource: inputs.resources[id].name.clone(),
            objects: self.etcd.objects[id],
            watches: watches[id],
            requests: state.process.requests[id],
            cache: cache(id),
        };
        inputs.resource_ids().map(sample).collect()
    }
}
