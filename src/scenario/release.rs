//! The Kubernetes release that a scenario names, and those of its clients.

use std::collections::BTreeMap;

use crate::language::{Plain, Resolved};
use crate::model::release::{ClientGo, Release};

/// The release with its gates, if both are sound.
pub(super) fn release_of(root: &Resolved) -> Option<Release> {
    let apiserver = root.table("apiserver")?;
    let gates: BTreeMap<String, bool> =
        apiserver.flags("feature-gates").iter().map(|(name, on, _)| (name.clone(), *on)).collect();
    default_release(apiserver)?.with_gates(&gates).ok()
}

pub(super) fn default_release(apiserver: &Resolved) -> Option<Release> {
    match apiserver.plain("version")? {
        Plain::Minor(minor) => Release::of_minor(*minor),
        _ => None,
    }
}

/// What the clients of a fleet do by their `client-version`; `None`: it is that of the servers.
pub(super) fn client_of(fleet: &Resolved) -> Option<ClientGo> {
    match fleet.plain("client-version")? {
        Plain::Minor(minor) => ClientGo::of_minor(*minor),
        _ => None,
    }
}
