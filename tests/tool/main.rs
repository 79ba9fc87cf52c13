//! The binary and what it writes: verbs, exit codes, reports, run folders, and the pages of the
//! documentation, executed.

#[cfg(unix)]
mod action;
mod alerts;
mod capacity;
mod cli;
mod collect;
mod completions;
mod docs;
mod experiment;
mod folder;
mod html;
mod import;
mod interrupt;
mod openmetrics;
mod report;
#[path = "../support/mod.rs"]
mod support;
mod sweep;
mod synthetic;
