//! Planted mistakes of all kinds: each gives one finding, at the right line and column, with the right
//! advice. `«` marks the place that must be pointed at; it is taken out before loading.

use oomcast::scenario::{
    Diagnostics, Layers, Overlay, Severity, Vary, load, load_file, load_file_with,
};

use super::{VALID, folder};

const MARK: char = '«';

/// In the valid scenario: what is replaced, by what, the code, what must be said (in the message, at
/// the place or as help).
const PLANTED: &[(&str, &str, &str, &str)] = &[
    // Keys that do not exist, at each level.
    ("name = \"everything\"", "«nmae = \"everything\"", "E0101", "did you mean `name`?"),
    ("[balancer]", "[«loadbalancer]", "E0101", "did you mean `balancer`?"),
    ("memory-limit =", "«memry-limit =", "E0101", "did you mean `memory-limit`?"),
    ("memory-limit =", "«memory_limit =", "E0101", "did you mean `memory-limit`?"),
    ("memory-limit =", "«memoryLimit =", "E0101", "did you mean `memory-limit`?"),
    (
        "replicas = 3",
        "replicas = 3\n«read-rate = \"1MB/s\"",
        "E0101",
        "elsewhere: `etcd.read-rate`",
    ),
    ("latency =", "«latancy =", "E0101", "did you mean `latency`?"),
    ("writes =", "«write =", "E0101", "did you mean `writes`?"),
    ("idle-watches = 3", "«idle-watchs = 3", "E0101", "did you mean `idle-watches`?"),
    ("watcher = {", "«wacher = {", "E0101", "did you mean `watcher`?"),
    ("watcher = { resource", "watcher = { «resuorce", "E0101", "did you mean `resource`?"),
    ("limit = 500,", "«limti = 500,", "E0101", "did you mean `limit`?"),
    ("lasts = \"30s\"", "«last = \"30s\"", "E0101", "did you mean `lasts`?"),
    ("tolerance = \"15%\"", "«tolerence = \"15%\"", "E0101", "did you mean `tolerance`?"),
    ("severity = ", "«severty = ", "E0101", "did you mean `severity`?"),
    // Keys that are missing.
    ("[run]\nduration = \"20m\"", "«[run]", "E0102", "`duration` is missing"),
    ("[run]\nduration = \"20m\"", "", "E0102", "add [run]"),
    ("size = \"1MiB\"\n", "", "E0102", "`size` is missing"),
    ("name = \"agents\"\n", "", "E0102", "`name` is missing"),
    ("lasts = \"2m\"", "", "E0102", "`lasts` is missing"),
    ("source = \"KEP-3157\"\n\n[[expect]]", "\n[[expect]]", "E0102", "`source` is missing"),
    // Other types.
    ("replicas = 3", "replicas = «\"3\"", "E0103", "write the number without quotes"),
    ("replicas = 3", "replicas = «3.0", "E0103", "this is a float"),
    ("count = 400", "count = «true", "E0103", "this is a boolean"),
    ("name = \"agents\"", "name = «5", "E0103", "a name in quotes"),
    ("version = \"1.32\"", "version = «1.32", "E0103", "write the release in quotes"),
    ("pause = \"10s\"", "all-pages = «\"yes\"", "E0103", "`true` or `false`"),
    // Wrong nesting.
    ("[node]\nmemory = \"32GiB\"", "«[[node]]\nmemory = \"32GiB\"", "E0103", "write `[node]`"),
    (
        "[objects.secrets]\ncount = 400\nsize = \"1MiB\"",
        "[objects]\nsecrets = «400",
        "E0103",
        "write one table each",
    ),
    ("watcher = { resource = \"pods\" }", "watcher = «\"pods\"", "E0103", "must be a table"),
    (
        "feature-gates = { WatchList = true, ConcurrentWatchObjectDecode = true }",
        "feature-gates = «[\"WatchList\"]",
        "E0103",
        "{ WatchList = true }",
    ),
    ("WatchList = true", "WatchList = «\"on\"", "E0103", "`true` or `false`"),
    // Quantities.
    ("memory = \"32GiB\"", "memory = «32", "E0104", "needs a unit"),
    ("memory = \"32GiB\"", "memory = «\"500m\"", "E0104", "means a thousandth"),
    ("memory = \"32GiB\"", "memory = «\"32 gigs\"", "E0104", "such as \"16GiB\""),
    ("memory = \"32GiB\"", "memory = «\"-32GiB\"", "E0104", "negative"),
    ("duration = \"20m\"", "duration = «\"20 minutes\"", "E0104", "\"1m30s\""),
    ("duration = \"20m\"", "duration = «\"20\"", "E0104", "\"1m30s\""),
    ("drain-rate = \"5MB/s\"", "drain-rate = «\"5MB\"", "E0104", "\"5MB/s\""),
    ("writes = \"600/min\"", "writes = «\"600/fortnight\"", "E0104", "\"100/s\""),
    ("selected = \"0.1%\"", "selected = «0.1", "E0104", "\"15%\""),
    ("selected = \"0.1%\"", "selected = «\"0.1\"", "E0104", "the `%` is missing"),
    ("cpu-limit = \"4\"", "cpu-limit = «\"4 cores\"", "E0104", "\"500m\""),
    // Bounds.
    ("replicas = 3", "replicas = «33", "E0105", "between 1 and 32"),
    ("count = 400", "count = «-1", "E0105", "between 0 and 1_000_000_000"),
    ("memory = \"32GiB\"", "memory = «\"1MiB\"", "E0105", "between 64MiB and"),
    ("duration = \"20m\"", "duration = «\"90000d\"", "E0105", "and 30d"),
    ("speed = 0.1", "speed = «0", "E0105", "between 0.001 and 1"),
    ("selected = \"0.1%\"", "selected = «\"101%\"", "E0105", "between 0 and 100"),
    ("schema = 1", "schema = «2", "E0105", "must be 1"),
    ("quantile = \"95%\"", "quantile = «\"100%\"", "E0105", "between 0% and 100%"),
    // Words.
    (
        "policy = \"round-robin\"",
        "policy = «\"round_robin\"",
        "E0106",
        "did you mean \"round-robin\"?",
    ),
    (
        "start = \"stopped\"\ndrain",
        "start = «\"stoped\"\ndrain",
        "E0106",
        "did you mean \"stopped\"?",
    ),
    ("metric = \"oom\"\nat-most", "metric = «\"omm\"\nat-most", "E0106", "did you mean \"oom\"?"),
    // Conflicts.
    (
        "watcher = { resource = \"pods\" }",
        "watcher = { resource = \"pods\" }\n«lister = { resource = \"pods\" }",
        "E0107",
        "give one of",
    ),
    (
        "kill = { apiserver = 0 }",
        "kill = { apiserver = 0 }\n«roll = { every = \"1m\" }",
        "E0107",
        "give one of",
    ),
    ("watcher = { resource = \"pods\" }\n", "", "E0107", "needs one of"),
    ("value = false", "value = false\nat-least = «true", "E0212", "one too many"),
    (
        "at-most = \"5%\"",
        "at-most = \"5%\"\nat-least = «\"1%\"",
        "E0215",
        "write a second [[expect]]",
    ),
    (
        "metric = \"oom\"\nat-most = \"5%\"",
        "metric = \"oom\"\nquantile = «\"50%\"\nat-most = \"5%\"",
        "E0215",
        "leave it out",
    ),
    // Names.
    (
        "name = \"everything\"",
        "name = «\"../everything\"",
        "E0108",
        "starts with a letter or digit",
    ),
    ("[objects.secrets]", "[objects.«Secrets]", "E0108", "in lower case"),
    ("name = \"agents\"", "name = «\"informers\"", "E0109", "the second"),
    ("name = \"roll\"", "name = «\"kill\"", "E0109", "two events are named `kill`"),
    ("name = \"room to spare\"", "name = «\"no kill\"", "E0109", "two expectations"),
    // References.
    (
        "watcher = { resource = \"pods\" }",
        "watcher = { resource = «\"pod\" }",
        "E0201",
        "did you mean \"pods\"?",
    ),
    (
        "stop = { client = \"dumps\"",
        "stop = { client = «\"dmups\"",
        "E0201",
        "did you mean \"dumps\"?",
    ),
    (
        "phase = \"8 informers\"",
        "phase = «\"9 informers\"",
        "E0201",
        "did you mean \"8 informers\"?",
    ),
    // Releases and gates.
    ("version = \"1.32\"", "version = «\"1.27\"", "E0202", "from \"1.28\" to \"1.37\""),
    ("version = \"1.32\"", "version = «\"v1.32.4\"", "E0202", "write \"1.32\""),
    ("WatchList = true", "«EtcdRangeStream = true", "E0203", "it came with 1.37"),
    ("WatchList = true", "«WatchLists = true", "E0203", "did you mean `WatchList`?"),
    // What several keys say together.
    (
        "resource = \"ciliumendpoints\",",
        "resource = \"ciliumendpoints\", encoding = «\"protobuf\",",
        "E0204",
        "write encoding = \"json\"",
    ),
    (
        "[objects.ciliumendpoints]\ncount = 60_000\nsize = \"2KiB\"\nshape = \"custom\"\n",
        "[objects.«ciliumendpoints]\ncount = 60_000\nsize = \"2KiB\"\n",
        "E0205",
        "add shape = \"custom\"",
    ),
    ("count = 8 }", "count = «17 }", "E0207", "has 16 members, not 17"),
    ("kill = { apiserver = 0 }", "kill = { apiserver = «3 }", "E0208", "counted from 0 to 2"),
    ("writes = \"600/min\"", "versions = «2", "E0211", "only custom resources"),
    ("value = \"9.24GB\"", "value = «\"20m\"", "E0212", "must be a size"),
    // Order.
    ("at = \"16m\"", "at = «\"20m\"", "E0206", "too late"),
    ("gomemlimit = \"14GiB\"", "gomemlimit = «\"17GiB\"", "W0307", "never reached"),
    // Uncertain values.
    ("count = 2_000", "count = «\"3_000 to 2_000\"", "E0213", "write the smaller value first"),
    (
        "count = 2_000",
        "count = { dist = «\"unifrom\", from = 1, to = 3 }",
        "E0213",
        "did you mean \"uniform\"?",
    ),
    (
        "count = 2_000",
        "count = { dist = \"uniform\", «form = 1, to = 3 }",
        "E0213",
        "did you mean `from`?",
    ),
    ("replicas = 3", "replicas = «\"3 to 5\"", "E0214", "cannot be uncertain"),
    // Sweeps.
    (
        "[[published]]\nphase",
        "[sweep]\nvary = [\"clients.«agent.count=1,2\"]\n[[published]]\nphase",
        "E0007",
        "did you mean `agents`?",
    ),
    (
        "[[published]]\nphase",
        "[sweep]\nvary = [\"apiserver.«memry-limit=1GiB,2GiB\"]\n[[published]]\nphase",
        "E0101",
        "did you mean `memory-limit`?",
    ),
    (
        "[[published]]\nphase",
        "[sweep]\nvary = [\"apiserver.version=«1.28..1.34\"]\n[[published]]\nphase",
        "E0402",
        "no ranges",
    ),
    (
        "[[published]]\nphase",
        "[sweep]\nvary = [\"clients.agents.count=«64..4:4\"]\n[[published]]\nphase",
        "E0403",
        "ends before it begins",
    ),
    (
        "[[published]]\nphase",
        "[sweep]\nvary = «[\"node.cores=1..8\"]\n[[published]]\nphase",
        "E0405",
        "A..B:step",
    ),
    // TOML itself.
    ("replicas = 3", "replicas = «= 3", "E0004", ""),
    ("replicas = 3", "replicas = 3\n«replicas = 2", "E0004", "duplicate"),
    ("name = \"agents\"", "name = \"agents«", "E0004", ""),
];

