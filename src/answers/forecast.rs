//! When will the cluster be outgrown?
//!
//! # The simplest model
//!
//! Growth makes every key of `[growth]` a function of one number: the days since the cluster was as the
//! scenario says. So it is `find` over days, with its bisections, common draws and intervals
//! ([`find_along`]), for each of the storms that `assess` runs, judged by the same definition of a run
//! that goes wrong ([`Condition::WRONG`]). A rate that is not known exactly is drawn for each replication,
//! from a stream of its own, so that the interval of the answer has it in it. What a remedy buys is the
//! same search under its overlay, on the same draws; remedies are those that do best at the end of the
//! time looked at. No clock is read: without a first day the answer is in months.
//!
//! What the error of the model leaves open is told as months, too ([`certain`](mod@super::certain)): until
//! when a storm is clearly safe, from when on it is clearly outgrown. A remedy buys the difference of these,
//! the model being wrong in the same direction with it and without.
//!
//! A key that grows and changes nothing in a storm is named. Where that is true of all of them, growth
//! tells nothing of the storm, and it is not known: it must not be told as one that holds.

mod words;

use words::{sentence, verdict, warnings};

use super::advise::{Question, advise};
use super::certain::{self, Points, borders};
use super::storms::{Roll, storms};
use crate::engine::{Streams, stop};
use crate::experiment::find::{Axis, FindError, find_along};
use crate::experiment::{ReplicateError, Replications, Variant, course_of, idle_reason};
use crate::results::{
    FORMAT_VERSION, FindResult, ForecastRemedy, ForecastResult, ForecastStorm, FoundModel,
    FoundValue, FoundWhere, GrowthRow, IdleGrowth, RemedyState,
};
use crate::scenario::growth::Growth;
use crate::scenario::measure::Condition;
use crate::scenario::{DAYS_PER_MONTH, Overlay, Rate};
use crate::units::{Day, Sort};

/// Remedies of which it is found what they buy.
const REMEDIES: usize = 3;
/// Points of a search, about: the answer is as fine as this.
const POINTS: f64 = 100.0;
/// Replications in which it is looked whether a key changes anything.
const LOOKED_AT: u32 = 2;

/// How far, and how much of it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// In what share of runs a storm may go wrong.
    pub probability: f64,
    /// How far to look.
    pub within_months: f64,
    /// When the cluster was as the scenario says.
    pub from: Option<Day>,
    /// Only these storms; empty: all.
    pub storms: Vec<String>,
    /// Runs of the search for remedies, at most; 0: none are tried.
    pub most_advice: u32,
}

impl Plan {
    /// Days between two points: whole ones.
    fn step(&self) -> f64 {
        (self.within_months * DAYS_PER_MONTH / POINTS).floor().max(1.0)
    }

    fn points(&self) -> usize {
        (self.within_months * DAYS_PER_MONTH / self.step()).floor() as usize + 1
    }

    fn days(&self, point: usize) -> f64 {
        self.step() * point as f64
    }

    /// `7.3 months`, with its date where a first day is known.
    fn when(&self, point: usize) -> FoundValue {
        let days = self.days(point);
        let number = (days / DAYS_PER_MONTH * 1e3).round() / 1e3;
        let text = match self.from {
            Some(from) => format!("{number:.1} months ({})", from.plus(days)),
            None => format!("{number:.1} months"),
        };
        FoundValue { text, number }
    }
}

/// Runs of the model that all of it takes, at most, for a number of storms.
#[must_use]
pub fn most_runs(plan: &Plan, storms: usize, replications: u32) -> u64 {
    let bisection = u64::from(plan.points().max(2).ilog2() + 1);
    // Both ends, the bisection, four probes, both sides; and if they disagree a scan, then closer.
    let search = u64::from(replications) * (2 + bisection + 4 + 2 + 50 + 4)
        + certain::most_runs(plan.points(), replications);
    let remedies = if plan.most_advice > 0 { REMEDIES } else { 0 };
    search * (storms + remedies) as u64 + u64::from(plan.most_advice)
}

/// Steps of the work for a number of storms: the replications of each, of the search for remedies, and of
/// each of these.
#[must_use]
pub fn steps(plan: &Plan, storms: usize, replications: u32) -> u32 {
    let remedies = if plan.most_advice > 0 { 1 + REMEDIES } else { 0 };
    (storms + remedies) as u32 * replications
}

