//! Objects of manifests as tables of the scenario: `FlowSchema` and `PriorityLevelConfiguration`.
//!
//! Source: `k8s.io/api/flowcontrol` v1beta1 to v1; defaults and bounds of kubernetes
//! `pkg/apis/flowcontrol/{v1,v1beta3}/defaults.go` and `validation/validation.go`. What depends on
//! several fields is checked later, with what the scenario itself says ([`super::checks`]).

use super::fields::{Findings, Found, Object};
use crate::language::table::read::{is_label, is_subdomain};
use crate::language::{Code, Finding, Plain, Resolved, Span, State, Value};
use crate::scenario::keys::apf::{
    FLOW_SCHEMA, INT32, LEVEL, MOST_QUEUES, NON_RESOURCE_RULE, RESOURCE_RULE, RULES,
};

/// A version of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// What `nominalConcurrencyShares` is called.
    shares: &'static str,
    /// Whether 0 shares are 0, rather than the default.
    zero_shares: bool,
}

impl Version {
    /// The versions, oldest first.
    pub(super) const NAMES: [&'static str; 5] = ["v1alpha1", "v1beta1", "v1beta2", "v1beta3", "v1"];

    /// The version of a name.
    pub(super) fn of(name: &str) -> Option<Self> {
        let shares = match name {
            "v1alpha1" | "v1beta1" | "v1beta2" => "assuredConcurrencyShares",
            "v1beta3" | "v1" => NOMINAL,
            _ => return None,
        };
        Some(Self { shares, zero_shares: name == "v1" })
    }
}

const NOMINAL: &str = "nominalConcurrencyShares";

/// Fields of an object's metadata.
const METADATA: [&str; 15] = [
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
];

/// A `PriorityLevelConfiguration`.
pub(super) fn level(object: &Object, version: Version, findings: &mut Findings) -> Resolved {
    let mut level = Resolved::blank(&LEVEL, object.at);
    name(object, &mut level, findings);
    let fields = ["type", "limited", "exempt"];
    let spec = object.object("spec", &fields, findings);
    let kind = spec.as_ref().and_then(|spec| {
        let kind = spec.choice("type", &["Limited", "Exempt"], findings);
        if spec.get("type").is_none() {
            spec.missing("type", "Limited, or Exempt for the level of that name", findings);
        }
        kind
    });
    if spec.is_none() && object.get("spec").is_none() {
        object.missing("spec", "what the level is", findings);
    }
    let response = match (&spec, kind) {
        (Some(spec), Some(("Exempt", _))) => Some(exempt(spec, &mut level, findings)),
        (Some(spec), Some(_)) => limited(spec, version, &mut level, findings),
        _ => None,
    };
    let at = kind.map_or(object.at, |(_, at)| at);
    let state = response.map_or(State::Bad, |word| set(Plain::Text(word.to_owned())));
    level.put("type", at, state);
    level
}

fn exempt(spec: &Object, level: &mut Resolved, findings: &mut Findings) -> &'static str {
    forbidden(spec, "limited", "only a level of type Limited has it", findings);
    if let Some(exempt) = spec.object("exempt", &[NOMINAL, "lendablePercent"], findings) {
        integer(&exempt, NOMINAL, (0, INT32), level, "shares", findings);
        percent(&exempt, "lendablePercent", 100, level, "lendable", findings);
    }
    "exempt"
}

