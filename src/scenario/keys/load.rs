//! The root table, and the keys of objects and clients.

use super::Presence::{Default, Derived, Optional, Required};
use super::cluster::{CLUSTER_KEY, INHERITS, OWN_NODE, PER, PROFILES, WRITES_PER};
use super::events::{EVENT, PUBLISHED};
use super::expect::EXPECT;
use super::server::SECTIONS;
use super::sweep::SWEEP;
use super::workloads::WORKLOAD;
use super::{Family, Key, Kind, NameForm, OneOf, Table, integer, key, percent, rate, size, span};
use crate::language::tell::code::Code;
use crate::model::release::CLIENT_VERSIONS;
use crate::units::{Bytes, SimSpan};

/// A scenario.
pub static ROOT: Table = Table {
    what: "the scenario",
    one_of: None,
    keys: &[
        key("schema", integer(1, 1), Required, "Version of the scenario format: 1."),
        key(
            "name",
            Kind::Name(NameForm::Slug),
            Required,
            "Names the scenario and its output folder.",
        ),
        key("description", Kind::Text { max: 65_536 }, Default("\"\""), "What it shows.")
            .example("\"A rollout to 200 nodes.\""),
        INHERITS,
        PROFILES,
        CLUSTER_KEY,
        SECTIONS[0],
        SECTIONS[1],
        SECTIONS[2],
        SECTIONS[3],
        SECTIONS[4],
        SECTIONS[5],
        SECTIONS[6],
        SECTIONS[7],
        key(
            "objects",
            Kind::Named { table: &OBJECTS, names: NameForm::Plural, max: 1000 },
            Optional,
            "The resources stored, by plural name.",
        )
        .codes(&[Code::ShapeNeeded]),
        key("clients", Kind::List { table: &CLIENT, max: 1000 }, Optional, "The client fleets."),
        key("events", Kind::List { table: &EVENT, max: 10_000 }, Optional, "What happens when."),
        key(
            "published",
            Kind::List { table: &PUBLISHED, max: 10_000 },
            Optional,
            "Published figures to show beside the prediction.",
        ),
        key(
            "expect",
            Kind::List { table: &EXPECT, max: 1000 },
            Optional,
            "What must hold; without any, nothing is judged.",
        ),
        SWEEP,
        key(
            "workloads",
            Kind::List { table: &WORKLOAD, max: 1000 },
            Optional,
            "What writes, creates and deletes objects.",
        ),
    ],
};

static OBJECTS: Table = Table {
    what: "a resource",
    one_of: None,
    keys: &[
        key("count", integer(0, 1_000_000_000), Required, "Objects stored.").codes(&[Code::BeyondTested, Code::TotalTooLarge]),
        PER,
        key(
            "size",
            size(Bytes(1), Bytes::mib(64)),
            Required,
            "Mean stored size: protobuf, or JSON for custom resources.",
        ).codes(&[Code::LargeObject, Code::BeyondTested]),
        key(
            "shape",
            Kind::Choice(&["blob", "typed", "custom", "custom-blob"]),
            Derived("known for built-in resources; must be stated for others"),
            "What the objects are made of.",
        ).codes(&[Code::ShapeNeeded]),
        key(
            "group",
            Kind::Text { max: 253 },
            Derived("known for built-in resources, else custom.example.com"),
            "Its API group; \"\": core.",
        ).example("\"cilium.io\""),
        key("json-size", size(Bytes(1), Bytes::gib(1)), Optional, "Mean JSON size, where known."),
        key(
            "heap-size",
            size(Bytes(1), Bytes::gib(1)),
            Optional,
            "Mean decoded heap size, where known.",
        ),
        key(
            "versions",
            integer(1, 32),
            Default("1"),
            "Versions of a custom resource, each with a cache.",
        ).codes(&[Code::VersionsOfBuiltIn]),
        key(
            "writes",
            Kind::PerSecond { max: 1e6 },
            Default("0/s"),
            "Steady writes to objects of the resource.",
        ),
        WRITES_PER,
        key(
            "writer",
            Kind::Text { max: 1024 },
            Derived(
                "a kubelet of pods, nodes, leases and events, else the controller manager of built-in resources, else a service account of its own",
            ),
            "The user who writes them, whose priority level has to find the seats.",
        ).example("\"system:serviceaccount:kube-system:agents\""),
        key(
            "watch-cache",
            Kind::Flag,
            Derived("true, but false for events"),
            "Whether the watch cache is enabled for it.",
        ),
    ],
};

