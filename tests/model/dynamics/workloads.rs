//! What each kind of workload writes, against docs/facts/clients.md section 4.1.

use std::collections::BTreeMap;

use oomcast::results::Mechanism;
use oomcast::scenario::Scenario;

use crate::dynamics::{at, load, mistakes, run};

const VERSION: &str = "version = \"1.34\"";

const CLUSTER: &str = r#"
[objects.pods]
count = 3_000
size = "5kB"

[objects.nodes]
count = 1_000
size = "10kB"

[objects.leases]
count = 1_000
size = "500B"

[objects.events]
count = 5_000
size = "800B"

[objects.endpointslices]
count = 100
size = "10kB"

[objects.ciliumendpoints]
count = 3_000
size = "2kB"
shape = "custom"

[[clients]]
name = "kubelets"
count = 2_000
start = "stopped"
start-jitter = "0s"
reflector = { resource = "pods", selected = "0.1%" }

[[workloads]]
name = "w"
"#;

fn cluster(workload: &str) -> Scenario {
    load(VERSION, "20m", &format!("{CLUSTER}{workload}"))
}

/// Writes a second by resource at an instant, and objects gained by then.
fn writes(scenario: &Scenario, seconds: f64) -> BTreeMap<String, (f64, f64)> {
    let mut found = BTreeMap::new();
    for flow in &scenario.inputs.workloads.flows {
        let from = flow.from.as_secs_f64();
        let lasts = flow.lasts.map_or(f64::INFINITY, oomcast::units::SimSpan::as_secs_f64);
        let name = scenario.inputs.resources[flow.resource].name.clone();
        let entry: &mut (f64, f64) = found.entry(name).or_default();
        if (from..from + lasts).contains(&seconds) {
            entry.0 += flow.per_second + flow.net.abs() as f64 / lasts;
        }
        let part = ((seconds - from) / lasts).clamp(0.0, 1.0);
        entry.1 += flow.net as f64 * part;
    }
    found
}

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6 * expected.abs().max(1.0), "{found}, not {expected}");
}

#[test]
fn a_life_cycle_of_a_pod() {
    let found = writes(&cluster("kind = \"pod-churn\"\nrate = \"10/s\"\n"), 60.0);
    // Created, bound, 3 to 4 patches; marked, 1 to 2 patches, deleted.
    close(found["pods"].0, 10.0 * (1.0 + 1.0 + 3.5 + 1.0 + 1.5 + 1.0));
    close(found["events"].0, 50.0);
    close(found["endpointslices"].0, 20.0);
    close(found["ciliumendpoints"].0, 10.0 * (1.0 + 1.5 + 1.0));
    close(found["pods"].1, 0.0);
    let none =
        writes(&cluster("kind = \"pod-churn\"\nrate = \"10/s\"\nin-services = \"0%\"\n"), 60.0);
    assert!(!none.contains_key("endpointslices"));
}

#[test]
fn heartbeats_of_nodes() {
    let found = writes(&cluster("kind = \"node-heartbeats\"\n"), 60.0);
    close(found["leases"].0, 100.0);
    close(found["nodes"].0, 1_000.0 / 300.0);
    let few = writes(&cluster("kind = \"node-heartbeats\"\nnodes = 130_000\n"), 60.0);
    // 13,000 a second at 130,000 nodes.
    close(few["leases"].0, 13_000.0);
}

#[test]
fn a_spike_comes_and_goes() {
    let scenario = cluster(
        "kind = \"hpa-spike\"\nat = \"1m\"\npods = 2_000\nover = \"100s\"\nlasts = \"5m\"\n",
    );
    let coming = writes(&scenario, 61.0);
    close(coming["pods"].0, 20.0 * 5.5);
    close(coming["events"].0, 100.0);
    close(coming["ciliumendpoints"].0, 20.0 * 2.5);
    let there = writes(&scenario, 300.0);
    close(there["pods"].0, 0.0);
    close(there["pods"].1, 2_000.0);
    close(there["ciliumendpoints"].1, 2_000.0);
    let going = writes(&scenario, 361.0);
    close(going["pods"].0, 20.0 * 3.5);
    close(writes(&scenario, 500.0)["pods"].1, 0.0);
}

#[test]
fn nodes_come_with_their_pods_and_clients() {
    let scenario = cluster(
        "kind = \"node-scale-out\"\nat = \"1m\"\nnodes = 400\npods-per-node = 5\nover = \"100s\"\n\
         joins = [\"kubelets\"]\n",
    );
    let coming = writes(&scenario, 61.0);
    close(coming["nodes"].0, 4.0);
    close(coming["pods"].0, 20.0 * 5.5);
    let there = writes(&scenario, 600.0);
    close(there["nodes"].1, 400.0);
    close(there["leases"].1, 400.0);
    close(there["pods"].1, 2_000.0);
    close(there["leases"].0, 40.0);
    close(there["nodes"].0, 400.0 / 300.0);
    let joins = &scenario.inputs.workloads.joins;
    assert_eq!((joins[0].count, joins[0].over.as_secs_f64()), (400, 100.0));
}

#[test]
fn pods_that_crash() {
    // The worst case of KEP-4603: 110 pods of a node, 550 calls in 10 s.
    let found = writes(&cluster("kind = \"crash-loop\"\npods = 110\nevery = \"10s\"\n"), 60.0);
    close(found["pods"].0 + found["events"].0, 55.0);
    let slow = writes(&cluster("kind = \"crash-loop\"\npods = 300\n"), 60.0);
    close(slow["pods"].0 + slow["events"].0, 5.0);
}

