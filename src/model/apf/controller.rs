//! [`ConfigController`]: the flow schemas and priority levels of one server, with their queue sets.
//!
//! Source: k8s.io/apiserver `pkg/util/flowcontrol/apf_controller.go`. Before a server's informers
//! have synced only the mandatory objects exist: that is what a new controller holds.

use std::collections::BTreeMap;

use super::classify::{RequestInfo, User, flow_distinguisher, hash_flow_id, matches_flow_schema};
use super::concurrency::{ConfiguredLimits, LevelDemand, SeatDemandStats, adjust};
use super::config::{CATCH_ALL, EXEMPT, FlowSchema, LimitResponse, PriorityLevelConfiguration};
use super::defaults;
use super::queue_set::QueueSet;
use super::shuffle_sharding::{Dealer, DealerError};
use crate::model::release::Release;
use crate::units::{SimSpan, SimTime};

/// A priority level of a controller; stays good through reconfigurations for as long as the level
/// exists, and is not used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LevelId(usize);

impl LevelId {
    /// Its place in a table: small, from 0 on.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// State of a priority level (`priorityLevelState`).
#[derive(Clone, Debug)]
pub struct PriorityLevelState {
    /// The object that prescribes it.
    pub config: PriorityLevelConfiguration,
    /// Its queues.
    pub queues: QueueSet,
    /// Undesired: to be removed once drained.
    pub quiescing: bool,
    /// See [`ConfiguredLimits`].
    pub limits: ConfiguredLimits,
    /// The limit in force, in seats (`currentCL`).
    pub current: i64,
    /// See [`SeatDemandStats`].
    pub seat_demand: SeatDemandStats,
    /// The most seats that the work estimator may give a request; 0 is not known
    /// (`MaxSeatsTracker`). Kept when the level stops queuing.
    pub max_seats: u64,
}

/// A flow schema in use and the level it refers to.
#[derive(Clone, Debug)]
struct ActiveFlowSchema {
    schema: FlowSchema,
    level: LevelId,
}

/// An object that is passed over, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigProblem {
    /// Queues and hand size make no dealer.
    #[error("priority level `{level}`: {error}")]
    Sharding {
        /// Name of the level.
        level: String,
        /// Why.
        error: DealerError,
    },
    /// A level is exempt if and only if its name is `exempt`.
    #[error("priority level `{level}`: non-alignment between name and type")]
    ExemptName {
        /// Name of the level.
        level: String,
    },
    /// A flow schema refers to a level that does not exist.
    #[error("flow schema `{schema}` refers to priority level `{level}`, which does not exist")]
    Dangling {
        /// Name of the flow schema.
        schema: String,
        /// Name of the level.
        level: String,
    },
}

/// Under what a request falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classification<'a> {
    /// Index among [`ConfigController::flow_schemas`], good until the next configuration.
    pub flow_schema: usize,
    /// Its priority level.
    pub level: LevelId,
    /// Whether the level is exempt from limitation.
    pub exempt: bool,
    /// What distinguishes its flow; empty unless the level has at least 2 queues.
    pub distinguisher: &'a str,
    /// The hash of its flow, for the queue set; 0 unless the level has at least 2 queues.
    pub hash: u64,
}

/// All of API Priority and Fairness in one server but for the work estimator
/// (`configController`).
#[derive(Clone, Debug)]
pub struct ConfigController {
    server_concurrency_limit: u32,
    release: Release,
    front_wait_limit: Option<SimSpan>,
    levels: Vec<Option<PriorityLevelState>>,
    by_name: BTreeMap<String, LevelId>,
    flow_schemas: Vec<ActiveFlowSchema>,
    nominal_sum: i64,
}

impl ConfigController {
    /// A controller with the mandatory objects only. `server_concurrency_limit` is
    /// `--max-requests-inflight` + `--max-mutating-requests-inflight`; `request_timeout` is that of
    /// the server.
    #[must_use]
    pub fn new(
        server_concurrency_limit: u32,
        release: Release,
        request_timeout: SimSpan,
        now: SimTime,
    ) -> Self {
        let mut controller = Self {
            server_concurrency_limit,
            release,
            front_wait_limit: release
                .rejects_only_at_front
                .then_some(SimSpan(request_timeout.0 / 4)),
            levels: Vec::new(),
            by_name: BTreeMap::new(),
            flow_schemas: Vec::new(),
            nominal_sum: 0,
        };
        controller.digest_config_objects(now, &[], &[]);
        controller
    }

