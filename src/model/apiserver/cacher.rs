//! The watch cache of a resource in a run: its writes are a steady rate, its ring is exact.
//!
//! The cache's clock starts when a warm server's did, before the scenario; its resource versions
//! are the instants of the writes on that clock. Only their order counts, and so what a client has
//! seen is an instant, too.

use crate::model::costs;
use crate::model::input::ResourceInput;
use crate::model::objects::ObjectProfile;
use crate::model::release::Release;
use crate::model::watchcache::{
    Change, EventRing, EventRun, InitialEvents, Outlook, Revision, WatchCache, capacity,
};
use crate::results::CacheSample;
use crate::units::{Bytes, SimSpan, SimTime};

/// What a ring's events weigh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventWeights {
    /// An event and its snapshot.
    pub event: Bytes,
    /// A version of an object that only events keep alive.
    pub version: Bytes,
    /// Caches of the resource: one a version of a custom resource.
    pub caches: u64,
}

impl EventWeights {
    /// Those of a resource.
    #[must_use]
    pub fn of(release: &Release, resource: &ResourceInput, profile: &ObjectProfile) -> Self {
        let snapshot =
            if release.list_from_cache_snapshot { costs::RING_SNAPSHOT } else { Bytes::ZERO };
        Self {
            event: costs::RING_EVENT + snapshot,
            version: profile.decoded + costs::RING_VERSION,
            caches: u64::from(resource.caches()),
        }
    }

    /// One more event of a kind.
    #[must_use]
    pub fn of_event(&self, change: Change) -> Bytes {
        (self.event + self.version.times(change.superseded())).times(self.caches)
    }
}

/// How fast a resource is written.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WriteRate {
    /// Events a second in all.
    pub per_second: f64,
    /// Objects gained (lost, below 0) a second: so many of the events say so, ...
    pub net: f64,
}

impl WriteRate {
    /// Writes that leave as many objects as there are.
    #[must_use]
    pub fn steady(per_second: f64) -> Self {
        Self { per_second, net: 0.0 }
    }
}

/// ... and they come in bunches: so long a stretch of the ring's time has its share of them first,
/// then updates. An object that goes for one that comes counts as an update, which keeps as many
/// versions alive as the two.
const STRETCH: SimSpan = SimSpan::secs(5);

/// What the caches of a server have in common, and what the events of one weigh.
#[derive(Clone, Copy, Debug)]
pub struct CacherSetting<'a> {
    /// The release.
    pub release: &'a Release,
    /// `--request-timeout`.
    pub request_timeout: SimSpan,
    /// See [`EventWeights`].
    pub weights: EventWeights,
}

/// The filled cache of a resource, and the writes that reach it.
#[derive(Clone, Debug)]
pub struct Cacher {
    cache: WatchCache,
    weights: EventWeights,
    /// The scenario's start on the cache's clock.
    start: SimSpan,
    /// Time between writes; `None`: there are none.
    step: Option<SimSpan>,
    /// When the next write comes, on the cache's clock.
    next: SimTime,
    /// Objects that come or go among the writes.
    mixed: Option<Mixed>,
    outlook: Outlook,
    /// How often its contents were replaced.
    initializations: u64,
}

/// How the events of a stretch are made up.
#[derive(Clone, Copy, Debug)]
struct Mixed {
    change: Change,
    /// The part of each stretch with such events.
    part: SimSpan,
    /// When the first stretch began, on the cache's clock.
    since: SimTime,
}

impl Mixed {
    fn of(rate: WriteRate, since: SimTime) -> Option<Self> {
        let change = match rate.net {
            net if net > 0.0 => Change::Created,
            net if net < 0.0 => Change::Removed,
            _ => return None,
        };
        let share = (rate.net.abs() / rate.per_second.max(f64::MIN_POSITIVE)).min(1.0);
        Some(Self { change, part: STRETCH.scale(share), since })
    }

