//! Published figures, to stand beside the prediction.

use crate::units::{Bytes, SimSpan};

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Highest resident memory of any server.
    PeakResident,
    /// Whether a server was killed for memory.
    Oom,
    /// How long the requests took.
    Duration,
    /// Bytes the servers sent.
    BytesSent,
}

/// A figure, or the bounds of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim<T> {
    /// It was this.
    Value(T),
    /// It was this or more.
    AtLeast(T),
    /// It was this or less.
    AtMost(T),
    /// It was between these.
    Between(T, T),
}

/// What was published of a [`Metric`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Of [`Metric::Oom`].
    Flag(bool),
    /// Of [`Metric::PeakResident`] and [`Metric::BytesSent`].
    Bytes(Claim<Bytes>),
    /// Of [`Metric::Duration`].
    Span(Claim<SimSpan>),
}

/// One published figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// The event whose phase it belongs to; empty: the whole run.
    pub phase: String,
    /// What was measured.
    pub metric: Metric,
    /// What it was.
    pub figure: Figure,
    /// How far off a prediction may be: 0.15 for 15 %.
    pub tolerance: f64,
    /// Where the figure comes from.
    pub source: String,
    /// Why a discrepancy is expected; may be empty.
    pub note: String,
}

impl<T: Copy> Claim<T> {
    /// From the three keys a figure may have.
    pub(super) fn of(value: Option<T>, at_least: Option<T>, at_most: Option<T>) -> Option<Self> {
        match (value, at_least, at_most) {
            (Some(value), ..) => Some(Self::Value(value)),
            (None, Some(low), Some(high)) => Some(Self::Between(low, high)),
            (None, Some(low), None) => Some(Self::AtLeast(low)),
            (None, None, Some(high)) => Some(Self::AtMost(high)),
            (None, None, None) => None,
        }
    }
}
