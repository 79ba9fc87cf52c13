//! What clients and servers do over time: counts second by second, and how far back the watch
//! caches go.
//!
//! Nothing is counted twice: the activity is the differences of the run's [`Counters`] from one
//! second to the next, so that an event costs a comparison. Seconds are gathered into buckets, as
//! many as a chart has pixels for, and caches are looked at a bounded number of times: a run of any
//! length takes a bounded amount of memory. Looking changes nothing: a record with timelines equals
//! one without, but for them.

use super::control_plane;
use super::ids::{FleetId, ResourceId, ServerId, Table};
use super::input::Behaviour;
use super::watchcache::capacity::BOOKMARK_PERIOD;
use super::world::World;
use crate::results::{
    Activity, ActivityBucket, ActivityCounts, ActivityKind, BusiestSecond, Counters, KillScene,
    ServerActivity, WatchWindow, WindowPoint,
};
use crate::units::{SimSpan, SimTime};

/// What the busiest moment is measured in, and what the width of buckets is a multiple of.
const SECOND: SimSpan = SimSpan::secs(1);
/// Most buckets of a run.
const BUCKETS: u64 = 1_200;
/// Most times that caches are looked at in a run.
const LOOKS: u64 = 300;
/// Most resources whose caches are looked at.
const RESOURCES: usize = 8;
/// Most kills whose scene is kept.
const KILLS: usize = 2_000;

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct ActivityRecorder {
    /// When the present second ends.
    until: SimTime,
    /// What had been counted when it began.
    before: ActivityCounts,
    busiest: [BusiestSecond; ActivityKind::ALL.len()],
    width: SimSpan,
    /// The rest, where timelines are recorded.
    timelines: Option<Recorded>,
}

#[derive(Clone, Debug, Default)]
struct Recorded {
    buckets: Vec<ActivityBucket>,
    /// Refusals by server since the present second began: 410s and 429s.
    refused: Table<ServerId, (u64, u64)>,
    kills: Vec<KillScene>,
    windows: Vec<Watched>,
    /// When caches are looked at next, and how often.
    look_at: SimTime,
    every: SimSpan,
}

/// A resource that is watched through a cache.
#[derive(Clone, Debug)]
struct Watched {
    resource: ResourceId,
    /// Fleets that watch it.
    fleets: Vec<FleetId>,
    window: WatchWindow,
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
    fn end_second(&mut self, counters: &Counters, now: SimTime) -> (SimTime, ActivityCounts) {
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
        if let Some((gones, rejections)) = recorded.refused.get_mut(server) {
            *(if gone { gones } else { rejections }) += 1;
        }
    }
}

