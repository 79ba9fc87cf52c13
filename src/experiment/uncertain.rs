//! Uncertain inputs: drawn anew for every replication, and told apart from the noise of the seed.
//!
//! A replication draws its inputs from streams of their own, one a key, so that the model's draws
//! stay what they were (common random numbers). Replications are independent of one another, inputs
//! included: every interval of the summary covers both kinds of chance. To split the variance, some
//! replications are run a second time with the same inputs and another seed.

use super::measure::value;
use super::replicate::{
    ReplicateError, Replicated, Replications, guarded, pool, try_replicate_with, until_stopped,
};
use super::until::Until;
use crate::engine::paired::rank_correlation;
use crate::engine::statistics::nearest_rank;
use crate::engine::stop;
use crate::engine::{Purpose, Stream, Streams};
use crate::model::RunOptions;
use crate::results::{RunRecord, UncertainInput, Uncertainty, VarianceSplit};
use crate::scenario::Uncertain;
use crate::scenario::measure::Measure;
use crate::units::Sort as _;

/// Most pairs that variances are split by: the standard error of a share is then at most 5 %.
const MOST_PAIRS: u32 = 400;

/// Fewer pairs say nothing of a variance.
const LEAST_PAIRS: usize = 10;

/// Added to a replication's number for its second run: seeds that no replication has.
const SECOND_RUN: u32 = 1 << 31;

/// Resamplings of the bootstrap.
const RESAMPLINGS: usize = 2_000;

/// The values drawn for one replication, in the order of the inputs.
#[must_use]
pub fn draw(uncertain: &[Uncertain], seed: u64, replication: u32) -> Vec<f64> {
    let streams = Streams::new(seed, replication);
    let one = |input: &Uncertain| {
        let mut stream = streams.stream(Purpose::named(&format!("input {}", input.key)), 0);
        let uniform = stream.uniform();
        input.distribution.at(uniform, stream.normal())
    };
    uncertain.iter().map(one).collect()
}

/// The same as overrides of the scenario.
#[must_use]
pub fn draw_overrides(uncertain: &[Uncertain], seed: u64, replication: u32) -> Vec<String> {
    let values = draw(uncertain, seed, replication);
    uncertain.iter().zip(values).map(|(input, value)| input.set(value)).collect()
}

/// Replicates a scenario with uncertain inputs. The model gets the number of the replication whose
/// inputs to draw, which is not always that of the options.
///
/// # Errors
/// See [`ReplicateError`].
pub fn replicate_uncertain(
    run: impl Fn(u32, RunOptions) -> Result<RunRecord, ReplicateError> + Sync,
    uncertain: &[Uncertain],
    plan: Replications,
    until: Option<Until>,
    progress: impl Fn(u32) + Sync,
) -> Result<Replicated, ReplicateError> {
    let once = |options: RunOptions| run(options.replication, options);
    let mut replicated = try_replicate_with(once, plan, until, progress)?;
    if uncertain.is_empty() || stop::asked() {
        return Ok(replicated);
    }
    let pairs = (replicated.runs.len() as u32).min(MOST_PAIRS);
    let again = |replication: u32| {
        let options =
            RunOptions { seed: plan.seed, replication: replication | SECOND_RUN, timelines: false };
        guarded(replication, || run(replication, options)).map(RunRecord::slim)
    };
    let second: Vec<RunRecord> = pool(plan.threads)?.install(|| until_stopped(0..pairs, again))?;
    if (second.len() as u32) < pairs {
        return Ok(replicated);
    }
    replicated.uncertainty = Some(Uncertainty {
        inputs: inputs(uncertain, plan.seed, &replicated.runs),
        pairs,
        peak: split(Measure::Peak, plan.seed, &replicated.runs, &second),
        oom: split(Measure::Oom, plan.seed, &replicated.runs, &second),
    });
    Ok(replicated)
}

fn inputs(uncertain: &[Uncertain], seed: u64, runs: &[RunRecord]) -> Vec<UncertainInput> {
    let draws: Vec<Vec<f64>> =
        runs.iter().map(|run| draw(uncertain, seed, run.replication)).collect();
    let one = |(index, input): (usize, &Uncertain)| {
        let values: Vec<f64> = draws.iter().filter_map(|draw| draw.get(index).copied()).collect();
        let peaks = runs.iter().map(|run| run.peak_resident().as_f64());
        let pairs: Vec<(f64, f64)> = values.iter().copied().zip(peaks).collect();
        let mut sorted = values;
        sorted.order_by(f64::total_cmp);
        let at = |q| input.show(nearest_rank(&sorted, q).unwrap_or_default());
        UncertainInput {
            key: input.key.clone(),
            law: input.law.clone(),
            drawn: [at(0.05), at(0.5), at(0.95)],
            peak_correlation: rank_correlation(&pairs).map(|r| (r * 1e3).round() / 1e3),
        }
    };
    let mut inputs: Vec<UncertainInput> = uncertain.iter().enumerate().map(one).collect();
    let strength = |input: &UncertainInput| input.peak_correlation.map_or(-1.0, f64::abs);
    inputs.order_by(|a, b| strength(b).total_cmp(&strength(a)));
    inputs
}

