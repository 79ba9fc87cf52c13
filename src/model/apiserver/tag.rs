//! Whose a request is: what a server hands back with it when it has finished.

use crate::model::ids::{ClientId, ResourceId};

/// Whose a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tag {
    /// A client waits for it.
    Client(ClientId),
    /// A client has waited for it, and gave it up: the handler works on.
    Orphan(ClientId),
    /// The server itself, when it starts or fills a cache.
    StartUp(StartUp),
}

/// What a request of the server itself does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StartUp {
    /// The process starts, up to its listener.
    Boot,
    /// Loads what the scenario does not list.
    Rest,
    /// Fills the watch cache of a resource.
    Cache(ResourceId),
    /// Fills the server's own informer of a resource.
    Loopback(ResourceId),
    /// Compares a watch cache with etcd.
    Check(ResourceId),
}

impl Default for Tag {
    /// That of a slot without a request.
    fn default() -> Self {
        Self::StartUp(StartUp::Boot)
    }
}
