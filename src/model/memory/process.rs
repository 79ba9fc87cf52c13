//! The memory of one process: the ledger, the collector over it, `sync.Pool`s and freed pages.
//!
//! Resident memory grows when pages are touched that were not resident, and shrinks only when the
//! scavenger returns freed pages. Freed pages are touched again first, if they are of any use
//! ([`super::pages`]).

use super::go_heap::{FORGETS_START_UP, GcSettings, GoHeap};
use super::ledger::{EntryId, Ledger, OwnerId};
use super::pages::Pages;
use super::pool::SyncPool;
use crate::engine::Stream;
use crate::model::apiserver::plan::{Holdings, RampKind, Step};
use crate::model::costs;
use crate::results::Mechanism;
use crate::units::{Bytes, SimSpan, SimTime};

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct ProcessMemory {
    /// Resident bytes.
    pub ledger: Ledger,
    heap: GoHeap,
    /// Heap bytes that are resident: live and garbage.
    heap_resident: u64,
    /// Freed pages.
    pages: Pages,
    /// Garbage that the running cycle will free, by entry.
    collectable: Vec<(EntryId, u64)>,
    pool: SyncPool,
    /// Heap and freed pages together that the scavenger leaves alone.
    retain: u64,
    /// The goal of the cycle before.
    last_goal: u64,
    /// Share of each entry's bytes that the collector must scan, by owner and mechanism.
    scan: ScanWeights,
    /// Non-heap bytes that the runtime's memory limit counts.
    runtime: u64,
    /// Bytes taken in steps since [`ProcessMemory::take_stepped`].
    stepped: u64,
    /// When the pool was last cleaned.
    cleaned: SimTime,
}

/// CPU time of marking, as a share of [`costs::MARK_PER_BYTE_NANOS`] per byte.
#[derive(Clone, Debug)]
pub struct ScanWeights {
    /// By owner: its objects.
    pub objects: Vec<f64>,
    /// By owner: copies of its objects, and the intervals that they wait in.
    pub events: Vec<f64>,
}

impl ScanWeights {
    /// A server that holds objects of nobody.
    #[must_use]
    pub fn of_nobody() -> Self {
        Self { objects: vec![1.0], events: vec![1.0] }
    }

    /// Measured: heaps of typed and custom objects are scanned whole, of blobs what is around the bytes,
    /// buffers not at all. The weights in between are assumed, within 0.2 of either side.
    fn weight(&self, entry: EntryId) -> f64 {
        let owner = entry.owner().0 as usize;
        match entry.mechanism() {
            Mechanism::WatchCacheObjects
            | Mechanism::WatchCacheEventRing
            | Mechanism::LoopbackInformers
            | Mechanism::DecodedObjects => self.objects[owner],
            Mechanism::InitialEvents => self.events[owner],
            // Schemas and OpenAPI are trees of small structs and strings.
            Mechanism::ListSliceAndConversion | Mechanism::CrdHandlers => 0.7,
            Mechanism::ProcessBase => 0.4,
            Mechanism::WatchStream | Mechanism::QueuedRequests => 0.5,
            // Bodies are blocks of bytes; events around them are small structs.
            Mechanism::AuditEvents => 0.2,
            Mechanism::EtcdRawResponse
            | Mechanism::ResponseBuffer
            | Mechanism::Gzip
            | Mechanism::SocketBuffers
            | Mechanism::Pools
            | Mechanism::Garbage
            | Mechanism::FreedPages => 0.0,
        }
    }
}

/// Where pages came from, for the cost of faults: bytes that were not resident.
fn freed_entry() -> EntryId {
    OwnerId::SERVER.entry(Mechanism::FreedPages)
}

impl ProcessMemory {
    /// An empty process, whose encoders share `pool`.
    #[must_use]
    pub fn new(
        settings: GcSettings,
        owners: usize,
        scan: ScanWeights,
        pool: SyncPool,
        now: SimTime,
    ) -> Self {
        Self {
            ledger: Ledger::new(owners),
            heap: GoHeap::new(settings, 0, now),
            heap_resident: 0,
            pages: Pages::default(),
            collectable: Vec::new(),
            pool,
            retain: u64::MAX,
            last_goal: 0,
            scan,
            runtime: 0,
            stepped: 0,
            cleaned: now,
        }
    }

