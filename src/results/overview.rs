//! The rows of a sweep as its page shows them: a few of them, however many there are.

use std::cmp::Reverse;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{PointFigures, PointRow, RISK};
use crate::units::{Bytes, Sort};

/// What is held of rows of which each was seen once, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview {
    /// Points seen.
    pub points: u32,
    /// Of them, those that were run.
    pub run: u32,
    /// Replications of all points.
    pub replications: u64,
    /// Whether a server was killed in any.
    pub killed: bool,
    /// The first point above the risk that operators are asked to stay below.
    pub at_risk: Option<PointRow>,
    /// The first that could not be run.
    pub failures: Vec<PointRow>,
    /// All that were run, in order, where these are few; else the riskiest are among them.
    riskiest: Vec<PointRow>,
}

impl Overview {
    /// Points shown.
    pub const SHOWN: usize = 30;
    /// Failed points named.
    pub const FAILURES: usize = 3;

    /// Takes the next row.
    pub fn push(&mut self, row: &PointRow) {
        self.points += 1;
        let Some(figures) = &row.figures else {
            if self.failures.len() < Self::FAILURES {
                self.failures.push(row.clone());
            }
            return;
        };
        self.run += 1;
        self.replications += u64::from(figures.replications);
        self.killed |= figures.oom.count > 0;
        if self.at_risk.is_none() && figures.oom_share() > RISK {
            self.at_risk = Some(row.clone());
        }
        self.riskiest.push(row.clone());
        if self.riskiest.len() >= 4 * Self::SHOWN {
            self.riskiest.order_by_key(danger);
            self.riskiest.truncate(Self::SHOWN);
        }
    }

    /// The points to show, with their figures: all of them in order, or else the riskiest.
    #[must_use]
    pub fn shown(&self) -> Vec<(&PointRow, &PointFigures)> {
        let mut rows: Vec<&PointRow> = self.riskiest.iter().collect();
        if self.run as usize > Self::SHOWN {
            rows.order_by_key(|row| danger(row));
            rows.truncate(Self::SHOWN);
        }
        rows.into_iter().filter_map(|row| Some((row, row.figures.as_ref()?))).collect()
    }
}

impl<'r> FromIterator<&'r PointRow> for Overview {
    fn from_iter<I: IntoIterator<Item = &'r PointRow>>(rows: I) -> Self {
        let mut overview = Self::default();
        rows.into_iter().for_each(|row| overview.push(row));
        overview
    }
}

/// The riskiest first, then those with the highest peak.
fn danger(row: &PointRow) -> (Reverse<(u64, Bytes)>, u32) {
    let of = |figures: &PointFigures| {
        ((figures.oom_share() * 1e6) as u64, figures.peak_resident_bytes.p95)
    };
    (Reverse(row.figures.as_ref().map(of).unwrap_or_default()), row.point)
}

/// Of a list of rows, one at a time.
impl<'de> Deserialize<'de> for Overview {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Rows;
        impl<'de> Visitor<'de> for Rows {
            type Value = Overview;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the rows of a sweep")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Overview, A::Error> {
                let mut overview = Overview::default();
                while let Some(row) = rows.next_element()? {
                    overview.push(&row);
                }
                Ok(overview)
            }
        }
        from.deserialize_seq(Rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{OutcomeCount, Spread};

    /// Kills that a multiplication scatters: many points are as risky as others.
    fn rows(count: u32) -> Vec<PointRow> {
        let row = |point: u32| {
            let oom = OutcomeCount { count: point * 7919 % 13, ..OutcomeCount::default() };
            let p95 = Bytes(u64::from(point * 104_729 % 101));
            let peak_resident_bytes = Spread { p95, ..Spread::default() };
            let figures = PointFigures {
                replications: 20,
                oom,
                peak_resident_bytes,
                ..PointFigures::default()
            };
            let figures = (point % 17 != 3).then_some(figures);
            PointRow { point, figures, ..PointRow::default() }
        };
        (0..count).map(row).collect()
    }

    /// Against all rows sorted at once.
    #[test]
    fn of_any_number_of_rows_the_riskiest_are_shown() {
        for count in [0, 1, 29, 31, 32, 33, 100, 127, 128, 1000, 4321] {
            let rows = rows(count);
            let overview: Overview = rows.iter().collect();
            let mut wanted: Vec<&PointRow> =
                rows.iter().filter(|row| row.figures.is_some()).collect();
            assert_eq!(overview.run as usize, wanted.len());
            if wanted.len() > Overview::SHOWN {
                wanted.sort_by_key(|row| danger(row));
                wanted.truncate(Overview::SHOWN);
            }
            let found: Vec<&PointRow> = overview.shown().into_iter().map(|(row, _)| row).collect();
            assert_eq!(found, wanted, "of {count}");
            let first =
                rows.iter().find(|row| row.figures.as_ref().is_some_and(|f| f.oom.count > 1));
            assert_eq!(overview.at_risk.as_ref(), first);
        }
    }
}
