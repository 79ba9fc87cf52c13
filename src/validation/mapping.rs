//! An observation of one server as the model's inputs.
//!
//! What the observation does not say is that of the measured machine, and stated here:
//!
//! - The server shares its machine with etcd and gets [`APISERVER_SHARE`] of the cores; the clients
//!   run there, too.
//! - It had been up for [`UP_SECONDS`] when the first phase began, after two forced collections.
//! - Every phase begins when it was observed to begin (that is an input, as the clients' number is).
//! - Patches are writes at a steady rate while their phase lasts.
//! - Clients act as the user `load` of the group `load-group`, which no default flow schema knows.

use std::collections::BTreeMap;

use super::fields::{FieldError, within, wrong};
use super::manifests;
use super::observation::{
    Environment, Kubernetes, Objects, Phase, PhaseKind, ResponseEncoding, Run, Settings, phase_name,
};
use super::resources::{one_resource, parse, selected, target};
use super::settings::{self, Flags};
use super::writes;
use crate::model::apf::config::PriorityLevelConfiguration;
use crate::model::catalog::Catalog;
use crate::model::costs;
use crate::model::input::{
    Action, ApfInput, ApiserverInput, AuditInput, BalancerInput, BalancerPolicy, Behaviour,
    Calibration, ConnectionsInput, Encoding, EtcdInput, EventInput, FleetId, FleetInput, Hardware,
    HealthCheck, Id, Inputs, NodeInput, OnFailure, ReadInput, ResourceId, ResourceInput,
    ResourceVersion, Retries, WorkloadsInput,
};
use crate::model::release::{Release, modelled};
use crate::scenario;
use crate::units::{ByteRate, Bytes, SimSpan, SimTime, Sort};

/// Share of the machine's cores that the server gets beside etcd and the system (measured 0.93 to
/// 0.99 while it encodes into buffers).
pub const APISERVER_SHARE: f64 = 0.95;
/// How long a server had been up before the first phase.
pub const UP_SECONDS: f64 = 30.0;
/// How long after it is ready a server of the measured runs meets its first phase: 8 s, two forced
/// collections and 14 s (measured from the first collection of the process: 23.1 to 24.5).
const READY_TO_FIRST_PHASE: f64 = 23.5;
/// First touches of fresh memory on the first measured machine, whose host backs pages late: CPU time per
/// GB of large buffers (measured 0.8 to 2, from the CPU time of its runs).
const PAGE_FAULT_PER_GB: SimSpan = SimSpan::millis(1_600);
/// The same on a machine whose speed is stated: the second measured one takes 0.15 to 0.5 (and 1.8 for
/// 10 GB). It is the default of `hardware.page-fault-per-gb` too: assumed for machines that need not wait
/// for a host.
const PAGE_FAULT_ELSEWHERE: SimSpan = SimSpan::millis(250);
/// Cores of the measured machine.
const CORES: f64 = 2.0;
/// RAM of the measured machine.
const MEMORY: Bytes = Bytes(24_000_000_000);
/// Work that a replay may take at most, in events of the engine.
pub const MAX_EVENTS: u64 = 50_000_000;
/// The least time that is simulated.
const LEAST_SECONDS: f64 = 150.0;

