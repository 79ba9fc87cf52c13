//! The one event enum of the model.

use crate::model::admission::WriteStage;
use crate::model::ids::{ClientId, FleetId, ResourceId, ServerId};
use crate::units::{Bytes, SimSpan};

/// Everything that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A threshold on a server's straight lines.
    Tick {
        /// Which server.
        server: ServerId,
        /// Void unless the server's present one.
        generation: u32,
    },
    /// A client's timer.
    Wake {
        /// Which client.
        client: ClientId,
        /// Void unless the client's present one.
        generation: u32,
    },
    /// The request time-out of a client's LIST.
    Timeout {
        /// Which client.
        client: ClientId,
    },
    /// A client has waited long enough in a queue.
    QueueTimeout {
        /// Which client.
        client: ClientId,
        /// Void unless the client's present one.
        generation: u32,
    },
    /// A server has the configuration of its priority levels.
    Configure {
        /// Which server.
        server: ServerId,
        /// Void unless the process is the same.
        boot: u32,
    },
    /// A server's priority levels adjust their limits.
    Borrow {
        /// Which server.
        server: ServerId,
        /// Void unless the process is the same.
        boot: u32,
    },
    /// A server compares a cache with etcd.
    Compare {
        /// Which server.
        server: ServerId,
        /// Void unless the process is the same.
        boot: u32,
        /// Which resource's.
        resource: ResourceId,
        /// Until the next time.
        period: SimSpan,
    },
    /// A server counts the objects of a resource.
    CountObjects {
        /// Which server.
        server: ServerId,
        /// Void unless the process is the same.
        boot: u32,
        /// Index of the resource.
        resource: ResourceId,
    },
    /// Writes to a resource arrive.
    WriteArrives {
        /// At which server.
        server: ServerId,
        /// Void unless the process is the same.
        boot: u32,
        /// Index of the resource.
        resource: ResourceId,
    },
    /// GETs of objects of a resource arrive.
    GetsArrive {
        /// At which server.
        server: ServerId,
        /// Void unless the process is the same.
        boot: u32,
        /// Index of the resource.
        resource: ResourceId,
    },
    /// A stage of a write, or of GETs, is over.
    WriteEnds {
        /// On which server.
        server: ServerId,
        /// Its number among those of the server.
        serial: u32,
        /// Void unless it is still in that stage.
        stage: WriteStage,
    },
    /// A client notices that its connection is dead.
    Notice {
        /// Which client.
        client: ClientId,
        /// Void unless the client's present one.
        connection: u32,
    },
    /// The kubelet starts a server's container.
    Restart {
        /// Which server.
        server: ServerId,
    },
    /// The balancer checks a server's health.
    Check {
        /// Which server.
        server: ServerId,
    },
    /// A server is stopped to be replaced.
    Replace {
        /// Which server.
        server: ServerId,
    },
    /// A partition heals.
    Heal {
        /// Which server.
        server: ServerId,
    },
    /// etcd is as fast as before.
    EtcdRecovers,
    /// The load changes, or etcd.
    Load(LoadEvent),
    /// What follows from a fault.
    Fault(FaultEvent),
    /// An event of the scenario.
    Scenario {
        /// Its index.
        index: u32,
    },
}

/// What happens to the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadEvent {
    /// A workload begins.
    Begin {
        /// Index of the workload among those that do.
        index: u32,
    },
    /// A step of a flow is due.
    Flow {
        /// Which flow.
        index: u32,
        /// The first is 0.
        step: u32,
    },
    /// Members start with a workload.
    Join {
        /// Index of the joining.
        index: u32,
    },
    /// The time of a rate of writes is over.
    RateReturns {
        /// Index of the resource.
        resource: ResourceId,
        /// Void unless the resource's present one.
        setting: u32,
        /// The bits of the rate before.
        bits: u64,
    },
    /// The caches have tried for long enough to go on without etcd.
    CachesGiveUp,
    /// etcd is back.
    EtcdReturns,
    /// A member of etcd begins to be defragmented.
    Defragment {
        /// The one of which server.
        server: ServerId,
    },
    /// The audit backend answers again.
    AuditReturns,
    /// The audit backend has the body of a LIST's answer.
    Audited {
        /// On which server.
        server: ServerId,
        /// Void unless the process is the same.
        process: u64,
        /// Whose LIST.
        fleet: FleetId,
        /// What it took.
        bytes: Bytes,
    },
    /// etcd's database is compacted, or comes to its quota.
    Database {
        /// Void unless the database's present one.
        plan: u32,
    },
    /// A part of etcd's raft log has been replaced.
    Residents {
        /// Void unless the present one.
        plan: u32,
    },
    /// The channel of a client's watch is full.
    Overflow {
        /// Which client.
        client: ClientId,
        /// Void unless the client's present one.
        generation: u32,
    },
}

