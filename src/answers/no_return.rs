//! The point of no return: from when on a run could hardly have ended otherwise.
//!
//! The worst replication is run again. At an instant its state is cloned, and each clone goes on with
//! draws of its own ([`World::branch`]): the share of clones to which it happens is
//! P(it happens | the state then). What nobody could know then, which members start when, is drawn
//! anew; all else that has been drawn belongs to the state: the speed of the machine, the inputs that
//! are uncertain, back-offs under way. So P starts at the scenario's own probability on this machine,
//! and is 1 once it has happened.
//!
//! The instants are spread evenly from the first event until it happens; then more are put where P
//! passes one half and 95 %. Clone number `n` has the same draws at every instant, so that P changes
//! from one to the next for what happened between them.

mod words;

use std::sync::atomic::{AtomicU32, Ordering};

use words::{verdict, warnings};

use crate::engine::{stop, turn};
use crate::experiment::{
    Kept, ReplicateError, Replications, Variant, guarded, happened_at, meets, pool, proportion,
    replicate_on, until_stopped,
};
use crate::model::RunOptions;
use crate::model::input::Inputs;
use crate::model::world::World;
use crate::results::{
    ActivityKind, FORMAT_VERSION, NoReturn, NoReturnPoint, PassedPoint, RunRecord, Visible,
};
use crate::scenario::measure::Condition;
use crate::units::{SimSpan, SimTime, Sort};

/// Instants of the first pass.
const SPREAD: u32 = 24;
/// The same where it is certain before anything happened: there is only to see what could be seen.
const SPREAD_CERTAIN: u32 = 6;
/// Further instants at each probability that is passed.
const CLOSER: u32 = 7;
/// The probabilities whose passing is told: more likely than not, nearly certain.
const PASSED: [f64; 2] = [0.5, 0.95];

/// What to look for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoReturnQuestion {
    /// What is to happen.
    pub until: Condition,
    /// Continuations at each instant.
    pub continuations: u32,
    /// Which replication to look at; `None`: the worst of those in which it happens.
    pub replication: Option<u32>,
}

/// Runs of the model that an answer takes at most; a continuation counts as a whole one.
#[must_use]
pub fn most_runs(question: &NoReturnQuestion, plan: Replications) -> u64 {
    let instants = u64::from(1 + SPREAD + CLOSER * PASSED.len() as u32);
    let choosing = question.replication.map_or(u64::from(plan.replications.max(1)), |_| 0);
    choosing + 1 + instants * u64::from(question.continuations.max(1))
}

/// Finds from when on a run could hardly have ended otherwise.
///
/// `progress` is called with the runs of the model done. When the process is asked to end, the result
/// is of the instants that were done by then.
///
/// # Errors
/// See [`ReplicateError`].
pub fn no_return(
    variant: &Variant,
    question: &NoReturnQuestion,
    plan: Replications,
    progress: impl Fn(u32) + Sync,
) -> Result<NoReturn, ReplicateError> {
    // Of a replication that was named, its own run below tells whether it happens.
    let found = match question.replication {
        Some(_) => None,
        None => Some(worst(variant, &question.until, plan, &progress)?),
    };
    let chosen = question.replication.or(found.map(|found| found.worst)).unwrap_or(0);
    let mut result = counted(variant, question, plan.seed, (chosen, found));
    let inputs = variant.drawn(chosen, plan.seed)?;
    let options = RunOptions { seed: plan.seed, replication: chosen, timelines: true };
    let run = || guarded(chosen, || Ok(World::new(&inputs, options).run(chosen)));
    let Some(record) = stop::or_not(run) else {
        return found.map(|_| result).ok_or(ReplicateError::Stopped);
    };
    let record = record?;
    if found.is_none() {
        result.happened_in = u32::from(meets(&question.until, &record));
    }
    let of = format!("no-return {} {}", variant.scenario().hash, plan.seed);
    let lab = Lab {
        inputs: &inputs,
        options: RunOptions { timelines: false, ..options },
        question,
        record: &record,
        done: AtomicU32::new(question.replication.map_or(plan.replications, |_| 0)),
        progress: &progress,
        kept: variant.kept().map(|kept| (kept, of.as_str())),
    };
    let began = record.phases.first().map_or(SimTime::ZERO, |phase| phase.start);
    let happened = happened_at(&question.until, &record);
    let points =
        pool(plan.threads)?.install(|| lab.points(began, happened.unwrap_or(record.end)))?;
    result.began_seconds = began.as_secs_f64();
    result.happened_seconds = happened.map(SimTime::as_secs_f64);
    if points.is_empty() {
        return Ok(result);
    }
    result.passed = passed(&points, question.continuations.max(1), happened);
    result.incomplete = points.iter().map(|point| u64::from(point.unknown)).sum();
    result.points = points.into_iter().map(|point| lab.shown(&point)).collect();
    result.verdict = verdict(&result);
    result.warnings = warnings(&result, question, plan.replications);
    if happened.is_none() && !meets(&question.until, &record) && meets(&Condition::WRONG, &record) {
        let wrong = Condition::WRONG;
        result.warnings.push(format!(
            "not all recovers by the end of this run: --until {wrong} counts that, too"
        ));
    }
    Ok(result)
}

