//! Measured runs as scenarios: one line of `tests/data/measured.jsonl` each.

use oomcast::model::apf::config::{
    DistinguisherMethod, FlowSchema, LimitResponse, PolicyRules, PriorityLevelConfiguration,
    ResourcePolicyRule, Subject,
};
use oomcast::model::input::{
    Action, ApfInput, ApiserverInput, BalancerInput, BalancerPolicy, Behaviour, Encoding,
    EtcdInput, EventInput, FleetInput, Hardware, Inputs, NodeInput, ReadInput, ResourceInput,
    ResourceVersion, Shape,
};
use oomcast::model::release::Release;
use oomcast::units::{ByteRate, Bytes, SimSpan, SimTime, parse_bytes};
use serde_json::Value;

/// One run of one server.
pub(crate) struct Observation {
    pub(crate) id: String,
    pub(crate) peak: f64,
    pub(crate) seconds: f64,
    pub(crate) cpu: f64,
    run: Value,
}

/// Every run that is there.
pub(crate) fn observations() -> Vec<Observation> {
    let filter = std::env::var("RUN").unwrap_or_default();
    include_str!("../data/measured.jsonl")
        .lines()
        .map(|line| {
            let run: Value = serde_json::from_str(line).expect("a run is JSON");
            let phases = run["phases"].as_array().expect("phases");
            let first = phases[0]["start_s"].as_f64().expect("start");
            let last = phases[phases.len() - 1]["end_s"].as_f64().expect("end");
            Observation {
                id: run["id"].as_str().expect("id").to_owned(),
                peak: run["result"]["peak_resident_bytes"].as_f64().expect("peak"),
                seconds: last - first,
                cpu: run["result"]["cpu_s"].as_f64().unwrap_or(0.0),
                run,
            }
        })
        .filter(|o| o.id.contains(&filter))
        .collect()
}

impl Observation {
    #[expect(clippy::too_many_lines, reason = "one literal: the mapping, field by field")]
    pub(crate) fn inputs(&self) -> Inputs {
        let run = &self.run;
        let minor =
            run["kubernetes"]["version"].as_str().expect("version")[2..].parse().expect("minor");
        let environment = &run["environment"];
        let object = &run["objects"][0];
        let phases = run["phases"].as_array().expect("phases");
        let count = object["count"].as_u64().expect("count");
        let name = object["resource"].as_str().expect("resource");
        let bytes = |value: &Value| value.as_u64().map(Bytes);
        let json = bytes(&object["mean_json_bytes"]).expect("json");
        let shape = match name {
            "pods" => Shape::Typed,
            "crs" => Shape::Custom,
            _ => Shape::Blob,
        };
        Inputs {
            release: Release::of_minor(minor).expect("modelled"),
            duration: SimSpan::secs(150),
            max_events: u64::MAX,
            apiserver: ApiserverInput {
                replicas: 1,
                memory_limit: bytes(&environment["memory_limit_bytes"]),
                memory_high: None,
                cpu_limit: None,
                gogc: environment["gogc"].as_u64().map(|g| g as u32),
                gomemlimit: environment["gomemlimit"]
                    .as_str()
                    .map(|s| parse_bytes(s).expect("size")),
                gomaxprocs: Some(2),
                max_requests_inflight: 400,
                max_mutating_requests_inflight: 200,
                request_timeout: SimSpan::secs(60),
                other_live_heap: Bytes::ZERO,
                other_garbage: ByteRate(0),
                idle_resident: None,
                warm: true,
                up_for: SimSpan::secs(30),
            },
            node: NodeInput {
                memory: Bytes(24_000_000_000),
                // Clients and etcd run on the same two cores.
                cores: 0.8 * environment["cores"].as_f64().expect("cores"),
                etcd_memory: Bytes::gib(1),
                system_memory: Bytes::gib(1),
                daemons_memory: Bytes::mib(300),
                oom_score_adj: 0,
            },
            hardware: Hardware {
                cpu_speed: 1.0,
                page_fault_per_gb: SimSpan::millis(1_600),
                network: ByteRate(4_000_000_000),
                cpu_noise: 0.0,
            },
            etcd: EtcdInput {
                read_rate: ByteRate(300_000_000),
                latency: SimSpan::millis(2),
                range_stream: false,
            },
            apf: apf(run),
            balancer: BalancerInput {
                policy: BalancerPolicy::LeastConnections,
                check_interval: SimSpan::secs(2),
                fall: 3,
                rise: 2,
            },
            resources: vec![ResourceInput {
                name: name.to_owned(),
                api_group: if shape == Shape::Custom {
                    "load.example.com".into()
                } else {
                    String::new()
                },
                count: object["count"].as_u64().expect("count"),
                size: bytes(&object["mean_protobuf_bytes"]).unwrap_or(json),
                shape,
                json_size: Some(json),
                heap_size: None,
                versions: 1,
                writes_per_second: 0.0,
                watch_cache: true,
            }],
            events: phases
                .iter()
                .filter(|p| p["kind"] != "patch")
                .enumerate()
                .map(|(index, _)| EventInput {
                    name: "burst".into(),
                    at: SimTime::ZERO,
                    action: Action::Start {
                        fleet: index,
                        count: None,
                        over: SimSpan::millis(
                            phases[index]["start_interval_ms"].as_u64().unwrap_or(0)
                                * phases[index]["clients"].as_u64().unwrap_or(0),
                        ),
                    },
                })
                .collect(),
            fleets: phases
                .iter()
                .filter(|p| p["kind"] != "patch")
                .map(|p| fleet(p, count))
                .collect(),
        }
    }
}

