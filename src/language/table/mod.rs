//! Tables of keys: what a text may say, key by key. Checking, suggestions, defaults, the effective text,
//! the schema and the explanations of keys all follow from them.
//!
//! A text is walked along its table (`walk`), each value is read as its kind demands (`read`,
//! `uncertain`), and what comes out has every key with its value (`resolved`).

pub(crate) mod declare;
pub(crate) mod example;
mod kind;
pub(crate) mod plain;
pub(crate) mod quantity;
pub(crate) mod read;
pub(crate) mod resolved;
pub(crate) mod typed;
pub(crate) mod uncertain;
pub(crate) mod uncertain_keys;
pub(crate) mod walk;
pub(crate) mod write;

use crate::language::tell::code::Code;
use crate::units::{ByteRate, Bytes, SimSpan};

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
    /// Keys that do in place of them, or beside one of them.
    pub or: &'static [&'static str],
}

impl OneOf {
    /// All keys of which one does.
    pub(crate) fn any(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().chain(self.or).copied()
    }
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
    /// A value it might have, as TOML, where its kind does not say enough.
    pub example: Option<&'static str>,
    /// Codes that may be reported about it, apart from those of its kind.
    pub codes: &'static [Code],
    /// What depends on it.
    pub role: Role,
    /// Whether it came when hashes were in use, so that its default is no part of them.
    pub late: bool,
    /// Whether an entry of named tables that lacks it has its own name there.
    pub entry_name: bool,
}

/// What depends on a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// What is simulated.
    Input,
    /// What is simulated, and all replications must have one value of it: it is never uncertain.
    Certain,
    /// Nothing that is simulated.
    Outside {
        /// Why it cannot be varied.
        why: &'static str,
        /// Whether the name of the scenario (its hash) depends on it all the same.
        hashed: bool,
    },
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
    /// Free text.
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
    /// A minor release of version 1: `1.32`.
    Minor {
        /// What it is, with its article.
        what: &'static str,
        /// Oldest.
        oldest: u8,
        /// Newest.
        newest: u8,
    },
    /// Flags by name.
    Flags(&'static Flags),
    /// A value whose kind another key of its table decides: one of these.
    Deferred {
        /// What it may turn out to be.
        kinds: &'static [Kind],
        /// What it looks like, with its article.
        expected: &'static str,
    },
    /// A list of strings.
    Texts {
        /// How many at most.
        max: usize,
    },
    /// The name of something else in the scenario.
    Refer(Family),
    /// What something is counted by: `node`, `10 pods`.
    Per(&'static Units),
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

/// Flags of which a table may set some.
#[derive(Debug)]
pub struct Flags {
    /// What one is called.
    pub noun: &'static str,
    /// What several are called in short.
    pub plural: &'static str,
    /// Each name, with what is to be said of it.
    pub all: fn() -> Vec<(&'static str, String)>,
    /// One of them, set.
    pub example: &'static str,
}

/// What counts may be by.
#[derive(Debug)]
pub struct Units {
    /// One and several of each.
    pub counted: &'static [(&'static str, &'static str)],
    /// The word for a total.
    pub total: &'static str,
}

impl Units {
    /// The words for one of each, and for a total.
    pub(crate) fn words(&self) -> impl Iterator<Item = &'static str> {
        self.counted.iter().map(|(one, _)| *one).chain([self.total])
    }

    fn expected(&self) -> String {
        let words: Vec<&str> = self.words().collect();
        let several = self.counted.first().map_or("", |(_, several)| several);
        format!("{}, or several as in \"10 {several}\"", one_of(&words))
    }
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

/// `"a", "b" or "c"`.
pub(crate) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

impl Table {
    /// The dotted paths of every key of this name, here and below.
    pub(crate) fn paths_of(&'static self, name: &str) -> Vec<String> {
        let mut found = Vec::new();
        self.visit(&mut |path, key| {
            if key.name == name {
                found.push(path.to_owned());
            }
        });
        found
    }

    /// Visits every key with its dotted path; named tables count as `*`.
    pub fn visit(&'static self, each: &mut dyn FnMut(&str, &'static Key)) {
        self.walk("", each);
    }

    fn walk(&'static self, prefix: &str, each: &mut dyn FnMut(&str, &'static Key)) {
        for key in self.keys {
            let path = format!("{prefix}{}", key.name);
            each(&path, key);
            match key.kind {
                Kind::Table(inner) | Kind::List { table: inner, .. } => {
                    inner.walk(&format!("{path}."), each);
                }
                Kind::Named { table: inner, .. } => inner.walk(&format!("{path}.*."), each),
                _ => {}
            }
        }
    }
}
