//! A `sync.Pool` of encode buffers: one per P, and what all Ps share.
//!
//! The rules of Go's `sync/pool.go`, as far as a buffer's fate depends on them:
//!
//! - `Put` fills the private slot of its P; if that is taken, the buffer goes to a list from which every P
//!   may take (`poolLocal.private`, `shared`).
//! - `Get` tries its own private slot, then the shared lists, then what the last collection left in the same
//!   two places. It never finds what lies in the private slot of another P, so lists that run one after the
//!   other on several Ps each fill a buffer of their own.
//! - A collection makes all of it the victim cache, and drops the victims of the one before (`poolCleanup`).
//! - What is encoded between two collections, however small, takes a buffer from its P in this order and puts
//!   it back: a victim is no victim any more. Every write does (`json.Marshal` in `BuildManagerIdentifier`,
//!   apimachinery `pkg/util/managedfields/internal`). So servers that are written to keep what a large list
//!   left, those of a laboratory lose it with the second collection.
//!
//! Which P runs a goroutine is drawn, uniformly among the Ps in play: one that runs for longer than 10 ms is
//! preempted and goes on wherever a P is free (`forcePreemptNS`, Go `runtime/proc.go`). As many Ps are in play
//! as there are processors, and one more that is handed over: idle Ps are a stack, of which the last one is
//! taken first (`pidleget`); a collection, which marks on every P, leaves them in another order. Never more than
//! `MOST_IN_PLAY`. Not told apart: the order in which the shared lists of other Ps are tried.
//!
//! On one P and on two it is not drawn but known from measured runs: of lists one after the other, as many fill
//! a buffer as there are Ps; twice as many where objects have fields that call `json.Marshal` themselves
//! (`IntOrString`), whose small buffers take the place of large ones (of lists of Pods, four at a time, three
//! of the second four fill new buffers). More Ps follow from the rules above.

use super::ledger::EntryId;
use crate::engine::Stream;

/// A buffer in the pool: its entry and its capacity in bytes. `None`: that of a small value, too small to
/// count, which a list must grow as if it had found nothing.
type Pooled = Option<(EntryId, u64)>;

/// Ps up to which it was measured how many buffers there are.
const MEASURED_PROCS: u64 = 2;

/// Ps in play at most (assumed, 4 to 16: the stack of idle Ps keeps them few on large machines. The list
/// benchmark of KEP-5116 on 32 processors leaves no room for all, kubernetes#114276 none for fewer.)
pub(crate) const MOST_IN_PLAY: u64 = 8;

/// What one generation of the pool holds.
#[derive(Clone, Debug, Default)]
struct Slots {
    /// By P, as far as any was filled.
    private: Vec<Option<Pooled>>,
    shared: Vec<Pooled>,
}

impl Slots {
    fn len(&self) -> usize {
        self.private.iter().flatten().count() + self.shared.len()
    }

    /// One of any P.
    fn any(&mut self) -> Option<Pooled> {
        self.shared.pop().or_else(|| self.private.iter_mut().find_map(Option::take))
    }

    fn take(&mut self, p: usize) -> Option<Pooled> {
        self.private.get_mut(p).and_then(Option::take).or_else(|| self.shared.pop())
    }
}

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct SyncPool {
    /// GOMAXPROCS.
    procs: u64,
    /// Ps in play: so many, from `first` on.
    in_play: u64,
    first: u64,
    local: Slots,
    victim: Slots,
    draws: Stream,
}

impl SyncPool {
    /// An empty pool of a process with GOMAXPROCS `procs` on so many processors; `draws` says which P runs
    /// what.
    #[must_use]
    pub fn new(procs: f64, processors: f64, draws: Stream) -> Self {
        let procs = procs.ceil().max(1.0) as u64;
        let in_play = procs.min(processors.ceil() as u64 + 1).min(MOST_IN_PLAY);
        let (local, victim) = (Slots::default(), Slots::default());
        Self { procs, in_play, first: 0, local, victim, draws }
    }

    /// The empty pool of the process that follows this one.
    #[must_use]
    pub fn of_next_process(&self) -> Self {
        let mut next = self.clone();
        next.clear();
        next
    }

    /// Lets other draws decide which P runs what.
    pub fn draw_from(&mut self, draws: Stream) {
        self.draws = draws;
    }

    /// Empties it: the process died.
    pub fn clear(&mut self) {
        self.local = Slots::default();
        self.victim = Slots::default();
    }

    fn a_p(&mut self) -> usize {
        ((self.first + self.draws.below(self.in_play)) % self.procs) as usize
    }

    fn get_on(&mut self, p: usize) -> Option<Pooled> {
        self.local.take(p).or_else(|| self.victim.take(p))
    }

    fn put_on(&mut self, p: usize, buffer: Pooled) {
        let private = &mut self.local.private;
        if private.len() <= p {
            private.resize(p + 1, None);
        }
        match &mut private[p] {
            Some(_) => self.local.shared.push(buffer),
            free => *free = Some(buffer),
        }
    }

