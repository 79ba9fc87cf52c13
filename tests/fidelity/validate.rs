//! The fidelity ledger: predictions beside the measured runs that come with oomcast.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

use crate::support::{self, folder, stderr, stdout};
use oomcast::experiment::model_error::{Learned, learn};
use oomcast::report::Screen;
use oomcast::report::validation::page;
use oomcast::results::{
    Coverage, DomainRow, ErrorSpread, HolderRow, LossAgreement, OrderedPair, Orderings,
    PublishedRow, PublishedScenario, ReplayedRun, ReplayedServers, Validation,
};
use oomcast::units::Bytes;
use oomcast::validation::{
    Gathered, Replay, condense, holders, machine_shifts, model_errors, published_figures, replay,
};

/// Highest median of the absolute errors of the peaks.
const MEDIAN: f64 = 0.05;
/// Highest 90th percentile.
const P90: f64 = 0.15;
/// Least share of pairs of runs that are ordered right.
const ORDERED: f64 = 0.95;
/// Highest error of a run.
const WORST: f64 = 0.30;

const REPLAY: Replay = Replay { seed: 1, replications: 5 };

/// The committed runs, replayed once for all tests.
fn committed() -> &'static Validation {
    static ONCE: OnceLock<Validation> = OnceLock::new();
    ONCE.get_or_init(|| replayed(5))
}

fn gathered() -> Gathered {
    let mut gathered = Gathered::default();
    gathered.add_committed();
    assert_eq!(gathered.errors, []);
    assert_eq!(gathered.notes, Vec::<String>::new());
    gathered
}

fn replayed(replications: u32) -> Validation {
    let gathered = gathered();
    let how = Replay { replications, ..REPLAY };
    let (replayed, errors) = replay(&gathered.found, how, || {});
    assert_eq!(errors, []);
    condense(&replayed, how)
}

#[test]
fn the_ledger_holds() {
    let result = committed();
    let told = page(result).terminal(&Screen::default());
    assert!(result.runs.len() >= 110 && result.several_servers.len() >= 8, "{told}");
    assert!(result.median_error.is_some_and(|e| e <= MEDIAN), "{told}");
    assert!(result.p90_error.is_some_and(|e| e <= P90), "{told}");
    for run in &result.runs {
        let id = run.id.as_str();
        assert!(run.error.abs() <= WORST, "{told}");
        let agrees = run.measured_killed == run.predicted_killed;
        assert!(agrees || run.too_close, "{id}\n{told}");
    }
    // Two machines are 13 % apart in runs that the model has at the same height.
    let ordered = &result.orderings;
    let right = f64::from(ordered.right) / f64::from(ordered.pairs);
    assert!(ordered.pairs >= 100 && right >= ORDERED, "{told}");
    for run in &result.several_servers {
        assert_eq!(run.predicted_deaths > 0, run.measured_deaths > 0, "{}", run.id);
        assert!(
            run.predicted_servers_lost == if run.measured_deaths > 0 { run.servers } else { 0 }
        );
    }
}

/// The page of the documentation is what the code gives. `UPDATE_LEDGER=1` renews it.
#[test]
fn the_ledger_of_the_documentation_is_this_one() {
    const MARK: &str = "<!-- generated -->\n";
    let root = support::root();
    let page = root.join("docs/fidelity.md");
    let text = std::fs::read_to_string(&page).expect("docs/fidelity.md");
    let (prose, generated) = text.split_once(MARK).expect("the mark of what is generated");
    let mut result = committed().clone();
    result.published = published_figures(None, Some(5), |_| {}).expect("sound");
    result.holders = holders(REPLAY);
    let fresh = format!("\n{}", oomcast::report::validation::page(&result).markdown());
    if std::env::var_os("UPDATE_LEDGER").is_some() {
        std::fs::write(&page, format!("{prose}{MARK}{fresh}")).expect("written");
    } else {
        assert_eq!(generated, fresh, "renew it: UPDATE_LEDGER=1 cargo test --test fidelity ledger");
    }
}

