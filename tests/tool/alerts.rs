//! Alert rules, evaluated by `promtool`: on series made by hand, where the firing times can be worked
//! out, and through the binary. Without `promtool` the tests say so and end.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{self, command, finished, folder_with, root};
use oomcast::answers::alerts::{Clock, Pass, Rehearsed, Rules, judge, read_answer};
use oomcast::model::{self, RunOptions};
use oomcast::report::openmetrics::{Cluster, FAMILIES, Rehearsal, START, Scraped, rehearsal};
use oomcast::results::{
    AlertRow, OomKill, Outcome, PassedPoint, ProcessSample, RunRecord, ServerSample, TooLate,
};
use oomcast::scenario;
use oomcast::units::{Bytes, SimSpan, SimTime};
use serde_json::Value;

/// Whether a program is there; else the test says what is not tested.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub(crate) fn there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: {program} is not on the PATH (apt-get install prometheus)");
    }
    found
}

const fn at(seconds: u64) -> SimTime {
    SimTime(seconds * 1_000_000_000)
}

/// 4 GiB up to 2:00, then 1 GiB more every 30 s; killed at 4:50 below a limit of 10 GiB, back at 6:00.
fn climb() -> Vec<ServerSample> {
    let gib = |seconds: u64| match seconds {
        0..=120 => Some(4),
        121..=289 => Some(4 + (seconds - 120) / 30),
        290..=359 => None,
        _ => Some(2),
    };
    let sample = |scrape: u64| {
        let seconds = scrape * 30;
        let process = gib(seconds).map(|gib| ProcessSample {
            resident: Bytes::gib(gib),
            charged: Bytes::gib(gib),
            ..ProcessSample::default()
        });
        ServerSample {
            at: at(seconds),
            server: "apiserver-0".into(),
            answers: process.is_some(),
            oom_kills: u64::from(seconds > 290),
            node: Some((Bytes::gib(64), Bytes::gib(50))),
            cgroup_limit: Some(Bytes::gib(10)),
            process,
            ..ServerSample::default()
        }
    };
    (0..=20).map(sample).collect()
}

