//! Steady load that a server's processors have not got to yet.
//!
//! The simplest model: one fluid, first come first served. Work comes at the rate of
//! [`Background::cores`], and is done at the rate that the sharing of the processors leaves it
//! (`rates.rs`); the difference waits. What waits is made up as what comes: so many parts of it are
//! writes, so many the watch events of each fleet. What was due is done, or waits, or was dropped
//! with the process or with the watches that it was for, and so it is with the bytes of watch events.
//! Garbage is booked when the work that makes it comes.

use super::{Background, Server};
use crate::model::ids::FleetId;
use crate::units::{Bytes, SimSpan, SimTime};

/// Watch events for the members of a fleet that watch on a server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FanOut {
    /// Whose.
    pub fleet: FleetId,
    /// Cores that they keep busy.
    pub cores: f64,
    /// Bytes per second that they are due.
    pub bytes_per_second: f64,
    /// How far behind they may be until their channels are full.
    pub lasts: SimSpan,
    /// Their channels were emptied, and cannot be full again before.
    pub not_before: SimTime,
}

/// What was due, and what became of it: nanoseconds of CPU time, or bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Account {
    due: f64,
    done: f64,
    dropped: f64,
    pub(super) waiting: f64,
}

impl Account {
    /// More is due, and so much of what is there can be done; the share that is done.
    fn pass(&mut self, due: f64, most: f64) -> f64 {
        self.due += due;
        let there = self.waiting + due;
        let done = if there - most < LEAST { there } else { most };
        self.done += done;
        self.waiting = there - done;
        if there > 0.0 { done / there } else { 1.0 }
    }

    /// A share of what waits is wanted no more.
    fn drop(&mut self, share: f64) {
        let dropped = self.waiting * share.clamp(0.0, 1.0);
        self.dropped += dropped;
        self.waiting -= dropped;
    }

    /// Panics when something was lost or came from nowhere: the conservation law.
    fn check(&self, of: &str) {
        let ends = self.done + self.dropped + self.waiting;
        let off = (self.due - ends).abs();
        assert!(off <= self.due * 1e-9 + 1.0, "{of}: {} were due, {ends} accounted for", self.due);
        assert!(self.waiting >= 0.0 && self.done >= 0.0, "{of}: {self:?}");
    }
}

/// See the module's documentation.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backlog {
    /// CPU time, nanoseconds.
    pub(super) work: Account,
    /// Watch events, bytes.
    stream: Account,
    /// The longest that work has waited.
    longest: SimSpan,
}

impl Backlog {
    /// Whether anything waits.
    pub(super) fn waits(&self) -> bool {
        self.work.waiting > 0.0
    }

    /// Lets a span pass: work comes at the rate of `background` and `cores` do it. The CPU time used,
    /// in nanoseconds.
    pub(super) fn pass(
        &mut self,
        background: &Background,
        cores: f64,
        connected: bool,
        span: SimSpan,
    ) -> f64 {
        let nanos = span.0 as f64;
        let before = self.work.done;
        let share = self.work.pass(background.cores * nanos, cores * nanos);
        let bytes = background.stream() * span.as_secs_f64();
        let bytes = if connected { bytes } else { 0.0 };
        let most = (self.stream.waiting + bytes) * share;
        self.stream.pass(bytes, most);
        self.work.done - before
    }

    /// Notes how long work that comes now would wait.
    pub(super) fn note(&mut self, wait: SimSpan) {
        self.longest = self.longest.max(wait);
    }

    /// A share of the work and of the bytes that wait is wanted no more.
    fn drop(&mut self, work: f64, bytes: f64) {
        self.work.drop(work);
        self.stream.drop(bytes);
    }

    /// The process is gone.
    pub(super) fn clear(&mut self) {
        self.drop(1.0, 1.0);
    }

    /// The longest that work has waited.
    pub(super) fn longest(&self) -> SimSpan {
        self.longest
    }

    /// Bytes of watch events that were written.
    pub(super) fn streamed(&self) -> Bytes {
        Bytes(self.stream.done as u64)
    }

    /// Panics unless both accounts balance.
    pub(super) fn check(&self) {
        self.work.check("CPU time of steady load");
        self.stream.check("bytes of watch events");
    }
}

impl Background {
    /// Bytes per second that all watchers are due.
    fn stream(&self) -> f64 {
        self.fan_out.iter().map(|fleet| fleet.bytes_per_second).sum()
    }
}

impl Server {
    /// How long steady load that comes now waits.
    #[must_use]
    pub fn lateness(&self) -> SimSpan {
        SimSpan((self.backlog.work.waiting / self.most_background()) as u64)
    }

