//! What can be said of a key: what it takes, its bounds, its default, an example, and the codes of
//! what may be wrong with it.

mod example;
pub(crate) mod lookup;

use crate::language::table::uncertain::may_be;
use crate::language::table::{Key, Kind, Presence};
use crate::language::tell::code::Code;
use crate::units::Sort as _;

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
        let mut text = self.key.kind.forms();
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
        self.key.kind.bounds()
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
        let mut codes = self.key.kind.codes().to_vec();
        if self.key.presence == Presence::Required {
            codes.push(Code::MissingKey);
        }
        codes.extend(self.key.codes);
        codes.order_by_key(|code| code.id());
        codes.dedup();
        codes
    }
}
