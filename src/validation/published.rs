//! The published figures of the shipped scenarios, replayed.

use std::path::{Path, PathBuf};

use crate::engine::stop;
use crate::experiment::{Replications, Subject, replicate, summarize};
use crate::results::PublishedScenario;
use crate::scenario::shipped::{SHIPPED, Shipped};
use crate::scenario::{self, Scenario};

/// Replays every scenario of a folder, or every shipped one, that has published figures, in the order
/// of their names. `progress` hears of each that is begun. When the process is asked to
/// end, those before.
///
/// # Errors
/// A folder that cannot be read, a scenario that is not valid or cannot be run.
pub fn published_figures(
    folder: Option<&Path>,
    replications: Option<u32>,
    progress: impl Fn(&str),
) -> Result<Vec<PublishedScenario>, String> {
    let mut files = match folder {
        None => SHIPPED.iter().map(Shipped::path).collect(),
        Some(folder) => {
            scenarios_of(folder).map_err(|error| format!("{}: {error}", folder.display()))?
        }
    };
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

/// The scenario files of a folder.
fn scenarios_of(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let paths: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
    Ok(paths.into_iter().filter(|path| path.extension().is_some_and(|e| e == "toml")).collect())
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
