//! Who does not answer at the end of a run.

use serde::{Deserialize, Serialize};

/// Servers that do not serve, by what is the matter with them, and etcd.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unserved {
    /// Names of those that have no process, start, or fill their caches.
    pub down: Vec<String>,
    /// Names of those that were asked to end: `/readyz` fails.
    pub stopping: Vec<String>,
    /// Names of those that are cut off from the network.
    pub cut_off: Vec<String>,
    /// Names of those that serve, with a cache that clients wait for and that is not filled: its watches are turned
    /// away.
    #[serde(default)]
    pub cold: Vec<String>,
    /// Names of those that serve, while the etcd on their node was killed and has not started again.
    #[serde(default)]
    pub without_etcd: Vec<String>,
    /// Whether etcd has no quorum.
    pub etcd: bool,
}

impl Unserved {
    /// Whether everybody answers.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        let Self { down, stopping, cut_off, cold, without_etcd, etcd } = self;
        let silent =
            down.is_empty() && stopping.is_empty() && cut_off.is_empty() && cold.is_empty();
        silent && without_etcd.is_empty() && !*etcd
    }
}
