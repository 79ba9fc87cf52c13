//! An event of an audit log, borrowed from its line.
//!
//! Source: k8s.io/apiserver `pkg/apis/audit/v1/types.go`. Fields that are not needed are passed over
//! without being decoded, whole request and response objects with them.

use std::borrow::Cow;

use serde::Deserialize;

use super::clock::Micros;

/// A text that stays in the line where it has no escapes; also inside of lists.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Text<'l>(#[serde(borrow)] Cow<'l, str>);

/// `Event`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event<'l> {
    #[serde(borrow, alias = "Level")]
    level: Option<Cow<'l, str>>,
    #[serde(borrow, rename = "auditID", alias = "AuditId")]
    audit_id: Option<Cow<'l, str>>,
    #[serde(borrow, alias = "Stage")]
    stage: Option<Cow<'l, str>>,
    #[serde(borrow, rename = "requestURI", alias = "RequestUri")]
    request_uri: Option<Cow<'l, str>>,
    #[serde(borrow, alias = "Verb")]
    verb: Option<Cow<'l, str>>,
    #[serde(borrow, alias = "User")]
    user: Option<User<'l>>,
    #[serde(borrow)]
    impersonated_user: Option<User<'l>>,
    #[serde(borrow, rename = "sourceIPs", alias = "SourceIps")]
    source_ips: Option<Vec<Text<'l>>>,
    #[serde(borrow, alias = "UserAgent")]
    user_agent: Option<Cow<'l, str>>,
    /// What the request is for.
    #[serde(borrow, alias = "ObjectRef")]
    pub(super) object_ref: Option<ObjectRef<'l>>,
    #[serde(alias = "ResponseStatus")]
    response_status: Option<Status>,
    #[serde(borrow, alias = "RequestReceivedTime")]
    request_received_timestamp: Option<Cow<'l, str>>,
    #[serde(borrow, alias = "StageReceivedTime")]
    stage_timestamp: Option<Cow<'l, str>>,
    /// Of `v1alpha1`.
    #[serde(borrow)]
    timestamp: Option<Cow<'l, str>>,
}

/// `UserInfo`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct User<'l> {
    #[serde(borrow)]
    username: Option<Cow<'l, str>>,
    #[serde(borrow)]
    uid: Option<Cow<'l, str>>,
    #[serde(borrow)]
    groups: Option<Vec<Text<'l>>>,
    #[serde(borrow)]
    extra: Option<Extra<'l>>,
}

/// What bound tokens say of the Pod that holds them.
#[derive(Debug, Default, Deserialize)]
struct Extra<'l> {
    #[serde(borrow, rename = "authentication.kubernetes.io/pod-name")]
    pod_name: Option<Vec<Text<'l>>>,
    #[serde(borrow, rename = "authentication.kubernetes.io/pod-uid")]
    pod_uid: Option<Vec<Text<'l>>>,
    #[serde(borrow, rename = "authentication.kubernetes.io/node-name")]
    node_name: Option<Vec<Text<'l>>>,
}

/// `ObjectReference`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ObjectRef<'l> {
    #[serde(borrow)]
    pub(super) resource: Option<Cow<'l, str>>,
    #[serde(borrow)]
    pub(super) namespace: Option<Cow<'l, str>>,
    #[serde(borrow)]
    pub(super) api_group: Option<Cow<'l, str>>,
    #[serde(borrow)]
    pub(super) subresource: Option<Cow<'l, str>>,
}

#[derive(Debug, Default, Deserialize)]
struct Status {
    code: Option<i32>,
}

/// When in the life of a request an event was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It has arrived.
    RequestReceived,
    /// Its headers have been sent: only of what runs long, and of what is turned away.
    ResponseStarted,
    /// It has been answered.
    ResponseComplete,
    /// The handler panicked.
    Panic,
}

fn text<'e>(field: Option<&'e Cow<'_, str>>) -> &'e str {
    field.map_or("", |text| text.as_ref())
}

