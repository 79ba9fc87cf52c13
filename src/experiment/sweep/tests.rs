//! Tests of sweeps that need no files.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::{Gathering, Points, SweepError, Task, head, plan_of, sweep};
use crate::model::{self, RunOptions};
use crate::results::{PointFigures, PointRow, RunRecord, Spread};
use crate::scenario::sweep::{Design, DesignError, SweepPlan};
use crate::scenario::{Scenario, Template, Vary};
use crate::units::Bytes;

const STORM: &str = include_str!("../../../tests/data/storm.toml");

fn plan(keys: &[&str], design: Design, samples: Option<u32>) -> SweepPlan {
    let vary = keys.iter().map(|text| Vary::parse(text).expect(text)).collect();
    SweepPlan { vary, design, samples }
}

/// The values of every point.
fn all(plan: &SweepPlan, seed: u64) -> Vec<Vec<String>> {
    let points = Points::new(plan, seed).expect("a sweep");
    let texts = |point| points.values(point).iter().map(ToString::to_string).collect();
    (0..points.count()).map(texts).collect()
}

#[test]
fn a_grid_has_every_combination_and_the_last_key_runs_fastest() {
    let grid = plan(&["clients.a.count=1,2", "clients.b.count=5..7:1"], Design::Grid, None);
    let points: Vec<String> = all(&grid, 1).iter().map(|values| values.join(" ")).collect();
    assert_eq!(points, ["1 5", "1 6", "1 7", "2 5", "2 6", "2 7"]);
}

#[test]
fn a_latin_hypercube_has_one_point_in_every_stratum_of_every_key() {
    let keys = ["clients.a.count=1001..2001", "clients.b.count=1..1001"];
    let lhs = plan(&keys, Design::Lhs, Some(10));
    for seed in 1..20 {
        let points = all(&lhs, seed);
        for (axis, low) in [(0, 1001), (1, 1)] {
            let mut values: Vec<i64> =
                points.iter().map(|values| values[axis].parse::<i64>().unwrap() - low).collect();
            values.sort_unstable();
            for (stratum, value) in (0..).zip(values) {
                // Rounding to a whole number may reach the next stratum's first.
                let within = stratum * 100..=stratum * 100 + 100;
                assert!(within.contains(&value), "seed {seed}, axis {axis}: {points:?}");
            }
        }
    }
    assert_ne!(all(&lhs, 1), all(&lhs, 2));
}

#[test]
fn drawn_points_do_not_depend_on_how_many_there_are() {
    let keys = ["clients.a.count=1..1000", "run.duration=1s..1h:log"];
    let few = all(&plan(&keys, Design::Random, Some(5)), 3);
    let many = all(&plan(&keys, Design::Random, Some(50)), 3);
    assert_eq!(few, many[..5]);
    let distinct: BTreeSet<&Vec<String>> = many.iter().collect();
    assert_eq!(distinct.len(), 50);
}

#[test]
fn designs_too_large_or_empty_are_refused() {
    let axis = |name: &str| format!("clients.{name}.count=1..10000:1");
    let (a, b, c) = (axis("a"), axis("b"), axis("c"));
    let huge = plan(&[&a, &b, &c], Design::Grid, None);
    assert_eq!(huge.points(), Err(DesignError::Points("1 000 000 000 000".into())));
    assert_eq!(SweepPlan::default().points(), Err(DesignError::Nothing));
    let endless = plan(&["clients.a.count=1..9"], Design::Grid, None);
    assert!(matches!(endless.points(), Err(DesignError::NoSteps(_))));
}

/// Rows whose peak is a function of the values.
fn rows_of(plan: &SweepPlan, points: &Points<'_>, peak: impl Fn(&[f64]) -> f64) -> Vec<PointRow> {
    let row = |point| {
        let values = points.values(point);
        let numbers: Vec<f64> =
            values.iter().filter_map(crate::scenario::Value::coordinate).collect();
        let median = Bytes::from_f64(peak(&numbers));
        let peak_resident_bytes = Spread { median, ..Spread::default() };
        let figures =
            PointFigures { replications: 1, peak_resident_bytes, ..PointFigures::default() };
        PointRow { point, figures: Some(figures), ..PointRow::default() }
    };
    assert_eq!(plan.design, Design::Morris);
    (0..points.count()).map(row).collect()
}

#[test]
fn elementary_effects_of_a_known_function() {
    let keys = ["clients.a.count=0..300", "clients.b.count=0..300", "clients.c.count=0..300"];
    let keys = keys.map(|key| key.replace("=0", "=3"));
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let morris = plan(&keys, Design::Morris, Some(20));
    let points = Points::new(&morris, 1).unwrap();
    assert_eq!(points.count(), 80);
    let base = Template::of_text("storm", STORM.as_bytes(), &[]).load(&[]).unwrap();
    let head = head(&base, &morris, &points, "0");
    // Linear in a (fallingly), bent in b, nothing in c.
    let rows = rows_of(&morris, &points, |x| 1e9 - 1e6 * x[0] + 5e3 * x[1] * x[1]);
    let mut gathering = Gathering::new(&morris, &points);
    for row in &rows {
        gathering.push(row);
    }
    let sweep = gathering.finish(head, "");
    let found: Vec<&str> = sweep.sensitivity.iter().map(|one| one.key.as_str()).collect();
    assert_eq!(found, ["clients.b.count", "clients.a.count", "clients.c.count"]);
    let [b, a, c] = [0, 1, 2].map(|index| sweep.sensitivity[index].peak_bytes);
    let near = |found: f64, wanted: f64| assert!((found / wanted - 1.0).abs() < 1e-6, "{found}");
    near(a.mean, -297e6);
    near(a.mean_absolute, 297e6);
    assert!(a.deviation < 1.0 && b.deviation > 1e6 && c.mean_absolute == 0.0, "{a:?} {b:?} {c:?}");
    assert!((b.mean - b.mean_absolute).abs() < 1.0);
    assert!(sweep.sensitivity.iter().all(|one| one.effects == 20));
}

