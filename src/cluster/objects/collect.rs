//! What is kept of objects: counts and sizes of every kind, and what a few kinds say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::control::Control;
use super::pod::{ApiserverPod, OWN_NAMESPACES};
use super::quantity::{bytes_of, cores_of};
use super::{Object, json as json_text, yaml};
use crate::cluster::findings::{Found, Skipped, Source};
use crate::cluster::read::{Input, Kind};
use crate::units::{Bytes, Fnv};

/// Objects that are told apart by their identity; beyond, duplicates are counted twice.
const MOST_IDENTITIES: usize = 2_000_000;
/// What flow schemas and priority levels may take, as JSON.
const MOST_APF_BYTES: u64 = 4 << 20;
/// Kinds that are told apart.
const MOST_KINDS: usize = 20_000;
/// Namespaces of a kind that are told apart.
const MOST_NAMESPACES: usize = 5_000;
/// Mistakes of one file that are told of.
const MOST_TOLD: usize = 10;

/// Objects of a kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted {
    /// The plural.
    pub plural: String,
    /// The API group.
    pub group: String,
    /// How many.
    pub count: u64,
    /// Of those, how many were there; of the others a list only says that there are more.
    pub seen: u64,
    /// Of all, how many had their managed fields.
    pub with_managed_fields: u64,
    /// Bytes of compact JSON of all of them.
    pub json_bytes: u64,
    /// By namespace, how many were there.
    pub namespaces: BTreeMap<String, u64>,
    /// The file of the last one.
    pub file: String,
}

impl Counted {
    fn add_namespace(&mut self, namespace: &str) {
        if let Some(count) = self.namespaces.get_mut(namespace) {
            *count += 1;
        } else if self.namespaces.len() < MOST_NAMESPACES {
            self.namespaces.insert(namespace.to_owned(), 1);
        }
    }
}

/// What a Node says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeFact {
    /// Its name.
    pub name: String,
    /// Whether it is a control-plane node.
    pub control_plane: bool,
    /// Its cores.
    pub cores: Option<f64>,
    /// Its memory.
    pub memory: Option<Bytes>,
    /// Its kubelet's version.
    pub kubelet: String,
    /// The file it is from.
    pub file: String,
}

/// What objects of all files say.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    /// Counts by `plural.group`.
    pub counted: BTreeMap<String, Counted>,
    /// Nodes.
    pub nodes: Vec<NodeFact>,
    /// Pods of kube-apiservers.
    pub apiservers: Vec<ApiserverPod>,
    /// The file of Pods of etcd on nodes of the cluster.
    pub etcd_pods: Option<String>,
    /// What members of etcd take, as metrics-server reports it.
    pub etcd_usage: Vec<Found<Bytes>>,
    /// What tells the number of servers and their configuration.
    pub control: Control,
    /// Served versions of custom resources, by `plural.group`, with the file.
    pub crds: BTreeMap<String, (u32, String)>,
    /// `PriorityLevelConfiguration`s and `FlowSchema`s, stripped to name and spec, by kind and name.
    pub apf: BTreeMap<(String, String), Value>,
    /// The file of the last of those.
    pub apf_file: String,
    apf_bytes: u64,
    /// Items of lists of the file that is read that say no kind.
    nameless: u64,
    seen: BTreeSet<u64>,
    last: Option<String>,
}

impl Objects {
    /// Reads a file of objects, and says what of it was skipped.
    pub fn read(&mut self, input: &Input) -> Vec<Skipped> {
        let mistakes = match input.kind {
            Kind::ObjectsJson => json_text::read(input, self).err().into_iter().collect(),
            Kind::ObjectsYaml => yaml::read(input, self),
            Kind::Audit
            | Kind::Metrics
            | Kind::Prometheus
            | Kind::Version
            | Kind::EtcdCounts
            | Kind::EtcdStatus
            | Kind::Dump => Vec::new(),
        };
        let nameless = std::mem::take(&mut self.nameless);
        let nameless = (nameless > 0).then(|| {
            let what = format!("{nameless} objects in a list say no kind, nor does the list");
            Skipped::file(&input.name, what, "these objects")
        });
        let hidden = mistakes.len().saturating_sub(MOST_TOLD);
        let mut skipped: Vec<Skipped> = mistakes
            .into_iter()
            .take(MOST_TOLD)
            .map(|(line, what)| Skipped {
                line,
                ..Skipped::file(&input.name, what, "the objects from there on, or this one")
            })
            .collect();
        if let Some(last) = skipped.last_mut().filter(|_| hidden > 0) {
            last.cost = Some(format!("this object, and {hidden} more mistakes in this file"));
        }
        skipped.extend(nameless);
        skipped
    }

    /// Takes in an item of a list.
    pub(super) fn add_item(&mut self, object: &Object<'_>) {
        self.nameless += u64::from(object.kind.is_empty());
        self.add(object);
    }

