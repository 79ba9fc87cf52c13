//! The keys of published figures and of expectations.

use super::{Family, Kind, NameForm};
use crate::language::table::declare::{table, words};
use crate::language::table::resolved::Slot;
use crate::language::table::typed::{
    FromSlot, Typed, Word, choice, deferred, name, percent, refer, text,
};
use crate::language::{Code, Plain, Role};
use crate::scenario::measure::Measure;

impl Word for Measure {
    const WORDS: &'static [&'static str] = &{
        let mut keys = [""; Self::ALL.len() + 1];
        let mut i = 0;
        while i < Self::ALL.len() {
            keys[i] = Self::ALL[i].key();
            i += 1;
        }
        keys[i] = Self::PEAK_ALIAS;
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

/// A value of a metric, in the form of one of each dimension.
const fn amount() -> Typed<Option<Plain>> {
    const KINDS: &[Kind] = &[
        Kind::Flag,
        Measure::Oom.kind(),
        Measure::Peak.kind(),
        Measure::Duration.kind(),
        Measure::Rejected.kind(),
    ];
    deferred(KINDS, "a value of the metric such as \"5%\", \"12GiB\", \"30s\" or 100").optional()
}

const PHASE: Typed<String> = refer(Family::Phase)
    .default("\"\"")
    .doc("The event whose phase it belongs to; empty: the whole run.");

table! {
    Published = PUBLISHED: "a published figure";
    phase: String = PHASE;
    /// What was measured.
    metric: Measure = choice();
    /// The figure in the unit of its metric; true or false for an outcome such as oom.
    value: Option<Plain> =
        amount().example("\"9.24GB\"").codes(&[Code::BadFigure, Code::BadExpectation]);
    /// A lower bound of the figure.
    at_least: Option<Plain> = amount().example("\"9.24GB\"");
    /// An upper bound of the figure.
    at_most: Option<Plain> = amount().example("\"9.24GB\"");
    /// How far off a prediction may be.
    tolerance: f64 = percent(1000.0).default("10%").role(Role::Certain);
    /// Where the figure comes from.
    source: String = text(4096).example("\"KEP-3157\"");
    /// Why a discrepancy is expected, when one is.
    note: String =
        text(4096).default("\"\"").example("\"Its base heap is not stated.\"");
}

table! {
    Expect = EXPECT: "an expectation";
    /// Its name in reports and JUnit files.
    name: String = name(NameForm::Free).example("\"no kill\"");
    phase: String = PHASE.late();
    /// What is judged: the probability of an outcome, or a figure of each run.
    metric: Measure = choice();
    /// Of a figure: which quantile over the replications is judged. A probability has none.
    quantile: Option<f64> = percent(100.0).optional().role(Role::Certain);
    /// It is at most this.
    at_most: Option<Plain> = amount().example("\"5%\"");
    /// It is at least this.
    at_least: Option<Plain> = amount().example("\"5%\"");
    /// Whether a failure ends with exit code 3, or is only reported.
    severity: Failing = choice().default("error");
}
