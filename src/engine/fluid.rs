//! Fluid sharing of processors and network egress, in classes.
//!
//! An *activity* goes from 0 to [`PARTS`] parts of progress. Activities of one *class* are alike:
//! each needs the same CPU time, the same bytes on the wire and at least the same time (a slow
//! reader, a latency). Between two events all rates are constant, so progress is a straight line:
//!
//! - processors are shared equally among runnable activities, each using at most one core;
//! - the wire is shared max-min fairly;
//! - an activity that is held back by one resource leaves its share of the other to the rest.
//!
//! Members of a class progress together, so a change of rates costs the number of classes and a
//! completion costs the logarithm of the members: each class keeps the progress `served` that a
//! member present from the beginning would have, and a heap of the values at which its members
//! finish. All progress is in whole parts with the remainder carried, so a run is exact and the
//! same everywhere.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::units::{Bytes, SimSpan, rounded};

/// Progress of a finished activity.
pub const PARTS: u64 = 1_000_000_000;

const NANOS: u64 = 1_000_000_000;

/// Quotient and remainder. Almost all numbers fit 64 bits, which processors divide many times as fast.
#[must_use]
#[inline]
pub fn div_rem(number: u128, by: u64) -> (u128, u64) {
    match u64::try_from(number) {
        Ok(number) => (u128::from(number / by), number % by),
        Err(_) => (number / u128::from(by), (number % u128::from(by)) as u64),
    }
}

/// What every activity of a class needs in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// CPU time.
    pub cpu: SimSpan,
    /// Bytes on the shared wire.
    pub wire: Bytes,
    /// Least time it takes, however idle the machine.
    pub floor: SimSpan,
}

/// Index of a class in its pool.
pub type ClassId = usize;

/// A member's handle: needed to remove it before it finishes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// The class's `served` when it joined.
    start: u128,
}

#[derive(Clone, Debug, Default)]
struct Class {
    demand: Demand,
    members: u64,
    /// Progress of an imaginary member present since the class was last empty.
    served: u128,
    /// Numerator of the part not yet whole, over `NANOS`.
    carry: u64,
    /// Sum of the members' starting values.
    starts: u128,
    finishes: BinaryHeap<Reverse<(u128, u64)>>,
    /// Parts a second of each member.
    rate: u64,
    /// What follows from the demand: CPU-seconds and bytes a part, and the rate of a member alone.
    cpu_per_part: f64,
    wire_per_part: f64,
    own_ceiling: f64,
    /// Scratch of [`FluidPool::share`]: highest rate allowed, and the rate being worked out.
    ceiling: f64,
    tentative: f64,
}

/// A set of classes that share processors and a wire.
#[derive(Clone, Debug, Default)]
pub struct FluidPool {
    classes: Vec<Class>,
    /// Classes with members, ascending.
    active: Vec<ClassId>,
    /// Scratch of [`FluidPool::share`].
    order: Vec<ClassId>,
}

impl FluidPool {
    /// Adds a class of activities.
    pub fn add_class(&mut self, demand: Demand) -> ClassId {
        self.classes.push(Class::of(demand));
        self.classes.len() - 1
    }

    /// Changes what the rest of every activity of the class costs; takes effect at the next
    /// [`FluidPool::share`].
    pub fn set_demand(&mut self, class: ClassId, demand: Demand) {
        let c = &mut self.classes[class];
        if c.demand != demand {
            c.set_demand(demand);
        }
    }

    /// Classes that have members, in ascending order.
    #[must_use]
    pub fn active(&self) -> &[ClassId] {
        &self.active
    }

    /// Members of a class.
    #[must_use]
    pub fn members(&self, class: ClassId) -> u64 {
        self.classes[class].members
    }

    /// Progress of a class's members together, in parts.
    #[must_use]
    pub fn progress(&self, class: ClassId) -> u128 {
        let c = &self.classes[class];
        (c.served * u128::from(c.members)).saturating_sub(c.starts)
    }

    /// Parts a second that the members of a class make together.
    #[must_use]
    pub fn total_rate(&self, class: ClassId) -> f64 {
        let c = &self.classes[class];
        c.rate as f64 * c.members as f64
    }

    /// Cores that the activities would use on an endless machine.
    #[must_use]
    pub fn wanted(&self) -> f64 {
        let wanted = |c: &Class| c.own_ceiling * c.cpu_per_part * c.members as f64;
        self.active.iter().map(|class| wanted(&self.classes[*class])).sum()
    }

    /// Adds an activity. `id` comes back from [`FluidPool::pop_finished`].
    pub fn join(&mut self, class: ClassId, id: u64) -> Joined {
        let c = &mut self.classes[class];
        if c.members == 0 {
            c.served = 0;
            c.carry = 0;
            c.starts = 0;
            c.finishes.clear();
            let at = self.active.partition_point(|other| *other < class);
            self.active.insert(at, class);
        }
        c.members += 1;
        c.starts += c.served;
        c.finishes.push(Reverse((c.served + u128::from(PARTS), id)));
        Joined { start: c.served }
    }