    /// What an event at an instant does, and when that changes.
    fn at(&self, at: SimTime) -> (Change, SimTime) {
        let past = at.since(self.since);
        let begun = self.since + SimSpan(past.0 / STRETCH.0 * STRETCH.0);
        if at < begun + self.part {
            (self.change, begun + self.part)
        } else {
            (Change::Replaced, begun + STRETCH)
        }
    }
}

/// How far ahead a ring is looked at: writes in plenty for any run.
const AHEAD: u64 = 1 << 40;

impl Cacher {
    /// A cache of `objects`, filled at `listed`.
    #[must_use]
    pub fn filled(setting: &CacherSetting<'_>, objects: u64, listed: SimTime) -> Self {
        Self::new(setting, objects, SimSpan::ZERO, listed)
    }

    /// A cache that was filled with `objects` so long before the scenario, with writes since then.
    #[must_use]
    pub fn warm(
        setting: &CacherSetting<'_>,
        objects: u64,
        up_for: SimSpan,
        per_second: f64,
    ) -> Self {
        let mut cacher = Self::new(setting, objects, up_for, SimTime::ZERO);
        cacher.write_at(WriteRate::steady(per_second), SimTime::ZERO);
        cacher.turn(SimTime::ZERO);
        cacher
    }

    /// `listed` is on the cache's clock.
    fn new(setting: &CacherSetting<'_>, objects: u64, start: SimSpan, listed: SimTime) -> Self {
        let release = setting.release;
        let history =
            capacity::history(release.history_follows_request_timeout, setting.request_timeout);
        let mut cache = WatchCache::new(history).clearing_on_relist(release.clears_ring_on_relist);
        // Version 0 stands for none.
        cache.relist(Revision(listed.0.max(1)), objects);
        let outlook = Outlook { growing: false, until: None };
        Self {
            cache,
            weights: setting.weights,
            start,
            step: None,
            next: listed,
            mixed: None,
            outlook,
            initializations: 1,
        }
    }

    /// Writes come at a new rate from `from` on; what came before is taken in up to then.
    pub fn set_rate(&mut self, rate: WriteRate, from: SimTime) {
        self.advance(from);
        self.write_at(rate, from + self.start);
        self.look_ahead();
    }

    /// The contents are replaced by `objects` of the version of an instant, to which no event leads;
    /// writes come at a rate from a later instant on.
    pub fn relist(&mut self, objects: u64, version: SimTime, (rate, from): (WriteRate, SimTime)) {
        self.cache.relist(Revision((version + self.start).0.max(1)), objects);
        self.initializations += 1;
        self.write_at(rate, from + self.start);
        self.look_ahead();
    }

    /// Stops taking in writes at `from`.
    pub fn pause(&mut self, from: SimTime) {
        self.set_rate(WriteRate::default(), from);
    }

    /// `from` is on the cache's clock.
    fn write_at(&mut self, rate: WriteRate, from: SimTime) {
        self.step = (rate.per_second > 0.0).then(|| SimSpan::from_secs_f64(1.0 / rate.per_second));
        self.next = from + self.step.unwrap_or(SimSpan::ZERO);
        self.mixed = Mixed::of(rate, from);
    }

    /// Takes in the writes up to `now`.
    pub fn advance(&mut self, now: SimTime) {
        let now = now + self.start;
        while self.step.is_some() && self.next <= now {
            let mut run = self.writes();
            run.events = run.events.min(now.since(self.next).0 / run.step.0.max(1) + 1);
            self.cache.record(run);
            self.next = run.time_of(run.events);
        }
    }

    /// The writes to come, as far as they are alike.
    fn writes(&self) -> EventRun {
        // More than one a nanosecond cannot be told apart.
        let step = self.step.map_or(SimSpan(u64::MAX), |step| step.max(SimSpan(1)));
        let (change, events) = match &self.mixed {
            None => (Change::Replaced, AHEAD),
            Some(mixed) => {
                let (change, until) = mixed.at(self.next);
                (change, until.since(self.next).0.div_ceil(step.0).max(1))
            }
        };
        EventRun {
            events,
            at: self.next,
            step,
            revision: Revision(self.next.0),
            revision_step: step.0,
            change,
        }
    }