/// The inputs from what was done alone: objects, clients, settings, machine.
///
/// # Errors
/// The first field that has no meaning for the model.
pub fn inputs(run: &Run) -> Result<Inputs, FieldError> {
    let (release, flags) = release(&run.kubernetes)?;
    if run.objects.is_empty() {
        return wrong("objects", "there is nothing to list");
    }
    if run.phases.is_empty() {
        return wrong("phases", "nothing was done");
    }
    let objects = run.objects.iter().enumerate();
    let resources: Vec<ResourceInput> =
        objects.map(|(index, o)| resource(index, o, run)).collect::<Result<_, _>>()?;
    let (mut fleets, mut events) = (Vec::new(), Vec::new());
    let mut last = 0.0_f64;
    for (index, (phase, start)) in run.phases.iter().zip(run.starts()).enumerate() {
        let at = format!("phases[{index}]");
        within(&format!("{at}.start_s"), start, 0.0..=1e6)?;
        last = last.max(start).max(phase.end_s.unwrap_or(0.0));
        let target = target(run, phase);
        if phase.kind == PhaseKind::Patch {
            continue;
        }
        let fleet = fleet(&at, phase, &run.objects[target], ResourceId::at(target))?;
        let interval = within(
            &format!("{at}.start_interval_ms"),
            phase.start_interval_ms.unwrap_or(0.0),
            0.0..=1e9,
        )?;
        let over = interval * f64::from(fleet.count) / 1e3;
        events.push(EventInput {
            name: phase_name(index),
            at: SimTime::ZERO + SimSpan::from_secs_f64(start),
            action: Action::Start {
                fleet: FleetId::at(fleets.len()),
                count: None,
                over: SimSpan::from_secs_f64(over),
            },
        });
        fleets.push(fleet);
    }
    events.extend(writes::changes(run, &run.starts())?);
    events.order_by_key(|event| event.at);
    let share = run.environment.apiserver_share.unwrap_or(APISERVER_SHARE);
    let share = within("environment.apiserver_share", share, 0.01..=1.0)?;
    Ok(Inputs {
        max_events: MAX_EVENTS,
        release,
        // Twice the observed time: a prediction may be late.
        duration: SimSpan::from_secs_f64(LEAST_SECONDS.max(2.0 * last).min(1e6)),
        apiserver: ApiserverInput { up_for: up_for(run)?, ..apiserver(&run.environment, &flags)? },
        node: node(&run.environment, share, true)?,
        hardware: hardware(&run.environment)?,
        calibration: Calibration::default(),
        etcd: etcd(),
        audit: AuditInput::default(),
        webhooks: Vec::new(),
        apf: apf(&run.kubernetes, &flags)?,
        balancer: balancer(),
        resources,
        fleets,
        events,
        workloads: WorkloadsInput::default(),
    })
}

/// The same, starting from the heap and the resident set that were measured before the first phase;
/// `None` if they were not.
///
/// # Errors
/// As [`inputs`].
pub fn inputs_from_before(run: &Run) -> Result<Option<Inputs>, FieldError> {
    let mut inputs = inputs(run)?;
    let before = run.before.clone().unwrap_or_default();
    let (Some(heap), Some(resident)) = (before.heap_alloc_bytes, before.resident_bytes) else {
        return Ok(None);
    };
    let catalog = Catalog::new(&inputs, inputs.hardware.clone());
    let holdings: Vec<Bytes> = inputs.resource_ids().map(|r| held(&catalog, &inputs, r)).collect();
    let objects: Bytes = holdings.iter().copied().sum();
    let modelled = costs::EMPTY_LIVE_HEAP + objects;
    inputs.apiserver.idle_resident = Some(Bytes(resident));
    if heap >= modelled.0 {
        inputs.apiserver.other_live_heap = Bytes(heap) - modelled;
    } else if let Some((index, own)) = holdings.iter().enumerate().max_by_key(|(_, own)| **own)
        && *own > Bytes::ZERO
    {
        // Less than the model has: the objects must be smaller.
        let rest = modelled - *own;
        let share = (Bytes(heap) - rest).as_f64() / own.as_f64();
        let decoded = catalog.profiles[ResourceId::at(index)].decoded;
        inputs.resources[index].heap_size = Some(decoded.scale(share).max(Bytes(1)));
    }
    Ok(Some(inputs))
}

/// Live heap of a resource before anything is written: the watch cache's ring is still empty.
fn held(catalog: &Catalog, inputs: &Inputs, resource: ResourceId) -> Bytes {
    catalog.warm_holdings(inputs, resource).into_iter().map(|(_, bytes)| bytes).sum()
}

/// What a resource's objects look like, and its API group.
fn resource(index: usize, objects: &Objects, run: &Run) -> Result<ResourceInput, FieldError> {
    let paths = run.phases.iter().filter(|phase| target(run, phase) == index);
    let group = paths.filter_map(|p| p.path.as_deref()).map(|p| parse(p).group).next();
    one_resource(&format!("objects[{index}]"), objects, group.unwrap_or_default())
}

pub(super) fn release(kubernetes: &Kubernetes) -> Result<(Release, Flags), FieldError> {
    let path = "kubernetes.version";
    let minor = settings::minor(&kubernetes.version).or_else(|reason| wrong(path, reason))?;
    let Some(release) = Release::of_minor(minor) else {
        return wrong(path, format!("modelled are {}", modelled()));
    };
    let flags = kubernetes.extra_flags.as_ref().map_or(Ok(Flags::default()), settings::flags);
    let flags = flags.or_else(|reason| wrong("kubernetes.extra_flags", reason))?;
    let path = "kubernetes.feature_gates";
    let own = |s: &Settings| settings::gates(s).or_else(|reason| wrong(path, reason));
    let mut gates: BTreeMap<String, bool> = flags.feature_gates.clone();
    gates.extend(kubernetes.feature_gates.as_ref().map_or(Ok(BTreeMap::new()), own)?);
    // Most gates of Kubernetes make no difference to memory.
    gates.retain(|gate, _| Release::gate(gate).is_some());
    match release.with_gates(&gates) {
        Ok(release) => Ok((release, flags)),
        Err(unknown) => {
            let reasons: Vec<String> = unknown.iter().map(ToString::to_string).collect();
            wrong(path, reasons.join("; "))
        }
    }
}

