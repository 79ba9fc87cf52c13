//! The charts of a result, as SVG and PNG.
//!
//! | file | answers |
//! |---|---|
//! | `memory-timeline` | Did memory reach the limit, on which server, when, and did the others follow? |
//! | `memory-stack` | What filled the worst server? |
//! | `attribution-peak` | Which client and resource held it at the peak? |
//! | `activity` | When did clients come back and list again, to which servers, and what was refused? |
//! | `watch-window` | Could a broken watch go on, or had its client to list again? |
//! | `apf` | Which priority level was full, how many requests waited for it, how many got a 429? |
//! | `peak-cdf` | How likely is it, over all replications? |
//! | `compare` | What do two variants on the same draws differ in? |
//! | `breaking-point` | At which value of a key does it become too likely? |
//! | `no-return` | From when on could a run hardly have ended otherwise, and what could be seen by then? |
//! | `alert-leads` | Which alert fires before the kill, and how long before? |
//! | one per measured run | Does the predicted curve follow the measured one? (`oomcast validate --out`) |
//!
//! Of a sweep:
//!
//! | file | answers |
//! |---|---|
//! | `sweep-lines` | Along one key: where does P(OOM) cross 5 %, and how does the peak grow? |
//! | `sweep-heatmap` | Over two keys: which combinations stay within 5 %? |
//! | `tornado` | Which keys move the peak, and which way? |
//!
//! A chart is first a list of shapes (`scene`), which then is painted (`paint`). The heading states the
//! finding; memory starts at zero and is in GiB; red is kept for the limit and for kills; keys stand
//! outside the plot. Lines are thinned to the pixels there are, but every peak is drawn. The same input
//! gives the same bytes.

mod activity;
mod alerts;
mod apf;
mod attribution;
mod breaking;
mod cdf;
mod compare;
mod counts;
mod distribution;
mod events;
mod fit;
mod font;
mod frame;
mod measured;
mod no_return;
mod paint;
mod palette;
mod plot;
mod point;
mod scale;
mod scene;
mod stack;
mod sweep;
#[cfg(test)]
mod tests;
mod thin;
mod timeline;
mod watch_window;

use std::path::{Path, PathBuf};

use crate::report::whole::{replace, replace_by};
use crate::results::{
    Activity, ActivityKind, AlertsResult, FindResult, ForecastResult, ForecastStorm, Mechanism,
    NoReturn, PhaseRecord, ScrapedPeak, ServerRecord, SweepSummary, Timeline,
};
use crate::units::{Bytes, SimSpan};

pub use compare::CompareInput;
pub use fit::write_fit;
pub use measured::{MeasuredRun, write_measured_run};
use scene::Scene;
pub use sweep::{Chosen, Levels};
pub(super) use thin::survivors;

/// The dash of thin lines.
const DASH: (f64, f64) = (5.0, 4.0);

/// A figure someone published, drawn for comparison.
#[derive(Clone, Copy, Debug)]
pub struct PublishedPeak<'a> {
    /// What it is: `KEP-3157`.
    pub label: &'a str,
    /// Resident memory.
    pub bytes: Bytes,
}

/// The peaks of one server over all replications.
#[derive(Clone, Copy, Debug)]
pub struct ServerPeaks<'a> {
    /// The server's name.
    pub server: &'a str,
    /// The memory it may use.
    pub limit: Bytes,
    /// Its highest resident memory in each replication, in the order of replications.
    pub peaks: &'a [Bytes],
    /// Replications in which it was killed for memory.
    pub runs_with_oom: u32,
}

/// What the charts are drawn from.
#[derive(Clone, Copy, Debug)]
pub struct ChartInput<'a> {
    /// The scenario's name.
    pub scenario: &'a str,
    /// The Kubernetes release modelled, `1.32`.
    pub release: &'a str,
    /// The seed.
    pub seed: u64,
    /// How many replications.
    pub replications: u32,
    /// The replication that the timelines, servers and phases are of.
    pub worst_replication: u32,
    /// One sentence: the answer. The heading of the timeline.
    pub verdict: &'a str,
    /// One per server; may be empty.
    pub timelines: &'a [Timeline],
    /// One per server, found by the timeline's name.
    pub servers: &'a [ServerRecord],
    /// Named events.
    pub phases: &'a [PhaseRecord],
    /// A published figure, where there is one.
    pub published: Option<PublishedPeak<'a>>,
    /// What clients and servers did over time, where it was recorded.
    pub activity: Option<&'a Activity>,
    /// Simulated time.
    pub duration: SimSpan,
    /// What scrapes saw, and when: drawn below the curves.
    pub scrapes: &'a [ScrapedPeak],
    /// One per server, each with as many peaks as replications; may be empty.
    pub peaks: &'a [ServerPeaks<'a>],
}

impl<'a> ChartInput<'a> {
    fn server(&self, name: &str) -> Option<&'a ServerRecord> {
        self.servers.iter().find(|s| s.name == name)
    }

    /// The server with the highest peak; the first of equals.
    fn worst_server(&self) -> Option<&'a ServerRecord> {
        let highest = self.servers.iter().map(|s| s.peak_resident).max()?;
        self.servers.iter().find(|s| s.peak_resident == highest)
    }
}

/// The colour of a mechanism, for other pictures of a result: `#0072b2`.
pub(super) fn colour_of(mechanism: Mechanism) -> String {
    palette::mechanism(mechanism).css()
}

/// The colour of calls of a kind; none for those that no chart draws.
pub(super) fn colour_of_calls(kind: ActivityKind) -> Option<String> {
    activity::colour(kind).map(palette::Colour::css)
}

/// Colours of single lines, one after the other.
pub(super) fn colours_of_lines() -> Vec<String> {
    palette::LINES.map(palette::Colour::css).to_vec()
}

