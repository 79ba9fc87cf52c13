//! Connections and the control plane's failures in small scenarios: who shares a connection, what a
//! lost node leaves, how servers end that are told to, and what probes do.

use crate::support;
use oomcast::results::{ActivityBucket, ActivityKind, LogKind, RunRecord};

/// A scenario of one fleet of reflectors on some servers.
fn text(apiserver: &str, balancer: &str, rest: &str) -> String {
    format!(
        r#"
schema = 1
name = "t"
[run]
duration = "5m"
[apiserver]
version = "1.34"
{apiserver}
[node]
memory = "64GiB"
[balancer]
check-interval = "1s"
fall = 2
rise = 2
{balancer}
[objects.pods]
count = 1_000
size = "4kB"
{rest}
"#
    )
}

fn run(apiserver: &str, balancer: &str, rest: &str) -> RunRecord {
    let text = text(apiserver, balancer, rest);
    support::run(&support::valid(&text, &[]).inputs, 1)
}

/// The codes and messages of a scenario's mistakes and warnings.
fn mistakes(rest: &str) -> String {
    let text = text("replicas = 3", "", rest);
    match support::load(&text, &[]) {
        Ok(found) => format!("{:?}", found.notes),
        Err(mistakes) => mistakes.render(false),
    }
}

fn event(action: &str) -> String {
    format!("[[events]]\nname = \"e\"\nat = \"60s\"\n{action}\n")
}

fn fleet(name: &str, count: u32, more: &str) -> String {
    format!(
        "[[clients]]\nname = \"{name}\"\ncount = {count}\n{more}\n\
         reflector = {{ resource = \"pods\", selected = \"0.1%\", watch-list = false }}\n"
    )
}

fn watches_at(run: &RunRecord, seconds: f64) -> Vec<u32> {
    let at = |points: &[oomcast::results::TimelinePoint]| {
        let before = points.iter().rev().find(|point| point.at.as_secs_f64() <= seconds);
        before.map_or(0, |point| point.watches)
    };
    run.timelines.iter().map(|timeline| at(&timeline.points)).collect()
}

/// The lines of a kind, without their seconds.
fn lines(run: &RunRecord, kind: LogKind) -> Vec<&str> {
    run.log.iter().filter(|line| line.kind == kind).map(|line| line.message.as_str()).collect()
}

/// Seconds of the first line of a kind that says so.
fn first(run: &RunRecord, kind: LogKind, says: &str) -> f64 {
    let line = run.log.iter().find(|line| line.kind == kind && line.message.contains(says));
    line.unwrap_or_else(|| panic!("no `{says}` in {:?}", run.log)).at.as_secs_f64()
}

const REPLICAS: &str = "replicas = 3";

#[test]
fn reflectors_of_a_process_are_on_one_server_and_counted_once() {
    // 100 processes with a kubelet's and four more reflectors, 100 with one: least connections puts
    // 67 processes on each server, whatever their watches.
    let riders = fleet("of-kubelets", 400, "connection = \"kubelets\"");
    let fleets = format!("{riders}{}{}", fleet("kubelets", 100, ""), fleet("others", 101, ""));
    let run = run(REPLICAS, "policy = \"least-connections\"", &fleets);
    let watches = watches_at(&run, 10.0);
    assert_eq!(watches.iter().sum::<u32>(), 601);
    // Kubelets come first and spread by thirds of 100 with five watches each.
    assert!(watches.iter().all(|n| (199..=203).contains(n)), "{watches:?}");
}

#[test]
fn a_process_moves_whole() {
    let fleets = fleet("kubelets", 90, "") + &fleet("riders", 270, "connection = \"kubelets\"");
    let roll = event("roll = { every = \"30s\" }");
    let run = run(REPLICAS, "policy = \"random\"", &(fleets + &roll));
    let watches = watches_at(&run, 250.0);
    assert_eq!(watches.iter().sum::<u32>(), 360);
    assert!(watches.iter().all(|n| n % 4 == 0), "four watches a process: {watches:?}");
    assert!(run.counters.watches_lost >= 270, "{:?}", run.counters);
}

#[test]
fn dense_kubelets_count_with_all_their_connections() {
    // Four connections each against one: a server with 20 dense ones has as many as one with 80.
    let fleets = fleet("dense", 30, "connections = 4") + &fleet("plain", 60, "");
    let run = run(REPLICAS, "policy = \"least-connections\"", &fleets);
    assert_eq!(watches_at(&run, 10.0), [30, 30, 30]);
}

