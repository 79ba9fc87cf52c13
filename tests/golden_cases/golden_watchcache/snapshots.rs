//! Snapshots of a cache's contents by resource version, from 1.34 on (`storeSnapshotter`), as the
//! recordings have them. The model charges each event of the ring for one, and takes it that a list
//! at an exact version finds it.

use std::collections::BTreeMap;

use oomcast::model::watchcache::{Revision, WatchCache};

/// The numbers of objects in the snapshots held, by resource version.
#[derive(Debug, Default)]
pub(crate) struct Snapshots {
    taken: BTreeMap<u64, u64>,
    /// After a mismatch none are kept until the consistency checker finds the cache consistent again.
    suspended: bool,
}

impl Snapshots {
    pub(crate) fn len(&self) -> u64 {
        self.taken.len() as u64
    }

    /// The cache has taken in an event.
    pub(crate) fn event(&mut self, cache: &WatchCache) {
        self.add(cache);
        // An event that leaves the ring full drops what is older than the ring.
        let full = cache.ring().is_full() && !self.suspended;
        if let Some(oldest) = cache.ring().oldest().filter(|_| full) {
            self.compact(oldest);
        }
    }

    /// The cache's contents have been replaced.
    pub(crate) fn relist(&mut self, cache: &WatchCache) {
        self.taken.clear();
        self.add(cache);
    }

    /// One of the same resource version is replaced.
    fn add(&mut self, cache: &WatchCache) {
        if !self.suspended {
            self.taken.split_off(&cache.revision().0);
            self.taken.insert(cache.revision().0, cache.objects());
        }
    }

    /// Drops those older than `revision`; also when etcd has compacted up to it.
    pub(crate) fn compact(&mut self, revision: Revision) {
        self.taken = self.taken.split_off(&revision.0);
    }

    /// What the consistency checker found (`MarkConsistent`).
    pub(crate) fn mark_consistent(&mut self, consistent: bool) {
        self.suspended = !consistent;
        if !consistent {
            self.taken.clear();
        }
    }

    /// Objects in the newest that is not newer than `asked`; without one, 410 Gone from the cache, so
    /// the server asks etcd.
    pub(crate) fn exact(&self, asked: Revision) -> Result<u64, String> {
        let newest = self.taken.range(..=asked.0).next_back();
        newest.map(|(_, objects)| *objects).ok_or(format!("too old resource version: {}", asked.0))
    }
}
