//! The text of every code: why it is a mistake, a wrong example and the mended one. The examples are
//! fragments of a scenario, and a test loads them all.

use super::Example::{Command, Fragment, Manifest, Profile, Set, Vary};
use super::Explanation;
use super::text::{LEVEL, text};
use crate::language::tell::code::Code::{
    AfterTheEnd, BadConnection, BadExpectation, BadFigure, BadGrowth, BadName, BadOverride,
    BadQuantity, BadSpread, BadVary, DoesNotFit, DuplicateName, EmptyRange, FieldType, FieldValue,
    Inherits, ManifestFile, ManifestSyntax, Misplaced, MissingField, MissingKey, MoreThanMembers,
    NeedsCluster, NoSuchServer, NoSweep, NotAChoice, NotUncertain, NotUtf8, NotVariable,
    NothingToRemove, OneOf, OutOfBounds, OverrideTarget, ProtobufCustom, Refused, ShapeNeeded,
    Syntax, TooDeep, TooLarge, TooMany, TooManyPoints, TotalTooLarge, UnknownField, UnknownGate,
    UnknownKey, UnknownProfile, UnknownReference, UnknownRelease, UnknownVersion, Unreadable,
    VersionsOfBuiltIn, WrongType,
};

/// Of files and overrides.
static FILES: &[Explanation] = &[
    text(
        Unreadable,
        "There is no such file, it is a directory, or its permissions forbid reading. Paths are \
         relative to where oomcast is started.",
        Command("oomcast check scenarios/no-such.toml"),
        Command("oomcast check scenarios/ha-cascade.toml"),
    ),
    text(
        TooLarge,
        "A scenario is written by hand or imported; more than 4 MiB is another kind of file, given \
         by mistake. Large fleets and resources need no more lines than small ones.",
        Command("oomcast check etcd-snapshot.db"),
        Command("oomcast check scenarios/ha-cascade.toml"),
    ),
    text(
        NotUtf8,
        "TOML is UTF-8. An editor on Windows may have saved UTF-16 or Latin-1: save the file again \
         as UTF-8.",
        Command("oomcast check utf-16.toml"),
        Command("oomcast check scenarios/ha-cascade.toml"),
    ),
    text(
        Syntax,
        "The TOML parser could not continue here. Often a quote or a bracket is missing, the value of \
         a key is left out, or a string lacks its quotes. What follows on the same line is not \
         judged.",
        Fragment("[apiserver]\nversion = 1.32.4"),
        Fragment("[apiserver]\nversion = \"1.32\""),
    ),
    text(
        TooDeep,
        "A scenario needs four levels of tables and arrays; more than sixteen brackets or parts of \
         a dotted key inside one another are refused before anything is read.",
        Fragment("objects = [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"),
        Fragment("objects = { pods = { count = 1_000 } }"),
    ),
    text(
        BadOverride,
        "What follows --set is a dotted key, an equals sign and a value.",
        Set("apiserver.memory-limit"),
        Set("apiserver.memory-limit=16GiB"),
    ),
    text(
        OverrideTarget,
        "Clients, events and other list entries are addressed by name, and must exist to be \
         changed. Keys that a table does not have yet are added.",
        Set("clients.agent.count=100"),
        Set("clients.agents.count=100"),
    ),
];

