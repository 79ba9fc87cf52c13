//! Replications on all processors, in an order that does not depend on them.

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use rayon::prelude::*;

use super::until::{Batches, Until};
use crate::engine::stop;
use crate::model::input::Inputs;
use crate::model::{self, RunOptions};
use crate::results::{RunRecord, StoppingRule, Uncertainty};
use crate::units::Sort as _;

/// How many times to run a scenario, from which seed, on how many threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replications {
    /// Master seed.
    pub seed: u64,
    /// How many replications; 0 counts as 1.
    pub replications: u32,
    /// Threads to use; `None`: one per CPU. The result does not depend on it.
    pub threads: Option<usize>,
}

/// What the replications left.
#[derive(Clone, Debug, PartialEq)]
pub struct Replicated {
    /// Every replication in order, without log, timelines and holders.
    pub runs: Vec<RunRecord>,
    /// The one with the highest peak (the first of equals), complete; without log and timelines when the
    /// process was asked to end and the run would take long again.
    pub worst: RunRecord,
    /// How it was decided when to stop, where that was by an interval.
    pub rule: Option<StoppingRule>,
    /// What uncertain inputs contribute, where there are any.
    pub uncertainty: Option<Uncertainty>,
}

/// Why the replications could not be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplicateError {
    /// The operating system refused the threads.
    #[error("cannot start {threads} threads: {reason}")]
    Threads {
        /// How many were asked for; 0: one a processor.
        threads: usize,
        /// What the system said.
        reason: String,
    },
    /// A replication run a second time went another way: a defect of the model.
    #[error(
        "replication {replication} went differently when it was run again: this is a defect of \
         oomcast; please report it with the scenario and the seed"
    )]
    Diverged {
        /// Which one.
        replication: u32,
    },
    /// What was drawn for the uncertain inputs is no valid scenario.
    #[error("the inputs drawn for replication {replication} contradict one another: {reason}")]
    Draw {
        /// Which one.
        replication: u32,
        /// What is wrong, and what was drawn.
        reason: String,
    },
    /// The process was asked to end before there was anything to keep.
    #[error("stopped before a first result: nothing is kept")]
    Stopped,
    /// The model broke off: a defect of it.
    #[error(
        "replication {replication} broke off ({reason}): this is a defect of oomcast; please report \
         it with the scenario and the seed"
    )]
    Panicked {
        /// Which one.
        replication: u32,
        /// What it said.
        reason: String,
    },
}

/// Most events of the worst replication that it is run again for when the process was asked to end: a few
/// seconds.
const AGAIN_WHEN_STOPPED: u64 = 2_000_000;

/// Runs every replication of a plan, then the worst one again with timelines. If the first is cut
/// short for the work it takes, it stays the only one.
///
/// `progress` is called with the number of replications done, from any thread. Memory is bounded:
/// only the worst replication keeps its log, its timelines and its holders.
///
/// # Errors
/// See [`ReplicateError`].
pub fn replicate(
    inputs: &Inputs,
    plan: Replications,
    progress: impl Fn(u32) + Sync,
) -> Result<Replicated, ReplicateError> {
    replicate_with(|options| model::run(inputs, options), plan, progress)
}

/// [`replicate()`] with any function as the model.
///
/// # Errors
/// See [`ReplicateError`].
pub fn replicate_with(
    run: impl Fn(RunOptions) -> RunRecord + Sync,
    plan: Replications,
    progress: impl Fn(u32) + Sync,
) -> Result<Replicated, ReplicateError> {
    try_replicate_with(|options| Ok(run(options)), plan, None, progress)
}

/// [`replicate_with`] for a model that may refuse its inputs, and, if `until` says so, until the
/// intervals of the result are narrow enough: then the plan's replications are the most.
///
/// # Errors
/// See [`ReplicateError`].
pub fn try_replicate_with(
    run: impl Fn(RunOptions) -> Result<RunRecord, ReplicateError> + Sync,
    plan: Replications,
    until: Option<Until>,
    progress: impl Fn(u32) + Sync,
) -> Result<Replicated, ReplicateError> {
    let worst = |replication| {
        let options = RunOptions { seed: plan.seed, replication, timelines: true };
        guarded(replication, || run(options))
    };
    if plan.replications <= 1 {
        let worst = stop::or_not(|| worst(0)).unwrap_or(Err(ReplicateError::Stopped))?;
        progress(1);
        let rule = until.map(|until| until.check(std::slice::from_ref(&worst)));
        let runs = vec![worst.clone().slim()];
        return Ok(Replicated { runs, worst, rule, uncertainty: None });
    }
    let runs = batches(&run, plan, until, &progress)?;
    let replication = first_worst(&runs);
    let slim = runs.get(replication as usize).filter(|_| stop::asked());
    if let Some(slim) = slim.filter(|slim| slim.counters.engine_events > AGAIN_WHEN_STOPPED) {
        let rule = until.map(|until| until.check(&runs));
        let worst = slim.clone();
        return Ok(Replicated { runs, worst, rule, uncertainty: None });
    }
    let worst = worst(replication)?;
    // A free check of the promise that equal seeds give equal runs.
    if runs.get(replication as usize) != Some(&worst.clone().slim()) {
        return Err(ReplicateError::Diverged { replication });
    }
    let rule = until.map(|until| until.check(&runs));
    Ok(Replicated { runs, worst, rule, uncertainty: None })
}