/// The errors that intervals are made of are those of the measured runs. `UPDATE_LEDGER=1` renews them.
#[test]
fn the_model_error_is_learned_from_the_ledger() {
    const MARK: &str = "/// One row for each mechanism.\n";
    let result = committed();
    let shifts = machine_shifts(&gathered().found);
    let rows = learn(&model_errors(&result.runs), &shifts).into_iter().map(|row| {
        let Learned { mechanism, runs, half_width, machine } = row;
        format!(
            "    Learned {{ mechanism: ReadMechanism::{mechanism:?}, runs: {runs}, \
             half_width: {half_width:.3}, machine: {machine:.3} }},\n"
        )
    });
    let rows: Vec<String> = rows.collect();
    let fresh = format!(
        "#[rustfmt::skip]\npub const LEARNED: [Learned; {}] = [\n{}];\n",
        rows.len(),
        rows.concat()
    );
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/experiment/model_error/learned.rs");
    let text = std::fs::read_to_string(&file).expect("the table");
    let (head, table) = text.split_once(MARK).expect("the head of the table");
    if std::env::var_os("UPDATE_LEDGER").is_some() {
        std::fs::write(&file, format!("{head}{MARK}{fresh}")).expect("written");
    } else {
        assert_eq!(
            table, fresh,
            "renew it: UPDATE_LEDGER=1 cargo test --test fidelity model_error"
        );
        let Coverage { survived, held_left_out, .. } = result.coverage;
        let share = f64::from(held_left_out) / f64::from(survived);
        assert!((0.8..=1.0).contains(&share), "{held_left_out} of {survived}");
    }
}

/// A coarse bound, which real differences stay within: they are in the table of `docs/fidelity.md`.
#[test]
fn holders_are_those_of_heap_profiles() {
    let rows = holders(REPLAY);
    assert_eq!(rows.len(), 18);
    let off = |row: &&HolderRow| {
        let [measured, predicted, most] =
            [row.measured_bytes, row.predicted_bytes, row.predicted_most_bytes].map(Bytes::as_gib);
        match row.what.as_str() {
            "idle" => (predicted - measured).abs() > 0.2 * measured,
            _ => measured > 0.2 + 1.5 * most || most > 0.2 + 3.0 * measured,
        }
    };
    let off: Vec<&HolderRow> = rows.iter().filter(off).collect();
    assert!(off.is_empty(), "{off:#?}\nof {rows:#?}");
}

#[test]
fn replays_do_not_depend_on_threads() {
    let on =
        |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    assert_eq!(on(3).install(|| replayed(1)), on(1).install(|| replayed(1)));
}

fn gib(value: f64) -> Bytes {
    Bytes::gib(1).scale(value)
}

/// Four losses, one of them missed.
fn losses() -> LossAgreement {
    LossAgreement { lost: 2, lost_predicted: 1, survived: 2, survived_predicted: 2, too_close: 1 }
}

/// Who held the heap at an instant.
fn holder() -> HolderRow {
    HolderRow {
        run: "kep3157-1.32-json-rv0-8".into(),
        at_seconds: 15.5,
        what: "buffers".into(),
        measured_bytes: gib(3.1),
        predicted_bytes: gib(2.8),
        predicted_most_bytes: gib(5.5),
    }
}

