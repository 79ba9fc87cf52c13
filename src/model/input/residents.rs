//! What etcd takes of the memory of a server's node, where the scenario does not state it.
//!
//! - **Its file** is mapped, and what has been read of it stays in memory, up to half of the node ([`FILE_MOST`]).
//! - **Its heap** holds the last entries of the raft log, which slow followers would need (`raft.MemoryStorage`;
//!   etcd keeps 5,000 behind a snapshot and takes one every `--snapshot-count` entries: 10,000, and 100,000 before
//!   3.6), and an index entry for each key. A range is held twice while it is answered: the values, copied out of
//!   the file, and the marshalled message (`rangeKeys`, `server/storage/mvcc/kvstore_txn.go`). A server that
//!   starts reads all collections at once, each in pages of 10,000 keys.
//! - **Garbage**: Go collects at twice what is live, so the heap ends between that and what is live.
//!
//! What is stored, and logged, changes in a run: `plane/residents.rs`. What it then has, it keeps for minutes. Against 27 measured starts with 12 to 400 MB: 2 % too high in the mean of
//! blobs of 1 MB, 5 to 90 % elsewhere; twice as high where 20,000 Pods were read in two pages by 1.28 and 1.32.

use super::{Inputs, NodeInput};
use crate::units::Bytes;

/// An etcd that stores nothing, in 10^6 bytes: what the measured ones take besides.
const ETCD_EMPTY: Bytes = Bytes(50_000_000);

/// Pages of the file for a byte stored, where nothing was deleted (measured: 1.04).
const MAPPED: f64 = 1.1;

/// How often a range is in memory while it is answered.
const RANGE_COPIES: f64 = 2.0;

/// Heap for a byte that is live, of 1 to 2. (Five clients that list 1 GB each take etcd to 19.1 GiB, 1.9 for each of
/// two copies: etcd-io/etcd#19766; measured starts 1.0 to 1.7.)
const HEAP: f64 = 1.75;

/// What etcd takes for ranges that it reads, in multiples of the stored bytes.
pub(crate) const ETCD_READ_WHOLE: f64 = RANGE_COPIES * HEAP;

/// An entry of the index: `keyIndex`, key, generations (assumed: 200 to 400 B).
const INDEX_ENTRY: Bytes = Bytes(250);

/// Keys in a page of a server's own list (`storageWatchListPageSize`, k8s.io/apiserver `cacher.go`).
const PAGE: u64 = 10_000;

/// What is set aside for it at least: a database holds older revisions and free pages, too.
const ETCD_LEAST: Bytes = Bytes::gib(1);

/// Share of the node that its file is assumed to fill it up to: the kernel takes the pages of the file back before it
/// kills. (Its heap it cannot take.)
const FILE_MOST: f64 = 0.5;

/// What is stored, by resource: objects and the mean size of each.
type Stored<'s> = &'s mut dyn Iterator<Item = (u64, Bytes)>;

/// What etcd takes that stores this and has so much of it in its raft log: while it reads nothing, and after all
/// has been read by a server that starts.
fn etcd_with(stored: Stored<'_>, logged: Bytes, node: Bytes) -> (Bytes, Bytes) {
    let (mut all, mut index, mut read) = (Bytes::ZERO, Bytes::ZERO, Bytes::ZERO);
    for (count, size) in stored {
        all += size.times(count);
        index += INDEX_ENTRY.times(count);
        read += size.times(count.min(PAGE));
    }
    let heap = ETCD_EMPTY + (logged + index).scale(HEAP);
    let idle = heap + all.scale(MAPPED).min(node.scale(FILE_MOST) - heap);
    (idle, idle + read.scale(ETCD_READ_WHOLE))
}

impl NodeInput {
    /// RAM that is set aside for etcd on a node of so much memory: what is stated, or what it takes for resources
    /// of so many objects and bytes each, of which the last 10,000 are in its log.
    #[must_use]
    pub fn etcd_memory(
        stated: Option<Bytes>,
        stored: impl Iterator<Item = (u64, Bytes)>,
        node: Bytes,
    ) -> Bytes {
        stated.unwrap_or_else(|| {
            let stored: Vec<(u64, Bytes)> = stored.collect();
            let logged = stored.iter().map(|(count, size)| size.times((*count).min(PAGE))).sum();
            etcd_with(&mut stored.into_iter(), logged, node).1.max(ETCD_LEAST)
        })
    }
}

impl Inputs {
    /// RAM of etcd for what is stored at the start: while it has read nothing yet, and after a server has started
    /// beside it. What is stated counts as both; nothing: it runs elsewhere.
    #[must_use]
    pub fn etcd_takes(&self) -> (Bytes, Bytes) {
        let [(_, before), (_, written)] = self.raft_log();
        let counts = self.resources.iter().map(|resource| resource.count);
        self.etcd_takes_for(counts, Bytes((written + before).round() as u64))
    }

