//! The model's inputs from the typed tables. Nothing can be wrong any more: each table is taken apart
//! field by field, so that a key which is not used does not compile.

use super::Scenario;
use super::apf;
use super::claims;
use super::derive::Names;
use super::identity::groups_of;
use super::keys::events::{
    AuditOutage, Create, Defragment, Delete, EtcdOutage, Event, EventAction, Failover,
    FailoverManner, Kill, KillManner, Lag, Partition, Restart, Roll, Rollout, SlowEtcd, Start,
    Stop, Write,
};
use super::keys::load::{
    AtStart, Client, Lister, Objects, Reads, Reflector, Root, Watcher, Webhook,
};
use super::keys::server::{Apiserver, Run};
use super::workloads;
use crate::language::table::typed::{CountOrShare, Earlier, OrWord};
use crate::model::input::{
    Action, ApiserverInput, Behaviour, ConnectionsInput, EventInput, FleetInput, Inputs, Manner,
    MaxUnavailable, PartInput, RateLimit, ReadInput, ResourceInput, ServerId, ShutdownInput,
    WebhookInput, WriterInput,
};
use crate::model::release::Release;
use crate::units::{SimSpan, SimTime};

/// Where leaders are elected.
pub(super) use crate::model::input::LEASES;

/// How often a leader renews its lease: `RetryPeriod` of the components and of controller-runtime (client-go
/// `tools/leaderelection`; each renewal is an update).
const LEASE_RETRY: SimSpan = SimSpan::secs(2);

/// The scenario. `None` if a reference leads nowhere, which is reported before.
pub(super) fn scenario(root: Root, names: &Names) -> Option<Scenario> {
    let Root {
        schema: Earlier,
        name,
        description,
        inherits: Earlier,
        profiles: Earlier,
        cluster: Earlier,
        run,
        apiserver,
        node,
        hardware,
        etcd,
        balancer,
        audit,
        webhooks,
        apf,
        calibration,
        objects,
        clients,
        events,
        published,
        expect,
        sweep: Earlier,
        growth: Earlier,
        workloads,
    } = root;
    let Run { duration, seed, max_events, replications } = run;
    let gates = &apiserver.feature_gates;
    let elected: u32 =
        clients.iter().filter(|client| client.leader_election).map(|client| client.count).sum();
    let workloads = workloads::expand(workloads, &objects, names, duration)?;
    let mut resources: Vec<ResourceInput> =
        objects.into_iter().map(|(name, table)| resource(name, table)).collect();
    if let Some(leases) = resources.iter_mut().find(|resource| resource.name == LEASES) {
        leases.writes_per_second += f64::from(elected) / LEASE_RETRY.as_secs_f64();
    }
    let inputs = Inputs {
        release: Release::of_minor(apiserver.version)?.with_gates(gates).ok()?,
        duration,
        max_events,
        node,
        hardware,
        calibration: calibration.unwrap_or_default(),
        etcd,
        audit: audit.unwrap_or_default(),
        webhooks: webhooks.into_iter().map(|table| webhook(table, names)).collect::<Option<_>>()?,
        apf: apf::build::input(apf)?,
        balancer,
        workloads,
        resources,
        fleets: clients
            .into_iter()
            .map(|table| fleets(table, names))
            .collect::<Option<Vec<_>>>()?
            .concat(),
        events: events.into_iter().map(|table| event(table, names)).collect::<Option<_>>()?,
        apiserver: apiserver_of(&apiserver),
    };
    Some(Scenario {
        name,
        description,
        seed,
        replications,
        inputs,
        published: published.into_iter().map(claims::published).collect::<Option<_>>()?,
        expectations: expect.into_iter().map(claims::expectation).collect::<Option<_>>()?,
        uncertain: Vec::new(),
        sweep: None,
        growth: None,
        notes: Vec::new(),
        anchors: super::Anchors::default(),
        effective: String::new(),
        hash: String::new(),
    })
}

