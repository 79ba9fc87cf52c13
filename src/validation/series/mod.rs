//! Memory of one's own servers over time, as monitoring exports it.
//!
//! # What can be read
//!
//! | form | example |
//! |---|---|
//! | CSV with a time column and a column a server: Grafana's "Download CSV", `curl`ed tables | `"Time","kube-apiserver-cp-1"` then `2026-05-12 10:04:00,4350000000` |
//! | CSV with a row a point: `series`, `time`, `value` in any order | `"Series";"Time";"Value"` |
//! | JSON of Prometheus' `/api/v1/query_range` | `{"status":"success","data":{"resultType":"matrix",…}}` |
//!
//! Times are unix seconds (or milliseconds, microseconds, nanoseconds, told by their size) or RFC 3339; a
//! time without a zone is UTC. Values are bytes, or sizes such as `4.35 GiB`. Empty cells, `null` and `NaN`
//! are gaps. Of several servers the highest counts at each time, unless the description names one. Any of
//! it may be gzipped.
//!
//! # What the figure is
//!
//! The model predicts the resident set of the process. Monitoring has others ([`Metric`]): the name of the
//! series or the description says which. Where they cannot be compared exactly, the doubt widens the
//! tolerance of the figure in a fit; so does the time between two samples, which miss the true peak.
//!
//! # What happened
//!
//! A [`description`] in TOML says which part of the series is a burst, which event of the scenario it was,
//! and what was different from the scenario's file. A series without one has a single burst, its largest
//! rise, which is the scenario's only event.

pub mod burst;
pub mod description;
mod gather;
mod instant;
mod json;
mod table;

pub use burst::SeriesBurst;
pub use gather::Observed;

use super::observation::ObservationError;
use crate::model::costs::{BINARY_RESIDENT, BINARY_UNCHARGED};
use crate::units::{Bytes, Sort};

/// What a series measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// `container_memory_working_set_bytes`: what the cgroup is charged for, less its inactive file pages.
    WorkingSet,
    /// `container_memory_rss`: anonymous pages alone.
    Rss,
    /// `process_resident_memory_bytes`: the resident set of the process.
    Resident,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 3] = [Self::WorkingSet, Self::Rss, Self::Resident];

    /// Its name in descriptions.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::WorkingSet => "working-set",
            Self::Rss => "rss",
            Self::Resident => "resident",
        }
    }

    /// Its name in Prometheus.
    #[must_use]
    pub const fn prometheus(self) -> &'static str {
        match self {
            Self::WorkingSet => "container_memory_working_set_bytes",
            Self::Rss => "container_memory_rss",
            Self::Resident => "process_resident_memory_bytes",
        }
    }

    /// The metric of a description, or of a series' name.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        let is = |metric: &Self| text == metric.key() || text.contains(metric.prometheus());
        Self::ALL.into_iter().find(is)
    }

    /// What of the resident set it does not count: pages of the binary that are inactive or charged to
    /// another cgroup ([`BINARY_UNCHARGED`]), or all of them ([`BINARY_RESIDENT`]).
    #[must_use]
    pub const fn leaves_out(self) -> Bytes {
        match self {
            Self::WorkingSet => BINARY_UNCHARGED,
            Self::Rss => BINARY_RESIDENT,
            Self::Resident => Bytes::ZERO,
        }
    }

    /// How far it may be from the resident set less that. A working set has besides page tables, sockets
    /// and active page cache such as audit logs, and any part of the binary (assumed).
    #[must_use]
    pub const fn doubt(self) -> Bytes {
        match self {
            Self::WorkingSet => Bytes(60_000_000),
            Self::Rss => Bytes(20_000_000),
            Self::Resident => Bytes(10_000_000),
        }
    }
}

/// One value of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Unix seconds.
    pub at: f64,
    /// The value.
    pub bytes: Bytes,
}

/// The values of one server.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Column {
    /// As the header or the labels have it.
    pub(super) name: String,
    /// In the order of the file.
    pub(super) samples: Vec<Sample>,
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Export {
    /// One a server.
    pub(super) columns: Vec<Column>,
    /// Whether times had no zone.
    pub(super) zoneless: bool,
}

/// A series: the highest server at each time.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Ordered by time, one a time.
    pub samples: Vec<Sample>,
    /// Median time between two samples.
    pub step_seconds: f64,
    /// What it measures, if its name says so.
    pub metric: Option<Metric>,
    /// Whether times had no zone and were taken for UTC.
    pub zoneless: bool,
}

