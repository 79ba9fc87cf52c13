//! The answer in one sentence.

use crate::results::{HarmCount, Outcome, OutcomeCount, Summary};
use crate::units::{SimSpan, SimTime};

/// The sentence that opens every report: whether servers die, how often, and what follows; or how
/// near the highest peak came.
pub(super) fn verdict(summary: &Summary) -> String {
    let verdict = of_what_was_run(summary) + &too_close(summary);
    let at = SimTime(SimSpan::from_secs_f64(summary.simulated_seconds).0);
    match (summary.incomplete, summary.replications) {
        (1.., 1) => format!("Incomplete, stopped at {at}; until then: {verdict}"),
        (cut, n) => until_cut(verdict, cut.into(), n.into(), "runs"),
    }
}

/// A verdict on runs, or points, of which some were stopped at the event limit.
pub(super) fn until_cut(verdict: String, cut: u64, all: u64, what: &str) -> String {
    match cut {
        0 => verdict,
        _ => format!("Incomplete, {cut} of {all} {what} were stopped; until then: {verdict}"),
    }
}

/// `; 4.2 GiB ± 0.5 of 4.5: too close to call`, where the limit lies within the error of the model.
fn too_close(summary: &Summary) -> String {
    let Some(interval) = summary.peak_interval.as_ref().filter(|interval| interval.too_close)
    else {
        return String::new();
    };
    let half = (interval.high_bytes - interval.low_bytes).scale(0.5);
    let peak = interval.peak_bytes;
    let without = if interval.without_limit { " without a limit" } else { "" };
    let limit = interval.limit_bytes;
    let speed = if interval.machine_unknown { ", cpu-speed not stated" } else { "" };
    format!("; {peak} ± {half}{without}, limit {limit}{speed}: too close to call")
}

fn of_what_was_run(summary: &Summary) -> String {
    if summary.oom.count == 0 {
        return survives(summary);
    }
    let n = summary.replications;
    let how_often = if n == 1 {
        "OOM kill".to_owned()
    } else {
        format!("OOM kill in {} of {n} runs ({})", summary.oom.count, interval(&summary.oom, n))
    };
    let first = summary.first_oom_seconds.map(|s| {
        let at = SimTime(SimSpan::from_secs_f64(s).0);
        if n == 1 { format!(" at {at}") } else { format!(", first at {at} (median)") }
    });
    let first = first.unwrap_or_default();
    format!("{how_often}{first}{}{}", aftermath(summary), etcd(summary))
}

/// `; etcd was killed in 3 runs`, where those are among the kills.
fn etcd(summary: &Summary) -> String {
    let kills = &summary.harm.etcd_kills;
    match (kills.runs, summary.replications) {
        (0, _) => String::new(),
        (_, 1) => format!("; {} of etcd", counted(kills.count.max, "kill")),
        (runs, _) => format!("; etcd was killed in {runs} runs"),
    }
}

/// What followed the kills, mildest first.
fn aftermath(summary: &Summary) -> String {
    let n = summary.replications;
    let parts: Vec<String> = [
        (Outcome::SingleOom, "a single kill"),
        (Outcome::Cascade, "a cascade"),
        (Outcome::CrashLoop, "a crash loop"),
        (Outcome::NonRecovering, "no recovery"),
    ]
    .into_iter()
    .filter_map(|(outcome, words)| match count(summary, outcome) {
        0 => None,
        _ if n == 1 => Some(words.to_owned()),
        times => Some(format!("{words} in {times}")),
    })
    .collect();
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) }
}

/// `; its node has 8.00 GiB for 11.7 GiB: others are killed first`, where all on a server's node want more than there is;
/// `; others on a node were killed for memory in 3 runs`, where some were all the same.
fn node(summary: &Summary) -> String {
    let fullest = summary.on_fullest_node().map(|server| &server.node);
    if let Some(node) = fullest.filter(|node| node.peak_bytes.max > node.memory_bytes) {
        let (has, wants) = (node.memory_bytes, node.peak_bytes.max);
        return format!("; its node has {has} for {wants}: others on it are killed first");
    }
    match (summary.harm.node_kills.runs, summary.replications) {
        (0, _) => String::new(),
        (_, 1) => "; others on a node were killed for memory".to_owned(),
        (runs, _) => format!("; others on a node were killed for memory in {runs} runs"),
    }
}

