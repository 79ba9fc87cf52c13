//! Scrapes of one server, of several, of one that restarted; and what Prometheus kept of them.

use std::collections::BTreeMap;

use serde_json::json;

use super::samples::Samples;
use super::servers::pair;
use super::{Scrape, Series, prometheus};

/// A scrape of a process that started at some second, when it was up for some seconds.
fn scrape(file: &str, start: f64, up: f64, pods_written: f64) -> Scrape {
    let plain = |value: f64| vec![Series { labels: Vec::new(), value }];
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let requests = Series {
        labels: vec![label("verb", "PUT"), label("resource", "pods"), label("code", "200")],
        value: pods_written,
    };
    let clock = "apiserver_flowcontrol_read_vs_write_current_requests_count";
    let metrics = BTreeMap::from([
        ("process_start_time_seconds".to_owned(), plain(start)),
        (clock.to_owned(), plain(up * 1e9)),
        ("apiserver_request_total".to_owned(), vec![requests]),
    ]);
    Scrape { file: file.to_owned(), metrics, ..Scrape::default() }
}

#[test]
fn two_scrapes_of_a_process_give_rates_whatever_their_order() {
    let later = scrape("metrics-0.txt", 1000.25, 160.0, 500.0);
    let earlier = scrape("metrics-0-earlier.txt", 1000.3, 100.0, 200.0);
    for scrapes in [vec![later.clone(), earlier.clone()], vec![earlier, later]] {
        let (servers, skipped) = pair(scrapes);
        assert_eq!((servers.len(), skipped), (1, vec![]));
        assert_eq!(servers[0].name, "metrics-0");
        let grown = servers[0].growth("apiserver_request_total");
        assert_eq!((grown[0].1.count, grown[0].1.seconds), (300.0, 60.0));
    }
}

#[test]
fn servers_are_told_apart_by_their_start() {
    let (servers, skipped) = pair(vec![
        scrape("metrics-1.txt", 1003.0, 157.0, 10.0),
        scrape("metrics-0.txt", 1000.0, 160.0, 500.0),
    ]);
    let names: Vec<&str> = servers.iter().map(|server| server.name.as_str()).collect();
    assert_eq!((names, skipped), (vec!["metrics-0", "metrics-1"], vec![]));
    // Without a second scrape the mean since the start is all there is.
    let seconds = servers[1].growth("apiserver_request_total")[0].1.seconds;
    assert!((seconds - 157.0).abs() < 1e-9, "{seconds}");
}

#[test]
fn a_restart_leaves_the_newer_process() {
    let (servers, skipped) = pair(vec![
        scrape("metrics-0-before.txt", 1000.0, 900.0, 500.0),
        scrape("metrics-0-after.txt", 2000.0, 60.0, 30.0),
    ]);
    assert_eq!(servers.len(), 1);
    assert_eq!(servers[0].last.file, "metrics-0-after.txt");
    assert!(skipped[0].what.contains("restarted"), "{skipped:?}");
    assert_eq!(skipped[0].file, "metrics-0-before.txt");
}

/// Files of one name in folders of servers; and a second round that reached the second server only.
#[test]
fn servers_with_files_of_one_name_are_no_restarts() {
    let folders = ["master-1", "master-2", "master-3"];
    let scrapes = folders.iter().zip([1000.0, 1003.0, 1009.0]);
    let scrapes = scrapes.map(|(at, start)| scrape(&format!("{at}/metrics.txt"), start, 90.0, 1.0));
    let (servers, skipped) = pair(scrapes.collect());
    let names: Vec<&str> = servers.iter().map(|server| server.name.as_str()).collect();
    assert_eq!(names, ["master-1/metrics", "master-2/metrics", "master-3/metrics"]);
    assert_eq!(skipped, []);
    let (servers, skipped) = pair(vec![
        scrape("a/metrics-0.txt", 1000.0, 160.0, 5.0),
        scrape("a/metrics-0-later.txt", 1009.0, 211.0, 9.0),
        scrape("a/metrics-1.txt", 1009.0, 151.0, 3.0),
    ]);
    let named: Vec<_> = servers.iter().map(|s| (s.name.as_str(), s.earlier.is_some())).collect();
    assert_eq!((named, skipped), (vec![("metrics-0", false), ("metrics-1", true)], vec![]));
}

