//! The last entries of etcd's raft log, which it holds in memory (`input/residents.rs`): so many, whatever they weigh.
//!
//! A burst of large writes stays in it until as many others have come. The log is kept as a row of parts, each of
//! them evenly mixed; the oldest leave first.

use std::collections::VecDeque;

use crate::units::{Bytes, SimSpan, SimTime};

/// Parts that a full log has about.
const PARTS: f64 = 32.0;

/// Entries, and what they weigh; or both per second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Entries {
    /// How many.
    pub count: f64,
    /// Their bytes.
    pub bytes: f64,
}

impl Entries {
    fn scale(self, by: f64) -> Self {
        Self { count: self.count * by, bytes: self.bytes * by }
    }

    fn plus(self, other: Self) -> Self {
        Self { count: self.count + other.count, bytes: self.bytes + other.bytes }
    }
}

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct RaftLog {
    /// Entries that it holds at most.
    most: f64,
    /// Oldest first.
    parts: VecDeque<Entries>,
    /// What is written per second.
    rate: Entries,
    /// Entries written at that rate.
    fresh: f64,
    /// It is as it was then.
    at: SimTime,
}

impl RaftLog {
    /// Holds `older` and then what has been written at a steady rate.
    #[must_use]
    pub fn new(most: f64, older: Entries, written: Entries, rate: Entries) -> Self {
        let parts = [older, written].into_iter().collect();
        Self { most, parts, rate, fresh: written.count, at: SimTime::ZERO }
    }

    /// Passes to an instant; from then on so much is written per second.
    pub fn pass(&mut self, now: SimTime, rate: Entries) {
        let more = self.rate.scale(now.since(self.at).as_secs_f64());
        self.at = now;
        self.fresh += more.count;
        match self.parts.back_mut() {
            Some(last) if last.count + more.count <= self.most / PARTS => *last = last.plus(more),
            _ => self.parts.push_back(more),
        }
        self.drop_oldest();
        if rate != self.rate {
            (self.rate, self.fresh) = (rate, 0.0);
        }
    }

    fn drop_oldest(&mut self) {
        let mut over = self.parts.iter().map(|part| part.count).sum::<f64>() - self.most;
        while over > 0.0
            && let Some(oldest) = self.parts.front_mut()
        {
            if oldest.count > over {
                *oldest = oldest.scale(1.0 - over / oldest.count);
                return;
            }
            over -= oldest.count;
            self.parts.pop_front();
        }
    }

    /// How long until a part of it is new; `None`: all of it was written at the present rate, or nothing is.
    #[must_use]
    pub fn changes_after(&self) -> Option<SimSpan> {
        let changes = self.rate.count > 0.0 && self.most - self.fresh > 1.0;
        let seconds = (self.most / PARTS / self.rate.count).clamp(1e-3, 1e9);
        changes.then(|| SimSpan::from_secs_f64(seconds))
    }

    /// Its bytes: the more of now and at the next change.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        let bytes = |log: &Self| log.parts.iter().map(|part| part.bytes).sum::<f64>();
        let of = |log: &Self| Bytes(bytes(log).round() as u64);
        let soon = self.changes_after().map_or(Bytes::ZERO, |after| {
            let mut soon = self.clone();
            soon.pass(self.at + after, self.rate);
            of(&soon)
        });
        of(self).max(soon)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + SimSpan::secs(seconds)
    }

    fn writes(count: f64, each: f64) -> Entries {
        Entries { count, bytes: count * each }
    }

    fn megabytes(log: &RaftLog) -> f64 {
        log.bytes().as_f64() / 1e6
    }

    #[test]
    fn large_writes_stay_until_as_many_others_have_come() {
        let usual = writes(100.0, 1_000.0);
        let mut log = RaftLog::new(10_000.0, Entries::default(), writes(10_000.0, 1_000.0), usual);
        assert_eq!(log.changes_after(), None);
        log.pass(at(60), writes(600.0, 100_000.0));
        // 5,000 of 100 kB come within 10 s; the rest are of 1 kB.
        log.pass(at(65), writes(600.0, 100_000.0));
        log.pass(at(70), usual);
        assert!((megabytes(&log) - 604.0).abs() < 1.0, "{}", megabytes(&log));
        log.pass(at(109), usual);
        assert!(megabytes(&log) > 603.0);
        log.pass(at(140), usual);
        assert!((megabytes(&log) - 307.0).abs() < 1.0, "{}", megabytes(&log));
        log.pass(at(171), usual);
        assert!((megabytes(&log) - 10.0).abs() < 0.1 && log.changes_after().is_none());
        assert!(log.parts.len() < 70, "{} parts", log.parts.len());
    }

    /// It is looked at before it is larger, not after.
    #[test]
    fn it_is_no_larger_before_the_next_look() {
        let (large, mut now) = (writes(100.0, 50_000.0), SimTime::ZERO);
        let mut log = RaftLog::new(10_000.0, writes(10_000.0, 300.0), Entries::default(), large);
        while let Some(after) = log.changes_after() {
            let expected = log.bytes();
            for part in 1..=4 {
                let mut later = log.clone();
                later.pass(now + SimSpan(after.0 / 4 * part), large);
                let has = later.parts.iter().map(|part| part.bytes).sum::<f64>();
                assert!(has <= expected.as_f64() + 1.0, "{has} of {expected}");
            }
            now += after;
            log.pass(now, large);
        }
        assert!((megabytes(&log) - 500.0).abs() < 1.0, "{}", megabytes(&log));
    }
}
