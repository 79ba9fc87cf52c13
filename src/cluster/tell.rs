//! Findings as what the terminal shows.

use std::collections::BTreeMap;

use super::findings::{Assumed, Findings, Found, Skipped, Source};
use super::fleet::Fleet;
use crate::results::{ImportCheck, ImportSkipped, Imported, ImportedFact};
use crate::units::{Bytes, Sort};

/// Files that are shown one by one.
const MOST_FILES: usize = 16;
/// Resources that are shown one by one.
const SHOWN: usize = 8;

/// What to tell of an import: of what was found, and of what its text had to assume.
#[must_use]
pub fn tell(
    findings: &Findings,
    assumed: &[Assumed],
    scenario: &str,
    checks: Vec<ImportCheck>,
) -> Imported {
    let place = |one: &Skipped| match one.line {
        Some(line) => format!("{}:{line}", one.file),
        None => one.file.clone(),
    };
    let row = |assumed: &Assumed| (assumed.what.clone(), assumed.command.clone());
    Imported {
        scenario: scenario.to_owned(),
        read: files(&findings.read),
        found: facts(findings),
        checks,
        assumed: findings.assumed.iter().chain(assumed).map(row).collect(),
        missing: findings.missing.iter().map(|m| (m.what.clone(), m.command.clone())).collect(),
        skipped: findings
            .skipped
            .iter()
            .map(|one| ImportSkipped {
                place: place(one),
                what: one.what.clone(),
                cost: one.cost.clone(),
            })
            .collect(),
        changes: Vec::new(),
    }
}

/// Files one by one, or by what they are where there are many.
fn files(read: &[(String, String)]) -> Vec<(String, String)> {
    if read.len() <= MOST_FILES {
        return read.to_vec();
    }
    let mut counted: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for (file, what) in read {
        counted.entry(what).or_insert((file, 0)).1 += 1;
    }
    let row = |(what, (first, count)): (&str, (&str, usize))| match count {
        1 => (first.to_owned(), what.to_owned()),
        count => (format!("{count} files"), what.to_owned()),
    };
    counted.into_iter().map(row).collect()
}

fn evidence(source: &Source) -> String {
    if source.file.is_empty() {
        source.what.clone()
    } else {
        format!("{}, {}", source.what, source.file)
    }
}

fn fact<T>(what: &str, found: &Found<T>, value: impl FnOnce(&T) -> String) -> ImportedFact {
    ImportedFact {
        what: what.to_owned(),
        value: value(&found.value),
        evidence: evidence(&found.source),
    }
}

fn facts(findings: &Findings) -> Vec<ImportedFact> {
    let mut facts = Vec::new();
    facts.extend(findings.release.as_ref().map(|f| fact("release", f, |r| r.git_version.clone())));
    facts.extend(findings.replicas.as_ref().map(|f| fact("servers", f, ToString::to_string)));
    facts.extend(findings.memory_limit().map(|f| fact("memory limit", f, Bytes::to_string)));
    if let Some(server) = findings.servers.first() {
        let limit = |limit: &Option<Bytes>| limit.map_or("none".to_owned(), |l| l.to_string());
        let tightest = findings.gomemlimit().map(|found| found.map(Some));
        let soft = tightest.as_ref().or(server.gomemlimit.as_ref());
        facts.extend(soft.map(|f| fact("GOMEMLIMIT", f, limit)));
        facts.extend(server.gomaxprocs.as_ref().map(|f| fact("GOMAXPROCS", f, u32::to_string)));
    }
    let inflight = |(reads, writes): &(u32, u32)| format!("{reads} + {writes}");
    facts.extend(findings.inflight.as_ref().map(|f| fact("requests in flight", f, inflight)));
    for (name, found) in &findings.gates {
        facts.push(fact(name, found, |on| if *on { "on" } else { "off" }.to_owned()));
    }
    facts.extend(findings.nodes.count.as_ref().map(|f| fact("nodes", f, u32::to_string)));
    facts.extend(findings.database.as_ref().map(|f| fact("etcd's database", f, Bytes::to_string)));
    resources(findings, &mut facts);
    let apf = |(count, _): &(usize, String)| format!("{count} objects");
    facts.extend(findings.apf.as_ref().map(|f| fact("flow control", f, apf)));
    for fleet in &findings.fleets {
        let members = if fleet.per_node { "one per node" } else { "members" };
        facts.push(ImportedFact {
            what: fleet.name.clone(),
            value: format!("{} {members}, {} reads", fleet.members, fleet.reads.len()),
            evidence: fleet_evidence(fleet),
        });
    }
    facts
}

/// How much was seen of a fleet, and its share of all requests.
fn fleet_evidence(fleet: &Fleet) -> String {
    let seen =
        if fleet.evidence.is_empty() { evidence(&fleet.source) } else { fleet.evidence.clone() };
    let percent = fleet.share * 100.0;
    if percent < 0.05 { seen } else { format!("{seen}, {percent:.1} % of the requests") }
}

/// The largest resources, and how many more there are.
fn resources(findings: &Findings, facts: &mut Vec<ImportedFact>) {
    let mut all: Vec<_> = findings
        .resources
        .iter()
        .filter_map(|(key, resource)| {
            let count = resource.count.as_ref().filter(|count| count.value > 0)?;
            let size = resource.size.as_ref().map(|size| size.value);
            Some((key, resource, count, size))
        })
        .collect();
    let bytes = |count: u64, size: Option<Bytes>| size.unwrap_or(Bytes(2_000)).times(count);
    all.order_by_key(|(key, _, count, size)| {
        (std::cmp::Reverse(bytes(count.value, *size)), key.as_str())
    });
    let more = all.len().saturating_sub(SHOWN);
    for (key, resource, count, size) in all.iter().take(SHOWN) {
        let of = size.map_or("unknown size".to_owned(), |size| size.to_string());
        let writes = resource.writes.as_ref();
        let writes = writes.map_or(String::new(), |w| format!(", {:.2} writes/s", w.value));
        facts.push(fact(key, count, |count| format!("{count} of {of}{writes}")));
    }
    if more > 0 {
        let what = format!("{more} more resources");
        let count: u64 = all.iter().skip(SHOWN).map(|(_, _, count, _)| count.value).sum();
        facts.push(ImportedFact {
            what,
            value: format!("{count} objects"),
            evidence: String::new(),
        });
    }
}
