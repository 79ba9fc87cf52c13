//! Webhooks that the servers call while they handle a request.

use super::{Inputs, ResourceId};
use crate::units::SimSpan;

/// What follows where an admission webhook does not answer in time (`failurePolicy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailurePolicy {
    /// The write is refused.
    #[default]
    Fail,
    /// It goes on.
    Ignore,
}

/// An admission webhook.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookInput {
    /// Its name.
    pub name: String,
    /// Writes to these are sent to it; `None`: to all.
    pub resources: Option<Vec<ResourceId>>,
    /// How long it takes for a review.
    pub latency: SimSpan,
    /// `timeoutSeconds`.
    pub timeout: SimSpan,
    /// See [`FailurePolicy`].
    pub failure_policy: FailurePolicy,
}

impl WebhookInput {
    /// Whether it answers too late.
    fn is_late(&self) -> bool {
        self.latency > self.timeout
    }

    /// Whether it has every write refused that it is sent.
    fn refuses(&self) -> bool {
        self.is_late() && self.failure_policy == FailurePolicy::Fail
    }
}

/// What kubelets and leaders renew.
pub(crate) const LEASES: &str = "leases";

impl Inputs {
    /// Whether a webhook that answers too late has the renewal of every lease refused. One that is sent all writes
    /// is sent these, whether the scenario says how many leases there are or not.
    #[must_use]
    pub fn leases_refused(&self) -> bool {
        let leases = self.resource_ids().find(|id| self.resources[*id].name == LEASES);
        self.webhooks.iter().any(|webhook| {
            let sent = webhook.resources.as_ref();
            webhook.refuses()
                && sent.is_none_or(|sent| leases.is_some_and(|leases| sent.contains(&leases)))
        })
    }

    fn webhooks_of(&self, resource: ResourceId) -> impl Iterator<Item = &WebhookInput> {
        let is_sent = move |webhook: &&WebhookInput| {
            webhook.resources.as_ref().is_none_or(|resources| resources.contains(&resource))
        };
        self.webhooks.iter().filter(is_sent)
    }

    /// How long a conversion webhook takes for an object that is read from etcd: nothing where there is one version
    /// only, or no webhook.
    #[must_use]
    pub fn conversion(&self, resource: ResourceId) -> SimSpan {
        let spec = &self.resources[resource];
        spec.conversion_latency.filter(|_| spec.versions > 1).unwrap_or(SimSpan::ZERO)
    }

    /// How long a write to a resource waits for its webhooks: one after the other, as mutating ones are called
    /// (validating ones are called at once: taken for no quicker).
    #[must_use]
    pub fn admission_latency(&self, resource: ResourceId) -> SimSpan {
        let waits = self.webhooks_of(resource).map(|webhook| webhook.latency.min(webhook.timeout));
        waits.fold(SimSpan::ZERO, |sum, wait| sum + wait)
    }

    /// Whether a webhook that answers too late has the writes to a resource refused.
    #[must_use]
    pub fn admission_fails(&self, resource: ResourceId) -> bool {
        self.webhooks_of(resource).any(WebhookInput::refuses)
    }
}
