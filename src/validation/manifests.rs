//! Applied manifests of API Priority and Fairness, as JSON.
//!
//! Fields that are left out get the API's defaults (docs/facts/apf.md section 1).

use serde::Deserialize;
use serde_json::Value;

use crate::model::apf::config::{
    DistinguisherMethod, FlowSchema, LimitResponse, NonResourcePolicyRule, PolicyRules,
    PriorityLevelConfiguration, ResourcePolicyRule, Subject,
};
use crate::model::input::ApfInput;

#[derive(Deserialize)]
#[serde(tag = "kind")]
enum Manifest {
    PriorityLevelConfiguration { metadata: Metadata, spec: LevelSpec },
    FlowSchema { metadata: Metadata, spec: SchemaSpec },
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
}

#[derive(Deserialize)]
struct LevelSpec {
    #[serde(rename = "type")]
    kind: String,
    limited: Option<Limited>,
    exempt: Option<Limited>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Limited {
    nominal_concurrency_shares: Option<u32>,
    lendable_percent: Option<u32>,
    borrowing_limit_percent: Option<u32>,
    limit_response: Option<Response>,
}

#[derive(Deserialize)]
struct Response {
    #[serde(rename = "type")]
    kind: String,
    queuing: Option<Queuing>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Queuing {
    queues: Option<u32>,
    hand_size: Option<u32>,
    queue_length_limit: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SchemaSpec {
    priority_level_configuration: Metadata,
    matching_precedence: Option<i32>,
    distinguisher_method: Option<Distinguisher>,
    #[serde(default)]
    rules: Vec<Rules>,
}

#[derive(Deserialize)]
struct Distinguisher {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Rules {
    subjects: Vec<SubjectObject>,
    #[serde(default, rename = "resourceRules")]
    resources: Vec<ResourceRule>,
    #[serde(default, rename = "nonResourceRules")]
    urls: Vec<NonResourceRule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubjectObject {
    kind: String,
    user: Option<Metadata>,
    group: Option<Metadata>,
    service_account: Option<Account>,
}

#[derive(Deserialize)]
struct Account {
    namespace: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceRule {
    verbs: Vec<String>,
    api_groups: Vec<String>,
    resources: Vec<String>,
    #[serde(default)]
    cluster_scope: bool,
    #[serde(default)]
    namespaces: Vec<String>,
}

#[derive(Deserialize)]
struct NonResourceRule {
    verbs: Vec<String>,
    #[serde(rename = "nonResourceURLs")]
    urls: Vec<String>,
}

/// Adds one manifest, an object or the text of one.
pub(super) fn add(manifest: &Value, apf: &mut ApfInput) -> Result<(), String> {
    let parsed: Result<Manifest, _> = match manifest {
        Value::String(text) => serde_json::from_str(text),
        other => Manifest::deserialize(other),
    };
    match parsed.map_err(|error| error.to_string())? {
        Manifest::PriorityLevelConfiguration { metadata, spec } => {
            apf.levels.push(level(metadata.name, spec)?);
        }
        Manifest::FlowSchema { metadata, spec } => {
            apf.flow_schemas.push(flow_schema(metadata.name, spec)?);
        }
    }
    Ok(())
}

fn level(name: String, spec: LevelSpec) -> Result<PriorityLevelConfiguration, String> {
    let exempt = spec.kind == "Exempt";
    let limited = if exempt { spec.exempt } else { spec.limited }.unwrap_or_default();
    let response = match limited.limit_response {
        _ if exempt => LimitResponse::Exempt,
        Some(response) if response.kind == "Queue" => {
            let queuing = response.queuing.unwrap_or_default();
            LimitResponse::Queue {
                queues: queuing.queues.unwrap_or(LimitResponse::DEFAULT_QUEUES),
                hand_size: queuing.hand_size.unwrap_or(LimitResponse::DEFAULT_HAND_SIZE),
                queue_length_limit: queuing
                    .queue_length_limit
                    .unwrap_or(LimitResponse::DEFAULT_QUEUE_LENGTH_LIMIT),
            }
        }
        _ => LimitResponse::Reject,
    };
    if let LimitResponse::Queue { queues, hand_size, .. } = response
        && (hand_size == 0 || hand_size > queues)
    {
        return Err(format!("`{name}`: a hand of {hand_size} from {queues} queues"));
    }
    Ok(PriorityLevelConfiguration {
        name,
        nominal_concurrency_shares: limited.nominal_concurrency_shares.unwrap_or(if exempt {
            0
        } else {
            30
        }),
        lendable_percent: Some(limited.lendable_percent.unwrap_or(0)),
        borrowing_limit_percent: limited.borrowing_limit_percent,
        response,
    })
}

fn flow_schema(name: String, spec: SchemaSpec) -> Result<FlowSchema, String> {
    Ok(FlowSchema {
        name,
        priority_level: spec.priority_level_configuration.name,
        matching_precedence: spec.matching_precedence.unwrap_or(1000),
        distinguisher_method: spec.distinguisher_method.map(|method| {
            if method.kind == "ByUser" {
                DistinguisherMethod::ByUser
            } else {
                DistinguisherMethod::ByNamespace
            }
        }),
        rules: spec.rules.into_iter().map(rules).collect::<Result<_, _>>()?,
    })
}

fn rules(rules: Rules) -> Result<PolicyRules, String> {
    Ok(PolicyRules {
        subjects: rules.subjects.into_iter().map(subject).collect::<Result<_, _>>()?,
        resource_rules: rules
            .resources
            .into_iter()
            .map(|rule| ResourcePolicyRule {
                verbs: rule.verbs,
                api_groups: rule.api_groups,
                resources: rule.resources,
                cluster_scope: rule.cluster_scope,
                namespaces: rule.namespaces,
            })
            .collect(),
        non_resource_rules: rules
            .urls
            .into_iter()
            .map(|rule| NonResourcePolicyRule { verbs: rule.verbs, non_resource_urls: rule.urls })
            .collect(),
    })
}

fn subject(object: SubjectObject) -> Result<Subject, String> {
    match (object.kind.as_str(), object.user, object.group, object.service_account) {
        ("User", Some(user), ..) => Ok(Subject::User(user.name)),
        ("Group", _, Some(group), _) => Ok(Subject::Group(group.name)),
        ("ServiceAccount", _, _, Some(account)) => {
            Ok(Subject::ServiceAccount { namespace: account.namespace, name: account.name })
        }
        (kind, ..) => Err(format!("a subject of kind `{kind}` names nobody")),
    }
}
