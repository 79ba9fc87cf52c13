//! Finding observations in files and folders, and the curves beside them.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::observation::{Observation, ObservationError, read};
use crate::units::{Bytes, SimSpan, SimTime};

/// The measured runs that come with oomcast: the shared part of those it was made with.
const COMMITTED: &str = include_str!("../../tests/data/measured.jsonl");
/// What the committed runs are called.
pub const COMMITTED_NAME: &str = "the measured runs that come with oomcast";
/// What an observation is called in a folder of its own.
const NAMES: [&str; 2] = ["run.json", "run.json.gz"];
/// Bytes an observation or a curve may have.
const LARGEST: u64 = 64 << 20;

/// An observation and what lies beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The observation.
    pub observation: Observation,
    /// What errors and notes call it.
    pub file: String,
    /// The folder of its curves, if it has one.
    pub folder: Option<PathBuf>,
}

/// Observations, what could not be read, and what is worth knowing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gathered {
    /// In the order of their paths.
    pub found: Vec<Found>,
    /// What could not be read.
    pub errors: Vec<ObservationError>,
    /// Fields that were ignored, each with the first file that has it.
    pub notes: Vec<String>,
}

impl Gathered {
    /// Adds what is at a path: a folder of run folders, a run folder, or a file.
    pub fn add_path(&mut self, path: &Path) {
        let entries = if path.is_dir() { folder(path) } else { Ok(vec![path.to_owned()]) };
        match entries {
            Ok(files) if files.is_empty() => {
                self.errors
                    .push(whole(path, "there is no run.json in this folder or one below it"));
            }
            Ok(files) => files.iter().for_each(|file| self.add_file(file)),
            Err(error) => self.errors.push(whole(path, &error.to_string())),
        }
    }

    /// Adds the committed runs.
    pub fn add_committed(&mut self) {
        self.add_lines(COMMITTED_NAME, COMMITTED);
    }

    fn add_file(&mut self, path: &Path) {
        let name = path.display().to_string();
        let text = match text(path) {
            Ok(text) => text,
            Err(reason) => return self.errors.push(whole(path, &reason)),
        };
        let plain = Path::new(name.trim_end_matches(".gz"));
        if plain.extension().is_some_and(|e| e == "jsonl") {
            return self.add_lines(&name, &text);
        }
        let folder = path.parent().map(Path::to_owned);
        // A run.json is named by its folder, any other file names itself.
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let id = match (NAMES.contains(&file.as_str()), folder.as_deref().and_then(Path::file_name))
        {
            (true, Some(folder)) => folder.to_string_lossy().into_owned(),
            _ => file.trim_end_matches(".gz").trim_end_matches(".json").to_owned(),
        };
        self.add(&name, &text, &id, folder);
    }

    fn add_lines(&mut self, name: &str, text: &str) {
        for (number, line) in (1..).zip(text.lines()).filter(|(_, l)| !l.trim().is_empty()) {
            self.add(&format!("{name}:{number}"), line, &format!("run-{number}"), None);
        }
    }

    /// Adds an observation; `id` names it if it does not itself.
    pub fn add(&mut self, file: &str, text: &str, id: &str, folder: Option<PathBuf>) {
        match read(file, text) {
            Ok((mut observation, unknown)) => {
                let name = match &mut observation {
                    Observation::Run(run) => &mut run.id,
                    Observation::Servers(servers) => &mut servers.id,
                };
                if name.trim().is_empty() {
                    id.clone_into(name);
                }
                for path in unknown {
                    let note = format!("`{path}` is not known and was ignored");
                    if !self.notes.iter().any(|n| n.ends_with(&note)) {
                        self.notes.push(format!("{file}: {note}"));
                    }
                }
                self.found.push(Found { observation, file: file.to_owned(), folder });
            }
            Err(error) => self.errors.push(error),
        }
    }
}

fn whole(path: &Path, reason: &str) -> ObservationError {
    let file = path.display().to_string();
    ObservationError { file, path: String::new(), reason: reason.to_owned() }
}

/// The observations of a folder: its own, or those of the folders in it.
pub(super) fn folder(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    let own = |folder: &Path| NAMES.iter().map(|n| folder.join(n)).find(|p| p.is_file());
    if let Some(file) = own(path) {
        return Ok(vec![file]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path)? {
        files.extend(own(&entry?.path()));
    }
    files.sort();
    Ok(files)
}

/// The text of a file, unpacked if it is packed.
pub(super) fn text(path: &Path) -> Result<String, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let packed = path.extension().is_some_and(|e| e == "gz");
    let plain: Box<dyn Read> =
        if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut text = String::new();
    plain.take(LARGEST + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > LARGEST {
        return Err(format!("the file has more than {} MiB", LARGEST >> 20));
    }
    Ok(text)
}

/// The rows of a CSV file beside an observation: of each the named columns.
fn columns<const N: usize>(folder: &Path, name: &str, wanted: [&str; N]) -> Vec<[String; N]> {
    let names = [name.to_owned(), format!("{name}.gz")];
    let Some(path) = names.iter().map(|n| folder.join(n)).find(|p| p.is_file()) else {
        return Vec::new();
    };
    let Ok(text) = text(&path) else { return Vec::new() };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let Ok(headers) = reader.headers().cloned() else { return Vec::new() };
    let places = wanted.map(|name| headers.iter().position(|header| header == name));
    let row = |record: &csv::StringRecord| {
        places.map(|place| place.and_then(|p| record.get(p)).unwrap_or_default().to_owned())
    };
    reader.records().filter_map(|record| record.ok().map(|r| row(&r))).collect()
}

/// The measured resident set over time; empty if there is none.
#[must_use]
pub fn resident_series(folder: &Path) -> Vec<(SimTime, Bytes)> {
    let rows = columns(folder, "series.csv", ["t_s", "resident_bytes"]);
    let point = |[at, bytes]: &[String; 2]| {
        let at: f64 = at.parse().ok()?;
        let bytes: u64 = bytes.parse().ok()?;
        (at.is_finite() && at >= 0.0)
            .then(|| (SimTime::ZERO + SimSpan::from_secs_f64(at), Bytes(bytes)))
    };
    rows.iter().filter_map(point).collect()
}

/// Deaths of servers: when and which, in order of time; `None` if no events were recorded.
#[must_use]
pub(super) fn deaths(folder: &Path) -> Option<Vec<(f64, String)>> {
    let rows = columns(folder, "events.csv", ["t_s", "who", "what"]);
    let died = rows.iter().filter(|[_, _, what]| what == "died");
    let died = died.filter_map(|[at, who, _]| Some((at.parse().ok()?, who.clone())));
    (!rows.is_empty()).then(|| died.collect())
}
