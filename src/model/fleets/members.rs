//! Members of the fleets: who there is, who is started, what each calls first and when again.

use crate::model::client::{Client, IdleWatches, ListFrom, Next, StartSpread, State};
use crate::model::context::Context;
use crate::model::fleets::Fleets;
use crate::model::ids::{ClientId, FleetId};
use crate::model::input::{Behaviour, Retries};
use crate::model::release::ClientGo;
use crate::results::LogKind;
use crate::units::{SimSpan, SimTime};

impl Fleets {
    /// The first `count` members of a client that read something in a state that fits: those reads,
    /// member after member.
    pub(crate) fn choose(
        &self,
        cx: &Context<'_>,
        fleet: FleetId,
        count: Option<u32>,
        fits: impl Fn(State) -> bool,
    ) -> Vec<ClientId> {
        let most = count.unwrap_or(u32::MAX);
        let (mut chosen, mut members) = (Vec::new(), 0);
        for place in 0..cx.inputs.fleets[fleet].count {
            if members == most {
                break;
            }
            let before = chosen.len();
            let reads = self.reads[fleet].iter().map(|read| self.member(*read, place));
            chosen.extend(reads.filter(|read| fits(self.clients[*read].state)));
            members += u32::from(chosen.len() > before);
        }
        chosen
    }

