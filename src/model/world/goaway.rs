//! GOAWAY: servers that move their clients on (`--goaway-chance`, docs/facts/clients.md section 5.1).
//!
//! Every request of a connection has the chance, so that the time to the first that has it is
//! exponential; its mean follows from how often the process renews its watches and its lease. The
//! old connection takes no new requests; its watches last until their time-outs. A process is taken
//! to move with all its watches when a watch of typical age ends.

use crate::model::client::go::{REDIAL_SPREAD, WATCH_TIMEOUT};
use crate::model::client::{Next, State};
use crate::model::event::{Event, FaultEvent};
use crate::model::fleets::connections::handshakes;
use crate::model::fleets::leases::RENEW_INTERVAL;
use crate::model::ids::ClientId;
use crate::model::world::World;
use crate::units::{SimSpan, SimTime};

/// A connection whose members wait for answers is asked again after this.
const BUSY: SimSpan = SimSpan::secs(10);

impl World<'_> {
    /// Arranges the end of a connection that a member has dialled.
    pub(super) fn await_goaway(&mut self, client: ClientId, now: SimTime) {
        let chance = self.cx.inputs.apiserver.goaway_chance;
        if chance <= 0.0 {
            return;
        }
        let (least, most) = (WATCH_TIMEOUT.0.as_secs_f64(), WATCH_TIMEOUT.1.as_secs_f64());
        let rate = self.requests_a_second(client, f64::midpoint(least, most));
        let member = &self.fleets.clients[client];
        let entity = member.key.wrapping_add(u64::from(member.connections) << 32);
        let mut luck = self.cx.streams.stream("goaway", entity);
        let told = luck.exponential(SimSpan::from_secs_f64(1.0 / (chance * rate)));
        // A watch met at a random time is a long one: its length is drawn by length.
        let length =
            libm::sqrt(least.mul_add(least, luck.uniform() * (most * most - least * least)));
        let rest = SimSpan::from_secs_f64(length * luck.uniform());
        let connection = member.connections;
        let event = FaultEvent::GoAway { client, connection };
        self.cx.queue.push(now + told + rest, Event::Fault(event));
    }

    /// Requests per second of one of a process's connections: its watches and its lease.
    fn requests_a_second(&self, client: ClientId, watch_life: f64) -> f64 {
        let owner = &self.cx.inputs.fleets
            [self.fleets.clients[self.fleets.owner_of(&self.cx, client)].fleet];
        let members = self.fleets.process_members(&self.cx, client);
        let watches: u64 = members
            .iter()
            .map(|peer| self.cx.inputs.fleets[self.fleets.clients[*peer].fleet].watches())
            .sum();
        let leases = if owner.heartbeats { 1.0 / RENEW_INTERVAL.as_secs_f64() } else { 0.0 };
        (watches as f64 / watch_life + leases) / handshakes(owner).max(1) as f64
    }

    /// A connection that was asked to go away has no streams left: its members go elsewhere.
    pub(super) fn goes_away(&mut self, client: ClientId, connection: u32, now: SimTime) {
        let member = self.fleets.clients[client];
        if member.connections != connection || !self.connected(client, now) {
            return;
        }
        let attached = self.fleets.attached(&self.cx, client);
        if attached.iter().any(|peer| self.fleets.clients[*peer].state.calls()) {
            let event = FaultEvent::GoAway { client, connection };
            self.cx.queue.push(now + BUSY, Event::Fault(event));
            return;
        }
        self.cx.record.counters.connections_moved += 1;
        for peer in attached {
            self.move_on(peer, now);
        }
    }

    /// A member's watches end in an orderly way; it opens them over a new connection.
    pub(super) fn move_on(&mut self, client: ClientId, now: SimTime) {
        let watches = self.fleets.clients[client].state == State::Watching;
        if watches {
            self.sample_seen(client, now);
        }
        self.disconnect(client, now);
        if watches {
            let spread = REDIAL_SPREAD.scale(self.fleets.draw(&mut self.cx, client));
            self.fleets.wait(&mut self.cx, client, Next::Watch, spread);
        }
    }
}
