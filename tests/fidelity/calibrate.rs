//! `oomcast calibrate`: known parameters come back, unknown ones are told, the overlay says what was fitted.

use std::path::{Path, PathBuf};

use crate::support::{folder_with, oomcast, stderr, stdout};
use oomcast::calibration::parameters::{PARAMETERS, find};
use oomcast::calibration::prepare::Base;
use oomcast::calibration::subject::Subject;
use oomcast::calibration::{Calibrated, Plan, calibrate, prepare};
use oomcast::model::input::Inputs;
use oomcast::report::Screen;
use oomcast::report::calibration::page;
use oomcast::results::{CalibrationResult, FigureKind, FittedParameter, ParameterState};
use oomcast::scenario::{Layers, Overlay, Scenario, load, load_file_with};
use oomcast::units::Bytes;
use oomcast::validation::series::Observed;
use oomcast::validation::{Gathered, Replay};

const MEASURED: &str = include_str!("../data/measured.jsonl");
const REPLAY: Replay = Replay { seed: 1, replications: 3 };

/// A cluster whose burst is 4 lists of 60 MB.
/// With two Ps it is not drawn which of them has a pooled buffer, so that few figures are enough.
const CLUSTER: &str = r#"
schema = 1
name = "my-cluster"
[run]
duration = "4m"
replications = 3
[apiserver]
version = "1.32"
gomaxprocs = 2
[node]
memory = "16GiB"
cores = 4
[hardware]
cpu-noise = "0%"
[objects.pods]
count = 8_000
size = "6kB"
[[clients]]
name = "agents"
count = 8
start = "stopped"
drain-rate = "4MB/s"
reflector = { resource = "pods", encoding = "json" }
[[events]]
name = "rollout"
at = "1m"
start = { client = "agents" }
"#;

fn cluster() -> Scenario {
    load("my-cluster.toml", CLUSTER.as_bytes(), &[]).expect("valid")
}

/// Measured runs by name, as subjects.
fn runs(names: &[&str]) -> Vec<Subject> {
    let mut observed = Observed::default();
    for (number, line) in (1..).zip(MEASURED.lines()) {
        observed.runs.add(&format!("measured.jsonl:{number}"), line, "run", None);
    }
    let Gathered { found, .. } = &mut observed.runs;
    found.retain(|one| names.contains(&one.observation.id()));
    assert_eq!(found.len(), names.len(), "every run is there");
    subjects(&observed)
}

fn subjects(observed: &Observed) -> Vec<Subject> {
    assert_eq!(observed.errors, []);
    let scenario = cluster();
    let base =
        Base { file: Path::new("none.toml"), layers: Layers::default(), scenario: &scenario };
    let prepared = prepare(base, observed, REPLAY);
    assert!(prepared.errors.is_empty(), "{:?}", prepared.errors);
    prepared.subjects
}

fn plan(keys: &[&str], folds: u32) -> Plan {
    let parameters = keys.iter().map(|key| find(key).expect("a parameter")).collect();
    Plan { replay: REPLAY, parameters, folds }
}

fn fit(subjects: &[Subject], keys: &[&str], folds: u32) -> CalibrationResult {
    let Calibrated { result, .. } =
        calibrate(&cluster(), subjects, &plan(keys, folds), |_| {}).expect("enough figures");
    result
}

fn parameter<'r>(result: &'r CalibrationResult, key: &str) -> &'r FittedParameter {
    result.parameters.iter().find(|one| one.key == key).expect("wanted")
}

fn with(inputs: &Inputs, factors: &[(&str, f64)]) -> Inputs {
    let mut inputs = inputs.clone();
    for (key, factor) in factors {
        let parameter = &PARAMETERS[find(key).expect("a parameter")];
        let value = parameter.value(&inputs) * factor;
        parameter.set_value(&mut inputs, value);
    }
    inputs
}

/// What the model itself shows with other parameters, with noise like that of repeated measurements.
fn synthetic(subjects: &mut [Subject], truth: &[(&str, f64)]) {
    // Draws of a standard normal distribution.
    let draws = [0.42, -1.13, 0.71, 0.05, -0.36, 1.52, -0.88, 0.19, -0.54, 1.07, -1.61, 0.27];
    let mut draws = draws.iter().cycle();
    for subject in subjects {
        let seen = subject.predict(&with(&subject.inputs, truth), REPLAY);
        for (target, figure) in subject.targets.iter_mut().zip(seen.figures) {
            let noise = draws.next().expect("endless") * target.spread;
            target.measured = figure * noise.exp();
        }
    }
}

