//! Names of resources in the scenario.

use std::collections::BTreeMap;

use crate::cluster::findings::{Findings, Resource};
use crate::scenario::builtin;
use crate::units::Sort as _;

/// Names of resources in the scenario, by `plural.group`: the plural, unless another has it.
#[must_use]
pub fn names(findings: &Findings) -> BTreeMap<String, String> {
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    let stored = |resource: &Resource| resource.count.as_ref().map_or(0, |count| count.value);
    let mut all: Vec<_> = findings.resources.iter().collect();
    // A built-in resource goes first, then whichever has more objects.
    let own =
        |r: &Resource| builtin::is_known(&r.plural) && builtin::group_of(&r.plural) == r.group;
    all.order_by_key(|(key, r)| (!own(r), std::cmp::Reverse(stored(r)), key.as_str()));
    for (key, resource) in &all {
        taken.entry(&resource.plural).or_insert(key);
    }
    let name = |(key, resource): &(&String, &Resource)| {
        let first = taken.get(resource.plural.as_str()) == Some(&key.as_str());
        let clash = !own(resource) && builtin::is_known(&resource.plural);
        let name = if first && !clash { resource.plural.clone() } else { (*key).clone() };
        ((*key).clone(), name)
    };
    all.iter().map(name).collect()
}
