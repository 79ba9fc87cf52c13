//! Every reader of files, on arbitrary bytes: it ends, does not panic, and keeps what it promises. The
//! fuzz targets of `fuzz/` and `tests/language/replayed.rs` call the same functions.

#![allow(dead_code, reason = "each fuzz target uses one")]

use std::io::Cursor;
use std::path::Path;

use oomcast::answers::alerts::{Rules, read_answer};
use oomcast::cluster::audit::{Log, read};
use oomcast::cluster::fleets::{Cluster, from_audit};
use oomcast::cluster::read::Lines;
use oomcast::cluster::{self, write::Names};
use oomcast::report::sweep::{reading, rows};
use oomcast::scenario::{Scenario, Vary, explain, load, load_file};
use oomcast::validation::{Observation, ha, mapping, observation, series};
use sha2::{Digest, Sha256};

/// What a reader is called with: a folder it may write to, and bytes.
pub(crate) type Reader = fn(&Path, &[u8]);

/// All of them, by the names of their fuzz targets.
pub(crate) const READERS: [(&str, Reader); 8] = [
    ("load", scenario),
    ("manifest", manifest),
    ("observation", measured),
    ("series", exported),
    ("rows", resumed),
    ("import", imported),
    ("audit", audited),
    ("rules", rules),
];

/// The loader of scenarios: what it accepts, it accepts once more in its canonical form.
///
/// Lines that begin with `#--set ` are overrides as well, and those with `#--vary ` what to vary.
pub(crate) fn scenario(_: &Path, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let after = |head: &str| -> Vec<String> {
        text.lines().filter_map(|line| line.strip_prefix(head)).take(8).map(str::to_owned).collect()
    };
    loads(bytes, &after("#--set "));
    for vary in after("#--vary ") {
        if let Ok(read) = Vary::parse(&vary) {
            assert_eq!(Vary::parse(&read.to_string()).as_ref(), Ok(&read));
        }
        let _ = explain::find(&vary);
    }
}

/// Whether a text is valid; its diagnostics are bounded.
pub(crate) fn loads(text: &[u8], overrides: &[String]) -> bool {
    match load("mutated.toml", text, overrides) {
        Ok(scenario) => {
            accepted_again(&scenario);
            true
        }
        Err(found) => {
            assert!(found.errors() > 0 && found.items.len() <= 100);
            let told = found.render_at(true, 80);
            assert!(told.len() < 400_000, "{} bytes", told.len());
            false
        }
    }
}

fn accepted_again(scenario: &Scenario) {
    let again = load("effective.toml", scenario.effective.as_bytes(), &[]);
    let again = again.unwrap_or_else(|found| panic!("{}\n{found}", scenario.effective));
    assert_eq!((&again.hash, &again.inputs), (&scenario.hash, &scenario.inputs));
}

/// A manifest of API Priority and Fairness, in YAML or JSON.
pub(crate) fn manifest(folder: &Path, bytes: &[u8]) {
    let text = "schema = 1\nname = \"t\"\nrun = { duration = \"1m\" }\n\
        apiserver = { version = \"1.32\" }\nnode = { memory = \"8GiB\" }\n\
        apf = { manifests = [\"m.yaml\"] }\n";
    std::fs::write(folder.join("t.toml"), text).expect("writes");
    std::fs::write(folder.join("m.yaml"), bytes).expect("writes");
    match load_file(&folder.join("t.toml"), &[]) {
        Ok(scenario) => accepted_again(&scenario),
        Err(found) => {
            assert!(found.errors() > 0 && found.items.len() <= 100);
            assert!(found.render_at(true, 80).len() < 400_000);
        }
    }
}

/// A measured run, and the inputs it is replayed with.
pub(crate) fn measured(_: &Path, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match observation::read("run.json", &text) {
        Ok((Observation::Run(run), _)) => {
            let _ = mapping::inputs(&run);
            let _ = mapping::inputs_from_before(&run);
        }
        Ok((Observation::Servers(servers), _)) => drop(ha::inputs(&servers)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// An export of monitoring, and its description.
pub(crate) fn exported(_: &Path, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = series::description::read("series.toml", &text);
    match series::read("series.csv", &text, None) {
        Ok(series) => {
            assert!(series.samples.is_sorted_by(|a, b| a.at < b.at));
            assert!(series.step_seconds.is_finite() && series.step_seconds > 0.0);
        }
        Err(errors) => assert!(!errors.is_empty()),
    }
}

/// The rows of a sweep that is resumed. Lines that begin with a brace are given their checksums.
pub(crate) fn resumed(folder: &Path, bytes: &[u8]) {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate();
    let text: Vec<Vec<u8>> = lines.map(|(i, line)| checked(i, line)).collect();
    std::fs::write(folder.join(rows::ROWS), text.concat()).expect("writes");
    if let Ok(Some(rows)) = reading::read(folder) {
        assert!(rows.marks.keys().all(|point| *point < rows.first.head.points));
    }
}

fn checked(number: usize, line: &[u8]) -> Vec<u8> {
    let Some(inner) = line.strip_suffix(b"\n").filter(|inner| inner.starts_with(b"{\"")) else {
        return line.to_vec();
    };
    let digest = Sha256::digest(inner);
    let check =
        digest.iter().take(6).fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let key = if number == 0 { "sweep" } else { "row" };
    [format!("{{\"check\":\"{check}\",\"{key}\":").as_bytes(), inner, b"}\n"].concat()
}

/// `oomcast import`, whatever the bytes are taken for: it writes TOML.
pub(crate) fn imported(folder: &Path, bytes: &[u8]) {
    let file = folder.join("export");
    std::fs::write(&file, bytes).expect("writes");
    let findings = cluster::import(&[file]);
    let names = Names { manifest: "apf.json".into(), scenario: "mutated".into() };
    let text = cluster::write::scenario(&findings, &names);
    assert!(toml::from_str::<toml::Table>(&text).is_ok(), "{text}");
}

/// Two audit logs that are merged, and the fleets that follow.
pub(crate) fn audited(_: &Path, bytes: &[u8]) {
    let (one, two) = bytes.split_at(bytes.len() / 2);
    let log = |name: &str, bytes: &[u8]| {
        let bytes = bytes.to_vec();
        let open = move || Ok(Lines::new(Box::new(Cursor::new(bytes.clone()))));
        Log { name: name.to_owned(), open: Box::new(open) }
    };
    let audit = read(&[log("one", one), log("two", two)]);
    let fleets = from_audit(&audit, "audit.log", &Cluster::default()).fleets;
    assert!(fleets.iter().all(|fleet| fleet.members > 0 && fleet.share.is_finite()));
    let rates = fleets.iter().flat_map(|fleet| &fleet.writes).map(|write| write.rate);
    assert!(rates.into_iter().all(f64::is_finite));
}

/// A file of Prometheus rules, and what `promtool` says of a test of them.
pub(crate) fn rules(_: &Path, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut rules = Rules::default();
    rules.read("rules.yaml", &text);
    for alert in &rules.alerts {
        assert!(rules.asked_by(alert).len() >= alert.selectors.len());
    }
    let _ = read_answer(&text);
}

/// A folder of this process alone, for fuzz targets.
pub(crate) fn scratch() -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("oomcast-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    folder
}
