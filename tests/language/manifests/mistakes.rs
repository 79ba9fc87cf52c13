//! Planted mistakes: file, line, column, path of the field and what is allowed.

use super::{VALID, load_with, told};

/// The findings about [`VALID`] after a replacement, which must be found in it.
fn broken(test: &str, from: &str, to: &str) -> String {
    assert!(VALID.contains(from), "`{from}` is not in the valid manifest");
    match load_with(test, "m.yaml", VALID.replacen(from, to, 1), "") {
        Ok(scenario) => format!("valid, with {} notes", scenario.notes.len()),
        Err(found) => told(test, &found),
    }
}

macro_rules! mistakes {
    ($($name:ident: $from:literal => $to:literal;)*) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(stringify!($name), broken(stringify!($name), $from, $to));
        })*
    };
}

mistakes! {
    unknown_field: "matchingPrecedence:" => "matchingPrecedense:";
    unknown_field_in_depth: "handSize:" => "handsize:";
    field_of_another_version: "nominalConcurrencyShares" => "assuredConcurrencyShares";
    unknown_version: "/v1\nkind: FlowSchema" => "/v1beta4\nkind: FlowSchema";
    wrong_group: "flowcontrol.apiserver.k8s.io/v1\nkind: Pri" => "flowcontrol.k8s.io/v1\nkind: Pri";
    misspelt_kind: "kind: FlowSchema" => "kind: Flowschema";
    missing_kind: "kind: FlowSchema\n" => "";
    missing_metadata: "metadata:\n  name: slow-lane\n" => "";
    missing_level: "  priorityLevelConfiguration:\n    name: slow-lane\n" => "";
    missing_subjects: "    - subjects:\n        - kind: Group\n          group: { name: dashboards }\n        - kind: ServiceAccount\n          serviceAccount: { namespace: monitoring, name: grafana }\n      resourceRules:" => "    - resourceRules:";
    missing_limit_response_type: "      type: Queue\n" => "";
    missing_queuing: "      queuing:\n        queues: 32\n        handSize: 4\n        queueLengthLimit: 20\n" => "";
    missing_verbs: "        - verbs: [list, watch]\n          apiGroups" => "        - apiGroups";
    bad_name: "name: dashboards\n  labels" => "name: Dash_boards\n  labels";
    dangling_level: "    name: slow-lane\n  disting" => "    name: slow-line\n  disting";
    precedence_out_of_bounds: "2000" => "20000";
    precedence_of_exempt: "2000" => "1";
    precedence_in_quotes: "2000" => "\"2000\"";
    unknown_distinguisher: "type: ByUser" => "type: byUser";
    unknown_subject_kind: "kind: Group" => "kind: Groups";
    subject_of_two_kinds: "group: { name: dashboards }" => "group: { name: dashboards }\n          user: { name: x }";
    subject_without_its_kind: "group: { name: dashboards }" => "user: { name: dashboards }";
    service_account_without_namespace: "{ namespace: monitoring, name: grafana }" => "{ name: grafana }";
    unknown_verb: "[list, watch]" => "[list, wacth]";
    wildcard_among_others: "[pods, pods/status]" => "[pods, \"*\"]";
    no_namespaces: "          namespaces: [\"*\"]\n          clusterScope: true" => "          clusterScope: false";
    bad_namespace: "namespaces: [\"*\"]" => "namespaces: [Kube_System]";
    list_as_string: "verbs: [list, watch]" => "verbs: list";
    bad_path: "/metrics" => "metrics";
    unquoted_number: "[pods, pods/status]" => "[pods, 7]";
    too_many_queues: "queues: 32" => "queues: 10000001";
    hand_larger_than_queues: "handSize: 4" => "handSize: 33";
    hand_beyond_the_hash: "handSize: 4" => "handSize: 13";
    lendable_out_of_bounds: "lendablePercent: 50" => "lendablePercent: 101";
    negative_borrowing: "borrowingLimitPercent: 0" => "borrowingLimitPercent: -1";
    exempt_by_another_name: "type: Limited\n" => "type: Exempt\n";
    queuing_of_reject: "type: Queue" => "type: Reject";
    duplicate_key: "  type: Limited\n" => "  type: Limited\n  type: Limited\n";
    syntax_error: "  type: Limited\n" => "  type: Limited: yes\n";
    template: "2000" => "{{ .Values.precedence }}";
    tabs: "  type: Limited" => "\ttype: Limited";
    two_of_a_name: "---" => "---\napiVersion: flowcontrol.apiserver.k8s.io/v1\nkind: PriorityLevelConfiguration\nmetadata:\n  name: slow-lane\nspec:\n  type: Limited\n  limited:\n    limitResponse:\n      type: Reject\n---";
    other_document_type: "---" => "---\n- a\n---";
}

#[test]
fn mandatory_objects_stay_as_they_are() {
    let manifest = "apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: { name: catch-all }
spec:
  type: Limited
  limited: { nominalConcurrencyShares: 50, limitResponse: { type: Reject } }
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: { name: exempt }
spec:
  type: Limited
  limited: { nominalConcurrencyShares: 5, limitResponse: { type: Reject } }
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: { name: catch-all }
spec:
  matchingPrecedence: 10000
  priorityLevelConfiguration: { name: workload-low }
  distinguisherMethod: { type: ByUser }
";
    let test = "mandatory";
    let found = load_with(test, "m.yaml", manifest, "").expect_err("three changes");
    insta::assert_snapshot!(test, told(test, &found));
}

