//! What is laid over a scenario file: the flags that every verb which loads one has.

use std::path::PathBuf;

use super::args::key_value;

/// What is laid over a scenario file, in this order.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct LayerArgs {
    /// Lays a profile of the file, [profiles.NAME], over it. Repeatable.
    #[arg(long, value_name = "NAME")]
    pub profile: Vec<String>,
    /// Lays a partial scenario over the file, such as one that `calibrate` wrote: what it has takes the
    /// place of what the file has. Repeatable; --set comes last.
    #[arg(long, value_name = "FILE")]
    pub overlay: Vec<PathBuf>,
    /// Sets a key of the scenario, as in the file: `apiserver.memory-limit=16GiB`.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<String>,
}

impl LayerArgs {
    /// The same with other overrides.
    pub(super) fn with_overrides(&self, overrides: Vec<String>) -> Self {
        Self { set: overrides, ..self.clone() }
    }
}
