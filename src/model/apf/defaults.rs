//! The objects that every server has from the start, and those that it suggests.
//!
//! Source: k8s.io/apiserver `pkg/apis/flowcontrol/bootstrap/default.go`; docs/facts/apf.md 1.7, 1.8.

use super::config::{
    CATCH_ALL, DistinguisherMethod, EXEMPT, FlowSchema, LimitResponse, NonResourcePolicyRule,
    PolicyRules, PriorityLevelConfiguration, ResourcePolicyRule, Subject,
};
use crate::model::release::Release;

const ALL: &[&str] = &["*"];
const EVERY_NAMESPACE: &[&str] = &["*"];
const CORE: &[&str] = &[""];
const COORDINATION: &[&str] = &["coordination.k8s.io"];
const LEASE_VERBS: &[&str] = &["get", "create", "update"];

const MASTERS: &str = "system:masters";
const NODES: &str = "system:nodes";
const SERVICE_ACCOUNTS: &str = "system:serviceaccounts";
const EVERYBODY: &[&str] = &["system:unauthenticated", "system:authenticated"];
const KUBE_SYSTEM: &str = "kube-system";
const KUBE_CONTROLLER_MANAGER: &str = "system:kube-controller-manager";
const KUBE_SCHEDULER: &str = "system:kube-scheduler";

/// Name, shares, lendable per cent, queues and hand size of the suggested levels.
const SUGGESTED_LEVELS: [(&str, u32, u32, u32, u32); 6] = [
    ("system", 30, 33, 64, 6),
    ("node-high", 40, 25, 64, 6),
    ("leader-election", 10, 0, 16, 4),
    ("workload-high", 40, 50, 128, 6),
    ("workload-low", 100, 90, 128, 6),
    ("global-default", 20, 50, 128, 6),
];

/// The levels that exist whether given or not: `exempt` and `catch-all`.
#[must_use]
pub fn mandatory_levels() -> [PriorityLevelConfiguration; 2] {
    [level(EXEMPT, 0, 0, LimitResponse::Exempt), level(CATCH_ALL, 5, 0, LimitResponse::Reject)]
}

/// The flow schemas that exist whether given or not: `exempt` and `catch-all`.
#[must_use]
pub fn mandatory_flow_schemas() -> [FlowSchema; 2] {
    [
        schema(EXEMPT, EXEMPT, 1, None, vec![everything(groups(&[MASTERS]))]),
        schema(
            CATCH_ALL,
            CATCH_ALL,
            10_000,
            Some(DistinguisherMethod::ByUser),
            vec![everything(groups(EVERYBODY))],
        ),
    ]
}

/// All default levels, the mandatory ones first.
#[must_use]
pub fn default_levels() -> Vec<PriorityLevelConfiguration> {
    let suggested = SUGGESTED_LEVELS.map(|(name, shares, lendable, queues, hand_size)| {
        let response = LimitResponse::Queue { queues, hand_size, queue_length_limit: 50 };
        level(name, shares, lendable, response)
    });
    mandatory_levels().into_iter().chain(suggested).collect()
}

/// All default flow schemas of a release, the mandatory ones first.
#[must_use]
pub fn default_flow_schemas(release: &Release) -> Vec<FlowSchema> {
    let mut schemas: Vec<FlowSchema> = mandatory_flow_schemas().into();
    schemas.extend(node_schemas());
    schemas.extend(election_schemas());
    if release.legacy_leader_election {
        schemas.extend(legacy_election_schemas());
    }
    schemas.extend(workload_schemas());
    schemas
}

impl PriorityLevelConfiguration {
    /// Those that every server has by itself.
    #[must_use]
    pub fn defaults() -> Vec<Self> {
        default_levels()
    }
}

impl FlowSchema {
    /// Those that every server of a release has by itself.
    #[must_use]
    pub fn defaults(release: &Release) -> Vec<Self> {
        default_flow_schemas(release)
    }

    /// Those that no one can change, in any release.
    #[must_use]
    pub fn mandatory() -> [Self; 2] {
        mandatory_flow_schemas()
    }
}

/// All levels and flow schemas of a server: what is given, and the defaults of its release that it does not
/// replace. Where the release has no borrowing, none of them lends or borrows.
#[must_use]
pub fn with_defaults(
    given_levels: &[PriorityLevelConfiguration],
    given_schemas: &[FlowSchema],
    release: &Release,
) -> (Vec<PriorityLevelConfiguration>, Vec<FlowSchema>) {
    let mut levels = default_levels();
    levels.retain(|level| given_levels.iter().all(|other| other.name != level.name));
    levels.extend_from_slice(given_levels);
    if !release.apf_borrowing {
        for level in &mut levels {
            level.lendable_percent = Some(0);
            level.borrowing_limit_percent = Some(0);
        }
    }
    let mut schemas = default_flow_schemas(release);
    schemas.retain(|schema| given_schemas.iter().all(|other| other.name != schema.name));
    schemas.extend_from_slice(given_schemas);
    (levels, schemas)
}

