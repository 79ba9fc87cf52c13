//! Charts of made-up sweeps.

use std::collections::BTreeSet;

use crate::report::charts::scene::{Item, PAGE_WIDTH, Scene};
use crate::report::charts::{paint, write_below};
use crate::results::{
    AxisRecord, DesignRecord, Effect, OutcomeCount, PointFigures, PointRow, PointValue,
    Sensitivity, Spread, SweepHead, SweepSummary,
};
use crate::units::Bytes;

use super::{Levels, scenes};

fn axis(key: &str, suffix: &str) -> AxisRecord {
    AxisRecord { key: key.into(), column: format!("{key}{suffix}"), values: String::new() }
}

fn value(number: f64) -> PointValue {
    PointValue { text: number.to_string(), number: Some(number) }
}

/// Replications of a point, of which this many had a kill.
fn figures(killed: u32, n: u32, gib: f64) -> PointFigures {
    let share = f64::from(killed) / f64::from(n.max(1));
    let bytes = |factor: f64| Bytes::from_f64(gib * factor * f64::from(1 << 30));
    let (low, high) = ((share - 0.15).max(0.0), (share + 0.15).min(1.0));
    PointFigures {
        replications: n,
        oom: OutcomeCount { count: killed, low, high },
        cascade: OutcomeCount { count: killed / 2, low: 0.0, high },
        peak_resident_bytes: Spread { median: bytes(1.0), p95: bytes(1.15), max: bytes(1.2) },
        limit_bytes: Bytes::gib(16),
        ..PointFigures::default()
    }
}

fn sweep(axes: Vec<AxisRecord>, kind: &str, rows: Vec<PointRow>) -> SweepSummary {
    let design = DesignRecord { kind: kind.into(), samples: None, axes };
    let head = SweepHead {
        scenario: "agent-rollout".into(),
        release: "1.34".into(),
        seed: 1,
        replications: 20,
        points: rows.len() as u32,
        design,
        ..SweepHead::default()
    };
    let verdict = "P(OOM) rises above 5 % between `clients.agents.count` = 900 and 1000".into();
    SweepSummary { head, verdict, rows, ..SweepSummary::default() }
}

fn row(point: u32, values: Vec<PointValue>, figures: Option<PointFigures>) -> PointRow {
    let error = figures.is_none().then(|| "E0207: too few".to_owned());
    PointRow { point, values, figures, error }
}

fn along(steps: u32, ratio: f64) -> SweepSummary {
    let rows = (0..steps).map(|i| {
        let x = if ratio > 1.0 {
            100.0 * ratio.powi(i.cast_signed())
        } else {
            f64::from(i + 1) * 100.0
        };
        let killed = (20 * i / steps.max(1)).saturating_sub(8).min(20) * 2;
        row(i, vec![value(x.round())], Some(figures(killed.min(20), 20, 4.0 + f64::from(i) * 0.7)))
    });
    sweep(vec![axis("clients.agents.count", "")], "grid", rows.collect())
}

fn words() -> SweepSummary {
    let words = ["least-connections", "round-robin", "random"];
    let rows = words.iter().zip(0..).map(|(word, i)| {
        let value = PointValue { text: (*word).to_owned(), number: None };
        row(i, vec![value], Some(figures(i * 7, 20, 9.0 + f64::from(i))))
    });
    sweep(vec![axis("balancer.policy", "")], "grid", rows.collect())
}

fn map(columns: u32, rows: u32, killing: bool) -> SweepSummary {
    let mut all = Vec::new();
    for x in 0..columns {
        for y in 0..rows {
            let pressure = f64::from(x) / f64::from(columns) - f64::from(y) / f64::from(rows);
            let killed = if killing { (pressure * 40.0).clamp(0.0, 20.0) as u32 } else { 0 };
            let values =
                vec![value(f64::from(x + 1) * 100.0), value(f64::from(y + 2) * f64::from(1 << 30))];
            let missing = x == 0 && y + 1 == rows;
            let figures = (!missing).then(|| figures(killed, 20, 9.0 + pressure * 4.0));
            all.push(row(all.len() as u32, values, figures));
        }
    }
    let axes = vec![axis("clients.agents.count", ""), axis("apiserver.memory-limit", "_bytes")];
    sweep(axes, "grid", all)
}

fn drawn() -> SweepSummary {
    let mut map = map(9, 7, true);
    map.head.design.kind = "lhs".into();
    map
}

fn screening(scale: f64) -> SweepSummary {
    let one = |key: &str, mean: f64, absolute: f64, deviation: f64| Sensitivity {
        key: key.to_owned(),
        effects: 10,
        peak_bytes: Effect {
            mean: mean * scale,
            mean_absolute: absolute * scale,
            deviation: deviation * scale,
        },
        oom: Effect { mean: 0.3, mean_absolute: 0.4, deviation: 0.2 },
    };
    let mut sweep = along(12, 1.0);
    sweep.head.design.kind = "morris".into();
    sweep.verdict =
        "`clients.agents.count` matters most: its range moves the peak by 6.1 GiB".into();
    sweep.sensitivity = vec![
        one("clients.agents.count", 6.1, 6.1, 1.4),
        one("clients.agents-of-the-observability-platform.start-jitter", -3.2, 3.2, 2.5),
        one("objects.pods.size", 0.4, 1.2, 1.6),
        one("etcd.latency", 0.0, 0.0, 0.0),
    ];
    sweep
}

