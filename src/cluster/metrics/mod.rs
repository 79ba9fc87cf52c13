//! Metrics of apiservers: what one server said at one time, from whatever form it was saved in.
//!
//! [`text`] and [`prometheus`] read files, [`samples`] makes scrapes of what is in them, and [`servers`]
//! pairs scrapes of one process, so that counters become rates.

pub mod prometheus;
pub mod samples;
pub mod servers;
pub mod text;

use std::collections::BTreeMap;

/// Metrics that something asks for. Everything else is passed over, so that a scrape of a large
/// cluster, of some 50 MB, leaves a few.
const WANTED: [&str; 36] = [
    "apiserver_flowcontrol_nominal_limit_seats",
    "apiserver_flowcontrol_priority_level_request_utilization_count",
    "apiserver_flowcontrol_read_vs_write_current_requests_count",
    "apiserver_flowcontrol_request_concurrency_limit",
    "apiserver_flowcontrol_upper_limit_seats",
    "apiserver_longrunning_requests",
    "apiserver_watch_events_total",
    "apiserver_request_body_size_bytes_count",
    "apiserver_request_body_size_bytes_sum",
    "apiserver_request_total",
    "apiserver_resource_objects",
    "apiserver_resource_size_estimate_bytes",
    "apiserver_storage_db_total_size_in_bytes",
    "apiserver_storage_events_received_total",
    "apiserver_storage_objects",
    "apiserver_storage_size_bytes",
    "apiserver_watch_cache_events_received_total",
    "apiserver_watch_events_sizes_count",
    "apiserver_watch_events_sizes_sum",
    "etcd_mvcc_db_total_size_in_bytes",
    "etcd_object_counts",
    "etcd_server_has_leader",
    "go_cpu_classes_total_cpu_seconds_total",
    "go_gc_gogc_percent",
    "go_gc_gomemlimit_bytes",
    "go_memstats_last_gc_time_seconds",
    "go_sched_gomaxprocs_threads",
    "kubernetes_build_info",
    "kubernetes_feature_enabled",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "watch_cache_capacity",
    "apiextensions_openapi_v3_regeneration_count",
    "apiserver_registered_watchers",
    "etcd_requests_total",
];

/// Objects by resource: from 1.34; from 1.21; before.
pub(super) const COUNTS: [&str; 3] =
    ["apiserver_resource_objects", "apiserver_storage_objects", "etcd_object_counts"];

/// Whether something asks for a metric.
#[must_use]
pub fn is_wanted(metric: &str) -> bool {
    WANTED.contains(&metric)
}

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
    /// The server's name, where the series say it.
    pub instance: Option<String>,
    /// When it was taken, in seconds since 1970, where the series say it.
    pub unix_seconds: Option<f64>,
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

    /// Whether who said it counts stored objects.
    #[must_use]
    pub fn counts_objects(&self) -> bool {
        COUNTS.iter().any(|metric| !self.get(metric).is_empty())
    }

    /// Whether a member of etcd said it.
    #[must_use]
    pub fn is_etcd(&self) -> bool {
        !self.get("etcd_server_has_leader").is_empty() && !self.is_apiserver()
    }

    /// Whether an apiserver said it.
    #[must_use]
    pub fn is_apiserver(&self) -> bool {
        let of_one = |name: &String| {
            let counts = name.starts_with("etcd_object") || name.starts_with("watch_cache");
            name.starts_with("apiserver_") || counts
        };
        // The kubelet, the controller manager and others have a few of these, too.
        self.metrics.keys().filter(|name| of_one(name)).count() >= 2
            || !self.get("apiserver_request_total").is_empty()
    }
}

#[cfg(test)]
mod tests;