    /// What [`choose`](Self::choose) found, member by member.
    pub(crate) fn processes<'m>(&self, chosen: &'m [ClientId]) -> Vec<&'m [ClientId]> {
        let place = |client: &ClientId| self.place_of(*client);
        chosen.chunk_by(|one, next| place(one) == place(next)).collect()
    }

    /// The first fleet of a fleet's client.
    pub(crate) fn client_of(cx: &Context<'_>, fleet: FleetId) -> FleetId {
        cx.inputs.fleets[fleet].part.as_ref().map_or(fleet, |part| part.of)
    }

    /// A uniform draw on [0, 1): the member's next.
    pub(crate) fn draw(&mut self, cx: &mut Context<'_>, client: ClientId) -> f64 {
        self.clients[client].draw(&cx.streams)
    }

    /// A member has a complete view from now on, or has lost it.
    pub(crate) fn set_synced(
        &mut self,
        cx: &mut Context<'_>,
        client: ClientId,
        synced: bool,
        now: SimTime,
    ) {
        let member = &mut self.clients[client];
        if member.synced == synced {
            return;
        }
        member.synced = synced;
        let fleet = member.fleet;
        if !synced {
            self.synced[fleet] -= 1;
            return;
        }
        self.synced[fleet] += 1;
        self.note_available(cx, client, now);
        let reads = &self.reads[Self::client_of(cx, fleet)];
        if reads.iter().all(|read| self.synced[*read] == self.started[*read]) {
            let name = cx.inputs.fleets[fleet].name.clone();
            let message = format!("all {} started members are synced", self.started[fleet]);
            cx.record.note(now, LogKind::Synced, &name, message);
        }
    }

    /// What a member calls when it starts from the top.
    pub(crate) fn first_call(&mut self, cx: &mut Context<'_>, client: ClientId) -> Next {
        let fleet = self.clients[client].fleet;
        self.clients[client].retries = 0;
        self.clients[client].items_left = 0;
        match &cx.inputs.fleets[fleet].behaviour {
            Behaviour::Reflector { watch_list: true, .. } if cx.inputs.release.watch_list => {
                Next::WatchList
            }
            Behaviour::Reflector { .. } | Behaviour::Lister { .. } => Next::List,
            Behaviour::Watcher { .. } => Next::Watch,
        }
    }

    /// A member does nothing for a while, and then `next`.
    pub(crate) fn wait(
        &mut self,
        cx: &mut Context<'_>,
        client: ClientId,
        next: Next,
        delay: SimSpan,
    ) {
        self.clients[client].state = State::Waiting(next);
        self.wake_after(cx, client, delay);
    }

    /// How long a member waits for client-go's rate limiter before it may send a LIST; nothing: it may.
    pub(crate) fn throttle(
        &mut self,
        cx: &Context<'_>,
        client: ClientId,
        now: SimTime,
    ) -> Option<SimSpan> {
        let limit = cx.inputs.fleets[self.clients[client].fleet].rate_limit?;
        if std::mem::take(&mut self.clients[client].has_token) {
            return None;
        }
        let owner = self.owner_of(cx, client);
        let wait = self.clients[owner].tokens.take(limit, 1.0, now);
        self.clients[client].has_token = wait > SimSpan::ZERO;
        (wait > SimSpan::ZERO).then_some(wait)
    }

    /// What follows a failed call of a member.
    pub(crate) fn retries(&self, cx: &Context<'_>, client: ClientId) -> Retries {
        cx.inputs.fleets[self.clients[client].fleet].retries
    }

    /// A reflector must list again; `gone`: its version is too old.
    pub(crate) fn lose_sync(
        &mut self,
        cx: &mut Context<'_>,
        client: ClientId,
        gone: bool,
        now: SimTime,
    ) {
        self.set_synced(cx, client, false, now);
        self.clients[client].from = self.era_of(cx, client).relists_from(gone);
    }

    /// What a member's client-go does.
    pub(crate) fn era_of(&self, cx: &Context<'_>, client: ClientId) -> ClientGo {
        let fleet = &cx.inputs.fleets[self.clients[client].fleet];
        ClientGo::of_fleet(fleet.client_minor, &cx.inputs.release)
    }

    /// The next delay of a member's back-off.
    pub(crate) fn back_off(
        &mut self,
        cx: &mut Context<'_>,
        client: ClientId,
        now: SimTime,
    ) -> SimSpan {
        let draw = self.draw(cx, client);
        self.clients[client].backoff.delay(now, draw)
    }

    /// A call has succeeded: the delays of a plain client start over. Those of a reflector do not, they have
    /// a clock of their own.
    pub(crate) fn succeeded(&mut self, cx: &Context<'_>, client: ClientId, now: SimTime) {
        if self.retries(cx, client) == Retries::BackOff {
            self.clients[client].backoff.restart(now);
        }
    }

    /// How many members of all clients have a read of which something holds.
    fn count_members(&self, cx: &Context<'_>, holds: impl Fn(&Client) -> bool) -> u64 {
        let members = |fleet: FleetId| {
            let any = |place: &u32| {
                let reads = &self.reads[fleet];
                reads.iter().any(|read| holds(&self.clients[self.member(*read, *place)]))
            };
            // What is part of another's process has no reads of its own.
            let count =
                if self.reads[fleet].is_empty() { 0 } else { cx.inputs.fleets[fleet].count };
            (0..count).filter(any).count() as u64
        };
        cx.inputs.fleet_ids().map(members).sum()
    }

    /// Clients that have given up something without a complete view of it, and try for nothing else.
    pub(crate) fn given_up_unsynced(&self, cx: &Context<'_>) -> u64 {
        let lacks = |c: &Client| c.state != State::Stopped && !c.synced;
        let tries = |c: &Client| lacks(c) && c.state != State::Finished;
        self.count_members(cx, lacks) - self.count_members(cx, tries)
    }

    /// Clients that were started and want a view: those that have it of all they read, and all of
    /// them.
    pub(crate) fn synced_and_started(&self, cx: &Context<'_>) -> (u64, u64) {
        let wants = |c: &Client| !matches!(c.state, State::Stopped);
        let started = self.count_members(cx, wants);
        (started - self.count_members(cx, |c| wants(c) && !c.synced), started)
    }

    /// The members of a fleet.
    pub(crate) fn members(
        &self,
        cx: &Context<'_>,
        fleet: FleetId,
    ) -> impl Iterator<Item = ClientId> + use<> {
        let first = self.first[fleet].0;
        (first..first + cx.inputs.fleets[fleet].count).map(ClientId)
    }

    /// The member at a place in its fleet.
    pub(crate) fn member(&self, fleet: FleetId, place: u32) -> ClientId {
        ClientId(self.first[fleet].0 + place)
    }

    /// The place of a member in its fleet, from 0.
    pub(crate) fn place_of(&self, client: ClientId) -> u32 {
        client.0 - self.first[self.clients[client].fleet].0
    }

    /// Starts a stopped member after `delay`.
    pub(crate) fn start_member_after(
        &mut self,
        cx: &mut Context<'_>,
        client: ClientId,
        delay: SimSpan,
    ) {
        let fleet = self.clients[client].fleet;
        let begins = cx.queue.now() + delay;
        self.started[fleet] += 1;
        let rounds = match &cx.inputs.fleets[fleet].behaviour {
            Behaviour::Lister { rounds, .. } => rounds.unwrap_or(u64::MAX),
            _ => 1,
        };
        let member = &mut self.clients[client];
        member.rounds_left = rounds;
        member.from = ListFrom::First;
        member.idle = IdleWatches::AsTheyWere;
        member.starts = StartSpread { from: begins, to: begins };
        member.backoff.restart(begins);
        member.retries = 0;
        member.has_token = false;
        member.state = State::Waiting(Next::Begin);
        self.wake_after(cx, client, delay);
    }

    /// Starts a stopped member at an instant that was drawn: `luck` of the way through `jitter`, after
    /// `delay`.
    pub(crate) fn start_member_within(
        &mut self,
        cx: &mut Context<'_>,
        client: ClientId,
        (delay, jitter): (SimSpan, SimSpan),
        luck: f64,
    ) {
        self.start_member_after(cx, client, delay + jitter.scale(luck));
        let from = cx.queue.now() + delay;
        self.clients[client].starts = StartSpread { from, to: from + jitter };
    }

    /// Draws the starts anew that have not come by `now`, within what is left of their spread; the
    /// members of a process start together.
    pub(crate) fn redraw_starts(&mut self, cx: &mut Context<'_>, now: SimTime) {
        let inputs = cx.inputs;
        for fleet in inputs.fleet_ids() {
            if Self::client_of(cx, fleet) != fleet {
                continue;
            }
            let waiting = self.choose(cx, fleet, None, |s| s == State::Waiting(Next::Begin));
            for process in self.processes(&waiting) {
                let mut luck = None;
                for client in process {
                    let StartSpread { from, to } = self.clients[*client].starts;
                    if to <= now || to == from {
                        continue;
                    }
                    let luck = *luck.get_or_insert_with(|| self.clients[*client].draw(&cx.streams));
                    let from = from.max(now);
                    let begins = from + to.since(from).scale(luck);
                    self.clients[*client].backoff.restart(begins);
                    self.wake_after(cx, *client, begins.since(cx.queue.now()));
                }
            }
        }
    }

    /// Watches that a member has to open.
    pub(crate) fn watches_to_open(&self, cx: &Context<'_>, client: ClientId) -> u64 {
        let member = &self.clients[client];
        if member.keeps_idle { 1 } else { cx.inputs.fleets[member.fleet].watches() }
    }
}