impl Recorded {
    /// Takes a second into its bucket; `now` is how the servers were left by it.
    fn take(&mut self, bucket: usize, counts: &ActivityCounts, now: &[ServerActivity]) {
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

/// The least whole number of seconds that cuts a run into at most so many parts.
fn whole_seconds(duration: SimSpan, parts: u64) -> SimSpan {
    SECOND.times(duration.0.div_ceil(SECOND.0).div_ceil(parts).max(1))
}

impl World<'_> {
    /// Takes in the seconds that end before the next event.
    #[inline]
    pub(super) fn note_activity(&mut self, next: SimTime) {
        if next >= self.cx.record.activity.until {
            self.end_second(next);
        }
    }

    fn end_second(&mut self, now: SimTime) {
        let ended = self.cx.record.activity.until;
        let (began, counts) = self.cx.record.activity.end_second(&self.cx.record.counters, now);
        let Some(mut recorded) = self.cx.record.activity.timelines.take() else { return };
        if recorded.windows.is_empty() && recorded.look_at == SimTime::ZERO {
            recorded.windows = self.watched_resources();
            self.look_at_caches(&mut recorded.windows, SimTime::ZERO);
            recorded.look_at = SimTime::ZERO + recorded.every;
        }
        let bucket = (began.0 / self.cx.record.activity.width.0) as usize;
        recorded.take(bucket, &counts, &self.servers_now());
        if ended >= recorded.look_at {
            // Until `now` there is no event: the last look before it stands for all.
            let steps = now.0.saturating_sub(1) / recorded.every.0;
            let at = SimTime(steps.saturating_mul(recorded.every.0)).max(recorded.look_at);
            self.look_at_caches(&mut recorded.windows, at);
            recorded.look_at = at + recorded.every;
        }
        self.cx.record.activity.timelines = Some(recorded);
    }

    fn servers_now(&self) -> Vec<ServerActivity> {
        let of = |state: &control_plane::ServerState| ServerActivity {
            watches: state.watches.iter().sum(),
            in_flight: state.server.in_flight(),
            ..ServerActivity::default()
        };
        self.plane.servers.iter().map(of).collect()
    }

    /// The resources that reconnecting watchers depend on: most watchers first, then most writes.
    fn watched_resources(&self) -> Vec<Watched> {
        let mut watched: Vec<Watched> = Vec::new();
        for (id, fleet) in self.cx.inputs.fleet_ids().zip(&self.cx.inputs.fleets) {
            let resource = fleet.resource();
            let reflects = matches!(fleet.behaviour, Behaviour::Reflector { watch: true, .. });
            if !reflects || !self.cx.inputs.resources[resource].watch_cache {
                continue;
            }
            let known = watched.iter().position(|watched| watched.resource == resource);
            let place = known.unwrap_or_else(|| {
                watched.push(Watched {
                    resource,
                    fleets: Vec::new(),
                    window: WatchWindow {
                        resource: self.cx.inputs.resources[resource].name.clone(),
                        watchers: 0,
                        oldest_age: BOOKMARK_PERIOD,
                        points: Vec::new(),
                    },
                });
                watched.len() - 1
            });
            watched[place].fleets.push(id);
            watched[place].window.watchers += u64::from(fleet.count);
        }
        let writes = |watched: &Watched| self.plane.writes[watched.resource];
        watched.sort_by(|a, b| {
            let watchers = b.window.watchers.cmp(&a.window.watchers);
            watchers.then(writes(b).total_cmp(&writes(a))).then(a.resource.cmp(&b.resource))
        });
        watched.truncate(RESOURCES);
        for one in &mut watched {
            one.window.oldest_age = oldest_age(&self.view_of(&one.fleets));
        }
        watched
    }

    fn look_at_caches(&self, windows: &mut [Watched], at: SimTime) {
        for watched in windows {
            let resource = watched.resource;
            let span = |state: &control_plane::ServerState| {
                state.cachers[resource].as_ref().and_then(|cacher| cacher.reaches_back(at))
            };
            let spans: Vec<Option<SimSpan>> = self.plane.servers.iter().map(span).collect();
            let view = self.view_of(&watched.fleets);
            let too_old = |span: &Option<SimSpan>| span.map_or(1.0, |span| unseen_for(&view, span));
            watched.window.points.push(WindowPoint {
                at,
                median_age: median_age(&view),
                too_old: spans.iter().map(too_old).collect(),
                spans,
            });
        }
    }

    /// How often members of fleets see an event of what they watch.
    fn view_of(&self, fleets: &[FleetId]) -> Vec<MemberView> {
        let of = |fleet: &FleetId| {
            let fleet = &self.cx.inputs.fleets[*fleet];
            let (selected, bookmarks) = match &fleet.behaviour {
                Behaviour::Reflector { read, bookmarks, .. } => (read.selected, *bookmarks),
                _ => (1.0, true),
            };
            let writes_per_second = self.plane.flows.usual_rate(fleet.resource());
            MemberView {
                members: fleet.count,
                events_per_second: writes_per_second * selected,
                writes_per_second,
                notified_every: self.cx.inputs.etcd.progress_notify_interval,
                bookmarks,
            }
        };
        fleets.iter().map(of).collect()
    }

    /// Keeps what a kill for memory finds, before the process is gone.
    pub(super) fn note_kill(&mut self, server: ServerId, watches: u64, at: SimTime) {
        let owners = &self.cx.catalog.owners;
        let state = &self.plane.servers[server];
        let Some(recorded) = &mut self.cx.record.activity.timelines else { return };
        if recorded.kills.len() < KILLS {
            let largest = state.server.memory.ledger.holders(owners).into_iter().next();
            let server = control_plane::name(server);
            recorded.kills.push(KillScene { at, server, largest, watches });
        }
    }

    /// The activity of a run that ended at `end`.
    pub(super) fn take_activity(&mut self, end: SimTime) -> Activity {
        // The last second is cut by the end, not by an event.
        self.end_second(SimTime(end.0.saturating_add(1)));
        let Some(mut recorded) = self.cx.record.activity.timelines.take() else {
            return Activity {
                busiest: self.cx.record.activity.busiest,
                width: self.cx.record.activity.width,
                ..Activity::default()
            };
        };
        let last = end.0.saturating_sub(1) / self.cx.record.activity.width.0;
        recorded.take(last as usize, &ActivityCounts::default(), &self.servers_now());
        Activity {
            busiest: self.cx.record.activity.busiest,
            width: self.cx.record.activity.width,
            buckets: recorded.buckets,
            windows: recorded.windows.into_iter().map(|watched| watched.window).collect(),
            kills: recorded.kills,
        }
    }
}

/// What members of a fleet see of the resource they watch.
#[derive(Clone, Copy, Debug)]
struct MemberView {
    members: u32,
    events_per_second: f64,
    /// To the whole resource: each moves the version that bookmarks carry.
    writes_per_second: f64,
    /// So does etcd's progress notification.
    notified_every: SimSpan,
    bookmarks: bool,
}

impl MemberView {
    /// The share of caches whose version was older than `span` when a bookmark was made of it.
    fn older(&self, span: f64) -> f64 {
        let unwritten = (1.0 - span * self.writes_per_second).max(0.0);
        let unnotified = (1.0 - span / self.notified_every.as_secs_f64().max(1e-9)).max(0.0);
        if span <= 0.0 { 1.0 } else { unwritten * unnotified }
    }