/// What went wrong of what makes a run without a kill `degraded`, in the words of [`Outcome::meaning`]:
/// `; 200 requests failed, 1 server fell behind`, `; requests failed in 5 runs (at most 200 in one)`.
fn harm(summary: &Summary) -> String {
    let harm = &summary.harm;
    // All of them by probes: that is said below.
    let lost = if harm.servers_lost == harm.probe_kills {
        HarmCount::default()
    } else {
        harm.servers_lost
    };
    let parts: Vec<String> = [
        (harm.requests_failed, "request", "failed", "requests failed"),
        (harm.watches_ended, "watch", "ended by a server", "watches were ended"),
        (harm.servers_behind, "server", "fell behind", "work fell behind"),
        (lost, "server", "lost", "servers were lost"),
        (
            harm.probe_kills,
            "server",
            "killed by the kubelet's probes",
            "servers were killed by the kubelet's probes",
        ),
        (harm.nodes_not_ready, "node", "NotReady", "nodes were NotReady"),
        (harm.stale_reads, "read", "stale", "reads were stale"),
    ]
    .into_iter()
    .filter(|(what, ..)| what.runs > 0)
    .map(|(what, one, did, words)| {
        let most = what.count.max;
        if summary.replications == 1 {
            format!("{} {did}", counted(most, one))
        } else {
            format!("{words} in {} runs (at most {})", what.runs, counted(most, one))
        }
    })
    .collect();
    if parts.is_empty() { String::new() } else { format!("; {}", parts.join(", ")) }
}

/// `1 watch`, `12345 watches`.
fn counted(n: u64, one: &str) -> String {
    let many = match (n, one) {
        (1, _) => "",
        (_, "watch") => "es",
        _ => "s",
    };
    format!("{n} {one}{many}")
}

fn survives(summary: &Summary) -> String {
    let n = summary.replications;
    let runs = if n == 1 {
        "No OOM kill".to_owned()
    } else {
        format!("No OOM kill in {n} runs (at most {:.1} %)", summary.oom.high * 100.0)
    };
    let limit = summary
        .apiservers
        .iter()
        .find(|server| server.name == summary.worst_server)
        .map_or(0.0, |server| server.limit_bytes.as_f64());
    let peak = summary.peak_resident_bytes.max;
    let of_limit = if limit > 0.0 {
        format!(", {:.0} % of the limit", peak.as_f64() / limit * 100.0)
    } else {
        String::new()
    };
    let but = |outcome, words| match count(summary, outcome) {
        0 => String::new(),
        _ if n == 1 => format!("; {words}"),
        times => format!("; {words} in {times} runs"),
    };
    format!(
        "{runs}: the highest peak is {peak}{of_limit} ({}){}{}{}",
        summary.worst_server,
        node(summary),
        harm(summary),
        but(Outcome::NonRecovering, "no recovery")
    )
}

fn count(summary: &Summary, outcome: Outcome) -> u32 {
    summary.outcomes.get(outcome.key()).copied().unwrap_or(0)
}

/// `65.5 %, 95 % CI 58.7 to 71.7 %`; when all did, only the lower end is in question.
fn interval(p: &OutcomeCount, n: u32) -> String {
    if p.count == n {
        return format!("at least {:.1} %", p.low * 100.0);
    }
    format!(
        "{:.1} %, 95 % CI {:.1} to {:.1} %",
        f64::from(p.count) / f64::from(n) * 100.0,
        p.low * 100.0,
        p.high * 100.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{CountSpread, HarmCount, HarmSummary};

    #[test]
    fn the_verdict_says_which_harm_was_done_and_how_much() {
        let of = |runs, max| HarmCount { runs, count: CountSpread { median: 0, max } };
        let harm_of = |replications, requests_failed, watches_ended, servers_behind| {
            let of_three = HarmSummary {
                requests_failed,
                watches_ended,
                servers_behind,
                ..HarmSummary::default()
            };
            harm(&Summary { replications, harm: of_three, ..Summary::default() })
        };
        let none = HarmCount::default();
        assert_eq!(harm_of(1, none, none, none), "");
        assert_eq!(
            harm_of(1, of(1, 1_200), of(1, 1), of(1, 2)),
            "; 1200 requests failed, 1 watch ended by a server, 2 servers fell behind"
        );
        assert_eq!(
            harm_of(5, of(4, 7), none, of(1, 1)),
            "; requests failed in 4 runs (at most 7 requests), work fell behind in 1 runs (at most 1 \
             server)"
        );
        // In the words of the table of classes.
        for words in ["requests failed", "watches were ended", "reads were stale"] {
            assert!(Outcome::Degraded.meaning().contains(words), "{words}");
        }
    }
}
