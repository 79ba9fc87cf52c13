//! `oomcast speed`: measures the machine it runs on.

use super::exit::{Exit, Failure};
use super::flags::PrintFlags;
use super::output;
use crate::calibration::speed;
use crate::report::{json, speed as report};

const EXAMPLES: &str = "\
Run it on a control-plane node. It takes one core for about two seconds, and 130 MiB of memory.

Examples:
  oomcast speed
  oomcast speed --format json | jq -r .toml >> my-cluster.toml
";

/// `oomcast speed`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct SpeedArgs {
    /// Rounds of work that are measured; the median counts.
    #[arg(long, value_name = "N", default_value_t = speed::REPEATS, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub repeats: u32,
    /// What is printed.
    #[command(flatten)]
    pub print: PrintFlags,
}

/// Measures, then prints the result.
pub(super) fn speed(args: &SpeedArgs) -> Result<Exit, Failure> {
    let measured = speed::measure(args.repeats);
    let page = report::page(&measured);
    output::tell(args.print, &page, &[], None, || json::speed(&measured))?;
    Ok(Exit::Done)
}
