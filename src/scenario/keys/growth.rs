//! Keys of growth.

use super::Kind;
use crate::language::table::declare::table;
use crate::language::table::typed::{Earlier, earlier, text};
use crate::language::{Code, Role};

/// Keys that may grow.
const MOST_RATES: usize = 32;

table! {
    Growth = GROWTH: "the growth";
    /// Keys and how fast they grow: ["cluster.nodes=+4% per month", "objects.pods.count=+200 per week"].
    /// A percentage compounds; an amount is in the unit of the key. "+2% to 6% per month" is drawn for
    /// each run, so that 90 of 100 rates lie between the two.
    rates: Earlier = earlier(Kind::Texts { max: MOST_RATES })
        .codes(&[Code::BadGrowth])
        .example("[\"objects.pods.count=+4% per month\"]");
    /// The day on which the cluster was as the scenario says; without it, forecasts count months from
    /// then.
    from: String = text(10)
        .default("\"\"")
        .example("\"2026-11-30\"")
        .role(Role::Certain);
}
