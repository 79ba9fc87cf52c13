//! Elementary effects: what each key does, from trajectories that change one at a time.
//!
//! Morris, *Factorial sampling plans for preliminary computational experiments* (Technometrics
//! 1991); the mean of absolute effects is Campolongo, Cariboni and Saltelli's (2007). An effect is
//! scaled to the whole range of the key, so that effects of different keys compare.

use super::points::{Points, STEP, Step};
use crate::engine::statistics::Moments;
use crate::results::{Effect, PointFigures, PointRow, Sensitivity};
use crate::scenario::sweep::{Design, SweepPlan};
use crate::units::Sort as _;

/// The effects, gathered from the rows of all points in order; steps to or from a point that failed are left
/// out.
pub(super) struct Effects<'a> {
    points: &'a Points<'a>,
    /// Peak and share of kills, by key.
    found: Vec<(Sample, Sample)>,
    /// Of the trajectory that is being followed, the keys in the order in which they change.
    steps: Vec<Step>,
    /// The peak and the share of kills at the point before.
    before: Option<(f64, f64)>,
}

impl<'a> Effects<'a> {
    /// Of no rows yet.
    pub(super) fn new(plan: &SweepPlan, points: &'a Points<'a>) -> Self {
        let axes = if plan.design == Design::Morris { plan.vary.len() } else { 0 };
        let found = vec![(Sample::default(), Sample::default()); axes];
        Self { points, found, steps: Vec::new(), before: None }
    }

    /// Takes the next row.
    pub(super) fn push(&mut self, row: &PointRow) {
        if self.found.is_empty() {
            return;
        }
        let per_trajectory = self.found.len() as u32 + 1;
        let (trajectory, done) = (row.point / per_trajectory, row.point % per_trajectory);
        if done == 0 {
            (_, self.steps) = self.points.trajectory(trajectory);
            self.before = None;
        }
        let of = |figures: &PointFigures| {
            (figures.peak_resident_bytes.median.as_f64(), figures.oom_share())
        };
        let here = row.figures.as_ref().map(of);
        let step = (done as usize).checked_sub(1).and_then(|last| self.steps.get(last));
        if let (Some(step), Some(before), Some(here)) = (step, self.before, here)
            && let Some((peak, oom)) = self.found.get_mut(step.axis)
        {
            let way = if step.up { STEP } else { -STEP };
            peak.push((here.0 - before.0) / way);
            oom.push((here.1 - before.1) / way);
        }
        self.before = here;
    }

    /// The keys by their influence on the peak, then on the share of kills.
    pub(super) fn by_influence(&self, plan: &SweepPlan) -> Vec<Sensitivity> {
        let named = plan.vary.iter().zip(&self.found);
        let mut all: Vec<Sensitivity> = named
            .map(|(vary, (peak, oom))| Sensitivity {
                key: vary.knob.key().to_owned(),
                effects: peak.signed.count() as u32,
                peak_bytes: peak.effect(1.0),
                oom: oom.effect(1e6),
            })
            .collect();
        let weight = |s: &Sensitivity| (s.peak_bytes.mean_absolute, s.oom.mean_absolute);
        all.order_by(|a, b| {
            let ((a_peak, a_oom), (b_peak, b_oom)) = (weight(a), weight(b));
            b_peak.total_cmp(&a_peak).then(b_oom.total_cmp(&a_oom))
        });
        all
    }
}

/// Effects of one key on one figure.
#[derive(Clone, Copy, Default)]
struct Sample {
    signed: Moments,
    absolute: Moments,
}

impl Sample {
    fn push(&mut self, effect: f64) {
        self.signed.push(effect);
        self.absolute.push(effect.abs());
    }

    /// Rounded to a part of a unit; adding zero turns −0 into 0.
    fn effect(&self, parts: f64) -> Effect {
        let rounded = |x: f64| (x * parts).round() / parts + 0.0;
        Effect {
            mean: rounded(self.signed.mean()),
            mean_absolute: rounded(self.absolute.mean()),
            deviation: rounded(self.signed.standard_deviation()),
        }
    }
}
