//! How a run ended, and its record.

use crate::model::admission::fleet_flows;
use crate::model::apiserver::server::Server;
use crate::model::ids::ServerId;
use crate::model::input::Inputs;
use crate::model::node;
use crate::model::plane::server_state::name;
use crate::model::world::World;
use crate::results::{Counters, Holder, NodeRecord, Outcome, RunRecord, ServerRecord, Unserved};
use crate::units::{Bytes, SimTime};

/// Deaths of one server from which a run is a crash loop even when others died too.
const CRASH_LOOP: usize = 3;

/// The record of a finished run.
#[must_use]
pub(super) fn record(mut world: World<'_>, replication: u32, end: SimTime) -> RunRecord {
    let names: Vec<String> = world.plane.servers.ids().map(name).collect();
    let timelines = world.cx.record.take_timelines(&names, end);
    let activity = world.plane.take_activity(&mut world.cx, end);
    let servers: Vec<ServerRecord> = names
        .iter()
        .zip(world.plane.servers.ids())
        .map(|(name, id)| server_record(&world, id, name, end))
        .collect();
    world.cx.record.counters.gc_cycles =
        world.plane.servers.iter().map(|s| s.server.memory.heap().cycles()).sum();
    world.cx.record.counters.bytes_sent =
        world.plane.servers.iter().map(|s| s.server.bytes_sent()).sum();
    let clients_synced = world.fleets.synced_and_started(&world.cx);
    world.plane.count_writes(end);
    world.cx.record.counters.writes = world.plane.written.1.round() as u64;
    let late: f64 = world.plane.servers.iter().map(|s| s.server.writes_timed_out()).sum();
    world.cx.record.counters.writes_timed_out += late as u64;
    let unserved = world.plane.unserved(end);
    let killed_others = world.cx.record.counters.node_kills > 0;
    let overcommitted = killed_others || servers.iter().any(|server| server.node.overcommitted());
    let course = Course { overcommitted, ..Course::of(&world, clients_synced, &unserved) };
    RunRecord {
        replication,
        outcome: course.class(),
        servers,
        phases: std::mem::take(&mut world.cx.record.phases),
        counters: Counters { servers_behind: course.behind, ..world.cx.record.counters },
        clients_synced,
        unserved,
        trace_hash: world.trace(),
        log: std::mem::take(&mut world.cx.record.log),
        timelines,
        activity,
        flows: fleet_flows(world.cx.inputs),
        apf_dumps: world.take_dumps(),
        samples: world.take_samples(),
        end,
        cut_short: world.cut_short(),
    }
}

fn server_record(world: &World<'_>, id: ServerId, name: &str, end: SimTime) -> ServerRecord {
    let inputs = world.cx.inputs;
    let state = &world.plane.servers[id];
    let (peak_resident, peak_at, entries) = state.server.peak();
    let (etcd_rest, etcd_peak) = state.server.etcd_beside();
    let mut holders: Vec<Holder> = entries
        .iter()
        .map(|(entry, bytes)| {
            let (client, resource) = &world.cx.catalog.owners.names[entry.owner().0 as usize];
            Holder {
                mechanism: entry.mechanism(),
                client: client.clone(),
                resource: resource.clone(),
                bytes: Bytes(*bytes),
            }
        })
        .collect();
    holders.sort_by_key(|holder| std::cmp::Reverse(holder.bytes));
    ServerRecord {
        name: name.to_owned(),
        limit: state.server.tightest_limit(),
        peak_resident,
        peak_at,
        etcd_rest,
        etcd_peak,
        node: node_record(inputs, &state.server),
        oom_kills: state.oom_kills.clone(),
        etcd_kills: state.etcd_kills.clone(),
        cpu: state.server.cpu(),
        cpu_capacity: end.since(SimTime::ZERO).scale(node::cores(
            &inputs.apiserver,
            &inputs.node,
            &inputs.release,
        )),
        pressure: state.server.pressed(),
        span: end.since(SimTime::ZERO),
        levels: state.level_records(),
        holders_at_peak: holders,
    }
}

