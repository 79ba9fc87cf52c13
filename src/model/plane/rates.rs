//! New rates of a server, after something has changed on it.

use crate::model::apiserver::server::Background;
use crate::model::context::Context;
use crate::model::event::Event;
use crate::model::ids::ServerId;
use crate::model::plane::load::Load;
use crate::model::plane::server_state::Life;
use crate::model::plane::{Plane, background, held};
use crate::units::SimTime;

impl Plane {
    /// Works out the rates of a server from now on, and when they change next.
    pub(crate) fn renew_rates(&mut self, cx: &mut Context<'_>, server: ServerId, now: SimTime) {
        if self.servers[server].stalled.is_some() {
            return;
        }
        self.turn_rings(cx, server, now);
        if self.servers[server].held_turns_at <= now {
            self.servers[server].background_stale = true;
        }
        let follows = self.servers[server].lag.is_none_or(|lag| now >= lag.until);
        if follows && self.servers[server].server.holds_events() {
            self.servers[server].background_stale = true;
        }
        if self.servers[server].background_stale {
            let mut background = self.steady_load(cx, server, now);
            let lines = self.hold(server, &background.held, now);
            background.growth.extend(lines);
            let state = &mut self.servers[server];
            state.server.background = background;
            state.background_stale = false;
            if follows {
                state.server.release_events();
            }
        }
        let state = &mut self.servers[server];
        state.server.refresh(&self.plans.made);
        state.generation = state.generation.wrapping_add(1);
        let generation = state.generation;
        let next = state.server.next_event();
        if next < SimTime::NEVER {
            cx.queue.push(next.max(now), Event::Tick { server, generation });
        }
    }

    /// The load of a server apart from requests.
    pub(crate) fn steady_load(
        &mut self,
        cx: &Context<'_>,
        server: ServerId,
        now: SimTime,
    ) -> Background {
        let state = &self.servers[server];
        let growth = self.ring_growth(cx, server);
        if !matches!(state.life, Life::Serving) {
            return Background { growth, ..Background::default() };
        }
        let serving = self.servers.iter().filter(|s| s.life == Life::Serving).count().max(1);
        let load = Load {
            watches: &state.watches,
            writes: &self.writes,
            let_in: &state.let_in,
            objects: &self.etcd.objects,
            serving,
            held: state.lag.map(|lag| lag.until).filter(|until| now < *until),
        };
        let waits = held::audit_waits(cx.inputs, load, self.audit_out(now));
        let mut background = background::steady_load(cx.inputs, &cx.catalog, load, growth);
        background.held = held::levels(cx.inputs, &cx.catalog, load, waits);
        self.servers[server].audit_waits = waits;
        for found in &mut background.fan_out {
            found.lasts = self.channels_last(cx, found.fleet, server);
            let readers = self.readers(cx, found.fleet, server);
            if let Some(pace) = self.pace(cx, found.fleet, server) {
                found.takes = pace.takes.map(|takes| takes.as_f64() * readers);
                // The channel that the cacher fills is one more than lies behind it.
                let behind = pace.buffered() + pace.size.times(pace.channel);
                found.room = behind.scale(readers);
            }
            found.not_before = self.servers[server].overflowed[found.fleet] + found.lasts;
        }
        background
    }
}