    /// Resident memory.
    #[must_use]
    pub fn resident(&self) -> u64 {
        self.ledger.total()
    }

    /// What the collector sees: allocated and not yet freed. A large block counts as soon as it is
    /// allocated (`heapLive`, Go `mcache.go`).
    #[must_use]
    pub fn heap_in_use(&self) -> u64 {
        self.heap_resident + self.pages.untouched()
    }

    /// Reachable heap: in use, without garbage.
    #[must_use]
    pub fn live(&self) -> u64 {
        self.heap_resident.saturating_sub(self.ledger.mechanism(Mechanism::Garbage))
    }

    /// Freed pages still resident.
    #[must_use]
    pub fn freed(&self) -> u64 {
        self.ledger.get(freed_entry())
    }

    /// The collector.
    #[must_use]
    pub fn heap(&self) -> &GoHeap {
        &self.heap
    }

    /// The collector, to let it mark.
    pub fn heap_mut(&mut self) -> &mut GoHeap {
        &mut self.heap
    }

    /// How many bytes the scavenger still has to return.
    #[must_use]
    pub fn to_scavenge(&self) -> u64 {
        (self.heap_resident + self.freed()).saturating_sub(self.retain).min(self.pages.for_small())
    }

    /// Bytes that heap and freed pages together may grow by before the scavenger works.
    #[must_use]
    pub fn until_scavenged(&self) -> u64 {
        self.retain.saturating_sub(self.heap_resident + self.freed())
    }

    /// Lets the scavenger return pages, of what is above its threshold once `grown` more bytes are
    /// mapped.
    pub fn scavenge(&mut self, bytes: u64, grown: u64) {
        let above = (self.heap_resident + self.freed() + grown).saturating_sub(self.retain);
        let bytes = bytes.min(above).min(self.pages.for_small());
        self.ledger.take(freed_entry(), bytes);
        self.pages.scavenge(bytes);
    }

    /// Which pages are free, and for what.
    #[must_use]
    pub fn pages(&self) -> &Pages {
        &self.pages
    }

    /// Allocates a large block: ramps of its entry touch it.
    pub fn allocate(&mut self, entry: EntryId, bytes: Bytes) {
        self.pages.allocate(entry, bytes.0);
    }

    /// A large block of an entry will not be touched any further.
    pub fn forsake(&mut self, entry: EntryId, bytes: Bytes, touched: u64) {
        self.pages.forsake(entry, bytes.0, touched.min(bytes.0));
    }

    /// Makes `bytes` resident for `entry`, from freed pages as far as they can be used.
    fn touch(&mut self, entry: EntryId, bytes: u64, large: bool) {
        let reused =
            if large { self.pages.touch_large(bytes) } else { self.pages.touch_small(bytes) };
        self.ledger.take(freed_entry(), reused);
        self.ledger.add(entry, bytes);
        self.heap_resident += bytes;
    }

    /// Bytes taken in steps since the last call.
    pub fn take_stepped(&mut self) -> u64 {
        std::mem::take(&mut self.stepped)
    }

    /// Adds memory outside the Go heap that is there from the start.
    pub fn add_outside_heap(&mut self, entry: EntryId, bytes: u64) {
        self.stepped += bytes;
        self.grow_outside_heap(entry, bytes);
    }

    fn grow_outside_heap(&mut self, entry: EntryId, bytes: u64) {
        self.ledger.add(entry, bytes);
        if entry.mechanism() == Mechanism::ProcessBase {
            self.runtime += bytes;
        }
    }

    /// Adds heap that is there from the start.
    pub fn add_live(&mut self, entry: EntryId, bytes: u64) {
        self.stepped += bytes;
        self.ledger.add(entry, bytes);
        self.heap_resident += bytes;
    }

