//! `oomcast import` on what a real kube-apiserver 1.34 exported (trimmed: `tests/data/cluster`), held to
//! what was really there.

use std::path::PathBuf;

use oomcast::cluster::{self, check, findings::Findings, write};
use oomcast::results::ImportCheck;
use oomcast::scenario::{Layers, load_file, load_file_with};
use oomcast::units::Bytes;

use crate::support::{folder, oomcast, root, stderr, stdout};

/// Metrics, objects and an audit log.
fn exported() -> PathBuf {
    root().join("tests/data/cluster")
}

fn findings() -> Findings {
    cluster::import(&[exported()])
}

/// Resources with their objects and the mean JSON of one, as they were created.
const THERE: [(&str, u64, f64); 13] = [
    ("nodes", 60, 9652.0),
    ("pods", 2400, 5145.0),
    ("services", 241, 835.0),
    ("endpointslices.discovery.k8s.io", 260, 1102.0),
    ("configmaps", 701, 9348.0),
    ("secrets", 900, 8391.0),
    ("deployments.apps", 220, 3268.0),
    ("replicasets.apps", 900, 2977.0),
    ("leases.coordination.k8s.io", 61, 717.0),
    ("events", 3001, 1024.0),
    ("ciliumendpoints.cilium.io", 2400, 2091.0),
    ("ciliumidentities.cilium.io", 320, 1251.0),
    ("policyreports.wgpolicyk8s.io", 400, 30334.0),
];

/// Writes per second: nodes one per minute each, of the others what was written in 150 s.
const WRITTEN: [(&str, f64); 5] = [
    ("pods", 686.0 / 150.0),
    ("nodes", 1.0),
    ("leases.coordination.k8s.io", 900.0 / 150.0),
    ("deployments.apps", 146.0 / 150.0),
    ("policyreports.wgpolicyk8s.io", 284.0 / 150.0),
];

fn near(what: &str, found: f64, real: f64, tolerance: f64) {
    let error = found / real - 1.0;
    assert!(error.abs() <= tolerance, "{what}: {found} instead of {real}: {:.1} %", error * 100.0);
}

#[test]
fn the_servers_are_exact() {
    let found = findings();
    assert_eq!(found.release.map(|release| release.value.minor), Some(34));
    assert_eq!(found.replicas.map(|replicas| replicas.value), Some(1));
    let server = &found.servers[0];
    let soft = server.gomemlimit.as_ref().and_then(|limit| limit.value);
    assert_eq!(soft, Some(Bytes::gib(7)));
    assert_eq!(server.gogc.as_ref().and_then(|gogc| gogc.value), Some(100));
    assert_eq!(found.inflight.map(|inflight| inflight.value), Some((400, 200)));
    assert_eq!(found.nodes.count.map(|nodes| nodes.value), Some(60));
    assert_eq!(found.nodes.control_plane_cores.map(|cores| cores.value), Some(8.0));
    assert_eq!(found.crds.map(|crds| crds.value), Some(3));
    assert!(found.gates.is_empty(), "{:?}", found.gates);
    assert_eq!(cluster::import(&[exported().join("a-1.34")]).skipped, []);
}

#[test]
fn objects_are_exact_and_their_sizes_near() {
    let found = findings();
    for (key, count, json) in THERE {
        let resource = &found.resources[key];
        assert_eq!(resource.count.as_ref().map(|count| count.value), Some(count), "{key}");
        let size = resource.json_size.as_ref().or(resource.size.as_ref()).expect(key);
        near(key, size.value.as_f64(), json, 0.15);
    }
}

#[test]
fn write_rates_are_near() {
    let found = findings();
    for (key, rate) in WRITTEN {
        let writes = found.resources[key].writes.as_ref().expect(key);
        near(key, writes.value, rate, 0.2);
        assert!(writes.source.what.contains("over 63 s"), "{:?}", writes.source);
    }
    assert!(found.resources["secrets"].writes.is_none());
}

#[test]
fn the_scenario_is_valid_with_every_profile_and_fits_the_servers() {
    let folder = folder("import", "valid");
    let found = findings();
    let names = write::Names { scenario: "a".into(), manifest: "a-apf.json".into() };
    let file = folder.join("a.toml");
    std::fs::write(&file, write::scenario(&found, &names)).expect("writes");
    let manifest = found.apf.as_ref().map(|apf| apf.value.1.as_str()).expect("flow control");
    std::fs::write(folder.join("a-apf.json"), manifest).expect("writes");
    let scenario = load_file(&file, &[]).expect("valid");
    assert_eq!(scenario.notes, []);
    for profile in ["restart-agents", "lose-a-server", "roll", "cold-start", "rollout"] {
        let profiles = [profile.to_owned()];
        let layers = Layers { profiles: &profiles, ..Layers::default() };
        let scenario = load_file_with(&file, layers).expect(profile);
        assert_eq!(scenario.notes, [], "{profile}");
        assert_eq!(scenario.inputs.events.len(), 1, "{profile}");
    }
    for check in check::checks(&scenario, &found) {
        match check {
            ImportCheck::Resident { predicted, measured, .. } => {
                near("resident memory", predicted.as_f64(), measured.as_f64(), 0.15);
            }
            ImportCheck::Seats { levels, different } => {
                assert_eq!((levels, different), (8, vec![]));
            }
        }
    }
}

