//! The keys of events and of published figures.

use super::Presence::{Default, Optional, Required};
use super::{Family, Key, Kind, NameForm, OneOf, Table, integer, key, percent, span};
use crate::language::tell::code::Code;
use crate::units::{Bytes, SimSpan};

pub(super) static EVENT: Table = Table {
    what: "an event",
    one_of: Some(OneOf {
        keys: &[
            "start",
            "stop",
            "restart",
            "kill",
            "roll",
            "partition",
            "slow-etcd",
            "failover",
            "rollout",
            "write",
            "create",
            "delete",
            "etcd-outage",
            "lag",
        ],
        required: false,
    }),
    keys: &[
        key(
            "name",
            Kind::Name(NameForm::Free),
            Required,
            "Its name, and that of the phase it opens.",
        )
        .example("\"rollout\""),
        key("at", span(SimSpan::ZERO), Required, "When.").codes(&[Code::AfterTheEnd]),
        key("start", Kind::Table(&START), Optional, "Starts members of a fleet."),
        key("stop", Kind::Table(&STOP), Optional, "Stops members of a fleet."),
        key("restart", Kind::Table(&RESTART), Optional, "Stops and starts members of a fleet."),
        key("kill", Kind::Table(&KILL), Optional, "Ends an apiserver process, or all of them."),
        key("roll", Kind::Table(&ROLL), Optional, "Restarts the apiservers one after the other."),
        key(
            "partition",
            Kind::Table(&PARTITION),
            Optional,
            "Cuts an apiserver or members of a fleet off the network, silently.",
        ),
        key("slow-etcd", Kind::Table(&SLOW_ETCD), Optional, "Slows etcd down."),
        key(
            "failover",
            Kind::Table(&FAILOVER),
            Optional,
            "The balancer fails over to its twin, which knows none of the connections.",
        ),
        key(
            "rollout",
            Kind::Table(&ROLLOUT),
            Optional,
            "Restarts all members of a fleet, so many at a time, as a DaemonSet is updated.",
        ),
        key(
            "write",
            Kind::Table(&WRITE),
            Optional,
            "Sets how fast objects of a resource are written.",
        ),
        key("create", Kind::Table(&CREATE), Optional, "Creates objects of a resource."),
        key("delete", Kind::Table(&DELETE), Optional, "Deletes objects of a resource."),
        key("etcd-outage", Kind::Table(&ETCD_OUTAGE), Optional, "Takes etcd its quorum."),
        key(
            "lag",
            Kind::Table(&LAG),
            Optional,
            "Lets the watch caches of an apiserver follow etcd no longer.",
        ),
    ],
};

const MOVED: Key = key("client", Kind::Refer(Family::Client), Required, "The fleet.");
const MEMBERS: Key =
    key("count", integer(1, 1_000_000), Optional, "How many members; left out: all.")
        .codes(&[Code::MoreThanMembers]);
const OVER: Key = key("over", span(SimSpan::ZERO), Default("0s"), "Spread over this span.");
const LASTS: Key = key("lasts", span(SimSpan::millis(1)), Required, "How long it lasts.");

static START: Table = Table { what: "a start", one_of: None, keys: &[MOVED, MEMBERS, OVER] };
static STOP: Table = Table { what: "a stop", one_of: None, keys: &[MOVED, MEMBERS] };
static RESTART: Table = Table { what: "a restart", one_of: None, keys: &[MOVED, MEMBERS, OVER] };
static KILL: Table = Table {
    what: "a kill",
    one_of: None,
    keys: &[
        key(
            "apiserver",
            Kind::IntegerOr { min: 0, max: 31, word: "all" },
            Required,
            "Index of the apiserver, from 0, or \"all\".",
        )
        .codes(&[Code::NoSuchServer]),
        key(
            "manner",
            Kind::Choice(&["process", "graceful", "node"]),
            Optional,
            "process (also if left out): SIGKILL, the kernel closes its sockets; graceful: SIGTERM, see the shutdown keys of [apiserver]; node: its node is lost, and nobody closes anything.",
        ),
        key(
            "lasts",
            span(SimSpan::millis(1)),
            Optional,
            "How long the node is away; left out: it does not come back.",
        ),
    ],
};
static ROLL: Table = Table {
    what: "a roll",
    one_of: None,
    keys: &[key("every", span(SimSpan::ZERO), Required, "Time between one server and the next.")],
};
static PARTITION: Table = Table {
    what: "a partition",
    one_of: Some(OneOf { keys: &["apiserver", "client"], required: true }),
    keys: &[
        key("apiserver", integer(0, 31), Optional, "Index of the apiserver, from 0."),
        LASTS,
        key(
            "client",
            Kind::Refer(Family::Client),
            Optional,
            "The fleet whose members are cut off from all apiservers, with the processes they are of.",
        ),
        MEMBERS,
    ],
};
static FAILOVER: Table = Table {
    what: "a failover",
    one_of: None,
    keys: &[key(
        "manner",
        Kind::Choice(&["reset", "silent"]),
        Required,
        "Whether the connections are reset, or lead nowhere from now on.",
    )],
};
static ROLLOUT: Table = Table {
    what: "a rollout",
    one_of: None,
    keys: &[
        MOVED,
        key(
            "max-unavailable",
            Kind::IntegerOrPercent { max: 1_000_000 },
            Default("1"),
            "Most members that are down or not yet synced: a number, or a share of the fleet.",
        ),
        key(
            "start-time",
            span(SimSpan::ZERO),
            Default("10s"),
            "From the end of a member to the start of its successor.",
        ),
    ],
};
static SLOW_ETCD: Table = Table {
    what: "a slow etcd",
    one_of: None,
    keys: &[
        key(
            "speed",
            Kind::Number { min: 0.001, max: 1.0 },
            Required,
            "Its speed meanwhile: 0.1 is ten times slower.",
        ),
        LASTS,
    ],
};

