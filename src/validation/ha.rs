//! Measured runs of several servers behind a balancer.
//!
//! Each server has `cores_per_server` of a machine that all share with etcd and the agents, and a memory
//! limit of its own; the kubelet's delays between restarts are the model's. The agents are reflectors: list
//! (or watch-list), then watch.

use std::path::Path;

use super::compare::{
    MEASURED_MACHINE, Outlook, Replay, error, median_or_never, mostly_killed, peak, replications,
};
use super::fields::{FieldError, within, wrong};
use super::files::deaths;
use super::mapping::{
    MAX_EVENTS, apf, apiserver, balancer, clients_of, encoding, etcd, hardware, node, release,
};
use super::observation::Servers;
use super::resources::{one_resource, parse};
use crate::engine::statistics::nearest_rank;
use crate::experiment::model_error::peak_interval;
use crate::model::costs;
use crate::model::input::{
    Action, AuditInput, Behaviour, Calibration, EventInput, FleetId, FleetInput, Id, Inputs,
    Manner, NodeInput, ReadInput, ResourceId, ResourceInput, ResourceVersion, Retries, ServerId,
    WorkloadsInput,
};
use crate::results::{ReplayedServers, RunRecord, ServerRecord};
use crate::units::{Bytes, SimSpan, SimTime};

/// Servers on one machine share the pages of their binary, which the kernel charges to whoever touches
/// them first: the resident memory of a server at its limit stands above it by nearly all of them
/// (measured 77 to 90 MB in every kill).
const BINARY_OF_ANOTHER: Bytes = Bytes(costs::BINARY_RESIDENT.0 - costs::BINARY_UNCHARGED.0);

/// How long a run is observed unless the observation says so.
const SECONDS: f64 = 150.0;

/// The inputs of a run.
///
/// # Errors
/// The first field that has no meaning for the model.
pub fn inputs(observed: &Servers) -> Result<Inputs, FieldError> {
    let (release, flags) = release(&observed.kubernetes)?;
    let (environment, agents) = (&observed.environment, &observed.agents);
    within("servers", f64::from(observed.servers), 1.0..=32.0)?;
    within("agents.count", f64::from(agents.count), 1.0..=1e6)?;
    let path = agents.path.as_deref().unwrap_or_default();
    let plural = parse(path).plural;
    let place = observed.objects.iter().position(|objects| objects.resource == plural);
    let Some(asked) = place.or(if observed.objects.is_empty() { None } else { Some(0) }) else {
        return wrong("objects", "there is nothing to list");
    };
    let one = |(index, objects)| {
        let group = if index == asked { parse(path).group } else { "" };
        one_resource(&format!("objects[{index}]"), objects, group)
    };
    let mut apiserver = apiserver(environment, &flags)?;
    apiserver.replicas = observed.servers;
    let cores = environment.cores_per_server;
    let cores = cores.map(|c| within("environment.cores_per_server", c, 0.01..=4096.0));
    apiserver.cpu_limit = cores.transpose()?.or(apiserver.cpu_limit);
    if observed.servers > 1 {
        apiserver.memory_limit = apiserver.memory_limit.map(|limit| limit + BINARY_OF_ANOTHER);
    }
    // Each has its part of a machine that agents, balancer and etcd use as well.
    let machine = node(environment, 1.0, true)?;
    apiserver.gomaxprocs = apiserver.gomaxprocs.or(Some(machine.cores.ceil() as u32));
    let node = NodeInput { cores: apiserver.cpu_limit.unwrap_or(machine.cores), ..machine };
    let seconds = within("seconds", observed.seconds.unwrap_or(SECONDS), 0.001..=1e6)?;
    let spread = within("agents.start_within_s", agents.start_within_s.unwrap_or(0.0), 0.0..=1e6)?;
    let read = ReadInput {
        resource: ResourceId::at(asked),
        encoding: encoding(agents.encoding),
        gzip: false,
        resource_version: ResourceVersion::Any,
        limit: None,
        selected: 1.0,
        selector: false,
        namespaced: false,
    };
    let watch_list = agents.watch_list == Some(true);
    let begins_with_watch = agents.begin_with_watch == Some(true);
    let fleet = FleetInput {
        name: "agents".into(),
        count: agents.count,
        running: begins_with_watch,
        start_jitter: SimSpan::from_secs_f64(spread),
        // Raw HTTP clients with a reflector's back-off.
        retries: Retries::BackOff,
        ..clients_of(Behaviour::Reflector { read, watch_list, watch: true, bookmarks: true })
    };
    let event = |name: &str, at: f64, action| EventInput {
        name: name.to_owned(),
        at: SimTime::ZERO + SimSpan::from_secs_f64(at),
        action,
    };
    let start = Action::Start { fleet: FleetId(0), count: None, over: SimSpan::ZERO };
    let mut events = Vec::new();
    if !begins_with_watch {
        events.push(event("agents", 0.0, start));
    }
    if let Some(at) = observed.server_0_killed_at_s {
        let at = within("server_0_killed_at_s", at, 0.0..=seconds)?;
        let kill = Action::Kill { server: Some(ServerId(0)), manner: Manner::Process };
        events.push(event("kill", at, kill));
    }
    let mut resources: Vec<ResourceInput> =
        observed.objects.iter().enumerate().map(one).collect::<Result<_, _>>()?;
    let patches = agents.patches_per_s.unwrap_or(0.0);
    resources[asked].writes_per_second = within("agents.patches_per_s", patches, 0.0..=1e6)?;
    Ok(Inputs {
        max_events: MAX_EVENTS,
        release,
        duration: SimSpan::from_secs_f64(seconds),
        apiserver,
        node,
        hardware: hardware(environment)?,
        calibration: Calibration::default(),
        etcd: etcd(),
        audit: AuditInput::default(),
        webhooks: Vec::new(),
        apf: apf(&observed.kubernetes, &flags)?,
        balancer: balancer(),
        resources,
        fleets: vec![fleet],
        events,
        workloads: WorkloadsInput::default(),
    })
}

