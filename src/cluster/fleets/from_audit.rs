//! Fleets from an audit log.

use std::collections::BTreeSet;

use super::folded::{fold, weight};
use super::members::{LEAST_SCALED, counted, in_all, members};
use super::work::{Work, work};
use super::{Cluster, Fleet, Fleets, OTHERS, flows, names};
use crate::cluster::audit::{Audit, Client, Verb};
use crate::cluster::findings::Source;
use crate::units::{SimSpan, Sort};

/// Fleets that are told apart; what is beyond is in the last.
const MOST_FLEETS: usize = 60;
/// Writes per second of all members below which a client that reads nothing is not worth a fleet.
const LEAST_WRITES: f64 = 0.05;
/// The longest that client-go's watches last: a log as long has seen all of them.
const LONGEST_WATCH: SimSpan = SimSpan::secs(600);
/// Programs that act as many users, one per controller (`--use-service-account-credentials`).
const MANY_USERS: [&str; 2] = ["kube-controller-manager", "cloud-controller-manager"];

/// The fleets of an audit log; `file` is what people call it.
#[must_use]
pub fn from_audit(audit: &Audit, file: &str, cluster: &Cluster<'_>) -> Fleets {
    let clients = joined(&audit.clients);
    // Each node has one kubelet: where the log has more, Nodes are missing in the files.
    let nodes = cluster.nodes.map(u64::from).max(kubelets(&clients));
    let unseen = unseen(audit, cluster, kubelets(&clients));
    let mut taken = BTreeSet::from([OTHERS.to_owned()]);
    let mut found: Vec<(f64, String, Fleet)> = Vec::new();
    let mut others = Others::default();
    for client in &clients {
        let members = members(client);
        let work = work(client, members.count, audit.span(), cluster);
        let writes: f64 = work.writes.iter().map(|write| write.rate).sum();
        let all = in_all(client, members.count, unseen, nodes);
        let total = writes * all as f64;
        let silent = work.reads.is_empty() && work.reads_of_some.is_empty();
        if work.is_over() || silent && work.idle_watches == 0 && total < LEAST_WRITES {
            others.add(client, &work, members.count);
            continue;
        }
        let mut fleet = Fleet {
            name: String::new(),
            user: client.user.clone(),
            groups: client.groups.clone(),
            agent: client.agent.clone(),
            members: u32::try_from(all).unwrap_or(u32::MAX),
            per_node: nodes.is_some_and(|nodes| is_per_node(all, nodes)),
            client_minor: names::client_minor(&client.agent),
            reads: work.reads.clone(),
            writes: work.writes.clone(),
            idle_watches: u32::try_from(work.idle_watches).unwrap_or(u32::MAX),
            share: client.requests as f64 / audit.requests.max(1) as f64,
            source: Source::new(format!("requests of {}", client.user), file),
            evidence: evidence(client, &members.evidence, &work),
            flow_schema: None,
        };
        fleet.flow_schema = flows::flow_schema(&fleet, cluster.flow_schemas);
        found.push((weight(&fleet, cluster), client.family.clone(), fleet.clone()));
        for (by, reads) in &work.reads_of_some {
            let some = Fleet {
                members: u32::try_from(*by).unwrap_or(u32::MAX),
                per_node: false,
                reads: reads.clone(),
                writes: Vec::new(),
                idle_watches: 0,
                share: 0.0,
                evidence: format!("{} of {} do this also", by, members.evidence),
                ..fleet.clone()
            };
            found.push((weight(&some, cluster), client.family.clone(), some));
        }
    }
    found.retain(|(_, _, fleet)| {
        !(fleet.reads.is_empty() && fleet.writes.is_empty() && fleet.idle_watches == 0)
    });
    found.order_by(|(a, _, one), (b, _, other)| {
        b.total_cmp(a).then_with(|| one.user.cmp(&other.user))
    });
    let mut fleets = Vec::new();
    for (place, (_, family, mut fleet)) in found.into_iter().enumerate() {
        if place >= MOST_FLEETS {
            others.add_fleet(&family, fleet);
            continue;
        }
        let name = names::name(&family, &fleet.user);
        fleet.name = names::unique(name, &fleet.user, &mut taken);
        fleets.push(fleet);
    }
    fleets.extend(others.fleet(audit, file));
    Fleets { fleets, notes: notes(audit, cluster, kubelets(&clients)) }
}

/// How many servers there are for each whose log is there: by the number of servers, or by the nodes
/// whose kubelets are not in it.
fn unseen(audit: &Audit, cluster: &Cluster<'_>, kubelets: Option<u64>) -> f64 {
    let servers = cluster.servers.map_or(0.0, f64::from);
    let by_logs = (servers / audit.servers.max(1) as f64).max(1.0);
    let by_nodes = elsewhere(cluster, kubelets).map(|(seen, nodes)| nodes as f64 / seen as f64);
    by_nodes.map_or(by_logs, |by_nodes| by_logs.max(by_nodes))
}

/// Kubelets in the log, and nodes, where a tenth of them and more is missing.
fn elsewhere(cluster: &Cluster<'_>, kubelets: Option<u64>) -> Option<(u64, u64)> {
    let found = kubelets.zip(cluster.nodes.map(u64::from));
    found.filter(|(seen, nodes)| *seen >= LEAST_SCALED && seen * 10 < nodes * 9)
}

fn is_per_node(members: u64, nodes: u64) -> bool {
    nodes >= 2 && members * 10 >= nodes * 8 && members * 10 <= nodes * 11
}

/// The number of nodes, by their kubelets.
fn kubelets(clients: &[Client]) -> Option<u64> {
    let of_nodes = clients.iter().filter(|client| client.user.starts_with("system:node:"));
    of_nodes.map(|client| client.instances_at_once).max()
}

