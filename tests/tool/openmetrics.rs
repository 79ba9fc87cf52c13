//! `--openmetrics`: what is written is what the model says, and what Prometheus makes of it too.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use super::alerts::there;
use crate::support::{self, command, finished, folder};
use oomcast::model::{self, RunOptions};
use oomcast::results::{RunRecord, ServerSample, scrape_instants};
use oomcast::units::{SimSpan, SimTime};
use serde_json::Value;

const START: f64 = 1_767_225_600.0;
const DURATION: u64 = 240;

/// Two replications of a cascade, written by the binary.
fn written(test: &str) -> (PathBuf, String) {
    let place = folder("openmetrics", test);
    let duration = format!("run.duration={DURATION}s");
    let line = ["run", "ha-cascade", "-n", "2", "--no-charts", "--no-progress", "-o", "out"];
    let more =
        ["--set", &duration, "--openmetrics", "all.om", "--openmetrics-all", "--scrape", "5s"];
    let output = finished(&mut command(&place, &[&line[..], &more].concat()));
    assert_eq!(output.status.code(), Some(0), "{}", support::stderr(&output));
    let text = fs::read_to_string(place.join("all.om")).expect("written");
    (place, text)
}

/// What the model says at the instants of scrapes.
fn truth(replication: u32) -> RunRecord {
    let duration = format!("run.duration={DURATION}s");
    let scenario = support::shipped("ha-cascade", &[&duration, "run.replications=2"]);
    let instants =
        scrape_instants(replication, SimSpan::secs(5), SimTime::ZERO + SimSpan::secs(DURATION));
    let options = RunOptions { seed: scenario.seed, replication, timelines: true };
    let record = model::run_scraped(&scenario.inputs, options, &instants);
    // Looking disturbs nothing.
    assert_eq!(record.trace_hash, model::run(&scenario.inputs, options).trace_hash);
    record
}

/// Samples of a line of the file: name with labels, value, time.
fn samples(text: &str) -> BTreeMap<(String, i64), f64> {
    let sample = |line: &str| {
        let (name, rest) = line.split_once("} ").expect("labels");
        let (value, at) = rest.split_once(' ').expect("a time");
        let value = value.parse().expect("a number");
        ((format!("{name}}}"), at.parse().expect("a time")), value)
    };
    text.lines().filter(|line| !line.starts_with('#')).map(sample).collect()
}

fn seconds(at: SimTime) -> f64 {
    at.since(SimTime::ZERO).as_secs_f64()
}

#[test]
fn the_file_says_what_the_model_says() {
    let (_, text) = written("file");
    let all = samples(&text);
    for replication in 0..2 {
        let record = truth(replication);
        assert!(record.oom_kills() > 0, "a storm that kills");
        for sample in &record.samples {
            let at = (START + seconds(sample.at)) as i64;
            let find = |metric: &str, more: &str| {
                let instance = format!("instance=\"{}:6443\"", sample.server);
                let ours = format!("replication=\"{replication}\"");
                let hit = all.iter().find(|((name, time), _)| {
                    *time == at
                        && name.starts_with(&format!("{metric}{{"))
                        && [&*instance, &ours, more].iter().all(|part| name.contains(part))
                });
                hit.map(|(_, value)| *value)
            };
            assert_eq!(find("up", ""), Some(f64::from(u8::from(sample.answers))));
            let process = sample.process.as_ref().filter(|_| sample.answers);
            let resident = process.map(|process| process.resident.as_f64());
            assert_eq!(find("process_resident_memory_bytes", ""), resident, "{sample:?}");
            let cpu = process.map(|process| process.cpu.as_secs_f64());
            assert_eq!(find("process_cpu_seconds_total", ""), cpu);
            // Samples lie on the timeline that the charts show, but where that was thinned.
            let index: usize = sample.server.trim_start_matches("apiserver-").parse().expect("one");
            if let (Some(process), true) = (process, sample.answers) {
                let drawn = record.timelines[index].resident_at(sample.at);
                let error = (drawn - process.resident.as_f64()).abs();
                assert!(error < 0.25 * drawn.max(1e9), "{sample:?} {drawn}");
            }
        }
        let last = record.samples.last().expect("samples");
        assert!(last.oom_kills + last.restarts > 0 || record.oom_kills() > 0);
        counters_reset(&record.samples);
    }
}

