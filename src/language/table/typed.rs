//! Keys whose values have a type: the constructors of keys, and how a type reads its value.
//!
//! See [`table!`](super::declare::table), which declares a table of them.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use super::plain::Plain;
use super::resolved::{Resolved, Slot, State, Value};
use super::{Family, Flags, Key, Kind, NameForm, Presence, Role, Table};
use crate::language::tell::code::Code;
use crate::units::{ByteRate, Bytes, SimSpan};

/// A key whose values are of a type; its name and meaning come from the declaration.
pub(crate) struct Typed<T> {
    key: Key,
    value: PhantomData<fn() -> T>,
}

impl<T> Typed<T> {
    /// A key that must be given.
    pub(crate) const fn of(kind: Kind) -> Self {
        Self::with(Key {
            name: "",
            kind,
            presence: Presence::Required,
            doc: "",
            example: None,
            codes: &[],
            role: Role::Input,
            late: false,
            entry_name: false,
        })
    }

    const fn with(key: Key) -> Self {
        Self { key, value: PhantomData }
    }

    /// The same with a value where it is left out, as TOML without quotes.
    pub(crate) const fn default(self, text: &'static str) -> Self {
        Self::with(Key { presence: Presence::Default(text), ..self.key })
    }

    /// The same where what is left out follows from other keys, as these words say.
    pub(crate) const fn derived(self, words: &'static str) -> Self {
        Self::with(Key { presence: Presence::Derived(words), ..self.key })
    }

    /// The same where that gives a value to some only.
    pub(crate) const fn derived_for_some(self, words: &'static str) -> Typed<Option<T>> {
        Typed::with(Key { presence: Presence::Derived(words), ..self.key })
    }

    /// The same where some only have a value, and this one when it is left out.
    pub(crate) const fn default_for_some(self, text: &'static str) -> Typed<Option<T>> {
        Typed::with(Key { presence: Presence::Default(text), ..self.key })
    }

    /// The same with what it means, for a key that several tables have.
    pub(crate) const fn doc(self, doc: &'static str) -> Self {
        Self::with(Key { doc, ..self.key })
    }

    /// The same for a table that is there with its defaults.
    pub(crate) const fn filled(self) -> Self {
        Self::with(Key { presence: Presence::Filled, ..self.key })
    }

    /// The same where it may be left out.
    pub(crate) const fn optional(self) -> Typed<Option<T>> {
        Typed::with(Key { presence: Presence::Optional, ..self.key })
    }

    /// The same for a list or a table of tables, which may be left out for an empty one.
    pub(crate) const fn may_be_empty(self) -> Self {
        Self::with(Key { presence: Presence::Optional, ..self.key })
    }

    /// The same with a value it might have, as TOML.
    pub(crate) const fn example(self, example: &'static str) -> Self {
        Self::with(Key { example: Some(example), ..self.key })
    }

    /// The same with codes that may be reported about it.
    pub(crate) const fn codes(self, codes: &'static [Code]) -> Self {
        Self::with(Key { codes, ..self.key })
    }

    /// The same with what depends on it.
    pub(crate) const fn role(self, role: Role) -> Self {
        Self::with(Key { role, ..self.key })
    }

    /// The same for a key that came when hashes were in use: its default is no part of them.
    pub(crate) const fn late(self) -> Self {
        Self::with(Key { late: true, ..self.key })
    }

    /// The same where an entry of named tables that lacks it has its own name there.
    pub(crate) const fn or_entry_name(self) -> Self {
        Self::with(Key { entry_name: true, ..self.key })
    }

    /// The key.
    pub(crate) const fn named(self, name: &'static str, doc: &'static str) -> Key {
        Key { name, doc: if doc.is_empty() { self.key.doc } else { doc }, ..self.key }
    }
}

/// A text.
pub(crate) const fn text(max: usize) -> Typed<String> {
    Typed::of(Kind::Text { max })
}

/// A name.
pub(crate) const fn name(form: NameForm) -> Typed<String> {
    Typed::of(Kind::Name(form))
}

/// The name of something else.
pub(crate) const fn refer(family: Family) -> Typed<String> {
    Typed::of(Kind::Refer(family))
}

/// `true` or `false`.
pub(crate) const fn flag() -> Typed<bool> {
    Typed::of(Kind::Flag)
}

/// An integer.
pub(crate) const fn integer<T: TryFrom<i64>>(min: i64, max: i64) -> Typed<T> {
    Typed::of(Kind::Integer { min, max })
}

/// An integer or a word.
pub(crate) const fn integer_or<T: TryFrom<i64>>(
    min: i64,
    max: i64,
    word: &'static str,
) -> Typed<OrWord<T>> {
    Typed::of(Kind::IntegerOr { min, max, word })
}

/// An integer from 1, or per cent.
pub(crate) const fn count_or_share(max: i64) -> Typed<CountOrShare> {
    Typed::of(Kind::IntegerOrPercent { max })
}

