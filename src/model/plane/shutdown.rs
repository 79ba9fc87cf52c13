//! Servers that are asked to end (SIGTERM), and take their time.
//!
//! `/readyz` fails at once while serving goes on for `--shutdown-delay-duration`. Then nothing new
//! is taken: the listener closes and connections get GOAWAY, or requests are answered 429 with
//! Retry-After and sent elsewhere (`--shutdown-send-retry-after`). Watches are closed over
//! `--shutdown-watch-termination-grace-period`, LISTs under way are finished within
//! `--request-timeout`, and the process ends (`genericapiserver.go`, docs/facts/clients.md section 5.2).

use crate::model::context::Context;
use crate::model::event::{Event, FaultEvent};
use crate::model::ids::ServerId;
use crate::model::plane::Plane;
use crate::model::plane::server_state::{Life, Stopping, name};
use crate::results::LogKind;
use crate::units::{SimSpan, SimTime};

/// Retry-After of a server that shuts down (`with_retry_after.go`).
pub(crate) const SHUTDOWN_RETRY_AFTER: SimSpan = SimSpan::secs(5);

impl Plane {
    /// Tells a server to end; whether it takes its time.
    pub(crate) fn begin_shutdown(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        now: SimTime,
    ) -> bool {
        let shutdown = cx.inputs.apiserver.shutdown;
        let state = &mut self.servers[server];
        if !shutdown.takes_time() || state.life != Life::Serving {
            return false;
        }
        if state.stopping.is_some() {
            return true;
        }
        let drains = now + shutdown.delay;
        let never = SimTime::NEVER;
        state.stopping = Some(Stopping { drains, closed: never, ends: never });
        let boot = state.boots;
        let message = "shutting down: /readyz fails".to_owned();
        cx.record.note(now, LogKind::Stopped, &name(server), message);
        cx.queue.push(drains, Event::Fault(FaultEvent::Drain { server, boot }));
        true
    }

    /// Whether a process is the same, and shuts down.
    pub(crate) fn stops(&self, server: ServerId, boot: u32) -> bool {
        let state = &self.servers[server];
        state.boots == boot && state.stopping.is_some()
    }

    /// A LIST has ended: perhaps the last one that a server waits for.
    pub(crate) fn may_exit(&mut self, cx: &mut Context<'_>, server: ServerId, now: SimTime) {
        let state = &self.servers[server];
        if state.stopping.is_some_and(|s| now >= s.closed) && state.server.in_flight() == 0 {
            let boot = state.boots;
            cx.queue.push(now, Event::Fault(FaultEvent::Exit { server, boot }));
        }
    }

    /// Whether a server that was asked to end does so now.
    pub(crate) fn ends_now(&self, server: ServerId, boot: u32, now: SimTime) -> bool {
        let state = &self.servers[server];
        let stopping = state.stopping.filter(|_| state.boots == boot);
        stopping.is_some_and(|stopping| {
            now >= stopping.ends || now >= stopping.closed && state.server.in_flight() == 0
        })
    }
}
