//! Watch events on their way from a server to its watchers, as bytes.
//!
//! The simplest model: one fluid for each fleet. Bytes come with the writes, and are ready once the
//! processors have done the work that they come with ([`backlog`](super::backlog)). What is ready goes to the
//! clients, no faster than these take it, and of all fleets together no faster than the network; the rest
//! waits in sockets and channels, and when those of a fleet are full its watches are ended
//! (`model/world/slow.rs`). While requests write, too, the streams leave them a tenth of the network.
//!
//! While a server's caches do not follow etcd nothing is dispatched: bytes and work are held up, and come at
//! once afterwards. If that is more than the channels hold, and what they do not hold takes the processors
//! longer than a dispatch waits for watchers, the watches are ended.

use super::account::{Account, LEAST, Pass};
use super::{FanOut, Server};
use crate::model::ids::FleetId;
use crate::units::{Bytes, SimSpan};

/// How long the dispatch of events waits for slow watchers in all, once its budget is spent (`dispatchTimeoutBudget`,
/// apiserver `pkg/storage/cacher/cacher.go`: up to 100 ms).
const DISPATCH_BUDGET: SimSpan = SimSpan::millis(100);
/// Shortest wait for a turn of the streams, seconds: answers get a share of the network that much later.
const TURN: f64 = 0.01;
/// Share of the network that watch streams take at most beside answers (assumed).
const MOST_STREAMS: f64 = 0.9;

/// Watch events for the members of one fleet.
#[derive(Clone, Copy, Debug, Default)]
struct Stream {
    bytes: Account,
    /// Those of the waiting bytes that are encoded.
    ready: f64,
    /// Bytes per second that its watchers take.
    takes: Option<f64>,
    held: Held,
    /// More came at once than the channels hold: how far back what they do not hold begins.
    flood: Option<SimSpan>,
}

/// Events that are held up.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    bytes: f64,
    /// CPU time in nanoseconds.
    work: f64,
    /// For how long.
    seconds: f64,
    /// For how long the channels hold them.
    lasts: f64,
}

impl Held {
    /// Share of them that the channels do not hold.
    fn beyond(&self) -> f64 {
        if self.seconds > 0.0 { (1.0 - self.lasts / self.seconds).max(0.0) } else { 0.0 }
    }
}

impl Stream {
    /// What its watchers take in so many seconds.
    fn taken_in(&self, seconds: f64) -> f64 {
        self.ready.min(self.takes.map_or(f64::INFINITY, |takes| takes * seconds))
    }
}

/// See the module's documentation.
#[derive(Clone, Debug, Default)]
pub(super) struct Streams {
    /// By fleet, as far as any had events.
    of: Vec<Stream>,
    /// Bytes that only wait for the network.
    waiting: f64,
}

impl Streams {
    /// Lets a span pass in which this share of the work that waits is done. CPU time of events that are held
    /// up, in nanoseconds.
    pub(super) fn pass(
        &mut self,
        fan_out: &[FanOut],
        pass: &Pass,
        share: f64,
        span: SimSpan,
    ) -> f64 {
        let seconds = span.as_secs_f64();
        let mut held = 0.0;
        for found in fan_out {
            let due = if pass.connected { found.bytes_per_second * seconds } else { 0.0 };
            let stream = self.stream(found.fleet);
            stream.takes = found.takes;
            if found.held.is_some() {
                let work = found.cores * span.0 as f64;
                stream.bytes.hold(due);
                stream.held.bytes += due;
                stream.held.work += work;
                stream.held.seconds += seconds;
                stream.held.lasts = found.lasts.as_secs_f64();
                held += work;
            } else {
                stream.bytes.comes(due);
            }
        }
        let mut wanted = 0.0;
        for stream in &mut self.of {
            if stream.bytes.waiting > 0.0 {
                stream.ready += (stream.bytes.waiting - stream.ready) * share;
                wanted += stream.taken_in(seconds);
            }
        }
        let most = if pass.connected { pass.wire * seconds } else { 0.0 };
        let part = if wanted > most { most / wanted } else { 1.0 };
        for stream in &mut self.of {
            if stream.bytes.waiting > 0.0 {
                let most = stream.taken_in(seconds) * part;
                // Without a wire nothing goes, however little waits.
                let done = if most > 0.0 { stream.bytes.does(most) } else { 0.0 };
                stream.ready = (stream.ready - done).max(0.0);
            }
        }
        self.waiting = wanted * (1.0 - part);
        held
    }

    /// Whether anything waits for the network.
    fn wait(&self) -> bool {
        self.waiting > LEAST
    }

    fn stream(&mut self, fleet: FleetId) -> &mut Stream {
        let index = fleet.0 as usize;
        if self.of.len() <= index {
            self.of.resize(index + 1, Stream::default());
        }
        &mut self.of[index]
    }