const FAST: [&str; 6] = [
    "pods-20000x5k-1.32-json-rv0-2",
    "pods-20000x5k-1.36-json-rv0-2",
    "configmaps-10000x10k-1.32-json-rv0-2",
    "kep3157-1.32-json-rv0-2",
    "kep3157-1.36-json-rv0-2",
    "pods-20000x5k-1.32-proto-rv0-8",
];

#[test]
fn known_parameters_come_back_within_their_intervals() {
    let mut subjects = runs(&FAST);
    let truth = [
        ("hardware.cpu-speed", 0.55),
        ("calibration.base-heap", 2.0),
        ("calibration.typed-heap", 1.3),
        ("calibration.blob-heap", 0.85),
    ];
    synthetic(&mut subjects, &truth);
    let keys: Vec<&str> = truth.iter().map(|one| one.0).chain(["hardware.network"]).collect();
    let result = fit(&subjects, &keys, 0);
    let told = page(&result).terminal(&Screen::default());
    for (key, factor) in truth {
        let found = parameter(&result, key);
        assert_eq!(found.state, ParameterState::Fitted, "{key}\n{told}");
        assert!((found.low..=found.high).contains(&factor), "{key} is {factor}\n{told}");
    }
    let heap = parameter(&result, "calibration.typed-heap");
    assert!(heap.high / heap.low < 1.5, "the interval says something\n{told}");
    let (before, after) = (result.peaks.before.clone(), result.peaks.after.clone());
    let (before, after) = (before.expect("peaks"), after.expect("peaks"));
    assert!(after.median < before.median && after.median < 0.05, "{told}");
    // The network is far from being a bottleneck in any of these.
    let network = parameter(&result, "hardware.network");
    assert_eq!((network.state, &network.value), (ParameterState::NoEffect, &network.default));
    assert!(!result.overlay.contains("network"), "{}", result.overlay);
}

#[test]
fn runs_of_several_servers_are_fitted_too() {
    let names = ["ha-list-1.34-36-2000m", "ha-watchlist-1.36-36-1500m", "ha-list-1.36-36-1500m"];
    let mut subjects = runs(&names);
    let lost: Vec<bool> = subjects.iter().map(|subject| subject.lost).collect();
    assert_eq!(lost.iter().filter(|lost| **lost).count(), 1, "one of them was killed for memory");
    let truth = [("calibration.typed-heap", 1.25)];
    synthetic(&mut subjects, &truth);
    let result = fit(&subjects, &["calibration.typed-heap"], 0);
    let found = parameter(&result, truth[0].0);
    assert_eq!(found.state, ParameterState::Fitted);
    assert!((found.low..=found.high).contains(&truth[0].1), "{found:?}");
    assert_eq!(result.observations.len(), 3);
}

#[test]
fn a_server_killed_by_hand_is_not_one_lost_for_memory() {
    let subject = &runs(&["ha-restart-1.36-500-20wps"])[0];
    assert!(!subject.lost);
}

#[test]
fn what_cannot_be_told_apart_stays_as_it_is() {
    // The base of one kind of server: a larger server and larger objects look alike.
    let mut subjects = runs(&FAST[..2]);
    for subject in &mut subjects {
        subject.targets.retain(|target| target.kind == FigureKind::Base);
    }
    let keys = ["calibration.base-heap", "calibration.typed-heap", "calibration.custom-heap"];
    let result = fit(&subjects, &keys, 0);
    let states: Vec<ParameterState> = result.parameters.iter().map(|one| one.state).collect();
    let entangled = result.parameters.iter().find(|one| !one.state.is_fitted()).expect("one");
    assert!(
        matches!(entangled.state, ParameterState::Entangled | ParameterState::Weak),
        "{states:?}"
    );
    assert_eq!(entangled.value, entangled.default);
    assert_eq!(states[2], ParameterState::NoEffect, "there are no custom resources");
    assert!(result.notes.iter().any(|note| note.contains("rest on the spread")), "{result:?}");
}

#[test]
fn unseen_errors_are_told_on_measured_runs() {
    let subjects = runs(&FAST);
    let keys = ["hardware.cpu-speed", "calibration.typed-heap", "calibration.blob-heap"];
    let result = fit(&subjects, &keys, 3);
    let told = page(&result).terminal(&Screen::default());
    let cross = result.cross_validation.as_ref().expect("six runs can be parted");
    let unseen = cross.peaks.as_ref().expect("peaks");
    assert_eq!((cross.folds, unseen.count), (3, 6));
    assert!(unseen.median < 0.12 && unseen.worst < 0.3, "{told}");
    let figures = result.observations.iter().flat_map(|one| &one.figures);
    let differ = figures.filter(|one| (one.left_out.expect("left out") - one.after).abs() > 1e3);
    assert!(differ.count() > 3, "left-out predictions are not those of the fit\n{told}");
    let (before, after) = (result.peaks.before.clone(), result.peaks.after.clone());
    assert!(after.expect("peaks").median <= before.expect("peaks").median + 0.01, "{told}");
    assert!(page(&result).markdown().contains("left out of the fit"), "{told}");
    for width in [40, 80, 120] {
        let text = page(&result).terminal(&Screen { width, ..Screen::default() });
        assert!(text.lines().all(|line| line.chars().count() <= width), "{width}: {text}");
    }

    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    assert_eq!(alone.install(|| fit(&subjects, &keys, 3)), result, "on any number of threads");
}

