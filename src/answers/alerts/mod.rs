//! What alert rules would have done in a scenario: when each fired, and when the first server was killed.
//!
//! The model: every replication is scraped, and Prometheus' own engine evaluates the rules on what the
//! scrapes found; this room knows no process and no file, only what it says. An alert fires in episodes:
//! evaluations in a row at which some series of it does. It warns of a kill if an episode began before
//! and had not ended, or not longer than [`TOLD`] before; its lead is from the start of that episode.

mod heard;
mod promql;
mod rules;

pub use heard::{Found, NotEvaluated, read as read_answer};
pub use promql::{Selector, selectors};
pub use rules::{AlertRule, Rules};

use std::collections::{BTreeMap, BTreeSet};

use crate::results::{
    AlertRow, EmptySelector, FIRING, Outcome, RunRecord, TOLD, TooLate, presence,
};
use crate::units::{SimSpan, SimTime, Sort};

/// How a replication went, with and without alerts.
#[derive(Clone, Debug)]
pub struct Rehearsed {
    replication: u32,
    first_kill: Option<SimTime>,
    outcome: Outcome,
    episodes: Vec<Episode>,
    /// Expressions that found something.
    present: BTreeSet<String>,
    /// Rules that could not be evaluated, and why.
    errors: BTreeMap<String, String>,
}

/// An alert fires.
#[derive(Clone, Debug)]
struct Episode {
    alert: String,
    severity: String,
    /// The interval at which it was evaluated.
    interval: Option<SimSpan>,
    from: SimTime,
    /// The first evaluation at which it does not.
    until: SimTime,
    /// Whether it did at the first evaluation.
    at_once: bool,
}

/// What the engine found with one interval of evaluation.
#[derive(Clone, Debug)]
pub struct Pass {
    /// The interval of the groups meant; `None`: those that do not say.
    pub interval: Option<SimSpan>,
    /// When.
    pub clock: Clock,
    /// What.
    pub found: Vec<Found>,
}

impl Pass {
    /// The episodes of all alerts, by their begin.
    fn episodes(&self) -> Vec<Episode> {
        let mut all: Vec<Episode> = Vec::new();
        for found in self.found.iter().filter(|found| found.expression == FIRING) {
            let now = self.clock.of_run(found.at);
            let until = self.clock.of_run(found.at + self.clock.evaluate);
            for labels in &found.samples {
                let label = |name| labels.get(name).cloned().unwrap_or_default();
                let (alert, severity) = (label("alertname"), label("severity"));
                let goes_on = |episode: &&mut Episode| {
                    (&episode.alert, &episode.severity) == (&alert, &severity)
                        && episode.until >= now
                };
                match all.iter_mut().find(goes_on) {
                    Some(episode) => episode.until = until,
                    None => all.push(Episode {
                        alert,
                        severity,
                        interval: self.interval,
                        from: now,
                        until,
                        at_once: found.at == self.clock.first,
                    }),
                }
            }
        }
        all
    }
}

impl Rehearsed {
    /// A replication, what the engine found in it, and the rules that it could not evaluate.
    #[must_use]
    pub fn of(record: &RunRecord, passes: &[Pass], errors: BTreeMap<String, String>) -> Self {
        let found = passes.iter().flat_map(|pass| &pass.found);
        let present = found.filter(|found| found.expression != FIRING);
        Self {
            replication: record.replication,
            first_kill: record.first_oom(),
            outcome: record.outcome,
            episodes: passes.iter().flat_map(Pass::episodes).collect(),
            present: present.map(|found| found.expression.clone()).collect(),
            errors,
        }
    }

    /// Whether a server was killed.
    #[must_use]
    pub fn killed(&self) -> bool {
        self.first_kill.is_some()
    }

    /// How it ended.
    #[must_use]
    pub fn ended(&self) -> Outcome {
        self.outcome
    }

