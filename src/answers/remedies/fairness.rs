//! A priority level of its own for the clients that hold the peak: as overlay and as manifest.

use std::collections::BTreeSet;
use std::fmt::Write;

use toml::Table;

use super::case::{Case, Read, entry};
use super::{Built, Need, all, set};
use crate::model::input::{FleetInput, MEMBER, ResourceInput, Shape};
use crate::scenario::builtin;
use crate::units::{Bytes, Sort};

pub(super) const FAIRNESS: Need =
    Need { holds: |case| case.inputs().apf.enabled, otherwise: "API Priority and Fairness is off" };
pub(super) const NO_FAIRNESS: Need = Need {
    holds: |case| !case.inputs().apf.enabled,
    otherwise: "API Priority and Fairness is on already",
};

/// The API's default, which the objects of published incidents have: before the flow schema of Kubernetes
/// that service accounts fall under (9000).
const PRECEDENCE: i64 = 1_000;
/// Before those of nodes (500), the controllers (800) and the service accounts of kube-system (900).
const EARLIER: i64 = 450;
/// Queues, and those of a flow, as the objects of published incidents have them
/// (docs/facts/apf.md); the length is the API's default.
const QUEUES: i64 = 16;
const HAND_SIZE: i64 = 4;
const QUEUE_LENGTH: i64 = 50;
/// First minor that serves flowcontrol v1.
const FIRST_V1: u8 = 29;

const SERVICE_ACCOUNT: &str = "system:serviceaccount:";
/// The group of every kubelet.
const NODES: &str = "system:nodes";
/// Groups that reach far beyond the members of one fleet.
const WIDE: [&str; 2] = ["system:authenticated", "system:serviceaccounts"];
/// What a client must hold of what the first holds to be limited with it: less is not worth its waiting.
const DOMINANT: f64 = 0.5;

/// Whether it is one of the cluster's own components: these are limited only where they hold the peak
/// themselves.
fn is_core(fleet: &FleetInput) -> bool {
    let own = fleet.user.starts_with("system:") && !fleet.user.starts_with(SERVICE_ACCOUNT);
    own || fleet.groups.iter().any(|group| group == NODES)
}

/// Whom and what the objects are for.
struct Scope {
    name: String,
    users: BTreeSet<String>,
    accounts: BTreeSet<(String, String)>,
    groups: BTreeSet<String>,
    api_groups: BTreeSet<String>,
    resources: BTreeSet<String>,
    /// Of watch-lists, the verb is `watch`.
    watch: bool,
    /// Whether all of it are custom resources: these belong to one operator, whose clients read one kind
    /// after the other, so that the objects are for all kinds of their groups.
    custom: bool,
    precedence: i64,
    /// Clients whose flow schema the scenario names.
    bound: Vec<String>,
    /// Whether they are the cluster's own components.
    core: bool,
}

/// The clients that dominate the peak, each with what it reads: the one that holds most, and those that
/// come near it. Kubelets and other components of the cluster are never among others.
fn dominant<'a>(
    case: &'a Case<'_>,
) -> Result<Vec<(&'a FleetInput, &'a ResourceInput)>, &'static str> {
    let inputs = case.inputs();
    let fleet = |name: &String| inputs.fleets.iter().find(|fleet| fleet.name == *name);
    let exempt = |fleet: &FleetInput| fleet.groups.iter().any(|group| group == "system:masters");
    let heavy = case.heavy.iter();
    let fleets: Vec<(&FleetInput, &ResourceInput, Bytes)> = heavy
        .filter_map(|(client, resource, bytes)| {
            let resource = inputs.resources.iter().find(|found| found.name == *resource)?;
            Some((fleet(client)?, resource, *bytes))
        })
        .collect();
    let held = |client: &FleetInput| -> Bytes {
        let own = fleets.iter().filter(|(fleet, ..)| fleet.name == client.name);
        own.map(|(.., bytes)| *bytes).sum()
    };
    // Of equals the last one counts: from behind, the first.
    let by_held = || fleets.iter().rev().map(|(fleet, ..)| *fleet);
    let first = by_held().max_by_key(|fleet| held(fleet)).ok_or("no client holds the peak")?;
    let most = by_held().filter(|fleet| !exempt(fleet)).max_by_key(|fleet| held(fleet));
    let most = most
        .filter(|most| !is_core(most) || most.name == first.name)
        .ok_or("the clients that hold the peak are exempt (system:masters)")?;
    let least = held(most).scale(DOMINANT);
    let near = |fleet: &FleetInput| {
        !exempt(fleet) && !is_core(most) && !is_core(fleet) && held(fleet) >= least
    };
    let limited = fleets.iter().filter(|(fleet, ..)| fleet.name == most.name || near(fleet));
    let mut limited: Vec<_> = limited.map(|(fleet, resource, _)| (*fleet, *resource)).collect();
    // The objects are named after the first.
    limited.order_by_key(|(fleet, _)| fleet.name != most.name);
    Ok(limited)
}