#[test]
fn repetitions_are_left_out_together() {
    let names = ["kep3157-1.32-json-rv0-4-again2", "kep3157-1.32-json-rv0-4-again3"];
    let result = fit(&runs(&names), &["calibration.blob-heap"], 5);
    assert_eq!(result.cross_validation, None, "nothing is left when both are");
    assert!(result.notes.iter().any(|note| note.contains("no cross-validation")));
}

/// A folder with the cluster in it.
fn sandbox(name: &str) -> PathBuf {
    folder_with("calibrate", name, &[("my-cluster.toml", CLUSTER)])
}

/// The unix time at which the scenario begins in the series.
const BEGIN: u64 = 1_778_580_000;

/// The working set of the cluster with other parameters, sampled every five seconds.
fn series(truth: &[(&str, f64)]) -> String {
    let inputs = with(&cluster().inputs, truth);
    let options = oomcast::model::RunOptions { seed: 9, replication: 0, timelines: true };
    let record = oomcast::model::run(&inputs, options);
    let points = &record.timelines[0].points;
    let row = |second: u64| {
        let until = |p: &&oomcast::results::TimelinePoint| p.at.as_secs_f64() <= second as f64;
        let resident = points.iter().take_while(until).last().map_or(Bytes::ZERO, |p| p.resident);
        format!("{},{}\n", BEGIN + second, (resident - Bytes(40_000_000)).0)
    };
    let rows: String = (0..36).map(|i| row(5 * i)).collect();
    format!("Time,container_memory_working_set_bytes\n{rows}")
}

const DESCRIPTION: &str = r#"schema = 1
series = "working-set.csv"
[[bursts]]
name = "rollout of agents"
from = 1778580060
to = 1778580170
event = "rollout"
"#;

#[test]
fn an_export_and_a_scenario_are_enough() {
    let folder = sandbox("export");
    let truth = [("calibration.base-heap", 4.0), ("calibration.response-buffer", 1.4)];
    std::fs::write(folder.join("working-set.csv"), series(&truth)).expect("writes");
    std::fs::write(folder.join("rollout.toml"), DESCRIPTION).expect("writes");
    let fit = "calibration.base-heap,calibration.response-buffer";
    let arguments =
        ["calibrate", "my-cluster.toml", "--observed", "rollout.toml", "-n", "3", "--fit", fit];
    let output = oomcast(&folder, &arguments);
    let told = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let run = "oomcast run my-cluster.toml --overlay output/my-cluster-calibration/overlay.toml";
    assert!(told.contains(run), "{told}");
    let out = folder.join("output/my-cluster-calibration");
    for name in ["charts/fit.png", "charts/rollout_of_agents.svg", "calibration.md"] {
        assert!(out.join(name).is_file(), "no {name}");
    }
    let read = |name: &str| std::fs::read_to_string(out.join(name)).expect("readable");
    let result: CalibrationResult =
        serde_json::from_str(&read("calibration.json")).expect("the format");
    assert_eq!(result.observations[0].figures.len(), 2, "base and peak\n{told}");
    assert!(result.observations[0].figures.iter().all(|f| f.residual.abs() < 2.0), "{told}");
    for (key, factor) in truth {
        let found = parameter(&result, key);
        assert!(found.state.is_fitted(), "{key}: {told}");
        assert!((found.low..=found.high).contains(&factor), "{key}: {told}");
    }

    // The overlay gives the very predictions of the fit.
    let overlay = Overlay::read(&out.join("overlay.toml")).expect("readable");
    let layers = Layers { overlays: &[overlay], overrides: &[], profiles: &[] };
    let file = folder.join("my-cluster.toml");
    let scenario = load_file_with(&file, layers).expect("the overlay fits");
    let mut observed = Observed::default();
    observed.add_path(&folder.join("rollout.toml"));
    let base = Base { file: &file, layers, scenario: &scenario };
    let prepared = prepare(base, &observed, REPLAY);
    let seen = prepared.subjects[0].predict(&scenario.inputs, REPLAY);
    for (figure, fitted) in seen.figures.iter().zip(&result.observations[0].figures) {
        assert!((figure - fitted.after).abs() < 1e-5, "{figure} {fitted:?}");
    }
    assert_eq!(
        oomcast(&folder, &run["oomcast ".len()..].split(' ').collect::<Vec<_>>()).status.code(),
        Some(0)
    );

    // The bare series is taken for the only event, and gives the same bytes each time.
    let bare = [
        "calibrate",
        "my-cluster.toml",
        "--observed",
        "working-set.csv",
        "-n",
        "1",
        "--fit",
        fit,
        "--no-charts",
        "--format",
        "json",
    ];
    let (first, second) = (oomcast(&folder, &bare), oomcast(&folder, &bare));
    assert_eq!(first.status.code(), Some(0), "{}", stderr(&first));
    assert!(stdout(&first).contains("largest rise"), "{}", stdout(&first));
    assert_eq!(first.stdout, second.stdout);
}

