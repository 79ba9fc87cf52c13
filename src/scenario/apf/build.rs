//! The model's objects from the checked tree.

use crate::language::table::resolved::Resolved;
use crate::model::apf::config::{
    DistinguisherMethod, FlowSchema, LimitResponse, NonResourcePolicyRule, PolicyRules,
    PriorityLevelConfiguration, ResourcePolicyRule, Subject,
};
use crate::model::input::ApfInput;

/// The input. `None` would mean that the schema and this function disagree on a key.
pub(in crate::scenario) fn input(apf: &Resolved) -> Option<ApfInput> {
    Some(ApfInput {
        enabled: apf.flag("enabled")?,
        levels: apf.list("levels").iter().map(level).collect::<Option<_>>()?,
        flow_schemas: apf.list("flow-schemas").iter().map(flow_schema).collect::<Option<_>>()?,
    })
}

/// A priority level; `None` while any of its keys is wrong.
pub(super) fn level(table: &Resolved) -> Option<PriorityLevelConfiguration> {
    Some(PriorityLevelConfiguration {
        name: table.text("name")?.to_owned(),
        nominal_concurrency_shares: table.count("shares")?,
        lendable_percent: Some(percent(table, "lendable")?),
        borrowing_limit_percent: match table.number("borrowing-limit") {
            Some(_) => Some(percent(table, "borrowing-limit")?),
            None if table.is_bad("borrowing-limit") => return None,
            None => None,
        },
        response: match table.text("type")? {
            "exempt" => LimitResponse::Exempt,
            "reject" => LimitResponse::Reject,
            _ => LimitResponse::Queue {
                queues: table.count("queues")?,
                hand_size: table.count("hand-size")?,
                queue_length_limit: table.count("queue-length")?,
            },
        },
    })
}

/// Whole per cent.
fn percent(table: &Resolved, key: &str) -> Option<u32> {
    // Whole, and within the bounds of the key.
    table.number(key).map(|share| (share * 100.0).round() as u32)
}

/// A flow schema; `None` while any of its keys is wrong.
pub(super) fn flow_schema(table: &Resolved) -> Option<FlowSchema> {
    if table.is_bad("rules") {
        return None;
    }
    let rules = table.list("rules");
    Some(FlowSchema {
        name: table.text("name")?.to_owned(),
        priority_level: table.text("level")?.to_owned(),
        matching_precedence: table.count("precedence")?,
        distinguisher_method: match table.text("distinguisher") {
            Some("by-user") => Some(DistinguisherMethod::ByUser),
            Some(_) => Some(DistinguisherMethod::ByNamespace),
            None if table.is_bad("distinguisher") => return None,
            None => None,
        },
        rules: match table.slot("rules")?.given {
            Some(_) => rules.iter().map(policy_rules).collect::<Option<_>>()?,
            None => vec![PolicyRules {
                subjects: subjects(table)?,
                resource_rules: vec![resource_rule(table)?],
                non_resource_rules: Vec::new(),
            }],
        },
    })
}

fn policy_rules(table: &Resolved) -> Option<PolicyRules> {
    let non_resource = |rule: &Resolved| {
        Some(NonResourcePolicyRule {
            verbs: texts(rule, "verbs")?,
            non_resource_urls: texts(rule, "urls")?,
        })
    };
    let (resource_rules, others) = (table.list("resource-rules"), table.list("non-resource-rules"));
    Some(PolicyRules {
        subjects: subjects(table)?,
        resource_rules: resource_rules.iter().map(resource_rule).collect::<Option<_>>()?,
        non_resource_rules: others.iter().map(non_resource).collect::<Option<_>>()?,
    })
}

/// Users, then groups, then service accounts: any may match, so their order does not matter.
fn subjects(table: &Resolved) -> Option<Vec<Subject>> {
    let mut subjects = Vec::new();
    for (key, make) in [
        ("users", (|name| Some(Subject::User(name))) as fn(String) -> Option<Subject>),
        ("groups", |name| Some(Subject::Group(name))),
        ("service-accounts", |text| {
            let (namespace, name) = text.split_once(':')?;
            Some(Subject::ServiceAccount { namespace: namespace.to_owned(), name: name.to_owned() })
        }),
    ] {
        if table.is_bad(key) {
            return None;
        }
        for (text, _) in table.texts(key).unwrap_or_default() {
            subjects.push(make(text.clone())?);
        }
    }
    Some(subjects)
}

fn resource_rule(table: &Resolved) -> Option<ResourcePolicyRule> {
    Some(ResourcePolicyRule {
        verbs: texts(table, "verbs")?,
        api_groups: texts(table, "api-groups")?,
        resources: texts(table, "resources")?,
        cluster_scope: table.flag("cluster-scope")?,
        namespaces: texts(table, "namespaces")?,
    })
}

fn texts(table: &Resolved, key: &str) -> Option<Vec<String>> {
    Some(table.texts(key)?.iter().map(|(text, _)| text.clone()).collect())
}