impl Scope {
    fn of(case: &Case<'_>) -> Result<Self, &'static str> {
        let fleets = dominant(case)?;
        let first = fleets.first().ok_or("no client holds the peak")?.0;
        let among = |name: &str| fleets.iter().any(|(fleet, _)| fleet.name == name);
        let streams = |read: &Read| among(&read.client) && read.flag("watch-list");
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let name: String = first.name.chars().take(50).map(plain).collect();
        let mut scope = Self {
            name: format!("limit-{}", name.trim_matches('-')),
            users: BTreeSet::new(),
            accounts: BTreeSet::new(),
            groups: BTreeSet::new(),
            api_groups: BTreeSet::new(),
            resources: BTreeSet::new(),
            watch: case.reads.iter().any(streams),
            custom: fleets.iter().all(|(_, resource)| is_custom(resource)),
            precedence: PRECEDENCE,
            bound: Vec::new(),
            core: is_core(first),
        };
        for (fleet, resource) in fleets {
            scope.add(fleet, resource);
        }
        if scope.custom {
            scope.resources = BTreeSet::from(["*".to_owned()]);
        }
        scope.precedence = scope.precedence(case);
        Ok(scope)
    }

    /// Before every flow schema that these clients may fall under: of Kubernetes, and the scenario's own.
    fn precedence(&self, case: &Case<'_>) -> i64 {
        let system = self.accounts.iter().any(|(namespace, _)| namespace == "kube-system");
        let earlier = system || !self.users.is_empty() || !self.groups.is_empty();
        let precedence = if earlier { EARLIER } else { PRECEDENCE };
        let own = case.inputs().apf.flow_schemas.iter();
        let own = own.map(|schema| i64::from(schema.matching_precedence)).filter(|own| *own > 2);
        own.fold(precedence, |before, own| before.min(own - 1))
    }

    fn add(&mut self, fleet: &FleetInput, resource: &ResourceInput) {
        let account =
            fleet.user.strip_prefix(SERVICE_ACCOUNT).and_then(|rest| rest.split_once(':'));
        match account {
            _ if fleet.user.contains(MEMBER) => {
                let own = fleet.groups.iter().filter(|group| !WIDE.contains(&group.as_str()));
                self.groups.extend(own.cloned());
            }
            Some((namespace, name)) => {
                self.accounts.insert((namespace.to_owned(), name.to_owned()));
            }
            None => {
                self.users.insert(fleet.user.clone());
            }
        }
        self.api_groups.insert(resource.api_group.clone());
        self.resources.insert(resource.name.clone());
        if fleet.flow_schema.is_some() {
            self.bound.push(fleet.name.clone());
        }
    }

    fn verbs(&self) -> Vec<&'static str> {
        if self.watch { vec!["list", "watch"] } else { vec!["list"] }
    }

    fn overlay(&self, shares: i64) -> Table {
        let texts = |texts: Vec<String>| {
            toml::Value::Array(texts.into_iter().map(toml::Value::from).collect())
        };
        let level = all([
            set("name", self.name.clone()),
            set("shares", shares),
            set("borrowing-limit", "0%"),
            set("queues", QUEUES),
            set("hand-size", HAND_SIZE),
            set("queue-length", QUEUE_LENGTH),
        ]);
        let accounts = self.accounts.iter().map(|(namespace, name)| format!("{namespace}:{name}"));
        let accounts: Vec<String> = accounts.collect();
        let subjects = [
            ("users", self.users.iter().cloned().collect()),
            ("groups", self.groups.iter().cloned().collect()),
            ("service-accounts", accounts),
        ];
        let schema = all([
            set("name", self.name.clone()),
            set("level", self.name.clone()),
            set("precedence", self.precedence),
            set("distinguisher", "by-user"),
            set("verbs", texts(self.verbs().into_iter().map(str::to_owned).collect())),
            set("api-groups", texts(self.api_groups.iter().cloned().collect())),
            set("resources", texts(self.resources.iter().cloned().collect())),
        ]
        .into_iter()
        .chain(
            subjects
                .into_iter()
                .filter(|(_, names): &(_, Vec<String>)| !names.is_empty())
                .map(|(key, names)| set(key, texts(names))),
        ));
        let bound = self.bound.iter().map(|client| {
            let keys = all([set("name", client.clone()), set("flow-schema", self.name.clone())]);
            entry("clients", keys)
        });
        let mut apf = Table::new();
        super::merge(&mut apf, entry("levels", level));
        super::merge(&mut apf, entry("flow-schemas", schema));
        all([set("apf", apf)].into_iter().chain(bound))
    }

