//! What is read of logs, and what is passed over.

use super::planted::{Planted, Who, audit};
use super::{Micros, Verb};
use crate::units::SimSpan;

const ALICE: Who<'static> =
    Who { user: "alice", pod: "", address: "10.0.0.1", agent: "kubectl/v1.30.1 (x)" };

fn two_lists() -> Planted {
    let mut log = Planted::default();
    log.request("list", "/api/v1/pods?limit=500", ALICE, 1.0);
    log.request("list", "/api/v1/pods?limit=500", ALICE, 61.0);
    log
}

/// Of each sort of skipped lines: the line and what is said.
fn skipped(text: &str) -> Vec<(Option<u64>, String)> {
    audit(&[text]).skipped.into_iter().map(|skipped| (skipped.line, skipped.what)).collect()
}

#[test]
fn instants_with_fractions_and_zones() {
    let at = |text| Micros::parse(text).map(|micros| micros.0);
    assert_eq!(at("1970-01-02T00:00:01Z"), Some(86_401_000_000));
    assert_eq!(at("2024-02-29T23:59:59.5Z"), Some(1_709_251_199_500_000));
    assert_eq!(at("2026-05-12T12:04:00.123456789+02:00"), at("2026-05-12T10:04:00.123456Z"));
    for text in ["", "noon", "2026-13-01T00:00:00Z", "2026-05-12", "2026-05-12T10:04:00X"] {
        assert_eq!(at(text), None, "{text}");
    }
}

#[test]
fn a_request_counts_once_whatever_its_stages() {
    let mut log = two_lists();
    let uri = ("list", "/api/v1/pods?limit=500");
    log.stage((1, "RequestReceived", 0), uri, ALICE, (1.0, 1.0));
    log.stage((9, "RequestReceived", 0), uri, ALICE, (1.0, 1.0));
    log.stage((9, "Panic", 500), uri, ALICE, (1.0, 2.0));
    // Turned away: logged at two stages, with a user or without.
    log.stage((10, "ResponseStarted", 403), uri, ALICE, (3.0, 3.0));
    log.stage((10, "ResponseComplete", 403), uri, ALICE, (3.0, 3.0));
    let found = log.audit();
    let counted = found.counted;
    assert_eq!((counted.early_stages, counted.panics, counted.failed), (3, 1, 2));
    assert_eq!(found.requests, 4);
    assert_eq!(found.clients.len(), 1);
    assert_eq!(found.clients[0].kinds.len(), 1);
    assert_eq!(found.clients[0].kinds[0].count, 2);
}

#[test]
fn two_logs_are_merged_and_what_both_have_counts_once() {
    let text = two_lists().text();
    let (first, second) = text.split_once('\n').expect("two lines");
    for logs in [vec![&*text, &*text], vec![second, first], vec![&*text, second]] {
        let found = audit(&logs);
        assert_eq!(found.requests, 2);
        assert_eq!(found.clients[0].kinds[0].mean_gap, Some(SimSpan::secs(60)));
        assert_eq!(found.span(), SimSpan::secs(60));
    }
}

#[test]
fn what_is_broken_is_named_with_its_line_and_the_rest_is_used() {
    let good = two_lists().text();
    let half = &good[..good.len() - 40];
    let expect: [(&str, u64, &str); 6] = [
        ("{\"kind\":\"Event\",}\n", 1, "broken JSON"),
        ("\u{0}\u{1}\u{2}\n", 1, "no JSON"),
        ("[1, 2]\n{\"a\": 1}\n", 2, "no event"),
        ("{\"auditID\":\"x\",\"verb\":\"get\"}\n", 1, "without a time"),
        ("{\"auditID\":\"x\",\"verb\":\"get\",\"level\":\"None\"}\n", 1, "level None"),
        (
            "{\"auditID\":\"x\",\"verb\":\"get\",\"stageTimestamp\":\"2031-01-01T00:00:00Z\"}\n",
            1,
            "more than a day",
        ),
    ];
    for (bad, line, what) in expect {
        // The planted line comes after the two good ones.
        let found = skipped(&format!("{good}{bad}"));
        let hit = found.iter().any(|(at, said)| *at == Some(line + 2) && said.contains(what));
        assert!(hit, "{bad:?}: {found:?}");
        assert_eq!(audit(&[&format!("{bad}{good}")]).requests, 2, "{bad:?}");
    }
    assert_eq!(skipped(half), [(Some(2), "a line that breaks off".to_owned())]);
    assert_eq!(audit(&[half]).requests, 1);
    assert_eq!(audit(&["up 1\n"]).skipped.len(), 1);
    assert_eq!(audit(&[]).requests, 0);
}

#[test]
fn a_clock_that_is_set_back_is_told() {
    let mut text = two_lists().text();
    let mut late = Planted::default();
    late.request("get", "/api/v1/nodes/a", ALICE, 400.0);
    text = format!("{}{}", late.text(), text.replace("id-", "other-"));
    let found = skipped(&text);
    assert!(found[0].1.contains("set back"), "{found:?}");
    assert_eq!(audit(&[&text]).requests, 3);
}