#[test]
fn custom_resources_are_updated_for_a_while() {
    let scenario = cluster(
        "kind = \"custom-resource-updates\"\nresource = \"ciliumendpoints\"\nrate = \"40/s\"\n\
         at = \"1m\"\nlasts = \"1m\"\n",
    );
    close(writes(&scenario, 90.0)["ciliumendpoints"].0, 40.0);
    close(writes(&scenario, 130.0)["ciliumendpoints"].0, 0.0);
}

/// What is printed loads to the same load.
#[test]
fn the_effective_scenario_has_the_workloads() {
    let scenario = cluster("kind = \"hpa-spike\"\npods = 2_000\nover = \"100s\"\nlasts = \"5m\"\n");
    assert!(scenario.effective.contains("[[workloads]]"), "{}", scenario.effective);
    let again = oomcast::scenario::load("again.toml", scenario.effective.as_bytes(), &[])
        .unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false)));
    assert_eq!(again.inputs, scenario.inputs);
}

#[test]
fn mistakes_say_what_is_missing() {
    let text = mistakes(
        "[objects.pods]\ncount = 1\nsize = \"1kB\"\n\
         [[workloads]]\nname = \"a\"\nkind = \"pod-churn\"\n\
         [[workloads]]\nname = \"b\"\nkind = \"node-heartbeats\"\nrate = \"1/s\"\n\
         [[workloads]]\nname = \"c\"\nkind = \"node-scale-out\"\nnodes = 3\nover = \"1m\"\njoins = [\"x\"]\n",
    );
    for part in [
        "a workload of kind \"pod-churn\" needs `rate`",
        "takes no `rate`",
        "add [objects.leases] with count and size",
        "there is no client named `x`",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn a_run_gains_and_loses_what_a_spike_says() {
    let record = run(
        VERSION,
        "12m",
        &format!(
            "{CLUSTER}kind = \"hpa-spike\"\nat = \"1m\"\npods = 2_000\nover = \"60s\"\nlasts = \"5m\"\n\
             [[workloads]]\nname = \"out\"\nkind = \"node-scale-out\"\nat = \"2m\"\nnodes = 100\n\
             over = \"1m\"\npods-per-node = 10\njoins = [\"kubelets\"]\n"
        ),
    );
    let store = |seconds| at(&record, Mechanism::WatchCacheObjects, seconds);
    // Pods of 1.9 x 5 kB + 800 B, CiliumEndpoints of 5.58 x 2 kB + 500 B.
    let pod_and_endpoint = 10_300.0 + 11_660.0;
    let both = 2_000.0 * pod_and_endpoint;
    let early = store(118.0) - store(30.0);
    assert!((early - both * 30.0 / 32.0).abs() < 0.05 * both, "{early} {both}");
    // Nodes of 1.9 x 10 kB + 450 B, Leases of 1.9 x 500 B + 450 B.
    let node = 19_450.0 + 1_400.0 + 10.0 * pod_and_endpoint;
    let left = store(700.0) - store(30.0);
    assert!((left - 100.0 * node).abs() < 1e-3 * left, "{left}");
    assert_eq!(record.clients_synced, (100, 100));
}

#[test]
fn what_begins_at_one_instant_is_one_phase_and_a_workload_has_one() {
    let scenario = super::load(
        "version = \"1.32\"",
        "10m",
        r#"
[objects.pods]
count = 2_000
size = "5kB"

[[clients]]
name = "readers"
count = 10
start = "stopped"
reflector = { resource = "pods", encoding = "json", watch-list = false }

[[workloads]]
name = "there from the start"
kind = "pod-churn"
rate = "1/s"

[[workloads]]
name = "spike"
kind = "hpa-spike"
at = "5m"
pods = 2_000
over = "1m"
lasts = "10m"

[[events]]
name = "readers"
at = "2m"
start = { client = "readers" }

[[events]]
name = "and a mark"
at = "2m"
"#,
    );
    let run = crate::support::run(&scenario.inputs, 1);
    let names: Vec<&str> = run.phases.iter().map(|phase| phase.name.as_str()).collect();
    assert_eq!(names, ["readers", "and a mark", "spike"]);
    let [readers, mark, spike] = &run.phases[..] else { panic!("{names:?}") };
    assert_eq!(
        (readers.peak_resident, readers.bytes_sent, readers.settled_at),
        (mark.peak_resident, mark.bytes_sent, mark.settled_at)
    );
    assert!(readers.settled_at.is_some() && readers.bytes_sent.0 > 0);
    assert!(spike.bytes_sent.as_f64() > 10.0 * 2_000.0 * 5_000.0, "watchers are sent the Pods");
    let told = run.log.iter().find(|entry| entry.subject == "spike").expect("a line of the story");
    assert_eq!(told.message, "a workload begins: hpa-spike");
}

#[test]
fn the_load_of_an_autoscaler_rises_and_falls_within_its_period() {
    let told = |keys: &str| {
        mistakes(&format!(
            "[objects.pods]\ncount = 1\nsize = \"5kB\"\n[[workloads]]\nname = \"a\"\nkind = \"hpa\"\n{keys}"
        ))
    };
    let least = told("pods = 10\nleast = 11\nover = \"1m\"\n");
    assert!(least.contains("E0105") && least.contains("more than the 10 of `pods`"), "{least}");
    let over = told("pods = 10\nleast = 1\nover = \"3m\"\nperiod = \"5m\"\n");
    assert!(over.contains("E0105") && over.contains("its period of 5m"), "{over}");
}
