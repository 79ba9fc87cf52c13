//! Cross-validation: what the fit is worth on observations that it has not seen.
//!
//! Observations are parted into folds; each fold in turn is left out, the whole procedure is repeated on
//! the rest (which parameters are identified, too), and the left-out figures are predicted. Observations
//! with the same inputs are repetitions of one another and share a fold.

use rayon::prelude::*;

use super::fit::Problem;
use super::identify;
use super::subject::{Predicted, Subject, View};
use crate::engine::stop;
use crate::model::input::Inputs;
use crate::units::{SimSpan, SimTime};

/// What was predicted of each observation without it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LeftOut {
    /// How many folds.
    pub(super) folds: u32,
    /// In the order of the observations.
    pub(super) predicted: Vec<Predicted>,
}

/// The group of each observation: repetitions share one.
pub(super) fn groups(subjects: &[&Subject]) -> Vec<usize> {
    let mut groups: Vec<usize> = Vec::new();
    let mut free = 0;
    for (index, subject) in subjects.iter().enumerate() {
        let same = subjects[..index].iter().position(|other| alike(other, subject));
        groups.push(same.map_or(free, |other| groups[other]));
        free += usize::from(same.is_none());
    }
    groups
}

/// Whether two observations are of the same experiment. How long runs were watched, how long the server had
/// been up, and the begin of phases to the second differ between repetitions.
fn alike(a: &Subject, b: &Subject) -> bool {
    let bare = |subject: &Subject| {
        let mut inputs = Inputs { duration: SimSpan::ZERO, ..subject.inputs.clone() };
        inputs.apiserver.up_for = SimSpan::ZERO;
        for event in &mut inputs.events {
            event.at = SimTime::ZERO + SimSpan::secs(event.at.as_secs_f64().round() as u64);
        }
        inputs
    };
    match (&a.view, &b.view) {
        (View::Run(_), View::Run(_)) | (View::Servers, View::Servers) => bare(a) == bare(b),
        (View::Samples(one), View::Samples(other)) => {
            one.event == other.event && a.inputs == b.inputs
        }
        _ => false,
    }
}

/// How many folds there are: at most one a group; none where two groups cannot be parted.
pub(super) fn folds(groups: &[usize], wanted: u32) -> u32 {
    let distinct = groups.iter().max().map_or(0, |last| last + 1);
    let folds = wanted.min(u32::try_from(distinct).unwrap_or(u32::MAX));
    if folds < 2 { 0 } else { folds }
}

/// Leaves each fold out in turn; `None` if nothing can be.
pub(super) fn validate(
    problem: &Problem<'_>,
    parameters: &[usize],
    wanted: u32,
    step: impl Fn() + Sync,
) -> Option<LeftOut> {
    let groups = groups(problem.subjects);
    let folds = folds(&groups, wanted);
    if folds == 0 || stop::asked() {
        return None;
    }
    // Neighbours in the order of files are alike: they go to different folds.
    let fold_of = |index: usize| groups[index] as u32 % folds;
    let part = |fold: u32, inside: bool| -> Vec<(usize, &Subject)> {
        let all = problem.subjects.iter().copied().enumerate();
        all.filter(|(index, _)| (fold_of(*index) == fold) == inside).collect()
    };
    let one = |fold: u32| -> Vec<(usize, Predicted)> {
        let rest: Vec<&Subject> = part(fold, false).into_iter().map(|(_, s)| s).collect();
        let fit = identify::fit(&Problem { subjects: &rest, ..*problem }, parameters);
        let (places, left): (Vec<usize>, Vec<&Subject>) = part(fold, true).into_iter().unzip();
        let predicted = Problem { subjects: &left, ..*problem }.predict(&fit.factors);
        step();
        places.into_iter().zip(predicted).collect()
    };
    let found: Vec<Vec<(usize, Predicted)>> = (0..folds).into_par_iter().map(one).collect();
    if stop::asked() {
        // Some folds are of fits that were broken off.
        return None;
    }
    let mut predicted = vec![Predicted::default(); problem.subjects.len()];
    for (place, one) in found.into_iter().flatten() {
        predicted[place] = one;
    }
    Some(LeftOut { folds, predicted })
}
