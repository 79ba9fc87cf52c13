//! Concurrency limits: nominal ones by shares, and their periodic adjustment by seat demand
//! (lending and borrowing).
//!
//! Source: k8s.io/apiserver `pkg/util/flowcontrol/apf_controller.go`; docs/facts/apf.md section 2.

use super::conc_alloc::{AllocProblemItem, compute_concurrency_allocation};
use super::config::{LimitResponse, PriorityLevelConfiguration};
use super::integrator::IntegratorResults;
use crate::units::SimSpan;

/// Time between adjustments (`borrowingAdjustmentPeriod`).
pub const BORROWING_ADJUSTMENT_PERIOD: SimSpan = SimSpan::secs(10);

/// When the first adjustment of a process comes that has no objects to read: its informers of the
/// configuration have synced (measured by when queued lists begin: 1.2 to 2.1 s after the start of servers
/// with `ConfigMaps`; scaled by the processor's speed).
pub(crate) const FIRST_ADJUSTMENT: SimSpan = SimSpan::millis(1_600);
/// What it waits for the server's own informers besides, which are filled at the same time: so many times
/// the decoding of their objects (measured on servers with 20,000 Pods: 3.0 to 4.5 s after the start, 2.0
/// to 2.9 on the faster machine, of which decoding is 0.8 s; 1.5 to 3.5).
pub(crate) const INFORMERS_BEFORE_ADJUSTMENT: f64 = 2.5;
/// How far it varies to either side, as a share of the whole (the same runs: 0.25 to 0.35).
const FIRST_ADJUSTMENT_SPREAD: f64 = 0.3;
/// A server that has been up for longer is not known to the second: the adjustments of one follow from
/// a random phase.
const KNOWN_TO_THE_SECOND: SimSpan = SimSpan::secs(600);

/// The time from now until the next adjustment of a server that has been up for so long, whose own
/// informers took `decoding` of CPU time on the first measured machine; `luck` is uniform on [0, 1).
#[must_use]
pub fn next_adjustment(up_for: SimSpan, decoding: SimSpan, cpu_speed: f64, luck: f64) -> SimSpan {
    let period = BORROWING_ADJUSTMENT_PERIOD;
    if up_for > KNOWN_TO_THE_SECOND {
        return period.scale(luck);
    }
    let mean = FIRST_ADJUSTMENT + decoding.scale(INFORMERS_BEFORE_ADJUSTMENT);
    let first = mean.scale((1.0 + FIRST_ADJUSTMENT_SPREAD * (2.0 * luck - 1.0)) / cpu_speed);
    if up_for < first {
        return first - up_for;
    }
    period - SimSpan((up_for - first).0 % period.0)
}

/// Decay of the smoothed demand per adjustment (`seatDemandSmoothingCoefficient`).
const SEAT_DEMAND_SMOOTHING_COEFFICIENT: f64 = 0.977;

/// One less that, as Go's exact constants have it.
const SEAT_DEMAND_SMOOTHING_REST: f64 = 0.023;

/// Share of the nominal limit that one request may take (`priorityLevelMaxSeatsPercent`).
const PRIORITY_LEVEL_MAX_SEATS_PERCENT: f64 = 0.15;

/// Go's `int(math.Round(x))`.
fn round(x: f64) -> i64 {
    x.round() as i64
}

/// The limits that follow from the configuration alone, in seats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConfiguredLimits {
    /// `nominalCL`: the level's share of the server's limit, rounded up.
    pub nominal: i64,
    /// `minCL`: what is left when all that is lendable is lent.
    pub min: i64,
    /// `maxCL`: with all that may be borrowed.
    pub max: i64,
}

impl ConfiguredLimits {
    /// Of one level (`finishQueueSetReconfigsLocked`).
    #[must_use]
    pub fn new(config: &PriorityLevelConfiguration, server_limit: u32, share_sum: f64) -> Self {
        let shares = f64::from(config.nominal_concurrency_shares);
        let nominal = (f64::from(server_limit) * shares / share_sum).ceil() as i64;
        let percent = |percent: u32| round(nominal as f64 * f64::from(percent) / 100.0);
        let lendable = config.lendable_percent.map_or(0, percent);
        let borrowing = match config.borrowing_limit_percent {
            Some(limit) if config.response != LimitResponse::Exempt => percent(limit),
            _ => i64::from(server_limit),
        };
        Self { nominal, min: nominal - lendable, max: nominal + borrowing }
    }

