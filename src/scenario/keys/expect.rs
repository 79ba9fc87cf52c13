//! Keys of expectations.

use super::{Kind, NameForm};
use crate::language::table::declare::{table, words};
use crate::language::table::resolved::Slot;
use crate::language::table::typed::{FromSlot, Typed, Word, choice, deferred, name, percent};
use crate::language::{Plain, Role};
use crate::scenario::measure::Measure;

impl Word for Measure {
    const WORDS: &'static [&'static str] = &{
        let mut keys = [""; Measure::ALL.len()];
        let mut i = 0;
        while i < keys.len() {
            keys[i] = Measure::ALL[i].key();
            i += 1;
        }
        keys
    };

    fn from_word(word: &str) -> Option<Self> {
        Self::from_key(word).ok()
    }
}

impl FromSlot for Measure {
    fn from_slot(slot: &Slot) -> Option<Self> {
        Self::from_word(&String::from_slot(slot)?)
    }
}

/// What an expectation that does not hold is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scenario) enum Failing {
    Error,
    Warning,
}

words! {
    Failing { Error = "error", Warning = "warning" }
}

/// What bounds of the metrics are written as.
const BOUNDS: &[Kind] = &[
    Measure::Oom.kind(),
    Measure::Peak.kind(),
    Measure::Duration.kind(),
    Measure::Rejected.kind(),
];

const fn bound() -> Typed<Option<Plain>> {
    deferred(BOUNDS, "a bound such as \"5%\", \"12GiB\", \"30s\" or 100")
        .optional()
        .example("\"5%\"")
}

table! {
    Expect = EXPECT: "an expectation";
    /// Its name in reports and JUnit files.
    name: String = name(NameForm::Free).example("\"no kill\"");
    /// What is judged: the probability of an outcome, or a figure of each run.
    metric: Measure = choice();
    /// Of a figure: which quantile over the replications is judged. A probability has none.
    quantile: Option<f64> = percent(100.0).optional().role(Role::Certain);
    /// It is at most this.
    at_most: Option<Plain> = bound();
    /// It is at least this.
    at_least: Option<Plain> = bound();
    /// Whether a failure ends with exit code 3, or is only reported.
    severity: Failing = choice().default("error");
}
