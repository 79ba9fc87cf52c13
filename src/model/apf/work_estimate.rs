//! [`WorkEstimate`]: what a request is taken to cost.
//!
//! Source: k8s.io/apiserver `pkg/util/flowcontrol/request/width.go`.

use crate::units::SimSpan;

/// The work of a request but for how long its execution takes (`WorkEstimate`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct WorkEstimate {
    /// Seats occupied while the server executes the request.
    pub initial_seats: u64,
    /// Seats occupied at the end, for [`WorkEstimate::additional_latency`].
    pub final_seats: u64,
    /// How long the seats stay reserved after the request has finished; its client does not wait.
    pub additional_latency: SimSpan,
}

impl WorkEstimate {
    /// `seats` while executing and none after.
    #[must_use]
    pub const fn of_seats(seats: u64) -> Self {
        Self { initial_seats: seats, final_seats: 0, additional_latency: SimSpan::ZERO }
    }

    /// The most seats over both phases (`MaxSeats`): what is held throughout.
    #[must_use]
    pub const fn max_seats(&self) -> u64 {
        if self.initial_seats >= self.final_seats { self.initial_seats } else { self.final_seats }
    }
}
