//! Bursts of calls: what came in a row of buckets is one beat, with its count and its span.

use super::{Beat, Edition, counted, names, spoken};
use crate::report::format::{clean, grouped};
use crate::results::{ActivityKind, RunRecord, ServerActivity};
use crate::units::{SimSpan, SimTime, Sort};

/// A calm of this length ends a burst.
const CALM: SimSpan = SimSpan::secs(5);
/// Bursts of a kind in a short story: the largest.
const MOST: usize = 2;

/// The kinds that are reported, with the weight of their largest burst.
const KINDS: [(ActivityKind, u32); 8] = [
    (ActivityKind::Gone, 84),
    (ActivityKind::StaleReads, 82),
    (ActivityKind::Lists, 76),
    (ActivityKind::WatchLists, 75),
    (ActivityKind::Rejected, 70),
    (ActivityKind::TimedOut, 66),
    (ActivityKind::Connections, 56),
    (ActivityKind::Failed, 52),
];

/// Buckets in a row, of which none is followed by a long calm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Burst {
    /// The first and the last bucket with a call.
    pub(super) first: usize,
    pub(super) last: usize,
    /// Calls.
    pub(super) total: u64,
    /// Most calls in a bucket.
    pub(super) highest: u64,
}

/// The bursts in a row of counts; `calm` buckets of nothing end one, and so does a bucket with a kill:
/// what comes before it and after it are two things.
pub(super) fn find(counts: impl Iterator<Item = u64>, calm: usize, kills: &[usize]) -> Vec<Burst> {
    let parted = |last: usize, place: usize| kills.iter().any(|kill| (last..place).contains(kill));
    let mut bursts: Vec<Burst> = Vec::new();
    for (place, count) in counts.enumerate().filter(|(_, count)| *count > 0) {
        match bursts.last_mut() {
            Some(burst) if place - burst.last <= calm && !parted(burst.last, place) => {
                burst.last = place;
                burst.total += count;
                burst.highest = burst.highest.max(count);
            }
            _ => bursts.push(Burst { first: place, last: place, total: count, highest: count }),
        }
    }
    bursts
}

/// A beat for each burst of each kind.
pub(super) fn bursts(run: &RunRecord) -> Vec<Beat> {
    KINDS.iter().flat_map(|(kind, weight)| of_kind(run, *kind, *weight)).collect()
}

fn of_kind(run: &RunRecord, kind: ActivityKind, weight: u32) -> Vec<Beat> {
    let activity = &run.activity;
    let calm = (CALM.0 / activity.width.0.max(1)).max(1) as usize;
    let kills = run.servers.iter().flat_map(|server| &server.oom_kills);
    let kills: Vec<usize> =
        kills.map(|kill| (kill.at.0 / activity.width.0.max(1)) as usize).collect();
    let counts = activity.buckets.iter().map(|bucket| bucket.counts.get(kind));
    let found = find(counts, calm, &kills);
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.order_by_key(|place| (std::cmp::Reverse(found[*place].total), *place));
    let beat = |(place, burst): (usize, &Burst)| {
        let rank = order.iter().position(|other| *other == place).unwrap_or(0);
        let edition = if rank < MOST { Edition::Both } else { Edition::Full };
        // The second largest matters less the smaller it is.
        let largest = found[order[0]].total.max(1);
        let weight = if rank == 0 {
            weight
        } else {
            46 * u32::try_from(burst.total * 100 / largest).unwrap_or(100) / 100
        };
        Beat::new(activity.start_of(burst.first), weight, words(run, kind, burst)).edition(edition)
    };
    found.iter().enumerate().map(beat).collect()
}

