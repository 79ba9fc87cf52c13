//! An example of a value for every key.

use super::{Family, Key, Kind, NameForm, Presence};
use crate::language::table::read::scalar;
use crate::language::text::span::Span;
use crate::language::text::tree::Node;

/// What a key might hold, as TOML: `"16GiB"`, `600`, `{ WatchList = true }`. Tables have no example
/// of their own.
#[must_use]
pub fn example(key: &Key) -> Option<String> {
    key.example.map_or_else(|| by_kind(key), |example| Some(example.to_owned()))
}

fn by_kind(key: &Key) -> Option<String> {
    let quoted = |text: &str| Some(format!("\"{text}\""));
    match key.kind {
        Kind::Table(_)
        | Kind::Named { .. }
        | Kind::List { .. }
        | Kind::Profiles
        | Kind::Deferred { .. } => None,
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
        Kind::Minor { newest, .. } => Some(format!("\"1.{}\"", newest - 1)),
        Kind::Flags(flags) => Some(flags.example.to_owned()),
        Kind::Texts { .. } => Some("[\"a\", \"b\"]".to_owned()),
        Kind::Inherits => Some("[\"preset:objects\", \"preset:fleet-kubelet\"]".to_owned()),
        Kind::Per(units) => quoted(units.words().next()?),
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
pub(crate) fn fits(kind: &Kind, text: &str) -> bool {
    let node = Node { raw: None, ..Node::from_raw(text, Span::default()) };
    scalar(kind, &node).is_ok()
}
