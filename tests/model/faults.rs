//! What failures do to servers and clients: small scenarios, run with all invariants on.

use crate::support;
use oomcast::results::{LogKind, Mechanism, RunRecord};
use oomcast::units::SimTime;

const NODE: &str = "[node]\nmemory = \"64GiB\"\n";

/// Runs a scenario of `duration` on one apiserver of a release, unless `body` says otherwise.
fn run(version: &str, duration: &str, body: &str) -> RunRecord {
    let head = format!(
        "schema = 1\nname = \"t\"\n[run]\nduration = \"{duration}\"\n\
         [apiserver]\nversion = \"{version}\"\n"
    );
    let node = if body.contains("[node]") { "" } else { NODE };
    let text = format!("{head}{body}\n{node}");
    support::run(&support::valid(&text, &[]).inputs, 1)
}

/// Bytes of a mechanism at the last point before `seconds`.
fn bytes_at(run: &RunRecord, mechanism: Mechanism, seconds: u64) -> u64 {
    let at = SimTime(seconds * 1_000_000_000);
    let point = run.timelines[0].points.iter().rev().find(|point| point.at <= at);
    point.map_or(0, |point| point.by_mechanism[mechanism as usize].0)
}

/// `times` restarts of the fleet `listers`, ten seconds apart from `first` on.
fn restarts(first: u64, times: u64) -> String {
    use std::fmt::Write;
    let mut events = String::new();
    for n in 0..times {
        let at = first + 10 * n;
        let _ = write!(
            events,
            "[[events]]\nname = \"r{n}\"\nat = \"{at}s\"\nrestart = {{ client = \"listers\" }}\n"
        );
    }
    events
}

#[test]
fn lists_that_are_cut_while_they_decode_leave_and_drop_nothing() {
    // Twenty members at different places of one phase are cut at the same instant.
    let body = r#"
[etcd]
latency = "5s"
[objects.configmaps]
count = 4000
size = "50kB"
[[clients]]
name = "listers"
count = 20
lister = { resource = "configmaps", encoding = "json", gzip = false, rounds = "endless" }
"#;
    let run = self::run("1.30", "10m", &format!("{body}{}", restarts(30, 40)));
    assert!(run.counters.lists_ok > 0);
}

#[test]
fn a_pooled_buffer_of_a_list_that_is_cut_is_dropped() {
    // Every LIST takes a buffer from the pool and is cut while it waits for etcd.
    let body = r#"
[etcd]
latency = "5s"
[objects.configmaps]
count = 1000
size = "50kB"
[[clients]]
name = "listers"
count = 20
lister = { resource = "configmaps", encoding = "json", gzip = false, rounds = "endless" }
[[events]]
name = "end"
at = "200s"
stop = { client = "listers" }
"#;
    let run = self::run("1.30", "10m", &format!("{body}{}", restarts(20, 12)));
    assert_eq!(bytes_at(&run, Mechanism::ResponseBuffer, 599), 0);
}

/// A run of some minutes, and the same with the network cut from 0:30 to 2:30.
fn lists_around_a_partition(duration: &str, client: &str) -> (RunRecord, RunRecord) {
    let with = |cut: &str| {
        let body = format!(
            "[objects.configmaps]\ncount = 1000\nsize = \"10kB\"\n{client}\n\
             [[events]]\nname = \"cut\"\nat = \"30s\"\n{cut}\n"
        );
        run("1.34", duration, &body)
    };
    (with(""), with("partition = { apiserver = 0, lasts = \"2m\" }"))
}

#[test]
fn a_cut_network_stops_clients_that_are_in_the_middle_of_something() {
    let (whole, cut) = lists_around_a_partition(
        "3m",
        "[[clients]]\nname = \"pollers\"\ncount = 5\nlister = { resource = \"configmaps\", \
         rounds = \"endless\", pause = \"1s\" }",
    );
    let (whole, cut) = (whole.counters, cut.counters);
    assert!(cut.lists_ok * 5 < whole.lists_ok * 2, "{cut:?} {whole:?}");
    assert!(cut.lists_ok * 4 > whole.lists_ok, "they go on when it is whole: {cut:?} {whole:?}");
    assert!(cut.requests_failed >= 5, "{cut:?}");
}

#[test]
fn watches_that_are_lost_silently_list_again_and_short_cuts_are_not_noticed() {
    let reflectors = "[[clients]]\nname = \"reflectors\"\ncount = 50\n\
                      reflector = { resource = \"configmaps\", watch-list = false }";
    let (whole, cut) = lists_around_a_partition("5m", reflectors);
    assert_eq!((whole.counters.watches_lost, whole.counters.lists_ok), (0, 0));
    assert_eq!((cut.counters.watches_lost, cut.counters.lists_ok), (50, 50));
    let body = format!(
        "[objects.configmaps]\ncount = 1000\nsize = \"10kB\"\n{reflectors}\n[[events]]\n\
         name = \"cut\"\nat = \"30s\"\npartition = {{ apiserver = 0, lasts = \"25s\" }}\n"
    );
    assert_eq!(run("1.34", "3m", &body).counters.watches_lost, 0);
}

