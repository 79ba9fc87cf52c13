//! The text forms of values as regular expressions: what [`read`](super::super::read) accepts, but for
//! bounds and lengths. A test holds the two together.
//!
//! Plain constructs only, which every dialect of regular expressions has.

use crate::language::table::quantity::Unit;

/// Digits with underscores, and a point among them.
const NUMBER: &str = r"[0-9](?:[0-9_]*\.?[0-9_]*[0-9])?";
/// The same where underscores may stand at the ends, too.
const LOOSE_NUMBER: &str = r"_*[0-9](?:[0-9_]*\.?[0-9_]*[0-9])?_*";
const SIZE_UNIT: &str = "(?:B|[kKMGTPE]B?|[KMGTPE]iB?)";
const PER: &str = r"\s*/\s*(?:s|m|min)";
/// Thousandths of a byte, as Kubernetes prints some sizes: a thousand bytes at least.
const MILLI: &str = r"(?:0[0_]*)?[1-9](?:_*[0-9]){6,}(?:\._*[0-9](?:_*[0-9])*)?\s*m";
/// An integer of TOML.
const INTEGER: &str = "(?:[+-]?(?:0|[1-9](?:_?[0-9])*)|0x[0-9A-Fa-f](?:_?[0-9A-Fa-f])*|0o[0-7](?:_?[0-7])*|0b[01](?:_?[01])*)";
/// A number of TOML in decimal.
const DECIMAL: &str =
    r"[+-]?(?:0|[1-9](?:_?[0-9])*)(?:\.[0-9](?:_?[0-9])*)?(?:[eE][+-]?[0-9](?:_?[0-9])*)?";

impl Unit {
    /// Its name among the definitions of the schema.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Count => "integer",
            Self::Number => "number",
            Self::Cores => "cores",
            Self::Bytes => "size",
            Self::Seconds => "duration",
            Self::BytesPerSecond => "rate",
            Self::PerSecond => "frequency",
            Self::Percent => "percentage",
        }
    }

    /// What it is, and how it is written.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Count => "An integer; underscores may group its digits.",
            Self::Number => "A number.",
            Self::Cores => "Processor cores: a number, or a Kubernetes quantity such as \"500m\".",
            Self::Bytes => "Bytes: a number and one of B, kB, MB, GB, TB, KiB, MiB, GiB, TiB.",
            Self::Seconds => "A duration as Go writes it, in ns, us, ms, s, m, h and d.",
            Self::BytesPerSecond => "Bytes per second or minute, or bits: \"10Gbit/s\".",
            Self::PerSecond => "How often: a number per second, minute or hour.",
            Self::Percent => "A percentage, with its sign.",
        }
    }

    /// Whether a value is a number of TOML rather than a string.
    pub(crate) const fn is_bare(self) -> bool {
        matches!(self, Self::Count | Self::Number | Self::Cores)
    }

    /// Examples of a value, and of an uncertain one.
    pub(crate) const fn examples(self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::Count => (&["400"], "400 to 2_000"),
            Self::Number => (&["1.5"], "0.8 to 1.5"),
            Self::Cores => (&["500m"], "2 to 4"),
            Self::Bytes => (&["16GiB", "400MB", "5kB"], "4kB to 9kB"),
            Self::Seconds => (&["1m30s", "250ms", "2h"], "10s to 1m"),
            Self::BytesPerSecond => (&["5MB/s", "10Gbit/s"], "5MB/s to 50MB/s"),
            Self::PerSecond => (&["100/s", "30/min"], "10/s to 40/s"),
            Self::Percent => (&["15%", "0.2%"], "1% to 5%"),
        }
    }

    /// A value as text, without anchors.
    fn inner(self) -> String {
        match self {
            Self::Count => INTEGER.to_owned(),
            Self::Number => DECIMAL.to_owned(),
            Self::Cores => format!(r"{LOOSE_NUMBER}\s*m?"),
            Self::Bytes => format!(r"(?:{NUMBER}\s*{SIZE_UNIT}|{MILLI})"),
            Self::Seconds => format!(r"(?:0|(?:{NUMBER}\s*(?:ns|us|µs|ms|[smhd])\s*)+)"),
            Self::BytesPerSecond => {
                format!(
                    r"(?:{NUMBER}\s*(?:{SIZE_UNIT}|(?:[kKMGTPE]|[KMGTPE]i)?\s*bit)|{MILLI}){PER}"
                )
            }
            Self::PerSecond => format!(r"{LOOSE_NUMBER}\s*/\s*(?:s|m|min|h)"),
            Self::Percent => format!(r"{LOOSE_NUMBER}\s*%"),
        }
    }

    /// A value as text.
    pub(crate) fn pattern(self) -> String {
        format!(r"^\s*{}\s*$", self.inner())
    }

    /// The two ends of what lies between them in 90 of 100 cases.
    pub(crate) fn range(self) -> String {
        let inner = match self {
            // An end may be a number of TOML here.
            Self::Cores => format!("(?:{}|{INTEGER}|{DECIMAL})", self.inner()),
            Self::Number => format!("(?:{INTEGER}|{DECIMAL})"),
            _ => self.inner(),
        };
        format!(r"^\s*{inner}\s* to \s*{inner}\s*$")
    }
}

/// Text without control characters.
pub(crate) const PRINTABLE: &str = r"^[^\x00-\x1f\x7f-\x9f]*$";
/// The same, with something to see.
pub(crate) const VISIBLE: &str =
    r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x1f\x7f-\x9f\s][^\x00-\x1f\x7f-\x9f]*$";
/// A name that is fit for a folder.
pub(crate) const SLUG: &str = "^[A-Za-z0-9][A-Za-z0-9._-]*$";
/// A resource's plural.
pub(crate) const PLURAL: &str = "^[a-z0-9][a-z0-9.-]*$";
/// A subdomain of RFC 1123.
pub(crate) const SUBDOMAIN: &str =
    r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$";
/// What something is counted by.
pub(crate) const PER_WHAT: &str = r"^\s*(?:node|pod|namespace|cluster|[0-9_]*[1-9][0-9_]* \s*(?:nodes|pods|namespaces)|[0_]*1_* \s*(?:node|pod|namespace))\s*$";
