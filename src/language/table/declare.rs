//! One declaration, two things: the table of keys, and the struct that holds their values.
//!
//! [`table!`] makes both. A key's constructor (`size`, `span`, `choice` ... of
//! [`typed`](super::typed)) has the type of its value, so a field and its key cannot disagree. Whoever
//! takes the struct apart names every field, so a key that nobody reads does not compile; and a group of
//! tables that exclude one another is an enum, so an alternative without a reader does not compile either.

/// The name of the key of a field or variant, in kebab-case.
macro_rules! key_name {
    ($name:ident) => {{
        use $crate::language::table::typed::{kebab, kebab_length, trimmed};
        const BYTES: [u8; kebab_length(stringify!($name))] = kebab(stringify!($name));
        trimmed(&BYTES)
    }};
}

/// Declares a table of keys with the struct of their values.
///
/// ```text
/// table! {
///     Node = NODE: "the node";
///     /// RAM.
///     memory: Bytes = size(Bytes::mib(64), Bytes::gib(64)).default("64GiB");
/// }
/// ```
///
/// `table! { for NodeInput = NODE: "the node"; ... }` does the same for a struct that is there already:
/// its fields and the keys must be the same. Behind the keys, `=> required Behaviour behaviour { /// Lists. Lister(Lister); }` makes a group of
/// tables of which exactly one must be given (`optional`: at most one), with further keys after it;
/// `=> optional Behaviour behaviour or ["listers"] { ... }`: at most one, and one of all these keys.
/// `one_of required [..]` names keys that exclude one another without an enum.
macro_rules! table {
    // The values of the keys are the fields of a struct that is there already.
    (
        for $struct:ident = $static:ident: $what:literal;
        $($(#[doc = $doc:literal])* $field:ident: $type:ty = $key:expr;)*
    ) => {
        pub(crate) static $static: $crate::language::table::Table = $crate::language::table::Table {
            what: $what,
            keys: &[$($crate::language::table::declare::table!(@key $field [$($doc)*] $type = $key),)*],
            one_of: None,
        };

        impl $crate::language::table::typed::FromTable for $struct {
            const TABLE: &'static $crate::language::table::Table = &$static;

            fn from_table(table: &$crate::language::table::resolved::Resolved) -> Option<Self> {
                use $crate::language::table::typed::FromSlot;
                let mut slots = table.slots.iter();
                Some(Self { $($field: FromSlot::from_slot(slots.next()?)?,)* })
            }
        }

        $crate::language::table::declare::table!(@from_slot $struct);
    };
    (
        $(#[$meta:meta])*
        $struct:ident = $static:ident: $what:literal $(, one_of $need:ident [$($alone:literal),*])?;
        $($(#[doc = $doc:literal])* $field:ident: $type:ty = $key:expr;)*
        $(=> $required:ident $enum:ident $choice:ident $(or $instead:tt)? {
            $($(#[doc = $vdoc:literal])* $variant:ident($inner:ty);)*
        }
        $($(#[doc = $doc2:literal])* $field2:ident: $type2:ty = $key2:expr;)*)?
    ) => {
        $(#[$meta])*
        #[derive(Debug)]
        #[allow(clippy::struct_field_names, reason = "a field is named as its key")]
        pub(crate) struct $struct {
            $(pub(crate) $field: $type,)*
            $(/// Which of those that exclude one another.
            pub(crate) $choice: $crate::language::table::declare::table!(@choice $required $enum),
            $(pub(crate) $field2: $type2,)*)?
        }

        $(/// Tables of which one at most may be given.
        #[derive(Debug)]
        pub(crate) enum $enum {
            $($variant($inner),)*
        })?

        pub(crate) static $static: $crate::language::table::Table = $crate::language::table::Table {
            what: $what,
            keys: &[
                $($crate::language::table::declare::table!(@key $field [$($doc)*] $type = $key),)*
                $($($crate::language::table::declare::table!(@key $variant [$($vdoc)*] Option<$inner> =
                    $crate::language::table::typed::table::<$inner>().optional()),)*
                $($crate::language::table::declare::table!(@key $field2 [$($doc2)*] $type2 = $key2),)*)?
            ],
            one_of: $crate::language::table::declare::table!(@one_of
                $($need [$($alone),*])?
                $($required [$($crate::language::table::declare::key_name!($variant)),*] $($instead)?)?
            ),
        };

        impl $crate::language::table::typed::FromTable for $struct {
            const TABLE: &'static $crate::language::table::Table = &$static;

            #[allow(unused_mut, unused_variables, reason = "a table may have no keys of a kind")]
            fn from_table(table: &$crate::language::table::resolved::Resolved) -> Option<Self> {
                use $crate::language::table::typed::FromSlot;
                let mut slots = table.slots.iter();
                Some(Self {
                    $($field: FromSlot::from_slot(slots.next()?)?,)*
                    $($choice: {
                        let mut found = None;
                        $(if let Some(inner) = FromSlot::from_slot(slots.next()?)? {
                            found = Some($enum::$variant(inner));
                        })*
                        $crate::language::table::declare::table!(@chosen $required found)
                    },
                    $($field2: FromSlot::from_slot(slots.next()?)?,)*)?
                })
            }
        }

        $crate::language::table::declare::table!(@from_slot $struct);
    };
    (@key $field:ident [$($doc:literal)*] $type:ty = $key:expr) => {{
        const KEY: $crate::language::table::typed::Typed<$type> = $key;
        const DOC: &str = concat!($($doc),*);
        KEY.named($crate::language::table::declare::key_name!($field), $crate::language::table::typed::trimmed(DOC.as_bytes()))
    }};
    (@from_slot $struct:ident) => {
        impl $crate::language::table::typed::FromSlot for $struct {
            fn from_slot(slot: &$crate::language::table::resolved::Slot) -> Option<Self> {
                use $crate::language::table::resolved::{State, Value};
                match &slot.state {
                    State::Set(Value::Table(table)) => {
                        $crate::language::table::typed::FromTable::from_table(table)
                    }
                    _ => None,
                }
            }
        }
    };
    (@choice required $enum:ident) => { $enum };
    (@choice optional $enum:ident) => { Option<$enum> };
    (@chosen required $found:ident) => { $found? };
    (@chosen optional $found:ident) => { $found };
    (@one_of) => { None };
    (@one_of required [$($key:expr),*]) => {
        Some($crate::language::table::OneOf { keys: &[$($key),*], required: true, or: &[] })
    };
    (@one_of optional [$($key:expr),*]) => {
        Some($crate::language::table::OneOf { keys: &[$($key),*], required: false, or: &[] })
    };
    (@one_of optional [$($key:expr),*] [$($or:literal),*]) => {
        Some($crate::language::table::OneOf {
            keys: &[$($key),*],
            required: true,
            or: &[$($or),*],
        })
    };
}

/// Gives the variants of an enum their words. A variant without one does not compile.
macro_rules! words {
    ($($enum:ident { $($variant:ident = $word:literal),* $(,)? })*) => {
        $(impl $crate::language::table::typed::Word for $enum {
            const WORDS: &'static [&'static str] = {
                // Every variant has a word.
                const fn _all(one: &$enum) -> &'static str {
                    match one { $($enum::$variant => $word,)* }
                }
                &[$($word),*]
            };

            fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }

        impl $crate::language::table::typed::FromSlot for $enum {
            fn from_slot(slot: &$crate::language::table::resolved::Slot) -> Option<Self> {
                let word = <String as $crate::language::table::typed::FromSlot>::from_slot(slot)?;
                <Self as $crate::language::table::typed::Word>::from_word(&word)
            }
        })*
    };
}

pub(crate) use {key_name, table, words};

#[cfg(test)]
mod tests {
    use crate::language::table::Presence;
    use crate::language::table::plain::Plain;
    use crate::language::table::resolved::{Resolved, State, Value};
    use crate::language::table::typed::{FromTable, flag, integer, size};
    use crate::language::text::span::Span;
    use crate::units::Bytes;

    table! {
        Box = BOX: "a box";
        /// How much
        /// it holds.
        max_size: Option<Bytes> = size(Bytes::ZERO, Bytes::gib(1)).optional();
        => optional Lid lid {
            /// Shuts it.
            HingedLid(Hinge);
        }
        r#type: u32 = integer(0, 9).default("3").doc("Its type.");
    }

    table! {
        Hinge = HINGE: "a hinge";
        /// Whether it is oiled.
        oiled: bool = flag();
    }

    #[test]
    fn a_declaration_is_a_table_and_a_struct() {
        let names: Vec<&str> = BOX.keys.iter().map(|key| key.name).collect();
        assert_eq!(names, ["max-size", "hinged-lid", "type"]);
        let docs: Vec<&str> = BOX.keys.iter().map(|key| key.doc).collect();
        assert_eq!(docs, ["How much it holds.", "Shuts it.", "Its type."]);
        assert_eq!(BOX.keys[2].presence, Presence::Default("3"));
        assert_eq!(BOX.one_of.map(|group| group.keys), Some(&["hinged-lid"][..]));

        let mut given = Resolved::blank(&BOX, Span::default());
        assert!(Box::from_table(&given).is_none(), "`type` has no value yet");
        given.fill("type", Plain::Integer(4));
        let Box { max_size, lid, r#type } = Box::from_table(&given).expect("a box");
        assert_eq!((max_size, lid.is_none(), r#type), (None, true, 4));
        let mut hinge = Resolved::blank(&HINGE, Span::default());
        hinge.fill("oiled", Plain::Flag(true));
        given.put("hinged-lid", Span::default(), State::Set(Value::Table(hinge)));
        let lid = Box::from_table(&given).and_then(|found| found.lid);
        assert!(matches!(lid, Some(Lid::HingedLid(Hinge { oiled: true }))));
    }
}