    /// Adds pages that earlier peaks left mapped; `scattered`: large blocks cannot use them. (Measured
    /// on a server half a minute old: a LIST of 533 MB beside 0.9 GB of pages that its start-up left
    /// needs 1 GB of fresh ones. KEP-3157's figures of an old server leave no room for that.)
    pub fn add_freed(&mut self, bytes: u64, scattered: bool) {
        self.stepped += bytes;
        self.ledger.add(freed_entry(), bytes);
        if scattered {
            self.pages.add_gaps(bytes);
        } else {
            self.pages.add_run(bytes);
        }
    }

    /// Puts the process where it is after a long time of idling: `luck` of the way (0 to 1) from
    /// its last collection to the next, which garbage (at most `idle_garbage` between forced
    /// cycles) has brought on; with the pages that the scavenger leaves, or as many as make up the
    /// `observed` resident memory.
    pub fn open_warm(
        &mut self,
        settings: GcSettings,
        idle_garbage: u64,
        luck: f64,
        observed: Option<Bytes>,
        up_for: SimSpan,
    ) {
        let live = self.heap_resident;
        self.heap = GoHeap::new(settings, live, SimTime::ZERO).up_for(up_for);
        self.last_goal = self.heap.goal();
        let most = self.heap.trigger().saturating_sub(live).min(idle_garbage);
        let room = observed.map_or(u64::MAX, |bytes| bytes.0.saturating_sub(self.resident()));
        let garbage = ((most as f64 * luck) as u64).min(room);
        self.touch(OwnerId::SERVER.entry(Mechanism::Garbage), garbage, false);
        let extra = (live as f64 * costs::RETAIN_EXTRA) as u64;
        let freed = match observed {
            Some(bytes) => bytes.0.saturating_sub(self.resident()),
            None => extra.max(most - garbage.min(most)),
        };
        self.add_freed(freed, up_for < FORGETS_START_UP);
        self.retain = self.heap_resident + freed;
    }

    fn retain_for(heap: u64) -> u64 {
        (heap as f64 * (1.0 + costs::RETAIN_EXTRA)) as u64
    }

    /// A change at an instant.
    pub fn step(&mut self, step: Step) {
        match step {
            Step::Take(entry, bytes) => {
                self.stepped += bytes.0;
                self.touch(entry, bytes.0, false);
            }
            Step::Drop(entry, bytes) => self.drop_bytes(entry, bytes.0),
            Step::Litter(entry, bytes) => {
                self.stepped += bytes.0;
                self.touch(entry.garbage(), bytes.0, false);
            }
            Step::TakeKernel(entry, bytes) => self.add_outside_heap(entry, bytes.0),
            Step::GiveKernel(entry, bytes) => self.ledger.take(entry, bytes.0),
            Step::Pool(entry, bytes) => {
                let pooled = entry.owner().entry(Mechanism::Pools);
                self.ledger.shift(entry, pooled, bytes.0);
                self.pages.hand_over(entry, pooled, bytes.0);
                self.pool.put(pooled, bytes.0);
            }
            // The pool gave the buffer up in `unpool`; it waits in the taker's entry.
            Step::Unpool(..) => {}
        }
    }

    /// A change with progress: `bytes` more of the ramp.
    pub fn ramp(&mut self, kind: RampKind, entry: EntryId, bytes: u64) {
        match kind {
            RampKind::Take => self.touch(entry, bytes, false),
            RampKind::TakeLarge => self.touch(entry, bytes, true),
            RampKind::Litter => self.touch(entry.garbage(), bytes, false),
            RampKind::Drop => self.drop_bytes(entry, bytes),
            RampKind::TakeOutside => self.grow_outside_heap(entry, bytes),
        }
    }

    /// Drops what a cut request held.
    pub fn abandon(&mut self, held: &Holdings) {
        for (entry, bytes) in &held.heap {
            self.drop_bytes(*entry, *bytes);
        }
        for (entry, bytes) in &held.kernel {
            self.ledger.take(*entry, *bytes);
        }
    }

    fn drop_bytes(&mut self, entry: EntryId, bytes: u64) {
        self.ledger.shift(entry, entry.garbage(), bytes);
        self.pages.dropped(entry, bytes);
    }

