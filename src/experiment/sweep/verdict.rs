//! The answer of a sweep in one sentence.

use std::collections::BTreeMap;

use super::super::estimate::proportion;
use super::super::idle;
use super::super::verdict::until_cut;
use crate::engine::statistics::runs_for_maximum;
use crate::results::{AxisRecord, PointFigures, PointRow, Sensitivity, SweepSummary};
use crate::scenario::sweep::SweepPlan;

/// The risk that operators are asked to stay below: 5 %.
const RISK: f64 = 0.05;

/// Where the risk of a kill crosses the line; what matters most, of a screening.
pub(super) fn verdict(sweep: &SweepSummary) -> String {
    let all = sweep.rows.len() as u64;
    until_cut(of_what_was_run(sweep), sweep.incomplete.into(), all, "points")
}

fn of_what_was_run(sweep: &SweepSummary) -> String {
    let axes = &sweep.head.design.axes;
    let sound: Vec<&PointRow> = sweep.rows.iter().filter(|row| row.figures.is_some()).collect();
    if sound.is_empty() {
        return format!("None of the {} points could be run", sweep.rows.len());
    }
    if let Some(sentence) = screened(&sweep.sensitivity) {
        return sentence;
    }
    match axes.as_slice() {
        [axis] => along(axis, &sound),
        _ => among(&sound),
    }
}