#[test]
fn a_node_that_is_lost_says_nothing() {
    let fleets = fleet("kubelets", 300, "idle-watches = 9");
    let kill = |manner: &str| event(&format!("kill = {{ apiserver = 0, manner = \"{manner}\" }}"));
    let lost = |manner, balancer| run(REPLICAS, balancer, &(fleets.clone() + &kill(manner)));
    let process = lost("process", "");
    // All go back to the server that has fewest connections: itself, whose new cache knows nothing
    // of what they saw. Its idle watches are opened again as they were.
    assert_eq!((process.counters.requests_gone, process.counters.idle_relists), (100, 0));
    assert_eq!((process.counters.lists_ok, process.counters.watches_lost), (100, 1_000));
    // Pings: each of 100 members lists again, and its nine idle watches with it.
    let node = lost("node", "");
    assert_eq!((node.counters.lists_ok, node.counters.idle_relists), (100, 900));
    assert_eq!(watches_at(&node, 89.0).iter().sum::<u32>(), 2_000, "nobody notices for 30 s");
    assert_eq!(watches_at(&node, 200.0), [0, 1_500, 1_500]);
    // A balancer that resets tells them after two checks.
    let reset = lost("node", "on-failure = \"reset\"");
    assert_eq!((reset.counters.lists_ok, reset.counters.idle_relists), (0, 0));
    assert_eq!(watches_at(&reset, 66.0), [0, 1_500, 1_500]);
}

#[test]
fn a_lost_node_comes_back_and_resets_who_has_not_noticed() {
    let kill = event("kill = { apiserver = 0, manner = \"node\", lasts = \"20s\" }");
    let run = run("", "", &(fleet("kubelets", 50, "idle-watches = 9") + &kill));
    assert!((first(&run, LogKind::Started, "") - 80.0).abs() < 1e-9);
    // They list as the new cache does not know their versions, not as they lost their watches.
    let counters = run.counters;
    assert_eq!((counters.lists_ok, counters.requests_gone), (50, 50), "{counters:?}");
    assert_eq!(counters.idle_relists, 0, "a reset is no silent loss");
    assert_eq!(watches_at(&run, 200.0), [500]);
}

#[test]
fn all_servers_at_once_are_found_again() {
    let kill = event("kill = { apiserver = \"all\" }");
    let run = run(REPLICAS, "", &(fleet("kubelets", 300, "") + &kill));
    assert_eq!(run.counters.watches_lost, 300);
    assert_eq!(run.clients_synced, (300, 300));
    assert_eq!(run.log.iter().filter(|line| line.kind == LogKind::Ready).count(), 3);
    // Versions seen before the new caches were filled are too old for them.
    assert!(run.counters.requests_gone > 0 && run.counters.lists_ok > 0, "{:?}", run.counters);
}

#[test]
fn a_server_that_is_told_to_end_takes_its_time() {
    let fleets = fleet("kubelets", 300, "idle-watches = 9");
    let kill = event("kill = { apiserver = 0, manner = \"graceful\" }");
    let flags = "replicas = 3\nshutdown-delay = \"10s\"\nshutdown-send-retry-after = true\n\
                 shutdown-watch-termination-grace-period = \"4s\"";
    let run = run(flags, "", &(fleets.clone() + &kill));
    // Out of rotation after two checks, serving on for ten seconds.
    assert!((first(&run, LogKind::Balancer, "out") - 61.0).abs() <= 1.0);
    assert_eq!(watches_at(&run, 69.9), [1_000, 1_000, 1_000]);
    // 1,000 watches over 4 s would be 250 a second: more than the least.
    let half = watches_at(&run, 72.0);
    assert!((400..600).contains(&half[0]), "{half:?}");
    assert_eq!(half.iter().sum::<u32>() / 100, 29, "they are elsewhere at once: {half:?}");
    assert_eq!(watches_at(&run, 74.1), [0, 1_500, 1_500]);
    let counters = run.counters;
    assert_eq!((counters.watches_lost, counters.requests_failed), (0, 0), "{counters:?}");
    assert_eq!(counters.connections_moved, 100);
    assert!((first(&run, LogKind::Started, "") - 74.0).abs() < 0.1);
    // Without the flags the process is gone at once.
    let plain = self::run("replicas = 3", "", &(fleets + &kill));
    assert_eq!((plain.counters.watches_lost, plain.counters.connections_moved), (1_000, 0));
}

