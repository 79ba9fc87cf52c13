//! A request as a short list of phases.
//!
//! A [`Phase`] demands CPU time, wire bytes or waiting; it takes and releases memory at once at
//! its two ends ([`Step`]) and in proportion to its progress ([`Ramp`]). A LIST of 400 MB is about
//! ten phases, whatever the number of objects.

use crate::engine::fluid::{Demand, PARTS, div_rem};
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
    /// One write of a whole buffer: a time-out cannot cut it (docs/facts/watch-cache.md section 6.5).
    Writing,
}

/// A stretch of a request with constant needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// See [`Stage`].
    pub stage: Stage,
    /// CPU, wire and least time.
    pub demand: Demand,
    /// Stored bytes of the range that etcd holds to answer it.
    pub range: Bytes,
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
            range: Bytes::ZERO,
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

    /// For which etcd reads a range of so many stored bytes.
    #[must_use]
    pub fn ranging(mut self, stored: Bytes) -> Self {
        self.range = stored;
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
pub struct RequestPlan {
    /// In order; never empty.
    pub phases: Vec<Phase>,
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

    fn ramp(&mut self, ramp: &Ramp, bytes: u64) {
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
}

/// `bytes` × `parts` / [`PARTS`], rounded down.
#[must_use]
pub fn part_of(bytes: Bytes, parts: u128) -> u64 {
    u64::try_from(div_rem(u128::from(bytes.0) * parts, PARTS).0).unwrap_or(u64::MAX)
}

impl RequestPlan {
    /// Lets a request wait for so long before anything else; what it is given at its start, it has
    /// from then on.
    pub fn wait_first(&mut self, wait: SimSpan) {
        let mut phase = Phase::cpu(Stage::Working, SimSpan::ZERO);
        phase.demand.floor = wait;
        if let Some(first) = self.phases.first_mut() {
            phase.start = std::mem::take(&mut first.start);
        }
        self.phases.insert(0, phase);
    }

    /// What a request holds after `parts` of phase `phase` (its start steps done).
    #[must_use]
    pub fn holdings(&self, phase: usize, parts: u64) -> Holdings {
        let ramps = self.phases[phase].ramps.iter();
        let done: Vec<u64> = ramps.map(|ramp| part_of(ramp.bytes, parts.into())).collect();
        self.holdings_after(phase, &done)
    }

    /// What a request holds when the ramps of phase `phase` have done so many bytes for it.
    #[must_use]
    pub fn holdings_after(&self, phase: usize, done: &[u64]) -> Holdings {
        let mut held = Holdings::default();
        for (index, p) in self.phases.iter().enumerate().take(phase + 1) {
            p.start.iter().for_each(|step| held.step(*step));
            for (ramp, done) in p.ramps.iter().zip(done.iter().chain(std::iter::repeat(&0))) {
                held.ramp(ramp, if index < phase { ramp.bytes.0 } else { *done });
            }
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
        assert_eq!(self.taken() - self.given_back(), i128::from(remaining), "dropped twice");
    }

    fn sum(&self, of_step: fn(&Step) -> Bytes, of_ramp: fn(&Ramp) -> Bytes) -> i128 {
        let of_phase = |phase: &Phase| -> i128 {
            let steps = phase.start.iter().chain(&phase.end).map(|s| i128::from(of_step(s).0));
            let ramps = phase.ramps.iter().map(|r| i128::from(of_ramp(r).0));
            steps.chain(ramps).sum()
        };
        self.phases.iter().map(of_phase).sum()
    }

    /// All that a request takes for itself.
    fn taken(&self) -> i128 {
        self.sum(
            |step| match step {
                Step::Take(_, n) | Step::TakeKernel(_, n) | Step::Unpool(_, n) => *n,
                _ => Bytes::ZERO,
            },
            |ramp| match ramp.kind {
                RampKind::Take | RampKind::TakeLarge | RampKind::TakeOutside => ramp.bytes,
                RampKind::Litter | RampKind::Drop => Bytes::ZERO,
            },
        )
    }

    /// All that it drops, pools or gives back.
    fn given_back(&self) -> i128 {
        self.sum(
            |step| match step {
                Step::Drop(_, n) | Step::GiveKernel(_, n) | Step::Pool(_, n) => *n,
                _ => Bytes::ZERO,
            },
            |ramp| if ramp.kind == RampKind::Drop { ramp.bytes } else { Bytes::ZERO },
        )
    }
}