/// The newer file has neither the start of the process nor the counts of objects any more.
#[test]
fn what_a_cut_file_lacks_is_that_of_the_one_before() {
    let pods = vec![Series { labels: Vec::new(), value: 7.0 }];
    let mut earlier = scrape("metrics-0.txt", 1000.0, 100.0, 200.0);
    earlier.metrics.insert("apiserver_storage_objects".to_owned(), pods.clone());
    let mut cut = scrape("metrics-0-later.txt", 1000.0, 160.0, 500.0);
    cut.metrics.remove("process_start_time_seconds");
    let (servers, skipped) = pair(vec![cut, earlier]);
    assert_eq!(servers.len(), 1);
    let grown = servers[0].growth("apiserver_request_total")[0].1.count;
    assert!((grown - 300.0).abs() < 1e-9, "{grown}");
    assert_eq!(servers[0].last.get("apiserver_storage_objects"), pods);
    assert!(skipped[0].what.contains("breaks off") && skipped[0].cost.is_some(), "{skipped:?}");
}

#[test]
fn scrapes_of_one_moment_give_no_rates() {
    let (servers, skipped) =
        pair(vec![scrape("a.txt", 1000.0, 100.0, 5.0), scrape("b.txt", 1000.0, 101.0, 5.0)]);
    assert_eq!((servers.len(), servers[0].earlier.is_none()), (1, true));
    assert!(skipped[0].what.contains("same time"), "{skipped:?}");
}

#[test]
fn answers_of_prometheus_become_scrapes_of_each_instance() {
    let series = |name: &str, instance: &str, values: serde_json::Value| json!({ "metric": { "__name__": name, "instance": instance, "resource": "pods" }, "values": values });
    let mut kept = Samples::default();
    let mut left = 1 << 20;
    let mut add = |file, answer: &serde_json::Value| {
        let text = std::io::Cursor::new(answer.to_string().into_bytes());
        prometheus::read(file, Box::new(text), &mut kept, &mut left)
    };
    let range = json!({ "status": "success", "data": { "resultType": "matrix", "result": [
        series("apiserver_request_total", "10.0.0.1:6443", json!([[100, "10"], [130, "11"], [160, "70"]])),
        series("apiserver_request_total", "10.0.0.2:6443", json!([[100, "1"], [160, "1"]])),
        series("process_start_time_seconds", "10.0.0.9:9100", json!([[100, "1"], [160, "1"]])),
    ] } });
    assert_eq!(add("range.json", &range), Ok(true));
    let idle =
        json!({ "data": { "result": [{ "metric": { "__name__": "up" }, "value": [1, "1"] }] } });
    assert_eq!(add("up.json", &idle), Ok(false));
    let sums = json!({ "data": { "result": [{ "metric": {}, "value": [160, "3"] }] } });
    assert!(add("sum.json", &sums).expect_err("no names").contains("not for sums"));
    let failed = json!({ "status": "error", "error": "out of bounds" });
    assert!(add("e.json", &failed).expect_err("an error").contains("out of bounds"));
    let (servers, skipped) = pair(kept.scrapes());
    assert_eq!((servers.len(), skipped), (2, vec![]));
    assert_eq!(servers[0].name, "10.0.0.1:6443");
    let grown = servers[0].growth("apiserver_request_total");
    assert_eq!((grown[0].1.count, grown[0].1.seconds), (60.0, 60.0));
}

/// An answer with all series of four servers is longer than what is ever held of it.
#[test]
fn an_answer_may_have_any_length() {
    let idle =
        json!({ "metric": { "__name__": "go_info", "instance": "a" }, "values": [[1, "1"]] });
    let one = json!({ "metric": { "__name__": "apiserver_storage_objects", "instance": "a", "resource": "pods" }, "value": [7, "30"] });
    let results = vec![idle.to_string(); 160_000].join(",");
    let text = format!("{{\"data\":{{\"result\":[{results},{one}]}},\"status\":\"success\"}}");
    assert!(text.len() > 8 << 20);
    let (mut kept, mut left) = (Samples::default(), 1 << 20);
    let text = Box::new(std::io::Cursor::new(text.into_bytes()));
    assert_eq!(prometheus::read("all.json", text, &mut kept, &mut left), Ok(true));
    assert_eq!(kept.scrapes().len(), 0, "an apiserver has more than one metric");
}