#[test]
fn nobody_is_served_anew_by_a_server_that_drains() {
    let pollers = "[[clients]]\nname = \"pollers\"\ncount = 30\nstart-jitter = \"5s\"\n\
                   lister = { resource = \"pods\", rounds = \"endless\", pause = \"1s\" }\n\
                   [[clients]]\nname = \"slow readers\"\ncount = 30\nstart-jitter = \"5s\"\n\
                   drain-rate = \"300kB/s\"\n\
                   lister = { resource = \"pods\", encoding = \"json\", gzip = false, rounds = \"endless\" }\n";
    let kill = event("kill = { apiserver = 0, manner = \"graceful\" }");
    let shut = |more: &str| {
        let flags = format!("replicas = 3\nshutdown-delay = \"10s\"\n{more}");
        run(&flags, "", &format!("{pollers}{kill}")).counters
    };
    let told = shut("shutdown-send-retry-after = true");
    // Each of some 20 on that server is told once; LISTs under way are finished.
    assert!((10..=25).contains(&told.requests_rejected), "{told:?}");
    assert_eq!(told.requests_failed, 0, "{told:?}");
    // GOAWAY: the next call goes elsewhere without a word.
    let moved = shut("");
    assert_eq!((moved.requests_rejected, moved.requests_failed), (0, 0), "{moved:?}");
}

/// A webhook that does not answer and is sent all writes refuses the renewal of leases, too.
#[test]
fn kubelets_whose_leases_a_webhook_refuses_lose_their_nodes() {
    let kubelets = fleet("kubelets", 60, "heartbeats = true");
    let nodes = |resources: &str, policy: &str| {
        let webhook = format!(
            "[[webhooks]]\nname = \"policy\"\nlatency = \"11s\"\nfailure-policy = \"{policy}\"\n{resources}\n"
        );
        let text = text("", "", &(kubelets.clone() + &webhook));
        support::run(&support::valid(&text, &[]).inputs, 1).counters.nodes_not_ready
    };
    assert_eq!(nodes("", "fail"), 60);
    assert_eq!(nodes("", "ignore"), 0);
    assert_eq!(nodes("resources = [\"pods\"]", "fail"), 0);
}

#[test]
fn kubelets_without_a_server_lose_their_nodes() {
    let kubelets = fleet("kubelets", 60, "heartbeats = true");
    let away = |seconds: u32, version: &str| {
        let kill = format!("kill = {{ apiserver = 0, manner = \"node\", lasts = \"{seconds}s\" }}");
        let text = text("", "", &(kubelets.clone() + &event(&kill)))
            .replace("version = \"1.34\"", &format!("version = \"{version}\""));
        support::run(&support::valid(&text, &[]).inputs, 1)
    };
    // A lease was renewed up to ten seconds before; the process needs two seconds to come back.
    assert_eq!(away(25, "1.31").counters.nodes_not_ready, 0);
    let some = away(35, "1.31").counters.nodes_not_ready;
    assert!((5..60).contains(&some), "{some}");
    assert_eq!(away(35, "1.32").counters.nodes_not_ready, 0, "50 s from 1.32 on");
    let all = away(90, "1.34");
    assert_eq!((all.counters.nodes_not_ready, all.counters.nodes_not_ready_peak), (60, 60));
    assert!((100.0..110.1).contains(&first(&all, LogKind::NotReady, "first node")));
    assert!((100.0..110.1).contains(&first(&all, LogKind::NotReady, "60 nodes")));
    assert!(all.log.is_sorted_by_key(|line| line.at), "{:?}", all.log);
}

#[test]
fn a_server_that_does_not_come_to_listen_is_killed() {
    // A thirtieth of a core: the process needs minutes before it accepts anybody.
    let slow = "warm = false\ncpu-limit = \"0.1\"\nprobes = ";
    let hardware = "[hardware]\ncpu-speed = 0.02\n";
    let long = |probes: &str| {
        let text = text(&format!("{slow}{probes}"), "", hardware).replace("\"5m\"", "\"30m\"");
        support::run(&support::valid(&text, &[]).inputs, 1)
    };
    let killed = long("true");
    // 24 probes of 15 s, the first after 10 s.
    assert!((first(&killed, LogKind::ProbeKill, "startup probe") - 370.0).abs() < 1e-6);
    let starts: Vec<f64> = killed
        .log
        .iter()
        .filter(|line| line.kind == LogKind::Started)
        .map(|line| line.at.as_secs_f64())
        .collect();
    assert_eq!(starts[..3], [0.0, 370.0, 370.0 + 370.0 + 10.0], "with back-off");
    assert!(killed.counters.probe_kills >= 3);
    let left = long("false");
    assert_eq!(left.counters.probe_kills, 0);
    assert!(first(&left, LogKind::Ready, "") > 370.0);
}

