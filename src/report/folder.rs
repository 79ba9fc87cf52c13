//! The run folder: `output/<scenario>-<hash>/`.
//!
//! | file | what |
//! |---|---|
//! | `run.json` | the manifest: what was run, with which tool, whether it is complete, which files |
//! | `report.html` | all of it as one page for a browser: see `report::html` |
//! | `scenario.effective.toml` | the scenario with every default and override in place |
//! | `scenario.origins.toml` | the same with where each value comes from |
//! | `summary.json`, `summary.md` | the result for programs and for people |
//! | `runs.csv` | one row per replication |
//! | `timeline.csv`, `events.jsonl`, `attribution.csv` | the worst replication |
//! | `activity.csv` | its calls, 410s and 429s, bucket by bucket, and the open watches of each server |
//! | `watch-window.csv` | how far back its watch caches go, beside what watchers have seen |
//! | `story.txt` | what happened in it, in lines with times |
//! | `apf.csv` | its priority levels over time |
//! | `apf-<server>-<at>.txt` | its debug dumps of API Priority and Fairness, where asked for |
//! | `replications/N/` | a few other replications, thinned: `timeline.csv`, `events.jsonl`, `activity.csv`, `story.txt` |
//! | `charts/*.svg`, `charts/*.png` | see [`charts`](super::charts) |
//!
//! The same scenario, seed and tool give the same bytes. All files take the place of a former run's at once
//! (`publish`): a writer that is killed leaves the former run or the new one. Only a sweep
//! writes in place, since it goes on with what is there: its `run.json` says `partial` until it is complete.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::done::DONE;
use super::manifest::stays_inside;
pub use super::manifest::{MANIFEST, Manifest, Status};
use super::story::Story;
use super::whole::{is_half_written, remove_half_written, replace};
use super::{csv, dump, events, html, json, kept, publish};
use crate::results::{FORMAT_VERSION, RunRecord, Summary};

/// Everything the standard files are made of.
#[derive(Clone, Copy, Debug)]
pub struct RunFiles<'a> {
    /// The effective scenario as TOML.
    pub effective: &'a str,
    /// The same with the origin of each value.
    pub origins: &'a str,
    /// The summary.
    pub summary: &'a Summary,
    /// All replications.
    pub runs: &'a [RunRecord],
    /// The worst one, complete.
    pub worst: &'a RunRecord,
    /// Others, complete.
    pub others: &'a [RunRecord],
}

/// Why a run folder could not be written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It holds files and no manifest.
    #[error("{} holds files that are not of a run: choose another --out, or add --force", .0.display())]
    Foreign(PathBuf),
    /// It holds the run of another scenario.
    #[error("{} holds a run of scenario `{scenario}`: choose another --out, or add --force", path.display())]
    OtherScenario {
        /// The folder.
        path: PathBuf,
        /// Whose run it holds.
        scenario: String,
    },
    /// It holds a sweep where a run is to go, or the other way round.
    #[error("{} holds a {found}: choose another --out, or add --force", path.display())]
    OtherKind {
        /// The folder.
        path: PathBuf,
        /// `run` or `sweep`.
        found: &'static str,
    },
    /// The file system refused.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// What was being written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Which run a folder is for.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// Version of oomcast.
    pub tool_version: &'a str,
    /// The scenario's name.
    pub scenario: &'a str,
    /// Hash of the effective scenario.
    pub scenario_hash: &'a str,
    /// Master seed.
    pub seed: u64,
    /// How many replications; of a sweep, at each point.
    pub replications: u32,
    /// Hash of the design of a sweep.
    pub design_hash: Option<&'a str>,
    /// See [`Manifest::command`].
    pub command: &'a str,
}

impl Identity<'_> {
    /// Where the run goes when the user does not say: `<root>/<scenario>-<hash>`, and of a sweep
    /// `<root>/<scenario>-<hash>-sweep-<hash of the design>`.
    #[must_use]
    pub fn default_path(&self, root: &Path) -> PathBuf {
        let safe = |c: char| {
            if c.is_alphanumeric() || "-_".contains(c) { c } else { '-' }
        };
        let name: String = self.scenario.chars().take(100).map(safe).collect();
        let sweep = self.design_hash.map(|hash| format!("-sweep-{hash}")).unwrap_or_default();
        root.join(format!("{name}-{}{sweep}", self.scenario_hash))
    }
}

