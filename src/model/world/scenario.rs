//! What the scenario makes happen: fleets start and stop, servers die, networks break.

use crate::model::client::State;
use crate::model::event::{Event, FaultEvent, LoadEvent};
use crate::model::ids::{ClientId, FleetId, ServerId};
use crate::model::input::{Action, Manner};
use crate::model::plane::server_state::ServerState;
use crate::model::world::World;
use crate::results::{LogKind, PhaseRecord};
use crate::units::{SimSpan, SimTime};

/// From the return of an audit backend until what it was sent before is sent again, in the mean: half of the
/// longest back-off of 10 s, half as much longer each time (`DefaultRetryBackoffWithInitialDelay`,
/// k8s.io/apiserver `pkg/util/webhook/webhook.go`).
const RETRIED_AFTER: SimSpan = SimSpan::secs(17);

impl World<'_> {
    /// What follows from a fault comes about.
    pub(super) fn fault_event(&mut self, event: FaultEvent, now: SimTime) {
        match event {
            FaultEvent::GoAway { client, connection } => self.goes_away(client, connection, now),
            FaultEvent::Lease { client, gap } => self.renew_lease(client, gap, now),
            FaultEvent::Reunited => self.reunite(now),
            FaultEvent::NodeReturns { server } => {
                self.plane.node_returns(&mut self.cx, server, now);
            }
            FaultEvent::RollNext { rollout } => self.roll_next(rollout as usize, now),
            FaultEvent::Drain { server, boot } => self.drain(server, boot, now),
            FaultEvent::CloseWatches { client, connection } => {
                self.close_for_good(client, connection, now);
            }
            FaultEvent::Exit { server, boot } => self.exit(server, boot, now),
            FaultEvent::EtcdAnswers { server } => self.etcd_answers(server, now),
            FaultEvent::Probe { server, process, late } => {
                if self.plane.probe(&mut self.cx, server, process, late, now) {
                    let delay = self.plane.killed_by_probe(&mut self.cx, server, now);
                    self.settle_all(now);
                    self.end_process(server, delay, now);
                }
            }
        }
    }

    /// Ends a server.
    pub(super) fn kill(&mut self, server: ServerId, manner: Manner, now: SimTime) {
        match manner {
            Manner::Process => self.kill_process(server, now),
            Manner::Graceful => self.shut_down(server, now),
            Manner::Node { lasts } => self.lose_node(server, lasts, now),
        }
    }

    /// A named event of the scenario: a phase, and its action.
    pub(super) fn scenario_event(&mut self, index: usize, now: SimTime) {
        let event = &self.cx.inputs.events[index];
        self.begin_phase(&event.name, describe(&event.action), now);
        self.act(&event.action, now);
    }

    /// Something with a name begins. What begins at one instant shares one phase, whatever it is
    /// called.
    pub(super) fn begin_phase(&mut self, name: &str, text: &str, now: SimTime) {
        // The phase that ends counts who is synced; the action chooses among the members.
        self.spend_on_all_clients();
        self.settle_all(now);
        if self.cx.record.phases.last().is_none_or(|phase| phase.start < now) {
            self.close_phase();
        }
        self.cx.record.phases.push(PhaseRecord {
            name: name.to_owned(),
            start: now,
            // What was sent before it, until the phase is closed.
            bytes_sent: self.plane.bytes_sent(),
            ..PhaseRecord::default()
        });
        self.cx.record.note(now, LogKind::Event, name, text.to_owned());
    }

    /// Does what an event of the scenario says.
    fn act(&mut self, action: &Action, now: SimTime) {
        match *action {
            Action::Mark => {}
            Action::Start { fleet, count, over } => {
                let idle = |state| matches!(state, State::Stopped | State::Finished);
                let chosen = self.fleets.choose(&self.cx, fleet, count, idle);
                self.start_over(&chosen, fleet, over);
            }
            Action::Stop { fleet, count } => {
                for client in
                    self.fleets.choose(&self.cx, fleet, count, |state| state != State::Stopped)
                {
                    self.stop_member(client, now);
                }
            }
            Action::Restart { fleet, count, over } => {
                let chosen = self.fleets.choose(&self.cx, fleet, count, |_| true);
                for client in &chosen {
                    self.stop_member(*client, now);
                }
                self.start_over(&chosen, fleet, over);
            }
            Action::Kill { server, manner } => {
                let all = self.plane.servers.ids().collect();
                for server in server.map_or(all, |one| vec![one]) {
                    self.kill(server, manner, now);
                }
            }
            Action::Roll { every } => {
                for server in self.plane.servers.ids() {
                    let at = now + every.times(u64::from(server));
                    self.cx.queue.push(at, Event::Replace { server });
                }
            }
            Action::Partition { server, lasts } => {
                self.partition(server, lasts, now);
            }
            Action::Write { resource, per_second, lasts } => {
                self.set_rate(resource, per_second, lasts, now);
            }
            Action::Create { resource, count, over } => {
                self.begin_flow(resource, i64::try_from(count).unwrap_or(i64::MAX), over, now);
            }
            Action::Delete { resource, count, over } => {
                self.begin_flow(resource, -i64::try_from(count).unwrap_or(i64::MAX), over, now);
            }
            Action::EtcdOutage { lasts, compacted } => self.etcd_fails(lasts, compacted, now),
            Action::Defragment { server } => self.defragment(server, now),
            Action::AuditOutage { lasts } => {
                let until = self.plane.audit_fails(lasts + RETRIED_AFTER, now);
                self.load_later(until, LoadEvent::AuditReturns);
            }
            Action::Lag { server, lasts, behind } => {
                self.plane.begin_lag(server, lasts, behind, now);
            }
            Action::SlowEtcd { speed, lasts } => {
                self.plane.slow_etcd(&mut self.cx, speed, lasts, now);
            }
            Action::CutOff { fleet, count, lasts } => {
                let members = self.fleets.choose(&self.cx, fleet, count, |_| true);
                self.cut_members(&members, lasts, now);
            }
            Action::Failover { reset } => self.fail_over(reset, now),
            Action::Rollout { fleet, max_unavailable, start_time } => {
                self.roll_out(fleet, max_unavailable, start_time, now);
            }
        }
    }

    /// A stall ends in a kill. A partition is over, unless another goes on: what waited in the sockets moves again.
    pub(super) fn heal(&mut self, server: ServerId, now: SimTime) {
        if self.plane.stall_is_over(server, now) {
            self.settle_all(now);
            self.oom_kill(server, now);
            return;
        }
        if self.plane.reconnect_server(server, now) {
            self.leases_changed(Some(server), now);
        }
    }

    /// Starts members one after the other over a span, each with the fleet's jitter.
    pub(super) fn start_over(&mut self, members: &[ClientId], fleet: FleetId, over: SimSpan) {
        let jitter = self.cx.inputs.fleets[fleet].start_jitter;
        let processes = self.fleets.processes(members);
        for (index, process) in processes.iter().enumerate() {
            let place = over.scale(index as f64 / processes.len() as f64);
            let mut luck = None;
            for client in *process {
                if self.fleets.clients[*client].state == State::Finished {
                    self.stop_member(*client, self.cx.queue.now());
                }
                let own = || self.fleets.clients[*client].draw(&self.cx.streams);
                let luck = *luck.get_or_insert_with(own);
                self.fleets.start_member_within(&mut self.cx, *client, (place, jitter), luck);
            }
        }
    }

    /// Books the peak of the phase that ends.
    pub(super) fn close_phase(&mut self) {
        let peaks = self.plane.servers.iter_mut().map(|state| state.server.take_phase_peak());
        let peak = peaks.max().unwrap_or_default();
        let since = self.cx.record.phases.last().map_or(SimTime::ZERO, |phase| phase.start);
        let kills = self.plane.servers.iter().flat_map(ServerState::kills);
        let kills = kills.filter(|kill| kill.at >= since).count();
        let sent = self.plane.bytes_sent();
        let (synced, started) = self.fleets.synced_and_started(&self.cx);
        let given_up = self.fleets.given_up_unsynced(&self.cx);
        let phases = &mut self.cx.record.phases;
        let settled = phases.iter().rev().take_while(|phase| phase.start == since);
        let settled = settled.filter_map(|phase| phase.settled_at).max();
        for phase in phases.iter_mut().rev().take_while(|phase| phase.start == since) {
            phase.peak_resident = peak;
            phase.oom_kills = kills as u32;
            phase.bytes_sent = sent - phase.bytes_sent;
            phase.settled_at = settled.filter(|_| synced + given_up == started);
        }
    }
}

fn describe(action: &Action) -> &'static str {
    match action {
        Action::Mark => "begins",
        Action::Start { .. } => "clients start",
        Action::Stop { .. } => "clients stop",
        Action::Restart { .. } => "clients restart",
        Action::Kill { server: None, .. } => "all servers are killed",
        Action::Kill { .. } => "a server is killed",
        Action::Roll { .. } => "the servers are rolled",
        Action::Partition { .. } => "a server is cut off",
        Action::Write { .. } => "writes change",
        Action::Create { .. } => "objects are created",
        Action::Delete { .. } => "objects are deleted",
        Action::EtcdOutage { .. } => "etcd loses its quorum",
        Action::Defragment { .. } => "etcd is defragmented",
        Action::AuditOutage { .. } => "the audit backend answers nobody",
        Action::Lag { .. } => "the caches of a server stop following etcd",
        Action::SlowEtcd { .. } => "etcd slows down",
        Action::CutOff { .. } => "clients are cut off",
        Action::Failover { .. } => "the balancer fails over",
        Action::Rollout { .. } => "clients restart one after the other",
    }
}
