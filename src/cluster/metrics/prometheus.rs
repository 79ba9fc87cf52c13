//! Answers of Prometheus' HTTP API: `query` (values at one time) and `query_range` (values at several).
//!
//! One answer has one metric, or all that a selector such as `{job="apiserver"}` finds; the answers
//! of an import are put together.

use std::cell::Cell;
use std::fmt;
use std::io::BufRead;

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::samples::{Samples, wanted};
use super::{Series, is_wanted};
use crate::cluster::objects::json::{Bounded, MOST_OBJECT_BYTES};

/// Reads an answer, and adds it to what was found before. Each series is dropped once its values were
/// taken, so that an answer may have any length; series are kept as long as there are bytes left. Whether
/// something in it is asked for: each answer is often of one metric.
///
/// # Errors
/// What is wrong with it, and what to ask Prometheus for.
pub fn read(
    file: &str,
    text: Box<dyn BufRead>,
    samples: &mut Samples,
    left: &mut usize,
) -> Result<bool, String> {
    let (text, unread) = Bounded::of(text);
    let mut answer =
        Answer { file, samples, left, unread: &unread, error: None, found: 0, foreign: 0 };
    let mut reader = serde_json::Deserializer::from_reader(text);
    let read = reader.deserialize_any(Part(&mut answer)).and_then(|()| reader.end());
    if let Some(error) = answer.error {
        return Err(format!("Prometheus answered with an error: {error}"));
    }
    read.map_err(|error| error.to_string())?;
    if answer.found == 0 && answer.foreign == 0 {
        return Err("no series of an apiserver with its name in it: ask for the series \
             themselves, such as {job=\"apiserver\"}, not for sums or rates"
            .to_owned());
    }
    Ok(answer.found > 0)
}

/// An answer that is being read.
struct Answer<'a> {
    file: &'a str,
    samples: &'a mut Samples,
    /// What the labels of series may still take.
    left: &'a mut usize,
    /// What the reader may still read of one series.
    unread: &'a Cell<u64>,
    error: Option<String>,
    found: u64,
    /// Series of metrics that nothing asks for.
    foreign: u64,
}

/// The answer, its `data`, or the list `result`.
struct Part<'p, 'a>(&'p mut Answer<'a>);

impl<'de> DeserializeSeed<'de> for Part<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_, '_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an answer of Prometheus")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "data" | "result" => map.next_value_seed(Part(self.0))?,
                "error" => self.0.error = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            self.0.unread.set(MOST_OBJECT_BYTES);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut results: A) -> Result<(), A::Error> {
        let answer = self.0;
        while let Some(result) = results.next_element::<Value>()? {
            answer.unread.set(MOST_OBJECT_BYTES);
            let one = one(answer.file, &result, answer.samples, answer.left);
            answer.found += u64::from(one.is_some());
            let metric = result.pointer("/metric/__name__").and_then(Value::as_str);
            answer.foreign += u64::from(metric.is_some_and(|metric| !is_wanted(metric)));
        }
        Ok(())
    }
}

/// Adds the first and the last value of a series that something asks for.
fn one(file: &str, result: &Value, samples: &mut Samples, left: &mut usize) -> Option<()> {
    let labels = result.get("metric")?.as_object()?;
    let labels = labels.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    let (metric, mut labels) = wanted(labels)?;
    // An answer about the only server there is.
    if !labels.iter().any(|(name, _)| name == "instance" || name == "pod") {
        labels.push(("instance".to_owned(), "apiserver".to_owned()));
    }
    let point = |pair: &Value| -> Option<(f64, f64)> {
        let pair = pair.as_array()?;
        let value = pair.get(1)?;
        let value = value.as_str().and_then(|v| v.parse().ok()).or_else(|| value.as_f64())?;
        Some((pair.first()?.as_f64()?, value))
    };
    let values = result.get("values").and_then(Value::as_array);
    let single = result.get("value");
    let first = values.map_or(single, |values| values.first())?;
    let last = values.map_or(single, |values| values.last())?;
    for (at, value) in [point(first)?, point(last)?] {
        let series = Series { labels: labels.clone(), value };
        if !series.label("verb").is_empty() && !Samples::asks_for(&metric, &series) {
            return Some(());
        }
        *left = left.checked_sub(Samples::bytes_of(&series) / 2)?;
        // It has a time.
        let _ = samples.add(file, &metric, series, Some(at));
    }
    Some(())
}
