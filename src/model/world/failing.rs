//! Calls that a server answers with an error after a while.

use crate::model::apiserver::route::Route;
use crate::model::client::go::{MAX_RETRIES, RETRY_AFTER};
use crate::model::client::{CallError, ListFrom, Next, State};
use crate::model::ids::{ClientId, ServerId};
use crate::model::input::{Behaviour, ReadInput, ResourceVersion, Retries};
use crate::model::plane::etcd::READ_FAILS_AFTER;
use crate::model::watchcache::capacity::BLOCK_TIMEOUT;
use crate::model::world::World;
use crate::units::{SimSpan, SimTime};

impl CallError {
    /// After what time the error comes.
    fn after(self) -> SimSpan {
        match self {
            Self::Internal => READ_FAILS_AFTER,
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
        read: &ReadInput,
        route: Route,
        now: SimTime,
    ) -> Option<CallError> {
        let consistent = route == Route::Cache && read.resource_version == ResourceVersion::Unset;
        if self.plane.etcd_down(server, now) && (route == Route::Etcd || consistent) {
            return Some(CallError::Internal);
        }
        let asked = self.fleets.clients[client].newest;
        let behind = self.plane.lags(server, now).is_some_and(|version| version < asked);
        let at_least = read.resource_version == ResourceVersion::NotOlderThan;
        (route == Route::Cache && at_least && behind).then_some(CallError::TooLarge)
    }

    /// Whether a watch-list will fail: it asks etcd for the latest version, unless it names one.
    pub(super) fn watch_list_fails(
        &self,
        client: ClientId,
        server: ServerId,
        now: SimTime,
    ) -> Option<CallError> {
        let member = &self.fleets.clients[client];
        let latest = member.from != ListFrom::Last;
        if latest && self.plane.etcd_down(server, now) {
            return Some(CallError::Internal);
        }
        let version = self.plane.lags(server, now)?;
        (latest || version < member.newest).then_some(CallError::TooLarge)
    }

    /// Sends a call that will fail.
    pub(super) fn submit_failing(
        &mut self,
        client: ClientId,
        server: ServerId,
        error: CallError,
        state: State,
        now: SimTime,
    ) {
        let fleet = self.fleets.clients[client].fleet;
        let (plans, context) = self.plane.planning(&self.cx);
        let plan = plans.failing(&context, fleet, error.after());
        self.submit(client, server, plan, state, now);
        self.fleets.clients[client].error = Some(error);
    }

    /// The error has come.
    pub(super) fn call_failed(&mut self, client: ClientId, error: CallError, now: SimTime) {
        self.cx.record.counters.requests_failed += 1;
        let member = self.fleets.clients[client];
        let fleet = member.fleet;
        let reflector =
            matches!(self.cx.inputs.fleets[fleet].behaviour, Behaviour::Reflector { .. });
        let streams = member.state == State::WatchListing;
        if self.fleets.retries(&self.cx, client) == Retries::Never || !reflector {
            self.list_failed(client, SimSpan::ZERO, now);
            return;
        }
        let next = if streams { Next::WatchList } else { Next::List };
        match error {
            // It comes with a Retry-After, which the REST layer heeds.
            CallError::TooLarge
                if self.fleets.retries(&self.cx, client) == Retries::ClientGo
                    && member.retries < MAX_RETRIES =>
            {
                self.fleets.clients[client].retries += 1;
                self.fleets.wait(&mut self.cx, client, next, RETRY_AFTER);
            }
            CallError::TooLarge => {
                let member = &mut self.fleets.clients[client];
                member.retries = 0;
                member.from = ListFrom::Latest;
                self.fleets.wait(&mut self.cx, client, next, SimSpan::nanos(1));
            }
            CallError::Internal if streams => {
                self.fleets.wait(&mut self.cx, client, Next::List, SimSpan::nanos(1));
            }
            CallError::Internal => self.list_failed(client, SimSpan::ZERO, now),
        }
    }
}