/// How long the server had been up when the first phase began.
fn up_for(run: &Run) -> Result<SimSpan, FieldError> {
    let ready = run.before.as_ref().and_then(|before| before.start_up_seconds_until_ready);
    let after_ready = ready.map(|seconds| seconds + READY_TO_FIRST_PHASE);
    let up = run.environment.up_seconds.or(after_ready).unwrap_or(UP_SECONDS);
    Ok(SimSpan::from_secs_f64(within("environment.up_seconds", up, 0.0..=1e9)?))
}

pub(super) fn apiserver(
    environment: &Environment,
    flags: &Flags,
) -> Result<ApiserverInput, FieldError> {
    let gogc = settings::gogc(environment.gogc.as_ref());
    let gomemlimit = settings::gomemlimit(environment.gomemlimit.as_ref());
    let cpu_limit =
        environment.cpu_limit.map(|c| within("environment.cpu_limit", c, 0.01..=4096.0));
    let up = environment.up_seconds.unwrap_or(UP_SECONDS);
    let defaults = scenario::defaults().or_else(|found| wrong("environment", found.to_string()))?;
    let base = defaults.apiserver;
    Ok(ApiserverInput {
        memory_limit: environment.memory_limit_bytes.map(Bytes),
        cpu_limit: cpu_limit.transpose()?,
        gogc: gogc.or_else(|reason| wrong("environment.gogc", reason))?,
        gomemlimit: gomemlimit.or_else(|reason| wrong("environment.gomemlimit", reason))?,
        gomaxprocs: environment.gomaxprocs.filter(|n| *n > 0),
        max_requests_inflight: flags.max_requests_inflight.unwrap_or(base.max_requests_inflight),
        max_mutating_requests_inflight: flags
            .max_mutating_requests_inflight
            .unwrap_or(base.max_mutating_requests_inflight),
        request_timeout: flags.request_timeout.unwrap_or(base.request_timeout),
        up_for: SimSpan::from_secs_f64(within("environment.up_seconds", up, 0.0..=1e9)?),
        ..base
    })
}

pub(super) fn node(
    environment: &Environment,
    share: f64,
    local_clients: bool,
) -> Result<NodeInput, FieldError> {
    let cores = environment.cores.unwrap_or(CORES);
    Ok(NodeInput {
        memory: environment.memory_bytes.map_or(MEMORY, Bytes),
        cores: share * within("environment.cores", cores, 0.1..=4096.0)?,
        local_clients: environment.local_clients.unwrap_or(local_clients),
        etcd_memory: Some(Bytes::gib(1)),
        system_memory: Bytes::gib(1),
        controllers_memory: Some(Bytes::ZERO),
        daemons_memory: Bytes::mib(300),
        oom_score_adj: 0,
    })
}

pub(super) fn hardware(environment: &Environment) -> Result<Hardware, FieldError> {
    let speed = environment.cpu_speed.unwrap_or(1.0);
    let fault = match (environment.page_fault_s_per_gb, environment.cpu_speed) {
        (Some(seconds), _) => {
            let path = "environment.page_fault_s_per_gb";
            SimSpan::from_secs_f64(within(path, seconds, 0.0..=60.0)?)
        }
        (None, None) => PAGE_FAULT_PER_GB,
        (None, Some(_)) => PAGE_FAULT_ELSEWHERE,
    };
    Ok(Hardware {
        cpu_speed: within("environment.cpu_speed", speed, 0.01..=100.0)?,
        page_fault_per_gb: fault,
        network: ByteRate(4_000_000_000),
        cpu_noise: 0.0,
    })
}

pub(super) fn etcd() -> EtcdInput {
    EtcdInput {
        read_rate: ByteRate(300_000_000),
        latency: SimSpan::millis(2),
        range_stream: false,
        progress_notify_interval: SimSpan::secs(600),
        quota: None,
    }
}

