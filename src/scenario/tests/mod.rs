//! Tests of loading as a whole.

mod overlay;
mod reads;
mod schema;
mod vary;

use super::keys::{self, Kind, Presence};
use super::measure::Amount;
use super::*;
use crate::language::table::read::scalar;
use crate::model::input::{
    Action, Behaviour, Encoding, FleetId, ResourceId, ResourceVersion, Shape,
};
use crate::units::{ByteRate, Bytes, SimSpan, SimTime};

const EVERYTHING: &str = include_str!("../../../tests/data/everything.toml");

const SMALL: &str = "schema = 1\nname = \"small\"\n[run]\nduration = \"5m\"\n\
    [apiserver]\nversion = \"1.36\"\n[objects.pods]\ncount = 10\nsize = \"4KiB\"\n\
    [[clients]]\nname = \"c\"\ncount = 2\nreflector = { resource = \"pods\" }\n";

fn load_with(text: &str, overrides: &[&str]) -> Result<Scenario, Diagnostics> {
    let overrides: Vec<String> = overrides.iter().map(|one| (*one).to_owned()).collect();
    load("t.toml", text.as_bytes(), &overrides)
}

fn sound(text: &str, overrides: &[&str]) -> Scenario {
    match load_with(text, overrides) {
        Ok(scenario) => scenario,
        Err(found) => panic!("{found}"),
    }
}

fn codes(result: Result<Scenario, Diagnostics>) -> Vec<String> {
    let found = result.expect_err("a mistake");
    let of = |d: &Diagnostic| format!("{} {}", d.primary.place, d.code.id());
    let errors = found.items.iter();
    errors.filter(|d| d.severity == Severity::Error).map(of).collect()
}

#[test]
fn every_default_is_readable_and_every_key_is_documented() {
    let mut count = 0;
    keys::visit(|path, key| {
        count += 1;
        assert!(key.doc.ends_with('.'), "{path} needs a sentence");
        if let Presence::Default(text) = key.presence {
            let read = scalar(&key.kind, &Node::from_raw(text, Span::default()));
            assert!(read.is_ok(), "default of {path}: {read:?}");
        }
        if key.presence == Presence::Filled {
            assert!(matches!(key.kind, Kind::Table(_)), "{path}");
        }
        assert_eq!(keys::find(path).map(|found| found.doc), Some(key.doc));
    });
    assert!(count > 100);
    assert!(keys::find("objects.secrets.count").is_some());
    assert!(keys::find("objects.count").is_some());
    assert!(keys::find("objects.secrets").is_none());
}

#[test]
fn everything_is_read() {
    let scenario = sound(EVERYTHING, &[]);
    assert_eq!(scenario.notes, []);
    assert_eq!((scenario.seed, scenario.replications), (1, 20));
    let inputs = &scenario.inputs;
    assert_eq!(inputs.apiserver.memory_limit, Some(Bytes::gib(16)));
    assert_eq!(inputs.apiserver.cpu_limit, Some(4.0));
    assert_eq!(inputs.apiserver.gogc, Some(100));
    assert!(inputs.release.concurrent_watch_object_decode);
    assert_eq!(inputs.hardware.network, ByteRate(1_250_000_000));
    let names: Vec<_> = inputs.resources.iter().map(|r| (r.name.as_str(), r.shape)).collect();
    assert_eq!(
        names,
        [
            ("secrets", Shape::Blob),
            ("pods", Shape::Typed),
            ("ciliumendpoints", Shape::Custom),
            ("customresourcedefinitions", Shape::Typed)
        ]
    );
    let Behaviour::Reflector { read, watch_list, watch, .. } = &inputs.fleets[1].behaviour else {
        panic!("a reflector");
    };
    assert_eq!((read.resource, read.encoding), (ResourceId(2), Encoding::Json));
    assert_eq!(read.resource_version, ResourceVersion::Any);
    assert!(read.selector && read.gzip && *watch && !watch_list);
    let Behaviour::Lister { read, rounds, pause, all_pages } = &inputs.fleets[2].behaviour else {
        panic!("a lister");
    };
    assert_eq!((read.limit, *rounds, *pause), (Some(500), None, SimSpan::secs(10)));
    assert_eq!(read.resource_version, ResourceVersion::Unset);
    assert!(*all_pages && read.encoding == Encoding::Protobuf);
    assert!(!inputs.fleets[0].running && inputs.fleets[1].running);
    assert_eq!(inputs.events[0].at, SimTime(60_000_000_000));
    assert_eq!(
        inputs.events[0].action,
        Action::Start { fleet: FleetId(0), count: Some(8), over: SimSpan::ZERO }
    );
    assert_eq!(inputs.events[8].action, Action::Mark);
    assert_eq!(scenario.published[0].claim, Claim::Value(Amount::Size(Bytes(9_240_000_000))));
    assert_eq!(scenario.published[1].claim, Claim::Value(Amount::Share(0.0)));
}

