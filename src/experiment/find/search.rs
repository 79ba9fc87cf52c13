//! Where something begins to happen: bisection in every replication, on numbered points.
//!
//! With the draws of a replication held fixed, it has a breaking point of its own. The breaking
//! points of independent replications are independent, so that order statistics bound any quantile
//! of them, whatever their law. This rests on one assumption, that in a replication it does not stop
//! happening further on; so points elsewhere are probed, both sides of the answer are run in full,
//! and when either contradicts the assumption the answer comes from a scan that does without.

use crate::engine::Streams;
use crate::engine::statistics::{nearest_rank, quantile_bounds, wilson_interval};
use crate::experiment::estimate::proportion;
use crate::experiment::replicate::{ReplicateError, guarded, in_order, pool, until_stopped};
use crate::results::OutcomeCount;

/// Points probed in each replication on either side of its breaking point.
const PROBES: usize = 2;

/// Points of a scan: even ones, and as many again around the answer.
const SCANNED: usize = 24;

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
    let first = Bench { run: &run, search, falling: false };
    let ends = first.all(|_| [0, last], |_| {})?;
    let count = |end: usize| ends.iter().filter(|e| e.happened.get(end) == Some(&true)).count();
    let bench = Bench { falling: count(0) > count(1), ..first };
    let done = std::sync::atomic::AtomicU32::new(0);
    let one = |replication: u32| {
        let [low, high] = match ends.get(replication as usize).map(|e| e.happened.as_slice()) {
            Some([low, high]) if bench.falling => [*high, *low],
            Some([low, high]) => [*low, *high],
            _ => [false, false],
        };
        let bisection = bench.bisect(replication, low, high)?;
        progress(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1);
        Ok(bisection)
    };
    let range = 0..search.replications;
    let bisected = pool(search.threads)?.install(|| until_stopped(range, one))?;
    if bisected.is_empty() && search.replications > 0 {
        return Err(ReplicateError::Stopped);
    }
    // Where it was stopped, the answer is that of fewer replications.
    let search = &Search { replications: bisected.len() as u32, ..*search };
    let bench = Bench { run: &run, search, falling: bench.falling };
    let mut found = Found {
        falling: bench.falling,
        answer: Answer::NeverPast(tally(last, 0, search.replications)),
        breaking_points: bisected.iter().map(|b| b.breaking_point).collect(),
        curve: Vec::new(),
        probes: bisected.iter().map(|b| b.probes).sum(),
        contradictions: bisected.iter().flat_map(|b| b.contradictions.clone()).collect(),
        scanned: false,
        runs: bisected.iter().map(|b| b.runs).sum::<u64>() + 2 * u64::from(search.replications),
        unknown: bisected.iter().map(|b| b.unknown).sum::<u64>()
            + ends.iter().map(|e| e.unknown).sum::<u64>(),
    };
    bench.conclude(&mut found)?;
    Ok(found)
}

/// What one replication was found to do at some points.
struct Seen {
    happened: Vec<bool>,
    unknown: u64,
}

/// The bisection of one replication.
struct Bisection {
    breaking_point: Option<usize>,
    probes: usize,
    contradictions: Vec<Contradiction>,
    runs: u64,
    unknown: u64,
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

    /// Something for every replication, on all threads, in order.
    fn each<T: Send>(
        &self,
        one: impl Fn(u32) -> Result<T, ReplicateError> + Sync,
    ) -> Result<Vec<T>, ReplicateError> {
        pool(self.search.threads)?.install(|| in_order(0..self.search.replications, &one))
    }

    /// What happens at some points in every replication.
    fn all<const N: usize>(
        &self,
        points: impl Fn(u32) -> [usize; N] + Sync,
        done: impl Fn(u32) + Sync,
    ) -> Result<Vec<Seen>, ReplicateError> {
        self.each(|replication| {
            let mut seen = Seen { happened: Vec::new(), unknown: 0 };
            for point in points(replication) {
                let happened = self.at(point, replication)?;
                seen.happened.push(happened == Happened::Yes);
                seen.unknown += u64::from(happened == Happened::Unknown);
            }
            done(replication);
            Ok(seen)
        })
    }

