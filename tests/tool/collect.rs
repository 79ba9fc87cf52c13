//! `oomcast import`: the script that collects, with a stub of kubectl; and files that are broken.

use std::path::PathBuf;
use std::process::Command;

use crate::support::{done, folder, folder_with, oomcast, root, stderr, stdout};
use flate2::read::MultiGzDecoder;

fn data() -> PathBuf {
    root().join("tests/data/cluster")
}

fn unpacked(file: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let packed = std::fs::File::open(data().join(file)).expect("test data");
    std::io::Read::read_to_end(&mut MultiGzDecoder::new(packed), &mut bytes).expect("unpacks");
    bytes
}

/// Collects by the script, and imports what was collected.
#[cfg(unix)]
#[test]
fn the_script_collects_what_import_reads() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder("collect", "script");
    let stub = folder.join("kubectl");
    std::fs::copy(data().join("kubectl"), &stub).expect("copies");
    std::fs::set_permissions(&stub, PermissionsExt::from_mode(0o755)).expect("may be run");
    let script = stdout(&done(&folder, &["import", "--script"]));
    std::fs::write(folder.join("collect.sh"), &script).expect("writes");
    let collect = Command::new("sh")
        .args(["collect.sh", "my-cluster/"])
        .current_dir(&folder)
        .env("KUBECTL", &stub)
        .env("DATA", data())
        .env("CALLS", folder.join("calls"))
        .env("WAIT", "0")
        .output()
        .expect("sh");
    assert!(collect.status.success(), "{}", stderr(&collect));
    // It only reads, and never what is secret.
    let calls = std::fs::read_to_string(folder.join("calls")).expect("calls");
    for call in calls.lines().filter(|call| call.starts_with("--request-timeout")) {
        let call = call.to_ascii_lowercase();
        let reads = [" get ", " version "].iter().any(|verb| call.contains(verb));
        assert!(reads && !call.contains("secret") && !call.contains("configmap"), "{call}");
    }
    let missing = std::fs::read_to_string(folder.join("my-cluster-missing.txt")).expect("missing");
    for what in ["flow schemas", "Forbidden", "metrics of 1 of 2 servers", "from node b"] {
        assert!(missing.contains(what), "{what}: {missing}");
    }
    let imported = oomcast(&folder, &["import", "my-cluster", "--out", "mine.toml"]);
    assert_eq!(imported.status.code(), Some(0), "{}{}", stdout(&imported), stderr(&imported));
    let scenario = std::fs::read_to_string(folder.join("mine.toml")).expect("a scenario");
    for what in ["\"cilium-agent\"", "\"fluent-bit\"", "\"kubelet\"", "own-node = true"] {
        assert!(scenario.contains(what), "{what}: {scenario}");
    }
    done(&folder, &["check", "mine.toml"]);
}

/// The plugin collects, imports and assesses in one command, and renews the scenario the next time.
#[cfg(unix)]
#[test]
fn the_kubectl_plugin_goes_from_a_cluster_to_the_page() {
    let folder = folder("collect", "plugin");
    let plugin = root().join("deploy/kubectl/kubectl-oomcast");
    let called = |arguments: &[&str]| {
        Command::new("sh")
            .arg(&plugin)
            .args(arguments)
            .current_dir(&folder)
            .env("KUBECTL", format!("sh {}", data().join("kubectl").display()))
            .env("OOMCAST", env!("CARGO_BIN_EXE_oomcast"))
            .env("DATA", data())
            .env("CALLS", folder.join("calls"))
            .env("WAIT", "0")
            .output()
            .expect("sh")
    };
    let short = ["--", "-n", "1", "--max-runs", "0", "--no-charts", "--no-progress"];
    for wanted in ["wrote mine.toml", "renewed"] {
        let page = called(&[&["assess", "mine/"][..], &short].concat());
        // One run shows nothing to be safe.
        assert_eq!(page.status.code(), Some(4), "{}{}", stdout(&page), stderr(&page));
        assert!(stderr(&page).contains(wanted), "{}", stderr(&page));
        assert!(stdout(&page).contains("cold-start"), "{}", stdout(&page));
    }
    // Any other verb is oomcast's own, with its exit code.
    assert!(stdout(&called(&["--version"])).starts_with("oomcast "));
    assert_eq!(called(&["check", "none.toml"]).status.code(), Some(2));
    assert_eq!(called(&["collect", "mine", "too"]).status.code(), Some(2));
}

