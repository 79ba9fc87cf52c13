//! The kubelet's probes of a static pod, as kubeadm sets them (docs/facts/clients.md section 5.2).
//!
//! A server that is starting holds its socket bound and accepts nobody, and one that is saturated
//! answers late: probes time out, each after 15 s, which is longer than their period. So 24 of them
//! give a server six minutes to begin to accept, and 8 a serving one two minutes.
//!
//! Whether an answer is late is judged by what the processors' present shares make of a probe's own
//! work. Memory that is being throttled, and locks, do not delay probes here.

use crate::model::control_plane::{Life, name};
use crate::model::event::{Event, FaultEvent};
use crate::model::ids::ServerId;
use crate::model::world::World;
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

/// What the kubelet knows of a process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Probed {
    /// Number of the process; probes of an older one are void.
    process: u32,
    /// Whether its startup probe has passed.
    started: bool,
    /// Failures in a row.
    failures: u32,
}

impl World<'_> {
    /// Begins to probe a process. `started`: it has been up for long.
    pub(in crate::model) fn probe_from_now(
        &mut self,
        server: ServerId,
        started: bool,
        now: SimTime,
    ) {
        let probed = &mut self.plane.servers[server].probed;
        *probed = Probed { process: probed.process.wrapping_add(1), started, failures: 0 };
        if self.cx.inputs.apiserver.probes {
            let process = probed.process;
            let event = FaultEvent::Probe { server, process, late: false };
            self.cx.queue.push(now + INITIAL_DELAY, Event::Fault(event));
        }
    }

    /// A probe is sent; `late`: the one before has timed out.
    pub(super) fn probe(&mut self, server: ServerId, process: u32, late: bool, now: SimTime) {
        let state = &mut self.plane.servers[server];
        if state.probed.process != process || state.life == Life::Down {
            return;
        }
        if late {
            state.probed.failures += 1;
            let most = if state.probed.started { LIVENESS_FAILURES } else { STARTUP_FAILURES };
            if state.probed.failures >= most {
                self.kill_by_probe(server, now);
                return;
            }
        }
        let state = &mut self.plane.servers[server];
        state.server.settle(now);
        let accepts = matches!(state.life, Life::Filling | Life::Serving);
        let answers = accepts && state.server.time_of(PROBE_WORK) <= TIMEOUT;
        if answers {
            state.probed = Probed { started: true, failures: 0, ..state.probed };
        }
        let after = if answers { PERIOD } else { TIMEOUT };
        let event = FaultEvent::Probe { server, process, late: !answers };
        self.cx.queue.push(now + after, Event::Fault(event));
        self.touch(server);
    }

    fn kill_by_probe(&mut self, server: ServerId, now: SimTime) {
        let state = &mut self.plane.servers[server];
        let probe = if state.probed.started { "liveness" } else { "startup" };
        let delay = state.crash_loop.died(now);
        self.cx.record.counters.probe_kills += 1;
        let message = format!("killed by the kubelet: the {probe} probe failed");
        self.cx.record.note(now, LogKind::Stopped, &name(server), message);
        self.settle_all(now);
        self.end_process(server, delay, now);
    }
}
