//! [`WatchTracker`]: how many watchers a mutating request is taken to have.
//!
//! Source: k8s.io/apiserver `pkg/util/flowcontrol/watch_tracker.go`; field selectors as
//! k8s.io/apimachinery `pkg/fields/selector.go` reads them. The model counts open watches by fleet
//! instead, by the same rules: those of the resource, but for watches of the pods of one node.

use std::collections::BTreeMap;

use oomcast::model::apf::classify::RequestInfo;

/// Requests of these verbs make no events (`readOnlyVerbs`).
const READ_ONLY_VERBS: [&str; 4] = ["get", "list", "watch", "proxy"];

/// The one resource whose watches are indexed by a field, and the field (`getBuiltinIndexes`).
const INDEXED: (&str, &str) = ("pods", "spec.nodeName");

/// The watches of a server, by what they watch (`watchTracker`).
#[derive(Clone, Debug, Default)]
pub(crate) struct WatchTracker {
    /// By the four parts of a `watchIdentifier`, each ended by a zero byte.
    counts: BTreeMap<String, u64>,
    key: String,
}

/// A registered watch, to be forgotten when it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RegisteredWatch {
    /// `None` when it is not counted.
    key: Option<String>,
}

impl WatchTracker {
    /// A watch starts (`RegisterWatch`); `None` when the request is no watch.
    pub(crate) fn register_watch(
        &mut self,
        info: &RequestInfo,
        field_selector: &str,
    ) -> Option<RegisteredWatch> {
        if info.verb != "watch" {
            return None;
        }
        let (resource, field) = INDEXED;
        let of_one_value = info.resource == resource
            && required_value(field_selector, field).is_some_and(|value| !value.is_empty());
        if of_one_value {
            return Some(RegisteredWatch { key: None });
        }
        write_key(&mut self.key, info, info.namespace, info.name);
        *self.counts.entry(self.key.clone()).or_insert(0) += 1;
        Some(RegisteredWatch { key: Some(self.key.clone()) })
    }

    /// A watch ended.
    pub(crate) fn forget(&mut self, watch: RegisteredWatch) {
        let Some(key) = watch.key else {
            return;
        };
        if let Some(count) = self.counts.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&key);
            }
        }
    }

    /// The watches of all objects of the resource, of those in the request's namespace, and of the
    /// very object (`GetInterestedWatchCount`).
    pub(crate) fn interested_watch_count(&mut self, info: &RequestInfo) -> u64 {
        if READ_ONLY_VERBS.contains(&info.verb) {
            return 0;
        }
        let mut count = self.count(info, "", "");
        if !info.namespace.is_empty() {
            count += self.count(info, info.namespace, "");
        }
        if !info.name.is_empty() {
            count += self.count(info, info.namespace, info.name);
        }
        count
    }

    fn count(&mut self, info: &RequestInfo, namespace: &str, name: &str) -> u64 {
        write_key(&mut self.key, info, namespace, name);
        self.counts.get(&self.key).copied().unwrap_or(0)
    }
}

fn write_key(key: &mut String, info: &RequestInfo, namespace: &str, name: &str) {
    key.clear();
    for part in [info.api_group, info.resource, namespace, name] {
        key.push_str(part);
        key.push('\0');
    }
}

/// The value that a field selector requires of a field (`ParseSelector`, `RequiresExactMatch`);
/// `None` also when the selector is not valid.
fn required_value(selector: &str, field: &str) -> Option<String> {
    let mut terms: Vec<&str> = split_terms(selector);
    terms.sort_unstable();
    let mut required = None;
    for term in terms {
        if term.is_empty() {
            continue;
        }
        let (left, equal, right) = split_term(term)?;
        let value = unescape(right)?;
        if equal && left == field && required.is_none() {
            required = Some(value);
        }
    }
    required
}

/// Splits at commas that are not escaped.
fn split_terms(selector: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (i, c) in selector.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                terms.push(&selector[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    terms.push(&selector[start..]);
    terms
}

/// Left side, whether equality is asked for, and right side.
fn split_term(term: &str) -> Option<(&str, bool, &str)> {
    let at = term.find('=')?;
    if let Some(left) = term[..at].strip_suffix('!') {
        return Some((left, false, &term[at + 1..]));
    }
    let right = &term[at + 1..];
    Some((&term[..at], true, right.strip_prefix('=').unwrap_or(right)))
}

/// Takes the escapes out (`UnescapeValue`); `None` for a value that needs others.
fn unescape(value: &str) -> Option<String> {
    let mut plain = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                c @ ('\\' | ',' | '=') => plain.push(c),
                _ => return None,
            },
            ',' | '=' => return None,
            c => plain.push(c),
        }
    }
    Some(plain)
}

#[test]
fn values_required_by_selectors() {
    let value = |selector| required_value(selector, "spec.nodeName");
    assert_eq!(value("spec.nodeName=n1").as_deref(), Some("n1"));
    assert_eq!(value("a!=b,spec.nodeName==n1").as_deref(), Some("n1"));
    assert_eq!(value("spec.nodeName=").as_deref(), Some(""));
    assert_eq!(value(r"spec.nodeName=a\,b").as_deref(), Some("a,b"));
    assert_eq!(value("spec.nodeName!=n1"), None);
    assert_eq!(value("spec.nodeName=n1,a==b=c"), None);
    assert_eq!(value("spec.nodeName=n1,junk"), None);
    assert_eq!(value(""), None);
}

#[test]
fn counts_of_upstreams_test() {
    // docs/facts/apf.md section 9, watch tracker.
    let info = |verb, api_group, namespace, name| RequestInfo {
        is_resource: true,
        verb,
        api_group,
        resource: "pods",
        namespace,
        name,
        ..RequestInfo::default()
    };
    let mut tracker = WatchTracker::default();
    for (group, namespace, name) in [
        ("", "", ""),
        ("", "foo", ""),
        ("", "foo", "mypod"),
        ("", "bar", "mypod"),
        ("group", "foo", ""),
        ("group", "bar", "mypod"),
    ] {
        let watch = tracker.register_watch(&info("watch", group, namespace, name), "");
        assert!(watch.is_some());
    }
    let mut count =
        |verb, namespace, name| tracker.interested_watch_count(&info(verb, "", namespace, name));
    assert_eq!(count("create", "foo", ""), 2);
    assert_eq!(count("update", "foo", "mypod"), 3);
    assert_eq!(count("update", "foo", "otherpod"), 2);
    assert_eq!(count("get", "foo", "mypod"), 0);
    assert_eq!(count("create", "bar", ""), 1);
    assert_eq!(count("update", "bar", "mypod"), 2);
}