/// Forecasts. `progress` is called with the number of [`steps`] done.
///
/// # Errors
/// See [`ReplicateError`].
pub fn forecast(
    variant: &Variant,
    growth: &Growth,
    plan: &Plan,
    replications: Replications,
    progress: &(dyn Fn(u32) + Sync),
) -> Result<ForecastResult, ReplicateError> {
    let scenario = variant.scenario();
    let lab = Lab { growth, plan, replications, progress };
    let mut result = ForecastResult {
        format_version: FORMAT_VERSION.to_owned(),
        scenario: scenario.name.clone(),
        scenario_hash: scenario.hash.clone(),
        release: scenario.inputs.release.version(),
        seed: replications.seed,
        replications: replications.replications,
        probability: plan.probability,
        from: plan.from.map(|day| day.to_string()),
        within: plan.when(plan.points() - 1),
        growth: lab.rows(variant),
        ..ForecastResult::default()
    };
    let mut first: Option<(FindResult, Variant)> = None;
    let asked = |name: &str| plan.storms.is_empty() || plan.storms.iter().any(|one| one == name);
    let storms = storms(variant).into_iter().filter(|storm| asked(&storm.row.name));
    for (step, storm) in (0..).zip(storms) {
        let found = match &storm.variant {
            _ if stop::asked() => Searched::not("stopped before it was run"),
            Some(variant) => lab.search(variant, Roll::of(variant.scenario()), step)?,
            None => Searched { because: storm.row.because, ..Searched::default() },
        };
        let Searched { when, because, idle } = found;
        let too_close = when.as_ref().is_some_and(FindResult::is_too_close);
        let past = when.as_ref().filter(|found| found.found != FoundWhere::NeverPast);
        if let (Some(found), Some(variant)) = (past, storm.variant)
            && first.as_ref().is_none_or(|(earliest, _)| safe(found) < safe(earliest))
        {
            first = Some((found.clone(), variant));
            result.first.clone_from(&storm.row.name);
        }
        let (name, what) = (storm.row.name, storm.row.what);
        result.storms.push(ForecastStorm { name, what, because, idle, too_close, when });
        progress((step + 1) * replications.replications);
    }
    if result.storms.iter().all(|storm| storm.when.is_none()) && stop::asked() {
        return Err(ReplicateError::Stopped);
    }
    if let Some((found, storm)) = first.filter(|_| plan.most_advice > 0 && !stop::asked()) {
        result.remedies = lab.remedies(&storm.settled(), &found, result.storms.len() as u32)?;
    }
    result.warnings = warnings(&result, variant, growth);
    result.answer = result.holds();
    result.verdict = verdict(&result);
    Ok(result)
}

/// Whether a storm goes wrong as the scenario is.
fn wrong_now(when: Option<&FindResult>) -> bool {
    when.is_some_and(|found| found.found == FoundWhere::AlwaysPast || found.past_at_lowest())
}

/// The last month that holds; of a storm that goes wrong already, and before.
fn safe(found: &FindResult) -> f64 {
    if found.past_at_lowest() {
        return -1.0;
    }
    found.bracket.as_ref().map_or(-1.0, |bracket| bracket.safe.value.number)
}

/// What a search over time came to.
#[derive(Default)]
struct Searched {
    when: Option<FindResult>,
    /// Why it is not known when.
    because: Option<String>,
    idle: Vec<IdleGrowth>,
}

impl Searched {
    fn not(because: impl Into<String>) -> Self {
        Self { because: Some(because.into()), ..Self::default() }
    }
}

/// Searches over time.
struct Lab<'a> {
    growth: &'a Growth,
    plan: &'a Plan,
    replications: Replications,
    progress: &'a (dyn Fn(u32) + Sync),
}

