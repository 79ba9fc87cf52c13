//! When enough replications have been run: `--until-ci`.

use std::ops::Range;

use super::estimate::{proportion, quantiles, six_decimals};
use crate::results::{RunRecord, StoppingRule};

/// Replications between two checks, whatever the number of threads.
const BATCH: u32 = 50;

/// Checks in a row that must agree, since an interval may be narrow by chance (Law, *Simulation
/// Modeling and Analysis*, on sequential procedures).
const CONFIRMED: u32 = 2;

/// Quantiles of the peak whose intervals must be narrow.
const QUANTILES: [f64; 2] = [0.5, 0.95];

/// Go on until the widest 95 % interval is this narrow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Until {
    /// Half its width, 0.05 for 5 %: in points for the probabilities of a kill and of a cascade,
    /// relative for the median and the 95th percentile of the peak.
    pub half_width: f64,
}

impl Until {
    /// How narrow the intervals of these runs are.
    pub(super) fn check(self, runs: &[RunRecord]) -> StoppingRule {
        let widest = widest(runs);
        StoppingRule {
            half_width: self.half_width,
            reached_half_width: widest.map(six_decimals),
            reached: widest.is_some_and(|widest| widest <= self.half_width),
        }
    }
}

/// Half the width of the widest interval; `None` while one is open.
fn widest(runs: &[RunRecord]) -> Option<f64> {
    let n = runs.len() as u32;
    let probability = |has: fn(&RunRecord) -> bool| {
        let p = proportion(runs.iter().filter(|run| has(run)).count() as u32, n);
        (p.high - p.low) / 2.0
    };
    let mut widest =
        probability(|run| run.oom_kills() > 0).max(probability(|run| run.servers_killed() > 1));
    let peaks = runs.iter().map(RunRecord::peak_resident).collect();
    for quantile in quantiles(peaks, &QUANTILES) {
        let (low, high) = (quantile.low?.as_f64(), quantile.high?.as_f64());
        widest = widest.max((high - low) / 2.0 / quantile.bytes.as_f64().max(1.0));
    }
    (n > 0).then_some(widest)
}

/// The batches of replications, in order: all at once, or until a check is confirmed.
pub(super) struct Batches {
    next: u32,
    most: u32,
    until: Option<Until>,
    narrow: u32,
}

impl Batches {
    pub(super) fn new(most: u32, until: Option<Until>) -> Self {
        Self { next: 0, most, until, narrow: 0 }
    }

    /// The next batch after these runs, if there is to be one.
    pub(super) fn next(&mut self, runs: &[RunRecord]) -> Option<Range<u32>> {
        let size = match self.until {
            None => self.most,
            Some(until) => {
                let narrow = until.check(runs).reached;
                self.narrow = if narrow { self.narrow + 1 } else { 0 };
                if self.narrow >= CONFIRMED {
                    return None;
                }
                BATCH
            }
        };
        let batch = self.next..self.next.saturating_add(size).min(self.most);
        self.next = batch.end;
        (!batch.is_empty()).then_some(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::widest;
    use crate::model::{self, RunOptions};
    use crate::results::{RunRecord, ServerRecord};
    use crate::scenario::Template;
    use crate::units::Bytes;

    #[test]
    fn the_widest_interval_is_of_a_probability_or_of_a_peak() {
        let text = include_bytes!("../../tests/data/storm.toml");
        let scenario = Template::of_text("storm", text, &[]).load(&[]).expect("a scenario");
        let options = RunOptions { seed: 1, replication: 0, timelines: false };
        let run = model::run(&scenario.inputs, options);
        // A hundred runs without kills.
        let half_width = |peak: fn(u64) -> u64| {
            let run = |index| {
                let peak_resident = Bytes(peak(index));
                let server = ServerRecord { peak_resident, ..ServerRecord::default() };
                RunRecord { servers: vec![server], ..run.clone() }
            };
            widest(&(0..100).map(run).collect::<Vec<_>>()).expect("closed intervals")
        };
        // Equal peaks: what is left is the probability of a kill, from 0 to 1 - 0.05^(1/100).
        assert!((half_width(|_| 1_000) - 0.029_513 / 2.0).abs() < 1e-6);
        // The median of as many peaks of 900 as of 1100 is 900, its interval from 900 to 1100.
        assert!((half_width(|index| 900 + index % 2 * 200) - 100.0 / 900.0).abs() < 1e-9);
        assert_eq!(widest(&[]), None);
    }
}
