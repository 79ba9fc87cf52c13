//! Calls at the door of a server: admitted, queued, rejected, served.

use crate::model::admission::{Arrival, Call, Key, RequestKind, Ticket};
use crate::model::apf::max_in_flight::InFlight;
use crate::model::apiserver::plan::Step;
use crate::model::client::go::RETRY_AFTER;
use crate::model::client::refusal::Refusal;
use crate::model::client::{Next, State};
use crate::model::costs;
use crate::model::event::Event;
use crate::model::ids::{ClientId, ServerId};
use crate::model::plane::Plane;
use crate::model::world::World;
use crate::results::Mechanism;
use crate::units::{SimSpan, SimTime};

impl World<'_> {
    /// A call has reached a server: it is admitted, queued or rejected.
    pub(super) fn arrive(&mut self, client: ClientId, server: ServerId, next: Next, now: SimTime) {
        let fleet = self.fleets.clients[client].fleet;
        let read = self.fleets.read_of(&self.cx, client);
        let kind = RequestKind {
            list: !matches!(next, Next::Watch | Next::WatchList),
            initial_events: next == Next::WatchList,
            continues: self.fleets.clients[client].items_left > 0,
        };
        let place = self.fleets.place_of(client);
        let state = &mut self.plane.servers[server];
        let Some(admission) = &mut state.admission else {
            let groups = &self.cx.inputs.fleets[fleet].groups;
            // Watches are long-running: no limit is set to them.
            let start =
                if kind.list { state.max_in_flight.start(groups) } else { InFlight::Uncounted };
            match start {
                InFlight::Rejected => {
                    self.refused(client, next, Refusal::TooManyRequests(RETRY_AFTER), now);
                }
                InFlight::Uncounted => self.serve(client, server, next, None, now),
                InFlight::Counted => self.serve_counted(client, server, next, now),
            }
            return;
        };
        let call = Call { fleet, place, client, read: &read, kind };
        match admission.arrive(self.cx.inputs, &call, now) {
            Arrival::Rejected(after) => {
                self.refused(client, next, Refusal::TooManyRequests(after), now);
            }
            Arrival::Accepted(ticket) => {
                let member = &mut self.fleets.clients[client];
                member.state = State::Queued(next);
                member.ticket = Some(ticket);
                member.generation = member.generation.wrapping_add(1);
                let generation = member.generation;
                self.let_in(server, now);
                self.await_turn(client, server, generation, now);
            }
        }
    }

    /// A request that was not let in at once costs memory and waits for so long at most.
    fn await_turn(&mut self, client: ClientId, server: ServerId, generation: u32, now: SimTime) {
        let member = self.fleets.clients[client];
        if member.generation != generation || member.ticket.is_none() {
            return;
        }
        let entry = self.cx.catalog.fleet_owner(member.fleet).entry(Mechanism::QueuedRequests);
        let state = &mut self.plane.servers[server];
        state.server.settle(now);
        state.server.memory.step(Step::Take(entry, costs::QUEUED_REQUEST));
        self.fleets.clients[client].waiting_memory = true;
        self.touch(server);
        // A watch is given no time to be answered in.
        let watch = matches!(member.state, State::Queued(Next::Watch | Next::WatchList));
        let allotted = (!watch).then_some(self.cx.inputs.apiserver.request_timeout);
        if let Some(wait) = Plane::queue_wait(&self.cx, allotted) {
            self.cx.queue.push(now + wait, Event::QueueTimeout { client, generation });
        }
    }

    /// A waiting request leaves its queue: its memory goes.
    pub(super) fn leave_queue(&mut self, client: ClientId, server: ServerId, now: SimTime) {
        let member = &mut self.fleets.clients[client];
        member.ticket = None;
        if !std::mem::take(&mut member.waiting_memory) {
            return;
        }
        let entry = self.cx.catalog.fleet_owner(member.fleet).entry(Mechanism::QueuedRequests);
        let state = &mut self.plane.servers[server];
        state.server.settle(now);
        state.server.memory.step(Step::Drop(entry, costs::QUEUED_REQUEST));
        self.touch(server);
    }

    /// Lets in what the priority levels have dispatched.
    pub(super) fn let_in(&mut self, server: ServerId, now: SimTime) {
        loop {
            let Some(admission) = &mut self.plane.servers[server].admission else { return };
            match admission.next_timed_out(now) {
                Some((Key::Call { client, .. }, after)) => {
                    self.turned_away(client, server, after, now);
                    continue;
                }
                Some((Key::Write { serial, .. }, _)) => {
                    admission.count_timed_out(serial, &mut self.cx.record.counters);
                    admission.forget_write(serial);
                    continue;
                }
                None => {}
            }
            let Some((ticket, key)) = admission.next_dispatched() else { return };
            let client = match key {
                Key::Call { client, .. } => client,
                Key::Write { serial, .. } => {
                    self.plane.write_dispatched(&mut self.cx, server, serial, now);
                    continue;
                }
            };
            let member = self.fleets.clients[client];
            match member.state {
                State::Queued(next) if member.ticket == Some(ticket) => {
                    self.leave_queue(client, server, now);
                    self.serve(client, server, next, Some(ticket), now);
                }
                _ => admission.finish(ticket, now),
            }
        }
    }

    /// A request has waited too long in its queue.
    pub(super) fn queue_timed_out(&mut self, client: ClientId, generation: u32, now: SimTime) {
        let member = self.fleets.clients[client];
        let (State::Queued(_), Some(ticket)) = (member.state, member.ticket) else { return };
        if member.generation != generation {
            return;
        }
        let Some(server) = member.server else { return };
        let admission = &mut self.plane.servers[server].admission;
        if let Some(after) = admission.as_mut().and_then(|a| a.give_up(ticket, now)) {
            self.turned_away(client, server, after, now);
        }
    }

    /// Writes or GETs of this number were accepted: they are let in, or wait.
    pub(super) fn came_at_a_rate(&mut self, server: ServerId, serial: Option<u32>, now: SimTime) {
        if let Some(serial) = serial {
            self.let_in(server, now);
            self.plane.await_write(&mut self.cx, server, serial, now);
        }
    }

    /// A request that waited is answered 429.
    fn turned_away(&mut self, client: ClientId, server: ServerId, after: SimSpan, now: SimTime) {
        if let State::Queued(next) = self.fleets.clients[client].state {
            self.leave_queue(client, server, now);
            self.refused(client, next, Refusal::TooManyRequests(after), now);
        }
    }

    /// The handler of an admitted call.
    pub(super) fn serve(
        &mut self,
        client: ClientId,
        server: ServerId,
        next: Next,
        ticket: Option<Ticket>,
        now: SimTime,
    ) {
        let sent = match next {
            Next::WatchList => self.send_watch_list(client, server, now),
            Next::Watch => self.send_watch(client, server, now),
            _ => self.send_list(client, server, now),
        };
        let admission = self.plane.servers[server].admission.as_mut();
        if let (Some(ticket), Some(admission)) = (ticket, admission) {
            match (&sent, self.fleets.clients[client].request) {
                (Ok(()), Some(request)) => admission.tie(request.slot(), ticket),
                _ => admission.finish(ticket, now),
            }
        }
        if let Err(refusal) = sent {
            self.refused(client, next, refusal, now);
        }
    }

    /// The handler of a LIST that holds a place of max-in-flight until it returns.
    fn serve_counted(&mut self, client: ClientId, server: ServerId, next: Next, now: SimTime) {
        let sent = self.send_list(client, server, now);
        let places = &mut self.plane.servers[server].max_in_flight;
        match (&sent, self.fleets.clients[client].request) {
            (Ok(()), Some(request)) => places.tie(request.slot()),
            _ => places.finish(),
        }
        if let Err(refusal) = sent {
            self.refused(client, next, refusal, now);
        }
    }

    /// A handler has returned: others may go in.
    pub(super) fn free_seats(&mut self, server: ServerId, slot: usize, now: SimTime) {
        self.plane.servers[server].max_in_flight.release(slot);
        if let Some(admission) = &mut self.plane.servers[server].admission {
            admission.release(slot, now);
            self.let_in(server, now);
        }
    }
}