impl<'a> Lab<'a> {
    /// The keys that grow, with what they are in a variant of a storm.
    fn now(&self, variant: &Variant, roll: Option<Roll>) -> Result<Now<'a>, String> {
        let one = |rate: &'a Rate| {
            let knob = &rate.knob;
            let now = knob.current(variant.scenario()).and_then(|value| value.coordinate());
            now.map(|now| (rate, now)).ok_or_else(|| format!("it does not set {}", knob.key()))
        };
        let rates = self.growth.rates.iter().map(one).collect::<Result<_, _>>()?;
        Ok(Now { rates, servers: variant.scenario().inputs.apiserver.replicas, roll })
    }

    fn rows(&self, variant: &Variant) -> Vec<GrowthRow> {
        let days = self.plan.days(self.plan.points() - 1);
        let row = |(rate, now): (&Rate, f64)| {
            let text =
                |days| rate.after(now, days, 0.0).map_or_else(String::new, |v| v.to_string());
            GrowthRow {
                key: rate.knob.key().to_owned(),
                rate: rate.text.clone(),
                now: text(0.0),
                then: text(days),
            }
        };
        self.now(variant, None)
            .map_or_else(|_| Vec::new(), |now| now.rates)
            .into_iter()
            .map(row)
            .collect()
    }

    /// When a storm goes wrong too often; or why that cannot be told.
    fn search(
        &self,
        variant: &Variant,
        roll: Option<Roll>,
        step: u32,
    ) -> Result<Searched, ReplicateError> {
        let n = self.replications.replications;
        let progress = |done| (self.progress)(step * n + done);
        let now = match self.now(variant, roll) {
            Ok(now) => now,
            Err(because) => return Ok(Searched::not(because)),
        };
        let set = |point: usize, replication: u32| {
            now.after(self.plan.days(point), Some((self.replications.seed, replication)))
        };
        let axis = Axis {
            key: "time",
            unit: "months",
            points: self.plan.points(),
            current: None,
            value: &|point| self.plan.when(point),
            set: &set,
        };
        let asked = (Condition::WRONG, self.plan.probability);
        let not = |because: String| Ok(Searched::not(because));
        match find_along(variant, &axis, asked, self.replications, progress) {
            Ok((mut found, felt)) => {
                let idle = self.idle(variant, &now, felt)?;
                if idle.len() < now.rates.len() {
                    found.model = self.borders(variant, &now, &found)?;
                }
                found.verdict = sentence(&found);
                let when = Some(found);
                Ok(match idle.len() {
                    // What goes wrong today does so whatever grows.
                    all if all == now.rates.len() && !wrong_now(when.as_ref()) => {
                        let because = Some("nothing that grows changes anything in it".to_owned());
                        Searched { because, idle, ..Searched::default() }
                    }
                    _ => Searched { when, because: None, idle },
                })
            }
            Err(FindError::Replicate(ReplicateError::Stopped)) => {
                not("stopped before it was known".to_owned())
            }
            Err(FindError::Replicate(ReplicateError::Draw { reason, .. })) => not(reason),
            Err(FindError::Replicate(error)) => Err(error),
            Err(FindError::Invalid(found)) => not(found.first_message()),
            Err(error @ (FindError::Grid(_) | FindError::NoValue(_))) => not(error.to_string()),
        }
    }

    /// What the error of the model leaves open, with rates at their middle.
    fn borders(
        &self,
        variant: &Variant,
        now: &Now<'_>,
        found: &FindResult,
    ) -> Result<Option<FoundModel>, ReplicateError> {
        let points = Points {
            count: self.plan.points(),
            value: &|point| self.plan.when(point),
            at: &|point| variant.with(&now.after(self.plan.days(point), None)).ok(),
        };
        borders(&points, (&Condition::WRONG, found), self.replications)
    }

    /// The keys that change nothing in a storm: all of them where no run `felt` anything, else those
    /// that change no run at the end of the time, neither alone nor with all others.
    fn idle(
        &self,
        variant: &Variant,
        now: &Now<'_>,
        felt: bool,
    ) -> Result<Vec<IdleGrowth>, ReplicateError> {
        let days = self.plan.days(self.plan.points() - 1);
        let seed = self.replications.seed;
        // Of the keys that are let grow, in a replication.
        let course = |grows: &dyn Fn(usize) -> bool, replication: u32| {
            let sets = now.after_of(days, Some((seed, replication)), grows);
            let at = variant.with(&sets).ok();
            at.map(|at| course_of(&at, seed, replication)).transpose()
        };
        // What each key is held against: no key grows, and all do.
        let mut ends = Vec::new();
        if felt && now.rates.len() > 1 && !stop::asked() {
            for replication in 0..LOOKED_AT.min(self.replications.replications) {
                ends.push((course(&|_| false, replication)?, course(&|_| true, replication)?));
            }
        }
        let mut found = Vec::new();
        for (index, (rate, _)) in now.rates.iter().enumerate() {
            let mut idle = !felt;
            if !ends.is_empty() && !stop::asked() {
                idle = true;
                for (replication, (none, all)) in (0..).zip(&ends) {
                    idle &= course(&|one| one == index, replication)? == *none
                        && course(&|one| one != index, replication)? == *all;
                }
            }
            if idle {
                let set = now.after_of(days, None, &|one| one == index);
                let key = rate.knob.key().to_owned();
                let because = idle_reason(&variant.scenario().effective, &set, &key);
                found.push(IdleGrowth { key, because });
            }
        }
        Ok(found)
    }

    /// What the remedies buy that do best at the end of the time, in a storm of which it is known until when
    /// it holds without.
    fn remedies(
        &self,
        storm: &Variant,
        without: &FindResult,
        step: u32,
    ) -> Result<Vec<ForecastRemedy>, ReplicateError> {
        let roll = Roll::of(storm.scenario());
        let Ok(now) = self.now(storm, roll) else { return Ok(Vec::new()) };
        let last = self.plan.days(self.plan.points() - 1);
        let Ok(end) = storm.with(&now.after(last, None)) else { return Ok(Vec::new()) };
        let question = Question {
            probability: self.plan.probability,
            only: Vec::new(),
            without: Vec::new(),
            max_memory: None,
            most_runs: self.plan.most_advice,
        };
        let enough = super::advise::enough(self.plan.probability);
        let more = Replications { replications: enough, ..self.replications };
        let n = self.replications.replications;
        let share = |runs: u32| f64::from(runs) / f64::from(self.plan.most_advice.max(1));
        let progress = |runs| (self.progress)(step * n + (share(runs) * f64::from(n)) as u32);
        let advice = match advise(&end, &question, more, &progress) {
            Err(ReplicateError::Stopped) => return Ok(Vec::new()),
            advice => advice?,
        };
        let mut found = Vec::new();
        let good = advice.remedies.into_iter().filter(|row| row.state <= RemedyState::Helps);
        for (step, row) in (step + 1..).zip(good.take(REMEDIES)) {
            let text = row.overlay.clone().into_bytes();
            let laid = storm.over(Overlay { name: format!("{}.toml", row.name), text });
            let Some(laid) = laid.ok().filter(|_| !stop::asked()) else { continue };
            let Some(when) = self.search(&laid, roll, step)?.when else { continue };
            let until = match when.found {
                FoundWhere::NeverPast => result_end(&when),
                FoundWhere::Inside | FoundWhere::AlwaysPast | FoundWhere::Unknown => {
                    safe(&when).max(0.0)
                }
            };
            let rounded = |months: f64| (months * 10.0).round() / 10.0;
            let by_error = bought_by_error(without, &when);
            found.push(ForecastRemedy {
                name: row.name,
                dose: row.dose,
                what: row.what,
                side_effects: row.side_effects,
                overlay: row.overlay,
                manifest: row.manifest,
                bought_months: rounded(until - safe(without).max(0.0)),
                bought_least: by_error[0].map(rounded),
                bought_most: by_error[1].map(rounded),
                beyond: when.found == FoundWhere::NeverPast,
                when,
            });
        }
        found.order_by(|a, b| b.bought_months.total_cmp(&a.bought_months));
        Ok(found)
    }
}