/// Keys that change nothing, and what few replications cannot say.
pub(super) fn warnings(sweep: &SweepSummary, plan: &SweepPlan, effective: &str) -> Vec<String> {
    let axes = sweep.head.design.axes.iter().enumerate();
    let idle = axes.filter(|(at, _)| changes_nothing(*at, &sweep.rows));
    let equal = "all figures are equal along it";
    let note = |(at, axis): (usize, &AxisRecord)| {
        let set = |row: &PointRow| {
            let knob = &plan.vary.get(at)?.knob;
            Some(knob.set(&knob.value(&row.values.get(at)?.text).ok()?))
        };
        let ends = [sweep.rows.first(), sweep.rows.last()];
        let sets: Vec<String> = ends.into_iter().flatten().filter_map(set).collect();
        idle::note(&[(effective, sets)], &axis.key, equal)
    };
    let mut warnings: Vec<String> = idle.map(note).collect();
    warnings.extend(unrecovered(&sweep.rows));
    let n = sweep.head.replications;
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
fn unrecovered(rows: &[PointRow]) -> Option<String> {
    let bad = |figures: &&PointFigures| figures.non_recovering.count > figures.oom.count;
    let points = rows.iter().filter_map(|row| row.figures.as_ref()).filter(bad).count();
    let of = rows.len();
    (points > 0).then(|| {
        format!(
            "at {points} of {of} points runs do not recover though no server is killed for memory: \
             column non_recovering_runs"
        )
    })
}

/// Whether points that differ in this key alone came out alike, to the last figure: on the same draws
/// they would not if the key had any effect. `false` if no two points differ so.
fn changes_nothing(axis: usize, rows: &[PointRow]) -> bool {
    let mut groups: BTreeMap<Vec<&str>, Vec<&PointFigures>> = BTreeMap::new();
    for row in rows {
        let others = row.values.iter().enumerate().filter(|(at, _)| *at != axis);
        let Some(figures) = &row.figures else { continue };
        groups
            .entry(others.map(|(_, value)| value.text.as_str()).collect())
            .or_default()
            .push(figures);
    }
    let pairs = || groups.values().flat_map(|figures| figures.windows(2));
    pairs().next().is_some() && pairs().all(|pair| pair[0] == pair[1])
}

fn risk(row: &PointRow) -> f64 {
    row.figures.as_ref().map_or(0.0, crate::results::PointFigures::oom_share)
}

fn screened(sensitivity: &[Sensitivity]) -> Option<String> {
    let first = sensitivity.first()?;
    let peak = crate::units::Bytes::from_f64(first.peak_bytes.mean_absolute);
    if peak.0 == 0 {
        return Some("No key changes the peak within its range".to_owned());
    }
    Some(format!("`{}` matters most: its range moves the median peak by {peak}", first.key))
}

/// Points along one key.
fn along(axis: &AxisRecord, rows: &[&PointRow]) -> String {
    let key = &axis.key;
    let text = |row: &PointRow| row.values.first().map_or(String::new(), |v| v.text.clone());
    let mut ordered = rows.to_vec();
    let number = |row: &PointRow| row.values.first().and_then(|v| v.number);
    if rows.iter().any(|row| number(row).is_none()) {
        return words(key, rows, text);
    }
    ordered.sort_by(|a, b| {
        number(a).unwrap_or(0.0).total_cmp(&number(b).unwrap_or(0.0)).then(a.point.cmp(&b.point))
    });
    let above = |row: &&PointRow| risk(row) > RISK;
    let changes = ordered.windows(2).filter(|pair| above(&pair[0]) != above(&pair[1])).count();
    let (Some(first), Some(last)) = (ordered.first(), ordered.last()) else {
        return among(rows);
    };
    let range = format!("{} to {}", text(first), text(last));
    match (changes, above(first)) {
        (0, false) => format!("P(OOM) stays within 5 % for `{key}` from {range}"),
        (0, true) => format!("P(OOM) is above 5 % for every `{key}` from {range}"),
        (1, starts_above) => {
            let at = ordered.iter().position(|row| above(row) != starts_above).unwrap_or(0);
            let before = ordered.get(at.wrapping_sub(1)).map_or(String::new(), |row| text(row));
            let after = ordered.get(at).map_or(String::new(), |row| text(row));
            if starts_above {
                format!("P(OOM) falls to 5 % or less between `{key}` = {before} and {after}")
            } else {
                format!("P(OOM) rises above 5 % between `{key}` = {before} and {after}")
            }
        }
        (n, _) => {
            format!("P(OOM) crosses 5 % {n} times for `{key}` from {range}: it is not monotone")
        }
    }
}

/// Values without an order.
fn words(key: &str, rows: &[&PointRow], text: impl Fn(&PointRow) -> String) -> String {
    let safe: Vec<String> =
        rows.iter().filter(|row| risk(row) <= RISK).map(|row| text(row)).take(6).collect();
    if safe.is_empty() {
        return format!("P(OOM) is above 5 % for every `{key}`");
    }
    format!("P(OOM) is within 5 % for `{key}` = {}", safe.join(", "))
}

fn among(rows: &[&PointRow]) -> String {
    let above = rows.iter().filter(|row| risk(row) > RISK).count();
    match above {
        0 => format!("P(OOM) is within 5 % at all {} points", rows.len()),
        n if n == rows.len() => format!("P(OOM) is above 5 % at all {n} points"),
        n => format!("P(OOM) is above 5 % at {n} of {} points", rows.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::{among, changes_nothing};
    use crate::results::{OutcomeCount, PointFigures, PointRow, PointValue};

    fn row(values: [&str; 2], cpu_seconds: f64) -> PointRow {
        let value = |text: &str| PointValue { text: text.to_owned(), number: None };
        PointRow {
            point: 0,
            values: values.map(value).to_vec(),
            figures: Some(PointFigures { cpu_seconds, ..PointFigures::default() }),
            error: None,
        }
    }

    #[test]
    fn a_key_along_which_all_is_equal_is_found() {
        let mut rows = vec![
            row(["16", "8GiB"], 1.0),
            row(["40", "8GiB"], 1.0),
            row(["16", "9GiB"], 2.0),
            row(["40", "9GiB"], 2.0),
        ];
        assert!(changes_nothing(0, &rows) && !changes_nothing(1, &rows));
        rows[3] = row(["40", "9GiB"], 2.5);
        assert!(!changes_nothing(0, &rows));
        // No two points differ in one key alone: nothing is known.
        let apart = [row(["16", "8GiB"], 1.0), row(["40", "9GiB"], 1.0)];
        assert!(!changes_nothing(0, &apart) && !changes_nothing(1, &apart));
    }

    #[test]
    fn points_above_the_risk_are_counted() {
        // Of 20 replications one is 5 %, which is still within it.
        let point = |kills: u32| {
            let oom = OutcomeCount { count: kills, ..OutcomeCount::default() };
            let figures = PointFigures { replications: 20, oom, ..PointFigures::default() };
            PointRow { figures: Some(figures), ..PointRow::default() }
        };
        let (safe, unsafe_) = (point(1), point(2));
        assert_eq!(among(&[&safe, &safe]), "P(OOM) is within 5 % at all 2 points");
        assert_eq!(among(&[&unsafe_, &unsafe_]), "P(OOM) is above 5 % at all 2 points");
        assert_eq!(among(&[&safe, &unsafe_, &safe]), "P(OOM) is above 5 % at 1 of 3 points");
    }
}
