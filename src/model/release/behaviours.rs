//! The macro behind the tables of [`super::table`].

/// One feature gate of a table made by `behaviours!`.
#[derive(Clone, Copy, Debug)]
pub struct Gate<Behaviours: 'static> {
    /// Its name.
    pub name: &'static str,
    /// First minor that has it, among those modelled.
    pub since: u8,
    /// First minor that no longer has it: the behaviour is then fixed.
    pub gone: Option<u8>,
    /// First minor that locks it to `true` (`LockToDefault`): a real server refuses to start with
    /// another value; the model takes it for a what-if.
    pub locked: Option<u8>,
    /// The behaviour it sets.
    pub behaviour: fn(&mut Behaviours) -> &mut bool,
}

impl<Behaviours> Gate<Behaviours> {
    /// Whether 1.`minor` has it.
    #[must_use]
    pub fn is_of(&self, minor: u8) -> bool {
        self.since <= minor && self.gone.is_none_or(|gone| minor < gone)
    }

    /// Whether 1.`minor` locks it to `true`.
    #[must_use]
    pub fn is_locked_in(&self, minor: u8) -> bool {
        self.is_of(minor) && self.locked.is_some_and(|locked| locked <= minor)
    }
}

/// Makes a struct of behaviours from one table: a row is a field, what it is in a minor release, and,
/// for a behaviour with a feature gate, the gate. A gate cannot stand without its behaviour, nor a
/// behaviour without its value for every minor.
macro_rules! behaviours {
    (
        $(#[$what:meta])*
        pub struct $Behaviours:ident of $minor:ident $(with Go $go:ident)? {
            $(
                $(#[$doc:meta])*
                $field:ident: $kind:ty = $value:expr
                $(, gate $gate:literal since $since:literal
                    $(locked $locked:literal)? $(gone $gone:literal)?)?;
            )*
        }
    ) => {
        $(#[$what])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $Behaviours {
            /// Minor version: 32 for 1.32.
            pub minor: u8,
            $($(#[$doc])* $(#[doc = concat!("\n\nGate `", $gate, "`.")])? pub $field: $kind,)*
        }

        impl $Behaviours {
            /// Every gate of the table.
            pub const GATES: &'static [$crate::model::release::Gate<Self>] = &[$($(
                $crate::model::release::Gate {
                    name: $gate,
                    since: $since,
                    gone: $crate::model::release::behaviours::only!($($gone)?),
                    locked: $crate::model::release::behaviours::only!($($locked)?),
                    behaviour: |behaviours| &mut behaviours.$field,
                },
            )?)*];

            /// What the table says of a minor, modelled or not.
            pub(super) const fn of_row($minor: u8 $(, $go: u8)?) -> Self {
                Self { minor: $minor, $($field: $value,)* }
            }
        }
    };
}

/// An optional number of a row.
macro_rules! only {
    () => {
        None
    };
    ($number:literal) => {
        Some($number)
    };
}

pub(super) use behaviours;
pub(super) use only;
