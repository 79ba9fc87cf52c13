//! What is known of etcd itself: its memory, its database, and the keys in it.
//!
//! Sources: etcd's own metrics; the usage that metrics-server reports; `collection-scripts/gather_etcd` of
//! openshift/must-gather, which counts keys and bytes by the first part of the key below the prefix.

use std::collections::BTreeMap;

use serde_json::Value;

use super::metrics::Scrape;
use super::objects::key_of;
use super::source::{Found, Source};
use crate::scenario::builtin;
use crate::units::Bytes;

/// Prefixes of a kube-apiserver (`--etcd-prefix`): of `OpenShift`, and the default.
const PREFIXES: [&str; 2] = ["/kubernetes.io/", "/registry/"];
/// Parts of keys that are not called as their resource
/// (`SpecialDefaultResourcePrefixes` in `pkg/kubeapiserver/default_storage_factory_builder.go`, 1.34).
const SPECIAL: [(&str, &str); 6] = [
    ("minions", "nodes"),
    ("controllers", "replicationcontrollers"),
    ("ingress", "ingresses.networking.k8s.io"),
    ("podsecuritypolicy", "podsecuritypolicies.policy"),
    ("apiextensions.k8s.io", "customresourcedefinitions.apiextensions.k8s.io"),
    ("apiregistration.k8s.io", "apiservices.apiregistration.k8s.io"),
];
/// Keys of Services and Endpoints together.
pub(super) const SERVICES: &str = "services";
/// Keys of allocated addresses and ports.
const RANGES: &str = "ranges";

/// What is known of etcd.
#[derive(Clone, Debug, Default)]
pub struct Etcd {
    /// Objects and their bytes by `plural.group`, and the file.
    pub stored: BTreeMap<String, (u64, Bytes, String)>,
    /// The same by API group, of custom resources: keys begin with their group.
    pub groups: BTreeMap<String, (u64, Bytes, String)>,
    /// The size of its database.
    pub database: Option<Found<Bytes>>,
    /// Its resident memory: of several members the largest.
    pub memory: Option<Found<Bytes>>,
}

impl Etcd {
    /// Takes in what `gather_etcd` counted.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn add_counts(&mut self, file: &str, counts: &Value) -> Result<(), String> {
        let all = counts.get("etcd_resources").and_then(Value::as_array);
        for one in all.ok_or("there is no list `etcd_resources` in it")? {
            let text = |name: &str| match one.get(name) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => String::new(),
            };
            let name = text("object_name");
            let part = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix));
            let (Some(part), Ok(count), Some(bytes)) =
                (part, text("object_count").parse::<u64>(), iec(&text("object_size")))
            else {
                continue;
            };
            let one = |count, bytes| (count, bytes, file.to_owned());
            if part == SERVICES {
                // As a rule each Service has Endpoints.
                let half = one(count.div_ceil(2), Bytes(bytes.0.div_ceil(2)));
                self.stored.insert(SERVICES.to_owned(), half.clone());
                self.stored.insert("endpoints".to_owned(), half);
            } else if let Some(key) = resource_of_part(part) {
                self.stored.insert(key, one(count, bytes));
            } else if part.contains('.') {
                self.groups.insert(part.to_owned(), one(count, bytes));
            }
        }
        Ok(())
    }

    /// Takes in `etcdctl endpoint status`: members have the same keys, and files of nearly one size.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn add_status(&mut self, file: &str, status: &Value) -> Result<(), String> {
        let all = status.as_array().ok_or("a list of endpoints is expected")?;
        let size = |one: &Value| one.pointer("/Status/dbSize").and_then(Value::as_u64);
        let most = all.iter().filter_map(size).max().ok_or("no endpoint has a dbSize")?;
        self.database = Some(Found::new(Bytes(most), Source::new("dbSize", file)));
        Ok(())
    }

    /// Takes in a scrape of etcd.
    pub fn add_scrape(&mut self, scrape: &Scrape) {
        let found = |metric: &str| {
            let bytes = scrape.value(metric).filter(|bytes| *bytes > 0.0)?;
            Some(Found::new(Bytes(bytes as u64), Source::new(metric, scrape.file.clone())))
        };
        if let Some(found) = found("process_resident_memory_bytes") {
            self.add_memory(found);
        }
        if self.database.is_none() {
            self.database = found("etcd_mvcc_db_total_size_in_bytes");
        }
    }

    /// Takes in what a member of etcd takes.
    pub fn add_memory(&mut self, found: Found<Bytes>) {
        if self.memory.as_ref().is_none_or(|before| before.value < found.value) {
            self.memory = Some(found);
        }
    }
}

/// The resource of the first part of a key; `None`: unknown.
fn resource_of_part(part: &str) -> Option<String> {
    if let Some((_, key)) = SPECIAL.iter().find(|(special, _)| *special == part) {
        return Some((*key).to_owned());
    }
    (part != RANGES && builtin::is_known(part)).then(|| key_of(part, builtin::group_of(part)))
}

/// Bytes as `numfmt --to=iec` writes them: `812`, `3.4K`, `12M`.
fn iec(text: &str) -> Option<Bytes> {
    let at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let shift = match text.get(at..at + 1) {
        None => 0,
        Some("K") => 10,
        Some("M") => 20,
        Some("G") => 30,
        Some("T") => 40,
        Some(_) => return None,
    };
    let number: f64 = text[..at].trim().parse().ok()?;
    (0.0..1e6).contains(&number).then(|| Bytes((number * (1_u64 << shift) as f64) as u64))
}
