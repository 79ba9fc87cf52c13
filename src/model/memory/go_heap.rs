//! The Go garbage collector's pacer.
//!
//! The simplest model with its behaviour (docs/facts/memory.md sections 1.2 to 1.7, 1.10; Go
//! `runtime/mgcpacer.go`, `mgclimit.go`): a cycle marks what is reachable, everything allocated
//! while it marks is kept, and what was dead when it began is freed at its end. From the marked
//! bytes comes the goal of the next cycle (GOGC, lowered by GOMEMLIMIT), from the goal and the
//! recent ratio of allocation to scanning comes the trigger. This file knows byte counts only; the
//! server works out rates and instants.

use crate::units::{Bytes, SimSpan, SimTime};

/// Smallest heap goal at GOGC=100: `defaultHeapMinimum` (Go `mgcpacer.go`).
const HEAP_MINIMUM: u64 = 4 << 20;
/// Share of the processors that marks in the background: `gcBackgroundUtilization`.
pub const BACKGROUND_UTILIZATION: f64 = 0.25;
/// A cycle is forced after so long without one: `forcegcperiod` (Go `proc.go`).
pub const FORCE_GC_PERIOD: SimSpan = SimSpan::secs(120);
/// Trigger bounds between marked bytes and goal: `minTriggerRatioDistance`,
/// `maxTriggerRatioDistance` (45/64 and 61/64 of the way).
const MIN_TRIGGER: f64 = 45.0 / 64.0;
const MAX_TRIGGER: f64 = 61.0 / 64.0;
/// GOMEMLIMIT keeps this share of itself free: `memoryLimitHeapGoalHeadroomPercent`, at least
/// 1 MiB.
const LIMIT_HEADROOM: f64 = 0.03;
const LIMIT_HEADROOM_MIN: u64 = 1 << 20;
/// Share of the processors that the collector may take, assists included, where GOMEMLIMIT decides the
/// goal (`gcCPULimiter`, Go `runtime/mgclimit.go`; the CPU-second per processor that its bucket lets
/// through first is not modelled).
pub const LIMITED_UTILIZATION: f64 = 0.5;
/// Cycles over which the ratio of allocation to scanning is remembered: `len(lastConsMark) + 1`.
const CONS_MARK_MEMORY: usize = 5;
/// Allocation per scanned byte during start-up: more than any later runway.
const HURRY: f64 = 10.0;
/// An idle server's pacer has forgotten its start-up after so long: `CONS_MARK_MEMORY` forced
/// cycles.
pub const FORGETS_START_UP: SimSpan = SimSpan::secs(600);

/// GOGC and GOMEMLIMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GcSettings {
    /// GOGC in per cent; `None`: off.
    pub gogc: Option<u32>,
    /// GOMEMLIMIT.
    pub memory_limit: Option<Bytes>,
}

/// A cycle in progress.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Marking {
    /// When it began.
    pub since: SimTime,
    /// Heap in use when it began.
    pub heap_start: u64,
    /// Garbage that it will free.
    pub collectable: u64,
    /// Scannable bytes to mark.
    pub scannable: u64,
    /// CPU time of marking still to do.
    pub work_left: f64,
    /// CPU time of marking in all.
    pub work: f64,
}

/// The pacer of one process.
#[derive(Clone, Debug)]
pub struct GoHeap {
    settings: GcSettings,
    /// Bytes found live by the last cycle, with what was allocated while it marked.
    marked: u64,
    goal: u64,
    trigger: u64,
    marking: Option<Marking>,
    last_end: SimTime,
    cons_mark: [f64; CONS_MARK_MEMORY],
    by_limit: bool,
    cycles: u64,
}

impl GoHeap {
    /// A process whose last cycle ended at `now` with `live` bytes.
    #[must_use]
    pub fn new(settings: GcSettings, live: u64, now: SimTime) -> Self {
        let mut heap = Self {
            settings,
            marked: live,
            goal: 0,
            trigger: 0,
            marking: None,
            last_end: now,
            cons_mark: [0.0; CONS_MARK_MEMORY],
            by_limit: false,
            cycles: 0,
        };
        heap.set_goal(0, 0, 0);
        heap
    }

