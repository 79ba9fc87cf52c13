//! Steady load that a server's processors have not got to yet.
//!
//! The simplest model: one fluid, first come first served. Work comes at the rate of
//! [`Background::cores`], and is done at the rate that the sharing of the processors leaves it
//! (`rates.rs`); the difference waits. What waits is made up as what came: so many writes, so many bytes of
//! watch events of each fleet ([`streams`](super::streams)). Work that is done, waits, was dropped with the
//! process or with the watches that it was for, or is held up by a cache that does not follow etcd, sums up
//! to what was due. A write that waits for longer than the request time-out is answered 504: of those that
//! wait while the wait is longer than that, one time-out's worth per time-out. Garbage is booked when the
//! work that makes it comes.

use super::account::{Account, LEAST, Pass};
use super::streams::Streams;
use super::{Background, Server};
use crate::model::ids::FleetId;
use crate::units::{Bytes, SimSpan, SimTime};

/// Writes that wait, and those that waited in vain.
#[derive(Clone, Copy, Debug, Default)]
struct Writes {
    waiting: f64,
    /// CPU time that they take, nanoseconds: a part of the work that waits.
    work: f64,
    timed_out: f64,
}

/// See the module's documentation.
#[derive(Clone, Debug, Default)]
pub(super) struct Backlog {
    /// CPU time, nanoseconds.
    pub(super) work: Account,
    writes: Writes,
    /// Watch events.
    pub(super) streams: Streams,
    /// The longest that work has waited.
    longest: SimSpan,
}

impl Backlog {
    /// Whether anything waits.
    pub(super) fn waits(&self) -> bool {
        self.work.waiting > 0.0
    }

    /// Lets a span pass. The CPU time used, in nanoseconds.
    pub(super) fn pass(&mut self, background: &Background, pass: Pass, span: SimSpan) -> f64 {
        let nanos = span.0 as f64;
        self.work.comes(background.cores * nanos);
        self.writes.waiting += background.writes_per_second * span.as_secs_f64();
        self.writes.work += background.write_cores * nanos;
        let there = self.work.waiting;
        let done = self.work.does(pass.cores * nanos);
        let share = if there > 0.0 { done / there } else { 1.0 };
        self.writes.waiting *= 1.0 - share;
        self.writes.work *= 1.0 - share;
        self.work.hold(self.streams.pass(&background.fan_out, &pass, share, span));
        if let Some(timeout) = pass.times_out {
            let share = -libm::expm1(-span.as_secs_f64() / timeout.as_secs_f64().max(1e-9));
            self.writes.timed_out += self.writes.waiting * share;
            self.work.drop(self.writes.work * share);
            self.writes.waiting *= 1.0 - share;
            self.writes.work *= 1.0 - share;
        }
        done
    }

    /// What was held up waits from now on; `most`: cores that steady load can have.
    pub(super) fn release(&mut self, background: &Background, most: f64) {
        self.work.release(self.streams.release(&background.fan_out, most));
    }

    /// Notes how long work that comes now would wait.
    pub(super) fn note(&mut self, wait: SimSpan) {
        self.longest = self.longest.max(wait);
    }

    /// The process is gone.
    pub(super) fn clear(&mut self) {
        self.work.clear();
        self.streams.clear();
        self.writes = Writes { timed_out: self.writes.timed_out, ..Writes::default() };
    }

    /// The longest that work has waited.
    pub(super) fn longest(&self) -> SimSpan {
        self.longest
    }

    /// Panics unless all accounts balance.
    pub(super) fn check(&self) {
        self.work.check("CPU time of steady load");
        self.streams.check();
    }
}

impl Server {
    /// How long steady load that comes now waits.
    #[must_use]
    pub fn lateness(&self) -> SimSpan {
        SimSpan((self.backlog.work.waiting / self.most_background()) as u64)
    }

    /// Writes that wait for the processors.
    #[must_use]
    pub fn writes_waiting(&self) -> f64 {
        self.backlog.writes.waiting
    }

    /// Writes that waited for the processors for longer than the request time-out.
    #[must_use]
    pub fn writes_timed_out(&self) -> f64 {
        self.backlog.writes.timed_out
    }

    /// Share of the writes that come which the processors can do beside all else: above 1, more than come.
    #[must_use]
    pub fn share_of_writes(&self) -> f64 {
        let Background { cores, offered_cores, admitted_cores, .. } = self.background;
        let most =
            if self.backlog.waits() { self.rates.background } else { self.most_background() };
        if offered_cores > 0.0 { (most - (cores - admitted_cores)) / offered_cores } else { 1.0 }
    }

