//! Metrics of apiservers: what one server said at one time, from whatever form it was saved in.

mod text;

use std::collections::BTreeMap;

pub use text::read;

/// A time series at one time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Labels, in the order of the text.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: f64,
}

impl Series {
    /// The value of a label; empty: it has none.
    #[must_use]
    pub fn label(&self, name: &str) -> &str {
        let found = self.labels.iter().find(|(label, _)| label == name);
        found.map_or("", |(_, value)| value.as_str())
    }
}

/// What one server said at one time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scrape {
    /// The file it is from.
    pub file: String,
    /// Series by the name of their metric; only those that something asks for.
    pub metrics: BTreeMap<String, Vec<Series>>,
}

impl Scrape {
    /// The series of a metric; none if it was not exported.
    #[must_use]
    pub fn get(&self, metric: &str) -> &[Series] {
        self.metrics.get(metric).map_or(&[], Vec::as_slice)
    }

    /// The value of a metric without labels, if it is a number.
    #[must_use]
    pub fn value(&self, metric: &str) -> Option<f64> {
        self.get(metric).first().map(|series| series.value).filter(|value| value.is_finite())
    }
}