/// The plugin takes the flags of kubectl, and names the folder by the cluster that they choose; another
/// collection there replaces what the script wrote, and leaves what was put there by hand.
#[cfg(unix)]
#[test]
fn the_kubectl_plugin_keeps_clusters_and_collections_apart() {
    let folder = folder("collect", "contexts");
    let collect = |arguments: &[&str]| {
        let output = Command::new("sh")
            .arg(root().join("deploy/kubectl/kubectl-oomcast"))
            .args(arguments)
            .current_dir(&folder)
            // One that reads its standard input, as a log-in may.
            .env("KUBECTL", format!("sh {}", folder.join("reads").display()))
            .env("OOMCAST", env!("CARGO_BIN_EXE_oomcast"))
            .env("DATA", data())
            .env("CALLS", folder.join("calls"))
            .env("WAIT", "0")
            .stdin(std::process::Stdio::null())
            .output()
            .expect("sh");
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    };
    let stub = data().join("kubectl");
    let reads = format!("cat >/dev/null\nexec sh {} \"$@\"\n", stub.display());
    std::fs::write(folder.join("reads"), reads).expect("writes");
    collect(&["collect"]);
    collect(&["--context", "prod", "collect"]);
    for cluster in ["oomcast-staging", "oomcast-prod"] {
        for file in ["version.json", "metrics-0.txt", "audit-a.log.gz"] {
            assert!(folder.join(cluster).join(file).is_file(), "{cluster}/{file}");
        }
    }
    let prod = folder.join("oomcast-prod");
    let listed = folder.join("oomcast-prod-collected.txt");
    let before = std::fs::read_to_string(&listed).expect("what was collected");
    std::fs::write(&listed, before + "metrics-9.txt\n").expect("writes");
    for file in ["metrics-9.txt", "audit-mine.log"] {
        std::fs::write(prod.join(file), "of another day").expect("writes");
    }
    collect(&["--context=prod", "collect"]);
    let there = |file: &str| prod.join(file).exists();
    assert!(!there("metrics-9.txt") && there("audit-mine.log") && there("metrics-0.txt"));
}

/// What cannot be used is named, and the exit code says whether anything was left.
#[test]
fn broken_files_are_named() {
    let log = String::from_utf8(unpacked("audit.log.gz")).expect("text");
    let log: String = log.split_inclusive('\n').take(3_000).collect();
    let half = &log[..log.len() - 100];
    let metrics = String::from_utf8(unpacked("a-1.34/metrics-0.txt.gz")).expect("text");
    let files = [
        ("in/metrics-0.txt", metrics.as_str()),
        ("in/audit.log", half),
        ("in/copy.log", half),
        ("in/letter.txt", "Dear cluster,\n"),
        ("in/kubelet.txt", "kubelet_running_pods 3\nrest_client_requests_total 7\n"),
        ("nothing/letter.txt", "Dear cluster,\n"),
    ];
    let folder = folder_with("collect", "broken", &files);
    let some = oomcast(&folder, &["import", "in", "--out", "some.toml"]);
    let text = format!("{}{}", stdout(&some), stderr(&some)).replace('\n', " ");
    assert_eq!(some.status.code(), Some(4), "{text}");
    for what in ["audit.log:3000", "copy.log", "letter.txt", "kubelet.txt"] {
        assert!(text.contains(what), "{what}: {text}");
    }
    assert!(folder.join("some.toml").is_file());
    let none = oomcast(&folder, &["import", "nothing", "--out", "none.toml"]);
    assert_eq!(none.status.code(), Some(2), "{}", stderr(&none));
    assert!(!folder.join("none.toml").is_file());
    assert_eq!(oomcast(&folder, &["import"]).status.code(), Some(2));
}