fn limited(
    spec: &Object,
    version: Version,
    level: &mut Resolved,
    findings: &mut Findings,
) -> Option<&'static str> {
    forbidden(spec, "exempt", "only a level of type Exempt has it", findings);
    let fields = [version.shares, "lendablePercent", "borrowingLimitPercent", "limitResponse"];
    let limited = required(spec, "limited", &fields, "what limits the level", findings)?;
    let shares = limited.integer(version.shares, (0, INT32), findings);
    if version.zero_shares || shares.is_none_or(|(n, _)| n > 0) {
        put(
            level,
            "shares",
            &limited,
            version.shares,
            shares.map(|(n, at)| (Plain::Integer(n), at)),
        );
    }
    percent(&limited, "lendablePercent", 100, level, "lendable", findings);
    percent(&limited, "borrowingLimitPercent", INT32, level, "borrowing-limit", findings);
    let help = "what happens to a request above the limit";
    let response = required(&limited, "limitResponse", &["type", "queuing"], help, findings)?;
    if response.get("type").is_none() {
        response.missing("type", "Queue or Reject", findings);
    }
    let (word, _) = response.choice("type", &["Queue", "Reject"], findings)?;
    if word == "Reject" {
        forbidden(&response, "queuing", "only a response of type Queue has it", findings);
        return Some("reject");
    }
    let fields = ["queues", "handSize", "queueLengthLimit"];
    let help = "a level that queues needs it; {} takes all defaults";
    if let Some(queuing) = required(&response, "queuing", &fields, help, findings) {
        for (field, max, key) in [
            ("queues", MOST_QUEUES, "queues"),
            ("handSize", INT32, "hand-size"),
            ("queueLengthLimit", INT32, "queue-length"),
        ] {
            positive(&queuing, field, max, level, key, findings);
        }
    }
    Some("queue")
}

/// A `FlowSchema`.
pub(super) fn flow_schema(object: &Object, findings: &mut Findings) -> Resolved {
    let mut schema = Resolved::blank(&FLOW_SCHEMA, object.at);
    name(object, &mut schema, findings);
    let fields =
        ["priorityLevelConfiguration", "matchingPrecedence", "distinguisherMethod", "rules"];
    schema.put("level", object.at, State::Bad);
    schema.put("rules", object.at, set_list(Vec::new()));
    let Some(spec) = required(object, "spec", &fields, "what the flow schema is", findings) else {
        return schema;
    };
    let help = "the priority level it leads to: { name: ... }";
    let level = required(&spec, "priorityLevelConfiguration", &["name"], help, findings);
    if let Some(level) = level {
        let found = object_name(&level, findings);
        put(&mut schema, "level", &level, "name", found.map(|(name, at)| (text(name), at)));
    }
    positive(&spec, "matchingPrecedence", 10_000, &mut schema, "precedence", findings);
    if let Some(method) = spec.object("distinguisherMethod", &["type"], findings) {
        if method.get("type").is_none() {
            method.missing("type", "ByUser or ByNamespace", findings);
        }
        let found = method.choice("type", &["ByUser", "ByNamespace"], findings);
        let word = |word| text(if word == "ByUser" { "by-user" } else { "by-namespace" });
        let found = found.map(|(method, at)| (word(method), at));
        put(&mut schema, "distinguisher", &method, "type", found);
    }
    if let Some((objects, at)) =
        spec.objects("rules", &["subjects", "resourceRules", "nonResourceRules"], findings)
    {
        let rules = objects.iter().map(|rule| policy_rules(rule, findings)).collect();
        put_rules(&mut schema, rules, at);
    }
    schema
}

/// The rules of a flow schema: in the simple form where that can express them.
fn put_rules(schema: &mut Resolved, mut rules: Vec<Resolved>, at: Span) {
    if let [only] = rules.as_mut_slice()
        && only.list("non-resource-rules").is_empty()
        && let Some(Value::List(resource_rules)) = only.value_mut("resource-rules")
        && resource_rules.len() == 1
        && let Some(resource_rule) = resource_rules.pop()
    {
        let slots = rules.into_iter().flat_map(|rule| rule.slots).chain(resource_rule.slots);
        for slot in slots {
            if let (Some(at), Some(key)) = (slot.given, FLOW_SCHEMA.key(slot.key.name)) {
                schema.put(key.name, at, slot.state);
            }
        }
        schema.take("rules");
        return;
    }
    schema.put("rules", at, set_list(rules));
}

fn policy_rules(object: &Object, findings: &mut Findings) -> Resolved {
    let mut rules = Resolved::blank(&RULES, object.at);
    subjects(object, &mut rules, findings);
    let fields = ["verbs", "apiGroups", "resources", "clusterScope", "namespaces"];
    if let Some((objects, at)) = object.objects("resourceRules", &fields, findings) {
        let made = objects.iter().map(|rule| resource_rule(rule, findings)).collect();
        rules.put("resource-rules", at, set_list(made));
    }
    if let Some((objects, at)) =
        object.objects("nonResourceRules", &["verbs", "nonResourceURLs"], findings)
    {
        let made = objects.iter().map(|rule| {
            let mut made = Resolved::blank(&NON_RESOURCE_RULE, rule.at);
            required_texts(rule, "verbs", &mut made, "verbs", findings);
            required_texts(rule, "nonResourceURLs", &mut made, "urls", findings);
            made
        });
        let made = made.collect();
        rules.put("non-resource-rules", at, set_list(made));
    }
    rules
}

