//! The plans of requests: each is made at its first use, and kept for all servers.
//!
//! Requests of the same kind share a plan: a fleet's LIST by (route, page size, pooled buffer), its
//! watch-list, its watches.

use std::collections::BTreeMap;

use crate::model::apiserver::consistency::consistency_plan;
use crate::model::apiserver::list::{ListContext, ListShape};
use crate::model::apiserver::plan::{Phase, RampKind, RequestPlan, Stage, Step};
use crate::model::apiserver::server::{PlanId, Plans};
use crate::model::apiserver::watch::{self, Opening, selected, watch_list_plan, watch_plan};
use crate::model::apiserver::{definitions, startup};
use crate::model::catalog::Catalog;
use crate::model::costs;
use crate::model::ids::{FleetId, ResourceId, Table};
use crate::model::input::{Behaviour, Encoding, EtcdInput, Inputs, ReadInput, ResourceVersion};
use crate::model::objects::in_loopback_informers;
use crate::model::watchcache::capacity::BLOCK_TIMEOUT;
use crate::results::Mechanism;
use crate::units::{ByteRate, Bytes, SimSpan};

/// What a plan depends on that differs within a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum PlanKey {
    Boot,
    Rest {
        etcd_speed: u64,
    },
    Cache {
        resource: ResourceId,
        count: u64,
        etcd_speed: u64,
    },
    Consistency {
        resource: ResourceId,
        count: u64,
        etcd_speed: u64,
    },
    Loopback {
        resource: ResourceId,
        count: u64,
        etcd_speed: u64,
    },
    List {
        fleet: FleetId,
        list: ListShape,
        /// Whether the LIST waits for freshness.
        latest: bool,
        etcd_speed: u64,
        waits: bool,
    },
    WatchList {
        fleet: FleetId,
        stored: u64,
        channel: u64,
        idle: Opening,
    },
    Watch {
        fleet: FleetId,
        opening: Opening,
        events: u64,
        channel: u64,
    },
    Refill {
        resource: ResourceId,
        count: u64,
        etcd_speed: u64,
    },
    Fails {
        fleet: FleetId,
        after: u64,
    },
}

/// What plans are made from: the scenario, and what is stored now.
#[derive(Clone, Copy, Debug)]
pub struct PlanContext<'a> {
    /// The scenario.
    pub inputs: &'a Inputs,
    /// Profiles and owners.
    pub catalog: &'a Catalog,
    /// Objects stored now, by resource.
    pub objects: &'a Table<ResourceId, u64>,
    /// How fast etcd is now, relative.
    pub etcd_speed: f64,
}

impl<'a> PlanContext<'a> {
    /// Objects that a read returns and looks at.
    #[must_use]
    pub fn items_of(&self, read: &ReadInput) -> (u64, u64) {
        let stored = self.objects[read.resource];
        (selected(stored, read.selected), stored)
    }

    /// Whether such a LIST's encoder uses the buffer pool.
    #[must_use]
    pub fn uses_pool(&self, fleet: FleetId, read: &ReadInput) -> bool {
        self.list(fleet, read).uses_pool()
    }

    /// What the caches of a resource's versions hold of its objects.
    #[must_use]
    pub fn cache_bytes(&self, resource: ResourceId) -> Bytes {
        let (spec, profile) = (&self.inputs.resources[resource], &self.catalog.profiles[resource]);
        startup::cached_bytes(spec, profile, self.objects[resource])
    }

    /// etcd as fast as it is now.
    fn etcd(&self) -> EtcdInput {
        let etcd = &self.inputs.etcd;
        EtcdInput {
            read_rate: ByteRate((etcd.read_rate.as_f64() * self.etcd_speed).max(1.0) as u64),
            latency: etcd.latency.scale(1.0 / self.etcd_speed),
            range_stream: etcd.range_stream && self.inputs.release.etcd_range_stream,
            progress_notify_interval: etcd.progress_notify_interval,
            quota: etcd.quota,
        }
    }

