//! Scrapes sorted by the process that said them, so that counters become rates.
//!
//! Scrapes with the same start of the process are of the same server. The time between two of them is
//! that of a monotonic clock of the server itself: the timing histograms of API Priority and Fairness
//! count nanoseconds. Where they are missing (it is switched off), the processor time that Go could
//! have had, over GOMAXPROCS, tells it as of the last garbage collections.

use std::collections::{BTreeMap, BTreeSet};

use super::{Scrape, Series};
use crate::cluster::findings::Skipped;
use crate::units::Sort as _;

/// Starts of a process that differ by no more are the same: they are computed from a clock that is
/// adjusted.
const SAME_START_SECONDS: f64 = 0.5;
/// Least time between two scrapes from which rates are taken.
const LEAST_SECONDS: f64 = 5.0;

/// The scrapes of one server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerScrapes {
    /// Its name: the instance's, or the file's.
    pub name: String,
    /// The last scrape.
    pub last: Scrape,
    /// The first of the same process, and the seconds from it to the last.
    pub earlier: Option<(Scrape, f64)>,
}

/// A counter of one series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted {
    /// Its growth.
    pub count: f64,
    /// In how many seconds.
    pub seconds: f64,
}

impl ServerScrapes {
    /// Seconds since the process started, at the last scrape.
    #[must_use]
    pub fn up_seconds(&self) -> Option<f64> {
        clock(&self.last)
    }

    /// How every series of a counter grew: since the first scrape, or else since the process started.
    #[must_use]
    pub fn growth(&self, metric: &str) -> Vec<(&Series, Counted)> {
        let (before, seconds) = match &self.earlier {
            Some((earlier, seconds)) => (earlier.get(metric), *seconds),
            None => match self.up_seconds() {
                Some(seconds) => (&[] as &[Series], seconds),
                None => return Vec::new(),
            },
        };
        let before: BTreeMap<_, f64> = before.iter().map(|s| (sorted(s), s.value)).collect();
        let grown = self.last.get(metric).iter().map(|series| {
            let count = series.value - before.get(&sorted(series)).copied().unwrap_or(0.0);
            (
                series,
                Counted { count: if count.is_finite() { count.max(0.0) } else { 0.0 }, seconds },
            )
        });
        grown.collect()
    }
}

/// Sorts scrapes by server, in the order of their names.
#[must_use]
pub fn pair(scrapes: Vec<Scrape>) -> (Vec<ServerScrapes>, Vec<Skipped>) {
    let mut skipped = Vec::new();
    let mut groups: Vec<Vec<Scrape>> = Vec::new();
    for scrape in scrapes {
        match groups.iter_mut().find(|group| group.iter().any(|other| same(other, &scrape))) {
            Some(group) => group.push(scrape),
            None => groups.push(vec![scrape]),
        }
    }
    let mut servers: Vec<ServerScrapes> =
        groups.into_iter().filter_map(|group| server(group, &mut skipped)).collect();
    servers.order_by(|a, b| a.name.cmp(&b.name));
    one_process_each(&mut servers, &mut skipped);
    shorten(&mut servers);
    (servers, skipped)
}

/// Whether two scrapes are of the same process.
fn same(a: &Scrape, b: &Scrape) -> bool {
    let start = |scrape: &Scrape| scrape.value("process_start_time_seconds");
    match (start(a), start(b)) {
        (Some(one), Some(other)) if (one - other).abs() <= SAME_START_SECONDS => {
            a.instance.is_none() || b.instance.is_none() || a.instance == b.instance
        }
        (Some(_), Some(_)) => false,
        // A file that was cut has no start: it is of the process whose place it has.
        _ => a.instance == b.instance && (a.instance.is_some() || stem(&a.file) == stem(&b.file)),
    }
}

/// Seconds on the server's own clock: since it started, to a second or so.
fn clock(scrape: &Scrape) -> Option<f64> {
    let longest = |metric| {
        let values = scrape.get(metric).iter().map(|series| series.value);
        values.filter(|v| v.is_finite() && *v > 0.0).reduce(f64::max)
    };
    let nanoseconds = longest("apiserver_flowcontrol_read_vs_write_current_requests_count")
        .or_else(|| longest("apiserver_flowcontrol_priority_level_request_utilization_count"));
    nanoseconds.map(|nanos| nanos / 1e9).or_else(|| {
        let processors = scrape.value("go_sched_gomaxprocs_threads").filter(|p| *p >= 1.0)?;
        Some(scrape.value("go_cpu_classes_total_cpu_seconds_total")? / processors)
    })
}