/// In how many replications it happens, and which one to look at.
#[derive(Clone, Copy, Debug)]
struct Found {
    worst: u32,
    happened_in: u32,
    replications: u32,
}

/// What is known before an instant was looked at.
fn counted(
    variant: &Variant,
    question: &NoReturnQuestion,
    seed: u64,
    (replication, found): (u32, Option<Found>),
) -> NoReturn {
    let scenario = variant.scenario();
    let (happened_in, replications) = found.map_or((0, 1), |f| (f.happened_in, f.replications));
    let until = question.until.to_string();
    NoReturn {
        format_version: FORMAT_VERSION.to_owned(),
        scenario: scenario.name.clone(),
        scenario_hash: scenario.hash.clone(),
        release: scenario.inputs.release.version(),
        seed,
        replications,
        happened_in,
        replication,
        continuations: question.continuations.max(1),
        verdict: format!(
            "{until} happened in {happened_in} of {replications} replications; no instant was looked at"
        ),
        until,
        began_seconds: 0.0,
        happened_seconds: None,
        passed: Vec::new(),
        incomplete: 0,
        points: Vec::new(),
        warnings: Vec::new(),
    }
}

/// The replication to look at: of those in which it happens the one with the highest peak, else the
/// one with the highest peak of all; and in how many it happens.
fn worst(
    variant: &Variant,
    until: &Condition,
    plan: Replications,
    progress: &(impl Fn(u32) + Sync),
) -> Result<Found, ReplicateError> {
    let run = |options: RunOptions| variant.run(options.replication, options, &[]);
    let runs = replicate_on(run, plan, progress)?;
    let happens = |run: &&RunRecord| meets(until, run);
    let key =
        |run: &&RunRecord| (happens(run), run.peak_resident(), std::cmp::Reverse(run.replication));
    let worst = runs.iter().max_by_key(key).map_or(0, |run| run.replication);
    let happened_in = runs.iter().filter(happens).count() as u32;
    Ok(Found { worst, happened_in, replications: runs.len() as u32 })
}

/// How often it happened after an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Share {
    at: SimTime,
    happened: u32,
    unknown: u32,
}

/// The run whose states are continued.
struct Lab<'a, P> {
    inputs: &'a Inputs,
    options: RunOptions,
    question: &'a NoReturnQuestion,
    record: &'a RunRecord,
    done: AtomicU32,
    progress: &'a P,
    /// Where ends of continuations are kept, and of what.
    kept: Option<(&'a Kept, &'a str)>,
}

impl<P: Fn(u32) + Sync> Lab<'_, P> {
    /// The shares from just before `began` to `end`, closer together where one is passed.
    fn points(&self, began: SimTime, end: SimTime) -> Result<Vec<Share>, ReplicateError> {
        let before = SimTime(began.0.saturating_sub(1));
        let continuations = self.question.continuations.max(1);
        let mut trunk = World::new(self.inputs, self.options);
        let mut points = self.shares(&mut trunk, &[before])?;
        let certain = points.iter().all(|point| point.happened == continuations);
        let parts = if certain { SPREAD_CERTAIN } else { SPREAD };
        // Where it begins with the run there is nothing before.
        let spread: Vec<SimTime> = between(began, end, parts).filter(|at| *at > before).collect();
        points.extend(self.shares(&mut trunk, &spread)?);
        let mut closer: Vec<SimTime> = PASSED
            .iter()
            .filter_map(|probability| passing(&points, *probability, continuations))
            .flat_map(|(after, at)| between(after, at.unwrap_or(end), CLOSER + 1))
            .filter(|at| points.iter().all(|point| point.at != *at))
            .collect();
        closer.sort_unstable();
        closer.dedup();
        // They lie before the instant that the trunk has come to.
        points.extend(self.shares(&mut World::new(self.inputs, self.options), &closer)?);
        points.order_by_key(|point| point.at);
        Ok(points)
    }

    /// The shares at these instants, which are in order; when the process is asked to end, at the
    /// first of them.
    fn shares(
        &self,
        trunk: &mut World<'_>,
        instants: &[SimTime],
    ) -> Result<Vec<Share>, ReplicateError> {
        let replication = self.options.replication;
        let mut shares = Vec::new();
        let continuations = self.question.continuations.max(1);
        for &at in instants {
            let advance = || {
                trunk.advance(at);
                Ok(())
            };
            let Some(come) = stop::or_not(|| guarded(replication, advance)) else { break };
            come?;
            let one = |branch| {
                let _turn = turn::take(self.inputs.members());
                let run = || {
                    let run = || Ok(trunk.branch(branch, at).run(replication));
                    let record = guarded(replication, run)?;
                    Ok((meets(&self.question.until, &record), record.cut_short))
                };
                let end = match self.kept {
                    Some((kept, of)) => {
                        let until = &self.question.until;
                        kept.or_run(&format!("{of} {replication} {} {branch} {until}", at.0), run)
                    }
                    None => run(),
                };
                (self.progress)(self.done.fetch_add(1, Ordering::Relaxed) + 1);
                end
            };
            let ends = until_stopped(1..continuations.saturating_add(1), one)?;
            if (ends.len() as u32) < continuations || stop::asked() {
                break;
            }
            let happened = ends.iter().filter(|(happens, _)| *happens).count() as u32;
            let unknown = ends.iter().filter(|(happens, cut)| !happens && *cut).count() as u32;
            shares.push(Share { at, happened, unknown });
        }
        Ok(shares)
    }

    fn shown(&self, share: &Share) -> NoReturnPoint {
        NoReturnPoint {
            at_seconds: share.at.as_secs_f64(),
            happened: proportion(share.happened, self.question.continuations.max(1)),
            visible: visible(self.record, share.at),
        }
    }
}

