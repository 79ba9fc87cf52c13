//! What a scenario's author reads when something is wrong with it, and what hostile input does.

use crate::support::{EVERYTHING as VALID, strings};
use oomcast::scenario::{Code, Diagnostics, Scenario, load};

fn check(text: &str) -> Result<Scenario, Diagnostics> {
    load("scenario.toml", text.as_bytes(), &[])
}

fn check_set(text: &str, overrides: &[&str]) -> Result<Scenario, Diagnostics> {
    load("scenario.toml", text.as_bytes(), &strings(overrides))
}

/// The rendered diagnostics of [`VALID`] after a replacement, which must be found in it.
fn broken(from: &str, to: &str) -> String {
    assert!(VALID.contains(from), "`{from}` is not in the valid scenario");
    match check(&VALID.replacen(from, to, 1)) {
        Ok(scenario) => format!("valid, with {} notes", scenario.notes.len()),
        Err(found) => found.render(false),
    }
}

/// The rendered notes of [`VALID`] after a replacement that leaves it valid.
fn noted(from: &str, to: &str) -> String {
    assert!(VALID.contains(from), "`{from}` is not in the valid scenario");
    match check(&VALID.replacen(from, to, 1)) {
        Ok(scenario) => {
            let notes: Vec<String> = scenario.notes.iter().map(|n| n.render(false)).collect();
            notes.join("\n\n")
        }
        Err(found) => format!("invalid:\n{}", found.render(false)),
    }
}

/// `(line, column, code)` of every finding.
fn positions(found: &Diagnostics) -> Vec<(usize, usize, &'static str)> {
    let items = found.items.iter();
    items.map(|d| (d.primary.place.line, d.primary.place.column, d.code.id())).collect()
}

macro_rules! mistakes {
    ($($name:ident: $from:literal => $to:literal;)*) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(stringify!($name), broken($from, $to));
        })*
    };
}

// As they are rendered: some of each form, and what `mistakes::planted`, which judges code, place and
// advice of all others, does not hold.
mistakes! {
    key_of_another_table: "replicas = 3" => "replicas = 3\nread-rate = \"1MB/s\"";
    single_brackets: "[[published]]\nmetric = \"oom\"" => "[published2]\nmetric = \"oom\"";
    huge_count: "count = 400" => "count = 1_000_000_000_000_000_000";
    two_behaviours: "watcher = { resource = \"pods\" }" => "watcher = { resource = \"pods\" }\nlister = { resource = \"pods\" }";
    misspelt_gate: "WatchList = true" => "WatchLists = true";
    shape_needed: "shape = \"custom\"\n" => "";
    stored_too_large: "size = \"4KiB\"" => "size = \"64MiB\"";
    too_many_members: "count = 2_000\n" => "count = 1_000_000\nstart-jitter = \"1s\"\nwatcher = { resource = \"pods\" }\n[[clients]]\nname = \"x\"\ncount = 1_000_000\n";
    node_too_small: "memory = \"32GiB\"" => "memory = \"1GiB\"";
    expectation_without_bound: "metric = \"oom\"\nat-most = \"5%\"" => "metric = \"oom\"";
    expectation_without_quantile: "quantile = \"95%\"\n" => "";
    expectation_of_nothing_known: "metric = \"peak\"" => "metric = \"paek\"";
    expectation_in_another_unit: "at-most = \"12GiB\"" => "at-most = \"5%\"";
    uncertain_without_unit: "size = \"4KiB\"" => "size = \"3 to 8KiB\"";
    uncertain_from_zero: "start-jitter = \"10s\"" => "start-jitter = \"0s to 10s\"";
    uncertain_half: "count = 2_000" => "count = { dist = \"triangular\", from = 1, to = 3 }";
    uncertain_quantile: "count = 2_000" => "count = { p50 = 1_000 }";
    uncertain_without_law: "count = 2_000" => "count = { from = 1, to = 3 }";
    uncertain_past_the_bounds: "count = 2_000" => "count = \"0 to 5\"";
    uncertain_duration: "duration = \"20m\"" => "duration = \"10m to 20m\"";
}

macro_rules! warnings {
    ($($name:ident: $from:literal => $to:literal;)*) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(stringify!($name), noted($from, $to));
        })*
    };
}

warnings! {
    warn_decimal_limit: "memory-limit = \"16GiB\"" => "memory-limit = \"16GB\"";
    warn_no_jitter: "count = 4\n" => "count = 4_000\n";
    warn_large_object: "size = \"1MiB\"" => "size = \"2MiB\"";
    warn_limit_above_node: "memory = \"32GiB\"" => "memory = \"8GiB\"";
    warn_no_effect: "latency = \"5ms\"" => "range-stream = true";
    warn_already_running: "start = \"stopped\"\ndrain" => "drain";
    warn_never_starts: "start = { client = \"dumps\" }" => "";
    note_node_memory: "[node]\nmemory = \"32GiB\"\n" => "";
}

