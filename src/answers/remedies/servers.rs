//! Remedies on the side of servers: memory, processors, the collector, the release, the balancer.

use super::case::Case;
use super::{Built, Need, all, set};
use crate::model::input::{BalancerPolicy, HealthCheck};
use crate::model::node::memory_limit;
use crate::model::release::{MINORS, Release};
use crate::model::residents;
use crate::units::Bytes;

type Result = std::result::Result<Built, &'static str>;

pub(super) const SEVERAL: Need = Need {
    holds: |case| case.inputs().apiserver.replicas > 1,
    otherwise: "there is one server only",
};
pub(super) const NOT_STREAMED: Need = Need {
    holds: |case| !case.inputs().release.streams_json,
    otherwise: "the servers stream lists already",
};
pub(super) const NOT_RESILIENT: Need = Need {
    holds: |case| !case.inputs().release.resilient_watch_cache_initialization,
    otherwise: "cold caches refuse lists already",
};
pub(super) const COLLECTS: Need =
    Need { holds: |case| case.inputs().apiserver.gogc.is_some(), otherwise: "GOGC is off" };

/// The first release for which something holds.
fn first(has: impl Fn(&Release) -> bool) -> Option<Release> {
    MINORS.iter().filter_map(|row| Release::of_minor(row.minor)).find(has)
}

/// Servers that stream lists: the gates where the release has them, else an upgrade.
pub(super) fn streamed(case: &Case<'_>, _: f64) -> Result {
    const GATES: [&str; 2] =
        ["StreamingCollectionEncodingToJSON", "StreamingCollectionEncodingToProtobuf"];
    let minor = case.inputs().release.minor;
    if GATES.iter().all(|gate| Release::gate(gate).is_some_and(|gate| gate.is_of(minor))) {
        let gate = |name: &&str| set(&format!("apiserver.feature-gates.{name}"), true);
        return Ok(Built::plain(all(GATES.iter().map(gate))));
    }
    let newer = first(|release| release.streams_json && release.streams_protobuf);
    let newer = newer.ok_or("no release modelled streams lists")?;
    Ok(upgrade(case, &newer))
}

/// A newer release. Gates that it does not have, or has locked, go.
fn upgrade(case: &Case<'_>, to: &Release) -> Built {
    let mut overlay = set("apiserver.version", to.version());
    let locked = |name: &str| {
        Release::gate(name).is_none_or(|gate| !gate.is_of(to.minor) || gate.is_locked_in(to.minor))
    };
    let gates = case.gates().filter(|name| locked(name)).map(toml::Value::from);
    let gates: Vec<toml::Value> = gates.collect();
    if !gates.is_empty() {
        super::merge(&mut overlay, set("apiserver.feature-gates.remove", gates));
    }
    Built { overlay, dose: to.version(), ..Built::default() }
}

/// Cold caches that refuse lists instead of passing them on to etcd.
pub(super) fn resilient(case: &Case<'_>, _: f64) -> Result {
    const GATE: &str = "ResilientWatchCacheInitialization";
    let minor = case.inputs().release.minor;
    if Release::gate(GATE).is_some_and(|gate| gate.is_of(minor)) {
        return Ok(Built::plain(set(&format!("apiserver.feature-gates.{GATE}"), true)));
    }
    let newer = first(|release| release.resilient_watch_cache_initialization);
    newer.map(|newer| upgrade(case, &newer)).ok_or("no release modelled does")
}

fn rounded(bytes: Bytes) -> Bytes {
    bytes.round_up(256 << 20)
}

/// How often the memory there is may be bought again; more of it only where the nodes have it already.
const OFTEN: f64 = 8.0;

/// So many times the memory, on a node that holds it; no more than is allowed. The dose is what a server
/// may use then.
pub(super) fn memory(case: &Case<'_>, factor: f64) -> Result {
    const NO_MORE: &str = "--max-memory allows no more";
    let (apiserver, node) = (&case.inputs().apiserver, &case.inputs().node);
    let now = memory_limit(case.inputs()).limit;
    let most = case.max_memory.unwrap_or(Bytes(u64::MAX));
    let etcd = case.inputs().etcd_memory();
    let controllers = residents::controllers(case.inputs());
    let beside = node.system_memory + etcd + controllers + node.daemons_memory + Bytes::gib(1);
    let has = Bytes((node.memory - beside).0 >> 20 << 20);
    let enough = rounded(now.scale(factor.min(OFTEN)));
    let limit = rounded(now.scale(factor)).min(has.max(enough)).min(most);
    if limit <= now {
        return Err(NO_MORE);
    }
    let own = apiserver.memory_limit.map(|_| limit);
    let at = |memory| {
        let mut larger = case.inputs().clone();
        (larger.apiserver.memory_limit, larger.node.memory) = (own, memory);
        memory_limit(&larger).limit
    };
    let room = limit + beside;
    // What else is on the node stays as it is.
    let larger = if own.is_none() { node.memory + (limit - now) } else { room.max(node.memory) };
    let nodes = [rounded(larger), Bytes(larger.0 >> 20 << 20)];
    let larger = if own.is_some() && room <= node.memory {
        node.memory
    } else {
        // What is rounded up is the server's, too.
        nodes.into_iter().find(|memory| at(*memory) <= most).ok_or(NO_MORE)?
    };
    let limit = at(larger);
    if limit <= now {
        return Err(NO_MORE);
    }
    let own = own.map(|own| set("apiserver.memory-limit", format!("{own:#}")));
    let node = (larger != node.memory).then(|| set("node.memory", format!("{larger:#}")));
    let overlay = all(own.into_iter().chain(node));
    Ok(Built { overlay, dose: format!("{limit}"), ..Built::default() })
}

