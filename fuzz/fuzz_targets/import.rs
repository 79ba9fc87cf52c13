//! `oomcast import` on arbitrary bytes: whatever they are taken for (metrics, an audit log, an answer of
//! Prometheus, objects as JSON or YAML), it ends, does not panic, and writes TOML.

#![no_main]

use std::path::PathBuf;

use libfuzzer_sys::fuzz_target;
use oomcast::cluster;

fuzz_target!(|bytes: &[u8]| {
    let file: PathBuf = std::env::temp_dir().join(format!("oomcast-fuzz-{}", std::process::id()));
    std::fs::write(&file, bytes).expect("a temporary file");
    let findings = cluster::import(&[file]);
    let names = cluster::write::Names { manifest: "apf.json".into(), scenario: "fuzz".into() };
    let text = cluster::write::scenario(&findings, &names);
    assert!(toml::from_str::<toml::Table>(&text).is_ok(), "{text}");
});