/// The ends of `parts` equal parts of a span of time, without the last: there it has happened.
fn between(from: SimTime, to: SimTime, parts: u32) -> impl Iterator<Item = SimTime> {
    let span = to.since(from).0;
    (0..parts).map(move |part| {
        let step = u128::from(span) * u128::from(part) / u128::from(parts.max(1));
        SimTime(from.0 + step as u64)
    })
}

/// The last instant at which it was less likely than this, and the first of those after it, from which
/// on it never was; `None` for the first, if there is none. None at all, if it never was less likely.
fn passing(
    points: &[Share],
    probability: f64,
    continuations: u32,
) -> Option<(SimTime, Option<SimTime>)> {
    let bound = probability * f64::from(continuations);
    let last = points.iter().rposition(|point| f64::from(point.happened) < bound)?;
    Some((points[last].at, points.get(last + 1).map(|point| point.at)))
}

/// When each probability was passed for good. Where it happened in the end, it is passed by then.
fn passed(points: &[Share], continuations: u32, happened: Option<SimTime>) -> Vec<PassedPoint> {
    let one = |&probability: &f64| {
        let (after, at) = match passing(points, probability, continuations) {
            Some((after, at)) => (after, at.or(happened)?),
            None => points.first().map(|point| (point.at, point.at))?,
        };
        Some(PassedPoint {
            probability,
            after_seconds: after.as_secs_f64(),
            at_seconds: at.as_secs_f64(),
        })
    };
    PASSED.iter().filter_map(one).collect()
}

