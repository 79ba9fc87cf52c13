//! Calls that a server answers with an error after a while.

use super::World;
use crate::model::apiserver::route::Route;
use crate::model::client::go::{MAX_RETRIES, RETRY_AFTER};
use crate::model::client::{ListFrom, Next, State};
use crate::model::etcd_outage::READ_FAILS_AFTER;
use crate::model::ids::{ClientId, ServerId};
use crate::model::input::{Behaviour, ReadInput, ResourceVersion, Retries};
use crate::model::watchcache::capacity::BLOCK_TIMEOUT;
use crate::units::{SimSpan, SimTime};

/// Why a call will fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doom {
    /// 500: etcd does not answer.
    Error,
    /// 504 "Too large resource version": the cache has not come to the version asked for.
    TooLarge,
}

impl Doom {
    /// After what time the error comes.
    fn after(self) -> SimSpan {
        match self {
            Self::Error => READ_FAILS_AFTER,
            Self::TooLarge => BLOCK_TIMEOUT,
        }
    }
}

impl World<'_> {
    /// Whether a LIST will fail. A consistent read that the cache answers asks etcd first.
    pub(super) fn list_fails(
        &self,
        client: ClientId,
        server: ServerId,
        (read, route): (&ReadInput, Route),
        now: SimTime,
    ) -> Option<Doom> {
        let consistent = route == Route::Cache && read.resource_version == ResourceVersion::Unset;
        if self.plane.etcd.outage.down(now) && (route == Route::Etcd || consistent) {
            return Some(Doom::Error);
        }
        let asked = self.fleets.clients[client].newest;
        let behind = self.lags(server, now).is_some_and(|version| version < asked);
        let at_least = read.resource_version == ResourceVersion::NotOlderThan;
        (route == Route::Cache && at_least && behind).then_some(Doom::TooLarge)
    }

    /// Whether a watch-list will fail: it asks etcd for the latest version, unless it names one.
    pub(super) fn watch_list_fails(
        &self,
        client: ClientId,
        server: ServerId,
        now: SimTime,
    ) -> Option<Doom> {
        let member = &self.fleets.clients[client];
        let latest = member.from != ListFrom::Last;
        if latest && self.plane.etcd.outage.down(now) {
            return Some(Doom::Error);
        }
        let version = self.lags(server, now)?;
        (latest || version < member.newest).then_some(Doom::TooLarge)
    }

    /// Sends a call that will fail.
    pub(super) fn submit_doomed(
        &mut self,
        client: ClientId,
        server: ServerId,
        (doom, state): (Doom, State),
        now: SimTime,
    ) {
        let fleet = self.fleets.clients[client].fleet;
        let (plans, context) = self.plane.planning(&self.cx);
        let plan = plans.failing(&context, fleet, doom.after());
        self.submit(client, server, plan, state, now);
        self.fleets.clients[client].doom = Some(doom);
    }

    /// The error has come.
    pub(super) fn call_failed(&mut self, client: ClientId, doom: Doom, now: SimTime) {
        self.cx.record.counters.requests_failed += 1;
        let member = self.fleets.clients[client];
        let fleet = member.fleet;
        let reflector =
            matches!(self.cx.inputs.fleets[fleet].behaviour, Behaviour::Reflector { .. });
        let streams = member.state == State::WatchListing;
        if self.retries(client) == Retries::Never || !reflector {
            self.list_failed(client, SimSpan::ZERO, now);
            return;
        }
        let next = if streams { Next::WatchList } else { Next::List };
        match doom {
            // It comes with a Retry-After, which the REST layer heeds.
            Doom::TooLarge
                if self.retries(client) == Retries::ClientGo && member.retries < MAX_RETRIES =>
            {
                self.fleets.clients[client].retries += 1;
                self.wait(client, next, RETRY_AFTER);
            }
            Doom::TooLarge => {
                let member = &mut self.fleets.clients[client];
                member.retries = 0;
                member.from = ListFrom::Latest;
                self.wait(client, next, SimSpan::nanos(1));
            }
            Doom::Error if streams => self.wait(client, Next::List, SimSpan::nanos(1)),
            Doom::Error => self.list_failed(client, SimSpan::ZERO, now),
        }
    }
}
