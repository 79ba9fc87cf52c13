//! Shipped scenarios whose sources give no figure that a published row could hold: what their sources tell
//! is asserted here, and that the remedy of the time changes the outcome.

use crate::support::{root, strings};
use oomcast::model::{self, RunOptions};
use oomcast::results::{Counters, Outcome, RunRecord};
use oomcast::scenario::{self, Layers};

fn load(name: &str, profiles: &[&str], overrides: &[&str]) -> scenario::Scenario {
    let path = root().join("scenarios").join(name);
    let (profiles, overrides) = (strings(profiles), strings(overrides));
    let layers = Layers { profiles: &profiles, overrides: &overrides, ..Layers::default() };
    scenario::load_file_with(&path, layers).unwrap_or_else(|e| panic!("{}", e.render(false)))
}

fn run(name: &str, profiles: &[&str], overrides: &[&str], replication: u32) -> RunRecord {
    let scenario = load(name, profiles, overrides);
    let options = RunOptions { seed: scenario.seed, replication, timelines: true };
    model::run(&scenario.inputs, options)
}

/// kubernetes#90725: 15,206, 1,829 and 876 watches; docs/facts/clients.md section 5.1: .625, .375, 0.
#[test]
fn rolled_servers_end_with_skewed_watches() {
    let run = run("skewed-watchers.toml", &[], &[], 0);
    let last = run.timelines.iter().map(|t| t.points.last().map_or(0, |point| point.watches));
    let mut watches: Vec<u32> = last.collect();
    watches.sort_unstable();
    let all: u32 = watches.iter().sum();
    assert_eq!(all, 105 * 324);
    let share = |watches: u32| f64::from(watches) / f64::from(all);
    assert!((share(watches[2]) - 0.625).abs() < 0.08, "{watches:?}");
    assert!((share(watches[1]) - 0.375).abs() < 0.08, "{watches:?}");
    assert_eq!(watches[0], 0);
    assert_eq!(run.clients_synced.0, run.clients_synced.1);
}

/// kubernetes#65954: LISTs of each kubelet's own pods pass cold caches by, and nobody recovers; from
/// 1.31 they are refused until the caches are filled.
#[test]
fn cold_caches_that_pass_lists_on_do_not_recover() {
    let old = run("cold-restart.toml", &[], &[], 0);
    assert_eq!(old.outcome, Outcome::NonRecovering);
    assert!(old.counters.lists_from_etcd > 5_000, "{}", old.counters.lists_from_etcd);
    let new = run("cold-restart.toml", &[], &["apiserver.version=1.31"], 0);
    assert_eq!(new.clients_synced.0, new.clients_synced.1);
    assert_eq!(new.counters.lists_from_etcd, 0);
    assert!(new.servers.iter().all(|server| server.oom_kills.is_empty()));
}

/// kubernetes#86483 and #86430: clients of 1.17 take their relists to etcd, those of 1.18 do not. Etcd and the servers
/// hold each list, and their nodes run out of memory.
#[test]
fn relists_after_a_roll_go_to_etcd_before_1_18() {
    let peak = |run: &RunRecord| {
        run.servers.iter().map(|server| server.node.peak.as_gib()).fold(0.0, f64::max)
    };
    let old = run("rolling-upgrade-410.toml", &[], &[], 0);
    let versions =
        ["clients.kubelets.client-version=1.18", "clients.kube-proxies.client-version=1.18"];
    let new = run("rolling-upgrade-410.toml", &[], &versions, 0);
    assert!(old.counters.lists_from_etcd > 10_000 && new.counters.lists_from_etcd == 0);
    assert!(old.counters.requests_gone > 5_000 && new.counters.requests_gone > 5_000);
    assert!(old.servers_killed() == 3 && new.oom_kills() == 0, "{:?}", new.log);
    assert!(peak(&old) > 3.0 * peak(&new), "{} and {} GiB", peak(&old), peak(&new));
}

/// kubernetes#87794 and #87795: with growing delays and relists from the cache the others survive. The
/// one that comes back has the whole herd of its first second, and may reach its limit once more.
#[test]
fn a_herd_in_step_kills_the_others() {
    let kills = |run: &RunRecord| -> Vec<usize> {
        run.servers.iter().map(|server| server.oom_kills.len()).collect()
    };
    let old = run("reflector-herd.toml", &[], &[], 0);
    assert!(old.servers.iter().all(|server| !server.oom_kills.is_empty()));
    let versions =
        ["clients.kubelets.client-version=1.18", "clients.kube-proxies.client-version=1.18"];
    let new: Vec<_> =
        (0..4).map(|n| kills(&run("reflector-herd.toml", &[], &versions, n))).collect();
    assert!(new.iter().all(|servers| servers[1..] == [0, 0]), "{new:?}");
    assert!(new.iter().all(|servers| servers[0] <= 1), "{new:?}");
}

/// Sums over a few runs.
fn with(profiles: &[&str]) -> (Counters, f64) {
    let runs: Vec<RunRecord> = (0..3).map(|n| run("remedies.toml", profiles, &[], n)).collect();
    let peaks = runs.iter().flat_map(|run| &run.servers).map(|s| s.peak_resident.as_gib());
    let mut sum = Counters::default();
    for run in &runs {
        sum.requests_failed += run.counters.requests_failed;
        sum.requests_gone += run.counters.requests_gone;
        sum.lists_from_etcd += run.counters.lists_from_etcd;
    }
    (sum, peaks.fold(0.0, f64::max))
}

/// Each remedy of its time, one after the other, over the same storms.
#[test]
fn every_remedy_changes_the_outcome() {
    let profiles =
        ["jitter", "bookmarks", "progress-notify", "resilient-initialization", "watch-list"];
    let steps: Vec<(Counters, f64)> = (0..=profiles.len()).map(|n| with(&profiles[..n])).collect();
    let failed = |step: usize| steps[step].0.requests_failed;
    let gone = |step: usize| steps[step].0.requests_gone;
    let etcd = |step: usize| steps[step].0.lists_from_etcd;
    // A second flat between attempts, against delays that grow to half a minute.
    assert!(failed(0) > 8 * failed(1), "{} and {} failed", failed(0), failed(1));
    assert!(gone(1) > gone(2) && gone(2) > gone(3), "{} {} {}", gone(1), gone(2), gone(3));
    assert!(etcd(3) > 0 && etcd(4) == 0, "{} and {} LISTs from etcd", etcd(3), etcd(4));
    assert!(steps[4].1 > 3.0 * steps[5].1, "{} and {} GiB", steps[4].1, steps[5].1);
}
