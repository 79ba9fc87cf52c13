//! Tests of the writer, on samples made by hand.

use std::collections::BTreeSet;

use super::{Cluster, FAMILIES, Kind, START, Scraped, WITHOUT, series, write};
use crate::results::{
    CacheSample, LevelSample, ProcessSample, RequestCounts, ResourceSample, ServerSample,
};
use crate::units::{Bytes, SimSpan, SimTime};

const CLUSTER: Cluster<'_> = Cluster { name: "st\"orm", version: "1.34", minor: 34, start: START };

fn sample(seconds: u64, resident: Option<u64>, answers: bool) -> ServerSample {
    let requests = RequestCounts { list_ok: seconds, ..RequestCounts::default() };
    let process = |gib| ProcessSample {
        age: SimSpan::secs(seconds),
        resident: Bytes::gib(gib),
        resources: vec![ResourceSample {
            group: "coordination.k8s.io".into(),
            resource: "leases".into(),
            objects: 7,
            watches: 3,
            requests,
            cache: Some(CacheSample { capacity: 100, received: seconds, initializations: 1 }),
        }],
        levels: vec![LevelSample { name: "workload-low".into(), seats: 4, ..Default::default() }],
        ..ProcessSample::default()
    };
    ServerSample {
        at: SimTime::ZERO + SimSpan::secs(seconds),
        server: "apiserver-0".into(),
        answers,
        node: Some((Bytes::gib(64), Bytes::gib(32))),
        process: resident.map(process),
        ..ServerSample::default()
    }
}

fn text(minor: u32) -> String {
    let samples =
        vec![sample(0, Some(4), true), sample(30, None, false), sample(60, Some(2), false)];
    let mut out = Vec::new();
    let runs = [Scraped { replication: 3, samples }];
    write(&mut out, &Cluster { minor, ..CLUSTER }, &runs).expect("written");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn a_server_that_does_not_answer_leaves_a_gap_and_up_says_so() {
    let text = text(34);
    let of = |start: &str| -> Vec<&str> {
        let lines = text.lines().filter(|line| line.starts_with(start));
        lines.map(|line| line.split_once("} ").map_or("", |(_, rest)| rest)).collect()
    };
    let apiserver = of("up{cluster=\"st\\\"orm\",instance=\"apiserver-0:6443\"");
    assert_eq!(apiserver, ["1 1767225600", "0 1767225630", "0 1767225660"]);
    assert_eq!(of("process_resident_memory_bytes"), ["4294967296 1767225600"]);
    // The kubelet sees the container as soon as it is there.
    let container = of("container_memory_rss");
    assert_eq!(container.len(), 2, "{container:?}");
    assert_eq!(of("process_start_time_seconds"), ["1767225600 1767225600"]);
    assert!(text.contains("priority_level=\"workload-low\",replication=\"3\"} 4 "), "{text}");
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn names_follow_the_release() {
    let (old, new) = (text(32), text(34));
    assert!(
        old.contains("apiserver_storage_objects{") && new.contains("apiserver_storage_objects{")
    );
    assert!(
        !old.contains("apiserver_resource_objects") && new.contains("apiserver_resource_objects{")
    );
    assert!(new.contains("resource=\"leases.coordination.k8s.io\""));
    // From 1.34 on the metrics of watch caches have group and resource apart.
    let capacity = |text: &str| {
        let mut lines = text.lines().filter(|line| line.starts_with("watch_cache_capacity{"));
        (lines.next().map(str::to_owned), lines.count())
    };
    let apart = |line: &str| line.contains("group=\"coordination.k8s.io\"");
    let (first, others) = capacity(&old);
    assert!(first.is_some_and(|line| !apart(&line) && line.contains("leases.coordination")));
    let (line, more) = capacity(&new);
    assert!(line.is_some_and(|line| apart(&line)));
    assert_eq!((others, more), (0, 0));
    assert!(new.contains("group=\"coordination.k8s.io\",instance=\"apiserver-0:6443\""));
}

#[test]
fn every_metric_is_declared_once_and_counters_end_in_total() {
    let text = text(34);
    let declared: Vec<&str> = text.lines().filter(|line| line.starts_with("# TYPE ")).collect();
    let once: BTreeSet<&&str> = declared.iter().collect();
    assert_eq!(declared.len(), once.len());
    for family in FAMILIES {
        assert_eq!(
            family.name.ends_with("_total"),
            family.kind == Kind::Counter,
            "{}",
            family.name
        );
        assert!(WITHOUT.iter().all(|(name, _)| *name != family.name), "{}", family.name);
    }
}

#[test]
fn equal_labels_are_one_series() {
    let samples = [sample(0, Some(4), true), sample(30, Some(4), true)];
    let all = series(&CLUSTER, &samples);
    let mut names: Vec<_> = all.iter().map(|s| (s.family.name, &s.labels)).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
    // Nobody has listed at 0 yet: that series begins with the second scrape.
    let requests = all.iter().find(|s| s.family.name == "apiserver_request_total").expect("there");
    assert_eq!(requests.points, [(1, 30.0)]);
}
