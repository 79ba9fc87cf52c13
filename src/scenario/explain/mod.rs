//! What `oomcast explain` says of codes and keys. The texts of codes are a table beside this file; what
//! is said of keys follows from the table of keys.

mod codes;
mod doubts;
mod example;
mod lookup;

use super::code::Code;
use super::keys::{Key, Kind, Presence, Table};
use super::read::{days, grouped, short};
use super::uncertain::may_be;

pub use lookup::{Found, find};

/// The text of a code.
#[derive(Clone, Copy, Debug)]
pub struct Explanation {
    /// The code.
    pub code: Code,
    /// Why it is a mistake, and what to know about it.
    pub why: &'static str,
    /// An example that has the mistake.
    pub wrong: Example,
    /// The same without.
    pub right: Example,
}

/// An example, by what it is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Example {
    /// Lines of a scenario.
    Fragment(&'static str),
    /// What follows `--set`.
    Set(&'static str),
    /// What follows `--profile`.
    Profile(&'static str),
    /// What follows `--vary`.
    Vary(&'static str),
    /// A manifest.
    Manifest(&'static str),
    /// A command.
    Command(&'static str),
}

impl Example {
    /// As a user writes it.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Fragment(text) | Self::Manifest(text) | Self::Command(text) => text.to_owned(),
            Self::Set(text) => format!("--set {text}"),
            Self::Profile(text) => format!("--profile {text}"),
            Self::Vary(text) => format!("--vary {text}"),
        }
    }
}

/// The text of a code. `None` would be a code without one, which a test rules out.
#[must_use]
pub fn code(code: Code) -> Option<&'static Explanation> {
    codes::all().find(|text| text.code == code)
}

/// A key with its path and the table it stands in.
#[derive(Clone, Copy, Debug)]
pub struct KeyText<'p> {
    path: &'p [Step],
    table: &'static Table,
    /// The key.
    pub key: &'static Key,
}

/// One step of a key's path.
#[derive(Clone, Copy, Debug)]
pub struct Step {
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
        if may_be(self.table, self.key) {
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
            Presence::Required => "it is required".to_owned(),
            Presence::Optional => "there is none".to_owned(),
            Presence::Default("\"\"") => "empty".to_owned(),
            Presence::Default(text) => text.to_owned(),
            Presence::Derived(how) => how.to_owned(),
            Presence::Filled => "all its keys have their defaults".to_owned(),
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

    /// Codes that may be told about it.
    #[must_use]
    pub fn codes(&self) -> Vec<Code> {
        let path = self.path();
        let special = RELATED.iter().find(|(key, _)| *key == path).map_or(&[][..], |(_, c)| c);
        let mut codes = of_kind(&self.key.kind).to_vec();
        if self.key.presence == Presence::Required {
            codes.push(Code::MissingKey);
        }
        codes.extend(special);
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
        Kind::Release => Some(format!(
            "1.{} to 1.{}",
            crate::model::release::OLDEST_MINOR,
            crate::model::release::NEWEST_MINOR
        )),
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
        Kind::Release => &[UnknownRelease],
        Kind::Gates => &[UnknownGate],
        Kind::Refer(_) => &[UnknownReference],
        Kind::Texts { .. } | Kind::Named { .. } | Kind::List { .. } => &[TooMany],
        _ => &[WrongType],
    }
}

/// What more is judged about some keys.
const RELATED: [(&str, &[Code]); 24] = {
    use Code::{
        AfterTheEnd, AskedEtcd, AssumedNodeMemory, BadExpectation, BadFigure, BeyondTested,
        CollectorOff, DoesNotFit, DuplicateName, IdleAboveLimit, LargeObject, LimitAboveNode,
        LimitOrder, LockedGate, LongSweep, MoreThanMembers, NeverStarts, NoJitter, NoSuchServer,
        NoSweep, ProtobufCustom, ReadsEtcd, ShapeNeeded, TotalTooLarge, VersionsOfBuiltIn,
    };
    [
        ("apiserver.memory-limit", &[LimitAboveNode, LimitOrder, IdleAboveLimit]),
        ("apiserver.memory-high", &[LimitOrder]),
        ("apiserver.gomemlimit", &[LimitOrder, CollectorOff]),
        ("apiserver.gogc", &[CollectorOff]),
        ("apiserver.idle-resident", &[DoesNotFit]),
        ("apiserver.feature-gates", &[LockedGate]),
        ("node.memory", &[AssumedNodeMemory, DoesNotFit, LimitAboveNode, IdleAboveLimit]),
        ("objects", &[ShapeNeeded]),
        ("objects.*.count", &[BeyondTested, TotalTooLarge]),
        ("objects.*.size", &[LargeObject, BeyondTested]),
        ("objects.*.shape", &[ShapeNeeded]),
        ("objects.*.versions", &[VersionsOfBuiltIn]),
        ("clients.name", &[DuplicateName]),
        ("clients.count", &[TotalTooLarge, NoJitter]),
        ("clients.start", &[NeverStarts]),
        ("clients.start-jitter", &[NoJitter]),
        ("clients.reflector.encoding", &[ProtobufCustom]),
        ("clients.lister.resource-version", &[ReadsEtcd, AskedEtcd]),
        ("clients.reflector.resource-version", &[ReadsEtcd, AskedEtcd]),
        ("events.at", &[AfterTheEnd]),
        ("events.start.count", &[MoreThanMembers]),
        ("events.kill.apiserver", &[NoSuchServer]),
        ("sweep.vary", &[NoSweep, LongSweep]),
        ("published.value", &[BadFigure, BadExpectation]),
    ]
};
