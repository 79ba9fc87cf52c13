//! What the measured runs cover. A scenario outside gets a note: its figures are extrapolated.

use crate::model::input::{
    Behaviour, Encoding, FleetInput, Inputs, ReadInput, ResourceInput, Shape,
};
use crate::model::objects::ObjectProfile;
use crate::model::release::{Evidence, evidence, measured, with_evidence};
use crate::units::Bytes;

/// Sizes of listed objects, in JSON.
const OBJECT: std::ops::RangeInclusive<u64> = 1_000..=1_400_000;
/// The largest custom resources, in JSON.
const CUSTOM: u64 = 20_000;
/// The largest collection, in JSON.
const COLLECTION: u64 = 600_000_000;
/// Most large lists at once on a server.
const LISTS: u64 = 32;
/// A list that returns less than this is not large.
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
    ("large lists at once", "up to 32 on a server"),
    ("encodings", "JSON and protobuf, with and without gzip; tables of Pods"),
    ("writes", "up to 200/s to a resource"),
    ("servers", "1 and 3; two machines of 2 cores, one 1.9 times as fast"),
];

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
    let at_once = large_lists(inputs).div_ceil(u64::from(inputs.apiserver.replicas.max(1)));
    if at_once > LISTS {
        found.push(format!("{at_once} large lists at once on a server (measured: up to {LISTS})"));
    }
    if inputs.fleets.iter().filter_map(read).any(|read| read.encoding == Encoding::Table) {
        found.push("tables (measured: one run, of Pods)".to_owned());
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

/// Large lists that clients which are started may ask for at once.
fn large_lists(inputs: &Inputs) -> u64 {
    let large = |fleet: &&FleetInput| {
        read(fleet).filter(|_| !fleet.running).is_some_and(|read| {
            let resource = &inputs.resources[read.resource];
            let items = resource.count as f64 * read.selected;
            let items = read.limit.map_or(items, |limit| items.min(limit as f64));
            items * ObjectProfile::of(resource).json.as_f64() >= LARGE as f64
        })
    };
    inputs.fleets.iter().filter(large).map(|fleet| u64::from(fleet.count)).sum()
}