/// The scrapes of one process: the first and the last count.
fn server(mut group: Vec<Scrape>, skipped: &mut Vec<Skipped>) -> Option<ServerScrapes> {
    let order = |scrape: &Scrape| {
        let cpu = scrape.value("process_cpu_seconds_total");
        clock(scrape).or(scrape.unix_seconds).or(cpu).unwrap_or(0.0)
    };
    group.order_by(|a, b| order(a).total_cmp(&order(b)));
    let mut last = group.pop()?;
    // A second round of scrapes may have reached fewer servers, and numbered them anew.
    let first = group.first().unwrap_or(&last);
    let name = last.instance.clone().unwrap_or_else(|| stem(&first.file));
    if let Some(before) = group.last() {
        skipped.extend(completed(&mut last, before));
    }
    let between = |earlier: &Scrape| {
        let own = clock(&last).zip(clock(earlier)).map(|(last, first)| last - first);
        let told = last.unix_seconds.zip(earlier.unix_seconds).map(|(last, first)| last - first);
        own.filter(|seconds| *seconds > 0.0).or(told)
    };
    let mut rest = group.into_iter();
    let earlier = rest.next().and_then(|earlier| {
        let seconds = between(&earlier).unwrap_or(0.0);
        if seconds >= LEAST_SECONDS {
            return Some((earlier, seconds));
        }
        let what = format!("taken at the same time as {}, as far as its clocks tell", last.file);
        let cost = "rates are means since the server started; take two scrapes a minute apart";
        skipped.push(Skipped::file(earlier.file, what, cost));
        None
    });
    for unused in rest {
        let what = format!("between the first and the last scrape of {name}");
        skipped.push(Skipped::passed_over(unused.file, what));
    }
    Some(ServerScrapes { name, last, earlier })
}

/// Takes what a scrape that breaks off has no longer from the one before it, unless it is a counter.
fn completed(last: &mut Scrape, before: &Scrape) -> Option<Skipped> {
    let lost = before.metrics.keys().filter(|metric| !last.metrics.contains_key(*metric)).count();
    if lost == 0 {
        return None;
    }
    let counts =
        |metric: &str| ["_total", "_count", "_sum"].iter().any(|end| metric.ends_with(end));
    for (metric, series) in before.metrics.iter().filter(|(metric, _)| !counts(metric)) {
        let own = last.metrics.entry(metric.clone()).or_default();
        let has: BTreeSet<_> = own.iter().map(sorted).collect();
        own.extend(series.iter().filter(|one| !has.contains(&sorted(one))).cloned());
    }
    let what = format!(
        "breaks off: {lost} metrics of {} are not in it; their values of then are taken",
        before.file
    );
    Some(Skipped::file(&last.file, what, "the rates of what is missing"))
}

/// The labels of a series, in one order.
fn sorted(series: &Series) -> Vec<(String, String)> {
    let mut labels = series.labels.clone();
    labels.sort();
    labels
}

/// Of a server that restarted between two scrapes, the older process is left out.
fn one_process_each(servers: &mut Vec<ServerScrapes>, skipped: &mut Vec<Skipped>) {
    let start = |s: &ServerScrapes| s.last.value("process_start_time_seconds").unwrap_or(0.0);
    let mut at = 0;
    while at < servers.len() {
        let this = &servers[at];
        // Two processes in one file, or at one time, are two servers.
        let scraped = this.up_seconds().map(|up| start(this) + up);
        let newer = servers.iter().find(|other| {
            other.name == this.name
                && other.last.file != this.last.file
                && start(other) > start(this)
                && scraped.is_none_or(|scraped| start(other) + LEAST_SECONDS > scraped)
        });
        let Some(newer) = newer else {
            at += 1;
            continue;
        };
        let (name, kept) = (this.name.clone(), newer.last.file.clone());
        let old = servers.remove(at);
        let what = format!("{name} restarted after it, before {kept}: its counters began again");
        skipped.push(Skipped::file(old.last.file, what, "no rates from both together"));
    }
}

/// Names without the folder that all are in; those that are left twice get numbers.
fn shorten(servers: &mut [ServerScrapes]) {
    let folder = |server: &ServerScrapes| server.name.rsplit_once('/').map(|(at, _)| at.len() + 1);
    let first = servers.first().map(|first| (first.name.clone(), folder(first)));
    if let Some((name, Some(at))) = first
        && servers.iter().all(|other| folder(other) == Some(at) && other.name[..at] == name[..at])
    {
        for server in servers.iter_mut() {
            server.name.drain(..at);
        }
    }
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    for server in servers {
        let times = taken.entry(server.name.clone()).or_default();
        *times += 1;
        if *times > 1 {
            server.name = format!("{}-{times}", server.name);
        }
    }
}

/// What files of one server have in common: their folder, and their name without its ending and without words and
/// numbers that tell the time.
fn stem(file: &str) -> String {
    const WHEN: [&str; 12] = [
        "earlier", "later", "before", "after", "first", "second", "last", "old", "new", "1st",
        "2nd", "prev",
    ];
    let at = file.rfind(['/', '\\']).map_or(0, |at| at + 1);
    let (folder, name) = file.split_at(at);
    let name = name.trim_end_matches(".gz");
    let name = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let is_when = |part: &&str| {
        let stamp =
            part.len() >= 6 && part.chars().all(|c| c.is_ascii_digit() || "TZ:".contains(c));
        WHEN.contains(&part.to_ascii_lowercase().as_str()) || stamp
    };
    let parts: Vec<&str> = name.split(['-', '_']).filter(|part| !is_when(part)).collect();
    let plain = if parts.is_empty() { name.to_owned() } else { parts.join("-") };
    format!("{}{plain}", folder.replace('\\', "/"))
}
