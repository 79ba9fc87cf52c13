//! What the scenario makes happen: fleets start and stop, servers die, networks break.

mod network;
mod probes;
mod rollout;
mod shutdown;

use super::client::driver::{Leases, Sharing};
use super::client::{State, driver};
use super::ids::{ClientId, FleetId, ServerId};
use super::input::{Action, Inputs, Manner};
use super::world::{Event, World};
use crate::results::{LogKind, PhaseRecord};
use crate::units::{Bytes, SimSpan, SimTime};

pub use probes::Probed;
pub(super) use shutdown::SHUTDOWN_RETRY_AFTER;
pub use shutdown::Stopping;

/// What follows from faults by and by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultEvent {
    /// The streams of a connection that was told to go away have ended.
    GoAway {
        /// Whose it is.
        client: ClientId,
        /// Void unless the client's present one.
        connection: u32,
    },
    /// A kubelet tries to renew its lease.
    Lease {
        /// Which client.
        client: ClientId,
        /// Void unless it is the client's present gap.
        gap: u32,
    },
    /// Members that were cut off are so no more.
    Reunited,
    /// A lost node is back.
    NodeReturns {
        /// Whose.
        server: ServerId,
    },
    /// A rollout goes on to its next member.
    RollNext {
        /// Which rollout.
        rollout: u32,
    },
    /// A server that was told to end takes nothing new from now on.
    Drain {
        /// Which server.
        server: ServerId,
        /// Void unless the process is the same.
        boot: u32,
    },
    /// It closes the watches of a member.
    CloseWatches {
        /// Which client.
        client: ClientId,
        /// Void unless the client's present one.
        connection: u32,
    },
    /// It ends.
    Exit {
        /// Which server.
        server: ServerId,
        /// Void unless the process is the same.
        boot: u32,
    },
    /// The kubelet probes a server.
    Probe {
        /// Which server.
        server: ServerId,
        /// Void unless the process is the same.
        process: u32,
        /// Whether the probe before has timed out now.
        late: bool,
    },
}

impl FaultEvent {
    /// What it is about, for the trace.
    pub(super) fn entity(self) -> u64 {
        let pair = |kind: u64, id: u64| kind << 32 | id;
        match self {
            Self::GoAway { client, .. } => pair(0, client.into()),
            Self::Lease { client, .. } => pair(1, client.into()),
            Self::Reunited => pair(2, 0),
            Self::NodeReturns { server } => pair(3, server.into()),
            Self::RollNext { rollout } => pair(4, rollout.into()),
            Self::Drain { server, .. } => pair(5, server.into()),
            Self::CloseWatches { client, .. } => pair(6, client.into()),
            Self::Exit { server, .. } => pair(7, server.into()),
            Self::Probe { server, .. } => pair(8, server.into()),
        }
    }
}

/// What faults and their remedies keep of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct FaultState {
    pub(super) sharing: Sharing,
    pub(super) leases: Leases,
    pub(super) rollouts: Vec<rollout::Rollout>,
}

impl FaultState {
    pub(super) fn of(inputs: &Inputs) -> Self {
        Self { sharing: Sharing::of(inputs), leases: Leases::of(inputs), rollouts: Vec::new() }
    }
}

