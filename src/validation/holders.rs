//! Who holds the memory: entries of the ledger beside heap profiles of a real server, not only their sum.
//!
//! `tests/data/heap-profiles.csv` has, of six bursts, two instants each: idle before the burst, and of the others
//! the one with most in use. Its rows are bytes in use by the Go function that allocated them (at least 2 MiB),
//! a row without a function is the whole. A profile is of the last collection that ended before its instant, without
//! what was allocated while that one marked. Of the replay there is what it had in use at the end of its own
//! last collection before that instant, and at most at the end of any: it is not at the same place at the same
//! second.

use rayon::prelude::*;

use super::files::{Found, Gathered};
use super::{Observation, Replay, mapping};
use crate::model::{self, RunOptions, costs};
use crate::results::{HolderRow, Mechanism, Timeline, TimelinePoint};
use crate::units::{Bytes, SimSpan, SimTime};

const PROFILES: &str = include_str!("../../tests/data/heap-profiles.csv");

/// Functions that allocate what is written to clients: buffers of `encoding/json`, and the encoded items of
/// lists that are streamed. All else that a burst adds is what it lists: slices, conversions, copies, events.
const BUFFERS: [&str; 3] = ["bytes.growSlice", "slices.Grow", "encoding/json.Marshal"];
/// Entries of the ledger that are the same.
const BUFFER_ENTRIES: [Mechanism; 4] =
    [Mechanism::ResponseBuffer, Mechanism::Gzip, Mechanism::SocketBuffers, Mechanism::Pools];
/// A profile of no committed run: its like, and the release that it had.
const LIKE: (&str, &str, &str) =
    ("crs-5000x20k-1.34-json-rv0-2", "crs-5000x20k-1.36-json-rv0-2", "1.34");

/// A profile.
#[derive(Clone, Debug, Default)]
struct Profile {
    run: String,
    at_seconds: f64,
    all: Bytes,
    buffers: Bytes,
}

/// Holders of the committed runs that heap profiles were taken of.
#[must_use]
pub fn holders(replay: Replay) -> Vec<HolderRow> {
    let mut gathered = Gathered::default();
    gathered.add_committed();
    let profiles = profiles();
    let pairs: Vec<&[Profile]> = profiles.chunk_by(|a, b| a.run == b.run).collect();
    let one = |pair: &&[Profile]| match pair {
        [idle, burst] => rows(idle, burst, &gathered.found, replay).unwrap_or_default(),
        _ => Vec::new(),
    };
    pairs.par_iter().flat_map_iter(one).collect()
}

/// The profiles, in the order of the file.
fn profiles() -> Vec<Profile> {
    let mut profiles: Vec<Profile> = Vec::new();
    let mut reader = csv::Reader::from_reader(PROFILES.as_bytes());
    for (run, at_seconds, function, mib) in
        reader.deserialize::<(String, f64, String, f64)>().flatten()
    {
        let bytes = Bytes::mib(1).scale(mib);
        if function.is_empty() {
            profiles.push(Profile { run, at_seconds, all: bytes, buffers: Bytes::ZERO });
        } else if let Some(profile) = profiles.last_mut()
            && BUFFERS.iter().any(|buffer| function.starts_with(buffer))
        {
            profile.buffers += bytes;
        }
    }
    profiles
}

fn rows(
    idle: &Profile,
    burst: &Profile,
    found: &[Found],
    replay: Replay,
) -> Option<Vec<HolderRow>> {
    let (id, version) =
        if idle.run == LIKE.0 { (LIKE.1, Some(LIKE.2)) } else { (idle.run.as_str(), None) };
    let mut run = found.iter().find_map(|found| match &found.observation {
        Observation::Run(run) if run.id == id => Some(run.clone()),
        Observation::Run(_) | Observation::Servers(_) => None,
    })?;
    if let Some(version) = version {
        version.clone_into(&mut run.kubernetes.version);
    }
    let inputs = mapping::inputs(&run).ok()?;
    let options = RunOptions { seed: replay.seed, replication: 0, timelines: true };
    let timeline = model::run(&inputs, options).timelines.into_iter().next()?;
    let before = timeline.points.first()?;
    let ends: Vec<&TimelinePoint> = ends_of_collections(&timeline).collect();
    let at = SimTime::ZERO + SimSpan::from_secs_f64(burst.at_seconds);
    let last = ends.iter().rev().find(|point| point.at <= at).copied().unwrap_or(before);
    let row =
        |at_seconds, what: &str, measured_bytes, of: &dyn Fn(&TimelinePoint) -> Bytes| HolderRow {
            run: idle.run.clone(),
            at_seconds,
            what: what.to_owned(),
            measured_bytes,
            predicted_bytes: of(if at_seconds < 0.0 { before } else { last }),
            predicted_most_bytes: ends.iter().map(|point| of(point)).max().unwrap_or_default(),
        };
    let buffered = |point: &TimelinePoint| buffers(point) - buffers(before);
    let others = |point: &TimelinePoint| point.live_heap - before.live_heap - buffered(point);
    let measured_buffers = burst.buffers - idle.buffers;
    let measured_others = burst.all - idle.all - measured_buffers;
    let whole = |_: &TimelinePoint| before.live_heap + costs::EMPTY_LIVE_HEAP;
    Some(vec![
        row(idle.at_seconds, "idle", idle.all, &whole),
        row(burst.at_seconds, "buffers", measured_buffers, &buffered),
        row(burst.at_seconds, "lists, copies, events", measured_others, &others),
    ])
}

/// The points at which a collection ended, in order: where the goal of the next is set.
fn ends_of_collections(timeline: &Timeline) -> impl Iterator<Item = &TimelinePoint> {
    let pairs = timeline.points.windows(2);
    pairs.filter(|pair| pair[0].heap_goal != pair[1].heap_goal).map(|pair| &pair[1])
}

fn buffers(point: &TimelinePoint) -> Bytes {
    let all = Mechanism::ALL.iter().zip(point.by_mechanism);
    all.filter(|(mechanism, _)| BUFFER_ENTRIES.contains(mechanism)).map(|(_, bytes)| bytes).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_a_pair_and_has_its_whole() {
        let profiles = profiles();
        assert_eq!(profiles.len(), 12);
        for pair in profiles.chunk_by(|a, b| a.run == b.run) {
            assert_eq!(pair.len(), 2, "{}", pair[0].run);
            assert!(pair[0].at_seconds < 0.0 && pair[1].at_seconds > 0.0);
            assert!(pair[1].all > pair[0].all && pair[1].all > pair[1].buffers);
        }
        let secrets = &profiles[3];
        assert_eq!(secrets.run, "kep3157-1.32-json-rv0-8");
        assert!((secrets.buffers.as_gib() - 3.03).abs() < 0.02, "{secrets:?}");
    }

    #[test]
    fn what_is_compared_is_what_a_collection_found() {
        let point = |goal, live| TimelinePoint {
            heap_goal: Bytes::mib(goal),
            live_heap: Bytes::mib(live),
            ..TimelinePoint::of_resident(SimTime::ZERO, Bytes::ZERO)
        };
        let points = vec![point(5, 1), point(5, 99), point(9, 3), point(9, 50), point(7, 2)];
        let timeline = Timeline { points, ..Timeline::default() };
        let live: Vec<Bytes> =
            ends_of_collections(&timeline).map(|point| point.live_heap).collect();
        assert_eq!(live, [Bytes::mib(3), Bytes::mib(2)]);
    }
}
