//! Timelines: every server's memory over time, thinned as it is recorded.
//!
//! Time is cut into buckets; of each the first and last point and those of lowest and highest
//! resident memory are kept, so that every peak and every fall survives and a run of any length
//! takes a bounded amount of memory.

use super::apiserver::server::Server;
use crate::results::{Timeline, TimelinePoint};
use crate::units::{Bytes, SimSpan, SimTime};

/// Buckets of a run.
const BUCKETS: u64 = 2_000;

/// A point and its place in the order of recording.
type Placed = (u64, TimelinePoint);

#[derive(Clone, Debug)]
struct Bucket {
    index: u64,
    first: Placed,
    low: Placed,
    high: Placed,
    last: Placed,
}

#[derive(Clone, Debug, Default)]
struct Track {
    points: Vec<TimelinePoint>,
    bucket: Option<Bucket>,
    recorded: u64,
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
        self.recorded += 1;
        let placed = (self.recorded, point);
        match &mut self.bucket {
            Some(bucket) if bucket.index == index => {
                if placed.1.resident < bucket.low.1.resident {
                    bucket.low = placed.clone();
                } else if placed.1.resident > bucket.high.1.resident {
                    bucket.high = placed.clone();
                }
                bucket.last = placed;
            }
            _ => {
                self.close_bucket();
                self.bucket = Some(Bucket {
                    index,
                    first: placed.clone(),
                    low: placed.clone(),
                    high: placed.clone(),
                    last: placed,
                });
            }
        }
    }

    fn close_bucket(&mut self) {
        let Some(Bucket { first, low, high, last, .. }) = self.bucket.take() else { return };
        let mut kept = [first, low, high, last];
        kept.sort_by_key(|(place, _)| *place);
        let mut former = 0;
        for (place, point) in kept {
            if place != former {
                self.points.push(point);
            }
            former = place;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(at: u64, resident: u64) -> TimelinePoint {
        TimelinePoint {
            at: SimTime(at),
            resident: Bytes(resident),
            live_heap: Bytes::ZERO,
            heap_goal: Bytes::ZERO,
            in_flight: 0,
            watches: 0,
            by_mechanism: [Bytes::ZERO; crate::results::Mechanism::ALL.len()],
        }
    }

    #[test]
    fn peaks_and_falls_of_one_instant_survive() {
        let mut track = Track::default();
        for (at, resident) in [(0, 5), (1, 6), (3, 9), (3, 0), (5, 2), (5, 1), (8, 3)] {
            track.push(0, point(at, resident));
        }
        track.push(1, point(10, 4));
        track.close_bucket();
        let kept: Vec<_> = track.points.iter().map(|p| (p.at.0, p.resident.0)).collect();
        assert_eq!(kept, [(0, 5), (3, 9), (3, 0), (8, 3), (10, 4)]);
    }
}
