//! A scenario with its overrides, ready to be run: with the inputs drawn where they are uncertain.

use std::borrow::Cow;
use std::sync::Arc;

use super::kept::Kept;
use super::replicate::ReplicateError;
use super::uncertain::draw_overrides;
use crate::model::input::Inputs;
use crate::model::{self, RunOptions};
use crate::results::RunRecord;
use crate::scenario::{Annotated, Diagnostics, Overlay, Scenario, Template};
use crate::units::SimTime;

/// A scenario file with overrides.
#[derive(Clone, Debug)]
pub struct Variant {
    template: Template,
    overrides: Vec<String>,
    scenario: Scenario,
    /// Runs that are done already; of every variant made from this one, too.
    kept: Option<Arc<Kept>>,
}

impl Variant {
    /// Loads the scenario; its uncertain inputs have their medians.
    ///
    /// # Errors
    /// Every mistake in the file and the overrides.
    pub fn load(template: &Template, overrides: &[String]) -> Result<Self, Diagnostics> {
        let scenario = template.load(overrides)?;
        Ok(Self { template: template.clone(), overrides: overrides.to_vec(), scenario, kept: None })
    }

    /// Another one, which keeps its runs where this one does.
    fn other(&self, template: &Template, overrides: &[String]) -> Result<Self, Diagnostics> {
        let other = Self::load(template, overrides)?;
        Ok(Self { kept: self.kept.clone(), ..other })
    }

    /// The same, with runs that are done already and a place for those that are not.
    #[must_use]
    pub fn keeping(self, kept: Arc<Kept>) -> Self {
        Self { kept: Some(kept), ..self }
    }

    /// Where runs are kept.
    pub(crate) fn kept(&self) -> Option<&Kept> {
        self.kept.as_deref()
    }

    /// The same with further overrides.
    ///
    /// # Errors
    /// As [`Variant::load`].
    pub fn with(&self, more: &[String]) -> Result<Self, Diagnostics> {
        self.other(&self.template, &[self.overrides.as_slice(), more].concat())
    }

    /// The same under a further overlay, which comes before all overrides.
    ///
    /// # Errors
    /// As [`Variant::load`].
    pub fn over(&self, overlay: Overlay) -> Result<Self, Diagnostics> {
        self.other(&self.template.clone().and_over(overlay), &self.overrides)
    }

    /// The same with a further profile of the file, which comes before all overlays.
    ///
    /// # Errors
    /// As [`Variant::load`].
    pub fn with_profile(&self, name: &str) -> Result<Self, Diagnostics> {
        self.other(&self.template.clone().and_profile(name), &self.overrides)
    }

    /// The scenario from its effective text: overrides are in it, and no longer on top.
    ///
    /// # Errors
    /// None, unless the effective text is not what it should be.
    pub fn restated(&self) -> Result<Self, Diagnostics> {
        let text = self.scenario.effective.as_bytes();
        self.other(&Template::of_text(&self.scenario.name, text, &[]), &[])
    }

    /// The same without overrides on top, so that an overlay can change what they set.
    #[must_use]
    pub fn settled(&self) -> Self {
        let set = !self.overrides.is_empty() || self.template.is_overridden();
        set.then(|| self.restated().ok()).flatten().unwrap_or_else(|| self.clone())
    }

    /// The scenario, with medians where it is uncertain.
    #[must_use]
    pub const fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The scenario with the origin of each value.
    ///
    /// # Errors
    /// As [`Variant::load`].
    pub fn annotated(&self) -> Result<Annotated, Diagnostics> {
        self.template.load_annotated(&self.overrides).map(|(_, annotated)| annotated)
    }

    /// Runs a replication with the inputs drawn for `draw`, dumping API Priority and Fairness at
    /// these instants.
    ///
    /// # Errors
    /// [`ReplicateError::Draw`], when what was drawn contradicts itself.
    pub fn run(
        &self,
        draw: u32,
        options: RunOptions,
        dumps: &[SimTime],
    ) -> Result<RunRecord, ReplicateError> {
        let run =
            || Ok(model::run_dumping(self.drawn(draw, options.seed)?.as_ref(), options, dumps));
        // One with timelines is wanted whole.
        let slim = !options.timelines && dumps.is_empty();
        match self.kept.as_ref().filter(|_| slim) {
            Some(kept) => {
                let RunOptions { seed, replication, .. } = options;
                let key = format!("{} {seed} {draw} {replication}", self.scenario.hash);
                kept.or_run(&key, || run().map(RunRecord::slim))
            }
            None => run(),
        }
    }

    /// The same; what scrapes at these instants would have found is noted.
    ///
    /// # Errors
    /// As [`Variant::run`].
    pub fn scraped(
        &self,
        draw: u32,
        options: RunOptions,
        scrapes: &[SimTime],
    ) -> Result<RunRecord, ReplicateError> {
        Ok(model::run_scraped(self.drawn(draw, options.seed)?.as_ref(), options, scrapes))
    }

    /// The inputs drawn for a replication.
    ///
    /// # Errors
    /// [`ReplicateError::Draw`], when what was drawn contradicts itself.
    pub(crate) fn drawn(&self, draw: u32, seed: u64) -> Result<Cow<'_, Inputs>, ReplicateError> {
        if self.scenario.uncertain.is_empty() {
            return Ok(Cow::Borrowed(&self.scenario.inputs));
        }
        let drawn = draw_overrides(&self.scenario.uncertain, seed, draw);
        let all = [self.overrides.as_slice(), &drawn].concat();
        match self.template.load(&all) {
            Ok(scenario) => Ok(Cow::Owned(scenario.inputs)),
            Err(found) => {
                let reason = format!("{} ({})", found.first_message(), drawn.join(", "));
                Err(ReplicateError::Draw { replication: draw, reason })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Overlay, Template, Variant};

    #[test]
    fn an_overlay_changes_what_the_command_line_set_once_it_is_settled() {
        let text = b"schema = 1\nname = \"s\"\n[run]\nduration = \"1m\"\n[apiserver]\nversion = \"1.34\"\n";
        let set = ["apiserver.gogc=100".to_owned()];
        let overlay =
            || Overlay { name: "o".to_owned(), text: b"[apiserver]\ngogc = 25\n".to_vec() };
        let gogc = |variant: &Variant| variant.scenario().inputs.apiserver.gogc;
        let typed = [
            Variant::load(&Template::of_text("s", text, &set), &[]),
            Variant::load(&Template::of_text("s", text, &[]), &set),
        ];
        for variant in typed.map(Result::unwrap) {
            assert_eq!(gogc(&variant.over(overlay()).unwrap()), gogc(&variant));
            let settled = variant.settled();
            assert_eq!(settled.scenario().hash, variant.scenario().hash);
            assert_ne!(gogc(&settled.over(overlay()).unwrap()), gogc(&variant));
        }
    }
}