    fn look_ahead(&mut self) {
        if self.step.is_none() {
            self.outlook = Outlook { growing: false, until: None };
            return;
        }
        let run = self.writes();
        self.outlook = self.cache.ring().outlook(&run);
        if self.mixed.is_some() || self.is_patchy() {
            // Events push out others that weigh more or less: to be looked at again and again.
            let soon = self.next + STRETCH;
            let again = if self.mixed.is_some() { soon.min(run.time_of(run.events)) } else { soon };
            self.outlook.until = Some(self.outlook.until.map_or(again, |until| until.min(again)));
        }
    }

    /// Whether the ring holds events of unlike weight.
    fn is_patchy(&self) -> bool {
        let held = self.cache.ring().held();
        held.superseded != held.events || held.events != self.cache.ring().len()
    }

    /// When the ring begins or ends to grow, or shrinks.
    #[must_use]
    pub fn turns_at(&self) -> SimTime {
        self.outlook.until.map_or(SimTime::NEVER, |at| at - self.start)
    }

    /// Past a turn: looks for the next.
    pub fn turn(&mut self, now: SimTime) {
        self.advance(now);
        self.look_ahead();
    }

    /// How fast its ring grows, bytes a second.
    #[must_use]
    pub fn growth_per_second(&self) -> u64 {
        match self.step {
            Some(step) if self.outlook.growing => {
                let event = self.weights.of_event(self.writes().change);
                (event.as_f64() / step.as_secs_f64().max(1e-9)) as u64
            }
            _ => 0,
        }
    }

    /// Its ring of events.
    #[must_use]
    pub fn ring(&self) -> &EventRing {
        self.cache.ring()
    }

    /// How many events a watch from what a client saw at `seen` is given first; `None`: 410.
    pub fn events_since(&mut self, seen: SimTime, now: SimTime) -> Option<u64> {
        self.advance(now);
        // Version 0 would ask for any state.
        let asked = Revision((seen + self.start).0.max(1));
        let since = self.cache.since(asked, InitialEvents::Unwanted);
        since.ok().map(|since| since.events())
    }

    /// What its ring holds as of the last write taken in.
    #[must_use]
    pub fn ring_bytes(&self) -> Bytes {
        let held = self.cache.ring().held();
        let slots = costs::RING_SLOT.times(held.capacity);
        let events = self.weights.event.times(held.events);
        (slots + events + self.weights.version.times(held.superseded)).times(self.weights.caches)
    }

    /// The same at `now`: looking takes nothing in.
    fn at(&self, now: SimTime) -> Self {
        let mut ahead = self.clone();
        ahead.advance(now);
        ahead
    }

    /// What its metrics say. The ring lives as long as the process, so its index counts all events.
    #[must_use]
    pub fn sample(&self, now: SimTime) -> CacheSample {
        let ahead = self.at(now);
        CacheSample {
            capacity: ahead.ring().capacity(),
            received: ahead.ring().end() * self.weights.caches,
            initializations: self.initializations * self.weights.caches,
        }
    }