#[test]
fn probes_leave_a_healthy_server_alone() {
    let counters = run("probes = true", "", &fleet("kubelets", 100, "")).counters;
    assert_eq!(counters.probe_kills, 0);
}

#[test]
fn without_etcd_the_kubelet_kills_servers_that_want_for_nothing() {
    let outage = event("etcd-outage = { lasts = \"3m\" }") + &fleet("kubelets", 90, "");
    let run = |keys: &str, rest: &str| run(&format!("replicas = 3\n{keys}"), "", rest);
    let probed = run("probes = true", &outage);
    assert_eq!(probed.counters.probe_kills, 3);
    assert!(probed.servers.iter().all(|server| server.oom_kills.is_empty()));
    // Of ten seconds each; the outage begins between two.
    let killed = first(&probed, LogKind::ProbeKill, "etcd did not answer /livez within 2s");
    assert!((131.9..142.1).contains(&killed), "{killed}");
    assert!(first(&probed, LogKind::Balancer, "out of rotation") < 64.0);
    let spared = run("probes = true\nlivez-etcd = false", &outage);
    assert_eq!((spared.counters.probe_kills, spared.counters.servers_lost), (0, 0));
    // /readyz asks etcd in any case.
    assert!(first(&spared, LogKind::Balancer, "out of rotation") < 64.0);
    let slow = |timeout: &str| {
        let keys = format!("probes = true\netcd-healthcheck-timeout = \"{timeout}\"");
        let slow = event("slow-etcd = { speed = 0.001, lasts = \"3m\" }");
        run(&keys, &(slow + "[etcd]\nlatency = \"4ms\"\n")).counters.probe_kills
    };
    assert_eq!((slow("2s"), slow("9s")), (3, 0));
}

#[test]
fn a_member_that_is_defragmented_takes_its_server_out_and_a_large_one_has_it_killed() {
    let defragment = |objects: u32, apiserver: &str| {
        let rest = event(&format!("defragment = {{ apiserver = {apiserver} }}"))
            + &fleet("kubelets", 90, "")
            + &format!("[objects.configmaps]\ncount = {objects}\nsize = \"1MB\"\n");
        // The node has room for what etcd takes for 8 GB.
        let text = text("replicas = 3\nprobes = true\nlivez-etcd = true", "", &rest);
        let text = text.replace("\"64GiB\"", "\"1TiB\"");
        support::run(&support::valid(&text, &[]).inputs, 1)
    };
    // 2.4 GB at 100 MB/s, three times.
    let small = defragment(2_000, "\"all\"");
    assert_eq!(small.counters.probe_kills, 0);
    let out: Vec<f64> = small
        .log
        .iter()
        .filter(|line| line.message.contains("out of rotation"))
        .map(|line| line.at.as_secs_f64())
        .collect();
    assert_eq!(out.len(), 3);
    for (place, at) in out.iter().enumerate() {
        let begins = 60.0 + 24.0 * place as f64;
        assert!((begins..begins + 4.0).contains(at), "{out:?}");
    }
    assert_eq!(defragment(8_000, "1").counters.probe_kills, 1);
}

#[test]
fn large_ranges_make_etcd_too_slow_for_its_health_check() {
    let storm = |clients: u32| {
        let rest = format!(
            "[objects.secrets]\ncount = 2_000\nsize = \"100kB\"\n[[clients]]\nname = \"readers\"\n\
             count = {clients}\nlister = {{ resource = \"secrets\", selected = \"0.1%\", \
             resource-version = \"\", rounds = \"endless\" }}\n\
             [apf]\nenabled = false\n[hardware]\ncpu-speed = 100.0\n"
        );
        let text = text("probes = true\nversion = \"1.28\"", "", &rest)
            .replace("version = \"1.34\"\n", "");
        let text = text.replace("\"64GiB\"", "\"4000GiB\"\ncores = 4");
        support::run(&support::valid(&text, &[]).inputs, 1)
    };
    let many = storm(1_000);
    assert!(many.counters.probe_kills > 0, "{:?}", many.log);
    assert!(many.servers[0].oom_kills.is_empty());
    assert_eq!(storm(50).counters.probe_kills, 0);
}

