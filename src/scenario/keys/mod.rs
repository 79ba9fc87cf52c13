//! Every key a scenario may have: name, kind, default and meaning, in one table.
//!
//! Checking, suggestions, defaults and the effective scenario derive from it, as do schema and
//! explanations of keys.
//!
//! Wherever a number stands, with a unit or without, it may be uncertain: `"3 to 8"` (lognormal, 90
//! of 100 values between the two), two quantiles `{ p50 = 5, p95 = 9 }` (lognormal, or
//! `dist = "normal"`), `{ dist = "uniform", from = 3, to = 8 }` or
//! `{ dist = "triangular", from = 3, mode = 4, to = 8 }`, each figure as the key itself takes it. Keys
//! that shape the report are excepted: those of `[run]` and of figures to compare with, `replicas`.

pub(super) mod apf;
mod cluster;
mod events;
mod example;
mod expect;
mod load;
mod server;
mod sweep;
mod workloads;

use crate::units::{ByteRate, Bytes, SimSpan};

pub use example::example;
pub use load::ROOT;

/// Keys that may stand together in a table.
#[derive(Debug)]
pub struct Table {
    /// What the table describes, with its article: `a client`.
    pub what: &'static str,
    /// Its keys, in canonical order.
    pub keys: &'static [Key],
    /// Keys that exclude one another.
    pub one_of: Option<OneOf>,
}

/// Keys of which at most one may be present.
#[derive(Clone, Copy, Debug)]
pub struct OneOf {
    /// The keys.
    pub keys: &'static [&'static str],
    /// Whether one of them must be.
    pub required: bool,
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name, kebab-case.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it may be left out.
    pub presence: Presence,
    /// What it means.
    pub doc: &'static str,
}

/// What happens when a key is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// That is an error.
    Required,
    /// Nothing.
    Optional,
    /// It has this value (as TOML, quotes left out).
    Default(&'static str),
    /// Its value follows from other keys, as these words say.
    Derived(&'static str),
    /// The table is there with its defaults.
    Filled,
}

/// What a key holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Free text of so many bytes.
    Text {
        /// Longest.
        max: usize,
    },
    /// A name.
    Name(NameForm),
    /// `true` or `false`.
    Flag,
    /// An integer.
    Integer {
        /// Least.
        min: i64,
        /// Greatest.
        max: i64,
    },
    /// An integer or a word.
    IntegerOr {
        /// Least.
        min: i64,
        /// Greatest.
        max: i64,
        /// The word.
        word: &'static str,
    },
    /// An integer from 1, or per cent.
    IntegerOrPercent {
        /// Greatest integer.
        max: i64,
    },
    /// A number.
    Number {
        /// Least.
        min: f64,
        /// Greatest.
        max: f64,
    },
    /// Processor cores: a number or a Kubernetes quantity (`500m`).
    Cores {
        /// Least.
        min: f64,
        /// Greatest.
        max: f64,
    },
    /// A size in bytes.
    Size {
        /// Least.
        min: Bytes,
        /// Greatest.
        max: Bytes,
        /// Whether it is a memory limit, where decimal units are suspicious.
        limit: bool,
    },
    /// A span of time.
    Span {
        /// Least.
        min: SimSpan,
        /// Greatest.
        max: SimSpan,
    },
    /// Bytes per second.
    Rate {
        /// Least.
        min: ByteRate,
        /// Greatest.
        max: ByteRate,
    },
    /// Occurrences per second.
    PerSecond {
        /// Greatest.
        max: f64,
    },
    /// Per cent.
    Percent {
        /// Greatest.
        max: f64,
    },
    /// One of some words.
    Choice(&'static [&'static str]),
    /// A Kubernetes minor release: `1.32`.
    Release,
    /// Feature gates by name.
    Gates,
    /// A published figure, whose form depends on its metric.
    Figure,
    /// The bound of an expectation, whose form depends on its metric.
    Bound,
    /// A list of strings.
    Texts {
        /// How many at most.
        max: usize,
    },
    /// The name of something else in the scenario.
    Refer(Family),
    /// What something is counted by: `node`, `10 pods`.
    Per,
    /// A file or preset, or a list of them.
    Inherits,
    /// Partial scenarios by name.
    Profiles,
    /// A table.
    Table(&'static Table),
    /// Tables by name.
    Named {
        /// What each holds.
        table: &'static Table,
        /// What their names are.
        names: NameForm,
        /// How many at most.
        max: usize,
    },
    /// An array of tables.
    List {
        /// What each holds.
        table: &'static Table,
        /// How many at most.
        max: usize,
    },
}

