//! What the measured runs cover. A scenario outside gets a note: its figures are extrapolated.

use crate::experiment::model_error::{Circumstances, machine_known};
use crate::model::input::{
    Behaviour, Encoding, FleetInput, Inputs, ReadInput, ResourceInput, Shape,
};
use crate::model::objects::ObjectProfile;
use crate::model::release::{Evidence, evidence, measured, with_evidence};
use crate::scenario::Scenario;
use crate::units::Bytes;

/// Sizes of listed objects, in JSON.
const OBJECT: std::ops::RangeInclusive<u64> = 1_000..=1_400_000;
/// The largest custom resources, in JSON.
const CUSTOM: u64 = 20_000;
/// The largest collection, in JSON.
const COLLECTION: u64 = 600_000_000;
/// Most lists at once on a server, whatever they return: the runs `apf-shares1-pods-20000x5k-1.32-32`
/// and `kep3157-1.36-json-watchlist-32`, up to 17 GB together.
const LISTS: u64 = 32;
/// Most lists at once on a server of which none returns more than [`MODERATE`]: the run
/// `many200-pods-2000x5k-1.34`, 3.1 GB together.
const MODERATE_LISTS: u64 = 200;
/// A list that returns up to this is moderate: 15.4 MB were measured.
const MODERATE: u64 = 16_000_000;
/// A list that returns less than this is not counted: its buffers do not make a peak.
const LARGE: u64 = 1_000_000;
/// Most writes a second to a resource.
const WRITES: f64 = 200.0;
/// Most servers.
const SERVERS: u16 = 3;

/// What a row of the domain is about, and what was measured, for people.
#[must_use]
pub fn domain() -> Vec<(&'static str, String)> {
    let like: Vec<&str> = with_evidence(&[Evidence::LikeMeasured]).collect();
    let releases = format!("{}, taken for {} too", measured(), like.join(", "));
    let others = OTHERS.map(|(what, measured)| (what, measured.to_owned()));
    [("releases", releases)].into_iter().chain(others).collect()
}

const OTHERS: [(&str, &str); 7] = [
    ("objects", "1 kB to 1.4 MB in JSON"),
    ("custom resources", "of many small fields, up to 20 kB in JSON"),
    ("collections", "up to 600 MB in JSON"),
    ("large lists at once", "up to 32 on a server; up to 200 that return 1 to 16 MB each"),
    ("encodings", "JSON and protobuf, with and without gzip; tables of Pods"),
    ("writes", "up to 200/s to a resource"),
    ("servers", "1 and 3; two machines of 2 cores, one 1.9 times as fast"),
];

/// What the interval around a peak depends on beside the runs.
#[must_use]
pub fn circumstances(scenario: &Scenario) -> Circumstances {
    Circumstances {
        outside: outside(&scenario.inputs).is_some(),
        machine_known: machine_known(scenario),
    }
}

/// One sentence of what lies outside the domain; `None`: nothing does.
#[must_use]
pub fn outside(inputs: &Inputs) -> Option<String> {
    let mut found = Vec::new();
    let minor = inputs.release.minor;
    if evidence(minor) == Evidence::SourcesOnly {
        found.push(format!("Kubernetes 1.{minor} (measured: {})", measured()));
    }
    let listed = |resource| inputs.fleets.iter().filter_map(read).any(|r| r.resource == resource);
    for (id, resource) in inputs.resource_ids().zip(&inputs.resources) {
        if listed(id) && resource.count > 0 {
            found.extend(objects(resource));
        }
    }
    found.extend(lists(inputs));
    let name = |read: &ReadInput| inputs.resources[read.resource].name.as_str();
    let tables = inputs.fleets.iter().filter_map(read).filter(|r| r.encoding == Encoding::Table);
    if let Some(other) = tables.map(name).find(|name| *name != "pods") {
        found.push(format!("tables of {other} (measured: one run, of pods)"));
    }
    if inputs.apiserver.replicas > SERVERS {
        found.push(format!("{} servers (measured: 1 and {SERVERS})", inputs.apiserver.replicas));
    }
    (!found.is_empty()).then(|| format!("outside the validated domain: {}", found.join("; ")))
}

fn read(fleet: &FleetInput) -> Option<&ReadInput> {
    match &fleet.behaviour {
        Behaviour::Reflector { read, .. } | Behaviour::Lister { read, .. } => Some(read),
        Behaviour::Watcher { .. } => None,
    }
}

fn objects(resource: &ResourceInput) -> Vec<String> {
    let mut found = Vec::new();
    let (name, json) = (&resource.name, ObjectProfile::of(resource).json);
    let custom = matches!(resource.shape, Shape::Custom | Shape::CustomBlob);
    if !OBJECT.contains(&json.0) {
        found.push(format!("{name} of {json} (measured: 1 kB to 1.4 MB)"));
    } else if custom && json.0 > CUSTOM {
        found.push(format!("custom resources of {json} (measured: up to {})", Bytes(CUSTOM)));
    }
    let all = json.times(resource.count);
    if all.0 > COLLECTION {
        found.push(format!("{all} of {name} (measured: up to {})", Bytes(COLLECTION)));
    }
    if resource.writes_per_second > WRITES {
        let rate = resource.writes_per_second;
        found.push(format!("{rate} writes/s to {name} (measured: up to {WRITES})"));
    }
    found
}

/// More lists at once on a server than were measured.
fn lists(inputs: &Inputs) -> Option<String> {
    let servers = u64::from(inputs.apiserver.replicas.max(1));
    let at_once = |least: Bytes| lists_of(inputs, least).div_ceil(servers);
    let (all, large) = (at_once(Bytes(LARGE)), at_once(Bytes(MODERATE + 1)));
    if large > LISTS {
        return Some(format!("{large} large lists at once on a server (measured: up to {LISTS})"));
    }
    (all > MODERATE_LISTS).then(|| {
        format!(
            "{all} lists of 1 MB or more at once on a server (measured: up to {MODERATE_LISTS})"
        )
    })
}

/// Lists that return at least so much, of clients that are started and may ask at once.
fn lists_of(inputs: &Inputs, least: Bytes) -> u64 {
    let large = |fleet: &&FleetInput| {
        read(fleet).filter(|_| !fleet.running).is_some_and(|read| {
            let resource = &inputs.resources[read.resource];
            let items = resource.count as f64 * read.selected;
            let items = read.limit.map_or(items, |limit| items.min(limit as f64));
            items * ObjectProfile::of(resource).json.as_f64() >= least.as_f64()
        })
    };
    inputs.fleets.iter().filter(large).map(|fleet| u64::from(fleet.count)).sum()
}
