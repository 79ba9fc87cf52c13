//! The presets that come with oomcast.

use std::path::Path;

use oomcast::scenario::Code;
use oomcast::scenario::presets::{PRESETS, find, nearest};

use crate::support::load as text;

/// A scenario around one preset.
fn around(name: &str) -> String {
    format!(
        "schema = 1\nname = \"x\"\ninherits = \"preset:{name}\"\n[run]\nduration = \"5m\"\n\
         [apiserver]\nversion = \"1.33\"\n[node]\nmemory = \"128GiB\"\n"
    )
}

#[test]
fn every_preset_checks_clean() {
    for preset in PRESETS {
        let found = text(&around(preset.name), &[]);
        let found = found.unwrap_or_else(|e| panic!("{}: {}", preset.name, e.render(false)));
        // Some products ask etcd on purpose; that is noted once for each of them.
        let told = found.notes.iter().filter(|note| note.code != Code::AskedEtcd);
        assert_eq!(told.count(), 0, "{}: {:?}", preset.name, found.notes);
        assert!(found.notes.len() <= 2, "{}: {:?}", preset.name, found.notes);
    }
}

#[test]
fn the_reference_is_whole_and_scales() {
    let found = text("inherits = \"preset:reference\"\n", &[]).expect("whole");
    assert_eq!(found.name, "reference");
    let kubelets = |nodes: u32| {
        let set = format!("cluster.nodes={nodes}");
        let found = text("inherits = \"preset:reference\"\n", &[&set]).expect("valid");
        // A cluster may be larger than what Kubernetes is tested with.
        let told = found.notes.iter().all(|note| note.code == Code::BeyondTested);
        assert!(told, "{:?}", found.notes);
        let kubelets = found.inputs.fleets.iter().find(|fleet| fleet.name == "kubelets");
        let pods = found.inputs.resources.iter().find(|resource| resource.name == "pods");
        let leases = found.inputs.resources.iter().find(|resource| resource.name == "leases");
        let writes = leases.expect("leases").writes_per_second;
        (kubelets.expect("kubelets").count, pods.expect("pods").count, writes)
    };
    // Besides nodes, three elected leaders renew a lease.
    assert_eq!(kubelets(500), (500, 15_000, 50.0 + 1.5));
    assert_eq!(kubelets(5_000), (5_000, 150_000, 500.0 + 1.5));
}

#[test]
fn fleets_go_together() {
    let fleets: Vec<String> = PRESETS
        .iter()
        .filter(|preset| preset.group.starts_with("Fleets"))
        .map(|preset| format!("\"preset:{}\"", preset.name))
        .collect();
    let all = around("objects").replace("\"preset:objects\"", &format!("[{}]", fleets.join(", ")));
    let found =
        text(&all, &["cluster.nodes=1000"]).unwrap_or_else(|e| panic!("{}", e.render(false)));
    assert!(found.inputs.fleets.len() > 25);
}

#[test]
fn the_table_is_the_folder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("presets");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("presets/")
        .map(|entry| {
            entry.expect("an entry").path().file_stem().expect("a stem").to_string_lossy().into()
        })
        .collect();
    files.sort();
    let mut names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
    names.sort_unstable();
    assert_eq!(names, files);
    for preset in PRESETS {
        assert!(
            preset.text.starts_with("# ") && preset.text.lines().count() > 5,
            "{}",
            preset.name
        );
        assert!(preset.summary().len() <= 47, "{}: 80 columns", preset.name);
        assert!(preset.text.lines().all(|line| line.len() <= 120), "{}", preset.name);
    }
    assert!(find("kubeadm-3").is_some());
    assert_eq!(nearest("fleet-kubelets"), Some("fleet-kubelet"));
}
