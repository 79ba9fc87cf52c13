//! Kubelets that renew the leases of their nodes, and nodes that become `NotReady`.
//!
//! A kubelet renews its lease every 10 s over the connection of its reflectors, and dials itself
//! when there is none. A node whose lease is older than `--node-monitor-grace-period` is `NotReady`
//! (`node_lifecycle_controller.go`); the 5 s between two looks of the controller are left out, and so
//! are renewals that a server turns away or is too busy for: leases are in a priority level of
//! their own. A renewal that an admission webhook refuses is none. While etcd takes no writes nodes stay
//! as they are: nobody can write that they are `NotReady`, either (`applierV3Capped` refuses every put, etcd
//! `server/etcdserver/apply/apply.go`).

use crate::model::client::State;
use crate::model::event::{Event, FaultEvent};
use crate::model::fleets::leases::{Lease, RENEW_INTERVAL};
use crate::model::ids::{ClientId, ServerId};
use crate::model::plane::server_state::Life;
use crate::model::world::World;
use crate::units::SimTime;

impl World<'_> {
    /// Whether a member has a connection over which it hears a server that answers.
    pub(super) fn connected(&self, client: ClientId, now: SimTime) -> bool {
        self.fleets.clients[client].server.is_some_and(|server| {
            self.unheard_until(client, server) <= now
                && matches!(self.plane.servers[server].life, Life::Filling | Life::Serving)
        })
    }

    /// Something befell a process's connection: its lease may be renewed again, or no more.
    pub(super) fn lease_changed(&mut self, client: ClientId, now: SimTime) {
        if !self.fleets.leases.any() {
            return;
        }
        let owner = self.fleets.owner_of(&self.cx, client);
        let heard =
            self.fleets.attached(&self.cx, owner).iter().any(|peer| self.connected(*peer, now));
        let served = heard && !self.fleets.leases.refused;
        let grace = self.cx.inputs.release.node_monitor_grace;
        let Some(lease) = self.fleets.leases.get(owner) else { return };
        if heard && !served && lease.lapses == SimTime::NEVER {
            // A first renewal that is refused: until now it is taken to have been renewed.
            lease.renewed = true;
        }
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

    /// The same for the members that are connected to a server; `None`: for all.
    pub(super) fn leases_changed(&mut self, server: Option<ServerId>, now: SimTime) {
        if !self.fleets.leases.any() {
            return;
        }
        for client in self.fleets.clients.ids() {
            if server.is_none() || self.fleets.clients[client].server == server {
                self.lease_changed(client, now);
            }
        }
    }

    /// A kubelet tries to renew a lease that it could not renew.
    pub(super) fn renew_lease(&mut self, client: ClientId, gap: u32, now: SimTime) {
        let current = |lease: &&mut Lease| lease.gap == gap && !lease.renewed;
        let Some(lapses) = self.fleets.leases.get(client).filter(current).map(|l| l.lapses) else {
            return;
        };
        let runs = !matches!(self.fleets.clients[client].state, State::Stopped | State::Finished);
        if runs && self.dial_for_lease(client, now) {
            return;
        }
        if now >= lapses {
            self.fleets.lapse(&mut self.cx, client, now);
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
        self.reset_half_open(client, now);
        if self.fleets.attached(&self.cx, client).is_empty()
            && self.fleets.clients[client].cut_until <= now
        {
            // The reflectors will find the connection open.
            let _ = self.connect(client, now);
        }
        self.lease_changed(client, now);
        self.fleets.leases.get(client).is_some_and(|lease| lease.renewed)
    }
}