/// The end of the time looked at.
fn result_end(found: &FindResult) -> f64 {
    found.range.1.number
}

/// What a remedy buys if the peaks of the model are as much too low, or too high, as they may be; `None`:
/// it is not known, since without the remedy the time looked at ends before.
fn bought_by_error(without: &FindResult, with: &FindResult) -> [Option<f64>; 2] {
    let (Some(before), Some(after)) = (&without.model, &with.model) else { return [None; 2] };
    let month = |value: &Option<FoundValue>| value.as_ref().map(|value| value.number);
    let low = month(&after.safe).unwrap_or(0.0) - month(&before.safe).unwrap_or(0.0);
    let high =
        month(&before.past).map(|past| month(&after.past).unwrap_or(result_end(with)) - past);
    [Some(low), high]
}

/// What grows from now on, in a storm or in one with a remedy.
struct Now<'a> {
    /// Each key with its value.
    rates: Vec<(&'a Rate, f64)>,
    servers: u16,
    /// The roll of the storm, as it is without the remedy.
    roll: Option<Roll>,
}

impl Now<'_> {
    /// What makes the scenario that of some days later; in a replication of a seed with its own rates.
    fn after(&self, days: f64, drawn: Option<(u64, u32)>) -> Vec<String> {
        self.after_of(days, drawn, &|_| true)
    }

    /// The same where only some of the keys grow.
    fn after_of(
        &self,
        days: f64,
        drawn: Option<(u64, u32)>,
        grows: &dyn Fn(usize) -> bool,
    ) -> Vec<String> {
        let mut servers = self.servers;
        let mut sets = Vec::new();
        for (index, (rate, now)) in self.rates.iter().enumerate().filter(|(i, _)| grows(*i)) {
            let normal = match drawn {
                Some((seed, replication)) if rate.is_uncertain() => {
                    Streams::new(seed, replication).stream("growth", index as u64).normal()
                }
                _ => 0.0,
            };
            let Some(value) = rate.after(*now, days, normal) else { continue };
            if rate.knob.key() == "apiserver.replicas" {
                servers = value.coordinate().map_or(servers, |count| count as u16);
            }
            sets.push(rate.knob.set(&value));
        }
        sets.extend(self.roll.and_then(|roll| roll.with_servers(servers)));
        sets
    }
}
