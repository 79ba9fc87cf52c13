//! Limits of known configurations, and levels that come and go.

use super::*;
use crate::model::release::Release;

fn controller(minor: u8) -> ConfigController {
    let release = Release::of_minor(minor).expect("a modelled minor");
    ConfigController::new(600, release, SimSpan::secs(60), SimTime::ZERO)
}

fn with_defaults(minor: u8, more: &[PriorityLevelConfiguration]) -> ConfigController {
    let mut controller = controller(minor);
    let levels = [defaults::default_levels().as_slice(), more].concat();
    let schemas = defaults::default_flow_schemas(controller.release());
    let problems = controller.digest_config_objects(SimTime::ZERO, &levels, &schemas);
    assert_eq!(problems, []);
    controller
}

fn limits(controller: &ConfigController) -> Vec<(&str, i64, i64, i64, u64)> {
    let of = |(_, state): (LevelId, &PriorityLevelState)| {
        (state.limits.nominal, state.limits.min, state.current, state.max_seats)
    };
    let names = controller.levels().map(|(_, state)| state.config.name.as_str());
    let values = controller.levels().map(of);
    names.zip(values).map(|(name, (a, b, c, d))| (name, a, b, c, d)).collect()
}

#[test]
fn only_the_mandatory_levels_before_the_informers_have_synced() {
    let mut controller = controller(36);
    let expected = [("catch-all", 600, 600, 600, 0), ("exempt", 0, 0, 0, 0)];
    assert_eq!(limits(&controller), expected);
    controller.update_borrowing(SimTime(1));
    assert_eq!(limits(&controller), expected);
}

#[test]
fn idle_limits_of_the_defaults() {
    // docs/facts/apf.md 7.1: nominal, min, current, most seats.
    let expected = [
        ("catch-all", 13, 13, 30, 0),
        ("exempt", 0, 0, 0, 0),
        ("global-default", 49, 24, 56, 8),
        ("leader-election", 25, 25, 58, 4),
        ("node-high", 98, 73, 170, 15),
        ("system", 74, 50, 117, 12),
        ("workload-high", 98, 49, 114, 15),
        ("workload-low", 245, 24, 56, 37),
    ];
    for minor in [28, 31, 36] {
        let controller = with_defaults(minor, &[]);
        assert_eq!(limits(&controller), expected, "1.{minor}");
        assert_eq!(controller.nominal_sum(), 602);
    }
}

#[test]
fn the_deckhouse_cluster() {
    // docs/facts/apf.md 7.2.
    let level = |name: &str, shares, queues, hand_size| PriorityLevelConfiguration {
        name: name.to_owned(),
        nominal_concurrency_shares: shares,
        lendable_percent: Some(0),
        borrowing_limit_percent: None,
        response: LimitResponse::Queue { queues, hand_size, queue_length_limit: 50 },
    };
    let more = [level("d8-serviceaccounts", 5, 32, 8), level("deckhouse-pod", 10, 16, 4)];
    let controller = with_defaults(32, &more);
    let expected = [
        ("catch-all", 12, 12, 26, 0),
        ("d8-serviceaccounts", 12, 12, 26, 1),
        ("deckhouse-pod", 24, 24, 52, 4),
        ("exempt", 0, 0, 0, 0),
        ("global-default", 47, 23, 50, 7),
        ("leader-election", 24, 24, 52, 4),
        ("node-high", 93, 70, 151, 14),
        ("system", 70, 47, 101, 11),
        ("workload-high", 93, 46, 99, 14),
        ("workload-low", 231, 23, 50, 35),
    ];
    assert_eq!(limits(&controller), expected);
}

fn find_level(controller: &ConfigController, name: &str) -> Option<LevelId> {
    controller.levels().find(|(_, state)| state.config.name == name).map(|(id, _)| id)
}

fn has_drained(controller: &ConfigController) -> bool {
    controller.levels().any(|(_, state)| state.quiescing && state.queues.is_idle())
}

