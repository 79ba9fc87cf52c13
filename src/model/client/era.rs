//! What reflectors do by the client-go they were built with ([`ClientGo`], the table of releases).
//!
//! Clients as old as the servers are taken for granted unless a fleet says otherwise: few are newer,
//! many are older.

use super::ListFrom;
use super::backoff::{Backoff, BackoffParameters, ResetEra};
use crate::model::release::{ClientGo, Release, Relists};
use crate::units::SimSpan;

/// `period` of `NewReflector`, the pause between two attempts until client-go 0.17.
const FLAT: BackoffParameters = BackoffParameters {
    initial: SimSpan::secs(1),
    cap: SimSpan::ZERO,
    steps: u32::MAX,
    factor: 0.0,
    jitter: 0.0,
    reset: SimSpan::secs(120),
};

impl ClientGo {
    /// Of a client of the fleet whose version is `minor`, the servers' where the scenario names none.
    #[must_use]
    pub fn of_fleet(minor: Option<u8>, servers: &Release) -> Self {
        minor.and_then(Self::of_minor).unwrap_or(servers.client_go)
    }

    /// The back-off of a reflector.
    #[must_use]
    pub const fn backoff(self) -> Backoff<'static> {
        if self.flat_back_off {
            Backoff::new(&FLAT, ResetEra::of(&self))
        } else {
            Backoff::of_reflector(ResetEra::of(&self))
        }
    }

    /// What a reflector asks for that lists again; `gone`: its version was too old.
    #[must_use]
    pub const fn relists_from(self, gone: bool) -> ListFrom {
        match self.relists {
            Relists::Any => ListFrom::First,
            Relists::LatestAfterGone if gone => ListFrom::Latest,
            Relists::LatestAfterGone | Relists::Last => ListFrom::Last,
        }
    }

    /// Whether a relist from the latest version comes in pages: later pagers have lost their limit
    /// by then (docs/facts/clients.md section 1.1).
    #[must_use]
    pub const fn pages_latest(self) -> bool {
        matches!(self.relists, Relists::LatestAfterGone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimTime;

    fn era(minor: u8) -> ClientGo {
        ClientGo::of_minor(minor).expect("a modelled minor")
    }

    #[test]
    fn old_clients_come_back_every_second() {
        let mut backoff = era(17).backoff();
        for _ in 0..40 {
            assert_eq!(backoff.delay(SimTime::ZERO, 0.9), SimSpan::secs(1));
        }
        let mut grown = era(18).backoff();
        let delays: Vec<SimSpan> = (0..7).map(|_| grown.delay(SimTime::ZERO, 0.0)).collect();
        assert_eq!(delays[0], SimSpan::millis(800));
        assert_eq!(delays[6], SimSpan::secs(30));
    }

    #[test]
    fn who_lists_the_latest_after_410() {
        let from = |minor, gone| era(minor).relists_from(gone);
        assert_eq!(from(16, true), ListFrom::First);
        assert_eq!((from(17, true), from(17, false)), (ListFrom::Latest, ListFrom::Last));
        assert_eq!((from(18, true), from(37, false)), (ListFrom::Last, ListFrom::Last));
        assert!(era(17).pages_latest() && !era(18).pages_latest());
    }
}