/// Share of the objects that a phase's selectors match: one by name; a label of fifty (measured
/// runs label their objects app-0 to app-49).
fn selected(phase: &Value, count: u64) -> f64 {
    if phase["field_selector"].as_str().is_some_and(|s| s.starts_with("metadata.name")) {
        1.0 / count as f64
    } else if phase["label_selector"].is_null() && phase["field_selector"].is_null() {
        1.0
    } else {
        0.02
    }
}

fn fleet(phase: &Value, count: u64) -> FleetInput {
    let read = ReadInput {
        resource: 0,
        encoding: if phase["encoding"] == "protobuf" { Encoding::Protobuf } else { Encoding::Json },
        gzip: phase["gzip"] == true,
        resource_version: if phase["resource_version"] == "0" {
            ResourceVersion::Any
        } else {
            ResourceVersion::Unset
        },
        limit: phase["limit"].as_u64(),
        selected: selected(phase, count),
        selector: false,
    };
    let behaviour = match phase["kind"].as_str().expect("kind") {
        "watch-list" => Behaviour::Reflector { read, watch_list: true, watch: false },
        "watch" => Behaviour::Reflector { read, watch_list: true, watch: true },
        _ => Behaviour::Lister {
            read,
            rounds: Some(
                phase["rounds"].as_u64().expect("rounds")
                    * phase["loops_per_client"].as_u64().expect("loops"),
            ),
            pause: SimSpan::ZERO,
            all_pages: true,
        },
    };
    FleetInput {
        name: "clients".into(),
        count: phase["clients"].as_u64().expect("clients") as u32,
        behaviour,
        running: false,
        start_jitter: SimSpan::ZERO,
        drain_rate: phase["drain_bytes_per_s_per_client"].as_u64().map(ByteRate),
        decode_rate: None,
        idle_watches: 0,
        user: "load".into(),
        groups: vec!["load-group".into(), "system:authenticated".into()],
        flow_schema: None,
    }
}

/// The objects of `applied_manifests`: one level and its flow schema.
fn apf(run: &Value) -> ApfInput {
    let mut apf = ApfInput { enabled: true, ..ApfInput::default() };
    for text in run["kubernetes"]["applied_manifests"].as_array().into_iter().flatten() {
        let object: Value = serde_json::from_str(text.as_str().expect("text")).expect("JSON");
        let name = object["metadata"]["name"].as_str().expect("name").to_owned();
        let spec = &object["spec"];
        if object["kind"] == "PriorityLevelConfiguration" {
            let limited = &spec["limited"];
            let number = |value: &Value| value.as_u64().map(|n| n as u32);
            let queuing = &limited["limitResponse"]["queuing"];
            apf.levels.push(PriorityLevelConfiguration {
                name,
                nominal_concurrency_shares: number(&limited["nominalConcurrencyShares"])
                    .expect("shares"),
                lendable_percent: number(&limited["lendablePercent"]),
                borrowing_limit_percent: number(&limited["borrowingLimitPercent"]),
                response: LimitResponse::Queue {
                    queues: number(&queuing["queues"]).expect("queues"),
                    hand_size: number(&queuing["handSize"]).expect("hand size"),
                    queue_length_limit: number(&queuing["queueLengthLimit"]).expect("length"),
                },
            });
        } else {
            let any = vec!["*".to_owned()];
            apf.flow_schemas.push(FlowSchema {
                name,
                priority_level: spec["priorityLevelConfiguration"]["name"]
                    .as_str()
                    .expect("level")
                    .to_owned(),
                matching_precedence: spec["matchingPrecedence"].as_i64().expect("precedence")
                    as i32,
                distinguisher_method: Some(DistinguisherMethod::ByUser),
                rules: vec![PolicyRules {
                    subjects: vec![Subject::Group("load-group".into())],
                    resource_rules: vec![ResourcePolicyRule {
                        verbs: any.clone(),
                        api_groups: any.clone(),
                        resources: any.clone(),
                        cluster_scope: true,
                        namespaces: any,
                    }],
                    non_resource_rules: Vec::new(),
                }],
            });
        }
    }
    apf
}