    /// What whoever applies the objects must know of whom they hit.
    fn hits(&self) -> Option<String> {
        self.core.then(|| {
            let whom: Vec<&str> =
                self.users.iter().chain(&self.groups).map(String::as_str).collect();
            let kubelets =
                if self.groups.contains(NODES) { "EVERY KUBELET" } else { "THE CLUSTER ITSELF" };
            format!(
                "LIMITS {kubelets} ({}): what waits for its list does nothing else for the cluster meanwhile, \
                 such as starting Pods.",
                whom.join(", ")
            )
        })
    }

    /// What has to be put right, or known, before the objects are applied: comments above them.
    fn remarks(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut told = self.hits().map(|hits| format!("# {hits}\n")).unwrap_or_default();
        let alone = self.users.len() + self.groups.len() + self.accounts.len() == 1;
        let nobody = if alone {
            "or this matches nobody."
        } else {
            "or it matches nobody: only the other subjects are limited until then."
        };
        for (_, name) in self.accounts.iter().filter(|(namespace, _)| namespace == "default") {
            let account = quoted(&format!("default:{name}"));
            let _ = writeln!(
                told,
                "# ServiceAccount {account}: the scenario does not say who that client is (its `user`). \
                 Put the real account here, {nobody}"
            );
        }
        if self.api_groups.contains(builtin::CUSTOM) {
            let _ = writeln!(
                told,
                "# API group {}: the scenario does not say of which group these objects are (their \
                 `group`). Put the real one here, or this matches nothing.",
                builtin::CUSTOM
            );
        }
        told
    }

    /// The two objects as YAML. Every text in it is quoted as JSON is, which YAML takes.
    fn manifest(&self, shares: i64, minor: u8) -> String {
        let version = if minor < FIRST_V1 { "v1beta3" } else { "v1" };
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let list = |texts: &BTreeSet<String>| {
            texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")
        };
        let mut subjects = String::new();
        for (kind, field, names) in
            [("User", "user", &self.users), ("Group", "group", &self.groups)]
        {
            for name in names {
                let _ = write!(
                    subjects,
                    "        - kind: {kind}\n          {field}:\n            name: {}\n",
                    quoted(name)
                );
            }
        }
        for (namespace, name) in &self.accounts {
            let _ = write!(
                subjects,
                "        - kind: ServiceAccount\n          serviceAccount:\n            namespace: \
                 {}\n            name: {}\n",
                quoted(namespace),
                quoted(name)
            );
        }
        let told = self.remarks();
        let (name, verbs, precedence) = (&self.name, self.verbs().join(", "), self.precedence);
        let (groups, resources) = (list(&self.api_groups), list(&self.resources));
        format!(
            "{told}---
apiVersion: flowcontrol.apiserver.k8s.io/{version}
kind: PriorityLevelConfiguration
metadata:
  name: {name}
spec:
  type: Limited
  limited:
    nominalConcurrencyShares: {shares}
    lendablePercent: 0
    borrowingLimitPercent: 0
    limitResponse:
      type: Queue
      queuing:
        queues: {QUEUES}
        handSize: {HAND_SIZE}
        queueLengthLimit: {QUEUE_LENGTH}
---
apiVersion: flowcontrol.apiserver.k8s.io/{version}
kind: FlowSchema
metadata:
  name: {name}
spec:
  matchingPrecedence: {precedence}
  priorityLevelConfiguration:
    name: {name}
  distinguisherMethod:
    type: ByUser
  rules:
    - subjects:
{subjects}      resourceRules:
        - verbs: [{verbs}]
          apiGroups: [{groups}]
          resources: [{resources}]
          clusterScope: true
          namespaces: [\"*\"]
"
        )
    }
}

pub(super) const fn is_custom(resource: &ResourceInput) -> bool {
    matches!(resource.shape, Shape::Custom | Shape::CustomBlob)
}

pub(super) fn level(case: &Case<'_>, shares: f64) -> Result<Built, &'static str> {
    let scope = Scope::of(case)?;
    let shares = shares as i64;
    let unit = if shares == 1 { "share" } else { "shares" };
    Ok(Built {
        overlay: scope.overlay(shares),
        dose: format!("{shares} {unit}"),
        manifest: Some(scope.manifest(shares, case.inputs().release.minor)),
        also: scope.hits(),
    })
}

#[expect(clippy::unnecessary_wraps, reason = "as all builders of the table")]
pub(super) fn switch_on(_: &Case<'_>, _: f64) -> Result<Built, &'static str> {
    Ok(Built::plain(set("apf.enabled", true)))
}