pub(super) fn balancer() -> BalancerInput {
    BalancerInput {
        policy: BalancerPolicy::LeastConnections,
        check_interval: SimSpan::secs(2),
        fall: 3,
        rise: 2,
        on_failure: OnFailure::default(),
        check: HealthCheck::default(),
    }
}

pub(super) fn apf(kubernetes: &Kubernetes, flags: &Flags) -> Result<ApfInput, FieldError> {
    let enabled = flags.priority_and_fairness.unwrap_or(true);
    let mut apf = ApfInput { enabled, ..ApfInput::default() };
    let applied = kubernetes.applied_manifests.iter().flatten().enumerate();
    let path = |index| format!("kubernetes.applied_manifests[{index}]");
    for (index, manifest) in applied {
        manifests::add(manifest, &mut apf).or_else(|reason| wrong(&path(index), reason))?;
    }
    let defaults = PriorityLevelConfiguration::defaults();
    let known = |name: &str| defaults.iter().chain(&apf.levels).any(|level| level.name == name);
    match apf.flow_schemas.iter().find(|schema| !known(&schema.priority_level)) {
        Some(schema) => wrong(
            "kubernetes.applied_manifests",
            format!(
                "`{}` names the level `{}`, which is not there",
                schema.name, schema.priority_level
            ),
        ),
        None => Ok(apf),
    }
}

fn fleet(
    at: &str,
    phase: &Phase,
    objects: &Objects,
    resource: ResourceId,
) -> Result<FleetInput, FieldError> {
    let clients = phase.clients.unwrap_or(1);
    within(&format!("{at}.clients"), f64::from(clients), 1.0..=1e6)?;
    let share = selected(phase, objects);
    let rounds = phase.rounds.unwrap_or(1).saturating_mul(phase.loops_per_client.unwrap_or(1));
    within(&format!("{at}.rounds"), rounds as f64, 1.0..=1e6)?;
    let read = ReadInput {
        resource,
        encoding: encoding(phase.encoding),
        gzip: phase.gzip == Some(true),
        resource_version: match phase.resource_version.as_deref() {
            None | Some("") => ResourceVersion::Unset,
            Some("0") => ResourceVersion::Any,
            Some(_) => ResourceVersion::NotOlderThan,
        },
        limit: phase.limit,
        selected: within(&format!("{at}.selected"), share, 0.0..=1.0)?,
        selector: phase.label_selector.is_some() || phase.field_selector.is_some(),
        namespaced: phase.path.as_deref().is_some_and(|path| parse(path).namespaced),
    };
    let behaviour = match phase.kind {
        PhaseKind::WatchList => {
            Behaviour::Reflector { read, watch_list: true, watch: false, bookmarks: true }
        }
        // Without a version, or with 0, a watch begins with the objects there are.
        PhaseKind::Watch if read.resource_version == ResourceVersion::NotOlderThan => {
            Behaviour::Watcher { resource }
        }
        PhaseKind::Watch => {
            Behaviour::Reflector { read, watch_list: true, watch: true, bookmarks: true }
        }
        PhaseKind::List | PhaseKind::PagedList | PhaseKind::Patch => Behaviour::Lister {
            read,
            rounds: Some(rounds),
            pause: SimSpan::ZERO,
            all_pages: phase.kind == PhaseKind::PagedList,
        },
    };
    Ok(FleetInput {
        name: format!("clients{}", at.trim_start_matches("phases")),
        count: clients,
        drain_rate: phase.drain_bytes_per_s_per_client.map(ByteRate),
        ..clients_of(behaviour)
    })
}

/// Clients that nothing else is known of.
pub(super) fn clients_of(behaviour: Behaviour) -> FleetInput {
    FleetInput {
        name: "clients".into(),
        count: 1,
        behaviour,
        running: false,
        start_jitter: SimSpan::ZERO,
        drain_rate: None,
        decode_rate: None,
        idle_watches: 0,
        // Raw HTTP clients.
        retries: Retries::Never,
        client_minor: None,
        user: "load".into(),
        groups: vec!["load-group".into(), "system:authenticated".into()],
        flow_schema: None,
        connections: ConnectionsInput::default(),
        heartbeats: false,
        rate_limit: None,
        part: None,
    }
}

pub(super) fn encoding(given: Option<ResponseEncoding>) -> Encoding {
    match given.unwrap_or_default() {
        ResponseEncoding::Json => Encoding::Json,
        ResponseEncoding::Protobuf => Encoding::Protobuf,
        ResponseEncoding::Table => Encoding::Table,
    }
}
