//! What befalls a control plane: named moments of the scenario, and what happens then.

use super::{FleetId, Manner, MaxUnavailable, ResourceId, ServerId};
use crate::units::{SimSpan, SimTime};

/// A named moment of the scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct EventInput {
    /// Its name: that of the phase it opens.
    pub name: String,
    /// When.
    pub at: SimTime,
    /// What happens.
    pub action: Action,
}

/// What a scenario event does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Nothing: opens a phase.
    Mark,
    /// Starts members of a fleet that are not running.
    Start {
        /// Which.
        fleet: FleetId,
        /// How many; `None`: all.
        count: Option<u32>,
        /// Spread over this span (on top of the fleet's own jitter).
        over: SimSpan,
    },
    /// Stops members of a fleet; their connections close.
    Stop {
        /// Which.
        fleet: FleetId,
        /// How many; `None`: all.
        count: Option<u32>,
    },
    /// Stops and starts members: they list afresh.
    Restart {
        /// Which.
        fleet: FleetId,
        /// How many; `None`: all.
        count: Option<u32>,
        /// One after the other over this span.
        over: SimSpan,
    },
    /// Ends an apiserver process; the kubelet restarts it.
    Kill {
        /// Which; `None`: all of them.
        server: Option<ServerId>,
        /// How it ends.
        manner: Manner,
    },
    /// Restarts the apiservers one after the other.
    Roll {
        /// Time between one and the next.
        every: SimSpan,
    },
    /// Cuts a server off the network, silently.
    Partition {
        /// Which.
        server: ServerId,
        /// Until it heals.
        lasts: SimSpan,
    },
    /// Changes how fast a resource is written.
    Write {
        /// Which.
        resource: ResourceId,
        /// Writes per second from now on.
        per_second: f64,
        /// After which it is as before again; `None`: it stays.
        lasts: Option<SimSpan>,
    },
    /// Objects are created, each an ADDED event.
    Create {
        /// Which.
        resource: ResourceId,
        /// How many.
        count: u64,
        /// Evenly over this span, at least a second.
        over: SimSpan,
    },
    /// Objects are deleted, each a DELETED event; as many as there are, at most.
    Delete {
        /// Which.
        resource: ResourceId,
        /// How many.
        count: u64,
        /// Evenly over this span, at least a second.
        over: SimSpan,
    },
    /// etcd loses its quorum: see `model::etcd_outage`.
    EtcdOutage {
        /// Until it is back.
        lasts: SimSpan,
        /// Whether it has forgotten the versions that its watchers had come to.
        compacted: bool,
    },
    /// Members of etcd are defragmented, one after the other.
    Defragment {
        /// The one of which server; `None`: all.
        server: Option<ServerId>,
    },
    /// The audit backend answers nobody.
    AuditOutage {
        /// For how long.
        lasts: SimSpan,
    },
    /// The caches of a server stop following etcd.
    Lag {
        /// Which.
        server: ServerId,
        /// Until they have caught up.
        lasts: SimSpan,
        /// How far behind they are at once.
        behind: SimSpan,
    },
    /// Slows etcd down.
    SlowEtcd {
        /// Its speed meanwhile, relative: 0.1 is ten times slower.
        speed: f64,
        /// Until it recovers.
        lasts: SimSpan,
    },
    /// Cuts members of a fleet off from all servers, silently, with the processes they are of.
    CutOff {
        /// Which.
        fleet: FleetId,
        /// How many; `None`: all.
        count: Option<u32>,
        /// Until it heals.
        lasts: SimSpan,
    },
    /// The balancer fails over to its twin, which knows no connection.
    Failover {
        /// Whether the connections are reset, or lost silently.
        reset: bool,
    },
    /// Restarts all members of a fleet, a limited number at a time: a `DaemonSet` with a new template.
    Rollout {
        /// Which.
        fleet: FleetId,
        /// Most members that are down or not yet synced.
        max_unavailable: MaxUnavailable,
        /// From the end of a member to the start of its successor.
        start_time: SimSpan,
    },
}
