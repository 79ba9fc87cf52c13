//! What was due of a fluid and what became of it, and what bounds it for a span: the same of steady work and
//! of the bytes of watch events.

use crate::units::SimSpan;

/// Nanoseconds of CPU time, or bytes, that are not told from nothing.
pub(super) const LEAST: f64 = 1.0;

/// What was due, and what became of it: nanoseconds of CPU time, or bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Account {
    due: f64,
    done: f64,
    dropped: f64,
    pub(super) waiting: f64,
    held: f64,
}

impl Account {
    /// More is due.
    pub(super) fn comes(&mut self, due: f64) {
        self.due += due;
        self.waiting += due;
    }

    /// So much of what waits can be done; how much is.
    pub(super) fn does(&mut self, most: f64) -> f64 {
        let done = if self.waiting - most < LEAST { self.waiting } else { most };
        self.done += done;
        self.waiting -= done;
        done
    }

    /// So much of what waits is wanted no more.
    pub(super) fn drop(&mut self, dropped: f64) {
        let dropped = dropped.clamp(0.0, self.waiting);
        self.dropped += dropped;
        self.waiting -= dropped;
    }

    /// More is due, and held up.
    pub(super) fn hold(&mut self, due: f64) {
        self.due += due;
        self.held += due;
    }

    /// So much of what is held up waits from now on.
    pub(super) fn release(&mut self, held: f64) {
        self.held = (self.held - held).max(0.0);
        self.waiting += held;
    }

    /// All is over.
    pub(super) fn clear(&mut self) {
        self.dropped += self.waiting + self.held;
        (self.waiting, self.held) = (0.0, 0.0);
    }

    /// What was done.
    pub(super) fn done(&self) -> f64 {
        self.done
    }

    /// Panics when something was lost or came from nowhere: the conservation law.
    pub(super) fn check(&self, of: &str) {
        let ends = self.done + self.dropped + self.waiting + self.held;
        let off = (self.due - ends).abs();
        assert!(off <= self.due * 1e-9 + 1.0, "{of}: {} were due, {ends} accounted for", self.due);
        let signed = [self.waiting, self.held, self.done, self.dropped];
        assert!(signed.iter().all(|part| *part >= 0.0), "{of}: {self:?}");
    }
}

/// What bounds a backlog for a span.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    /// Cores that steady load has.
    pub(super) cores: f64,
    /// Bytes per second that the network takes of watch events.
    pub(super) wire: f64,
    /// Whether clients can be reached.
    pub(super) connected: bool,
    /// Writes that wait are answered 504 at this rate: one time-out's worth per time-out.
    pub(super) times_out: Option<SimSpan>,
}