fn split(
    measure: Measure,
    seed: u64,
    first: &[RunRecord],
    second: &[RunRecord],
) -> Option<VarianceSplit> {
    let of = |run: &RunRecord| value(measure, run).as_f64();
    let pairs: Vec<(f64, f64)> = first.iter().map(of).zip(second.iter().map(of)).collect();
    if pairs.len() < LEAST_PAIRS {
        return None;
    }
    let (input, noise) = variances(&pairs)?;
    let mut stream = Streams::new(seed, 0).stream("bootstrap of variances", 0);
    let mut shares: Vec<f64> =
        (0..RESAMPLINGS).map(|_| share(&resampled(&pairs, &mut stream))).collect();
    shares.order_by(f64::total_cmp);
    let end = |q| nearest_rank(&shares, q).map_or(0.0, rounded);
    // Where no pair differs, resampling finds none either; but 5 of 100 times a few more would have.
    let unseen = (1.0 - libm::pow(0.05, 1.0 / pairs.len() as f64)) / 2.0;
    let most = if measure.is_event() { rounded(input / (input + unseen)) } else { 1.0 };
    Some(VarianceSplit {
        total_sd: libm::sqrt(input + noise),
        input_sd: libm::sqrt(input),
        seed_sd: libm::sqrt(noise),
        input_share: rounded(input / (input + noise)),
        low: end(0.025).min(most),
        high: end(0.975),
    })
}

fn rounded(share: f64) -> f64 {
    (share * 1e4).round() / 1e4
}

fn resampled(pairs: &[(f64, f64)], stream: &mut Stream) -> Vec<(f64, f64)> {
    let pick = |_| pairs[stream.below(pairs.len() as u64) as usize];
    (0..pairs.len()).map(pick).collect()
}

/// The share of the inputs; 0 where nothing varies.
fn share(pairs: &[(f64, f64)]) -> f64 {
    variances(pairs).map_or(0.0, |(input, noise)| input / (input + noise))
}

/// The variance of the inputs and that of the seed: one-way analysis of variance with random
/// effects, two runs a group (Searle, Casella, `McCulloch`, *Variance Components*, chapter 3). An
/// estimate below nothing is nothing. `None` if nothing varies.
fn variances(pairs: &[(f64, f64)]) -> Option<(f64, f64)> {
    let n = pairs.len() as f64;
    let mean = pairs.iter().map(|(a, b)| f64::midpoint(*a, *b)).sum::<f64>() / n;
    let within = pairs.iter().map(|(a, b)| (a - b).powi(2) / 2.0).sum::<f64>() / n;
    let deviations = pairs.iter().map(|(a, b)| (f64::midpoint(*a, *b) - mean).powi(2));
    let between = 2.0 * deviations.sum::<f64>() / (n - 1.0).max(1.0);
    let input = ((between - within) / 2.0).max(0.0);
    (input + within > 0.0).then_some((input, within))
}

#[cfg(test)]
mod tests {
    use super::{resampled, share, variances};
    use crate::engine::Streams;

    /// Pairs whose inputs and seeds have known standard deviations.
    fn pairs(seed: u64, n: u32, input: f64, noise: f64) -> Vec<(f64, f64)> {
        let mut stream = Streams::new(seed, 0).stream("pairs", 0);
        let pair = |_| {
            let mean = 10.0 + input * stream.normal();
            (mean + noise * stream.normal(), mean + noise * stream.normal())
        };
        (0..n).map(pair).collect()
    }

    #[test]
    fn variances_are_told_apart() {
        for (input, noise) in [(3.0, 1.0), (1.0, 3.0), (0.0, 2.0), (2.0, 0.0)] {
            let of = |seed| variances(&pairs(seed, 400, input, noise)).expect("they vary");
            let (inputs, seeds): (Vec<f64>, Vec<f64>) = (0..50).map(of).unzip();
            let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
            let total = input * input + noise * noise;
            assert!((mean(&inputs) - input * input).abs() < 0.05 * total, "{input} {noise}");
            assert!((mean(&seeds) - noise * noise).abs() < 0.05 * total, "{input} {noise}");
        }
        assert_eq!(variances(&[(1.0, 1.0); 20]), None);
    }

    /// The bootstrap interval covers the true share in about 95 of 100 experiments.
    #[test]
    fn the_interval_of_a_share_covers() {
        let covered = (0..200).filter(|&seed| {
            let pairs = pairs(seed, 100, 1.0, 1.0);
            let mut stream = Streams::new(seed, 1).stream("bootstrap", 0);
            let mut shares: Vec<f64> =
                (0..400).map(|_| share(&resampled(&pairs, &mut stream))).collect();
            shares.sort_by(f64::total_cmp);
            (shares[10]..=shares[389]).contains(&0.5)
        });
        let covered = covered.count();
        assert!((180..=199).contains(&covered), "{covered} of 200");
    }
}
