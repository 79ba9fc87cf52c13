//! The story of a run: what happened, in lines with times.
//!
//! The log and the activity of a record become *beats*: a kill with what it found, watches that move,
//! a burst of calls answered 410, a server that is back. What belongs together is one beat with its
//! count and its span. A beat says what the record holds and no more: what came first is not called a
//! cause. Beats have a weight, by which the terminal chooses; `story.txt` has them all.

mod bursts;
mod servers;
#[cfg(test)]
mod tests;

use super::format::{clean, grouped, wrap};
use crate::results::{LogKind, RunRecord, Unserved};
use crate::units::{SimSpan, SimTime};

/// Events of one moment: what comes within this span of each other is one beat.
const TOGETHER: SimSpan = SimSpan::secs(3);
/// From this many events of the scenario, none of them is important by itself.
const MANY_EVENTS: usize = 5;

/// Which story a beat belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edition {
    /// Everywhere.
    Both,
    /// In the full story only: a short one sums up.
    Full,
    /// In short stories only: it sums up what the full one has one by one.
    Short,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Beat {
    at: SimTime,
    text: String,
    /// 0 to 100: how important it is.
    weight: u32,
    edition: Edition,
}

impl Beat {
    fn new(at: SimTime, weight: u32, text: String) -> Self {
        Self { at, text, weight, edition: Edition::Both }
    }

    fn edition(self, edition: Edition) -> Self {
        Self { edition, ..self }
    }
}

/// What happened in a run, in order of time: see the [module](self).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story {
    /// Of which replication.
    replication: u32,
    /// In order of time.
    beats: Vec<Beat>,
}

impl Story {
    /// The story of a record with log and activity.
    #[must_use]
    pub fn of(run: &RunRecord) -> Self {
        let mut beats = events(run);
        beats.extend(servers::probed(run));
        beats.extend(servers::kills(run));
        beats.extend(servers::returns(run));
        beats.extend(bursts::bursts(run));
        beats.extend(ending(run));
        beats.sort_by_key(|beat| beat.at);
        Self { replication: run.replication, beats }
    }

    /// How many beats it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.beats.len()
    }

    /// Whether nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.beats.is_empty()
    }

    /// Of which replication.
    #[must_use]
    pub const fn replication(&self) -> u32 {
        self.replication
    }

    /// The whole story, one line per beat: `story.txt`.
    #[must_use]
    pub fn full(&self) -> String {
        let beats = self.beats.iter().filter(|beat| beat.edition != Edition::Short);
        beats.fold(String::new(), |text, beat| text + &line(beat) + "\n")
    }

    /// The most telling beats, with their times: as many as fit into this number of lines of this
    /// width.
    #[must_use]
    pub fn short(&self, lines: usize, width: usize) -> Vec<(String, String)> {
        let room = width.saturating_sub(INDENT);
        let chosen = self.chosen(lines, |beat| wrap(&beat.text, room, "", "").len());
        chosen.into_iter().map(|beat| (beat.at.to_string(), beat.text.clone())).collect()
    }

    /// Beats for a short story by weight, the earlier of equals, while there is room for their size;
    /// in order of time.
    fn chosen(&self, room: usize, size: impl Fn(&Beat) -> usize) -> Vec<&Beat> {
        let mut order: Vec<(usize, &Beat)> = self
            .beats
            .iter()
            .enumerate()
            .filter(|(_, beat)| beat.edition != Edition::Full)
            .collect();
        order.sort_by_key(|(place, beat)| (std::cmp::Reverse(beat.weight), *place));
        let mut left = room;
        order.retain(|(_, beat)| match left.checked_sub(size(beat)) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        });
        order.sort_by_key(|(place, _)| *place);
        order.into_iter().map(|(_, beat)| beat).collect()
    }
}

/// Where texts begin in short stories: after the time and two spaces.
const INDENT: usize = 10;

fn line(beat: &Beat) -> String {
    format!("{:>9}  {}", beat.at.to_string(), beat.text)
}

/// What the log says by itself.
fn events(run: &RunRecord) -> Vec<Beat> {
    let many = run.log.iter().filter(|entry| entry.kind == LogKind::Event).count() >= MANY_EVENTS;
    let beat = |entry: &crate::results::LogEntry| {
        let (weight, edition) = match entry.kind {
            LogKind::Event => (if many { 40 } else { 72 }, Edition::Both),
            LogKind::Stopped => (60, Edition::Both),
            // Reported with the kill.
            LogKind::NodeLost if servers::node_killed(run, entry) => return None,
            LogKind::NodeLost => (90, Edition::Both),
            LogKind::NodeKill => (95, Edition::Both),
            LogKind::NotReady => (70, Edition::Both),
            LogKind::Balancer | LogKind::Synced => (10, Edition::Full),
            // Kills and returns are reported with what belongs to them.
            LogKind::OomKill | LogKind::ProbeKill | LogKind::Started | LogKind::Ready => {
                return None;
            }
        };
        let message = clean(&entry.message, 200);
        let text = match entry.subject.as_str() {
            "" => message,
            subject => format!("{}: {message}", clean(subject, 60)),
        };
        Some(Beat::new(entry.at, weight, text).edition(edition))
    };
    run.log.iter().filter_map(beat).collect()
}

/// When the clients were content again, and how it ended.
fn ending(run: &RunRecord) -> Vec<Beat> {
    let (synced, started) = run.clients_synced;
    let mut beats = Vec::new();
    let last = run.log.iter().rev().find(|entry| entry.kind == LogKind::Synced);
    if let Some(last) = last.filter(|_| synced == started && started > 0) {
        let text = format!("all {} have synced", counted(started, "client", "clients"));
        beats.push(Beat::new(last.at, 88, text));
    }
    let why = if run.cut_short { "the run is stopped at its event limit" } else { "the run ends" };
    let text = format!(
        "{why} ({}): {} of {} synced{}",
        run.outcome.key(),
        grouped(synced),
        counted(started, "client", "clients"),
        silent(&run.unserved)
    );
    beats.push(Beat::new(run.end, 100, text));
    beats
}

/// Who does not answer at the end.
fn silent(unserved: &Unserved) -> String {
    let servers = [
        ("not serving", &unserved.down),
        ("shutting down", &unserved.stopping),
        ("cut off", &unserved.cut_off),
        ("watches turned away for cold caches", &unserved.cold),
        ("without their etcd", &unserved.without_etcd),
    ];
    let mut text = String::new();
    for (what, servers) in servers.iter().filter(|(_, servers)| !servers.is_empty()) {
        text.extend(["; ", what, ": ", &clean(&servers.join(", "), 120)]);
    }
    if unserved.etcd {
        text.push_str("; etcd has no quorum");
    }
    text
}

/// A count with its noun.
fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

/// Names as in a sentence: `a`, `a and b`, `a, b and c`; of many their number.
fn names(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => clean(one, 60),
        [first @ .., last] if names.len() <= 4 => {
            let first: Vec<String> = first.iter().map(|name| clean(name, 60)).collect();
            format!("{} and {}", first.join(", "), clean(last, 60))
        }
        many => format!("{} servers", many.len()),
    }
}

/// A span as one says it: `0.4 s`, `12 s`, `3:20`.
fn spoken(span: SimSpan) -> String {
    match span.as_secs_f64() {
        s if s < 9.95 => format!("{s:.1} s").replace(".0 s", " s"),
        s if s < 99.5 => format!("{s:.0} s"),
        s => super::format::clock(s.round()).trim_end_matches(".0").to_owned(),
    }
}