    /// The most seats that the work estimator may give a request of a level that queues; `None` for
    /// others.
    #[must_use]
    pub fn max_seats(&self, response: LimitResponse) -> Option<u64> {
        let LimitResponse::Queue { hand_size, .. } = response else {
            return None;
        };
        let by_percent = (self.nominal as f64 * PRIORITY_LEVEL_MAX_SEATS_PERCENT).ceil();
        let by_hand = (self.nominal / i64::from(hand_size.max(1))) as f64;
        Some(by_percent.min(by_hand).max(1.0) as u64)
    }
}

/// What the adjustments know of a level's demand (`seatDemandStats`).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SeatDemandStats {
    /// Mean over the last period of non-zero length.
    pub avg: f64,
    /// Standard deviation over that.
    pub std_dev: f64,
    /// Highest demand in the last period.
    pub high_watermark: i64,
    /// Smoothed envelope: up at once, down with a half-life of 5 minutes.
    pub smoothed: f64,
}

impl SeatDemandStats {
    /// Takes a period in.
    pub fn update(&mut self, observed: &IntegratorResults) {
        self.high_watermark = round(observed.max);
        if observed.duration <= 0.0 {
            return;
        }
        let deviation = if observed.deviation.is_nan() { 0.0 } else { observed.deviation };
        self.avg = observed.average;
        self.std_dev = deviation;
        let envelope = observed.average + deviation;
        let decayed = SEAT_DEMAND_SMOOTHING_COEFFICIENT * self.smoothed
            + SEAT_DEMAND_SMOOTHING_REST * envelope;
        self.smoothed = envelope.max(decayed);
    }
}

/// A level as an adjustment sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevelDemand {
    /// Whether the level is exempt and served before the others (from 1.31).
    pub exempt: bool,
    /// See [`ConfiguredLimits`].
    pub limits: ConfiguredLimits,
    /// See [`SeatDemandStats`].
    pub stats: SeatDemandStats,
    /// `currentCL` so far.
    pub current: i64,
}

impl LevelDemand {
    /// What the level needs at least (`minCurrentCL`): its highest demand, within its limits.
    fn min_current(&self) -> i64 {
        let wanted = self.stats.high_watermark;
        if self.exempt {
            self.limits.min.max(wanted)
        } else {
            self.limits.min.max(self.limits.nominal.min(wanted))
        }
    }

    fn problem_item(&self) -> AllocProblemItem {
        let lower_bound = self.min_current() as f64;
        AllocProblemItem {
            lower_bound,
            upper_bound: self.limits.max as f64,
            target: lower_bound.max(self.stats.smoothed),
        }
    }
}

/// Result of one adjustment.
#[derive(Clone, Debug, PartialEq)]
pub struct Adjustment {
    /// The new `currentCL` of each level, in the order given.
    pub current: Vec<i64>,
    /// Metric `seat_fair_frac`: seats per target; 0 when there was nothing to hand out.
    pub fair_frac: f64,
}

/// The new limits (`updateBorrowingLocked`). `nominal_sum` is the sum of the nominal limits of all
/// levels.
#[must_use]
pub fn adjust(nominal_sum: i64, levels: &[LevelDemand]) -> Adjustment {
    let (exempt, limited): (Vec<&LevelDemand>, Vec<&LevelDemand>) =
        levels.iter().partition(|level| level.exempt);
    let used: i64 = exempt.iter().map(|level| level.min_current()).sum();
    let short = if exempt.is_empty() { None } else { share_shortage(nominal_sum - used, &limited) };
    let (of_limited, fair_frac) = match short {
        Some(limits) => (limits, 0.0),
        None => share_in_proportion(nominal_sum, &limited),
    };
    let mut of_limited = of_limited.into_iter();
    let current = |level: &LevelDemand| {
        if level.exempt { level.min_current() } else { of_limited.next().unwrap_or(level.current) }
    };
    Adjustment { current: levels.iter().map(current).collect(), fair_frac }
}

/// What the limited levels get when the exempt ones leave too little for what all need at least;
/// `None` when they leave enough.
fn share_shortage(remaining: i64, limited: &[&LevelDemand]) -> Option<Vec<i64>> {
    let min_sum: i64 = limited.iter().map(|level| level.limits.min).sum();
    let min_current_sum: i64 = limited.iter().map(|level| level.min_current()).sum();
    if remaining <= min_sum {
        return Some(limited.iter().map(|level| level.limits.min).collect());
    }
    if remaining > min_current_sum {
        return None;
    }
    let part = (remaining - min_sum) as f64 / (min_current_sum - min_sum) as f64;
    let limit = |level: &&LevelDemand| {
        let min = level.limits.min;
        min + round((level.min_current() - min) as f64 * part)
    };
    Some(limited.iter().map(limit).collect())
}