impl World<'_> {
    /// What follows from a fault comes about.
    pub(super) fn fault_event(&mut self, event: FaultEvent, now: SimTime) {
        match event {
            FaultEvent::GoAway { client, connection } => self.goes_away(client, connection, now),
            FaultEvent::Lease { client, gap } => self.renew_lease(client, gap, now),
            FaultEvent::Reunited => self.reunite(now),
            FaultEvent::NodeReturns { server } => self.node_returns(server, now),
            FaultEvent::RollNext { rollout } => self.roll_next(rollout as usize, now),
            FaultEvent::Drain { server, boot } => self.drain(server, boot, now),
            FaultEvent::CloseWatches { client, connection } => {
                self.close_for_good(client, connection, now);
            }
            FaultEvent::Exit { server, boot } => self.exit(server, boot, now),
            FaultEvent::Probe { server, process, late } => self.probe(server, process, late, now),
        }
    }

    fn kill(&mut self, server: ServerId, manner: Manner, now: SimTime) {
        match manner {
            Manner::Process => self.kill_process(server, now),
            Manner::Graceful => self.shut_down(server, now),
            Manner::Node { lasts } => self.lose_node(server, lasts, now),
        }
    }

    /// A named event of the scenario: a new phase, and its action.
    pub(super) fn scenario_event(&mut self, index: usize, now: SimTime) {
        let event = &self.inputs.events[index];
        // The phase that ends counts who is synced; the action chooses among the members.
        self.spend_on_all_clients();
        self.settle_all(now);
        self.close_phase();
        self.phases.push(PhaseRecord {
            name: event.name.clone(),
            start: now,
            // What was sent before it, until the phase is closed.
            bytes_sent: self.bytes_sent(),
            ..PhaseRecord::default()
        });
        let text = describe(&event.action);
        self.note(now, LogKind::Event, &event.name, text.to_owned());
        match event.action {
            Action::Mark => {}
            Action::Start { fleet, count, over } => {
                let chosen = self.choose(fleet, count, |state| {
                    state == State::Stopped || state == State::Finished
                });
                self.start_over(&chosen, fleet, over);
            }
            Action::Stop { fleet, count } => {
                for client in self.choose(fleet, count, |state| state != State::Stopped) {
                    self.stop_member(client, now);
                }
            }
            Action::Restart { fleet, count, over } => {
                let chosen = self.choose(fleet, count, |_| true);
                for client in &chosen {
                    self.stop_member(*client, now);
                }
                self.start_over(&chosen, fleet, over);
            }
            Action::Kill { server, manner } => {
                let all = self.servers.ids().collect();
                for server in server.map_or(all, |one| vec![one]) {
                    self.kill(server, manner, now);
                }
            }
            Action::Roll { every } => {
                for server in self.servers.ids() {
                    let at = now + every.times(u64::from(server));
                    self.queue.push(at, Event::Replace { server });
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
            Action::Lag { server, lasts, behind } => self.begin_lag(server, lasts, behind, now),
            Action::SlowEtcd { speed, lasts } => {
                self.catalog.set_etcd_speed(speed);
                self.etcd_slow_until = self.etcd_slow_until.max(now + lasts);
                self.queue.push(now + lasts, Event::EtcdRecovers);
            }
            Action::CutOff { fleet, count, lasts } => {
                let members = self.choose(fleet, count, |_| true);
                self.cut_members(&members, lasts, now);
            }
            Action::Failover { reset } => self.fail_over(reset, now),
            Action::Rollout { fleet, max_unavailable, start_time } => {
                self.roll_out(fleet, max_unavailable, start_time, now);
            }
        }
    }

    /// A slow time of etcd is over, unless another goes on.
    pub(super) fn etcd_recovers(&mut self, now: SimTime) {
        if now >= self.etcd_slow_until {
            self.catalog.set_etcd_speed(1.0);
        }
    }

    /// A partition is over, unless another goes on: what waited in the sockets moves again.
    pub(super) fn heal(&mut self, server: ServerId, now: SimTime) {
        let state = &mut self.servers[server];
        if !state.partitioned(now) {
            state.server.cut_off(now, false);
            self.touch(server);
            self.leases_changed(Some(server), now);
        }
    }

    /// The first `count` members of a fleet in a state that fits.
    pub(super) fn choose(
        &self,
        fleet: FleetId,
        count: Option<u32>,
        fits: impl Fn(State) -> bool,
    ) -> Vec<ClientId> {
        let most = count.map_or(usize::MAX, |count| count as usize);
        self.members(fleet).filter(|c| fits(self.clients[*c].state)).take(most).collect()
    }

    /// Starts members one after the other over a span, each with the fleet's jitter.
    pub(super) fn start_over(&mut self, members: &[ClientId], fleet: FleetId, over: SimSpan) {
        let jitter = self.inputs.fleets[fleet].start_jitter;
        for (index, client) in members.iter().enumerate() {
            if self.clients[*client].state == State::Finished {
                self.stop_member(*client, self.queue.now());
            }
            let place = over.scale(index as f64 / members.len() as f64);
            let luck = self.clients[*client].draw(&self.streams);
            self.start_member_after(*client, place + jitter.scale(luck));
        }
    }

    /// Bytes written to clients by all servers.
    fn bytes_sent(&self) -> Bytes {
        self.servers.iter().map(|state| state.server.bytes_sent()).sum()
    }

    /// A LIST or an initial list has been answered in full: the last one of the phase, so far.
    pub(super) fn note_answered(&mut self, now: SimTime) {
        if let Some(phase) = self.phases.last_mut() {
            phase.settled_at = Some(now);
        }
    }

    /// Books the peak of the phase that ends.
    pub(super) fn close_phase(&mut self) {
        let peak = self
            .servers
            .iter_mut()
            .map(|state| state.server.take_phase_peak())
            .max()
            .unwrap_or_default();
        let since = self.phases.last().map_or(SimTime::ZERO, |phase| phase.start);
        let kills = self.servers.iter().flat_map(|state| &state.oom_kills);
        let kills = kills.filter(|kill| kill.at >= since).count();
        let sent = self.bytes_sent();
        let (synced, started) = driver::synced(&self.clients);
        let given_up = driver::given_up(&self.clients);
        if let Some(phase) = self.phases.last_mut() {
            phase.peak_resident = peak;
            phase.oom_kills = kills as u32;
            phase.bytes_sent = sent - phase.bytes_sent;
            phase.settled_at = phase.settled_at.filter(|_| synced + given_up == started);
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
        Action::Lag { .. } => "the caches of a server stop following etcd",
        Action::SlowEtcd { .. } => "etcd slows down",
        Action::CutOff { .. } => "clients are cut off",
        Action::Failover { .. } => "the balancer fails over",
        Action::Rollout { .. } => "clients restart one after the other",
    }
}