    /// The age of the oldest version that a watch can go on from. Writes up to `now` count, but are
    /// not taken in: looking changes nothing.
    #[must_use]
    pub fn reaches_back(&self, now: SimTime) -> Option<SimSpan> {
        let least = self.at(now).cache.least_resumable().ok()?;
        Some((now + self.start).since(SimTime(least.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEIGHTS: EventWeights =
        EventWeights { event: Bytes(136), version: Bytes(11_500), caches: 1 };

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + SimSpan::secs(seconds)
    }

    fn with_setting<T>(make: impl Fn(&CacherSetting<'_>) -> T) -> T {
        let release = Release::of_minor(32).expect("a release");
        let request_timeout = SimSpan::secs(60);
        make(&CacherSetting { release: &release, request_timeout, weights: WEIGHTS })
    }

    fn filled(per_second: f64, listed: SimTime) -> Cacher {
        let mut cacher = with_setting(|setting| Cacher::filled(setting, 1_000, listed));
        cacher.set_rate(WriteRate::steady(per_second), listed);
        cacher
    }

    fn warm(per_second: f64) -> Cacher {
        with_setting(|setting| Cacher::warm(setting, 1_000, SimSpan::secs(3_600), per_second))
    }

    #[test]
    fn a_ring_grows_from_empty_until_it_spans_its_history() {
        let mut cacher = filled(200.0, at(10));
        assert_eq!(cacher.growth_per_second(), 200 * 11_636);
        // 25,600 events are the first capacity of at least 75 s.
        assert_eq!(cacher.turns_at(), at(10) + SimSpan::millis(128_005));
        let turn = cacher.turns_at();
        cacher.turn(turn);
        assert_eq!(cacher.growth_per_second(), 0);
        assert_eq!(cacher.ring_bytes(), Bytes(25_600 * (8 + 11_636)));
        assert_eq!(cacher.turns_at(), SimTime::NEVER);
    }

    #[test]
    fn writes_that_end_leave_the_ring_as_it_is() {
        let mut cacher = filled(200.0, at(0));
        cacher.set_rate(WriteRate::steady(0.0), at(30));
        assert_eq!(cacher.ring_bytes(), Bytes(6_000 * 11_636 + 8 * 6_400));
        cacher.advance(at(3_600));
        assert_eq!(cacher.ring_bytes(), Bytes(6_000 * 11_636 + 8 * 6_400));
        assert_eq!(cacher.turns_at(), SimTime::NEVER);
        // An hour later a trickle fills it, and then it shrinks.
        cacher.set_rate(WriteRate::steady(10.0), at(3_600));
        assert!(cacher.growth_per_second() > 0);
        for _ in 0..8 {
            let turn = cacher.turns_at();
            if turn == SimTime::NEVER {
                break;
            }
            cacher.turn(turn);
        }
        // 1,600 and not 800: the newest quarter of 1,600 is never older than 40 s.
        assert_eq!(cacher.ring_bytes(), Bytes(1_600 * (8 + 11_636)));
    }

    #[test]
    fn its_metrics_count_the_events_and_fills_of_a_process() {
        let mut cacher = warm(10.0);
        let sample = cacher.sample(at(100));
        // An hour before the scenario, and 100 s of it.
        assert_eq!((sample.received, sample.initializations), (37_000, 1));
        assert_eq!(sample.capacity, 800);
        cacher.relist(1_000, at(200), (WriteRate::steady(10.0), at(200)));
        let again = cacher.sample(at(210));
        assert_eq!((again.received, again.initializations), (36_000 + 100, 2), "{again:?}");
        // What was looked at is as it was.
        assert_eq!(cacher.sample(at(200)).received, 36_000);
    }

    /// Whether a watch can go on from what a client saw.
    fn resumes(cacher: &Cacher, seen: SimTime, now: SimTime) -> bool {
        cacher.reaches_back(now).is_some_and(|back| now.since(seen) <= back)
    }

    #[test]
    fn what_was_seen_before_the_list_or_the_ring_is_gone() {
        let fresh = filled(10.0, at(100));
        assert!(!resumes(&fresh, at(99), at(101)) && resumes(&fresh, at(100), at(101)));
        // Up for an hour, and since then 800 events at 10 a second: 80 s.
        let steady = warm(10.0);
        // From just before the oldest event on.
        assert_eq!(steady.reaches_back(at(100)), Some(SimSpan::millis(79_900) + SimSpan(1)));
        assert!(resumes(&steady, at(30), at(100)) && !resumes(&steady, at(15), at(100)));
        // 5,000 a second outrun the largest ring in 20.5 s.
        let busy = warm(5_000.0);
        assert!(resumes(&busy, at(80), at(100)) && !resumes(&busy, at(79), at(100)));
    }
}
