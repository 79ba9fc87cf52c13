//! Capacity questions: breaking points, comparisons, uncertain inputs, expectations.

mod cli;
mod compare;
mod find;
mod uncertain;

use oomcast::experiment::Variant;
use oomcast::scenario::Template;

/// A burst of buffered lists on one server, small enough to be run a thousand times.
const BURST: &str = r#"
schema = 1
name = "burst"

[run]
duration = "90s"
replications = 30

[apiserver]
version = "1.32"
memory-limit = "4GiB"
other-live-heap = "200MB"

[node]
memory = "16GiB"
cores = 4

[hardware]
cpu-noise = "10%"

[objects.secrets]
count = 100
size = "1MB"

[[clients]]
name = "informers"
count = 12
start = "stopped"
start-jitter = "200ms"
reflector = { resource = "secrets", encoding = "json" }

[[events]]
name = "burst"
at = "30s"
start = { client = "informers" }
"#;

fn variant(text: &str, overrides: &[&str]) -> Variant {
    let overrides: Vec<String> = overrides.iter().map(|one| (*one).to_owned()).collect();
    let template = Template::of_text("burst.toml", text.as_bytes(), &overrides);
    Variant::load(&template, &[]).expect("a valid scenario")
}
