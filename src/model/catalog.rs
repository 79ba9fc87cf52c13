//! What is derived once per run: ledger owners, object profiles, and the plans of requests.
//!
//! Requests of the same kind share a plan, which is made at its first use: a fleet's LIST by
//! (route, page size, pooled buffer), its watch-list, its watches.

use std::collections::BTreeMap;

use super::apiserver::consistency::consistency_plan;
use super::apiserver::list::{ListContext, ListShape, item_bytes};
use super::apiserver::plan::{Phase, Plan, RampKind, Stage, Step};
use super::apiserver::server::{PlanId, Plans};
use super::apiserver::watch::{Opening, selected, watch_list_plan, watch_plan};
use super::apiserver::{startup, watch};
use super::costs;
use super::ids::{FleetId, ResourceId, Table};
use super::input::{
    Behaviour, Encoding, EtcdInput, FleetInput, Hardware, Inputs, ReadInput, ResourceVersion,
};
use super::memory::ledger::{OwnerId, Owners};
use super::memory::process::ScanWeights;
use super::objects::ObjectProfile;
use super::watchcache::capacity::BLOCK_TIMEOUT;
use crate::results::Mechanism;
use crate::units::{ByteRate, Bytes, SimSpan};

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
        version: ResourceVersionKey,
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

/// [`ResourceVersion`] as a map key: whether the LIST waits for freshness.
type ResourceVersionKey = bool;

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// Profiles, by resource.
    pub profiles: Table<ResourceId, ObjectProfile>,
    /// Names of the ledger's owners.
    pub owners: Owners,
    /// Speeds of this replication.
    pub hardware: Hardware,
    /// Objects stored now, by resource.
    pub counts: Table<ResourceId, u64>,
    /// All plans so far.
    pub plans: Plans,
    keys: BTreeMap<PlanKey, PlanId>,
    etcd_speed: f64,
}

impl Catalog {
    /// The catalog of a scenario on this hardware.
    #[must_use]
    pub fn new(inputs: &Inputs, hardware: Hardware) -> Self {
        let mut names = vec![(String::new(), String::new())];
        names.extend(inputs.resources.iter().map(|r| (String::new(), r.name.clone())));
        names.extend(
            inputs.fleets.iter().map(|fleet| {
                (fleet.name.clone(), inputs.resources[resource_of(fleet)].name.clone())
            }),
        );
        Self {
            profiles: inputs
                .resources
                .iter()
                .map(|resource| {
                    ObjectProfile::of(resource).with_heap(inputs.calibration.heap(resource.shape))
                })
                .collect(),
            owners: Owners { names },
            counts: inputs.resources.iter().map(|resource| resource.count).collect(),
            hardware,
            plans: Plans::default(),
            keys: BTreeMap::new(),
            etcd_speed: 1.0,
        }
    }

    /// The owner of what a server holds of a resource.
    #[must_use]
    pub fn resource_owner(&self, resource: ResourceId) -> OwnerId {
        OwnerId(1 + u32::from(resource.0))
    }

    /// The owner of what is held for a fleet.
    #[must_use]
    pub fn fleet_owner(&self, fleet: FleetId) -> OwnerId {
        OwnerId(1 + self.profiles.len() as u32 + fleet.0)
    }

    /// Which owners' objects hold pointers.
    #[must_use]
    pub fn scan_weights(&self, inputs: &Inputs) -> ScanWeights {
        let mut scannable = vec![true];
        scannable.extend(self.profiles.iter().map(|profile| profile.scannable));
        scannable
            .extend(inputs.fleets.iter().map(|fleet| self.profiles[resource_of(fleet)].scannable));
        ScanWeights { scannable }
    }

    /// Changes how fast etcd answers requests from now on.
    pub fn set_etcd_speed(&mut self, speed: f64) {
        self.etcd_speed = speed;
    }

    /// How fast etcd is now, relative.
    #[must_use]
    pub fn etcd_speed(&self) -> f64 {
        self.etcd_speed
    }

    /// etcd as fast as it is now.
    fn etcd(&self, inputs: &Inputs) -> EtcdInput {
        let etcd = &inputs.etcd;
        EtcdInput {
            read_rate: ByteRate((etcd.read_rate.as_f64() * self.etcd_speed).max(1.0) as u64),
            latency: etcd.latency.scale(1.0 / self.etcd_speed),
            range_stream: etcd.range_stream && inputs.release.etcd_range_stream,
            progress_notify_interval: etcd.progress_notify_interval,
        }
    }

    fn plan(&mut self, key: PlanKey, make: impl FnOnce(&Self) -> Plan) -> PlanId {
        if let Some(id) = self.keys.get(&key) {
            return *id;
        }
        let plan = make(self);
        let id = self.plans.add(plan);
        self.keys.insert(key, id);
        id
    }

