//! The committed schema: up to date, a schema, and on the side of the reader.

use std::path::PathBuf;

use crate::support::root;
use jsonschema::Validator;
use oomcast::cli::SCHEMAS;
use oomcast::scenario;
use oomcast::scenario::schema::Extent;
use serde_json::Value;

fn schema() -> Value {
    serde_json::from_str(&scenario::schema::json(Extent::Whole)).expect("JSON")
}

fn validator() -> Validator {
    jsonschema::validator_for(&schema()).expect("a schema that compiles")
}

/// A scenario as a validator sees it.
fn document(text: &str) -> Value {
    let table: toml::Table = text.parse().expect("TOML");
    serde_json::to_value(table).expect("JSON")
}

/// Every scenario in the tree.
fn scenarios() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in ["scenarios", "tests/data"] {
        for entry in std::fs::read_dir(root().join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                let text = std::fs::read_to_string(&path).expect("text");
                found.push((path, text));
            }
        }
    }
    found.sort();
    found
}

/// `UPDATE_SCHEMA=1` renews them. That of scenarios is beside the scenarios, which name it.
#[test]
fn the_committed_schemas_are_up_to_date() {
    let folder = root().join("schemas");
    for one in SCHEMAS {
        let path = match one.name {
            "scenario" => root().join("scenarios/oomcast.schema.json"),
            name => folder.join(format!("{name}.schema.json")),
        };
        let fresh = one.json();
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, &fresh).expect("written");
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        let renew = "renew it: UPDATE_SCHEMA=1 cargo test --test language schema";
        assert!(there == fresh, "{}: {renew}", path.display());
    }
    let committed = std::fs::read_dir(folder).expect("a folder").count();
    assert_eq!(committed, SCHEMAS.len() - 1, "schemas/ holds files that nothing makes");
}

#[test]
fn they_are_schemas_of_draft_7() {
    for one in SCHEMAS {
        let schema: Value = serde_json::from_str(&one.json()).expect("JSON");
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#", "{}", one.name);
        if let Err(error) = jsonschema::draft7::meta::validate(&schema) {
            panic!("{}: {error} at {}", one.name, error.instance_path());
        }
    }
}

#[test]
fn scenarios_validate_and_name_the_schema() {
    let validator = validator();
    let all = scenarios();
    assert!(all.len() > 9);
    for (path, text) in all {
        let document = document(&text);
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
        if path.starts_with(root().join("scenarios")) {
            let first = text.lines().next();
            assert_eq!(first, Some("#:schema ./oomcast.schema.json"), "{}", path.display());
        }
    }
}

/// What the reader prints, with every default filled in, is a scenario, too.
#[test]
fn effective_scenarios_validate() {
    let validator = validator();
    for (path, _) in scenarios() {
        let scenario =
            scenario::load_file(&path, &[]).unwrap_or_else(|e| panic!("{}", e.render(false)));
        let document = document(&scenario.effective);
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
    }
}

/// A file that inherits need not have everything, nor need what it inherits.
#[test]
fn parts_and_presets_validate() {
    let part = serde_json::from_str(&scenario::schema::json(Extent::Part)).expect("JSON");
    let part = jsonschema::validator_for(&part).expect("a schema");
    let presets = std::fs::read_dir(root().join("presets")).expect("presets");
    let mut count = 0;
    for path in presets.map(|entry| entry.expect("an entry").path()) {
        let document = document(&std::fs::read_to_string(&path).expect("text"));
        let errors: Vec<String> =
            part.iter_errors(&document).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
        count += 1;
    }
    assert!(count > 30);
    let whole = validator();
    for (text, fits) in [
        ("inherits = \"preset:reference\"\nname = \"mine\"\n", true),
        ("inherits = [\"preset:reference\"]\nnode.remove = [\"memory\"]\n", true),
        ("inherits = [\"a.toml\"]\n[[clients]]\nname = \"agents\"\nremove = true\n", true),
        ("inherits = [\"a.toml\"]\n[profiles.large.cluster]\nnodes = 5000\n", true),
        ("inherits = [\"a.toml\"]\n[objects.pods]\ncount = 30\nper = \"node\"\n", true),
        ("inherits = [\"a.toml\"]\n[objects.pods]\nper = \"100 nodes\"\n", true),
        ("name = \"mine\"\n", false),
        ("inherits = 3\n", false),
        ("inherits = [\"a.toml\"]\n[objects.pods]\nper = \"rack\"\n", false),
        ("inherits = [\"a.toml\"]\n[profiles.large.cluster]\nnode = 5000\n", false),
        ("inherits = [\"a.toml\"]\n[profiles.large]\ninherits = \"b.toml\"\n", false),
        ("inherits = [\"a.toml\"]\n[[clients]]\nname = \"agents\"\nremove = 1\n", false),
    ] {
        assert_eq!(whole.is_valid(&document(text)), fits, "{text}");
    }
}

