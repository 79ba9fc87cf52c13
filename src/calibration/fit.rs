//! Least squares: Levenberg and Marquardt's method over the logarithms of factors.
//!
//! A residual is ln(predicted / measured) in spreads of the measurement, toned down where it is large
//! (Huber's loss), so that one figure of another cause does not carry the fit away; each parameter adds one for its
//! prior. Derivatives are central differences with the same random draws on both sides, over a step that
//! is wide beside the jumps of a simulated collector. Bounds: the logarithm of a factor is
//! b tanh(u / b) of a free variable u. The method and the matrices are those of the crates
//! `levenberg-marquardt` and `nalgebra` (without their run-time choice of instructions: the same bits on
//! every machine).

use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra::storage::Owned;
use nalgebra::{DMatrix, DVector, Dyn};
use rayon::prelude::*;

use super::parameters::PARAMETERS;
use super::subject::{Predicted, Subject};
use crate::engine::stop;
use crate::model::input::Inputs;
use crate::validation::Replay;

/// Half a difference, in the logarithm of a factor.
const STEP: f64 = 0.06;
/// Residuals beyond are of another cause, such as a server that was not at rest.
const OUTLIER: f64 = 3.0;
/// Evaluations of an LM fit, in multiples of its parameters.
const PATIENCE: usize = 6;
/// The fit ends when it gets better by less.
const TOLERANCE: f64 = 1e-3;

/// Logarithms of the factors, one a parameter of the table.
pub(super) type Factors = [f64; PARAMETERS.len()];

/// Observations and how to replay them.
#[derive(Clone, Copy)]
pub(super) struct Problem<'s> {
    /// All of them, or those of a part.
    pub(super) subjects: &'s [&'s Subject],
    /// How.
    pub(super) replay: Replay,
}

/// The inputs of a subject with factors on its parameters.
pub(super) fn applied(inputs: &Inputs, factors: &Factors) -> Inputs {
    let mut inputs = inputs.clone();
    for (parameter, log) in PARAMETERS.iter().zip(factors) {
        if *log != 0.0 {
            let value = parameter.value(&inputs) * libm::exp(*log);
            parameter.set_value(&mut inputs, value);
        }
    }
    inputs
}

impl Problem<'_> {
    /// What replays with these factors give.
    pub(super) fn predict(&self, factors: &Factors) -> Vec<Predicted> {
        let one = |s: &&Subject| s.predict(&applied(&s.inputs, factors), self.replay);
        self.subjects.par_iter().map(one).collect()
    }

    /// The residuals of all figures, outliers toned down.
    pub(super) fn residuals(&self, factors: &Factors) -> Vec<f64> {
        self.of(&self.predict(factors))
    }

    fn of(&self, predicted: &[Predicted]) -> Vec<f64> {
        let pairs = self.subjects.iter().zip(predicted);
        pairs.flat_map(|(subject, predicted)| subject.residuals(predicted)).map(huber).collect()
    }

    /// Derivatives of the residuals by the logarithms of the active factors.
    pub(super) fn jacobian(&self, factors: &Factors, active: &[usize]) -> DMatrix<f64> {
        let sides: Vec<(usize, f64)> =
            active.iter().flat_map(|index| [(*index, -STEP), (*index, STEP)]).collect();
        let side = |(index, step): &(usize, f64)| {
            let mut moved = *factors;
            moved[*index] += step;
            self.residuals(&moved)
        };
        let residuals: Vec<Vec<f64>> = sides.par_iter().map(side).collect();
        let rows = residuals.first().map_or(0, Vec::len);
        DMatrix::from_fn(rows, active.len(), |row, column| {
            let at = |side: usize| residuals[2 * column + side][row];
            (at(1) - at(0)) / (2.0 * STEP)
        })
    }

    /// The most likely factors of the active parameters, from where `start` is.
    pub(super) fn fit(&self, start: &Factors, active: &[usize]) -> Factors {
        if active.is_empty() {
            return *start;
        }
        let free = |index: &usize| {
            let bound = bound(*index);
            bound * libm::atanh((start[*index] / bound).clamp(-0.999, 0.999))
        };
        let free = DVector::from_iterator(active.len(), active.iter().map(free));
        let solver = LevenbergMarquardt::new()
            .with_ftol(TOLERANCE)
            .with_xtol(TOLERANCE)
            .with_gtol(TOLERANCE)
            .with_patience(PATIENCE);
        let (found, _) = solver.minimize(Free { problem: *self, active, start: *start, at: free });
        found.factors()
    }
}

/// A residual whose square is Huber's loss: beyond [`OUTLIER`] it counts by its size, not by its square.
fn huber(residual: f64) -> f64 {
    let size = residual.abs();
    if size <= OUTLIER {
        return residual;
    }
    (OUTLIER * (2.0 * size - OUTLIER)).sqrt().copysign(residual)
}

/// The largest logarithm of a factor.
fn bound(index: usize) -> f64 {
    libm::log(PARAMETERS[index].bound)
}

/// Whether a factor stands at its bound.
pub(super) fn at_bound(index: usize, log: f64) -> bool {
    log.abs() > 0.95 * bound(index)
}

/// The problem in free variables.
struct Free<'p> {
    problem: Problem<'p>,
    active: &'p [usize],
    start: Factors,
    at: DVector<f64>,
}

impl Free<'_> {
    fn factors(&self) -> Factors {
        let mut factors = self.start;
        for (index, free) in self.active.iter().zip(&self.at) {
            factors[*index] = bound(*index) * libm::tanh(free / bound(*index));
        }
        factors
    }
}

impl LeastSquaresProblem<f64, Dyn, Dyn> for Free<'_> {
    type ResidualStorage = Owned<f64, Dyn>;
    type JacobianStorage = Owned<f64, Dyn, Dyn>;
    type ParameterStorage = Owned<f64, Dyn>;

    fn set_params(&mut self, free: &DVector<f64>) {
        self.at.copy_from(free);
    }

    fn params(&self) -> DVector<f64> {
        self.at.clone()
    }

    fn residuals(&self) -> Option<DVector<f64>> {
        let factors = self.factors();
        let mut residuals = self.problem.residuals(&factors);
        residuals
            .extend(self.active.iter().map(|index| factors[*index] / PARAMETERS[*index].prior));
        Some(DVector::from_vec(residuals))
    }

    fn jacobian(&self) -> Option<DMatrix<f64>> {
        if stop::asked() {
            // Ends the fit with the last factors that were an improvement.
            return None;
        }
        let factors = self.factors();
        let data = self.problem.jacobian(&factors, self.active);
        let mut all = data.insert_rows(self.problem_rows(), self.active.len(), 0.0);
        for (column, index) in self.active.iter().enumerate() {
            all[(self.problem_rows() + column, column)] = 1.0 / PARAMETERS[*index].prior;
            let slope = libm::tanh(self.at[column] / bound(*index));
            all.column_mut(column).scale_mut(1.0 - slope * slope);
        }
        Some(all)
    }
}

impl Free<'_> {
    fn problem_rows(&self) -> usize {
        self.problem.subjects.iter().map(|subject| subject.targets.len()).sum()
    }
}
