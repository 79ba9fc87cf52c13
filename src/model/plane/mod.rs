//! The control plane without its clients: servers, balancer, etcd, and the load that needs no client
//! of its own.
//!
//! It knows no client: whom a server serves is a [`Tag`](super::apiserver::tag::Tag) to it.

pub mod background;
pub mod balancer;
mod caches;
mod counting;
pub mod database;
mod death;
pub mod etcd;
pub mod flows;
mod held;
mod life;
mod load;
mod network;
pub mod pace;
pub mod plans;
pub mod probes;
mod rates;
mod rings;
mod sampling;
mod scraping;
pub mod server_state;
pub mod shutdown;
mod stored;
pub mod versions;
mod watch_windows;
mod write_seats;

pub(crate) use held::REVIEW_COPIES;

use std::sync::Arc;

use crate::engine::Streams;
use crate::model::apiserver::server::{Server, ServerSettings};
use crate::model::catalog::Catalog;
use crate::model::context::Context;
use crate::model::ids::{ResourceId, ServerId, Table};
use crate::model::input::Inputs;
use crate::model::memory::go_heap::GcSettings;
use crate::model::node::{self, MemoryLimit};
use crate::model::residents::Residents;
use crate::results::Unserved;
use crate::units::{Bytes, SimTime};
use balancer::Balancer;
use database::Database;
use etcd::{EtcdState, Member};
use flows::Flows;
use plans::{PlanCache, PlanContext};
use server_state::{Life, ServerState};

/// See the module's documentation.
#[derive(Clone)]
pub struct Plane {
    /// The servers.
    pub servers: Table<ServerId, ServerState>,
    /// The balancer before them.
    pub balancer: Balancer,
    /// etcd behind them.
    pub etcd: Etcd,
    /// How the load changes.
    pub flows: Flows,
    /// Writes per second, by resource.
    pub writes: Table<ResourceId, f64>,
    /// The audit backend answers nobody until then.
    pub audit_out_until: SimTime,
    /// Until when writes are counted, and how many have come.
    pub written: (SimTime, f64),
    /// How much memory a server may use at the start.
    pub limit: MemoryLimit,
    /// Plans of requests.
    pub plans: PlanCache,
    /// Servers to be brought up to date at the end of the present event.
    pub touched: Vec<ServerId>,
}

/// etcd: what it stores, and how it answers.
#[derive(Clone, Debug)]
pub struct Etcd {
    /// Objects stored now, by resource.
    pub objects: Table<ResourceId, u64>,
    /// How fast it is now, relative.
    pub speed: f64,
    /// It is slow until then.
    pub slow_until: SimTime,
    /// Whether it has its quorum.
    pub outage: EtcdState,
    /// The member on each server's node.
    pub members: Table<ServerId, Member>,
    /// Its database against the quota.
    pub(crate) database: Database,
}

impl Plane {
    /// The control plane before its start: no process runs.
    #[must_use]
    pub fn new(inputs: &Inputs, catalog: &Catalog) -> Self {
        let settings = Arc::new(ServerSettings {
            cores: node::threads(&inputs.apiserver, &inputs.node, &inputs.release),
            cpu_limit: node::cpu_limit(&inputs.apiserver, &inputs.node, &inputs.release),
            procs: node::processors(&inputs.apiserver, &inputs.node, &inputs.release),
            hardware: catalog.hardware.clone(),
            local_clients: node::clients_contend(&inputs.apiserver, &inputs.node, &inputs.release),
            gc: GcSettings {
                gogc: inputs.apiserver.gogc,
                memory_limit: inputs.apiserver.gomemlimit,
            },
            etcd_cores: inputs.node.cores.max(1.0),
            request_timeout: inputs.apiserver.request_timeout,
            memory_high: node::memory_high(inputs),
            scan: catalog.scan_weights(inputs),
            owners: catalog.owners.names.len(),
        });
        let residents = Residents::at_start(inputs);
        let limits = node::limits(inputs, residents);
        let server = |_| ServerState::new(Server::new(settings.clone(), limits), inputs);
        let servers: Table<ServerId, ServerState> = inputs.server_ids().map(server).collect();
        let balancer = Balancer::new(inputs.balancer.clone(), servers.len(), inputs.apiserver.warm);
        Self {
            servers,
            balancer,
            etcd: Etcd {
                objects: inputs.resources.iter().map(|resource| resource.count).collect(),
                speed: 1.0,
                slow_until: SimTime::ZERO,
                outage: EtcdState::default(),
                members: inputs.server_ids().map(|_| Member::default()).collect(),
                database: Database::new(
                    inputs.resources.iter().map(|r| r.writes_per_second * r.size.as_f64()).sum(),
                ),
            },
            flows: Flows::new(inputs),
            writes: inputs.resources.iter().map(|resource| resource.writes_per_second).collect(),
            audit_out_until: SimTime::ZERO,
            written: (SimTime::ZERO, 0.0),
            limit: limits.first,
            plans: PlanCache::default(),
            touched: Vec::new(),
        }
    }

    /// Lets the servers draw from these streams.
    pub(crate) fn draw_from(&mut self, streams: &Streams) {
        for server in self.servers.ids() {
            self.servers[server].server.draw_from(streams, server.into());
        }
    }

    /// Marks a server for settling and new rates at the end of the present event.
    pub fn touch(&mut self, server: ServerId) {
        if !self.touched.contains(&server) {
            self.touched.push(server);
        }
    }

    /// What plans are made from now.
    #[must_use]
    pub fn context<'p>(&'p self, cx: &'p Context<'_>) -> PlanContext<'p> {
        PlanContext {
            inputs: cx.inputs,
            catalog: &cx.catalog,
            objects: &self.etcd.objects,
            etcd_speed: self.etcd.speed,
        }
    }

    /// The plans, and what they are made from now.
    pub fn planning<'p>(&'p mut self, cx: &'p Context<'_>) -> (&'p mut PlanCache, PlanContext<'p>) {
        let context = PlanContext {
            inputs: cx.inputs,
            catalog: &cx.catalog,
            objects: &self.etcd.objects,
            etcd_speed: self.etcd.speed,
        };
        (&mut self.plans, context)
    }

    /// Bytes written to clients by all servers.
    pub(crate) fn bytes_sent(&self) -> Bytes {
        self.servers.iter().map(|state| state.server.bytes_sent()).sum()
    }

    /// Who does not answer: servers that do not serve, cannot be reached or turn watches away from a cold cache,
    /// and etcd without its quorum.
    #[must_use]
    pub(crate) fn unserved(&self, now: SimTime) -> Unserved {
        let mut unserved = Unserved { etcd: self.etcd.outage.down(now), ..Unserved::default() };
        for (server, state) in self.servers.pairs() {
            let with = match state.life {
                Life::Down | Life::Booting | Life::Filling => &mut unserved.down,
                Life::Serving if state.stalled.is_some() => &mut unserved.down,
                Life::Serving if state.unheard(now) => &mut unserved.cut_off,
                Life::Serving if state.stopping.is_some() => &mut unserved.stopping,
                Life::Serving if self.etcd.members[server].killed => &mut unserved.without_etcd,
                Life::Serving if state.fills_a_cache() => &mut unserved.cold,
                Life::Serving => continue,
            };
            with.push(server_state::name(server));
        }
        unserved
    }
}