/// What a process counts begins with it.
fn counters_reset(samples: &[ServerSample]) {
    for server in ["apiserver-0", "apiserver-1", "apiserver-2"] {
        let mine: Vec<&ServerSample> = samples.iter().filter(|s| s.server == server).collect();
        for pair in mine.windows(2) {
            let (Some(a), Some(b)) = (&pair[0].process, &pair[1].process) else { continue };
            if pair[1].restarts == pair[0].restarts {
                assert!(b.cpu >= a.cpu && b.sent >= a.sent && b.gc_cycles >= a.gc_cycles);
                assert_eq!(b.age.0 - a.age.0, pair[1].at.0 - pair[0].at.0);
            } else {
                assert!(b.age <= pair[1].at.since(pair[0].at));
                assert!(b.cpu < a.cpu || a.cpu == SimSpan::ZERO, "{a:?} {b:?}");
            }
        }
    }
}

#[test]
fn promtool_accepts_the_file() {
    if !there("promtool") {
        return;
    }
    let (place, _) = written("promtool");
    let file = fs::File::open(place.join("all.om")).expect("opens");
    let check = Command::new("promtool").args(["check", "metrics"]).stdin(file).output();
    let check = check.expect("starts");
    // Its lint does not like two names of node-exporter, which are what they are.
    let said = String::from_utf8_lossy(&check.stderr).into_owned();
    let own = |line: &&str| !line.trim().is_empty() && !line.starts_with("node_memory_Mem");
    assert_eq!(said.lines().find(own), None, "{said}");
    assert_eq!(said.lines().filter(|line| line.ends_with("not 'camelCase'")).count(), 2, "{said}");
    blocks(&place);
}

fn blocks(place: &Path) {
    let create = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics", "all.om", "data"])
        .current_dir(place)
        .output()
        .expect("starts");
    assert!(create.status.success(), "{}", String::from_utf8_lossy(&create.stderr));
}

#[test]
fn a_full_disk_and_a_folder_that_cannot_be_written_are_told() {
    let place = folder("openmetrics", "full");
    let run = "run ha-cascade -n 1 -q --no-progress --no-charts --set run.duration=90s";
    let oomcast = env!("CARGO_BIN_EXE_oomcast");
    // Files may have 24 KiB: what a write meets is what it meets on a full disk.
    let limited =
        format!("trap '' XFSZ; ulimit -f 24; exec {oomcast} {run} -o out --openmetrics f.om");
    let output = Command::new("bash").args(["-c", &limited]).current_dir(&place).output();
    let output = output.expect("bash is there");
    assert_eq!(output.status.code(), Some(1), "{}", support::stderr(&output));
    assert!(support::stderr(&output).contains("cannot write"), "{}", support::stderr(&output));
    assert!(!place.join("f.om").exists());
    let left = fs::read_dir(&place).expect("lists").filter_map(Result::ok);
    let left: Vec<_> = left.map(|entry| entry.file_name()).filter(|name| name != "out").collect();
    assert!(left.is_empty(), "{left:?}");

    let words: Vec<&str> = run.split(' ').collect();
    let nowhere = ["-o", "/proc/nowhere/out"];
    let output = finished(&mut command(&place, &[&words[..], &nowhere].concat()));
    assert_eq!(output.status.code(), Some(1), "{}", support::stderr(&output));
    assert!(support::stderr(&output).contains("/proc/nowhere"), "{}", support::stderr(&output));
}