/// What a burst was, in words.
fn words(run: &RunRecord, kind: ActivityKind, burst: &Burst) -> String {
    let activity = &run.activity;
    let n = burst.total;
    let span = activity.width.times((burst.last - burst.first + 1) as u64);
    let within = format!("within {}", spoken(span));
    let pace = if burst.last == burst.first {
        String::new()
    } else {
        let per = match activity.width.0 / 1_000_000_000 {
            0 | 1 => "per second".to_owned(),
            seconds => format!("per {seconds} s"),
        };
        format!(", up to {} {per}", grouped(burst.highest))
    };
    match kind {
        ActivityKind::Gone => {
            let by = by_server(run, burst, |server| server.gone);
            let reach = reach(run, burst).unwrap_or_default();
            let what = counted(n, "watch is refused", "watches are refused");
            format!("{what} {within}{by}: their version is too old (410){reach}")
        }
        ActivityKind::Rejected => {
            let by = by_server(run, burst, |server| server.rejected);
            format!("{} answered 429 {within}{by}", counted(n, "call is", "calls are"))
        }
        ActivityKind::Lists => {
            let etcd = activity.buckets[burst.first..=burst.last].iter();
            let etcd: u64 = etcd.map(|b| b.counts.get(ActivityKind::ListsFromEtcd)).sum();
            let etcd = match etcd {
                0 => String::new(),
                all if all == n => ", all from etcd".to_owned(),
                some => format!(", {} of them from etcd", grouped(some)),
            };
            format!("{} {within}{pace}{etcd}", counted(n, "LIST", "LISTs"))
        }
        ActivityKind::WatchLists => {
            format!("{} {within}{pace}", counted(n, "watch-list", "watch-lists"))
        }
        ActivityKind::Connections => {
            format!("{} {within}{pace}", counted(n, "client connects", "clients connect"))
        }
        ActivityKind::StaleReads => {
            let what = counted(n, "read is stale", "reads are stale");
            format!("{what} {within}: older data than the client had seen before")
        }
        ActivityKind::TimedOut => {
            format!("{} {within}", counted(n, "call times out", "calls time out"))
        }
        _ => {
            let what = counted(n, "call fails", "calls fail");
            format!("{what} {within}: refused or cut off mid-response")
        }
    }
}

/// Which servers it was, where it was not all of them.
fn by_server(run: &RunRecord, burst: &Burst, read: impl Fn(&ServerActivity) -> u64) -> String {
    let buckets = &run.activity.buckets[burst.first..=burst.last];
    let count = |index: usize| -> u64 {
        buckets.iter().filter_map(|bucket| bucket.servers.get(index)).map(&read).sum()
    };
    let who: Vec<&str> = run
        .servers
        .iter()
        .enumerate()
        .filter(|(index, _)| count(*index) > 0)
        .map(|(_, server)| server.name.as_str())
        .collect();
    if who.is_empty() || who.len() == run.servers.len() && who.len() > 1 {
        return String::new();
    }
    format!(" by {}", names(&who))
}

/// How far back the watch cache of the most watched resource went where most were refused.
fn reach(run: &RunRecord, burst: &Burst) -> Option<String> {
    let activity = &run.activity;
    let buckets = &activity.buckets[burst.first..=burst.last];
    let gone = |index: usize| -> u64 {
        buckets.iter().filter_map(|bucket| bucket.servers.get(index)).map(|s| s.gone).sum()
    };
    let server = (0..run.servers.len()).max_by_key(|i| (gone(*i), std::cmp::Reverse(*i)))?;
    let (from, to): (SimTime, SimTime) =
        (activity.start_of(burst.first), activity.start_of(burst.last + 1));
    let least = activity.windows.iter().filter_map(|window| {
        let points = window.points.iter().filter(|p| p.at >= from && p.at <= to);
        let spans = points.filter_map(|p| p.spans.get(server).copied().flatten());
        Some((window, spans.min()?))
    });
    let (window, span) = least.min_by_key(|(_, span)| *span)?;
    (span < window.oldest_age).then(|| {
        let (name, resource) = (clean(&run.servers[server].name, 60), clean(&window.resource, 40));
        format!("; the watch cache of {resource} on {name} reached back only {}", spoken(span))
    })
}
