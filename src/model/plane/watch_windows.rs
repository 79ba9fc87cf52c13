//! How far back the watch caches go, and how old what their watchers have seen is: looked at a
//! bounded number of times in a run.

use crate::model::context::Context;
use crate::model::ids::{FleetId, ServerId};
use crate::model::input::Behaviour;
use crate::model::plane::Plane;
use crate::model::plane::server_state::{ServerState, name};
use crate::model::record::activity::Watched;
use crate::model::watchcache::capacity::BOOKMARK_PERIOD;
use crate::results::{
    Activity, ActivityCounts, KillScene, ServerActivity, WatchWindow, WindowPoint,
};
use crate::units::{SimSpan, SimTime};

/// Most resources whose caches are looked at.
const RESOURCES: usize = 8;
/// Most kills whose scene is kept.
const KILLS: usize = 2_000;

impl Plane {
    /// Takes in the seconds that end before the next event.
    #[inline]
    pub(crate) fn note_activity(&mut self, cx: &mut Context<'_>, next: SimTime) {
        if next >= cx.record.activity.until {
            self.end_second(cx, next);
        }
    }

    /// Ends the present second: its counts go to their bucket, and caches are looked at if it is time.
    fn end_second(&mut self, cx: &mut Context<'_>, now: SimTime) {
        let ended = cx.record.activity.until;
        let (began, counts) = cx.record.activity.end_second(&cx.record.counters, now);
        let Some(mut recorded) = cx.record.activity.timelines.take() else { return };
        if recorded.windows.is_empty() && recorded.look_at == SimTime::ZERO {
            recorded.windows = self.watched_resources(cx);
            self.look_at_caches(cx, &mut recorded.windows, SimTime::ZERO);
            recorded.look_at = SimTime::ZERO + recorded.every;
        }
        let bucket = (began.0 / cx.record.activity.width.0) as usize;
        recorded.take(bucket, &counts, &self.servers_now());
        if ended >= recorded.look_at {
            // Until `now` there is no event: the last look before it stands for all.
            let steps = now.0.saturating_sub(1) / recorded.every.0;
            let at = SimTime(steps.saturating_mul(recorded.every.0)).max(recorded.look_at);
            self.look_at_caches(cx, &mut recorded.windows, at);
            recorded.look_at = at + recorded.every;
        }
        cx.record.activity.timelines = Some(recorded);
    }

    /// Watches and requests of the servers now.
    fn servers_now(&self) -> Vec<ServerActivity> {
        let of = |state: &ServerState| ServerActivity {
            watches: state.watches.iter().sum(),
            in_flight: state.server.in_flight(),
            ..ServerActivity::default()
        };
        self.servers.iter().map(of).collect()
    }

    /// The resources that reconnecting watchers depend on: most watchers first, then most writes.
    fn watched_resources(&self, cx: &Context<'_>) -> Vec<Watched> {
        let mut watched: Vec<Watched> = Vec::new();
        for (id, fleet) in cx.inputs.fleet_ids().zip(&cx.inputs.fleets) {
            let resource = fleet.resource();
            let reflects = matches!(fleet.behaviour, Behaviour::Reflector { watch: true, .. });
            if !reflects || !cx.inputs.resources[resource].watch_cache {
                continue;
            }
            let known = watched.iter().position(|watched| watched.resource == resource);
            let place = known.unwrap_or_else(|| {
                watched.push(Watched {
                    resource,
                    fleets: Vec::new(),
                    window: WatchWindow {
                        resource: cx.inputs.resources[resource].name.clone(),
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
        let writes = |watched: &Watched| self.writes[watched.resource];
        watched.sort_by(|a, b| {
            let watchers = b.window.watchers.cmp(&a.window.watchers);
            watchers.then(writes(b).total_cmp(&writes(a))).then(a.resource.cmp(&b.resource))
        });
        watched.truncate(RESOURCES);
        for one in &mut watched {
            one.window.oldest_age = oldest_age(&self.view_of(cx, &one.fleets));
        }
        watched
    }

    /// Notes how far back the caches reach.
    fn look_at_caches(&self, cx: &Context<'_>, windows: &mut [Watched], at: SimTime) {
        for watched in windows {
            let resource = watched.resource;
            let span = |state: &ServerState| {
                state.cachers[resource].as_ref().and_then(|cacher| cacher.reaches_back(at))
            };
            let spans: Vec<Option<SimSpan>> = self.servers.iter().map(span).collect();
            let view = self.view_of(cx, &watched.fleets);
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
    fn view_of(&self, cx: &Context<'_>, fleets: &[FleetId]) -> Vec<MemberView> {
        let of = |fleet: &FleetId| {
            let fleet = &cx.inputs.fleets[*fleet];
            let (selected, bookmarks) = match &fleet.behaviour {
                Behaviour::Reflector { read, bookmarks, .. } => (read.selected, *bookmarks),
                _ => (1.0, true),
            };
            let writes_per_second = self.flows.usual_rate(fleet.resource());
            MemberView {
                members: fleet.count,
                events_per_second: writes_per_second * selected,
                writes_per_second,
                notified_every: cx.inputs.etcd.progress_notify_interval,
                bookmarks,
            }
        };
        fleets.iter().map(of).collect()
    }

    /// Keeps what a kill for memory finds, before the process is gone.
    pub(crate) fn note_kill(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        watches: u64,
        at: SimTime,
    ) {
        let owners = &cx.catalog.owners;
        let state = &self.servers[server];
        let Some(recorded) = &mut cx.record.activity.timelines else { return };
        if recorded.kills.len() < KILLS {
            let largest = state.server.memory.ledger.holders(owners).into_iter().next();
            let server = name(server);
            recorded.kills.push(KillScene { at, server, largest, watches });
        }
    }

    /// The activity of a run that ended at `end`.
    pub(crate) fn take_activity(&mut self, cx: &mut Context<'_>, end: SimTime) -> Activity {
        // The last second is cut by the end, not by an event.
        self.end_second(cx, SimTime(end.0.saturating_add(1)));
        let Some(mut recorded) = cx.record.activity.timelines.take() else {
            return Activity {
                busiest: cx.record.activity.busiest,
                width: cx.record.activity.width,
                ..Activity::default()
            };
        };
        let last = end.0.saturating_sub(1) / cx.record.activity.width.0;
        recorded.take(last as usize, &ActivityCounts::default(), &self.servers_now());
        Activity {
            busiest: cx.record.activity.busiest,
            width: cx.record.activity.width,
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