#[test]
fn fields_may_be_missing_or_null() {
    let text = r#"{"auditID":"a","stage":"ResponseComplete","verb":"list","requestURI":"/apis/apps/v1/namespaces/x/deployments","user":{},"sourceIPs":null,"objectRef":null,"stageTimestamp":"2026-05-12T10:00:00Z"}"#;
    let found = audit(&[text]);
    let kind = &found.clients[0].kinds[0];
    assert_eq!(
        (kind.target.resource.as_str(), kind.target.group.as_str()),
        ("deployments", "apps")
    );
    assert_eq!((kind.namespace.as_str(), kind.verb), ("x", Some(Verb::List)));
    assert_eq!(found.clients[0].user, "");
}

#[test]
fn events_come_wrapped() {
    let plain = two_lists().text();
    let lines: Vec<&str> = plain.lines().collect();
    let text = |line: &str| serde_json::to_string(line).expect("a text");
    let each = |wrap: &dyn Fn(&str) -> String| lines.iter().map(|l| wrap(l) + "\n").collect();
    let wrapped: [String; 10] = [
        each(&|line| format!("ip-10-0-1-2.ec2.internal {line}")),
        each(&|line| format!("2026-05-12T10:00:00.1Z stdout F {line}")),
        each(&|line| format!("{{\"log\":{},\"stream\":\"stdout\"}}", text(&format!("{line}\n")))),
        each(&|line| {
            format!("{{\"category\":\"kube-audit\",\"properties\":{{\"log\":{}}}}}", text(line))
        }),
        each(&|line| format!("{{\"properties\":{{\"pod\":\"a\",\"log\":{line}}},\"time\":\"x\"}}")),
        format!(
            "{{\"records\":[{{\"properties\":{{\"log\":{}}}}},{{\"properties\":{{\"log\":{}}}}}]}}\n",
            lines[0], lines[1]
        ),
        each(&|line| format!("{{\"insertId\":\"x\",\"jsonPayload\":{line}}}")),
        each(&|line| format!("{{\"_index\":\"x\",\"_source\":{line}}}")),
        format!("{{\"kind\":\"EventList\",\"items\":[{}]}}\n", lines.join(",")),
        format!(
            "{{\"events\":[\n {{\n  \"message\": {},\n  \"x\": 1\n }},\n  {{\"message\": {}\n}}]}}",
            text(lines[0]),
            text(lines[1])
        ),
    ];
    for log in wrapped {
        let found = audit(&[&log]);
        assert_eq!(found.requests, 2, "{log}");
        assert_eq!(found.clients[0].kinds[0].limit, Some(500));
    }
}

#[test]
fn watches_are_open_until_they_end_or_time_out() {
    let mut log = Planted::default();
    for number in 0..20_u32 {
        let user = format!("system:node:n{number}");
        let who = Who { user: &user, pod: "", address: "10.0.0.1", agent: "kubelet/v1.30.1" };
        log.reflector("/api/v1/services", who, f64::from(number), 2_000.0);
    }
    let all = log.audit();
    let open = |audit: &super::Audit| {
        let kinds = audit.clients.iter().flat_map(|client| &client.kinds);
        kinds
            .filter(|kind| kind.verb == Some(Verb::Watch))
            .map(|kind| kind.open)
            .collect::<Vec<_>>()
    };
    assert_eq!(open(&all), [20]);
    // Only ends are logged; only beginnings; ends under the stage of beginnings.
    let only = |stage: &str| {
        let mut log = log.clone();
        log.lines.retain(|(_, line)| !line.contains(stage));
        log
    };
    assert_eq!(open(&only("ResponseStarted").audit()), [20]);
    let ended = "ResponseComplete\",\"requestURI\":\"/api/v1/services?watch";
    let text = log.text();
    let starts: String = text.split_inclusive('\n').filter(|line| !line.contains(ended)).collect();
    assert_eq!(open(&audit(&[&starts])), [20]);
    let early = only("ResponseStarted").text().replace("ResponseComplete", "ResponseStarted");
    assert_eq!(open(&audit(&[&early])), [20]);
}

#[test]
fn writes_that_store_nothing_are_none() {
    let mut log = Planted::default();
    for uri in [
        "/api/v1/namespaces/a/serviceaccounts/b/token",
        "/apis/authentication.k8s.io/v1/tokenreviews",
        "/api/v1/namespaces/a/pods/p/exec?command=sh",
        "/api/v1/namespaces/a/pods?dryRun=All",
    ] {
        log.request("create", uri, ALICE, 1.0);
    }
    log.request("update", "/api/v1/namespaces/a/pods/p/status", ALICE, 2.0);
    let kinds = &log.audit().clients[0].kinds;
    assert_eq!(kinds.len(), 1);
    assert_eq!((kinds[0].verb, kinds[0].target.resource.as_str()), (Some(Verb::Update), "pods"));
}
