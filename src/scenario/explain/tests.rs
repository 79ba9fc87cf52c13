//! Tests of what is said of keys.

use super::find;
use crate::language::print::explain::lookup::{Found, all};
use crate::language::table::example::{example, fits};
use crate::scenario::keys::{Kind, ROOT, visit};
use crate::scenario::{Code, Layers, Overlay, load_beside};

fn path(word: &str) -> String {
    match find(word) {
        Found::Key(place) => place.text().path(),
        Found::Code(code) => code.id().to_owned(),
        Found::Several(paths) => paths.join(" "),
        Found::Nothing(near) => format!("? {}", near.unwrap_or_default()),
    }
}

#[test]
fn words_find_what_they_mean() {
    for (word, found) in [
        ("e0101", "E0101"),
        ("apiserver.memory-limit", "apiserver.memory-limit"),
        ("memory-limit", "apiserver.memory-limit"),
        ("objects.pods.size", "objects.*.size"),
        ("objects.*.size", "objects.*.size"),
        ("objects.size", "objects.*.size"),
        ("objects.pods", "objects"),
        ("clients.reflector.encoding", "clients.reflector.encoding"),
        ("clients.node-agents.reflector.encoding", "clients.reflector.encoding"),
        ("clients.node-agents.count", "clients.count"),
        ("[apiserver]", "apiserver"),
        ("encoding", "clients.reflector.encoding clients.lister.encoding"),
        ("lister.encoding", "clients.lister.encoding"),
        ("memry-limit", "? memory-limit"),
        ("apiserver.memory_limit", "? apiserver.memory-limit"),
        ("E0199", "? E0109"),
        ("colour", "? "),
    ] {
        assert_eq!(path(word), found, "{word}");
    }
}

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
    for place in all(&ROOT) {
        let text = place.text();
        let example = text.example();
        let (path, codes) = (text.path(), text.codes());
        assert!(example.contains(text.key.name), "{path}:\n{example}");
        assert!(!text.forms().is_empty() && !text.left_out().is_empty() && !codes.is_empty());
        let overlay = Overlay { name: "example".to_owned(), text: example.clone().into_bytes() };
        let layers = Layers { overlays: &[overlay], ..Layers::default() };
        if let Err(found) = load_beside("base", BASE.as_bytes(), layers, None, false) {
            let bad = found.items.iter().find(|d| wrong.contains(&d.code));
            assert!(bad.is_none(), "{path}:\n{example}\n{found}");
        }
        seen += 1;
    }
    assert!(seen > 100);
}

#[test]
fn every_key_has_an_example_that_it_takes() {
    let mut lacking = Vec::new();
    visit(|path, key| match (key.kind, example(key)) {
        (Kind::Table(_) | Kind::Named { .. } | Kind::List { .. } | Kind::Profiles, None)
        | (Kind::Flags(_) | Kind::Inherits, Some(_)) => {}
        (kind, Some(text)) if fits(&kind, &text) => {}
        (_, other) => lacking.push(format!("{path}: {other:?}")),
    });
    assert!(lacking.is_empty(), "{lacking:#?}");
}
