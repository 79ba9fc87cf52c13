//! `show`, `scenarios`, `presets` and `init` as a user meets them.

use std::path::Path;

use oomcast::scenario::load_file;

use crate::support::{self, oomcast};
use crate::{BASE, folder};

/// What a command prints that must succeed.
#[track_caller]
fn printed(folder: &Path, arguments: &[&str]) -> String {
    support::stdout(&support::done(folder, arguments))
}

/// The comment behind a key in a section.
fn origin<'t>(text: &'t str, section: &str, key: &str) -> &'t str {
    let begin = text.find(section).unwrap_or_else(|| panic!("no {section} in\n{text}"));
    let line = text[begin..].lines().find(|line| line.starts_with(&format!("{key} = ")));
    line.and_then(|line| line.split_once("  # ")).map(|(_, origin)| origin).expect(key).trim()
}

#[test]
fn show_says_where_each_value_comes_from() {
    let own = "inherits = [\"base.toml\", \"preset:fleet-kubelet\"]\n[cluster]\nnodes = 7\n\
        [profiles.big.cluster]\nnodes = 70\n";
    let files = [
        ("main.toml", own),
        ("base.toml", BASE),
        ("over.toml", "[hardware]\ncpu-noise = \"1%\"\n"),
    ];
    let folder = folder("show", &files);
    let typed = [
        "show",
        "main.toml",
        "--profile",
        "big",
        "--overlay",
        "over.toml",
        "--set",
        "run.seed=9",
        "--set",
        "apiserver.feature-gates={ WatchList = true }",
    ];
    let text = printed(&folder, &typed);
    for (section, key, expected) in [
        ("[cluster]", "nodes", "profile big, main.toml:5"),
        ("[cluster]", "pods-per-node", "preset:objects-services:5"),
        ("[run]", "duration", "base.toml:4"),
        ("[run]", "seed", "--set"),
        ("[run]", "replications", "default"),
        ("[apiserver]", "feature-gates.WatchList", "--set"),
        ("[hardware]", "cpu-noise", "over.toml:2"),
        ("name = \"kubelets\"", "count", "preset:fleet-kubelet:15: 70 in total"),
        ("name = \"kubelets\"", "reflector.resource", "preset:fleet-kubelet:24"),
        ("name = \"kubelets\"", "reflector.selector", "derived: true where selected is below 100%"),
    ] {
        assert_eq!(origin(&text, section, key), expected, "{section} {key}");
    }
    let mut bare = typed.to_vec();
    bare.push("--no-origins");
    let effective = printed(&folder, &bare);
    assert!(!effective.contains('#'));
    std::fs::write(folder.join("again.toml"), &text).expect("written");
    assert_eq!(printed(&folder, &["show", "again.toml", "--no-origins"]), effective);
    let mut json = typed.to_vec();
    json.extend(["--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&printed(&folder, &json)).expect("JSON");
    assert_eq!(json["origins"]["cluster.nodes"], "profile big, main.toml:5");
    assert_eq!(json["origins"]["clients.a.count"], "base.toml:16");
    assert_eq!(json["cluster"]["nodes"], 70);
}

#[test]
fn presets_are_listed_and_printed() {
    let folder = folder("presets", &[("x", "")]);
    let list = printed(&folder, &["presets"]);
    assert!(list.contains("Fleets\n  fleet-kubelet "), "{list}");
    assert!(list.lines().all(|line| line.chars().count() <= 80), "{list}");
    let one = printed(&folder, &["presets", "preset:kubeadm-3"]);
    assert!(one.contains("replicas = 3"));
    let wrong = oomcast(&folder, &["presets", "kubadm-3"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("did you mean kubeadm-3?"));
}

#[test]
fn shipped_scenarios_are_listed_printed_and_written_out() {
    let folder = folder("shipped", &[("x", "")]);
    let list = printed(&folder, &["scenarios"]);
    assert!(list.contains("Incidents\n  antrea-restart "), "{list}");
    assert!(list.lines().all(|line| line.chars().count() <= 80), "{list}");
    assert!(printed(&folder, &["scenarios", "ha-cascade"]).contains("name = \"ha-cascade\""));
    let wrong = oomcast(&folder, &["scenarios", "ha-cascad"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("did you mean ha-cascade?"));

    let write = ["scenarios", "cilium-restart-apf", "--write", "mine"];
    let wrote = printed(&folder, &write);
    assert!(wrote.contains("wrote mine/manifests/cilium-flowschema.yaml\n"), "{wrote}");
    assert_eq!(printed(&folder, &["check", "mine/cilium-restart-apf.toml"]), {
        "mine/cilium-restart-apf.toml: ok\n"
    });
    // What a person may have edited stays.
    let again = oomcast(&folder, &write);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("--force writes over it"));
}

/// A bare name is a shipped scenario in any folder, with what it names beside itself, and the same one.
#[test]
fn a_shipped_scenario_needs_no_file() {
    let folder = folder("by-name", &[("x", "")]);
    let apf = printed(&folder, &["show", "cilium-restart-apf", "--apf"]);
    let path = support::root().join("scenarios/cilium-restart-apf.toml");
    assert_eq!(apf, printed(&folder, &["show", &path.to_string_lossy(), "--apf"]));
    for shipped in oomcast::scenario::shipped::SHIPPED {
        let inside = load_file(Path::new(shipped.name), &[]).expect(shipped.name);
        let path = support::root().join("scenarios").join(shipped.name).with_extension("toml");
        let file = load_file(&path, &[]).expect(shipped.name);
        assert_eq!((inside.name.as_str(), &inside.hash), (shipped.name, &file.hash));
    }
    // A file of that name comes first; a name that is nearly right is answered.
    std::fs::write(folder.join("ha-cascade"), "schema = 2\n").expect("written");
    assert_eq!(oomcast(&folder, &["check", "ha-cascade"]).status.code(), Some(2));
    let wrong = oomcast(&folder, &["run", "scenarios/ha-cascade.toml"]);
    let told = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(told.contains("did you mean ha-cascade, which comes with oomcast"), "{told}");
}

#[test]
fn the_shipped_table_is_the_folder() {
    let entries = std::fs::read_dir(support::root().join("scenarios")).expect("scenarios/");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().unwrap());
    let mut files: Vec<String> =
        names.filter_map(|name| Some(name.strip_suffix(".toml")?.to_owned())).collect();
    files.sort();
    let mut table: Vec<&str> =
        oomcast::scenario::shipped::SHIPPED.iter().map(|shipped| shipped.name).collect();
    table.sort_unstable();
    assert_eq!(table, files);
}

#[test]
fn init_writes_a_file_that_runs_as_it_is() {
    let folder = folder("init", &[("x", "")]);
    let wrote = printed(&folder, &["init"]);
    assert!(
        wrote.starts_with("wrote my-cluster.toml\n")
            && wrote.contains("oomcast run my-cluster.toml")
    );
    let check = oomcast(&folder, &["check", "my-cluster.toml"]);
    assert_eq!(
        support::stdout(&check),
        "my-cluster.toml: ok\n",
        "{}",
        String::from_utf8_lossy(&check.stderr)
    );
    let run = [
        "run",
        "my-cluster.toml",
        "--no-charts",
        "-n",
        "1",
        "--profile",
        "next-year",
        "--out",
        "o",
    ];
    assert!(printed(&folder, &run).contains("agents roll out"));
    let again = oomcast(&folder, &["init"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("--force"));
    printed(&folder, &["init", "--force", "--preset", "release-1.36", "--preset", "reference"]);
    assert_eq!(printed(&folder, &["check", "my-cluster.toml"]), "my-cluster.toml: ok\n");
    let text = std::fs::read_to_string(folder.join("my-cluster.toml")).expect("written");
    assert!(text.contains("\n# version = \"1.33\"  # as preset:release-1.36 has it\n"), "{text}");
    assert_eq!(
        oomcast(&folder, &["init", "--preset", "refrence", "b.toml"]).status.code(),
        Some(2)
    );
    assert_eq!(oomcast(&folder, &["init", "no/such/folder.toml"]).status.code(), Some(2));
}

#[test]
fn presets_chosen_by_init_are_whole() {
    let folder = folder("init-all", &[("x", "")]);
    for preset in oomcast::scenario::presets::PRESETS {
        printed(&folder, &["init", "a.toml", "--force", "--preset", preset.name]);
        let check = oomcast(&folder, &["check", "a.toml"]);
        assert_eq!(check.status.code(), Some(0), "{}", String::from_utf8_lossy(&check.stderr));
    }
}

#[test]
fn the_size_of_a_cluster_can_be_searched() {
    let folder = folder("find", &[("x", "")]);
    printed(&folder, &["init"]);
    let find = [
        "find",
        "my-cluster.toml",
        "--vary",
        "cluster.nodes=100,400",
        "-n",
        "2",
        "--no-charts",
        "--set",
        "run.duration=2m",
        "--out",
        "o",
    ];
    assert!(printed(&folder, &find).contains("cluster.nodes"));
}