fn apiserver_of(table: &Apiserver) -> ApiserverInput {
    let Apiserver {
        version: _,
        replicas,
        memory_limit,
        memory_high,
        memory_min,
        memory_low,
        memory_throttling_factor,
        cpu_limit,
        gogc: OrWord(gogc),
        gomemlimit,
        gomaxprocs,
        max_requests_inflight,
        max_mutating_requests_inflight,
        request_timeout,
        other_live_heap,
        other_garbage,
        idle_resident,
        warm,
        up_for,
        feature_gates: _,
        goaway_chance,
        shutdown_delay: delay,
        shutdown_watch_termination_grace_period: watch_grace,
        shutdown_send_retry_after: send_retry_after,
        stall_at_limit,
        probes,
        livez_etcd,
        etcd_healthcheck_timeout,
        scrape_interval,
    } = *table;
    ApiserverInput {
        replicas,
        memory_limit,
        memory_high,
        memory_min,
        memory_low,
        memory_throttling_factor,
        cpu_limit,
        gogc,
        gomemlimit,
        gomaxprocs,
        max_requests_inflight,
        max_mutating_requests_inflight,
        request_timeout,
        other_live_heap,
        other_garbage,
        idle_resident,
        warm,
        up_for,
        goaway_chance,
        shutdown: ShutdownInput { delay, watch_grace, send_retry_after },
        stall_at_limit,
        probes,
        livez_etcd,
        etcd_healthcheck_timeout,
        scrape_interval,
    }
}

fn resource(name: String, table: Objects) -> ResourceInput {
    let Objects {
        count,
        per: Earlier,
        size,
        shape,
        group: api_group,
        json_size,
        heap_size,
        conversion_latency,
        versions,
        writes: writes_per_second,
        writes_per: Earlier,
        gets: gets_per_second,
        writer: user,
        watch_cache,
    } = table;
    ResourceInput {
        name,
        api_group,
        count,
        size,
        shape,
        json_size,
        heap_size,
        conversion_latency,
        versions,
        writes_per_second,
        gets_per_second,
        writer: WriterInput { groups: groups_of(&user), user },
        watch_cache,
    }
}

fn webhook(table: Webhook, names: &Names) -> Option<WebhookInput> {
    let Webhook { name, resources, latency, timeout, failure_policy } = table;
    let all = resources.is_empty() || resources.iter().any(|resource| resource == "*");
    let resources = resources.iter().map(|resource| names.resource(resource));
    let resources = if all { None } else { Some(resources.collect::<Option<_>>()?) };
    Some(WebhookInput { name, resources, latency, timeout, failure_policy })
}

/// The fleets of a client: one for each read, the first with what the process has once.
fn fleets(table: Client, names: &Names) -> Option<Vec<FleetInput>> {
    let Client {
        name,
        count,
        per: Earlier,
        start,
        start_jitter,
        drain_rate,
        decode_rate,
        idle_watches,
        idle_watches_per_pod: Earlier,
        retries,
        qps,
        burst,
        client_version: client_minor,
        user,
        groups,
        flow_schema,
        reads,
        reflectors,
        listers,
        watchers,
        connection,
        connections,
        leader_election: _,
        heartbeats,
    } = table;
    let own = ConnectionsInput::default();
    let id = names.fleet(&name)?;
    let several = (reflectors.into_iter().map(|(name, read)| (name, Reads::Reflector(read))))
        .chain(listers.into_iter().map(|(name, read)| (name, Reads::Lister(read))))
        .chain(watchers.into_iter().map(|(name, read)| (name, Reads::Watcher(read))));
    let mut reads = reads.map(|read| (String::new(), read)).into_iter().chain(several);
    let first = FleetInput {
        name,
        count,
        behaviour: behaviour(reads.next()?.1, names)?,
        running: start == AtStart::Running,
        start_jitter,
        drain_rate,
        decode_rate,
        idle_watches,
        retries,
        rate_limit: qps.zip(burst).map(|(per_second, burst)| RateLimit { per_second, burst }),
        client_minor,
        user,
        groups,
        flow_schema,
        connections: ConnectionsInput {
            of: connection.and_then(|name| names.fleet(&name)),
            count: connections.unwrap_or(own.count),
        },
        heartbeats: heartbeats.unwrap_or_default(),
        part: None,
    };
    let part = |(name, read): (String, Reads)| {
        Some(FleetInput {
            behaviour: behaviour(read, names)?,
            idle_watches: 0,
            connections: ConnectionsInput {
                of: first.connections.of.or(Some(id)),
                ..first.connections
            },
            heartbeats: false,
            part: Some(PartInput { of: id, name }),
            ..first.clone()
        })
    };
    let parts: Option<Vec<FleetInput>> = reads.map(part).collect();
    Some(std::iter::once(first.clone()).chain(parts?).collect())
}