    /// Writes that wait for the processors, if `work` is what one of them takes.
    #[must_use]
    pub fn writes_waiting(&self, work: SimSpan) -> f64 {
        let due = self.background.cores;
        let share = if due > 0.0 { self.background.write_cores / due } else { 0.0 };
        self.backlog.work.waiting * share / (work.0 as f64).max(1.0)
    }

    /// Fleets whose watchers are so far behind that their channels are full.
    pub fn overflowing(&self, now: SimTime) -> impl Iterator<Item = FleetId> {
        let (waiting, most) = (self.backlog.work.waiting, self.most_background());
        let full = move |found: &&FanOut| {
            waiting > 0.0 && waiting >= found.lasts.0 as f64 * most && now >= found.not_before
        };
        self.background.fan_out.iter().filter(full).map(|found| found.fleet)
    }

    /// The events that wait for a fleet's watchers go with their watches.
    pub fn drop_events_of(&mut self, fleet: FleetId, now: SimTime) {
        let (cores, bytes) = (self.background.cores, self.background.stream());
        if let Some(found) = self.background.fan_out.iter_mut().find(|found| found.fleet == fleet) {
            found.not_before = now + found.lasts;
            let share = |part: f64, all: f64| if all > 0.0 { part / all } else { 0.0 };
            self.backlog.drop(share(found.cores, cores), share(found.bytes_per_second, bytes));
        }
    }

    /// Seconds until the backlog is empty, or a fleet's channels are full, if it goes on so.
    pub(super) fn until_backlog_turns(&self) -> Option<f64> {
        let (waiting, growth) = (self.backlog.work.waiting, self.backlog_growth());
        let empty = (waiting > 0.0 && growth < 0.0).then(|| waiting / -growth / 1e9);
        let most = self.most_background();
        let full = |fleet: &FanOut| {
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
        let full = self.background.fan_out.iter().filter(|_| busy).filter_map(full);
        full.chain(empty).reduce(f64::min)
    }

    /// Cores by which the backlog grows.
    fn backlog_growth(&self) -> f64 {
        let idle = !self.backlog.waits() && self.background.cores <= self.rates.background;
        if idle { 0.0 } else { self.background.cores - self.rates.background }
    }
}

/// Nanoseconds of CPU time, or bytes, that are not told from nothing.
const LEAST: f64 = 1.0;

/// Kubernetes' service level objective for one-object writes and for watch events: within a second
/// (sig-scalability, `slos/api_call_latency.md`, `slos/watch_latency.md`).
const PROMPT: SimSpan = SimSpan::secs(1);

impl Server {
    /// Whether its steady load waited for its processors for longer than a second.
    #[must_use]
    pub fn fell_behind(&self) -> bool {
        self.backlog.longest() > PROMPT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn background(cores: f64) -> Background {
        let fan_out = FanOut {
            fleet: FleetId(0),
            cores: cores / 2.0,
            bytes_per_second: 1e6,
            lasts: SimSpan::secs(1),
            not_before: SimTime::ZERO,
        };
        Background { cores, fan_out: vec![fan_out], ..Background::default() }
    }

    #[test]
    fn work_and_bytes_wait_and_are_made_up_for() {
        let mut backlog = Backlog::default();
        // Twice what one core does for ten seconds, then nothing.
        let used = backlog.pass(&background(2.0), 1.0, true, SimSpan::secs(10));
        assert!((used - 10e9).abs() < 1.0 && (backlog.work.waiting - 10e9).abs() < 1.0);
        assert_eq!(backlog.streamed(), Bytes(5_000_000));
        let used = backlog.pass(&Background::default(), 1.0, true, SimSpan::secs(15));
        assert!((used - 10e9).abs() < 2.0 && !backlog.waits());
        assert_eq!(backlog.streamed(), Bytes(10_000_000));
        backlog.check();
    }

    #[test]
    fn what_goes_with_its_watchers_is_dropped() {
        let mut backlog = Backlog::default();
        backlog.pass(&background(2.0), 1.0, true, SimSpan::secs(10));
        backlog.drop(0.5, 1.0);
        assert!((backlog.work.waiting - 5e9).abs() < 1.0);
        backlog.clear();
        backlog.check();
        assert!(!backlog.waits());
    }

    #[test]
    #[should_panic(expected = "accounted for")]
    fn lost_work_is_found() {
        let mut backlog = Backlog::default();
        backlog.pass(&background(2.0), 1.0, true, SimSpan::secs(10));
        backlog.work.waiting = 0.0;
        backlog.check();
    }
}
