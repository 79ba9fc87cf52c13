//! `--openmetrics`: a run as monitoring would have scraped it.

use std::path::PathBuf;

use super::exit::Failure;
use super::load;
use crate::experiment::{Replications, Variant, scraped};
use crate::report::openmetrics::{Cluster, START, Scraped, write};
use crate::report::whole;
use crate::results::Summary;
use crate::scenario::Scenario;
use crate::units::{SimSpan, parse_span};

/// What is written of a run for monitoring.
#[derive(Clone, Debug, clap::Args)]
pub struct MetricsFlags {
    /// Writes the replication with the highest peak as Prometheus would have scraped it, for
    /// `promtool tsdb create-blocks-from openmetrics`.
    #[arg(long, value_name = "FILE")]
    pub openmetrics: Option<PathBuf>,
    /// From one scrape to the next.
    #[arg(long, value_name = "SPAN", default_value = "30s", value_parser = whole_seconds)]
    pub scrape: SimSpan,
    /// Writes all replications into the file of --openmetrics, told apart by the label `replication`.
    #[arg(long, requires = "openmetrics")]
    pub openmetrics_all: bool,
    /// When the run begins in the file of --openmetrics, in seconds since 1970 [default: 1767225600,
    /// 2026-01-01].
    #[arg(long, value_name = "SECONDS", requires = "openmetrics",
          value_parser = clap::value_parser!(u64).range(..10_000_000_000))]
    pub openmetrics_start: Option<u64>,
}

/// A span of whole seconds from 1 s to 1 h.
pub(super) fn whole_seconds(text: &str) -> Result<SimSpan, String> {
    let span = parse_span(text).map_err(|error| error.to_string())?;
    let seconds = span.0 / SimSpan::secs(1).0;
    if span != SimSpan::secs(seconds) || !(1..=3600).contains(&seconds) {
        return Err("must be whole seconds, from 1s to 1h".to_owned());
    }
    Ok(span)
}

/// The control plane of a scenario, to be scraped.
pub(super) fn cluster<'a>(scenario: &'a Scenario, version: &'a str, start: u64) -> Cluster<'a> {
    let minor = u32::from(scenario.inputs.release.minor);
    Cluster { name: &scenario.name, version, minor, start }
}

/// Writes the file that was asked for, if one was, and returns its name.
pub(super) fn write_openmetrics(
    flags: &MetricsFlags,
    variant: &Variant,
    plan: Replications,
    summary: &Summary,
) -> Result<Option<String>, Failure> {
    let Some(path) = &flags.openmetrics else { return Ok(None) };
    let scenario = variant.scenario();
    let worst = summary.worst_replication;
    let which = if flags.openmetrics_all { 0..summary.replications } else { worst..worst + 1 };
    let runs = scraped(variant, plan, which, (flags.scrape, false), |record| Scraped {
        replication: record.replication,
        samples: record.samples,
    });
    let runs = runs.map_err(|error| load::not_replicated(&error))?;
    let version = scenario.inputs.release.version();
    let start = flags.openmetrics_start.unwrap_or(START);
    let cluster = cluster(scenario, &version, start);
    whole::replace(path, |out| write(out, &cluster, &runs)).map_err(|error| {
        Failure::internal(format_args!("cannot write {}: {error}", path.display()))
    })?;
    Ok(Some(path.display().to_string()))
}
