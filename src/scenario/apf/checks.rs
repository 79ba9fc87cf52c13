//! Rules over levels and flow schemas, wherever they were written.
//!
//! Source: kubernetes `pkg/apis/flowcontrol/validation/validation.go`; docs/facts/apf.md 1.9.

use std::collections::BTreeMap;

use super::Origins;
use super::build;
use super::objects::is_namespace;
use crate::language::table::read::is_subdomain;
use crate::language::{Code, Finding, Log, Resolved, Span, nearest, one_of, shown};
use crate::model::apf::config::{
    CATCH_ALL, EXEMPT, FlowSchema, MAX_HASH_BITS, PriorityLevelConfiguration, required_entropy_bits,
};
use crate::scenario::release::release_of;

/// Queues of all levels together: more would cost memory and change nothing.
const MOST_QUEUES: i64 = 1_000_000;

/// The verbs of requests.
const VERBS: [&str; 10] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "proxy",
    "*",
];

/// Checks the levels, the flow schemas, and what refers to them. `complete`: the scenario's text
/// could be parsed in full.
pub(in crate::scenario) fn check(
    root: &Resolved,
    origins: &Origins,
    complete: bool,
    log: &mut Log,
) {
    let Some(apf) = root.table("apf") else {
        return;
    };
    let (levels, schemas) = (apf.list("levels"), apf.list("flow-schemas"));
    let mut check = Check { origins, log };
    for table in levels {
        check.level(table);
    }
    let servers = root.table("apiserver").and_then(|server| server.count("replicas"));
    check.all_queues(levels, servers.unwrap_or(1));
    for table in schemas {
        check.flow_schema(table);
    }
    check.duplicates(levels, "priority levels");
    check.duplicates(schemas, "flow schemas");
    let whole = |key: &str| {
        let nameless = |table: &Resolved| table.text("name").is_none();
        complete && !origins.partial && !apf.is_bad(key) && !apf.list(key).iter().any(nameless)
    };
    if whole("levels") {
        let defaults = PriorityLevelConfiguration::defaults();
        let defaults: Vec<String> = defaults.into_iter().map(|level| level.name).collect();
        check.references(schemas, "level", "priority level", &names(&defaults, levels));
    }
    if let Some(release) = release_of(root)
        && whole("flow-schemas")
    {
        let defaults = FlowSchema::defaults(&release);
        let defaults: Vec<String> = defaults.into_iter().map(|schema| schema.name).collect();
        let clients = root.list("clients");
        check.references(clients, "flow-schema", "flow schema", &names(&defaults, schemas));
    }
}

/// The names of the defaults and of what is given.
fn names<'t>(defaults: &'t [String], tables: &'t [Resolved]) -> Vec<&'t str> {
    let given = tables.iter().filter_map(|table| table.text("name"));
    let mut names: Vec<&str> = defaults.iter().map(String::as_str).chain(given).collect();
    names.sort_unstable();
    names.dedup();
    names
}

struct Check<'c> {
    origins: &'c Origins,
    log: &'c mut Log,
}

