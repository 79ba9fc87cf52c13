//! Series in the JSON of Prometheus' HTTP API.

use serde_json::Value;

use super::instant::{self, EXPECTED};
use super::{Column, Export, Sample, value, whole};
use crate::validation::observation::ObservationError;

/// What to ask Prometheus for.
const ASK: &str = "ask /api/v1/query_range for \
    container_memory_working_set_bytes{container=\"kube-apiserver\"}";

/// Reads an answer of `query_range`: whole, or only its `data` or `result`.
pub(super) fn read(file: &str, text: &str) -> Result<Export, Vec<ObservationError>> {
    let wrong = |reason: String| vec![whole(file, reason)];
    let answer: Value =
        serde_json::from_str(text).map_err(|error| wrong(format!("this is not JSON: {error}")))?;
    if let Some(error) = answer.get("error").and_then(Value::as_str) {
        return Err(wrong(format!("Prometheus answered with an error: {error}")));
    }
    let data = answer.get("data").unwrap_or(&answer);
    if let Some(kind) = data.get("resultType").and_then(Value::as_str)
        && kind != "matrix"
    {
        return Err(wrong(format!("this is a {kind:?}, values at one time; {ASK}")));
    }
    let results = data.get("result").unwrap_or(data).as_array();
    let Some(results) = results else {
        return Err(wrong(format!("there is no `data.result` of Prometheus in it; {ASK}")));
    };
    if results.is_empty() {
        return Err(wrong("the answer has no series: check labels and times of the query".into()));
    }
    let columns = results.iter().enumerate().map(|(index, one)| column(index, one));
    let columns: Result<Vec<Column>, String> = columns.collect();
    Ok(Export { columns: columns.map_err(wrong)?, zoneless: false })
}

fn column(index: usize, one: &Value) -> Result<Column, String> {
    let path = format!("result[{index}].values");
    let Some(values) = one.get("values").and_then(Value::as_array) else {
        return Err(format!("`{path}` is missing; {ASK}"));
    };
    let sample = |(place, pair): (usize, &Value)| -> Result<Option<Sample>, String> {
        let wrong = |reason: &str| format!("`{path}[{place}]`: {reason}");
        let (time, text) = match pair.as_array().map(Vec::as_slice) {
            Some([time, Value::String(text)]) => (time, text.clone()),
            Some([time, Value::Number(number)]) => (time, number.to_string()),
            _ => return Err(wrong("a pair of a time and a value in quotes is wanted")),
        };
        let at = time.as_f64().and_then(instant::of_number).ok_or_else(|| wrong(EXPECTED))?;
        let bytes = value(&text).map_err(|reason| wrong(&reason))?;
        Ok(bytes.map(|bytes| Sample { at: at.seconds, bytes }))
    };
    let samples: Result<Vec<Option<Sample>>, String> =
        values.iter().enumerate().map(sample).collect();
    Ok(Column { name: name(one), samples: samples?.into_iter().flatten().collect() })
}

/// `container_memory_working_set_bytes{pod="kube-apiserver-cp-1"}`.
fn name(one: &Value) -> String {
    let labels = one.get("metric").and_then(Value::as_object);
    let label =
        |(name, value): (&String, &Value)| (name != "__name__").then(|| format!("{name}={value}"));
    let all: Vec<String> = labels.into_iter().flatten().filter_map(label).collect();
    let metric = labels.and_then(|labels| labels.get("__name__")).and_then(Value::as_str);
    format!("{}{{{}}}", metric.unwrap_or_default(), all.join(","))
}
