//! The published figures of the shipped scenarios, replayed.

use std::path::{Path, PathBuf};

use crate::engine::stop;
use crate::experiment::{Replications, Subject, replicate, summarize};
use crate::results::PublishedScenario;
use crate::scenario::{self, Scenario};

/// Replays every scenario of a folder that has published figures, in the order of their names.
/// `progress` hears of each that is begun. When the process is asked to end, those before.
///
/// # Errors
/// A folder that cannot be read, a scenario that is not valid or cannot be run.
pub fn published_figures(
    folder: &Path,
    replications: Option<u32>,
    progress: impl Fn(&str),
) -> Result<Vec<PublishedScenario>, String> {
    let named = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(named)? {
        let path = entry.map_err(named)?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            files.push(path);
        }
    }
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let scenario = scenario::load_file(&file, &[]).map_err(|found| found.render(false))?;
        if !scenario.published.is_empty() {
            progress(&scenario.name);
            let rows = figures(&scenario, replications);
            if stop::asked() {
                break;
            }
            all.push(rows?);
        }
    }
    Ok(all)
}

fn figures(scenario: &Scenario, replications: Option<u32>) -> Result<PublishedScenario, String> {
    let replications = replications.unwrap_or(scenario.replications);
    let plan = Replications { seed: scenario.seed, replications, threads: None };
    let replicated = replicate(&scenario.inputs, plan, |_| {}).map_err(|e| e.to_string())?;
    let subject = Subject {
        scenario: &scenario.name,
        scenario_hash: &scenario.hash,
        seed: scenario.seed,
        release: &scenario.inputs.release.version(),
        published: &scenario.published,
        expectations: &[],
        warnings: &[],
        peak_interval: None,
    };
    let summary = summarize(&subject, &replicated);
    Ok(PublishedScenario { scenario: scenario.name.clone(), rows: summary.published })
}
