//! Timelines: every server's memory over time, thinned as it is recorded.
//!
//! Time is cut into buckets; of each the points of lowest and highest resident memory are kept,
//! so that every peak survives and a run of any length takes a bounded amount of memory.

use std::cmp::Ordering;

use super::apiserver::server::Server;
use crate::results::{Timeline, TimelinePoint};
use crate::units::{Bytes, SimSpan, SimTime};

/// Buckets of a run.
const BUCKETS: u64 = 2_000;

#[derive(Clone, Debug)]
struct Bucket {
    index: u64,
    low: TimelinePoint,
    high: TimelinePoint,
}

#[derive(Clone, Debug, Default)]
struct Track {
    points: Vec<TimelinePoint>,
    bucket: Option<Bucket>,
    down: Vec<(SimTime, SimTime)>,
    down_since: Option<SimTime>,
}

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct Recorder {
    width: u64,
    tracks: Vec<Track>,
}

impl Recorder {
    /// A recorder for a run of this length.
    #[must_use]
    pub fn new(servers: usize, duration: SimSpan) -> Self {
        Self { width: (duration.0 / BUCKETS).max(1), tracks: vec![Track::default(); servers] }
    }

    /// Records a server as it is now.
    pub fn sample(&mut self, index: usize, now: SimTime, server: &Server, watches: u64) {
        let memory = &server.memory;
        let point = TimelinePoint {
            at: now,
            resident: Bytes(memory.resident()),
            live_heap: Bytes(memory.live()),
            heap_goal: if server.running() { server.heap_goal() } else { Bytes::ZERO },
            in_flight: server.in_flight(),
            watches: u32::try_from(watches).unwrap_or(u32::MAX),
            by_mechanism: memory.ledger.by_mechanism(),
        };
        let bucket = now.0 / self.width;
        self.tracks[index].push(bucket, point);
    }

    /// Notes that a server stopped or started to serve.
    pub fn down(&mut self, index: usize, now: SimTime, down: bool) {
        let track = &mut self.tracks[index];
        match (down, track.down_since) {
            (true, None) => track.down_since = Some(now),
            (false, Some(since)) => {
                track.down.push((since, now));
                track.down_since = None;
            }
            _ => {}
        }
    }

    /// The timelines of a run that ended at `end`.
    #[must_use]
    pub fn finish(self, names: &[String], end: SimTime) -> Vec<Timeline> {
        let finish = |(mut track, name): (Track, &String)| {
            track.close_bucket();
            if let Some(since) = track.down_since {
                track.down.push((since, end));
            }
            Timeline { server: name.clone(), points: track.points, down: track.down }
        };
        self.tracks.into_iter().zip(names).map(finish).collect()
    }
}

impl Track {
    fn push(&mut self, index: u64, point: TimelinePoint) {
        match &mut self.bucket {
            Some(bucket) if bucket.index == index => {
                if point.resident <= bucket.low.resident {
                    bucket.low = point;
                } else if point.resident >= bucket.high.resident {
                    bucket.high = point;
                }
            }
            _ => {
                self.close_bucket();
                self.bucket = Some(Bucket { index, low: point.clone(), high: point });
            }
        }
    }

    fn close_bucket(&mut self) {
        let Some(Bucket { low, high, .. }) = self.bucket.take() else { return };
        match low.at.cmp(&high.at) {
            Ordering::Equal => self.points.push(high),
            Ordering::Less => self.points.extend([low, high]),
            Ordering::Greater => self.points.extend([high, low]),
        }
    }
}