#[test]
fn a_busy_level_drains_before_it_goes() {
    let mut controller = with_defaults(36, &[]);
    let id = find_level(&controller, "workload-low").expect("a default level");
    let seat = super::super::work_estimate::WorkEstimate::of_seats(1);
    let queues = controller.queues_mut(id).expect("it exists");
    queues.start_request(SimTime(1), 7, &seat, 0);
    let request = queues.next_dispatched().expect("seats are free");
    controller.digest_config_objects(SimTime(2), &[], &[]);
    assert_eq!(controller.levels().count(), 3);
    assert!(!has_drained(&controller));
    let queues = controller.queues_mut(id).expect("it drains");
    queues.finish(SimTime(3), request);
    assert!(has_drained(&controller));
    controller.digest_config_objects(SimTime(4), &[], &[]);
    assert!(controller.level(id).is_none());
    assert_eq!(limits(&controller)[0], ("catch-all", 600, 600, 600, 0));
}

#[test]
fn broken_and_dangling_objects_are_passed_over_and_named() {
    let mut controller = controller(36);
    let mut broken = defaults::default_levels()[2].clone();
    broken.response = LimitResponse::Queue { queues: 128, hand_size: 60, queue_length_limit: 50 };
    let schemas = defaults::default_flow_schemas(controller.release());
    let system: Vec<FlowSchema> =
        schemas.into_iter().filter(|schema| schema.priority_level == "system").collect();
    let problems = controller.digest_config_objects(SimTime(1), &[broken], &system);
    assert!(matches!(
        problems[..],
        [ConfigProblem::Sharding { .. }, ConfigProblem::Dangling { .. }]
    ));
    assert_eq!(controller.flow_schemas().len(), 2);
}

/// Clients that each make a call of 250 ms as soon as the one before has ended, 24 in a level and 6
/// in another (upstream's `TestBorrowing`): the mean executing calls of each over 15 s, from 10 s on.
fn borrowing(percent: [(u32, u32); 2]) -> [f64; 2] {
    const CALL: u64 = 250_000_000;
    const CLIENTS: [u64; 2] = [24, 6];
    let release = Release::of_minor(36).expect("a modelled minor");
    let mut controller = ConfigController::new(24, release, SimSpan::secs(60), SimTime::ZERO);
    let levels = percent.map(|(lend, borrow)| PriorityLevelConfiguration {
        name: format!("lends-{lend}-borrows-{borrow}"),
        nominal_concurrency_shares: 100,
        lendable_percent: Some(lend),
        borrowing_limit_percent: Some(borrow),
        response: LimitResponse::Queue { queues: 10, hand_size: 2, queue_length_limit: 10 },
    });
    assert_eq!(controller.digest_config_objects(SimTime::ZERO, &levels, &[]), []);
    let ids = levels.map(|level| find_level(&controller, &level.name).expect("digested"));
    let seat = super::super::work_estimate::WorkEstimate::of_seats(1);
    let mut running: Vec<(u64, usize, super::super::queue_set::RequestId)> = Vec::new();
    let mut executing = [0.0; 2];
    for (level, clients) in CLIENTS.into_iter().enumerate() {
        for client in 0..clients {
            let queues = controller.queues_mut(ids[level]).expect("it exists");
            queues.start_request(SimTime::ZERO, client * 9_973, &seat, client);
        }
    }
    for now in (0..25_000_000_000).step_by(10_000_000) {
        let time = SimTime(now);
        if now % 10_000_000_000 == 0 {
            controller.update_borrowing(time);
        }
        let (ended, rest) = running.into_iter().partition(|(end, ..)| *end <= now);
        running = rest;
        for (_, level, id) in Vec::<(u64, usize, _)>::from_iter(ended) {
            let queues = controller.queues_mut(ids[level]).expect("it exists");
            let client = queues.request(id).expect("it executes").key;
            queues.finish(time, id);
            queues.start_request(time, client * 9_973, &seat, client);
        }
        for level in 0..2 {
            let queues = controller.queues_mut(ids[level]).expect("it exists");
            while let Some(id) = queues.next_dispatched() {
                running.push((now + CALL, level, id));
            }
            if now >= 10_000_000_000 {
                executing[level] += queues.totals().executing as f64 / 1_500.0;
            }
        }
    }
    executing
}

#[test]
fn a_busy_level_borrows_what_the_other_lends() {
    for percent in [[(50, 67), (33, 50)], [(50, 33), (67, 50)]] {
        let [busy, calm] = borrowing(percent);
        assert!((15.5..=16.1).contains(&busy), "{percent:?}: {busy}");
        assert!((5.5..=6.1).contains(&calm), "{percent:?}: {calm}");
    }
}