/// A number.
pub(crate) const fn number(min: f64, max: f64) -> Typed<f64> {
    Typed::of(Kind::Number { min, max })
}

/// Processor cores.
pub(crate) const fn cores(min: f64, max: f64) -> Typed<f64> {
    Typed::of(Kind::Cores { min, max })
}

/// Occurrences per second.
pub(crate) const fn per_second(max: f64) -> Typed<f64> {
    Typed::of(Kind::PerSecond { max })
}

/// Per cent; as a value a share, 1 for all.
pub(crate) const fn percent(max: f64) -> Typed<f64> {
    Typed::of(Kind::Percent { max })
}

/// Bytes.
pub(crate) const fn size(min: Bytes, max: Bytes) -> Typed<Bytes> {
    Typed::of(Kind::Size { min, max, limit: false })
}

/// A memory limit, where decimal units are suspicious.
pub(crate) const fn memory_limit(min: Bytes, max: Bytes) -> Typed<Bytes> {
    Typed::of(Kind::Size { min, max, limit: true })
}

/// A span of time.
pub(crate) const fn span(min: SimSpan, max: SimSpan) -> Typed<SimSpan> {
    Typed::of(Kind::Span { min, max })
}

/// Bytes per second.
pub(crate) const fn rate(min: ByteRate, max: ByteRate) -> Typed<ByteRate> {
    Typed::of(Kind::Rate { min, max })
}

/// A minor release.
pub(crate) const fn minor(what: &'static str, oldest: u8, newest: u8) -> Typed<u8> {
    Typed::of(Kind::Minor { what, oldest, newest })
}

/// Flags by name.
pub(crate) const fn flags(all: &'static Flags) -> Typed<BTreeMap<String, bool>> {
    Typed::of(Kind::Flags(all)).may_be_empty()
}

/// One of the words of a type.
pub(crate) const fn choice<T: Word>() -> Typed<T> {
    Typed::of(Kind::Choice(T::WORDS))
}

/// One of some of the words of a type.
pub(crate) const fn choice_of<T: Word>(words: &'static [&'static str]) -> Typed<T> {
    Typed::of(Kind::Choice(words))
}

/// A list of strings.
pub(crate) const fn texts(max: usize) -> Typed<Vec<String>> {
    Typed::of(Kind::Texts { max }).may_be_empty()
}

/// A value that another key of its table decides how to read.
pub(crate) const fn deferred(kinds: &'static [Kind], expected: &'static str) -> Typed<Plain> {
    Typed::of(Kind::Deferred { kinds, expected })
}

/// A key that an earlier stage reads, and that later ones have no use for.
pub(crate) const fn earlier(kind: Kind) -> Typed<Earlier> {
    Typed::of(kind)
}

/// A table.
pub(crate) const fn table<T: FromTable>() -> Typed<T> {
    Typed::of(Kind::Table(T::TABLE))
}

/// An array of tables.
pub(crate) const fn list<T: FromTable>(max: usize) -> Typed<Vec<T>> {
    Typed::of(Kind::List { table: T::TABLE, max }).may_be_empty()
}

/// Tables by name.
pub(crate) const fn named<T: FromTable>(names: NameForm, max: usize) -> Typed<Vec<(String, T)>> {
    Typed::of(Kind::Named { table: T::TABLE, names, max }).may_be_empty()
}

/// An integer, or the word that stands for none.
#[derive(Debug)]
pub(crate) struct OrWord<T>(pub(crate) Option<T>);

/// A number of things, or a share of all.
#[derive(Debug)]
pub(crate) enum CountOrShare {
    /// This many.
    Count(u32),
    /// 1 for all.
    Share(f64),
}

/// What an earlier stage has read.
#[derive(Debug)]
pub(crate) struct Earlier;

/// An enum whose variants have words.
pub(crate) trait Word: Sized + 'static {
    /// The words, in the order of the variants.
    const WORDS: &'static [&'static str];

    /// The variant of a word.
    fn from_word(word: &str) -> Option<Self>;
}

/// A struct with a table of keys.
pub(crate) trait FromTable: Sized {
    /// The table.
    const TABLE: &'static Table;

    /// The values of a table without mistakes.
    fn from_table(table: &Resolved) -> Option<Self>;
}

/// A type that the value of a key has.
pub(crate) trait FromSlot: Sized {
    /// The value; `None` only if the key is wrong, or should have been given, which is reported.
    fn from_slot(slot: &Slot) -> Option<Self>;
}

fn plain(slot: &Slot) -> Option<&Plain> {
    match &slot.state {
        State::Set(Value::Plain(plain)) => Some(plain),
        _ => None,
    }
}

macro_rules! from_plain {
    ($($type:ty: $($pattern:pat => $value:expr),*;)*) => {
        $(impl FromSlot for $type {
            fn from_slot(slot: &Slot) -> Option<Self> {
                match plain(slot)? {
                    $($pattern => Some($value),)*
                    _ => None,
                }
            }
        })*
    };
}