#[test]
fn other_forms_of_values_validate() {
    let validator = validator();
    for (from, to) in [
        ("count = 60_000", "count = \"4_000 to 20_000\""),
        ("memory-limit = \"16GiB\"", "memory-limit = \"17_179_869_184_000m\""),
        ("memory-limit = \"16GiB\"", "memory-limit = \"0.016Ti\""),
        ("writes = \"600/min\"", "writes = \"36_000/h\""),
        ("size = \"4KiB\"", "size = { p50 = \"5kB\", p95 = \"9kB\" }"),
        ("cpu-limit = \"4\"", "cpu-limit = { dist = \"normal\", p5 = 2, p95 = \"4\" }"),
        ("writes = \"600/min\"", "writes = { dist = \"uniform\", from = \"10/s\", to = \"50/s\" }"),
        (
            "start-jitter = \"10s\"",
            "start-jitter = { dist = \"triangular\", from = \"0s\", mode = \"5s\", to = \"30s\" }",
        ),
        ("cpu-noise = \"3%\"", "cpu-noise = \"1% to 5%\""),
    ] {
        let text = changed(from, to);
        assert!(validator.is_valid(&document(&text)), "does not validate: {to}");
        assert!(scenario::load("good.toml", text.as_bytes(), &[]).is_ok(), "does not load: {to}");
    }
}

/// The scenario with every table in it, after a change.
fn changed(from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(root().join("tests/data/everything.toml")).expect("text");
    assert!(text.contains(from), "no {from}");
    text.replacen(from, to, 1)
}

/// What a schema can see, both it and the reader refuse.
#[test]
fn mistakes_do_not_validate() {
    const MISTAKES: [(&str, &str); 35] = [
        ("schema = 1\n", ""),
        ("schema = 1\n", "schema = 2\n"),
        ("name = \"everything\"", "name = \"every thing\""),
        ("name = \"everything\"", "name = \"everything\"\nnamespace = \"x\""),
        ("[run]\nduration = \"20m\"\n", ""),
        ("duration = \"20m\"", "duration = 20"),
        ("duration = \"20m\"", "duration = \"20 minutes\""),
        ("duration = \"20m\"", "duration = \"10m to 20m\""),
        ("version = \"1.32\"", "version = 1.32"),
        ("version = \"1.32\"", "version = \"1.27\""),
        ("replicas = 3", "replicas = 33"),
        ("replicas = 3", "replicas = \"3\""),
        ("replicas = 3", "replicas = \"2 to 3\""),
        ("memory-limit = \"16GiB\"", "memory_limit = \"16GiB\""),
        ("memory-limit = \"16GiB\"", "memory-limit = \"16\""),
        ("memory-limit = \"16GiB\"", "memory-limit = \"16XiB\""),
        ("memory-limit = \"16GiB\"", "memory-limit = \"500m\""),
        ("WatchList = true", "WachList = true"),
        ("WatchList = true", "WatchList = \"true\""),
        ("cpu-limit = \"4\"", "cpu-limit = \"four\""),
        ("cpu-noise = \"3%\"", "cpu-noise = \"3\""),
        ("policy = \"round-robin\"", "policy = \"round robin\""),
        ("[objects.secrets]", "[objects.Secrets]"),
        ("[objects.secrets]\ncount = 400\n", "[objects.secrets]\n"),
        ("[objects.secrets]\ncount = 400\n", "[objects.secrets]\ncount = -1\n"),
        ("shape = \"custom\"", "shape = \"crd\""),
        ("writes = \"600/min\"", "writes = \"600\""),
        ("size = \"4KiB\"", "size = { p50 = \"5kB\" }"),
        ("reflector = { resource = \"secrets\", watch-list = false }\n", ""),
        (
            "reflector = { resource = \"secrets\"",
            "lister = { resource = \"pods\" }\nreflector = { resource = \"secrets\"",
        ),
        ("reflector = { resource = \"secrets\"", "reflector = { resources = \"secrets\""),
        ("drain-rate = \"5MB/s\"", "drain-rate = \"5MB\""),
        ("kill = { apiserver = 0 }", "kill = { apiserver = 0 }\nroll = { every = \"1m\" }"),
        ("slow-etcd = { speed = 0.1,", "slow-etcd = { speed = 2.0,"),
        ("metric = \"oom\"\nat-most", "metric = \"ooms\"\nat-most"),
    ];
    let validator = validator();
    for (from, to) in MISTAKES {
        let text = changed(from, to);
        assert!(!validator.is_valid(&document(&text)), "validates: {to}");
        assert!(scenario::load("mistake.toml", text.as_bytes(), &[]).is_err(), "loads: {to}");
    }
}
