//! From what was read to what the cluster is.

mod keys;
mod resources;
mod servers;
mod sizes;

pub(crate) use keys::{entry, resource_of};
pub(crate) use sizes::is_custom;

use super::findings::{Findings, Found, Missing, ReleaseFound, Skipped, Source};
use super::material::Material;
use super::metrics::servers::ServerScrapes;
use crate::model::release::{NEWEST_MINOR, OLDEST_MINOR};
use resources::counted;

/// Fills the findings with what the material says; fleets are left to their own room.
pub fn infer(material: &Material, findings: &mut Findings) {
    findings.release = release(material);
    servers::infer(material, findings);
    resources::infer(material, findings);
    // What fell over on its way is no name of a resource.
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    findings.resources.retain(|key, _| !key.is_empty() && key.chars().all(plain));
    sizes::infer(material, findings);
    tell_release(findings);
    tell_mixed(material, findings);
    tell_missing(material, findings);
}

/// The release: as metrics say it, `/version`, or the kubelets of control-plane nodes.
fn release(material: &Material) -> Option<Found<ReleaseFound>> {
    const BUILD: &str = "kubernetes_build_info";
    let told = material.servers.iter().flat_map(|server| {
        let of_file = |version: &str| (version.to_owned(), BUILD, server.last.file.clone());
        server.last.get(BUILD).iter().map(move |series| of_file(series.label("git_version")))
    });
    let version = material.version.iter();
    let version = version.map(|(version, file)| (version.clone(), "gitVersion", file.clone()));
    let nodes = material.objects.nodes.iter().filter(|node| node.control_plane);
    let nodes = nodes.map(|node| (node.kubelet.clone(), "kubeletVersion", node.file.clone()));
    told.chain(version).chain(nodes).find_map(|(git_version, what, file)| {
        let minor = minor_of(&git_version)?;
        Some(Found::new(ReleaseFound { minor, git_version }, Source::new(what, file)))
    })
}

/// The minor of `v1.34.1+rke2r1`, `v1.30.4-eks-a737599`, `1.31`.
fn minor_of(version: &str) -> Option<u8> {
    let rest = version.trim_start_matches('v').strip_prefix("1.")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// A release that is not modelled is taken for the nearest that is.
fn tell_release(findings: &mut Findings) {
    let Some(found) = &findings.release else { return };
    let minor = found.value.minor;
    if !(OLDEST_MINOR..=NEWEST_MINOR).contains(&minor) {
        let nearest = minor.clamp(OLDEST_MINOR, NEWEST_MINOR);
        let what = format!("version: 1.{minor} is not modelled, taken for 1.{nearest}");
        findings.assume(&what, "nothing tells it: watch for a newer oomcast");
    }
}

/// Servers that do not seem to be of one cluster: of other releases, or with other objects.
fn tell_mixed(material: &Material, findings: &mut Findings) {
    let Some((first, others)) = material.servers.split_first() else { return };
    let version = |server: &ServerScrapes| {
        let build = server.last.get("kubernetes_build_info").first();
        build.and_then(|series| minor_of(series.label("git_version")))
    };
    for other in others {
        let (one, two) = (version(first), version(other));
        if one.is_some() && two.is_some() && one != two {
            let what = format!("of another release than {}", first.last.file);
            let cost =
                "the releases are taken for that of the first; was one scraped during an upgrade?";
            findings.skipped.push(Skipped::file(&other.last.file, what, cost));
        }
        let (one, two) = (counted(&first.last), counted(&other.last));
        let both = || one.iter().filter_map(|(key, (a, _))| Some((*a, two.get(key)?.0)));
        // A young server has not counted everything yet.
        let both_know = || both().filter(|(a, b)| *a > 0 && *b > 0);
        let a: u64 = both_know().map(|(a, _)| a).sum();
        let b: u64 = both_know().map(|(_, b)| b).sum();
        let (files, less) = ((&other.last.file, &first.last.file), a.min(b));
        if a.max(b) > less + less / 4 {
            let what = format!("stores {b} objects, {} {a}", files.1);
            let cost = "the larger counts are taken: are these servers of one cluster?";
            findings.skipped.push(Skipped::file(files.0, what, cost));
        }
        let nothing = both().filter(|(a, b)| (*a == 0) != (*b == 0)).count();
        if nothing > 0 {
            let what = format!(
                "{nothing} resources that only one of it and {} has objects of: a young server has \
                 not counted yet; the larger counts are taken",
                files.1
            );
            findings.skipped.push(Skipped::passed_over(files.0, what));
        }
    }
}

/// What else would tell more, each with its command.
fn tell_missing(material: &Material, findings: &mut Findings) {
    let mut miss = |what: &str, command: &str| {
        let (what, command) = (what.to_owned(), command.to_owned());
        findings.missing.push(Missing { what, command });
    };
    if material.servers.is_empty() {
        miss(
            "counts and sizes of objects, seats, memory, rates: metrics of every server",
            "kubectl get --raw /metrics > metrics-0.txt",
        );
    } else if material.servers.iter().any(|server| server.earlier.is_none()) {
        miss(
            "write rates of now, not means since the start: a second scrape a minute later",
            "sleep 60; kubectl get --raw /metrics > metrics-0-later.txt",
        );
    }
    if material.audit.is_empty() {
        miss(
            "who lists and watches what: an audit log, level Metadata",
            "the file of --audit-log-path on each control-plane node",
        );
    }
    if material.objects.nodes.is_empty() {
        miss(
            "memory and cores of the control-plane nodes, number of nodes",
            "kubectl get nodes -o json > nodes.json",
        );
    }
    if material.objects.apiservers.is_empty() {
        miss(
            "memory limit, flags and environment of the servers",
            "kubectl -n kube-system get pods -l component=kube-apiserver -o json > apiservers.json",
        );
    }
    if material.objects.apf.is_empty() {
        miss(
            "priority levels and flow schemas of your own",
            "kubectl get flowschemas,prioritylevelconfigurations -o json > apf.json",
        );
    }
}
