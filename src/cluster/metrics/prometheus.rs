//! Answers of Prometheus' HTTP API: `query` (values at one time) and `query_range` (values at several).
//!
//! One answer has one metric, or all that a selector such as `{job="apiserver"}` finds; the answers
//! of an import are put together.

use serde_json::Value;

use super::Series;
use super::samples::{Samples, wanted};

/// Adds an answer to what was found before.
///
/// # Errors
/// What is wrong with it, and what to ask Prometheus for.
pub fn add(file: &str, answer: &Value, samples: &mut Samples) -> Result<(), String> {
    if let Some(error) = answer.get("error").and_then(Value::as_str) {
        return Err(format!("Prometheus answered with an error: {error}"));
    }
    let data = answer.get("data").unwrap_or(answer);
    let results = data.get("result").unwrap_or(data).as_array();
    let results = results.ok_or("there is no `data.result` of Prometheus in it")?;
    let found = results.iter().filter(|result| one(file, result, samples).is_some()).count();
    if found == 0 {
        return Err("no series of an apiserver with its name in it: ask for the series \
             themselves, such as {job=\"apiserver\"}, not for sums or rates"
            .to_owned());
    }
    Ok(())
}

/// Adds the first and the last value of a series that something asks for.
fn one(file: &str, result: &Value, samples: &mut Samples) -> Option<()> {
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
        // It has a time.
        let _ = samples.add(file, &metric, series, Some(at));
    }
    Some(())
}
