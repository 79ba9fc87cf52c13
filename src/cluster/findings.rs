//! What was found out about a cluster: plain data, each value with where it is from.

use std::collections::BTreeMap;

use super::fleet::Fleet;
pub use super::source::{Found, Source};
use crate::units::{Bytes, SimSpan};

/// The release of the servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseFound {
    /// The minor, such as 34.
    pub minor: u8,
    /// As the cluster says it, such as `v1.34.1+rke2r1`.
    pub git_version: String,
}

/// One apiserver.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Server {
    /// Its name: the Pod's, the instance's, or the file's.
    pub name: String,
    /// GOMEMLIMIT; `None` inside: none is set.
    pub gomemlimit: Option<Found<Option<Bytes>>>,
    /// GOGC in per cent; `None` inside: off.
    pub gogc: Option<Found<Option<u32>>>,
    /// GOMAXPROCS.
    pub gomaxprocs: Option<Found<u32>>,
    /// Memory limit of the container.
    pub memory_limit: Option<Found<Bytes>>,
    /// CPU limit of the container, in cores.
    pub cpu_limit: Option<Found<f64>>,
    /// Flags of the command line, without their dashes; of a repeated flag the last.
    pub flags: BTreeMap<String, Found<String>>,
    /// Whether the kubelet probes it.
    pub probes: Option<Found<bool>>,
    /// Whether it does so without etcd, where it does.
    pub probes_without_etcd: Option<Found<bool>>,
    /// Resident memory at the last scrape.
    pub resident: Option<Found<Bytes>>,
    /// Time since the process started, at the last scrape.
    pub up_for: Option<Found<SimSpan>>,
}

/// A resource of the API, by `plural` or `plural.group`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    /// Its plural, such as `pods`.
    pub plural: String,
    /// Its API group; empty for core.
    pub group: String,
    /// Objects stored.
    pub count: Option<Found<u64>>,
    /// Mean stored size.
    pub size: Option<Found<Bytes>>,
    /// Mean size as compact JSON.
    pub json_size: Option<Found<Bytes>>,
    /// Served versions, of a custom resource.
    pub versions: Option<Found<u32>>,
    /// Writes per second.
    pub writes: Option<Found<f64>>,
    /// Whether that is a mean since the servers started.
    pub writes_since_start: bool,
    /// The user who writes most of them.
    pub writer: Option<Found<String>>,
    /// Watches open at the last scrape, on all servers.
    pub watches: Option<Found<u64>>,
    /// Whether it has a watch cache.
    pub watch_cache: Option<Found<bool>>,
}

/// The nodes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Nodes {
    /// How many there are.
    pub count: Option<Found<u32>>,
    /// Of a control-plane node: cores.
    pub control_plane_cores: Option<Found<f64>>,
    /// Of a control-plane node: memory.
    pub control_plane_memory: Option<Found<Bytes>>,
    /// Whether etcd runs on the nodes of the apiservers.
    pub etcd_beside: Option<Found<bool>>,
    /// What a member of etcd takes.
    pub etcd_memory: Option<Found<Bytes>>,
}

/// A priority level as the servers report it.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelSeats {
    /// Its name.
    pub name: String,
    /// Its nominal seats on one server.
    pub nominal: Found<u32>,
}

/// Something that was read and not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The file.
    pub file: String,
    /// The line, if it was one.
    pub line: Option<u64>,
    /// What is wrong with it.
    pub what: String,
    /// What is therefore not known; `None`: nothing is lost by it.
    pub cost: Option<String>,
}

impl Skipped {
    /// A file that was not used, or a part of it, and what is lost by that.
    pub(super) fn file(
        file: impl Into<String>,
        what: impl Into<String>,
        cost: impl Into<String>,
    ) -> Self {
        Self { cost: Some(cost.into()), ..Self::passed_over(file, what) }
    }

    /// A file that was not used, and need not be.
    pub(super) fn passed_over(file: impl Into<String>, what: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, what: what.into(), cost: None }
    }
}

/// A value that no file has, and what was taken for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumed {
    /// What, and the value taken.
    pub what: String,
    /// The command or file that tells.
    pub command: String,
}

/// A file that would tell more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What cannot be known without it.
    pub what: String,
    /// The command that gives it.
    pub command: String,
}

/// What was found out about a cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// The release.
    pub release: Option<Found<ReleaseFound>>,
    /// The servers, in the order of their names.
    pub servers: Vec<Server>,
    /// How many servers there are, and how that was found.
    pub replicas: Option<Found<u16>>,
    /// `--max-requests-inflight` and `--max-mutating-requests-inflight`.
    pub inflight: Option<Found<(u32, u32)>>,
    /// Feature gates that differ from the release's defaults.
    pub gates: BTreeMap<String, Found<bool>>,
    /// Resources, by `plural.group` (`pods` for core).
    pub resources: BTreeMap<String, Resource>,
    /// Custom resource definitions.
    pub crds: Option<Found<u64>>,
    /// The nodes.
    pub nodes: Nodes,
    /// Namespaces.
    pub namespaces: Option<Found<u64>>,
    /// Flow schemas and priority levels as a manifest, with their number and file.
    pub apf: Option<Found<(usize, String)>>,
    /// Bytes of etcd's database.
    pub database: Option<Found<Bytes>>,
    /// Priority levels, by name.
    pub levels: Vec<LevelSeats>,
    /// The clients.
    pub fleets: Vec<Fleet>,
    /// Files that were read: name, and what they are.
    pub read: Vec<(String, String)>,
    /// What was skipped.
    pub skipped: Vec<Skipped>,
    /// What was assumed.
    pub assumed: Vec<Assumed>,
    /// What would tell more.
    pub missing: Vec<Missing>,
}

impl Findings {
    /// Whether nothing useful was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let known = |resource: &Resource| resource.count.as_ref().is_some_and(|c| c.value > 0);
        self.servers.is_empty() && self.fleets.is_empty() && !self.resources.values().any(known)
    }

    /// The tightest memory limit: that server dies first.
    #[must_use]
    pub fn memory_limit(&self) -> Option<&Found<Bytes>> {
        let limits = self.servers.iter().filter_map(|server| server.memory_limit.as_ref());
        limits.min_by_key(|found| found.value)
    }

    /// The fewest cores that the container of a server may use.
    #[must_use]
    pub fn cpu_limit(&self) -> Option<&Found<f64>> {
        let limits = self.servers.iter().filter_map(|server| server.cpu_limit.as_ref());
        limits.min_by(|a, b| a.value.total_cmp(&b.value))
    }

    /// The smallest GOMEMLIMIT, and where it is from.
    #[must_use]
    pub fn gomemlimit(&self) -> Option<Found<Bytes>> {
        let limits = self.servers.iter().filter_map(|server| server.gomemlimit.as_ref());
        let limits =
            limits.filter_map(|found| Some(Found::new(found.value?, found.source.clone())));
        limits.min_by_key(|found| found.value)
    }

    /// Notes a value that no file has.
    pub(crate) fn assume(&mut self, what: &str, command: &str) {
        let (what, command) = (what.to_owned(), command.to_owned());
        self.assumed.push(Assumed { what, command });
    }
}
