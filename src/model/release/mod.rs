//! What each Kubernetes minor release does: one table, `table.rs`, overridable by feature gates.
//!
//! The model asks `release.streams_json`, never "is the minor >= 33?". Whatever names releases
//! elsewhere (the schema, the reference, diagnostics, the validated domain) follows from the table.

mod behaviours;
mod table;

pub use behaviours::Gate;
pub use table::{
    ClientGo, Evidence, ListRouting, MINORS, Minor, OLDEST_CLIENT_MINOR, Release, Relists,
};

use std::collections::BTreeMap;

/// Oldest minor whose servers are modelled.
pub const OLDEST_MINOR: u8 = MINORS[0].minor;
/// Newest minor whose servers are modelled.
pub const NEWEST_MINOR: u8 = MINORS[MINORS.len() - 1].minor;

/// A gate name that the release does not have, or cannot set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Kubernetes 1.{minor} has no feature gate `{gate}`")]
pub struct UnknownGate {
    /// The name as written.
    pub gate: String,
    /// The release asked.
    pub minor: u8,
}

/// The row of a minor.
const fn row(minors: &[Minor], minor: u8) -> Option<Minor> {
    let mut row = 0;
    while row < minors.len() {
        if minors[row].minor == minor {
            return Some(minors[row]);
        }
        row += 1;
    }
    None
}

/// Sets gates of a minor's behaviours.
fn set_gates<B>(
    behaviours: &mut B,
    (minor, known): (u8, &'static [Gate<B>]),
    gates: &BTreeMap<String, bool>,
) -> Result<(), Vec<UnknownGate>> {
    let mut unknown = Vec::new();
    for (name, on) in gates {
        match known.iter().find(|gate| gate.name == name && gate.is_of(minor)) {
            Some(gate) => *(gate.behaviour)(behaviours) = *on,
            None => unknown.push(UnknownGate { gate: name.clone(), minor }),
        }
    }
    if unknown.is_empty() { Ok(()) } else { Err(unknown) }
}

/// The versions between which every release is modelled, such as `1.28 to 1.37`.
#[must_use]
pub fn modelled() -> String {
    format!("1.{OLDEST_MINOR} to 1.{NEWEST_MINOR}")
}

/// How well predictions for 1.`minor` are founded.
#[must_use]
pub fn evidence(minor: u8) -> Evidence {
    row(MINORS, minor).map_or(Evidence::SourcesOnly, |row| row.evidence)
}

/// The versions of some evidence, oldest first.
pub fn with_evidence(accepted: &[Evidence]) -> impl Iterator<Item = &'static str> {
    MINORS.iter().filter(|row| accepted.contains(&row.evidence)).map(|row| row.version)
}

/// The versions that were measured, such as `1.32 and 1.36`.
#[must_use]
pub fn measured() -> String {
    let measured: Vec<&str> = with_evidence(&[Evidence::Measured]).collect();
    match measured.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => "none".to_owned(),
    }
}

impl Release {
    /// The defaults of Kubernetes 1.`minor`; `None` if its servers are not modelled.
    #[must_use]
    pub const fn of_minor(minor: u8) -> Option<Self> {
        match row(MINORS, minor) {
            Some(row) => Some(Self::of_row(row.minor, row.go)),
            None => None,
        }
    }

    /// How it is written, such as `1.32`.
    #[must_use]
    pub fn version(&self) -> String {
        format!("1.{}", self.minor)
    }

    /// The gate of a name, whichever release has it.
    #[must_use]
    pub fn gate(name: &str) -> Option<&'static Gate<Self>> {
        Self::GATES.iter().find(|gate| gate.name == name)
    }

    /// The same release with gates set.
    ///
    /// # Errors
    /// Every gate the release does not have.
    pub fn with_gates(mut self, gates: &BTreeMap<String, bool>) -> Result<Self, Vec<UnknownGate>> {
        let minor = self.minor;
        set_gates(&mut self, (minor, Self::GATES), gates)?;
        Ok(self)
    }
}

impl ClientGo {
    /// That of a client built with the client-go of 1.`minor`; `None` if such clients are not
    /// modelled.
    #[must_use]
    pub const fn of_minor(minor: u8) -> Option<Self> {
        match minor {
            OLDEST_CLIENT_MINOR..=NEWEST_MINOR => Some(Self::of_row(minor)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