    /// The buffer that a list begins with: `None` if it must grow one. `nested`: its objects have fields
    /// that call `json.Marshal` themselves, which leaves some buffer, small or large, in the private slot of
    /// the P.
    pub fn get(&mut self, nested: bool) -> Option<(EntryId, u64)> {
        if self.in_play <= MEASURED_PROCS {
            let filled = self.in_play as usize * if nested { 2 } else { 1 };
            if self.local.len() + self.victim.len() < filled {
                return None;
            }
            return self.local.any().or_else(|| self.victim.any()).flatten();
        }
        let p = self.a_p();
        let found = self.get_on(p).flatten();
        if nested {
            let inner = self.get_on(p).flatten();
            self.put_on(p, inner);
        }
        found
    }

    /// Takes a buffer back.
    pub fn put(&mut self, entry: EntryId, bytes: u64) {
        let p = self.a_p();
        self.put_on(p, Some((entry, bytes)));
    }

    /// So many small values were encoded since the last collection: each on one of the Ps in play.
    fn touch(&mut self, values: f64) {
        let reached = 1.0 - (-values / self.in_play as f64).exp();
        for of_these in 0..self.in_play {
            let p = ((self.first + of_these) % self.procs) as usize;
            if self.draws.chance(reached)
                && let Some(buffer) = self.get_on(p)
            {
                self.put_on(p, buffer);
            }
        }
    }

    /// A collection begins, and so many small values were encoded since the last: the buffers that it drops.
    pub fn clean(&mut self, values: f64) -> impl Iterator<Item = (EntryId, u64)> {
        if values > 0.0 && self.victim.len() > 0 {
            self.touch(values);
        }
        self.first = self.draws.below(self.procs);
        let dropped = std::mem::replace(&mut self.victim, std::mem::take(&mut self.local));
        dropped.private.into_iter().flatten().chain(dropped.shared).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Streams;
    use crate::model::memory::ledger::OwnerId;
    use crate::results::Mechanism;

    fn pool(procs: f64, processors: f64, replication: u32) -> SyncPool {
        SyncPool::new(procs, processors, Streams::new(1, replication).stream("a pool", 0))
    }

    /// Lists one after the other: how many must grow a buffer, in the mean of 400 pools.
    fn grown(procs: f64, processors: f64, nested: bool) -> f64 {
        let entry = OwnerId::SERVER.entry(Mechanism::Pools);
        let of_pool = |replication| {
            let mut pool = pool(procs, processors, replication);
            let mut grown = 0;
            for _ in 0..20 {
                let (entry, bytes) = pool.get(nested).unwrap_or_else(|| {
                    grown += 1;
                    (entry, 100)
                });
                pool.put(entry, bytes);
            }
            grown
        };
        f64::from((0..400).map(of_pool).sum::<i32>()) / 400.0
    }

    #[test]
    fn lists_one_after_the_other_leave_several_buffers() {
        let exactly = |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-9, "{found}");
        exactly(grown(1.0, 1.0, false), 1.0);
        // As measured with twenty lists on two processors.
        exactly(grown(2.0, 2.0, false), 2.0);
        exactly(grown(2.0, 2.0, true), 4.0);
        let (of_4, of_8) = (grown(4.0, 4.0, false), grown(8.0, 8.0, false));
        assert!((3.0..4.0).contains(&of_4), "{of_4}");
        assert!((5.0..6.5).contains(&of_8), "fewer than Ps: one finds what lies shared ({of_8})");
        let few_processors = grown(8.0, 2.0, false);
        assert!((2.0..3.0).contains(&few_processors), "three Ps are in play ({few_processors})");
    }

    #[test]
    fn buffers_outlive_one_collection() {
        let entry = OwnerId::SERVER.entry(Mechanism::Pools);
        let mut pool = pool(1.0, 1.0, 0);
        pool.put(entry, 100);
        assert_eq!(pool.clean(0.0).count(), 0);
        assert_eq!(pool.get(false), Some((entry, 100)), "from the victims");
        pool.put(entry, 100);
        assert_eq!(pool.clean(0.0).count(), 0);
        assert_eq!(pool.clean(0.0).collect::<Vec<_>>(), [(entry, 100)]);
        assert_eq!(pool.get(false), None);
    }

    #[test]
    fn small_values_keep_large_buffers_alive() {
        let entry = OwnerId::SERVER.entry(Mechanism::Pools);
        let kept = |values: f64| {
            let mut pool = pool(8.0, 8.0, 0);
            for _ in 0..40 {
                pool.put(entry, 100);
            }
            let before = pool.local.len();
            (0..10).for_each(|_| assert!(pool.clean(values).count() <= before));
            (before, pool.local.len() + pool.victim.len())
        };
        assert_eq!(kept(0.0).1, 0);
        // One value in ten collections on a P saves nothing, a hundred on each save its private buffer.
        assert!(kept(0.8).1 <= 2, "{:?}", kept(0.8));
        assert_eq!(kept(800.0).1, 8, "one of each P: what was shared is not reached");
    }
}
