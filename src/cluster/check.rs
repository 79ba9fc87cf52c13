//! What the imported scenario predicts beside what the servers said of themselves: resident memory at
//! rest, and the seats of every priority level.

use super::findings::Findings;
use crate::experiment::apf_plan;
use crate::model::{self, RunOptions};
use crate::results::{ImportCheck, Timeline};
use crate::scenario::Scenario;
use crate::units::{Bytes, SimSpan, SimTime};

/// How long the scenario runs at rest: some cycles of the collector.
const REST: SimSpan = SimSpan::secs(600);
/// From when on it counts: what starts with the run has settled.
const SETTLED: SimSpan = SimSpan::secs(60);

/// Compares a scenario with the findings it was made of.
#[must_use]
pub fn checks(scenario: &Scenario, findings: &Findings) -> Vec<ImportCheck> {
    let mut found = Vec::new();
    let measured: Vec<_> = findings
        .servers
        .iter()
        .filter_map(|server| Some((&server.name, server.resident.as_ref()?.value)))
        .collect();
    if !measured.is_empty() {
        let predicted = at_rest(scenario);
        found.extend(measured.into_iter().map(|(server, measured)| ImportCheck::Resident {
            server: server.clone(),
            predicted,
            measured,
        }));
    }
    if !findings.levels.is_empty() {
        let plan = apf_plan(scenario);
        let seats = |name: &str| {
            plan.levels.iter().find(|level| level.name == name).map(|level| level.nominal_seats)
        };
        let differs = findings.levels.iter().filter_map(|level| {
            let (ours, theirs) = (seats(&level.name), i64::from(level.nominal.value));
            (ours != Some(theirs)).then(|| (level.name.clone(), ours, theirs))
        });
        let different = differs.collect();
        found.push(ImportCheck::Seats { levels: findings.levels.len(), different });
    }
    found
}

/// Mean resident memory of the servers while nothing happens but steady load.
fn at_rest(scenario: &Scenario) -> Bytes {
    let mut inputs = scenario.inputs.clone();
    inputs.events.clear();
    inputs.duration = REST;
    let options = RunOptions { seed: scenario.seed, replication: 0, timelines: true };
    let run = model::run(&inputs, options);
    let means: Vec<f64> = run.timelines.iter().filter_map(mean).collect();
    Bytes((means.iter().sum::<f64>() / means.len().max(1) as f64) as u64)
}

/// The mean of a timeline's straight lines.
fn mean(timeline: &Timeline) -> Option<f64> {
    let (mut area, mut seconds) = (0.0, 0.0);
    for pair in timeline.points.windows(2).filter(|pair| pair[0].at >= SimTime::ZERO + SETTLED) {
        let span = pair[1].at.since(pair[0].at).as_secs_f64();
        area += span * (pair[0].resident.as_f64() + pair[1].resident.as_f64()) / 2.0;
        seconds += span;
    }
    (seconds > 0.0).then(|| area / seconds)
}