    /// What bounds the backlog at the present rates.
    pub(super) fn bounds_of_backlog(&self) -> Pass {
        let timeout = self.settings.request_timeout;
        Pass {
            cores: self.rates.background,
            wire: self.rates.stream_room,
            connected: !self.cut_off,
            times_out: (self.lateness() > timeout).then_some(timeout),
        }
    }

    /// Bytes of watch events that were written.
    pub(super) fn streamed(&self) -> Bytes {
        self.backlog.streams.sent()
    }

    /// Fleets whose watchers are so far behind that their channels are full.
    pub fn overflowing(&self, now: SimTime) -> impl Iterator<Item = FleetId> {
        let (waiting, most) = (self.backlog.work.waiting, self.most_background());
        let full = move |found: &&super::FanOut| {
            let late = waiting > 0.0 && waiting >= found.lasts.0 as f64 * most;
            let full = late || self.backlog.streams.full(found, self.rates.wire_bound);
            full && found.held.is_none() && now >= found.not_before
        };
        self.background.fan_out.iter().filter(full).map(|found| found.fleet)
    }

    /// The events that wait for a fleet's watchers go with their watches.
    pub fn drop_events_of(&mut self, fleet: FleetId, now: SimTime) {
        let cores = self.background.cores;
        if let Some(found) = self.background.fan_out.iter_mut().find(|found| found.fleet == fleet) {
            found.not_before = now + found.lasts;
            let share = if cores > 0.0 { found.cores / cores } else { 0.0 };
            self.backlog.work.drop(self.backlog.work.waiting * share);
        }
        self.backlog.streams.drop(fleet, 1.0);
    }

    /// A share of a fleet's watches is closed: the bytes that waited for them go along.
    pub fn drop_bytes_of(&mut self, fleet: FleetId, share: f64) {
        self.backlog.streams.drop(fleet, share);
    }

    /// The caches follow etcd again: what was held up is to be sent.
    pub fn release_events(&mut self) {
        let most = self.most_background();
        self.backlog.release(&self.background, most);
    }

    /// Seconds until the backlog is empty, or a fleet's channels are full, if it goes on so.
    pub(super) fn until_backlog_turns(&self) -> Option<f64> {
        let (waiting, growth) = (self.backlog.work.waiting, self.backlog_growth());
        let empty = (waiting > 0.0 && growth < 0.0).then(|| waiting / -growth / 1e9);
        let most = self.most_background();
        let full = |fleet: &super::FanOut| {
            let missing = fleet.lasts.0 as f64 * most - waiting;
            let seconds = match missing {
                missing if missing <= 0.0 => 0.0,
                _ if growth <= 0.0 => return None,
                missing => missing / growth / 1e9,
            };
            let spared = fleet.not_before.since(self.settled).as_secs_f64();
            Some(seconds.max(spared) + if missing > 0.0 { LEAST / 1e9 } else { 0.0 })
        };
        let busy = waiting > 0.0 || growth > 0.0;
        let sent = self.background.fan_out.iter().filter(|fleet| fleet.held.is_none());
        let full = sent.filter(|_| busy).filter_map(full);
        full.chain(empty).chain(self.until_streams_turn()).reduce(f64::min)
    }

    /// Cores by which the backlog grows.
    fn backlog_growth(&self) -> f64 {
        let idle = !self.backlog.waits() && self.background.cores <= self.rates.background;
        if idle { 0.0 } else { self.background.cores - self.rates.background }
    }
}

/// Kubernetes' service level objectives: one-object writes and watch events within a second, LISTs within
/// 30 s (sig-scalability, `slos/api_call_latency.md`, `slos/watch_latency.md`).
const PROMPT: SimSpan = SimSpan::secs(1);
const PROMPT_LIST: SimSpan = SimSpan::secs(30);

impl Server {
    /// Whether its processors were too few: steady load waited for them for longer than a second, or
    /// requests wanted more of them than there were for longer than 30 s on end, so that a LIST that came
    /// then cannot have been answered in time.
    #[must_use]
    pub fn fell_behind(&self) -> bool {
        self.backlog.longest() > PROMPT || self.shortage.longest() > PROMPT_LIST
    }
}
