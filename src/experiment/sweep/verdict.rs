//! The answer of a sweep in one sentence.

use super::super::estimate::proportion;
use super::super::idle;
use super::super::verdict::until_cut;
use super::gather::Gathering;
use crate::engine::statistics::runs_for_maximum;
use crate::results::{AxisRecord, Overview, PointRow, RISK, Sensitivity, SweepHead, SweepSummary};
use crate::scenario::sweep::SweepPlan;

impl Gathering<'_> {
    /// What the rows say, of a scenario as it is in effect.
    #[must_use]
    pub fn finish(self, head: SweepHead, effective: &str) -> SweepSummary<Overview> {
        let sensitivity = self.effects.by_influence(self.plan);
        let said = verdict(&self, &head, &sensitivity);
        SweepSummary {
            failed: self.seen.points - self.seen.run,
            incomplete: self.incomplete,
            verdict: until_cut(said, self.incomplete.into(), self.seen.points.into(), "points"),
            warnings: warnings(&self, &head, self.plan, effective),
            sensitivity,
            head,
            rows: self.seen,
        }
    }
}

/// Where the risk of a kill crosses the line; what matters most, of a screening.
fn verdict(rows: &Gathering<'_>, head: &SweepHead, sensitivity: &[Sensitivity]) -> String {
    if rows.seen.run == 0 {
        return format!("None of the {} points could be run", rows.seen.points);
    }
    let along = || match head.design.axes.as_slice() {
        [axis] => rows.along.told(&axis.key),
        _ => None,
    };
    screened(sensitivity).or_else(along).unwrap_or_else(|| among(rows.above, rows.seen.run))
}

/// Keys that change nothing, and what few replications cannot say.
fn warnings(
    rows: &Gathering<'_>,
    head: &SweepHead,
    plan: &SweepPlan,
    effective: &str,
) -> Vec<String> {
    let axes = head.design.axes.iter().zip(&rows.alike).enumerate();
    let idle = axes.filter(|(_, (_, alike))| alike.changes_nothing());
    let equal = "all figures are equal along it";
    let note = |(at, axis): (usize, &AxisRecord)| {
        let set = |row: &PointRow| {
            let knob = &plan.vary.get(at)?.knob;
            Some(knob.set(&knob.value(&row.values.get(at)?.text).ok()?))
        };
        let sets: Vec<String> = rows.ends.iter().flatten().filter_map(set).collect();
        idle::note(&[(effective, sets)], &axis.key, equal)
    };
    let mut warnings: Vec<String> = idle.map(|(at, (axis, _))| note((at, axis))).collect();
    warnings.extend(unrecovered(rows.unrecovered, rows.seen.points));
    let n = head.replications;
    let none = proportion(0, n).high;
    if none > RISK {
        let enough = runs_for_maximum(1.0 - RISK, 0.95);
        warnings.push(format!(
            "after {n} replications without a kill, P(OOM) may still be {:.0} %; after {enough}, at \
             most 5 %",
            none * 100.0
        ));
    }
    warnings
}

/// What a verdict on kills does not say: runs that end badly without one.
fn unrecovered(points: u32, of: u32) -> Option<String> {
    (points > 0).then(|| {
        format!(
            "at {points} of {of} points runs do not recover though no server is killed for memory: \
             column non_recovering_runs"
        )
    })
}

fn screened(sensitivity: &[Sensitivity]) -> Option<String> {
    let first = sensitivity.first()?;
    let peak = crate::units::Bytes::from_f64(first.peak_bytes.mean_absolute);
    if peak.0 == 0 {
        return Some("No key changes the peak within its range".to_owned());
    }
    Some(format!("`{}` matters most: its range moves the median peak by {peak}", first.key))
}

fn among(above: u32, all: u32) -> String {
    match above {
        0 => format!("P(OOM) is within 5 % at all {all} points"),
        n if n == all => format!("P(OOM) is above 5 % at all {n} points"),
        n => format!("P(OOM) is above 5 % at {n} of {all} points"),
    }
}

#[cfg(test)]
mod tests {
    use super::among;

    #[test]
    fn points_above_the_risk_are_counted() {
        assert_eq!(among(0, 2), "P(OOM) is within 5 % at all 2 points");
        assert_eq!(among(2, 2), "P(OOM) is above 5 % at all 2 points");
        assert_eq!(among(1, 3), "P(OOM) is above 5 % at 1 of 3 points");
    }
}
