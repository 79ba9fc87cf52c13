//! What alert rules would have done in a scenario: when each fired, and when the first server was killed.
//!
//! The model: every replication is scraped, and Prometheus' own engine evaluates the rules on what the
//! scrapes found; this room knows no process and no file, only what it says. An alert fires from the
//! first evaluation on at which it does. Its lead is from there to the first kill.

mod heard;
mod promql;
mod rules;

pub use heard::{Found, read as read_answer};
pub use promql::{Selector, selectors};
pub use rules::{AlertRule, Rules};

use std::collections::BTreeSet;

use crate::results::{AlertRow, EmptySelector, FIRING, Outcome, RunRecord, presence};
use crate::units::{SimSpan, SimTime};

/// How a replication went, with and without alerts.
#[derive(Clone, Debug)]
pub struct Rehearsed {
    first_kill: Option<SimTime>,
    outcome: Outcome,
    /// By evaluation: the first.
    began: SimTime,
    /// Names and severities, and since when they fired first.
    firings: Vec<(String, String, SimTime)>,
    /// Expressions that found something.
    present: BTreeSet<String>,
}

impl Rehearsed {
    /// A replication and what the engine found in it.
    #[must_use]
    pub fn of(record: &RunRecord, found: &[Found], clock: &Clock) -> Self {
        let mut firings: Vec<(String, String, SimTime)> = Vec::new();
        for at in found.iter().filter(|found| found.expression == FIRING) {
            let label =
                |labels: &heard::Labels, name| labels.get(name).cloned().unwrap_or_default();
            for labels in &at.samples {
                let (name, severity) = (label(labels, "alertname"), label(labels, "severity"));
                let known = firings.iter().any(|(n, s, _)| (n, s) == (&name, &severity));
                if !known {
                    firings.push((name, severity, clock.of_run(at.at)));
                }
            }
        }
        let present = found.iter().filter(|found| found.expression != FIRING);
        Self {
            first_kill: record.first_oom(),
            outcome: record.outcome,
            began: clock.of_run(clock.first),
            firings,
            present: present.map(|found| found.expression.clone()).collect(),
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

    fn fired(&self, rule: &AlertRule) -> Option<SimTime> {
        let same = |(name, severity, _): &&(String, String, SimTime)| {
            *name == rule.alert && *severity == rule.severity
        };
        self.firings.iter().find(same).map(|(_, _, at)| *at)
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
}

impl Clock {
    /// An instant of the run, from one on the engine's clock.
    fn of_run(&self, at: SimSpan) -> SimTime {
        self.first_scrape + SimSpan(at.0.saturating_sub(self.lead.0))
    }
}

/// Every alert over all replications. `known` says of a metric why the model lacks it; `None`: it has it.
#[must_use]
pub fn judge(
    rules: &Rules,
    runs: &[Rehearsed],
    whole: SimSpan,
    known: impl Fn(&str) -> Option<String>,
) -> Vec<AlertRow> {
    let seen = |selector: &Selector| {
        runs.iter().any(|run| run.present.contains(&presence(&selector.text, whole)))
    };
    let recorded = |metric: &str| rules.recorded.iter().any(|(name, _)| name == metric);
    let row = |rule: &AlertRule| {
        let asked = rules.asked_by(rule);
        let empty = asked.iter().filter(|selector| !seen(selector)).map(|selector| {
            let why = known(&selector.metric).filter(|_| !recorded(&selector.metric));
            let (selector, metric) = (selector.text.clone(), selector.metric.clone());
            EmptySelector { selector, metric, why }
        });
        judged(rule, runs, empty.collect())
    };
    rules.alerts.iter().map(row).collect()
}

fn judged(rule: &AlertRule, runs: &[Rehearsed], empty: Vec<EmptySelector>) -> AlertRow {
    let mut row = AlertRow {
        alert: rule.alert.clone(),
        severity: rule.severity.clone(),
        file: rule.file.clone(),
        wait: rule.wait.clone(),
        empty,
        ..AlertRow::default()
    };
    for run in runs {
        let fired = run.fired(rule);
        row.from_the_start += u32::from(fired == Some(run.began));
        match (run.first_kill, fired) {
            (Some(kill), Some(fired)) => {
                let lead = kill.0 as f64 / 1e9 - fired.0 as f64 / 1e9;
                row.lead_seconds.push(lead);
                *(if lead > 0.0 { &mut row.fired_before } else { &mut row.fired_after }) += 1;
            }
            (Some(_), None) => row.silent += 1,
            (None, Some(_)) => {
                row.false_alarms += 1;
                row.false_alarms_absorbed += u32::from(run.outcome == Outcome::Absorbed);
            }
            (None, None) => {}
        }
    }
    let mut leads: Vec<f64> = row.lead_seconds.iter().copied().filter(|lead| *lead > 0.0).collect();
    leads.sort_by(f64::total_cmp);
    row.median_lead_seconds = leads.get(leads.len() / 2).copied();
    row.verdict = verdict(&row, runs.len() as u32);
    row
}

/// One sentence.
fn verdict(row: &AlertRow, replications: u32) -> String {
    let killed = row.fired_before + row.fired_after + row.silent;
    let calm = replications - killed;
    let fired = row.fired_before + row.fired_after + row.false_alarms;
    if fired == 0
        && let Some(lacking) = row.empty.iter().find(|selector| selector.why.is_some())
    {
        return format!("cannot fire here: the model has no {}", lacking.metric);
    }
    if row.from_the_start == replications && replications > 0 {
        return "fires from the start: it says nothing of the storm".to_owned();
    }
    let main = match row.median_lead_seconds {
        Some(lead) => {
            format!("fires {lead:.0} s before the kill in {} of {killed}", row.fired_before)
        }
        None if killed == 0 && row.false_alarms == 0 => {
            return "silent, and no server was killed".to_owned();
        }
        None if killed == 0 => String::new(),
        None if row.fired_after > 0 => {
            format!("fires after it in {} of {killed}: useless here", row.fired_after)
        }
        None => format!("silent in all {killed} with a kill: useless here"),
    };
    let late = match row.fired_after {
        after if after > 0 && row.fired_before > 0 => format!(", after it in {after}"),
        _ => String::new(),
    };
    let alarms = match row.false_alarms {
        0 => String::new(),
        n => format!("false alarm in {n} of {calm} without a kill"),
    };
    let parts = [main + &late, alarms];
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
            let alarms = rows.iter().filter(|row| row.false_alarms > 0).count();
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
