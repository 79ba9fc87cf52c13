//! The scenarios that come with oomcast: the files of `scenarios/`, inside the binary.
//!
//! A bare name without an extension, such as `kep-3157-buffered`, stands for one of them wherever a
//! scenario file is read, unless a file of that name is there. What a shipped scenario names beside
//! itself (`manifests/...`) is inside as well: both are read through one function.

use std::path::{Path, PathBuf};

use crate::language::tell::suggest;
use crate::language::text::file;

/// Where shipped files are, as messages and origins name them.
const FOLDER: &str = "<shipped>";

/// A shipped scenario.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// Its name; that of its file without `.toml`.
    pub name: &'static str,
    /// What kind of thing it is.
    pub group: &'static str,
    /// One line: what it is.
    pub summary: &'static str,
    /// Its TOML.
    pub text: &'static str,
}

macro_rules! shipped {
    ($($group:literal: $($name:literal = $summary:literal,)*;)*) => {
        /// Every shipped scenario, by group.
        pub const SHIPPED: &[Shipped] = &[$($(Shipped {
            name: $name,
            group: $group,
            summary: $summary,
            text: include_str!(concat!("../../scenarios/", $name, ".toml")),
        },)*)*];
    };
}

shipped! {
    "Benchmarks":
        "kep-3157-buffered" = "up to 16 informers LIST 400 MB of Secrets",
        "kep-3157-streamed" = "the same Secrets by watch-lists",
        "list-benchmark-buffered" = "ten clients LIST 1 GB of ConfigMaps, buffered",
        "list-benchmark-streamed" = "the same LISTs, streamed",;
    "Incidents":
        "antrea-restart" = "50 agents restart and LIST Pods from etcd",
        "cilium-restart" = "200 Cilium agents restart, masters of 16 GB",
        "cilium-restart-64g" = "the same, masters of 64 GB",
        "cilium-restart-apf" = "the same with the APF objects that ended it",
        "cold-restart" = "five servers of 5,000 nodes start, caches empty",
        "etcd-return" = "etcd comes back, and all caches fill at once",
        "kepler-upgrade" = "an upgraded agent watches all Pods",
        "kindling-restart" = "agents of 30 nodes start at once, one server",
        "pending-pods-storm" = "400 nodes join, 2,000 pending Pods start",
        "reflector-herd" = "3,000 kubelets retry in step, every second",
        "rolling-upgrade-410" = "masters of 5,000 nodes are rolled; 410 Gone",
        "skewed-watchers" = "watches gather on one server after a roll",
        "slow-etcd" = "requests pile up behind slow disks of etcd",
        "stale-reads" = "restarted kubelets see Pods that are gone",
        "slow-watchers" = "watchers fall behind and LIST again and again",
        "typha-restart" = "three Typhas LIST four resources from etcd",;
    "Made up":
        "ha-cascade" = "a DaemonSet rollout takes three servers down",
        "ha-cascade-streamed" = "the same rollout with streamed lists",
        "remedies" = "two storms, and each remedy as a profile",;
}

/// What shipped scenarios name beside themselves: paths in `scenarios/`, with their text.
const BESIDE: &[(&str, &str)] = &[(
    "manifests/cilium-flowschema.yaml",
    include_str!("../../scenarios/manifests/cilium-flowschema.yaml"),
)];

impl Shipped {
    /// Where [`load_file`](super::load_file) reads it, whatever files there are.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        Path::new(FOLDER).join(self.name).with_extension("toml")
    }

    /// The files that it names beside itself: their paths relative to it, with their text.
    pub fn beside(&self) -> impl Iterator<Item = &'static (&'static str, &'static str)> + '_ {
        BESIDE.iter().filter(|(path, _)| self.text.contains(path))
    }
}

/// The shipped scenario of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Shipped> {
    SHIPPED.iter().find(|shipped| shipped.name == name)
}

/// The name of a shipped scenario that was probably meant.
#[must_use]
pub fn nearest(name: &str) -> Option<&'static str> {
    suggest::nearest(name, SHIPPED.iter().map(|shipped| shipped.name))
}

/// Where to read a scenario: the path itself, or that of the shipped one which it names.
pub(super) fn resolve(path: &Path) -> PathBuf {
    match path.to_str().and_then(find) {
        Some(shipped) if !path.exists() => shipped.path(),
        _ => path.to_owned(),
    }
}

/// The bytes of a file, shipped or not; see [`file::read`].
pub(super) fn read(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let Ok(inside) = path.strip_prefix(FOLDER) else {
        return file::read(path, most);
    };
    let name = inside.to_str().unwrap_or_default();
    let scenario = name.strip_suffix(".toml").and_then(find).map(|shipped| shipped.text);
    let beside = || BESIDE.iter().find(|(path, _)| *path == name).map(|(_, text)| *text);
    let text = scenario.or_else(beside).ok_or("there is no such file among the shipped ones")?;
    Ok(text.as_bytes().to_vec())
}