/// The limits by the allocator, and the fair fraction. As upstream, all nominal limits are handed
/// out, also what exempt levels use. Where there is no solution the limits stay.
fn share_in_proportion(nominal_sum: i64, limited: &[&LevelDemand]) -> (Vec<i64>, f64) {
    let items: Vec<AllocProblemItem> = limited.iter().map(|level| level.problem_item()).collect();
    match compute_concurrency_allocation(nominal_sum, &items) {
        Ok(allocation) => {
            (allocation.allocs.into_iter().map(round).collect(), allocation.fair_proportion)
        }
        Err(_) => (limited.iter().map(|level| level.current).collect(), 0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(hand_size: u32) -> LimitResponse {
        LimitResponse::Queue { queues: 128, hand_size, queue_length_limit: 50 }
    }

    #[test]
    fn max_seats_of_upstream() {
        // docs/facts/apf.md 7.3.
        let cases = [
            (5, 6, 1),
            (15, 6, 2),
            (35, 6, 5),
            (100, 6, 15),
            (200, 6, 30),
            (10, 1, 2),
            (100, 20, 5),
        ];
        for (nominal, hand, seats) in cases {
            let limits = ConfiguredLimits { nominal, ..ConfiguredLimits::default() };
            assert_eq!(limits.max_seats(queue(hand)), Some(seats));
        }
        assert_eq!(ConfiguredLimits::default().max_seats(LimitResponse::Reject), None);
    }

    /// When a server has been up for long, its next adjustment is anywhere in the period.
    #[test]
    fn the_phase_of_an_old_server_is_luck() {
        for up_for in [601, 603, 10_000] {
            for tenths in [0_u32, 3, 9] {
                let wait = next_adjustment(
                    SimSpan::secs(up_for),
                    SimSpan::ZERO,
                    1.0,
                    f64::from(tenths) / 10.0,
                );
                assert_eq!(wait, SimSpan::secs(u64::from(tenths)), "{up_for}");
            }
        }
    }

    #[test]
    fn limits_of_upstreams_borrowing_test() {
        // docs/facts/apf.md section 9, TestUpdateBorrowing: exempt, workload-high, workload-low, catch-all.
        let run = |exempt_demand: i64, mid: i64, others: i64| {
            let level = |exempt, nominal, min, demand: i64| LevelDemand {
                exempt,
                limits: ConfiguredLimits { nominal, min, max: nominal + 870 },
                stats: SeatDemandStats {
                    high_watermark: demand,
                    smoothed: demand as f64,
                    ..SeatDemandStats::default()
                },
                current: 0,
            };
            adjust(
                870,
                &[
                    level(true, 0, 0, exempt_demand),
                    level(false, 240, 120, others),
                    level(false, 600, 60, mid),
                    level(false, 30, 30, others),
                ],
            )
            .current
        };
        assert_eq!(run(970, 970, 970), [970, 120, 60, 30]);
        assert_eq!(run(330, 970, 970), [330, 180, 330, 30]);
        assert_eq!(run(540, 1, 970), [540, 240, 60, 30]);
    }

    #[test]
    fn limits_of_upstreams_borrowing_test_between_two() {
        // docs/facts/apf.md section 9, TestBorrowing: (lendable, borrowing limit) per cent of each.
        for [(lend0, borrow0), (lend1, borrow1)] in [[(50, 67), (33, 50)], [(50, 33), (67, 50)]] {
            let level = |lendable_percent, borrowing_limit_percent, demand: i64| {
                let config = PriorityLevelConfiguration {
                    name: "level".to_owned(),
                    nominal_concurrency_shares: 100,
                    lendable_percent: Some(lendable_percent),
                    borrowing_limit_percent: Some(borrowing_limit_percent),
                    response: queue(2),
                };
                LevelDemand {
                    exempt: false,
                    limits: ConfiguredLimits::new(&config, 24, 200.0),
                    stats: SeatDemandStats {
                        high_watermark: demand,
                        smoothed: demand as f64,
                        ..SeatDemandStats::default()
                    },
                    current: 12,
                }
            };
            let levels = [level(lend0, borrow0, 24), level(lend1, borrow1, 6)];
            assert_eq!(adjust(24, &levels).current, [16, 8]);
        }
    }
}
