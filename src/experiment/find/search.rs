//! Where something begins to happen: bisection in every replication, on numbered points.
//!
//! With the draws of a replication held fixed, it has a breaking point of its own. The breaking
//! points of independent replications are independent, so that order statistics bound any quantile
//! of them, whatever their law. This rests on one assumption, that in a replication it does not stop
//! happening further on; so points elsewhere are probed, both sides of the answer are run in full,
//! and when either contradicts the assumption the answer comes from a [`scan`] that does without.
//!
//! A replication is run at both ends, bisected and probed before another begins, each in the direction
//! that its own ends say. When the process is asked to end, the answer is that of the replications known
//! by then, and is not tested any further.

mod scan;

use crate::engine::Streams;
use crate::engine::statistics::quantile_bounds;
use crate::experiment::estimate::proportion;
use crate::experiment::replicate::{ReplicateError, guarded, pool, until_stopped};
use crate::results::OutcomeCount;

/// Points probed in each replication on either side of its breaking point.
const PROBES: usize = 2;

/// What to look for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    /// Master seed, for the choice of probes.
    pub seed: u64,
    /// How many replications.
    pub replications: u32,
    /// Threads to use; `None`: one a processor. The result does not depend on it.
    pub threads: Option<usize>,
    /// Points, numbered from 0.
    pub points: usize,
    /// The share of replications in which it may happen.
    pub probability: f64,
}

/// Whether it happened at a point, or the run was stopped before it could be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// It did.
    Yes,
    /// It did not.
    No,
    /// The run was cut short before it did.
    Unknown,
}

/// How often it happened at a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tally {
    /// Which point.
    pub point: usize,
    /// Replications, with a 95 % interval of the probability.
    pub count: OutcomeCount,
}

/// A probe that contradicts the breaking point of its replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// Which replication.
    pub replication: u32,
    /// Where.
    pub point: usize,
    /// Whether it happened there; the opposite was to be expected.
    pub happened: bool,
}

/// The answer: the last point at which the probability is within bounds, and the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bracket {
    /// The last safe point.
    pub safe: Tally,
    /// The first point past it.
    pub past: Tally,
    /// A 95 % interval of the last safe point; `None`: open at this end.
    pub low: Option<usize>,
    /// Its other end.
    pub high: Option<usize>,
}

/// What the search came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Somewhere in the range.
    Found(Bracket),
    /// Even at the last point the probability is within bounds.
    NeverPast(Tally),
    /// Already at the first point it is past them.
    AlwaysPast(Tally),
}

/// Everything the search found. Points are counted in the direction in which it comes to happen.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Whether it happens towards the first point rather than the last: points are then counted
    /// from the end.
    pub falling: bool,
    /// The answer.
    pub answer: Answer,
    /// The first point at which it happens in each replication; `None`: at none.
    pub breaking_points: Vec<Option<usize>>,
    /// How often it happens at points in order: what a chart shows.
    pub curve: Vec<Tally>,
    /// Points probed beside the bisection.
    pub probes: usize,
    /// What contradicted the assumption of one breaking point; empty: nothing.
    pub contradictions: Vec<Contradiction>,
    /// Whether the answer comes from a scan.
    pub scanned: bool,
    /// Runs of the model.
    pub runs: u64,
    /// Runs that were stopped before it could be known.
    pub unknown: u64,
    /// Whether the process was asked to end before the answer was tested.
    pub cut: bool,
}

/// Searches with any function as the model: whether it happens at a point in a replication.
///
/// # Errors
/// See [`ReplicateError`].
pub fn find_with(
    run: impl Fn(usize, u32) -> Result<Happened, ReplicateError> + Sync,
    search: &Search,
    progress: impl Fn(u32) + Sync,
) -> Result<Found, ReplicateError> {
    let last = search.points.saturating_sub(1);
    let bench = Bench { run: &run, search, falling: false };
    let done = std::sync::atomic::AtomicU32::new(0);
    let mut bisected = bench.each(|replication| {
        let bisection = bench.ends_and_between(replication)?;
        progress(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1);
        Ok(bisection)
    })?;
    if bisected.is_empty() && search.replications > 0 {
        return Err(ReplicateError::Stopped);
    }
    let count = |end: fn(&Bisection) -> bool| bisected.iter().filter(|b| end(b)).count();
    let falling = count(|b| b.ends[0]) > count(|b| b.ends[1]);
    for (replication, one) in (0..).zip(&mut bisected) {
        one.turn(replication, falling, last);
    }
    // Where it was stopped, the answer is that of fewer replications.
    let cut = (bisected.len() as u32) < search.replications;
    let search = &Search { replications: bisected.len() as u32, ..*search };
    let bench = Bench { run: &run, search, falling };
    let mut found = Found {
        falling,
        answer: Answer::NeverPast(tally(last, 0, search.replications)),
        breaking_points: bisected.iter().map(|b| b.breaking_point).collect(),
        curve: Vec::new(),
        probes: bisected.iter().map(|b| b.probes).sum(),
        contradictions: bisected.iter().flat_map(|b| b.contradictions.clone()).collect(),
        scanned: false,
        runs: bisected.iter().map(|b| b.runs).sum(),
        unknown: bisected.iter().map(|b| b.unknown).sum(),
        cut,
    };
    bench.conclude(&mut found)?;
    Ok(found)
}

