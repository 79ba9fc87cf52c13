//! The search without the assumption that it does not stop happening further on.
//!
//! All replications are run at points all over the range and around the answer. Between the last of these
//! that holds and the first that does not, all replications are bisected together, with the draws that they
//! have at every point, down to two neighbours. When the process is asked to end before, the answer stays
//! between the two. The interval reaches outwards to the points whose own intervals are sure, so that what
//! was not counted between them is in it.

use super::{Answer, Bench, Bracket, Found, Happened, Tally, tally};
use crate::engine::statistics::{nearest_rank, wilson_interval};
use crate::experiment::replicate::ReplicateError;

/// Points of a scan: even ones, and as many again around the answer.
const SCANNED: usize = 24;

impl<F> Bench<'_, F>
where
    F: Fn(usize, u32) -> Result<Happened, ReplicateError> + Sync,
{
    /// Counts at points all over the range and around the answer, then closer.
    pub(super) fn scan(
        &self,
        sorted: &[usize],
        breaking: usize,
        found: &mut Found,
    ) -> Result<(), ReplicateError> {
        found.scanned = true;
        for point in self.spread(sorted, breaking) {
            let Some(tally) = self.count(point, found)? else {
                // What the bisections say is all there is.
                found.curve.clear();
                found.scanned = false;
                return self.conclude(found);
            };
            found.curve.push(tally);
        }
        self.closer(found)?;
        found.answer = self.answer(&found.curve);
        Ok(())
    }

    fn spread(&self, sorted: &[usize], breaking: usize) -> Vec<usize> {
        let last = self.last();
        let even =
            |from: usize, to: usize| (0..=SCANNED).map(move |i| from + (to - from) * i / SCANNED);
        let near = |share| nearest_rank(sorted, share).unwrap_or(last).min(last);
        let p = self.search.probability;
        let (from, to) =
            (near(p / 4.0).min(breaking), near((3.0 * p).min(1.0)).max(breaking.min(last)));
        let mut points: Vec<usize> = even(0, last).chain(even(from.min(last), to)).collect();
        points.sort_unstable();
        points.dedup();
        points
    }

    /// Whether it happens too often at a point.
    fn is_past(&self, tally: &Tally) -> bool {
        let n = f64::from(self.search.replications.max(1));
        f64::from(tally.count.count) / n > self.search.probability
    }

    /// Bisects between the last point that holds and the first that does not, as far as the process may
    /// go on.
    fn closer(&self, found: &mut Found) -> Result<(), ReplicateError> {
        while let Some(past) = found.curve.iter().position(|t| self.is_past(t))
            && let Some(safe) = past.checked_sub(1)
            && found.curve[past].point - found.curve[safe].point > 1
        {
            let middle = usize::midpoint(found.curve[safe].point, found.curve[past].point);
            let Some(tally) = self.count(middle, found)? else { break };
            found.curve.insert(past, tally);
        }
        Ok(())
    }

    fn answer(&self, curve: &[Tally]) -> Answer {
        let (n, p) = (u64::from(self.search.replications), self.search.probability);
        // Sure of the points before the first whose interval reaches past the probability, and of
        // those from the first whose interval lies past it.
        let wilson = |t: &Tally| wilson_interval(t.count.count.into(), n);
        let low = curve.iter().position(|t| wilson(t).1 > p);
        let high = curve.iter().position(|t| wilson(t).0 > p);
        match curve.iter().position(|t| self.is_past(t)) {
            None => Answer::NeverPast(curve.last().copied().unwrap_or(tally(self.last(), 0, 0))),
            Some(0) => Answer::AlwaysPast(curve[0]),
            Some(index) => Answer::Found(Bracket {
                safe: curve[index - 1],
                past: curve[index],
                low: low.and_then(|index| Some(curve.get(index.checked_sub(1)?)?.point)),
                high: high.and_then(|index| curve[index].point.checked_sub(1)),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::{Search, find_with};
    use super::{Answer, Bracket, Happened};

    const N: u32 = 72;
    const LAST_SAFE: usize = 1_337;

    /// Nearly all break just past [`LAST_SAFE`]; in one it stops happening further on.
    fn at(point: usize, replication: u32) -> Happened {
        let breaks = LAST_SAFE + if replication < 4 { 1 } else { 2 };
        match (replication, point) {
            (46, 1_500..1_999) => Happened::No,
            (_, point) if point >= breaks => Happened::Yes,
            _ => Happened::No,
        }
    }

    fn bracket(points: usize) -> Bracket {
        let search =
            Search { seed: 1, replications: N, threads: Some(2), points, probability: 0.05 };
        let asked = AtomicUsize::new(0);
        let run = |point, replication| {
            asked.fetch_add(1, Ordering::Relaxed);
            Ok(at(point, replication))
        };
        let found = find_with(run, &search, |_| {}).expect("it runs");
        assert!(found.scanned && !found.contradictions.is_empty(), "{found:?}");
        // Ends, bisection, probes; the scan; what is closer.
        assert!(asked.into_inner() <= 72 * (2 + 11 + 4 + 50 + 7), "{}", found.runs);
        assert!(found.curve.is_sorted_by_key(|tally| tally.point));
        match found.answer {
            Answer::Found(bracket) => bracket,
            other => panic!("{other:?}"),
        }
    }

    /// One probe of many that contradicts does not make the answer a coarse one.
    #[test]
    fn a_scan_is_as_fine_as_the_axis_and_its_interval_holds_the_truth() {
        let bracket = bracket(2_000);
        assert_eq!((bracket.safe.point, bracket.past.point), (LAST_SAFE, LAST_SAFE + 1));
        assert!(bracket.low.is_none_or(|low| low <= LAST_SAFE), "{bracket:?}");
        assert!(bracket.high.is_none_or(|high| high >= LAST_SAFE), "{bracket:?}");
    }
}
