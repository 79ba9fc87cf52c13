//! Named random streams: one generator per (seed, replication, purpose, entity).
//!
//! A stream depends on its four names only, not on which streams exist or how much was drawn from
//! them. So two variants of a scenario that differ in a server's setting give every client the same
//! draws (common random numbers), clients added later do not shift earlier ones, and replications may
//! run in any order on any number of threads.
//!
//! The four names are hashed to a 256-bit state by chains of `SplitMix64`'s finaliser (Steele, Lea,
//! Flood 2014). Hashing rather than jumping ahead, because the n-th stream then costs no more than
//! the first.
//!
//! **The same bits everywhere.** Generator and integer draws are portable within a minor release of
//! rand, which is why its version is pinned. Exponential and normal draws come from `rand_distr`'s
//! ziggurat tables; about one in a hundred also evaluates `exp` or `ln` of the platform's C library
//! (the plotting crates switch num-traits to it), whose last bit may differ from another platform's.
//! The log-normal's own `exp` is libm's, the same on all.

use std::convert::Infallible;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng, TryRng};
use rand_distr::{Exp1, StandardNormal};

use crate::units::{Fnv, SimSpan};

/// What a stream's draws are for, such as `"relist jitter"`: the name, hashed.
///
/// A purpose covers one kind of entity, so that (purpose, entity number) is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purpose(u64);

impl Purpose {
    /// The purpose of this name. Renaming a purpose changes its draws, and so every result.
    #[must_use]
    pub const fn named(name: &str) -> Self {
        // Constant-evaluable, and a few dozen short names do not collide.
        Self(Fnv::new().bytes(name.as_bytes()).value())
    }
}

impl From<&str> for Purpose {
    fn from(name: &str) -> Self {
        Self::named(name)
    }
}

/// All random streams of one replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
    replication: u32,
}

impl Streams {
    /// The streams of replication number `replication` under the scenario's `seed`.
    #[must_use]
    pub const fn new(seed: u64, replication: u32) -> Self {
        Self { seed, replication }
    }

    /// Other streams for the same replication: those of branch number `branch`, from 1 on.
    #[must_use]
    pub const fn branch(&self, branch: u32) -> Self {
        let gamma = GOLDEN_GAMMA.wrapping_mul(branch as u64);
        Self { seed: mix(self.seed.wrapping_add(gamma)), replication: self.replication }
    }

    /// The stream of one entity for one purpose, from its beginning.
    pub fn stream(&self, purpose: impl Into<Purpose>, entity: u64) -> Stream {
        let names = [self.seed, u64::from(self.replication), purpose.into().0, entity];
        let mut key = [0; 32];
        for (lane, word) in (1_u64..).zip(key.chunks_exact_mut(8)) {
            // Each lane starts elsewhere, so that two streams whose 64-bit hashes collide in one lane
            // still differ in the others.
            let hash = names.iter().fold(lane.wrapping_mul(GOLDEN_GAMMA), |hash, &name| {
                mix(hash ^ name).wrapping_add(GOLDEN_GAMMA)
            });
            word.copy_from_slice(&mix(hash).to_le_bytes());
        }
        Stream(Xoshiro256PlusPlus::from_seed(key))
    }
}

/// `SplitMix64`'s increment: 2^64 divided by the golden ratio, made odd.
const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// `SplitMix64`'s finaliser: a bijection that changes half the bits for any one bit changed.
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// One stream of random draws.
///
/// It is also a [`rand::Rng`], so that any distribution of `rand_distr` can sample from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream(Xoshiro256PlusPlus);

