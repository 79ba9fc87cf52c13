//! Mapping of observations.

use super::fields::FieldError;
use super::mapping::{inputs, inputs_from_before};
use super::observation::{Observation, Run, read};
use super::{Gathered, domain};
use crate::model::input::{Action, Behaviour, Encoding, FleetId, Id, Inputs, ResourceId, Shape};
use crate::model::node;
use crate::units::{Bytes, SimSpan, SimTime};

fn run(text: &str) -> Run {
    match read("test", text).expect("an observation").0 {
        Observation::Run(run) => *run,
        Observation::Servers(_) => panic!("an observation of one server"),
    }
}

/// An observation with these phases and further fields.
fn with(phases: &str, more: &str) -> Result<Inputs, FieldError> {
    inputs(&run(&format!(
        r#"{{
            "kubernetes": {{ "version": "1.36", "extra_flags": ["--max-requests-inflight=7"] }},
            "objects": [
                {{ "resource": "pods", "count": 1000, "mean_json_bytes": 7692, "mean_protobuf_bytes": 6147 }},
                {{ "resource": "crs", "count": 50, "namespaces": 5, "mean_json_bytes": 17487, "mean_protobuf_bytes": null }}
            ],
            "phases": [{phases}],
            "result": {{ "peak_resident_bytes": 1 }}{more}
        }}"#
    )))
}

#[test]
fn phases_become_fleets_and_events() {
    let found = with(
        r#"{ "kind": "watch", "clients": 2000, "start_interval_ms": 5, "background": true,
             "path": "/api/v1/pods", "field_selector": "metadata.name%3Dobj-1", "settle_s": 25 },
           { "kind": "paged-list", "limit": 500, "clients": 3, "rounds": 2, "loops_per_client": 2,
             "path": "/apis/load.example.com/v1/namespaces/ns-1/widgets", "encoding": "protobuf" },
           { "kind": "patch", "writes": 2000, "writes_per_s": 100, "start_s": 40 }"#,
        "",
    )
    .expect("valid");
    assert_eq!((found.fleets.len(), found.events.len()), (2, 4));
    assert_eq!(found.apiserver.max_requests_inflight, 7);
    assert_eq!(found.events[1].at, SimTime::ZERO + SimSpan::secs(25));
    let Action::Start { fleet: FleetId(0), over, .. } = found.events[0].action else {
        panic!("the watchers start first");
    };
    assert_eq!(over, SimSpan::secs(10));
    let Behaviour::Reflector { read, watch_list: true, watch: true, .. } =
        &found.fleets[0].behaviour
    else {
        panic!("a watch");
    };
    assert!((read.selected - 0.001).abs() < 1e-12 && read.selector);
    let Behaviour::Lister { read, rounds, all_pages: true, .. } = &found.fleets[1].behaviour else {
        panic!("pages");
    };
    assert_eq!(
        (read.resource, read.encoding, *rounds),
        (ResourceId(1), Encoding::Protobuf, Some(4))
    );
    assert!((read.selected - 0.2).abs() < 1e-12);
    let shapes: Vec<_> = found.resources.iter().map(|r| (r.shape, r.api_group.as_str())).collect();
    assert_eq!(shapes, [(Shape::Typed, ""), (Shape::Custom, "load.example.com")]);
    let writes = |event: usize| match found.events[event].action {
        Action::Write { resource: ResourceId(0), per_second, .. } => per_second,
        _ => panic!("writes to pods"),
    };
    assert!((writes(2) - 100.0).abs() < 1e-9 && writes(3) == 0.0);
    assert_eq!(found.events[3].at, SimTime::ZERO + SimSpan::secs(60));
}

/// Of Pods of which the payload alone is known: as large as those of the same payloads that were measured.
#[test]
fn a_pod_of_a_known_payload_is_as_large_as_measured() {
    for (payload, json) in [(5_000, 7_692), (15_000, 19_647)] {
        let text = format!(
            r#"{{ "kubernetes": {{ "version": "1.36" }}, "phases": [{{ "kind": "list", "path": "/api/v1/pods" }}],
                  "objects": [{{ "resource": "pods", "count": 10, "payload_bytes": {payload} }}],
                  "result": {{ "peak_resident_bytes": 1 }} }}"#
        );
        let found = inputs(&run(&text)).expect("valid").resources[ResourceId(0)].json_size;
        assert!(found.is_some_and(|found| found.0.abs_diff(json) < 10), "{found:?}");
    }
}