#[test]
fn a_rollout_waits_for_the_processes_whole() {
    // The agents' second reflectors read slowly: each pod is available when they have synced, too.
    let slow = "connection = \"agents\"\ndecode-rate = \"1MB/s\"";
    let second = fleet("second", 20, slow).replace("0.1%", "100%");
    let rollout = event("rollout = { client = \"agents\", max-unavailable = 5 }");
    let run = run("", "", &(fleet("agents", 20, "") + &second + &rollout));
    assert_eq!(run.counters.lists_ok, 40);
    let least = (0..2_000).map(|n| watches_at(&run, 60.0 + f64::from(n) / 20.0)[0]).min();
    assert_eq!(least, Some(30), "five pods of two watches are down at most");
    // Four waves of 10 s and some seconds of decoding.
    assert_eq!(watches_at(&run, 110.0)[0], 30, "the last wave is down");
    assert_eq!(watches_at(&run, 140.0)[0], 40);
}

#[test]
fn connections_that_processes_cannot_share_are_mistakes() {
    let own = fleet("a", 1, "");
    for (rest, says) in [
        (fleet("a", 1, "connection = \"a\""), "cannot use its own connections"),
        (
            own.clone()
                + &fleet("b", 1, "connection = \"a\"")
                + &fleet("c", 1, "connection = \"b\""),
            "`b` has no connections of its own",
        ),
        (
            own.clone() + &fleet("b", 1, "connection = \"a\"\nconnections = 2"),
            "`connections` belongs to the fleet",
        ),
        (
            own.clone() + &fleet("b", 1, "connection = \"a\"\nheartbeats = true"),
            "`heartbeats` belongs to the fleet",
        ),
        (own.clone() + &fleet("b", 1, "connection = \"z\""), "`z`"),
        (own.clone() + &event("partition = { lasts = \"1s\" }"), "apiserver"),
        (
            own.clone() + &event("partition = { client = \"a\", count = 2, lasts = \"1s\" }"),
            "members",
        ),
        (
            own.clone() + &event("partition = { apiserver = 0, count = 1, lasts = \"1s\" }"),
            "cut off",
        ),
        (own.clone() + &event("kill = { apiserver = 3 }"), "no apiserver 3"),
        (own.clone() + &event("kill = { apiserver = 0, lasts = \"1s\" }"), "no effect"),
        (own.clone() + &event("rollout = { client = \"a\", max-unavailable = \"x\" }"), "E0103"),
        (own.clone() + &event("rollout = { client = \"a\", max-unavailable = 0 }"), "E0105"),
        (own + &event("rollout = { client = \"a\", max-unavailable = \"101%\" }"), "E0105"),
    ] {
        let found = mistakes(&rest);
        assert!(found.contains(says), "{says} is not in:\n{found}");
    }
}

/// A client of ten that reads three things, and what an event does to it.
fn three_reads(action: &str) -> RunRecord {
    let client = "[[clients]]\nname = \"c\"\ncount = 10\nstart = \"stopped\"\nstart-jitter = \"20s\"\n\
        reflectors.pods = {}\nreflectors.few = { resource = \"pods\", selected = \"1%\" }\n\
        listers.pods = { rounds = \"endless\", pause = \"30m\" }\n";
    let start = "[[events]]\nname = \"go\"\nat = \"10s\"\nstart = { client = \"c\" }\n";
    run(
        "replicas = 3\nfeature-gates = { WatchList = false }",
        "",
        &format!("{client}{start}{}", event(action)),
    )
}