    /// The share of members whose last bookmark carries a version older than `span`.
    fn bookmark_older(&self, span: f64) -> f64 {
        const STEPS: u32 = 30;
        let period = BOOKMARK_PERIOD.as_secs_f64();
        let at = |n: u32| (f64::from(n) + 0.5) / f64::from(STEPS) * period;
        let older = (0..STEPS).map(|n| self.older(span - at(n))).sum::<f64>() / f64::from(STEPS);
        if self.bookmarks { older } else { 1.0 }
    }

    /// The oldest version that a bookmark can have left a member with.
    fn oldest(&self) -> SimSpan {
        let written = if self.writes_per_second > 0.0 {
            SimSpan::from_secs_f64(1.0 / self.writes_per_second)
        } else {
            self.notified_every
        };
        BOOKMARK_PERIOD + written.min(self.notified_every)
    }
}

/// The share of members that have seen nothing for longer than `span`: neither a bookmark nor an
/// event, with the ages that `sample_seen` of the clients draws from.
fn unseen_for(view: &[MemberView], span: SimSpan) -> f64 {
    let members: f64 = view.iter().map(|fleet| f64::from(fleet.members)).sum();
    let seconds = span.as_secs_f64();
    let unseen = |fleet: &MemberView| {
        let no_event = libm::exp(-fleet.events_per_second * seconds);
        f64::from(fleet.members) * fleet.bookmark_older(seconds) * no_event
    };
    view.iter().map(unseen).sum::<f64>() / members.max(1.0)
}

/// The oldest version that a bookmark can have left any of them with.
fn oldest_age(view: &[MemberView]) -> SimSpan {
    view.iter().map(MemberView::oldest).max().unwrap_or(BOOKMARK_PERIOD)
}

/// The age that the versions of half of the members exceed.
fn median_age(view: &[MemberView]) -> SimSpan {
    const EXACT: u64 = 1_000_000;
    let (mut low, mut high) = (0, oldest_age(view).0);
    while high - low > EXACT {
        let middle = low + (high - low) / 2;
        if unseen_for(view, SimSpan(middle)) > 0.5 {
            low = middle;
        } else {
            high = middle;
        }
    }
    SimSpan(high)
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

    #[test]
    fn what_was_seen_last_is_never_older_than_a_bookmark() {
        // Told at once how far etcd is: the age of the bookmark is all.
        let told = MemberView {
            members: 10,
            events_per_second: 0.0,
            writes_per_second: 0.0,
            notified_every: SimSpan::millis(100),
            bookmarks: true,
        };
        let half = median_age(&[told]).as_secs_f64();
        assert!((half - 30.0).abs() < 1.1, "{half}");
        assert!(unseen_for(&[told], SimSpan::secs(61)).abs() < 1e-12);
        // Told every ten minutes, a quiet cache is five old on average, and its bookmark half a minute.
        let quiet = [MemberView { notified_every: SimSpan::secs(600), ..told }];
        let half = median_age(&quiet).as_secs_f64();
        assert!((half - 330.0).abs() < 2.0, "{half}");
        assert_eq!(oldest_age(&quiet), SimSpan::secs(660));
        let untold = [MemberView { bookmarks: false, ..told }];
        assert!(unseen_for(&untold, SimSpan::secs(3_600)) >= 1.0);
        let busy = [MemberView { events_per_second: 1.0, writes_per_second: 1.0, ..told }];
        assert!(median_age(&busy) < SimSpan::secs(1));
        assert!(unseen_for(&busy, SimSpan::ZERO) >= 1.0);
    }
}
