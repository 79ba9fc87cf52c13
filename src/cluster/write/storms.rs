//! The standard storms, each a profile of its own: `oomcast run FILE --profile restart-agents`.

use super::clients::entries;
use super::lines::{Lines, quoted};
use crate::cluster::findings::Findings;
use crate::cluster::fleet::Fleet;

pub(super) fn write(findings: &Findings, out: &mut Lines) {
    out.blank();
    out.comment("The questions. Each is a profile: oomcast run FILE --profile NAME");
    restart_agents(findings, out);
    let replicas = findings.replicas.as_ref().map_or(1, |found| found.value);
    out.blank();
    out.comment("The first server is killed; the others take its clients over.");
    event(out, "lose-a-server", "a server is lost", "2m", "kill = { apiserver = 0 }");
    out.blank();
    out.comment("An upgrade: all servers restart, one after the other.");
    event(out, "roll", "rolling restart", "2m", "roll = { every = \"2m\" }");
    if replicas > 2 {
        out.table("[profiles.roll.run]");
        out.plain("duration", &quoted(&format!("{}m", 6 + 2 * u32::from(replicas))));
    }
    out.blank();
    out.comment("All servers restart at once, with cold caches.");
    event(out, "cold-start", "all servers restart", "2m", "kill = { apiserver = \"all\" }");
    rollout(findings, out);
}

fn event(out: &mut Lines, profile: &str, name: &str, at: &str, action: &str) {
    out.table(&format!("[[profiles.{profile}.events]]"));
    out.plain("name", &quoted(name));
    out.plain("at", &quoted(at));
    out.text.extend([action, "\n"]);
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

/// The fleet that asks for most restarts at once.
fn restart_agents(findings: &Findings, out: &mut Lines) {
    let heavier = |a: &&Fleet, b: &&Fleet| weight(findings, a).total_cmp(&weight(findings, b));
    let Some(fleet) = findings.fleets.iter().max_by(heavier) else { return };
    if entries(findings, fleet).is_empty() {
        return;
    }
    out.blank();
    out.comment(&format!(
        "All {} members of {} restart within ten seconds: of all fleets they read most.",
        fleet.members, fleet.name
    ));
    let restart = format!("restart = {{ client = {}, over = \"10s\" }}", quoted(&fleet.name));
    event(out, "restart-agents", &format!("{} restart", fleet.name), "2m", &restart);
}

/// A new agent on every node lists all Pods.
fn rollout(findings: &Findings, out: &mut Lines) {
    let pods = findings.resources.get("pods").and_then(|pods| pods.count.as_ref());
    if pods.is_none_or(|pods| pods.value == 0) {
        return;
    }
    out.blank();
    out.comment("A new agent on every node lists and watches all Pods, as JSON.");
    out.table("[[profiles.rollout.clients]]");
    out.plain("name", "\"new-agent\"");
    match findings.nodes.count.as_ref().filter(|nodes| nodes.value > 0) {
        Some(_) => {
            out.plain("count", "1");
            out.plain("per", "\"node\"");
        }
        None => out.assumed("count", "100", "kubectl get nodes --no-headers | wc -l"),
    }
    out.plain("start", "\"stopped\"");
    out.plain("start-jitter", "\"10s\"");
    out.plain("reflector", "{ resource = \"pods\", encoding = \"json\" }");
    let start = "start = { client = \"new-agent\", over = \"30s\" }";
    event(out, "rollout", "agents roll out", "2m", start);
}