/// Of keys and values.
static VALUES: &[Explanation] = &[
    text(
        UnknownKey,
        "No table takes keys that it does not know: a misspelt key would otherwise be ignored, and \
         the prediction would be of another cluster. `oomcast explain KEY` shows where a key belongs.",
        Fragment("[apiserver]\nmemory_limit = \"16GiB\""),
        Fragment("[apiserver]\nmemory-limit = \"16GiB\""),
    ),
    text(
        MissingKey,
        "This key has no default: without it there is nothing to simulate.",
        Fragment("[[clients]]\nname = \"dashboards\"\nwatcher = { resource = \"pods\" }"),
        Fragment(
            "[[clients]]\nname = \"dashboards\"\ncount = 10\nwatcher = { resource = \"pods\" }",
        ),
    ),
    text(
        WrongType,
        "Numbers and `true` and `false` are written without quotes; sizes, durations and names \
         with; a table has one pair of brackets and an array of tables two.",
        Fragment("[apiserver]\nreplicas = \"3\""),
        Fragment("[apiserver]\nreplicas = 3"),
    ),
    text(
        BadQuantity,
        "A quantity is a number and its unit, in quotes. Bytes as in Kubernetes: 512Mi, \
         16GiB, 16GB. Durations as in Go: 250ms, 1m30s. Rates: 5MB/s, 10Gbit/s, 100/s, \
         30/min. Shares: 15%.",
        Fragment("[apiserver]\nmemory-limit = \"16 gigs\""),
        Fragment("[apiserver]\nmemory-limit = \"16GiB\""),
    ),
    text(
        OutOfBounds,
        "The bounds of a key are the range in which the model is meaningful, or what Kubernetes \
         itself accepts.",
        Fragment("[apiserver]\nreplicas = 300"),
        Fragment("[apiserver]\nreplicas = 3"),
    ),
    text(
        NotAChoice,
        "The key takes one of a few words, in lower case.",
        Fragment("[balancer]\npolicy = \"leastconn\""),
        Fragment("[balancer]\npolicy = \"least-connections\""),
    ),
    text(
        OneOf,
        "A client is one thing: a reflector, a lister or a watcher; an event does one thing, or \
         only names a moment. Several things that happen at once are several events at one time.",
        Fragment(
            "[[clients]]\nname = \"agents\"\nlister = { resource = \"pods\" }\nwatcher = { resource \
             = \"pods\" }",
        ),
        Fragment("[[clients]]\nname = \"agents\"\nreflector = { resource = \"pods\" }"),
    ),
    text(
        BadName,
        "The scenario's name is that of its output folder; a resource goes by its lower-case \
         plural, as in `kubectl api-resources`; other names must not be empty or have control \
         characters.",
        Fragment("[objects.Secrets]\ncount = 100\nsize = \"2kB\""),
        Fragment("[objects.secrets]\ncount = 100\nsize = \"2kB\""),
    ),
    text(
        DuplicateName,
        "Reports, events and --set refer to entries by name, so the names of a kind must be unique.",
        Fragment(
            "[[expect]]\nname = \"no kill\"\nmetric = \"oom\"\nat-most = \"5%\"\n[[expect]]\nname = \
             \"no kill\"\nmetric = \"cascade\"\nat-most = \"1%\"",
        ),
        Fragment(
            "[[expect]]\nname = \"no kill\"\nmetric = \"oom\"\nat-most = \"5%\"\n[[expect]]\nname = \
             \"no cascade\"\nmetric = \"cascade\"\nat-most = \"1%\"",
        ),
    ),
    text(
        TooMany,
        "Bounds on the number of entries keep a generated file from exhausting the machine. Identical \
         clients are one entry with a count.",
        Fragment(
            "[sweep]\nvary = [\n  \"node.cores=1,2\", \"node.cores=1,2\", \"node.cores=1,2\", \
             \"node.cores=1,2\",\n  \"node.cores=1,2\", \"node.cores=1,2\", \"node.cores=1,2\", \
             \"node.cores=1,2\",\n  \"node.cores=1,2\", \"node.cores=1,2\", \"node.cores=1,2\", \
             \"node.cores=1,2\",\n  \"node.cores=1,2\", \"node.cores=1,2\", \"node.cores=1,2\", \
             \"node.cores=1,2\",\n  \"node.cores=1,2\",\n]",
        ),
        Fragment("[sweep]\nvary = [\"node.cores=1,2\"]"),
    ),
];

