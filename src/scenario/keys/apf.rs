//! Keys of API Priority and Fairness: levels and flow schemas as the scenario writes them, which is
//! also the form into which manifests are translated.

use super::{Kind, NameForm};
use crate::language::table::declare::{table, words};
use crate::language::table::typed::{
    Earlier, Typed, choice, earlier, flag, integer, list, name, percent, texts,
};
use crate::model::apf::config::DistinguisherMethod;

/// Most objects of a kind, manifests included.
pub(in crate::scenario) const MOST_OBJECTS: usize = 1000;
/// Most of an `int32`, as the API has them.
pub(in crate::scenario) const INT32: i64 = i32::MAX as i64;
/// Most queues of a level.
pub(in crate::scenario) const MOST_QUEUES: i64 = 10_000_000;

table! {
    Apf = APF: "API Priority and Fairness";
    /// Whether it is on; else max-in-flight admits requests.
    enabled: bool = flag().default("true");
    /// Files with FlowSchemas and PriorityLevelConfigurations, relative to the scenario.
    manifests: Earlier = earlier(Kind::Texts { max: 32 })
        .may_be_empty()
        .example("[\"flowschema.yaml\"]");
    /// Priority levels in addition to the defaults, or in place of the default of the same name.
    levels: Vec<Level> = list(MOST_OBJECTS);
    /// Flow schemas in addition to the defaults, or in place of the default of the same name.
    flow_schemas: Vec<FlowSchema> = list(MOST_OBJECTS);
}

/// What a priority level does with requests above its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scenario) enum LevelType {
    Queue,
    Reject,
    Exempt,
}

words! {
    LevelType { Queue = "queue", Reject = "reject", Exempt = "exempt" }
    DistinguisherMethod { ByUser = "by-user", ByNamespace = "by-namespace" }
}

const NAME: Typed<String> = name(NameForm::Subdomain).example("\"node-agents\"").doc("Its name.");

table! {
    Level = LEVEL: "a priority level";
    name: String = NAME;
    /// What happens to a request above the limit.
    r#type: LevelType =
        choice().derived("queue, but exempt for the level of that name");
    /// Shares of the server's seats (nominalConcurrencyShares).
    shares: u32 = integer(0, INT32).derived("30, but 0 for the level exempt");
    /// Share of its seats that others may borrow.
    lendable: f64 = percent(100.0).default("0%");
    /// Seats it may borrow, as a share of its own.
    borrowing_limit: Option<f64> = percent(INT32 as f64).derived_for_some("no limit");
    /// Its queues.
    queues: Option<u32> =
        integer(1, MOST_QUEUES).derived_for_some("64 for a level that queues");
    /// Queues among which a flow's requests are spread.
    hand_size: Option<u32> = integer(1, INT32).derived_for_some("8 for a level that queues");
    /// Requests that may wait in a queue (queueLengthLimit).
    queue_length: Option<u32> =
        integer(1, INT32).derived_for_some("50 for a level that queues");
}

const USERS: Typed<Vec<String>> = texts(1000)
    .example("[\"system:kube-scheduler\"]")
    .doc("Users whose requests match; \"*\": any.");
const GROUPS: Typed<Vec<String>> = texts(1000)
    .example("[\"system:nodes\"]")
    .doc("Groups whose members' requests match; \"*\": any.");
const SERVICE_ACCOUNTS: Typed<Vec<String>> = texts(1000)
    .example("[\"kube-system:*\"]")
    .doc("Service accounts: \"namespace:name\", or \"namespace:*\" for all of it.");
const VERBS: Typed<Vec<String>> = texts(100)
    .default(ANY)
    .example("[\"list\", \"watch\"]")
    .doc("Verbs of the requests; \"*\": any.");
const API_GROUPS: Typed<Vec<String>> =
    texts(1000).default(ANY).example("[\"\"]").doc("API groups; \"\": core.");
const RESOURCES: Typed<Vec<String>> =
    texts(1000).default(ANY).example("[\"pods\"]").doc("Resources: pods, pods/status.");
const NAMESPACES: Typed<Vec<String>> = texts(10_000)
    .default(ANY)
    .example("[\"default\"]")
    .doc("Namespaces of the requests that have one.");

table! {
    FlowSchema = FLOW_SCHEMA: "a flow schema";
    name: String = NAME;
    /// The priority level it leads to.
    level: String = name(NameForm::Subdomain).example("\"node-agents\"");
    /// The lowest is tried first (matchingPrecedence).
    precedence: i32 = integer(1, 10_000).default("1000");
    /// What distinguishes its flows.
    distinguisher: Option<DistinguisherMethod> =
        choice().derived_for_some("nothing: all requests are one flow");
    users: Vec<String> = USERS;
    groups: Vec<String> = GROUPS;
    service_accounts: Vec<String> = SERVICE_ACCOUNTS;
    verbs: Vec<String> = VERBS.derived(ALL_OF_SIMPLE);
    api_groups: Vec<String> = API_GROUPS.derived(ALL_OF_SIMPLE);
    resources: Vec<String> = RESOURCES.derived(ALL_OF_SIMPLE);
    namespaces: Vec<String> = NAMESPACES.derived(ALL_OF_SIMPLE);
    /// Whether requests without a namespace match, such as a LIST of all pods.
    cluster_scope: Option<bool> = flag().derived_for_some("true, where there are no rules");
    /// Several rules in place of the one that the keys above make.
    rules: Option<Vec<Rules>> = list(1000).optional();
}

table! {
    Rules = RULES: "a rule of a flow schema";
    users: Vec<String> = USERS;
    groups: Vec<String> = GROUPS;
    service_accounts: Vec<String> = SERVICE_ACCOUNTS;
    /// Requests for resources that match.
    resource_rules: Vec<ResourceRule> = list(1000);
    /// Other requests that match.
    non_resource_rules: Vec<NonResourceRule> = list(1000);
}

table! {
    ResourceRule = RESOURCE_RULE: "a resource rule";
    verbs: Vec<String> = VERBS;
    api_groups: Vec<String> = API_GROUPS;
    resources: Vec<String> = RESOURCES;
    namespaces: Vec<String> = NAMESPACES;
    /// Whether requests without a namespace match.
    cluster_scope: bool = flag().default("true");
}

table! {
    NonResourceRule = NON_RESOURCE_RULE: "a non-resource rule";
    verbs: Vec<String> = VERBS;
    /// Paths, each with all below it (nonResourceURLs).
    urls: Vec<String> = texts(1000).default(ANY).example("[\"/healthz\"]");
}

const ANY: &str = "[\"*\"]";
const ALL_OF_SIMPLE: &str = "[\"*\"], where there are no rules";