    /// The same for so many objects of each resource, and so much of them in the raft log.
    pub(crate) fn etcd_takes_for(
        &self,
        counts: impl Iterator<Item = u64>,
        logged: Bytes,
    ) -> (Bytes, Bytes) {
        if let Some(stated) = self.node.etcd_memory {
            return (stated, stated);
        }
        let sizes = self.resources.iter().map(|resource| resource.size);
        etcd_with(&mut counts.zip(sizes), logged, self.node.memory)
    }

    /// RAM that is set aside for etcd on each server's node.
    #[must_use]
    pub fn etcd_memory(&self) -> Bytes {
        self.etcd_memory_for(self.etcd_takes().1)
    }

    /// The same where it takes so much after a server has started beside it.
    pub(crate) fn etcd_memory_for(&self, taken: Bytes) -> Bytes {
        self.node.etcd_memory.unwrap_or(taken.max(ETCD_LEAST))
    }

    /// The last entries of the raft log at the start, and their bytes: of each object once, and after these the
    /// writes until then.
    pub(crate) fn raft_log(&self) -> [(f64, f64); 2] {
        let most = f64::from(self.release.etcd_raft_entries);
        let of = |count: &dyn Fn(&super::ResourceInput) -> f64, most: f64| {
            let (entries, bytes) =
                self.resources.iter().fold((0.0, 0.0), |(entries, bytes), one| {
                    (entries + count(one), bytes + count(one) * one.size.as_f64())
                });
            let share = if entries > most { most / entries } else { 1.0 };
            (entries * share, bytes * share)
        };
        let up = self.apiserver.up_for.as_secs_f64();
        let written = of(&|one| one.writes_per_second * up, most);
        [of(&|one| one.count as f64, most - written.0), written]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: fn(u64) -> Bytes = |n| Bytes(n * 1_000_000);

    /// Resident sets of etcd 3.6 beside measured servers that had started: objects, size, in 10^6 bytes. Of two
    /// Kubernetes releases the higher.
    #[test]
    fn etcd_is_as_measured_or_larger() {
        for (count, size, measured) in [
            (400, 1_000_200, 2_524), // kep3157-1.34-json-rv0-2
            (400, 1_000_200, 2_176), // kep3157-1.34-json-rvunset-4
            (20_000, 6_147, 483),    // pods-20000x5k-1.34-json-rv0-16
            (10_000, 10_270, 380),   // pages500-configmaps-10000x10k-1.34-16
            (3_000, 40_270, 530),    // configmaps-3000x40k-1.32-json-rv0-12
            (5_000, 17_487, 408),    // crs-5000x20k-1.34-json-watchlist-16
            (1_000, 100_269, 462),   // loop10-configmaps-1000x100k-1.32
            (6_000, 16_034, 437),    // pods-6000x15k-1.36-proto-rv0-24
            (2_000, 6_147, 94),      // many200-pods-2000x5k-1.34
        ] {
            let logged = Bytes(size).times(count.min(10_000));
            let (_, taken) = etcd_with(&mut [(count, Bytes(size))].into_iter(), logged, MB(24_000));
            let ratio = taken.as_f64() / MB(measured).as_f64();
            assert!((0.97..1.9).contains(&ratio), "{count} x {size}: {taken} of {measured} MB");
        }
        let mixed = [(8_000, Bytes(6_147)), (4_000, Bytes(10_270)), (1_500, Bytes(17_487))];
        let (_, taken) = etcd_with(&mut mixed.into_iter(), MB(87), MB(24_000));
        assert!(taken > MB(438) && taken < MB(800), "{taken}"); // mixed-1.32
    }

    #[test]
    fn what_is_set_aside_is_stated_or_has_bounds() {
        let node = Bytes::gib(16);
        let set_aside = |stated, stored: &[(u64, Bytes)]| {
            NodeInput::etcd_memory(stated, stored.iter().copied(), node)
        };
        assert_eq!(set_aside(Some(Bytes::ZERO), &[(400, MB(1))]), Bytes::ZERO);
        assert_eq!(set_aside(None, &[]), ETCD_LEAST);
        // Its file fills half of the node at most; its heap, here the whole log and a start, all that it needs.
        let all_in_the_log = set_aside(None, &[(9_000, MB(1))]);
        assert!(all_in_the_log > Bytes::gib(40), "{all_in_the_log}");
        let (idle, _) = etcd_with(&mut [(9_000, MB(1))].into_iter(), MB(100), node);
        assert_eq!(idle, Bytes::gib(8));
    }
}