/// The text without the mark, and where that was: line and column from 1. Without a mark only the code
/// and the advice are judged.
fn unmarked(text: &str) -> (String, Option<(usize, usize)>) {
    let Some(at) = text.find(MARK) else {
        return (text.to_owned(), None);
    };
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (text.replace(MARK, ""), Some((line, column)))
}

/// What is wrong with the findings about a planted mistake.
fn judged(
    found: &Diagnostics,
    file: &str,
    at: Option<(usize, usize)>,
    (code, said): (&str, &str),
) -> Option<String> {
    let [one] = found.items.as_slice() else {
        return Some(format!("{} findings:\n{found}", found.items.len()));
    };
    let place = &one.primary.place;
    let there = at.is_none_or(|at| at == (place.line, place.column)) && place.file.ends_with(file);
    let texts = [&one.message, &one.primary.text, one.help.as_ref().unwrap_or(&one.message)];
    let advised = texts.iter().any(|text| text.contains(said));
    (one.code.id() != code || !there || !advised)
        .then(|| format!("wanted {code} at {file}:{at:?} saying {said:?}:\n{found}"))
}

fn findings(loaded: Result<oomcast::scenario::Scenario, Diagnostics>) -> Diagnostics {
    match loaded {
        Ok(scenario) => Diagnostics { items: scenario.notes, hidden: 0 },
        Err(found) => found,
    }
}

