//! Samples of series, as scrapes: of every series the first value and the last one count.
//!
//! A server's own answer has every series once. What a monitoring system kept of it (a federation, a
//! dump of its database, an answer of its HTTP API) has series of several servers, each with the label
//! `instance`, and perhaps at several times.

use std::collections::{BTreeMap, HashMap};

use super::{Scrape, Series, is_wanted};
use crate::units::Fnv;

/// Labels by which the replicas of a monitoring system tell apart what they scraped alike.
const REPLICAS: [&str; 4] = ["prometheus", "prometheus_replica", "replica", "__replica__"];

/// What the labels of all series of one import may take.
pub const MOST_BYTES: usize = 64 << 20;
/// What a label takes besides its texts, and a series besides its labels.
const OVERHEAD_BYTES: usize = 80;

/// A series with its first and its last sample: when (seconds since 1970), and the value.
struct Kept {
    metric: String,
    series: Series,
    first: (f64, f64),
    last: (f64, f64),
    file: String,
}

/// Samples, by the series they are of.
#[derive(Default)]
pub struct Samples {
    kept: Vec<Kept>,
    places: HashMap<u64, usize>,
}

impl Samples {
    /// Whether something asks for a series of a metric that is wanted: of requests those that wrote or
    /// listed a whole resource, of what runs long the watches.
    #[must_use]
    pub fn asks_for(metric: &str, series: &Series) -> bool {
        match metric {
            "apiserver_request_total" => {
                let reads = ["GET", "LIST", "WATCH", "CONNECT", "PROXY"];
                let lists = series.label("verb") == "LIST" && series.label("scope") == "cluster";
                let asked = lists || !reads.contains(&series.label("verb"));
                series.label("code").starts_with('2') && asked
            }
            "apiserver_longrunning_requests" => series.label("verb") == "WATCH",
            _ => true,
        }
    }

    /// About what a series takes in memory.
    #[must_use]
    pub fn bytes_of(series: &Series) -> usize {
        let label = |(name, value): &(String, String)| OVERHEAD_BYTES + name.len() + value.len();
        OVERHEAD_BYTES * 2 + series.labels.iter().map(label).sum::<usize>()
    }

    /// Adds a sample of a metric that something asks for.
    ///
    /// # Errors
    /// The series, if it is there already and no time says which sample is the later one.
    pub fn add(
        &mut self,
        file: &str,
        metric: &str,
        mut series: Series,
        at: Option<f64>,
    ) -> Result<(), Series> {
        series.labels.retain(|(name, _)| !REPLICAS.contains(&name.as_str()));
        let hash = Fnv::new().bytes(metric.as_bytes());
        let hash = series.labels.iter().fold(hash, |hash, (name, value)| {
            hash.bytes(&[0xff]).bytes(name.as_bytes()).bytes(b"=").bytes(value.as_bytes())
        });
        let sample = (at.unwrap_or(0.0), series.value);
        match self.places.get(&hash.value()) {
            None => {
                self.places.insert(hash.value(), self.kept.len());
                let (metric, file) = (metric.to_owned(), file.to_owned());
                self.kept.push(Kept { metric, series, first: sample, last: sample, file });
                Ok(())
            }
            Some(place) => {
                let kept = &mut self.kept[*place];
                if at.is_some_and(|at| at < kept.first.0) {
                    kept.first = sample;
                }
                if at.is_some_and(|at| at > kept.last.0) {
                    kept.last = sample;
                    kept.file.clear();
                    kept.file.push_str(file);
                }
                if at.is_some() { Ok(()) } else { Err(series) }
            }
        }
    }

    /// Scrapes of every apiserver among those whose samples they are: the last one, and before it an
    /// earlier one of what changed.
    #[must_use]
    pub fn scrapes(self) -> Vec<Scrape> {
        let mut instances: BTreeMap<String, Vec<Kept>> = BTreeMap::new();
        for kept in self.kept {
            instances.entry(instance_of(&kept.series).to_owned()).or_default().push(kept);
        }
        let mut scrapes = Vec::new();
        for (instance, all) in instances {
            let changes = all.iter().any(|kept| kept.first.0 < kept.last.0);
            let instance = match (instance.is_empty(), changes) {
                (false, _) => Some(instance),
                (true, true) => Some("apiserver".to_owned()),
                (true, false) => None,
            };
            let (mut earlier, mut last) = (Scrape::default(), Scrape::default());
            let mut files: Vec<String> = all.iter().map(|kept| kept.file.clone()).collect();
            files.sort();
            files.dedup();
            // Each answer is of one metric, or a few.
            let file = match files.as_slice() {
                [] => String::new(),
                [only] => only.clone(),
                [first, more @ ..] => format!("{first} and {} more", more.len()),
            };
            for kept in all {
                if kept.first.0 < kept.last.0 {
                    let series = Series { value: kept.first.1, ..kept.series.clone() };
                    put(&mut earlier, &kept.metric, series, kept.first.0);
                }
                let series = Series { value: kept.last.1, ..kept.series };
                put(&mut last, &kept.metric, series, kept.last.0);
            }
            for mut scrape in [earlier, last] {
                scrape.instance.clone_from(&instance);
                scrape.file.clone_from(&file);
                scrapes.push(scrape);
            }
        }
        // Other jobs have processes and Go heaps, too.
        let is_ours = |one: &Scrape| one.is_apiserver() || one.is_etcd();
        let ours = |instance: &Option<String>| {
            scrapes.iter().any(|one| one.instance == *instance && is_ours(one))
        };
        let known: Vec<bool> = scrapes.iter().map(|scrape| ours(&scrape.instance)).collect();
        let mut known = known.into_iter();
        scrapes.retain(|scrape| known.next() == Some(true) && !scrape.metrics.is_empty());
        scrapes
    }
}

/// The server that a series is of; empty: the one that was asked.
fn instance_of(series: &Series) -> &str {
    match series.label("instance") {
        "" if !series.label("job").is_empty() => series.label("pod"),
        instance => instance,
    }
}

/// Whether a series comes from a monitoring system and not from the server itself.
#[must_use]
pub fn is_monitored(series: &Series) -> bool {
    !instance_of(series).is_empty()
}

fn put(scrape: &mut Scrape, metric: &str, series: Series, at: f64) {
    if at > 0.0 {
        scrape.unix_seconds = Some(scrape.unix_seconds.map_or(at, |before| before.max(at)));
    }
    match scrape.metrics.get_mut(metric) {
        Some(all) => all.push(series),
        None => {
            scrape.metrics.insert(metric.to_owned(), vec![series]);
        }
    }
}

/// A series that something asks for, from names and values of its labels.
pub fn wanted<'l>(
    labels: impl Iterator<Item = (&'l str, &'l str)>,
) -> Option<(String, Vec<(String, String)>)> {
    let (mut metric, mut found) = (None, Vec::new());
    for (name, value) in labels {
        match name {
            "__name__" => metric = Some(value.to_owned()),
            name => found.push((name.to_owned(), value.to_owned())),
        }
    }
    Some((metric.filter(|metric| is_wanted(metric))?, found))
}