/// Of what several keys say together.
static TOGETHER: &[Explanation] = &[
    text(
        UnknownReference,
        "Clients read resources under [objects]; events move clients; published figures belong to \
         events. The name must exist, spelt the same way.",
        Fragment("[[clients]]\nname = \"agents\"\nreflector = { resource = \"pod\" }"),
        Fragment("[[clients]]\nname = \"agents\"\nreflector = { resource = \"pods\" }"),
    ),
    text(
        UnknownRelease,
        "What each Kubernetes minor does differently is known for the releases that `oomcast explain \
         apiserver.version` names. Patch releases do not count.",
        Fragment("[apiserver]\nversion = \"v1.32.4\""),
        Fragment("[apiserver]\nversion = \"1.32\""),
    ),
    text(
        UnknownGate,
        "The release came before the gate, or after it was removed: a real kube-apiserver would \
         refuse to start.",
        Fragment("[apiserver]\nversion = \"1.32\"\nfeature-gates = { EtcdRangeStream = true }"),
        Fragment("[apiserver]\nversion = \"1.37\"\nfeature-gates = { EtcdRangeStream = true }"),
    ),
    text(
        ProtobufCustom,
        "The API server encodes custom resources as JSON whatever the client asks for.",
        Fragment(
            "[objects.ciliumendpoints]\ncount = 1_000\nsize = \"2kB\"\nshape = \"custom\"\n\
             [[clients]]\nname = \"agents\"\nreflector = { resource = \"ciliumendpoints\", encoding \
             = \"protobuf\" }",
        ),
        Fragment(
            "[objects.ciliumendpoints]\ncount = 1_000\nsize = \"2kB\"\nshape = \"custom\"\n\
             [[clients]]\nname = \"agents\"\nreflector = { resource = \"ciliumendpoints\" }",
        ),
    ),
    text(
        ShapeNeeded,
        "What decoded objects weigh depends on what they are made of. For built-in resources that \
         is known; for others say \"custom\" (many fields) or \"custom-blob\" (one large string).",
        Fragment("[objects.ciliumendpoints]\ncount = 1_000\nsize = \"2kB\""),
        Fragment("[objects.ciliumendpoints]\ncount = 1_000\nsize = \"2kB\"\nshape = \"custom\""),
    ),
    text(
        AfterTheEnd,
        "The run ends before the event. Leave a few minutes after the last event, so that its \
         consequences show.",
        Fragment("[[events]]\nname = \"late\"\nat = \"15m\"\nkill = { apiserver = 0 }"),
        Fragment("[[events]]\nname = \"late\"\nat = \"5m\"\nkill = { apiserver = 0 }"),
    ),
    text(
        MoreThanMembers,
        "An event cannot start, stop or restart more members than the client's count.",
        Fragment("[[events]]\nname = \"rollout\"\nstart = { client = \"agents\", count = 5_000 }"),
        Fragment("[[events]]\nname = \"rollout\"\nstart = { client = \"agents\", count = 500 }"),
    ),
    text(
        BadConnection,
        "The reflectors of a process share its connection: one fleet has it, the others name that \
         fleet. The number of connections, and heartbeats, belong to the fleet that has them.",
        Fragment(
            "[[clients]]\nname = \"kubelets\"\ncount = 10\nreflector = { resource = \"pods\" }\n\
             [[clients]]\nname = \"more\"\ncount = 10\nconnection = \"kubelets\"\n\
             connections = 2\nreflector = { resource = \"pods\" }",
        ),
        Fragment(
            "[[clients]]\nname = \"kubelets\"\ncount = 10\nconnections = 2\n\
             reflector = { resource = \"pods\" }\n\
             [[clients]]\nname = \"more\"\ncount = 10\nconnection = \"kubelets\"\n\
             reflector = { resource = \"pods\" }",
        ),
    ),
    text(
        NoSuchServer,
        "Apiservers are counted from 0: with three replicas they are 0, 1 and 2.",
        Fragment("[[events]]\nname = \"kill\"\nat = \"2m\"\nkill = { apiserver = 3 }"),
        Fragment("[[events]]\nname = \"kill\"\nat = \"2m\"\nkill = { apiserver = 2 }"),
    ),
    text(
        TotalTooLarge,
        "Each figure may be valid and their product still not: objects times their size, members \
         times their watches. No etcd and no apiserver would work anywhere near these bounds.",
        Fragment("[objects.pods]\ncount = 1_000_000_000"),
        Fragment("[objects.pods]\ncount = 100_000"),
    ),
    text(
        DoesNotFit,
        "etcd, the system and the daemons take their share of the node's memory first; what is left \
         must be enough for an apiserver to exist.",
        Fragment("[node]\nmemory = \"1GiB\""),
        Fragment("[node]\nmemory = \"32GiB\""),
    ),
    text(
        VersionsOfBuiltIn,
        "A custom resource has a cache for each version of its definition; a built-in resource has \
         one.",
        Fragment("[objects.pods]\nversions = 2"),
        Fragment(
            "[objects.ciliumendpoints]\ncount = 1_000\nsize = \"2kB\"\nshape = \"custom\"\nversions \
             = 2",
        ),
    ),
    text(
        BadFigure,
        "A published figure is a value, or has bounds, in the unit of its metric: a size, a \
         duration, or true or false for \"oom\".",
        Fragment("[[published]]\nmetric = \"oom\"\nvalue = \"16GiB\"\nsource = \"KEP-3157\""),
        Fragment("[[published]]\nmetric = \"oom\"\nvalue = true\nsource = \"KEP-3157\""),
    ),
    text(
        BadSpread,
        "An uncertain value is a range (\"3 to 8\": 90 of 100 draws are in between), two quantiles, \
         or a named distribution with all its figures.",
        Fragment("[[clients]]\nname = \"agents\"\ncount = { p50 = 600 }"),
        Fragment("[[clients]]\nname = \"agents\"\ncount = { p50 = 600, p95 = 900 }"),
    ),
    text(
        NotUncertain,
        "Replications with different values of such a key could not be put into one summary: how \
         long a run is, how many servers it has.",
        Fragment("[apiserver]\nreplicas = \"3 to 5\""),
        Fragment("[apiserver]\nreplicas = 3"),
    ),
    text(
        BadExpectation,
        "The probability of an outcome has a bound and no quantile. A figure that each run has, \
         such as the peak, is judged at a quantile over the runs.",
        Fragment("[[expect]]\nname = \"room\"\nmetric = \"peak\"\nat-most = \"12GiB\""),
        Fragment(
            "[[expect]]\nname = \"room\"\nmetric = \"peak\"\nquantile = \"95%\"\nat-most = \"12GiB\"",
        ),
    ),
];

