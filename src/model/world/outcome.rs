//! How a run ended, and its record.

use crate::model::admission::fleet_flows;
use crate::model::ids::ServerId;
use crate::model::plane::server_state::ServerState;
use crate::model::plane::server_state::name;
use crate::model::world::World;
use crate::results::{Holder, Outcome, RunRecord, ServerRecord};
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
        .map(|(name, id)| server_record(&world, id, name))
        .collect();
    world.cx.record.counters.gc_cycles =
        world.plane.servers.iter().map(|s| s.server.memory.heap().cycles()).sum();
    world.cx.record.counters.bytes_sent =
        world.plane.servers.iter().map(|s| s.server.bytes_sent()).sum();
    let clients_synced = world.fleets.synced_and_started(&world.cx);
    RunRecord {
        replication,
        outcome: outcome(&world, clients_synced),
        servers,
        phases: std::mem::take(&mut world.cx.record.phases),
        counters: world.cx.record.counters,
        clients_synced,
        trace_hash: world.trace(),
        log: std::mem::take(&mut world.cx.record.log),
        timelines,
        activity,
        flows: fleet_flows(world.cx.inputs),
        apf_dumps: world.take_dumps(),
        end,
        cut_short: world.cut_short(),
    }
}

fn server_record(world: &World<'_>, id: ServerId, name: &str) -> ServerRecord {
    let state = &world.plane.servers[id];
    let (peak_resident, peak_at, entries) = state.server.peak();
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
        limit: world.plane.limit.limit,
        peak_resident,
        peak_at,
        oom_kills: state.oom_kills.clone(),
        cpu: state.server.cpu(),
        levels: state.level_records(),
        holders_at_peak: holders,
    }
}

/// The class of a run: see [`Outcome`].
fn outcome(world: &World<'_>, (synced, started): (u64, u64)) -> Outcome {
    let kills = |state: &ServerState| state.oom_kills.len();
    let total: usize = world.plane.servers.iter().map(kills).sum();
    let most = world.plane.servers.iter().map(kills).max().unwrap_or(0);
    let counters = &world.cx.record.counters;
    let failed =
        counters.requests_failed + counters.requests_rejected + counters.requests_timed_out;
    if total == 0 {
        return if failed > 0 { Outcome::Degraded } else { Outcome::Absorbed };
    }
    if !world.plane.all_serving() || synced < started {
        return Outcome::NonRecovering;
    }
    match (total, most) {
        (1, _) => Outcome::SingleOom,
        (total, most) if most >= CRASH_LOOP || most == total => Outcome::CrashLoop,
        _ => Outcome::Cascade,
    }
}
