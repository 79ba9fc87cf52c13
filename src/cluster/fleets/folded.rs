//! Many small fleets as one: as many members, the same watches, as many bytes, as often.

use std::collections::BTreeMap;

use super::{Cluster, Fleet, Read, ReadKind, Selected, Write};
use crate::units::SimSpan;

/// What a resource is taken for of which no size is known.
const UNKNOWN_BYTES: f64 = 1e6;
/// What a watch takes, and a write of an object: to rank fleets.
const WATCH_BYTES: f64 = 20e3;
const WRITE_BYTES: f64 = 2e3;
/// The time over which fleets are ranked.
const SECONDS: f64 = 600.0;

/// The share of a resource that a member of a fleet reads.
fn share(read: &Read, members: f64) -> f64 {
    match read.selected {
        Selected::All => 1.0,
        Selected::OwnNode => 1.0 / members,
        Selected::Share(share) => share,
    }
}

/// Bytes that a fleet costs in ten minutes, about: lists, and what watches and writes take.
pub(super) fn weight(fleet: &Fleet, cluster: &Cluster<'_>) -> f64 {
    let members = f64::from(fleet.members.max(1));
    let known = |key: &String| cluster.bytes.and_then(|bytes| bytes.get(key)).copied();
    let read = |read: &Read| {
        let rounds = match read.kind {
            ReadKind::Poller(period) => (SECONDS / period.as_secs_f64().max(1e-3)).max(1.0),
            ReadKind::Reflector | ReadKind::WatchList => 1.0,
            ReadKind::Watcher => 0.0,
        };
        let bytes = known(&read.resource).unwrap_or(UNKNOWN_BYTES);
        bytes * share(read, members) * rounds + WATCH_BYTES
    };
    let reads: f64 = fleet.reads.iter().map(read).sum();
    let writes: f64 = fleet.writes.iter().map(|write| write.rate * SECONDS * WRITE_BYTES).sum();
    members * (reads + f64::from(fleet.idle_watches) * WATCH_BYTES + writes)
}

/// Reads of one kind of all fleets.
#[derive(Default)]
struct Sum {
    /// Members that watch, or lists per second.
    times: f64,
    /// Of those, the shares of the resource.
    shares: f64,
}

/// Members, reads, writes and further watches of a member that stands for all members of all fleets.
pub(super) fn fold(fleets: &[Fleet]) -> Fleet {
    let all: u32 = fleets.iter().fold(0, |sum, fleet| sum.saturating_add(fleet.members));
    let members = f64::from(all.max(1));
    let mut sums: BTreeMap<(&str, bool), (Sum, &Read)> = BTreeMap::new();
    let (mut watches, mut rates) = (0.0, BTreeMap::<&str, f64>::new());
    for fleet in fleets {
        let own = f64::from(fleet.members.max(1));
        watches += own * f64::from(fleet.idle_watches);
        for read in &fleet.reads {
            let (polls, times) = match read.kind {
                ReadKind::Poller(period) => (true, own / period.as_secs_f64().max(1e-3)),
                ReadKind::Reflector | ReadKind::WatchList | ReadKind::Watcher => (false, own),
            };
            let (sum, _) =
                sums.entry((&read.resource, polls)).or_insert_with(|| (Sum::default(), read));
            sum.times += times;
            sum.shares += times * share(read, own);
        }
        for write in &fleet.writes {
            *rates.entry(&write.resource).or_default() += write.rate * own;
        }
    }
    let reads = sums.into_iter().map(|((_, polls), (sum, read))| {
        let (kind, share) = if polls {
            let period = SimSpan::from_secs_f64(members / sum.times);
            (ReadKind::Poller(period), sum.shares / sum.times)
        } else {
            // One watch is that of the read; where fewer have it, all have a smaller one.
            watches += (sum.times - members).max(0.0);
            (read.kind, sum.shares / members)
        };
        let selected = if share < 1.0 { Selected::Share(share) } else { Selected::All };
        Read { kind, selected, namespace: None, selector: String::new(), ..read.clone() }
    });
    let reads = reads.collect();
    let write = |(resource, rate): (&str, f64)| Write {
        resource: resource.to_owned(),
        rate: rate / members,
    };
    Fleet {
        members: all.max(1),
        reads,
        writes: rates.into_iter().map(write).collect(),
        idle_watches: (watches / members).round() as u32,
        ..Fleet::default()
    }
}
