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
/// How far past its goal a heap may grow while a cycle marks (`maxOvershoot`, Go `mgcpacer.go`; measured
/// overruns of goals above 400 MB: 9 % in the 90th percentile of 462 cycles, at most 23 % without
/// GOMEMLIMIT).
const MAX_OVERSHOOT: f64 = 1.1;
/// CPU-seconds of marking too few to tell apart.
const LEAST_WORK: f64 = 1e-9;
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
    /// CPU time of marking that the pacer expects: as much as the last cycle scanned.
    pub expected: f64,
}

impl Marking {
    /// Whether more has been marked than the pacer expected.
    fn beyond_expectation(&self) -> bool {
        self.until_expected() <= 0.0
    }

    /// CPU time of marking until more has been marked than the pacer expected.
    #[must_use]
    pub fn until_expected(&self) -> f64 {
        let left = self.expected.min(self.work) - (self.work - self.work_left);
        if left > LEAST_WORK { left } else { 0.0 }
    }
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
    /// Scannable bytes of the last cycle; `None`: there was none.
    last_scannable: Option<u64>,
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
            last_scannable: None,
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

    /// The heap that mark assists aim at with `heap` bytes in use, `scannable()` of them with pointers, and
    /// the marking that they reckon with until then, in CPU-seconds (`gcControllerState.revise`, Go
    /// `mgcpacer.go`).
    ///
    /// As long as no more is marked than in the last cycle, marking is to end at the goal. Beyond, the
    /// goal is as much further from the trigger as the scannable heap has grown, with what was allocated
    /// since. A heap above that may grow by another tenth. `scannable` is asked only where it counts: the
    /// answer is a sum over the ledger.
    #[must_use]
    pub fn aim(&self, heap: u64, scannable: impl FnOnce() -> u64) -> (f64, f64) {
        let mut goal = self.goal as f64;
        let Some(marking) = &self.marking else {
            return (goal, 0.0);
        };
        let mut left = marking.until_expected().min(marking.work_left);
        if marking.beyond_expectation() {
            let start = marking.heap_start as f64;
            let since = scannable() as f64 / marking.scannable.max(1) as f64;
            let grown = since * marking.work / marking.expected.max(LEAST_WORK);
            let gogc = self.settings.gogc.map_or(f64::INFINITY, f64::from);
            let hard = goal * (1.0 + gogc / 100.0);
            goal = (start + (goal - start).max(0.0) * grown).clamp(goal, hard);
            left = marking.work_left;
        }
        if heap as f64 >= goal {
            return (goal * MAX_OVERSHOOT, marking.work_left);
        }
        (goal, left)
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
        let last = self.last_scannable.unwrap_or(scannable);
        let expected = work * last as f64 / scannable.max(1) as f64;
        self.marking = Some(Marking {
            since: now,
            heap_start: heap,
            collectable,
            scannable,
            work_left: work,
            work,
            expected,
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
        self.last_scannable = Some(marking.scannable);
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
    fn assists_aim_at_the_goal_and_further_as_more_is_scanned() {
        let settings = GcSettings { gogc: Some(100), memory_limit: None };
        let mut heap = GoHeap::new(settings, 1000 << 20, SimTime::ZERO);
        let goal = heap.goal() as f64;
        // As much as in the last cycle: marking is to end at the goal.
        heap.begin(SimTime::ZERO, 1900 << 20, 0, 500 << 20, 1.0);
        assert_eq!(heap.aim(1900 << 20, || 500 << 20), (goal, 1.0));
        // Above it, a tenth is left.
        assert_eq!(heap.aim(2000 << 20, || 500 << 20), (goal * MAX_OVERSHOOT, 1.0));
        heap.mark(1.0);
        heap.end(SimTime(1), 1000 << 20, 0, 0, 0);
        // Twice as much: unexpected at first, then the goal is twice as far from the trigger.
        heap.begin(SimTime(2), 1900 << 20, 0, 1000 << 20, 2.0);
        assert_eq!(heap.aim(1900 << 20, || 1000 << 20), (goal, 1.0));
        heap.mark(1.0);
        let further = f64::from(2100_u32 << 20);
        assert_eq!(heap.aim(1900 << 20, || 1000 << 20), (further, 1.0));
        // And no further than what GOGC adds to the goal.
        assert!((heap.aim(1900 << 20, || u64::MAX).0 - 2.0 * goal).abs() < 1.0);
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
