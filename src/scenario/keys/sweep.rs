//! Keys of the sweep.

use super::Kind;
use crate::language::table::declare::{table, words};
use crate::language::table::typed::{Earlier, choice, earlier, integer};
use crate::language::{Code, Role};
use crate::scenario::sweep::{Design, MOST_AXES, MOST_POINTS};

words! {
    Design { Grid = "grid", Random = "random", Lhs = "lhs", Morris = "morris" }
}

table! {
    Sweep = SWEEP: "the sweep";
    /// Keys and the values they take: ["clients.agents.count=100..2000:100"].
    vary: Earlier = earlier(Kind::Texts { max: MOST_AXES })
        .codes(&[Code::NoSweep, Code::LongSweep])
        .example("[\"clients.node-agents.count=100..2000:100\"]");
    /// Every combination, random points, a Latin hypercube, or Morris screening.
    design: Design = choice().default("grid");
    /// How many points to draw; for morris, trajectories (10).
    samples: Option<u32> =
        integer(1, MOST_POINTS.cast_signed()).optional().role(Role::Certain);
}
