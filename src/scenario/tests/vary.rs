//! Tests of what to vary.

use crate::scenario::{Code, Knob, Range, Template, Unit, Vary};

/// The values of a list or a stepped range, joined.
fn values(text: &str) -> String {
    let vary = Vary::parse(text).unwrap_or_else(|found| panic!("{text}: {found}"));
    match vary.range {
        Range::Values(values) => {
            values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        }
        Range::Between { .. } => format!("{}", vary.range),
    }
}

/// The code, the columns and the message of the mistake in a text.
fn mistake(text: &str) -> (Code, usize, usize, String) {
    let found = Vary::parse(text).expect_err(text);
    let one = found.items.first().expect("a diagnostic");
    let place = &one.primary.place;
    (one.code, place.column, place.end_column, one.message.clone())
}

#[test]
fn ranges_and_lists_in_the_units_of_their_keys() {
    for (text, expected) in [
        ("clients.agents.count=100..500:200", "100 300 500"),
        ("clients.agents.count=100..600:200", "100 300 500"),
        ("clients.agents.count=1..100:x10", "1 10 100"),
        ("clients.agents.count=1..9:x1.5", "1 2 3 5 8"),
        ("clients.agents.count = 5, 3", "5 3"),
        ("apiserver.memory-limit=16GiB..64GiB:x2", "16GiB 32GiB 64GiB"),
        ("node.memory=8GiB..14GiB:x1.2", "8GiB 9832MiB 11800MiB 14152MiB"),
        ("apiserver.memory-limit=16GiB..17GiB:512MiB", "16GiB 16896MiB 17GiB"),
        ("clients.a.start-jitter=10ms..1s:495ms", "10ms 505ms 1s"),
        ("clients.a.start-jitter=10ms..1s", "10ms..1s"),
        ("clients.a.start-jitter=10ms..1s:log", "10ms..1s:log"),
        ("hardware.cpu-noise=5%..50%:15%", "5% 20% 35% 50%"),
        ("hardware.cpu-speed=0.1..0.3:0.1", "0.1 0.2 0.3"),
        ("hardware.network=1GB/s,10Gbit/s", "1GB/s 1250MB/s"),
        ("objects.pods.writes=10/s..30/s:10/s", "10/s 20/s 30/s"),
        ("apiserver.version=1.28,1.30,1.34", "1.28 1.30 1.34"),
        ("apiserver.gogc=off,50,100", "off 50 100"),
        ("apiserver.gogc=50..100:50", "50 100"),
        ("apiserver.feature-gates.WatchList=true,false", "true false"),
        ("events.\"8 in.f\".at=1m..3m:1m", "1m 2m 3m"),
        ("balancer.policy=random,round-robin", "random round-robin"),
    ] {
        assert_eq!(values(text), expected, "{text}");
    }
}

#[test]
fn the_canonical_form_reads_back() {
    for text in [
        "clients.agents.count=100..500:200",
        "apiserver.memory-limit=1.5Gi..64Gi",
        "apiserver.version=1.30,1.34",
        "events.'a.b'.at=1m..2m",
        "hardware.cpu-speed=0.5..2:log",
    ] {
        let vary = Vary::parse(text).expect(text);
        assert_eq!(Vary::parse(&vary.to_string()), Ok(vary.clone()), "{vary}");
    }
}

