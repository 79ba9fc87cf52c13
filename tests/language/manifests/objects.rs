//! What manifests come to: versions, defaults, forms.

use oomcast::model::apf::config::{
    DistinguisherMethod, FlowSchema, LimitResponse, NonResourcePolicyRule, PolicyRules,
    PriorityLevelConfiguration, ResourcePolicyRule, Subject,
};
use oomcast::model::apf::defaults;
use oomcast::scenario::{Code, load};

use super::{SCENARIO, VALID, load_with, sound, told};

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

fn valid_level() -> PriorityLevelConfiguration {
    PriorityLevelConfiguration {
        name: "slow-lane".into(),
        nominal_concurrency_shares: 10,
        lendable_percent: Some(50),
        borrowing_limit_percent: Some(0),
        response: LimitResponse::Queue { queues: 32, hand_size: 4, queue_length_limit: 20 },
    }
}

fn valid_schema() -> FlowSchema {
    FlowSchema {
        name: "dashboards".into(),
        priority_level: "slow-lane".into(),
        matching_precedence: 2000,
        distinguisher_method: Some(DistinguisherMethod::ByUser),
        rules: vec![PolicyRules {
            subjects: vec![
                Subject::Group("dashboards".into()),
                Subject::ServiceAccount { namespace: "monitoring".into(), name: "grafana".into() },
            ],
            resource_rules: vec![ResourcePolicyRule {
                verbs: texts(&["list", "watch"]),
                api_groups: texts(&[""]),
                resources: texts(&["pods", "pods/status"]),
                cluster_scope: true,
                namespaces: texts(&["*"]),
            }],
            non_resource_rules: vec![NonResourcePolicyRule {
                verbs: texts(&["get"]),
                non_resource_urls: texts(&["/metrics", "/debug/*"]),
            }],
        }],
    }
}

#[test]
fn objects_are_read_and_the_effective_scenario_holds_them() {
    let scenario = sound("objects", VALID);
    assert_eq!(scenario.inputs.apf.levels, [valid_level()]);
    assert_eq!(scenario.inputs.apf.flow_schemas, [valid_schema()]);
    assert_eq!(scenario.notes, []);
    // From memory: there are no manifests any more.
    let again = load("t.toml", scenario.effective.as_bytes(), &[]).expect("valid");
    assert_eq!(again.inputs, scenario.inputs);
    assert_eq!((again.effective, again.hash), (scenario.effective.clone(), scenario.hash));
    let begin = scenario.effective.find("[apf]").expect("a section");
    insta::assert_snapshot!("effective", &scenario.effective[begin..]);
}

#[test]
fn every_version_is_read() {
    for version in ["v1alpha1", "v1beta1", "v1beta2", "v1beta3", "v1"] {
        let old = ["v1alpha1", "v1beta1", "v1beta2"].contains(&version);
        let shares = if old { "assuredConcurrencyShares" } else { "nominalConcurrencyShares" };
        let manifest = VALID
            .replace("k8s.io/v1\n", &format!("k8s.io/{version}\n"))
            .replace("nominalConcurrencyShares", shares);
        let scenario = sound(&format!("version-{version}"), &manifest);
        assert_eq!(scenario.inputs.apf.levels, [valid_level()], "{version}");
        assert_eq!(scenario.inputs.apf.flow_schemas, [valid_schema()], "{version}");
    }
}

#[test]
fn json_and_yaml_are_the_same() {
    let object = |text: &str| -> String {
        let level = text.replace('\n', "\n\t");
        format!("\t{level}")
    };
    let level = r#"{"apiVersion": "flowcontrol.apiserver.k8s.io/v1",
"kind": "PriorityLevelConfiguration",
"metadata": {"name": "slow-lane", "uid": "7f\u00e9", "creationTimestamp": null},
"spec": {"type": "Limited", "limited": {"nominalConcurrencyShares": 10, "lendablePercent": 50,
"borrowingLimitPercent": 0, "limitResponse": {"type": "Queue",
"queuing": {"queues": 32, "handSize": 4, "queueLengthLimit": 20}}}},
"status": {"conditions": [{"type": "x", "status": "True"}]}}"#;
    let list = format!(
        "{{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\n{}\n]}}",
        object(level)
    );
    for (name, text) in [("one", level.to_owned()), ("list", list)] {
        let scenario = load_with(&format!("json-{name}"), "m.json", text, "").expect("valid");
        assert_eq!(scenario.inputs.apf.levels, [valid_level()], "{name}");
    }
}