    /// The episodes of an alert. A severity that is a template is what the series make of it.
    fn fired<'a>(&'a self, rule: &'a AlertRule) -> impl Iterator<Item = &'a Episode> {
        let templated = rule.severity.contains("{{");
        self.episodes.iter().filter(move |episode| {
            episode.alert == rule.alert
                && (templated || episode.severity == rule.severity)
                && episode.interval == rule.interval
        })
    }
}

/// The engine's clock beside that of the run.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// The first scrape on the engine's clock.
    pub lead: SimSpan,
    /// The first scrape in the run.
    pub first_scrape: SimTime,
    /// The first evaluation asked for, on the engine's clock.
    pub first: SimSpan,
    /// From one evaluation to the next.
    pub evaluate: SimSpan,
}

impl Clock {
    /// An instant of the run, from one on the engine's clock; 0 for those before.
    fn of_run(&self, at: SimSpan) -> SimTime {
        self.first_scrape + at - self.lead
    }
}

/// Every alert over all replications, beside the point of no return where it is known. `known` says of a metric why the model lacks it; `None`: it has it.
#[must_use]
pub fn judge(
    rules: &Rules,
    runs: &[Rehearsed],
    whole: SimSpan,
    too_late: Option<&TooLate>,
    known: impl Fn(&str) -> Option<String>,
) -> Vec<AlertRow> {
    let seen = |selector: &Selector| {
        runs.iter().any(|run| run.present.contains(&presence(&selector.text, whole)))
    };
    let recorded = |metric: &str| rules.recorded.iter().any(|(name, _)| name == metric);
    let row = |rule: &AlertRule| {
        let asked = rules.asked_by(rule);
        let error = |name: &str| runs.iter().find_map(|run| run.errors.get(name));
        let error = error(&rule.alert).or_else(|| asked.iter().find_map(|s| error(&s.metric)));
        let empty = asked.iter().filter(|selector| error.is_none() && !seen(selector));
        let empty = empty.map(|selector| {
            let why = known(&selector.metric).filter(|_| !recorded(&selector.metric));
            let (selector, metric) = (selector.text.clone(), selector.metric.clone());
            EmptySelector { selector, metric, why }
        });
        let row = AlertRow {
            alert: rule.alert.clone(),
            severity: rule.severity.clone(),
            file: rule.file.clone(),
            wait: rule.wait.clone(),
            interval_seconds: rule.interval.map(SimSpan::as_secs_f64),
            empty: empty.collect(),
            ..AlertRow::default()
        };
        match error {
            Some(why) => {
                AlertRow { error: Some(why.clone()), verdict: format!("error: {why}"), ..row }
            }
            None => judged(rule, runs, too_late, row),
        }
    };
    rules.alerts.iter().map(row).collect()
}

