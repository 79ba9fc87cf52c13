//! Servers whose network breaks and heals, and those that are lost with their nodes.

use crate::model::context::Context;
use crate::model::event::Event;
use crate::model::ids::ServerId;
use crate::model::plane::Plane;
use crate::model::plane::server_state::name;
use crate::results::LogKind;
use crate::units::{SimSpan, SimTime};

impl Plane {
    /// Connects a server again, unless another partition goes on; whether it is.
    pub(crate) fn reconnect_server(&mut self, server: ServerId, now: SimTime) -> bool {
        let state = &mut self.servers[server];
        if now < state.partitioned_until {
            return false;
        }
        state.server.cut_off(now, false);
        self.touch(server);
        true
    }

    /// A lost node is back; its kubelet starts the server.
    pub(crate) fn node_returns(&mut self, cx: &mut Context<'_>, server: ServerId, now: SimTime) {
        if std::mem::take(&mut self.servers[server].node_lost) {
            cx.queue.push(now, Event::Restart { server });
        }
    }

    /// Cuts a server off from its clients and the balancer.
    pub(crate) fn cut_off_server(
        &mut self,
        cx: &mut Context<'_>,
        server: ServerId,
        lasts: SimSpan,
        now: SimTime,
    ) {
        let state = &mut self.servers[server];
        state.partitioned_until = state.partitioned_until.max(now + lasts);
        state.server.cut_off(now, true);
        self.touch(server);
        cx.queue.push(now + lasts, Event::Heal { server });
        cx.record.counters.servers_lost += 1;
        let message = "cut off from the network".to_owned();
        cx.record.note(now, LogKind::Stopped, &name(server), message);
    }
}
