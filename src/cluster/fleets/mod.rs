//! Who the clients of a cluster are, and what each of them does.
//!
//! # The simplest model
//!
//! A fleet is a client of the audit log ([`from_audit`]): one user, or a user per member, with one family
//! of user agents. Its members are the Pods, users, addresses or open watches that were there at once. A
//! watch on a collection is a reflector; lists of what is not watched are a poller, if they come again
//! and again; writes are a steady rate per member, without the one burst of an installation. Without an
//! audit log, fleets follow from open watches, nodes and what is known of common agents
//! ([`from_metrics`]): how many watch what, but neither who nor how.
//!
//! Everything that is seen ends in a fleet. What has nothing steady, or next to nothing, is one fleet,
//! the last.

mod counts;
mod flows;
mod folded;
mod from_audit;
mod from_metrics;
mod infer;
mod members;
mod names;
mod work;

#[cfg(test)]
mod export_tests;
#[cfg(test)]
mod tests;

pub(in crate::cluster) use counts::together;
pub use from_audit::from_audit;
pub use from_metrics::{AllWatches, OpenWatches, from_metrics};
pub use infer::infer;
pub(in crate::cluster) use names::asks_for_json;

pub use super::fleet::{Fleet, Read, ReadKind, Selected, Write};

use std::collections::BTreeMap;

use crate::model::apf::config::FlowSchema;

/// The name of the fleet of all that is not worth one of its own.
pub const OTHERS: &str = "other-clients";

/// What is known of the cluster besides, and helps to read the clients.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cluster<'c> {
    /// Its nodes.
    pub nodes: Option<u32>,
    /// Its namespaces.
    pub namespaces: Option<u64>,
    /// Its apiservers.
    pub servers: Option<u16>,
    /// Its flow schemas.
    pub flow_schemas: &'c [FlowSchema],
    /// Bytes of all objects of a resource, where they are known.
    pub bytes: Option<&'c BTreeMap<String, f64>>,
    /// Shares of the objects of a resource that are in a namespace, where its objects were read.
    pub shares: Option<&'c BTreeMap<(String, String), f64>>,
}

/// Fleets, and what to know about them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fleets {
    /// The fleets: the largest first, [`OTHERS`] last.
    pub fleets: Vec<Fleet>,
    /// What cannot be told from what was there, and what was taken instead.
    pub notes: Vec<String>,
}

/// `pods`, `leases.coordination.k8s.io`.
fn plural_group(plural: &str, group: &str) -> String {
    if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") }
}