fn node_schemas() -> [FlowSchema; 3] {
    let by_user = Some(DistinguisherMethod::ByUser);
    let probes = PolicyRules {
        subjects: groups(EVERYBODY),
        non_resource_rules: vec![NonResourcePolicyRule {
            verbs: texts(&["get"]),
            non_resource_urls: texts(&["/healthz", "/readyz", "/livez"]),
        }],
        ..PolicyRules::default()
    };
    let node_high = PolicyRules {
        subjects: groups(&[NODES]),
        resource_rules: vec![
            resource_rule(ALL, CORE, &["nodes", "nodes/status"], true),
            resource_rule(ALL, COORDINATION, &["leases"], false),
        ],
        ..PolicyRules::default()
    };
    let nodes = everything(groups(&[NODES]));
    [
        schema("system-nodes", "system", 500, by_user, vec![nodes]),
        schema("system-node-high", "node-high", 400, by_user, vec![node_high]),
        schema("probes", EXEMPT, 2, None, vec![probes]),
    ]
}

fn election_schemas() -> [FlowSchema; 1] {
    let mut subjects = users(&[KUBE_CONTROLLER_MANAGER, KUBE_SCHEDULER]);
    subjects.push(kube_system("*"));
    let leases = resource_rule(LEASE_VERBS, COORDINATION, &["leases"], false);
    [schema(
        "system-leader-election",
        "leader-election",
        100,
        Some(DistinguisherMethod::ByUser),
        vec![with_resources(subjects, vec![leases])],
    )]
}

/// Elections by endpoints and config maps, up to 1.33.
fn legacy_election_schemas() -> [FlowSchema; 2] {
    let by_user = Some(DistinguisherMethod::ByUser);
    let mut subjects = users(&[KUBE_CONTROLLER_MANAGER]);
    subjects.push(kube_system("endpoint-controller"));
    subjects.push(kube_system("endpointslicemirroring-controller"));
    let endpoints = resource_rule(LEASE_VERBS, CORE, &["endpoints"], false);
    let elections = vec![
        resource_rule(LEASE_VERBS, CORE, &["endpoints", "configmaps"], false),
        resource_rule(LEASE_VERBS, COORDINATION, &["leases"], false),
    ];
    [
        schema(
            "workload-leader-election",
            "leader-election",
            200,
            by_user,
            vec![with_resources(vec![kube_system("*")], elections)],
        ),
        schema(
            "endpoint-controller",
            "workload-high",
            150,
            by_user,
            vec![with_resources(subjects, vec![endpoints])],
        ),
    ]
}

fn workload_schemas() -> [FlowSchema; 5] {
    let by_user = Some(DistinguisherMethod::ByUser);
    let by_namespace = Some(DistinguisherMethod::ByNamespace);
    let all_of = |subjects| vec![everything(subjects)];
    [
        schema(
            "kube-controller-manager",
            "workload-high",
            800,
            by_namespace,
            all_of(users(&[KUBE_CONTROLLER_MANAGER])),
        ),
        schema(
            "kube-scheduler",
            "workload-high",
            800,
            by_namespace,
            all_of(users(&[KUBE_SCHEDULER])),
        ),
        schema(
            "kube-system-service-accounts",
            "workload-high",
            900,
            by_namespace,
            all_of(vec![kube_system("*")]),
        ),
        schema(
            "service-accounts",
            "workload-low",
            9000,
            by_user,
            all_of(groups(&[SERVICE_ACCOUNTS])),
        ),
        schema("global-default", "global-default", 9900, by_user, all_of(groups(EVERYBODY))),
    ]
}

fn level(
    name: &str,
    shares: u32,
    lendable_percent: u32,
    response: LimitResponse,
) -> PriorityLevelConfiguration {
    PriorityLevelConfiguration {
        name: name.to_owned(),
        nominal_concurrency_shares: shares,
        lendable_percent: Some(lendable_percent),
        borrowing_limit_percent: None,
        response,
    }
}

fn schema(
    name: &str,
    priority_level: &str,
    matching_precedence: i32,
    distinguisher_method: Option<DistinguisherMethod>,
    rules: Vec<PolicyRules>,
) -> FlowSchema {
    FlowSchema {
        name: name.to_owned(),
        priority_level: priority_level.to_owned(),
        matching_precedence,
        distinguisher_method,
        rules,
    }
}

fn with_resources(subjects: Vec<Subject>, resource_rules: Vec<ResourcePolicyRule>) -> PolicyRules {
    PolicyRules { subjects, resource_rules, non_resource_rules: Vec::new() }
}

/// Any request of these subjects.
fn everything(subjects: Vec<Subject>) -> PolicyRules {
    PolicyRules {
        subjects,
        resource_rules: vec![resource_rule(ALL, ALL, ALL, true)],
        non_resource_rules: vec![NonResourcePolicyRule {
            verbs: texts(ALL),
            non_resource_urls: texts(ALL),
        }],
    }
}

fn resource_rule(
    verbs: &[&str],
    api_groups: &[&str],
    resources: &[&str],
    cluster_scope: bool,
) -> ResourcePolicyRule {
    ResourcePolicyRule {
        verbs: texts(verbs),
        api_groups: texts(api_groups),
        resources: texts(resources),
        cluster_scope,
        namespaces: texts(EVERY_NAMESPACE),
    }
}

fn groups(names: &[&str]) -> Vec<Subject> {
    texts(names).into_iter().map(Subject::Group).collect()
}

fn users(names: &[&str]) -> Vec<Subject> {
    texts(names).into_iter().map(Subject::User).collect()
}

fn kube_system(name: &str) -> Subject {
    Subject::ServiceAccount { namespace: KUBE_SYSTEM.to_owned(), name: name.to_owned() }
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}
