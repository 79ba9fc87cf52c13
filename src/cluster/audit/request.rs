//! What a request asks for: the part of it that all members of a fleet have in common.

use std::borrow::Cow;

use super::event::Event;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// Reads a collection once.
    List,
    /// Follows a collection.
    Watch,
    /// Writes a new object.
    Create,
    /// Replaces an object.
    Update,
    /// Changes parts of an object.
    Patch,
    /// Deletes an object, or a collection.
    Delete,
}

impl Verb {
    /// Whether it changes what is stored.
    #[must_use]
    pub const fn writes(self) -> bool {
        match self {
            Self::List | Self::Watch => false,
            Self::Create | Self::Update | Self::Patch | Self::Delete => true,
        }
    }
}

/// The resource version that a read asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum VersionAsked {
    /// None: the newest.
    #[default]
    Newest,
    /// `0`: whatever the watch cache has.
    Any,
    /// One that was seen before, or a newer one.
    NotOlderThan,
    /// Just this one.
    Exact,
}

/// What a kind of request is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The API group; empty for core.
    pub group: String,
    /// The plural.
    pub resource: String,
    /// Whether it is within one namespace.
    pub namespaced: bool,
    /// The selectors without their values: `spec.nodeName=`, `app=,tier=`.
    pub selector: String,
}

/// Subresources that are written but stored nowhere, or are no writes at all.
const NOT_STORED: [&str; 6] = ["token", "exec", "attach", "portforward", "proxy", "log"];
/// Resources that are asked by creating them, and stored nowhere.
const QUESTIONS: [&str; 7] = [
    "tokenreviews",
    "subjectaccessreviews",
    "selfsubjectaccessreviews",
    "selfsubjectrulesreviews",
    "localsubjectaccessreviews",
    "selfsubjectreviews",
    "tokenrequests",
];

/// A request, borrowed from its event.
#[derive(Debug, Default)]
pub(super) struct Request<'e> {
    pub(super) verb: Option<Verb>,
    pub(super) group: Cow<'e, str>,
    pub(super) resource: Cow<'e, str>,
    pub(super) namespace: Cow<'e, str>,
    pub(super) field_selector: String,
    pub(super) label_selector: String,
    pub(super) version: VersionAsked,
    pub(super) limit: Option<u64>,
    /// Whether it is the second or a later page of a list.
    pub(super) continues: bool,
    pub(super) watch_list: bool,
    pub(super) timeout_seconds: Option<u64>,
}

/// Whether a resource can be named so (a DNS label, as Kubernetes `apiextensions` demands of plurals).
fn is_resource(name: &str) -> bool {
    let of_label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty() && name.chars().all(of_label)
}

impl<'e> Request<'e> {
    /// What an event asks for.
    pub(super) fn of(event: &'e Event<'_>) -> Self {
        let (path, query) = event.uri().split_once('?').unwrap_or((event.uri(), ""));
        let mut request = Self::default();
        let mut subresource = "";
        if let Some(object) = event.object_ref.as_ref().filter(|object| object.resource.is_some()) {
            request.group = borrowed(object.api_group.as_ref());
            request.resource = borrowed(object.resource.as_ref());
            request.namespace = borrowed(object.namespace.as_ref());
            subresource = object.subresource.as_deref().unwrap_or_default();
        } else {
            request.read_path(path, &mut subresource);
        }
        if request.resource == "namespaces" {
            request.namespace = Cow::Borrowed("");
        }
        let mut dry = false;
        request.read_query(query, &mut dry);
        let stored = !dry
            && is_resource(&request.resource)
            && !NOT_STORED.contains(&subresource)
            && !QUESTIONS.contains(&request.resource.as_ref());
        request.verb = verb(event.verb(), query).filter(|_| stored);
        request
    }

    /// `/api/v1/namespaces/NS/pods/NAME/status`, `/apis/GROUP/VERSION/…`.
    fn read_path(&mut self, path: &'e str, subresource: &mut &'e str) {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        match parts.next() {
            Some("api") => {}
            Some("apis") => self.group = Cow::Borrowed(parts.next().unwrap_or_default()),
            _ => return,
        }
        let rest: Vec<&str> = parts.skip(1).filter(|part| *part != "watch").collect();
        let inside = match rest.as_slice() {
            ["namespaces", namespace, inside @ ..] if !inside.is_empty() => {
                self.namespace = Cow::Borrowed(namespace);
                inside
            }
            all => all,
        };
        self.resource = Cow::Borrowed(inside.first().copied().unwrap_or_default());
        *subresource = inside.get(2).copied().unwrap_or_default();
    }

    fn read_query(&mut self, query: &str, dry: &mut bool) {
        let mut exact = false;
        for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match key {
                "fieldSelector" => self.field_selector = decoded(value),
                "labelSelector" => self.label_selector = decoded(value),
                "resourceVersion" => {
                    self.version = match value {
                        "" => VersionAsked::Newest,
                        "0" => VersionAsked::Any,
                        _ => VersionAsked::NotOlderThan,
                    }
                }
                "resourceVersionMatch" => exact = value == "Exact",
                "limit" => self.limit = value.parse().ok().filter(|limit| *limit > 0),
                "continue" => self.continues = !value.is_empty(),
                "sendInitialEvents" => self.watch_list = value == "true",
                "timeoutSeconds" => self.timeout_seconds = value.parse().ok(),
                "dryRun" => *dry = true,
                _ => {}
            }
        }
        if exact && self.version == VersionAsked::NotOlderThan {
            self.version = VersionAsked::Exact;
        }
    }

    /// The selectors without their values.
    pub(super) fn selector_form(&self) -> String {
        let form = |selector: &str| {
            let terms = split_terms(selector).map(|term| match term.find(['=', '!', ' ', '(']) {
                Some(at) => {
                    let value = term[at..].trim_start_matches(['=', '!']);
                    format!("{}{}", &term[..at], &term[at..term.len() - value.len()])
                }
                None => term.to_owned(),
            });
            terms.collect::<Vec<_>>().join(",")
        };
        match (self.field_selector.as_str(), self.label_selector.as_str()) {
            ("", "") => String::new(),
            (fields, "") => form(fields),
            ("", labels) => form(labels),
            (fields, labels) => format!("{} {}", form(fields), form(labels)),
        }
    }

    /// The selectors with their values.
    pub(super) fn selector(&self) -> String {
        match (self.field_selector.as_str(), self.label_selector.as_str()) {
            (fields, "") => fields.to_owned(),
            ("", labels) => labels.to_owned(),
            (fields, labels) => format!("{fields} {labels}"),
        }
    }
}

fn borrowed<'e>(text: Option<&'e Cow<'_, str>>) -> Cow<'e, str> {
    Cow::Borrowed(text.map_or("", |text| text.as_ref()))
}

/// The verb, as the server understood it.
fn verb(verb: &str, query: &str) -> Option<Verb> {
    Some(match verb {
        "watch" | "watchlist" => Verb::Watch,
        "list" if query.contains("watch=true") || query.contains("watch=1") => Verb::Watch,
        "list" => Verb::List,
        "create" => Verb::Create,
        "update" => Verb::Update,
        "patch" => Verb::Patch,
        "delete" | "deletecollection" => Verb::Delete,
        _ => return None,
    })
}

/// The terms of a selector: split at commas outside of parentheses.
fn split_terms(selector: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    selector.split(move |c| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth <= 0
    })
}

/// Undoes percent encoding.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = (*byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(code) => {
                plain.push(code);
                at += 3;
            }
            None => {
                plain.push(if *byte == b'+' { b' ' } else { *byte });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}
