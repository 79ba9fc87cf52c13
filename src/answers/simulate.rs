//! The small front for programs: the text of a scenario in, its summary out.
//!
//! [`simulate`] is also [`crate::simulate`]. It and [`Summary`] are the part of the library that follows
//! semantic versioning with the crate; the other modules are public to be read and tried, and may change
//! with any version.

use std::fmt;

use crate::experiment::model_error::peak_interval;
use crate::experiment::{
    ReplicateError, Replicated, Replications, Subject, Variant, replicate_uncertain, summarize,
};
use crate::results::Summary;
use crate::scenario::{Diagnostics, Scenario, Template};
use crate::validation::domain;

/// Why there is no summary.
#[derive(Debug)]
#[non_exhaustive]
pub enum SimulateError {
    /// Every mistake in the scenario and the overrides.
    Scenario(Diagnostics),
    /// The replications could not be carried out.
    Run(ReplicateError),
}

impl fmt::Display for SimulateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scenario(mistakes) => f.write_str(&mistakes.render(false)),
            Self::Run(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SimulateError {}

/// Runs a scenario, given as TOML, with overrides such as `"node.memory=32GiB"`, over its replications
/// on all processors: what `oomcast run` writes as `summary.json`, without the leave-one-out runs. A
/// scenario in memory cannot inherit files; presets it can.
///
/// ```
/// let text = oomcast::scenario::shipped::find("kep-3157-buffered").unwrap().text;
/// let summary = oomcast::simulate(text, &["run.replications=4", "node.memory=64GiB"])?;
/// assert_eq!(summary.oom.count, 0, "{}", summary.verdict);
/// # Ok::<(), oomcast::SimulateError>(())
/// ```
///
/// # Errors
/// See [`SimulateError`].
pub fn simulate(text: &str, overrides: &[&str]) -> Result<Summary, SimulateError> {
    let overrides: Vec<String> = overrides.iter().map(|&one| one.to_owned()).collect();
    let template = Template::of_text("scenario", text.as_bytes(), &overrides);
    let variant = Variant::load(&template, &[]).map_err(SimulateError::Scenario)?;
    let scenario = variant.scenario();
    let plan =
        Replications { seed: scenario.seed, replications: scenario.replications, threads: None };
    let run = |draw, options| variant.run(draw, options, &[]);
    let replicated = replicate_uncertain(run, &scenario.uncertain, plan, None, |_| {})
        .map_err(SimulateError::Run)?;
    Ok(summary_of(scenario, &replicated, None))
}

/// The summary of a scenario's replications, with its notes, what lies outside the validated domain and
/// the interval of the peak; `stopped` says why there are fewer replications than planned.
#[must_use]
pub fn summary_of(scenario: &Scenario, replicated: &Replicated, stopped: Option<&str>) -> Summary {
    let notes = scenario.notes.iter().map(|note| note.message.clone());
    let outside = domain::outside(&scenario.inputs);
    let known = domain::circumstances(scenario);
    let interval = peak_interval(&scenario.inputs, &replicated.runs, known);
    let stopped = stopped.map(str::to_owned);
    let warnings: Vec<String> = notes.chain(outside).chain(stopped).collect();
    let subject = Subject {
        scenario: &scenario.name,
        scenario_hash: &scenario.hash,
        seed: scenario.seed,
        release: &scenario.inputs.release.version(),
        published: &scenario.published,
        expectations: &scenario.expectations,
        warnings: &warnings,
        peak_interval: Some(&interval),
    };
    summarize(&subject, replicated)
}