/// 8 GiB of 10 are passed at 240 s, and more than 1.5 GiB per minute from 180 s on; `up` is 0 at 300
/// and 330 s.
const RULES: &str = "\
groups:
- name: by-hand
  rules:
  - record: memory:growth:1m
    expr: container_memory_working_set_bytes - container_memory_working_set_bytes offset 1m
  - alert: NearLimit
    expr: container_memory_working_set_bytes / container_spec_memory_limit_bytes > 0.75
  - alert: Grows
    expr: memory:growth:1m > 1.5 * 2^30
    for: 1m
    labels: {severity: page}
  - alert: DownForHalfAMinute
    expr: up{job=\"apiserver\"} == 0
    for: 30s
  - alert: DownForAMinute
    expr: up{job=\"apiserver\"} == 0
    for: 1m
  - alert: Killed
    expr: increase(container_oom_events_total[2m]) > 0
  - alert: Vanished
    expr: absent(process_resident_memory_bytes)
  - alert: Pressure
    expr: rate(node_pressure_io_waiting_seconds_total[1m]) > 0.1
";

/// The alerts of [`RULES`] over one run with these samples.
fn rehearsed(test: &str, samples: Vec<ServerSample>) -> Vec<AlertRow> {
    let place = folder_with("alerts", test, &[("rules.yaml", RULES)]);
    let mut rules = Rules::default();
    rules.read("rules.yaml", RULES);
    let selectors: Vec<String> = rules.selectors().into_iter().map(|s| s.text).collect();
    let whole = SimSpan::secs(7_200);
    let how = Rehearsal {
        rule_files: &["rules.yaml".to_owned()],
        scrape: SimSpan::secs(30),
        first_scrape: SimTime::ZERO,
        evaluate: SimSpan::secs(30),
        history: SimSpan::secs(600),
        whole,
        selectors: &selectors,
    };
    let cluster = Cluster { name: "climb", version: "1.34", minor: 34, start: START };
    let test = rehearsal(&how, &cluster, &Scraped { replication: 0, samples });
    fs::write(place.join("test.yaml"), &test.text).expect("writes");
    let promtool = Command::new("promtool")
        .args(["test", "rules", "test.yaml"])
        .current_dir(&place)
        .output()
        .expect("starts");
    let found = read_answer(&String::from_utf8_lossy(&promtool.stderr)).expect("evaluates");
    let options = RunOptions { seed: 1, replication: 0, timelines: false };
    let storm = scenario::load("storm", STORM.as_bytes(), &[]).expect("valid");
    let mut record: RunRecord = model::run(&storm.inputs, options);
    let kill = OomKill {
        at: at(290),
        resident: Bytes::gib(10),
        stalled: SimSpan::ZERO,
        back_at: Some(at(360)),
    };
    record.servers[0].oom_kills = vec![kill];
    record.outcome = Outcome::SingleOom;
    let (lead, first, evaluate) = (test.lead, test.first, how.evaluate);
    let clock = Clock { lead, first_scrape: SimTime::ZERO, first, evaluate };
    let passes = [Pass { interval: None, clock, found }];
    let run = Rehearsed::of(&record, &passes, BTreeMap::new());
    // Too late 20 s before the kill.
    let passed = PassedPoint { probability: 0.95, after_seconds: 269.0, at_seconds: 270.0 };
    let too_late = TooLate { replication: 0, continuations: 40, first_kill_seconds: 290.0, passed };
    judge(&rules, &[run], whole, Some(&too_late), |metric| {
        FAMILIES.iter().all(|family| family.name != metric).then(|| "not there".to_owned())
    })
}

#[test]
fn firing_times_are_those_worked_out_by_hand() {
    if !there("promtool") {
        return;
    }
    let rows = rehearsed("by-hand", climb());
    let leads: Vec<(&str, &[f64])> =
        rows.iter().map(|row| (&*row.alert, &*row.lead_seconds)).collect();
    assert_eq!(
        leads,
        [
            // 8 of 10 GiB at 240 s. Replication 0 is evaluated 15 s after each scrape.
            ("NearLimit", &[35.0][..]),
            // 2 GiB in a minute at 180, 210 and 240 s: a minute of it at 240 s.
            ("Grows", &[35.0]),
            // Down at 300 and 330 s: half a minute at 330 s, and a whole one never.
            ("DownForHalfAMinute", &[-55.0]),
            ("DownForAMinute", &[]),
            // The kubelet's first scrape after the kill.
            ("Killed", &[-25.0]),
            // The series ends with the scrape that fails, not five minutes later.
            ("Vanished", &[-25.0]),
            ("Pressure", &[]),
        ]
    );
    assert_eq!(rows[1].severity, "page");
    // 35 s before the kill is 15 s before it was too late; 55 s after it is 75 s after.
    assert_eq!(rows[0].before_too_late_seconds, Some(15.0));
    assert!(
        rows[0].verdict.ends_with("; in run 0, 15 s before it is too late"),
        "{}",
        rows[0].verdict
    );
    assert_eq!(rows[2].before_too_late_seconds, Some(-75.0));
    assert_eq!(rows[3].before_too_late_seconds, None);
    let pressure = &rows[6];
    assert_eq!(
        pressure.verdict,
        "cannot fire here: the model has no node_pressure_io_waiting_seconds_total"
    );
    assert!(rows[..6].iter().all(|row| row.empty.is_empty()), "{rows:?}");
}

const STORM: &str = "schema = 1\nname = \"storm\"\n[run]\nduration = \"4m\"\n[apiserver]\n\
    version = \"1.32\"\nmemory-limit = \"1GiB\"\n[node]\nmemory = \"8GiB\"\n[objects.pods]\n\
    count = 6_000\nsize = \"5kB\"\n[[clients]]\nname = \"agents\"\ncount = 60\nstart = \"stopped\"\n\
    start-jitter = \"30s\"\nreflector = { resource = \"pods\", encoding = \"json\" }\n\
    [[events]]\nname = \"go\"\nat = \"1m\"\nstart = { client = \"agents\" }\n";

fn alerts(test: &str, rules: &str, more: &[&str]) -> (std::path::PathBuf, std::process::Output) {
    let place = folder_with("alerts", test, &[("storm.toml", STORM), ("rules.yaml", rules)]);
    let mut line = vec!["alerts", "storm.toml", "-n", "3", "-o", "out", "--no-progress"];
    line.extend(more);
    let output = finished(&mut command(&place, &line));
    (place, output)
}

#[test]
fn the_shipped_rules_run_through_the_verb() {
    if !there("promtool") {
        return;
    }
    let (place, output) = alerts("shipped", "", &["--scrape", "15s"]);
    assert_eq!(output.status.code(), Some(0), "{}", support::stderr(&output));
    let text = fs::read_to_string(place.join("out/alerts.json")).expect("written");
    let json: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["replications"], 3);
    let rows = json["alerts"].as_array().expect("rows");
    assert!(rows.len() > 10, "{}", rows.len());
    for row in rows {
        // Every metric of the shipped rules is one that the model has.
        let lacks = row["empty"].as_array().expect("a list");
        assert!(lacks.iter().all(|selector| selector["why"].is_null()), "{row}");
        let counts = ["fired_before", "fired_after", "silent"];
        let killed: u64 = counts.iter().map(|name| row[name].as_u64().expect("a count")).sum();
        assert_eq!(Some(killed), json["killed"].as_u64());
    }
    for file in ["alerts.md", "alerts.csv", "charts/alert-leads.svg", "report.html"] {
        assert!(place.join("out").join(file).exists(), "{file}");
    }
    let page = fs::read_to_string(place.join("out/report.html")).expect("written");
    let again = "oomcast alerts scenario.toml --scrape 15s --replications 3";
    assert!(page.contains(&format!("<pre>{again}</pre>")), "{page}");
    // Threads make no difference.
    let (again, _) = alerts("threads", "", &["--scrape", "15s", "-j", "1"]);
    let same = fs::read_to_string(again.join("out/alerts.json")).expect("written");
    assert_eq!(text, same);
}

/// Per alert: whether it fired from the start, its verdict, its fired runs.
fn judged(test: &str, rules: &str, more: &[&str]) -> BTreeMap<String, Value> {
    let more: Vec<&str> = ["--rules", "rules.yaml"].iter().chain(more).copied().collect();
    let (place, output) = alerts(test, rules, &more);
    assert_eq!(output.status.code(), Some(0), "{}", support::stderr(&output));
    let text = fs::read_to_string(place.join("out/alerts.json")).expect("written");
    let json: Value = serde_json::from_str(&text).expect("JSON");
    let rows = json["alerts"].as_array().expect("rows");
    rows.iter()
        .map(|row| (row["alert"].as_str().expect("a name").to_owned(), row.clone()))
        .collect()
}

#[test]
fn history_is_the_state_at_time_0_even_if_the_storm_is_over_at_the_first_scrape() {
    if !there("promtool") {
        return;
    }
    let rules = "groups:\n- name: a\n  rules:\n  - alert: Storm\n    \
        expr: sum(apiserver_longrunning_requests{verb=\"WATCH\"}) > 20\n    for: 5m\n  \
        - alert: Seen\n    expr: sum(apiserver_longrunning_requests{verb=\"WATCH\"}) > 20\n";
    let more = ["--set", "events.go.at=1s", "--set", "clients.agents.start-jitter=1s"];
    let more = [&more[..], &["--set", "apiserver.memory-limit=8GiB", "--scrape", "60s"]].concat();
    let rows = judged("history", rules, &more);
    // A storm of four minutes does not last five; an hour of history would have made it do so.
    assert_eq!(rows["Storm"]["from_the_start"], 0, "{rows:?}");
    assert_eq!(rows["Storm"]["verdict"], "silent, and no server was killed");
    let seen = |name: &str| rows["Seen"][name].as_u64().expect("a count");
    assert_eq!(seen("false_alarms") + seen("fired_no_kill"), 3, "{rows:?}");
}

#[test]
fn groups_keep_their_interval_and_a_rule_that_fails_ends_no_other() {
    if !there("promtool") {
        return;
    }
    let rules = "groups:\n- name: quick\n  rules:\n\
        \x20 - {alert: Bad, expr: up * on(cluster) up}\n\
        \x20 - {alert: Held, expr: up == 1, for: 1s, labels: {severity: '{{ $labels.job }}'}}\n\
        - name: slow\n  interval: 1h\n  rules:\n\
        \x20 - {alert: Slow, expr: process_resident_memory_bytes > 1, for: 1s}\n";
    let rows = judged("intervals", rules, &["--history", "10m"]);
    let bad = rows["Bad"]["verdict"].as_str().expect("a sentence");
    assert!(bad.starts_with("error: ") && bad.contains("many-to-many"), "{bad}");
    assert_eq!(rows["Held"]["from_the_start"], 3, "{rows:?}");
    // Evaluated once an hour it is seen once at most, and `for` needs twice.
    assert_eq!(rows["Slow"]["from_the_start"], 0, "{rows:?}");
    assert_eq!(rows["Slow"]["interval_seconds"], 3600.0);
}

#[test]
fn a_rule_file_with_a_mistake_is_refused_in_promtools_words() {
    if !there("promtool") {
        return;
    }
    let wrong = "groups:\n- name: a\n  rules:\n  - alert: X\n    expr: sum by (job (up)\n";
    let (_, output) = alerts("wrong", wrong, &["--rules", "rules.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    let said = support::stderr(&output);
    assert!(said.contains("promtool refuses rules.yaml"), "{said}");
    assert!(said.contains("rules.yaml: 5:11: group \"a\", rule 1"), "{said}");
    let object = "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nspec: {groups: []}\n";
    let (_, output) = alerts("object", object, &["--rules", "rules.yaml"]);
    assert!(support::stderr(&output).contains("yq .spec"), "{}", support::stderr(&output));
}

#[test]
fn alerts_that_cannot_fire_here_are_told_once() {
    if !there("promtool") {
        return;
    }
    let rules = "groups:\n- name: a\n  rules:\n  - {alert: PressureOne, expr: node_pressure_x > 1}\n  \
        - {alert: PressureTwo, expr: node_pressure_x > 2}\n  - {alert: Down, expr: up == 0}\n";
    let (place, output) = alerts("lacking", rules, &["--rules", "rules.yaml", "--format", "md"]);
    assert_eq!(output.status.code(), Some(0), "{}", support::stderr(&output));
    let page = fs::read_to_string(place.join("out/alerts.md")).expect("written");
    let line = "2 of 3 alerts cannot fire here, for the model lacks what they ask for: node_pressure_x: \
        PressureOne, PressureTwo";
    assert!(page.replace('\\', "").contains(line), "{page}");
    assert_eq!(page.matches("PressureOne").count(), 1, "{page}");
}

#[test]
fn a_full_disk_is_named() {
    // One that says what the real one says, and where it would have written.
    let fake = "#!/bin/sh\ncase \"$1\" in --version) echo promtool ;; check) ;; \
        *) echo \"write $TMPDIR/x: no space left on device\"; exit 1 ;; esac\n\
        case \"$TMPDIR\" in */oomcast-alerts-*) ;; *) exit 3 ;; esac\n";
    let place = folder_with("alerts", "full", &[("storm.toml", STORM), ("promtool", fake)]);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(place.join("promtool"), mode).expect("sets");
    let line = ["alerts", "storm.toml", "-n", "1", "-o", "out", "--no-progress"];
    let path = format!("{}:/usr/bin:/bin", place.display());
    let run = |temporary: &Path| {
        let mut command = command(&place, &line);
        let output = finished(command.env("PATH", &path).env("TMPDIR", temporary));
        assert_eq!(output.status.code(), Some(1), "{}", support::stderr(&output));
        support::stderr(&output)
    };
    let said = run(&place);
    let disk = format!("the disk of {}/oomcast-alerts-", place.display());
    assert!(said.contains(&disk) && said.contains("TMPDIR"), "{said}");
    let said = run(Path::new("/proc/nowhere"));
    assert!(said.contains("cannot write /proc/nowhere/") && said.contains("TMPDIR"), "{said}");
}

#[test]
fn without_promtool_the_package_is_named() {
    let place = folder_with("alerts", "missing", &[("storm.toml", STORM)]);
    let mut command = command(&place, &["alerts", "storm.toml", "-o", "out"]);
    let output = finished(command.env("PATH", &place));
    assert_eq!(output.status.code(), Some(2));
    let said = support::stderr(&output);
    assert!(
        said.contains("promtool is not on the PATH") && said.contains("`prometheus`"),
        "{said}"
    );
    assert!(!place.join("out").exists());
}

/// Words of a text that look like metrics.
fn metrics(text: &str) -> Vec<String> {
    let first = |word: &str| {
        let prefixes = [
            "apiserver_",
            "watch_cache_",
            "process_",
            "go_",
            "container_",
            "kube_pod_",
            "node_",
            "etcd_",
        ];
        prefixes.iter().any(|prefix| word.starts_with(prefix)) || word == "up"
    };
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
    words.filter(|word| first(word)).map(str::to_owned).collect()
}

#[test]
fn rules_and_dashboard_ask_for_metrics_that_there_are() {
    for file in ["deploy/rules/control-plane.yaml", "deploy/grafana/control-plane.json"] {
        let text = fs::read_to_string(root().join(Path::new(file))).expect("there");
        let expressions: Vec<&str> = text.lines().filter(|l| !l.trim().starts_with('#')).collect();
        let found = metrics(&expressions.join("\n"));
        assert!(found.len() > 10, "{file}: {found:?}");
        for name in found {
            assert!(FAMILIES.iter().any(|family| family.name == name), "{file}: {name}");
        }
    }
}

/// What an expression finds at times, by Prometheus: how many samples.
fn counts(test: &str, series: &[(&str, &str)], asked: &[(String, u64)]) -> Vec<usize> {
    let rules = fs::read_to_string(root().join("deploy/rules/control-plane.yaml")).expect("there");
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let input = series.iter().map(|(name, values)| {
        format!("  - series: {}\n    values: {}\n", quoted(name), quoted(values))
    });
    let input: String = input.collect();
    let ask = |(expression, at): &(String, u64)| {
        format!("  - expr: {}\n    eval_time: {at}s\n", quoted(expression))
    };
    let asks: String = asked.iter().map(ask).collect();
    let text = format!(
        "rule_files: [rules.yaml]\nevaluation_interval: 15s\ntests:\n- interval: 15s\n  \
         input_series:\n{input}  promql_expr_test:\n{asks}"
    );
    let place = folder_with("alerts", test, &[("rules.yaml", &rules), ("test.yaml", &text)]);
    let mut promtool = Command::new("promtool");
    let output = promtool.args(["test", "rules", "test.yaml"]).current_dir(&place).output();
    let found = read_answer(&String::from_utf8_lossy(&output.expect("starts").stderr));
    let found = found.expect("evaluates");
    let of = |(expression, at): &(String, u64)| {
        let mine =
            found.iter().filter(|f| f.expression == *expression && f.at == SimSpan::secs(*at));
        mine.map(|f| f.samples.len()).sum()
    };
    asked.iter().map(of).collect()
}

#[test]
fn only_nodes_of_apiservers_are_watched() {
    if !there("promtool") {
        return;
    }
    let series = [
        ("node_memory_MemAvailable_bytes{instance=\"cp:9100\"}", "1x20"),
        ("node_memory_MemTotal_bytes{instance=\"cp:9100\"}", "100x20"),
        ("node_memory_MemAvailable_bytes{instance=\"worker\"}", "1x20"),
        ("node_memory_MemTotal_bytes{instance=\"worker\"}", "100x20"),
        // The apiserver is down from 30 s on, and its node as full as before.
        (
            "container_memory_working_set_bytes{container=\"kube-apiserver\",node=\"cp\"}",
            "1 1 stale",
        ),
    ];
    let alert = "ALERTS{alertname=\"ControlPlaneNodeMemoryHigh\"}".to_owned();
    assert_eq!(counts("nodes", &series, &[(alert.clone(), 15), (alert, 60)]), [1, 1]);
}

#[test]
fn a_dead_server_is_not_drawn_although_its_series_has_no_stale_marker() {
    let text = fs::read_to_string(root().join("deploy/grafana/control-plane.json")).expect("there");
    let board: Value = serde_json::from_str(&text).expect("JSON");
    let panels = board["panels"].as_array().expect("panels");
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let all: Vec<&str> = targets.filter_map(|target| target["expr"].as_str()).collect();
    let over_time = |e: &&str| ["rate(", "increase(", "changes("].iter().any(|f| e.contains(f));
    for expression in all.iter().copied().filter(over_time) {
        assert!(expression.contains("[$__rate_interval]"), "{expression}");
    }
    let own = |e: &&str| e.contains("job=\"apiserver\"") && !over_time(e) && !e.starts_with("up{");
    let own: Vec<String> =
        all.iter().copied().filter(own).map(|e| e.replace("$cluster", ".*")).collect();
    assert!(own.len() > 7, "{own:?}");
    if !there("promtool") {
        return;
    }
    let labels = "job=\"apiserver\",instance=\"a:6443\",cluster=\"c\",replication=\"0\"";
    let with = |metric: &str, more: &str| format!("{metric}{{{labels}{more}}}");
    let mut series = vec![(with("up", ""), "1 1 0x9")];
    let metrics = metrics(&own.join("\n"));
    for metric in metrics.iter().filter(|metric| *metric != "up") {
        let all = [",verb=\"WATCH\"", ",request_kind=\"readOnly\"", ",priority_level=\"x\""];
        let more = all.iter().zip(["longrunning", "inflight", "flowcontrol"]);
        let more = more.filter(|(_, part)| metric.contains(part)).map(|(more, _)| *more).next();
        let more = more.unwrap_or(if metric.contains("current_inqueue") { all[1] } else { "" });
        let named = with(metric, more);
        if !series.iter().any(|(known, _)| *known == named) {
            series.push((named, "5 5"));
        }
    }
    let series: Vec<(&str, &str)> =
        series.iter().map(|(name, values)| (&**name, *values)).collect();
    let asked: Vec<(String, u64)> =
        own.iter().flat_map(|e| [(e.clone(), 15), (e.clone(), 60)]).collect();
    for (pair, expression) in counts("panels", &series, &asked).chunks(2).zip(&own) {
        assert_eq!(pair, [1, 0], "{expression}");
    }
}
