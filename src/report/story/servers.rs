//! Kills, what they found, where the watches went, and who came back.

use super::{Beat, Edition, TOGETHER, counted, names, spoken};
use crate::report::format::{clean, grouped};
use crate::results::{Holder, KillScene, LogEntry, LogKind, OomKill, RunRecord, ServerRecord};
use crate::units::{SimSpan, SimTime, Sort};

/// How long after a kill it is looked where watches have gone, unless another kill comes before.
const SETTLED: SimSpan = SimSpan::secs(10);

type Kill<'a> = (&'a ServerRecord, &'a OomKill);

/// Kills that came together, in order of time.
fn groups(run: &RunRecord) -> Vec<Vec<Kill<'_>>> {
    let of = |server| move |kill| (server, kill);
    let mut kills: Vec<Kill<'_>> =
        run.servers.iter().flat_map(|server| server.oom_kills.iter().map(of(server))).collect();
    kills.order_by_key(|(_, kill)| kill.at);
    let mut groups: Vec<Vec<Kill<'_>>> = Vec::new();
    for kill in kills {
        match groups.last_mut() {
            Some(group) if kill.1.at.since(group[0].1.at) <= TOGETHER => group.push(kill),
            _ => groups.push(vec![kill]),
        }
    }
    groups
}

/// A beat for servers that probes killed together, for the same reason.
pub(super) fn probed(run: &RunRecord) -> Vec<Beat> {
    let mut groups: Vec<Vec<&LogEntry>> = Vec::new();
    for entry in run.log.iter().filter(|entry| entry.kind == LogKind::ProbeKill) {
        let alike = |group: &&mut Vec<&LogEntry>| {
            group[0].message == entry.message && entry.at.since(group[0].at) <= TOGETHER
        };
        match groups.last_mut().filter(alike) {
            Some(group) => group.push(entry),
            None => groups.push(vec![entry]),
        }
    }
    let beat = |group: &Vec<&LogEntry>| {
        let servers: Vec<&str> = group.iter().map(|entry| entry.subject.as_str()).collect();
        let text = format!("{}: {}", names(&servers), clean(&group[0].message, 200));
        Beat::new(group[0].at, 85, text)
    };
    groups.iter().map(beat).collect()
}

/// A beat for each group of kills and one for the watches that moved; what only repeats is also
/// summed up.
pub(super) fn kills(run: &RunRecord) -> Vec<Beat> {
    let groups = groups(run);
    let mut beats = Vec::new();
    let mut killed: Vec<&str> = Vec::new();
    let mut repeated: Vec<Kill<'_>> = Vec::new();
    for (place, group) in groups.iter().enumerate() {
        let before = killed.len();
        for (server, _) in group {
            if !killed.contains(&server.name.as_str()) {
                killed.push(&server.name);
            }
        }
        let fresh = killed.len() > before;
        let edition = if fresh { Edition::Both } else { Edition::Full };
        let weight = if before == 0 { 99 } else { 96 };
        let former = place.checked_sub(1).and_then(|place| largest(run, &groups[place][0]));
        let mut text = what_died(run, group, former);
        if fresh && killed.len() > 1 {
            let (fallen, all) = (killed.len(), run.servers.len());
            text.extend([format!("; {fallen} of {all} servers have now been killed")]);
        }
        beats.push(Beat::new(group[0].1.at, weight, text).edition(edition));
        let next = groups.get(place + 1).map_or(run.end, |next| next[0].1.at);
        let weight = if before == 0 { 80 } else { 48 };
        beats.extend(
            moved(run, group, next).map(|(at, text)| Beat::new(at, weight, text).edition(edition)),
        );
        if !fresh {
            repeated.extend(group);
        }
    }
    beats.extend(summed(&repeated));
    beats
}

/// Whether two holders are the same, whatever they hold.
fn same(holder: &Holder, other: Option<&Holder>) -> bool {
    other.is_some_and(|other| Holder { bytes: other.bytes, ..holder.clone() } == *other)
}

/// What the process of a kill held most of.
fn largest<'a>(run: &'a RunRecord, kill: &Kill<'_>) -> Option<&'a Holder> {
    found(run, kill).and_then(|scene| scene.largest.as_ref())
}

fn found<'a>(run: &'a RunRecord, (server, kill): &Kill<'_>) -> Option<&'a KillScene> {
    run.activity.kills.iter().find(|scene| scene.server == server.name && scene.at == kill.at)
}

/// Whether a node's loss has its kill in the record.
pub(super) fn node_killed(run: &RunRecord, lost: &LogEntry) -> bool {
    let of = run.servers.iter().filter(|server| server.name == lost.subject);
    of.flat_map(|server| &server.oom_kills).any(|kill| kill.at == lost.at)
}

/// Whether a kill was for the memory of the whole node.
fn node_lost(run: &RunRecord, server: &str, at: SimTime) -> bool {
    let lost = |entry: &LogEntry| {
        entry.kind == LogKind::NodeLost && entry.subject == server && entry.at == at
    };
    run.log.iter().any(lost)
}