/// What a replay says of a run, with inputs that are its own but for parameters. How long its agents take
/// is not compared.
#[must_use]
pub fn outlook(inputs: &Inputs, replay: Replay) -> Outlook {
    let records = replications(inputs, replay);
    Outlook { peak: peak(&records), killed: mostly_killed(&records), seconds: None }
}

/// Replays a run and compares it; `folder` is where its events are.
///
/// # Errors
/// A field that cannot be mapped.
pub fn run(
    observed: &Servers,
    folder: Option<&Path>,
    replay: Replay,
) -> Result<ReplayedServers, FieldError> {
    let inputs = inputs(observed)?;
    let records = replications(&inputs, replay);
    let count = |of: &dyn Fn(&RunRecord) -> u64| {
        let mut counts: Vec<u64> = records.iter().map(of).collect();
        counts.sort_unstable();
        u32::try_from(nearest_rank(&counts, 0.5).unwrap_or(0)).unwrap_or(u32::MAX)
    };
    let measured = observed.result.peak_resident_bytes.iter().flatten().max();
    let measured = Bytes(measured.copied().unwrap_or(0));
    let predicted = peak(&records);
    let seen = folder.and_then(deaths);
    let interval = peak_interval(&inputs, &records, MEASURED_MACHINE);
    let above = measured >= interval.low_bytes || observed.result.deaths > 0;
    let by_hand = u32::from(observed.server_0_killed_at_s.is_some());
    let mut lost: Vec<&str> = seen.iter().flatten().map(|(_, who)| who.as_str()).collect();
    lost.sort_unstable();
    lost.dedup();
    let lost = seen.as_ref().map(|_| u32::try_from(lost.len()).unwrap_or(u32::MAX));
    let first = |record: &RunRecord| record.first_oom().map(SimTime::as_secs_f64);
    Ok(ReplayedServers {
        predicted_low_bytes: interval.low_bytes,
        predicted_high_bytes: interval.high_bytes,
        held: above && measured <= interval.high_bytes,
        too_close: interval.too_close,
        id: observed.id.clone(),
        servers: u32::from(observed.servers),
        measured_peak_bytes: measured,
        predicted_peak_bytes: predicted,
        error: error(predicted.as_f64(), measured.as_f64()).unwrap_or_default(),
        measured_deaths: observed.result.deaths,
        // One killed by hand is a death, too.
        predicted_deaths: by_hand + count(&|record| record.oom_kills() as u64),
        measured_servers_lost: lost,
        predicted_servers_lost: count(&|record| {
            let lost = |(index, server): &(usize, &ServerRecord)| {
                !server.oom_kills.is_empty() || (*index == 0 && by_hand > 0)
            };
            record.servers.iter().enumerate().filter(lost).count() as u64
        }),
        measured_first_death_seconds: seen.iter().flatten().map(|death| death.0).next(),
        predicted_first_death_seconds: median_or_never(records.iter().map(first)),
        clients: observed.agents.count,
        measured_synced: observed.result.agents_synced_at_end,
        predicted_synced: count(&|record| record.clients_synced.0),
    })
}
