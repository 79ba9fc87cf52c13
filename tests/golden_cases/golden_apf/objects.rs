//! Configuration objects and behaviours of the recorded release.

use oomcast::model::apf::config::{
    LimitResponse, NonResourcePolicyRule, PolicyRules, PriorityLevelConfiguration,
    ResourcePolicyRule, Subject,
};
use oomcast::model::release::Release;
use serde::Deserialize;

/// Kubernetes 1.36, where the data was recorded.
pub(crate) fn recorded() -> Release {
    Release::of_minor(36).expect("a modelled minor")
}

/// A priority level of the data.
pub(crate) fn level(
    name: &str,
    exempt: bool,
    shares: u32,
    queuing: Option<(u32, u32, u32)>,
) -> PriorityLevelConfiguration {
    PriorityLevelConfiguration {
        name: name.to_owned(),
        nominal_concurrency_shares: shares,
        lendable_percent: None,
        borrowing_limit_percent: None,
        response: match queuing {
            _ if exempt => LimitResponse::Exempt,
            None => LimitResponse::Reject,
            Some((queues, hand_size, queue_length_limit)) => {
                LimitResponse::Queue { queues, hand_size, queue_length_limit }
            }
        },
    }
}

/// Rules as in `apf-classify`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "names of the data")]
pub(crate) struct Rules {
    subjects: Vec<FlatSubject>,
    #[serde(default)]
    resource_rules: Vec<ResourceRule>,
    #[serde(default)]
    non_resource_rules: Vec<UrlRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FlatSubject {
    kind: String,
    name: String,
    #[serde(default)]
    namespace: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ResourceRule {
    verbs: Vec<String>,
    api_groups: Vec<String>,
    resources: Vec<String>,
    #[serde(default)]
    namespaces: Vec<String>,
    #[serde(default)]
    cluster_scope: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UrlRule {
    verbs: Vec<String>,
    #[serde(alias = "nonResourceURLs")]
    urls: Vec<String>,
}

impl Rules {
    pub(crate) fn model(&self) -> PolicyRules {
        PolicyRules {
            subjects: self.subjects.iter().map(FlatSubject::model).collect(),
            resource_rules: self.resource_rules.iter().map(ResourceRule::model).collect(),
            non_resource_rules: self.non_resource_rules.iter().map(UrlRule::model).collect(),
        }
    }
}

impl FlatSubject {
    fn model(&self) -> Subject {
        subject(&self.kind, &self.name, &self.namespace)
    }
}

pub(crate) fn subject(kind: &str, name: &str, namespace: &str) -> Subject {
    let name = name.to_owned();
    match kind {
        "User" => Subject::User(name),
        "Group" => Subject::Group(name),
        "ServiceAccount" => Subject::ServiceAccount { namespace: namespace.to_owned(), name },
        _ => panic!("unknown kind of subject {kind}"),
    }
}

impl ResourceRule {
    pub(crate) fn model(&self) -> ResourcePolicyRule {
        ResourcePolicyRule {
            verbs: self.verbs.clone(),
            api_groups: self.api_groups.clone(),
            resources: self.resources.clone(),
            cluster_scope: self.cluster_scope,
            namespaces: self.namespaces.clone(),
        }
    }
}

impl UrlRule {
    pub(crate) fn model(&self) -> NonResourcePolicyRule {
        NonResourcePolicyRule { verbs: self.verbs.clone(), non_resource_urls: self.urls.clone() }
    }
}
