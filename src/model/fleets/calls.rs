//! The call that a member makes or waits for, and its timers.

use crate::model::admission::first_read;
use crate::model::client::{ListFrom, Next, Path, State};
use crate::model::context::Context;
use crate::model::event::{Event, LoadEvent};
use crate::model::fleets::Fleets;
use crate::model::ids::ClientId;
use crate::model::input::{Behaviour, ReadInput, ResourceVersion};
use crate::units::{SimSpan, SimTime};

/// When a SYN is sent again (`tcp_syn_retries`, doubling from 1 s), within the dialler's 30 s.
const SYN_RETRIES: [SimSpan; 4] =
    [SimSpan::secs(1), SimSpan::secs(3), SimSpan::secs(7), SimSpan::secs(15)];

impl Fleets {
    /// Schedules a client's timer after `delay`, voiding older ones.
    pub(crate) fn wake_after(&mut self, cx: &mut Context<'_>, client: ClientId, delay: SimSpan) {
        let state = &mut self.clients[client];
        state.generation = state.generation.wrapping_add(1);
        let generation = state.generation;
        cx.queue.push(cx.queue.now() + delay, Event::Wake { client, generation });
    }

    /// Sets the deadline of a LIST. A client has one timer at most: one that comes too early is set
    /// again, so that the queue does not fill with those of answered LISTs.
    pub(crate) fn set_deadline(
        &mut self,
        cx: &mut Context<'_>,
        client: ClientId,
        deadline: SimTime,
    ) {
        let member = &mut self.clients[client];
        member.deadline = deadline;
        if !std::mem::replace(&mut member.timer, true) {
            cx.queue.push(deadline, Event::Timeout { client });
        }
    }

    /// Whether a watch opened at `opened` ends as a `VeryShortWatchError`: within a second, without
    /// an event.
    pub(crate) fn very_short(
        &self,
        cx: &Context<'_>,
        client: ClientId,
        opened: SimTime,
        seen: SimTime,
        now: SimTime,
    ) -> bool {
        const SHORT: SimSpan = SimSpan::secs(1);
        let member = &self.clients[client];
        let behaviour = &cx.inputs.fleets[member.fleet].behaviour;
        matches!(behaviour, Behaviour::Reflector { .. })
            && opened > SimTime::ZERO
            && now.since(opened) < SHORT
            && member.seen == seen
    }

    /// The call that a member waits for.
    pub(crate) fn call_under_way(&self, client: ClientId) -> Option<Next> {
        match self.clients[client].state {
            State::OpeningWatch => Some(Next::Watch),
            State::WatchListing => Some(Next::WatchList),
            State::Listing => Some(Next::List),
            State::Queued(next) | State::Unheard(next) => Some(next),
            _ => None,
        }
    }

    /// A LIST will be sent again: the same page, or the list from its start.
    pub(crate) fn resend(&mut self, client: ClientId) {
        let member = &mut self.clients[client];
        let (items, continuing) = member.page;
        if member.state == State::Listing {
            member.items_left = if continuing { member.items_left + items } else { 0 };
        }
    }

    /// The read of a member's present LIST.
    pub(crate) fn read_of(&self, cx: &Context<'_>, client: ClientId) -> ReadInput {
        let member = &self.clients[client];
        let fleet = &cx.inputs.fleets[member.fleet];
        match &fleet.behaviour {
            Behaviour::Reflector { read: given, .. } => {
                let mut read = first_read(fleet);
                match member.from {
                    ListFrom::First => {}
                    ListFrom::Last => read.resource_version = ResourceVersion::NotOlderThan,
                    ListFrom::Latest => read.resource_version = ResourceVersion::Unset,
                }
                // The pager limits "" and "0" only, unless a limit is set or pages came before:
                // there is no watch cache. After a relist with a version the retry with "" reuses
                // a pager without limit (docs/facts/clients.md section 1.1).
                let pages = member.from == ListFrom::First
                    || member.from == ListFrom::Latest && self.era_of(cx, client).pages_latest()
                    || !cx.inputs.resources[read.resource].watch_cache;
                if !pages {
                    read.limit = given.limit;
                }
                read
            }
            _ => first_read(fleet),
        }
    }

    /// Sends a call into a network where nobody hears it until then.
    pub(crate) fn call_unheard(
        &mut self,
        cx: &mut Context<'_>,
        client: ClientId,
        next: Next,
        until: SimTime,
        now: SimTime,
    ) {
        if until < SimTime::NEVER {
            self.wait(cx, client, next, until.since(now));
        }
        let member = &mut self.clients[client];
        member.state = State::Unheard(next);
        if until == SimTime::NEVER {
            member.generation = member.generation.wrapping_add(1);
        }
    }

    /// How long a dial takes that begins while the member is cut off: a later SYN may get through.
    pub(crate) fn dial_gets_through(&self, client: ClientId, now: SimTime) -> Option<SimSpan> {
        let heals = self.clients[client].cut_until;
        SYN_RETRIES.into_iter().find(|after| now < heals && now + *after >= heals)
    }

    /// Whether a member learns that its server's sockets were closed.
    pub(crate) fn hears_of_end(&self, client: ClientId, now: SimTime) -> bool {
        let member = &self.clients[client];
        member.path == Path::Open && member.cut_until <= now
    }

    /// Arranges that the channel of a member's watch overflows after a while.
    pub(crate) fn overflow_in(
        &mut self,
        cx: &mut Context<'_>,
        client: ClientId,
        after: SimSpan,
        now: SimTime,
    ) {
        let generation = self.clients[client].generation;
        cx.queue.push(now + after, Event::Load(LoadEvent::Overflow { client, generation }));
    }
}
