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
    /// Whether etcd has no quorum.
    pub etcd: bool,
}

impl Unserved {
    /// Whether everybody answers.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.down.is_empty() && self.stopping.is_empty() && self.cut_off.is_empty() && !self.etcd
    }
}
