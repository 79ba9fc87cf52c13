//! Observations as the fit takes them: inputs to replay, and figures to meet.

use super::sampled::{self, Window};
use crate::model::input::Inputs;
use crate::results::{FigureKind, Timeline};
use crate::units::Bytes;
use crate::validation::compare::{self, Outlook, Replay};
use crate::validation::ha;
use crate::validation::observation::Run;

/// Relative spread of a measured amount of memory: repeated runs differ by 2 to 3 %.
pub const MEMORY_SPREAD: f64 = 0.03;
/// The same of a time: by tens of per cent.
pub const TIME_SPREAD: f64 = 0.3;

/// What an observation was seen through.
#[derive(Clone, Debug)]
pub enum View {
    /// A recorded run: the whole of it, to the byte.
    Run(Box<Run>),
    /// A recorded run of several servers: the highest of them.
    Servers,
    /// Samples of a series about an event of a scenario.
    Samples(Window),
}

/// A figure that was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// What.
    pub kind: FigureKind,
    /// Bytes or seconds.
    pub measured: f64,
    /// How well it is known: standard deviation of its logarithm.
    pub spread: f64,
}

/// An observation.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its name.
    pub id: String,
    /// What errors and notes call it.
    pub file: String,
    /// What to replay.
    pub inputs: Inputs,
    /// What to meet.
    pub targets: Vec<Target>,
    /// How it was seen.
    pub view: View,
    /// Whether the server was lost.
    pub lost: bool,
    /// Seconds since the burst began and resident memory (or what was sampled instead of it).
    pub curve: Vec<(f64, Bytes)>,
}

/// What a replay gives for the figures of a subject.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Predicted {
    /// In the order of the subject's targets.
    pub figures: Vec<f64>,
    /// Whether most replications lose the server.
    pub lost: bool,
    /// How far the sampled peak depends on when samples are taken: standard deviation of its logarithm.
    pub sampling_spread: f64,
}

impl Subject {
    /// Replays it with these inputs, which are its own but for parameters.
    #[must_use]
    pub fn predict(&self, inputs: &Inputs, replay: Replay) -> Predicted {
        match &self.view {
            View::Run(run) => {
                self.predict_run(inputs, replay, compare::outlook(run, inputs, replay))
            }
            View::Servers => self.predict_run(inputs, replay, ha::outlook(inputs, replay)),
            View::Samples(window) => self.predict_samples(window, inputs, replay),
        }
    }

    fn predict_run(&self, inputs: &Inputs, replay: Replay, outlook: Outlook) -> Predicted {
        let figure = |target: &Target| match target.kind {
            FigureKind::Base => compare::idle(inputs, replay).as_f64(),
            FigureKind::Peak => outlook.peak.as_f64(),
            FigureKind::Duration => {
                outlook.seconds.unwrap_or_else(|| inputs.duration.as_secs_f64())
            }
        };
        let figures = self.targets.iter().map(figure).collect();
        Predicted { figures, lost: outlook.killed, sampling_spread: 0.0 }
    }

    fn predict_samples(&self, window: &Window, inputs: &Inputs, replay: Replay) -> Predicted {
        let seen = sampled::replay(window, inputs, replay);
        let figure = |target: &Target| match target.kind {
            FigureKind::Base => seen.base,
            FigureKind::Peak => seen.peak,
            FigureKind::Duration => seen.seconds.unwrap_or_else(|| inputs.duration.as_secs_f64()),
        };
        let figures = self.targets.iter().map(figure).collect();
        Predicted { figures, lost: seen.lost, sampling_spread: seen.sampling_spread }
    }

    /// The standardised residual of each target. A server that was lost, as predicted, says no more than
    /// that: where its memory stood is its limit.
    pub fn residuals(&self, predicted: &Predicted) -> impl Iterator<Item = f64> {
        let met = self.lost && predicted.lost;
        self.targets.iter().zip(&predicted.figures).map(move |(target, figure)| {
            if met && target.kind == FigureKind::Peak {
                return 0.0;
            }
            libm::log(figure.max(1e-9) / target.measured) / target.spread
        })
    }

    /// The resident memory over time in the replication with the median peak, from where the burst
    /// begins, in the terms of what was measured.
    #[must_use]
    pub fn curve_of(&self, inputs: &Inputs, replay: Replay) -> Option<Timeline> {
        match &self.view {
            View::Run(_) | View::Servers => compare::median_timeline(inputs, replay),
            View::Samples(window) => sampled::timeline(window, inputs, replay),
        }
    }
}