/// A Prometheus on loopback, ended with the test.
struct Prometheus {
    child: Child,
    port: u16,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    fn start(place: &Path) -> Self {
        fs::write(place.join("prometheus.yml"), "global: {}\n").expect("writes");
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let child = Command::new("prometheus")
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"])
            .args(["--storage.tsdb.retention.time=50y", "--log.level=error"])
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .current_dir(place)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        let started = Self { child, port };
        for _ in 0..600 {
            if started.get("/-/ready").is_some_and(|answer| answer.contains(" 200 ")) {
                return started;
            }
            sleep(Duration::from_millis(100));
        }
        panic!("Prometheus does not become ready");
    }

    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// An instant query: values by their labels, joined in the order of names.
    fn query(&self, query: &str, at: f64) -> BTreeMap<String, f64> {
        let encode = |text: String, byte: u8| text + &format!("%{byte:02X}");
        let encoded = query.bytes().fold(String::new(), encode);
        let path = format!("/api/v1/query?query={encoded}&time={}", START + at);
        let answer = self.get(&path).expect("answers");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        let json: Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(json["status"], "success", "{query}: {json}");
        let results = json["data"]["result"].as_array().expect("a vector");
        let one = |result: &Value| {
            let labels = result["metric"].as_object().expect("labels");
            let labels: Vec<&str> = labels.values().filter_map(Value::as_str).collect();
            let value = result["value"][1].as_str().expect("a value").parse().expect("a number");
            (labels.join(","), value)
        };
        results.iter().map(one).collect()
    }
}

/// The samples of a server, up to an instant.
fn of<'a>(record: &'a RunRecord, server: &str, until: f64) -> Vec<&'a ServerSample> {
    let mine = record.samples.iter().filter(|s| s.server == server && seconds(s.at) <= until);
    mine.collect()
}

/// LISTs that a server had answered.
fn lists_answered(sample: &ServerSample) -> u64 {
    sample.process.as_ref().map_or(0, |p| p.resources.iter().map(|r| r.requests.list_ok).sum())
}

/// What its watch caches had received, some events at least, and how often they had been filled.
fn watch_caches(sample: &ServerSample) -> (f64, f64) {
    let caches = || sample.process.iter().flat_map(|p| p.resources.iter().filter_map(|r| r.cache));
    let events = caches().map(|cache| cache.received).sum::<u64>() as f64;
    assert!(events > 0.0);
    (events, caches().map(|cache| cache.initializations).sum::<u64>() as f64)
}

