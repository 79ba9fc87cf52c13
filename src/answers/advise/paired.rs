//! Whether a remedy helps that does not suffice: on pairs of runs with the same draws.
//!
//! Of each pair the better run is the one that does not go wrong; of two that do, or do not, the one
//! with fewer kills; of two with as many, the one whose peak is clearly lower, as a share of its limit.
//! Were there no difference, each side would be the better one in half of the pairs that differ: the
//! sign test.

use std::cmp::Ordering;

use crate::answers::WORTH;
use crate::engine::paired::PairedCounts;
use crate::experiment::meets;
use crate::results::{RemedyState, RunRecord};
use crate::scenario::measure::Condition;

/// The p-value up to which a difference is said to be one. Eight pairs that all agree have 0.8 %; with 5 %
/// one of two dozen remedies without any effect would be said to have one.
const SURE: f64 = 0.01;

/// Whether the second of two sets of runs on the same draws is better.
pub(super) fn compared(before: &[RunRecord], after: &[RunRecord]) -> RemedyState {
    let known = |(a, b): &(&RunRecord, &RunRecord)| !a.cut_short && !b.cut_short;
    let pairs = before.iter().zip(after).filter(known);
    judged(pairs.map(|(before, after)| (Harm::of(before), Harm::of(after))))
}

/// What a run came to.
#[derive(Clone, Copy, Debug)]
struct Harm {
    wrong: bool,
    kills: usize,
    /// The highest peak as a share of the limit; bytes where there is none.
    peak: f64,
}

impl Harm {
    fn of(run: &RunRecord) -> Self {
        let limit = run.worst_server().map_or(0.0, |server| server.limit.as_f64());
        Self {
            wrong: meets(&Condition::WRONG, run),
            kills: run.oom_kills(),
            peak: run.peak_resident().as_f64() / limit.max(1.0),
        }
    }

    fn against(&self, other: &Self) -> Ordering {
        let clear = (self.peak - other.peak).abs() > WORTH * other.peak;
        let peaks = if clear { self.peak.total_cmp(&other.peak) } else { Ordering::Equal };
        self.wrong.cmp(&other.wrong).then(self.kills.cmp(&other.kills)).then(peaks)
    }
}

fn judged(pairs: impl Iterator<Item = (Harm, Harm)>) -> RemedyState {
    let order = pairs.map(|(before, after)| after.against(&before));
    let counts = PairedCounts::of(order.map(|order| (order.is_lt(), order.is_gt())));
    let (better, worse) = (counts.first_only, counts.second_only);
    match counts.mcnemar() <= SURE {
        true if better > worse => RemedyState::Helps,
        true => RemedyState::Worse,
        false => RemedyState::NoEffect,
    }
}

#[cfg(test)]
mod tests {
    use super::{Harm, judged};
    use crate::results::RemedyState;

    /// Kills and the peak of a run.
    type Course = (usize, f64);

    fn state(pairs: &[(Course, Course)]) -> RemedyState {
        let harm = |(kills, peak): Course| Harm { wrong: kills > 0, kills, peak };
        judged(pairs.iter().map(|(before, after)| (harm(*before), harm(*after))))
    }

    #[test]
    fn a_difference_is_told_only_where_the_pairs_show_one() {
        // Three times the kills in all, by one run of eight.
        let mut pairs = [((2, 1.0), (2, 1.0)); 8];
        pairs[3].1.0 = 34;
        assert_eq!(state(&pairs), RemedyState::NoEffect);
        // Half of them in two runs of two.
        assert_eq!(state(&[((4, 1.0), (2, 1.0)); 2]), RemedyState::NoEffect);
        // One kill less in each of eight; one more.
        assert_eq!(state(&[((4, 1.0), (3, 1.0)); 8]), RemedyState::Helps);
        assert_eq!(state(&[((4, 1.0), (5, 1.0)); 8]), RemedyState::Worse);
        // Seven of eight may be chance.
        let mut pairs = [((4, 1.0), (3, 1.0)); 8];
        pairs[0].1.0 = 5;
        assert_eq!(state(&pairs), RemedyState::NoEffect);
        // Where kills are equal, peaks tell, if they differ clearly.
        assert_eq!(state(&[((0, 0.8), (0, 0.6)); 8]), RemedyState::Helps);
        assert_eq!(state(&[((1, 0.9), (1, 1.0)); 8]), RemedyState::Worse);
        assert_eq!(state(&[((0, 0.8), (0, 0.78)); 8]), RemedyState::NoEffect);
    }
}