    /// What was held up is to be sent; its CPU time in nanoseconds. `most`: cores that do it.
    pub(super) fn release(&mut self, fan_out: &[FanOut], most: f64) -> f64 {
        let mut work = 0.0;
        for found in fan_out {
            let stream = self.stream(found.fleet);
            let beyond = stream.held.beyond();
            if stream.held.work * beyond / most >= DISPATCH_BUDGET.0 as f64 {
                stream.flood = Some(SimSpan::from_secs_f64(stream.held.seconds * beyond));
            }
        }
        for stream in &mut self.of {
            let held = std::mem::take(&mut stream.held);
            stream.bytes.release(held.bytes);
            work += held.work;
        }
        work
    }

    /// A share of a fleet's bytes that wait is wanted no more; all of them: nor is it flooded.
    pub(super) fn drop(&mut self, fleet: FleetId, share: f64) {
        let stream = self.stream(fleet);
        let share = share.clamp(0.0, 1.0);
        stream.bytes.drop(stream.bytes.waiting * share);
        stream.ready *= 1.0 - share;
        stream.flood = stream.flood.filter(|_| share < 1.0);
    }

    /// The process is gone.
    pub(super) fn clear(&mut self) {
        for stream in &mut self.of {
            stream.bytes.clear();
            *stream = Stream { bytes: stream.bytes, ..Stream::default() };
        }
        self.waiting = 0.0;
    }

    /// Whether the buffers of a fleet's watchers are full; `bound`: the network is.
    pub(super) fn full(&self, found: &FanOut, bound: bool) -> bool {
        let stream = self.of.get(found.fleet.0 as usize);
        stream.is_some_and(|stream| {
            stream.flood.is_some() || bound && stream.ready >= found.room.as_f64() - LEAST
        })
    }

    /// Bytes that were written.
    pub(super) fn sent(&self) -> Bytes {
        Bytes(self.of.iter().map(|stream| stream.bytes.done()).sum::<f64>() as u64)
    }

    /// Panics unless the accounts balance.
    pub(super) fn check(&self) {
        for stream in &self.of {
            stream.bytes.check("bytes of watch events");
            let ready = stream.ready;
            assert!(ready >= 0.0 && ready <= stream.bytes.waiting + LEAST, "{stream:?}");
        }
    }
}

impl Server {
    /// Bytes of a fleet's events per second that become ready, when steady load has so many cores, and those
    /// of them that its watchers take.
    fn becomes_ready(&self, found: &FanOut, background: f64) -> (f64, f64) {
        let stream = self.backlog.streams.of.get(found.fleet.0 as usize);
        let stream = stream.copied().unwrap_or_default();
        let work = self.backlog.work.waiting;
        let ready = if work > 0.0 {
            (stream.bytes.waiting - stream.ready).max(0.0) / work * background * 1e9
        } else if found.held.is_some() || self.cut_off {
            0.0
        } else {
            found.bytes_per_second
        };
        (ready, ready.min(found.takes.unwrap_or(f64::INFINITY)))
    }

    /// Bytes per second that become ready and are taken.
    fn streaming(&self, background: f64) -> f64 {
        let all = self.background.fan_out.iter();
        all.map(|found| self.becomes_ready(found, background).1).sum()
    }

    /// Works out how much of the network the streams have; what they leave to requests.
    pub(super) fn share_wire(&mut self, wire: f64, background: f64) -> f64 {
        let answers = |class: &usize| self.classes[*class].wire > Bytes::ZERO;
        let beside = self.pool.active().iter().any(answers);
        let room = if beside { wire * MOST_STREAMS } else { wire };
        let wanted = self.streaming(background);
        self.rates.stream_room = room;
        self.rates.wire_bound = wanted > room * (1.0 + 1e-9);
        let used = if self.backlog.streams.wait() { room } else { wanted.min(room) };
        (wire - used).max(0.0)
    }

    /// Seconds until nothing that is encoded waits, or the buffers of a fleet are full, if it goes on so.
    pub(super) fn until_streams_turn(&self) -> Option<f64> {
        let streams = &self.backlog.streams;
        let flooded = self.background.fan_out.iter().any(|found| streams.full(found, false));
        if !flooded && !streams.wait() && !self.rates.wire_bound {
            return None;
        }
        let (room, background) = (self.rates.stream_room, self.rates.background);
        let coming = self.streaming(background);
        let empty = (streams.wait() && coming < room)
            .then(|| (streams.waiting / (room - coming)).max(TURN));
        let full = |found: &FanOut| {
            let ready = streams.of.get(found.fleet.0 as usize).map_or(0.0, |stream| stream.ready);
            let missing = found.room.as_f64() - ready;
            let growth = self.becomes_ready(found, background).1 * (1.0 - room / coming);
            let seconds = match missing {
                _ if streams.full(found, self.rates.wire_bound) => 0.0,
                _ if !self.rates.wire_bound || growth <= 0.0 => return None,
                missing => (missing.max(0.0) / growth).max(TURN),
            };
            Some(seconds.max(found.not_before.since(self.settled).as_secs_f64()))
        };
        let sent = self.background.fan_out.iter().filter(|found| found.held.is_none());
        sent.filter_map(full).chain(empty).reduce(f64::min)
    }