    /// What a fleet's LIST is planned from.
    fn list(&self, fleet: FleetId, read: &'a ReadInput) -> ListContext<'a> {
        ListContext {
            release: &self.inputs.release,
            hardware: &self.catalog.hardware,
            calibration: &self.inputs.calibration,
            profile: &self.catalog.profiles[read.resource],
            shape: self.inputs.resources[read.resource].shape,
            read,
            etcd: self.etcd(),
            audit: &self.inputs.audit,
            recorded: self.inputs.recorded_of_list(fleet, read.resource),
            converted: self.inputs.conversion(read.resource),
            drain_rate: self.inputs.fleets[fleet].drain_rate,
            owner: self.catalog.fleet_owner(fleet),
        }
    }
}

/// See the module's documentation.
#[derive(Clone, Debug, Default)]
pub struct PlanCache {
    /// All plans so far.
    pub made: Plans,
    keys: BTreeMap<PlanKey, PlanId>,
}

impl PlanCache {
    /// The plan of a key, made at its first use.
    fn get_or_make(&mut self, key: PlanKey, make: impl FnOnce() -> RequestPlan) -> PlanId {
        if let Some(id) = self.keys.get(&key) {
            return *id;
        }
        let plan = make();
        let id = self.made.add(plan);
        self.keys.insert(key, id);
        id
    }

    /// The plan of a fleet's LIST; `waits`: in vain for the cache to be fresh enough, before that.
    pub fn list(
        &mut self,
        context: &PlanContext<'_>,
        fleet: FleetId,
        read: &ReadInput,
        list: ListShape,
        waits: bool,
    ) -> PlanId {
        let key = PlanKey::List {
            waits,
            fleet,
            list,
            latest: read.resource_version == ResourceVersion::Unset,
            etcd_speed: context.etcd_speed.to_bits(),
        };
        self.get_or_make(key, || {
            let mut plan = context.list(fleet, read).plan(list);
            if waits {
                plan.wait_first(BLOCK_TIMEOUT);
            }
            plan
        })
    }

    /// The plan of a fleet's watch-list; `relists`: the idle watches list first.
    pub fn watch_list(
        &mut self,
        context: &PlanContext<'_>,
        fleet: FleetId,
        read: &ReadInput,
        channel: u64,
        relists: bool,
    ) -> PlanId {
        let stored = context.objects[read.resource];
        let watches = u64::from(context.inputs.fleets[fleet].idle_watches);
        let idle = Opening { watches, relists: watches * u64::from(relists), handshakes: 0 };
        self.get_or_make(PlanKey::WatchList { fleet, stored, channel, idle }, || {
            watch_list_plan(
                &context.inputs.release,
                &context.catalog.hardware,
                &context.catalog.profiles[read.resource],
                read,
                (stored, channel),
                (context.inputs.fleets[fleet].drain_rate, context.inputs.fleets[fleet].decode_rate),
                idle,
                context.catalog.fleet_owner(fleet),
            )
        })
    }

    /// The plan of opening watches of a fleet's member, of which one is given `events`
    /// that it has missed, through a channel that holds `channel` events.
    pub fn watch(
        &mut self,
        context: &PlanContext<'_>,
        fleet: FleetId,
        opening: Opening,
        events: u64,
        channel: u64,
    ) -> PlanId {
        let events = watch::rounded_events(events);
        let channel = if events == 0 { 0 } else { channel };
        self.get_or_make(PlanKey::Watch { fleet, opening, events, channel }, || {
            if opening.watches == 0 {
                return nothing();
            }
            let owner = context.catalog.fleet_owner(fleet);
            let mut plan = watch_plan(&context.catalog.hardware, opening, owner);
            if events > 0 {
                let spec = &context.inputs.fleets[fleet];
                let profile = &context.catalog.profiles[spec.resource()];
                let encoding = match &spec.behaviour {
                    Behaviour::Reflector { read, .. } | Behaviour::Lister { read, .. } => {
                        read.encoding
                    }
                    Behaviour::Watcher { .. } => Encoding::Protobuf,
                };
                let speed = context.catalog.hardware.cpu_speed;
                plan.phases.push(watch::replay(profile, encoding, (events, channel), speed, owner));
            }
            plan
        })
    }

    /// The plan of a fleet's call that ends in an error after a while.
    pub fn failing(&mut self, context: &PlanContext<'_>, fleet: FleetId, after: SimSpan) -> PlanId {
        self.get_or_make(PlanKey::Fails { fleet, after: after.0 }, || {
            let owner = context.catalog.fleet_owner(fleet);
            let mut wait = Phase::cpu(Stage::Etcd, costs::REQUEST_BASE).at_end(Step::Litter(
                owner.entry(Mechanism::ListSliceAndConversion),
                costs::REQUEST_GARBAGE,
            ));
            wait.demand.floor = after;
            let mut plan = RequestPlan { phases: vec![wait] };
            plan.scale_cpu(context.catalog.hardware.cpu_speed);
            plan
        })
    }

