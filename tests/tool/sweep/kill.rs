//! A sweep that is killed, as often as you like, ends in the same bytes.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{STORM, assert_same, files, scratch};
use crate::support::{command, done};

/// How often a sweep is killed, over all its starts.
const KILLS: u32 = 20;

/// Numbers that look random and are the same in every run of the test.
fn scattered(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}

#[test]
fn a_sweep_killed_at_twenty_instants_and_resumed_is_the_unbroken_one() {
    let root = scratch("kill");
    let arguments = ["sweep", STORM, "-n", "12", "-j", "2"];
    let begun = Instant::now();
    done(&root, &[&arguments[..], &["-o", "unbroken"]].concat());
    let unbroken = begun.elapsed();
    let (mut kills, mut starts, mut folders, mut state) = (0, 0, 0, 7);
    let mut rows = std::collections::BTreeSet::new();
    // On a busy machine several kills may fall into the same row: go on until they differ.
    while kills < KILLS || rows.len() <= 3 {
        assert!(starts < 20 * KILLS, "killed {kills} times, after rows {rows:?} only");
        starts += 1;
        let name = format!("broken-{folders}");
        let resume = [&arguments[..], &["-o", &name, "--resume"]].concat();
        let mut child = command(&root, &resume)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        // Often early, so that many kills fall into one sweep; sometimes into its last files.
        let share = scattered(&mut state).powi(2);
        sleep(Duration::from_secs_f64(unbroken.as_secs_f64() * share));
        match child.try_wait().expect("a child") {
            Some(status) => {
                assert!(status.success(), "{status}");
                assert_same(&root.join(&name), &root.join("unbroken"), "resumed");
                folders += 1;
            }
            None => {
                child.kill().expect("the child is ours");
                child.wait().expect("the child ends");
                kills += 1;
                // A kill may come before there is a folder.
                let folder = root.join(&name);
                let found = if folder.exists() { files(&folder) } else { BTreeMap::new() };
                let written = found.get("rows.jsonl").cloned().unwrap_or_default();
                rows.insert(written.split(|byte| *byte == b'\n').count());
            }
        }
    }
    let name = format!("broken-{folders}");
    done(&root, &[&arguments[..], &["-o", &name, "--resume"]].concat());
    assert_same(&root.join(&name), &root.join("unbroken"), "resumed for good");
}