#[test]
fn ten_mistakes_in_three_files_are_ten_diagnostics() {
    let test = "ten";
    let folder = super::folder(test);
    let level = VALID.split("---").nth(1).expect("two documents");
    let schema = VALID.split("---").next().expect("two documents");
    let level = level
        .replace("nominalConcurrencyShares: 10", "nominalConcurencyShares: 10")
        .replace("lendablePercent: 50", "lendablePercent: 150")
        .replace("handSize: 4", "handSize: 40")
        .replace("queueLengthLimit: 20", "queueLengthLimit: lots");
    let schema = schema
        .replace("matchingPrecedence: 2000", "matchingPrecedence: 0x5000")
        .replace("type: ByUser", "type: ByGroup")
        .replace("kind: Group\n", "kind: Crowd\n")
        .replace("[list, watch]", "[]");
    let toml = format!(
        "{}[apf]\nmanifests = [\"level.yaml\", \"schema.yaml\", \"absent.yaml\"]\nenabeld = true\n",
        super::SCENARIO
    );
    for (name, text) in [("t.toml", &toml), ("level.yaml", &level), ("schema.yaml", &schema)] {
        std::fs::write(folder.join(name), text).expect("writes");
    }
    let found = oomcast::scenario::load_file(&folder.join("t.toml"), &[]).expect_err("mistakes");
    assert_eq!(found.errors(), 10);
    insta::assert_snapshot!(test, told(test, &found));
}

#[test]
fn json_has_places_too() {
    let test = "json_mistakes";
    let json = r#"{
    "apiVersion": "v1",
    "kind": "List",
    "items": [
        {
            "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
            "kind": "PriorityLevelConfiguration",
            "metadata": {"name": "slow-lane"},
            "spec": {
                "type": "Limited",
                "limited": {
                    "nominalConcurrencyShares": "5",
                    "limitResponse": {"type": "Queue", "queuing": {"queues": 4, "handSize": 8}}
                }
            }
        }
    ]
}
"#;
    let found = load_with(test, "m.json", json, "").expect_err("two mistakes");
    insta::assert_snapshot!(test, told(test, &found));
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let test = "files";
    let folder = super::folder(test);
    std::fs::write(folder.join("large.yaml"), vec![b'#'; (1 << 20) + 1]).expect("writes");
    std::fs::write(folder.join("binary.yaml"), b"a: \xff\xfe\n").expect("writes");
    std::fs::create_dir(folder.join("folder.yaml")).expect("creates");
    let toml = format!(
        "{}[apf]\nmanifests = [\"absent.yaml\", \"folder.yaml\", \"large.yaml\", \"binary.yaml\"]\n",
        super::SCENARIO
    );
    std::fs::write(folder.join("t.toml"), &toml).expect("writes");
    let found = oomcast::scenario::load_file(&folder.join("t.toml"), &[]).expect_err("mistakes");
    insta::assert_snapshot!(test, told(test, &found));
    let found = oomcast::scenario::load("t.toml", toml.as_bytes(), &[]).expect_err("no file");
    insta::assert_snapshot!("from_memory", found.render(false));
}

/// Levels and flow schemas in the scenario itself.
mod inline {
    use oomcast::scenario::load;

    const LEVELS: &str = r#"
[[apf.levels]]
name = "slow-lane"
shares = 10
queues = 32
hand-size = 4

[[apf.flow-schemas]]
name = "dashboards"
level = "slow-lane"
groups = ["dashboards"]
verbs = ["list"]

[objects.pods]
count = 10
size = "4KiB"

[[clients]]
name = "c"
count = 1
flow-schema = "dashboards"
watcher = { resource = "pods" }
"#;

    fn broken(from: &str, to: &str) -> String {
        assert!(LEVELS.contains(from), "{from}");
        let text = format!("{}{}", super::super::SCENARIO, LEVELS.replacen(from, to, 1));
        match load("t.toml", text.as_bytes(), &[]) {
            Ok(scenario) => format!("valid, with {} notes", scenario.notes.len()),
            Err(found) => found.render(false),
        }
    }

    macro_rules! mistakes {
        ($($name:ident: $from:literal => $to:literal;)*) => {
            $(#[test]
            fn $name() {
                insta::assert_snapshot!(concat!("inline_", stringify!($name)), broken($from, $to));
            })*
        };
    }

    mistakes! {
        nothing: "slow-lane" => "slow-lane";
        unknown_key: "hand-size" => "handSize";
        dangling: "level = \"slow-lane\"" => "level = \"workload-slow\"";
        unknown_schema: "flow-schema = \"dashboards\"" => "flow-schema = \"dashboard\"";
        hand: "hand-size = 4" => "hand-size = 14";
        nobody: "groups = [\"dashboards\"]\n" => "";
        verb: "verbs = [\"list\"]" => "verbs = [\"lists\"]";
        string_for_list: "verbs = [\"list\"]" => "verbs = \"list\"";
        list_of_numbers: "verbs = [\"list\"]" => "verbs = [1]";
        both_forms: "verbs = [\"list\"]" => "verbs = [\"list\"]\nrules = [{ users = [\"*\"], resource-rules = [{}] }]";
        rule_without_requests: "groups = [\"dashboards\"]\nverbs = [\"list\"]" => "rules = [{ users = [\"*\"] }]";
        queues_of_reject: "queues = 32\nhand-size = 4" => "type = \"reject\"\nqueues = 32";
        type_of_exempt: "name = \"slow-lane\"" => "name = \"exempt\"\ntype = \"queue\"";
        fraction: "shares = 10" => "lendable = \"12.5%\"";
        service_account: "groups = [\"dashboards\"]" => "service-accounts = [\"monitoring/grafana\"]";
        single_brackets: "[[apf.levels]]" => "[apf.levels]";
        empty_user: "flow-schema = \"dashboards\"" => "user = \"\"";
        queues_in_all: "queues = 32\nhand-size = 4" => "queues = 1_000_001\nhand-size = 2";
    }
}
