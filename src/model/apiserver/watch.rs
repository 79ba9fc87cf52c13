//! Where a WATCH's and a watch-list's memory comes from.
//!
//! A watch-list is not constant memory per watcher (docs/facts/memory.md section 1.9,
//! docs/facts/watch-cache.md sections 3 and 7 G, H): up to 1.36 it builds an interval of every
//! object of the resource first; each initial event is a deep copy; up to a channel's worth of copies waits for
//! the client; the encoder keeps a buffer of a few of the largest objects.

use super::plan::{Phase, RampKind, RequestPlan, Stage, Step};
use crate::engine::fluid::Demand;
use crate::model::costs;
use crate::model::input::{Encoding, Hardware, ReadInput};
use crate::model::memory::ledger::OwnerId;
use crate::model::objects::ObjectProfile;
use crate::model::release::Release;
use crate::model::watchcache::capacity::LEAST_CHANNEL;
use crate::results::Mechanism;
use crate::units::{ByteRate, Bytes, SimSpan};

/// Encoder buffers kept by a watch, in items (2 to 4 times the largest).
const ENCODER_ITEMS: u64 = 3;

/// Resident bytes of an open, idle watch.
pub const IDLE_WATCH: Bytes = Bytes(costs::WATCH_HEAP.0 + costs::WATCH_STACK.0);

/// The plan of a watch-list up to the bookmark that ends its initial events, and of the `idle`
/// watches besides that its client opens then; what it holds at the end is idle watches. Copies that
/// wait for the client fill the watcher's `channel` (measured at the smallest ring, where it takes
/// 10: about 10 copies of 1 MB).
#[must_use]
#[expect(clippy::too_many_arguments, reason = "each is one independent fact")]
pub fn watch_list_plan(
    release: &Release,
    hardware: &Hardware,
    profile: &ObjectProfile,
    read: &ReadInput,
    (stored, channel): (u64, u64),
    (drain_rate, decode_rate): (Option<ByteRate>, Option<ByteRate>),
    idle: Opening,
    owner: OwnerId,
) -> RequestPlan {
    let items = selected(stored, read.selected);
    let item = super::list::item_bytes(profile, read.encoding);
    let body = item.times(items);
    let entry = owner.entry(Mechanism::InitialEvents);
    let (build, slot) = if release.watch_interval_copies_list {
        (OLD_INTERVAL, costs::WATCH_LIST_INTERVAL + costs::WATCH_LIST_ATTRIBUTES)
    } else if release.lazy_watch_list_interval {
        (INTERVAL, costs::WATCH_LIST_INTERVAL_LAZY)
    } else {
        (INTERVAL, costs::WATCH_LIST_INTERVAL)
    };
    let interval = Bytes(slot).times(stored);
    let queued = if release.watch_list_proof_of_concept { 0 } else { channel.min(items) };
    let waiting = profile.event_copy.times(queued);
    // The first of them at once, the rest by and by.
    let first = profile.event_copy.times(queued.min(LEAST_CHANNEL));
    let encoder = item.times(ENCODER_ITEMS.min(items));
    let set_up = Phase::cpu(
        Stage::Working,
        costs::REQUEST_BASE + costs::WATCH_OPEN + build.of(stored, Bytes::ZERO),
    )
    .ramp(RampKind::Take, entry, interval + (waiting - first));

    let gzip = read.gzip && release.watch_list_compression && read.encoding != Encoding::Table;
    let ratio = if read.encoding == Encoding::Protobuf {
        profile.gzip_ratio.1
    } else {
        profile.gzip_ratio.0
    };
    let wire = if gzip { body.scale(ratio) } else { body };
    let mut cpu = initial_events(profile, read.encoding, items) + costs::WRITE.of(0, wire);
    if gzip {
        cpu += costs::GZIP.of(0, body);
    }
    let mut floor = SimSpan::ZERO;
    if let Some(rate) = drain_rate {
        cpu += costs::WRITE_SLOWLY.of(0, wire);
        floor = rate.time_for(wire - costs::CLIENT_WINDOW);
    }
    if let Some(rate) = decode_rate {
        // Events are decoded as they come: a slow decoder is a slow reader (docs/facts/clients.md 1.6).
        floor = floor.max(rate.time_for(body - costs::CLIENT_WINDOW));
    }
    let mut send = Phase::cpu(Stage::Streaming, cpu)
        .at_start(Step::Take(entry, first + encoder))
        .ramp(RampKind::Litter, entry, profile.event_garbage.times(items))
        .at_end(Step::Drop(entry, interval + waiting + encoder))
        .at_end(Step::Take(owner.entry(Mechanism::WatchStream), IDLE_WATCH))
        .at_end(Step::Litter(entry, costs::REQUEST_GARBAGE));
    send.demand = Demand { cpu, wire, floor };
    if gzip {
        let writer = owner.entry(Mechanism::Gzip);
        send = send
            .at_start(Step::Take(writer, costs::GZIP_WRITER))
            .at_end(Step::Drop(writer, costs::GZIP_WRITER));
    }
    let mut phases = vec![set_up, send];
    phases.extend(idle.lists(owner));
    if idle.watches > 0 {
        phases.push(open(idle.watches, costs::WATCH_OPEN.times(idle.watches), owner));
    }
    let mut plan = RequestPlan { phases };
    plan.scale_cpu(hardware.cpu_speed);
    plan
}

