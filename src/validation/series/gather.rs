//! Finding observations of every form in files and folders.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::burst::{self, SeriesBurst};
use super::description;
use super::{Series, read, whole};
use crate::validation::files::{self, Gathered};
use crate::validation::observation::ObservationError;

/// What belongs to a recorded run and is no series of its own.
const OF_A_RUN: [&str; 4] = ["series.csv", "requests.csv", "gc.csv", "events.csv"];

/// Observations of every form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Runs that say themselves what was done.
    pub runs: Gathered,
    /// Bursts of series, to be replayed against a scenario.
    pub bursts: Vec<SeriesBurst>,
    /// What is worth knowing.
    pub notes: Vec<String>,
    /// What could not be read.
    pub errors: Vec<ObservationError>,
}

impl Observed {
    /// Adds what is at a path: a folder, a run, a description or a series.
    pub fn add_path(&mut self, path: &Path) {
        if path.is_dir() {
            self.add_folder(path);
        } else {
            self.add_file(path);
        }
    }

    fn add_folder(&mut self, folder: &Path) {
        let name = folder.display().to_string();
        let runs = files::folder(folder).unwrap_or_default();
        if !runs.is_empty() {
            self.runs.add_path(folder);
        }
        if runs.iter().any(|run| run.parent() == Some(folder)) {
            return;
        }
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.errors.push(whole(&name, error.to_string())),
        };
        let mut own: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
        own.retain(|path| path.is_file() && !kind(path).is_empty());
        own.sort();
        if own.is_empty() && runs.is_empty() {
            let reason = "there is neither a run.json nor a series (*.csv, *.json) nor a \
                description of one (*.toml) in this folder";
            return self.errors.push(whole(&name, reason));
        }
        let mut described = BTreeSet::new();
        for path in own.iter().filter(|path| kind(path) == "toml") {
            described.extend(self.add_description(path));
        }
        let rest = own.iter().filter(|path| kind(path) != "toml");
        for path in rest.filter(|path| !described.contains(*path)) {
            self.add_file(path);
        }
    }

    fn add_file(&mut self, path: &Path) {
        match kind(path) {
            "toml" => {
                self.add_description(path);
            }
            "jsonl" => self.runs.add_path(path),
            "json" if is_run(path) => self.runs.add_path(path),
            _ => self.add_series(path),
        }
    }

    /// Adds the bursts of a description, and returns the file of its series.
    fn add_description(&mut self, path: &Path) -> Option<PathBuf> {
        let name = path.display().to_string();
        let text = match files::text(path) {
            Ok(text) => text,
            Err(reason) => {
                self.errors.push(whole(&name, reason));
                return None;
            }
        };
        let description = match description::read(&name, &text) {
            Ok(description) => description,
            Err(errors) => {
                self.errors.extend(errors);
                return None;
            }
        };
        let series_path = path.parent().unwrap_or(Path::new("")).join(&description.series);
        let found = series(&series_path, description.column.as_deref())
            .and_then(|series| Ok((burst::described(&name, &description, &series)?, series)));
        match found {
            Ok(((bursts, notes), series)) => {
                self.tell_assumptions(&series_path, &series, description.metric.is_some());
                self.notes.extend(notes);
                self.bursts.extend(bursts);
            }
            Err(errors) => self.errors.extend(errors),
        }
        Some(series_path)
    }

    /// Adds a series without a description.
    fn add_series(&mut self, path: &Path) {
        let name = path.display().to_string();
        let found = series(path, None).and_then(|series| {
            let burst = burst::undescribed(&name, &series).map_err(|error| vec![error])?;
            Ok((series, burst))
        });
        match found {
            Ok((series, burst)) => {
                self.tell_assumptions(path, &series, false);
                self.notes.push(format!(
                    "{name}: without a description, its largest rise is taken for the burst"
                ));
                let stem = path.file_name().unwrap_or_default().to_string_lossy();
                let id = stem.split('.').next().unwrap_or("burst").to_owned();
                self.bursts.push(SeriesBurst { id, ..burst });
            }
            Err(errors) => self.errors.extend(errors),
        }
    }

    fn tell_assumptions(&mut self, path: &Path, series: &Series, metric_known: bool) {
        let name = path.display();
        if series.metric.is_none() && !metric_known {
            self.notes.push(format!(
                "{name}: taken for container_memory_working_set_bytes: its name does not say"
            ));
        }
        if series.zoneless {
            self.notes.push(format!("{name}: times without a zone are taken for UTC"));
        }
    }
}

/// The ending that says what a file is, without `.gz`; empty: it is of no use, or belongs to a run.
fn kind(path: &Path) -> &'static str {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let plain = name.trim_end_matches(".gz");
    let run = path.parent().is_some_and(|folder| folder.join("run.json").is_file());
    if run && OF_A_RUN.contains(&plain) {
        return "";
    }
    let known = ["toml", "csv", "jsonl", "json"];
    let ending = plain.rsplit_once('.').map_or("", |(_, ending)| ending);
    known.into_iter().find(|known| *known == ending).unwrap_or("")
}

/// Whether a JSON file is an observation rather than an answer of Prometheus.
fn is_run(path: &Path) -> bool {
    let text = files::text(path).unwrap_or_default();
    let fields = serde_json::from_str::<serde_json::Value>(&text).unwrap_or_default();
    ["kubernetes", "objects", "phases"].iter().any(|field| fields.get(field).is_some())
}

fn series(path: &Path, column: Option<&str>) -> Result<Series, Vec<ObservationError>> {
    let name = path.display().to_string();
    let text = files::text(path).map_err(|reason| vec![whole(&name, reason)])?;
    read(&name, &text, column)
}
