//! What happened while a series was recorded: a small TOML file beside it.
//!
//! ```toml
//! schema = 1
//! series = "working-set.csv"      # relative to this file; CSV, or JSON of query_range
//! metric = "working-set"          # or "rss", "resident"; left out: the series' name says it
//! column = "kube-apiserver-cp-1"  # one server; left out: the highest of all at each time
//!
//! [[bursts]]
//! name = "agents rolled out"
//! from = 2026-05-12T10:04:00Z     # when the event began; also unix seconds
//! to = 2026-05-12T10:07:00Z       # when memory was past its peak
//! event = "rollout"               # the scenario's event; left out: its only one
//! restarts = 0                    # of the container in that time: one or more means it was lost
//! seconds = "42s"                 # until all clients were done, if known
//! set = ["clients.node-agents.count=300"]   # what was different from the scenario's file
//! ```
//!
//! The base is the median of the ten minutes before `from`, as far as the series has them and no other
//! burst lies in them. The peak is the highest value from `from` to `to`.

use std::ops::Range;

use serde::Deserialize;
use toml::{Spanned, Value};

use super::instant::{self, EXPECTED, Instant};
use super::{Metric, whole};
use crate::units::{SimSpan, Sort, parse_span};
use crate::validation::observation::ObservationError;

/// A description.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// The file of the series, relative to the description's.
    pub series: String,
    /// What it measures.
    pub metric: Option<Metric>,
    /// Which server.
    pub column: Option<String>,
    /// The bursts in it, ordered by time.
    pub bursts: Vec<Burst>,
}

/// A burst.
#[derive(Clone, Debug, PartialEq)]
pub struct Burst {
    /// Its name.
    pub name: String,
    /// Unix seconds.
    pub from: f64,
    /// Unix seconds.
    pub to: f64,
    /// The scenario's event that it is.
    pub event: Option<String>,
    /// Restarts of the container.
    pub restarts: u32,
    /// Until all clients were done.
    pub done_after: Option<SimSpan>,
    /// Keys of the scenario that were different, as `key=value`.
    pub set: Vec<String>,
    /// Line of the description.
    pub line: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    schema: Spanned<i64>,
    series: Spanned<String>,
    #[serde(default)]
    metric: Option<Spanned<String>>,
    #[serde(default)]
    column: Option<String>,
    #[serde(default)]
    bursts: Vec<WrittenBurst>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenBurst {
    #[serde(default)]
    name: Option<String>,
    from: Spanned<Value>,
    to: Spanned<Value>,
    #[serde(default)]
    event: Option<String>,
    #[serde(default)]
    restarts: Option<u32>,
    #[serde(default)]
    seconds: Option<Spanned<String>>,
    #[serde(default)]
    set: Vec<String>,
}

/// Reads a description.
///
/// # Errors
/// What is wrong, with line and column.
pub fn read(file: &str, text: &str) -> Result<Description, Vec<ObservationError>> {
    let mut reader = Reader { file, text, errors: Vec::new() };
    let written: Written = match toml::from_str(text) {
        Ok(written) => written,
        Err(error) => {
            let reason = error.message().to_owned();
            reader.tell(&error.span().unwrap_or(0..0), &reason);
            return Err(reader.errors);
        }
    };
    let description = reader.description(written);
    if reader.errors.is_empty() { Ok(description) } else { Err(reader.errors) }
}

struct Reader<'t> {
    file: &'t str,
    text: &'t str,
    errors: Vec<ObservationError>,
}

impl Reader<'_> {
    fn description(&mut self, written: Written) -> Description {
        if *written.schema.get_ref() != 1 {
            self.tell(&written.schema.span(), "the format of descriptions is 1: write schema = 1");
        }
        if written.series.get_ref().trim().is_empty() {
            self.tell(&written.series.span(), "name the file of the series");
        }
        let metric = written.metric.as_ref().and_then(|metric| {
            let found = Metric::named(metric.get_ref());
            if found.is_none() {
                let reason = "write \"working-set\", \"rss\" or \"resident\"";
                self.tell(&metric.span(), reason);
            }
            found
        });
        let written_bursts = written.bursts.into_iter().enumerate();
        let mut bursts: Vec<Burst> =
            written_bursts.filter_map(|(index, one)| self.burst(index, one)).collect();
        bursts.order_by(|a, b| a.from.total_cmp(&b.from));
        let series = written.series.into_inner();
        Description { series, metric, column: written.column, bursts }
    }

    fn burst(&mut self, index: usize, written: WrittenBurst) -> Option<Burst> {
        let (from_at, to_at) = (written.from.span(), written.to.span());
        let (from, to) = (self.instant(&written.from), self.instant(&written.to));
        let done_after = written.seconds.as_ref().and_then(|text| {
            let found = parse_span(text.get_ref());
            if let Err(error) = &found {
                self.tell(&text.span(), &format!("write a duration such as \"42s\": {error}"));
            }
            found.ok()
        });
        let (from, to) = (from?, to?);
        if from >= to {
            self.tell(&to_at, "`to` must be later than `from`");
            return None;
        }
        Some(Burst {
            name: written.name.unwrap_or_else(|| format!("burst {}", index + 1)),
            from,
            to,
            event: written.event,
            restarts: written.restarts.unwrap_or(0),
            done_after,
            set: written.set,
            line: self.place(from_at.start).0,
        })
    }

    fn instant(&mut self, value: &Spanned<Value>) -> Option<f64> {
        let found: Option<Instant> = match value.get_ref() {
            Value::Integer(seconds) => instant::of_number(*seconds as f64),
            Value::Float(seconds) => instant::of_number(*seconds),
            Value::String(text) => instant::parse(text),
            Value::Datetime(datetime) => instant::of_datetime(*datetime),
            _ => None,
        };
        if found.is_none() {
            self.tell(&value.span(), EXPECTED);
        }
        found.map(|instant| instant.seconds)
    }

    fn tell(&mut self, at: &Range<usize>, reason: &str) {
        let (line, column) = self.place(at.start);
        self.errors.push(whole(&format!("{}:{line}:{column}", self.file), reason));
    }

    /// Line and column of a byte, from 1.
    fn place(&self, byte: usize) -> (u64, usize) {
        let before = self.text.get(..byte).unwrap_or(self.text);
        let line = before.bytes().filter(|b| *b == b'\n').count() as u64 + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}
