//! How events come to the watchers of a fleet, and how fast these take them.

use crate::model::apiserver::list::item_bytes;
use crate::model::context::Context;
use crate::model::costs::CLIENT_WINDOW;
use crate::model::ids::{FleetId, ResourceId, ServerId};
use crate::model::input::{Behaviour, ReadInput};
use crate::model::plane::Plane;
use crate::model::watchcache::capacity::{LEAST_CHANNEL, channel_size, watcher_index};
use crate::units::{ByteRate, Bytes, SimSpan};

/// How events come to a watcher of a fleet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Events per second that its channel gets.
    pub(crate) queued: f64,
    /// Events per second that match.
    pub(crate) matching: f64,
    /// Bytes of an event.
    pub(crate) size: Bytes,
    /// Bytes per second that the client takes; `None`: all.
    pub(crate) takes: Option<ByteRate>,
    /// Events that its channel holds.
    pub(crate) channel: u64,
}

impl Pace {
    /// How long the channel takes to fill when nothing is taken out of it.
    pub(crate) fn fills_in(&self) -> Option<SimSpan> {
        (self.queued > 0.0).then(|| SimSpan::from_secs_f64(self.channel as f64 / self.queued))
    }

    /// What lies between the channel and the client's decoder.
    pub(crate) fn buffered(&self) -> Bytes {
        CLIENT_WINDOW + self.size.times(self.channel)
    }

    /// Events that are taken in a span.
    pub(crate) fn taken_in(&self, span: SimSpan) -> f64 {
        let rate = self.takes.map_or(f64::INFINITY, ByteRate::as_f64);
        rate * span.as_secs_f64() / self.size.as_f64().max(1.0)
    }

    /// How long a watcher that keeps up with nothing else to do lasts; `None`: forever.
    pub(crate) fn lasts(&self) -> Option<SimSpan> {
        let takes = self.takes?.as_f64();
        let comes = self.matching * self.size.as_f64();
        let room = self.buffered().as_f64()
            + self.size.as_f64() * self.channel as f64 * (self.matching / self.queued.max(1e-9));
        (comes > takes).then(|| SimSpan::from_secs_f64(room / (comes - takes)))
    }

    /// How many of the missed events a watch can give before its channel overflows.
    pub(crate) fn given(&self, missed: u64) -> u64 {
        let Some(takes) = self.takes else { return missed };
        let at_once = self.buffered().as_f64() / self.size.as_f64().max(1.0);
        let later = self.fills_in().map_or(f64::INFINITY, |fills| self.taken_in(fills));
        if takes.as_f64() <= 0.0 { missed } else { missed.min((at_once + later) as u64) }
    }
}

impl Plane {
    /// How many events the channel of a watch holds that is opened now (docs/facts/watch-cache.md section
    /// 3): by the capacity that the ring has.
    pub(crate) fn channel_of(
        &self,
        cx: &Context<'_>,
        server: ServerId,
        resource: ResourceId,
        read: Option<&ReadInput>,
    ) -> u64 {
        let Some(cacher) = &self.servers[server].cachers[resource] else { return LEAST_CHANNEL };
        let ring = cacher.ring();
        let indexed = watcher_index(&cx.inputs.resources[resource].name).is_some();
        let triggered = indexed && read.is_some_and(|read| read.selector);
        channel_size(ring.capacity(), ring.worth_keeping(), indexed, triggered)
    }

    /// How far behind a server may be with the events of a fleet until its watchers' channels are full:
    /// the one that the cacher fills and the one of results, as long (docs/facts/watch-cache.md section 3).
    pub(crate) fn channels_last(
        &self,
        cx: &Context<'_>,
        fleet: FleetId,
        server: ServerId,
    ) -> SimSpan {
        let resource = cx.inputs.fleets[fleet].resource();
        let (queued, channel) = match self.pace(cx, fleet, server) {
            Some(pace) => (pace.queued, pace.channel),
            None => (self.writes[resource], self.channel_of(cx, server, resource, None)),
        };
        SimSpan::from_secs_f64((2 * channel) as f64 / queued.max(1e-9))
    }

    /// Watches of a fleet on a server that are on the resource it reads: one for each member.
    pub(crate) fn readers(&self, cx: &Context<'_>, fleet: FleetId, server: ServerId) -> f64 {
        let watches = self.servers[server].watches[fleet];
        watches as f64 / f64::from(1 + cx.inputs.fleets[fleet].idle_watches)
    }

    /// How events come to a fleet's watchers on a server; `None`: its members watch nothing.
    pub(crate) fn pace(&self, cx: &Context<'_>, fleet: FleetId, server: ServerId) -> Option<Pace> {
        let spec = &cx.inputs.fleets[fleet];
        let (read, size) = match &spec.behaviour {
            Behaviour::Reflector { read, .. } => {
                let profile = &cx.catalog.profiles[spec.resource()];
                (Some(read), item_bytes(profile, read.encoding))
            }
            Behaviour::Watcher { .. } => (None, cx.catalog.profiles[spec.resource()].json),
            Behaviour::Lister { .. } => return None,
        };
        let resource = spec.resource();
        let writes = self.writes[resource];
        let indexed = watcher_index(&cx.inputs.resources[resource].name).is_some();
        let matching = writes * read.map_or(1.0, |read| read.selected);
        let takes = match (spec.drain_rate, spec.decode_rate) {
            (Some(drain), Some(decode)) => Some(drain.min(decode)),
            (drain, decode) => drain.or(decode),
        };
        Some(Pace {
            queued: if indexed && read.is_some_and(|read| read.selector) {
                matching
            } else {
                writes
            },
            matching,
            size,
            takes,
            channel: self.channel_of(cx, server, resource, read),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{ByteRate, Bytes, Pace};

    #[test]
    fn a_slow_watcher_is_given_what_fits_and_what_it_takes_meanwhile() {
        // Events of 1 MiB: 4 in the window and 100 in the channel, which fills in 10 seconds.
        let given = |takes: Option<u64>, missed| {
            let (queued, size) = (10.0, Bytes::mib(1));
            let takes = takes.map(|mib| ByteRate(mib << 20));
            Pace { queued, matching: queued, size, takes, channel: 100 }.given(missed)
        };
        assert_eq!(given(Some(1), 1_000), 114);
        assert_eq!(given(Some(1), 50), 50);
        assert_eq!(given(None, 1_000), 1_000, "it takes all");
        assert_eq!(given(Some(0), 1_000), 1_000, "it never reads");
    }
}
