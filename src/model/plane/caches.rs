//! What a request meets in a server: whether its cache is filled, a pooled buffer.

use crate::model::apiserver::list::{ListShape, Pace};
use crate::model::apiserver::route::CacheState;
use crate::model::context::Context;
use crate::model::ids::{FleetId, ResourceId, ServerId};
use crate::model::input::{ReadInput, Shape};
use crate::model::plane::Plane;
use crate::results::Mechanism;
use crate::units::Bytes;

impl Plane {
    /// What a router sees of a cache.
    pub(crate) fn cache_state(
        &self,
        cx: &Context<'_>,
        server: ServerId,
        resource: ResourceId,
    ) -> CacheState {
        CacheState {
            enabled: cx.inputs.resources[resource].watch_cache,
            ready: self.servers[server].cachers[resource].is_some(),
        }
    }

    /// Gives the LIST's encoder the buffer that the server's pool has, and a pace.
    pub(crate) fn with_pool(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        fleet: FleetId,
        read: &ReadInput,
        list: ListShape,
    ) -> ListShape {
        if !self.context(cx).uses_pool(fleet, read) {
            return list;
        }
        let entry = cx.catalog.fleet_owner(fleet).entry(Mechanism::ResponseBuffer);
        let nested = cx.inputs.resources[read.resource].shape == Shape::Typed;
        let state = &mut self.servers[server];
        let pooled = state.server.memory.unpool(entry, nested).map(Bytes);
        let pace = Pace::of(state.buffered_lists);
        state.buffered_lists = state.buffered_lists.wrapping_add(1);
        ListShape { pooled, pace, ..list }
    }
}