#[test]
fn bad_observations_are_told_with_what_to_write() {
    let folder = sandbox("mistakes");
    let good = series(&[]);
    let write = |name: &str, content: &str| {
        std::fs::write(folder.join(name), content).expect("writes");
    };
    write("working-set.csv", &good);
    std::fs::create_dir_all(folder.join("empty")).expect("creates");
    let flat: Vec<String> = (0..9).map(|i| format!("{},1000000000", BEGIN + i)).collect();
    let flat = flat.join("\n");
    let late: Vec<&str> = good.lines().skip(14).collect();
    let late = late.join("\n");
    let described = |from: &str, to: &str| DESCRIPTION.replace(from, to);
    let cases = [
        ("flat.csv", format!("time,a\n{flat}"), "flat.csv: the series begins at its peak"),
        ("text.csv", "time,a\nx,y\n".to_owned(), "text.csv:2: column 1: \"x\" is no time"),
        ("bytes\u{1}.csv", "\u{0}\u{1}".to_owned(), "error"),
        ("query.json", "{\"status\":\"error\",\"error\":\"oops\"}".to_owned(), "oops"),
        (
            "event.toml",
            described("\"rollout\"\n", "\"rolout\"\n"),
            "event.toml:5: the scenario has not",
        ),
        ("set.toml", described("event =", "set = [\"x.y=1\"]\nevent ="), "`set` does not fit"),
        ("gone.toml", described("working-set", "absent"), "absent.csv: "),
        ("time.toml", described("1778580060", "\"soon\""), "time.toml:5:8: write unix seconds"),
        ("past.toml", described("17785", "16785"), "past.toml:5: the series has nothing of"),
        ("key.toml", described("event =", "events ="), "key.toml:7:1: unknown field `events`"),
        ("few.csv", late, "figures are too few"),
    ];
    for (name, content, _) in &cases {
        write(name, content);
    }
    let calibrate = |observed: &str, more: &[&str]| {
        let mut arguments = vec!["calibrate", "my-cluster.toml", "--observed", observed, "-n", "1"];
        arguments.extend(more);
        let output = oomcast(&folder, &arguments);
        let told = stderr(&output);
        assert!(!told.contains("panicked"), "{told}");
        (output.status.code(), told)
    };
    for (name, _, expected) in &cases {
        // A series that begins in the burst has no base: its description keeps it.
        let few = described("working-set.csv", "few.csv");
        write("described-few.toml", &few);
        let path = if *name == "few.csv" { "described-few.toml" } else { name };
        let (code, told) = calibrate(path, &[]);
        assert_eq!(code, Some(2), "{name}: {told}");
        assert!(told.contains(expected), "{name}: no {expected:?} in\n{told}");
    }
    let (code, told) = calibrate("empty", &[]);
    assert!(code == Some(2) && told.contains("neither a run.json nor a series"), "{told}");
    let (code, told) = calibrate("absent", &[]);
    assert!(code == Some(2) && told.contains("absent"), "{told}");
    let (code, told) = calibrate("working-set.csv", &["--fit", "cpu"]);
    assert!(code == Some(2) && told.contains("hardware.cpu-speed"), "{told}");
    let (code, told) = calibrate("working-set.csv", &["--overlay", "flat.csv"]);
    assert!(code == Some(2) && told.contains("flat.csv"), "{told}");
}

#[test]
fn the_help_shows_a_description() {
    let output = oomcast(&sandbox("help"), &["calibrate", "--help"]);
    let told = stdout(&output);
    for part in ["--observed", "[[bursts]]", "restarts = 0", "overlay.toml", "query_range"] {
        assert!(told.contains(part), "no {part} in\n{told}");
    }
}