/// A made-up result with something of everything.
fn made_up() -> Validation {
    let run = |id: &str, measured: f64, predicted: f64, killed: (bool, bool)| ReplayedRun {
        id: id.to_owned(),
        measured_peak_bytes: gib(measured),
        predicted_peak_bytes: gib(predicted),
        measured_killed: killed.0,
        predicted_killed: killed.1,
        measured_seconds: Some(21.6),
        predicted_seconds: Some(18.25),
        error: predicted / measured - 1.0,
        seconds_error: Some(-0.16),
        predicted_from_before_bytes: Some(gib(predicted + 0.1)),
        error_from_before: (!killed.0).then_some(-0.0123),
        ..ReplayedRun::default()
    };
    let spread = |median, worst: &str| {
        let worst_id = worst.to_owned();
        Some(ErrorSpread { count: 4, median, p90: 0.112, worst: 0.234, worst_id })
    };
    Validation {
        format_version: "1.0".into(),
        seed: 1,
        replications: 5,
        runs: vec![
            run("configmaps-10000x10k-1.36-json-watchlist-16", 0.53, 0.47, (false, false)),
            run("kep3157-1.32-json-rv0-8", 10.24, 9.87, (false, false)),
            run("limit4000m-pods-20000x5k-1.32-16", 3.75, 3.76, (true, true)),
            run(
                "a run with a name that is too long for a line of the table",
                120.0,
                130.0,
                (true, false),
            ),
        ],
        median_error: Some(0.047),
        p90_error: Some(0.112),
        worst_error: Some(0.234),
        peaks: spread(0.047, "kep3157-1.32-json-rv0-8"),
        peaks_from_before: spread(0.041, "configmaps-10000x10k-1.36-json-watchlist-16"),
        rises: None,
        durations: spread(0.16, "kep3157-1.32-json-rv0-8"),
        coverage: Coverage { runs: 4, held: 3, survived: 2, held_left_out: 2 },
        losses: losses(),
        orderings: Orderings {
            pairs: 9,
            right: 8,
            wrong: vec![OrderedPair {
                setting: "gzip".into(),
                lower: "kep3157-1.32-json-rv0-8".into(),
                higher: "limit4000m-pods-20000x5k-1.32-16".into(),
            }],
        },
        several_servers: vec![ReplayedServers {
            id: "ha-list-1.32-36-1500m".into(),
            servers: 3,
            measured_peak_bytes: gib(1.47),
            predicted_peak_bytes: gib(1.43),
            measured_deaths: 14,
            predicted_deaths: 12,
            measured_servers_lost: Some(3),
            predicted_servers_lost: 3,
            measured_first_death_seconds: Some(8.41),
            predicted_first_death_seconds: None,
            clients: 36,
            measured_synced: Some(0),
            predicted_synced: 9,
            ..ReplayedServers::default()
        }],
        published: vec![PublishedScenario {
            scenario: "kep-3157-buffered".into(),
            rows: vec![published_row()],
        }],
        holders: vec![holder()],
        domain: vec![DomainRow { what: "objects".into(), measured: "1 kB to 1.4 MB".into() }],
        notes: vec!["a.json: `before.oddity` is not known and was ignored".into()],
    }
}

fn published_row() -> PublishedRow {
    let mut row = PublishedRow::default();
    row.phase = "8 informers".into();
    row.metric = "peak".into();
    row.published = "8.61 GiB".into();
    row.predicted = "9.24 GiB".into();
    row.error = Some(0.074);
    row.within = true;
    row.source = "KEP-3157".into();
    row
}

#[test]
fn layout_on_the_terminal() {
    for width in [40, 80, 120] {
        let text = page(&made_up()).terminal(&Screen { width, ..Screen::default() });
        assert!(text.lines().all(|line| line.chars().count() <= width), "{width}: {text}");
    }
    insta::assert_snapshot!(page(&made_up()).terminal(&Screen::default()));
}

#[test]
fn layout_as_markdown() {
    insta::assert_snapshot!(page(&made_up()).markdown());
}

#[test]
fn the_format_of_the_json() {
    let mut one = made_up();
    one.runs.truncate(1);
    insta::assert_snapshot!(oomcast::report::json::validation(&one).expect("plain data"));
}

fn sandbox(name: &str) -> PathBuf {
    folder("validate", name)
}

fn oomcast(folder: &Path, arguments: &[&str]) -> Output {
    support::oomcast(folder, &[&["validate", "--no-progress"], arguments].concat())
}