#[test]
fn gomaxprocs_bounds_the_cores_that_a_server_uses() {
    let cores = |procs: u32| {
        let more = format!(r#", "environment": {{ "cores": 2, "gomaxprocs": {procs} }}"#);
        let found = with(r#"{ "kind": "list", "path": "/api/v1/pods" }"#, &more).expect("valid");
        let (apiserver, node, release) = (&found.apiserver, &found.node, &found.release);
        (node::cores(apiserver, node, release), node::clients_contend(apiserver, node, release))
    };
    assert_eq!(cores(1), (1.0, false), "clients have the other core");
    let (most, contend) = cores(64);
    assert!((most - 1.9).abs() < 1e-9 && contend, "the node's share, whatever GOMAXPROCS is");
}

#[test]
fn a_server_is_as_old_as_its_start_says() {
    let list = r#"{ "kind": "list", "path": "/api/v1/pods" }"#;
    let up = |more: &str| with(list, more).expect("valid").apiserver.up_for.as_secs_f64();
    let before = r#", "before": { "start_up_seconds_until_ready": 3.5 }"#;
    assert!((up("") - 30.0).abs() < 1e-9 && (up(before) - 27.0).abs() < 1e-9);
    let stated = format!(r#"{before}, "environment": {{ "up_seconds": 600 }}"#);
    assert!((up(&stated) - 600.0).abs() < 1e-9, "what is stated comes first");
}

#[test]
fn a_faster_machine_is_not_taken_for_one_whose_host_backs_pages_late() {
    let list = r#"{ "kind": "list", "path": "/api/v1/pods" }"#;
    let fault = |environment: &str| {
        let more = format!(r#", "environment": {{ {environment} }}"#);
        with(list, &more).expect("valid").hardware.page_fault_per_gb
    };
    assert_eq!(fault(""), SimSpan::millis(1_600));
    assert_eq!(fault(r#""cpu_speed": 1.9"#), SimSpan::millis(250));
    let stated = r#""cpu_speed": 1.9, "page_fault_s_per_gb": 0.5"#;
    assert_eq!(fault(stated), SimSpan::millis(500));
}

#[test]
fn watches_of_a_version_tables_and_custom_paths_are_read() {
    let phases = r#"{ "kind": "watch", "path": "/api/v1/pods", "resource_version": "{RV}" },
        { "kind": "list", "path": "/api/v1/pods", "encoding": "table" }"#;
    let found = with(phases, "").expect("valid");
    assert_eq!(found.fleets[0].behaviour, Behaviour::Watcher { resource: ResourceId::at(0) });
    let Behaviour::Lister { read, .. } = &found.fleets[1].behaviour else { panic!("a list") };
    assert_eq!(read.encoding, Encoding::Table);
}

#[test]
fn mistakes_name_their_fields() {
    let path = |phases: &str, more: &str| with(phases, more).expect_err("a mistake").path;
    let list = r#"{ "kind": "list" }"#;
    assert_eq!(path(r#"{ "kind": "list", "clients": 0 }"#, ""), "phases[0].clients");
    assert_eq!(path(r#"{ "kind": "list", "selected": 2 }"#, ""), "phases[0].selected");
    assert_eq!(path("", ""), "phases");
    let environment = |text: &str| path(list, &format!(r#", "environment": {{ {text} }}"#));
    assert_eq!(environment(r#""cores": 0"#), "environment.cores");
    assert_eq!(environment(r#""gogc": "of""#), "environment.gogc");
    assert_eq!(environment(r#""gomemlimit": "2XiB""#), "environment.gomemlimit");
    let error = read("a.json", r#"{ "kubernetes": { "version": 1.32 } }"#).expect_err("a number");
    assert!(error.to_string().starts_with("a.json: `kubernetes.version`: "), "{error}");
}

#[test]
fn the_second_column_starts_from_the_measured_heap() {
    let mut committed = Gathered::default();
    committed.add_committed();
    let mut smaller = 0;
    for found in &committed.found {
        let Observation::Run(run) = &found.observation else { continue };
        let (blind, before) = (inputs(run), inputs_from_before(run));
        let (blind, before) = (blind.expect("valid"), before.expect("valid").expect("measured"));
        let resident = run.before.as_ref().and_then(|before| before.resident_bytes);
        assert_eq!(before.apiserver.idle_resident, resident.map(Bytes), "{}", run.id);
        assert_eq!(blind.apiserver.idle_resident, None);
        let changed = before.resources[0].heap_size.is_some();
        assert_ne!(changed, before.apiserver.other_live_heap > Bytes::ZERO, "{}", run.id);
        smaller += usize::from(changed);
    }
    assert!(smaller < committed.found.len());
}

#[test]
fn measured_runs_lie_in_the_domain() {
    let mut committed = Gathered::default();
    committed.add_committed();
    for found in &committed.found {
        let Observation::Run(run) = &found.observation else { continue };
        assert_eq!(domain::outside(&inputs(run).expect("valid")), None, "{}", run.id);
    }
}

#[test]
fn more_lists_at_once_are_measured_where_they_return_less() {
    let list = |clients: u32, pods: u64| {
        let phase =
            format!(r#"{{ "kind": "list", "clients": {clients}, "path": "/api/v1/pods" }}"#);
        let mut found = with(&phase, "").expect("valid");
        found.resources[0].count = pods;
        domain::outside(&found)
    };
    // Pods of 7,692 bytes: 2,000 are 15.4 MB, 20,000 are 154 MB, 100 are below 1 MB.
    assert_eq!((list(32, 20_000), list(200, 2_000), list(1_000, 100)), (None, None, None));
    let told = |clients, pods| list(clients, pods).expect("outside");
    assert!(told(33, 20_000).contains("33 large lists at once"));
    assert!(told(201, 2_000).contains("201 lists of 1 MB or more at once"));
}

#[test]
fn what_lies_outside_is_named() {
    let list = r#"{ "kind": "list", "clients": 100, "path": "/api/v1/pods" }"#;
    let mut far = with(list, "").expect("valid");
    far.release.minor = 37;
    far.resources[0].json_size = Some(Bytes::mib(2));
    let told = domain::outside(&far).expect("outside");
    for expected in ["Kubernetes 1.37", "pods of 2.00 MiB", "100 large lists", "1.95 GiB of pods"] {
        assert!(told.contains(expected), "no {expected:?} in {told}");
    }
}