#[test]
fn a_partition_lasts_until_the_last_of_several_is_over() {
    let cut = |lasts: [u64; 2]| {
        let [first, second] = lasts;
        let body = format!(
            "[objects.configmaps]\ncount = 100\nsize = \"10kB\"\n[[clients]]\nname = \"pollers\"\n\
             count = 1\nlister = {{ resource = \"configmaps\", rounds = \"endless\", \
             pause = \"1s\" }}\n[[events]]\nname = \"a\"\nat = \"30s\"\n\
             partition = {{ apiserver = 0, lasts = \"{first}s\" }}\n[[events]]\nname = \"b\"\n\
             at = \"31s\"\npartition = {{ apiserver = 0, lasts = \"{second}s\" }}\n"
        );
        run("1.34", "2m", &body).counters.lists_ok
    };
    assert_eq!(cut([10, 60]), cut([61, 1]));
}

/// When a server that is killed at 0:30 is ready again, in seconds.
fn back_at(run: &RunRecord) -> f64 {
    let ready = run.log.iter().rfind(|entry| entry.kind == LogKind::Ready);
    ready.expect("it comes back").at.as_secs_f64()
}

const KILL: &str = "[[events]]\nname = \"kill\"\nat = \"30s\"\nkill = { apiserver = 0 }\n";

#[test]
fn a_slow_etcd_slows_start_up() {
    let body = format!("[objects.configmaps]\ncount = 10_000\nsize = \"10kB\"\n{KILL}");
    let slow = "[[events]]\nname = \"slow\"\nat = \"20s\"\n\
                slow-etcd = { speed = 0.01, lasts = \"5m\" }\n";
    let normal = back_at(&run("1.34", "5m", &body));
    let slowed = back_at(&run("1.34", "5m", &format!("{body}{slow}")));
    // 100 MB at 4 MB/s.
    assert!(slowed - normal > 20.0, "{normal} {slowed}");
}

#[test]
fn every_version_of_a_custom_resource_is_cached_again_after_a_restart() {
    let body = format!(
        "[objects.foos]\ncount = 2_000\nsize = \"10kB\"\nshape = \"custom\"\nversions = 3\n\
         [[clients]]\nname = \"reflectors\"\ncount = 1\nreflector = {{ resource = \"foos\" }}\n{KILL}"
    );
    let run = run("1.34", "5m", &body);
    let cached = |seconds| bytes_at(&run, Mechanism::WatchCacheObjects, seconds);
    assert_eq!(cached(31), 0);
    assert_eq!(cached(299), cached(29));
}

#[test]
fn range_stream_needs_an_etcd_that_serves_it() {
    let raw = |etcd: &str| {
        let body = format!(
            "[etcd]\nrange-stream = {etcd}\n[objects.events]\ncount = 100_000\nsize = \"1kB\"\n\
             [[clients]]\nname = \"lister\"\ncount = 1\nlister = {{ resource = \"events\" }}\n"
        );
        let run = run("1.37", "1m", &body);
        let points = run.timelines[0].points.iter();
        points.map(|p| p.by_mechanism[Mechanism::EtcdRawResponse as usize].0).max()
    };
    assert!(raw("false") >= Some(100_000_000), "{:?}", raw("false"));
    assert!(raw("true") <= Some(20_000_000), "{:?}", raw("true"));
}

#[test]
fn a_handler_that_was_answered_504_writes_nothing() {
    // Encoding takes longer than the time-out; writing to the slow reader would take 80 s more.
    let body = r#"
request-timeout = "1s"
[hardware]
cpu-speed = 0.1
[objects.configmaps]
count = 10_000
size = "10kB"
[[clients]]
name = "lister"
count = 1
drain-rate = "1MB/s"
lister = { resource = "configmaps", encoding = "json", gzip = false, resource-version = "0" }
"#;
    let run = run("1.32", "2m", body);
    assert_eq!((run.counters.requests_timed_out, run.counters.bytes_sent.0), (1, 0));
    assert_eq!(bytes_at(&run, Mechanism::ResponseBuffer, 30), 0);
}

#[test]
fn retry_after_of_a_cold_cache_grows_from_1_33_on() {
    let rejected = |version| {
        let body = format!(
            "[objects.foos]\ncount = 100_000\nsize = \"10kB\"\nshape = \"custom\"\n[[clients]]\n\
             name = \"pollers\"\ncount = 10\nlister = {{ resource = \"foos\", rounds = \"endless\", \
             resource-version = \"0\", pause = \"1s\" }}\n{KILL}"
        );
        run(version, "5m", &body).counters.requests_rejected
    };
    let (old, new) = (rejected("1.32"), rejected("1.33"));
    assert!(new > 0 && new * 3 < old * 2, "{old} {new}");
}

