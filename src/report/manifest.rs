//! The manifest of a folder, `run.json`: what was run, with which tool, whether it is complete, which files.

use std::path::{Component, Path};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Name of the manifest.
pub const MANIFEST: &str = "run.json";

/// Whether all files of a folder are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// A sweep that goes on or was stopped, or files that are being moved to their places; or its writer was
    /// stopped by Ctrl-C, and its files hold what was done by then.
    Partial,
    /// All there.
    Complete,
}

/// `run.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// As of `summary.json`.
    pub format_version: String,
    /// Version of oomcast.
    pub tool_version: String,
    /// The scenario's name.
    pub scenario: String,
    /// Hash of the effective scenario.
    pub scenario_hash: String,
    /// Master seed.
    pub seed: u64,
    /// How many replications; of a sweep, at each point.
    pub replications: u32,
    /// The line that makes it again from the scenarios in the folder, without `oomcast`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub command: String,
    /// Hash of the design of a sweep; absent of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub design_hash: Option<String>,
    /// See [`Status`].
    pub status: Status,
    /// Files of the run beside this one, sorted, relative to the folder, with `/`.
    pub files: Vec<String>,
}

/// A name from a manifest that somebody may have edited: never follow it out of the folder.
pub(super) fn stays_inside(name: &str) -> bool {
    Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}