    /// The plan of a starting process.
    pub fn boot(&mut self, context: &PlanContext<'_>) -> PlanId {
        self.get_or_make(PlanKey::Boot, || {
            startup::boot_plan(&context.catalog.hardware, &context.inputs.calibration)
        })
    }

    /// The plan of loading what the scenario does not list; `None`: there is nothing.
    pub fn rest(&mut self, context: &PlanContext<'_>) -> Option<PlanId> {
        let heap = context.inputs.apiserver.other_live_heap;
        (heap > Bytes::ZERO).then(|| {
            self.get_or_make(PlanKey::Rest { etcd_speed: context.etcd_speed.to_bits() }, || {
                startup::rest_plan(&context.catalog.hardware, &context.etcd(), heap)
            })
        })
    }

    /// The plan of filling a resource's cache.
    pub fn cache(&mut self, context: &PlanContext<'_>, resource: ResourceId) -> PlanId {
        let count = context.objects[resource];
        let etcd_speed = context.etcd_speed.to_bits();
        self.get_or_make(PlanKey::Cache { resource, count, etcd_speed }, || {
            startup::cache_plan(
                &context.inputs.release,
                &context.catalog.hardware,
                &context.etcd(),
                count,
                &context.catalog.profiles[resource],
                context.catalog.resource_owner(resource),
                context.inputs.conversion(resource),
            )
        })
    }

    /// The plan of filling a resource's cache again, while its old contents are held: the runtime's
    /// own memory for them is accounted for apart.
    pub fn refill(&mut self, context: &PlanContext<'_>, resource: ResourceId) -> PlanId {
        let count = context.objects[resource];
        let etcd_speed = context.etcd_speed.to_bits();
        self.get_or_make(PlanKey::Refill { resource, count, etcd_speed }, || {
            let mut plan = startup::cache_plan(
                &context.inputs.release,
                &context.catalog.hardware,
                &context.etcd(),
                count,
                &context.catalog.profiles[resource],
                context.catalog.resource_owner(resource),
                context.inputs.conversion(resource),
            );
            for phase in &mut plan.phases {
                phase.ramps.retain(|ramp| ramp.kind != RampKind::TakeOutside);
            }
            plan
        })
    }

    /// The plan of checking a resource's cache against etcd.
    pub fn consistency(&mut self, context: &PlanContext<'_>, resource: ResourceId) -> PlanId {
        let count = context.objects[resource];
        let key =
            PlanKey::Consistency { resource, count, etcd_speed: context.etcd_speed.to_bits() };
        self.get_or_make(key, || {
            consistency_plan(
                &context.inputs.release,
                &context.catalog.hardware,
                &context.etcd(),
                &context.catalog.profiles[resource],
                count,
                context.catalog.resource_owner(resource),
                context.inputs.conversion(resource),
            )
        })
    }

    /// The plan of filling a loopback informer; `None` for a resource without one.
    pub fn loopback(&mut self, context: &PlanContext<'_>, resource: ResourceId) -> Option<PlanId> {
        let spec = &context.inputs.resources[resource];
        if !in_loopback_informers(spec) {
            return None;
        }
        let count = context.objects[resource];
        let key = PlanKey::Loopback { resource, count, etcd_speed: context.etcd_speed.to_bits() };
        Some(self.get_or_make(key, || {
            let owner = context.catalog.resource_owner(resource);
            let mut plan = startup::loopback_plan(
                &context.inputs.release,
                &context.catalog.hardware,
                &context.etcd(),
                &context.catalog.profiles[resource],
                count,
                owner,
            );
            let speed = context.catalog.hardware.cpu_speed;
            plan.phases.extend(definitions::install(spec, count, speed, owner));
            plan
        }))
    }
}

fn nothing() -> RequestPlan {
    let mut phase = Phase::cpu(Stage::Working, SimSpan::ZERO);
    phase.demand.floor = SimSpan::nanos(1);
    RequestPlan { phases: vec![phase] }
}
