//! What a running cluster exports about itself, as a scenario.
//!
//! # The flow
//!
//! ```text
//! files and folders
//!   -> read      each file found, unpacked, recognised by its content, duplicates dropped
//!   -> metrics, audit, …   a reader per form: plain facts, with the file they are from
//!   -> infer, fleets       facts to Findings: what the cluster is, each value with its source
//!   -> write     Findings to commented TOML, or into a scenario that a person has edited
//! ```
//!
//! Nothing here asks a cluster: what left it is in files that people can read first. Every value in the
//! scenario has a [`Source`](source::Source); what was skipped, assumed or missing is said beside it.
//!
//! # The simplest model
//!
//! A fact that a file states is taken as it stands. Of a gauge the last scrape counts, of a counter the
//! difference of two scrapes of one process over the time between them. Servers of a cluster store the
//! same objects, so counts of objects are those of any one; requests and watches are each server's own,
//! so they add up. Memory stays bounded: audit logs and lists of objects are streamed, and of metrics
//! only the series that something here asks for are kept.

pub mod audit;
pub mod check;
pub mod etcd;
pub mod findings;
pub mod fleet;
pub mod fleets;
pub mod infer;
pub mod material;
pub mod metrics;
pub mod objects;
pub mod read;
pub mod source;
pub mod tell;
pub mod write;

use std::path::PathBuf;

use findings::Findings;
use material::Material;

/// What is found out about a cluster from files and folders that it left.
#[must_use]
pub fn import(paths: &[PathBuf]) -> Findings {
    let mut findings = Findings::default();
    let material = Material::read(paths, &mut findings);
    infer::infer(&material, &mut findings);
    fleets::infer(&material, &mut findings);
    findings
}

#[cfg(test)]
mod gather_tests;
#[cfg(test)]
mod several_tests;
#[cfg(test)]
mod tests;
