//! The keys of events and of published figures.

use super::Presence::{Default, Optional, Required};
use super::{Family, Key, Kind, NameForm, OneOf, Table, integer, key, percent, span};
use crate::units::SimSpan;

pub(super) static EVENT: Table = Table {
    what: "an event",
    one_of: Some(OneOf {
        keys: &["start", "stop", "restart", "kill", "roll", "partition", "slow-etcd"],
        required: false,
    }),
    keys: &[
        key(
            "name",
            Kind::Name(NameForm::Free),
            Required,
            "Its name, and that of the phase it opens.",
        ),
        key("at", span(SimSpan::ZERO), Required, "When."),
        key("start", Kind::Table(&START), Optional, "Starts members of a fleet."),
        key("stop", Kind::Table(&STOP), Optional, "Stops members of a fleet."),
        key("restart", Kind::Table(&RESTART), Optional, "Stops and starts members of a fleet."),
        key("kill", Kind::Table(&KILL), Optional, "Kills an apiserver process."),
        key("roll", Kind::Table(&ROLL), Optional, "Restarts the apiservers one after the other."),
        key(
            "partition",
            Kind::Table(&PARTITION),
            Optional,
            "Cuts an apiserver off the network, silently.",
        ),
        key("slow-etcd", Kind::Table(&SLOW_ETCD), Optional, "Slows etcd down."),
    ],
};

const MOVED: Key = key("client", Kind::Refer(Family::Client), Required, "The fleet.");
const MEMBERS: Key =
    key("count", integer(1, 1_000_000), Optional, "How many members; left out: all.");
const OVER: Key = key("over", span(SimSpan::ZERO), Default("0s"), "Spread over this span.");
const SERVER: Key = key("apiserver", integer(0, 31), Required, "Index of the apiserver, from 0.");
const LASTS: Key = key("lasts", span(SimSpan::millis(1)), Required, "How long it lasts.");

static START: Table = Table { what: "a start", one_of: None, keys: &[MOVED, MEMBERS, OVER] };
static STOP: Table = Table { what: "a stop", one_of: None, keys: &[MOVED, MEMBERS] };
static RESTART: Table = Table { what: "a restart", one_of: None, keys: &[MOVED, MEMBERS, OVER] };
static KILL: Table = Table { what: "a kill", one_of: None, keys: &[SERVER] };
static ROLL: Table = Table {
    what: "a roll",
    one_of: None,
    keys: &[key("every", span(SimSpan::ZERO), Required, "Time between one server and the next.")],
};
static PARTITION: Table = Table { what: "a partition", one_of: None, keys: &[SERVER, LASTS] };
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
        key(
            "value",
            Kind::Figure,
            Optional,
            "The figure: a size, a duration, or true or false for oom.",
        ),
        key("at-least", Kind::Figure, Optional, "A lower bound of the figure."),
        key("at-most", Kind::Figure, Optional, "An upper bound of the figure."),
        key("tolerance", percent(1000.0), Default("10%"), "How far off a prediction may be."),
        key("source", Kind::Text { max: 4096 }, Required, "Where the figure comes from."),
        key(
            "note",
            Kind::Text { max: 4096 },
            Default("\"\""),
            "Why a discrepancy is expected, when one is.",
        ),
    ],
};
