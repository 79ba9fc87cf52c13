//! Keys of API Priority and Fairness: levels and flow schemas as the scenario writes them, which is
//! also the form into which manifests are translated.

use super::Presence::{Default, Derived, Optional, Required};
use super::{Key, Kind, NameForm, Table, integer, key, percent};

/// The table `[apf]`.
pub(super) static APF: Table = Table {
    what: "API Priority and Fairness",
    one_of: None,
    keys: &[
        key(
            "enabled",
            Kind::Flag,
            Default("true"),
            "Whether it is on; else max-in-flight admits requests.",
        ),
        key(
            "manifests",
            texts(32),
            Optional,
            "Files with FlowSchemas and PriorityLevelConfigurations, relative to the scenario.",
        )
        .example("[\"flowschema.yaml\"]"),
        key(
            "levels",
            Kind::List { table: &LEVEL, max: MOST_OBJECTS },
            Optional,
            "Priority levels besides the defaults, or in place of the default of the same name.",
        ),
        key(
            "flow-schemas",
            Kind::List { table: &FLOW_SCHEMA, max: MOST_OBJECTS },
            Optional,
            "Flow schemas, likewise.",
        ),
    ],
};

/// Most objects of a kind, manifests included.
pub(in crate::scenario) const MOST_OBJECTS: usize = 1000;
/// Most of an `int32`, as the API has them.
pub(in crate::scenario) const INT32: i64 = i32::MAX as i64;
/// Most queues of a level.
pub(in crate::scenario) const MOST_QUEUES: i64 = 10_000_000;

/// A priority level.
pub(in crate::scenario) static LEVEL: Table = Table {
    what: "a priority level",
    one_of: None,
    keys: &[
        NAME,
        key(
            "type",
            Kind::Choice(&["queue", "reject", "exempt"]),
            Derived("queue, but exempt for the level of that name"),
            "What happens to a request above the limit.",
        ),
        key(
            "shares",
            integer(0, INT32),
            Derived("30, but 0 for the level exempt"),
            "Shares of the server's seats (nominalConcurrencyShares).",
        ),
        key(
            "lendable",
            percent(100.0),
            Default("0%"),
            "Share of its seats that others may borrow.",
        ),
        key(
            "borrowing-limit",
            percent(INT32 as f64),
            Optional,
            "Seats it may borrow, as a share of its own; left out: no limit.",
        ),
        key(
            "queues",
            integer(1, MOST_QUEUES),
            Derived("64 for a level that queues"),
            "Its queues.",
        ),
        key(
            "hand-size",
            integer(1, INT32),
            Derived("8 for a level that queues"),
            "Queues among which a flow's requests are spread.",
        ),
        key(
            "queue-length",
            integer(1, INT32),
            Derived("50 for a level that queues"),
            "Requests that may wait in a queue (queueLengthLimit).",
        ),
    ],
};

/// A flow schema.
pub(in crate::scenario) static FLOW_SCHEMA: Table = Table {
    what: "a flow schema",
    one_of: None,
    keys: &[
        NAME,
        key("level", Kind::Name(NameForm::Subdomain), Required, "The priority level it leads to.")
            .example("\"node-agents\""),
        key(
            "precedence",
            integer(1, 10_000),
            Default("1000"),
            "The lowest is tried first (matchingPrecedence).",
        ),
        key(
            "distinguisher",
            Kind::Choice(&["by-user", "by-namespace"]),
            Optional,
            "What tells its flows apart; left out: all requests are one flow.",
        ),
        USERS,
        GROUPS,
        SERVICE_ACCOUNTS,
        key("verbs", texts(100), Derived(ALL_OF_SIMPLE), "Verbs of the requests; \"*\": any.")
            .example("[\"list\", \"watch\"]"),
        key("api-groups", texts(1000), Derived(ALL_OF_SIMPLE), "API groups; \"\": core.")
            .example("[\"\"]"),
        key("resources", texts(1000), Derived(ALL_OF_SIMPLE), "Resources: pods, pods/status.")
            .example("[\"pods\"]"),
        key(
            "namespaces",
            texts(10_000),
            Derived(ALL_OF_SIMPLE),
            "Namespaces of the requests that have one.",
        )
        .example("[\"default\"]"),
        key(
            "cluster-scope",
            Kind::Flag,
            Derived("true, where there are no rules"),
            "Whether requests without a namespace match, such as a LIST of all pods.",
        ),
        key(
            "rules",
            Kind::List { table: &RULES, max: 1000 },
            Optional,
            "Several rules in place of the one that the keys above make.",
        ),
    ],
};

/// One of several rules of a flow schema.
pub(in crate::scenario) static RULES: Table = Table {
    what: "a rule of a flow schema",
    one_of: None,
    keys: &[
        USERS,
        GROUPS,
        SERVICE_ACCOUNTS,
        key(
            "resource-rules",
            Kind::List { table: &RESOURCE_RULE, max: 1000 },
            Optional,
            "Requests for resources that match.",
        ),
        key(
            "non-resource-rules",
            Kind::List { table: &NON_RESOURCE_RULE, max: 1000 },
            Optional,
            "Other requests that match.",
        ),
    ],
};

/// Requests for resources.
pub(in crate::scenario) static RESOURCE_RULE: Table = Table {
    what: "a resource rule",
    one_of: None,
    keys: &[
        key("verbs", texts(100), Default(ANY), "Verbs; \"*\": any.")
            .example("[\"list\", \"watch\"]"),
        key("api-groups", texts(1000), Default(ANY), "API groups; \"\": core.").example("[\"\"]"),
        key("resources", texts(1000), Default(ANY), "Resources: pods, pods/status.")
            .example("[\"pods\"]"),
        key("namespaces", texts(10_000), Default(ANY), "Namespaces of requests that have one.")
            .example("[\"default\"]"),
        key(
            "cluster-scope",
            Kind::Flag,
            Default("true"),
            "Whether requests without a namespace match.",
        ),
    ],
};

/// Requests for other paths.
pub(in crate::scenario) static NON_RESOURCE_RULE: Table = Table {
    what: "a non-resource rule",
    one_of: None,
    keys: &[
        key("verbs", texts(100), Default(ANY), "Verbs; \"*\": any.")
            .example("[\"list\", \"watch\"]"),
        key("urls", texts(1000), Default(ANY), "Paths, each with all below it (nonResourceURLs).")
            .example("[\"/healthz\"]"),
    ],
};

const ANY: &str = "[\"*\"]";
const ALL_OF_SIMPLE: &str = "[\"*\"], where there are no rules";

const NAME: Key =
    key("name", Kind::Name(NameForm::Subdomain), Required, "Its name.").example("\"node-agents\"");
const USERS: Key = key("users", texts(1000), Optional, "Users whose requests match; \"*\": any.")
    .example("[\"system:kube-scheduler\"]");
const GROUPS: Key =
    key("groups", texts(1000), Optional, "Groups whose members' requests match; \"*\": any.")
        .example("[\"system:nodes\"]");
const SERVICE_ACCOUNTS: Key = key(
    "service-accounts",
    texts(1000),
    Optional,
    "Service accounts: \"namespace:name\", or \"namespace:*\" for all of it.",
)
.example("[\"kube-system:*\"]");

const fn texts(max: usize) -> Kind {
    Kind::Texts { max }
}