    /// Takes a whole new configuration over (`digestConfigObjects`), and returns what of it is
    /// passed over. Levels no longer given go at once if idle, else once drained: digest again when
    /// they are. The mandatory objects stay, or are made up. Does an
    /// adjustment too, out of turn.
    pub fn digest_config_objects(
        &mut self,
        now: SimTime,
        levels: &[PriorityLevelConfiguration],
        schemas: &[FlowSchema],
    ) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        let mut good = BTreeMap::new();
        for config in levels {
            match check_level(config) {
                Ok(()) => drop(good.insert(config.name.as_str(), config)),
                Err(problem) => problems.push(problem),
            }
        }
        let schemas = digest_flow_schemas(&good, schemas, &mut problems);
        self.process_old_levels(&good);
        for &config in good.values() {
            self.introduce(now, config);
        }
        for config in defaults::mandatory_levels() {
            if !self.by_name.contains_key(&config.name) {
                self.introduce(now, &config);
            }
        }
        self.flow_schemas = schemas
            .into_iter()
            .filter_map(|schema| {
                let level = *self.by_name.get(&schema.priority_level)?;
                Some(ActiveFlowSchema { schema, level })
            })
            .collect();
        self.set_limits();
        self.update_borrowing(now);
        problems
    }

    /// Levels of the former configuration that are not in the new one (`processOldPLsLocked`).
    fn process_old_levels(&mut self, good: &BTreeMap<&str, &PriorityLevelConfiguration>) {
        let levels = &mut self.levels;
        self.by_name.retain(|name, id| {
            if good.contains_key(name.as_str()) || name == EXEMPT || name == CATCH_ALL {
                return true;
            }
            let slot = &mut levels[id.0];
            match slot {
                Some(state) if !state.queues.is_idle() => {
                    state.quiescing = true;
                    true
                }
                _ => {
                    *slot = None;
                    false
                }
            }
        });
    }

    /// A level of the new configuration: renewed or made.
    fn introduce(&mut self, now: SimTime, config: &PriorityLevelConfiguration) {
        if let Some(id) = self.by_name.get(&config.name) {
            if let Some(state) = &mut self.levels[id.0] {
                state.config = config.clone();
                state.quiescing = false;
            }
            return;
        }
        // The configuration has been checked; queues come with the first adjustment.
        let Ok(mut queues) = QueueSet::new(config.response.queuing(), 0, now) else {
            return;
        };
        queues.set_front_wait_limit(self.front_wait_limit);
        self.by_name.insert(config.name.clone(), LevelId(self.levels.len()));
        self.levels.push(Some(PriorityLevelState {
            config: config.clone(),
            queues,
            quiescing: false,
            limits: ConfiguredLimits::default(),
            // The first adjustment, at the end of the same digestion, sets it.
            current: 0,
            seat_demand: SeatDemandStats::default(),
            max_seats: 0,
        }));
    }

    /// Divides the server's limit by shares (`finishQueueSetReconfigsLocked`).
    fn set_limits(&mut self) {
        let server_limit = self.server_concurrency_limit;
        let states = || self.levels.iter().flatten();
        let shares =
            |state: &PriorityLevelState| f64::from(state.config.nominal_concurrency_shares);
        let share_sum: f64 = states().map(shares).sum();
        for state in self.levels.iter_mut().flatten() {
            state.limits = ConfiguredLimits::new(&state.config, server_limit, share_sum);
            if let Some(max_seats) = state.limits.max_seats(state.config.response) {
                state.max_seats = max_seats;
            }
        }
        self.nominal_sum = self.levels().map(|(_, state)| state.limits.nominal).sum();
    }

    /// One adjustment (`updateBorrowing`): due right after the configuration is first digested and
    /// then every [`super::concurrency::BORROWING_ADJUSTMENT_PERIOD`]. Ends a period of demand
    /// statistics, sets the levels' limits and dispatches what they let through: drain
    /// [`QueueSet::next_dispatched`] of every level. Returns the fair fraction.
    pub fn update_borrowing(&mut self, now: SimTime) -> f64 {
        let exempt_apart = !self.release.exempt_in_allocation;
        let demands: Vec<LevelDemand> = self
            .levels
            .iter_mut()
            .flatten()
            .map(|state| {
                state.seat_demand.update(&state.queues.reset_demand(now));
                LevelDemand {
                    exempt: exempt_apart && state.config.response == LimitResponse::Exempt,
                    limits: state.limits,
                    stats: state.seat_demand,
                    current: state.current,
                }
            })
            .collect();
        let adjustment = adjust(self.nominal_sum, &demands);
        for (state, &current) in self.levels.iter_mut().flatten().zip(&adjustment.current) {
            state.current = current;
            let limit = u64::try_from(current).unwrap_or(0);
            let queuing = state.config.response.queuing();
            // Checked when the configuration was digested.
            let _ = state.queues.configure(now, queuing, limit);
        }
        adjustment.fair_frac
    }

    /// Classifies a request (`startRequest`).
    #[must_use]
    pub fn classify<'a>(&self, user: &User<'a>, info: &RequestInfo<'a>) -> Classification<'a> {
        let matching = |active: &ActiveFlowSchema| matches_flow_schema(user, info, &active.schema);
        let index = self.flow_schemas.iter().position(matching);
        self.flow_of(index.unwrap_or_else(|| self.catch_all_index()), user, info)
    }

    /// Classifies a request under the flow schema of that name, whatever its rules; `None` if there
    /// is none.
    #[must_use]
    pub fn classify_as<'a>(
        &self,
        name: &str,
        user: &User<'a>,
        info: &RequestInfo<'a>,
    ) -> Option<Classification<'a>> {
        let index = self.flow_schemas.iter().position(|active| active.schema.name == name)?;
        Some(self.flow_of(index, user, info))
    }

    fn flow_of<'a>(
        &self,
        index: usize,
        user: &User<'a>,
        info: &RequestInfo<'a>,
    ) -> Classification<'a> {
        let ActiveFlowSchema { schema, level } = &self.flow_schemas[index];
        let mut classification = Classification {
            flow_schema: index,
            level: *level,
            exempt: false,
            distinguisher: "",
            hash: 0,
        };
        match self.levels[level.0].as_ref().map(|state| state.config.response) {
            Some(LimitResponse::Exempt) => classification.exempt = true,
            Some(LimitResponse::Queue { queues, .. }) if queues > 1 => {
                let distinguisher = flow_distinguisher(user, info, schema.distinguisher_method);
                classification.distinguisher = distinguisher;
                classification.hash = hash_flow_id(&schema.name, distinguisher);
            }
            _ => {}
        }
        classification
    }

    fn catch_all_index(&self) -> usize {
        let last = self.flow_schemas.len().saturating_sub(1);
        let is_it = |active: &ActiveFlowSchema| active.schema.name == CATCH_ALL;
        self.flow_schemas.iter().position(is_it).unwrap_or(last)
    }

    /// The flow schemas in the order in which they are tried.
    #[must_use]
    pub fn flow_schemas(&self) -> impl ExactSizeIterator<Item = &FlowSchema> {
        self.flow_schemas.iter().map(|active| &active.schema)
    }

    /// The levels by name.
    pub fn levels(&self) -> impl Iterator<Item = (LevelId, &PriorityLevelState)> {
        self.by_name.values().filter_map(|&id| Some((id, self.levels[id.0].as_ref()?)))
    }

    /// A level, while it exists.
    #[must_use]
    pub fn level(&self, id: LevelId) -> Option<&PriorityLevelState> {
        self.levels.get(id.0)?.as_ref()
    }

    /// A level's queues, while it exists.
    pub fn queues_mut(&mut self, id: LevelId) -> Option<&mut QueueSet> {
        let state = self.levels.get_mut(id.0)?.as_mut()?;
        Some(&mut state.queues)
    }

    /// The sum of the nominal limits; more than the server's limit by rounding up.
    #[must_use]
    pub fn nominal_sum(&self) -> i64 {
        self.nominal_sum
    }

    /// What differs in this release.
    #[must_use]
    pub fn release(&self) -> &Release {
        &self.release
    }
}