/// Of manifests, and of what the API server refuses.
static MANIFESTS: &[Explanation] = &[
    text(
        ManifestFile,
        "Manifests are files beside the scenario; their paths are relative to it (to the working \
         directory, where the scenario comes from standard input).",
        Fragment("[apf]\nmanifests = [\"no-such.yaml\"]"),
        Fragment("[apf]\nmanifests = [\"m.yaml\"]"),
    ),
    text(
        ManifestSyntax,
        "A manifest is what `kubectl get flowschemas,prioritylevelconfigurations -o yaml` prints, \
         or JSON. Templates must be rendered first.",
        Manifest("spec:\n  type: Limited: yes"),
        Manifest(LEVEL),
    ),
    text(
        UnknownField,
        "The API server would drop the field, or refuse the object.",
        Manifest(
            "apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: { name: slow-lane }
spec:
  type: Limited
  limited:
    assuredConcurrencyShares: 5
    limitResponse: { type: Reject }",
        ),
        Manifest(LEVEL),
    ),
    text(
        MissingField,
        "The API server would refuse the object without it.",
        Manifest(
            "apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: { name: slow-lane }
spec:
  type: Limited
  limited: { nominalConcurrencyShares: 5 }",
        ),
        Manifest(LEVEL),
    ),
    text(
        FieldType,
        "Numbers are written without quotes, lists in brackets or with dashes.",
        Manifest(
            "apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: { name: slow-lane }
spec:
  type: Limited
  limited:
    nominalConcurrencyShares: \"5\"
    limitResponse: { type: Reject }",
        ),
        Manifest(LEVEL),
    ),
    text(
        FieldValue,
        "The API knows a few words here, in exactly this case, or a range of numbers.",
        Manifest(
            "apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: { name: slow-lane }
spec:
  type: Limited
  limited:
    nominalConcurrencyShares: 5
    limitResponse: { type: reject }",
        ),
        Manifest(LEVEL),
    ),
    text(
        UnknownVersion,
        "flowcontrol.apiserver.k8s.io has v1beta1, v1beta2, v1beta3 and v1.",
        Manifest(
            "apiVersion: flowcontrol.apiserver.k8s.io/v2
kind: PriorityLevelConfiguration
metadata: { name: slow-lane }
spec:
  type: Limited
  limited:
    nominalConcurrencyShares: 5
    limitResponse: { type: Reject }",
        ),
        Manifest(LEVEL),
    ),
    text(
        Refused,
        "The validation of the API server would not let the object in, so no cluster has it.",
        Fragment("[[apf.levels]]\nname = \"slow-lane\"\nqueues = 4\nhand-size = 8"),
        Fragment("[[apf.levels]]\nname = \"slow-lane\"\nqueues = 64\nhand-size = 8"),
    ),
];