    /// Takes in an object.
    pub(super) fn add(&mut self, object: &Object<'_>) {
        if object.kind.is_empty() {
            return;
        }
        let (plural, group) = (object.plural(), object.group().to_owned());
        let key = key_of(&plural, &group);
        self.last = Some(key.clone());
        if object.group() == "metrics.k8s.io" {
            // Stored nowhere.
            return self.usage(object);
        }
        // Without the uid: that of a static Pod is another at the kubelet's API, and two objects of one
        // name are never there at once.
        let identity = Fnv::new()
            .bytes(key.as_bytes())
            .bytes(object.text("/metadata/namespace").as_bytes())
            .bytes(b"/")
            .bytes(object.text("/metadata/name").as_bytes())
            .bytes(manifest_of(object).as_bytes());
        let fresh = self.seen.len() >= MOST_IDENTITIES || self.seen.insert(identity.value());
        if !fresh {
            return;
        }
        let mut size = Size(0);
        // Counting cannot fail.
        let _ = serde_json::to_writer(&mut size, object.value);
        if self.counted.len() >= MOST_KINDS && !self.counted.contains_key(&key) {
            return;
        }
        let counted = self.counted.entry(key).or_default();
        counted.plural = plural;
        counted.group = group;
        counted.count += 1;
        counted.seen += 1;
        counted.add_namespace(object.text("/metadata/namespace"));
        counted.json_bytes += size.0;
        counted.with_managed_fields += u64::from(object.field("/metadata/managedFields").is_some());
        object.file.clone_into(&mut counted.file);
        self.control.add(object);
        match (object.kind, object.group()) {
            ("Node", "") => self.node(object),
            ("Pod", "") => self.pod(object),
            ("CustomResourceDefinition", "apiextensions.k8s.io") => self.crd(object),
            ("FlowSchema" | "PriorityLevelConfiguration", "flowcontrol.apiserver.k8s.io") => {
                self.apf_bytes += size.0;
                if self.apf_bytes <= MOST_APF_BYTES {
                    self.apf(object);
                }
            }
            _ => {}
        }
    }

    /// The end of a list: what it says of itself. A list with `limit` says how many more there are.
    pub(super) fn list_ends(&mut self, list: &Value) {
        let more = list.pointer("/metadata/remainingItemCount").and_then(Value::as_u64);
        let counted = self.last.as_ref().and_then(|last| self.counted.get_mut(last));
        if let (Some(more), Some(counted)) = (more, counted) {
            let mean = counted.json_bytes / counted.count.max(1);
            counted.json_bytes += mean * more;
            counted.with_managed_fields +=
                more * counted.with_managed_fields / counted.count.max(1);
            counted.count += more;
        }
    }

    fn node(&mut self, object: &Object<'_>) {
        let roles = ["control-plane", "master", "controlplane"];
        let labels = object.field("/metadata/labels").and_then(Value::as_object);
        let control_plane = labels.is_some_and(|labels| {
            roles.iter().any(|role| labels.contains_key(&format!("node-role.kubernetes.io/{role}")))
        });
        self.nodes.push(NodeFact {
            name: object.text("/metadata/name").to_owned(),
            control_plane,
            cores: object.field("/status/capacity/cpu").and_then(cores_of),
            memory: object.field("/status/capacity/memory").and_then(bytes_of),
            kubelet: object.text("/status/nodeInfo/kubeletVersion").to_owned(),
            file: object.file.to_owned(),
        });
    }

    fn pod(&mut self, object: &Object<'_>) {
        if let Some(pod) = ApiserverPod::of(object) {
            self.apiservers.push(pod);
        }
        let containers = object.field("/spec/containers").and_then(Value::as_array);
        let named =
            |name| containers.into_iter().flatten().any(|c| c.get("name") == Some(&json!(name)));
        let namespace = object.text("/metadata/namespace");
        if named("etcd") && OWN_NAMESPACES.contains(&namespace) {
            self.etcd_pods = Some(object.file.to_owned());
        }
    }

    fn usage(&mut self, object: &Object<'_>) {
        let containers = object.field("/containers").and_then(Value::as_array);
        let etcd =
            containers.into_iter().flatten().filter(|c| c.get("name") == Some(&json!("etcd")));
        let bytes = etcd.filter_map(|c| bytes_of(c.pointer("/usage/memory")?));
        let of_cluster = OWN_NAMESPACES.contains(&object.text("/metadata/namespace"));
        self.etcd_usage.extend(
            bytes
                .filter(|_| of_cluster)
                .take(1)
                .map(|bytes| Found::new(bytes, Source::new("usage.memory of etcd", object.file))),
        );
    }

    fn crd(&mut self, object: &Object<'_>) {
        let versions = object.field("/spec/versions").and_then(Value::as_array);
        let served = versions.into_iter().flatten();
        let served = served.filter(|v| v.get("served").and_then(Value::as_bool) != Some(false));
        let key = key_of(object.text("/spec/names/plural"), object.text("/spec/group"));
        let count = u32::try_from(served.count()).unwrap_or(u32::MAX).max(1);
        self.crds.insert(key, (count, object.file.to_owned()));
    }

    fn apf(&mut self, object: &Object<'_>) {
        let name = object.text("/metadata/name").to_owned();
        let stripped = json!({
            "apiVersion": object.api_version,
            "kind": object.kind,
            "metadata": { "name": name },
            "spec": object.field("/spec").cloned().unwrap_or(Value::Null),
        });
        self.apf.insert((object.kind.to_owned(), name), stripped);
        object.file.clone_into(&mut self.apf_file);
    }
}

/// The file of a static manifest: those of several servers have one name, and no uid. Empty: it is none.
fn manifest_of<'o>(object: &Object<'o>) -> &'o str {
    let apart = object.kind == "Pod" && object.text("/metadata/uid").is_empty();
    let placed = !object.text("/spec/nodeName").is_empty();
    if apart && !placed { object.file } else { "" }
}

/// `plural.group`, or the plural alone for core.
#[must_use]
pub(crate) fn key_of(plural: &str, group: &str) -> String {
    if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") }
}

/// A writer that only counts.
struct Size(u64);

impl std::io::Write for Size {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