/// The bisection of one replication, with points counted in the direction that its ends say.
struct Bisection {
    /// Whether it happens at the first point and at the last, in the order of the points.
    ends: [bool; 2],
    breaking_point: Option<usize>,
    probes: usize,
    contradictions: Vec<Contradiction>,
    runs: u64,
    unknown: u64,
}

impl Bisection {
    /// Counts the points in the direction of the search.
    fn turn(&mut self, replication: u32, falling: bool, last: usize) {
        match (self.ends, falling) {
            ([true, false], false) | ([false, true], true) => {
                // Where it is safe for most, it happens; and it stops happening again.
                self.breaking_point = Some(0);
                self.contradictions =
                    vec![Contradiction { replication, point: last, happened: false }];
            }
            ([true, true] | [false, false], true) => {
                for contradiction in &mut self.contradictions {
                    contradiction.point = last - contradiction.point;
                }
            }
            ([true | false, true] | [false, false], false) | ([true, false], true) => {}
        }
    }
}

/// The model, with points counted in the direction of the search.
struct Bench<'a, F> {
    run: &'a F,
    search: &'a Search,
    falling: bool,
}

impl<F> Bench<'_, F>
where
    F: Fn(usize, u32) -> Result<Happened, ReplicateError> + Sync,
{
    fn last(&self) -> usize {
        self.search.points.saturating_sub(1)
    }

    fn at(&self, point: usize, replication: u32) -> Result<Happened, ReplicateError> {
        let point = if self.falling { self.last() - point } else { point };
        guarded(replication, || (self.run)(point, replication))
    }

    /// Something for every replication, on all threads, in order; when the process is asked to end,
    /// for the first of them.
    fn each<T: Send>(
        &self,
        one: impl Fn(u32) -> Result<T, ReplicateError> + Sync,
    ) -> Result<Vec<T>, ReplicateError> {
        pool(self.search.threads)?.install(|| until_stopped(0..self.search.replications, &one))
    }

    /// Both ends of a replication, then what lies between.
    fn ends_and_between(&self, replication: u32) -> Result<Bisection, ReplicateError> {
        let [first, last] = [0, self.last()].map(|point| self.at(point, replication));
        let ends = [first?, last?];
        let [first, last] = ends.map(|end| end == Happened::Yes);
        let mut result = Bisection {
            ends: [first, last],
            breaking_point: None,
            probes: 0,
            contradictions: Vec::new(),
            runs: 2,
            unknown: ends.iter().filter(|end| **end == Happened::Unknown).count() as u64,
        };
        let bench = Bench { falling: first && !last, ..*self };
        bench.bisect(replication, first && last, first || last, &mut result)?;
        Ok(result)
    }

    fn bisect(
        &self,
        replication: u32,
        at_first: bool,
        at_last: bool,
        result: &mut Bisection,
    ) -> Result<(), ReplicateError> {
        let ask = |point: usize, result: &mut Bisection| {
            let happened = self.at(point, replication)?;
            result.runs += 1;
            result.unknown += u64::from(happened == Happened::Unknown);
            Ok::<bool, ReplicateError>(happened == Happened::Yes)
        };
        let (mut safe, mut past) = (0, self.last());
        if at_first {
            result.breaking_point = Some(0);
            (safe, past) = (0, 0);
        } else if at_last {
            while past - safe > 1 {
                let middle = usize::midpoint(safe, past);
                if ask(middle, result)? { past = middle } else { safe = middle }
            }
            result.breaking_point = Some(past);
        } else {
            (safe, past) = (self.last(), self.last());
        }
        let mut stream = Streams::new(self.search.seed, replication).stream("probe", 0);
        let mut inside = |from: usize, to: usize| {
            let room = to.saturating_sub(from + 1);
            (room > 0).then(|| from + 1 + stream.below(room as u64) as usize)
        };
        for _ in 0..PROBES {
            let below = inside(0, safe).map(|point| (point, false));
            let above = inside(past, self.last()).map(|point| (point, true));
            for (point, expected) in below.into_iter().chain(above) {
                result.probes += 1;
                let happened = ask(point, result)?;
                if happened != expected {
                    result.contradictions.push(Contradiction { replication, point, happened });
                }
            }
        }
        Ok(())
    }

    /// How often it happens at a point, by running it; `None`: the process was asked to end.
    fn count(&self, point: usize, found: &mut Found) -> Result<Option<Tally>, ReplicateError> {
        let seen = self.each(|replication| self.at(point, replication))?;
        let of = |what| seen.iter().filter(|seen| **seen == what).count();
        found.runs += seen.len() as u64;
        found.unknown += of(Happened::Unknown) as u64;
        found.cut |= (seen.len() as u32) < self.search.replications;
        Ok((!found.cut).then(|| tally(point, of(Happened::Yes) as u32, self.search.replications)))
    }

    fn conclude(&self, found: &mut Found) -> Result<(), ReplicateError> {
        let n = self.search.replications;
        // Never comes after all points.
        let mut sorted: Vec<usize> =
            found.breaking_points.iter().map(|b| b.unwrap_or(self.search.points)).collect();
        sorted.sort_unstable();
        let up_to = |point: usize| sorted.partition_point(|b| *b <= point) as u32;
        let allowed = (f64::from(n) * self.search.probability + 1e-9).floor() as usize;
        let breaking = sorted.get(allowed).copied().unwrap_or(self.search.points);
        let trusted = found.contradictions.is_empty() || found.cut;
        if trusted && (1..self.search.points).contains(&breaking) {
            let told = |point| tally(point, up_to(point), n);
            let (safe, past) = (told(breaking - 1), told(breaking));
            if self.confirm(safe, found)? && self.confirm(past, found)? {
                let bounds = quantile_bounds(n as usize, self.search.probability, 0.95);
                let end = |rank: Option<usize>| {
                    let point = rank.and_then(|rank| sorted.get(rank).copied());
                    point.filter(|p| *p < self.search.points).map(|p| p.saturating_sub(1))
                };
                let (low, high) = (end(bounds.lower), end(bounds.upper));
                found.answer = Answer::Found(Bracket { safe, past, low, high });
                found.curve = self.curve(&sorted);
                return Ok(());
            }
        } else if trusted {
            found.answer = if breaking == 0 {
                Answer::AlwaysPast(tally(0, up_to(0), n))
            } else {
                Answer::NeverPast(tally(self.last(), up_to(self.last()), n))
            };
            found.curve = self.curve(&sorted);
            return Ok(());
        }
        self.scan(&sorted, breaking, found)
    }

    /// Whether runs at a point come to what the bisections say; as far as the process may go on.
    fn confirm(&self, told: Tally, found: &mut Found) -> Result<bool, ReplicateError> {
        let counted = if found.cut { None } else { self.count(told.point, found)? };
        Ok(counted.is_none_or(|counted| counted.count.count == told.count.count))
    }

    /// The shares at each point where one changes, thinned for a chart.
    fn curve(&self, sorted: &[usize]) -> Vec<Tally> {
        const MOST: usize = 200;
        let n = self.search.replications;
        let last = self.last();
        let mut points: Vec<usize> = vec![0, last];
        for breaking in sorted.iter().filter(|b| **b < self.search.points) {
            points.extend([breaking.saturating_sub(1), *breaking]);
        }
        points.sort_unstable();
        points.dedup();
        let keep = points.len().div_ceil(MOST).max(1);
        let kept = points.iter().enumerate().filter(|(i, p)| i % keep == 0 || **p == last);
        kept.map(|(_, &point)| tally(point, sorted.partition_point(|b| *b <= point) as u32, n))
            .collect()
    }
}

fn tally(point: usize, count: u32, n: u32) -> Tally {
    Tally { point, count: proportion(count, n) }
}

/// What happens at one point in the first replications; fewer when the process is asked to end.
pub(super) fn outcomes(
    run: impl Fn(usize, u32) -> Result<Happened, ReplicateError> + Sync,
    replications: u32,
    threads: Option<usize>,
) -> Result<Vec<Happened>, ReplicateError> {
    let search = Search { seed: 0, replications, threads, points: 1, probability: 0.0 };
    let bench = Bench { run: &run, search: &search, falling: false };
    bench.each(|replication| bench.at(0, replication))
}