from_plain! {
    bool: Plain::Flag(flag) => *flag;
    u8: Plain::Minor(minor) => *minor;
    f64: Plain::Number(x) | Plain::PerSecond(x) => *x, Plain::Percent(x) => *x / 100.0;
    Bytes: Plain::Size(bytes) => *bytes;
    SimSpan: Plain::Span(span) => *span;
    ByteRate: Plain::Rate(rate) => *rate;
    String: Plain::Text(text) => text.clone();
    CountOrShare:
        Plain::Integer(n) => Self::Count(u32::try_from(*n).ok()?),
        Plain::Percent(x) => Self::Share(*x / 100.0);
}

impl FromSlot for Plain {
    fn from_slot(slot: &Slot) -> Option<Self> {
        plain(slot).cloned()
    }
}

macro_rules! from_integer {
    ($($type:ty)*) => {
        $(impl FromSlot for $type {
            fn from_slot(slot: &Slot) -> Option<Self> {
                match plain(slot)? {
                    Plain::Integer(n) => Self::try_from(*n).ok(),
                    _ => None,
                }
            }
        })*
    };
}

from_integer!(u16 u32 u64 i32 i64);

impl<T: TryFrom<i64>> FromSlot for OrWord<T> {
    fn from_slot(slot: &Slot) -> Option<Self> {
        match plain(slot)? {
            Plain::Integer(n) => Some(Self(Some(T::try_from(*n).ok()?))),
            _ => Some(Self(None)),
        }
    }
}

impl FromSlot for Earlier {
    fn from_slot(_: &Slot) -> Option<Self> {
        Some(Self)
    }
}

impl<T: FromSlot> FromSlot for Option<T> {
    fn from_slot(slot: &Slot) -> Option<Self> {
        match slot.state {
            State::Absent => Some(None),
            _ => T::from_slot(slot).map(Some),
        }
    }
}

impl FromSlot for Vec<String> {
    fn from_slot(slot: &Slot) -> Option<Self> {
        match &slot.state {
            State::Absent => Some(Self::new()),
            State::Set(Value::Plain(Plain::Texts(texts))) => {
                Some(texts.iter().map(|(text, _)| text.clone()).collect())
            }
            _ => None,
        }
    }
}

impl FromSlot for BTreeMap<String, bool> {
    fn from_slot(slot: &Slot) -> Option<Self> {
        match &slot.state {
            State::Absent => Some(Self::new()),
            State::Set(Value::Flags(flags)) => {
                Some(flags.iter().map(|(name, on, _)| (name.clone(), *on)).collect())
            }
            _ => None,
        }
    }
}

impl<T: FromTable> FromSlot for Vec<T> {
    fn from_slot(slot: &Slot) -> Option<Self> {
        match &slot.state {
            State::Absent => Some(Self::new()),
            State::Set(Value::List(tables)) => tables.iter().map(T::from_table).collect(),
            _ => None,
        }
    }
}

impl<T: FromTable> FromSlot for Vec<(String, T)> {
    fn from_slot(slot: &Slot) -> Option<Self> {
        match &slot.state {
            State::Absent => Some(Self::new()),
            State::Set(Value::Named(tables)) => tables
                .iter()
                .map(|(name, _, table)| Some((name.clone(), T::from_table(table)?)))
                .collect(),
            _ => None,
        }
    }
}

/// The bytes of a name in kebab-case: `memory_limit`, `SlowEtcd` and `r#type` as `memory-limit`,
/// `slow-etcd` and `type`. The length is that of [`kebab_length`].
pub(crate) const fn kebab<const N: usize>(name: &str) -> [u8; N] {
    let bytes = name.as_bytes();
    let mut out = [b'-'; N];
    let (mut from, mut to) = (raw(bytes), 0);
    while from < bytes.len() {
        let byte = bytes[from];
        if byte.is_ascii_uppercase() && to > 0 {
            to += 1;
        }
        if byte != b'_' {
            out[to] = byte.to_ascii_lowercase();
        }
        to += 1;
        from += 1;
    }
    out
}

/// The length of a name in kebab-case.
pub(crate) const fn kebab_length(name: &str) -> usize {
    let bytes = name.as_bytes();
    let (mut at, mut length) = (raw(bytes), 0);
    while at < bytes.len() {
        length += if bytes[at].is_ascii_uppercase() && length > 0 { 2 } else { 1 };
        at += 1;
    }
    length
}

/// Where a name begins that may be a raw identifier.
const fn raw(bytes: &[u8]) -> usize {
    if bytes.len() > 2 && bytes[0] == b'r' && bytes[1] == b'#' { 2 } else { 0 }
}

/// ASCII as text, without the blank with which a doc comment begins.
pub(crate) const fn trimmed(bytes: &'static [u8]) -> &'static str {
    let bytes = match bytes {
        [b' ', rest @ ..] => rest,
        all => all,
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("a name or comment is not UTF-8"),
    }
}
