//! Auditing, as the flags of kube-apiserver and the policy file set it.

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
    /// What is recorded of requests that write.
    pub level: AuditLevel,
    /// What is recorded of GETs, LISTs and watches; `None`: the same.
    pub reads: Option<AuditLevel>,
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
    /// `--audit-webhook-batch-throttle-qps`: batches per second. Its burst is a matter of a second or two.
    pub throttle_qps: f64,
}

/// As kube-apiserver has it without a policy file (k8s.io/apiserver `pkg/server/options/audit.go`).
impl Default for AuditInput {
    fn default() -> Self {
        Self {
            level: AuditLevel::None,
            reads: None,
            backend: AuditBackend::Log,
            mode: None,
            latency: SimSpan::millis(5),
            buffer_size: 10_000,
            batch_max_size: None,
            batch_max_wait: SimSpan::secs(30),
            throttle_qps: 10.0,
        }
    }
}

impl AuditInput {
    /// What is recorded of GETs, LISTs and watches.
    #[must_use]
    pub fn of_reads(&self) -> AuditLevel {
        self.reads.unwrap_or(self.level)
    }

    /// Whether nothing is recorded.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.level == AuditLevel::None && self.of_reads() == AuditLevel::None
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
    pub fn blocks_for(&self) -> SimSpan {
        match self.mode() {
            AuditMode::Blocking if !self.is_off() => self.latency,
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
