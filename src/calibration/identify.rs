//! Which parameters the observations say something of, and how well they say it.
//!
//! After a fit, the covariance of the active parameters is
//! `(JᵀJ / s² + P)⁻¹`: J are the derivatives, s²
//! the variance of the residuals (at least 1: a fit is never better than the measurements), P the prior's
//! precision. A parameter is identified if that leaves a spread of less than half of [`PRIOR`]. The worst that
//! is not goes back to its default, and the rest are fitted again, until all that are left are identified.

use nalgebra::DMatrix;

use super::fit::{Factors, Problem, at_bound};
use super::parameters::{PARAMETERS, PRIOR};
use crate::engine::stop;
use crate::results::ParameterState;

/// Share of [`PRIOR`] that the spread of an identified parameter may be.
const KEPT: f64 = 0.5;
/// A parameter whose figures move by less, in spreads per e-fold, has no effect on them.
const NO_EFFECT: f64 = 0.05;

/// What a fit says of a parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Standing {
    /// How it came out.
    pub(super) state: ParameterState,
    /// Half the 95 % interval of the logarithm of its factor.
    pub(super) half: f64,
    /// What it cannot be told from.
    pub(super) with: Option<usize>,
}

/// A fit of what can be identified.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fit {
    /// Logarithms of all factors; 0 where not fitted.
    pub(super) factors: Factors,
    /// One a parameter.
    pub(super) standings: [Standing; PARAMETERS.len()],
    /// Figures less fitted parameters.
    pub(super) freedom: usize,
    /// Root mean square of the residuals.
    pub(super) residual_spread: f64,
}

/// Fits the wanted parameters, as far as they can be.
pub(super) fn fit(problem: &Problem<'_>, wanted: &[usize]) -> Fit {
    let mut factors: Factors = [0.0; PARAMETERS.len()];
    let mut standings = [Standing::default(); PARAMETERS.len()];
    let mut active: Vec<usize> = wanted.to_vec();
    let first = problem.jacobian(&factors, &active);
    if stop::asked() {
        return unfinished(problem, wanted);
    }
    let moves = |column: usize| first.column(column).norm() > NO_EFFECT;
    let kept: Vec<usize> =
        (0..active.len()).filter(|column| moves(*column)).map(|column| active[column]).collect();
    for index in active.iter().filter(|index| !kept.contains(index)) {
        standings[*index] = Standing { half: 1.96 * PRIOR, ..Standing::default() };
    }
    active = kept;
    loop {
        factors = problem.fit(&factors, &active);
        if stop::asked() {
            return unfinished(problem, wanted);
        }
        let look = Look::new(problem, &factors, &active);
        let worst = look.worst();
        match worst.filter(|column| look.spread(*column) > KEPT * PRIOR) {
            Some(column) => {
                let index = active.remove(column);
                standings[index] =
                    look.standing_of_lost(column, &active_with(&active, column, index));
                factors[index] = 0.0;
            }
            None => {
                for (column, index) in active.iter().enumerate() {
                    standings[*index] = look.standing(column, *index, factors[*index]);
                }
                let (freedom, residual_spread) = (look.freedom, look.residual_spread);
                return Fit { factors, standings, freedom, residual_spread };
            }
        }
    }
}

/// Nothing is known of what was wanted: a fit that was cut off says nothing of any effect.
fn unfinished(problem: &Problem<'_>, wanted: &[usize]) -> Fit {
    let factors: Factors = [0.0; PARAMETERS.len()];
    let mut standings = [Standing::default(); PARAMETERS.len()];
    for index in wanted {
        let state = ParameterState::Unfinished;
        standings[*index] = Standing { state, half: 1.96 * PRIOR, with: None };
    }
    let residuals = problem.residuals(&factors);
    let residual_spread = root_mean_square(&residuals);
    Fit { factors, standings, freedom: residuals.len(), residual_spread }
}

fn root_mean_square(residuals: &[f64]) -> f64 {
    (squares(residuals) / residuals.len().max(1) as f64).sqrt()
}

