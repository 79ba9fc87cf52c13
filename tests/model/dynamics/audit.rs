//! Auditing and webhooks in whole runs: who holds what, and until when.

use oomcast::results::{Mechanism, RunRecord};

use crate::dynamics::{at, mistakes, run};

/// Ten clients list 100 MB at 1 m, one after the other every few seconds; 20 writes a second.
fn audited(version: &str, audit: &str, event: &str) -> RunRecord {
    let rest = format!(
        r#"
[objects.configmaps]
count = 1_000
size = "100kB"

[objects.pods]
count = 2_000
size = "5kB"
writes = "20/s"

[[clients]]
name = "readers"
count = 4
start = "stopped"
lister = {{ resource = "configmaps", encoding = "json", resource-version = "0" }}

[[events]]
name = "reads"
at = "1m"
start = {{ client = "readers" }}

{event}

[audit]
{audit}
"#
    );
    run(&format!("version = \"{version}\""), "12m", &rest)
}

fn peak(record: &RunRecord) -> f64 {
    record.peak_resident().as_f64() / 1e9
}

/// kubernetes#131720: an audit log of LIST answers took ten times the memory.
#[test]
fn answers_of_lists_in_the_audit_log_take_more_than_the_lists() {
    let without = peak(&audited("1.34", "level = \"metadata\"", ""));
    let with = peak(&audited("1.34", "level = \"request-response\"", ""));
    assert!((2.0..8.0).contains(&(with / without)), "{without} to {with}");
    let reads = "level = \"request-response\"\nreads = \"request\"";
    let writes_only = peak(&audited("1.34", reads, ""));
    assert!(writes_only < without * 1.3, "what LISTs send is nothing: {writes_only}");
}

/// The first rule that matches decides: kubernetes#131720 is mended by a rule for one kind, or for one user.
#[test]
fn rules_decide_by_resource_user_and_verb() {
    let policy = |rule: &str| {
        let rules = format!("rules = [{rule}, {{ level = \"request-response\" }}]");
        peak(&audited("1.34", &rules, ""))
    };
    let whole = policy("{ level = \"none\", verbs = [\"get\"] }");
    for rule in [
        "{ level = \"metadata\", resources = [\"configmaps\", \"secrets\"] }",
        "{ level = \"none\", users = [\"system:serviceaccount:default:readers\"] }",
        "{ level = \"request\", groups = [\"system:serviceaccounts\"], verbs = [\"list\"] }",
    ] {
        let spared = policy(rule);
        assert!(spared * 1.8 < whole, "{rule}: {spared} of {whole}");
    }
    let other = policy("{ level = \"metadata\", users = [\"somebody\"] }");
    assert!((other / whole - 1.0).abs() < 0.01, "{other} of {whole}");
}

/// kubernetes#88042, #85489: a throttle of 100 calls per second, each of one event, to a webhook that does not
/// answer within 30 s.
#[test]
fn calls_to_a_webhook_that_does_not_answer_pile_up_behind_a_throttle() {
    let audit =
        "level = \"metadata\"\nbackend = \"webhook\"\nbatch-max-size = 1\nthrottle-qps = 100.0";
    let audit = |latency: &str| format!("{audit}\nlatency = \"{latency}\"");
    let held = |latency| at(&audited("1.30", &audit(latency), ""), Mechanism::AuditEvents, 500.0);
    // 40 events a second for 231 s are some 9,000 calls of 40 kB.
    let (answers, hangs) = (held("1s"), held("30s"));
    assert!((300e6..600e6).contains(&hangs) && answers < 10e6, "{hangs}, {answers}");
}

/// Events pile up for as long as they are sent again, and are let go of when the backend is back.
#[test]
fn events_wait_for_a_webhook_that_is_gone() {
    let audit = "level = \"request\"\nbackend = \"webhook\"";
    let outage = "[[events]]\nname = \"gone\"\nat = \"2m\"\naudit-outage = { lasts = \"6m\" }";
    let record = audited("1.34", audit, outage);
    let held = |seconds| at(&record, Mechanism::AuditEvents, seconds);
    // 40 events a second, 231 s: 20 of 4 kB, 20 of 4 + 6.5 kB, and as JSON.
    let per_second = 20.0 * (2.0 * (4_000.0 + 2_000.0) + 2.0 * 6_500.0);
    let full = held(470.0);
    assert!((full / (231.25 * per_second) - 1.0).abs() < 0.1, "{full}");
    assert!(held(200.0) < full * 0.5, "it fills in a straight line");
    assert!(held(119.0) < full * 0.05 && held(560.0) < full * 0.05, "and is let go of");
}

/// A batch of 400 at ten per second: beyond 4,000 events a second they are dropped.
#[test]
fn a_throttled_webhook_fills_its_buffer_and_no_more() {
    let audit =
        "level = \"metadata\"\nbackend = \"webhook\"\nbatch-max-size = 1\nthrottle-qps = 5.0";
    let record = audited("1.34", audit, "");
    let held = at(&record, Mechanism::AuditEvents, 300.0);
    // 40 a second come, 5 are sent: 10,000 events of 4 kB wait.
    assert!((held / 40e6 - 1.0).abs() < 0.1, "{held}");
}

