//! A request as a short list of phases.
//!
//! A [`Phase`] demands CPU time, wire bytes or waiting; it takes and releases memory at once at
//! its two ends ([`Step`]) and in proportion to its progress ([`Ramp`]). A LIST of 400 MB is about
//! ten phases, whatever the number of objects.

use crate::engine::fluid::{Demand, PARTS};
use crate::model::memory::ledger::EntryId;
use crate::units::{Bytes, SimSpan};

/// A change of memory at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Takes memory.
    Take(EntryId, Bytes),
    /// Drops references: the bytes become garbage.
    Drop(EntryId, Bytes),
    /// Makes garbage outright.
    Litter(EntryId, Bytes),
    /// Takes kernel memory, outside the Go heap.
    TakeKernel(EntryId, Bytes),
    /// Gives kernel memory back.
    GiveKernel(EntryId, Bytes),
    /// Puts a buffer of the entry into its `sync.Pool`.
    Pool(EntryId, Bytes),
    /// Takes a buffer out of the pool into the entry.
    Unpool(EntryId, Bytes),
}

/// How memory changes with progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RampKind {
    /// Allocates small blocks and holds them.
    Take,
    /// Allocates a large block, whose pages are touched one after the other, and holds it.
    TakeLarge,
    /// Allocates and drops: garbage.
    Litter,
    /// Drops what is held.
    Drop,
    /// Takes memory outside the Go heap: the runtime's own, or the kernel's.
    TakeOutside,
}

/// A change of memory in proportion to progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ramp {
    /// What kind.
    pub kind: RampKind,
    /// Of which entry.
    pub entry: EntryId,
    /// In all, from start to end of the phase.
    pub bytes: Bytes,
}

/// What a phase is doing, for limits and reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Waiting for etcd.
    Etcd,
    /// Working; nothing has been written yet, so a time-out answers 504.
    Working,
    /// A streamed response: a time-out cuts it between items.
    Streaming,
    /// One write of a whole buffer: a time-out cannot cut it (facts/watch-cache.md section 6.5).
    Writing,
}

/// A stretch of a request with constant needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// See [`Stage`].
    pub stage: Stage,
    /// CPU, wire and least time.
    pub demand: Demand,
    /// Memory at its start.
    pub start: Vec<Step>,
    /// Memory with its progress.
    pub ramps: Vec<Ramp>,
    /// Memory at its end.
    pub end: Vec<Step>,
}

impl Phase {
    /// A phase that only takes CPU time.
    #[must_use]
    pub fn cpu(stage: Stage, cpu: SimSpan) -> Self {
        Self {
            stage,
            demand: Demand { cpu, ..Demand::default() },
            start: Vec::new(),
            ramps: Vec::new(),
            end: Vec::new(),
        }
    }

    /// With a ramp.
    #[must_use]
    pub fn ramp(mut self, kind: RampKind, entry: EntryId, bytes: Bytes) -> Self {
        if bytes > Bytes::ZERO {
            self.ramps.push(Ramp { kind, entry, bytes });
        }
        self
    }

    /// With a step at its start.
    #[must_use]
    pub fn at_start(mut self, step: Step) -> Self {
        self.start.push(step);
        self
    }

    /// With a step at its end.
    #[must_use]
    pub fn at_end(mut self, step: Step) -> Self {
        self.end.push(step);
        self
    }
}

/// All phases of a kind of request. Requests share plans.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// In order; never empty.
    pub phases: Vec<Phase>,
    /// Response bytes on the wire.
    pub wire: Bytes,
}

/// What a request holds at some point: to be dropped when it is cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Heap bytes by entry.
    pub heap: Vec<(EntryId, u64)>,
    /// Kernel bytes by entry.
    pub kernel: Vec<(EntryId, u64)>,
}

impl Holdings {
    fn entry(list: &mut Vec<(EntryId, u64)>, entry: EntryId) -> &mut u64 {
        let at = list.iter().position(|(e, _)| *e == entry).unwrap_or_else(|| {
            list.push((entry, 0));
            list.len() - 1
        });
        &mut list[at].1
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Take(entry, bytes) | Step::Unpool(entry, bytes) => {
                *Self::entry(&mut self.heap, entry) += bytes.0;
            }
            Step::Drop(entry, bytes) | Step::Pool(entry, bytes) => {
                let held = Self::entry(&mut self.heap, entry);
                *held = held.saturating_sub(bytes.0);
            }
            Step::Litter(..) => {}
            Step::TakeKernel(entry, bytes) => {
                *Self::entry(&mut self.kernel, entry) += bytes.0;
            }
            Step::GiveKernel(entry, bytes) => {
                let held = Self::entry(&mut self.kernel, entry);
                *held = held.saturating_sub(bytes.0);
            }
        }
    }

    fn ramp(&mut self, ramp: &Ramp, parts: u64) {
        let bytes = part_of(ramp.bytes, u128::from(parts));
        match ramp.kind {
            RampKind::Take | RampKind::TakeLarge => {
                *Self::entry(&mut self.heap, ramp.entry) += bytes;
            }
            RampKind::Litter => {}
            RampKind::Drop => {
                let held = Self::entry(&mut self.heap, ramp.entry);
                *held = held.saturating_sub(bytes);
            }
            RampKind::TakeOutside => *Self::entry(&mut self.kernel, ramp.entry) += bytes,
        }
    }

    /// Puts right that a ramp has been booked by up to `early` bytes more than its progress comes
    /// to; returns how many of them could be.
    pub fn correct(&mut self, ramp: &Ramp, early: u64) -> u64 {
        match ramp.kind {
            RampKind::Take | RampKind::TakeLarge => {
                *Self::entry(&mut self.heap, ramp.entry) += early;
            }
            RampKind::TakeOutside => *Self::entry(&mut self.kernel, ramp.entry) += early,
            RampKind::Litter => {}
            RampKind::Drop => {
                let held = Self::entry(&mut self.heap, ramp.entry);
                let most = early.min(*held);
                *held -= most;
                return most;
            }
        }
        early
    }
}

/// `bytes` × `parts` / [`PARTS`], rounded down.
#[must_use]
pub fn part_of(bytes: Bytes, parts: u128) -> u64 {
    u64::try_from(u128::from(bytes.0) * parts / u128::from(PARTS)).unwrap_or(u64::MAX)
}

impl Plan {
    /// What a request holds after `parts` of phase `phase` (its start steps done).
    #[must_use]
    pub fn holdings(&self, phase: usize, parts: u64) -> Holdings {
        let mut held = Holdings::default();
        for (index, p) in self.phases.iter().enumerate().take(phase + 1) {
            p.start.iter().for_each(|step| held.step(*step));
            let done = if index < phase { PARTS } else { parts };
            p.ramps.iter().for_each(|ramp| held.ramp(ramp, done));
            if index < phase {
                p.end.iter().for_each(|step| held.step(*step));
            }
        }
        held
    }

    /// Panics unless a finished request holds nothing: every plan's conservation law. Watches,
    /// which go on, hold what `remaining` says.
    ///
    /// # Panics
    /// When bytes would leak or be dropped twice.
    pub fn check(&self, remaining: u64) {
        let last = self.phases.len() - 1;
        let mut held = self.holdings(last, PARTS);
        self.phases[last].end.iter().for_each(|step| held.step(*step));
        let left: u64 = held.heap.iter().chain(&held.kernel).map(|(_, bytes)| bytes).sum();
        assert_eq!(left, remaining, "a finished request holds {held:?}");
    }
}