/// The replications of a plan, on its threads.
fn batches(
    run: &(impl Fn(RunOptions) -> Result<RunRecord, ReplicateError> + Sync),
    plan: Replications,
    until: Option<Until>,
    progress: &(impl Fn(u32) + Sync),
) -> Result<Vec<RunRecord>, ReplicateError> {
    let done = AtomicU32::new(0);
    let one = |replication| {
        let record = run(RunOptions { seed: plan.seed, replication, timelines: false })?;
        progress(done.fetch_add(1, Ordering::Relaxed) + 1);
        Ok(record)
    };
    pool(plan.threads)?.install(|| in_this_pool(plan.replications.max(1), until, &one))
}

/// Replications from 0 on, slim and in order, batch by batch on the threads of the caller's pool:
/// `replications` of them, or fewer if `until` is content. If the first is cut short for the work it
/// takes, it is the only one.
///
/// # Errors
/// That of the first replication that has one.
pub(super) fn in_this_pool(
    replications: u32,
    until: Option<Until>,
    run: &(impl Fn(u32) -> Result<RunRecord, ReplicateError> + Sync),
) -> Result<Vec<RunRecord>, ReplicateError> {
    // When the first replication is too much work, so are the others: they are not begun, or come
    // to nothing. Which of them were running by then must not show.
    let too_much = AtomicBool::new(false);
    let one = |replication| {
        if too_much.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let record = guarded(replication, || run(replication))?.slim();
        if replication == 0 && record.cut_short {
            too_much.store(true, Ordering::Relaxed);
        }
        Ok(Some(record))
    };
    let mut batches = Batches::new(replications, until);
    let mut runs: Vec<RunRecord> = Vec::new();
    while let Some(batch) = batches.next(&runs) {
        let size = batch.len();
        let done = until_stopped(batch, one)?;
        let stopped = done.len() < size;
        runs.extend(done.into_iter().flatten());
        if too_much.load(Ordering::Relaxed) {
            runs.truncate(1);
            break;
        }
        if stopped {
            break;
        }
    }
    if runs.is_empty() { Err(ReplicateError::Stopped) } else { Ok(runs) }
}

/// Every replication of a plan in order, without log, timelines and holders, and without running
/// the worst one again. If the first is cut short for the work it takes, it stays the only one.
pub(crate) fn replicate_on(
    run: impl Fn(RunOptions) -> Result<RunRecord, ReplicateError> + Sync,
    plan: Replications,
    progress: impl Fn(u32) + Sync,
) -> Result<Vec<RunRecord>, ReplicateError> {
    batches(&run, plan, None, &progress)
}

/// Something for each replication of a range, on the threads at hand. If some fail, the error is that
/// of the first in order, whatever the threads; those after it need not be tried. When the process is
/// asked to end, for the first replications of the range, up to one that was not done by then.
pub(crate) fn until_stopped<T: Send>(
    range: Range<u32>,
    one: impl Fn(u32) -> Result<T, ReplicateError> + Sync,
) -> Result<Vec<T>, ReplicateError> {
    let failed = AtomicU32::new(u32::MAX);
    // In order, whichever thread is free: what has begun is the first part of the range.
    let first = range.start;
    let next = AtomicU32::new(first);
    let tried: Vec<Option<(u32, Result<T, ReplicateError>)>> = range
        .into_par_iter()
        .with_max_len(1)
        .map(|_| {
            if stop::asked() {
                return None;
            }
            let replication = next.fetch_add(1, Ordering::Relaxed);
            if replication > failed.load(Ordering::Relaxed) {
                return None;
            }
            let result = stop::or_not(|| one(replication))?;
            if result.is_err() {
                failed.fetch_min(replication, Ordering::Relaxed);
            }
            Some((replication, result))
        })
        .collect();
    let mut tried: Vec<(u32, Result<T, ReplicateError>)> = tried.into_iter().flatten().collect();
    tried.order_by_key(|(replication, _)| *replication);
    // One that broke off leaves a gap: what comes after it is not known to be the next.
    let in_order = tried.into_iter().zip(first..).take_while(|((own, _), next)| own == next);
    in_order.map(|((_, result), _)| result).collect()
}

/// Runs one replication. If it breaks off it must say which it was, and stop the others.
pub(crate) fn guarded<T>(
    replication: u32,
    run: impl FnOnce() -> Result<T, ReplicateError>,
) -> Result<T, ReplicateError> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| panicked(replication, panic.as_ref()))?
}

/// The replication with the highest peak; the first of equals.
pub(super) fn first_worst(runs: &[RunRecord]) -> u32 {
    let worst = runs
        .iter()
        .reduce(|worst, run| if run.peak_resident() > worst.peak_resident() { run } else { worst });
    worst.map_or(0, |run| run.replication)
}

fn panicked(replication: u32, panic: &(dyn Any + Send)) -> ReplicateError {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    ReplicateError::Panicked { replication, reason: text.unwrap_or("no reason given").to_owned() }
}

/// The threads of a plan.
pub(crate) fn pool(threads: Option<usize>) -> Result<rayon::ThreadPool, ReplicateError> {
    let threads = threads.unwrap_or(0);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|error| ReplicateError::Threads { threads, reason: error.to_string() })
}