fn judged(
    rule: &AlertRule,
    runs: &[Rehearsed],
    too_late: Option<&TooLate>,
    mut row: AlertRow,
) -> AlertRow {
    let led = |row: &mut AlertRow, run: &Rehearsed, lead: f64| {
        row.lead_seconds.push(lead);
        let here = too_late.filter(|point| point.replication == run.replication);
        row.before_too_late_seconds =
            here.map(|point| lead - point.lead_seconds()).or(row.before_too_late_seconds);
    };
    for run in runs {
        let Some(kill) = run.first_kill else {
            let mut fired = run.fired(rule).peekable();
            if fired.peek().is_some() {
                let absorbed = run.outcome == Outcome::Absorbed;
                *(if absorbed { &mut row.false_alarms } else { &mut row.fired_no_kill }) += 1;
            }
            row.from_the_start += u32::from(fired.any(|episode| episode.at_once));
            continue;
        };
        let before = |episode: &&Episode| episode.from < kill;
        let warns = |episode: &&Episode| before(episode) && episode.until + TOLD >= kill;
        let lead = |from: SimTime| kill.as_secs_f64() - from.as_secs_f64();
        // Of those that do, the one that goes on latest.
        if let Some(episode) = run.fired(rule).filter(warns).max_by_key(|episode| episode.until) {
            row.from_the_start += u32::from(episode.at_once);
            led(&mut row, run, lead(episode.from));
            row.fired_before += 1;
            continue;
        }
        row.resolved_before += u32::from(run.fired(rule).any(|episode| before(&episode)));
        match run.fired(rule).find(|episode| !before(episode)) {
            Some(episode) => {
                led(&mut row, run, lead(episode.from));
                row.fired_after += 1;
            }
            None => row.silent += 1,
        }
    }
    let mut leads: Vec<f64> = row.lead_seconds.iter().copied().filter(|lead| *lead > 0.0).collect();
    leads.order_by(f64::total_cmp);
    row.median_lead_seconds = leads.get(leads.len() / 2).copied();
    let absorbed = runs.iter().filter(|run| !run.killed() && run.outcome == Outcome::Absorbed);
    row.verdict = verdict(&row, runs.len() as u32, absorbed.count() as u32);
    if let (1.., Some(seconds), Some(point)) =
        (row.fired_before, row.before_too_late_seconds, too_late)
    {
        let when = if seconds < 0.0 { "after it was" } else { "before it is" };
        let (run, seconds) = (point.replication, seconds.abs());
        let too_late = format!("; in run {run}, {seconds:.0} s {when} too late");
        row.verdict.push_str(&too_late);
    }
    row
}

/// One sentence.
fn verdict(row: &AlertRow, replications: u32, absorbed: u32) -> String {
    let killed = row.fired_before + row.fired_after + row.silent;
    let other = replications - killed - absorbed;
    if let Some(metric) = row.lacks() {
        return format!("cannot fire here: the model has no {metric}");
    }
    if row.from_the_start == replications && replications > 0 {
        return "fires from the start: it says nothing of the storm".to_owned();
    }
    let main = match row.median_lead_seconds {
        Some(lead) => {
            format!("fires {lead:.0} s before the kill in {} of {killed}", row.fired_before)
        }
        None if killed == 0 && row.false_alarms + row.fired_no_kill == 0 => {
            return "silent, and no server was killed".to_owned();
        }
        None if killed == 0 => String::new(),
        None if row.fired_after > 0 => {
            format!("fires after it in {} of {killed}: useless here", row.fired_after)
        }
        None => format!("silent in all {killed} with a kill: useless here"),
    };
    let part = |count: u32, text: String| if count > 0 { text } else { String::new() };
    let late =
        part(row.fired_after.min(row.fired_before), format!(", after it in {}", row.fired_after));
    let parts = [
        main + &late,
        part(row.resolved_before, format!("fired and resolved before in {}", row.resolved_before)),
        part(
            row.false_alarms,
            format!("false alarm in {} of {absorbed} absorbed", row.false_alarms),
        ),
        part(
            row.fired_no_kill,
            format!("fires in {} of {other} others without a kill", row.fired_no_kill),
        ),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

/// One sentence over all alerts: which warns in most replications, and earliest of these.
#[must_use]
pub fn best(rows: &[AlertRow], killed: u32) -> String {
    let useful = rows.iter().filter(|row| row.fired_before > row.from_the_start);
    let key = |row: &AlertRow| {
        let lead = row.median_lead_seconds.unwrap_or(0.0);
        (row.fired_before, (lead * 1e3) as u64)
    };
    let best = useful.reduce(|best, row| if key(row) > key(best) { row } else { best });
    match best {
        _ if killed == 0 => {
            let alarms = rows.iter().filter(|row| row.false_alarms + row.fired_no_kill > 0);
            let alarms = alarms.count();
            format!("No server is killed; {alarms} of {} alerts fire all the same", rows.len())
        }
        Some(row) => format!(
            "{} warns first: {:.0} s before the kill in {} of {killed}",
            row.alert,
            row.median_lead_seconds.unwrap_or(0.0),
            row.fired_before
        ),
        None => format!("No alert fires before the kill in any of {killed}"),
    }
}

#[cfg(test)]
mod tests;
