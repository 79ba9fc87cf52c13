//! The least dose of a remedy that suffices.
//!
//! Bisection on few replications over the doses of the table; of the remedies that will be shown first
//! also over even steps between the last that fails and the first that does not. What it comes to is
//! tried in full. Where that fails after all, the
//! next doses are tried in growing strides: the strongest is known to suffice.

use super::super::certain::too_close;
use super::super::remedies::Case;
use super::lab::{Doses, Lab, Laid, Row};
use super::{LOOK, STEPS};
use crate::experiment::{ReplicateError, Replications};
use crate::results::{RemedyRow, RemedyState};

/// Steps between two doses of the table.
const FINE: u32 = 16;
/// Replications of a dose in the bisection; and where only the doses of the table are tried.
const PILOT: u32 = STEPS[2];
const ROUGH: u32 = STEPS[1];

impl Lab<'_> {
    /// Tries a remedy in full that survived the first look, and finds its least dose: between those of the
    /// table, if it is to be `fine`.
    pub(super) fn settle(
        &mut self,
        row: &mut Row,
        case: &Case<'_>,
        fine: bool,
    ) -> Result<(), ReplicateError> {
        let (row, doses) = row;
        let Some(strongest) = doses.ladder.last() else { return Ok(()) };
        let all = (std::mem::take(&mut doses.runs), LOOK, self.plan.replications);
        let tried = self.tried(&doses.blank, strongest, self.plan, all)?;
        *row = tried.row;
        if row.state > RemedyState::TooClose || doses.ladder.len() < 2 {
            return Ok(());
        }
        doses.strongest.clone_from(row);
        let goal = row.state;
        let pilot = if fine { PILOT } else { ROUGH };
        let mut least = self.bisect(doses, (doses.ladder.len() - 1, pilot), goal)?;
        if fine {
            self.refine(doses, least, case);
            let rung = doses.ladder.iter().position(|laid| laid.is_rung).unwrap_or(0);
            least = self.bisect(doses, (rung, pilot), goal)?;
        }
        doses.ladder.drain(..least);
        self.climb(row, doses, goal)
    }

    /// The first dose that survives a few replications, if all after it do; `high`, which is known to,
    /// if none before it does.
    fn bisect(
        &mut self,
        doses: &Doses,
        (mut high, replications): (usize, u32),
        goal: RemedyState,
    ) -> Result<usize, ReplicateError> {
        let mut low = 0;
        while low < high {
            let middle = usize::midpoint(low, high);
            let laid = &doses.ladder[middle];
            let pilot = (Vec::new(), 0, replications);
            let at = self.tried(&doses.blank, laid, self.plan, pilot)?;
            let close = goal == RemedyState::Suffices
                && !at.runs.is_empty()
                && too_close(laid.variant.scenario(), &at.runs);
            let most = replications.min(self.plan.replications);
            if at.survives(most, self.most_wrong) && !close {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(high)
    }

    /// Puts even steps between the dose before `least` and it, and takes what is before them away.
    fn refine(&self, doses: &mut Doses, least: usize, case: &Case<'_>) {
        let (Some(remedy), Some(before)) = (doses.remedy, least.checked_sub(1)) else { return };
        let rest = doses.ladder.split_off(least);
        let (Some(from), Some(to)) = (doses.ladder.get(before), rest.first()) else { return };
        let mut fine: Vec<Laid> = Vec::new();
        for step in 1..FINE {
            let dose = from.dose + (to.dose - from.dose) * f64::from(step) / f64::from(FINE);
            let Ok(laid) = self.laid(remedy, case, dose) else { continue };
            let same = |other: &Laid| other.built == laid.built;
            if !same(from) && !same(to) && !fine.last().is_some_and(same) {
                fine.push(Laid { is_rung: false, ..laid });
            }
        }
        doses.ladder = fine.into_iter().chain(rest).collect();
    }

    /// Tries the first of the doses in full, and the next ones if it fails; the last suffices.
    fn climb(
        &mut self,
        row: &mut RemedyRow,
        doses: &mut Doses,
        goal: RemedyState,
    ) -> Result<(), ReplicateError> {
        let mut stride = 1;
        while doses.ladder.len() > 1 {
            let all = (Vec::new(), 0, self.plan.replications);
            let tried = self.tried(&doses.blank, &doses.ladder[0], self.plan, all)?;
            if tried.row.state <= goal {
                *row = tried.row;
                return Ok(());
            }
            // Where the work ends before a weaker dose is known to suffice, the strongest stays.
            let next = if self.left() == 0 { usize::MAX } else { stride };
            stride *= 2;
            doses.ladder.drain(..next.min(doses.ladder.len() - 1));
        }
        row.clone_from(&doses.strongest);
        Ok(())
    }

    /// Tries a remedy that suffices with draws of another seed; where it fails there, the next doses.
    pub(super) fn confirm(&mut self, row: &mut Row) -> Result<(), ReplicateError> {
        let (row, doses) = row;
        let mut stride = 1;
        while row.state <= RemedyState::TooClose && row.confirmed.is_none() && self.left() > 0 {
            let Some(laid) = doses.ladder.first() else { return Ok(()) };
            let seed = self.plan.seed.wrapping_add(1) & (i64::MAX as u64);
            let plan = Replications { seed, ..self.plan };
            let all = (Vec::new(), 0, plan.replications);
            let again = self.tried(&doses.blank, laid, plan, all)?.row;
            if again.figures.replications == 0 {
                return Ok(());
            }
            row.confirmed = Some(again.figures.wrong);
            row.confirmed_in = again.figures.replications;
            if again.state <= RemedyState::Undecided {
                return Ok(());
            }
            if doses.ladder.len() < 2 || self.left() == 0 {
                row.state = RemedyState::Helps;
                return Ok(());
            }
            doses.ladder.drain(..stride.min(doses.ladder.len() - 1));
            stride *= 2;
            self.climb(row, doses, doses.strongest.state)?;
        }
        Ok(())
    }
}