fn resource_rule(object: &Object, findings: &mut Findings) -> Resolved {
    let mut rule = Resolved::blank(&RESOURCE_RULE, object.at);
    for (field, key) in
        [("verbs", "verbs"), ("apiGroups", "api-groups"), ("resources", "resources")]
    {
        required_texts(object, field, &mut rule, key, findings);
    }
    rule.put("cluster-scope", object.at, set(Plain::Flag(false)));
    let flag = object.flag("clusterScope", findings);
    put(
        &mut rule,
        "cluster-scope",
        object,
        "clusterScope",
        flag.map(|(flag, at)| (Plain::Flag(flag), at)),
    );
    rule.put("namespaces", object.at, set(Plain::Texts(Vec::new())));
    let namespaces = object.texts("namespaces", findings);
    put(
        &mut rule,
        "namespaces",
        object,
        "namespaces",
        namespaces.map(|(texts, at)| (Plain::Texts(texts), at)),
    );
    rule
}

/// The subjects by kind.
fn subjects(object: &Object, rules: &mut Resolved, findings: &mut Findings) {
    let fields = ["kind", "user", "group", "serviceAccount"];
    let Some((subjects, at)) = object.objects("subjects", &fields, findings) else {
        if object.get("subjects").is_none() {
            object.missing("subjects", "whose requests match: at least one", findings);
        }
        rules.put("users", object.at, State::Bad);
        return;
    };
    let (mut users, mut groups, mut accounts) = (Vec::new(), Vec::new(), Vec::new());
    let mut sound = true;
    for subject in &subjects {
        if subject.get("kind").is_none() {
            subject.missing("kind", "User, Group or ServiceAccount", findings);
        }
        let kind = subject.choice("kind", &["User", "Group", "ServiceAccount"], findings);
        let found = match kind {
            Some(("User", _)) => one_subject(subject, "user", findings).map(|one| users.push(one)),
            Some(("Group", _)) => {
                one_subject(subject, "group", findings).map(|one| groups.push(one))
            }
            Some(_) => service_account(subject, findings).map(|one| accounts.push(one)),
            None => None,
        };
        sound &= found.is_some();
    }
    for (key, texts) in [("users", users), ("groups", groups), ("service-accounts", accounts)] {
        if !texts.is_empty() {
            rules.put(key, at, set(Plain::Texts(texts)));
        }
    }
    if !sound {
        rules.put("users", at, State::Bad);
    }
}

/// A user or group by name.
fn one_subject(subject: &Object, field: &'static str, findings: &mut Findings) -> Found<String> {
    only(subject, field, findings);
    let inner = required(subject, field, &["name"], "the subject's kind says so", findings)?;
    let (name, at) = non_empty(&inner, "name", findings)?;
    Some((name.to_owned(), at))
}

fn service_account(subject: &Object, findings: &mut Findings) -> Found<String> {
    const FIELD: &str = "serviceAccount";
    only(subject, FIELD, findings);
    let help = "the subject's kind says so";
    let inner = required(subject, FIELD, &["namespace", "name"], help, findings)?;
    let namespace = non_empty(&inner, "namespace", findings);
    let name = non_empty(&inner, "name", findings);
    let ((namespace, _), (name, at)) = (namespace?, name?);
    Some((format!("{namespace}:{name}"), at))
}

/// Reports the fields of the other kinds of subjects.
fn only(subject: &Object, field: &str, findings: &mut Findings) {
    for other in ["user", "group", "serviceAccount"] {
        if other != field {
            forbidden(subject, other, "the subject is of another kind", findings);
        }
    }
}

/// `metadata.name`.
fn name(object: &Object, table: &mut Resolved, findings: &mut Findings) {
    table.put("name", object.at, State::Bad);
    let Some(metadata) = required(object, "metadata", &METADATA, "it has the name", findings)
    else {
        return;
    };
    let found = object_name(&metadata, findings);
    put(table, "name", &metadata, "name", found.map(|(name, at)| (text(name), at)));
}