    /// The plan of a fleet's LIST; `waits`: in vain for the cache to be fresh enough, before that.
    pub fn list(
        &mut self,
        inputs: &Inputs,
        fleet: FleetId,
        read: &ReadInput,
        list: ListShape,
        waits: bool,
    ) -> PlanId {
        let key = PlanKey::List {
            waits,
            fleet,
            list,
            version: read.resource_version == ResourceVersion::Unset,
            etcd_speed: self.etcd_speed.to_bits(),
        };
        self.plan(key, |catalog| {
            let mut plan = catalog.list_context(inputs, fleet, read).plan(list);
            if waits {
                plan.wait_first(BLOCK_TIMEOUT);
            }
            plan
        })
    }

    /// Whether such a LIST's encoder uses the buffer pool.
    #[must_use]
    pub fn uses_pool(&self, inputs: &Inputs, fleet: FleetId, read: &ReadInput) -> bool {
        self.list_context(inputs, fleet, read).uses_pool()
    }

    fn list_context<'a>(
        &'a self,
        inputs: &'a Inputs,
        fleet: FleetId,
        read: &'a ReadInput,
    ) -> ListContext<'a> {
        ListContext {
            release: &inputs.release,
            hardware: &self.hardware,
            calibration: &inputs.calibration,
            profile: &self.profiles[read.resource],
            shape: inputs.resources[read.resource].shape,
            read,
            etcd: self.etcd(inputs),
            drain_rate: inputs.fleets[fleet].drain_rate,
            owner: self.fleet_owner(fleet),
        }
    }

    /// The plan of a fleet's watch-list; `relists`: the idle watches list first.
    pub fn watch_list(
        &mut self,
        inputs: &Inputs,
        fleet: FleetId,
        read: &ReadInput,
        channel: u64,
        relists: bool,
    ) -> PlanId {
        let stored = self.counts[read.resource];
        let watches = u64::from(inputs.fleets[fleet].idle_watches);
        let idle = Opening { watches, relists: watches * u64::from(relists), handshakes: 0 };
        self.plan(PlanKey::WatchList { fleet, stored, channel, idle }, |catalog| {
            watch_list_plan(
                &inputs.release,
                &catalog.hardware,
                &catalog.profiles[read.resource],
                read,
                (stored, channel),
                (inputs.fleets[fleet].drain_rate, inputs.fleets[fleet].decode_rate),
                idle,
                catalog.fleet_owner(fleet),
            )
        })
    }

    /// The plan of opening watches of a fleet's member, of which one is given `events`
    /// that it has missed, through a channel for so many.
    pub fn watch(
        &mut self,
        inputs: &Inputs,
        fleet: FleetId,
        opening: Opening,
        (events, channel): (u64, u64),
    ) -> PlanId {
        let events = watch::rounded_events(events);
        let channel = if events == 0 { 0 } else { channel };
        self.plan(PlanKey::Watch { fleet, opening, events, channel }, |catalog| {
            if opening.watches == 0 {
                return nothing();
            }
            let owner = catalog.fleet_owner(fleet);
            let mut plan = watch_plan(&catalog.hardware, opening, owner);
            if events > 0 {
                let spec = &inputs.fleets[fleet];
                let profile = &catalog.profiles[resource_of(spec)];
                let encoding = match &spec.behaviour {
                    Behaviour::Reflector { read, .. } | Behaviour::Lister { read, .. } => {
                        read.encoding
                    }
                    Behaviour::Watcher { .. } => Encoding::Protobuf,
                };
                let size = item_bytes(profile, encoding);
                let speed = catalog.hardware.cpu_speed;
                plan.phases.push(watch::replay(profile, size, (events, channel), speed, owner));
            }
            plan
        })
    }

    /// The plan of a fleet's call that ends in an error after a while.
    pub fn failing(&mut self, fleet: FleetId, after: SimSpan) -> PlanId {
        self.plan(PlanKey::Fails { fleet, after: after.0 }, |catalog| {
            let owner = catalog.fleet_owner(fleet);
            let mut wait = Phase::cpu(Stage::Etcd, costs::REQUEST_BASE).at_end(Step::Litter(
                owner.entry(Mechanism::ListSliceAndConversion),
                costs::REQUEST_GARBAGE,
            ));
            wait.demand.floor = after;
            let mut plan = Plan { phases: vec![wait], wire: Bytes::ZERO };
            plan.scale_cpu(catalog.hardware.cpu_speed);
            plan
        })
    }

    /// The plan of a starting process.
    pub fn boot(&mut self, inputs: &Inputs) -> PlanId {
        self.plan(PlanKey::Boot, |catalog| {
            startup::boot_plan(&catalog.hardware, &inputs.calibration)
        })
    }

    /// The plan of loading what the scenario does not list; `None`: there is nothing.
    pub fn rest(&mut self, inputs: &Inputs) -> Option<PlanId> {
        let heap = inputs.apiserver.other_live_heap;
        (heap > Bytes::ZERO).then(|| {
            self.plan(PlanKey::Rest { etcd_speed: self.etcd_speed.to_bits() }, |catalog| {
                startup::rest_plan(&catalog.hardware, &catalog.etcd(inputs), heap)
            })
        })
    }

    /// The plan of filling a resource's cache.
    pub fn cache(&mut self, inputs: &Inputs, resource: ResourceId) -> PlanId {
        let count = self.counts[resource];
        let etcd_speed = self.etcd_speed.to_bits();
        self.plan(PlanKey::Cache { resource, count, etcd_speed }, |catalog| {
            startup::cache_plan(
                &inputs.release,
                &catalog.hardware,
                &catalog.etcd(inputs),
                count,
                &catalog.profiles[resource],
                catalog.resource_owner(resource),
            )
        })
    }

    /// The plan of filling a resource's cache again, while its old contents are held: the runtime's
    /// own memory for them is accounted for apart.
    pub fn refill(&mut self, inputs: &Inputs, resource: ResourceId) -> PlanId {
        let count = self.counts[resource];
        let etcd_speed = self.etcd_speed.to_bits();
        self.plan(PlanKey::Refill { resource, count, etcd_speed }, |catalog| {
            let mut plan = startup::cache_plan(
                &inputs.release,
                &catalog.hardware,
                &catalog.etcd(inputs),
                count,
                &catalog.profiles[resource],
                catalog.resource_owner(resource),
            );
            for phase in &mut plan.phases {
                phase.ramps.retain(|ramp| ramp.kind != RampKind::TakeOutside);
            }
            plan
        })
    }

    /// What the caches of a resource's versions hold of its objects.
    #[must_use]
    pub fn cache_bytes(&self, inputs: &Inputs, resource: ResourceId) -> Bytes {
        let (spec, profile) = (&inputs.resources[resource], &self.profiles[resource]);
        startup::cached_bytes(spec, profile, self.counts[resource])
    }

    /// The plan of checking a resource's cache against etcd.
    pub fn consistency(&mut self, inputs: &Inputs, resource: ResourceId) -> PlanId {
        let count = self.counts[resource];
        let key = PlanKey::Consistency { resource, count, etcd_speed: self.etcd_speed.to_bits() };
        self.plan(key, |catalog| {
            consistency_plan(
                &inputs.release,
                &catalog.hardware,
                &catalog.etcd(inputs),
                &catalog.profiles[resource],
                count,
                catalog.resource_owner(resource),
            )
        })
    }

    /// The plan of filling a loopback informer; `None` for a resource without one.
    pub fn loopback(&mut self, inputs: &Inputs, resource: ResourceId) -> Option<PlanId> {
        let spec = &inputs.resources[resource];
        if !super::objects::in_loopback_informers(spec) {
            return None;
        }
        let count = self.counts[resource];
        let key = PlanKey::Loopback { resource, count, etcd_speed: self.etcd_speed.to_bits() };
        Some(self.plan(key, |catalog| {
            startup::loopback_plan(
                &inputs.release,
                &catalog.hardware,
                &catalog.etcd(inputs),
                &catalog.profiles[resource],
                count,
                catalog.resource_owner(resource),
            )
        }))
    }

    /// What a warm server holds of a resource besides its ring of events: entry and bytes.
    #[must_use]
    pub fn warm_holdings(&self, inputs: &Inputs, resource: ResourceId) -> Vec<(Mechanism, Bytes)> {
        let (spec, profile) = (&inputs.resources[resource], &self.profiles[resource]);
        vec![
            (Mechanism::WatchCacheObjects, startup::cached_bytes(spec, profile, spec.count)),
            (Mechanism::LoopbackInformers, startup::loopback_bytes(spec, profile, spec.count)),
        ]
    }

    /// Objects that a read returns and looks at.
    #[must_use]
    pub fn items_of(&self, read: &ReadInput) -> (u64, u64) {
        let stored = self.counts[read.resource];
        (selected(stored, read.selected), stored)
    }

    /// Resident bytes of a fleet's idle watches.
    #[must_use]
    pub fn watch_bytes(watches: u64) -> Bytes {
        watch::IDLE_WATCH.times(watches)
    }
}

/// The resource a fleet reads.
#[must_use]
pub fn resource_of(fleet: &FleetInput) -> ResourceId {
    match &fleet.behaviour {
        Behaviour::Reflector { read, .. } | Behaviour::Lister { read, .. } => read.resource,
        Behaviour::Watcher { resource } => *resource,
    }
}

fn nothing() -> Plan {
    let mut phase = Phase::cpu(Stage::Working, SimSpan::ZERO);
    phase.demand.floor = SimSpan::nanos(1);
    Plan { phases: vec![phase], wire: Bytes::ZERO }
}
