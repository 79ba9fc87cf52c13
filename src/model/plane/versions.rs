//! What versions the caches of a server have come to, and caches that do not follow etcd.

use crate::model::context::Context;
use crate::model::ids::{ResourceId, ServerId};
use crate::model::plane::Plane;
use crate::units::{SimSpan, SimTime};

/// etcd lengthens the interval of progress notifications by up to so much of it, for each watcher
/// (docs/facts/watch-cache.md section 4.1).
const PROGRESS_JITTER: f64 = 0.1;

/// The caches of a server that do not follow etcd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// The version that they stopped at.
    pub version: SimTime,
    /// When they have caught up.
    pub until: SimTime,
}

impl Plane {
    /// The version of a server's cache of a resource.
    pub(crate) fn cache_version(
        &self,
        cx: &Context<'_>,
        server: ServerId,
        resource: ResourceId,
        at: SimTime,
    ) -> SimTime {
        let period = cx.inputs.etcd.progress_notify_interval;
        let entity = u64::from(server) << 32 | u64::from(resource);
        let mut luck = cx.streams.stream("progress notify", entity);
        let period = (period + period.scale(PROGRESS_JITTER * luck.uniform())).max(SimSpan(1));
        let phase = period.scale(luck.uniform());
        let notified = at - SimSpan((at + phase).0 % period.0);
        let rate = self.flows.usual_rate(resource);
        let written = if rate > 0.0 {
            let events = (at.as_secs_f64() * rate).floor();
            SimTime::ZERO + SimSpan::from_secs_f64(events / rate)
        } else {
            SimTime::ZERO
        };
        let listed = self.servers[server].listed_at[resource];
        notified.max(written).max(listed.min(at)).min(at)
    }

    /// The caches of a server stop following etcd.
    pub(crate) fn begin_lag(
        &mut self,
        server: ServerId,
        lasts: SimSpan,
        behind: SimSpan,
        now: SimTime,
    ) {
        let lag = Lag { version: now - behind, until: now + lasts };
        let state = &mut self.servers[server];
        state.lag = Some(lag);
        state.background_stale = true;
        self.touch(server);
    }

    /// At which version a server's caches have stopped, if they do not follow etcd.
    pub(crate) fn lags(&self, server: ServerId, now: SimTime) -> Option<SimTime> {
        let lag = self.servers[server].lag?;
        (now < lag.until).then_some(lag.version)
    }
}
