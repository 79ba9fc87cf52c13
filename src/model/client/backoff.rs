//! The reflector's back-off between attempts.
//!
//! 0.8 s doubling to 30 s, each with jitter of up to as much again (facts/clients.md section 1.3).
//! Until client-go 0.35 the sequence starts over after two minutes without an attempt; from 0.36
//! two minutes after it started, even while the server stays down.

use crate::units::{SimSpan, SimTime};

/// `defaultBackoffInit` (client-go reflector.go).
const INITIAL: SimSpan = SimSpan::millis(800);
/// `defaultBackoffMax`.
const CAP: SimSpan = SimSpan::secs(30);
/// `defaultBackoffReset`.
const RESET: SimSpan = SimSpan::secs(120);

/// Back-off state of one reflector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    next: SimSpan,
    /// Last attempt (old era), or start of the sequence (from 0.36).
    since: SimTime,
    resets_by_start: bool,
}

impl Backoff {
    /// A fresh back-off; `resets_by_start`: the era of client-go 0.36.
    #[must_use]
    pub const fn new(resets_by_start: bool) -> Self {
        Self { next: INITIAL, since: SimTime::ZERO, resets_by_start }
    }

    /// The process has restarted: the sequence starts over.
    pub fn restart(&mut self) {
        *self = Self::new(self.resets_by_start);
    }

    /// How long to wait from `now`; `draw` is uniform on [0, 1).
    pub fn delay(&mut self, now: SimTime, draw: f64) -> SimSpan {
        if now.since(self.since) > RESET {
            self.next = INITIAL;
            self.since = now;
        }
        if !self.resets_by_start {
            self.since = now;
        }
        let base = self.next;
        self.next = base.times(2).min(CAP);
        base + base.scale(draw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_to_the_cap_with_jitter() {
        let mut backoff = Backoff::new(true);
        let low: Vec<f64> = (0..8).map(|_| backoff.delay(SimTime(1), 0.0).as_secs_f64()).collect();
        assert_eq!(low, [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0]);
        assert_eq!(Backoff::new(true).delay(SimTime(1), 0.5), SimSpan::millis(1_200));
    }

    #[test]
    fn the_eras_reset_differently() {
        // An attempt every 50 s: the old clock never resets, the new one after two minutes.
        let run = |by_start| {
            let mut backoff = Backoff::new(by_start);
            let at = |n: u64| SimTime::ZERO + SimSpan::secs(50 * n);
            (0..5).map(|n| backoff.delay(at(n), 0.0).as_secs_f64()).collect::<Vec<_>>()
        };
        assert_eq!(run(false), [0.8, 1.6, 3.2, 6.4, 12.8]);
        assert_eq!(run(true), [0.8, 1.6, 3.2, 0.8, 1.6]);
    }
}
