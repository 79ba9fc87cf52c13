//! The database of etcd against its quota (`--quota-backend-bytes`).
//!
//! The simplest model: it has the objects stored and every revision written since the last compaction but one,
//! for kube-apiserver compacts every five minutes to the revision of five minutes before
//! (`--etcd-compaction-interval`, k8s.io/apiserver `etcd3/compact.go`). Compaction leaves free pages, which the
//! next writes use; the file does not shrink, so the most that was in use decides. When that passes the quota,
//! etcd raises the alarm NOSPACE and refuses every write, compacted or not, until somebody defragments it and
//! disarms the alarm (etcd `server/etcdserver/apply/apply_quota.go`): that is not modelled, nor are deletions,
//! which it lets through. Reads go on.

use crate::model::input::{Inputs, ResourceInput};
use crate::units::{ByteRate, Bytes, SimSpan, SimTime};

/// Between two compactions.
const COMPACTION: SimSpan = SimSpan::secs(300);

/// Bytes of the file for a byte of keys and values: pages that are not full, the tree, old free pages (assumed:
/// 1.1 to 1.5).
pub(crate) const FILE_PER_BYTE: f64 = 1.2;

/// `--quota-backend-bytes` where nothing is said (`DefaultQuotaBytes`, etcd `server/storage/quota.go`).
pub(crate) const DEFAULT_QUOTA: Bytes = Bytes::gib(2);

/// How fast defragmentation copies the file (assumed: 50 to 500 MB/s. 500 MB take less than 5 s, usually less than 1,
/// kubermatic#1935; a large file on a slow disk 10 s, kubernetes#45090).
pub(crate) const DEFRAGMENTED: ByteRate = ByteRate(100_000_000);

/// See the module's documentation.
#[derive(Clone, Debug, Default)]
pub struct Database {
    /// Bytes per second written.
    rate: f64,
    /// Revisions of the window before the last compaction, and since, in bytes.
    before: f64,
    since: f64,
    /// When that was, and when the present window began.
    at: SimTime,
    began: SimTime,
    /// Number of the present plan of what comes next.
    pub(crate) plan: u32,
    /// Since when it takes no writes.
    pub(crate) full_since: Option<SimTime>,
}

impl Database {
    /// Of a scenario whose steady writes have been going on for long; those that are refused are in no revision.
    #[must_use]
    pub fn at_the_start(inputs: &Inputs) -> Self {
        let written = inputs.resource_ids().filter(|id| !inputs.admission_fails(*id));
        let rate = |id| {
            let resource: &ResourceInput = &inputs.resources[id];
            resource.writes_per_second * resource.size.as_f64()
        };
        Self::new(written.map(rate).sum())
    }

    /// Begins with a rate that has been going on for long.
    #[must_use]
    pub fn new(rate: f64) -> Self {
        Self { rate, before: rate * COMPACTION.as_secs_f64(), ..Self::default() }
    }

    /// Passes to an instant, with the compactions until then; from then on so much is written per second.
    pub fn pass(&mut self, now: SimTime, rate: f64) {
        while self.compacts() <= now {
            let at = self.compacts();
            self.since += self.rate * at.since(self.at).as_secs_f64();
            (self.before, self.since, self.at, self.began) = (self.since, 0.0, at, at);
        }
        self.since += self.rate * now.since(self.at).as_secs_f64();
        (self.at, self.rate) = (now, rate);
    }

    /// Bytes of its file for so many bytes of objects.
    #[must_use]
    pub fn file(&self, objects: Bytes) -> Bytes {
        (objects + Bytes((self.before + self.since) as u64)).scale(FILE_PER_BYTE)
    }

    /// When it compacts next.
    fn compacts(&self) -> SimTime {
        self.began + COMPACTION
    }

    /// When the file comes to the quota, or else the next compaction.
    #[must_use]
    pub fn next(&self, objects: Bytes, quota: Bytes) -> SimTime {
        let room = (quota - self.file(objects)).as_f64() / FILE_PER_BYTE;
        let until = if self.rate > 0.0 { room / self.rate } else { f64::INFINITY };
        // A byte more, so that it is past the quota then.
        let full = self.at + SimSpan::from_secs_f64(until.min(1e9)) + SimSpan::millis(1);
        full.min(self.compacts())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + SimSpan::secs(seconds)
    }

    #[test]
    fn revisions_are_kept_for_five_to_ten_minutes() {
        let mut database = Database::new(1e6);
        let revisions = |database: &Database| database.file(Bytes::ZERO).as_f64() / FILE_PER_BYTE;
        assert!((revisions(&database) - 300e6).abs() < 10.0);
        database.pass(at(299), 1e6);
        assert!((revisions(&database) - 599e6).abs() < 10.0);
        database.pass(at(301), 0.0);
        assert!((revisions(&database) - 301e6).abs() < 10.0);
        database.pass(at(901), 0.0);
        assert!(revisions(&database).abs() < 10.0);
    }

    #[test]
    fn the_quota_is_met_before_the_next_compaction_or_not_at_all() {
        let mut database = Database::new(0.0);
        database.pass(at(10), 10e6);
        let full = |quota| database.next(Bytes(1_000_000_000), Bytes(quota)).as_secs_f64();
        assert!((full(2_400_000_000) - 110.0).abs() < 0.1);
        assert!((full(8_000_000_000) - 300.0).abs() < 0.5);
    }
}
