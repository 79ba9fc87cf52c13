//! Steady load: what goes on besides the requests of the scenario, as constant rates.
//!
//! Writes cost a request each on the server that takes them, and an event for every watcher of the
//! resource on every server ([`super::writes`] has the seats they take); watches are opened again every 450 s on average (facts/clients.md
//! section 1.4). 300,000 watches cost one sum over the fleets here, not an event each.

use super::apiserver::server::Background;
use super::catalog::{Catalog, resource_of};
use super::costs;
use super::input::{Behaviour, Inputs};
use super::memory::ledger::OwnerId;
use crate::results::Mechanism;
use crate::units::Bytes;

/// Mean life of a watch: uniform on 300 to 600 s (facts/clients.md section 1.4).
const WATCH_LIFE_SECONDS: f64 = 450.0;

/// The load of a server with so many watches of each fleet; `serving` servers share the writes.
#[must_use]
pub fn steady_load(
    inputs: &Inputs,
    catalog: &Catalog,
    watches: &[u64],
    serving: usize,
) -> Background {
    let speed = catalog.hardware.cpu_speed;
    let mut cores = costs::IDLE_CORES;
    let base = OwnerId::SERVER.entry(Mechanism::Garbage);
    let other = costs::IDLE_GARBAGE_PER_SECOND + inputs.apiserver.other_garbage.0;
    let mut litter = vec![(base, other)];
    for (index, resource) in inputs.resources.iter().enumerate() {
        let writes = resource.writes_per_second / serving as f64;
        if writes <= 0.0 {
            continue;
        }
        let json = catalog.profiles[index].json;
        cores += writes * costs::WRITE_REQUEST.of(1, json).as_secs_f64();
        let garbage = costs::WRITE_GARBAGE + json.times(costs::WRITE_GARBAGE_PER_BYTE);
        // Every server decodes every event for its cache.
        let decoded = catalog.profiles[index].decoded.as_f64() * resource.writes_per_second;
        let rate = writes * garbage.as_f64() + decoded;
        litter.push((catalog.resource_owner(index).entry(Mechanism::Garbage), rate as u64));
    }
    for (index, fleet) in inputs.fleets.iter().enumerate() {
        let open = watches[index] as f64;
        if open <= 0.0 {
            continue;
        }
        cores += open / WATCH_LIFE_SECONDS * costs::WATCH_OPEN.as_secs_f64();
        let reopened = open / WATCH_LIFE_SECONDS * costs::WATCH_OPEN_GARBAGE.as_f64();
        let (events, bytes) = events_of(inputs, catalog, index);
        // A member's idle watches are quiet; one of its watches is on the resource it reads.
        let readers = open / f64::from(1 + fleet.idle_watches);
        cores += readers * events * costs::FAN_OUT_EVENT.of(1, bytes).as_secs_f64();
        let rate = reopened + readers * events * 512.0;
        litter.push((catalog.fleet_owner(index).entry(Mechanism::Garbage), rate as u64));
    }
    Background { cores: cores / speed, litter }
}

/// Events a second that one watcher of a fleet gets, and their size.
fn events_of(inputs: &Inputs, catalog: &Catalog, fleet: usize) -> (f64, Bytes) {
    let spec = &inputs.fleets[fleet];
    let resource = resource_of(spec);
    let selected = match &spec.behaviour {
        Behaviour::Reflector { read, .. } | Behaviour::Lister { read, .. } => read.selected,
        Behaviour::Watcher { .. } => 1.0,
    };
    (inputs.resources[resource].writes_per_second * selected, catalog.profiles[resource].json)
}
