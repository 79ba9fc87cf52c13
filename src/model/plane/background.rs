//! Steady load: what goes on apart from the requests of the scenario, as constant rates.
//!
//! Writes cost a request each on the server that takes them, and an event for every watcher of the
//! resource on every server (`plane::write_seats` has the seats they take); watches are opened again every 450 s on average (docs/facts/clients.md
//! section 1.4). 300,000 watches cost one sum over the fleets here, not an event each.
//!
//! A live event is encoded once for each encoding, whatever the number of its watchers
//! (`cachingObject`, docs/facts/watch-cache.md section 2.3); what each of them costs on top was measured
//! so. What the processors do not get to waits ([`crate::model::apiserver::server`], `backlog`); writes
//! that are turned away cost nothing. What a watch has missed is copied and encoded for it alone: that is in its plan
//! ([`crate::model::apiserver::watch::replay`]).

use crate::model::apiserver::definitions;
use crate::model::apiserver::list::item_bytes;
use crate::model::apiserver::server::{Background, FanOut, Growth};
use crate::model::catalog::Catalog;
use crate::model::client::go::WATCH_TIMEOUT;
use crate::model::costs;
use crate::model::ids::{FleetId, ResourceId};
use crate::model::input::{Behaviour, FleetInput, Inputs};
use crate::model::memory::ledger::OwnerId;
use crate::model::plane::held;
use crate::model::plane::load::Load;
use crate::results::Mechanism;
use crate::units::{Bytes, SimSpan, SimTime};

/// The load of a server whose rings grow so.
#[must_use]
pub fn steady_load(
    inputs: &Inputs,
    catalog: &Catalog,
    load: Load<'_>,
    growth: Vec<Growth>,
) -> Background {
    let speed = catalog.hardware.cpu_speed;
    let (least, most) = WATCH_TIMEOUT;
    let watch_life = (least + most).as_secs_f64() / 2.0;
    let (mut cores, mut fan_out) = (costs::IDLE_CORES, Vec::new());
    let mut writing = Background::default();
    let base = OwnerId::SERVER.entry(Mechanism::Garbage);
    let other = costs::IDLE_GARBAGE_PER_SECOND + inputs.apiserver.other_garbage.0;
    let mut litter = vec![(base, other)];
    for (id, resource) in inputs.resource_ids().zip(&inputs.resources) {
        let (busy, garbage) = beside_writes(inputs, catalog, load, id);
        cores += busy;
        if garbage > 0.0 {
            litter.push((catalog.resource_owner(id).entry(Mechanism::Garbage), garbage as u64));
        }
        let writes = load.handled(id);
        if load.writes[id] <= 0.0 {
            continue;
        }
        let owner = catalog.resource_owner(id);
        let json = catalog.profiles[id].json;
        let work = costs::WRITE_REQUEST.of(1, json).as_secs_f64();
        cores += writes * work;
        writing.writes_per_second += writes;
        writing.write_cores += writes * work / speed;
        writing.offered_cores += load.offered(id) * work / speed;
        writing.admitted_cores += writes * work / speed;
        let garbage = costs::WRITE_GARBAGE + json.times(costs::WRITE_GARBAGE_PER_BYTE);
        // Every server decodes every event for its cache; while the ring grows, the version that
        // the event supersedes is kept, else the event pushed out leaves as much.
        let decoded = catalog.profiles[id].decoded.as_f64() * load.writes[id];
        let ring = owner.entry(Mechanism::WatchCacheEventRing);
        let kept = growth.iter().filter(|growth| growth.entry == ring);
        let kept: u64 = kept.map(|growth| growth.per_second).sum();
        let left = if resource.watch_cache { (decoded - kept as f64).max(0.0) } else { 0.0 };
        let (install, scraps) = definitions::per_write(resource);
        cores += load.writes[id] * install.as_secs_f64();
        let mut rate = writes * garbage.as_f64() + left + load.writes[id] * scraps.as_f64();
        if inputs.admission_latency(id) > SimSpan::ZERO {
            cores += writes * catalog.profiles[id].encode_json.of(2, json.times(2)).as_secs_f64();
            rate += writes * held::reviewed(catalog, id).as_f64();
        }
        litter.push((owner.entry(Mechanism::Garbage), rate as u64));
    }
    for (id, fleet) in inputs.fleet_ids().zip(&inputs.fleets) {
        let open = load.watches[id] as f64;
        if open <= 0.0 {
            continue;
        }
        cores += open / watch_life * costs::WATCH_OPEN.as_secs_f64();
        let reopened = open / watch_life * costs::WATCH_OPEN_GARBAGE.as_f64();
        let (events, json) = events_of(inputs, catalog, load, id);
        // A member's idle watches are quiet; one of its watches is on the resource it reads.
        let readers = open / f64::from(1 + fleet.idle_watches);
        let one = costs::FAN_OUT_EVENT.of(1, json).as_secs_f64();
        let delivering = readers * events * one;
        let held = load.held.filter(|_| inputs.resources[fleet.resource()].watch_cache);
        if held.is_none() {
            cores += delivering;
            let follows = readers * selected(fleet) * one / speed;
            writing.offered_cores += load.offered(fleet.resource()) * follows;
            writing.admitted_cores += load.handled(fleet.resource()) * follows;
        }
        if delivering > 0.0 {
            let size = event_bytes(inputs, catalog, id);
            fan_out.push(FanOut {
                fleet: id,
                cores: delivering / speed,
                bytes_per_second: readers * events * size.as_f64(),
                takes: None,
                room: Bytes(u64::MAX),
                lasts: SimSpan(u64::MAX),
                not_before: SimTime::ZERO,
                held,
            });
        }
        let rate = reopened + readers * events * 512.0;
        litter.push((catalog.fleet_owner(id).entry(Mechanism::Garbage), rate as u64));
    }
    Background { cores: cores / speed, fan_out, litter, growth, ..writing }
}

