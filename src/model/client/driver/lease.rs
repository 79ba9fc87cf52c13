//! Kubelets that renew the leases of their nodes, and nodes that become `NotReady`.
//!
//! A kubelet renews its lease every 10 s over the connection of its reflectors, and dials itself
//! when there is none. A node whose lease is older than `--node-monitor-grace-period` is `NotReady`
//! (`node_lifecycle_controller.go`); the 5 s between two looks of the controller are left out, and so
//! are renewals that a server turns away or is too busy for: leases are in a priority level of
//! their own.

use crate::model::client::{NO_SERVER, State};
use crate::model::control_plane::Life;
use crate::model::event::{Event, FaultEvent};
use crate::model::ids::{ClientId, ServerId, Table};
use crate::model::input::Inputs;
use crate::model::world::World;
use crate::results::{LogEntry, LogKind};
use crate::units::{SimSpan, SimTime};

/// `nodeLeaseRenewIntervalFraction` of a lease's 40 s (docs/facts/clients.md section 4.1).
pub(super) const RENEW_INTERVAL: SimSpan = SimSpan::secs(10);

/// The lease of a member's node.
#[derive(Clone, Copy, Debug)]
struct Lease {
    /// Whether it is being renewed.
    renewed: bool,
    /// When the node is taken for lost if it is not.
    lapses: SimTime,
    /// Whether the node is `NotReady`.
    not_ready: bool,
    /// Attempts of an older gap are void.
    gap: u32,
}

/// The leases of all members that have one.
#[derive(Clone, Debug, Default)]
pub struct Leases {
    /// By client; empty where no fleet has any.
    of: Table<ClientId, Option<Lease>>,
    not_ready: u64,
    /// Most at once, and when.
    worst: (u64, SimTime),
}

impl Leases {
    /// Those of kubelets that do not run.
    pub fn of(inputs: &Inputs) -> Self {
        if !inputs.fleets.iter().any(|fleet| fleet.heartbeats) {
            return Self::default();
        }
        let lease = Lease { renewed: false, lapses: SimTime::NEVER, not_ready: false, gap: 0 };
        let fleets = inputs.fleets.iter();
        let of = fleets
            .flat_map(|fleet| vec![fleet.heartbeats.then_some(lease); fleet.count as usize])
            .collect();
        Self { of, ..Self::default() }
    }

    fn get(&mut self, client: ClientId) -> Option<&mut Lease> {
        self.of.get_mut(client)?.as_mut()
    }

    fn any(&self) -> bool {
        !self.of.is_empty()
    }
}

impl World<'_> {
    /// Whether a member has a connection over which it hears a server that answers.
    pub(crate) fn connected(&self, client: ClientId, now: SimTime) -> bool {
        let server = self.fleets.clients[client].server;
        server != NO_SERVER
            && self.unheard_until(client, server) <= now
            && matches!(self.plane.servers[server].life, Life::Filling | Life::Serving)
    }

    /// Something befell a process's connection: its lease may be renewed again, or no more.
    pub(crate) fn lease_changed(&mut self, client: ClientId, now: SimTime) {
        if !self.fleets.leases.any() {
            return;
        }
        let owner = self.owner_of(client);
        let served = self.attached(owner).iter().any(|mate| self.connected(*mate, now));
        let grace = self.cx.inputs.release.node_monitor_grace;
        let Some(lease) = self.fleets.leases.get(owner) else { return };
        if lease.renewed == served {
            return;
        }
        lease.renewed = served;
        lease.gap = lease.gap.wrapping_add(1);
        if served {
            lease.lapses = SimTime::NEVER;
            if std::mem::take(&mut lease.not_ready) {
                self.fleets.leases.not_ready -= 1;
            }
            return;
        }
        let gap = lease.gap;
        let entity = self.fleets.clients[owner].key.wrapping_add(u64::from(gap) << 32);
        let due = RENEW_INTERVAL.scale(self.cx.streams.stream("lease", entity).uniform());
        if let Some(lease) = self.fleets.leases.get(owner) {
            lease.lapses = now + due - RENEW_INTERVAL + grace;
        }
        self.cx.queue.push(now + due, Event::Fault(FaultEvent::Lease { client: owner, gap }));
    }

    /// Likewise for the members that are connected to a server; `None`: for all.
    pub(crate) fn leases_changed(&mut self, server: Option<ServerId>, now: SimTime) {
        if !self.fleets.leases.any() {
            return;
        }
        for client in self.fleets.clients.ids() {
            if server.is_none_or(|server| self.fleets.clients[client].server == server) {
                self.lease_changed(client, now);
            }
        }
    }

    /// A kubelet tries to renew a lease that it could not renew.
    pub(crate) fn renew_lease(&mut self, client: ClientId, gap: u32, now: SimTime) {
        let current = |lease: &&mut Lease| lease.gap == gap && !lease.renewed;
        let Some(lapses) = self.fleets.leases.get(client).filter(current).map(|l| l.lapses) else {
            return;
        };
        let runs = !matches!(self.fleets.clients[client].state, State::Stopped | State::Finished);
        if runs && self.dial_for_lease(client, now) {
            return;
        }
        if now >= lapses {
            self.lapse(client, now);
        }
        // Of a kubelet that does not run nothing is expected but the end of its lease.
        let next = if runs { now + RENEW_INTERVAL } else { lapses };
        let next = if now < lapses { next.min(lapses) } else { next };
        if next > now {
            self.cx.queue.push(next, Event::Fault(FaultEvent::Lease { client, gap }));
        }
    }

    /// Dials for the lease alone; whether it is renewed now.
    fn dial_for_lease(&mut self, client: ClientId, now: SimTime) -> bool {
        self.write_to_stranger(client, now);
        if self.attached(client).is_empty() && self.fleets.clients[client].cut_until <= now {
            // The reflectors will find the connection open.
            let _ = self.connect(client, now);
        }
        self.lease_changed(client, now);
        self.fleets.leases.get(client).is_some_and(|lease| lease.renewed)
    }

    fn lapse(&mut self, client: ClientId, now: SimTime) {
        let Some(lease) = self.fleets.leases.get(client) else { return };
        if std::mem::replace(&mut lease.not_ready, true) {
            return;
        }
        self.cx.record.counters.nodes_not_ready += 1;
        let leases = &mut self.fleets.leases;
        leases.not_ready += 1;
        if leases.not_ready > leases.worst.0 {
            leases.worst = (leases.not_ready, now);
            self.cx.record.counters.nodes_not_ready_peak = leases.not_ready;
        }
        if self.cx.record.counters.nodes_not_ready == 1 {
            let fleet = self.fleets.clients[client].fleet;
            let name = self.cx.inputs.fleets[fleet].name.clone();
            let grace = self.cx.inputs.release.node_monitor_grace;
            let message = format!("a first node is NotReady: no lease for {grace}");
            self.cx.record.note(now, LogKind::NotReady, &name, message);
        }
    }

    /// Says in the log when most nodes were `NotReady`.
    pub(crate) fn note_worst_of_leases(&mut self) {
        let (count, at) = self.fleets.leases.worst;
        if count > 1 {
            let place = self.cx.record.log.partition_point(|entry| entry.at <= at);
            let message = format!("{count} nodes are NotReady, the most at once");
            let subject = String::new();
            self.cx
                .record
                .log
                .insert(place, LogEntry { at, kind: LogKind::NotReady, subject, message });
        }
    }
}
