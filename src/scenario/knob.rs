//! Keys of a scenario that can be varied: see [`Vary`].

use super::Scenario;
use super::keys::ROOT;
use crate::language::tell::diagnostic::Diagnostics;
use crate::language::vary::{Knob, Value, Vary};

impl Knob {
    /// Reads a dotted key: `clients.agents.count`.
    ///
    /// # Errors
    /// A key that does not exist or cannot be varied.
    pub fn parse(key: &str) -> Result<Self, Diagnostics> {
        Self::parse_in(&ROOT, key)
    }

    /// Whether a valid scenario has what the key names: its clients, events and resources.
    ///
    /// # Errors
    /// What is not there, and what is.
    pub fn check(&self, scenario: &Scenario) -> Result<(), Diagnostics> {
        self.check_in(&ROOT, &scenario.effective)
    }

    /// The value it has in a scenario, if that states one.
    #[must_use]
    pub fn current(&self, scenario: &Scenario) -> Option<Value> {
        self.current_in(&scenario.effective, &scenario.uncertain)
    }
}

impl Vary {
    /// Reads `key=A..B:step`, `key=A..B:xFACTOR`, `key=A..B`, `key=A..B:log` or `key=a,b,c`.
    ///
    /// Whether the scenario has what the key names, such as a client, is for [`Knob::check`] to say.
    ///
    /// # Errors
    /// What is wrong, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, Diagnostics> {
        Self::parse_in(&ROOT, text)
    }
}