/// A name as Kubernetes has them.
fn object_name<'n>(object: &Object<'n>, findings: &mut Findings) -> Found<&'n str> {
    let (name, at) = non_empty(object, "name", findings)?;
    if is_subdomain(name) && name.len() <= 253 {
        return Some((name, at));
    }
    let message = format!("`{}` must be a subdomain of RFC 1123", object.path_of("name"));
    let finding = Finding::new(Code::FieldValue, at, message).label("not a name");
    let help = "lower-case letters, digits, `-` and `.`, first and last a letter or digit";
    findings.log.push(finding.help(help.to_owned()));
    None
}

/// A string that must be there and not be empty.
fn non_empty<'n>(object: &Object<'n>, field: &str, findings: &mut Findings) -> Found<&'n str> {
    if object.get(field).is_none() {
        object.missing(field, "a string that is not empty", findings);
        return None;
    }
    let (text, at) = object.text(field, findings)?;
    if text.is_empty() {
        let message = format!("`{}` must not be empty", object.path_of(field));
        findings.log.push(Finding::new(Code::FieldValue, at, message).label("empty"));
        return None;
    }
    Some((text, at))
}

/// An object that must be there.
fn required<'n>(
    object: &Object<'n>,
    field: &str,
    known: &[&'static str],
    help: &str,
    findings: &mut Findings,
) -> Option<Object<'n>> {
    if object.get(field).is_none() {
        object.missing(field, help, findings);
        return None;
    }
    object.object(field, known, findings)
}

/// Reports a field that may not be there.
fn forbidden(object: &Object, field: &str, why: &str, findings: &mut Findings) {
    if let Some(entry) = object.get(field) {
        let message = format!("`{}` must not be there", object.path_of(field));
        findings.log.push(Finding::new(Code::Refused, entry.at, message).label(why));
    }
}

fn required_texts(
    object: &Object,
    field: &str,
    table: &mut Resolved,
    key: &str,
    findings: &mut Findings,
) {
    if object.get(field).is_none() {
        object.missing(field, "a list of at least one; [\"*\"] is any", findings);
        table.put(key, object.at, State::Bad);
        return;
    }
    let found = object.texts(field, findings);
    put(table, key, object, field, found.map(|(texts, at)| (Plain::Texts(texts), at)));
}

/// An integer of which 0 means the default.
fn positive(
    object: &Object,
    field: &str,
    max: i64,
    table: &mut Resolved,
    key: &str,
    findings: &mut Findings,
) {
    if !object.is_zero(field) {
        integer(object, field, (1, max), table, key, findings);
    }
}

fn integer(
    object: &Object,
    field: &str,
    bounds: (i64, i64),
    table: &mut Resolved,
    key: &str,
    findings: &mut Findings,
) {
    let found = object.integer(field, bounds, findings);
    put(table, key, object, field, found.map(|(n, at)| (Plain::Integer(n), at)));
}

fn percent(
    object: &Object,
    field: &str,
    max: i64,
    table: &mut Resolved,
    key: &str,
    findings: &mut Findings,
) {
    let found = object.integer(field, (0, max), findings);
    put(table, key, object, field, found.map(|(n, at)| (Plain::Percent(n as f64), at)));
}

/// Sets a key to what was found in a field; to nothing but an error if the field is wrong.
fn put(table: &mut Resolved, key: &str, object: &Object, field: &str, found: Found<Plain>) {
    match (found, object.get(field)) {
        (Some((plain, at)), Some(entry)) => {
            // A list is known by its key, as its own place may be its first entry's.
            let at = if matches!(plain, Plain::Texts(_)) { entry.at } else { at };
            table.put(key, at, set(plain));
        }
        (None, Some(entry)) => table.put(key, entry.at, State::Bad),
        (_, None) => {}
    }
}

fn text(text: &str) -> Plain {
    Plain::Text(text.to_owned())
}

fn set(plain: Plain) -> State {
    State::Set(Value::Plain(plain))
}

fn set_list(tables: Vec<Resolved>) -> State {
    State::Set(Value::List(tables))
}

/// Whether a text may be a namespace.
pub(super) fn is_namespace(text: &str) -> bool {
    is_label(text) && text.len() <= 63
}
