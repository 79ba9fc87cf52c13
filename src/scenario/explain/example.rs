//! An example of every key, from what kind of value it takes.

use super::Step;
use crate::scenario::keys::{Family, Key, Kind, Presence};

/// Keys whose kind says too little.
const SPECIAL: [(&str, &str); 26] = [
    ("schema", "1"),
    ("description", "\"What would a rollout of the node agents do?\""),
    ("group", "\"cilium.io\""),
    ("writer", "\"system:kube-controller-manager\""),
    ("user", "\"system:serviceaccount:kube-system:cilium\""),
    ("source", "\"KEP-3157, manual testing\""),
    ("note", "\"measured with another release\""),
    ("manifests", "[\"flowschemas.yaml\"]"),
    ("vary", "[\"clients.agents.count=100..2000:100\"]"),
    ("samples", "200"),
    ("groups", "[\"system:nodes\"]"),
    ("users", "[\"system:kube-scheduler\"]"),
    ("service-accounts", "[\"kube-system:*\"]"),
    ("verbs", "[\"list\", \"watch\"]"),
    ("api-groups", "[\"\", \"apps\"]"),
    ("resources", "[\"pods\"]"),
    ("namespaces", "[\"kube-system\"]"),
    ("urls", "[\"/metrics\"]"),
    ("level", "\"workload-low\""),
    ("flow-schema", "\"service-accounts\""),
    ("heap-size", "\"12kB\""),
    ("json-size", "\"7kB\""),
    ("size", "\"5kB\""),
    ("limit", "500"),
    ("idle-resident", "\"3.6GB\""),
    ("other-live-heap", "\"1GiB\""),
];

/// Lines of a scenario that set the last key of the path.
pub(super) fn of(path: &[Step]) -> String {
    let mut lines = Vec::new();
    let (mut header, mut dotted) = (String::new(), String::new());
    let Some((last, outer)) = path.split_last() else {
        return String::new();
    };
    for step in outer {
        let name = step.key.name;
        let prefix = if header.is_empty() { name.to_owned() } else { format!("{header}.{name}") };
        match step.key.kind {
            Kind::List { .. } => {
                lines.push(format!("[[{prefix}]]"));
                header = prefix;
            }
            Kind::Named { .. } => {
                header = format!("{prefix}.pods");
                lines.push(format!("[{header}]"));
            }
            // A table of an entry reads better as a dotted key below the entry.
            _ if lines.is_empty() => header = prefix,
            _ => {
                dotted.push_str(name);
                dotted.push('.');
            }
        }
    }
    if lines.is_empty() && !header.is_empty() && !is_list(last.key) {
        lines.push(format!("[{header}]"));
    }
    match last.key.kind {
        Kind::Table(_) | Kind::Named { .. } | Kind::List { .. } => {
            table(last.key, &header, &dotted, &mut lines);
        }
        _ => lines.push(format!("{dotted}{} = {}", last.key.name, value(last.key))),
    }
    lines.join("\n")
}

const fn is_list(key: &Key) -> bool {
    matches!(key.kind, Kind::List { .. } | Kind::Named { .. })
}

/// A table with the keys that it must have, or else its first.
fn table(key: &Key, header: &str, dotted: &str, lines: &mut Vec<String>) {
    let (Kind::Table(inner) | Kind::Named { table: inner, .. } | Kind::List { table: inner, .. }) =
        key.kind
    else {
        return;
    };
    let scalar = |inner: &&Key| !matches!(inner.kind, Kind::Table(_)) && !is_list(inner);
    let required = |inner: &&Key| inner.presence == Presence::Required;
    let mut keys: Vec<&Key> = inner.keys.iter().filter(scalar).filter(required).collect();
    if keys.is_empty() {
        keys.extend(inner.keys.iter().find(scalar));
    }
    let pairs = keys.iter().map(|inner| format!("{} = {}", inner.name, value(inner)));
    let path =
        if header.is_empty() { key.name.to_owned() } else { format!("{header}.{}", key.name) };
    match key.kind {
        Kind::List { .. } => lines.push(format!("[[{path}]]")),
        Kind::Named { .. } => lines.push(format!("[{path}.pods]")),
        _ if header.is_empty() => lines.push(format!("[{path}]")),
        _ => {
            let pairs: Vec<String> = pairs.collect();
            lines.push(format!("{dotted}{} = {{ {} }}", key.name, pairs.join(", ")));
            return;
        }
    }
    lines.extend(pairs);
}

