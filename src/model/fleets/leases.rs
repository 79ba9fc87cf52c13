//! Leases of the kubelets' nodes: whose is renewed, whose lapses when, how many nodes are `NotReady`.
//!
//! When a lease can be renewed is the world's to say: it knows the connections.

use crate::model::context::Context;
use crate::model::fleets::Fleets;
use crate::model::ids::{ClientId, Table};
use crate::model::input::Inputs;
use crate::results::{LogEntry, LogKind};
use crate::units::{SimSpan, SimTime};

/// `nodeLeaseRenewIntervalFraction` of a lease's 40 s (docs/facts/clients.md section 4.1).
pub(crate) const RENEW_INTERVAL: SimSpan = SimSpan::secs(10);

/// The lease of a member's node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    /// Whether it is being renewed.
    pub(crate) renewed: bool,
    /// When the node is taken for lost if it is not.
    pub(crate) lapses: SimTime,
    /// Whether the node is `NotReady`.
    pub(crate) not_ready: bool,
    /// Attempts of an older gap are void.
    pub(crate) gap: u32,
}

/// The leases of all members that have one.
#[derive(Clone, Debug, Default)]
pub struct Leases {
    /// By client; empty where no fleet has any.
    pub(crate) of: Table<ClientId, Option<Lease>>,
    pub(crate) not_ready: u64,
    /// Whether an admission webhook refuses every renewal.
    pub(crate) refused: bool,
    /// Most at once, and when.
    pub(crate) worst: (u64, SimTime),
}

impl Leases {
    /// Those of kubelets that do not run.
    #[must_use]
    pub fn of(inputs: &Inputs) -> Self {
        if !inputs.fleets.iter().any(|fleet| fleet.heartbeats) {
            return Self::default();
        }
        let lease = Lease { renewed: false, lapses: SimTime::NEVER, not_ready: false, gap: 0 };
        let fleets = inputs.fleets.iter();
        let of = fleets
            .flat_map(|fleet| vec![fleet.heartbeats.then_some(lease); fleet.count as usize])
            .collect();
        Self { of, refused: inputs.leases_refused(), ..Self::default() }
    }

    /// The lease of a member's node, if it has one.
    pub(crate) fn get(&mut self, client: ClientId) -> Option<&mut Lease> {
        self.of.get_mut(client)?.as_mut()
    }

    /// Whether any member has one.
    pub(crate) fn any(&self) -> bool {
        !self.of.is_empty()
    }
}

impl Fleets {
    /// A lease has run out: its node is `NotReady`.
    pub(crate) fn lapse(&mut self, cx: &mut Context<'_>, client: ClientId, now: SimTime) {
        let Some(lease) = self.leases.get(client) else { return };
        if std::mem::replace(&mut lease.not_ready, true) {
            return;
        }
        cx.record.counters.nodes_not_ready += 1;
        let leases = &mut self.leases;
        leases.not_ready += 1;
        if leases.not_ready > leases.worst.0 {
            leases.worst = (leases.not_ready, now);
            cx.record.counters.nodes_not_ready_peak = leases.not_ready;
        }
        if cx.record.counters.nodes_not_ready == 1 {
            let fleet = self.clients[client].fleet;
            let name = cx.inputs.fleets[fleet].name.clone();
            let grace = cx.inputs.release.node_monitor_grace;
            let message = format!("a first node is NotReady: no lease for {grace}");
            cx.record.note(now, LogKind::NotReady, &name, message);
        }
    }

    /// Says in the log when most nodes were `NotReady`.
    pub(crate) fn note_worst_of_leases(&mut self, cx: &mut Context<'_>) {
        let (count, at) = self.leases.worst;
        if count > 1 {
            let place = cx.record.log.partition_point(|entry| entry.at <= at);
            let message = format!("{count} nodes are NotReady, the most at once");
            let subject = String::new();
            cx.record.log.insert(place, LogEntry { at, kind: LogKind::NotReady, subject, message });
        }
    }
}
