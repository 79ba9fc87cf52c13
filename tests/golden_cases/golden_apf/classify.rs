//! `apf-classify` and `apf-default-config`.

use oomcast::model::apf::classify::{RequestInfo, User};
use oomcast::model::apf::config::{
    DistinguisherMethod, FlowSchema, LimitResponse, PolicyRules, PriorityLevelConfiguration,
    Subject,
};
use oomcast::model::apf::controller::ConfigController;
use oomcast::model::apf::defaults;
use oomcast::units::{SimSpan, SimTime};
use serde::Deserialize;
use serde_json::Value;

use super::objects::{self, ResourceRule, Rules, UrlRule};
use crate::cases::{check_all, report, text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Level {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    queues: u32,
    #[serde(default)]
    hand: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Schema {
    name: String,
    pl: String,
    precedence: i32,
    by: Option<String>,
    rules: Vec<Rules>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request {
    #[serde(default)]
    user: String,
    #[serde(default)]
    groups: Vec<String>,
    is_resource: bool,
    #[serde(default)]
    verb: String,
    #[serde(default)]
    api_group: String,
    #[serde(default)]
    resource: String,
    #[serde(default)]
    subresource: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    path: String,
    fs: String,
    pl: String,
    exempt: bool,
    d: String,
    h: u64,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    config: String,
    #[serde(default)]
    pls: Vec<Level>,
    #[serde(default)]
    fss: Vec<Schema>,
    order: Vec<String>,
    reqs: Vec<Request>,
}

fn method(by: Option<&str>) -> Option<DistinguisherMethod> {
    by.map(|by| match by {
        "user" | "ByUser" => DistinguisherMethod::ByUser,
        "namespace" | "ByNamespace" => DistinguisherMethod::ByNamespace,
        _ => panic!("unknown distinguisher {by}"),
    })
}

impl Level {
    fn model(&self) -> PriorityLevelConfiguration {
        let queuing = (self.kind == "queue").then_some((self.queues, self.hand, 50));
        objects::level(&self.name, self.kind == "exempt", 5, queuing)
    }
}

impl Schema {
    fn model(&self) -> FlowSchema {
        FlowSchema {
            name: self.name.clone(),
            priority_level: self.pl.clone(),
            matching_precedence: self.precedence,
            distinguisher_method: method(self.by.as_deref()),
            rules: self.rules.iter().map(Rules::model).collect(),
        }
    }
}

fn controller(case: &Case) -> ConfigController {
    let behaviour = objects::recorded();
    let (levels, schemas) = if case.config == "default" {
        let schemas = defaults::default_flow_schemas(&behaviour);
        (defaults::default_levels(), schemas)
    } else {
        let levels = case.pls.iter().map(Level::model).collect();
        (levels, case.fss.iter().map(Schema::model).collect())
    };
    let mut controller = ConfigController::new(600, behaviour, SimSpan::secs(60), SimTime::ZERO);
    controller.digest_config_objects(SimTime::ZERO, &levels, &schemas);
    controller
}

fn check(case: &Case) {
    let controller = controller(case);
    let schemas: Vec<&FlowSchema> = controller.flow_schemas().collect();
    let order: Vec<&str> = schemas.iter().map(|schema| schema.name.as_str()).collect();
    assert_eq!(order, case.order, "{}: order", case.id);
    for (i, request) in case.reqs.iter().enumerate() {
        let user = User { name: &request.user, groups: &request.groups };
        let info = RequestInfo {
            is_resource: request.is_resource,
            verb: &request.verb,
            api_group: &request.api_group,
            resource: &request.resource,
            subresource: &request.subresource,
            namespace: &request.namespace,
            path: &request.path,
            name: "",
        };
        let ours = controller.classify(&user, &info);
        let level = controller.level(ours.level).expect("it exists");
        let theirs = (
            request.fs.as_str(),
            request.pl.as_str(),
            request.exempt,
            request.d.as_str(),
            request.h,
        );
        let ours = (
            order[ours.flow_schema],
            level.config.name.as_str(),
            ours.exempt,
            ours.distinguisher,
            ours.hash,
        );
        assert_eq!(ours, theirs, "{} request {i}", case.id);
    }
}

#[test]
fn golden_classify() {
    check_all("apf-classify.jsonl", check);
}

fn served_level(object: &Value) -> PriorityLevelConfiguration {
    let number = |value: &Value| {
        let number = value.as_u64()?;
        u32::try_from(number).ok()
    };
    let spec = &object["spec"];
    let exempt = spec["type"] == "Exempt";
    let limits = if exempt { &spec["exempt"] } else { &spec["limited"] };
    let queuing = &limits["limitResponse"]["queuing"];
    let parameters = queuing.is_object().then(|| {
        let parameter = |name: &str| number(&queuing[name]).expect("a number");
        (parameter("queues"), parameter("handSize"), parameter("queueLengthLimit"))
    });
    let name = object["metadata"]["name"].as_str().expect("a name");
    let shares = number(&limits["nominalConcurrencyShares"]).expect("a number");
    PriorityLevelConfiguration {
        lendable_percent: number(&limits["lendablePercent"]),
        borrowing_limit_percent: number(&limits["borrowingLimitPercent"]),
        ..objects::level(name, exempt, shares, parameters)
    }
}

fn served_subject(subject: &Value) -> Subject {
    let kind = subject["kind"].as_str().expect("a kind");
    let field = match kind {
        "User" => "user",
        "Group" => "group",
        _ => "serviceAccount",
    };
    let text = |name: &str| subject[field][name].as_str().unwrap_or("");
    objects::subject(kind, text("name"), text("namespace"))
}

fn served_rules(rules: &Value) -> PolicyRules {
    let list = |name: &str| rules[name].as_array().cloned().unwrap_or_default();
    let resource = |rule| serde_json::from_value::<ResourceRule>(rule).expect("a rule").model();
    let url = |rule| serde_json::from_value::<UrlRule>(rule).expect("a rule").model();
    PolicyRules {
        subjects: list("subjects").iter().map(served_subject).collect(),
        resource_rules: list("resourceRules").into_iter().map(resource).collect(),
        non_resource_rules: list("nonResourceRules").into_iter().map(url).collect(),
    }
}

fn served_schema(object: &Value) -> FlowSchema {
    let spec = &object["spec"];
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let precedence = spec["matchingPrecedence"].as_i64().expect("a number");
    FlowSchema {
        name: text(&object["metadata"]["name"]),
        priority_level: text(&spec["priorityLevelConfiguration"]["name"]),
        matching_precedence: i32::try_from(precedence).expect("a precedence"),
        distinguisher_method: method(spec["distinguisherMethod"]["type"].as_str()),
        rules: spec["rules"].as_array().expect("rules").iter().map(served_rules).collect(),
    }
}

#[test]
fn golden_default_config() {
    let name = "apf-default-config.json";
    let data: Value = serde_json::from_str(&text(name)).expect("JSON");
    let list = |name: &str| data[name].as_array().expect("a list").clone();
    let mut levels: Vec<_> = list("priorityLevelConfigurations").iter().map(served_level).collect();
    let mut schemas: Vec<_> = list("flowSchemas").iter().map(served_schema).collect();
    let mut our_levels = defaults::default_levels();
    let mut our_schemas = defaults::default_flow_schemas(&objects::recorded());
    let checked = levels.len() + schemas.len();
    for list in [&mut levels, &mut our_levels] {
        list.sort_by(|a, b| a.name.cmp(&b.name));
    }
    for list in [&mut schemas, &mut our_schemas] {
        list.sort_by(|a, b| a.name.cmp(&b.name));
    }
    assert_eq!(our_levels, levels);
    assert_eq!(our_schemas, schemas);
    let exempt = our_levels.iter().filter(|level| level.response == LimitResponse::Exempt);
    assert_eq!(exempt.count(), 1);
    report(name, checked);
}