/// A value that the key takes.
fn value(key: &Key) -> String {
    let special = SPECIAL.iter().find(|(name, _)| *name == key.name);
    // Some names are lists in one table and something else in another.
    let fits = |text: &str| text.starts_with('[') == matches!(key.kind, Kind::Texts { .. });
    if let Some((_, text)) = special.filter(|(_, text)| fits(text)) {
        return (*text).to_owned();
    }
    let default = match key.presence {
        Presence::Default(text) if !text.starts_with('0') && text != "\"\"" => Some(text),
        _ => None,
    };
    let or = |text: &str| match default {
        Some(default) if default.starts_with(['"', '[']) => default.to_owned(),
        Some(default) => format!("\"{default}\""),
        None => format!("\"{text}\""),
    };
    let number = |text: &str| default.unwrap_or(text).to_owned();
    match key.kind {
        Kind::Text { .. } => or("text"),
        Kind::Name(_) => "\"agents\"".to_owned(),
        Kind::Flag => if default == Some("true") { "false" } else { "true" }.to_owned(),
        Kind::Integer { min, max } => number(&10.clamp(min, max.min(100)).to_string()),
        Kind::IntegerOr { .. } => number("100"),
        Kind::IntegerOrPercent { .. } => or("10%"),
        Kind::Number { min, max } => number(&1.0_f64.clamp(min, max).to_string()),
        Kind::Cores { .. } => number("4"),
        Kind::Size { limit: true, .. } => or("16GiB"),
        Kind::Size { .. } => or("1GiB"),
        Kind::Span { .. } => or("30s"),
        Kind::Rate { .. } => or("40MB/s"),
        Kind::PerSecond { .. } => or("60/s"),
        Kind::Percent { .. } => or("15%"),
        Kind::Choice(words) => {
            format!("\"{}\"", words.iter().find(|w| !w.is_empty()).unwrap_or(&""))
        }
        Kind::Release => or("1.34"),
        Kind::Gates => "{ WatchList = true }".to_owned(),
        Kind::Figure => or("9.24GB"),
        Kind::Bound => or("5%"),
        Kind::Texts { .. } => "[\"text\"]".to_owned(),
        Kind::Per => "\"node\"".to_owned(),
        Kind::Inherits => "[\"base.toml\", \"preset:fleet-kubelet\"]".to_owned(),
        Kind::Profiles => "{ large = { node = { memory = \"64GiB\" } } }".to_owned(),
        Kind::Refer(Family::Resource) => "\"pods\"".to_owned(),
        Kind::Refer(Family::Client) => "\"agents\"".to_owned(),
        Kind::Refer(Family::Phase) => "\"rollout\"".to_owned(),
        Kind::Table(_) | Kind::Named { .. } | Kind::List { .. } => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::lookup::all;
    use crate::scenario::{Code, Layers, Overlay, load_beside};

    const BASE: &str = "schema = 1\nname = \"base\"\n[run]\nduration = \"10m\"\n[apiserver]\n\
        version = \"1.34\"\n";

    /// What is incomplete is no matter; that a value does not fit its key is.
    #[test]
    fn every_key_has_an_example_that_reads() {
        let wrong = [
            Code::Syntax,
            Code::UnknownKey,
            Code::WrongType,
            Code::BadQuantity,
            Code::OutOfBounds,
            Code::NotAChoice,
            Code::BadName,
            Code::UnknownRelease,
            Code::BadVary,
            Code::BadSpread,
        ];
        let mut seen = 0;
        for place in all() {
            let text = place.text();
            let example = text.example();
            let (path, codes) = (text.path(), text.codes());
            assert!(example.contains(text.key.name), "{path}:\n{example}");
            assert!(!text.forms().is_empty() && !text.left_out().is_empty() && !codes.is_empty());
            let overlay =
                Overlay { name: "example".to_owned(), text: example.clone().into_bytes() };
            let layers = Layers { overlays: &[overlay], ..Layers::default() };
            if let Err(found) = load_beside("base", BASE.as_bytes(), layers, None, false) {
                let bad = found.items.iter().find(|d| wrong.contains(&d.code));
                assert!(bad.is_none(), "{path}:\n{example}\n{found}");
            }
            seen += 1;
        }
        assert!(seen > 100);
    }
}
