//! The flags that several verbs share, and how their values are read. The ground floor of the command
//! line: it knows no verb.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

/// What is applied on top of a scenario file, in this order.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct LayerArgs {
    /// Applies a profile of the file, [profiles.NAME]. Repeatable.
    #[arg(long, value_name = "NAME")]
    pub profile: Vec<String>,
    /// Applies a partial scenario, such as one that `calibrate` wrote: its keys replace those of the
    /// file. Repeatable; --set comes last.
    #[arg(long, value_name = "FILE")]
    pub overlay: Vec<PathBuf>,
    /// Sets a key of the scenario, written as in the file: apiserver.memory-limit=16GiB. Repeatable.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<String>,
}

impl LayerArgs {
    /// The same with other overrides.
    pub(super) fn with_overrides(&self, overrides: Vec<String>) -> Self {
        Self { set: overrides, ..self.clone() }
    }
}

/// How the simulation is run.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct RunFlags {
    /// How many replications [default: the scenario's].
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub replications: Option<u32>,
    /// Seed of all random draws [default: the scenario's].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: Option<u64>,
    /// Threads [default: one per CPU]. The result does not depend on it.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Shows no progress bar.
    #[arg(long)]
    pub no_progress: bool,
}

impl RunFlags {
    /// Overrides of `--set`, then those of the flags that are short for one.
    pub(super) fn overrides(self, layers: &LayerArgs) -> Vec<String> {
        let seed = self.seed.map(|n| format!("run.seed={n}"));
        let replications = self.replications.map(|n| format!("run.replications={n}"));
        layers.set.iter().cloned().chain(seed).chain(replications).collect()
    }

    /// Threads, as the experiments take them.
    pub(super) fn threads(self) -> Option<usize> {
        self.jobs.map(usize::from)
    }
}

/// Where the files of a result go.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct FolderFlags {
    /// The folder to write [default: a folder below output/ that is named after what is run].
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Writes into the folder of --out even if it holds other files.
    #[arg(long)]
    pub force: bool,
    /// Writes no charts.
    #[arg(long)]
    pub no_charts: bool,
}

/// What goes to the terminal.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct PrintFlags {
    /// What to print: text, or what the folder holds for programs (json) and pull requests (md).
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub format: Format,
    /// Prints the verdict line and errors only.
    #[arg(short, long)]
    pub quiet: bool,
}

/// In which form a result is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For the terminal.
    #[default]
    Text,
    /// For programs.
    Json,
    /// For pull requests.
    Md,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Makes it the choice of the whole process.
    pub(super) fn apply(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// Whether a path stands for standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Refuses what cannot be an override; the scenario checks the rest.
pub(super) fn key_value(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((key, _)) if !key.trim().is_empty() => Ok(text.to_owned()),
        _ => Err("expected KEY=VALUE, such as apiserver.memory-limit=16GiB".to_owned()),
    }
}