#[test]
fn defaults_follow_the_release_and_the_resource() {
    let watch_lists = |version: &str| {
        let set = format!("apiserver.version={version}");
        match &sound(SMALL, &[&set]).inputs.fleets[0].behaviour {
            Behaviour::Reflector { watch_list, .. } => *watch_list,
            _ => false,
        }
    };
    assert!(watch_lists("1.36") && watch_lists("1.35"));
    assert!(!watch_lists("1.34") && !watch_lists("1.33"));
    let events = sound(SMALL, &["objects.events.count=5", "objects.events.size=1KiB"]);
    assert!(!events.inputs.resources[1].watch_cache);
    assert!(events.inputs.resources[0].watch_cache);
}

#[test]
fn the_effective_scenario_loads_to_the_same() {
    for text in [EVERYTHING, SMALL] {
        let first = sound(text, &["run.seed=7"]);
        let second = sound(&first.effective, &[]);
        assert_eq!(first.inputs, second.inputs);
        assert_eq!(first.published, second.published);
        assert_eq!(first.effective, second.effective);
        assert_eq!((first.hash, first.seed), (second.hash, second.seed));
        assert_eq!(second.notes, [], "everything is stated");
    }
    insta::assert_snapshot!("effective", sound(EVERYTHING, &[]).effective);
}

/// A default that came later moves no hash, spelt out or not; another value does.
#[test]
fn defaults_that_came_later_are_no_part_of_the_hash() {
    let hash = |overrides: &[&str]| sound(SMALL, overrides).hash;
    let plain = hash(&[]);
    for later in ["apiserver.probes=false", "clients.c.connections=1", "balancer.check=readyz"] {
        assert_eq!(hash(&[later]), plain, "{later}");
    }
    assert_eq!(hash(&["clients.c.reflector.bookmarks=true"]), plain, "as derived");
    assert_ne!(hash(&["apiserver.probes=true"]), plain);
    let again = sound(&sound(SMALL, &[]).effective, &[]);
    assert_eq!(again.hash, plain);
}

#[test]
fn the_hash_names_the_scenario_and_not_its_draws() {
    let hash = |overrides: &[&str]| sound(SMALL, overrides).hash;
    assert_eq!(hash(&[]).len(), 12);
    assert_eq!(hash(&[]), hash(&["run.seed=9", "run.replications=3"]));
    assert_eq!(hash(&[]), hash(&["apiserver.gogc=100", "node.cores=8"]));
    assert_ne!(hash(&[]), hash(&["apiserver.gogc=99"]));
    // The order of keys and comments do not count.
    let reordered = SMALL.replace("count = 10\nsize = \"4KiB\"", "size = '4Ki' # x\ncount = 1_0");
    assert_eq!(hash(&[]), sound(&reordered, &[]).hash);
}

#[test]
fn events_are_sorted_by_time_and_otherwise_stay() {
    let event = |name: &str, at: &str| format!("[[events]]\nname = \"{name}\"\nat = \"{at}\"\n");
    let text =
        [SMALL.to_owned(), event("late", "2m"), event("first", "60s"), event("second", "1m")]
            .concat();
    let names: Vec<String> = sound(&text, &[]).inputs.events.into_iter().map(|e| e.name).collect();
    assert_eq!(names, ["first", "second", "late"]);
}

#[test]
fn overrides_change_what_they_name() {
    let set = |one: &str| sound(EVERYTHING, &[one]).inputs;
    assert_eq!(set("clients.informers.count=32").fleets[0].count, 32);
    assert_eq!(set("objects.secrets.count = 5").resources[0].count, 5);
    assert_eq!(set("events.\"8 informers\".at=2m").events[0].at, SimTime(120_000_000_000));
    assert_eq!(set("events.8 informers.at=\"90s\"").events[0].at, SimTime(90_000_000_000));
    assert_eq!(set("apiserver.gogc=off").apiserver.gogc, None);
    assert_eq!(set("apiserver.cpu-limit=500m").apiserver.cpu_limit, Some(0.5));
    assert_eq!(set("apiserver.version=1.35").release.minor, 35);
    assert!(!set("apiserver.feature-gates.WatchList=false").release.watch_list);
    assert_eq!(set("etcd={ latency = \"7ms\" }").etcd.latency, SimSpan::millis(7));
    assert_eq!(set("clients.3.count=11").fleets[3].count, 11);
    assert!(matches!(
        set("clients.dashboards={name='dashboards',count=1,lister={resource='pods'}}").fleets[3],
        crate::model::input::FleetInput { count: 1, .. }
    ));
    let scenario = sound(EVERYTHING, &["published.0.value=8GiB", "name=2024"]);
    assert_eq!(scenario.name, "2024");
    assert_eq!(scenario.published[0].claim, Claim::Value(Amount::Size(Bytes::gib(8))));
}