/// What follows from faults after a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultEvent {
    /// The streams of a connection that was asked to go away have ended.
    GoAway {
        /// Whose it is.
        client: ClientId,
        /// Void unless the client's present one.
        connection: u32,
    },
    /// A kubelet tries to renew its lease.
    Lease {
        /// Which client.
        client: ClientId,
        /// Void unless it is the client's present gap.
        gap: u32,
    },
    /// Members that were cut off are so no more.
    Reunited,
    /// A lost node is back.
    NodeReturns {
        /// Whose.
        server: ServerId,
    },
    /// A rollout goes on to its next member.
    RollNext {
        /// Which rollout.
        rollout: u32,
    },
    /// A server that was asked to end takes nothing new from now on.
    Drain {
        /// Which server.
        server: ServerId,
        /// Void unless the process is the same.
        boot: u32,
    },
    /// It closes the watches of a member.
    CloseWatches {
        /// Which client.
        client: ClientId,
        /// Void unless the client's present one.
        connection: u32,
    },
    /// It ends.
    Exit {
        /// Which server.
        server: ServerId,
        /// Void unless the process is the same.
        boot: u32,
    },
    /// The etcd on a server's node, which was killed or defragmented, answers again.
    EtcdAnswers {
        /// Which server.
        server: ServerId,
    },
    /// The kubelet probes a server.
    Probe {
        /// Which server.
        server: ServerId,
        /// Void unless the process is the same.
        process: u32,
        /// Whether the probe before has timed out now.
        late: bool,
    },
}

/// The kinds of events, as the trace of a run numbers them: the compiler takes no number twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// [`Event::Tick`].
    Tick = 0,
    /// [`Event::Wake`].
    Wake = 1,
    /// [`Event::Timeout`].
    Timeout = 2,
    /// [`Event::Notice`].
    Notice = 3,
    /// [`Event::Restart`].
    Restart = 4,
    /// [`Event::Check`].
    Check = 5,
    /// [`Event::Replace`].
    Replace = 6,
    /// [`Event::Heal`].
    Heal = 7,
    /// [`Event::EtcdRecovers`].
    EtcdRecovers = 8,
    /// [`Event::Scenario`].
    Scenario = 9,
    /// [`Event::QueueTimeout`].
    QueueTimeout = 10,
    /// [`Event::Borrow`].
    Borrow = 11,
    /// [`Event::CountObjects`].
    CountObjects = 12,
    /// [`Event::WriteArrives`].
    WriteArrives = 13,
    /// [`Event::WriteEnds`].
    WriteEnds = 14,
    /// [`Event::Configure`].
    Configure = 15,
    /// [`Event::Compare`].
    Compare = 16,
    /// [`LoadEvent::Flow`].
    Flow = 17,
    /// [`LoadEvent::Join`].
    Join = 18,
    /// [`LoadEvent::RateReturns`].
    RateReturns = 19,
    /// [`LoadEvent::CachesGiveUp`].
    CachesGiveUp = 20,
    /// [`LoadEvent::EtcdReturns`].
    EtcdReturns = 21,
    /// [`LoadEvent::Overflow`].
    Overflow = 22,
    /// [`FaultEvent::GoAway`].
    GoAway = 23,
    /// [`FaultEvent::Lease`].
    Lease = 24,
    /// [`FaultEvent::Reunited`].
    Reunited = 25,
    /// [`FaultEvent::NodeReturns`].
    NodeReturns = 26,
    /// [`FaultEvent::RollNext`].
    RollNext = 27,
    /// [`FaultEvent::Drain`].
    Drain = 28,
    /// [`FaultEvent::CloseWatches`].
    CloseWatches = 29,
    /// [`FaultEvent::Exit`].
    Exit = 30,
    /// [`FaultEvent::Probe`].
    Probe = 31,
    /// [`LoadEvent::Begin`].
    Begin = 32,
    /// [`LoadEvent::AuditReturns`].
    AuditReturns = 33,
    /// [`LoadEvent::Audited`].
    Audited = 34,
    /// [`LoadEvent::Database`].
    Database = 35,
    /// [`LoadEvent::Defragment`].
    Defragment = 36,
    /// [`FaultEvent::EtcdAnswers`].
    EtcdAnswers = 37,
    /// [`LoadEvent::Residents`].
    Residents = 38,
    /// [`Event::GetsArrive`].
    GetsArrive = 39,
}