#[test]
fn ten_mistakes_are_ten_diagnostics() {
    let text = r#"schema = 1
name = "ten mistakes"
[run]
duration = "20"
sed = 3
[apiserver]
version = "1.99"
replicas = 0
memory-limit = 16
[objects.secrets]
count = "many"
[[clients]]
name = "a"
count = 1
reflector = { resource = "secret" }
[[events]]
name = "e"
at = "1m"
stop = { client = "b" }
"#;
    let found = check(text).expect_err("ten mistakes");
    let errors: Vec<_> =
        positions(&found).into_iter().filter(|(_, _, code)| code.starts_with('E')).collect();
    assert_eq!(
        errors,
        [
            (2, 8, "E0108"),
            (4, 12, "E0104"),
            (5, 1, "E0101"),
            (7, 11, "E0202"),
            (8, 12, "E0105"),
            (9, 16, "E0104"),
            (10, 1, "E0102"),
            (11, 9, "E0103"),
            (15, 26, "E0201"),
            (19, 19, "E0201"),
        ]
    );
    insta::assert_snapshot!("ten_mistakes", found.render(false));
}

#[test]
fn all_syntax_errors_are_reported() {
    let text = "schema = \nname = \"a\" b\n[run\nduration = \"1m\"\n[apiserver]\nversion = '1.32\n";
    let found = check(text).expect_err("four mistakes");
    insta::assert_snapshot!("syntax_errors", found.render(false));
}

/// Runs on a small stack, as threads of a pool may have.
fn on_small_stack(check: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 * 1024);
    let handle = thread.spawn(check).expect("a thread");
    assert!(handle.join().is_ok(), "the check panicked");
}

#[test]
fn deep_nesting_is_refused_without_recursion() {
    on_small_stack(|| {
        let dotted = |n: usize| vec!["a"; n].join(".");
        let product = format!("{}1{}", format!("{{{} = ", dotted(16)).repeat(200), "}".repeat(200));
        let hostile = [
            format!("a = {}{}", "[".repeat(10_000), "]".repeat(10_000)),
            format!("a = {}1{}", "{a=".repeat(10_000), "}".repeat(10_000)),
            format!("a = {}", "[{a=".repeat(10_000)),
            format!("{} = 1", dotted(10_000)),
            format!("[{}]\nb = 1", dotted(10_000)),
            format!("[[{}]]\nb = 1", dotted(10_000)),
            format!("a = {product}\na = {product}\n"),
            format!("a = \"\"\"{product}\"\"\"\nb = {product}\nb = {product}"),
        ];
        for text in hostile {
            let found = check(&text).expect_err("too deep");
            let codes: Vec<Code> = found.items.iter().map(|d| d.code).collect();
            assert_eq!(codes, [Code::TooDeep], "{}", &text[..40]);
        }
        // The deepest that is let through, twice: the second is dropped inside the parser.
        let one = format!("{{{} = ", dotted(16)).repeat(16);
        let text =
            format!("[{d}]\n{d} = {one}1{e}\n{d} = {one}1{e}", d = dotted(16), e = "}".repeat(16));
        assert!(check(&text).is_err());
    });
}

#[test]
fn hostile_values_are_bounded_errors() {
    let hostile = [
        ("count = 400", "count = 1e18"),
        ("count = 400", "count = -1"),
        ("count = 400", "count = 99999999999999999999999999999999999999999999999"),
        ("count = 400", "count = 0x7fffffffffffffff"),
        ("count = 400", "count = 1979-05-27T07:32:00Z"),
        ("count = 400", "count = []"),
        ("count = 400", "count = {}"),
        ("count = 16\n", "count = 4294967297\n"),
        ("speed = 0.1", "speed = nan"),
        ("speed = 0.1", "speed = inf"),
        ("speed = 0.1", "speed = -0.1"),
        ("speed = 0.1", "speed = 1e400"),
        ("cpu-limit = \"4\"", "cpu-limit = \"NaN\""),
        ("cpu-limit = \"4\"", "cpu-limit = -inf"),
        ("cpu-limit = \"4\"", "cpu-limit = \"99999999999999999999999999999999999999999\""),
        ("duration = \"20m\"", "duration = \"500000d\""),
        ("duration = \"20m\"", "duration = \"-20m\""),
        ("duration = \"20m\"", "duration = \"0\""),
        ("duration = \"20m\"", "duration = \"\""),
        ("memory = \"32GiB\"", "memory = \"99999999TiB\""),
        ("memory = \"32GiB\"", "memory = \"1e9GiB\""),
        ("memory = \"32GiB\"", "memory = \"\\u0000\""),
        ("writes = \"600/min\"", "writes = \"1e9/s\""),
        ("writes = \"600/min\"", "writes = \"99999999999/s\""),
        ("selected = \"0.1%\"", "selected = \"nan%\""),
        ("replicas = 3", "replicas = 0"),
        ("[objects.secrets]", "[objects.\"\"]"),
        ("[objects.secrets]", "[objects.\"\\u001b[31m\"]"),
        ("at = \"1m\"", "at = \"2562047h\""),
        ("apiserver = 0", "apiserver = 65536"),
        ("name = \"everything\"", "name = \"\\u001b[2J\""),
    ];
    for (from, to) in hostile {
        assert!(VALID.contains(from), "{from}");
        let found = check(&VALID.replacen(from, to, 1)).expect_err(to);
        assert!((1..=3).contains(&found.errors()), "{to}: {found}");
        assert!(!found.to_string().contains('\u{1b}'), "{to}");
    }
}