impl Check<'_> {
    fn refuse(&mut self, at: Span, message: String, label: &str, help: Option<String>) {
        self.log.push(Finding::new(Code::Refused, at, message).label(label).help(help));
    }

    fn level(&mut self, table: &Resolved) {
        let (name, kind) = (table.text("name"), table.text("type"));
        if let (Some(name), Some(kind)) = (name, kind)
            && (name == EXEMPT) != (kind == "exempt")
        {
            let key = self.origins.name(table, "type");
            let message = format!("`{key}` must be exempt if and only if the name is `{EXEMPT}`");
            let at = table.given("type").unwrap_or_else(|| table.at("name"));
            self.refuse(at, message, &format!("the level is `{}`", shown(name)), None);
        }
        for key in ["lendable", "borrowing-limit"] {
            if table.number(key).is_some_and(|share| {
                let percent = share * 100.0;
                (percent - percent.round()).abs() > 1e-9
            }) {
                let message = format!("`{key}` must be whole per cent");
                self.refuse(table.at(key), message, "not whole", None);
            }
        }
        match kind {
            Some("queue") => self.dealing(table),
            Some(kind) => {
                for key in ["queues", "hand-size", "queue-length"] {
                    if table.given(key).is_some() {
                        let message = format!("a level of type {kind} has no `{key}`");
                        self.refuse(table.at(key), message, "only for type \"queue\"", None);
                    }
                }
                if kind == "exempt" && table.given("borrowing-limit").is_some() {
                    let message = "an exempt level has no `borrowing-limit`".to_owned();
                    self.refuse(
                        table.at("borrowing-limit"),
                        message,
                        "it takes what it needs",
                        None,
                    );
                }
            }
            None => {}
        }
        let fixed = PriorityLevelConfiguration::defaults();
        if let Some(fixed) = fixed.iter().find(|level| Some(level.name.as_str()) == name)
            && fixed.name == CATCH_ALL
            && build::level(table).is_some_and(|level| level != *fixed)
        {
            let message = format!("the priority level `{CATCH_ALL}` cannot be changed");
            let help = "5 shares, nothing lendable, no borrowing limit, response Reject";
            self.refuse(table.at("name"), message, "mandatory", Some(format!("it has {help}")));
        }
    }

    /// Whether hands can be dealt from the queues.
    fn dealing(&mut self, table: &Resolved) {
        let (Some(queues), Some(hand)) =
            (table.count::<usize>("queues"), table.count::<usize>("hand-size"))
        else {
            return;
        };
        let fits =
            |hand: usize| hand <= queues && required_entropy_bits(queues, hand) <= MAX_HASH_BITS;
        if fits(hand) {
            return;
        }
        let at = table.given("hand-size").unwrap_or_else(|| table.at("queues"));
        let (key, of) = (self.origins.name(table, "hand-size"), self.origins.name(table, "queues"));
        let label = if table.given("hand-size").is_some() { "too large" } else { "too few for it" };
        let message = if hand > queues {
            format!("`{key}` of {hand} exceeds `{of}`, which is {queues}")
        } else {
            let bits = required_entropy_bits(queues, hand);
            format!(
                "`{key}`: {hand} of {queues} queues need {bits} bits of a hash, which has {MAX_HASH_BITS}"
            )
        };
        // The hash has 60 bits: no hand of two or more queues is larger.
        let largest = (1..=queues.min(60)).rev().find(|hand| fits(*hand)).unwrap_or(1);
        let help = format!("with {queues} queues the hand size is at most {largest}");
        self.refuse(at, message, label, Some(help));
    }

    /// Every server has its own.
    fn all_queues(&mut self, levels: &[Resolved], servers: i64) {
        let mut total: i64 = 0;
        for table in levels {
            let before = total;
            let queues: i64 = table.count("queues").unwrap_or(0);
            total = total.saturating_add(queues.saturating_mul(servers));
            if before <= MOST_QUEUES && total > MOST_QUEUES {
                let on = if servers > 1 { format!(" on {servers} servers") } else { String::new() };
                let message =
                    format!("the priority levels have more than 1_000_000 queues in total{on}");
                let finding = Finding::new(Code::TotalTooLarge, table.at("queues"), message);
                let finding = finding.label("the total exceeds the limit here");
                self.log.push(if servers > 1 {
                    let most = MOST_QUEUES / servers;
                    finding.help(format!("at most {most} on each: write fewer, or fewer replicas"))
                } else {
                    finding
                });
            }
        }
    }

    fn flow_schema(&mut self, table: &Resolved) {
        let name = table.text("name");
        if let (Some(1), Some(name)) = (table.count::<i32>("precedence"), name)
            && name != EXEMPT
        {
            let key = self.origins.name(table, "precedence");
            let message = format!("only the flow schema `{EXEMPT}` may have `{key}` 1");
            self.refuse(
                table.at("precedence"),
                message,
                "reserved",
                Some("write 2 to 10000".into()),
            );
        }
        if table.given("rules").is_some() {
            self.both_forms(table);
            for rules in table.list("rules") {
                self.subjects(rules);
                self.rules(rules);
            }
        } else {
            self.subjects(table);
            self.resource_rule(table);
        }
        let fixed = FlowSchema::mandatory();
        if let Some(fixed) = fixed.iter().find(|schema| Some(schema.name.as_str()) == name)
            && build::flow_schema(table).is_some_and(|schema| schema != *fixed)
        {
            let message = format!("the flow schema `{}` cannot be changed", fixed.name);
            let help = "leave it out: it is always there";
            self.refuse(table.at("name"), message, "mandatory", Some(help.to_owned()));
        }
    }

    /// Rules exclude the keys that make one.
    fn both_forms(&mut self, table: &Resolved) {
        const SIMPLE: [&str; 8] = [
            "users",
            "groups",
            "service-accounts",
            "verbs",
            "api-groups",
            "resources",
            "namespaces",
            "cluster-scope",
        ];
        for key in SIMPLE {
            if let Some(at) = table.given(key) {
                let message = format!("a flow schema with `rules` has no `{key}` of its own");
                let finding = Finding::new(Code::OneOf, at, message).label("belongs in a rule");
                self.log.push(finding.related(table.given("rules"), "the rules"));
            }
        }
    }

    fn subjects(&mut self, table: &Resolved) {
        let keys = ["users", "groups", "service-accounts"];
        let none = |key: &&str| table.texts(key).is_none_or(<[_]>::is_empty);
        if keys.iter().all(none) && !keys.iter().any(|key| table.is_bad(key)) {
            let what = self.rule_name(table);
            let help = "give `users`, `groups` or service accounts; \"*\" is any user or group";
            let message = format!("{what} matches nobody");
            self.refuse(table.span, message, "no subjects", Some(help.to_owned()));
        }
        for key in ["users", "groups"] {
            for (text, at) in table.texts(key).unwrap_or_default() {
                if text.is_empty() {
                    let message = format!("`{key}` has an empty name");
                    self.refuse(*at, message, "empty", None);
                }
            }
        }
        for (text, at) in table.texts("service-accounts").unwrap_or_default() {
            let sound = text.split_once(':').is_some_and(|(namespace, name)| {
                is_namespace(namespace) && (name == "*" || is_subdomain(name))
            });
            if !sound {
                let key = self.origins.name(table, "service-accounts");
                let message = format!("`{key}` has `{}`", shown(text));
                let help =
                    "a namespace, a colon and a name: \"kube-system:*\", \"monitoring:prometheus\"";
                self.refuse(*at, message, "not a service account", Some(help.to_owned()));
            }
        }
    }

    /// A rule as it is called where it was written.
    fn rule_name(&self, table: &Resolved) -> String {
        match self.origins.paths.objects.get(&table.span) {
            Some(path) if !path.is_empty() => format!("`{path}`"),
            _ => table.table.what.to_owned(),
        }
    }

    fn rules(&mut self, rules: &Resolved) {
        let (resource, other) = (rules.list("resource-rules"), rules.list("non-resource-rules"));
        let bad = ["resource-rules", "non-resource-rules"].iter().any(|key| rules.is_bad(key));
        if resource.is_empty() && other.is_empty() && !bad {
            let message = format!("{} matches no request", self.rule_name(rules));
            let help = "give resource rules or non-resource rules";
            self.refuse(rules.span, message, "no rules", Some(help.to_owned()));
        }
        for rule in resource {
            self.resource_rule(rule);
        }
        for rule in other {
            self.verbs(rule);
            self.wildcard(rule, "urls");
            self.urls(rule);
        }
    }

    fn resource_rule(&mut self, rule: &Resolved) {
        self.verbs(rule);
        self.wildcard(rule, "api-groups");
        self.wildcard(rule, "resources");
        for (text, at) in rule.texts("api-groups").unwrap_or_default() {
            if let Some((group, _)) = text.split_once('/') {
                let message =
                    format!("the API group `{}` has a version: it matches nothing", shown(text));
                let help = format!("write \"{}\"", shown(group));
                let finding = Finding::new(Code::NoEffect, *at, message);
                self.log.push(finding.label("groups have no version here").help(help));
            }
        }
        let namespaces = rule.texts("namespaces").unwrap_or_default();
        if namespaces.is_empty() {
            if rule.flag("cluster-scope") == Some(false) && !rule.is_bad("namespaces") {
                let message = format!(
                    "{} has neither namespaces nor cluster scope: it matches nothing",
                    self.rule_name(rule)
                );
                let at = rule.at("namespaces");
                let help = "a LIST of all namespaces needs cluster scope; [\"*\"] is any namespace";
                self.refuse(at, message, "no namespaces", Some(help.to_owned()));
            }
            return;
        }
        self.wildcard(rule, "namespaces");
        for (text, at) in namespaces {
            if text != "*" && !is_namespace(text) {
                let key = self.origins.name(rule, "namespaces");
                let message = format!("`{key}` has `{}`", shown(text));
                let help = "lower-case letters, digits and `-`, at most 63, or \"*\"";
                self.refuse(*at, message, "not a namespace", Some(help.to_owned()));
            }
        }
    }

    fn verbs(&mut self, rule: &Resolved) {
        self.wildcard(rule, "verbs");
        for (text, at) in rule.texts("verbs").unwrap_or_default() {
            if VERBS.contains(&text.as_str()) {
                continue;
            }
            let key = self.origins.name(rule, "verbs");
            let message = format!("`{key}` must be {}", one_of(&VERBS));
            let near = nearest(text, VERBS);
            let help = near.map(|near| format!("did you mean \"{near}\"?"));
            self.refuse(*at, message, "no such verb", help);
        }
    }

    /// A list is not empty, and is either `*` alone or without it.
    fn wildcard(&mut self, rule: &Resolved, key: &str) {
        let Some(texts) = rule.texts(key) else {
            return;
        };
        let name = self.origins.name(rule, key);
        if texts.is_empty() {
            let message = format!("`{name}` must have at least one entry");
            self.refuse(rule.at(key), message, "empty", Some("[\"*\"] is any".to_owned()));
        }
        let star = texts.iter().find(|(text, _)| text == "*");
        if let (Some((_, at)), true) = (star, texts.len() > 1) {
            let message = format!("`{name}` must have `*` alone or not at all");
            let help = "beside others `*` matches nothing, and the API server refuses it";
            self.refuse(*at, message, "not alone", Some(help.to_owned()));
        }
    }

    fn urls(&mut self, rule: &Resolved) {
        for (text, at) in rule.texts("urls").unwrap_or_default() {
            let wrong = match text.as_str() {
                "*" | "/" => continue,
                url if !url.starts_with('/') => "must start with a slash",
                url if url.contains(' ') => "must not have blanks",
                url if url.contains("//") => "must not have two slashes together",
                url if url.trim_end_matches("/*").contains('*') => "may have `*` at its end only",
                _ => continue,
            };
            let key = self.origins.name(rule, "urls");
            let message = format!("`{key}` has `{}`: a path {wrong}", shown(text));
            self.refuse(
                *at,
                message,
                "not a path",
                Some("for example \"/healthz\", \"/api/*\"".into()),
            );
        }
    }

    fn duplicates(&mut self, tables: &[Resolved], plural: &str) {
        let mut first: BTreeMap<&str, Span> = BTreeMap::new();
        for table in tables {
            let Some(name) = table.text("name") else {
                continue;
            };
            let at = table.at("name");
            let before = *first.entry(name).or_insert(at);
            if before != at {
                let message = format!("two {plural} are named `{}`", shown(name));
                let finding = Finding::new(Code::DuplicateName, at, message).label("the second");
                self.log.push(finding.related(Some(before), "the first"));
            }
        }
    }

    /// References to names that are not there.
    fn references(&mut self, tables: &[Resolved], key: &str, noun: &str, known: &[&str]) {
        for table in tables {
            let Some(name) = table.text(key).filter(|name| !known.contains(name)) else {
                continue;
            };
            let path = self.origins.name(table, key);
            let path = if path == key { String::new() } else { format!("`{path}`: ") };
            let message = format!("{path}there is no {noun} named `{}`", shown(name));
            let finding =
                Finding::new(Code::UnknownReference, table.at(key), message).label("not found");
            let near = nearest(name, known.iter().copied());
            self.log.push(finding.help(match near {
                Some(near) => format!("did you mean \"{}\"?", shown(near)),
                None => format!("the {noun}s are: {}", some(known)),
            }));
        }
    }
}

/// The first of some names.
fn some(names: &[&str]) -> String {
    let mut some: Vec<String> = names.iter().take(12).map(|name| shown(name)).collect();
    if names.len() > some.len() {
        some.push("…".to_owned());
    }
    some.join(", ")
}

#[cfg(test)]
mod tests {
    use crate::scenario::Template;

    #[test]
    fn paths_that_the_api_server_refuses_are_refused() {
        let told = |url: &str| {
            let text = include_str!("../../../tests/data/every-key.toml");
            let text = text.replace("urls = [\"/version\"]", &format!("urls = [\"{url}\"]"));
            let scenario = Template::of_text("urls", text.as_bytes(), &[]).load(&[]);
            scenario.err().map_or_else(String::new, |told| told.to_string())
        };
        for (url, wrong) in [
            ("healthz", "must start with a slash"),
            ("/health z", "must not have blanks"),
            ("/healthz//etcd", "must not have two slashes together"),
            ("/*/etcd", "may have `*` at its end only"),
        ] {
            let told = told(url);
            assert!(told.contains(&format!("`{url}`: a path {wrong}")), "{told}");
        }
        for url in ["*", "/", "/healthz", "/healthz/*"] {
            assert!(!told(url).contains("a path"), "{url}");
        }
    }
}