/// Fewest samples that are a series.
const FEWEST: usize = 3;
/// Largest value that cannot be the bytes of an apiserver: it is probably in another unit.
const TOO_SMALL: Bytes = Bytes(1_000_000);

/// Reads an export; `column` names a server.
///
/// # Errors
/// Everything that is wrong with the file, each with its line and column where it has one.
pub fn read(file: &str, text: &str, column: Option<&str>) -> Result<Series, Vec<ObservationError>> {
    let text = text.trim_start_matches('\u{feff}');
    let is_json = text.trim_start().starts_with(['{', '[']);
    let export = if is_json { json::read(file, text)? } else { table::read(file, text)? };
    pick(export, column).map_err(|reason| vec![whole(file, reason)])
}

/// The series of one server, or of the highest at each time.
fn pick(export: Export, column: Option<&str>) -> Result<Series, String> {
    let all = export.columns;
    let names = || {
        let some: Vec<String> = all.iter().take(8).map(|c| format!("\"{}\"", c.name)).collect();
        some.join(", ")
    };
    let chosen: Vec<&Column> = match column {
        None => all.iter().collect(),
        Some(name) => {
            let exact: Vec<&Column> = all.iter().filter(|c| c.name == name).collect();
            let part = || all.iter().filter(|c| c.name.contains(name)).collect();
            if exact.is_empty() { part() } else { exact }
        }
    };
    if chosen.is_empty() {
        return Err(format!(
            "no column is named \"{}\"; there are {}",
            column.unwrap_or(""),
            names()
        ));
    }
    let slowest = chosen.iter().map(|c| step_seconds(&c.samples)).fold(0.0, f64::max);
    let metric = chosen.iter().find_map(|c| Metric::named(&c.name));
    let mut samples: Vec<Sample> = chosen.iter().flat_map(|c| c.samples.iter().copied()).collect();
    samples.order_by(|a, b| a.at.total_cmp(&b.at).then(b.bytes.cmp(&a.bytes)));
    samples.dedup_by(|next, kept| next.at.total_cmp(&kept.at).is_eq());
    if samples.len() < FEWEST {
        return Err(format!(
            "{} values are no series: export at least {FEWEST}, from ten minutes before the burst on",
            samples.len()
        ));
    }
    // A server that was sampled once has no step of its own.
    let step = if slowest > 0.0 { slowest } else { step_seconds(&samples) };
    let highest = samples.iter().map(|s| s.bytes).max().unwrap_or_default();
    if highest < TOO_SMALL {
        return Err(format!(
            "the largest value is {}: values must be bytes, or have units such as \"4.35 GiB\"",
            highest.0
        ));
    }
    Ok(Series { samples, step_seconds: step, metric, zoneless: export.zoneless })
}

fn step_seconds(samples: &[Sample]) -> f64 {
    let mut at: Vec<f64> = samples.iter().map(|s| s.at).collect();
    at.order_by(f64::total_cmp);
    let mut steps: Vec<f64> =
        at.windows(2).map(|pair| pair[1] - pair[0]).filter(|step| *step > 0.0).collect();
    steps.order_by(f64::total_cmp);
    steps.get(steps.len() / 2).copied().unwrap_or(0.0)
}

/// A value of a cell: `None` is a gap.
fn value(text: &str) -> Result<Option<Bytes>, String> {
    let text = text.trim();
    let gaps = ["", "null", "nan", "undefined", "-", "n/a", "none"];
    if gaps.contains(&text.to_ascii_lowercase().as_str()) {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_nan() => Ok(None),
        Ok(number) if (0.0..1e18).contains(&number) => Ok(Some(Bytes::from_f64(number))),
        Ok(_) => Err(format!("{text:?} is no amount of memory: bytes are wanted")),
        Err(_) => crate::units::parse_bytes(text).map(Some).map_err(|_| {
            format!("{text:?} is no amount of memory: write bytes, or a size such as \"4.35 GiB\"")
        }),
    }
}

/// An error about a file as a whole.
pub(super) fn whole(file: &str, reason: impl Into<String>) -> ObservationError {
    ObservationError { file: file.to_owned(), path: String::new(), reason: reason.into() }
}

/// An error at a line of a file.
fn at_line(file: &str, line: u64, reason: &str) -> ObservationError {
    whole(&format!("{file}:{line}"), reason)
}

#[cfg(test)]
mod tests;
