//! The reflector's back-off between attempts, exact.
//!
//! 0.8 s doubling to 30 s, each with jitter of up to as much again (docs/facts/clients.md section 1.3).
//! Until client-go 0.35 the sequence starts over after two minutes without an attempt; from 0.36
//! two minutes after it started, even while the server stays down. Held to recordings of the
//! original code by `tests/golden_cases/golden_reflector.rs`.

use crate::model::release::ClientGo;
use crate::units::{SimSpan, SimTime};

/// How delays grow (`wait.Backoff` of apimachinery), and when they start over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BackoffParameters {
    /// The first delay.
    pub initial: SimSpan,
    /// The longest, without jitter; zero: none.
    pub cap: SimSpan,
    /// Delays after which growth ends in any case.
    pub steps: u32,
    /// Each delay as a multiple of the one before; zero: they do not grow.
    pub factor: f64,
    /// Most of a delay that is added to it by chance, as a multiple of it; zero: nothing.
    pub jitter: f64,
    /// When growth starts over.
    pub reset: SimSpan,
}

impl BackoffParameters {
    /// A reflector's: `defaultBackoffInit`, `defaultBackoffMax`, `defaultBackoffFactor`,
    /// `defaultBackoffJitter` and `defaultBackoffReset` (client-go reflector.go).
    pub const REFLECTOR: Self = Self {
        initial: SimSpan::millis(800),
        cap: SimSpan::secs(30),
        steps: 38,
        factor: 2.0,
        jitter: 1.0,
        reset: SimSpan::secs(120),
    };
}

/// From when the time to the reset counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetEra {
    /// From the last delay: until client-go 0.35 (`NewExponentialBackoffManager`).
    SinceLastDelay,
    /// From the last reset: from client-go 0.36 (`Backoff.DelayWithReset`).
    SinceLastReset,
}

impl ResetEra {
    /// That of a client.
    #[must_use]
    pub const fn of(client: &ClientGo) -> Self {
        if client.backoff_resets_by_start { Self::SinceLastReset } else { Self::SinceLastDelay }
    }
}

/// Back-off state of one reflector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff<'a> {
    parameters: &'a BackoffParameters,
    era: ResetEra,
    next: SimSpan,
    steps_left: u32,
    since: SimTime,
}

impl Backoff<'static> {
    /// A reflector's, made at the beginning.
    #[must_use]
    pub const fn of_reflector(era: ResetEra) -> Self {
        Backoff::new(&BackoffParameters::REFLECTOR, era)
    }
}

impl<'a> Backoff<'a> {
    /// A back-off made at the beginning.
    #[must_use]
    pub const fn new(parameters: &'a BackoffParameters, era: ResetEra) -> Self {
        let steps_left = match era {
            // Growth ends at the cap alone.
            ResetEra::SinceLastDelay => u32::MAX,
            ResetEra::SinceLastReset => parameters.steps,
        };
        Self { parameters, era, next: parameters.initial, steps_left, since: SimTime::ZERO }
    }

    /// The process has restarted at `now`: the sequence starts over.
    pub const fn restart(&mut self, now: SimTime) {
        *self = Self::new(self.parameters, self.era);
        self.since = now;
    }

    /// How long to wait from `now`; `draw` is uniform on [0, 1).
    pub fn delay(&mut self, now: SimTime, draw: f64) -> SimSpan {
        if self.starts_over(now) {
            self.restart(now);
        }
        if self.era == ResetEra::SinceLastDelay {
            self.since = now;
        }
        let base = self.next;
        self.grow();
        // Go cuts to whole nanoseconds.
        base + SimSpan((draw * self.parameters.jitter.max(0.0) * base.0 as f64) as u64)
    }

    fn starts_over(&self, now: SimTime) -> bool {
        // From 0.36 a sequence that does not grow, by its factor or as there is no time to do so,
        // has nothing to start over.
        let never = self.era == ResetEra::SinceLastReset && !self.grows();
        !never && now.since(self.since) > self.parameters.reset
    }

    fn grows(&self) -> bool {
        let forgets_at_once =
            self.era == ResetEra::SinceLastReset && self.parameters.reset == SimSpan::ZERO;
        self.parameters.factor > 0.0 && !forgets_at_once
    }

    fn grow(&mut self) {
        if self.steps_left == 0 || !self.grows() {
            return;
        }
        self.steps_left -= 1;
        self.next = SimSpan((self.next.0 as f64 * self.parameters.factor) as u64);
        let cap = self.parameters.cap;
        if cap > SimSpan::ZERO && self.next > cap {
            self.next = cap;
            self.steps_left = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERAS: [ResetEra; 2] = [ResetEra::SinceLastDelay, ResetEra::SinceLastReset];

    #[test]
    fn doubles_to_the_cap_with_jitter() {
        for era in ERAS {
            let mut backoff = Backoff::of_reflector(era);
            let low: Vec<f64> =
                (0..8).map(|_| backoff.delay(SimTime(1), 0.0).as_secs_f64()).collect();
            assert_eq!(low, [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0]);
            let first = Backoff::of_reflector(era).delay(SimTime(1), 0.5);
            assert_eq!(first, SimSpan::millis(1_200));
        }
    }

    #[test]
    fn the_eras_reset_differently() {
        // An attempt every 50 s: the old clock never resets, the new one after two minutes.
        let run = |era| {
            let mut backoff = Backoff::of_reflector(era);
            let at = |n: u64| SimTime::ZERO + SimSpan::secs(50 * n);
            (0..5).map(|n| backoff.delay(at(n), 0.0).as_secs_f64()).collect::<Vec<_>>()
        };
        assert_eq!(run(ResetEra::SinceLastDelay), [0.8, 1.6, 3.2, 6.4, 12.8]);
        assert_eq!(run(ResetEra::SinceLastReset), [0.8, 1.6, 3.2, 0.8, 1.6]);
    }

    /// Attempts after the first against a server that stays down, mean over reflectors:
    /// docs/facts/clients.md section 1.3 gives 17.4 and 33.3 after 300 and 600 s for the new era, 10.5 and 17.2 for the old.
    #[test]
    fn knocks_of_a_long_outage() {
        let knocks = |era, seconds: u64| {
            let draws = crate::engine::Streams::new(7, 0);
            let mut all = 0;
            for reflector in 0..2_000 {
                let mut stream = draws.stream("knocks", reflector);
                let mut backoff = Backoff::of_reflector(era);
                let mut now = SimTime::ZERO + backoff.delay(SimTime::ZERO, stream.uniform());
                while now < SimTime::ZERO + SimSpan::secs(seconds) {
                    all += 1;
                    now += backoff.delay(now, stream.uniform());
                }
            }
            f64::from(all) / 2_000.0
        };
        for (era, seconds, published) in [
            (ResetEra::SinceLastReset, 300, 17.4),
            (ResetEra::SinceLastReset, 600, 33.3),
            (ResetEra::SinceLastDelay, 300, 10.5),
            (ResetEra::SinceLastDelay, 600, 17.2),
        ] {
            let mean = knocks(era, seconds);
            assert!((mean / published - 1.0).abs() < 0.03, "{era:?} {seconds}: {mean}");
        }
    }
}
