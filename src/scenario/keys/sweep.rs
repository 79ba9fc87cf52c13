//! Keys of the sweep.

use super::Presence::{Default, Optional, Required};
use super::{Key, Kind, Table, integer, key};
use crate::language::tell::code::Code;
use crate::scenario::sweep::{MOST_AXES, MOST_POINTS};

/// The table of a sweep.
pub(super) const SWEEP: Key =
    key("sweep", Kind::Table(&KEYS), Optional, "What `oomcast sweep` varies.");

static KEYS: Table = Table {
    what: "the sweep",
    one_of: None,
    keys: &[
        key(
            "vary",
            Kind::Texts { max: MOST_AXES },
            Required,
            "Keys and the values they take: [\"clients.agents.count=100..2000:100\"].",
        )
        .codes(&[Code::NoSweep, Code::LongSweep])
        .example("[\"clients.node-agents.count=100..2000:100\"]"),
        key(
            "design",
            Kind::Choice(&["grid", "random", "lhs", "morris"]),
            Default("grid"),
            "Every combination, random points, a Latin hypercube, or Morris screening.",
        ),
        key(
            "samples",
            integer(1, MOST_POINTS.cast_signed()),
            Optional,
            "How many points to draw; for morris, trajectories (10).",
        ),
    ],
};
