//! What can be said of a kind of value: in messages, in the reference, in explanations.

use super::read::{days, grouped, short};
use super::{Kind, one_of};
use crate::language::tell::code::Code;

impl Kind {
    /// What a value of this kind looks like, with its article.
    #[must_use]
    pub fn expected(&self) -> String {
        let fixed = match self {
            Self::Text { .. } => "a string",
            Self::Name(_) | Self::Refer(_) => "a name in quotes",
            Self::Flag => "`true` or `false`",
            Self::Integer { .. } => "an integer",
            Self::IntegerOr { word, .. } => return format!("an integer or \"{word}\""),
            Self::IntegerOrPercent { .. } => "an integer such as 1 or a share such as \"10%\"",
            Self::Number { .. } => "a number",
            Self::Cores { .. } => "a number of cores such as 4 or \"500m\"",
            Self::Size { .. } => "a size such as \"16GiB\"",
            Self::Span { .. } => "a duration such as \"1m30s\"",
            Self::Rate { .. } => "a rate such as \"5MB/s\"",
            Self::PerSecond { .. } => "a rate such as \"100/s\" or \"30/min\"",
            Self::Percent { .. } => "a percentage such as \"15%\"",
            Self::Choice(words) => return one_of(words),
            Self::Minor { what, .. } => return format!("{what} such as \"1.32\""),
            Self::Flags(flags) => {
                return format!("a table of {} such as {}", flags.plural, flags.example);
            }
            Self::Texts { .. } => "a list of strings such as [\"a\", \"b\"]",
            Self::Deferred { expected, .. } => expected,
            Self::Per(units) => return units.expected(),
            Self::Inherits => {
                "a file or preset, or a list such as [\"base.toml\", \"preset:objects\"]"
            }
            Self::Profiles => "partial scenarios by name, such as [profiles.large]",
            Self::Table(_) => "a table",
            Self::Named { .. } => "a table of named tables",
            Self::List { .. } => "an array of tables",
        };
        fixed.to_owned()
    }

    /// What a value looks like, in words.
    pub(crate) fn forms(&self) -> String {
        let fixed = match self {
            Self::Size { .. } => {
                "a size in quotes, as Kubernetes writes them: \"512Mi\", \"16GiB\", \"5kB\", \"1.5GB\""
            }
            Self::Span { .. } => {
                "a duration in quotes, as Go writes them: \"250ms\", \"90s\", \"1m30s\", \"2h\", \"1d\""
            }
            Self::Rate { .. } => {
                "bytes or bits per second in quotes: \"40MB/s\", \"1GiB/s\", \"10Gbit/s\""
            }
            Self::PerSecond { .. } => "a rate in quotes: \"100/s\", \"0.5/s\", \"30/min\"",
            Self::Percent { .. } => "a percentage in quotes: \"15%\", \"0.5%\"",
            Self::Integer { .. } => "an integer; underscores may part thousands: 60_000",
            Self::Cores { .. } => {
                "a number of processor cores, or as Kubernetes writes it: \"500m\""
            }
            Self::Text { .. } => "text in quotes",
            _ => return self.expected(),
        };
        fixed.to_owned()
    }

    /// Least and greatest value, where there are some.
    pub(crate) fn bounds(&self) -> Option<String> {
        let between = |min: String, max: String| {
            Some(if min == max { min } else { format!("{min} to {max}") })
        };
        match self {
            Self::Integer { min, max } | Self::IntegerOr { min, max, .. } => {
                between(grouped(*min), grouped(*max))
            }
            Self::Number { min, max } | Self::Cores { min, max } => {
                between(min.to_string(), max.to_string())
            }
            Self::Size { min, max, .. } => between(short(*min), short(*max)),
            Self::Span { min, max } => between(days(*min), days(*max)),
            Self::Rate { min, max } => between(min.to_string(), max.to_string()),
            Self::PerSecond { max } => between("0/s".to_owned(), format!("{max}/s")),
            Self::Percent { max } => between("0%".to_owned(), format!("{max}%")),
            Self::Text { max } => Some(format!("at most {max} bytes")),
            Self::Texts { max } | Self::Named { max, .. } | Self::List { max, .. } => Some(
                format!("at most {} entries", grouped(i64::try_from(*max).unwrap_or(i64::MAX))),
            ),
            Self::Minor { oldest, newest, .. } => Some(format!("1.{oldest} to 1.{newest}")),
            _ => None,
        }
    }

