//! The configuration objects: priority levels and flow schemas.
//!
//! Source: `flowcontrol.apiserver.k8s.io/v1`; docs/facts/apf.md sections 1.1, 1.2 and 1.9. Names are
//! those of the API; defaults of absent fields are the reader's business
//! ([`LimitResponse::DEFAULT_QUEUES`] and its like).

use super::queue_set::Queuing;
pub use super::shuffle_sharding::{MAX_HASH_BITS, required_entropy_bits};

/// Name of the mandatory exempt level and flow schema.
pub const EXEMPT: &str = "exempt";
/// Name of the mandatory level and flow schema of last resort.
pub const CATCH_ALL: &str = "catch-all";

/// `PriorityLevelConfiguration`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriorityLevelConfiguration {
    /// Its name.
    pub name: String,
    /// `nominalConcurrencyShares` (`assuredConcurrencyShares` up to v1beta2).
    pub nominal_concurrency_shares: u32,
    /// `lendablePercent`, 0 to 100.
    pub lendable_percent: Option<u32>,
    /// `borrowingLimitPercent`; `None` borrows without limit.
    pub borrowing_limit_percent: Option<u32>,
    /// `type` and `limitResponse`.
    pub response: LimitResponse,
}

/// What a level does with a request that exceeds its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitResponse {
    /// `type: Exempt`: there is no limit. Only for the level [`EXEMPT`].
    Exempt,
    /// `limitResponse.type: Reject`.
    Reject,
    /// `limitResponse.type: Queue`.
    Queue {
        /// `queues`.
        queues: u32,
        /// `handSize`.
        hand_size: u32,
        /// `queueLengthLimit`.
        queue_length_limit: u32,
    },
}

impl LimitResponse {
    /// Default of `queues`.
    pub const DEFAULT_QUEUES: u32 = 64;
    /// Default of `handSize`.
    pub const DEFAULT_HAND_SIZE: u32 = 8;
    /// Default of `queueLengthLimit`.
    pub const DEFAULT_QUEUE_LENGTH_LIMIT: u32 = 50;

    /// As the queue set takes it.
    #[must_use]
    pub fn queuing(self) -> Queuing {
        match self {
            Self::Exempt => Queuing::Exempt,
            // The API admits no level of 0 queues that queues; the source would reject.
            Self::Reject | Self::Queue { queues: 0, .. } => Queuing::Reject,
            Self::Queue { queues, hand_size, queue_length_limit } => Queuing::Queue {
                queues: queues as usize,
                hand_size: hand_size as usize,
                queue_length_limit: u64::from(queue_length_limit),
            },
        }
    }
}

/// `FlowSchema`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowSchema {
    /// Its name.
    pub name: String,
    /// `priorityLevelConfiguration.name`.
    pub priority_level: String,
    /// `matchingPrecedence`: the lowest is tried first; default 1000.
    pub matching_precedence: i32,
    /// `distinguisherMethod`.
    pub distinguisher_method: Option<DistinguisherMethod>,
    /// `rules`: any may match.
    pub rules: Vec<PolicyRules>,
}

/// What distinguishes the flows of a flow schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DistinguisherMethod {
    /// The user's name.
    ByUser,
    /// The namespace of the request; all cluster-wide requests are one flow.
    ByNamespace,
}

/// `PolicyRulesWithSubjects`: any subject and any rule of the request's kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyRules {
    /// `subjects`.
    pub subjects: Vec<Subject>,
    /// `resourceRules`.
    pub resource_rules: Vec<ResourcePolicyRule>,
    /// `nonResourceRules`.
    pub non_resource_rules: Vec<NonResourcePolicyRule>,
}

/// `Subject`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A user; `*` is any.
    User(String),
    /// A group; `*` is any.
    Group(String),
    /// A service account.
    ServiceAccount {
        /// Its namespace.
        namespace: String,
        /// Its name; `*` is any of the namespace.
        name: String,
    },
}

/// `ResourcePolicyRule`. A list of just `*` matches anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourcePolicyRule {
    /// `verbs`.
    pub verbs: Vec<String>,
    /// `apiGroups`, without versions.
    pub api_groups: Vec<String>,
    /// `resources`: `pods`, `pods/status`.
    pub resources: Vec<String>,
    /// `clusterScope`: whether requests without a namespace match.
    pub cluster_scope: bool,
    /// `namespaces`, for requests with one.
    pub namespaces: Vec<String>,
}

/// `NonResourcePolicyRule`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NonResourcePolicyRule {
    /// `verbs`.
    pub verbs: Vec<String>,
    /// `nonResourceURLs`: a path and everything below it.
    pub non_resource_urls: Vec<String>,
}
