//! Classification: which flow schema a request falls under, and its flow's hash.
//!
//! Source: k8s.io/apiserver `pkg/util/flowcontrol/rule.go`, `apf_controller.go`.

use sha2::{Digest, Sha256};

use super::config::{
    DistinguisherMethod, FlowSchema, NonResourcePolicyRule, PolicyRules, ResourcePolicyRule,
    Subject,
};

const ALL: &str = "*";
const SERVICE_ACCOUNT_PREFIX: &str = "system:serviceaccount:";

/// What the server knows of a request (`RequestInfo`). Texts that do not apply are empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestInfo<'a> {
    /// Whether it is for a resource rather than some other path.
    pub is_resource: bool,
    /// `get`, `list`, `watch`, `create`, ...; else the HTTP method in lower case.
    pub verb: &'a str,
    /// The bare API group.
    pub api_group: &'a str,
    /// Plural name of the resource.
    pub resource: &'a str,
    /// `status`, `scale`, ...
    pub subresource: &'a str,
    /// The namespace; empty for cluster-wide requests.
    pub namespace: &'a str,
    /// The object's name, also when given as field selector `metadata.name`.
    pub name: &'a str,
    /// The path, for requests that are not for a resource.
    pub path: &'a str,
}

/// Who asks (`user.Info`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct User<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its groups.
    pub groups: &'a [String],
}

/// Whether any rule of a flow schema matches (`matchesFlowSchema`).
#[must_use]
pub fn matches_flow_schema(user: &User, info: &RequestInfo, schema: &FlowSchema) -> bool {
    schema.rules.iter().any(|rules| matches_policy_rules(user, info, rules))
}

fn matches_policy_rules(user: &User, info: &RequestInfo, rules: &PolicyRules) -> bool {
    let subjects = &rules.subjects;
    if !subjects.iter().any(|subject| is_subject(user, subject)) {
        return false;
    }
    if info.is_resource {
        let rules = &rules.resource_rules;
        rules.iter().any(|rule| matches_resource_rule(info, rule))
    } else {
        let rules = &rules.non_resource_rules;
        rules.iter().any(|rule| matches_url_rule(info, rule))
    }
}

/// Whether a user is meant by a subject (`matchesSubject`).
fn is_subject(user: &User, subject: &Subject) -> bool {
    match subject {
        Subject::User(name) => name == ALL || name == user.name,
        Subject::Group(name) => name == ALL || user.groups.contains(name),
        Subject::ServiceAccount { namespace, name } => user
            .name
            .strip_prefix(SERVICE_ACCOUNT_PREFIX)
            .and_then(|rest| rest.strip_prefix(namespace.as_str()))
            .and_then(|rest| rest.strip_prefix(':'))
            .is_some_and(|rest| name == ALL || name == rest),
    }
}

fn matches_resource_rule(info: &RequestInfo, rule: &ResourcePolicyRule) -> bool {
    contains(info.verb, &rule.verbs)
        && contains_resource(info, &rule.resources)
        && contains(info.api_group, &rule.api_groups)
        && if info.namespace.is_empty() {
            rule.cluster_scope
        } else {
            contains(info.namespace, &rule.namespaces)
        }
}

fn matches_url_rule(info: &RequestInfo, rule: &NonResourcePolicyRule) -> bool {
    contains(info.verb, &rule.verbs)
        && rule.non_resource_urls.iter().any(|url| covers_path(url, info.path))
}

/// Whether a rule's URL is the path or above it (`matchPolicyRuleNonResourceURL`).
fn covers_path(url: &str, path: &str) -> bool {
    if url == ALL || url == path {
        return true;
    }
    let above = url.strip_suffix('*').unwrap_or(url);
    path.strip_prefix(above).is_some_and(|below| above.ends_with('/') || below.starts_with('/'))
}

/// Whether a list names a value or is just `*` (`containsString`).
fn contains(value: &str, list: &[String]) -> bool {
    is_wildcard(list) || list.iter().any(|entry| entry == value)
}

fn is_wildcard(list: &[String]) -> bool {
    matches!(list, [only] if only == ALL)
}

/// The same for `resource` or `resource/subresource`.
fn contains_resource(info: &RequestInfo, list: &[String]) -> bool {
    is_wildcard(list)
        || list.iter().any(|entry| {
            if info.subresource.is_empty() {
                return entry == info.resource;
            }
            entry.strip_prefix(info.resource).and_then(|rest| rest.strip_prefix('/'))
                == Some(info.subresource)
        })
}

/// What distinguishes a request's flow from others of its flow schema (`computeFlowDistinguisher`).
#[must_use]
pub fn flow_distinguisher<'a>(
    user: &User<'a>,
    info: &RequestInfo<'a>,
    method: Option<DistinguisherMethod>,
) -> &'a str {
    match method {
        None => "",
        Some(DistinguisherMethod::ByUser) => user.name,
        Some(DistinguisherMethod::ByNamespace) => info.namespace,
    }
}

/// The hash of a flow (`hashFlowID`).
#[must_use]
pub fn hash_flow_id(flow_schema: &str, distinguisher: &str) -> u64 {
    let mut hash = Sha256::new();
    hash.update(flow_schema);
    hash.update([0]);
    hash.update(distinguisher);
    let digest = hash.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_le_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::{covers_path, hash_flow_id};

    #[test]
    fn known_hashes() {
        // docs/facts/apf.md 7.4.
        assert_eq!(hash_flow_id("kube-system-service-accounts", ""), 7_354_337_382_563_776_849);
        assert_eq!(hash_flow_id("global-default", "system:anonymous"), 5_951_248_168_697_086_108);
    }

    #[test]
    fn a_url_covers_what_is_below_it() {
        assert!(covers_path("/healthz", "/healthz/etcd"));
        assert!(!covers_path("/healthz", "/healthzz"));
        assert!(covers_path("/api*", "/api/v1"));
        assert!(!covers_path("/api*", "/apis"));
        assert!(covers_path("/api/*", "/api/v1"));
        assert!(!covers_path("/api/", "/api"));
    }
}
