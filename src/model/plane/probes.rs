//! The kubelet's probes of a static pod, as kubeadm sets them (docs/facts/clients.md section 5.2).
//!
//! A server that is starting holds its socket bound and accepts nobody, and one that is saturated
//! answers late: probes time out, each after 15 s, which is longer than their period. So 24 of them
//! give a server six minutes to begin to accept, and 8 a serving one two minutes.
//!
//! Whether an answer is late is judged by what the processors' present shares make of a probe's own
//! work. A server that stands still at its memory limit answers none; memory that is being throttled, and locks,
//! do not delay probes here.

use crate::model::context::Context;
use crate::model::event::{Event, FaultEvent};
use crate::model::ids::ServerId;
use crate::model::plane::Plane;
use crate::model::plane::server_state::{Life, Probed, name};
use crate::results::LogKind;
use crate::units::{SimSpan, SimTime};

/// `initialDelaySeconds`, `periodSeconds`, `timeoutSeconds` (kubeadm `createHTTPProbe`).
const INITIAL_DELAY: SimSpan = SimSpan::secs(10);
const PERIOD: SimSpan = SimSpan::secs(10);
const TIMEOUT: SimSpan = SimSpan::secs(15);
/// `failureThreshold` of the startup probe (4 min in periods) and of the liveness probe.
const STARTUP_FAILURES: u32 = 24;
const LIVENESS_FAILURES: u32 = 8;
/// Processor time of `/livez` with its checks (assumed).
const PROBE_WORK: SimSpan = SimSpan::millis(5);

impl Plane {
    /// Begins to probe a process. `started`: it has been up for long.
    pub(crate) fn probe_from_now(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        started: bool,
        now: SimTime,
    ) {
        let probed = &mut self.servers[server].probed;
        *probed = Probed { process: probed.process.wrapping_add(1), started, failures: 0 };
        if cx.inputs.apiserver.probes {
            let process = probed.process;
            let event = FaultEvent::Probe { server, process, late: false };
            cx.queue.push(now + INITIAL_DELAY, Event::Fault(event));
        }
    }

    /// A probe is sent; `late`: the one before has timed out. Whether it was one too many: the
    /// kubelet kills the process.
    pub(crate) fn probe(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        process: u32,
        late: bool,
        now: SimTime,
    ) -> bool {
        let state = &mut self.servers[server];
        if state.probed.process != process || state.life == Life::Down {
            return false;
        }
        if late {
            state.probed.failures += 1;
            let most = if state.probed.started { LIVENESS_FAILURES } else { STARTUP_FAILURES };
            if state.probed.failures >= most {
                return true;
            }
        }
        state.server.settle(now);
        let accepts = matches!(state.life, Life::Filling | Life::Serving);
        let answers = accepts
            && state.stalled.is_none()
            && state.server.time_of(PROBE_WORK) <= TIMEOUT;
        if answers {
            state.probed = Probed { started: true, failures: 0, ..state.probed };
        }
        let after = if answers { PERIOD } else { TIMEOUT };
        let event = FaultEvent::Probe { server, process, late: !answers };
        cx.queue.push(now + after, Event::Fault(event));
        self.touch(server);
        false
    }

    /// Notes that the kubelet kills a process; how long until it starts it again.
    pub(crate) fn killed_by_probe(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        now: SimTime,
    ) -> SimSpan {
        let state = &mut self.servers[server];
        let probe = if state.probed.started { "liveness" } else { "startup" };
        cx.record.counters.probe_kills += 1;
        // One that stands still at its limit is lost for memory, and counts as such.
        cx.record.counters.servers_lost += u64::from(state.stalled.is_none());
        let after = match state.stalled {
            Some(stalled) => format!(" after {} at its limit", now.since(stalled.since)),
            None => String::new(),
        };
        let message = format!("killed by the kubelet{after}: the {probe} probe failed");
        cx.record.note(now, LogKind::Stopped, &name(server), message);
        state.crash_loop.died(now)
    }
}