/// Writes hold their seats and their review while a webhook thinks.
#[test]
fn a_slow_webhook_holds_writes_their_memory_and_their_seats() {
    let with = |webhook: &str| {
        let rest = format!(
            "[objects.configmaps]\ncount = 500\nsize = \"500kB\"\nwrites = \"30/s\"\n{webhook}"
        );
        run("version = \"1.34\"", "5m", &rest)
    };
    let webhook = |latency: &str, policy: &str| {
        format!(
            "[[webhooks]]\nname = \"policy\"\nresources = [\"configmaps\"]\nlatency = \
             \"{latency}\"\nfailure-policy = \"{policy}\""
        )
    };
    let (none, slow) = (with(""), with(&webhook("5s", "fail")));
    let held = at(&slow, Mechanism::QueuedRequests, 200.0);
    // 150 reviews of 500 kB: two decoded, four of JSON.
    assert!((0.25e9..0.7e9).contains(&held), "{held}");
    assert!(peak(&slow) > peak(&none) + 0.3, "{} {}", peak(&slow), peak(&none));
    let seats = |record: &RunRecord| {
        record.servers[0].levels.iter().map(|level| level.peak_seats).max().unwrap_or(0)
    };
    assert!(seats(&slow) >= 100 && seats(&none) < 20, "{} {}", seats(&slow), seats(&none));
    assert_eq!(slow.counters.writes_timed_out, 0);
    assert!(with(&webhook("11s", "fail")).counters.writes_timed_out > 1_000, "refused after 10 s");
    assert_eq!(with(&webhook("11s", "ignore")).counters.writes_timed_out, 0);
}

/// What a webhook refuses is not stored: no object comes, and none goes.
#[test]
fn a_write_that_a_webhook_refuses_makes_no_object() {
    let stored = |policy: &str, action: &str| {
        let rest = format!(
            "[objects.configmaps]\ncount = 300\nsize = \"10kB\"\n[[events]]\nname = \"e\"\nat = \"1m\"\n\
             {action} = {{ resource = \"configmaps\", count = 200, over = \"10s\" }}\n\
             [[webhooks]]\nname = \"policy\"\nlatency = \"11s\"\nfailure-policy = \"{policy}\""
        );
        let record = run("version = \"1.34\"", "5m", &rest);
        [50.0, 250.0].map(|seconds| at(&record, Mechanism::WatchCacheObjects, seconds))
    };
    for action in ["create", "delete"] {
        let [before, after] = stored("fail", action);
        assert!((after - before).abs() < 1.0, "{action}: {before} to {after}");
        let [before, after] = stored("ignore", action);
        assert!((after - before).abs() > 1e6, "{action}: {before} to {after}");
    }
}

/// A webhook without `resources` is sent what one for all is.
#[test]
fn a_webhook_without_resources_is_for_all() {
    let failed = |resources: &str| {
        let rest = format!(
            "[objects.configmaps]\ncount = 300\nsize = \"1kB\"\nwrites = \"5/s\"\n[objects.pods]\n\
             count = 300\nsize = \"1kB\"\nwrites = \"5/s\"\n[[webhooks]]\nname = \"policy\"\n{resources}\n\
             latency = \"12s\""
        );
        run("version = \"1.34\"", "2m", &rest).counters.writes_timed_out
    };
    assert_eq!(failed(""), failed("resources = [\"*\"]"));
    assert!(failed("") > failed("resources = [\"pods\"]") + 500);
}

/// Writes that stand for several at once, and for parts of one, are counted whole.
#[test]
fn every_refused_write_is_counted_once() {
    for (rate, all) in [(5, 1_500), (6, 1_800), (10, 3_000)] {
        let rest = format!(
            "[objects.configmaps]\ncount = 300\nsize = \"1kB\"\nwrites = \"{rate}/s\"\n\
             [[webhooks]]\nname = \"policy\"\nresources = [\"*\"]\nlatency = \"12s\""
        );
        let failed = run("version = \"1.34\"", "5m", &rest).counters.writes_timed_out;
        assert!(failed.abs_diff(all) < 12, "{failed} of {all}");
    }
}

/// KEP-6178: a cache of 150,000 objects that a webhook converts one by one fills in minutes.
#[test]
fn a_conversion_webhook_makes_a_cold_cache_fill_for_minutes() {
    let filled = |conversion: &str| {
        let rest = format!(
            "[objects.widgets]\ncount = 20_000\nsize = \"2kB\"\nshape = \"custom\"\nversions = \
             2\n{conversion}\n[[clients]]\nname = \"operator\"\ncount = 1\nreflector = {{ resource = \
             \"widgets\" }}\n[[events]]\nname = \"killed\"\nat = \"1m\"\nkill = {{ apiserver = 0 }}"
        );
        let record = run("version = \"1.34\"", "20m", &rest);
        let phase = record.phases.last().expect("the kill").clone();
        phase.settled_at.map(|at| at.since(phase.start).as_secs_f64())
    };
    let (without, with) = (filled(""), filled("conversion-latency = \"10ms\""));
    assert!(without.is_some_and(|seconds| seconds < 60.0), "{without:?}");
    assert!(with.is_none_or(|seconds| seconds > 200.0), "{with:?}");
}

#[test]
fn what_cannot_be_is_said() {
    let told = mistakes(
        "[objects.pods]\ncount = 1\nsize = \"5kB\"\nconversion-latency = \"1ms\"\n[[webhooks]]\nname = \
         \"a\"\nresources = [\"podz\"]\n",
    );
    assert!(told.contains("did you mean \"pods\"?"), "{told}");
    assert!(told.contains("is no custom resource"), "{told}");
    for timeout in ["31s", "900ms"] {
        let told = mistakes(&format!("[[webhooks]]\nname = \"a\"\ntimeout = \"{timeout}\"\n"));
        assert!(told.contains("E0105") && told.contains("30s"), "{told}");
    }
}