/// What a name may look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameForm {
    /// Letters, digits, `-`, `_` and `.`: fit for a folder's name.
    Slug,
    /// The name of a Kubernetes object or an API group: lower-case letters, digits, `-` and `.`.
    Subdomain,
    /// A resource's plural: lower-case letters, digits, `-` and `.`.
    Plural,
    /// Anything printable.
    Free,
}

/// What a reference refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// A resource under `[objects]`.
    Resource,
    /// A fleet under `[[clients]]`.
    Client,
    /// An event under `[[events]]`; empty for the whole run.
    Phase,
}

impl Family {
    /// What it is called in messages.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Resource => "resource",
            Self::Client => "client",
            Self::Phase => "event",
        }
    }
}

impl Table {
    /// The key of this name.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

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
            Self::Release => "a Kubernetes release such as \"1.32\"",
            Self::Gates => "a table of gates such as { WatchList = true }",
            Self::Texts { .. } => "a list of strings such as [\"a\", \"b\"]",
            Self::Figure => "a figure in quotes, or `true` or `false`",
            Self::Bound => "a bound such as \"5%\", \"12GiB\", \"30s\" or 100",
            Self::Per => {
                "\"node\", \"pod\", \"namespace\" or \"cluster\", or several as in \"10 nodes\""
            }
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
}

/// `"a", "b" or "c"`.
pub(super) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

/// The dotted paths of every key of this name in the whole scenario.
#[must_use]
pub fn paths_of(name: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(&ROOT, "", &mut |path, key| {
        if key.name == name {
            found.push(path.to_owned());
        }
    });
    found
}

/// The key at a dotted path; entries of `objects` may be given by name, as `*` or not at all.
#[must_use]
pub fn find(path: &str) -> Option<&'static Key> {
    let parts: Vec<&str> = path.split('.').collect();
    let mut found = None;
    visit(|known, key| {
        let wanted = known.split('.').filter(|part| *part != "*");
        let named = known.split('.').zip(&parts);
        let by_name = known.split('.').count() == parts.len()
            && named.into_iter().all(|(k, part)| k == "*" || k == *part);
        if by_name || wanted.eq(parts.iter().copied()) {
            found = Some(key);
        }
    });
    found
}

/// Visits every key with its dotted path; named tables count as `*`.
pub fn visit(mut each: impl FnMut(&str, &'static Key)) {
    walk(&ROOT, "", &mut each);
}

fn walk(table: &'static Table, prefix: &str, each: &mut dyn FnMut(&str, &'static Key)) {
    for key in table.keys {
        let path = format!("{prefix}{}", key.name);
        each(&path, key);
        match key.kind {
            Kind::Table(inner) | Kind::List { table: inner, .. } => {
                walk(inner, &format!("{path}."), each);
            }
            Kind::Named { table: inner, .. } => walk(inner, &format!("{path}.*."), each),
            _ => {}
        }
    }
}

// The longest span a scenario may speak of, the same for a run and for everything in it.
const LONGEST: SimSpan = SimSpan::secs(30 * 86_400);

const fn key(name: &'static str, kind: Kind, presence: Presence, doc: &'static str) -> Key {
    Key { name, kind, presence, doc }
}

const fn integer(min: i64, max: i64) -> Kind {
    Kind::Integer { min, max }
}

const fn size(min: Bytes, max: Bytes) -> Kind {
    Kind::Size { min, max, limit: false }
}

const fn memory_limit() -> Kind {
    Kind::Size { min: Bytes::mib(64), max: Bytes::gib(64 << 10), limit: true }
}

const fn span(min: SimSpan) -> Kind {
    Kind::Span { min, max: LONGEST }
}

const fn rate() -> Kind {
    Kind::Rate { min: ByteRate(1_000), max: ByteRate(10_000_000_000_000) }
}

const fn percent(max: f64) -> Kind {
    Kind::Percent { max }
}