#[test]
fn a_slow_decoder_of_a_watch_list_is_a_slow_reader() {
    let synced = |decode: &str| {
        let body = format!(
            "[objects.configmaps]\ncount = 10_000\nsize = \"10kB\"\n[[clients]]\n\
             name = \"reflector\"\ncount = 1\nstart = \"stopped\"\n{decode}\n\
             reflector = {{ resource = \"configmaps\", watch-list = true }}\n\
             [[events]]\nname = \"go\"\nat = \"10s\"\nstart = {{ client = \"reflector\" }}\n"
        );
        let run = run("1.36", "2m", &body);
        let at = run.log.iter().find(|entry| entry.kind == LogKind::Synced);
        at.expect("synced").at.as_secs_f64()
    };
    assert!(synced("") < 15.0);
    assert!(synced("decode-rate = \"2MB/s\"") > 55.0);
}

#[test]
fn a_compressed_watch_list_holds_a_gzip_writer() {
    let writers = |gzip: bool| {
        let body = format!(
            "[objects.configmaps]\ncount = 1_000\nsize = \"10kB\"\n[[clients]]\n\
             name = \"reflectors\"\ncount = 2\nstart = \"stopped\"\ndrain-rate = \"1MB/s\"\n\
             reflector = {{ resource = \"configmaps\", watch-list = true, gzip = {gzip} }}\n\
             [[events]]\nname = \"go\"\nat = \"1s\"\nstart = {{ client = \"reflectors\" }}\n"
        );
        let run = run("1.37", "1m", &body);
        let points = run.timelines[0].points.iter();
        points.map(|p| p.by_mechanism[Mechanism::Gzip as usize].0).max()
    };
    assert_eq!((writers(false), writers(true)), (Some(0), Some(2_000_000)));
}

#[test]
fn a_reflector_with_a_page_size_relists_in_pages() {
    let lists = |limit: &str| {
        let body = format!(
            "replicas = 2\n[objects.configmaps]\ncount = 1_000\nsize = \"1kB\"\n[[clients]]\n\
             name = \"reflectors\"\ncount = 10\n\
             reflector = {{ resource = \"configmaps\", watch-list = false{limit} }}\n\
             [[events]]\nname = \"cut\"\nat = \"10s\"\n\
             partition = {{ apiserver = 0, lasts = \"5m\" }}\n"
        );
        run("1.32", "4m", &body).counters.lists_ok
    };
    assert_eq!((lists(""), lists(", limit = 100")), (5, 50));
}

#[test]
fn a_selector_that_matches_nothing_scans_everything() {
    let cpu = |selected: &str| {
        let body = format!(
            "[objects.configmaps]\ncount = 1_000_000\nsize = \"100B\"\n[[clients]]\n\
             name = \"lister\"\ncount = 1\n\
             lister = {{ resource = \"configmaps\", rounds = 100, selected = \"{selected}\" }}\n"
        );
        run("1.34", "5m", &body).cpu().as_secs_f64()
    };
    assert!((cpu("0%") / cpu("0.0001%") - 1.0).abs() < 0.05);
}

#[test]
fn a_watch_that_dies_within_a_second_lists_again() {
    let lists = |kill: &str| {
        let body = format!(
            "replicas = 2\n[balancer]\ncheck-interval = \"100ms\"\nfall = 1\n\
             [objects.configmaps]\ncount = 100\nsize = \"1kB\"\n[[clients]]\n\
             name = \"reflectors\"\ncount = 10\nstart = \"stopped\"\n\
             reflector = {{ resource = \"configmaps\", watch-list = false }}\n\
             [[events]]\nname = \"go\"\nat = \"10s\"\nstart = {{ client = \"reflectors\" }}\n\
             [[events]]\nname = \"kill\"\nat = \"{kill}\"\nkill = {{ apiserver = 0 }}\n"
        );
        run("1.32", "2m", &body).counters.lists_ok
    };
    assert_eq!((lists("10500ms"), lists("15s")), (15, 10));
}

/// One server restarts, and clients of a release come back to its empty ring.
fn after_a_restart(client_version: &str) -> RunRecord {
    let body = format!(
        r#"
[objects.configmaps]
count = 4000
size = "4kB"
[[clients]]
name = "agents"
count = 50
client-version = "{client_version}"
reflector = {{ resource = "configmaps", watch-list = false }}
[[events]]
name = "restart"
at = "30s"
kill = {{ apiserver = 0 }}
"#
    );
    run("1.30", "5m", &body)
}

#[test]
fn clients_before_1_18_take_their_relists_to_etcd() {
    let (old, new) = (after_a_restart("1.17"), after_a_restart("1.18"));
    assert!(old.counters.requests_gone > 0 && new.counters.requests_gone > 0);
    // 4,000 objects are eight pages of 500.
    assert_eq!(old.counters.lists_from_etcd, 8 * old.counters.requests_gone);
    assert_eq!(new.counters.lists_from_etcd, 0);
    assert_eq!((old.clients_synced, new.clients_synced), ((50, 50), (50, 50)));
}
