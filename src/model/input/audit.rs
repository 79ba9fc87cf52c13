//! Auditing, as the flags of kube-apiserver and the policy file set it.

use super::{FleetId, Inputs, ResourceId};
use crate::units::SimSpan;

/// How much of a request the audit policy records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuditLevel {
    /// Nothing: auditing is off.
    #[default]
    None,
    /// Who asked for what, and when.
    Metadata,
    /// The body of the request, too.
    Request,
    /// And that of the response.
    RequestResponse,
}

/// Where audit events go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuditBackend {
    /// A file (`--audit-log-path`).
    #[default]
    Log,
    /// A web service (`--audit-webhook-config-file`).
    Webhook,
}

/// When a backend is given them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditMode {
    /// From a buffer, several at once.
    Batch,
    /// Before a request ends.
    Blocking,
}

/// See the module's documentation.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditInput {
    /// What is recorded of requests that write, where no rule matches them.
    pub level: AuditLevel,
    /// What is recorded of GETs, LISTs and watches, where no rule matches them; `None`: the same.
    pub reads: Option<AuditLevel>,
    /// The rules of the policy, the first that matches a request decides.
    pub rules: Vec<AuditRule>,
    /// Whether no events of the stage `RequestReceived` are made (`omitStages` of the policy).
    pub omit_request_received: bool,
    /// See [`AuditBackend`].
    pub backend: AuditBackend,
    /// See [`AuditMode`]; `None`: batch for a webhook, blocking for a log, as the flags have it.
    pub mode: Option<AuditMode>,
    /// How long the backend takes for a batch, or in blocking mode for an event.
    pub latency: SimSpan,
    /// `--audit-*-batch-buffer-size`: events that wait to be sent; further ones are dropped.
    pub buffer_size: u64,
    /// `--audit-*-batch-max-size`; `None`: 400 for a webhook, 1 for a log.
    pub batch_max_size: Option<u64>,
    /// `--audit-*-batch-max-wait`.
    pub batch_max_wait: SimSpan,
    /// `--audit-webhook-batch-throttle-qps`: batches per second.
    pub throttle_qps: f64,
    /// `--audit-webhook-batch-throttle-burst`: batches at once after a quiet time.
    pub throttle_burst: u64,
}

/// A rule of the policy (k8s.io/apiserver `pkg/audit/policy/checker.go`). An empty list matches all.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRule {
    /// What is recorded of the requests that match.
    pub level: AuditLevel,
    /// Names of users.
    pub users: Vec<String>,
    /// Groups; a user of any of them matches.
    pub groups: Vec<String>,
    /// Verbs.
    pub verbs: Vec<String>,
    /// Plural names, or `*`.
    pub resources: Vec<String>,
    /// As that of the policy, which counts as well.
    pub omit_request_received: bool,
}

/// What a request is to the rules of a policy.
#[derive(Clone, Copy, Debug)]
struct Asked<'a> {
    /// Any of these, which cannot be told apart.
    verbs: &'static [&'static str],
    resource: &'a str,
    /// The user and its groups, where they are known.
    who: Option<(&'a str, &'a [String])>,
}

impl AuditRule {
    fn matches(&self, asked: Asked<'_>) -> bool {
        let any = |list: &[String], fits: &dyn Fn(&String) -> bool| {
            list.is_empty() || list.iter().any(fits)
        };
        any(&self.users, &|user| asked.who.is_some_and(|(name, _)| name == user))
            && any(&self.groups, &|group| asked.who.is_some_and(|(_, all)| all.contains(group)))
            && any(&self.verbs, &|verb| asked.verbs.contains(&verb.as_str()))
            && any(&self.resources, &|plural| plural == "*" || plural == asked.resource)
    }
}

/// What a policy records of a kind of request.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Recorded {
    /// How much of it.
    pub level: AuditLevel,
    /// Events that each leaves.
    pub events: f64,
}