fn node_record(inputs: &Inputs, server: &Server) -> NodeRecord {
    let (daemons, system) = (inputs.node.daemons_memory, inputs.node.system_memory);
    let others = &server.limits().others;
    NodeRecord {
        memory: inputs.node.memory,
        peak: server.node_peak() + daemons + system,
        etcd: others.etcd.1,
        controllers: others.controllers,
        daemons,
        system,
    }
}

/// What servers and clients went through, as far as it decides the class of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one column of the table of classes")]
struct Course {
    /// How often each server, or the etcd beside it, was killed for memory.
    kills: Vec<usize>,
    /// Whether every server serves at the end, is connected, and has etcd behind it.
    serving: bool,
    /// Whether every client has its list at the end; who gave up without it lacks it.
    synced: bool,
    /// Whether a request was cut off, timed out or rejected: a read or a write.
    failed: bool,
    /// Whether a server ended a watch.
    ended: bool,
    /// Whether a server was lost otherwise than for memory.
    lost: bool,
    /// Whether a node was `NotReady`.
    not_ready: bool,
    /// Whether a client was given older data than it had seen before.
    stale: bool,
    /// Servers whose processors were too few.
    behind: u64,
    /// Whether a node had less memory than all on it needed: others than the server are killed first.
    overcommitted: bool,
}

impl Course {
    fn of(world: &World<'_>, (synced, started): (u64, u64), unserved: &Unserved) -> Self {
        let counters = &world.cx.record.counters;
        let servers = &world.plane.servers;
        Self {
            kills: servers.iter().map(|state| state.kills().count()).collect(),
            serving: unserved.is_empty(),
            synced: synced >= started,
            failed: counters.failed() > 0,
            ended: counters.watches_terminated > 0,
            lost: counters.servers_lost > 0,
            not_ready: counters.nodes_not_ready > 0,
            stale: counters.stale_reads > 0,
            behind: servers.iter().filter(|state| state.server.fell_behind()).count() as u64,
            overcommitted: false,
        }
    }

    /// The one table of classes: see [`Outcome`].
    fn class(&self) -> Outcome {
        if !self.serving || !self.synced {
            return Outcome::NonRecovering;
        }
        let total: usize = self.kills.iter().sum();
        let most = self.kills.iter().max().copied().unwrap_or(0);
        let slowed = self.not_ready || self.behind > 0 || self.overcommitted;
        let harmed = self.failed || self.ended || self.lost || self.stale || slowed;
        match total {
            0 if harmed => Outcome::Degraded,
            0 => Outcome::Absorbed,
            1 => Outcome::SingleOom,
            total if most >= CRASH_LOOP || most == total => Outcome::CrashLoop,
            _ => Outcome::Cascade,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kills by server, and the class when all recovered; `None`: what else happened decides.
    const BY_KILLS: [(&[usize], Option<Outcome>); 8] = [
        (&[], None),
        (&[0, 0, 0], None),
        (&[0, 1, 0], Some(Outcome::SingleOom)),
        (&[1, 1, 0], Some(Outcome::Cascade)),
        (&[2, 1, 1], Some(Outcome::Cascade)),
        (&[2], Some(Outcome::CrashLoop)),
        (&[0, 2, 0], Some(Outcome::CrashLoop)),
        (&[1, 3, 1], Some(Outcome::CrashLoop)),
    ];

    #[test]
    fn every_cell_of_the_table() {
        for (kills, recovered) in BY_KILLS {
            for cell in 0..512_u32 {
                let holds = |bit: u32| cell >> bit & 1 == 1;
                let course = Course {
                    kills: kills.to_vec(),
                    serving: holds(0),
                    synced: holds(1),
                    failed: holds(2),
                    ended: holds(3),
                    behind: u64::from(holds(4)),
                    lost: holds(5),
                    not_ready: holds(6),
                    stale: holds(7),
                    overcommitted: holds(8),
                };
                let well = if cell >> 2 == 0 { Outcome::Absorbed } else { Outcome::Degraded };
                let expected = match cell & 0b11 {
                    0b11 => recovered.unwrap_or(well),
                    _ => Outcome::NonRecovering,
                };
                assert_eq!(course.class(), expected, "{course:?}");
            }
        }
    }
}
