//! Every code has a text whose wrong example yields it and whose right one does not.

use std::path::Path;

use oomcast::experiment::{advice, long_sweep};
use oomcast::scenario::explain::{self, Example, Found};
use oomcast::scenario::measure::Measure;
use oomcast::scenario::{
    Code, Diagnostics, LARGEST_FILE, Layers, Overlay, Scenario, Vary, keys, load, load_file_with,
};

use super::{folder, oomcast};
use crate::support::{stderr, stdout};

/// What the fragments are laid over.
const BASE: &str = "schema = 1
name = \"base\"
[run]
duration = \"10m\"
[apiserver]
version = \"1.32\"
replicas = 3
memory-limit = \"8GiB\"
[cluster]
nodes = 500
[objects.configmaps]
count = 3
per = \"node\"
size = \"2kB\"
[objects.pods]
count = 20_000
size = \"5kB\"
[[clients]]
name = \"agents\"
count = 600
start = \"stopped\"
reflector = { resource = \"pods\", encoding = \"json\" }
[[events]]
name = \"rollout\"
at = \"1m\"
start = { client = \"agents\", over = \"30s\" }
";

const LEVEL: &str = "apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: { name: slow-lane }
spec:
  type: Limited
  limited: { nominalConcurrencyShares: 5, limitResponse: { type: Reject } }
";

fn codes(loaded: Result<Scenario, Diagnostics>) -> Vec<Code> {
    let found = match loaded {
        Ok(scenario) => {
            let sweep = scenario.sweep.as_ref().and_then(|plan| long_sweep(&scenario, plan));
            let more = advice(&scenario).into_iter().chain(sweep);
            scenario.notes.iter().cloned().chain(more).collect()
        }
        Err(found) => found.items,
    };
    found.iter().map(|one| one.code).collect()
}

fn layered(place: &Path, fragment: &str, set: &[&str]) -> Vec<Code> {
    let overlay = Overlay { name: "example".to_owned(), text: fragment.as_bytes().to_vec() };
    let overrides: Vec<String> = set.iter().map(|one| (*one).to_owned()).collect();
    let layers = Layers { overlays: &[overlay], overrides: &overrides, ..Layers::default() };
    codes(load_file_with(&place.join("base.toml"), layers))
}

/// The codes that an example yields.
fn of(example: Example, place: &Path) -> Vec<Code> {
    match example {
        Example::Fragment(text) => layered(place, text, &[]),
        Example::Set(set) => layered(place, "", &[set]),
        Example::Profile(name) => {
            let profiles = [name.to_owned()];
            let layers = Layers { profiles: &profiles, ..Layers::default() };
            codes(load_file_with(&place.join("base.toml"), layers))
        }
        Example::Vary(vary) => match Vary::parse(vary) {
            Ok(_) => Vec::new(),
            Err(found) => codes(Err(found)),
        },
        Example::Manifest(manifest) => {
            std::fs::write(place.join("m.yaml"), manifest).expect("writes");
            let found = layered(place, "[apf]\nmanifests = [\"m.yaml\"]\n", &[]);
            std::fs::write(place.join("m.yaml"), LEVEL).expect("writes");
            found
        }
        Example::Command(command) => {
            let word = command.rsplit(' ').next().expect("a command has words");
            match word {
                "etcd-snapshot.db" => {
                    let large = vec![b'#'; usize::try_from(LARGEST_FILE).expect("fits") + 1];
                    codes(load(word, &large, &[]))
                }
                "utf-16.toml" => codes(load(word, b"\xff\xfen\0a\0m\0e\0", &[])),
                _ => codes(load_file_with(Path::new(word), Layers::default())),
            }
        }
    }
}

#[test]
fn every_code_has_an_example_that_yields_it_and_a_mended_one() {
    let place = folder("explained");
    std::fs::write(place.join("base.toml"), BASE).expect("writes");
    std::fs::write(place.join("m.yaml"), LEVEL).expect("writes");
    let mut wrong = Vec::new();
    for code in Code::ALL {
        let Some(text) = explain::code(*code) else {
            wrong.push(format!("{code:?} has no text"));
            continue;
        };
        assert_eq!(text.code, *code);
        assert!(text.why.ends_with(['.', ':']) && text.why.len() > 30, "{code:?}: {}", text.why);
        let (bad, good) = (of(text.wrong, &place), of(text.right, &place));
        if !bad.contains(code) {
            wrong.push(format!("{code:?}: the wrong example yields {bad:?}"));
        }
        if good.contains(code) || good.iter().any(|code| code.id().starts_with('E')) {
            wrong.push(format!("{code:?}: the right example yields {good:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_key_and_code_can_be_asked_for() {
    let mut count = 0;
    keys::visit(|path, key| {
        match explain::find(path) {
            Found::Key(place) => {
                assert_eq!(place.text().path(), path);
                assert_eq!(place.text().key.doc, key.doc);
            }
            other => panic!("{path}: {other:?}"),
        }
        count += 1;
    });
    assert!(count > 100);
    for code in Code::ALL {
        assert!(matches!(explain::find(code.id()), Found::Code(found) if found == *code));
    }
}

#[test]
fn every_metric_can_be_asked_for() {
    let place = folder("explain_metrics");
    for measure in Measure::ALL {
        let output = oomcast(&place, &["explain", measure.key()], "");
        let said = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(output.status.code(), Some(0), "{}", measure.key());
        assert!(said.contains(measure.meaning()), "{}: {said}", measure.key());
    }
}

#[test]
fn the_verb_explains() {
    let place = folder("explain");
    let ask = |words: &[&str]| {
        let arguments = [&["explain"], words].concat();
        let output = oomcast(&place, &arguments, "");
        (output.status.code(), stdout(&output), stderr(&output))
    };
    for (words, name) in [
        (&["E0101"][..], "code"),
        (&["W0308"], "warning"),
        (&["apiserver.memory-limit"], "key"),
        (&["objects.pods.size"], "key_of_a_resource"),
        (&["clients.reflector.encoding"], "key_of_a_reflector"),
        (&["start-jitter"], "bare_name"),
        (&["count"], "ambiguous"),
        (&["apf.flow-schemas"], "list"),
        (&[], "contents"),
    ] {
        let (code, out, err) = ask(words);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{words:?}");
        insta::assert_snapshot!(format!("explain_{name}"), out);
    }
    let (code, out, err) = ask(&["memry-limit"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.contains("did you mean `memory-limit`?"), "{err}");
    let (code, _, err) = ask(&["E0199"]);
    assert!(code == Some(2) && err.contains("did you mean `E01"), "{err}");
}