    /// The pool of its encoders.
    #[must_use]
    pub fn pool(&self) -> &SyncPool {
        &self.pool
    }

    /// Lets other draws decide which P runs what.
    pub fn draw_pool_from(&mut self, draws: Stream) {
        self.pool.draw_from(draws);
    }

    /// Takes a buffer out of the pool for `entry`; its capacity. `nested`: see [`SyncPool::get`].
    pub fn unpool(&mut self, entry: EntryId, nested: bool) -> Option<u64> {
        let (pooled, bytes) = self.pool.get(nested)?;
        self.ledger.shift(pooled, entry, bytes);
        self.pages.hand_over(pooled, entry, bytes);
        Some(bytes)
    }

    /// Begins a collection; `speed` scales marking. So many writes per second came since the last.
    pub fn begin_cycle(&mut self, now: SimTime, speed: f64, writes_per_second: f64) {
        let writes = writes_per_second * now.since(self.cleaned).as_secs_f64();
        self.cleaned = now;
        for (entry, bytes) in self.pool.clean(writes) {
            self.ledger.shift(entry, entry.garbage(), bytes);
            self.pages.dropped(entry, bytes);
        }
        self.pages.begin_cycle();
        self.collectable = self
            .ledger
            .entries()
            .filter(|(entry, _)| entry.mechanism() == Mechanism::Garbage)
            .collect();
        let collectable = self.collectable.iter().map(|(_, bytes)| bytes).sum();
        let scannable = self.scannable();
        let marked = costs::MARK_PER_BYTE_NANOS * scannable as f64 / 1e9;
        let work = (costs::MARK_BASE_SECONDS + marked) / speed;
        let heap = self.heap_in_use();
        self.heap.begin(now, heap, collectable, scannable, work);
    }

    /// Bytes of live heap that hold pointers.
    fn scannable(&self) -> u64 {
        let scanned = |(entry, bytes)| self.scan.weight(entry) * bytes as f64;
        self.ledger.entries().map(scanned).sum::<f64>() as u64
    }

    /// The heap that mark assists aim at now, and the CPU-seconds of marking until then.
    #[must_use]
    pub fn aim(&self) -> (f64, f64) {
        self.heap.aim(self.heap_in_use(), || self.scannable())
    }

    /// Ends a collection: what was dead at its start is freed. Stacks are `roots`.
    pub fn end_cycle(&mut self, now: SimTime) {
        let in_use = self.heap_resident;
        let mut freed = 0;
        for (entry, bytes) in std::mem::take(&mut self.collectable) {
            self.ledger.shift(entry, freed_entry(), bytes);
            freed += bytes;
        }
        self.heap_resident -= freed;
        self.pages.end_cycle(freed);
        let heap = self.heap_in_use();
        let roots = self.ledger.mechanism(Mechanism::WatchStream) / 4;
        self.heap.end(now, heap, self.runtime, self.freed(), roots);
        // 10 % over the heap at the end of marking, in the proportion in which the goal moved
        // (gcPercentGoal, Go mgcscavenge.go).
        let goal = self.heap.goal();
        let ratio = if self.last_goal > 0 { goal as f64 / self.last_goal as f64 } else { 1.0 };
        self.retain = Self::retain_for((in_use as f64 * ratio) as u64);
        self.last_goal = goal;
    }

    /// Everything is gone: the process died.
    pub fn clear(&mut self) {
        self.ledger.clear();
        self.heap_resident = 0;
        self.pages = Pages::default();
        self.collectable.clear();
        self.pool.clear();
        self.runtime = 0;
    }

    /// Panics when the books do not balance: run by the checkers in tests.
    ///
    /// # Panics
    /// When heap and ledger disagree.
    pub fn check(&self) {
        self.ledger.check();
        let outside = self.ledger.mechanism(Mechanism::FreedPages)
            + self.ledger.mechanism(Mechanism::SocketBuffers)
            + self.runtime;
        assert_eq!(self.heap_resident + outside, self.ledger.total(), "heap and ledger disagree");
        assert_eq!(self.pages.freed(), self.freed(), "pages and ledger disagree");
    }
}
