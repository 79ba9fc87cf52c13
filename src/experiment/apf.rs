//! API Priority and Fairness of a scenario before a run: what the servers make of its objects.

use crate::model::apf::behaviour::Behaviour;
use crate::model::apf::classify::{RequestInfo, User};
use crate::model::apf::concurrency::ConfiguredLimits;
use crate::model::apf::config::{LimitResponse, PriorityLevelConfiguration};
use crate::model::apf::controller::{ConfigController, PriorityLevelState};
use crate::model::apf::defaults::with_defaults;
use crate::model::apf::object_count::{ObjectStats, StatsError};
use crate::model::apf::work_estimate::WorkEstimate;
use crate::model::apf::work_estimator::{
    ListOptions, Lookups, RequestedVersion, VersionMatch, WorkEstimator, WorkEstimatorConfig,
};
use crate::model::client::PAGER_LIMIT;
use crate::model::input::{
    Behaviour as Client, FleetInput, Inputs, ReadInput, ResourceInput, ResourceVersion,
};
use crate::results::{ApfPlan, FleetPlan, LevelPlan};
use crate::scenario::Scenario;
use crate::units::SimTime;

/// The plan of a scenario: its levels, and under which of them each fleet falls.
///
/// Seats are those of a server that has counted its objects; for a minute or two after a start it
/// takes every LIST for one seat.
#[must_use]
pub fn apf_plan(scenario: &Scenario) -> ApfPlan {
    let inputs = &scenario.inputs;
    let (reads, writes) =
        (inputs.apiserver.max_requests_inflight, inputs.apiserver.max_mutating_requests_inflight);
    let controller = controller(inputs);
    ApfPlan {
        scenario: scenario.name.clone(),
        release: format!("1.{}", inputs.release.minor),
        enabled: inputs.apf.enabled,
        max_requests_inflight: reads,
        max_mutating_requests_inflight: writes,
        server_seats: u64::from(reads) + u64::from(writes),
        nominal_seats: controller.nominal_sum(),
        levels: controller.levels().map(|(_, state)| level(inputs, state)).collect(),
        fleets: inputs.fleets.iter().map(|spec| fleet(inputs, &controller, spec)).collect(),
    }
}

/// A server's whole configuration.
fn controller(inputs: &Inputs) -> ConfigController {
    let behaviour = Behaviour::of_release(&inputs.release);
    let apiserver = &inputs.apiserver;
    let seats =
        apiserver.max_requests_inflight.saturating_add(apiserver.max_mutating_requests_inflight);
    let start = SimTime::ZERO;
    let mut controller = ConfigController::new(seats, behaviour, apiserver.request_timeout, start);
    let (levels, schemas) = with_defaults(&inputs.apf, &inputs.release);
    // What could be passed over was reported when the scenario was read.
    let _ = controller.digest_config_objects(start, &levels, &schemas);
    controller
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

fn fleet(inputs: &Inputs, controller: &ConfigController, spec: &FleetInput) -> FleetPlan {
    let (request, verb, resource, options) = request(inputs, spec);
    let resource = &inputs.resources[resource];
    let info = RequestInfo {
        is_resource: true,
        verb,
        api_group: &resource.api_group,
        resource: &resource.name,
        ..RequestInfo::default()
    };
    let user = User { name: &spec.user, groups: &spec.groups };
    let found = controller.classify(&user, &info);
    let mut schemas = controller.flow_schemas();
    let schema = match &spec.flow_schema {
        Some(name) => schemas.find(|schema| schema.name == *name),
        None => schemas.nth(found.flow_schema),
    };
    let level = schema
        .and_then(|schema| controller.find_level(&schema.priority_level))
        .and_then(|level| controller.level(level));
    let behaviour = *controller.behaviour();
    let config = WorkEstimatorConfig::of_behaviour(&behaviour);
    let estimator = WorkEstimator::new(config, behaviour, true);
    let cap = level.map_or(0, |level| level.max_seats);
    let seats = if inputs.release.apf_list_width {
        estimator.estimate(Some(&info), Some(&options), cap, &mut Counted(resource))
    } else {
        WorkEstimate::of_seats(1)
    };
    let seats = seats.max_seats();
    FleetPlan {
        name: spec.name.clone(),
        members: spec.count,
        user: spec.user.clone(),
        request,
        resource: resource.name.clone(),
        flow_schema: schema.map(|schema| schema.name.clone()).unwrap_or_default(),
        level: level.map(|level| level.config.name.clone()).unwrap_or_default(),
        seats,
        at_once: level
            .filter(|level| level.config.response != LimitResponse::Exempt)
            .map(|level| at_once(level.limits.nominal, seats)),
    }
}

/// A request wider than the limit runs alone.
fn at_once(nominal: i64, seats: u64) -> u64 {
    (u64::try_from(nominal).unwrap_or(0) / seats.max(1)).max(1)
}

/// What a member asks for when it starts: its name, verb, resource and query.
fn request(inputs: &Inputs, spec: &FleetInput) -> (&'static str, &'static str, usize, ListOptions) {
    match &spec.behaviour {
        // Where the servers do not offer it, a reflector falls back to a LIST.
        Client::Reflector { read, watch_list: true, .. } if inputs.release.watch_list => {
            let options = ListOptions {
                selector: read.selector,
                send_initial_events: true,
                ..ListOptions::default()
            };
            ("watch-list", "watch", read.resource, options)
        }
        Client::Reflector { read, .. } => {
            ("list", "list", read.resource, list_options(read, Some(PAGER_LIMIT)))
        }
        Client::Lister { read, .. } => ("list", "list", read.resource, list_options(read, None)),
        Client::Watcher { resource } => {
            let resource_version = RequestedVersion::Specific;
            (
                "watch",
                "watch",
                *resource,
                ListOptions { resource_version, ..ListOptions::default() },
            )
        }
    }
}

fn list_options(read: &ReadInput, pager: Option<u64>) -> ListOptions {
    let (resource_version, resource_version_match) = match read.resource_version {
        ResourceVersion::Unset => (RequestedVersion::Unset, VersionMatch::Unset),
        ResourceVersion::Any => (RequestedVersion::Zero, VersionMatch::Unset),
        ResourceVersion::NotOlderThan => (RequestedVersion::Specific, VersionMatch::NotOlderThan),
        ResourceVersion::Exact => (RequestedVersion::Specific, VersionMatch::Exact),
    };
    let limit = read.limit.or(pager).unwrap_or(0);
    ListOptions {
        limit: i64::try_from(limit).unwrap_or(i64::MAX),
        resource_version,
        resource_version_match,
        selector: read.selector,
        ..ListOptions::default()
    }
}

/// A resource whose objects have been counted.
struct Counted<'a>(&'a ResourceInput);

impl Lookups for Counted<'_> {
    fn stats(&mut self, _: &RequestInfo) -> Result<ObjectStats, StatsError> {
        let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        // Sizes are known of cached resources only (facts/apf.md 4.3).
        let average_size = if self.0.watch_cache { whole(self.0.size.0) } else { 0 };
        Ok(ObjectStats { count: whole(self.0.count), average_size })
    }

    fn watch_count(&mut self, _: &RequestInfo) -> u64 {
        0
    }
}