/// GOMEMLIMIT at a share of the memory.
pub(super) fn gomemlimit(case: &Case<'_>, share: f64) -> Result {
    let apiserver = &case.inputs().apiserver;
    let soft = memory_limit(case.inputs()).limit.scale(share);
    let soft = Bytes(soft.0 >> 20 << 20);
    if apiserver.gomemlimit.is_some_and(|now| now <= soft) {
        return Err("GOMEMLIMIT is as low already");
    }
    let overlay = set("apiserver.gomemlimit", format!("{soft:#}"));
    Ok(Built { overlay, dose: format!("{soft}"), ..Built::default() })
}

pub(super) fn gogc(case: &Case<'_>, percent: f64) -> Result {
    let percent = percent as u32;
    if case.inputs().apiserver.gogc.is_some_and(|now| now <= percent) {
        return Err("GOGC is as low already");
    }
    let overlay = set("apiserver.gogc", i64::from(percent));
    Ok(Built { overlay, dose: percent.to_string(), ..Built::default() })
}

pub(super) fn replicas(case: &Case<'_>, count: f64) -> Result {
    let count = count as u16;
    if case.inputs().apiserver.replicas >= count {
        return Err("there are as many servers already");
    }
    if count > 2 && count.is_multiple_of(2) {
        return Err("an etcd beside each server wants an odd number of them");
    }
    let overlay = set("apiserver.replicas", i64::from(count));
    Ok(Built { overlay, dose: format!("{count} servers"), ..Built::default() })
}

/// So many times the processors.
#[expect(clippy::unnecessary_wraps, reason = "as all builders of the table")]
pub(super) fn cpu(case: &Case<'_>, factor: f64) -> Result {
    let (apiserver, node) = (&case.inputs().apiserver, &case.inputs().node);
    let now = apiserver.cpu_limit.unwrap_or(node.cores);
    let cores = (now * factor * 10.0).ceil() / 10.0;
    let limit = apiserver.cpu_limit.map(|_| set("apiserver.cpu-limit", cores));
    let larger = (node.cores < cores).then(|| set("node.cores", cores));
    Ok(Built {
        overlay: all(limit.into_iter().chain(larger)),
        dose: format!("{cores} cores"),
        ..Built::default()
    })
}

pub(super) fn least_connections(case: &Case<'_>, _: f64) -> Result {
    match case.inputs().balancer.policy {
        BalancerPolicy::LeastConnections => Err("the balancer does already"),
        BalancerPolicy::RoundRobin | BalancerPolicy::Random => {
            Ok(Built::plain(set("balancer.policy", "least-connections")))
        }
    }
}

pub(super) fn readyz(case: &Case<'_>, _: f64) -> Result {
    match case.inputs().balancer.check {
        HealthCheck::Readyz => Err("the balancer asks readyz already"),
        HealthCheck::Livez => Ok(Built::plain(set("balancer.check", "readyz"))),
    }
}

pub(super) fn goaway(case: &Case<'_>, chance: f64) -> Result {
    if case.inputs().apiserver.goaway_chance >= chance {
        return Err("--goaway-chance is as high already");
    }
    Ok(Built::plain(set("apiserver.goaway-chance", chance)))
}

pub(super) fn progress_notify(case: &Case<'_>, seconds: f64) -> Result {
    if case.inputs().etcd.progress_notify_interval.as_secs_f64() <= seconds {
        return Err("etcd tells as often already");
    }
    Ok(Built::plain(set("etcd.progress-notify-interval", format!("{seconds:.0}s"))))
}

/// Requests that may be served at once, as a share of now.
#[expect(clippy::unnecessary_wraps, reason = "as all builders of the table")]
pub(super) fn fewer_at_once(case: &Case<'_>, share: f64) -> Result {
    let now = f64::from(case.inputs().apiserver.max_requests_inflight);
    let count = (now * share).round().max(1.0) as i64;
    let overlay = set("apiserver.max-requests-inflight", count);
    Ok(Built { overlay, dose: count.to_string(), ..Built::default() })
}
