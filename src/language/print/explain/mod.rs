//! What can be said of a key: what it takes, its bounds, its default, an example, and the codes of
//! what may be wrong with it.

mod example;
pub(crate) mod lookup;

use crate::language::table::read::{days, grouped, short};
use crate::language::table::uncertain::may_be;
use crate::language::table::{Key, Kind, Presence};
use crate::language::tell::code::Code;

/// A key with its path and the table it stands in.
#[derive(Clone, Copy, Debug)]
pub struct KeyText<'p> {
    path: &'p [Step],
    /// The key.
    pub key: &'static Key,
}

/// One step of a key's path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    key: &'static Key,
}

impl KeyText<'_> {
    /// The dotted path: `objects.*.size`.
    #[must_use]
    pub fn path(&self) -> String {
        lookup::dotted(self.path)
    }

    /// What it takes, in words.
    #[must_use]
    pub fn forms(&self) -> String {
        let mut text = forms(&self.key.kind);
        if may_be(self.key) {
            text.push_str(
                ". It may be uncertain: \"LOW to HIGH\" for 90 of 100 values in between, or two \
                 quantiles as { p50 = ..., p95 = ... }",
            );
        }
        text
    }

    /// Least and greatest value, where there are some.
    #[must_use]
    pub fn bounds(&self) -> Option<String> {
        bounds(&self.key.kind)
    }

    /// What happens when it is left out.
    #[must_use]
    pub fn left_out(&self) -> String {
        match self.key.presence {
            Presence::Required => "none: it must be given".to_owned(),
            Presence::Optional => "none".to_owned(),
            Presence::Default("\"\"") => "empty".to_owned(),
            Presence::Default(text) => text.to_owned(),
            Presence::Derived(how) => how.to_owned(),
            Presence::Filled => "a table in which every key has its default".to_owned(),
        }
    }

    /// Lines of a scenario that set it.
    #[must_use]
    pub fn example(&self) -> String {
        example::of(self.path)
    }

    /// The keys of the table, where it is one, with what they mean.
    #[must_use]
    pub fn keys(&self) -> &'static [Key] {
        match self.key.kind {
            Kind::Table(table) | Kind::Named { table, .. } | Kind::List { table, .. } => table.keys,
            _ => &[],
        }
    }

    /// Codes that may be reported about it.
    #[must_use]
    pub fn codes(&self) -> Vec<Code> {
        let mut codes = of_kind(&self.key.kind).to_vec();
        if self.key.presence == Presence::Required {
            codes.push(Code::MissingKey);
        }
        codes.extend(self.key.codes);
        codes.sort_by_key(|code| code.id());
        codes.dedup();
        codes
    }
}

fn forms(kind: &Kind) -> String {
    let fixed = match kind {
        Kind::Size { .. } => {
            "a size in quotes, as Kubernetes writes them: \"512Mi\", \"16GiB\", \"5kB\", \"1.5GB\""
        }
        Kind::Span { .. } => {
            "a duration in quotes, as Go writes them: \"250ms\", \"90s\", \"1m30s\", \"2h\", \"1d\""
        }
        Kind::Rate { .. } => {
            "bytes or bits per second in quotes: \"40MB/s\", \"1GiB/s\", \"10Gbit/s\""
        }
        Kind::PerSecond { .. } => "a rate in quotes: \"100/s\", \"0.5/s\", \"30/min\"",
        Kind::Percent { .. } => "a percentage in quotes: \"15%\", \"0.5%\"",
        Kind::Integer { .. } => "an integer; underscores may part thousands: 60_000",
        Kind::Cores { .. } => "a number of processor cores, or as Kubernetes writes it: \"500m\"",
        Kind::Text { .. } => "text in quotes",
        _ => return kind.expected(),
    };
    fixed.to_owned()
}

fn bounds(kind: &Kind) -> Option<String> {
    let between =
        |min: String, max: String| Some(if min == max { min } else { format!("{min} to {max}") });
    match kind {
        Kind::Integer { min, max } | Kind::IntegerOr { min, max, .. } => {
            between(grouped(*min), grouped(*max))
        }
        Kind::Number { min, max } | Kind::Cores { min, max } => {
            between(min.to_string(), max.to_string())
        }
        Kind::Size { min, max, .. } => between(short(*min), short(*max)),
        Kind::Span { min, max } => between(days(*min), days(*max)),
        Kind::Rate { min, max } => between(min.to_string(), max.to_string()),
        Kind::PerSecond { max } => between("0/s".to_owned(), format!("{max}/s")),
        Kind::Percent { max } => between("0%".to_owned(), format!("{max}%")),
        Kind::Text { max } => Some(format!("at most {max} bytes")),
        Kind::Texts { max } | Kind::Named { max, .. } | Kind::List { max, .. } => {
            Some(format!("at most {} entries", grouped(i64::try_from(*max).unwrap_or(i64::MAX))))
        }
        Kind::Minor { oldest, newest, .. } => Some(format!("1.{oldest} to 1.{newest}")),
        _ => None,
    }
}

/// What may be wrong with any value of a kind.
const fn of_kind(kind: &Kind) -> &'static [Code] {
    use Code::{
        BadName, BadQuantity, DecimalLimit, NotAChoice, OutOfBounds, TooMany, UnknownGate,
        UnknownReference, UnknownRelease, WrongType,
    };
    match kind {
        Kind::Size { limit: true, .. } => &[BadQuantity, OutOfBounds, DecimalLimit],
        Kind::Size { .. }
        | Kind::Span { .. }
        | Kind::Rate { .. }
        | Kind::PerSecond { .. }
        | Kind::Percent { .. } => &[BadQuantity, OutOfBounds],
        Kind::Integer { .. }
        | Kind::IntegerOr { .. }
        | Kind::Number { .. }
        | Kind::Cores { .. }
        | Kind::Text { .. } => &[WrongType, OutOfBounds],
        Kind::Name(_) => &[BadName],
        Kind::Choice(_) => &[NotAChoice],
        Kind::Minor { .. } => &[UnknownRelease],
        Kind::Flags(_) => &[UnknownGate],
        Kind::Refer(_) => &[UnknownReference],
        Kind::Texts { .. } | Kind::Named { .. } | Kind::List { .. } => &[TooMany],
        _ => &[WrongType],
    }
}