    /// A process that has been up for so long: while it remembers its start-up, when allocation
    /// outran marking, cycles begin as early as they may.
    #[must_use]
    pub fn up_for(mut self, age: SimSpan) -> Self {
        if age < FORGETS_START_UP {
            let cycles = (FORGETS_START_UP - age).0.div_ceil(FORCE_GC_PERIOD.0) as usize;
            self.cons_mark[..cycles.min(CONS_MARK_MEMORY)].fill(HURRY);
            self.set_trigger(self.marked.max(1));
        }
        self
    }

    /// The heap size the present cycle aims at.
    #[must_use]
    pub fn goal(&self) -> u64 {
        self.goal
    }

    /// The heap size at which the next cycle begins.
    #[must_use]
    pub fn trigger(&self) -> u64 {
        self.trigger
    }

    /// The cycle in progress.
    #[must_use]
    pub fn marking(&self) -> Option<&Marking> {
        self.marking.as_ref()
    }

    /// Cycles so far.
    #[must_use]
    pub fn cycles(&self) -> u64 {
        self.cycles
    }

    /// Whether GOMEMLIMIT decides the goal.
    #[must_use]
    pub fn by_limit(&self) -> bool {
        self.by_limit
    }

    /// How far past the goal allocation may run while a cycle marks: a tenth (`maxOvershoot`, with
    /// GOMEMLIMIT, too; measured overruns are at most 16 %).
    #[must_use]
    pub fn hard_goal(&self) -> f64 {
        self.goal as f64 * 1.1
    }

    /// When a cycle is due even without allocation: never with GOGC=off (`gcTrigger.test`, Go
    /// `mgc.go`).
    #[must_use]
    pub fn forced_at(&self) -> SimTime {
        if self.settings.gogc.is_none() {
            return SimTime::NEVER;
        }
        self.last_end + FORCE_GC_PERIOD
    }

    /// Begins a cycle. `scannable` of the `heap` bytes hold pointers and cost `work` CPU-seconds
    /// to mark; `collectable` of them are dead.
    pub fn begin(&mut self, now: SimTime, heap: u64, collectable: u64, scannable: u64, work: f64) {
        self.marking = Some(Marking {
            since: now,
            heap_start: heap,
            collectable,
            scannable,
            work_left: work,
            work,
        });
    }

    /// Marks with `cpu` CPU-seconds.
    pub fn mark(&mut self, cpu: f64) {
        if let Some(marking) = &mut self.marking {
            marking.work_left = (marking.work_left - cpu).max(0.0);
        }
    }

    /// Ends the cycle: `heap` bytes remain after what was dead is freed. `non_heap` and
    /// `freed_pages` are what GOMEMLIMIT counts besides; `roots` are scanned stacks and globals.
    /// Returns the bytes freed.
    pub fn end(
        &mut self,
        now: SimTime,
        heap: u64,
        non_heap: u64,
        freed_pages: u64,
        roots: u64,
    ) -> u64 {
        let Some(marking) = self.marking.take() else {
            return 0;
        };
        let allocated = (heap + marking.collectable).saturating_sub(marking.heap_start);
        self.remember_cons_mark(&marking, allocated as f64);
        self.last_end = now;
        self.cycles += 1;
        self.marked = heap;
        self.set_goal(non_heap, freed_pages, roots);
        self.set_trigger(marking.scannable + roots);
        marking.collectable
    }

    /// Allocation per scanned byte, with the processor shares of the program (1 - u) and the
    /// collector (u) divided out (Go `endCycle`).
    fn remember_cons_mark(&mut self, marking: &Marking, allocated: f64) {
        let u = BACKGROUND_UTILIZATION;
        self.cons_mark.rotate_right(1);
        self.cons_mark[0] = if marking.scannable > 0 {
            allocated * u / (marking.scannable as f64 * (1.0 - u))
        } else {
            0.0
        };
    }

