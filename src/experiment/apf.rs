//! API Priority and Fairness of a scenario before a run: what the servers make of its objects.

use crate::model::admission::Admission;
use crate::model::apf::concurrency::ConfiguredLimits;
use crate::model::apf::config::{LimitResponse, PriorityLevelConfiguration};
use crate::model::apf::controller::PriorityLevelState;
use crate::model::input::{FleetId, Inputs};
use crate::results::{ApfPlan, FleetPlan, LevelPlan};
use crate::scenario::Scenario;

/// The plan of a scenario: its levels, and under which of them each fleet falls.
///
/// Seats are those of a server that has counted its objects; for a minute or two after a start it
/// takes every LIST for one seat.
#[must_use]
pub fn apf_plan(scenario: &Scenario) -> ApfPlan {
    let inputs = &scenario.inputs;
    let (reads, writes) =
        (inputs.apiserver.max_requests_inflight, inputs.apiserver.max_mutating_requests_inflight);
    let mut admission = Admission::settled(inputs);
    let fleets = inputs.fleet_ids().map(|id| fleet(inputs, &mut admission, id));
    let fleets = fleets.collect();
    let controller = admission.controller();
    ApfPlan {
        scenario: scenario.name.clone(),
        release: inputs.release.version(),
        enabled: inputs.apf.enabled,
        max_requests_inflight: reads,
        max_mutating_requests_inflight: writes,
        server_seats: u64::from(reads) + u64::from(writes),
        nominal_seats: controller.nominal_sum(),
        levels: controller.levels().map(|(_, state)| level(inputs, state)).collect(),
        fleets,
    }
}

fn level(inputs: &Inputs, state: &PriorityLevelState) -> LevelPlan {
    let (config, limits) = (&state.config, state.limits);
    let (queues, hand_size, queue_length_limit) = match config.response {
        LimitResponse::Queue { queues, hand_size, queue_length_limit } => {
            (Some(queues), Some(hand_size), Some(queue_length_limit))
        }
        _ => (None, None, None),
    };
    LevelPlan {
        name: config.name.clone(),
        given: inputs.apf.levels.iter().any(|level| level.name == config.name),
        response: match config.response {
            LimitResponse::Queue { .. } => "queue",
            LimitResponse::Reject => "reject",
            LimitResponse::Exempt => "exempt",
        },
        shares: config.nominal_concurrency_shares,
        nominal_seats: limits.nominal,
        lendable_seats: limits.nominal - limits.min,
        borrowing_limit_seats: borrowing_limit(config, &limits),
        min_seats: limits.min,
        max_seats: limits.max,
        queues,
        hand_size,
        queue_length_limit,
        request_seats: if inputs.release.apf_list_width {
            limits.max_seats(config.response)
        } else {
            Some(1)
        },
    }
}

fn borrowing_limit(config: &PriorityLevelConfiguration, limits: &ConfiguredLimits) -> Option<i64> {
    config.borrowing_limit_percent.map(|_| limits.max - limits.nominal)
}

fn fleet(inputs: &Inputs, admission: &mut Admission, fleet: FleetId) -> FleetPlan {
    let spec = &inputs.fleets[fleet];
    let standing = admission.standing(inputs, fleet);
    let limited = standing.level.filter(|level| level.config.response != LimitResponse::Exempt);
    FleetPlan {
        name: spec.name.clone(),
        members: spec.count,
        user: spec.user.clone(),
        request: standing.request,
        resource: inputs.resources[standing.resource].name.clone(),
        flow_schema: standing.schema.map(|schema| schema.name.clone()).unwrap_or_default(),
        level: standing.level.map(|level| level.config.name.clone()).unwrap_or_default(),
        seats: standing.seats,
        at_once: limited.map(|level| at_once(level.limits.nominal, standing.seats)),
    }
}

/// A request wider than the limit runs alone.
fn at_once(nominal: i64, seats: u64) -> u64 {
    (u64::try_from(nominal).unwrap_or(0) / seats.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::{ConfiguredLimits, LimitResponse, PriorityLevelConfiguration, borrowing_limit};

    #[test]
    fn a_borrowing_limit_is_what_a_level_may_have_beyond_its_own() {
        let limits = ConfiguredLimits { nominal: 20, min: 15, max: 30 };
        let limit = |borrowing_limit_percent| {
            let config = PriorityLevelConfiguration {
                name: "agents".to_owned(),
                nominal_concurrency_shares: 10,
                lendable_percent: Some(25),
                borrowing_limit_percent,
                response: LimitResponse::Reject,
            };
            borrowing_limit(&config, &limits)
        };
        assert_eq!(limit(Some(50)), Some(10));
        assert_eq!(limit(None), None, "it borrows without limit");
    }
}