/// As kube-apiserver has it without a policy file (k8s.io/apiserver `pkg/server/options/audit.go`).
impl Default for AuditInput {
    fn default() -> Self {
        Self {
            level: AuditLevel::None,
            reads: None,
            rules: Vec::new(),
            omit_request_received: false,
            backend: AuditBackend::Log,
            mode: None,
            latency: SimSpan::millis(5),
            buffer_size: 10_000,
            batch_max_size: None,
            batch_max_wait: SimSpan::secs(30),
            throttle_qps: 10.0,
            throttle_burst: 15,
        }
    }
}

impl AuditInput {
    /// What is recorded of GETs, LISTs and watches that no rule matches.
    fn of_reads(&self) -> AuditLevel {
        self.reads.unwrap_or(self.level)
    }

    /// Whether nothing is recorded.
    #[must_use]
    pub fn is_off(&self) -> bool {
        let rules = self.rules.iter().map(|rule| rule.level);
        rules.chain([self.level, self.of_reads()]).all(|level| level == AuditLevel::None)
    }

    /// What is recorded of a request for which `otherwise` holds where no rule matches.
    fn recorded(&self, asked: Asked<'_>, otherwise: AuditLevel) -> Recorded {
        let rule = self.rules.iter().find(|rule| rule.matches(asked));
        let level = rule.map_or(otherwise, |rule| rule.level);
        let omits = self.omit_request_received || rule.is_some_and(|r| r.omit_request_received);
        // Received, and complete.
        let events = match level {
            AuditLevel::None => 0.0,
            AuditLevel::Metadata | AuditLevel::Request | AuditLevel::RequestResponse if omits => {
                1.0
            }
            AuditLevel::Metadata | AuditLevel::Request | AuditLevel::RequestResponse => 2.0,
        };
        Recorded { level, events }
    }

    /// When the backend is given events.
    #[must_use]
    pub fn mode(&self) -> AuditMode {
        self.mode.unwrap_or(match self.backend {
            AuditBackend::Log => AuditMode::Blocking,
            AuditBackend::Webhook => AuditMode::Batch,
        })
    }

    /// How long a request waits for the backend before it ends.
    #[must_use]
    pub fn blocks_for(&self, recorded: Recorded) -> SimSpan {
        match self.mode() {
            AuditMode::Blocking if recorded.level > AuditLevel::None => self.latency,
            AuditMode::Blocking | AuditMode::Batch => SimSpan::ZERO,
        }
    }

    /// Events of a batch at most.
    #[must_use]
    pub fn batch(&self) -> u64 {
        self.batch_max_size.unwrap_or(match self.backend {
            AuditBackend::Log => 1,
            AuditBackend::Webhook => 400,
        })
    }
}

impl Inputs {
    /// What is recorded of a write to a resource, as its steady writer makes it.
    #[must_use]
    pub fn recorded_of_write(&self, resource: ResourceId) -> Recorded {
        let spec = &self.resources[resource];
        let who = Some((spec.writer.user.as_str(), spec.writer.groups.as_slice()));
        let asked = Asked { verbs: &["update", "patch"], resource: &spec.name, who };
        self.audit.recorded(asked, self.audit.level)
    }

    /// What is recorded of a GET of an object; whose it is is not known.
    #[must_use]
    pub fn recorded_of_get(&self, resource: ResourceId) -> Recorded {
        let resource = &self.resources[resource].name;
        let asked = Asked { verbs: &["get"], resource, who: None };
        self.audit.recorded(asked, self.audit.of_reads())
    }

    /// What is recorded of a LIST by a fleet.
    #[must_use]
    pub fn recorded_of_list(&self, fleet: FleetId, resource: ResourceId) -> Recorded {
        let spec = &self.fleets[fleet];
        let who = Some((spec.user.as_str(), spec.groups.as_slice()));
        let asked = Asked { verbs: &["list"], resource: &self.resources[resource].name, who };
        self.audit.recorded(asked, self.audit.of_reads())
    }
}
