//! A `HorizontalPodAutoscaler` under a load that comes and goes: how many Pods it has, sync by sync.
//!
//! The load is counted in Pods that it keeps busy: high in the first half of each period, low in the second. What
//! Pods that are ready do not get done waits, and the metric has what waits in it, as the length of a queue
//! has: while new Pods start, work piles up, and more Pods are asked for than the load needs. The rules of the
//! controller are those of autoscaling/v2 (`podautoscaler/horizontal.go`): a tolerance, windows over which the
//! least is taken on the way up and the most on the way down, and steps per period. Whether the apiserver keeps
//! up is not fed back.

use crate::units::SimSpan;

/// `--horizontal-pod-autoscaler-sync-period`.
pub(super) const SYNC: SimSpan = SimSpan::secs(15);
/// `--horizontal-pod-autoscaler-tolerance`.
const TOLERANCE: f64 = 0.1;
/// Up by as much again, or by so many, whichever is more, per sync period; down by all of it
/// (`pkg/apis/autoscaling/v2/defaults.go`).
const STEP_UP: f64 = 4.0;
/// Work that waits is to be done within so long (assumed: a minute's work per Pod is the target length).
const DRAIN: SimSpan = SimSpan::secs(60);

/// The autoscaler and its load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hpa {
    /// Pods that the load keeps busy at its height, ...
    pub(super) most: u64,
    /// ... and at its lowest.
    pub(super) least: u64,
    /// From one height to the next.
    pub(super) period: SimSpan,
    /// The load rises and falls over this span each.
    pub(super) over: SimSpan,
    /// From the creation of a Pod until it works.
    pub(super) start_time: SimSpan,
    /// `behavior.scaleUp.stabilizationWindowSeconds`.
    pub(super) up_window: SimSpan,
    /// `behavior.scaleDown.stabilizationWindowSeconds`.
    pub(super) down_window: SimSpan,
}

impl Hpa {
    /// The load at an instant of its period.
    fn load(&self, at: f64) -> f64 {
        let (period, over) = (self.period.as_secs_f64(), self.over.as_secs_f64().max(1e-9));
        let (at, half) = (at % period, period / 2.0);
        let high = if at < half { at / over } else { 1.0 - (at - half) / over };
        self.least as f64 + (self.most as f64 - self.least as f64) * high.clamp(0.0, 1.0)
    }

    /// Pods that come (below 0: go) in each sync period of so long a time, the least being there at its begin.
    pub(super) fn steps(&self, lasts: SimSpan) -> Vec<i64> {
        let sync = SYNC.as_secs_f64();
        let syncs_of = |span: SimSpan| span.0.div_ceil(SYNC.0) as usize;
        let mut pods = self.least.max(1) as f64;
        let mut waits = 0.0;
        // Recommendations, newest last, and Pods by sync.
        let (mut wanted, mut had) = (Vec::new(), vec![pods]);
        let mut steps = Vec::new();
        for sync_number in 0..lasts.0.div_ceil(SYNC.0) {
            let load = self.load((sync_number as f64 + 0.5) * sync);
            // Those work that were there when the youngest of them were created.
            let old = had.len().saturating_sub(syncs_of(self.start_time) + 1);
            let ready = had[old..].iter().copied().fold(f64::INFINITY, f64::min);
            waits = f64::max(0.0, waits + (load - ready) * sync);
            let raw = (load + waits / DRAIN.as_secs_f64()).ceil().max(1.0);
            wanted.push(if (raw / pods - 1.0).abs() <= TOLERANCE { pods } else { raw });
            let of = |window| &wanted[wanted.len().saturating_sub(syncs_of(window) + 1)..];
            let up = of(self.up_window).iter().copied().fold(f64::INFINITY, f64::min);
            let down = of(self.down_window).iter().copied().fold(0.0, f64::max);
            let next =
                if up > pods { up.min((pods * 2.0).max(pods + STEP_UP)) } else { pods.min(down) };
            steps.push((next - pods) as i64);
            pods = next;
            had.push(pods);
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spiky() -> Hpa {
        let (zero, minute) = (SimSpan::ZERO, SimSpan::secs(60));
        Hpa {
            most: 250,
            least: 50,
            period: minute.times(10),
            over: SimSpan::secs(1),
            start_time: SimSpan::secs(30),
            up_window: zero,
            down_window: zero,
        }
    }

    /// Pods created, and most at once, in an hour.
    fn created(hpa: Hpa) -> (i64, i64) {
        let steps = hpa.steps(SimSpan::secs(3600));
        let most = steps.iter().scan(hpa.least.cast_signed(), |pods, step| {
            *pods += step;
            Some(*pods)
        });
        (steps.iter().filter(|step| **step > 0).sum(), most.max().unwrap_or(0))
    }

    #[test]
    fn a_window_on_the_way_down_spares_pods_and_churn() {
        let (spiky, stable) =
            (created(spiky()), created(Hpa { down_window: SimSpan::secs(300), ..spiky() }));
        assert!(stable.0 * 3 < spiky.0, "{stable:?} {spiky:?}");
        assert!(stable.1 <= spiky.1, "{stable:?} {spiky:?}");
    }

    #[test]
    fn a_load_that_rises_slowly_leaves_no_queue_and_no_more_pods_than_it_needs() {
        let sudden = created(spiky());
        let slow = created(Hpa { over: SimSpan::secs(240), ..spiky() });
        assert!(sudden.1 > 400, "work piles up while Pods start: {sudden:?}");
        assert!(slow.1 < 310 && slow.0 < sudden.0, "{slow:?} {sudden:?}");
    }

    #[test]
    fn it_is_at_rest_without_load() {
        let flat = Hpa { most: 50, ..spiky() };
        assert!(flat.steps(SimSpan::secs(3600)).iter().all(|step| *step == 0));
    }
}
