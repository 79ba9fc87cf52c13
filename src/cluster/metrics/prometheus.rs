//! Answers of Prometheus' HTTP API: `query` (values at one time) and `query_range` (the first and the
//! last value of each series count).
//!
//! One answer has one metric, or all that a selector such as `{job="apiserver"}` finds; the answers
//! of an import are put together, series by series, into scrapes of each instance.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Scrape, Series, is_wanted};

/// A series with its first and its last value, each with its time.
struct Kept {
    metric: String,
    series: Series,
    first: (f64, f64),
    last: (f64, f64),
    file: String,
}

/// What several answers hold, by instance.
#[derive(Default)]
pub struct Answers {
    instances: BTreeMap<String, Vec<Kept>>,
}

impl Answers {
    /// Adds an answer.
    ///
    /// # Errors
    /// What is wrong with it, and what to ask Prometheus for.
    pub fn add(&mut self, file: &str, answer: &Value) -> Result<(), String> {
        if let Some(error) = answer.get("error").and_then(Value::as_str) {
            return Err(format!("Prometheus answered with an error: {error}"));
        }
        let data = answer.get("data").unwrap_or(answer);
        let results = data.get("result").unwrap_or(data).as_array();
        let results = results.ok_or("there is no `data.result` of Prometheus in it")?;
        let found: Vec<(String, Kept)> =
            results.iter().filter_map(|result| kept(file, result)).collect();
        if found.is_empty() {
            return Err("no series of an apiserver with its name in it: ask for the series \
                 themselves, such as {job=\"apiserver\"}, not for sums or rates"
                .to_owned());
        }
        for (instance, kept) in found {
            self.instances.entry(instance).or_default().push(kept);
        }
        Ok(())
    }

    /// The scrapes they make up: one of each instance, and an earlier one where values span a time.
    #[must_use]
    pub fn scrapes(self) -> Vec<Scrape> {
        let mut scrapes = Vec::new();
        for (instance, all) in self.instances {
            let of = |pick: &dyn Fn(&Kept) -> Option<(f64, f64)>| {
                let mut scrape = Scrape { instance: Some(instance.clone()), ..Scrape::default() };
                for kept in &all {
                    let Some((at, value)) = pick(kept) else { continue };
                    scrape.file.clone_from(&kept.file);
                    let latest = scrape.unix_seconds.map_or(at, |before| before.max(at));
                    scrape.unix_seconds = Some(latest);
                    let series = Series { value, ..kept.series.clone() };
                    scrape.metrics.entry(kept.metric.clone()).or_default().push(series);
                }
                scrape
            };
            let earlier = of(&|kept| (kept.first.0 < kept.last.0).then_some(kept.first));
            let last = of(&|kept| Some(kept.last));
            if !earlier.metrics.is_empty() {
                scrapes.push(earlier);
            }
            scrapes.push(last);
        }
        // Other jobs have processes and Go heaps, too.
        let known: Vec<String> = scrapes
            .iter()
            .filter(|scrape| scrape.is_apiserver())
            .filter_map(|scrape| scrape.instance.clone())
            .collect();
        scrapes.retain(|scrape| scrape.instance.as_ref().is_some_and(|i| known.contains(i)));
        scrapes
    }
}

/// A series that something asks for, with the instance it is of.
fn kept(file: &str, result: &Value) -> Option<(String, Kept)> {
    let labels = result.get("metric")?.as_object()?;
    let label = |name: &str| labels.get(name).and_then(Value::as_str);
    let metric = label("__name__").filter(|name| is_wanted(name))?.to_owned();
    let point = |pair: &Value| -> Option<(f64, f64)> {
        let pair = pair.as_array()?;
        let value = pair.get(1)?;
        let value = value.as_str().and_then(|v| v.parse().ok()).or_else(|| value.as_f64())?;
        Some((pair.first()?.as_f64()?, value))
    };
    let (first, last) = match result.get("values").and_then(Value::as_array) {
        Some(values) => (point(values.first()?)?, point(values.last()?)?),
        None => (point(result.get("value")?)?, point(result.get("value")?)?),
    };
    let instance = label("instance").or_else(|| label("pod")).unwrap_or("apiserver").to_owned();
    let text = |(name, value): (&String, &Value)| {
        (name != "__name__").then(|| Some((name.clone(), value.as_str()?.to_owned())))?
    };
    let labels = labels.iter().filter_map(text).collect();
    let series = Series { labels, value: last.1 };
    Some((instance, Kept { metric, series, first, last, file: file.to_owned() }))
}