fn behaviour(reads: Reads, names: &Names) -> Option<Behaviour> {
    Some(match reads {
        Reads::Reflector(Reflector {
            resource,
            encoding,
            gzip,
            resource_version,
            limit,
            selected,
            own_node: Earlier,
            namespaced,
            selector,
            watch_list,
            watch,
            bookmarks,
        }) => {
            let resource = names.resource(&resource)?;
            let read = ReadInput {
                resource,
                encoding,
                gzip,
                resource_version,
                limit,
                selected,
                selector,
                namespaced,
            };
            Behaviour::Reflector { read, watch_list, watch, bookmarks }
        }
        Reads::Lister(Lister {
            resource,
            encoding,
            gzip,
            resource_version,
            limit,
            selected,
            own_node: Earlier,
            namespaced,
            selector,
            rounds: OrWord(rounds),
            pause,
            all_pages,
        }) => {
            let resource = names.resource(&resource)?;
            let read = ReadInput {
                resource,
                encoding,
                gzip,
                resource_version,
                limit,
                selected,
                selector,
                namespaced,
            };
            Behaviour::Lister { read, rounds, pause, all_pages }
        }
        Reads::Watcher(Watcher { resource }) => {
            Behaviour::Watcher { resource: names.resource(&resource)? }
        }
    })
}

fn event(table: Event, names: &Names) -> Option<EventInput> {
    let Event { name, at, action: what } = table;
    let action = what.map_or(Some(Action::Mark), |what| action(what, names))?;
    Some(EventInput { name, at: SimTime::ZERO + at, action })
}

fn action(what: EventAction, names: &Names) -> Option<Action> {
    let fleet = |client: &str| names.fleet(client);
    Some(match what {
        EventAction::Start(Start { client, count, over }) => {
            Action::Start { fleet: fleet(&client)?, count, over }
        }
        EventAction::Stop(Stop { client, count }) => Action::Stop { fleet: fleet(&client)?, count },
        EventAction::Restart(Restart { client, count, over }) => {
            Action::Restart { fleet: fleet(&client)?, count, over }
        }
        EventAction::Kill(Kill { apiserver: OrWord(server), manner, lasts }) => Action::Kill {
            server: server.map(ServerId),
            manner: match manner {
                KillManner::Process => Manner::Process,
                KillManner::Graceful => Manner::Graceful,
                KillManner::Node => Manner::Node { lasts },
            },
        },
        EventAction::Roll(Roll { every }) => Action::Roll { every },
        EventAction::Partition(Partition { apiserver, lasts, client, count }) => {
            match (apiserver, client) {
                (Some(server), _) => Action::Partition { server: ServerId(server), lasts },
                (None, client) => Action::CutOff { fleet: fleet(&client?)?, count, lasts },
            }
        }
        EventAction::SlowEtcd(SlowEtcd { speed, lasts }) => Action::SlowEtcd { speed, lasts },
        EventAction::Failover(Failover { manner }) => {
            Action::Failover { reset: manner == FailoverManner::Reset }
        }
        EventAction::Rollout(Rollout { client, max_unavailable, start_time }) => Action::Rollout {
            fleet: fleet(&client)?,
            max_unavailable: match max_unavailable {
                CountOrShare::Count(count) => MaxUnavailable::Count(count),
                CountOrShare::Share(share) => MaxUnavailable::Share(share),
            },
            start_time,
        },
        EventAction::Write(Write { resource, rate: per_second, lasts }) => {
            Action::Write { resource: names.resource(&resource)?, per_second, lasts }
        }
        EventAction::Create(Create { resource, count, over }) => {
            Action::Create { resource: names.resource(&resource)?, count, over }
        }
        EventAction::Delete(Delete { resource, count, over }) => {
            Action::Delete { resource: names.resource(&resource)?, count, over }
        }
        EventAction::EtcdOutage(EtcdOutage { lasts, compacted }) => {
            Action::EtcdOutage { lasts, compacted }
        }
        EventAction::Defragment(Defragment { apiserver: OrWord(server) }) => {
            Action::Defragment { server: server.map(ServerId) }
        }
        EventAction::AuditOutage(AuditOutage { lasts }) => Action::AuditOutage { lasts },
        EventAction::Lag(Lag { apiserver, lasts, behind }) => {
            Action::Lag { server: ServerId(apiserver), lasts, behind }
        }
    })
}