/// Who was killed, at how much, holding what; the latter if it is not what `former` held.
fn what_died(run: &RunRecord, group: &[Kill<'_>], former: Option<&Holder>) -> String {
    let (first, last) = (group[0].1, group[group.len() - 1].1);
    let mut servers: Vec<&str> = group.iter().map(|(server, _)| server.name.as_str()).collect();
    servers.dedup();
    let within = match servers.len() {
        1 => String::new(),
        _ => format!(" within {}", spoken(last.at.since(first.at))),
    };
    let verb = if servers.len() == 1 { "is" } else { "are" };
    let node = match servers.len() {
        _ if !group.iter().all(|(server, kill)| node_lost(run, &server.name, kill.at)) => "",
        1 => ", its node out of memory,",
        _ => ", their nodes out of memory,",
    };
    let stalled = group.iter().map(|(_, kill)| kill.stalled).max().unwrap_or_default();
    let stalled = match stalled {
        SimSpan::ZERO => String::new(),
        longest => format!(" after {} of standing still at the limit", spoken(longest)),
    };
    let mut text = format!(
        "{} {verb} OOM-killed{node}{within} at {}{stalled}",
        names(&servers),
        first.resident
    );
    let largest = largest(run, &group[0]);
    if let Some(holder) = largest.filter(|holder| !same(holder, former)) {
        text.extend([format!(" (largest part: {})", described(holder))]);
    }
    let watches: u64 =
        group.iter().filter_map(|kill| found(run, kill)).map(|scene| scene.watches).sum();
    if watches > 0 {
        let verb = if watches == 1 { "is" } else { "are" };
        text.extend([format!("; {} {verb} lost", counted(watches, "watch", "watches"))]);
    }
    text
}

/// `6.75 GiB response buffer of node-agents reading pods`.
fn described(holder: &Holder) -> String {
    let mut text = format!("{} {}", holder.bytes, holder.mechanism.label());
    match (holder.client.as_str(), holder.resource.as_str()) {
        ("", "") => {}
        ("", resource) => text.extend([format!(" of {}", clean(resource, 40))]),
        (client, "") => text.extend([format!(" of {}", clean(client, 40))]),
        (client, resource) => {
            text.extend([format!(" of {} reading {}", clean(client, 40), clean(resource, 40))]);
        }
    }
    text
}

/// How many watches more the other servers hold soon after a kill, and when that was.
fn moved(run: &RunRecord, group: &[Kill<'_>], next: SimTime) -> Option<(SimTime, String)> {
    let activity = &run.activity;
    let width = activity.width.0.max(1);
    let (first, last) = (group[0].1.at, group[group.len() - 1].1.at);
    let until = (last + SETTLED).min(next);
    // Whole buckets: the last one before the kill, and the last one before the next.
    let before = usize::try_from(first.0 / width).ok()?.checked_sub(1)?;
    let after = usize::try_from(until.0 / width).ok()?.checked_sub(1)?;
    let (then, now) = (activity.buckets.get(before)?, activity.buckets.get(after)?);
    if after <= before + 1 {
        return None;
    }
    let gains: Vec<(&str, u64)> = run
        .servers
        .iter()
        .zip(then.servers.iter().zip(&now.servers))
        .filter(|(server, _)| group.iter().all(|(killed, _)| killed.name != server.name))
        .map(|(server, (then, now))| {
            (server.name.as_str(), now.watches.saturating_sub(then.watches))
        })
        .filter(|(_, gain)| *gain > 0)
        .collect();
    let all: u64 = gains.iter().map(|(_, gain)| gain).sum();
    let servers: Vec<&str> = gains.iter().map(|(server, _)| *server).collect();
    let text = match gains.as_slice() {
        [] => return None,
        [_] => {
            format!("{} holds {} watches more than before the kill", names(&servers), grouped(all))
        }
        _ => format!(
            "{} together hold {} watches more than before the kill",
            names(&servers),
            grouped(all)
        ),
    };
    Some((activity.start_of(after + 1), text))
}

/// Kills of servers that had been killed before, in one beat.
fn summed(kills: &[Kill<'_>]) -> Option<Beat> {
    let (first, last) = (kills.first()?.1, kills.last()?.1);
    let mut counts: Vec<(&str, u64)> = Vec::new();
    for (server, _) in kills {
        match counts.iter_mut().find(|(name, _)| *name == server.name) {
            Some((_, count)) => *count += 1,
            None => counts.push((&server.name, 1)),
        }
    }
    counts.sort_unstable();
    let counts: Vec<String> =
        counts.iter().take(6).map(|(name, n)| format!("{} {n}", clean(name, 40))).collect();
    let until = if kills.len() > 1 { format!(" until {}", last.at) } else { String::new() };
    let n = kills.len() as u64;
    let text =
        format!("{}{until}: {}", counted(n, "more OOM kill", "more OOM kills"), counts.join(", "));
    Some(Beat::new(first.at, 94, text).edition(Edition::Short))
}

/// Servers that are ready again, those of one moment together.
pub(super) fn returns(run: &RunRecord) -> Vec<Beat> {
    let mut groups: Vec<Vec<(&str, SimTime, SimSpan)>> = Vec::new();
    for entry in run.log.iter().filter(|entry| entry.kind == LogKind::Ready) {
        let timeline = run.timelines.iter().find(|timeline| timeline.server == entry.subject);
        let down = timeline.and_then(|t| t.down.iter().find(|(_, to)| *to == entry.at));
        // One that starts with the scenario is not back.
        let Some((from, to)) = down else { continue };
        let back = (entry.subject.as_str(), *to, to.since(*from));
        match groups.last_mut() {
            Some(group) if to.since(group[0].1) <= TOGETHER => group.push(back),
            _ => groups.push(vec![back]),
        }
    }
    let beat = |(place, group): (usize, &Vec<(&str, SimTime, SimSpan)>)| {
        let mut servers: Vec<&str> = group.iter().map(|(server, ..)| *server).collect();
        servers.dedup();
        let longest = group.iter().map(|(_, _, down)| *down).max().unwrap_or_default();
        let text = match servers.as_slice() {
            [one] => format!("{} serves again after {}", clean(one, 60), spoken(longest)),
            _ => format!("{} serve again, after {} at most", names(&servers), spoken(longest)),
        };
        let edition = if place < 2 { Edition::Both } else { Edition::Full };
        Beat::new(group[0].1, 62, text).edition(edition)
    };
    groups.iter().enumerate().map(beat).collect()
}
