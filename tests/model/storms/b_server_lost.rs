//! B: one of three servers is OOM killed; 5,000 nodes with four connections and 58 watches each.

use oomcast::results::RunRecord;

use crate::storms::run;

/// Watches of a node: the kubelet's 35, kube-proxy's 4, the network agent's 15, 4 of others.
const FLEETS: [(&str, u64); 4] = [("kubelets", 35), ("proxies", 4), ("cilium", 15), ("others", 4)];

fn control_plane(duration: &str, rest: &str) -> String {
    format!(
        r#"
schema = 1
name = "server-lost"

[run]
duration = "{duration}"

[apiserver]
version = "1.32"
replicas = 3

[node]
memory = "512GiB"
cores = 64

[hardware]
cpu-noise = "0%"

# Out of rotation before anybody dials again, and not back before all have.
[balancer]
check-interval = "10ms"
fall = 1
rise = 1000

{rest}

[[events]]
name = "kill"
at = "60s"
kill = {{ apiserver = 0 }}
"#
    )
}

fn five_thousand_nodes() -> RunRecord {
    let fleet = |(name, watches): (&str, u64)| {
        format!(
            "[[clients]]\nname = \"{name}\"\ncount = 5_000\nidle-watches = {}\n\
             start-jitter = \"0s\"\n\
             reflector = {{ resource = \"pods\", selected = \"0.02%\" }}\n",
            watches - 1
        )
    };
    let fleets: String = FLEETS.map(fleet).concat();
    run(&control_plane(
        "3m",
        &format!("[objects.pods]\ncount = 150_000\nsize = \"4kB\"\nwrites = \"100/s\"\n{fleets}"),
    ))
}

/// Watches of each server at an instant.
fn watches(record: &RunRecord, seconds: f64) -> Vec<u64> {
    let at = |points: &[oomcast::results::TimelinePoint]| {
        let before = points.iter().rev().find(|point| point.at.as_secs_f64() <= seconds);
        before.map_or(0, |point| u64::from(point.watches))
    };
    record.timelines.iter().map(|timeline| at(&timeline.points)).collect()
}

#[test]
fn watches_of_the_dead_server_move_to_the_survivors() {
    let record = five_thousand_nodes();
    let before = watches(&record, 59.0);
    assert_eq!(before.iter().sum::<u64>(), 290_000);
    // 97,000 of them, by 6,700 connections.
    assert!(before[0].abs_diff(96_667) < 1_000, "{before:?}");
    assert_eq!(record.counters.watches_lost, before[0]);
    let after = watches(&record, 179.0);
    assert_eq!((after[0], after.iter().sum::<u64>()), (0, 290_000));
    for survivor in [1, 2] {
        let more = after[survivor] - before[survivor];
        assert!(more.abs_diff(48_333) < 1_500, "{more}");
    }
    // Inside the window of 75 s a watch goes on elsewhere without a list.
    assert_eq!((record.counters.requests_gone, record.counters.lists_ok), (0, 0));
    assert_eq!(record.clients_synced, (20_000, 20_000));
}

/// A tenth of the size: 29,000 watchers of one watch each, of which 9,667 move. Rings of 102,400
/// events at 1,896 a second reach back 54 s, and the newest bookmark is up to 60 s old: a tenth is too
/// old. Without API Priority and Fairness, in whose queues the ring would leave more of them behind
/// (18 %).
fn out_of_the_window(duration: &str) -> RunRecord {
    run(&control_plane(
        duration,
        "[apf]\nenabled = false\n\n[objects.configmaps]\ncount = 1_000\nsize = \"1kB\"\nwrites = \"1_896/s\"\n\
         [[clients]]\nname = \"agents\"\ncount = 29_000\nstart-jitter = \"0s\"\n\
         reflector = { resource = \"configmaps\", selected = \"0.0001%\", selector = true }\n",
    ))
}

#[test]
fn a_tenth_out_of_the_window_lists_again_within_a_second() {
    let all = out_of_the_window("90s").counters;
    let moved = all.watches_lost;
    assert!(moved.abs_diff(9_667) < 100, "{moved}");
    let relists = all.requests_gone;
    assert!((relists as f64 / moved as f64 - 0.1).abs() < 0.02, "{relists} of {moved}");
    assert_eq!(all.lists_ok, relists);
    // After a back-off of 0.8 to 1.6 s, from the moment at which the watch was refused.
    assert_eq!(out_of_the_window("60.79s").counters.lists_ok, 0);
    let half = out_of_the_window("61.25s").counters.lists_ok;
    assert!((half as f64 / relists as f64 - 0.5).abs() < 0.15, "{half} of {relists}");
    let settled = out_of_the_window("61.8s").counters.lists_ok;
    assert!(settled as f64 > 0.97 * relists as f64, "{settled} of {relists}");
}

/// What the lists of a tenth of a third of the nodes weigh: 167 of each agent.
#[test]
fn lists_of_custom_resources_outweigh_all_others() {
    let sent = |resource: &str, spec: &str, encoding: &str| {
        let record = run(&control_plane(
            "59m",
            &format!(
                "[objects.{resource}]\n{spec}\n\
                 [[clients]]\nname = \"agents\"\ncount = 167\n\
                 lister = {{ resource = \"{resource}\", encoding = \"{encoding}\", gzip = false, \
                 resource-version = \"0\" }}\n"
            ),
        ));
        assert_eq!(record.counters.lists_ok, 167, "{resource}");
        record.counters.bytes_sent.as_f64()
    };
    let services = sent("services", "count = 10_000\nsize = \"670B\"", "protobuf");
    let slices = sent("endpointslices", "count = 10_000\nsize = \"3.5kB\"", "protobuf");
    let endpoints =
        sent("ciliumendpoints", "count = 150_000\nsize = \"2kB\"\nshape = \"custom\"", "json");
    assert!(((services + slices) / 7e9 - 1.0).abs() < 0.01, "{services} {slices}");
    assert!((endpoints / 50.1e9 - 1.0).abs() < 0.01, "{endpoints}");
}