#[test]
fn mistakes_in_overrides_are_placed_there() {
    let cases = [
        ("", "--set:1:1 E0006"),
        ("apiserver.replicas", "--set:1:1 E0006"),
        ("apiserver.replcas=3", "--set:1:11 E0101"),
        ("apiserver.replicas=99", "--set:1:20 E0105"),
        ("clients.informer.count=3", "--set:1:9 E0007"),
        ("clients.informers.count.x=3", "--set:1:25 E0007"),
        ("clients.informers.drain-rate=5", "--set:1:30 E0104"),
        ("x=[[[[[[[[[[[[[[[[[[[[[[[[", "--set:1:3 E0005"),
        ("a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a=1", "--set:1:37 E0005"),
    ];
    for (set, expected) in cases {
        assert_eq!(codes(load_with(EVERYTHING, &[set])), [expected], "{set}");
    }
    let both = codes(load_with(EVERYTHING, &["apiserver.gogc=1", "node.memory=5"]));
    assert_eq!(both, ["--set:2:13 E0104"]);
    let none = codes(load_with("schema = 1", &["clients.a.count=3"]));
    assert!(none.contains(&"--set:1:9 E0007".to_owned()), "{none:?}");
}

#[test]
fn published_figures_have_bounds_of_their_metric() {
    let with = |figure: &str| {
        let text = format!("{SMALL}[[published]]\nsource = \"s\"\n{figure}\n");
        load_with(&text, &[]).map(|s| s.published[0].claim)
    };
    let minute = SimSpan::secs(60);
    assert_eq!(
        with("metric = 'duration'\nat-least = '1m'"),
        Ok(Claim::AtLeast(Amount::Span(minute)))
    );
    assert_eq!(
        with("metric = 'bytes-sent'\nat-least = '1B'\nat-most = '2B'"),
        Ok(Claim::Between(Amount::Size(Bytes(1)), Amount::Size(Bytes(2))))
    );
    for wrong in [
        "metric = 'oom'",
        "metric = 'oom'\nat-least = true",
        "metric = 'oom'\nvalue = '1GiB'",
        "metric = 'duration'\nvalue = true",
        "metric = 'duration'\nat-least = '2m'\nat-most = '1m'",
        "metric = 'peak-resident'\nvalue = '1GB'\nat-most = '2GB'",
        "metric = 'peak-resident'\nvalue = 5",
        "metric = 'speed'\nvalue = '1GB'",
        "metric = 'headroom'\nvalue = '10%'\nphase = 'e'",
    ] {
        assert!(with(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn files_that_cannot_be_read_say_why() {
    use std::path::Path;
    let of = |path: &Path| {
        let found = load_file(path, &[]).expect_err("no scenario");
        let first = &found.items[0];
        (first.code, first.short())
    };
    let (code, text) = of(Path::new("no/such.toml"));
    assert_eq!(code, Code::Unreadable);
    assert_eq!(text, "no/such.toml: error[E0001]: there is no such file");
    assert_eq!(of(Path::new("src")).0, Code::Unreadable);
    let large = vec![b'#'; 4 * 1024 * 1024 + 1];
    let found = load("large.toml", &large, &[]).expect_err("too large");
    assert_eq!(found.items[0].code, Code::TooLarge);
    let found = load("bin.toml", b"name = 1\nab\xff\xfe = 2\n", &[]).expect_err("not text");
    assert_eq!(found.items[0].short(), "bin.toml:2:3: error[E0003]: the file is not UTF-8 text");
}

#[test]
fn totals_are_bounded() {
    let client = |i: usize, count: u32, idle: u32| {
        format!(
            "[[clients]]\nname = \"n{i}\"\ncount = {count}\nstart-jitter = \"1s\"\n\
             idle-watches = {idle}\nwatcher = {{ resource = \"pods\" }}\n"
        )
    };
    let many = |n: usize, count, idle| {
        let clients: Vec<String> = (0..n).map(|i| client(i, count, idle)).collect();
        let text = [SMALL, &clients.concat()].concat();
        load_with(&text, &["node.memory=64GiB"]).map_err(|found| found.items[0].code)
    };
    assert!(many(999, 1, 0).is_ok());
    assert_eq!(many(1000, 1, 0), Err(Code::TooMany));
    assert!(many(10, 1_000, 4_000).is_ok());
    assert_eq!(many(10, 10_000, 5_000), Err(Code::TotalTooLarge));
    assert_eq!(many(3, 1_000_000, 0), Err(Code::TotalTooLarge));
}