    fn set_goal(&mut self, non_heap: u64, freed_pages: u64, roots: u64) {
        let by_gogc = self.settings.gogc.map_or(u64::MAX, |gogc| {
            let growth = (u128::from(self.marked) + u128::from(roots)) * u128::from(gogc) / 100;
            let growth = u64::try_from(growth).unwrap_or(u64::MAX);
            let least = HEAP_MINIMUM * u64::from(gogc) / 100;
            self.marked.saturating_add(growth).max(least)
        });
        let by_limit = self.settings.memory_limit.map_or(u64::MAX, |limit| {
            let mapped = self.marked + non_heap + freed_pages;
            let over = mapped.saturating_sub(limit.0);
            let room = limit.0.saturating_sub(non_heap).saturating_sub(over);
            let headroom = ((room as f64 * LIMIT_HEADROOM) as u64).max(LIMIT_HEADROOM_MIN);
            room.saturating_sub(headroom).max(self.marked)
        });
        self.goal = by_gogc.min(by_limit);
        self.by_limit = by_limit < by_gogc;
        self.set_trigger(roots);
    }

    fn set_trigger(&mut self, scanned: u64) {
        let u = BACKGROUND_UTILIZATION;
        let cons_mark = self.cons_mark.iter().copied().fold(0.0, f64::max);
        let runway = cons_mark * (1.0 - u) / u * scanned as f64;
        let gap = self.goal.saturating_sub(self.marked) as f64;
        let at = |share: f64| self.marked.saturating_add((gap * share) as u64);
        let least = at(MIN_TRIGGER);
        let most = at(MAX_TRIGGER).max(self.goal.saturating_sub(HEAP_MINIMUM));
        self.trigger = self.goal.saturating_sub(runway as u64).clamp(least, most.max(least));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cycle(heap: &mut GoHeap, at: u64, in_use: u64, live: u64) {
        heap.begin(SimTime(at), in_use, in_use - live, live / 2, 0.1);
        heap.mark(0.1);
        heap.end(SimTime(at + 1_000), live, 0, 0, 0);
    }

    #[test]
    fn goal_follows_gogc() {
        for (gogc, goal) in [(Some(100), 200), (Some(50), 150), (Some(63), 163)] {
            let settings = GcSettings { gogc, memory_limit: None };
            let heap = GoHeap::new(settings, 100 << 20, SimTime::ZERO);
            assert_eq!(heap.goal(), goal << 20);
        }
        let small =
            GoHeap::new(GcSettings { gogc: Some(100), memory_limit: None }, 1 << 20, SimTime::ZERO);
        assert_eq!(small.goal(), 4 << 20);
    }

    #[test]
    fn cycles_are_forced_unless_gogc_is_off() {
        let forced_at = |gogc| {
            let settings = GcSettings { gogc, memory_limit: None };
            GoHeap::new(settings, 1 << 30, SimTime::ZERO).forced_at()
        };
        assert_eq!(forced_at(Some(100)), SimTime::ZERO + FORCE_GC_PERIOD);
        assert_eq!(forced_at(None), SimTime::NEVER);
    }

    #[test]
    fn a_memory_limit_lowers_the_goal_but_never_below_live() {
        let settings = GcSettings { gogc: Some(100), memory_limit: Some(Bytes::gib(2)) };
        let mut heap = GoHeap::new(settings, 1 << 30, SimTime::ZERO);
        cycle(&mut heap, 0, 2 << 30, 1200 << 20);
        assert!(heap.goal() < (2 << 30) && heap.goal() > 1900 << 20, "{}", heap.goal());
        cycle(&mut heap, 10, 3 << 30, 3 << 30);
        assert_eq!(heap.goal(), 3 << 30);
        assert!(heap.by_limit());
    }

    #[test]
    fn trigger_stays_between_its_bounds() {
        let settings = GcSettings { gogc: Some(100), memory_limit: None };
        let mut heap = GoHeap::new(settings, 1000 << 20, SimTime::ZERO);
        assert_eq!(heap.trigger(), (2000 - 4) << 20);
        // Allocation that keeps pace with marking pulls the trigger down to its floor.
        heap.begin(SimTime::ZERO, 2000 << 20, 1000 << 20, 500 << 20, 1.0);
        heap.end(SimTime(1), 3000 << 20, 0, 0, 0);
        let gap = heap.goal() - (3000 << 20);
        assert_eq!(heap.trigger(), (3000 << 20) + (gap as f64 * MIN_TRIGGER) as u64);
    }
}