fn everything() -> Vec<(&'static str, SweepSummary)> {
    let gib = f64::from(1 << 30);
    let mut none = along(3, 1.0);
    for row in &mut none.rows {
        row.figures = None;
    }
    vec![
        ("lines", along(14, 1.0)),
        ("lines-log", along(9, 2.0)),
        ("lines-many", along(400, 1.0)),
        ("lines-one", along(1, 1.0)),
        ("lines-none", none),
        ("words", words()),
        ("map", map(10, 7, true)),
        ("map-calm", map(6, 4, false)),
        ("map-large", map(90, 60, true)),
        ("map-one", map(1, 1, true)),
        ("map-drawn", drawn()),
        ("tornado", screening(gib)),
        ("tornado-flat", screening(0.0)),
    ]
}

/// Also the way to look at the charts: they are in `target/charts-preview` afterwards.
#[test]
fn every_sweep_becomes_charts() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/charts-preview");
    for (name, sweep) in everything() {
        let drawn = scenes(&sweep);
        assert_eq!(drawn.len(), 1, "{name}");
        for scene in &drawn {
            let svg = paint::svg(scene).expect(name);
            assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{name}");
            texts_are_on_the_page(name, scene);
        }
        let dir = root.join(format!("sweep-{name}"));
        let written = write_below(&dir, &drawn).expect(name);
        assert_eq!(written.len(), 2, "{name}");
    }
    let many = sweep(vec![axis("a", ""), axis("b", ""), axis("c", "")], "grid", Vec::new());
    assert!(scenes(&many).is_empty());
}

/// No text leaves the page or lies over another.
fn texts_are_on_the_page(name: &str, scene: &Scene) {
    let labels: Vec<_> = scene
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Text(label) => Some((label.text.clone(), label.bounds())),
            _ => None,
        })
        .collect();
    for (text, bounds) in &labels {
        let inside = bounds.x >= 0.0
            && bounds.right() <= PAGE_WIDTH
            && bounds.y >= 0.0
            && bounds.bottom() <= scene.height;
        assert!(inside, "{name}: {text} at {bounds:?}");
    }
    for (index, (text, a)) in labels.iter().enumerate() {
        for (other, b) in labels.iter().skip(index + 1) {
            let apart = a.right() <= b.x + 1.0
                || b.right() <= a.x + 1.0
                || a.bottom() <= b.y + 3.0
                || b.bottom() <= a.y + 3.0;
            assert!(apart, "{name}: {text} lies over {other}");
        }
    }
}

#[test]
fn the_line_of_risk_parts_what_is_within_from_what_is_above() {
    let sweep = map(10, 7, true);
    let scene = scenes(&sweep).remove(0);
    let thick = scene.items.iter().filter(|item| {
        matches!(item, Item::Path(points, stroke) if points.len() == 2 && stroke.width > 2.9)
    });
    // One edge for each pair of neighbours on different sides, and one in the key.
    let above: BTreeSet<(u64, u64)> = sweep
        .rows
        .iter()
        .filter(|row| row.figures.as_ref().is_some_and(|f| f.oom_share() > 0.05))
        .map(cell)
        .collect();
    let known: BTreeSet<(u64, u64)> =
        sweep.rows.iter().filter(|row| row.figures.is_some()).map(cell).collect();
    let pairs = known
        .iter()
        .flat_map(|&(x, y)| [((x, y), (x + 1, y)), ((x, y), (x, y + 1))])
        .filter(|(a, b)| known.contains(b) && above.contains(a) != above.contains(b));
    assert_eq!(thick.count(), pairs.count() + 1);
}

fn cell(row: &PointRow) -> (u64, u64) {
    let number = |index: usize| row.values[index].number.unwrap_or(0.0);
    ((number(0) / 100.0) as u64, (number(1) / f64::from(1 << 30)) as u64)
}

/// The charts of all rows against those of the chosen ones.
#[test]
fn charts_of_chosen_rows_are_those_of_all() {
    let mut line = along(21_000, 1.0);
    for row in &mut line.rows {
        // Several points have the same value.
        row.values[0] = value(f64::from(row.point % 9000));
    }
    for mut sweep in [along(12, 1.0), map(9, 7, true), line, map(161, 131, true)] {
        sweep.head.points = sweep.rows.len() as u32;
        let mut levels = Levels::of(&sweep.head);
        sweep.rows.iter().for_each(|row| levels.look(row));
        let mut chosen = levels.chosen();
        sweep.rows.iter().for_each(|row| chosen.offer(row));
        let all: Vec<String> =
            scenes(&sweep).iter().map(|scene| format!("{:?}", scene.items)).collect();
        let few = sweep.clone().with_rows(chosen.rows());
        assert!(few.rows.len() <= MOST.min(sweep.rows.len()), "{}", few.rows.len());
        let found: Vec<String> =
            scenes(&few).iter().map(|scene| format!("{:?}", scene.items)).collect();
        assert!(found == all, "{} of {} rows", few.rows.len(), sweep.rows.len());
    }
}

/// Rows that charts are given at most.
const MOST: usize = 150 * 150;

#[test]
fn of_drawn_points_every_so_many_is_chosen_and_the_ends_are() {
    let mut sweep = map(300, 100, true);
    (sweep.head.design.kind, sweep.head.points) = ("lhs".into(), 30_000);
    let mut levels = Levels::of(&sweep.head);
    sweep.rows.iter().for_each(|row| levels.look(row));
    let mut chosen = levels.chosen();
    sweep.rows.iter().for_each(|row| chosen.offer(row));
    let rows = chosen.rows();
    assert!((10_000..=20_000).contains(&rows.len()), "{}", rows.len());
    for axis in 0..2 {
        let ends = |rows: &[PointRow]| {
            let numbers = rows.iter().filter_map(|row| row.values[axis].number);
            numbers.fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)))
        };
        assert_eq!(ends(&rows), ends(&sweep.rows));
    }
}