const SMALL: &str = r#"{
  "kubernetes": { "version": "v1.32.4" },
  "objects": [{ "resource": "configmaps", "count": 1000, "mean_json_bytes": 10000 }],
  "phases": [{ "kind": "list", "clients": 2, "resource_version": "0" }],
  "result": { "peak_resident_bytes": 400000000 }
}"#;

#[test]
fn an_observation_needs_little() {
    let folder = sandbox("little");
    let run = folder.join("runs").join("mine");
    std::fs::create_dir_all(&run).expect("creates");
    std::fs::write(run.join("run.json"), SMALL).expect("writes");
    std::fs::write(run.join("series.csv"), "t_s,resident_bytes\n0,300000000\n1.5,400000000\n")
        .expect("writes");
    for path in ["runs", "runs/mine", "runs/mine/run.json"] {
        let output = oomcast(&folder, &[path, "--format", "json", "-n", "1"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(json["runs"][0]["id"], "mine", "{path}");
        assert_eq!(json["runs"][0]["measured_peak_bytes"], 400_000_000);
        assert!(json["runs"][0]["predicted_peak_bytes"].as_u64() > Some(200_000_000));
        assert_eq!(json["runs"][0]["error_from_before"], serde_json::Value::Null);
        assert!(json["median_error"].is_f64());
    }
    let output = oomcast(&folder, &["runs", "--out", "charts"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for name in ["validation.json", "validation.md", "mine.svg", "mine.png"] {
        assert!(folder.join("charts").join(name).is_file(), "no {name}");
    }
}

#[test]
fn the_exit_code_tells_of_large_errors() {
    let folder = sandbox("exit");
    std::fs::write(folder.join("run.json"), SMALL).expect("writes");
    let code = |limit: &str| oomcast(&folder, &["run.json", "--max-error", limit]).status.code();
    assert_eq!(code("1000%"), Some(0));
    assert_eq!(code("0.001%"), Some(3));
    assert_eq!(code("15"), Some(2));
}

#[test]
fn mistakes_name_the_file_and_the_field() {
    let folder = sandbox("mistakes");
    let cases = [
        ("kind.json", SMALL.replace("\"list\"", "\"lisst\""), "`phases[0].kind`: unknown variant"),
        ("count.json", SMALL.replace("1000,", "-1,"), "`objects[0].count`"),
        ("version.json", SMALL.replace("v1.32.4", "1.12"), "`kubernetes.version`: modelled are"),
        ("peak.json", SMALL.replace("peak_res", "peek_res"), "`result`: missing field"),
        ("size.json", SMALL.replace("mean_json", "meen_json"), "`objects[0].mean_json_bytes`"),
        ("not.json", "{".to_owned(), "this is not JSON"),
    ];
    for (name, content, _) in &cases {
        std::fs::write(folder.join(name), content).expect("writes");
    }
    std::fs::write(folder.join("good.json"), SMALL).expect("writes");
    for (name, _, expected) in &cases {
        let output = oomcast(&folder, &[name, "good.json", "absent.json"]);
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(name) && told.contains(expected), "no {expected:?} in\n{told}");
        assert!(told.contains("absent.json") && !told.contains("panicked"), "{told}");
        assert!(stdout(&output).contains("  good "), "the good one is replayed");
    }
}

#[test]
fn unknown_fields_are_noted() {
    let folder = sandbox("unknown");
    let odd = SMALL.replace("\"clients\": 2", "\"clients\": 2, \"cleints\": 3");
    std::fs::write(folder.join("run.json"), odd).expect("writes");
    let told = stdout(&oomcast(&folder, &["run.json"]));
    assert!(told.contains("note: run.json: `phases.0.cleints` is not known"), "{told}");
}

#[test]
fn a_clone_replays_what_comes_with_it() {
    let output = oomcast(&sandbox("clone"), &["-n", "1", "--format", "md"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let told = stdout(&output);
    assert!(told.contains("| kep3157-1.32-json-rv0-8 |") && told.contains("ha-list"), "{told}");
    assert!(stderr(&output).contains("measured runs that come with oomcast"));
}
