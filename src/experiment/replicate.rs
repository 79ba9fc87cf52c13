//! Replications on all processors, in an order that does not depend on them.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use rayon::prelude::*;

use crate::model::input::Inputs;
use crate::model::{self, RunOptions};
use crate::results::RunRecord;

/// How to replicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Master seed.
    pub seed: u64,
    /// How many replications; 0 counts as 1.
    pub replications: u32,
    /// Threads to use; `None`: one a processor. The result does not depend on it.
    pub threads: Option<usize>,
}

/// What the replications left.
#[derive(Clone, Debug, PartialEq)]
pub struct Replicated {
    /// Every replication in order, without log, timelines and holders.
    pub runs: Vec<RunRecord>,
    /// The one with the highest peak (the first of equals), complete.
    pub worst: RunRecord,
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
    plan: Plan,
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
    plan: Plan,
    progress: impl Fn(u32) + Sync,
) -> Result<Replicated, ReplicateError> {
    let run = |replication, timelines| {
        let options = RunOptions { seed: plan.seed, replication, timelines };
        // One replication that breaks off must say which it was, and stop the others.
        guarded(replication, || run(options))
    };
    if plan.replications <= 1 {
        let worst = run(0, true)?;
        progress(1);
        return Ok(Replicated { runs: vec![worst.clone().slim()], worst });
    }
    let done = AtomicU32::new(0);
    let one = |replication| {
        let record = run(replication, false)?;
        progress(done.fetch_add(1, Ordering::Relaxed) + 1);
        Ok(record)
    };
    let runs = pool(plan.threads)?.install(|| in_this_pool(plan.replications, &one))?;
    let replication = first_worst(&runs);
    let worst = run(replication, true)?;
    // A free check of the promise that equal seeds give equal runs.
    if runs.get(replication as usize) != Some(&worst.clone().slim()) {
        return Err(ReplicateError::Diverged { replication });
    }
    Ok(Replicated { runs, worst })
}

/// Replications 0 to `replications` − 1, slim and in order, on the threads of the caller's pool. If
/// the first is cut short, it is the only one.
///
/// # Errors
/// That of the first replication that has one.
pub(super) fn in_this_pool(
    replications: u32,
    run: &(impl Fn(u32) -> Result<RunRecord, ReplicateError> + Sync),
) -> Result<Vec<RunRecord>, ReplicateError> {
    // When the first replication is too much work, so are the others: they are not begun, or come
    // to nothing. Which of them were running by then must not show.
    let too_much = AtomicBool::new(false);
    let one = |replication| {
        if too_much.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let record = run(replication)?.slim();
        if replication == 0 && record.cut_short {
            too_much.store(true, Ordering::Relaxed);
        }
        Ok(Some(record))
    };
    let runs: Result<Vec<Option<RunRecord>>, _> =
        (0..replications).into_par_iter().map(one).collect();
    let mut runs: Vec<RunRecord> = runs?.into_iter().flatten().collect();
    if too_much.into_inner() {
        runs.truncate(1);
    }
    Ok(runs)
}

/// One replication; a panic of the model becomes an error that says which it was.
pub(super) fn guarded(
    replication: u32,
    run: impl FnOnce() -> RunRecord,
) -> Result<RunRecord, ReplicateError> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| panicked(replication, panic.as_ref()))
}

/// The replication with the highest peak; the first of equals.
fn first_worst(runs: &[RunRecord]) -> u32 {
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

/// The threads to run on; `None`: one a processor.
pub(super) fn pool(threads: Option<usize>) -> Result<rayon::ThreadPool, ReplicateError> {
    let threads = threads.unwrap_or(0);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|error| ReplicateError::Threads { threads, reason: error.to_string() })
}
