//! An example of a value for every key.

use super::{Family, Key, Kind, NameForm, Presence};
use crate::model::release::NEWEST_MINOR;
use crate::scenario::read::scalar;
use crate::scenario::source::Span;
use crate::scenario::tree::Node;

/// Examples of keys whose kind does not tell, as TOML.
const TELLING: [(&str, &str); 16] = [
    ("description", "\"A rollout to 200 nodes.\""),
    ("apf.manifests", "[\"flowschema.yaml\"]"),
    ("apf.levels.name", "\"node-agents\""),
    ("apf.flow-schemas.name", "\"node-agents\""),
    ("apf.flow-schemas.level", "\"node-agents\""),
    ("objects.*.group", "\"cilium.io\""),
    ("objects.*.writer", "\"system:serviceaccount:kube-system:agents\""),
    ("clients.user", "\"system:node:{member}\""),
    ("clients.groups", "[\"system:nodes\"]"),
    ("clients.flow-schema", "\"node-agents\""),
    ("events.name", "\"rollout\""),
    ("published.source", "\"KEP-3157\""),
    ("published.note", "\"Its base heap is not stated.\""),
    ("expect.name", "\"no kill\""),
    ("sweep.vary", "[\"clients.node-agents.count=100..2000:100\"]"),
    ("apf.flow-schemas.rules.non-resource-rules.urls", "[\"/healthz\"]"),
];

/// Lists of strings, by the last part of the key.
const LISTS: [(&str, &str); 7] = [
    ("users", "[\"system:kube-scheduler\"]"),
    ("groups", "[\"system:nodes\"]"),
    ("service-accounts", "[\"kube-system:*\"]"),
    ("verbs", "[\"list\", \"watch\"]"),
    ("api-groups", "[\"\"]"),
    ("resources", "[\"pods\"]"),
    ("namespaces", "[\"default\"]"),
];

/// What a key might hold, as TOML: `"16GiB"`, `600`, `{ WatchList = true }`. Tables have no example
/// of their own.
#[must_use]
pub fn example(path: &str, key: &Key) -> Option<String> {
    let told = TELLING.iter().find(|(known, _)| *known == path);
    let listed = || {
        let lists = matches!(key.kind, Kind::Texts { .. });
        LISTS.iter().find(|(name, _)| lists && *name == key.name)
    };
    if let Some((_, example)) = told.or_else(listed) {
        return Some((*example).to_owned());
    }
    by_kind(key)
}

fn by_kind(key: &Key) -> Option<String> {
    let quoted = |text: &str| Some(format!("\"{text}\""));
    match key.kind {
        Kind::Table(_) | Kind::Named { .. } | Kind::List { .. } | Kind::Profiles => None,
        Kind::Flag => {
            Some(if key.presence == Presence::Default("true") { "false" } else { "true" }.into())
        }
        Kind::Text { .. } => quoted("text"),
        Kind::Name(form) => quoted(match form {
            NameForm::Slug => "my-cluster",
            NameForm::Plural => "pods",
            NameForm::Subdomain | NameForm::Free => "node-agents",
        }),
        Kind::Refer(family) => quoted(match family {
            Family::Resource => "pods",
            Family::Client => "node-agents",
            Family::Phase => "rollout",
        }),
        Kind::Choice(words) => {
            let other = |word: &&&str| match key.presence {
                Presence::Default(default) => default.trim_matches('"') != **word,
                _ => true,
            };
            quoted(words.iter().find(other).or(words.first())?)
        }
        Kind::Release => Some(format!("\"1.{}\"", NEWEST_MINOR - 1)),
        Kind::Gates => Some("{ WatchList = true }".to_owned()),
        Kind::Texts { .. } => Some("[\"a\", \"b\"]".to_owned()),
        Kind::Inherits => Some("[\"preset:objects\", \"preset:fleet-kubelet\"]".to_owned()),
        Kind::Per => quoted("node"),
        Kind::Figure => quoted("9.24GB"),
        Kind::Bound => quoted("5%"),
        _ => candidates(&key.kind)
            .iter()
            .find(|text| fits(&key.kind, text))
            .map(|text| (*text).to_owned()),
    }
}

/// Values of a kind, of which the first within the bounds of the key is taken.
const fn candidates(kind: &Kind) -> &'static [&'static str] {
    match kind {
        Kind::Integer { .. } | Kind::IntegerOr { .. } => &["100", "2", "1"],
        Kind::Number { .. } => &["1.2", "0.1", "0.001"],
        Kind::Cores { .. } => &["4"],
        Kind::Size { .. } => &["\"8GiB\"", "\"5kB\""],
        Kind::Span { .. } => &["\"30s\""],
        Kind::Rate { .. } => &["\"20MB/s\""],
        Kind::PerSecond { .. } => &["\"20/s\""],
        Kind::IntegerOrPercent { .. } | Kind::Percent { .. } => &["\"10%\""],
        _ => &[],
    }
}

/// Whether a value is one that the key takes.
fn fits(kind: &Kind, text: &str) -> bool {
    let node = Node { raw: None, ..Node::from_raw(text, Span::default()) };
    scalar(kind, &node).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{LISTS, TELLING, example, fits};
    use crate::scenario::keys::{Kind, visit};

    #[test]
    fn every_key_has_an_example_that_it_takes() {
        let mut lacking = Vec::new();
        visit(|path, key| match (key.kind, example(path, key)) {
            (Kind::Table(_) | Kind::Named { .. } | Kind::List { .. } | Kind::Profiles, None)
            | (Kind::Gates | Kind::Inherits, Some(_)) => {}
            (kind, Some(text)) if fits(&kind, &text) => {}
            (_, other) => lacking.push(format!("{path}: {other:?}")),
        });
        assert!(lacking.is_empty(), "{lacking:#?}");
    }

    #[test]
    fn no_example_is_left_over() {
        let mut unused: Vec<&str> = TELLING.iter().chain(&LISTS).map(|(path, _)| *path).collect();
        visit(|path, key| unused.retain(|known| *known != path && *known != key.name));
        assert!(unused.is_empty(), "{unused:?}");
    }
}
