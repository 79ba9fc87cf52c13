//! Servers that are told to end (SIGTERM), and take their time.
//!
//! `/readyz` fails at once while serving goes on for `--shutdown-delay-duration`. Then nothing new
//! is taken: the listener closes and connections get GOAWAY, or requests are answered 429 with
//! Retry-After and sent elsewhere (`--shutdown-send-retry-after`). Watches are closed over
//! `--shutdown-watch-termination-grace-period`, LISTs under way are finished within
//! `--request-timeout`, and the process ends (`genericapiserver.go`, docs/facts/clients.md section 5.2).

use crate::model::client::State;
use crate::model::control_plane::{Life, name};
use crate::model::event::{Event, FaultEvent};
use crate::model::ids::{ClientId, ServerId};
use crate::model::world::World;
use crate::results::LogKind;
use crate::units::{SimSpan, SimTime};

/// Watches closed a second at least (`genericapiserver.go`).
const LEAST_CLOSED_A_SECOND: f64 = 200.0;
/// Retry-After of a server that shuts down (`with_retry_after.go`).
pub(crate) const SHUTDOWN_RETRY_AFTER: SimSpan = SimSpan::secs(5);

/// A server that was told to end.
#[derive(Clone, Copy, Debug)]
pub struct Stopping {
    /// Nothing new is taken from then on.
    drains: SimTime,
    /// Its watches are closed by then.
    closed: SimTime,
    /// It ends then in any case.
    ends: SimTime,
}

impl Stopping {
    /// Whether it takes nothing new.
    #[must_use]
    pub fn draining(&self, now: SimTime) -> bool {
        now >= self.drains
    }
}

impl World<'_> {
    /// Tells a server to end.
    pub(in crate::model) fn shut_down(&mut self, server: ServerId, now: SimTime) {
        let shutdown = self.cx.inputs.apiserver.shutdown;
        let state = &mut self.plane.servers[server];
        if !shutdown.takes_time() || state.life != Life::Serving {
            self.replace(server, now);
            return;
        }
        if state.stopping.is_some() {
            return;
        }
        let drains = now + shutdown.delay;
        let never = SimTime::NEVER;
        state.stopping = Some(Stopping { drains, closed: never, ends: never });
        let boot = state.boots;
        self.cx.record.note(
            now,
            LogKind::Stopped,
            &name(server),
            "told to end: not ready any more".into(),
        );
        self.cx.queue.push(drains, Event::Fault(FaultEvent::Drain { server, boot }));
    }

    /// The delay is over: nothing new is taken, and watches are closed one after the other.
    pub(super) fn drain(&mut self, server: ServerId, boot: u32, now: SimTime) {
        if !self.stops(server, boot) {
            return;
        }
        self.spend_on_all_clients();
        let grace = self.cx.inputs.apiserver.shutdown.watch_grace;
        let mut closed = now;
        if grace > SimSpan::ZERO {
            let watches: u64 = self.plane.servers[server].watches.iter().sum();
            let a_second = (watches as f64 / grace.as_secs_f64()).max(LEAST_CLOSED_A_SECOND);
            let mut before = 0.0;
            for client in self.fleets.clients.ids() {
                let member = self.fleets.clients[client];
                if member.server != server || member.state != State::Watching {
                    continue;
                }
                before += self.cx.inputs.fleets[member.fleet].watches() as f64;
                closed = now + SimSpan::from_secs_f64(before / a_second);
                let event = FaultEvent::CloseWatches { client, connection: member.connections };
                self.cx.queue.push(closed, Event::Fault(event));
            }
        }
        let ends = closed.max(now + self.cx.inputs.apiserver.request_timeout);
        self.plane.servers[server].stopping = Some(Stopping { drains: now, closed, ends });
        for at in [closed, ends] {
            self.cx.queue.push(at, Event::Fault(FaultEvent::Exit { server, boot }));
        }
    }

    fn stops(&self, server: ServerId, boot: u32) -> bool {
        let state = &self.plane.servers[server];
        state.boots == boot && state.stopping.is_some()
    }

    /// A draining server closes the watches of a member.
    pub(super) fn close_for_good(&mut self, client: ClientId, connection: u32, now: SimTime) {
        let member = self.fleets.clients[client];
        if member.connections == connection
            && member.state == State::Watching
            && self.connected(client, now)
        {
            self.cx.record.counters.connections_moved += 1;
            self.move_on(client, now);
        }
    }

    /// A LIST has ended: perhaps the last one that a server waits for.
    pub(in crate::model) fn may_exit(&mut self, server: ServerId, now: SimTime) {
        let state = &self.plane.servers[server];
        if state.stopping.is_some_and(|s| now >= s.closed) && state.server.in_flight() == 0 {
            let boot = state.boots;
            self.cx.queue.push(now, Event::Fault(FaultEvent::Exit { server, boot }));
        }
    }

    /// The process ends, unless LISTs are under way that have time left.
    pub(super) fn exit(&mut self, server: ServerId, boot: u32, now: SimTime) {
        let state = &self.plane.servers[server];
        let Some(stopping) = state.stopping.filter(|_| self.stops(server, boot)) else { return };
        if now >= stopping.ends || now >= stopping.closed && state.server.in_flight() == 0 {
            self.replace(server, now);
        }
    }
}