    /// Takes an activity out before it finished and returns its progress in parts. Its heap entry
    /// stays and must be ignored by the owner when it comes back (ids are unique).
    pub fn leave(&mut self, class: ClassId, joined: Joined) -> u64 {
        let c = &mut self.classes[class];
        let progress = c.served - joined.start;
        self.remove(class, joined);
        u64::try_from(progress).unwrap_or(PARTS).min(PARTS)
    }

    fn remove(&mut self, class: ClassId, joined: Joined) {
        let c = &mut self.classes[class];
        c.members -= 1;
        c.starts -= joined.start;
        if c.members == 0 {
            self.active.retain(|other| *other != class);
        }
    }

    /// Lets `span` pass at the present rates.
    pub fn advance(&mut self, span: SimSpan) {
        for class in &self.active {
            let c = &mut self.classes[*class];
            let parts = u128::from(c.rate) * u128::from(span.0) + u128::from(c.carry);
            let (whole, carry) = div_rem(parts, NANOS);
            c.served += whole;
            c.carry = carry;
        }
    }

    /// Time until the next activity finishes at the present rates.
    #[must_use]
    pub fn next_finish(&self) -> Option<SimSpan> {
        self.active.iter().filter_map(|class| self.classes[*class].until_finish()).min()
    }

    /// An activity that has finished: its class, its id and its handle to [`FluidPool::finish`].
    /// The owner must call `finish` for it unless it had left before.
    pub fn pop_finished(&mut self) -> Option<(ClassId, u64)> {
        for class in &self.active {
            let c = &mut self.classes[*class];
            if let Some(Reverse((at, id))) = c.finishes.peek().copied()
                && at <= c.served
            {
                c.finishes.pop();
                return Some((*class, id));
            }
        }
        None
    }

    /// Takes a finished activity out.
    pub fn finish(&mut self, class: ClassId, joined: Joined) {
        self.remove(class, joined);
    }

    /// Shares `cores` and `wire` bytes a second among the activities and returns the cores used.
    ///
    /// Two water-fillings by turns: processors under the activities' own ceilings, then the wire
    /// under what the processors allow; what the wire holds back gives processor time to the
    /// others in the next turn. Four turns are within a few per mille of the fixed point, and an
    /// uncontended wire needs one.
    pub fn share(&mut self, cores: f64, wire: f64) -> f64 {
        const TURNS: u32 = 4;
        let mut order = std::mem::take(&mut self.order);
        order.clone_from(&self.active);
        for class in &self.active {
            let c = &mut self.classes[*class];
            c.ceiling = c.own_ceiling;
        }
        for _ in 0..TURNS {
            for class in &self.active {
                self.classes[*class].tentative = self.classes[*class].ceiling;
            }
            self.fill(&mut order, cores.max(0.0), |c| c.cpu_per_part, 1.0);
            let wanted = self.total(|c| c.wire_per_part);
            if wanted <= wire {
                break;
            }
            self.fill(&mut order, wire.max(1.0), |c| c.wire_per_part, f64::INFINITY);
            for class in &self.active {
                let c = &mut self.classes[*class];
                if c.demand.wire.0 > 0 {
                    c.ceiling = c.ceiling.min(c.tentative);
                }
            }
        }
        self.order = order;
        for class in &self.active {
            let c = &mut self.classes[*class];
            c.rate = rounded(c.tentative).max(1);
        }
        self.total(|c| c.cpu_per_part).min(cores.max(0.0))
    }

    /// Use of a resource at the tentative rates.
    fn total(&self, per_part: impl Fn(&Class) -> f64) -> f64 {
        let used = |c: &Class| c.tentative * per_part(c) * c.members as f64;
        self.active.iter().map(|class| used(&self.classes[*class])).sum()
    }

    /// Max-min fair shares of `capacity` among the classes that use the resource, each member at
    /// most `most` of it and at most its tentative rate; lowers the tentative rates to that.
    fn fill(
        &mut self,
        order: &mut [ClassId],
        capacity: f64,
        per_part: impl Fn(&Class) -> f64,
        most: f64,
    ) {
        let wants = |c: &Class| c.tentative * per_part(c);
        let classes = &mut self.classes;
        // The least demanding first; equal demands by class, so that the order is total.
        order.sort_unstable_by(|a, b| {
            wants(&classes[*a]).total_cmp(&wants(&classes[*b])).then(a.cmp(b))
        });
        let uses = |c: &Class| per_part(c) > 0.0;
        let mut members: u64 =
            order.iter().map(|i| &classes[*i]).filter(|c| uses(c)).map(|c| c.members).sum();
        let mut left = capacity;
        for class in order.iter() {
            let c = &mut classes[*class];
            if !uses(c) {
                continue;
            }
            let share = (left / members as f64).min(most);
            c.tentative = c.tentative.min(share / per_part(c));
            left = (left - c.tentative * per_part(c) * c.members as f64).max(0.0);
            members -= c.members;
        }
    }
}

