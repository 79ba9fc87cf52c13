//! Timelines: every server's memory and priority levels over time, thinned as they are recorded
//! (see [`super::thinned`]), so that a run of any length takes a bounded amount of memory.

use crate::model::admission::{Admission, LevelState};
use crate::model::apiserver::server::Server;
use crate::model::ids::{ServerId, Table};
use crate::model::record::thinned::Thinned;
use crate::results::{LevelPoint, LevelTimeline, Timeline, TimelinePoint};
use crate::units::{Bytes, SimSpan, SimTime};

/// Buckets of a run.
const BUCKETS: u64 = 2_000;

#[derive(Clone, Debug)]
struct Track {
    memory: Thinned<TimelinePoint, 1>,
    levels: Vec<LevelTrack>,
    down: Vec<(SimTime, SimTime)>,
    down_since: Option<SimTime>,
}

/// A priority level; the limit is known from the start, used or not.
#[derive(Clone, Debug)]
struct LevelTrack {
    name: String,
    exempt: bool,
    nominal: u64,
    now: LevelPoint,
    /// Rejected by former processes.
    rejected_before: u64,
    points: Thinned<LevelPoint, 3>,
}

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct Recorder {
    width: u64,
    tracks: Table<ServerId, Track>,
}

impl Recorder {
    /// A recorder for a run of this length.
    #[must_use]
    pub fn new(servers: usize, duration: SimSpan) -> Self {
        let track = Track {
            memory: Thinned::new([|point| point.resident.0]),
            levels: Vec::new(),
            down: Vec::new(),
            down_since: None,
        };
        Self { width: (duration.0 / BUCKETS).max(1), tracks: Table::filled(track, servers) }
    }

    /// Records a server as it is now.
    pub fn sample(&mut self, id: ServerId, now: SimTime, server: &Server, watches: u64) {
        let memory = &server.memory;
        let point = TimelinePoint {
            at: now,
            resident: Bytes(memory.resident()),
            live_heap: Bytes(memory.live()),
            heap_goal: if server.running() { server.heap_goal() } else { Bytes::ZERO },
            in_flight: server.in_flight(),
            watches: u32::try_from(watches).unwrap_or(u32::MAX),
            pressure: server.pressed(),
            by_mechanism: memory.ledger.by_mechanism(),
        };
        let bucket = now.0 / self.width;
        self.tracks[id].memory.push(bucket, point);
    }

    /// Records the priority levels of a server that may have changed; `None`: there is no process.
    pub fn sample_levels(&mut self, server: ServerId, now: SimTime, admission: Option<&Admission>) {
        let bucket = now.0 / self.width;
        let levels = &mut self.tracks[server].levels;
        let Some(admission) = admission else {
            for track in levels {
                track.end_process(bucket, now);
            }
            return;
        };
        for state in admission.changed_levels() {
            let known = levels.iter().position(|track| track.name == state.name);
            let place = known.unwrap_or_else(|| {
                levels.push(LevelTrack::new(&state));
                levels.len() - 1
            });
            levels[place].push(bucket, now, &state);
        }
    }

    /// Notes that a server stopped or started to serve.
    pub fn down(&mut self, server: ServerId, now: SimTime, down: bool) {
        let track = &mut self.tracks[server];
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
            if let Some(since) = track.down_since {
                track.down.push((since, end));
            }
            track.levels.sort_by(|a, b| a.name.cmp(&b.name));
            Timeline {
                server: name.clone(),
                points: track.memory.finish(),
                down: track.down,
                levels: track.levels.into_iter().filter_map(LevelTrack::finish).collect(),
            }
        };
        self.tracks.into_rows().into_iter().zip(names).map(finish).collect()
    }
}

impl LevelTrack {
    fn new(state: &LevelState<'_>) -> Self {
        Self {
            name: state.name.to_owned(),
            exempt: state.exempt,
            nominal: state.nominal,
            now: LevelPoint::default(),
            rejected_before: 0,
            points: Thinned::new([|point| point.seats, |point| point.waiting, |point| point.limit]),
        }
    }

    fn push(&mut self, bucket: u64, now: SimTime, state: &LevelState<'_>) {
        // Before its informers have synced a server knows no shares but the mandatory ones.
        self.nominal = state.nominal;
        let point = LevelPoint {
            at: now,
            seats: state.seats,
            limit: if state.exempt { 0 } else { state.limit },
            waiting: state.waiting,
            rejected: self.rejected_before + state.rejected,
        };
        self.record(bucket, point);
    }

    fn end_process(&mut self, bucket: u64, now: SimTime) {
        self.rejected_before = self.now.rejected;
        let rejected = self.rejected_before;
        self.record(bucket, LevelPoint { at: now, rejected, ..LevelPoint::default() });
    }

    /// Only changes: what is between two points is as at the first.
    fn record(&mut self, bucket: u64, point: LevelPoint) {
        if (LevelPoint { at: self.now.at, ..point }) != self.now {
            self.now = point;
            self.points.push(bucket, point);
        }
    }

    /// Its timeline, if it was ever used.
    fn finish(self) -> Option<LevelTimeline> {
        let points = self.points.finish();
        let used = points.iter().any(|p| p.seats > 0 || p.waiting > 0 || p.rejected > 0);
        used.then_some(LevelTimeline {
            name: self.name,
            exempt: self.exempt,
            nominal_seats: self.nominal,
            points,
        })
    }
}