/// Whether a level's object is usable (`queueSetCompleterForPL`).
fn check_level(config: &PriorityLevelConfiguration) -> Result<(), ConfigProblem> {
    let level = || config.name.clone();
    if (config.response == LimitResponse::Exempt) != (config.name == EXEMPT) {
        return Err(ConfigProblem::ExemptName { level: level() });
    }
    if let LimitResponse::Queue { queues, hand_size, .. } = config.response
        && queues > 0
    {
        Dealer::new(queues as usize, hand_size as usize)
            .map_err(|error| ConfigProblem::Sharding { level: level(), error })?;
    }
    Ok(())
}

/// The flow schemas to be used, in the order in which they are tried: those whose level is
/// given, and the mandatory ones.
fn digest_flow_schemas(
    levels: &BTreeMap<&str, &PriorityLevelConfiguration>,
    schemas: &[FlowSchema],
    problems: &mut Vec<ConfigProblem>,
) -> Vec<FlowSchema> {
    let mut sequence: Vec<FlowSchema> = Vec::with_capacity(schemas.len() + 2);
    for schema in schemas {
        if levels.contains_key(schema.priority_level.as_str()) {
            sequence.push(schema.clone());
        } else {
            problems.push(ConfigProblem::Dangling {
                schema: schema.name.clone(),
                level: schema.priority_level.clone(),
            });
        }
    }
    sequence.sort_by(|a, b| {
        let key = |schema: &FlowSchema| schema.matching_precedence;
        key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
    });
    for mandatory in defaults::mandatory_flow_schemas() {
        if sequence.iter().any(|schema| schema.name == mandatory.name) {
            continue;
        }
        if mandatory.name == EXEMPT {
            sequence.insert(0, mandatory);
        } else {
            sequence.push(mandatory);
        }
    }
    sequence
}

#[cfg(test)]
mod tests;