impl Class {
    /// A class without members.
    fn of(demand: Demand) -> Self {
        let mut class = Self::default();
        class.set_demand(demand);
        class
    }

    fn set_demand(&mut self, demand: Demand) {
        let parts = PARTS as f64;
        let over = |span: SimSpan| {
            if span.0 > 0 { parts / span.as_secs_f64() } else { f64::MAX }
        };
        self.demand = demand;
        self.cpu_per_part = demand.cpu.as_secs_f64() / parts;
        self.wire_per_part = demand.wire.as_f64() / parts;
        // Alone on an endless machine: at most one core, no faster than its floor, at most one
        // activity a nanosecond.
        self.own_ceiling = (parts * 1e9).min(over(demand.cpu)).min(over(demand.floor));
    }

    fn until_finish(&self) -> Option<SimSpan> {
        let Reverse((at, _)) = self.finishes.peek()?;
        let missing = at.saturating_sub(self.served) * u128::from(NANOS);
        let left = missing.saturating_sub(u128::from(self.carry));
        let (whole, rest) = div_rem(left, self.rate.max(1));
        let nanos = whole + u128::from(rest > 0);
        Some(SimSpan(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_out(
        pool: &mut FluidPool,
        handles: &mut [Option<Joined>],
        cores: f64,
        wire: f64,
    ) -> Vec<(u64, u64)> {
        let (mut now, mut done) = (0, Vec::new());
        loop {
            pool.share(cores, wire);
            let Some(span) = pool.next_finish() else {
                return done;
            };
            pool.advance(span);
            now += span.0;
            while let Some((class, id)) = pool.pop_finished() {
                let joined = handles[id as usize].take().expect("finishes once");
                pool.finish(class, joined);
                done.push((id, now));
            }
        }
    }

    #[test]
    fn processors_are_shared_equally_and_one_activity_uses_one_core() {
        let mut pool = FluidPool::default();
        let class = pool.add_class(Demand { cpu: SimSpan::secs(1), ..Demand::default() });
        let mut handles: Vec<_> = (0..4).map(|id| Some(pool.join(class, id))).collect();
        let done = run_out(&mut pool, &mut handles, 2.0, 1e9);
        assert!(done.iter().all(|(_, at)| *at == 2_000_000_000), "{done:?}");
        let mut one = vec![Some(pool.join(class, 0))];
        assert_eq!(run_out(&mut pool, &mut one, 8.0, 1e9), vec![(0, 1_000_000_000)]);
    }

    #[test]
    fn a_slow_reader_leaves_its_share_to_others() {
        let mut pool = FluidPool::default();
        let slow = pool.add_class(Demand {
            cpu: SimSpan::secs(1),
            floor: SimSpan::secs(10),
            ..Demand::default()
        });
        let fast = pool.add_class(Demand { cpu: SimSpan::secs(1), ..Demand::default() });
        let mut handles = vec![Some(pool.join(slow, 0)), Some(pool.join(fast, 1))];
        let done = run_out(&mut pool, &mut handles, 1.0, 1e9);
        // The slow one takes a tenth of the core, the fast one the other nine.
        let (id, at) = done[0];
        assert_eq!(id, 1);
        assert!((at as f64 / 1e9 - 1.0 / 0.9).abs() < 1e-6, "{at}");
        assert_eq!(done[1], (0, 10_000_000_000));
    }

    #[test]
    fn the_wire_is_shared_max_min() {
        let mut pool = FluidPool::default();
        let small = pool.add_class(Demand {
            wire: Bytes(100),
            floor: SimSpan::secs(1),
            ..Demand::default()
        });
        let large = pool.add_class(Demand { wire: Bytes(900), ..Demand::default() });
        let mut handles = vec![Some(pool.join(small, 0)), Some(pool.join(large, 1))];
        // 1000 bytes a second: the capped one takes 100, the other the remaining 900.
        let done = run_out(&mut pool, &mut handles, 1.0, 1000.0);
        assert!(done.iter().all(|(_, at)| (*at as f64 / 1e9 - 1.0).abs() < 1e-6), "{done:?}");
    }

    #[test]
    fn progress_is_conserved_when_members_leave() {
        let mut pool = FluidPool::default();
        let class = pool.add_class(Demand { cpu: SimSpan::secs(1), ..Demand::default() });
        let first = pool.join(class, 0);
        pool.share(1.0, 1.0);
        pool.advance(SimSpan::millis(300));
        let second = pool.join(class, 1);
        pool.share(1.0, 1.0);
        pool.advance(SimSpan::millis(200));
        assert_eq!(pool.progress(class), 500_000_000);
        assert_eq!(pool.leave(class, first), 400_000_000);
        assert_eq!(pool.leave(class, second), 100_000_000);
        assert_eq!(pool.progress(class), 0);
    }
}
