//! `replications/N/`: a few replications beside the worst one, so that a page can show another.
//!
//! They have the files of the run folder that a page is drawn from, with timelines thinned to
//! [`COLUMNS`] columns; every peak is there.

use std::io::{self, Write};

use super::charts::survivors;
use super::story::Story;
use super::{csv, events};
use crate::results::{RunRecord, Timeline};

/// Columns of pixels that lines are thinned to, of all servers together.
const COLUMNS: usize = 450;
/// The least of one server.
const LEAST_COLUMNS: usize = 100;

/// Where the files of a replication are, below the run folder.
#[must_use]
pub(super) fn folder_of(replication: u32) -> String {
    format!("replications/{replication}/")
}

/// The replications with files, in order.
pub(super) fn kept(files: &[String]) -> Vec<u32> {
    let number = |name: &String| {
        let (number, file) = name.strip_prefix("replications/")?.split_once('/')?;
        number.parse().ok().filter(|_| file == "timeline.csv")
    };
    let mut kept: Vec<u32> = files.iter().filter_map(number).collect();
    kept.sort_unstable();
    kept
}

/// Writes one file of a replication.
type WriteFile = fn(&mut dyn Write, &RunRecord) -> io::Result<()>;

/// The files of a replication, and what writes them.
pub(super) fn files(run: &RunRecord) -> [(String, WriteFile); 4] {
    let place = folder_of(run.replication);
    let files: [(&str, WriteFile); 4] = [
        ("timeline.csv", |out, run| csv::timeline(out, &thinned_lines(run))),
        ("activity.csv", |out, run| csv::activity(out, run)),
        ("story.txt", |out, run| out.write_all(Story::of(run).full().as_bytes())),
        ("events.jsonl", |out, run| events::write(out, &run.log)),
    ];
    files.map(|(name, write)| (format!("{place}{name}"), write))
}

fn thinned_lines(run: &RunRecord) -> Vec<Timeline> {
    let columns = (COLUMNS / run.timelines.len().max(1)).max(LEAST_COLUMNS);
    run.timelines.iter().map(|line| thinned(line, columns)).collect()
}

/// The points of a line that can be seen.
fn thinned(line: &Timeline, columns: usize) -> Timeline {
    let end = line.points.last().map_or(1.0, |point| point.at.as_secs_f64()).max(1e-9);
    let width = columns as f64 / end;
    let xs: Vec<f64> = line.points.iter().map(|point| point.at.as_secs_f64() * width).collect();
    let values: Vec<u64> = line.points.iter().map(|point| point.resident.0).collect();
    let points = survivors(&xs, &values).into_iter().map(|at| line.points[at].clone()).collect();
    Timeline { server: line.server.clone(), points, down: line.down.clone(), levels: Vec::new() }
}
