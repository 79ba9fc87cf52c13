//! What a calibration found: the public interface of `oomcast calibrate --format json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ErrorSpread;

/// Version of the format of [`CalibrationResult`]. A minor step adds fields, a major one changes them.
pub const CALIBRATION_FORMAT_VERSION: &str = "1.0";

/// What a figure of an observation is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum FigureKind {
    /// Memory before the burst, in bytes.
    Base,
    /// Highest memory, in bytes.
    Peak,
    /// Until the clients were done, in seconds.
    Duration,
}

impl FigureKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Base, Self::Peak, Self::Duration];

    /// Its name for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Peak => "peak",
            Self::Duration => "duration",
        }
    }
}

/// A figure, measured and predicted. Relative errors are (predicted - measured) / measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FittedFigure {
    /// What it is.
    pub kind: FigureKind,
    /// Bytes or seconds.
    pub measured: f64,
    /// Predicted with the scenario's values.
    pub before: f64,
    /// Predicted with the fitted ones.
    pub after: f64,
    /// Predicted with values fitted without this observation; `None`: there was no cross-validation.
    pub left_out: Option<f64>,
    /// Relative spread that the measurement itself has: large ones weigh little.
    pub spread: f64,
    /// What the fit leaves, in such spreads.
    pub residual: f64,
}

/// An observation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FittedObservation {
    /// Its name.
    pub id: String,
    /// Where it is from.
    pub file: String,
    /// Its figures.
    pub figures: Vec<FittedFigure>,
    /// Whether the server was lost.
    pub measured_lost: bool,
    /// Whether it is lost with the scenario's values.
    pub lost_before: bool,
    /// Whether it is lost with the fitted ones.
    pub lost_after: bool,
}

/// How a parameter came out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ParameterState {
    /// The observations say what it is.
    Fitted,
    /// They do, but the fit stands at its bound: something else is wrong.
    AtBound,
    /// No figure depends on it.
    #[default]
    NoEffect,
    /// Figures depend on it, but too little beside their spread.
    Weak,
    /// Another parameter has the same effect.
    Entangled,
    /// The calibration was stopped before it was known.
    Unfinished,
}

impl ParameterState {
    /// Whether it is in the overlay.
    #[must_use]
    pub const fn is_fitted(self) -> bool {
        matches!(self, Self::Fitted | Self::AtBound)
    }
}

/// A parameter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FittedParameter {
    /// The scenario's key.
    pub key: String,
    /// What it is.
    pub meaning: String,
    /// How it came out.
    pub state: ParameterState,
    /// Its value before, as a scenario has it.
    pub default: String,
    /// Its value now; the same unless it was fitted.
    pub value: String,
    /// Value now over value before.
    pub factor: f64,
    /// The 95 % interval of the factor; for one that was not fitted, what the observations leave open.
    pub low: f64,
    /// See `low`.
    pub high: f64,
    /// The parameter that it cannot be told from.
    pub entangled_with: Option<String>,
}

/// What the fit is worth on observations that it has not seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CrossValidation {
    /// How many parts were left out in turn; observations with equal inputs are never apart.
    pub folds: u32,
    /// Errors of the peaks of observations left out.
    pub peaks: Option<ErrorSpread>,
    /// Errors of the same peaks before any fit.
    pub peaks_before: Option<ErrorSpread>,
}

/// Errors of one kind of figure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FitErrors {
    /// With the scenario's values.
    pub before: Option<ErrorSpread>,
    /// With the fitted ones.
    pub after: Option<ErrorSpread>,
}

/// The whole result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CalibrationResult {
    /// See [`CALIBRATION_FORMAT_VERSION`].
    pub format_version: String,
    /// The scenario's name.
    pub scenario: String,
    /// Its hash.
    pub scenario_hash: String,
    /// The seed.
    pub seed: u64,
    /// Replications of each observation.
    pub replications: u32,
    /// In the order of the files.
    pub observations: Vec<FittedObservation>,
    /// In the order of the table of parameters.
    pub parameters: Vec<FittedParameter>,
    /// Errors of the peaks.
    pub peaks: FitErrors,
    /// Errors of the bases.
    pub bases: FitErrors,
    /// Errors of the durations.
    pub durations: FitErrors,
    /// Figures less fitted parameters.
    pub degrees_of_freedom: u32,
    /// Root mean square of the residuals, in spreads of the measurements: 1 is as good as they are.
    pub residual_spread: f64,
    /// See [`CrossValidation`]; `None`: too few observations, or not wanted.
    pub cross_validation: Option<CrossValidation>,
    /// The fitted values as a partial scenario.
    pub overlay: String,
    /// What the reader should know.
    pub notes: Vec<String>,
}