#[test]
fn items_of_a_typed_list_need_no_kind() {
    let indented = VALID
        .split("---\n")
        .map(|document| {
            let body = document.lines().skip(2).map(|line| format!("    {line}\n"));
            body.collect::<String>().replacen("    metadata", "  - metadata", 1)
        })
        .collect::<Vec<_>>();
    let list = |kind: &str, items: &str| {
        format!("apiVersion: flowcontrol.apiserver.k8s.io/v1\nkind: {kind}List\nitems:\n{items}")
    };
    let schemas = list("FlowSchema", &indented[0]);
    let levels = list("PriorityLevelConfiguration", &indented[1]);
    let scenario = sound("typed-list", &format!("{schemas}---\n{levels}"));
    assert_eq!(scenario.inputs.apf.levels, [valid_level()]);
    assert_eq!(scenario.inputs.apf.flow_schemas, [valid_schema()]);
}

#[test]
fn absent_fields_have_the_defaults_of_the_api() {
    let level = |version: &str, limited: &str| {
        format!(
            "apiVersion: flowcontrol.apiserver.k8s.io/{version}\n\
             kind: PriorityLevelConfiguration\nmetadata: {{ name: a }}\n\
             spec: {{ type: Limited, limited: {{ {limited} }} }}\n"
        )
    };
    let queue = "limitResponse: { type: Queue, queuing: {} }";
    let zeros = "limitResponse: { type: Queue, queuing: { queues: 0, handSize: 0 } }";
    let shares_of = |test: &str, version, limited: &str| {
        sound(test, &level(version, limited)).inputs.apf.levels[0].nominal_concurrency_shares
    };
    let read = sound("defaults", &level("v1", queue)).inputs.apf.levels;
    assert_eq!(
        read,
        [PriorityLevelConfiguration {
            name: "a".into(),
            nominal_concurrency_shares: 30,
            lendable_percent: Some(0),
            borrowing_limit_percent: None,
            response: LimitResponse::Queue { queues: 64, hand_size: 8, queue_length_limit: 50 },
        }]
    );
    assert_eq!(sound("zeros", &level("v1", zeros)).inputs.apf.levels, read);
    // Only v1 tells 0 shares from none.
    let zero = |field: &str| format!("{field}: 0, {queue}");
    assert_eq!(shares_of("zero-v1", "v1", &zero("nominalConcurrencyShares")), 0);
    assert_eq!(shares_of("zero-v1beta3", "v1beta3", &zero("nominalConcurrencyShares")), 30);
    assert_eq!(shares_of("zero-v1beta2", "v1beta2", &zero("assuredConcurrencyShares")), 30);

    let schema = "apiVersion: flowcontrol.apiserver.k8s.io/v1\nkind: FlowSchema\n\
                  metadata: { name: a }\nspec: { priorityLevelConfiguration: { name: system } }\n";
    let read = sound("schema-defaults", schema).inputs.apf.flow_schemas;
    assert_eq!(
        read,
        [FlowSchema {
            name: "a".into(),
            priority_level: "system".into(),
            matching_precedence: 1000,
            distinguisher_method: None,
            rules: vec![],
        }]
    );
}

#[test]
fn what_a_cluster_exports_is_read_back() {
    // kubectl get prioritylevelconfigurations,flowschemas -o yaml lists the mandatory ones too.
    let manifest = "apiVersion: v1
items:
- apiVersion: flowcontrol.apiserver.k8s.io/v1
  kind: PriorityLevelConfiguration
  metadata:
    annotations: { apf.kubernetes.io/autoupdate-spec: \"true\" }
    managedFields: [{ manager: api-priority-and-fairness-config-producer-v1 }]
    name: exempt
  spec:
    exempt: { lendablePercent: 50, nominalConcurrencyShares: 10 }
    type: Exempt
- apiVersion: flowcontrol.apiserver.k8s.io/v1
  kind: PriorityLevelConfiguration
  metadata: { name: catch-all }
  spec:
    limited: { lendablePercent: 0, limitResponse: { type: Reject }, nominalConcurrencyShares: 5 }
    type: Limited
- apiVersion: flowcontrol.apiserver.k8s.io/v1
  kind: FlowSchema
  metadata: { name: catch-all }
  spec:
    distinguisherMethod: { type: ByUser }
    matchingPrecedence: 10000
    priorityLevelConfiguration: { name: catch-all }
    rules:
    - nonResourceRules: [{ nonResourceURLs: ['*'], verbs: ['*'] }]
      resourceRules:
      - { apiGroups: ['*'], clusterScope: true, namespaces: ['*'], resources: ['*'], verbs: ['*'] }
      subjects:
      - { group: { name: system:unauthenticated }, kind: Group }
      - { group: { name: system:authenticated }, kind: Group }
  status: { conditions: [] }
kind: List
metadata: { resourceVersion: \"\" }
";
    let apf = sound("exported", manifest).inputs.apf;
    let [exempt, catch_all] = defaults::mandatory_levels();
    assert_eq!(apf.levels[1], catch_all);
    assert_eq!(
        apf.levels[0],
        PriorityLevelConfiguration {
            nominal_concurrency_shares: 10,
            lendable_percent: Some(50),
            ..exempt
        }
    );
    assert_eq!(apf.flow_schemas, [defaults::mandatory_flow_schemas()[1].clone()]);
}

#[test]
fn other_objects_are_passed_over_with_a_note() {
    let manifest = format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{ name: x }}\n---\n\
                            apiVersion: apps/v1\nkind: Deployment\n---\n{VALID}"
    );
    let scenario = sound("others", &manifest);
    let codes: Vec<Code> = scenario.notes.iter().map(|note| note.code).collect();
    assert_eq!(codes, [Code::PassedOver]);
    assert!(scenario.notes[0].message.starts_with("2 objects"), "{}", scenario.notes[0].message);
    assert_eq!(scenario.notes[0].primary.text, "Namespace, Deployment");
    let empty = sound("empty", "# nothing\n---\n");
    assert_eq!(empty.notes[0].code, Code::PassedOver);
}