/// The charts there is something to say in, in the order of the table above.
fn scenes(input: &ChartInput) -> Vec<Scene> {
    let mut scenes = vec![timeline::scene(input), stack::scene(input), attribution::scene(input)];
    scenes.extend(activity::scene(input));
    scenes.extend(watch_window::scene(input));
    scenes.extend(apf::scene(input));
    scenes.extend(cdf::scene(input));
    scenes
}

/// Why charts could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// A file or folder could not be written.
    #[error("cannot write {path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The chart could not be painted.
    #[error("cannot draw a chart: {0}")]
    Draw(String),
}

/// A chart as text, to be put into a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SvgChart {
    /// The file's name without its ending: `memory-timeline`.
    pub name: &'static str,
    /// The finding.
    pub title: String,
    /// What is drawn, in words.
    pub description: String,
    /// The SVG, from `<svg` to `</svg>`.
    pub svg: String,
}

/// Every chart as SVG, without writing files. `peak-cdf` needs at least two replications.
///
/// # Errors
/// When a chart cannot be painted.
pub fn svgs(input: &ChartInput) -> Result<Vec<SvgChart>, ChartError> {
    let chart = |scene: Scene| {
        Ok(SvgChart {
            name: scene.name,
            svg: paint::svg(&scene)?,
            title: scene.title,
            description: scene.description,
        })
    };
    scenes(input).into_iter().map(chart).collect()
}

/// Writes the charts of a sweep, of the rows that are [`Chosen`], as `charts/<name>.svg` and `.png` below `dir`,
/// and returns those paths, relative to `dir`. A sweep of more than two keys that is no screening has none.
///
/// # Errors
/// When a file cannot be written or a chart cannot be painted.
pub fn write_sweep(dir: &Path, sweep: &SweepSummary) -> Result<Vec<String>, ChartError> {
    write_below(dir, &sweep::scenes(sweep))
}

/// Writes every chart as `charts/<name>.svg` and `charts/<name>.png` below `dir`, and returns those
/// paths, relative to `dir`.
///
/// # Errors
/// When a file cannot be written or a chart cannot be painted.
pub fn write_all(dir: &Path, input: &ChartInput) -> Result<Vec<String>, ChartError> {
    write_below(dir, &scenes(input))
}

/// Writes the chart of a breaking point, as [`write_all`] does.
///
/// # Errors
/// As [`write_all`].
pub fn write_breaking_point(dir: &Path, found: &FindResult) -> Result<Vec<String>, ChartError> {
    write_below(dir, &[breaking::scene(found)])
}

/// Writes a chart for each storm of a forecast, as [`write_all`] does.
///
/// # Errors
/// As [`write_all`].
pub fn write_forecast(dir: &Path, result: &ForecastResult) -> Result<Vec<String>, ChartError> {
    let scene = |storm: &ForecastStorm| {
        let scene = breaking::of_storm(&storm.name, storm.when.as_ref()?);
        Some((format!("forecast-{}", storm.name.replace(' ', "-")), scene))
    };
    let scenes: Vec<(String, Scene)> = result.storms.iter().filter_map(scene).collect();
    write_named(dir, scenes.iter().map(|(name, scene)| (name.as_str(), scene)))
}

/// Writes the chart of a point of no return, as [`write_all`] does.
///
/// # Errors
/// As [`write_all`].
pub fn write_no_return(dir: &Path, found: &NoReturn) -> Result<Vec<String>, ChartError> {
    write_below(dir, &[no_return::scene(found)])
}

/// Writes the chart of a rehearsal of alerts, as [`write_all`] does.
///
/// # Errors
/// As [`write_all`].
pub fn write_alerts(dir: &Path, result: &AlertsResult) -> Result<Vec<String>, ChartError> {
    write_below(dir, &[alerts::scene(result)])
}

/// Writes the chart of a comparison, as [`write_all`] does.
///
/// # Errors
/// As [`write_all`].
pub fn write_comparison(dir: &Path, input: &CompareInput) -> Result<Vec<String>, ChartError> {
    write_below(dir, &[compare::scene(input)])
}

/// Writes charts into the folder `charts` below `dir`, which is not made for none.
fn write_below(dir: &Path, scenes: &[Scene]) -> Result<Vec<String>, ChartError> {
    write_named(dir, scenes.iter().map(|scene| (scene.name, scene)))
}

/// The same under names of their own.
fn write_named<'s>(
    dir: &Path,
    scenes: impl Iterator<Item = (&'s str, &'s Scene)>,
) -> Result<Vec<String>, ChartError> {
    let folder = dir.join("charts");
    let mut written = Vec::new();
    for (name, scene) in scenes {
        std::fs::create_dir_all(&folder).map_err(|e| io_error(&folder, e))?;
        let names = write_one(&folder, name, scene)?;
        written.extend(names.map(|name| format!("charts/{name}")));
    }
    Ok(written)
}

/// Writes a chart as `<stem>.svg` and `<stem>.png` into a folder that is there, and returns both names.
fn write_one(folder: &Path, stem: &str, scene: &Scene) -> Result<[String; 2], ChartError> {
    let names = [format!("{stem}.svg"), format!("{stem}.png")];
    let path = folder.join(&names[0]);
    let svg = paint::svg(scene)?;
    replace(&path, |out| out.write_all(svg.as_bytes())).map_err(|e| io_error(&path, e))?;
    let path = folder.join(&names[1]);
    let paint = |temporary: &Path| paint::png(scene, temporary).map_err(std::io::Error::other);
    replace_by(&path, paint).map_err(|e| io_error(&path, e))?;
    Ok(names)
}

fn io_error(path: &Path, source: std::io::Error) -> ChartError {
    ChartError::Io { path: path.to_owned(), source }
}