#[test]
fn mistakes_say_where_and_what() {
    for (text, code, columns, part) in [
        ("clients.agents.count", Code::BadVary, (1, 21), "of the form key=values"),
        ("apiserver.memry-limit=1GiB,2GiB", Code::UnknownKey, (11, 22), "`memry-limit`"),
        ("apiserver=1,2", Code::NotVariable, (1, 10), "it is a table"),
        ("clients=1,2", Code::NotVariable, (1, 8), "there are many"),
        ("run.seed=1,2", Code::NotVariable, (5, 9), "share the seed"),
        ("apiserver.gogc.x=1,2", Code::NotVariable, (16, 17), "no keys of its own"),
        ("apiserver.version=1.28..1.34", Code::NotVariable, (19, 29), "no ranges"),
        ("clients.a.count=64..4:4", Code::EmptyRange, (17, 22), "ends before it begins"),
        ("clients.a.count=4..4:4", Code::EmptyRange, (17, 21), "one value only"),
        ("clients.a.count=4..8:0", Code::EmptyRange, (22, 23), "above zero"),
        ("clients.a.count=4..8:5", Code::EmptyRange, (22, 23), "passes over"),
        ("apiserver.memory-limit=8GiB..16GiB:2s", Code::BadVary, (36, 38), "must be a size"),
        ("apiserver.memory-limit=8GiB..16", Code::BadQuantity, (30, 32), "must be a size"),
        ("apiserver.memory-limit=1B..16GiB", Code::OutOfBounds, (24, 26), "between"),
        ("clients.a.count=1..8:x1", Code::BadVary, (22, 24), "above 1"),
        ("clients.a.idle-watches=0..8:x2", Code::EmptyRange, (24, 28), "above zero"),
        ("clients.a.count=1,,2", Code::BadVary, (19, 19), "missing"),
        ("clients.a.count=", Code::BadVary, (17, 17), "missing"),
        ("clients.a.count=3,3", Code::BadVary, (19, 20), "twice"),
        ("objects.pods.count=0..1000000000:1", Code::TooManyPoints, (20, 35), "100000"),
    ] {
        let (found, from, to, message) = mistake(text);
        assert_eq!((found, (from, to)), (code, columns), "{text}: {message}");
        assert!(message.contains(part), "{text}: {message}");
    }
}

#[test]
fn shares_of_a_range() {
    let at = |text: &str, share: f64| Vary::parse(text).expect(text).at_share(share).to_string();
    assert_eq!(at("clients.a.count=10..20", 0.5), "15");
    assert_eq!(at("clients.a.count=10..20", 1.0), "20");
    assert_eq!(at("clients.a.start-jitter=10ms..1s:log", 0.5), "100ms");
    assert_eq!(at("hardware.cpu-speed=1..2", 1.0 / 3.0), "1.333");
    assert_eq!(at("clients.a.count=1,2,3", 0.34), "2");
    assert_eq!(at("clients.a.count=1,2,3", 1.0), "3");
}

#[test]
fn knobs_move_to_the_nearest_value_they_take() {
    let at = |key: &str, x: f64| Knob::parse(key).expect(key).at(x).map(|v| v.to_string());
    assert_eq!(at("clients.a.count", 12.6), Some("13".to_owned()));
    assert_eq!(at("apiserver.memory-limit", 1.0), Some("64MiB".to_owned()));
    assert_eq!(at("run.duration", 1.5), Some("1s500ms".to_owned()));
    assert_eq!(at("apiserver.version", 1.0), None);
    let knob = Knob::parse("apiserver.memory-limit").expect("a key");
    assert_eq!(knob.unit(), Some(Unit::Bytes));
    let value = knob.value("1.5GiB").expect("a size");
    assert_eq!(value.coordinate(), Some(1.5 * f64::from(1 << 30)));
    assert_eq!(knob.set(&value), "apiserver.memory-limit=\"1536MiB\"");
    assert!(Knob::parse("clients.a.count=3").is_err() && Knob::parse("").is_err());
}

#[test]
fn a_value_is_an_override_and_a_name_must_exist() {
    let text = include_bytes!("../../../tests/data/everything.toml");
    let template = Template::of_text("everything.toml", text, &[]);
    let base = template.load(&[]).expect("a valid scenario");
    let fleet = &base.inputs.fleets[0].name;
    let vary = Vary::parse(&format!("clients.{fleet}.count=40,41")).expect("a knob");
    assert_eq!(vary.knob.check(&base), Ok(()));
    let point = template.load(&[vary.knob.set(&vary.at_share(0.9))]).expect("a valid point");
    assert_eq!(point.inputs.fleets[0].count, 41);
    for (key, name) in [("clients.nobody.count", "nobody"), ("objects.podz.count", "podz")] {
        let found = Knob::parse(key).expect(key).check(&base).expect_err(key);
        let place = &found.items[0].primary.place;
        assert!(found.items[0].message.contains(name), "{found}");
        assert_eq!(place.column, key.find(name).unwrap() + 1);
    }
}