/// What a resource costs besides its writes: GETs, scrapes, audit events; cores and bytes per second.
fn beside_writes(inputs: &Inputs, catalog: &Catalog, load: Load<'_>, id: ResourceId) -> (f64, f64) {
    let resource = &inputs.resources[id];
    let scraped = definitions::scraped(inputs, resource, load.objects[id]);
    let (mut cores, mut rate) = (0.0, scraped);
    if resource.gets_per_second > 0.0 {
        let (get, garbage) = of_get(inputs, catalog, id);
        let gets = resource.gets_per_second / load.serving as f64;
        cores += gets * get.as_secs_f64();
        rate += gets * garbage.as_f64();
    }
    if !inputs.audit.is_off() {
        let (busy, garbage) = held::audit_work(inputs, catalog, load, id);
        cores += busy;
        rate += garbage;
    }
    (cores, rate)
}

/// CPU time and garbage of a GET of one object: a LIST from etcd of one item, answered in JSON. (client-go
/// sends no resourceVersion, which goes to etcd on every release: `Cacher.Get`, apiserver
/// `pkg/storage/cacher`. Put together from the parts that LISTs were measured with; not measured itself.)
pub(super) fn of_get(inputs: &Inputs, catalog: &Catalog, resource: ResourceId) -> (SimSpan, Bytes) {
    let profile = &catalog.profiles[resource];
    let cpu = costs::REQUEST_BASE
        + costs::GRPC_READ.of(0, profile.stored)
        + profile.decode.of(1, profile.stored)
        + profile.encode_json.of(1, profile.json)
        + costs::WRITE.of(0, profile.json);
    let raw = profile.stored.times(u64::from(inputs.release.grpc_raw_copies));
    (cpu, costs::REQUEST_GARBAGE + raw + profile.decoded + profile.json)
}

/// Events per second that one watcher of a fleet gets, and their size.
fn events_of(inputs: &Inputs, catalog: &Catalog, load: Load<'_>, fleet: FleetId) -> (f64, Bytes) {
    let spec = &inputs.fleets[fleet];
    let resource = spec.resource();
    (load.events(resource) * selected(spec), catalog.profiles[resource].json)
}

/// Share of a resource's events that a fleet watches.
fn selected(fleet: &FleetInput) -> f64 {
    match &fleet.behaviour {
        Behaviour::Reflector { read, .. } | Behaviour::Lister { read, .. } => read.selected,
        Behaviour::Watcher { .. } => 1.0,
    }
}

/// Bytes of a watch event as the members of a fleet are sent it.
fn event_bytes(inputs: &Inputs, catalog: &Catalog, fleet: FleetId) -> Bytes {
    let spec = &inputs.fleets[fleet];
    let profile = &catalog.profiles[spec.resource()];
    match &spec.behaviour {
        Behaviour::Reflector { read, .. } | Behaviour::Lister { read, .. } => {
            item_bytes(profile, read.encoding)
        }
        Behaviour::Watcher { .. } => profile.json,
    }
}
