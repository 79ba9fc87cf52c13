//! What a sweep varies: the table `[sweep]`, or the flags of the same names.

use super::keys::ROOT;
use super::keys::sweep::Sweep;
use crate::language::table::typed::{Earlier, FromTable};
use crate::language::vary::{Frame, Range, Vary};
use crate::language::{Code, Finding, Log, Resolved};

pub use super::keys::sweep::{Design, MOST_AXES, MOST_POINTS};

/// Trajectories of a screening that does not say.
pub const TRAJECTORIES: u32 = 10;

/// What to vary, and how.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SweepPlan {
    /// The keys with their values.
    pub vary: Vec<Vary>,
    /// The layout.
    pub design: Design,
    /// Points to draw, or trajectories.
    pub samples: Option<u32>,
}

/// Why a plan makes no sweep.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DesignError {
    /// No key is varied.
    #[error("nothing is varied: add --vary key=A..B:step, or [sweep] to the scenario")]
    Nothing,
    /// More keys than allowed.
    #[error("{0} keys are varied; at most {MOST_AXES} can be")]
    Axes(usize),
    /// A key twice.
    #[error("`{0}` is varied twice")]
    Twice(String),
    /// A grid over a range without steps.
    #[error(
        "`{0}` has no steps: write {0}=A..B:step or a list of values, or choose a design that draws \
         points, such as lhs"
    )]
    NoSteps(String),
    /// A grid is not drawn.
    #[error("a grid has as many points as there are combinations: leave samples out")]
    SamplesOfGrid,
    /// Nobody said how many.
    #[error("the design {0} needs samples: how many points to draw")]
    NoSamples(&'static str),
    /// Nothing to screen.
    #[error("`{0}` has one value only: its influence cannot be screened")]
    OneValue(String),
    /// Past [`MOST_POINTS`].
    #[error("this makes {0} points; a sweep may have at most 1 000 000")]
    Points(String),
}

impl SweepPlan {
    /// How many points the plan makes.
    ///
    /// # Errors
    /// A plan that makes no sweep.
    pub fn points(&self) -> Result<u32, DesignError> {
        if self.vary.is_empty() {
            return Err(DesignError::Nothing);
        }
        if self.vary.len() > MOST_AXES {
            return Err(DesignError::Axes(self.vary.len()));
        }
        for (index, vary) in self.vary.iter().enumerate() {
            let key = vary.knob.key();
            if self.vary.iter().take(index).any(|other| other.knob == vary.knob) {
                return Err(DesignError::Twice(key.to_owned()));
            }
        }
        let count = match self.design {
            Design::Grid => self.grid()?,
            Design::Random | Design::Lhs => {
                self.samples.ok_or(DesignError::NoSamples(self.design.word()))?.into()
            }
            Design::Morris => self.screening()?,
        };
        match u32::try_from(count) {
            Ok(count) if u64::from(count) <= MOST_POINTS => Ok(count),
            _ => Err(DesignError::Points(grouped(count))),
        }
    }

    /// Trajectories of a screening.
    #[must_use]
    pub fn trajectories(&self) -> u32 {
        self.samples.unwrap_or(TRAJECTORIES)
    }

    fn grid(&self) -> Result<u128, DesignError> {
        if self.samples.is_some() {
            return Err(DesignError::SamplesOfGrid);
        }
        let mut count: u128 = 1;
        for vary in &self.vary {
            let Range::Values(values) = &vary.range else {
                return Err(DesignError::NoSteps(vary.knob.key().to_owned()));
            };
            count = count.saturating_mul(values.len() as u128);
        }
        Ok(count)
    }

    fn screening(&self) -> Result<u128, DesignError> {
        let single = |vary: &&Vary| matches!(&vary.range, Range::Values(one) if one.len() < 2);
        if let Some(vary) = self.vary.iter().find(single) {
            return Err(DesignError::OneValue(vary.knob.key().to_owned()));
        }
        Ok(u128::from(self.trajectories()) * (self.vary.len() as u128 + 1))
    }
}

/// With a blank between thousands.
fn grouped(n: u128) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Reads the table `[sweep]`, if there is one and it is sound.
pub(super) fn read(root: &Resolved, log: &mut Log) -> Option<SweepPlan> {
    let table = root.table("sweep")?;
    let texts = table.texts("vary")?;
    let mut vary = Vec::with_capacity(texts.len());
    for (text, at) in texts {
        match Vary::read(&ROOT, text, Frame::of_string(text, *at)) {
            Ok(one) => vary.push(one),
            Err(finding) => log.push(*finding),
        }
    }
    if vary.len() < texts.len() {
        return None;
    }
    let Sweep { vary: Earlier, design, samples } = Sweep::from_table(table)?;
    let plan = SweepPlan { vary, design, samples };
    match plan.points() {
        Ok(_) => Some(plan),
        Err(error) => {
            let at = table.given("vary").unwrap_or(table.span);
            let message = format!("this makes no sweep: {error}");
            log.push(Finding::new(Code::NoSweep, at, message));
            None
        }
    }
}

/// Reports what the plan names and the scenario does not have.
pub(super) fn check_names(plan: &SweepPlan, root: &Resolved, effective: &str, log: &mut Log) {
    let texts = root.table("sweep").and_then(|table| table.texts("vary")).unwrap_or_default();
    for (vary, (text, at)) in plan.vary.iter().zip(texts) {
        if let Some(finding) = vary.knob.missing(&ROOT, effective, Frame::of_string(text, *at)) {
            log.push(finding);
        }
    }
}