#[test]
fn the_verb_writes_tells_and_renews() {
    let folder = folder("import", "verb");
    let from = exported().join("a-1.34");
    let from = from.to_str().expect("a path");
    let done = oomcast(&folder, &["import", from, "--out", "a.toml"]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    let text = stdout(&done);
    for expected in ["seats of all 8 priority levels", "idle resident memory", "who lists and"] {
        assert!(text.contains(expected), "no {expected:?} in\n{text}");
    }
    let again = oomcast(&folder, &["import", from, "--out", "a.toml"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(stderr(&again).contains("--update"), "{}", stderr(&again));
    let written = std::fs::read_to_string(folder.join("a.toml")).expect("written");
    let edited =
        written.replace("count = 900 # apiserver", "count = 7 # apiserver").replace("10m", "20m");
    std::fs::write(folder.join("a.toml"), &edited).expect("writes");
    let renewed = oomcast(&folder, &["import", from, "--update", "a.toml"]);
    assert_eq!(renewed.status.code(), Some(0), "{}", stderr(&renewed));
    let told = stdout(&renewed);
    assert!(told.contains("renewed objects.secrets.count: 900, was 7"), "{told}");
    let text = std::fs::read_to_string(folder.join("a.toml")).expect("written");
    assert_eq!(text, written.replace("10m", "20m"));
}

/// Changes of the manifest beside the scenario are a person's, and an update leaves them.
#[test]
fn an_update_keeps_a_manifest_that_was_edited() {
    let folder = folder("import", "manifest");
    let from = exported().join("a-1.34");
    let from = from.to_str().expect("a path");
    assert_eq!(oomcast(&folder, &["import", from, "-o", "a.toml"]).status.code(), Some(0));
    let manifest = folder.join("a-apf.json");
    let there = std::fs::read_to_string(&manifest).expect("written");
    let renewed = oomcast(&folder, &["import", from, "--update", "a.toml"]);
    assert!(!stdout(&renewed).contains("kept as it is"), "{}", stdout(&renewed));
    let edited = there.replacen("\"handSize\": 6", "\"handSize\": 7", 1);
    assert_ne!(there, edited);
    std::fs::write(&manifest, &edited).expect("writes");
    let renewed = oomcast(&folder, &["import", from, "--update", "a.toml"]);
    let told = stdout(&renewed);
    assert!(told.contains("yours: a-apf.json") && told.contains("a-now.json"), "{told}");
    assert_eq!(std::fs::read_to_string(&manifest).expect("kept"), edited);
    assert_eq!(std::fs::read_to_string(folder.join("a-now.json")).expect("written"), there);
}

/// One scrape and nothing else: rates are means since the start, when all objects were created.
#[test]
fn one_scrape_of_a_young_server_fits_it() {
    let file = exported().join("a-1.34/metrics-0.txt.gz");
    let found = cluster::import(&[file, exported().join("a-1.34/nodes.json.gz")]);
    for (key, rate) in WRITTEN {
        let writes = found.resources[key].writes.as_ref().expect(key);
        near(key, writes.value, rate, 0.35);
    }
    assert!(found.resources["secrets"].writes.is_none());
    let names = write::Names { scenario: "a".into(), manifest: "a-apf.json".into() };
    let text = write::scenario(&found, &names);
    let scenario = oomcast::scenario::load("a.toml", text.as_bytes(), &[]).expect("valid");
    for check in check::checks(&scenario, &found) {
        if let ImportCheck::Resident { predicted, measured, .. } = check {
            near("resident memory", predicted.as_f64(), measured.as_f64(), 0.15);
        }
    }
}

#[test]
fn nothing_useful_is_two_and_something_skipped_four() {
    let folder = folder("import", "skipped");
    std::fs::write(folder.join("a.txt"), "hello\n").expect("writes");
    let nothing = oomcast(&folder, &["import", "a.txt", "no-such-folder"]);
    assert_eq!(nothing.status.code(), Some(2), "{}", stdout(&nothing));
    assert!(stderr(&nothing).contains("a.txt"), "{}", stderr(&nothing));
    let from = exported().join("a-1.34");
    let some = oomcast(&folder, &["import", "a.txt", from.to_str().expect("a path")]);
    assert_eq!(some.status.code(), Some(4), "{}", stderr(&some));
    assert!(stdout(&some).contains("1 skipped"), "{}", stdout(&some));
}
