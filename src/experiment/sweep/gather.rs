//! What a verdict on a sweep needs, from its rows one after the other.

use super::alike::Alike;
use super::along::Along;
use super::morris::Effects;
use super::points::Points;
use crate::results::{Overview, PointFigures, PointRow, RISK};
use crate::scenario::sweep::SweepPlan;

/// What was seen of the rows so far: a few bytes a point at most, not the rows.
pub struct Gathering<'a> {
    pub(super) plan: &'a SweepPlan,
    pub(super) effects: Effects<'a>,
    pub(super) along: Along<'a>,
    /// By key.
    pub(super) alike: Vec<Alike>,
    pub(super) seen: Overview,
    /// Points some of whose replications were stopped at the event limit.
    pub(super) incomplete: u32,
    /// Points above the risk that operators are asked to stay below.
    pub(super) above: u32,
    /// Points where more replications do not recover than have a kill.
    pub(super) unrecovered: u32,
    /// The first row and the last.
    pub(super) ends: [Option<PointRow>; 2],
}

impl<'a> Gathering<'a> {
    /// Of no rows yet.
    #[must_use]
    pub fn new(plan: &'a SweepPlan, points: &'a Points<'a>) -> Self {
        Self {
            plan,
            effects: Effects::new(plan, points),
            along: Along::new(points),
            alike: (0..plan.vary.len()).map(Alike::of_key).collect(),
            seen: Overview::default(),
            incomplete: 0,
            above: 0,
            unrecovered: 0,
            ends: [None, None],
        }
    }

    /// Takes the next row: they come in order.
    pub fn push(&mut self, row: &PointRow) {
        self.seen.push(row);
        self.effects.push(row);
        if self.ends[0].is_none() {
            self.ends[0] = Some(row.clone());
        }
        self.ends[1] = Some(row.clone());
        let Some(figures) = &row.figures else { return };
        self.incomplete += u32::from(figures.incomplete > 0);
        self.above += u32::from(figures.oom_share() > RISK);
        self.unrecovered += u32::from(figures.non_recovering.count > figures.oom.count);
        if self.plan.vary.len() == 1 {
            self.along.push(row, figures);
        }
        self.compare(row, figures);
    }

    fn compare(&mut self, row: &PointRow, figures: &PointFigures) {
        let still = self.alike.iter_mut().filter(|alike| alike.is_open());
        let mut fingerprint = None;
        for alike in still {
            let fingerprint = *fingerprint.get_or_insert_with(|| Alike::fingerprint(figures));
            alike.push(&row.values, fingerprint);
        }
    }
}