    fn bisect(
        &self,
        replication: u32,
        at_first: bool,
        at_last: bool,
    ) -> Result<Bisection, ReplicateError> {
        let mut result = Bisection {
            breaking_point: None,
            probes: 0,
            contradictions: Vec::new(),
            runs: 0,
            unknown: 0,
        };
        let ask = |point: usize, result: &mut Bisection| {
            let happened = self.at(point, replication)?;
            result.runs += 1;
            result.unknown += u64::from(happened == Happened::Unknown);
            Ok::<bool, ReplicateError>(happened == Happened::Yes)
        };
        let (mut safe, mut past) = (0, self.last());
        if at_first {
            result.breaking_point = Some(0);
            if !at_last {
                // It stops happening again.
                let (point, happened) = (self.last(), false);
                result.contradictions.push(Contradiction { replication, point, happened });
            }
            (safe, past) = (0, 0);
        } else if at_last {
            while past - safe > 1 {
                let middle = usize::midpoint(safe, past);
                if ask(middle, &mut result)? { past = middle } else { safe = middle }
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
                let happened = ask(point, &mut result)?;
                if happened != expected {
                    result.contradictions.push(Contradiction { replication, point, happened });
                }
            }
        }
        Ok(result)
    }

    /// How often it happens at a point, by running it.
    fn count(&self, point: usize, found: &mut Found) -> Result<Tally, ReplicateError> {
        let seen = self.all(|_| [point], |_| {})?;
        found.runs += seen.len() as u64;
        found.unknown += seen.iter().map(|s| s.unknown).sum::<u64>();
        let count = seen.iter().filter(|s| s.happened == [true]).count() as u32;
        Ok(tally(point, count, self.search.replications))
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
        if found.contradictions.is_empty() && (1..self.search.points).contains(&breaking) {
            let safe = self.count(breaking - 1, found)?;
            let past = self.count(breaking, found)?;
            let consistent =
                safe.count.count == up_to(breaking - 1) && past.count.count == up_to(breaking);
            if consistent {
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
        } else if found.contradictions.is_empty() {
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

    /// Does without the assumption: counts at points all over the range and around the answer.
    fn scan(
        &self,
        sorted: &[usize],
        breaking: usize,
        found: &mut Found,
    ) -> Result<(), ReplicateError> {
        found.scanned = true;
        let last = self.last();
        let even =
            |from: usize, to: usize| (0..=SCANNED).map(move |i| from + (to - from) * i / SCANNED);
        let near = |share| nearest_rank(sorted, share).unwrap_or(last).min(last);
        let p = self.search.probability;
        let (from, to) =
            (near(p / 4.0).min(breaking), near((3.0 * p).min(1.0)).max(breaking.min(last)));
        let mut points: Vec<usize> = even(0, last).chain(even(from.min(last), to)).collect();
        points.sort_unstable();
        points.dedup();
        for point in points {
            let tally = self.count(point, found)?;
            found.curve.push(tally);
        }
        let n = u64::from(self.search.replications);
        let share = |t: &Tally| f64::from(t.count.count) / n.max(1) as f64;
        let past = found.curve.iter().position(|t| share(t) > p);
        // Sure of the points before the first whose interval reaches past the probability, and of
        // those from the first whose interval lies past it.
        let wilson = |t: &Tally| wilson_interval(t.count.count.into(), n);
        let low = found.curve.iter().position(|t| wilson(t).1 > p);
        let high = found.curve.iter().position(|t| wilson(t).0 > p);
        let before = |index: Option<usize>| {
            index.and_then(|index| Some(found.curve.get(index.checked_sub(1)?)?.point))
        };
        found.answer = match past {
            None => Answer::NeverPast(found.curve.last().copied().unwrap_or(tally(last, 0, 0))),
            Some(0) => Answer::AlwaysPast(found.curve[0]),
            Some(index) => Answer::Found(Bracket {
                safe: found.curve[index - 1],
                past: found.curve[index],
                low: before(low),
                high: before(high),
            }),
        };
        Ok(())
    }
}

fn tally(point: usize, count: u32, n: u32) -> Tally {
    Tally { point, count: proportion(count, n) }
}

/// What happens at one point in the first replications.
pub(super) fn outcomes(
    run: impl Fn(usize, u32) -> Result<Happened, ReplicateError> + Sync,
    replications: u32,
    threads: Option<usize>,
) -> Result<Vec<Happened>, ReplicateError> {
    let search = Search { seed: 0, replications, threads, points: 1, probability: 0.0 };
    let bench = Bench { run: &run, search: &search, falling: false };
    bench.each(|replication| bench.at(0, replication))
}