#[test]
fn the_plan_reads_back_from_the_head() {
    let base = Template::of_text("storm", STORM.as_bytes(), &[]).load(&[]).unwrap();
    for (design, samples) in
        [(Design::Random, Some(7)), (Design::Lhs, Some(9)), (Design::Morris, None)]
    {
        let keys = ["clients.agents.count=1..9", "apiserver.memory-limit=8GiB..16GiB:log"];
        let plan = plan(&keys, design, samples);
        let points = Points::new(&plan, 1).unwrap();
        let head = head(&base, &plan, &points, "0");
        let again = plan_of(&head).unwrap();
        assert_eq!(all(&again, 1), all(&plan, 1));
    }
}

/// Runs a sweep of the storm with any function as the model.
fn run(
    plan: &SweepPlan,
    model: &(impl Fn(&Scenario, RunOptions) -> RunRecord + Sync),
    refuse_after: usize,
) -> (Result<(), SweepError<String>>, Vec<PointRow>) {
    // The size of the objects is not known exactly.
    let overrides =
        ["run.duration=35s".to_owned(), "objects.configmaps.size=150KiB to 250KiB".to_owned()];
    let template = Template::of_text("storm", STORM.as_bytes(), &overrides);
    let points = Points::new(plan, 1).unwrap();
    let which: Vec<u32> = (0..points.count()).collect();
    let task = Task { template: &template, plan, points: &points, which: &which, threads: Some(2) };
    let rows = Mutex::new(Vec::new());
    let each = |row: PointRow| {
        let mut rows = rows.lock().unwrap();
        if rows.len() >= refuse_after {
            return Err("the disk is full".to_owned());
        }
        rows.push(row);
        Ok(())
    };
    let ended = sweep(&task, model, &each);
    let mut rows = rows.into_inner().unwrap();
    rows.sort_by_key(|row| row.point);
    (ended, rows)
}

#[test]
fn a_panic_of_the_model_is_a_row() {
    let grid = plan(&["clients.agents.count=2,3,4,5"], Design::Grid, None);
    let model = |scenario: &Scenario, options: RunOptions| {
        assert!(scenario.inputs.fleets[0].count != 4 || options.replication != 1, "what a mess");
        model::run(&scenario.inputs, options)
    };
    let (ended, rows) = run(&grid, &model, 99);
    assert!(ended.is_ok());
    let errors: Vec<Option<&str>> = rows.iter().map(|row| row.error.as_deref()).collect();
    assert!(matches!(errors.as_slice(), [None, None, Some(_), None]), "{errors:?}");
    let error = errors[2].unwrap();
    assert!(error.contains("replication 1") && error.contains("what a mess"), "{error}");
    assert_eq!(rows[3].figures.as_ref().map(|figures| figures.replications), Some(4));
}

#[test]
fn a_refused_row_ends_the_sweep() {
    let grid = plan(&["clients.agents.count=2..9:1"], Design::Grid, None);
    let model = |scenario: &Scenario, options| model::run(&scenario.inputs, options);
    let (ended, rows) = run(&grid, &model, 3);
    assert!(matches!(ended, Err(SweepError::Refused(why)) if why == "the disk is full"));
    assert_eq!(rows.len(), 3);
}

#[test]
fn points_share_their_draws() {
    // The jitter of the agents that both points have is the same: so is the first second.
    let grid = plan(&["apiserver.memory-limit=2GiB,3GiB"], Design::Grid, None);
    let model = |scenario: &Scenario, options| model::run(&scenario.inputs, options);
    let (_, rows) = run(&grid, &model, 99);
    assert_eq!(
        rows[0].figures.as_ref().map(|f| f.bytes_sent),
        rows[1].figures.as_ref().map(|f| f.bytes_sent)
    );
    assert_eq!(
        rows[0].figures.as_ref().map(|f| f.cpu_seconds),
        rows[1].figures.as_ref().map(|f| f.cpu_seconds)
    );
}

#[test]
fn uncertain_inputs_are_drawn_anew_for_each_replication_and_alike_at_every_point() {
    let grid = plan(&["apiserver.memory-limit=2GiB,3GiB"], Design::Grid, None);
    let seen = Mutex::new(std::collections::BTreeMap::<u32, BTreeSet<Bytes>>::new());
    let model = |scenario: &Scenario, options: RunOptions| {
        let size = scenario.inputs.resources[0].size;
        seen.lock().unwrap().entry(options.replication).or_default().insert(size);
        model::run(&scenario.inputs, options)
    };
    let (ended, rows) = run(&grid, &model, 99);
    assert!(ended.is_ok() && rows.iter().all(PointRow::is_complete), "{rows:?}");
    let seen = seen.into_inner().unwrap();
    assert!(seen.values().all(|sizes| sizes.len() == 1), "points differ: {seen:?}");
    let distinct: BTreeSet<&Bytes> = seen.values().flatten().collect();
    assert_eq!(distinct.len(), 4, "replications are alike: {seen:?}");
}
