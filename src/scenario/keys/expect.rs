//! Keys of expectations.

use super::Presence::{Default, Optional, Required};
use super::{Kind, NameForm, Table, key, percent};
use crate::scenario::measure::Measure;

/// The metrics, in the order of [`Measure::ALL`].
const METRICS: [&str; Measure::ALL.len()] = {
    let mut keys = [""; Measure::ALL.len()];
    let mut i = 0;
    while i < keys.len() {
        keys[i] = Measure::ALL[i].key();
        i += 1;
    }
    keys
};

const BOUND: Kind = Kind::Deferred {
    kinds: &[
        Measure::Oom.kind(),
        Measure::Peak.kind(),
        Measure::Duration.kind(),
        Measure::Rejected.kind(),
    ],
    expected: "a bound such as \"5%\", \"12GiB\", \"30s\" or 100",
};

/// One expectation.
pub(super) static EXPECT: Table = Table {
    what: "an expectation",
    one_of: None,
    keys: &[
        key("name", Kind::Name(NameForm::Free), Required, "Its name in reports and JUnit files.")
            .example("\"no kill\""),
        key(
            "metric",
            Kind::Choice(&METRICS),
            Required,
            "What is judged: the probability of an outcome, or a figure of each run.",
        ),
        key(
            "quantile",
            percent(100.0),
            Optional,
            "Of a figure: which quantile over the replications is judged. A probability has none.",
        ),
        key("at-most", BOUND, Optional, "It is at most this.").example("\"5%\""),
        key("at-least", BOUND, Optional, "It is at least this.").example("\"5%\""),
        key(
            "severity",
            Kind::Choice(&["error", "warning"]),
            Default("error"),
            "Whether a failure ends with exit code 3, or is only told.",
        ),
    ],
};
