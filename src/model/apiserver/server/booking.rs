//! How a server's books follow its straight lines: time passes, ramps are booked, and a member that
//! leaves its class takes exactly its own share.

use super::{Background, Plans, Server};
use crate::engine::fluid::{ClassId, div_rem};
use crate::model::apiserver::plan::{RampKind, part_of};
use crate::units::{Bytes, SimSpan, SimTime};

impl Server {
    /// Highest resident memory since the last call.
    pub fn take_phase_peak(&mut self) -> Bytes {
        let peak = self.phase_peak;
        self.phase_peak = self.memory.resident();
        Bytes(peak)
    }

    /// The heap at which the collector aims.
    #[must_use]
    pub fn heap_goal(&self) -> Bytes {
        Bytes(self.memory.heap().goal())
    }

    /// Moves the state along its straight lines to `now`. Needs the plans only for the ramps.
    pub fn settle(&mut self, now: SimTime) {
        let span = now.since(self.settled);
        self.settled = now;
        if span == SimSpan::ZERO || !self.running {
            return;
        }
        let seconds = span.as_secs_f64();
        if self.beside.stands_still {
            self.pass_pressure(seconds);
            return;
        }
        self.pool.advance(span);
        let others = self.rates.cores - self.rates.background + self.rates.mark;
        self.cpu_nanos += others * span.0 as f64;
        let bounds = self.bounds_of_backlog();
        self.cpu_nanos += self.backlog.pass(&self.background, bounds, span);
        self.backlog.note(self.lateness());
        self.pass_pressure(seconds);
        if self.memory.heap().marking().is_some() {
            self.memory.heap_mut().mark(self.rates.mark * seconds);
        }
        self.pass_background(span);
        if self.rates.scavenge > 0 {
            let bytes = bytes_of(self.rates.scavenge, span, &mut self.scavenge_carry);
            // What the ramps have mapped since the books were made is booked later, and it is returned as it comes.
            self.mapped += self.rates.mapped * seconds;
            self.memory.scavenge(bytes, self.mapped as u64);
        }
    }

    fn pass_background(&mut self, span: SimSpan) {
        let Background { litter, growth, .. } = &self.background;
        self.litter_carry.resize(litter.len(), 0);
        for ((entry, rate), carry) in litter.iter().zip(&mut self.litter_carry) {
            self.memory.ramp(RampKind::Litter, *entry, bytes_of(*rate, span, carry));
        }
        self.growth_carry.resize(growth.len(), 0);
        for (line, carry) in growth.iter().zip(&mut self.growth_carry) {
            let bytes = bytes_of(line.per_second, span, carry);
            self.memory.ramp(RampKind::Take, line.entry, bytes);
        }
    }

    /// Books what the ramps have done up to the instant settled to.
    pub(super) fn book(&mut self, plans: &Plans) {
        self.mapped = 0.0;
        for index in 0..self.pool.active().len() {
            let class = self.pool.active()[index];
            let (progress, members) = (self.pool.progress(class), self.pool.members(class));
            let state = &mut self.classes[class];
            let phase = &plans.get(state.plan).phases[state.phase as usize];
            for (ramp, applied) in phase.ramps.iter().zip(&mut state.applied) {
                let more = total_of(ramp.bytes, progress, members).saturating_sub(*applied);
                *applied += more;
                if more > 0 {
                    self.memory.ramp(ramp.kind, ramp.entry, more);
                }
            }
        }
    }

    /// Books the ramps of a class that a member has just left after `parts`: that member's share
    /// is made exact (it is left in `departed`), and the rest stays with the members that remain.
    /// What the rounding of sums has booked beyond their shares goes with the last member.
    pub(super) fn book_departure(&mut self, plans: &Plans, class: ClassId, parts: u64) {
        let (progress, members) = (self.pool.progress(class), self.pool.members(class));
        let state = &mut self.classes[class];
        let phase = &plans.get(state.plan).phases[state.phase as usize];
        self.departed.clear();
        for (ramp, applied) in phase.ramps.iter().zip(&mut state.applied) {
            let own = part_of(ramp.bytes, u128::from(parts));
            // Others may be past their end, too, until they are taken out.
            let most_left = ramp.bytes.0.saturating_mul(members);
            let target = part_of(ramp.bytes, progress).min(most_left) + own;
            let more = target.saturating_sub(*applied);
            let gone = own.max((*applied + more).saturating_sub(most_left));
            *applied = (*applied + more) - gone;
            self.departed.push(gone);
            if more > 0 {
                self.memory.ramp(ramp.kind, ramp.entry, more);
            }
        }
    }
}

/// Whole bytes of a rate a second over a span; the remainder is carried.
fn bytes_of(rate: u64, span: SimSpan, carry: &mut u64) -> u64 {
    let bytes = u128::from(rate) * u128::from(span.0) + u128::from(*carry);
    let (whole, rest) = div_rem(bytes, 1_000_000_000);
    *carry = rest;
    whole as u64
}

/// What a ramp of `bytes` comes to for `members` that have made so much progress together. A member
/// is past its end by less than a nanosecond until it is taken out.
fn total_of(bytes: Bytes, progress: u128, members: u64) -> u64 {
    part_of(bytes, progress).min(bytes.0.saturating_mul(members))
}