#[test]
fn hostile_texts_end_quickly_and_shortly() {
    let long = "x".repeat(1_000_000);
    let hostile = [
        String::new(),
        "\u{feff}".to_owned(),
        "\0\0\0".to_owned(),
        "\r\r\r=\r".to_owned(),
        "=".repeat(100_000),
        "[a]\n".repeat(50_000),
        "= = =\n".repeat(50_000),
        "[[clients]]\n".repeat(50_000),
        "[[events]]\nname = \"e\"\nat = \"1s\"\n".repeat(20_000),
        format!("{long} = 1"),
        format!("name = \"{long}\""),
        format!("name = \"{long}"),
        format!("[objects.{long}]\ncount = 1"),
        "unknown = 1 # \u{202e}\u{1b}[31m\n".to_owned(),
        "[x]\nkey = 1\n[y]\nkey = 2\n[z]\nkey.a = 3\n".repeat(2000),
    ];
    for text in hostile {
        let found = check(&text).expect_err("no scenario");
        assert!(found.errors() > 0 && found.items.len() <= 100);
        let rendered = found.render(true);
        assert!(rendered.len() < 400_000, "{} bytes", rendered.len());
    }
}

#[test]
fn line_ends_and_marks_do_not_matter() {
    let plain = check(VALID).expect("valid");
    let windows = check(&VALID.replace('\n', "\r\n")).expect("valid");
    let marked = check(&format!("\u{feff}{VALID}")).expect("valid");
    assert_eq!(plain.effective, windows.effective);
    assert_eq!(plain.effective, marked.effective);
    let found = check_set(VALID, &["apiserver.replicas=0"]).expect_err("out of bounds");
    insta::assert_snapshot!("override", found.render(false));
}

mod random {
    use proptest::prelude::*;

    use super::{VALID, check, load};

    /// Loading ends, and what it says can be printed.
    fn survives(text: &[u8], overrides: &[String]) {
        match load("random.toml", text, overrides) {
            Ok(scenario) => {
                let again = check(&scenario.effective).expect("the effective scenario is valid");
                assert_eq!(again.inputs, scenario.inputs);
                assert_eq!(again.hash, scenario.hash);
            }
            Err(found) => assert!(!found.render(false).is_empty()),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn bytes(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            survives(&text, &[]);
        }

        #[test]
        fn toml_like(text in "([a-c\\[\\]{}=.,\"'#\\\\0-9 \n-]|name|\\[\\[clients\\]\\]\n|= \"1m\"\n){0,60}") {
            survives(text.as_bytes(), &[]);
        }

        #[test]
        fn mutated(at in 0..VALID.len(), length in 0..40usize, with in "[a-z0-9=\\[\\]{}\"'.\n #-]{0,6}") {
            let mut text = VALID.as_bytes().to_vec();
            let end = (at + length).min(text.len());
            text.splice(at..end, with.bytes());
            survives(&text, &[]);
        }

        #[test]
        fn numbers(n in any::<i64>(), x in any::<f64>(), pick in 0..12usize) {
            let target = ["replicas = 3", "count = 400", "speed = 0.1", "count = 16", "limit = 500"];
            let from = target[pick % target.len()];
            let key = from.split(' ').next().unwrap_or_default();
            let value = if pick < 6 { n.to_string() } else { format!("{x:?}") };
            survives(VALID.replacen(from, &format!("{key} = {value}"), 1).as_bytes(), &[]);
        }

        #[test]
        fn overrides(key in "[a-z.\"' -]{0,20}", value in "[a-z0-9.\"'\\[{=/%]{0,10}") {
            survives(VALID.as_bytes(), &[format!("{key}={value}"), format!("run.{key}={value}")]);
        }
    }
}