fn first<'e>(list: Option<&'e Vec<Text<'_>>>) -> &'e str {
    list.and_then(|list| list.first()).map_or("", |text| text.0.as_ref())
}

impl User<'_> {
    /// `username`; empty of a request that was not authenticated.
    pub(super) fn name(&self) -> &str {
        text(self.username.as_ref())
    }

    /// `uid`.
    pub(super) fn uid(&self) -> &str {
        text(self.uid.as_ref())
    }

    /// `groups`.
    pub(super) fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().flatten().map(|group| group.0.as_ref())
    }

    /// The node that the Pod is on (1.30 and newer).
    pub(super) fn node(&self) -> &str {
        first(self.extra.as_ref().and_then(|extra| extra.node_name.as_ref()))
    }

    /// The Pod whose token it is: its name and its uid, since Pods of a `StatefulSet` keep their names.
    pub(super) fn pod(&self) -> (&str, &str) {
        let extra = self.extra.as_ref();
        (
            first(extra.and_then(|extra| extra.pod_name.as_ref())),
            first(extra.and_then(|extra| extra.pod_uid.as_ref())),
        )
    }
}

impl Event<'_> {
    /// Whether it is one at all, and not some other JSON.
    pub(super) fn is_event(&self) -> bool {
        self.audit_id.is_some() && (self.verb.is_some() || self.request_uri.is_some())
    }

    /// `auditID`.
    pub(super) fn audit_id(&self) -> &str {
        text(self.audit_id.as_ref())
    }

    /// Whether it says that nothing is to be recorded.
    pub(super) fn is_of_level_none(&self) -> bool {
        self.level.as_deref() == Some("None")
    }

    /// `stage`; of `v1alpha1` and of shortened logs, which have none, the request is complete.
    pub(super) fn stage(&self) -> Stage {
        match text(self.stage.as_ref()) {
            "RequestReceived" => Stage::RequestReceived,
            "ResponseStarted" => Stage::ResponseStarted,
            "Panic" => Stage::Panic,
            _ => Stage::ResponseComplete,
        }
    }

    /// `requestURI`.
    pub(super) fn uri(&self) -> &str {
        text(self.request_uri.as_ref())
    }

    /// `verb`.
    pub(super) fn verb(&self) -> &str {
        text(self.verb.as_ref())
    }

    /// Whom API Priority and Fairness sees: the impersonated user, if there is one.
    pub(super) fn user(&self) -> Option<&User<'_>> {
        self.impersonated_user.as_ref().or(self.user.as_ref())
    }

    /// Where it came from: the first of `sourceIPs`.
    pub(super) fn address(&self) -> &str {
        first(self.source_ips.as_ref())
    }

    /// `userAgent`.
    pub(super) fn agent(&self) -> &str {
        text(self.user_agent.as_ref())
    }

    /// `responseStatus.code`; 200 where it is missing.
    pub(super) fn code(&self) -> i32 {
        self.response_status.as_ref().and_then(|status| status.code).unwrap_or(200)
    }

    /// When the request arrived, and when the event was written.
    pub(super) fn times(&self) -> Option<(Micros, Micros)> {
        let at = |field: &Option<Cow<'_, str>>| field.as_deref().and_then(Micros::parse);
        let received = at(&self.request_received_timestamp);
        let stage = at(&self.stage_timestamp).or(received).or_else(|| at(&self.timestamp))?;
        Some((received.unwrap_or(stage).min(stage), stage))
    }
}

/// What events are wrapped in on their way: a batch of a webhook, an entry of a log service.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wrapper<'l> {
    #[serde(borrow)]
    items: Option<Vec<Event<'l>>>,
    #[serde(borrow)]
    json_payload: Option<Event<'l>>,
    #[serde(borrow, rename = "_source")]
    source: Option<Event<'l>>,
}

impl<'l> Wrapper<'l> {
    /// The events inside.
    pub(super) fn events(&self) -> impl Iterator<Item = &Event<'l>> {
        self.items.iter().flatten().chain(&self.json_payload).chain(&self.source)
    }
}