fn squares(residuals: &[f64]) -> f64 {
    residuals.iter().map(|r| r * r).sum()
}

/// The active parameters as they were before one was taken out.
fn active_with(active: &[usize], column: usize, index: usize) -> Vec<usize> {
    let mut all = active.to_vec();
    all.insert(column, index);
    all
}

/// The surroundings of a fit.
struct Look {
    /// `JᵀJ / s² + P`.
    precision: DMatrix<f64>,
    covariance: DMatrix<f64>,
    freedom: usize,
    residual_spread: f64,
}

impl Look {
    fn new(problem: &Problem<'_>, factors: &Factors, active: &[usize]) -> Self {
        let residuals = problem.residuals(factors);
        let freedom = residuals.len().saturating_sub(active.len());
        let variance = (squares(&residuals) / freedom.max(1) as f64).max(1.0);
        let jacobian = problem.jacobian(factors, active);
        let mut precision = jacobian.transpose() * &jacobian / variance;
        for (column, index) in active.iter().enumerate() {
            precision[(column, column)] += PARAMETERS[*index].prior.powi(-2);
        }
        // The prior makes it positive definite.
        let covariance = precision.clone().cholesky().map(|c| c.inverse());
        let size = active.len();
        Self {
            precision,
            covariance: covariance.unwrap_or_else(|| DMatrix::identity(size, size) * PRIOR * PRIOR),
            freedom,
            residual_spread: root_mean_square(&residuals),
        }
    }

    /// Standard deviation of a parameter.
    fn spread(&self, column: usize) -> f64 {
        self.covariance[(column, column)].max(0.0).sqrt()
    }

    /// The least certain parameter; the last of equals.
    fn worst(&self) -> Option<usize> {
        (0..self.covariance.ncols()).max_by(|a, b| self.spread(*a).total_cmp(&self.spread(*b)))
    }

    fn half(&self, column: usize) -> f64 {
        student_t(self.freedom) * self.spread(column)
    }

    fn standing(&self, column: usize, index: usize, log: f64) -> Standing {
        let state =
            if at_bound(index, log) { ParameterState::AtBound } else { ParameterState::Fitted };
        Standing { state, half: self.half(column), with: None }
    }

    /// Why a parameter is lost: were the others known, would it be?
    fn standing_of_lost(&self, column: usize, active: &[usize]) -> Standing {
        let alone = 1.0 / self.precision[(column, column)].sqrt();
        let half = self.half(column).min(1.96 * PRIOR);
        if alone > KEPT * PRIOR {
            return Standing { state: ParameterState::Weak, half, with: None };
        }
        let correlation = |other: usize| {
            let both = self.spread(column) * self.spread(other);
            (self.covariance[(column, other)] / both).abs()
        };
        let others = (0..active.len()).filter(|other| *other != column);
        let closest = others.max_by(|a, b| correlation(*a).total_cmp(&correlation(*b)));
        let with = closest.map(|other| active[other]);
        Standing { state: ParameterState::Entangled, half, with }
    }
}

/// The 97.5 % quantile of Student's t: tabulated for few degrees of freedom, else the first terms of its
/// expansion about the normal quantile (Abramowitz and Stegun 26.7.5).
fn student_t(freedom: usize) -> f64 {
    const FEW: [f64; 4] = [12.706, 4.303, 3.182, 2.776];
    let z = crate::engine::statistics::Z_95;
    match freedom {
        // The spread of the measurements stands in for that of the residuals.
        0 => z,
        n @ 1..=4 => FEW[n - 1],
        n => {
            let n = n as f64;
            z + (z.powi(3) + z) / (4.0 * n)
                + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * n * n)
                + (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z)
                    / (384.0 * n * n * n)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::student_t;

    #[test]
    fn quantiles_of_students_t() {
        for (freedom, wanted) in [(5, 2.571), (10, 2.228), (30, 2.042), (1_000, 1.962)] {
            let found = student_t(freedom);
            assert!((found - wanted).abs() < 0.006, "{freedom}: {found}");
        }
    }
}
