//! What the scenario makes happen: fleets start and stop, servers die, networks break.

use super::client::{State, driver};
use super::input::Action;
use super::world::{Event, World};
use crate::results::{LogKind, PhaseRecord};
use crate::units::{Bytes, SimSpan, SimTime};

impl World<'_> {
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
            Action::Kill { server } => self.replace(server, now),
            Action::Roll { every } => {
                for server in 0..self.servers.len() as u16 {
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
        }
    }

    /// A slow time of etcd is over, unless another goes on.
    pub(super) fn etcd_recovers(&mut self, now: SimTime) {
        if now >= self.etcd_slow_until {
            self.catalog.set_etcd_speed(1.0);
        }
    }

    /// A partition is over, unless another goes on: what waited in the sockets moves again.
    pub(super) fn heal(&mut self, server: u16, now: SimTime) {
        let state = &mut self.servers[usize::from(server)];
        if !state.partitioned(now) {
            state.server.cut_off(now, false);
            self.touch(server);
        }
    }

    /// The first `count` members of a fleet in a state that fits.
    pub(super) fn choose(
        &self,
        fleet: usize,
        count: Option<u32>,
        fits: impl Fn(State) -> bool,
    ) -> Vec<u32> {
        let most = count.map_or(usize::MAX, |count| count as usize);
        self.members(fleet).filter(|c| fits(self.clients[*c as usize].state)).take(most).collect()
    }

    /// Starts members one after the other over a span, each with the fleet's jitter.
    pub(super) fn start_over(&mut self, members: &[u32], fleet: usize, over: SimSpan) {
        let jitter = self.inputs.fleets[fleet].start_jitter;
        for (index, client) in members.iter().enumerate() {
            if self.clients[*client as usize].state == State::Finished {
                self.stop_member(*client, self.queue.now());
            }
            let place = over.scale(index as f64 / members.len() as f64);
            let luck = self.clients[*client as usize].draw(&self.streams);
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
        Action::Kill { .. } => "a server is killed",
        Action::Roll { .. } => "the servers are rolled",
        Action::Partition { .. } => "a server is cut off",
        Action::Write { .. } => "writes change",
        Action::Create { .. } => "objects are created",
        Action::Delete { .. } => "objects are deleted",
        Action::EtcdOutage { .. } => "etcd loses its quorum",
        Action::Lag { .. } => "the caches of a server stop following etcd",
        Action::SlowEtcd { .. } => "etcd slows down",
    }
}