/// A run folder being written.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Where files are written until all are there.
    new: PathBuf,
    manifest: Manifest,
    /// Files of the run that was there before.
    former: Vec<String>,
    /// Whether the first file is or was being written.
    begun: bool,
}

impl RunFolder {
    /// Creates the folder or takes over an earlier run of the same scenario. Nothing that is there
    /// changes before the first file is written, so this can precede a long simulation.
    ///
    /// # Errors
    /// A folder with foreign files or another scenario's run, unless `force`; the file system.
    pub fn open(path: &Path, run: &Identity<'_>, force: bool) -> Result<Self, FolderError> {
        publish::roll_forward(path)
            .map_err(|source| FolderError::Io { path: path.to_owned(), source })?;
        let former = match former_run(path)? {
            Former::Nothing => Vec::new(),
            Former::Foreign if force => Vec::new(),
            Former::Foreign => return Err(FolderError::Foreign(path.to_owned())),
            Former::Run(former) if former.scenario != run.scenario && !force => {
                return Err(FolderError::OtherScenario {
                    path: path.to_owned(),
                    scenario: former.scenario,
                });
            }
            Former::Run(former)
                if former.design_hash.is_some() != run.design_hash.is_some() && !force =>
            {
                let found = if former.design_hash.is_some() { "sweep" } else { "run" };
                return Err(FolderError::OtherKind { path: path.to_owned(), found });
            }
            Former::Run(former) => former.files,
        };
        fs::create_dir_all(path)
            .map_err(|source| FolderError::Io { path: path.to_owned(), source })?;
        let manifest = Manifest {
            format_version: FORMAT_VERSION.to_owned(),
            tool_version: run.tool_version.to_owned(),
            scenario: run.scenario.to_owned(),
            scenario_hash: run.scenario_hash.to_owned(),
            seed: run.seed,
            replications: run.replications,
            command: run.command.to_owned(),
            design_hash: run.design_hash.map(str::to_owned),
            status: Status::Partial,
            // Until the end the former files are this run's to clean up.
            files: former.clone(),
        };
        let in_place = run.design_hash.is_some();
        let new = if in_place { path.to_owned() } else { publish::beside(path) };
        Ok(Self { path: path.to_owned(), new, manifest, former, begun: false })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where files are written until all are there: what else renders a file puts it there.
    #[must_use]
    pub fn new_files(&self) -> &Path {
        &self.new
    }

    /// Gets ready for the first file: of a sweep the manifest says `partial` from then on.
    ///
    /// # Errors
    /// The file system.
    pub fn begin(&mut self) -> Result<(), FolderError> {
        if !self.begun {
            self.remove_temporaries();
            if self.in_place() {
                self.write_manifest()?;
            }
            self.manifest.files.clear();
            self.begun = true;
        }
        Ok(())
    }

    /// Whether files are written where they belong.
    fn in_place(&self) -> bool {
        self.new == self.path
    }

    /// Removes what writers left half-written when they were stopped, here and where the former run had
    /// files.
    fn remove_temporaries(&self) {
        let former = self.former.iter().filter(|name| stays_inside(name));
        let within = former.filter_map(|name| self.path.join(name).parent().map(Path::to_owned));
        let folders: BTreeSet<PathBuf> =
            within.chain([self.path.clone(), self.path.join("charts")]).collect();
        for folder in &folders {
            remove_half_written(folder);
        }
    }

    /// Writes one file, whole or not at all. `name` is relative, with `/` between folders.
    ///
    /// # Errors
    /// Those of `fill` and of the file system.
    pub fn write(
        &mut self,
        name: &str,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), FolderError> {
        self.begin()?;
        let target = self.new.join(name);
        replace(&target, fill).map_err(|source| FolderError::Io { path: target, source })?;
        self.record(name);
        Ok(())
    }

    /// Writes a file of text, as [`RunFolder::write`] does.
    ///
    /// # Errors
    /// The file system.
    pub fn write_text(&mut self, name: &str, text: &str) -> Result<(), FolderError> {
        self.write(name, |out| out.write_all(text.as_bytes()))
    }

    /// Adds a file that another renderer wrote into the folder, such as a chart, to the manifest.
    pub fn record(&mut self, name: &str) {
        self.manifest.files.push(name.to_owned());
    }

    /// Writes the standard files.
    ///
    /// # Errors
    /// Those of [`RunFolder::write`].
    pub fn write_run(&mut self, run: &RunFiles<'_>) -> Result<(), FolderError> {
        // Fewer than were asked for, where a rule decides when to stop.
        self.manifest.replications = run.summary.replications;
        self.write_text("scenario.effective.toml", run.effective)?;
        self.write_text("scenario.origins.toml", run.origins)?;
        self.write("summary.json", |out| out.write_all(json::summary(run.summary)?.as_bytes()))?;
        let story = Story::of(run.worst);
        self.write_text("summary.md", &super::run::page(run.summary, Some(&story)).markdown())?;
        self.write_text("story.txt", &story.full())?;
        self.write("runs.csv", |out| csv::runs(out, run.runs))?;
        self.write("timeline.csv", |out| csv::timeline(out, &run.worst.timelines))?;
        self.write("activity.csv", |out| csv::activity(out, run.worst))?;
        self.write("watch-window.csv", |out| csv::watch_window(out, run.worst))?;
        self.write("apf.csv", |out| csv::apf(out, run.worst))?;
        for of_server in &run.worst.apf_dumps {
            let dump = dump::render(of_server, run.worst.replication);
            self.write_text(&dump::file_name(of_server), &dump)?;
        }
        self.write("attribution.csv", |out| csv::attribution(out, run.worst))?;
        for other in run.others {
            for (name, write) in kept::files(other) {
                self.write(&name, |out| write(out, other))?;
            }
        }
        self.write("events.jsonl", |out| events::write(out, &run.worst.log))
    }

    /// Writes `report.html`, which is made of the files written so far, where they are those of a
    /// result: see [`html::render`].
    ///
    /// # Errors
    /// Those of [`RunFolder::write`].
    pub fn write_report(&mut self) -> Result<(), FolderError> {
        let page = html::render(&self.new, &self.manifest).map_err(|error| FolderError::Io {
            path: self.path.join(html::REPORT),
            source: io::Error::other(error),
        })?;
        page.map_or(Ok(()), |page| self.write_text(html::REPORT, &page))
    }

    /// Removes what the former run left and this one did not write, marks the folder complete, or
    /// partial where only a part was run, and returns the names of its files.
    ///
    /// # Errors
    /// The file system.
    pub fn finish(mut self, status: Status) -> Result<Vec<String>, FolderError> {
        let new = self.ready(status)?;
        if !self.in_place() {
            publish::publish(&self.path, &new, &self.former)
                .map_err(|source| FolderError::Io { path: self.path.clone(), source })?;
            return Ok(std::mem::take(&mut self.manifest.files));
        }
        for stale in &self.former {
            let ours = !self.manifest.files.contains(stale) && stays_inside(stale);
            if ours {
                let path = self.path.join(stale);
                remove(&path)?;
                // Takes the folders in between along when they are empty, and fails harmlessly otherwise.
                let between = path.ancestors().skip(1).take_while(|above| *above != self.path);
                between.for_each(|above| drop(fs::remove_dir(above)));
            }
        }
        self.write_manifest()?;
        Ok(std::mem::take(&mut self.manifest.files))
    }

    /// All files are there: where they are, with their manifest if that is not their place.
    pub(super) fn ready(&mut self, status: Status) -> Result<PathBuf, FolderError> {
        self.begin()?;
        self.manifest.files.sort();
        self.manifest.files.dedup();
        self.manifest.status = status;
        if !self.in_place() {
            self.write_manifest()?;
        }
        Ok(self.new.clone())
    }

    fn write_manifest(&self) -> Result<(), FolderError> {
        let path = self.new.join(MANIFEST);
        let written = json::pretty(&self.manifest)
            .map_err(io::Error::from)
            .and_then(|text| replace(&path, |out| out.write_all(text.as_bytes())));
        written.map_err(|source| FolderError::Io { path, source })
    }
}

/// Why a page was not made again.
#[derive(Debug, thiserror::Error)]
pub enum RemakeError {
    /// No result is there.
    #[error("{} holds no {MANIFEST} of a result: name a folder that oomcast wrote", .0.display())]
    NoManifest(PathBuf),
    /// Another major format.
    #[error(
        "{} was written in format {written}, which this version ({FORMAT_VERSION}) does not read: use the \
         version of oomcast that wrote it ({tool}), or run the scenario again",
        path.display()
    )]
    OtherFormat {
        /// The folder.
        path: PathBuf,
        /// Its format.
        written: String,
        /// Which oomcast wrote it.
        tool: String,
    },
    /// A result that has no page.
    #[error("{} holds nothing to report: not a run, find, compare or sweep (merge shards first)", .0.display())]
    NoResult(PathBuf),
    /// One of its files is missing, or wrong.
    #[error(transparent)]
    Files(#[from] html::HtmlError),
    /// The page could not be written.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// Makes the page of a folder again from its files, and returns its path.
///
/// # Errors
/// See [`RemakeError`].
pub fn remake_report(path: &Path) -> Result<PathBuf, RemakeError> {
    let failed = |source| FolderError::Io { path: path.to_owned(), source };
    publish::roll_forward(path).map_err(failed)?;
    let bytes = fs::read(path.join(MANIFEST)).ok();
    let manifest: Option<Manifest> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let mut manifest = manifest.ok_or_else(|| RemakeError::NoManifest(path.to_owned()))?;
    let version = |text: &str| {
        let (major, minor) = text.split_once('.')?;
        Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?))
    };
    let readable = |(major, minor): (u32, u32)| {
        version(FORMAT_VERSION).is_some_and(|ours| major == ours.0 && minor <= ours.1)
    };
    if !version(&manifest.format_version).is_some_and(readable) {
        return Err(RemakeError::OtherFormat {
            path: path.to_owned(),
            written: manifest.format_version,
            tool: manifest.tool_version,
        });
    }
    let page = html::render(path, &manifest)?;
    let page = page.ok_or_else(|| RemakeError::NoResult(path.to_owned()))?;
    let target = path.join(html::REPORT);
    let failed = |source| FolderError::Io { path: target.clone(), source };
    replace(&target, |out| out.write_all(page.as_bytes())).map_err(failed)?;
    if !manifest.files.iter().any(|name| name == html::REPORT) {
        manifest.files.push(html::REPORT.to_owned());
        manifest.files.sort();
        let text = json::pretty(&manifest).map_err(io::Error::from).map_err(failed)?;
        replace(&path.join(MANIFEST), |out| out.write_all(text.as_bytes())).map_err(failed)?;
    }
    Ok(target)
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // What is not published is of no use; what cannot be removed does no harm.
        let _ = if self.in_place() { Ok(()) } else { fs::remove_dir_all(&self.new) };
    }
}

/// What a folder held before.
enum Former {
    Nothing,
    Run(Manifest),
    Foreign,
}

fn former_run(path: &Path) -> Result<Former, FolderError> {
    let io = |source| FolderError::Io { path: path.to_owned(), source };
    let mut entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Former::Nothing),
        Err(error) => return Err(io(error)),
    };
    // A writer that was stopped before its manifest leaves at most a temporary file.
    let empty =
        entries.all(|entry| entry.is_ok_and(|e| is_temporary(&e.file_name().to_string_lossy())));
    if empty {
        return Ok(Former::Nothing);
    }
    let manifest = fs::read(path.join(MANIFEST)).ok();
    let manifest = manifest.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Ok(manifest.map_or(Former::Foreign, Former::Run))
}

fn remove(path: &Path) -> Result<(), FolderError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(FolderError::Io { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// What may lie in a folder that holds nothing yet: half-written files, locks, parts of a sweep.
fn is_temporary(name: &str) -> bool {
    is_half_written(name) || name == DONE || name == ".lock" || name.starts_with("shard-")
}