#[test]
fn each_planted_mistake_is_one_finding_at_its_place() {
    assert!(PLANTED.len() >= 60);
    let mut wrong = Vec::new();
    for (from, to, code, said) in PLANTED {
        assert!(VALID.contains(from), "`{from}` is not in the valid scenario");
        let (text, at) = unmarked(&VALID.replacen(from, to, 1));
        let found = findings(load("s.toml", text.as_bytes(), &[]));
        wrong.extend(judged(&found, "s.toml", at, (code, said)).map(|why| format!("{to}\n{why}")));
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// As above; what is planted stands in an override.
const IN_SET: &[(&str, &str, &str)] = &[
    ("«apiserver.replicas", "E0006", "of the form key=value"),
    ("apiserver.«replcas=3", "E0101", "did you mean `replicas`?"),
    ("apiserver.replicas=«99", "E0105", "between 1 and 32"),
    ("clients.«informer.count=3", "E0007", "did you mean `informers`?"),
    ("clients.informers.drain-rate=«5", "E0104", "such as \"5MB/s\""),
    ("clients.informers.reflector.resource=«secret", "E0201", "did you mean \"secrets\"?"),
    ("balancer.policy=«robin", "E0106", "\"round-robin\""),
    ("x=«[[[[[[[[[[[[[[[[[[", "E0005", "nests too deeply"),
];

#[test]
fn overrides_are_pointed_at() {
    let mut wrong = Vec::new();
    for (set, code, said) in IN_SET {
        let (set, at) = unmarked(set);
        let found = findings(load("s.toml", VALID.as_bytes(), std::slice::from_ref(&set)));
        wrong.extend(judged(&found, "--set", at, (code, said)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// In an overlay.
const IN_OVERLAY: &[(&str, &str, &str)] = &[
    ("[hardware]\ncpu-speed = «\"fast\"\n", "E0103", "a number"),
    ("[hardware]\n«netwrk = \"1GB/s\"\n", "E0101", "did you mean `network`?"),
    ("[[clients]]\nname = \"agents\"\ncount = «0\n", "E0105", "between 1 and 1_000_000"),
    ("[hardware«\n", "E0004", ""),
];

#[test]
fn overlays_are_pointed_at() {
    let place = folder("overlays");
    let path = place.join("s.toml");
    std::fs::write(&path, VALID).expect("writes");
    let mut wrong = Vec::new();
    for (overlay, code, said) in IN_OVERLAY {
        let (text, at) = unmarked(overlay);
        let overlay = Overlay { name: "over.toml".to_owned(), text: text.into_bytes() };
        let layers = Layers { overlays: &[overlay], ..Layers::default() };
        let found = findings(load_file_with(&path, layers));
        wrong.extend(judged(&found, "over.toml", at, (code, said)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

const LEVEL: &str = "apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata:
  name: slow-lane
spec:
  type: Limited
  limited:
    nominalConcurrencyShares: 10
    limitResponse:
      type: Queue
      queuing:
        queues: 32
        handSize: 4
        queueLengthLimit: 20
";

/// In a manifest.
const IN_MANIFEST: &[(&str, &str, &str, &str)] = &[
    ("    nominal", "    «nomnal", "E0303", "it is `nominalConcurrencyShares`"),
    ("queues: 32", "queues: «many", "E0305", "this is"),
    ("type: Queue", "type: «Quue", "E0306", "did you mean"),
    ("k8s.io/v1\n", "k8s.io/v2\n", "E0307", ""),
    ("handSize: 4", "handSize: «40", "E0308", ""),
    ("  type: Limited\n", "  type: Limited: yes\n", "E0302", ""),
];

#[test]
fn manifests_are_pointed_at() {
    let place = folder("manifests");
    let scenario = format!("{VALID}\n[apf]\nmanifests = [\"m.yaml\"]\n");
    std::fs::write(place.join("s.toml"), scenario).expect("writes");
    let mut wrong = Vec::new();
    for (from, to, code, said) in IN_MANIFEST {
        assert!(LEVEL.contains(from), "{from}");
        let (text, at) = unmarked(&LEVEL.replacen(from, to, 1));
        std::fs::write(place.join("m.yaml"), text).expect("writes");
        let found = findings(load_file(&place.join("s.toml"), &[]));
        wrong.extend(judged(&found, "m.yaml", at, (code, said)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// In what `--vary` says.
const IN_VARY: &[(&str, &str, &str)] = &[
    ("«clients.agents.count", "E0401", "of the form key=values"),
    ("apiserver.«memry-limit=1GiB,2GiB", "E0101", "did you mean `memory-limit`?"),
    ("run.«seed=1,2", "E0402", "share the seed"),
    ("clients.a.count=4..8:«0", "E0403", "above zero"),
    ("apiserver.memory-limit=8GiB..«16", "E0104", "must be a size"),
];

#[test]
fn what_is_varied_is_pointed_at() {
    let mut wrong = Vec::new();
    for (vary, code, said) in IN_VARY {
        let (vary, at) = unmarked(vary);
        let found = Vary::parse(&vary).expect_err("a mistake");
        wrong.extend(judged(&found, "--vary", at, (code, said)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn encodings_are_pointed_at() {
    let with = |bytes: &[u8]| {
        let text = [b"name = \"a\"\nb = \"".as_slice(), bytes, b"\"\n"].concat();
        findings(load("s.toml", &text, &[]))
    };
    for bytes in [b"\xff".as_slice(), b"\xc3(", b"\xed\xa0\x80"] {
        let wrong = judged(&with(bytes), "s.toml", Some((2, 6)), ("E0003", "not UTF-8"));
        assert_eq!(wrong, None);
    }
    let utf16: Vec<u8> = VALID.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [b"\xff\xfe".as_slice(), &utf16].concat();
    let found = findings(load("s.toml", &marked, &[]));
    assert_eq!(judged(&found, "s.toml", Some((1, 1)), ("E0003", "not UTF-8")), None);
}

/// Mistakes of different kinds do not hide one another: all that are planted at once are found at
/// once, each at its place.
#[test]
fn ten_in_one_file_are_ten() {
    let ten = [
        "memory-limit =",
        "memory = \"32GiB\"",
        "latency =",
        "policy = \"round-robin\"",
        "writes =",
        "count = 2_000",
        "limit = 500,",
        "kill = { apiserver = 0 }",
        "phase = \"8 informers\"",
        "severity = ",
    ];
    let mut text = VALID.to_owned();
    let mut codes = Vec::new();
    for from in ten {
        let (_, to, code, _) =
            PLANTED.iter().find(|(planted, ..)| *planted == from).expect("is planted");
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
        codes.push(*code);
    }
    let lines: Vec<(usize, usize)> = text
        .lines()
        .enumerate()
        .filter_map(|(i, line)| {
            Some((i + 1, line.chars().take_while(|c| *c != MARK).count() + 1))
                .filter(|_| line.contains(MARK))
        })
        .collect();
    let found = findings(load("s.toml", text.replace(MARK, "").as_bytes(), &[]));
    let errors: Vec<_> = found.items.iter().filter(|d| d.severity == Severity::Error).collect();
    let places: Vec<_> =
        errors.iter().map(|d| (d.primary.place.line, d.primary.place.column)).collect();
    assert_eq!(places, lines, "{found}");
    let mut told: Vec<&str> = errors.iter().map(|d| d.code.id()).collect();
    told.sort_unstable();
    codes.sort_unstable();
    assert_eq!(told, codes);
}

/// The seeds of the fuzz target (`fuzz/README.md`): what ships, what the tests use, what is planted.
#[test]
fn seeds_are_written() {
    let place = folder("seeds");
    let mut seeds: Vec<String> =
        vec![VALID.to_owned(), include_str!("../../data/storm.toml").to_owned()];
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for entry in std::fs::read_dir(shipped).expect("the scenarios") {
        let path = entry.expect("readable").path();
        if path.extension().is_some_and(|e| e == "toml") {
            seeds.push(std::fs::read_to_string(path).expect("readable"));
        }
    }
    seeds.extend(PLANTED.iter().map(|(from, to, ..)| VALID.replacen(from, to, 1)));
    seeds.extend(IN_SET.iter().map(|(set, ..)| format!("#--set {set}\n{VALID}")));
    seeds.extend(IN_VARY.iter().map(|(vary, ..)| format!("#--vary {vary}\n")));
    seeds.extend(IN_OVERLAY.iter().map(|(text, ..)| (*text).to_owned()));
    for (i, seed) in seeds.iter().enumerate() {
        std::fs::write(place.join(format!("{i:03}.toml")), seed.replace(MARK, "")).expect("writes");
    }
    assert!(seeds.len() > 100);
}
