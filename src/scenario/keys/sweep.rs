//! Keys of the sweep.

use super::Kind;
use crate::language::table::declare::{table, words};
use crate::language::table::typed::{Earlier, Word, choice, earlier, integer};
use crate::language::{Code, Role};

/// Keys that a sweep may vary.
pub const MOST_AXES: usize = 16;

/// Points that a sweep may have.
pub const MOST_POINTS: u64 = 1_000_000;

/// How the points of a sweep are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Design {
    /// Every combination of the values.
    #[default]
    Grid,
    /// Points drawn independently.
    Random,
    /// Points drawn such that each key's values are spread evenly.
    Lhs,
    /// Trajectories that change one key at a time: Morris screening.
    Morris,
}

impl Design {
    /// The word for it in files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::Random => "random",
            Self::Lhs => "lhs",
            Self::Morris => "morris",
        }
    }

    /// The design of this word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::from_word(word)
    }
}

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