/// Of what a scenario is composed of.
static COMPOSED: &[Explanation] = &[
    text(
        Inherits,
        "What is inherited is a file, its path relative to the file that names it, or a preset as \
         `oomcast presets` lists them. No file may lead back to itself.",
        Fragment("inherits = \"preset:object\""),
        Fragment(
            "inherits = \"preset:fleet-kubelet\"\n[cluster]\nnodes = 100\npods-per-node = 30\nnamespaces = 10",
        ),
    ),
    text(
        UnknownProfile,
        "--profile applies [profiles.NAME] on top of the file; the file must have that profile.",
        Profile("large"),
        Fragment("[hardware]\ncpu-speed = 2.0"),
    ),
    text(
        NothingToRemove,
        "`remove` drops what a lower layer gives: an entry of that name, or keys of a table. A name \
         that is not there was probably misspelt.",
        Fragment("[[clients]]\nname = \"agent\"\nremove = true"),
        Fragment("[apiserver]\nremove = [\"memory-limit\"]"),
    ),
    text(
        NeedsCluster,
        "`per` multiplies a count by how many nodes, pods or namespaces there are: [cluster] says so.",
        Fragment("[objects.pods]\ncount = 30\nper = \"namespace\""),
        Fragment("[cluster]\nnamespaces = 50\n[objects.pods]\ncount = 30\nper = \"namespace\""),
    ),
    text(
        Misplaced,
        "What a file inherits, and its profiles, are given at the top level of the file itself: \
         overlays, profiles and --set come later.",
        Set("inherits=preset:fleet-kubelet"),
        Set("hardware.cpu-speed=2.0"),
    ),
];

/// Of what is varied.
static VARIED: &[Explanation] = &[
    text(
        BadVary,
        "What to vary is a key with a list of values, or with a range and its step: 1..9:2 adds, \
         1..64:x2 multiplies, 1..9 alone is for designs that draw points.",
        Vary("clients.agents.count"),
        Vary("clients.agents.count=100..1000:100"),
    ),
    text(
        NotVariable,
        "Only keys that hold one value can be varied, and over a range only those that hold a \
         number.",
        Vary("apiserver.version=1.28..1.34"),
        Vary("apiserver.version=1.28,1.32,1.34"),
    ),
    text(
        EmptyRange,
        "The range ends before it begins, or its first step leads past its end.",
        Vary("clients.agents.count=1000..100:100"),
        Vary("clients.agents.count=100..1000:100"),
    ),
    text(
        TooManyPoints,
        "A list or range has at most 10 000 values; use a larger step, or a design that draws.",
        Vary("objects.pods.count=0..1000000000:1"),
        Vary("objects.pods.count=10_000..100_000:10_000"),
    ),
    text(
        NoSweep,
        "A sweep needs keys to vary, each once; a grid needs steps, a drawn design the number of \
         points.",
        Fragment("[sweep]\nvary = [\"clients.agents.count=100..1000\"]"),
        Fragment("[sweep]\nvary = [\"clients.agents.count=100..1000:100\"]"),
    ),
    text(
        BadGrowth,
        "What grows is a key that holds a number, each once, with a rate and its period: +4% per month \
         compounds, +200 per week adds, +2% to 6% per month is not known exactly. `from` is a day.",
        Fragment("[growth]\nrates = [\"clients.agents.count=+4%\"]"),
        Fragment("[growth]\nrates = [\"clients.agents.count=+4% per month\"]"),
    ),
];

/// All texts.
pub(super) fn all() -> impl Iterator<Item = &'static Explanation> {
    let groups: [&[Explanation]; 7] =
        [FILES, VALUES, TOGETHER, MANIFESTS, COMPOSED, VARIED, super::lints::LINTS];
    groups.into_iter().flatten()
}
