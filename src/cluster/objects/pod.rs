//! The Pod of a kube-apiserver: flags, environment, limits, probes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Object;
use super::quantity::{bytes_of, cores_of, text_of};
use crate::units::Bytes;

/// Where the control plane of this cluster runs; others have control planes of others.
pub(super) const OWN_NAMESPACES: [&str; 4] =
    ["kube-system", "openshift-etcd", "openshift-kube-apiserver", ""];

/// What the Pod of a kube-apiserver says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiserverPod {
    /// The file it is from.
    pub file: String,
    /// Its name.
    pub name: String,
    /// The node it runs on; empty in a static manifest.
    pub node: String,
    /// Flags without their dashes; of a repeated one the last.
    pub flags: BTreeMap<String, String>,
    /// Environment variables with their values.
    pub env: BTreeMap<String, String>,
    /// Memory limit of the container.
    pub memory_limit: Option<Bytes>,
    /// CPU limit of the container, in cores.
    pub cpu_limit: Option<f64>,
    /// Whether the kubelet probes it for liveness.
    pub probes: bool,
    /// Whether that probe leaves etcd out: `livez?exclude=etcd`.
    pub probes_without_etcd: bool,
}

impl ApiserverPod {
    /// What a Pod says, if it runs a kube-apiserver.
    #[must_use]
    pub fn of(object: &Object<'_>) -> Option<Self> {
        if !OWN_NAMESPACES.contains(&object.text("/metadata/namespace")) {
            return None;
        }
        let containers = object.field("/spec/containers")?.as_array()?;
        let container = containers.iter().find(|container| {
            let name = container.get("name").and_then(Value::as_str).unwrap_or_default();
            let program = words(container, "command").next().unwrap_or_default();
            name == "kube-apiserver" || program.rsplit('/').next() == Some("kube-apiserver")
        })?;
        let probed = container.pointer("/livenessProbe/httpGet/path").and_then(Value::as_str);
        let limit = |name: &str| container.pointer(&format!("/resources/limits/{name}"));
        let memory_limit = limit("memory").and_then(bytes_of);
        let env = environment(container, memory_limit);
        Some(Self {
            file: object.file.to_owned(),
            name: object.text("/metadata/name").to_owned(),
            node: object.text("/spec/nodeName").to_owned(),
            flags: flags(words(container, "command").chain(words(container, "args"))),
            env,
            memory_limit,
            cpu_limit: limit("cpu").and_then(cores_of),
            probes: container.get("livenessProbe").is_some(),
            probes_without_etcd: probed.is_some_and(|path| path.contains("exclude=etcd")),
        })
    }
}

/// The words of `command` or `args`.
fn words<'c>(container: &'c Value, key: &str) -> impl Iterator<Item = &'c str> {
    let all = container.get(key).and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_str)
}

/// `--name=value`, `--name value`, and `--name` alone for `true`.
fn flags<'w>(words: impl Iterator<Item = &'w str>) -> BTreeMap<String, String> {
    let mut flags = BTreeMap::new();
    let mut waiting: Option<String> = None;
    // A shell line is a single word.
    for word in words.flat_map(str::split_whitespace) {
        if let Some(flag) = word.strip_prefix("--") {
            if let Some(name) = waiting.take() {
                flags.insert(name, "true".to_owned());
            }
            match flag.split_once('=') {
                Some((name, value)) => {
                    flags.insert(name.to_owned(), value.trim_matches(['"', '\'']).to_owned());
                }
                None => waiting = Some(flag.to_owned()),
            }
        } else if let Some(name) = waiting.take() {
            flags.insert(name, word.to_owned());
        }
    }
    flags.extend(waiting.map(|name| (name, "true".to_owned())));
    flags
}

/// Variables that are stated, and GOMEMLIMIT taken from the limit.
fn environment(container: &Value, memory_limit: Option<Bytes>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for variable in container.get("env").and_then(Value::as_array).into_iter().flatten() {
        let Some(name) = variable.get("name").and_then(Value::as_str) else { continue };
        let field =
            variable.pointer("/valueFrom/resourceFieldRef/resource").and_then(Value::as_str);
        let value = match (variable.get("value"), field, memory_limit) {
            (Some(value), ..) => text_of(value),
            (None, Some("limits.memory"), Some(limit)) => limit.0.to_string(),
            _ => continue,
        };
        found.insert(name.to_owned(), value);
    }
    found
}
