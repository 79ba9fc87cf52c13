//! How many members a client has, and what says so.

use crate::cluster::audit::{Client, Kind, Verb};

/// Members, and the evidence in words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Members {
    pub(super) count: u64,
    pub(super) evidence: String,
}

/// Counts the members of a client.
///
/// Users and Pods are told apart for certain. Addresses are not: behind a balancer that rewrites them all
/// members have one, and one member can have several. There, watches of a kind that are open at once
/// decide: a member has one of each kind as a rule, and in each namespace. Of replicas of which one is active, the active ones
/// count.
pub(super) fn members(client: &Client) -> Members {
    let seen = client.instances_at_once.max(1);
    let open = usual_open(client);
    if client.user.contains("{member}") {
        return said(seen, &counted(seen, "user", "users"));
    }
    let (by, sure) = if client.pods > 0 {
        (counted(seen, "Pod", "Pods"), true)
    } else if client.users > 1 {
        (counted(seen, "account", "accounts"), true)
    } else {
        (counted(seen, "address", "addresses"), false)
    };
    let nodes = client.kinds.iter().filter(|kind| by_node(kind)).map(|kind| kind.selectors).max();
    if let Some(nodes) = nodes.filter(|nodes| !sure && *nodes > seen.max(open)) {
        return said(
            nodes,
            &format!("{}, from {by}", counted(nodes, "node asked for", "nodes asked for")),
        );
    }
    if open == 0 {
        return said(seen, &by);
    }
    if open * 2 < seen || !sure && open * 10 <= seen * 9 {
        let evidence = format!("{open} of {by} watch");
        return Members { count: open, evidence };
    }
    if !sure && open > seen {
        let evidence = format!("{open} watches of a kind at once, from {by}");
        return Members { count: open, evidence };
    }
    said(seen, &by)
}

/// Members below which nothing follows about servers whose logs are not there.
pub(super) const LEAST_SCALED: u64 = 4;

/// How many members there are in all, if logs are those of one of so many servers: clients are spread by
/// chance. What can be one per node is; a few members can all be elsewhere, and nothing follows.
pub(super) fn in_all(client: &Client, seen: u64, unseen: f64, nodes: Option<u64>) -> u64 {
    if unseen <= 1.0 {
        return seen;
    }
    if let Some(nodes) = nodes.filter(|nodes| seen <= *nodes) {
        let most = (seen as f64 + 2.5 * (seen as f64).sqrt()) * unseen;
        let by_node = client.user.starts_with("system:node:");
        if by_node || seen >= LEAST_SCALED && most >= nodes as f64 {
            return nodes;
        }
    }
    if seen >= LEAST_SCALED { (seen as f64 * unseen).round() as u64 } else { seen }
}

fn said(count: u64, evidence: &str) -> Members {
    Members { count, evidence: evidence.to_owned() }
}

/// `1 list`, `60 lists`.
pub(super) fn counted(count: u64, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// How many watches of a kind are open at once in most kinds; of a tie, the larger number. Watches on
/// single objects say nothing: a member has as many as it needs.
fn usual_open(client: &Client) -> u64 {
    let watches = |namespaced: bool| -> Vec<u64> {
        let kinds = client.kinds.iter().filter(|kind| {
            kind.verb == Some(Verb::Watch)
                && !of_one_object(kind)
                && kind.open > 0
                && kind.target.namespaced == namespaced
        });
        let namespaces = |kind: &Kind| if namespaced { kind.namespaces.max(1) } else { 1 };
        kinds.map(|kind| kind.open.div_ceil(namespaces(kind))).collect()
    };
    let open = Some(watches(false)).filter(|open| !open.is_empty());
    let open = open.unwrap_or_else(|| watches(true));
    let near = |a: u64, b: u64| a.abs_diff(b) * 20 <= a.max(b);
    let votes = |one: u64| open.iter().filter(|other| near(one, **other)).count();
    open.iter().copied().max_by_key(|one| (votes(*one), *one)).unwrap_or(0)
}

/// Whether a kind reads what is on one node, by the name of that.
pub(super) fn by_node(kind: &Kind) -> bool {
    let mut terms = kind.target.selector.split([',', ' ']);
    terms.any(|term| term == "spec.nodeName=" || term == "spec.nodeName==")
}

/// Whether a kind reads a single object by its name.
pub(super) fn of_one_object(kind: &Kind) -> bool {
    kind.target.selector.split([',', ' ']).any(|term| term == "metadata.name=")
}
