//! Elementary effects: what each key does, from trajectories that change one at a time.
//!
//! Morris, *Factorial sampling plans for preliminary computational experiments* (Technometrics
//! 1991); the mean of absolute effects is Campolongo, Cariboni and Saltelli's (2007). An effect is
//! scaled to the whole range of the key, so that effects of different keys compare.

use super::points::{Points, STEP};
use crate::engine::statistics::Moments;
use crate::results::{Effect, PointFigures, PointRow, Sensitivity};
use crate::scenario::sweep::{Design, SweepPlan};

/// The keys by their influence on the peak, then on the share of kills. Rows are those of all points
/// in order; steps to or from a point that failed are left out.
pub(super) fn effects(
    plan: &SweepPlan,
    points: &Points<'_>,
    rows: &[PointRow],
) -> Vec<Sensitivity> {
    if plan.design != Design::Morris {
        return Vec::new();
    }
    let axes = plan.vary.len();
    let mut found = vec![(Sample::default(), Sample::default()); axes];
    for (trajectory, rows) in (0_u32..).zip(rows.chunks(axes + 1)) {
        let (_, steps) = points.trajectory(trajectory);
        for (step, pair) in steps.iter().zip(rows.windows(2)) {
            let [before, after] = pair else { continue };
            let (Some(before), Some(after)) = (&before.figures, &after.figures) else { continue };
            let way = if step.up { STEP } else { -STEP };
            let change = |of: fn(&PointFigures) -> f64| (of(after) - of(before)) / way;
            if let Some((peak, oom)) = found.get_mut(step.axis) {
                peak.push(change(|figures| figures.peak_resident_bytes.median.as_f64()));
                oom.push(change(PointFigures::oom_share));
            }
        }
    }
    let named = plan.vary.iter().zip(&found);
    let mut all: Vec<Sensitivity> = named
        .map(|(vary, (peak, oom))| Sensitivity {
            key: vary.knob.key().to_owned(),
            effects: peak.signed.count() as u32,
            peak_bytes: peak.effect(1.0),
            oom: oom.effect(1e6),
        })
        .collect();
    let weight = |s: &Sensitivity| (s.peak_bytes.mean_absolute, s.oom.mean_absolute);
    all.sort_by(|a, b| {
        let ((a_peak, a_oom), (b_peak, b_oom)) = (weight(a), weight(b));
        b_peak.total_cmp(&a_peak).then(b_oom.total_cmp(&a_oom))
    });
    all
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