#[test]
fn a_real_prometheus_answers_what_is_true() {
    if !there("promtool") || !there("prometheus") {
        return;
    }
    let (place, _) = written("prometheus");
    blocks(&place);
    let prometheus = Prometheus::start(&place);
    let record = truth(0);
    let end = DURATION as f64;
    let ask = |query: &str, at: f64| {
        prometheus.query(&query.replace('$', "job=\"apiserver\",replication=\"0\""), at)
    };
    let one = |query: &str, at: f64| ask(query, at).values().copied().next();
    let close = |query: &str, at: f64, truth: f64, within: f64| {
        let found = one(query, at).unwrap_or(f64::NAN);
        let error = (found - truth).abs();
        assert!(error <= within * truth.abs().max(1e-9), "{query} at {at}: {found}, true {truth}");
    };
    let killed = record.servers.iter().find(|s| !s.oom_kills.is_empty()).expect("killed");
    let (server, kill) = (&killed.name, seconds(killed.oom_kills[0].at));
    let mine = of(&record, server, end);
    let answered = mine.iter().filter(|s| s.answers);
    let residents = || {
        mine.iter()
            .filter(|s| s.answers)
            .filter_map(|s| s.process.as_ref())
            .map(|p| p.resident.as_f64())
    };
    let instance = format!("$,instance=\"{server}:6443\"");
    let q = |text: &str| text.replace("@@", &instance);

    // 1, 2: who answered, and how often.
    assert_eq!(one("count(count by (instance) (up{$}))", end), Some(3.0));
    let share = answered.clone().count() as f64 / mine.len() as f64;
    close(&q("avg_over_time(up{@@}[10m])"), end, share, 1e-9);
    // 3: the highest sample; the true peak is not lower.
    let highest = residents().fold(0.0, f64::max);
    close(&q("max_over_time(process_resident_memory_bytes{@@}[10m])"), end, highest, 1e-9);
    assert!(highest <= killed.peak_resident.as_f64());
    // 4: the gap after the kill: nobody answers.
    let gap = mine.iter().find(|s| seconds(s.at) > kill && !s.answers).expect("a failed scrape");
    let at = seconds(gap.at);
    assert_eq!(one(&q("absent_over_time(process_resident_memory_bytes{@@}[4s])"), at), Some(1.0));
    assert_eq!(one(&q("up{@@}"), at), Some(0.0));
    // 5: kills, of all servers, by another job.
    let kills = mine.iter().map(|s| s.oom_kills).max().unwrap_or(0) as f64;
    let container = format!("container_oom_events_total{{replication=\"0\",node=\"{server}\"}}");
    assert_eq!(one(&container, end), Some(kills));
    // 6: restarts, told by the start of the process.
    let mut starts: Vec<i64> = answered
        .clone()
        .filter_map(|s| Some((seconds(s.at) - s.process.as_ref()?.age.as_secs_f64()) as i64))
        .collect();
    starts.dedup();
    close(&q("changes(process_start_time_seconds{@@}[10m])"), end, starts.len() as f64 - 1.0, 1e-9);
    // 7: a rate, while the process lives: the CPU time between its first and last scrape.
    let before: Vec<_> = mine.iter().take_while(|s| s.answers && seconds(s.at) < kill).collect();
    let last = before.last().expect("scraped before");
    let window: Vec<_> =
        before.iter().filter(|s| seconds(s.at) > seconds(last.at) - 61.0).collect();
    let cpu = |s: &ServerSample| s.process.as_ref().map_or(0.0, |p| p.cpu.as_secs_f64());
    let used = cpu(window[window.len() - 1]) - cpu(window[0]);
    let rate = used / (seconds(last.at) - seconds(window[0].at));
    close(&q("rate(process_cpu_seconds_total{@@}[61s])"), seconds(last.at), rate, 0.05);
    // 8: by label: seats of every level.
    let seats =
        ask(&q("sum by (priority_level) (apiserver_flowcontrol_current_limit_seats{@@})"), 0.0);
    let levels = &mine[0].process.as_ref().expect("warm").levels;
    for level in levels {
        assert_eq!(seats.get(&level.name), Some(&(level.limit_seats as f64)), "{}", level.name);
    }
    assert_eq!(seats.len(), levels.len());
    // 9: open watches of the whole control plane.
    let first = record.samples.iter().take_while(|s| s.at == SimTime::ZERO && s.answers);
    let resources = first.filter_map(|s| s.process.as_ref()).flat_map(|p| &p.resources);
    let watches: u64 = resources.map(|resource| resource.watches).sum();
    close("sum(apiserver_longrunning_requests{$})", 0.0, watches as f64, 1e-9);
    // 10: LISTs answered, up to the last scrape before the kill.
    let lists = lists_answered(last);
    let found =
        one(&q("sum(apiserver_request_total{@@,verb=\"LIST\",code=\"200\"})"), seconds(last.at));
    assert!((found.unwrap_or(0.0) - lists as f64).abs() < 0.5, "{found:?}, true {lists}");
    // 11: the other replication is told apart.
    assert_eq!(one("count(count by (replication) (up))", end), Some(2.0));
    // 12, 13: the events that its watch caches received, and how often they were filled.
    let (events, filled) = watch_caches(last);
    let at = seconds(last.at);
    close(&q("sum(apiserver_watch_cache_events_received_total{@@})"), at, events, 1e-9);
    close(&q("sum(apiserver_watch_cache_initializations_total{@@})"), at, filled, 1e-9);
}