/// Clients, those of one program that acts as many users as one: its own user, if it is there.
fn joined(clients: &[Client]) -> Vec<Client> {
    let mut joined: Vec<Client> = Vec::new();
    for client in clients {
        let mut client = client.clone();
        if is_manager(&client) {
            MANY_USERS[0].clone_into(&mut client.family);
        }
        let own = |other: &Client| other.user == format!("system:{}", other.family);
        let first = MANY_USERS
            .contains(&client.family.as_str())
            .then(|| joined.iter_mut().find(|other| other.family == client.family))
            .flatten();
        let Some(first) = first else {
            joined.push(client);
            continue;
        };
        let (instances, at_once) = (client.instances, client.instances_at_once);
        if own(&client) && !own(first) {
            first.user.clone_from(&client.user);
            first.groups.clone_from(&client.groups);
        }
        first.requests += client.requests;
        first.gets += client.gets;
        first.failed += client.failed;
        first.first = first.first.min(client.first);
        first.last = first.last.max(client.last);
        first.instances = first.instances.max(instances);
        first.instances_at_once = first.instances_at_once.max(at_once);
        first.users = 1;
        first.kinds.extend(client.kinds);
    }
    joined
}

/// Whether a program that is all components in one acts as the controller manager here: it names its
/// controllers in their agents.
fn is_manager(client: &Client) -> bool {
    names::is_generic(&client.family)
        && (client.user == "system:kube-controller-manager"
            || client.agent.contains("/system:serviceaccount:kube-system:"))
}

fn evidence(client: &Client, members: &str, work: &Work) -> String {
    let sum = |verbs: &[Verb]| -> u64 {
        let of = |kind: &&crate::cluster::audit::Kind| {
            kind.verb.is_some_and(|verb| verbs.contains(&verb))
        };
        client.kinds.iter().filter(of).map(|kind| kind.count).sum()
    };
    let mut parts = vec![members.to_owned()];
    for (count, one, more) in [
        (sum(&[Verb::List]), "list", "lists"),
        (sum(&[Verb::Watch]), "watch opened", "watches opened"),
        (sum(&[Verb::Create, Verb::Update, Verb::Patch, Verb::Delete]), "write", "writes"),
        (client.gets, "get", "gets"),
        (client.failed, "failure", "failures"),
    ] {
        if count > 0 {
            parts.push(counted(count, one, more));
        }
    }
    if work.once > 0 {
        parts.push(format!("{} of them once only", work.once));
    }
    parts.join(", ")
}

/// What is folded into one.
#[derive(Default)]
struct Others {
    clients: u64,
    requests: u64,
    once: u64,
    share: f64,
    folded: Vec<Fleet>,
    names: Vec<String>,
}

impl Others {
    fn add(&mut self, client: &Client, work: &Work, members: u64) {
        self.clients += 1;
        self.requests += client.requests;
        self.once += work.once;
        self.name(&client.family, &client.user);
        if !work.writes.is_empty() {
            let members = u32::try_from(members).unwrap_or(u32::MAX);
            self.folded.push(Fleet { members, writes: work.writes.clone(), ..Fleet::default() });
        }
    }

    fn add_fleet(&mut self, family: &str, fleet: Fleet) {
        self.clients += 1;
        self.share += fleet.share;
        self.name(family, &fleet.user);
        self.folded.push(fleet);
    }

    fn name(&mut self, family: &str, user: &str) {
        if self.names.len() < 3 {
            self.names.push(names::name(family, user));
        }
    }

    fn fleet(self, audit: &Audit, file: &str) -> Option<Fleet> {
        if self.clients == 0 {
            return None;
        }
        let mut evidence = counted(self.clients, "client", "clients");
        if !self.names.is_empty() {
            evidence = format!("{evidence} ({}, …)", self.names.join(", "));
        }
        if self.once > 0 {
            evidence = format!("{evidence}, {} lists and writes once only", self.once);
        }
        Some(Fleet {
            name: OTHERS.to_owned(),
            share: self.share + self.requests as f64 / audit.requests.max(1) as f64,
            source: Source::new("all that is not worth a fleet of its own", file),
            evidence,
            ..fold(&self.folded)
        })
    }
}

/// What a log cannot tell.
fn notes(audit: &Audit, cluster: &Cluster<'_>, kubelets: Option<u64>) -> Vec<String> {
    let mut notes = Vec::new();
    let scaled = format!("fleets of {LEAST_SCALED} and more are taken for as many on the others");
    let by_logs = unseen(audit, cluster, None);
    if let Some((seen, nodes)) = elsewhere(cluster, kubelets)
        && nodes as f64 / seen as f64 > by_logs
    {
        notes.push(format!(
            "the audit log has kubelets of {seen} of {nodes} nodes: there are about {:.1} servers for \
             each whose log is there; {scaled}",
            nodes as f64 / seen as f64
        ));
    } else if by_logs > 1.0 {
        notes.push(format!(
            "audit logs of {} of {} servers: {scaled}; single clients of the others are not seen",
            audit.servers,
            cluster.servers.unwrap_or(1)
        ));
    }
    let span = audit.span();
    if audit.counted.open_before > 0 && span < LONGEST_WATCH {
        notes.push(format!(
            "the audit log lasts {:.0} s: watches that were opened before and did not end in it are \
             not seen; ten minutes show all",
            span.as_secs_f64()
        ));
    }
    let counted = &audit.counted;
    if counted.beyond_tables > 0 {
        notes.push(format!(
            "{} requests are of more clients, Pods or kinds than are told apart: counted, not \
             attributed",
            counted.beyond_tables
        ));
    }
    notes
}
