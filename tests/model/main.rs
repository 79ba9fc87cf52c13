//! The model in whole runs: its laws, storms against their arithmetic, queueing theory, and what
//! single behaviours do in small scenarios.

mod admission;
mod connections;
mod dynamics;
mod faults;
mod hostile;
mod largest;
mod laws;
mod outcomes;
mod storms;
#[path = "../support/mod.rs"]
mod support;
mod theory;
mod watch_cache;
mod whole_node;
