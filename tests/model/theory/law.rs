//! Laws of service times.

use oomcast::engine::Stream;
use oomcast::units::SimSpan;
use rand::RngExt;
use rand_distr::Gamma;

/// A law of service times, scaled to a given mean.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Law {
    Deterministic,
    /// Uniform from 0 to twice the mean.
    Uniform,
    /// Three exponential stages.
    Erlang3,
    Exponential,
    /// Log-normal whose logarithm has standard deviation 1.
    Lognormal,
    /// Exponential, of mean 1/2 in nine cases of ten and of mean 5.5 in the tenth.
    Hyperexponential,
}

impl Law {
    pub(crate) const ALL: [Self; 6] = [
        Self::Deterministic,
        Self::Uniform,
        Self::Erlang3,
        Self::Exponential,
        Self::Lognormal,
        Self::Hyperexponential,
    ];

    /// One service time.
    pub(crate) fn draw(self, draws: &mut Stream, mean: SimSpan) -> SimSpan {
        match self {
            Self::Deterministic => mean,
            Self::Uniform => mean.scale(2.0 * draws.uniform()),
            Self::Erlang3 => {
                let gamma = Gamma::new(3.0, 1.0 / 3.0).expect("positive shape and scale");
                mean.scale(draws.sample(gamma))
            }
            Self::Exponential => draws.exponential(mean),
            Self::Lognormal => mean.scale(draws.lognormal(1.0) / 0.5_f64.exp()),
            Self::Hyperexponential => {
                let factor = if draws.chance(0.1) { 5.5 } else { 0.5 };
                draws.exponential(mean.scale(factor))
            }
        }
    }

    /// E\[S²\] for mean 1.
    pub(crate) fn second_moment(self) -> f64 {
        match self {
            Self::Deterministic => 1.0,
            Self::Uniform | Self::Erlang3 => 4.0 / 3.0,
            Self::Exponential => 2.0,
            Self::Lognormal => 1_f64.exp(),
            Self::Hyperexponential => 2.0 * (0.9 * 0.25 + 0.1 * 30.25),
        }
    }
}