    /// What may be wrong with any value of a kind.
    pub(crate) const fn codes(&self) -> &'static [Code] {
        use Code::{
            BadName, BadQuantity, DecimalLimit, NotAChoice, OutOfBounds, TooMany, UnknownGate,
            UnknownReference, UnknownRelease, WrongType,
        };
        match self {
            Self::Size { limit: true, .. } => &[BadQuantity, OutOfBounds, DecimalLimit],
            Self::Size { .. }
            | Self::Span { .. }
            | Self::Rate { .. }
            | Self::PerSecond { .. }
            | Self::Percent { .. } => &[BadQuantity, OutOfBounds],
            Self::Integer { .. }
            | Self::IntegerOr { .. }
            | Self::Number { .. }
            | Self::Cores { .. }
            | Self::Text { .. } => &[WrongType, OutOfBounds],
            Self::Name(_) => &[BadName],
            Self::Choice(_) => &[NotAChoice],
            Self::Minor { .. } => &[UnknownRelease],
            Self::Flags(_) => &[UnknownGate],
            Self::Refer(_) => &[UnknownReference],
            Self::Texts { .. } | Self::Named { .. } | Self::List { .. } => &[TooMany],
            _ => &[WrongType],
        }
    }

    /// What a key takes, with its bounds.
    pub(crate) fn takes(&self) -> String {
        let between = |what: &str, min: String, max: String| {
            if min == max { min } else { format!("{what}, {min} to {max}") }
        };
        match self {
            Self::Text { max } => format!("text of at most {max} bytes"),
            Self::Name(_) => "a name".to_owned(),
            Self::Refer(family) => format!(
                "the name of {}",
                match family.noun() {
                    noun if noun.starts_with('e') => format!("an {noun}"),
                    noun => format!("a {noun}"),
                }
            ),
            Self::Flag => "`true`, `false`".to_owned(),
            Self::Integer { min, max } => between("an integer", grouped(*min), grouped(*max)),
            Self::IntegerOr { min, max, word } => {
                between("an integer", grouped(*min), grouped(*max)) + &format!(", or `\"{word}\"`")
            }
            Self::Number { min, max } => between("a number", min.to_string(), max.to_string()),
            Self::Cores { min, max } => between("cores", min.to_string(), max.to_string()),
            Self::Size { min, max, .. } => {
                between("a size", format!("{min:#}"), format!("{max:#}"))
            }
            Self::Span { min, max } => between("a duration", min.to_string(), max.to_string()),
            Self::Rate { min, max } => between("bytes per time", min.to_string(), max.to_string()),
            Self::PerSecond { max } => format!("times per time, at most {max}/s"),
            Self::Percent { max } => format!("a percentage, at most {max}%"),
            Self::Choice(words) => one_of(words),
            Self::Minor { oldest, newest, .. } => format!("`\"1.{oldest}\"` to `\"1.{newest}\"`"),
            Self::Flags(flags) => {
                let names: Vec<&str> = (flags.all)().into_iter().map(|(name, _)| name).collect();
                format!("a table of `true` and `false`: {}", names.join(", "))
            }
            Self::Texts { max } => {
                format!("at most {} strings", grouped(i64::try_from(*max).unwrap_or(i64::MAX)))
            }
            Self::List { max, .. } => format!("at most {max} tables"),
            Self::Named { max, .. } => format!("at most {max} tables by name"),
            kind => kind.expected(),
        }
    }
}