#[test]
fn a_level_of_the_scenario_serves_a_flow_schema_of_a_manifest() {
    let schema = VALID.split("---").next().expect("a document");
    let level =
        "[[apf.levels]]\nname = \"slow-lane\"\ntype = \"reject\"\nborrowing-limit = \"150%\"\n";
    let scenario = load_with("mixed", "m.yaml", schema, level).expect("valid");
    assert_eq!(scenario.inputs.apf.levels[0].response, LimitResponse::Reject);
    assert_eq!(scenario.inputs.apf.levels[0].borrowing_limit_percent, Some(150));
    assert_eq!(scenario.inputs.apf.levels[0].nominal_concurrency_shares, 30);
    let found = load_with("mixed-twice", "m.yaml", VALID, level).expect_err("twice");
    let text = told("mixed-twice", &found);
    assert!(text.contains("two priority levels are named `slow-lane`"), "{text}");
}

#[test]
fn the_simple_form_matches_everything_unless_it_says_otherwise() {
    let text = format!(
        "{SCENARIO}[[apf.flow-schemas]]\nname = \"a\"\nlevel = \"system\"\nusers = [\"u\"]\n\
         service-accounts = [\"kube-system:*\"]\n"
    );
    let scenario = load("t.toml", text.as_bytes(), &[]).expect("valid");
    let rule = &scenario.inputs.apf.flow_schemas[0].rules[0];
    assert_eq!(
        rule.subjects,
        [
            Subject::User("u".into()),
            Subject::ServiceAccount { namespace: "kube-system".into(), name: "*".into() }
        ]
    );
    assert_eq!(rule.resource_rules[0].verbs, ["*"]);
    assert!(rule.resource_rules[0].cluster_scope && rule.non_resource_rules.is_empty());
}

#[test]
fn users_groups_and_api_groups_have_defaults() {
    let text = format!(
        "{SCENARIO}[objects.deployments]\ncount = 1\nsize = \"1kB\"\n\
         [objects.widgets]\ncount = 1\nsize = \"1kB\"\nshape = \"custom\"\n\
         [objects.ciliumnodes]\ncount = 1\nsize = \"1kB\"\nshape = \"custom\"\ngroup = \"cilium.io\"\n\
         [[clients]]\nname = \"a\"\ncount = 1\nwatcher = {{ resource = \"widgets\" }}\n\
         [[clients]]\nname = \"b\"\ncount = 1\nuser = \"system:node:n\"\n\
         watcher = {{ resource = \"widgets\" }}\n\
         [[clients]]\nname = \"c\"\ncount = 1\nuser = \"ann\"\ngroups = [\"devs\"]\n\
         watcher = {{ resource = \"widgets\" }}\n"
    );
    let inputs = load("t.toml", text.as_bytes(), &[]).expect("valid").inputs;
    let groups: Vec<&str> = inputs.resources.iter().map(|r| r.api_group.as_str()).collect();
    assert_eq!(groups, ["apps", "custom.example.com", "cilium.io"]);
    let users: Vec<_> =
        inputs.fleets.iter().map(|f| (f.user.as_str(), f.groups.join(" "))).collect();
    let service_account =
        "system:serviceaccounts system:serviceaccounts:default system:authenticated";
    assert_eq!(
        users,
        [
            ("system:serviceaccount:default:a", service_account.to_owned()),
            ("system:node:n", "system:nodes system:authenticated".to_owned()),
            ("ann", "devs system:authenticated".to_owned()),
        ]
    );
}