#[test]
fn an_event_that_names_a_client_moves_all_that_it_reads() {
    let counted = |run: &RunRecord| {
        (run.counters.lists_begun, run.counters.connections_opened, run.clients_synced)
    };
    assert_eq!(counted(&three_reads("")), (30, 10, (10, 10)));
    assert_eq!(counted(&three_reads("stop = { client = \"c\", count = 4 }")), (30, 10, (6, 6)));
    let some = "restart = { client = \"c\", count = 3, over = \"10s\" }";
    assert_eq!(counted(&three_reads(some)), (39, 13, (10, 10)));
    let all = "rollout = { client = \"c\", max-unavailable = 2, start-time = \"1s\" }";
    let run = three_reads(all);
    assert_eq!(counted(&run), (60, 20, (10, 10)));
    assert_eq!(watches_at(&run, 299.0).iter().sum::<u32>(), 20);
    // Five processes are cut off whole; both reflectors of each list again, on one connection.
    let cut = three_reads("partition = { client = \"c\", count = 5, lasts = \"60s\" }");
    assert_eq!(counted(&cut), (40, 15, (10, 10)));
}

#[test]
fn the_reads_of_a_process_begin_together_and_sync_as_one() {
    let run = three_reads("");
    // With a jitter of 20 s each process begins at an instant of its own, with all it reads.
    let activity = run.activity.buckets.iter();
    let lists = |bucket: &ActivityBucket| bucket.counts.get(ActivityKind::Lists);
    let seconds: Vec<u64> = activity.map(lists).collect();
    assert!(seconds.iter().filter(|lists| **lists > 0).count() >= 6, "{seconds:?}");
    assert!(seconds.iter().all(|lists| lists % 3 == 0), "{seconds:?}");
    assert_eq!(lines(&run, LogKind::Synced), ["all 10 started members are synced"]);
}

/// Lists of 80 MB of which a server with a gigabyte cannot hold so many, and kubelets that watch.
fn at_its_limit(apiserver: &str) -> RunRecord {
    let clients = fleet("kubelets", 20, "heartbeats = true")
        + "[[clients]]\nname = \"lists\"\ncount = 30\nstart = \"stopped\"\n\
           lister = { resource = \"secrets\", encoding = \"json\", rounds = 1 }\n"
        + &event("start = { client = \"lists\" }");
    let secrets = "[objects.secrets]\ncount = 400\nsize = \"200kB\"\n";
    let limited = format!("replicas = 2\nmemory-limit = \"1000MiB\"\n{apiserver}");
    let text = text(&limited, "", &format!("{secrets}{clients}")).replace("\"1.34\"", "\"1.31\"");
    support::run(&support::valid(&text, &[]).inputs, 1)
}

#[test]
fn a_server_at_its_limit_can_stand_still_before_it_is_killed() {
    let at_once = at_its_limit("");
    let stalled = at_its_limit("stall-at-limit = \"40s\"");
    let kill = |run: &RunRecord| run.servers[0].oom_kills[0].clone();
    let (first_kill, later) = (kill(&at_once), kill(&stalled));
    assert_eq!(
        (later.at.since(first_kill.at).0, later.resident),
        (40_000_000_000, first_kill.resident)
    );
    assert!(lines(&stalled, LogKind::OomKill)[0].contains("after 40s at its limit"));
    assert_eq!((first_kill.stalled.0, later.stalled.0), (0, 40_000_000_000));
    // Its balancer takes it out, and its clients find out by their pings.
    let still = first(&stalled, LogKind::Stopped, "stands still");
    assert!((still - first_kill.at.as_secs_f64()).abs() < 1e-9);
    let out = first(&stalled, LogKind::Balancer, "out of rotation");
    assert!((still..still + 3.0).contains(&out), "{out} after {still}");
    let memory = |run: &RunRecord| run.servers[0].pressure.memory_full.as_secs_f64();
    assert!(memory(&at_once) == 0.0 && memory(&stalled) >= 40.0);
}

#[test]
fn a_probe_ends_a_stall_and_the_server_is_lost_for_memory_all_the_same() {
    let probed = at_its_limit("stall-at-limit = \"10m\"\nprobes = true");
    let still = first(&probed, LogKind::Stopped, "stands still");
    let ended = first(&probed, LogKind::ProbeKill, "killed by the kubelet after");
    // Eight probes of 15 s, the first of them due within 10 s.
    assert!((120.0..130.1).contains(&(ended - still)), "{}", ended - still);
    assert!(probed.servers[0].oom_kills.len() == 1 && probed.counters.servers_lost == 0);
    // Without probes it stands there until the run ends, and counts.
    let left = at_its_limit("stall-at-limit = \"10m\"");
    assert_eq!(left.servers[0].oom_kills.len(), 1);
    assert_eq!(left.outcome, oomcast::results::Outcome::NonRecovering);
}
