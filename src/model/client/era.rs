//! What clients of different age do: the versions of client-go they were built with.
//!
//! | Kubernetes | what changed for a reflector | source |
//! |---|---|---|
//! | to 1.16 | every relist asks for "0": whatever a cache has | client-go 0.16 reflector.go `ListAndWatch` |
//! | 1.17 | a relist asks for what was seen last; after 410 for "", in pages, which etcd answers | kubernetes#83520, #86430 |
//! | 1.18 | after 410, too, for what was seen last; only a 410 of that LIST leads to "" | kubernetes#86430 |
//! | 1.18 | back-off grows, with jitter, where there was one second flat | kubernetes#87795 |
//! | 1.36 | back-off starts over two minutes after it began | docs/facts/clients.md section 1.3 |
//!
//! Clients as old as the servers are taken for granted unless a fleet says otherwise: few are newer,
//! many are older.

use super::ListFrom;
use super::backoff::{Backoff, BackoffParameters, ResetEra};
use crate::model::release::Release;
use crate::units::SimSpan;

/// The oldest minor release whose clients differ.
pub const OLDEST_CLIENT_MINOR: u8 = 10;

/// Which version a reflector asks for when it lists again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relists {
    /// "0": anything cached, even if it is older than what it has.
    Any,
    /// What it has seen last, but after 410 the latest, in pages.
    LatestAfterGone,
    /// What it has seen last.
    Last,
}

/// The ways of a client's client-go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientEra {
    /// See [`Relists`].
    pub relists: Relists,
    /// Whether it waits one second flat between attempts.
    pub flat_back_off: bool,
    /// See [`ResetEra`].
    pub reset: ResetEra,
}

/// `period` of `NewReflector`, the pause between two attempts until client-go 0.17.
const FLAT: BackoffParameters = BackoffParameters {
    initial: SimSpan::secs(1),
    cap: SimSpan::ZERO,
    steps: u32::MAX,
    factor: 0.0,
    jitter: 0.0,
    reset: SimSpan::secs(120),
};

impl ClientEra {
    /// That of a client built with the client-go of a minor release; `None`: of the servers' release.
    #[must_use]
    pub const fn of(minor: Option<u8>, servers: &Release) -> Self {
        let Some(minor) = minor else {
            let reset = ResetEra::of(servers);
            return Self { relists: Relists::Last, flat_back_off: false, reset };
        };
        Self {
            relists: match minor {
                ..=16 => Relists::Any,
                17 => Relists::LatestAfterGone,
                18.. => Relists::Last,
            },
            flat_back_off: minor < 18,
            reset: if minor < 36 { ResetEra::SinceLastDelay } else { ResetEra::SinceLastReset },
        }
    }

    /// The back-off of a reflector.
    #[must_use]
    pub const fn backoff(self) -> Backoff<'static> {
        if self.flat_back_off {
            Backoff::new(&FLAT, self.reset)
        } else {
            Backoff::of_reflector(self.reset)
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

    fn era(minor: u8) -> ClientEra {
        ClientEra::of(Some(minor), &Release::of_minor(28).expect("a release"))
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
