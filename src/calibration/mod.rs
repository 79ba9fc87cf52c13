//! Fitting the model to observations of one's own servers.
//!
//! [`parameters`] is the table of what can be fitted, [`subject`] what an observation asks of a replay
//! (`sampled`: as monitoring would have seen it), `prepare` makes subjects of observations, `fit` is the
//! least squares, `identify` finds which parameters the observations say something of, `cross` what the fit
//! is worth on observations left out, `condense` makes the result. [`speed`] measures the machine it runs on.

mod condense;
mod cross;
mod fit;
mod identify;
pub mod parameters;
pub mod prepare;
mod sampled;
pub mod speed;
pub mod subject;

use std::sync::atomic::{AtomicU32, Ordering};

pub use condense::{Calibrated, Drawn};
pub use prepare::prepare;

use crate::scenario::Scenario;
use crate::validation::Replay;
use fit::Problem;
use parameters::PARAMETERS;
use subject::Subject;

/// How to calibrate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Seed and replications of each replay.
    pub replay: Replay,
    /// Which parameters, as indices into the table; empty: all.
    pub parameters: Vec<usize>,
    /// Parts that are left out in turn; 0 and 1: no cross-validation.
    pub folds: u32,
}

/// Fewest figures that a fit is made of.
pub const FEWEST_FIGURES: usize = 2;

/// Fits parameters to observations. `progress` hears of steps done, of [`steps`].
///
/// # Errors
/// Too few figures, in one sentence.
pub fn calibrate(
    scenario: &Scenario,
    subjects: &[Subject],
    plan: &Plan,
    progress: impl Fn(u32) + Sync,
) -> Result<Calibrated, String> {
    let figures: usize = subjects.iter().map(|subject| subject.targets.len()).sum();
    if figures < FEWEST_FIGURES {
        return Err(format!(
            "{figures} figures are too few to fit anything: observe at least a base and a peak of a \
             burst; bursts of other sizes and resources tell parameters apart"
        ));
    }
    let all: Vec<&Subject> = subjects.iter().collect();
    let problem = Problem { subjects: &all, replay: plan.replay };
    let wanted: Vec<usize> = if plan.parameters.is_empty() {
        (0..PARAMETERS.len()).collect()
    } else {
        plan.parameters.clone()
    };
    let done = AtomicU32::new(0);
    let step = || progress(1 + done.fetch_add(1, Ordering::Relaxed));
    let fit = identify::fit(&problem, &wanted);
    step();
    let left_out = cross::validate(&problem, &wanted, plan.folds, step);
    Ok(condense::condense(scenario, &problem, plan, &wanted, &fit, left_out.as_ref()))
}

/// How many steps [`calibrate`] takes.
#[must_use]
pub fn steps(subjects: &[Subject], plan: &Plan) -> u32 {
    let all: Vec<&Subject> = subjects.iter().collect();
    1 + cross::folds(&cross::groups(&all), plan.folds)
}
