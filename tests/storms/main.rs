//! The storm arithmetic of facts/clients.md section 7: what a sheet of paper says of a storm, beside
//! what whole runs give.

mod a_agents;
mod b_server_lost;

use oomcast::model::{self, RunOptions};
use oomcast::results::RunRecord;
use oomcast::scenario;

/// Runs a scenario.
pub(crate) fn run(text: &str) -> RunRecord {
    let found = scenario::load("storm.toml", text.as_bytes(), &[])
        .unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false)));
    model::run(&found.inputs, RunOptions { seed: 7, replication: 0, timelines: true })
}
