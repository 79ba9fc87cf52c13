//! The model's objects from the typed tables.

use crate::language::Resolved;
use crate::language::table::typed::{Earlier, FromTable};
use crate::model::apf::config::{
    FlowSchema, LimitResponse, NonResourcePolicyRule, PolicyRules, PriorityLevelConfiguration,
    ResourcePolicyRule, Subject,
};
use crate::model::input::ApfInput;
use crate::scenario::keys::apf::{
    Apf, FlowSchema as FlowSchemaKeys, Level, LevelType, NonResourceRule, ResourceRule, Rules,
};

/// The input; `None` if the fields of an object do not go together, which is reported before.
pub(in crate::scenario) fn input(apf: Apf) -> Option<ApfInput> {
    let Apf { enabled, manifests: Earlier, levels, flow_schemas } = apf;
    Some(ApfInput {
        enabled,
        levels: levels.into_iter().map(level_of).collect::<Option<_>>()?,
        flow_schemas: flow_schemas.into_iter().map(flow_schema_of).collect::<Option<_>>()?,
    })
}

/// A priority level; `None` while any of its keys is wrong.
pub(super) fn level(table: &Resolved) -> Option<PriorityLevelConfiguration> {
    level_of(Level::from_table(table)?)
}

fn level_of(table: Level) -> Option<PriorityLevelConfiguration> {
    let Level { name, r#type, shares, lendable, borrowing_limit, queues, hand_size, queue_length } =
        table;
    // Whole per cent, and within the bounds of the key.
    let percent = |share: f64| (share * 100.0).round() as u32;
    Some(PriorityLevelConfiguration {
        name,
        nominal_concurrency_shares: shares,
        lendable_percent: Some(percent(lendable)),
        borrowing_limit_percent: borrowing_limit.map(percent),
        response: match r#type {
            LevelType::Exempt => LimitResponse::Exempt,
            LevelType::Reject => LimitResponse::Reject,
            LevelType::Queue => LimitResponse::Queue {
                queues: queues?,
                hand_size: hand_size?,
                queue_length_limit: queue_length?,
            },
        },
    })
}

/// A flow schema; `None` while any of its keys is wrong.
pub(super) fn flow_schema(table: &Resolved) -> Option<FlowSchema> {
    flow_schema_of(FlowSchemaKeys::from_table(table)?)
}

fn flow_schema_of(table: FlowSchemaKeys) -> Option<FlowSchema> {
    let FlowSchemaKeys {
        name,
        level: priority_level,
        precedence: matching_precedence,
        distinguisher: distinguisher_method,
        users,
        groups,
        service_accounts,
        verbs,
        api_groups,
        resources,
        namespaces,
        cluster_scope,
        rules,
    } = table;
    let rules = match rules {
        Some(rules) => rules.into_iter().map(policy_rules).collect::<Option<_>>()?,
        None => vec![PolicyRules {
            subjects: subjects(users, groups, &service_accounts)?,
            resource_rules: vec![ResourcePolicyRule {
                verbs,
                api_groups,
                resources,
                cluster_scope: cluster_scope?,
                namespaces,
            }],
            non_resource_rules: Vec::new(),
        }],
    };
    Some(FlowSchema { name, priority_level, matching_precedence, distinguisher_method, rules })
}

fn policy_rules(table: Rules) -> Option<PolicyRules> {
    let Rules { users, groups, service_accounts, resource_rules, non_resource_rules } = table;
    let resource_rule = |rule: ResourceRule| {
        let ResourceRule { verbs, api_groups, resources, namespaces, cluster_scope } = rule;
        ResourcePolicyRule { verbs, api_groups, resources, cluster_scope, namespaces }
    };
    let non_resource = |rule: NonResourceRule| {
        let NonResourceRule { verbs, urls: non_resource_urls } = rule;
        NonResourcePolicyRule { verbs, non_resource_urls }
    };
    Some(PolicyRules {
        subjects: subjects(users, groups, &service_accounts)?,
        resource_rules: resource_rules.into_iter().map(resource_rule).collect(),
        non_resource_rules: non_resource_rules.into_iter().map(non_resource).collect(),
    })
}

/// Users, then groups, then service accounts: any may match, so their order does not matter.
fn subjects(
    users: Vec<String>,
    groups: Vec<String>,
    service_accounts: &[String],
) -> Option<Vec<Subject>> {
    let account = |text: &String| {
        let (namespace, name) = text.split_once(':')?;
        Some(Subject::ServiceAccount { namespace: namespace.to_owned(), name: name.to_owned() })
    };
    let names = users.into_iter().map(Subject::User).chain(groups.into_iter().map(Subject::Group));
    names.map(Some).chain(service_accounts.iter().map(account)).collect()
}
