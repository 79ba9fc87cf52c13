//! Hostile files end quickly, shortly and without using up the stack.

use std::fs::File;

use super::{SCENARIO, VALID, folder, load_with, told};

/// Runs on a small stack, as threads of a pool may have.
fn on_small_stack(check: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 * 1024);
    let handle = thread.spawn(check).expect("a thread");
    assert!(handle.join().is_ok(), "the check panicked");
}

/// A line for each number.
fn lines(numbers: std::ops::Range<usize>, line: impl Fn(usize) -> String) -> String {
    numbers.map(line).collect::<Vec<_>>().concat()
}

#[test]
fn deep_nesting_is_an_error() {
    on_small_stack(|| {
        let staircase = lines(0..1000, |i| format!("{}a:\n", " ".repeat(i)));
        let aliases = lines(1..500, |i| format!("a{i}: &a{i} [*a{}]\n", i - 1));
        let texts = [
            "[".repeat(500_000),
            "{a: ".repeat(100_000),
            "- ".repeat(200_000),
            "? ".repeat(200_000),
            staircase,
            format!("a0: &a0 x\n{aliases}"),
            format!("{}{}", "[".repeat(200), "]".repeat(200)),
        ];
        for (i, text) in texts.iter().enumerate() {
            let test = format!("deep-{i}");
            let found = load_with(&test, "m.yaml", text, "").expect_err("too deep");
            assert!(found.errors() > 0 && found.items.len() < 5, "{}", told(&test, &found));
        }
    });
}

#[test]
fn bombs_are_bounded() {
    let level = |i: usize, item: &str| format!("a{i}: &a{i} [{}]\n", [item; 9].join(","));
    let lol = lines(1..30, |i| level(i, &format!("*a{}", i - 1)));
    let texts = [
        format!("a0: &a0 [lol, lol]\n{lol}"),
        format!("a0: &a0 {{x: y}}\n{lol}"),
        format!("a: &a {{b: *a}}\n{VALID}"),
        "- a\n".repeat(200_000),
        "a: b\n".repeat(150_000),
        lines(0..90_000, |i| format!("a{i}: b\n")),
        lines(0..90_000, |i| format!("a{i}:\n")) + VALID,
        "---\n".repeat(200_000),
        "---\na: b: c\n".repeat(50_000),
        "---\nkind: FlowSchema\napiVersion: flowcontrol.apiserver.k8s.io/v1\n".repeat(10_000),
        format!("k: \"{}\"", "x".repeat(900_000)),
        format!("{}: 1", "k".repeat(900_000)),
        format!("apiVersion: {0}\nkind: {0}", "\u{202e}\u{1b}[31m".repeat(1000)),
        VALID.replace("dashboards", &"x".repeat(500_000)),
        VALID.replace("[list, watch]", &format!("[{}]", vec!["list"; 90_000].join(","))),
        VALID.replace("name: grafana", "name: \"\\u001b[2J\""),
        "\u{feff}\u{feff}".to_owned(),
        "\0".to_owned(),
        "%YAML 9.9\n---\na".to_owned(),
        "&a *a".to_owned(),
        "!<tag:x> {}: ".to_owned(),
    ];
    for (i, text) in texts.iter().enumerate() {
        let test = format!("bomb-{i}");
        match load_with(&test, "m.yaml", text, "") {
            Ok(scenario) => assert!(scenario.notes.len() <= 2, "{i}: {:?}", scenario.notes),
            Err(found) => {
                let rendered = told(&test, &found);
                assert!(found.items.len() <= 100 && rendered.len() < 400_000, "{i}");
                assert!(!rendered.contains('\u{1b}'), "{i}");
            }
        }
    }
}

#[test]
fn a_huge_file_is_not_read() {
    let folder = folder("huge");
    let file = File::create(folder.join("m.yaml")).expect("creates");
    file.set_len(100 << 20).expect("grows");
    let text = format!("{SCENARIO}[apf]\nmanifests = [\"m.yaml\", \"/dev/zero\"]\n");
    std::fs::write(folder.join("t.toml"), text).expect("writes");
    let found = oomcast::scenario::load_file(&folder.join("t.toml"), &[]).expect_err("too large");
    assert_eq!(found.errors(), 2, "{found}");
    assert!(found.to_string().contains("at most 1 MiB"), "{found}");
}

mod random {
    use proptest::prelude::*;

    use super::super::{VALID, load_with, told};

    /// Loading ends, and what it says can be printed.
    fn survives(test: &str, text: &[u8]) {
        match load_with(test, "m.yaml", text, "") {
            Ok(scenario) => {
                let again = oomcast::scenario::load("e.toml", scenario.effective.as_bytes(), &[]);
                assert_eq!(again.expect("valid").inputs, scenario.inputs);
            }
            Err(found) => assert!(found.errors() > 0 && !told(test, &found).is_empty()),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            survives("any-bytes", &bytes);
        }

        #[test]
        fn any_cut(from in 0..900_usize, length in 0..60_usize, with in "[ a-z0-9:\\[\\]{}\"*&!|>-]{0,12}") {
            let from = from.min(VALID.len());
            let to = (from + length).min(VALID.len());
            let text = [&VALID[..from], &with, &VALID[to..]].concat();
            survives("any-cut", text.as_bytes());
        }
    }
}