/// Building the interval of a watch-list and going over it, CPU time per object of the resource, 400 to
/// 700 ns. (Measured on 2,000 watches over 10,000 objects: 7.6 ms per watch beside the collector's work,
/// of which opening it and its connection take 3.)
const INTERVAL: costs::Cost = costs::Cost { per_byte: 0.0, per_object: 460.0 };

/// The same up to 1.32, with a map of fields per object, 600 to 1,000 ns (measured there: 9.8 ms).
const OLD_INTERVAL: costs::Cost = costs::Cost { per_byte: 0.0, per_object: 680.0 };

/// What a watch that began with the `stored` objects of its resource keeps of their interval until it
/// ends, beside [`IDLE_WATCH`].
#[must_use]
pub fn kept_interval(release: &Release, stored: u64) -> Bytes {
    if release.watch_interval_copies_list { KEPT_SLOTS.times(stored) } else { Bytes::ZERO }
}

/// Per object: an interface slot of the copied list and a pointer slot of the interval (measured 11 to
/// 27 B: what each of 2,000 watches on 10,000 objects adds to the marked heap on 1.32 and not on
/// 1.36, by least squares over the collections of `watchers2000-configmaps-10000x10k`).
const KEPT_SLOTS: Bytes = Bytes(16 + 8);

/// Copying and encoding so many initial events, each alone.
fn initial_events(profile: &ObjectProfile, encoding: Encoding, items: u64) -> SimSpan {
    let body = super::list::item_bytes(profile, encoding).times(items);
    let copies = match profile.protobuf {
        None => costs::DEEP_COPY_CUSTOM.of(items, body),
        Some(_) => SimSpan::ZERO,
    };
    let encode = match (encoding, profile.protobuf) {
        (Encoding::Protobuf, Some(_)) => {
            costs::WATCH_LIST_EVENT_PROTOBUF.of(items, body)
                + profile.encode_protobuf.of(items, body)
        }
        _ => costs::WATCH_LIST_EVENT.of(items, body) + profile.encode_json.of(items, body),
    };
    copies + encode
}

/// What a member opens at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    /// Watches.
    pub watches: u64,
    /// Those of them that list first: each a small LIST, of an object or so.
    pub relists: u64,
    /// Connections that it dials for them.
    pub handshakes: u64,
}

impl Opening {
    /// The LISTs before the watches.
    fn lists(self, owner: OwnerId) -> Option<Phase> {
        (self.relists > 0).then(|| {
            let entry = owner.entry(Mechanism::WatchStream);
            let garbage = costs::REQUEST_GARBAGE.times(self.relists);
            Phase::cpu(Stage::Working, costs::REQUEST_BASE.times(self.relists)).ramp(
                RampKind::Litter,
                entry,
                garbage,
            )
        })
    }
}

/// The plan of opening watches at a resource version.
#[must_use]
pub fn watch_plan(hardware: &Hardware, opening: Opening, owner: OwnerId) -> RequestPlan {
    let cpu =
        costs::WATCH_OPEN.times(opening.watches) + costs::TLS_HANDSHAKE.times(opening.handshakes);
    let mut phases: Vec<Phase> = opening.lists(owner).into_iter().collect();
    phases.push(open(opening.watches, cpu, owner));
    let mut plan = RequestPlan { phases };
    plan.scale_cpu(hardware.cpu_speed);
    plan
}

fn open(watches: u64, cpu: SimSpan, owner: OwnerId) -> Phase {
    let entry = owner.entry(Mechanism::WatchStream);
    Phase::cpu(Stage::Working, cpu).ramp(RampKind::Take, entry, IDLE_WATCH.times(watches)).ramp(
        RampKind::Litter,
        entry,
        costs::WATCH_OPEN_GARBAGE.times(watches),
    )
}

/// Events that a watch is given, to three significant bits, so that few plans do for all watches.
#[must_use]
pub fn rounded_events(events: u64) -> u64 {
    const KEPT_BITS: u32 = 3;
    let shift = (u64::BITS - events.leading_zeros()).saturating_sub(KEPT_BITS);
    let half = if shift > 0 { 1 << (shift - 1) } else { 0 };
    (events.saturating_add(half) >> shift) << shift
}

/// Giving a watch the events that it has missed, from the ring: each is copied and encoded for it
/// alone, as the initial events of a watch-list are (docs/facts/watch-cache.md section 2.3), and up to a
/// channel's worth of copies waits for the client.
#[must_use]
pub fn replay(
    profile: &ObjectProfile,
    encoding: Encoding,
    (events, channel): (u64, u64),
    cpu_speed: f64,
    owner: OwnerId,
) -> Phase {
    let entry = owner.entry(Mechanism::InitialEvents);
    let bytes = super::list::item_bytes(profile, encoding).times(events);
    let cpu = initial_events(profile, encoding, events) + costs::WRITE.of(0, bytes);
    let waiting = profile.event_copy.times(channel.min(events));
    let mut phase = Phase::cpu(Stage::Streaming, cpu.scale(1.0 / cpu_speed))
        .ramp(RampKind::Take, entry, waiting)
        .ramp(RampKind::Litter, entry, profile.event_garbage.times(events) + bytes)
        .at_end(Step::Drop(entry, waiting));
    phase.demand.wire = bytes;
    phase
}

/// How many of `count` objects a selector matches: at least one where anything is stored.
#[must_use]
pub fn selected(count: u64, share: f64) -> u64 {
    if share >= 1.0 {
        return count;
    }
    ((count as f64 * share).ceil() as u64).max(1).min(count)
}
