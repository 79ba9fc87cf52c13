//! Under which flow schema a fleet falls.

use serde_json::Value;

use super::{Fleet, ReadKind};
use crate::model::apf::classify::{RequestInfo, User, matches_flow_schema};
use crate::model::apf::config::{FlowSchema, PolicyRules, ResourcePolicyRule, Subject};

/// The flow schema of a fleet's first read, or of its first write if it reads nothing.
pub(super) fn flow_schema(fleet: &Fleet, schemas: &[FlowSchema]) -> Option<String> {
    let (resource, verb, namespace) = match (fleet.reads.first(), fleet.writes.first()) {
        (Some(read), _) => {
            let verb = match read.kind {
                ReadKind::Reflector | ReadKind::Poller(_) => "list",
                ReadKind::WatchList | ReadKind::Watcher => "watch",
            };
            (&read.resource, verb, read.namespace.as_deref().unwrap_or_default())
        }
        (None, Some(write)) => (&write.resource, "update", "default"),
        (None, None) => return None,
    };
    let (resource, api_group) = resource.split_once('.').unwrap_or((resource, ""));
    let info = RequestInfo {
        is_resource: true,
        verb,
        api_group,
        resource,
        namespace,
        ..RequestInfo::default()
    };
    let name = fleet.user.replace("{member}", "0");
    let user = User { name: &name, groups: &fleet.groups };
    schemas
        .iter()
        .filter(|schema| matches_flow_schema(&user, &info, schema))
        .min_by_key(|schema| (schema.matching_precedence, &schema.name))
        .map(|schema| schema.name.clone())
}

/// A `FlowSchema` object, as the API returns it.
pub(super) fn schema(object: &Value) -> Option<FlowSchema> {
    if object.get("kind")?.as_str()? != "FlowSchema" {
        return None;
    }
    let spec = object.get("spec")?;
    let precedence = spec.get("matchingPrecedence").and_then(Value::as_i64);
    Some(FlowSchema {
        name: texts(object.pointer("/metadata/name")).pop()?,
        priority_level: texts(spec.pointer("/priorityLevelConfiguration/name")).pop()?,
        matching_precedence: precedence.and_then(|at| i32::try_from(at).ok()).unwrap_or(1000),
        // Only which schema it is matters here.
        distinguisher_method: None,
        rules: list(spec.get("rules")).iter().map(rules).collect(),
    })
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A text, or a list of them.
fn texts(value: Option<&Value>) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match value {
        Some(Value::Array(all)) => all.iter().filter_map(text).collect(),
        Some(one) => text(one).into_iter().collect(),
        None => Vec::new(),
    }
}

fn rules(rules: &Value) -> PolicyRules {
    let subject = |subject: &Value| {
        let name = |path: &str| texts(subject.pointer(path)).pop();
        match subject.get("kind")?.as_str()? {
            "User" => Some(Subject::User(name("/user/name")?)),
            "Group" => Some(Subject::Group(name("/group/name")?)),
            "ServiceAccount" => Some(Subject::ServiceAccount {
                namespace: name("/serviceAccount/namespace")?,
                name: name("/serviceAccount/name")?,
            }),
            _ => None,
        }
    };
    let resource = |rule: &Value| ResourcePolicyRule {
        verbs: texts(rule.get("verbs")),
        api_groups: texts(rule.get("apiGroups")),
        resources: texts(rule.get("resources")),
        cluster_scope: rule.get("clusterScope").and_then(Value::as_bool).unwrap_or(false),
        namespaces: texts(rule.get("namespaces")),
    };
    PolicyRules {
        subjects: list(rules.get("subjects")).iter().filter_map(subject).collect(),
        resource_rules: list(rules.get("resourceRules")).iter().map(resource).collect(),
        non_resource_rules: Vec::new(),
    }
}
