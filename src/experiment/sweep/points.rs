//! The points of a sweep: each follows from the plan, the seed and its number alone.

use crate::engine::Streams;
use crate::scenario::sweep::{Design, DesignError, SweepPlan};
use crate::scenario::{Range, Value};

/// Levels of each key in a screening (Morris 1991): with 4, every level is as likely.
const LEVELS: u64 = 4;

/// How far a step of a screening goes: `LEVELS / (2 (LEVELS − 1))` of the range.
pub(super) const STEP: f64 = 2.0 / 3.0;

/// The points of a sweep.
#[derive(Clone, Debug)]
pub struct Points<'a> {
    plan: &'a SweepPlan,
    seed: u64,
    count: u32,
    /// Of a Latin hypercube: for each key, the stratum of each point.
    strata: Vec<Vec<u32>>,
}

/// A step of a screening's trajectory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The key that changes.
    pub(super) axis: usize,
    /// Whether its value grows.
    pub(super) up: bool,
}

impl<'a> Points<'a> {
    /// The points of a plan.
    ///
    /// # Errors
    /// A plan that makes no sweep.
    pub fn new(plan: &'a SweepPlan, seed: u64) -> Result<Self, DesignError> {
        let count = plan.points()?;
        let strata = match plan.design {
            Design::Lhs => (0..plan.vary.len()).map(|axis| order(seed, axis, count)).collect(),
            _ => Vec::new(),
        };
        Ok(Self { plan, seed, count, strata })
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The values of a point, in the order of the plan's keys.
    #[must_use]
    pub fn values(&self, point: u32) -> Vec<Value> {
        match self.plan.design {
            Design::Grid => self.combination(point),
            Design::Random => self.drawn(point, |_, uniform| uniform),
            Design::Lhs => self.drawn(point, |axis, uniform| {
                let stratum = self.strata.get(axis).and_then(|strata| strata.get(point as usize));
                (f64::from(stratum.copied().unwrap_or(0)) + uniform) / f64::from(self.count)
            }),
            Design::Morris => self.screened(point),
        }
    }

    /// The last key runs fastest.
    fn combination(&self, point: u32) -> Vec<Value> {
        let mut rest = point as usize;
        let mut values = Vec::with_capacity(self.plan.vary.len());
        for vary in self.plan.vary.iter().rev() {
            if let Range::Values(all) = &vary.range {
                let which = rest % all.len().max(1);
                rest /= all.len().max(1);
                values.extend(all.get(which).cloned());
            }
        }
        values.reverse();
        values
    }

    fn drawn(&self, point: u32, share: impl Fn(usize, f64) -> f64) -> Vec<Value> {
        let streams = Streams::new(self.seed, point);
        let draw = |(axis, vary): (usize, &crate::scenario::Vary)| {
            let uniform = streams.stream("sweep point", axis as u64).uniform();
            vary.at_share(share(axis, uniform))
        };
        self.plan.vary.iter().enumerate().map(draw).collect()
    }

    fn screened(&self, point: u32) -> Vec<Value> {
        let per_trajectory = self.plan.vary.len() as u32 + 1;
        let (trajectory, done) = (point / per_trajectory, point % per_trajectory);
        let (mut shares, steps) = self.trajectory(trajectory);
        for step in steps.iter().take(done as usize) {
            shares[step.axis] += if step.up { STEP } else { -STEP };
        }
        // Thirds do not add up to exactly one.
        let values = self.plan.vary.iter().zip(shares);
        values.map(|(vary, share)| vary.at_share((share * 3.0).round() / 3.0)).collect()
    }

    /// Where a trajectory begins, and its steps: each key once, in random order.
    pub(super) fn trajectory(&self, trajectory: u32) -> (Vec<f64>, Vec<Step>) {
        let mut stream = Streams::new(self.seed, trajectory).stream("sweep trajectory", 0);
        let axes = self.plan.vary.len();
        let mut shares = Vec::with_capacity(axes);
        let mut steps: Vec<Step> = Vec::with_capacity(axes);
        for axis in 0..axes {
            let low = stream.below(LEVELS / 2) as f64 / (LEVELS - 1) as f64;
            let up = stream.chance(0.5);
            shares.push(if up { low } else { low + STEP });
            steps.push(Step { axis, up });
        }
        for last in (1..axes).rev() {
            steps.swap(last, stream.below(last as u64 + 1) as usize);
        }
        (shares, steps)
    }
}

/// The numbers from 0 to `count` − 1 in an order of their own for each key (Fisher and Yates).
fn order(seed: u64, axis: usize, count: u32) -> Vec<u32> {
    let mut stream = Streams::new(seed, 0).stream("sweep strata", axis as u64);
    let mut order: Vec<u32> = (0..count).collect();
    for last in (1..order.len()).rev() {
        order.swap(last, stream.below(last as u64 + 1) as usize);
    }
    order
}
