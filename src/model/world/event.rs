//! The one event enum of the model.

use crate::model::admission::WriteStage;
use crate::model::faults::FaultEvent;
use crate::model::flows::LoadEvent;
use crate::model::ids::{ClientId, ResourceId, ServerId};
use crate::units::SimSpan;

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
    /// A stage of a write is over.
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

impl Event {
    /// What the trace of a run keeps of it.
    pub(super) fn kind_and_entity(self) -> (u64, u64) {
        let of_resource =
            |server: ServerId, resource: ResourceId| u64::from(server) << 32 | u64::from(resource);
        match self {
            Self::Tick { server, generation } => {
                (0, u64::from(server) << 32 | u64::from(generation))
            }
            Self::Wake { client, .. } => (1, u64::from(client)),
            Self::Timeout { client } => (2, u64::from(client)),
            Self::Notice { client, .. } => (3, u64::from(client)),
            Self::Restart { server } => (4, u64::from(server)),
            Self::Check { server } => (5, u64::from(server)),
            Self::Replace { server } => (6, u64::from(server)),
            Self::Heal { server } => (7, u64::from(server)),
            Self::EtcdRecovers => (8, 0),
            Self::Fault(event) => (17, event.entity()),
            Self::Scenario { index } => (9, u64::from(index)),
            Self::QueueTimeout { client, .. } => (10, u64::from(client)),
            Self::Borrow { server, .. } => (11, u64::from(server)),
            Self::Compare { server, resource, .. } => {
                (16, u64::from(server) << 32 | u64::from(resource))
            }
            Self::CountObjects { server, resource, .. } => (12, of_resource(server, resource)),
            Self::WriteArrives { server, resource, .. } => (13, of_resource(server, resource)),
            Self::Configure { server, .. } => (15, u64::from(server)),
            Self::Load(event) => event.kind_and_entity(),
            Self::WriteEnds { server, serial, .. } => {
                (14, u64::from(server) << 32 | u64::from(serial))
            }
        }
    }
}