impl Stream {
    /// 64 uniform bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in [0, 1), a multiple of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        self.0.random()
    }

    /// Uniform over 0 … `n` − 1, without bias; 0 if `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0.random_range(0..n.max(1))
    }

    /// Exponential with this mean, to the nearest nanosecond.
    pub fn exponential(&mut self, mean: SimSpan) -> SimSpan {
        mean.scale(self.0.sample(Exp1))
    }

    /// Normal with mean 0 and standard deviation 1.
    pub fn normal(&mut self) -> f64 {
        self.0.sample(StandardNormal)
    }

    /// Log-normal with median 1: e to the power of a normal of mean 0 and this standard deviation.
    ///
    /// Its mean is e^(σ²/2).
    pub fn lognormal(&mut self, sigma_of_log: f64) -> f64 {
        libm::exp(sigma_of_log * self.normal())
    }

    /// True with probability `p`: never if `p` ≤ 0, always if `p` ≥ 1. Takes one draw in any case.
    pub fn chance(&mut self, p: f64) -> bool {
        self.uniform() < p
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::{Purpose, Stream, Streams};
    use crate::units::SimSpan;

    fn stream(entity: u64) -> Stream {
        Streams::new(42, 7).stream("test", entity)
    }

    fn draws<T>(mut draw: impl FnMut(&mut Stream) -> T) -> [T; 4] {
        let mut stream = stream(3);
        std::array::from_fn(|_| draw(&mut stream))
    }

    /// A change here changes every result of every scenario: it needs a line in the changelog.
    #[test]
    fn outputs_are_frozen() {
        assert_eq!(Purpose::named("test"), Purpose(0xf9e6_e6ef_197c_2b25));
        // Checked against an implementation of the derivation and of xoshiro256++ written apart.
        assert_eq!(
            draws(Stream::bits),
            [
                0x4311_2cc6_6383_87d8,
                0x3922_158f_6358_9f1c,
                0x24bf_d3a6_7f35_d944,
                0xccd8_9fef_837c_4b8c,
            ]
        );
        assert_eq!(
            draws(Stream::uniform).map(f64::to_bits),
            [
                0x3fd0_c44b_3198_e0e0,
                0x3fcc_910a_c7b1_ac4c,
                0x3fc2_5fe9_d33f_9aec,
                0x3fe9_9b13_fdf0_6f89,
            ]
        );
        assert_eq!(draws(|s| s.below(1_000)), [261, 223, 143, 800]);
        let hi = SimSpan::secs(2);
        assert_eq!(
            draws(|s| s.exponential(hi).0),
            [360_517_637, 1_686_887_690, 747_927_091, 2_439_431_516]
        );
        assert_eq!(
            draws(|s| s.lognormal(0.5)).map(f64::to_bits),
            [
                0x3fe9_d2d3_94ef_c19d,
                0x3fe0_3306_2acf_080b,
                0x3fdf_7f0e_000b_30f9,
                0x3ff8_c289_706e_7339,
            ]
        );
        assert_eq!(draws(|s| s.chance(0.5)), [true, true, true, false]);
    }

    #[test]
    fn every_name_matters_and_nothing_else() {
        let first = |seed, replication, purpose: &str, entity| {
            Streams::new(seed, replication).stream(purpose, entity).bits()
        };
        let base = first(1, 0, "arrivals", 0);
        assert_eq!(base, first(1, 0, "arrivals", 0));
        let others = [
            first(0, 1, "arrivals", 0),
            first(0, 0, "arrivals", 1),
            first(1, 1, "arrivals", 0),
            first(1, 0, "arrival", 0),
            first(1, 0, "arrivals", 1),
            first(1, 0, "", 0),
        ];
        for (i, other) in others.iter().enumerate() {
            assert_ne!(*other, base);
            assert!(!others[..i].contains(other));
        }
    }

    /// Sample mean over `n` draws, one from each of `n` streams: tests independence of streams too.
    fn mean(n: u64, mut draw: impl FnMut(&mut Stream) -> f64) -> f64 {
        (0..n).map(|entity| draw(&mut stream(entity))).sum::<f64>() / n as f64
    }

    /// Asserts that a mean of n = 40,000 draws of the given law is within 4 standard errors.
    fn assert_mean(expected: f64, sd: f64, draw: impl FnMut(&mut Stream) -> f64) {
        let z = (mean(40_000, draw) - expected) / (sd / 200.0);
        assert!(z.abs() < 4.0, "z = {z}");
    }

    #[test]
    fn moments_are_right() {
        let hour = SimSpan::secs(3_600);
        assert_mean(0.5, 12_f64.sqrt().recip(), Stream::uniform);
        assert_mean(1.0, 1.0, |s| s.exponential(hour).as_secs_f64() / 3_600.0);
        assert_mean(2.0, 20_f64.sqrt(), |s| (s.exponential(hour).as_secs_f64() / 3_600.0).powi(2));
        assert_mean(0.125_f64.exp(), 0.604, |s| s.lognormal(0.5));
        assert_mean(0.0, 1.0, Stream::normal);
        assert_mean(1.0, 2_f64.sqrt(), |s| s.normal().powi(2));
        assert_mean(0.5, 0.5, |s| f64::from(u8::from(s.lognormal(2.0) < 1.0)));
        assert_mean(4.5, 8.25_f64.sqrt(), |s| s.below(10) as f64);
        assert_mean(0.3, 0.21_f64.sqrt(), |s| f64::from(u8::from(s.chance(0.3))));
    }

    #[test]
    fn degenerate_arguments_do_not_panic() {
        let mut s = stream(0);
        assert_eq!((s.below(0), s.below(1)), (0, 0));
        assert_eq!(s.exponential(SimSpan::ZERO), SimSpan::ZERO);
        assert!(!s.chance(0.0) && s.chance(1.0) && !s.chance(f64::NAN));
        assert!((s.lognormal(0.0) - 1.0).abs() < f64::EPSILON);
    }
}
