//! `apf-concurrency`: limits through configuration changes and adjustments.

use oomcast::model::apf::config::PriorityLevelConfiguration;
use oomcast::model::apf::controller::ConfigController;
use oomcast::units::{SimSpan, SimTime};
use serde::Deserialize;

use super::doubles::same;
use super::objects;
use crate::cases::check_all;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Level {
    name: String,
    #[serde(default)]
    exempt: bool,
    shares: Option<u32>,
    lendable: Option<u32>,
    borrow: Option<u32>,
    queues: Option<u32>,
    hand: Option<u32>,
    qlen: Option<u32>,
}

impl Level {
    fn model(&self) -> PriorityLevelConfiguration {
        let queuing =
            self.queues.map(|queues| (queues, self.hand.unwrap_or(0), self.qlen.unwrap_or(0)));
        PriorityLevelConfiguration {
            lendable_percent: self.lendable,
            borrowing_limit_percent: self.borrow,
            // An exempt level without shares has none.
            ..objects::level(&self.name, self.exempt, self.shares.unwrap_or(0), queuing)
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct State {
    name: String,
    nominal: i64,
    min: i64,
    max: i64,
    current: i64,
    hw: i64,
    avg: f64,
    dev: f64,
    smoothed: f64,
    max_seats: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Step {
    op: String,
    t: u64,
    #[serde(default)]
    pls: Vec<Level>,
    pl: Option<String>,
    x: Option<f64>,
    nominal_sum: Option<i64>,
    #[serde(default)]
    state: Vec<State>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    server: u32,
    steps: Vec<Step>,
}

fn compare(label: &str, controller: &ConfigController, step: &Step) {
    assert_eq!(Some(controller.nominal_sum()), step.nominal_sum, "{label}: nominal sum");
    assert_eq!(controller.levels().count(), step.state.len(), "{label}");
    for ((_, ours), theirs) in controller.levels().zip(&step.state) {
        let label = format!("{label} level {}", theirs.name);
        assert_eq!(ours.config.name, theirs.name, "{label}");
        let limits = (ours.limits.nominal, ours.limits.min, ours.limits.max);
        assert_eq!(limits, (theirs.nominal, theirs.min, theirs.max), "{label}");
        let demand = &ours.seat_demand;
        assert_eq!(demand.high_watermark, theirs.hw, "{label}");
        let equal = same(demand.avg, Some(theirs.avg))
            && same(demand.std_dev, Some(theirs.dev))
            && same(demand.smoothed, Some(theirs.smoothed));
        assert!(equal, "{label}: {demand:?}");
        assert_eq!(ours.current, theirs.current, "{label}: current limit");
        assert_eq!(ours.max_seats, theirs.max_seats, "{label}: most seats");
    }
}

fn check(case: &Case) {
    let minute = SimSpan::secs(60);
    let mut controller =
        ConfigController::new(case.server, objects::recorded(), minute, SimTime::ZERO);
    for (i, step) in case.steps.iter().enumerate() {
        let label = format!("{} step {i}", case.id);
        let now = SimTime(step.t);
        match step.op.as_str() {
            "config" => {
                let levels: Vec<_> = step.pls.iter().map(Level::model).collect();
                controller.digest_config_objects(now, &levels, &[]);
            }
            "adjust" => {
                controller.update_borrowing(now);
            }
            "demand" => {
                let name = step.pl.as_ref().expect("a level");
                let found = controller.levels().find(|(_, state)| state.config.name == *name);
                let id = found.map(|(id, _)| id);
                let queues = id.and_then(|id| controller.queues_mut(id));
                let queues = queues.unwrap_or_else(|| panic!("{label}: no such level"));
                queues.demand_mut().set(now, step.x.expect("a demand"));
                continue;
            }
            other => panic!("{label}: unknown operation {other}"),
        }
        compare(&label, &controller, step);
    }
}

#[test]
fn golden_concurrency() {
    check_all("apf-concurrency.jsonl", check);
}
