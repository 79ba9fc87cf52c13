//! The kubelet's probes of a static pod, as kubeadm sets them (docs/facts/clients.md section 5.2).
//!
//! A server that is starting holds its socket bound and accepts nobody, and one that is saturated
//! answers late: probes time out, each after 15 s, which is longer than their period. So 24 of them
//! give a server six minutes to begin to accept, and 8 a serving one two minutes.
//!
//! Whether an answer is late is judged by what the processors' present shares make of a probe's own
//! work. A server that stands still at its memory limit answers none; memory that is being throttled, and locks,
//! do not delay probes here.
//!
//! `/livez` and `/readyz` read a key from etcd and fail after `--etcd-healthcheck-timeout` without its answer
//! (`addEtcdHealthEndpoint` and `newETCD3Check`, k8s.io/apiserver `server/options/etcd.go` and
//! `storage/storagebackend/factory/etcd3.go`; in every release modelled, /readyz twice from 1.26). That is a
//! failure like another, and comes before the next probe is due: eight of them take 72 s. So a slow etcd has
//! the kubelet kill servers that want for nothing, all of them at about the same time
//! (kubernetes#98557, #111290, #130229).

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
        let process = probed.process.wrapping_add(1);
        *probed = Probed { process, started, ..Probed::default() };
        if cx.inputs.apiserver.probes {
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
        let moves = accepts && state.stalled.is_none();
        let answers = moves && state.server.time_of(PROBE_WORK) <= TIMEOUT;
        let without_etcd =
            answers && cx.inputs.apiserver.livez_etcd && !self.etcd_healthy(cx.inputs, server, now);
        let probed = &mut self.servers[server].probed;
        probed.without_etcd = without_etcd;
        let most = if probed.started { LIVENESS_FAILURES } else { STARTUP_FAILURES };
        let (after, late) = match (answers, without_etcd) {
            (false, _) => (TIMEOUT, true),
            (true, true) if probed.failures + 1 >= most => {
                (cx.inputs.apiserver.etcd_healthcheck_timeout, true)
            }
            (true, true) => {
                probed.failures += 1;
                (PERIOD, false)
            }
            (true, false) => {
                (probed.started, probed.failures) = (true, 0);
                (PERIOD, false)
            }
        };
        let event = FaultEvent::Probe { server, process, late };
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
        let timeout = cx.inputs.apiserver.etcd_healthcheck_timeout;
        let why = if state.probed.without_etcd {
            format!(": etcd did not answer /livez within {timeout}")
        } else {
            String::new()
        };
        let after = state.stalled.map_or_else(String::new, |stalled| stalled.words(now));
        let message = format!("killed by the kubelet{after}: the {probe} probe failed{why}");
        cx.record.note(now, LogKind::ProbeKill, &name(server), message);
        state.crash_loop.died(now)
    }
}
