//! The standard storms, each a profile of its own: `oomcast run FILE --profile restart-agents`.

use super::clients::entries;
use super::lines::Lines;
use crate::cluster::findings::Findings;
use crate::cluster::fleet::Fleet;
use crate::scenario::storms::{Fleets, storms};

pub(super) fn write(findings: &Findings, out: &mut Lines) {
    out.blank();
    out.comment("The questions. Each is a profile: oomcast run FILE --profile NAME");
    let heavier = |a: &&Fleet, b: &&Fleet| weight(findings, a).total_cmp(&weight(findings, b));
    let heaviest = findings.fleets.iter().max_by(heavier);
    let heaviest = heaviest.filter(|fleet| !entries(findings, fleet).is_empty());
    let pods = findings.resources.get("pods").and_then(|pods| pods.count.as_ref());
    let counted = findings.nodes.count.as_ref().is_some_and(|nodes| nodes.value > 0);
    let per_node = if counted {
        vec![("count", "1".to_owned()), ("per", "\"node\"".to_owned())]
    } else {
        vec![("count", "100".to_owned())]
    };
    let fleets = Fleets {
        heaviest: heaviest.map(|fleet| (fleet.name.as_str(), fleet.members)),
        replicas: findings.replicas.as_ref().map_or(1, |found| found.value),
        pods: pods.is_some_and(|pods| pods.value > 0),
        per_node,
    };
    for storm in storms(&fleets) {
        out.blank();
        out.comment(&storm.what);
        for part in &storm.parts {
            let (open, close) = if part.entry { ("[[", "]]") } else { ("[", "]") };
            out.table(&format!("{open}profiles.{}.{}{close}", storm.name, part.path));
            for (key, value) in &part.keys {
                if *key == "count" && !counted {
                    out.assumed(key, value, "kubectl get nodes --no-headers | wc -l");
                } else {
                    out.plain(key, value);
                }
            }
        }
    }
}

/// Bytes that a restart of a fleet asks for.
fn weight(findings: &Findings, fleet: &Fleet) -> f64 {
    let bytes = |key: &str| {
        let resource = findings.resources.get(key);
        let part = |resource: &crate::cluster::findings::Resource| {
            Some(resource.count.as_ref()?.value as f64 * resource.size.as_ref()?.value.as_f64())
        };
        resource.and_then(part).unwrap_or(0.0)
    };
    let own = f64::from(fleet.members.max(1));
    let one = fleet.reads.iter().map(|read| match read.selected {
        crate::cluster::fleet::Selected::All => bytes(&read.resource),
        crate::cluster::fleet::Selected::OwnNode => bytes(&read.resource) / own,
        crate::cluster::fleet::Selected::Share(share) => bytes(&read.resource) * share,
    });
    one.sum::<f64>() * own
}