static CLIENT: Table = Table {
    what: "a client",
    one_of: Some(OneOf { keys: &["reflector", "lister", "watcher"], required: true }),
    keys: &[
        key("name", Kind::Name(NameForm::Free), Required, "Its name.").codes(&[Code::DuplicateName]),
        key("count", integer(1, 1_000_000), Required, "Members of the fleet.").codes(&[Code::TotalTooLarge, Code::NoJitter]),
        PER,
        key(
            "start",
            Kind::Choice(&["running", "stopped"]),
            Default("running"),
            "Whether members are connected and synced at the start, or wait for an event.",
        ).codes(&[Code::NeverStarts]),
        key(
            "start-jitter",
            span(SimSpan::ZERO),
            Default("0s"),
            "Members start spread uniformly over this span.",
        ).codes(&[Code::NoJitter]),
        key("drain-rate", rate(), Optional, "How fast a member reads from the network."),
        key("decode-rate", rate(), Optional, "How fast a member decodes."),
        key(
            "idle-watches",
            integer(0, 10_000),
            Default("0"),
            "Idle watches each member holds besides.",
        ),
        key(
            "retries",
            Kind::Choice(&["client-go", "back-off", "never"]),
            Default("client-go"),
            "What follows a refused or lost call; the REST layer of client-go makes it again.",
        ),
        key(
            "client-version",
            Kind::Choice(&CLIENT_VERSIONS),
            Optional,
            "The Kubernetes release whose client-go it was built with; left out: that of the servers.",
        ),
        key(
            "user",
            Kind::Text { max: 1024 },
            Derived(
                "that of the component of its name (kubelets, kube-proxy, kube-scheduler, kube-controller-manager), else the service account of its name in the namespace default",
            ),
            "The user as whom members are authenticated; {member} in it makes each a user of its own.",
        ).example("\"system:node:{member}\""),
        key(
            "groups",
            Kind::Texts { max: 100 },
            Derived("those the user has in Kubernetes, by the form of its name"),
            "The user's groups.",
        ).example("[\"system:nodes\"]"),
        key(
            "flow-schema",
            Kind::Name(NameForm::Subdomain),
            Optional,
            "The flow schema it falls under, whatever its user.",
        ).example("\"node-agents\""),
        key(
            "reflector",
            Kind::Table(&REFLECTOR),
            Optional,
            "A client-go reflector: lists, then watches.",
        ),
        key("lister", Kind::Table(&LISTER), Optional, "Lists, and does not watch."),
        key("watcher", Kind::Table(&WATCHER), Optional, "Holds a watch and nothing else."),
        key(
            "connection",
            Kind::Refer(Family::Client),
            Optional,
            "The fleet whose connections its members use, as reflectors of the same processes do: member i that of member i there, modulo the count.",
        ),
        key(
            "connections",
            integer(1, 1000),
            Optional,
            "TCP connections of a member, all to one server: one for each 100 watches (--http2-max-streams-per-connection); left out: 1.",
        ),
        key(
            "heartbeats",
            Kind::Flag,
            Optional,
            "Whether members are kubelets whose nodes become NotReady without a server (--node-monitor-grace-period); left out: false.",
        ),
    ],
};

const RESOURCE: Key =
    key("resource", Kind::Refer(Family::Resource), Required, "The resource read.");
const ENCODING: Key = key(
    "encoding",
    Kind::Choice(&["json", "protobuf", "table"]),
    Derived("json for custom resources, protobuf for built-in ones"),
    "Encoding of responses.",
)
.codes(&[Code::ProtobufCustom]);
const GZIP: Key = key(
    "gzip",
    Kind::Flag,
    Default("true"),
    "Whether it accepts gzip, as client-go does by default.",
);
const LIMIT: Key = key("limit", integer(1, 1_000_000_000), Optional, "Objects a page.");
const SELECTED: Key = key(
    "selected",
    percent(100.0),
    Default("100%"),
    "Share of the objects that the selectors match.",
);
const SELECTOR: Key = key(
    "selector",
    Kind::Flag,
    Derived("true where selected is below 100%"),
    "Whether a selector is sent at all.",
);

static REFLECTOR: Table = Table {
    what: "a reflector",
    one_of: None,
    keys: &[
        RESOURCE,
        ENCODING,
        GZIP,
        key(
            "resource-version",
            Kind::Choice(&["0", ""]),
            Default("\"0\""),
            "resourceVersion of the first LIST.",
        )
        .codes(&[Code::ReadsEtcd, Code::AskedEtcd]),
        LIMIT,
        SELECTED,
        OWN_NODE,
        SELECTOR,
        key(
            "watch-list",
            Kind::Flag,
            Derived("true where the servers have WatchList on, and the client has WatchListClient"),
            "Whether it streams the initial list by WATCH.",
        ),
        key("watch", Kind::Flag, Default("true"), "Whether it watches after the LIST."),
        key(
            "bookmarks",
            Kind::Flag,
            Optional,
            "Whether it asks for bookmarks; left out: as client-go does from 1.16 on.",
        ),
    ],
};

static LISTER: Table = Table {
    what: "a lister",
    one_of: None,
    keys: &[
        RESOURCE,
        ENCODING,
        GZIP,
        key(
            "resource-version",
            Kind::Choice(&["", "0", "not-older-than", "exact"]),
            Default("\"\""),
            "resourceVersion of the LISTs.",
        )
        .codes(&[Code::ReadsEtcd, Code::AskedEtcd]),
        LIMIT,
        SELECTED,
        OWN_NODE,
        SELECTOR,
        key(
            "rounds",
            Kind::IntegerOr { min: 1, max: 1_000_000_000, word: "endless" },
            Default("1"),
            "How many lists in all, or \"endless\".",
        ),
        key(
            "pause",
            span(SimSpan::ZERO),
            Default("0s"),
            "From the end of one list to the start of the next.",
        ),
        key(
            "all-pages",
            Kind::Flag,
            Default("true"),
            "Whether it reads all pages of a limited list.",
        ),
    ],
};

static WATCHER: Table = Table { what: "a watcher", one_of: None, keys: &[RESOURCE] };
