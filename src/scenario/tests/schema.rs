//! The schema against the reader and the tables it is made from.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::language::print::schema::{definition, scalar, schema, uncertain};
use crate::language::table::read::scalar as read;
use crate::language::table::uncertain::is_meant;
use crate::language::table::{Kind, Table};
use crate::language::text::span::Span;
use crate::language::text::tree::{Item, Node};
use crate::scenario::keys;
use crate::units::{ByteRate, Bytes, SimSpan};

/// Kinds as wide as can be: a pattern does not see the bounds of a quantity.
const WIDE: [Kind; 8] = [
    Kind::Integer { min: i64::MIN, max: i64::MAX },
    Kind::Number { min: f64::MIN, max: f64::MAX },
    Kind::Cores { min: f64::MIN, max: f64::MAX },
    Kind::Size { min: Bytes::ZERO, max: Bytes(u64::MAX), limit: false },
    Kind::Span { min: SimSpan::ZERO, max: SimSpan(u64::MAX) },
    Kind::Rate { min: ByteRate(0), max: ByteRate(u64::MAX) },
    Kind::PerSecond { max: f64::MAX },
    Kind::Percent { max: f64::MAX },
];

/// For each of [`WIDE`], a validator of values and one of uncertain values.
static VALIDATORS: LazyLock<Vec<(Kind, Validator, Validator)>> = LazyLock::new(|| {
    let both = |kind: Kind| {
        let spread = uncertain(kind.unit().expect("a unit"));
        (kind, validator(&scalar(&kind)), validator(&spread))
    };
    WIDE.into_iter().map(both).collect()
});

/// A validator of one value, with the definitions of the whole.
fn validator(value: &Value) -> Validator {
    let whole = schema(&keys::ROOT);
    let wrapped = json!({
        "$schema": whole["$schema"], "definitions": whole["definitions"], "allOf": [value],
    });
    jsonschema::validator_for(&wrapped).expect("a schema")
}

/// Texts that look like values: pieces of them in any order, of so few digits that nothing is past
/// the largest quantity.
fn looks_like_a_value() -> impl Strategy<Value = String> {
    const PIECES: [&str; 47] = [
        "0", "1", "15", "4_000", "_", ".", "1.5", "-1", "+2", "0x1F", "1e3", " ", "  ", "B", "k",
        "K", "kB", "M", "Mi", "MiB", "GiB", "G", "Ti", "T", "bit", "ns", "us", "µs", "ms", "s",
        "m", "h", "d", "min", "/", "/s", "/min", "/m", "/h", "%", "i", "Gbit", "5s", "1GiB", "2/s",
        "P", "5%",
    ];
    let texts = prop::collection::vec(prop::sample::select(&PIECES[..]), 1..6);
    let texts = texts.prop_map(|parts| parts.concat());
    texts.prop_filter("few digits", |text| text.chars().filter(char::is_ascii_digit).count() <= 5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn patterns_accept_what_the_reader_accepts(written in looks_like_a_value()) {
        for (kind, value, _) in VALIDATORS.iter() {
            let node = Node { span: Span::default(), item: Item::Text(written.clone()), raw: None };
            let reads = read(kind, &node).is_ok();
            prop_assert_eq!(reads, value.is_valid(&json!(written)), "{:?} as {:?}", written, kind);
        }
    }

    #[test]
    fn ranges_accept_two_values(low in looks_like_a_value(), high in looks_like_a_value()) {
        let written = format!("{low} to {high}");
        for (kind, _, spread) in VALIDATORS.iter() {
            let reads = |end: &str| read(kind, &Node::from_raw(end.trim(), Span::default())).is_ok();
            let reads = reads(&low) && reads(&high);
            prop_assert_eq!(reads, spread.is_valid(&json!(written)), "{:?} as {:?}", written, kind);
        }
    }
}

#[test]
fn distributions_have_the_figures_of_their_law() {
    let (_, _, spread) = &VALIDATORS[3];
    let node = |value: &Value| {
        let text = toml::to_string(value).expect("TOML").trim().replace('\n', ", ");
        Node { raw: None, ..Node::from_raw(&format!("{{ {text} }}"), Span::default()) }
    };
    for (value, fits) in [
        (json!({ "p50": "5kB", "p95": "9kB" }), true),
        (json!({ "dist": "normal", "p5": "5kB", "p95": "9kB" }), true),
        (json!({ "dist": "uniform", "from": "5kB", "to": "9kB" }), true),
        (json!({ "dist": "triangular", "from": "5kB", "mode": "6kB", "to": "9kB" }), true),
        (json!({ "p50": "5kB" }), false),
        (json!({ "p5": "5kB", "p50": "6kB", "p95": "9kB" }), false),
        (json!({ "dist": "normal", "p5": "5kB" }), false),
        (json!({ "dist": "uniform", "p5": "5kB", "p95": "9kB" }), false),
        (json!({ "dist": "uniform", "from": "5kB" }), false),
        (json!({ "from": "5kB", "to": "9kB" }), false),
        (json!({ "dist": "even", "from": "5kB", "to": "9kB" }), false),
        (json!({ "p50": 5, "p95": 9 }), false),
        (json!({ "p60": "5kB", "p95": "9kB" }), false),
    ] {
        assert!(is_meant(&WIDE[3], &node(&value)), "{value}");
        assert_eq!(spread.is_valid(&value), fits, "{value}");
    }
}

#[test]
fn tables_have_names_of_their_own() {
    fn walk(table: &'static Table, seen: &mut BTreeMap<String, &'static Table>) {
        let before = seen.insert(definition(table), table);
        assert!(before.is_none_or(|other| std::ptr::eq(other, table)), "two are {}", table.what);
        for key in table.keys {
            if let Kind::Table(inner)
            | Kind::List { table: inner, .. }
            | Kind::Named { table: inner, .. } = key.kind
            {
                walk(inner, seen);
            }
        }
    }
    walk(&keys::ROOT, &mut BTreeMap::new());
}