/// What could be seen at an instant.
fn visible(record: &RunRecord, at: SimTime) -> Visible {
    let mut seen = Visible::default();
    for line in &record.timelines {
        let limit = record.servers.iter().find(|server| server.name == line.server);
        let limit = limit.map_or(0.0, |server| server.limit.as_f64());
        let resident = line.resident_at(at);
        let share = if limit > 0.0 { resident / limit } else { 0.0 };
        if (share, resident) > (seen.limit_share, seen.resident_bytes.as_f64()) {
            seen.limit_share = share;
            seen.resident_bytes = crate::units::Bytes::from_f64(resident);
        }
    }
    let levels = record.timelines.iter().flat_map(|line| &line.levels).filter(|l| !l.exempt);
    for level in levels {
        let Some(point) = level.points.iter().rfind(|point| point.at <= at) else { continue };
        let fuller =
            |seats: u64, limit: u64, waiting: u64| (waiting, seats as f64 / limit.max(1) as f64);
        let now = fuller(point.seats, point.limit, point.waiting);
        if seen.priority_level.is_empty() || now > fuller(seen.seats, seen.seat_limit, seen.waiting)
        {
            seen.priority_level.clone_from(&level.name);
            (seen.seats, seen.seat_limit, seen.waiting) = (point.seats, point.limit, point.waiting);
        }
    }
    let width = record.activity.width;
    if width > SimSpan::ZERO
        && let Some(bucket) = record.activity.buckets.get((at.0 / width.0) as usize)
    {
        let per_second = |kind| bucket.counts.get(kind) as f64 / width.as_secs_f64();
        seen.rejected_per_second = per_second(ActivityKind::Rejected);
        seen.connections_per_second = per_second(ActivityKind::Connections);
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::{
        NoReturnQuestion, ReplicateError, Replications, RunOptions, Share, SimSpan, Variant, World,
        between, meets, no_return, passed, passing, until_stopped,
    };
    use crate::scenario::Template;
    use crate::scenario::measure::Condition;
    use crate::units::SimTime;

    fn shares(happened: &[u32]) -> Vec<Share> {
        let share = |(at, &happened)| Share { at: SimTime(at), happened, unknown: 0 };
        (10..).zip(happened).map(share).collect()
    }

    #[test]
    fn passed_means_for_good() {
        // Passed at 11, fallen below at 12, passed again at 13.
        let points = shares(&[10, 60, 40, 50, 96, 100]);
        assert_eq!(passing(&points, 0.5, 100), Some((SimTime(12), Some(SimTime(13)))));
        assert_eq!(passing(&points, 0.95, 100), Some((SimTime(13), Some(SimTime(14)))));
        let seconds = |at: u64| SimTime(at).as_secs_f64();
        let found = passed(&points, 100, Some(SimTime(16)));
        let at: Vec<f64> = found.iter().map(|p| p.at_seconds).collect();
        assert_eq!(at, [seconds(13), seconds(14)]);
    }

    #[test]
    fn what_is_not_passed_before_it_happens_is_passed_then_or_never() {
        let points = shares(&[10, 60]);
        assert_eq!(passing(&points, 0.95, 100), Some((SimTime(11), None)));
        let found = passed(&points, 100, Some(SimTime(16)));
        assert_eq!(found[1].at_seconds.to_bits(), SimTime(16).as_secs_f64().to_bits());
        assert_eq!(passed(&points, 100, None).len(), 1);
        // Certain from the start.
        let found = passed(&shares(&[100, 100]), 100, Some(SimTime(16)));
        assert!(
            found.iter().all(|p| p.at_seconds.to_bits() == SimTime(10).as_secs_f64().to_bits())
        );
    }

    /// A storm that kills in about half of its runs.
    const EVEN: &str = r#"
        schema = 1
        name = "even"
        [run]
        duration = "95s"
        [apiserver]
        version = "1.32"
        memory-limit = "6500MiB"
        [objects.secrets]
        count = 400
        size = "1MB"
        [[clients]]
        name = "heavy"
        count = 8
        start = "stopped"
        start-jitter = "20s"
        reflector = { resource = "secrets", encoding = "json", watch-list = false }
        [[events]]
        name = "storm"
        at = "1m"
        start = { client = "heavy" }
    "#;

    /// Continues the run to `instants` of the answer with other draws, each time from its very beginning,
    /// and holds the shares against the answer's: at most four standard errors apart.
    fn brute_force(continuations: u32, instants: usize) {
        let variant = Variant::load(&Template::of_text("even", EVEN.as_bytes(), &[]), &[])
            .expect("it is valid");
        let until = Condition::OOM;
        let question = NoReturnQuestion { until, continuations, replication: None };
        let plan = Replications { seed: 1, replications: 5, threads: None };
        let found = no_return(&variant, &question, plan, |_| {}).expect("it runs");
        let inputs = variant.drawn(found.replication, plan.seed).expect("it is drawn");
        let options =
            RunOptions { seed: plan.seed, replication: found.replication, timelines: false };
        let every = (found.points.len() / instants).max(1);
        for point in found.points.iter().step_by(every) {
            let at = SimTime(SimSpan::from_secs_f64(point.at_seconds).0);
            let one = |fresh: u32| {
                let mut world = World::new(&inputs, options);
                world.advance(at);
                let run = world.branch(1_000_000 + fresh, at).run(found.replication);
                Ok::<bool, ReplicateError>(meets(&until, &run))
            };
            let ends = until_stopped(0..continuations, one).expect("they run");
            let n = f64::from(continuations);
            let happened = ends.iter().filter(|happened| **happened).count() as f64 / n;
            let told = f64::from(point.happened.count) / n;
            let p = f64::midpoint(happened, told);
            let error = libm::sqrt((2.0 * p * (1.0 - p) / n).max(0.0));
            assert!((happened - told).abs() <= 4.0 * error + 1e-9, "{point:?}: {happened}");
        }
    }

    /// With `BRUTE_FORCE=1` in the environment 1,000 continuations at ten instants, which takes minutes.
    #[test]
    fn shares_agree_with_brute_force() {
        let whole = std::env::var_os("BRUTE_FORCE").is_some();
        let (continuations, instants) = if whole { (1_000, 10) } else { (60, 3) };
        brute_force(continuations, instants);
    }

    #[test]
    fn instants_are_spread_evenly_without_the_end() {
        let at: Vec<u64> = between(SimTime(100), SimTime(200), 4).map(|at| at.0).collect();
        assert_eq!(at, [100, 125, 150, 175]);
    }
}