const WRITTEN: Key = key("resource", Kind::Refer(Family::Resource), Required, "The resource.");
const SPREAD: Key = key("over", span(SimSpan::secs(1)), Default("1s"), "Evenly over this span.");

static WRITE: Table = Table {
    what: "a write rate",
    one_of: None,
    keys: &[
        WRITTEN,
        key("rate", Kind::PerSecond { max: 1e6 }, Required, "Writes from now on."),
        key(
            "lasts",
            span(SimSpan::millis(1)),
            Optional,
            "After which the rate is as before again; left out: it stays.",
        ),
    ],
};
static CREATE: Table = Table {
    what: "a creation",
    one_of: None,
    keys: &[
        WRITTEN,
        key("count", integer(1, 1_000_000_000), Required, "How many objects."),
        SPREAD,
    ],
};
static DELETE: Table = Table {
    what: "a deletion",
    one_of: None,
    keys: &[
        WRITTEN,
        key(
            "count",
            integer(1, 1_000_000_000),
            Required,
            "How many objects; as many as there are, at most.",
        ),
        SPREAD,
    ],
};
static ETCD_OUTAGE: Table = Table {
    what: "an outage of etcd",
    one_of: None,
    keys: &[
        LASTS,
        key(
            "compacted",
            Kind::Flag,
            Default("false"),
            "Whether it comes back without the versions that its watchers had come to.",
        ),
    ],
};
static LAG: Table = Table {
    what: "a lag",
    one_of: None,
    keys: &[
        key("apiserver", integer(0, 31), Required, "Index of the apiserver, from 0."),
        LASTS,
        key("behind", span(SimSpan::ZERO), Default("0s"), "How far behind they are at once."),
    ],
};

const FIGURE: Kind = Kind::Deferred {
    kinds: &[
        Kind::Flag,
        Kind::Size { min: Bytes::ZERO, max: Bytes(u64::MAX), limit: false },
        Kind::Span { min: SimSpan::ZERO, max: SimSpan(u64::MAX) },
    ],
    expected: "a figure in quotes, or `true` or `false`",
};

pub(super) static PUBLISHED: Table = Table {
    what: "a published figure",
    one_of: None,
    keys: &[
        key(
            "phase",
            Kind::Refer(Family::Phase),
            Default("\"\""),
            "The event whose phase it belongs to; empty: the whole run.",
        ),
        key(
            "metric",
            Kind::Choice(&["peak-resident", "oom", "duration", "bytes-sent"]),
            Required,
            "What was measured.",
        ),
        key("value", FIGURE, Optional, "The figure: a size, a duration, or true or false for oom.")
            .example("\"9.24GB\"")
            .codes(&[Code::BadFigure, Code::BadExpectation]),
        key("at-least", FIGURE, Optional, "A lower bound of the figure.").example("\"9.24GB\""),
        key("at-most", FIGURE, Optional, "An upper bound of the figure.").example("\"9.24GB\""),
        key("tolerance", percent(1000.0), Default("10%"), "How far off a prediction may be."),
        key("source", Kind::Text { max: 4096 }, Required, "Where the figure comes from.")
            .example("\"KEP-3157\""),
        key(
            "note",
            Kind::Text { max: 4096 },
            Default("\"\""),
            "Why a discrepancy is expected, when one is.",
        )
        .example("\"Its base heap is not stated.\""),
    ],
};
