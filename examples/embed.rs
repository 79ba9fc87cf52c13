//! A program that embeds oomcast: how many agents may restart at once before a server is killed?
//!
//! `cargo run --release --example embed`

#![allow(clippy::print_stdout)] // a program that prints

use std::error::Error;

const SCENARIO: &str = r#"
schema = 1
name = "agents-restart"
[run]
duration = "5m"
replications = 10
[apiserver]
version = "1.32"
memory-limit = "4GiB"
[node]
memory = "16GiB"
[objects.pods]
count = 10_000
size = "6kB"
[[clients]]
name = "agents"
count = 100
reflector = { resource = "pods", encoding = "json" }
[[events]]
name = "agents restart"
at = "1m"
restart = { client = "agents" }
"#;

fn main() -> Result<(), Box<dyn Error>> {
    for agents in [5, 10, 20, 40] {
        let summary = oomcast::simulate(SCENARIO, &[&format!("clients.agents.count={agents}")])?;
        println!("{agents:3} agents: {}", summary.verdict);
    }
    Ok(())
}
