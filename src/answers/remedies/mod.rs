//! Remedies: what operators do against storms, each a row of the table in `table.rs`.
//!
//! A remedy is a small overlay that follows from the scenario ([`Case`]), with what must hold for it,
//! its doses from the mildest on, its side effects, the way back and where it comes from. What is not
//! possible in a scenario says why.

pub mod case;
mod clients;
mod fairness;
mod servers;
mod table;

use std::fmt::Write;

pub use case::Case;
pub use table::TABLE;

use toml::Table;

/// A remedy of the table.
#[derive(Debug)]
pub struct Remedy {
    /// Its name: that of its files, and what `--only` and `--without` take.
    pub name: &'static str,
    /// What is done, in one sentence.
    pub what: &'static str,
    /// Doses from the mildest on, in a unit of its own; none for a remedy that is done or not.
    pub doses: &'static [f64],
    /// What must hold.
    pub needs: &'static [Need],
    /// The overlay with a dose; the reason, where there is nothing to change.
    pub build: fn(&Case<'_>, f64) -> Result<Built, &'static str>,
    /// Whether clients get less than before: only who runs them knows whether that will do.
    pub asks_less: bool,
    /// What else it does.
    pub side_effects: &'static str,
    /// How to undo it.
    pub way_back: &'static str,
    /// Where it comes from.
    pub source: &'static str,
}

/// A precondition.
#[derive(Debug)]
pub struct Need {
    /// Whether it holds.
    pub holds: fn(&Case<'_>) -> bool,
    /// Why it is not possible otherwise: `because ...`.
    pub otherwise: &'static str,
}

/// A remedy as it looks in a scenario.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Built {
    /// The overlay.
    pub overlay: Table,
    /// The dose for people; empty: it has none.
    pub dose: String,
    /// Objects for `kubectl apply`, where it is made of such.
    pub manifest: Option<String>,
    /// What it does in this scenario beside the side effects of the table.
    pub also: Option<String>,
}

impl Built {
    /// Without a dose.
    #[must_use]
    pub fn plain(overlay: Table) -> Self {
        Self { overlay, ..Self::default() }
    }

    /// Both together: what the second says of a key holds.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        merge(&mut self.overlay, other.overlay);
        let doses = [self.dose, other.dose];
        self.dose =
            doses.into_iter().filter(|dose| !dose.is_empty()).collect::<Vec<_>>().join(", ");
        self.manifest = self.manifest.or(other.manifest);
        self
    }
}

impl Remedy {
    /// The overlay with a dose.
    ///
    /// # Errors
    /// Why it is not possible in this scenario.
    pub fn built(&self, case: &Case<'_>, dose: f64) -> Result<Built, String> {
        match self.needs.iter().find(|need| !(need.holds)(case)) {
            Some(need) => Err(need.otherwise.to_owned()),
            None => (self.build)(case, dose).map_err(str::to_owned),
        }
    }
}

/// Lays a table over another: tables merge by key, arrays of tables by name.
pub fn merge(base: &mut Table, over: Table) {
    use toml::Value;
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(into)), Value::Table(from)) => merge(into, from),
            (Some(Value::Array(into)), Value::Array(from)) => {
                for item in from {
                    let name = item.get("name").cloned();
                    let same =
                        |there: &&mut Value| name.is_some() && there.get("name") == name.as_ref();
                    match (into.iter_mut().find(same), item) {
                        (Some(Value::Table(into)), Value::Table(from)) => merge(into, from),
                        (_, item) => into.push(item),
                    }
                }
            }
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// A table of one dotted key.
pub(super) fn set(key: &str, value: impl Into<toml::Value>) -> Table {
    let mut value = value.into();
    for part in key.rsplit('.') {
        let mut table = Table::new();
        table.insert(part.to_owned(), value);
        value = table.into();
    }
    match value {
        toml::Value::Table(table) => table,
        _ => Table::new(),
    }
}

/// Several of them.
pub(super) fn all(tables: impl IntoIterator<Item = Table>) -> Table {
    tables.into_iter().fold(Table::new(), |mut all, table| {
        merge(&mut all, table);
        all
    })
}

/// The text of an overlay, with comments above it.
#[must_use]
pub fn text(comments: &[String], overlay: &Table) -> String {
    let mut text = String::new();
    for line in comments.iter().flat_map(|comment| comment.lines()) {
        let _ = writeln!(text, "# {line}");
    }
    text.push('\n');
    text + &toml::to_string(overlay).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{TABLE, all, merge, set, text};
    use std::collections::BTreeSet;

    #[test]
    fn overlays_merge_by_name() {
        let mut one: toml::Table =
            "clients = [{ name = \"a\", x = 1 }, { name = \"b\" }]".parse().unwrap();
        merge(&mut one, "clients = [{ name = \"a\", y = 2 }]\n[s]\nv = 1".parse().unwrap());
        let expected = "clients = [{ name = \"a\", x = 1, y = 2 }, { name = \"b\" }]\n[s]\nv = 1";
        assert_eq!(one, expected.parse().unwrap());
        let both = all([set("a.b.c", 1), set("a.d", "x")]);
        assert_eq!(text(&["why".into()], &both), "# why\n\n[a]\nd = \"x\"\n\n[a.b]\nc = 1\n");
    }

    #[test]
    fn every_remedy_says_all_of_itself() {
        let names: BTreeSet<&str> = TABLE.iter().map(|remedy| remedy.name).collect();
        assert_eq!(names.len(), TABLE.len());
        for remedy in TABLE {
            for words in [remedy.what, remedy.side_effects, remedy.way_back, remedy.source] {
                assert!(!words.is_empty(), "{}", remedy.name);
            }
        }
    }
}
