//! The Kubernetes release that a scenario names, and those of its clients.

use crate::language::{Plain, Resolved};
use std::collections::BTreeMap;

use crate::model::release::Release;

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

/// The minor of the client-go that the members of a fleet were built with, if that is said.
pub(super) fn client_minor(client: &Resolved) -> Option<u8> {
    match client.plain("client-version")? {
        Plain::Minor(minor) => Some(*minor),
        _ => None,
    }
}