impl Event {
    /// What the trace of a run keeps of it: its kind, and what it is about.
    #[must_use]
    pub fn kind_and_entity(self) -> (Kind, u64) {
        let pair = |server: ServerId, of: u32| u64::from(server) << 32 | u64::from(of);
        match self {
            Self::Tick { server, generation } => (Kind::Tick, pair(server, generation)),
            Self::Wake { client, .. } => (Kind::Wake, client.into()),
            Self::Timeout { client } => (Kind::Timeout, client.into()),
            Self::QueueTimeout { client, .. } => (Kind::QueueTimeout, client.into()),
            Self::Configure { server, .. } => (Kind::Configure, server.into()),
            Self::Borrow { server, .. } => (Kind::Borrow, server.into()),
            Self::Compare { server, resource, .. } => {
                (Kind::Compare, pair(server, resource.0.into()))
            }
            Self::CountObjects { server, resource, .. } => {
                (Kind::CountObjects, pair(server, resource.0.into()))
            }
            Self::WriteArrives { server, resource, .. } => {
                (Kind::WriteArrives, pair(server, resource.0.into()))
            }
            Self::GetsArrive { server, resource, .. } => {
                (Kind::GetsArrive, pair(server, resource.0.into()))
            }
            Self::WriteEnds { server, serial, .. } => (Kind::WriteEnds, pair(server, serial)),
            Self::Notice { client, .. } => (Kind::Notice, client.into()),
            Self::Restart { server } => (Kind::Restart, server.into()),
            Self::Check { server } => (Kind::Check, server.into()),
            Self::Replace { server } => (Kind::Replace, server.into()),
            Self::Heal { server } => (Kind::Heal, server.into()),
            Self::EtcdRecovers => (Kind::EtcdRecovers, 0),
            Self::Load(event) => event.kind_and_entity(),
            Self::Fault(event) => event.kind_and_entity(),
            Self::Scenario { index } => (Kind::Scenario, index.into()),
        }
    }
}

impl LoadEvent {
    fn kind_and_entity(self) -> (Kind, u64) {
        match self {
            Self::Begin { index } => (Kind::Begin, index.into()),
            Self::Flow { index, step } => (Kind::Flow, u64::from(index) << 32 | u64::from(step)),
            Self::Join { index } => (Kind::Join, index.into()),
            Self::RateReturns { resource, .. } => (Kind::RateReturns, resource.into()),
            Self::CachesGiveUp => (Kind::CachesGiveUp, 0),
            Self::AuditReturns => (Kind::AuditReturns, 0),
            Self::Audited { server, .. } => (Kind::Audited, server.into()),
            Self::EtcdReturns => (Kind::EtcdReturns, 0),
            Self::Defragment { server } => (Kind::Defragment, server.into()),
            Self::Database { plan } => (Kind::Database, plan.into()),
            Self::Residents { plan } => (Kind::Residents, plan.into()),
            Self::Overflow { client, .. } => (Kind::Overflow, client.into()),
        }
    }
}

impl FaultEvent {
    fn kind_and_entity(self) -> (Kind, u64) {
        match self {
            Self::GoAway { client, .. } => (Kind::GoAway, client.into()),
            Self::Lease { client, .. } => (Kind::Lease, client.into()),
            Self::Reunited => (Kind::Reunited, 0),
            Self::NodeReturns { server } => (Kind::NodeReturns, server.into()),
            Self::RollNext { rollout } => (Kind::RollNext, rollout.into()),
            Self::Drain { server, .. } => (Kind::Drain, server.into()),
            Self::CloseWatches { client, .. } => (Kind::CloseWatches, client.into()),
            Self::Exit { server, .. } => (Kind::Exit, server.into()),
            Self::EtcdAnswers { server } => (Kind::EtcdAnswers, server.into()),
            Self::Probe { server, .. } => (Kind::Probe, server.into()),
        }
    }
}