    /// How far behind the watchers of a fleet are with what they have not got yet.
    #[must_use]
    pub fn lateness_of(&self, fleet: FleetId) -> SimSpan {
        let streams = &self.backlog.streams;
        let wire = SimSpan::from_secs_f64(streams.waiting / self.rates.stream_room.max(1.0));
        let flood = streams.of.get(fleet.0 as usize).and_then(|stream| stream.flood);
        self.lateness().max(wire).max(flood.unwrap_or_default())
    }

    /// Whether events are held up.
    #[must_use]
    pub fn holds_events(&self) -> bool {
        self.background.fan_out.iter().any(|found| found.held.is_some())
    }

    /// Seconds until the caches follow etcd again.
    pub(super) fn until_released(&self) -> Option<f64> {
        let held = self.background.fan_out.iter().filter_map(|found| found.held).min();
        held.map(|until| until.since(self.settled).as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Background;
    use super::super::backlog::Backlog;
    use super::*;
    use crate::units::SimTime;

    fn background(cores: f64, held: bool) -> Background {
        let fan_out = FanOut {
            fleet: FleetId(0),
            cores: cores / 2.0,
            bytes_per_second: 1e6,
            takes: None,
            room: Bytes::mib(1),
            lasts: SimSpan::secs(1),
            not_before: SimTime::ZERO,
            held: held.then_some(SimTime::NEVER),
        };
        let due = if held { cores / 2.0 } else { cores };
        Background { cores: due, fan_out: vec![fan_out], ..Background::default() }
    }

    const FREE: Pass = Pass { cores: 1.0, wire: 1e12, connected: true, times_out: None };

    #[test]
    fn work_and_bytes_wait_and_are_made_up_for() {
        let mut backlog = Backlog::default();
        // Twice what one core does for ten seconds, then nothing.
        let used = backlog.pass(&background(2.0, false), FREE, SimSpan::secs(10));
        assert!((used - 10e9).abs() < 1.0 && (backlog.work.waiting - 10e9).abs() < 1.0);
        assert_eq!(backlog.streams.sent(), Bytes(5_000_000));
        let used = backlog.pass(&Background::default(), FREE, SimSpan::secs(15));
        assert!((used - 10e9).abs() < 2.0 && !backlog.waits());
        assert_eq!(backlog.streams.sent(), Bytes(10_000_000));
        backlog.check();
    }

    #[test]
    fn streams_go_no_faster_than_the_network_and_their_readers() {
        let mut backlog = Backlog::default();
        let calm = background(0.5, false);
        backlog.pass(&calm, Pass { wire: 4e5, ..FREE }, SimSpan::secs(10));
        assert_eq!(backlog.streams.sent(), Bytes(4_000_000));
        let mut slow = calm;
        slow.fan_out[0].takes = Some(1e5);
        backlog.pass(&slow, FREE, SimSpan::secs(10));
        assert_eq!(backlog.streams.sent(), Bytes(5_000_000));
        backlog.pass(&slow, Pass { connected: false, ..FREE }, SimSpan::secs(10));
        assert_eq!(backlog.streams.sent(), Bytes(5_000_000));
        backlog.check();
        backlog.streams.drop(FleetId(0), 1.0);
        backlog.check();
    }

    #[test]
    fn what_a_lagging_cache_holds_up_comes_afterwards() {
        let mut backlog = Backlog::default();
        backlog.pass(&background(0.4, true), FREE, SimSpan::secs(10));
        assert_eq!(backlog.streams.sent(), Bytes::ZERO);
        backlog.check();
        let free = background(0.4, false);
        backlog.release(&free, 0.9);
        // Two seconds of work, nine tenths of it for events that the channels had no room for.
        assert!((backlog.work.waiting - 2e9).abs() < 1.0);
        assert!(backlog.streams.full(&free.fan_out[0], false));
        backlog.streams.drop(FleetId(0), 0.0);
        backlog.pass(&free, FREE, SimSpan::secs(10));
        assert_eq!(backlog.streams.sent(), Bytes(20_000_000));
        backlog.check();
    }

    #[test]
    fn what_goes_with_its_watchers_is_dropped() {
        let mut backlog = Backlog::default();
        backlog.pass(&background(2.0, false), FREE, SimSpan::secs(10));
        backlog.work.drop(5e9);
        backlog.streams.drop(FleetId(0), 0.5);
        backlog.check();
        backlog.clear();
        backlog.check();
        assert!(!backlog.waits());
    }

    #[test]
    #[should_panic(expected = "accounted for")]
    fn lost_work_is_found() {
        let mut backlog = Backlog::default();
        backlog.pass(&background(2.0, false), FREE, SimSpan::secs(10));
        backlog.work.waiting = 0.0;
        backlog.check();
    }
}
