//! What clients and servers do over time, counted second by second.
//!
//! Nothing is counted twice: the activity is the differences of the run's [`Counters`] from one
//! second to the next, so that an event costs a comparison. Seconds are gathered into buckets, as
//! many as a chart has pixels for: a run of any length takes a bounded amount of memory. Looking
//! changes nothing: a record with timelines equals one without, but for them.

use crate::model::ids::{FleetId, ResourceId, ServerId, Table};
use crate::results::{
    ActivityBucket, ActivityCounts, ActivityKind, BusiestSecond, Counters, KillScene,
    ServerActivity, WatchWindow,
};
use crate::units::{SimSpan, SimTime};

/// What the busiest moment is measured in, and what the width of buckets is a multiple of.
const SECOND: SimSpan = SimSpan::secs(1);
/// Most buckets of a run.
const BUCKETS: u64 = 1_200;
/// Most times that caches are looked at in a run.
const LOOKS: u64 = 300;

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct ActivityRecorder {
    /// When the present second ends.
    pub(crate) until: SimTime,
    /// What had been counted when it began.
    before: ActivityCounts,
    pub(crate) busiest: [BusiestSecond; ActivityKind::ALL.len()],
    pub(crate) width: SimSpan,
    /// The rest, where timelines are recorded.
    pub(crate) timelines: Option<Recorded>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) buckets: Vec<ActivityBucket>,
    /// Refusals by server since the present second began: 410s and 429s.
    pub(crate) refused: Table<ServerId, (u64, u64)>,
    pub(crate) kills: Vec<KillScene>,
    pub(crate) windows: Vec<Watched>,
    /// When caches are looked at next, and how often.
    pub(crate) look_at: SimTime,
    pub(crate) every: SimSpan,
}

/// A resource that is watched through a cache.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    pub(crate) resource: ResourceId,
    /// Fleets that watch it.
    pub(crate) fleets: Vec<FleetId>,
    pub(crate) window: WatchWindow,
}

impl ActivityRecorder {
    /// A recorder for a run of this length.
    #[must_use]
    pub fn new(duration: SimSpan, servers: usize, timelines: bool) -> Self {
        let timelines = timelines.then(|| Recorded {
            refused: Table::filled((0, 0), servers),
            every: whole_seconds(duration, LOOKS),
            ..Recorded::default()
        });
        Self {
            until: SimTime::ZERO + SECOND,
            before: ActivityCounts::default(),
            busiest: [BusiestSecond::default(); ActivityKind::ALL.len()],
            width: whole_seconds(duration, BUCKETS),
            timelines,
        }
    }

    /// Ends the present second, which `now` is past; returns what was counted in it and when it
    /// began.
    pub(crate) fn end_second(
        &mut self,
        counters: &Counters,
        now: SimTime,
    ) -> (SimTime, ActivityCounts) {
        let began = SimTime(self.until.0 - SECOND.0);
        let after = ActivityCounts::of(counters);
        let counts = after.since(&self.before);
        self.before = after;
        for (busiest, count) in self.busiest.iter_mut().zip(counts.0) {
            if count > busiest.count {
                *busiest = BusiestSecond { at: began, count };
            }
        }
        self.until = SimTime((now.0 / SECOND.0).saturating_add(1).saturating_mul(SECOND.0));
        (began, counts)
    }

    /// Counts a 410 or, else, a 429 of a server.
    pub fn refused(&mut self, server: ServerId, gone: bool) {
        let Some(recorded) = &mut self.timelines else { return };
        let (gones, rejections) = &mut recorded.refused[server];
        *(if gone { gones } else { rejections }) += 1;
    }
}

impl Recorded {
    /// Takes a second into its bucket; `now` is how the servers were left by it.
    pub(crate) fn take(&mut self, bucket: usize, counts: &ActivityCounts, now: &[ServerActivity]) {
        let calm = |last: Option<&ActivityBucket>| {
            // Nothing happened in between: servers are as they were.
            let as_before =
                |server: &ServerActivity| ServerActivity { gone: 0, rejected: 0, ..*server };
            let servers = last.map(|bucket| bucket.servers.iter().map(as_before).collect());
            let servers = servers.unwrap_or_else(|| vec![ServerActivity::default(); now.len()]);
            ActivityBucket { counts: ActivityCounts::default(), servers }
        };
        while self.buckets.len() <= bucket {
            let next = calm(self.buckets.last());
            self.buckets.push(next);
        }
        let bucket = &mut self.buckets[bucket];
        bucket.counts.add(counts);
        let refused = self.refused.iter_mut().map(std::mem::take);
        for ((server, now), (gone, rejected)) in bucket.servers.iter_mut().zip(now).zip(refused) {
            server.watches = now.watches;
            server.in_flight = now.in_flight;
            server.gone += gone;
            server.rejected += rejected;
        }
    }
}

/// The least whole number of seconds that cuts a run into at most `parts` parts.
fn whole_seconds(duration: SimSpan, parts: u64) -> SimSpan {
    SECOND.times(duration.0.div_ceil(SECOND.0).div_ceil(parts).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> SimTime {
        SimTime::ZERO + SimSpan::millis(millis)
    }

    #[test]
    fn seconds_without_events_are_skipped_and_the_busiest_is_found() {
        let mut recorder = ActivityRecorder::new(SimSpan::secs(10), 1, false);
        let mut counters = Counters::default();
        for (until, lists) in [(1_200, 3), (5_000, 8), (6_000, 2)] {
            counters.lists_begun += lists;
            recorder.end_second(&counters, at(until));
        }
        let busiest = recorder.busiest[ActivityKind::Lists as usize];
        // The eight came before 2 s: the next event after them is at 5 s.
        assert_eq!(busiest, BusiestSecond { at: at(1_000), count: 8 });
        assert_eq!(recorder.until, at(7_000));
    }

    #[test]
    fn buckets_are_few_and_sum_to_all() {
        let duration = SimSpan::secs(7_200);
        let mut recorder = ActivityRecorder::new(duration, 1, true);
        assert_eq!(recorder.width, SimSpan::secs(6));
        let mut recorded = recorder.timelines.take().expect("timelines");
        let server = ServerActivity { watches: 5, in_flight: 1, ..ServerActivity::default() };
        let mut counts = ActivityCounts::default();
        counts.0[0] = 2;
        for second in [0, 1, 5, 6, 7_199] {
            recorded.refused[ServerId(0)].0 += 1;
            recorded.take(second / 6, &counts, &[server]);
        }
        assert_eq!(recorded.buckets.len(), 1_200);
        let all: u64 = recorded.buckets.iter().map(|bucket| bucket.counts.0[0]).sum();
        let gone: u64 = recorded.buckets.iter().map(|bucket| bucket.servers[0].gone).sum();
        assert_eq!((all, gone), (10, 5));
        // Between two events servers stay as they were.
        assert_eq!(recorded.buckets[700].servers[0], server);
    }
}
