//! Which rows of a large sweep its charts show.
//!
//! A chart has room for so many values of a key, cells or dots. Rows are looked at once for the values that there
//! are, and a second time for those rows that have a place; what is drawn of them is what would be drawn of all.

use std::collections::{BTreeMap, BTreeSet};

use super::heatmap::{MOST_CELLS, MOST_DOTS};
use super::lines::MOST_STOPS;
use crate::results::{PointRow, PointValue, SweepHead};
use crate::units::Sort as _;

/// Dots that are there for another reason than their turn: the ends of both keys and what lies between.
const EXTRA_DOTS: usize = 1000;

/// A value of a key: numbers ascending, then words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// The bits of a number such that they are ordered as the numbers are.
    Number(i64),
    Word(String),
}

impl Level {
    fn of(value: &PointValue) -> Self {
        match value.number {
            Some(number) => {
                let bits = number.to_bits().cast_signed();
                Self::Number(bits ^ ((bits >> 63) & i64::MAX))
            }
            None => Self::Word(value.text.clone()),
        }
    }
}

/// The values of a key with the first point that has each.
type Firsts = BTreeMap<Level, u32>;

/// What the rows of a sweep vary over, seen so far.
#[derive(Debug)]
pub struct Levels {
    grid: bool,
    points: usize,
    /// By key; none where all rows are few enough to be drawn, or no chart shows rows.
    keys: Vec<Firsts>,
    killed: Option<u32>,
}

impl Levels {
    /// Of no rows yet.
    #[must_use]
    pub fn of(head: &SweepHead) -> Self {
        let (points, axes) = (head.points as usize, head.design.axes.len());
        let shown = points > MOST_DOTS && axes <= 2 && head.design.kind != "morris";
        let keys = vec![Firsts::new(); if shown { axes } else { 0 }];
        Self { grid: head.design.kind == "grid", points, keys, killed: None }
    }

    /// Looks at the next row.
    pub fn look(&mut self, row: &PointRow) {
        if self.keys.is_empty() {
            return;
        }
        for (key, value) in self.keys.iter_mut().zip(&row.values) {
            key.entry(Level::of(value)).or_insert(row.point);
        }
        let kills = row.figures.as_ref().is_some_and(|figures| figures.oom.count > 0);
        self.killed = self.killed.or_else(|| kills.then_some(row.point));
    }

    /// After all rows: which of them to draw.
    #[must_use]
    pub fn chosen(self) -> Chosen {
        let few = self.points <= MOST_DOTS;
        let rule = match self.keys.as_slice() {
            [key] => Rule::Points(thinned(key, MOST_STOPS).map(|(_, point)| point).collect()),
            [across, upwards] if self.grid => Rule::Cells(
                [across, upwards]
                    .map(|key| thinned(key, MOST_CELLS).map(|(level, _)| level.clone()).collect()),
            ),
            [across, upwards] => {
                let ends = [across, upwards].into_iter().flat_map(|key| thinned(key, MOST_CELLS));
                let ends = ends.map(|(_, point)| point).chain(self.killed).collect();
                Rule::Every(1 + self.points / (MOST_DOTS - EXTRA_DOTS), ends)
            }
            _ if few => Rule::All,
            _ => Rule::None,
        };
        Chosen { rule, rows: Vec::new() }
    }
}

/// Of more values than `most`, that many at even distances, with both ends; words as they come.
fn thinned(key: &Firsts, most: usize) -> impl Iterator<Item = (&Level, u32)> {
    let mut levels: Vec<(&Level, u32)> = key.iter().map(|(level, first)| (level, *first)).collect();
    if levels.iter().any(|(level, _)| matches!(level, Level::Word(_))) {
        levels.order_by_key(|(_, first)| *first);
    }
    let last = levels.len().saturating_sub(1);
    let shown = levels.len().min(most);
    (0..shown).map(move |place| levels[if last < most { place } else { place * last / (most - 1) }])
}

/// Rows to draw.
#[derive(Debug)]
pub struct Chosen {
    rule: Rule,
    rows: Vec<PointRow>,
}

#[derive(Debug)]
enum Rule {
    All,
    None,
    /// These points.
    Points(BTreeSet<u32>),
    /// Those with these values of both keys.
    Cells([BTreeSet<Level>; 2]),
    /// Every so many, and these.
    Every(usize, BTreeSet<u32>),
}

impl Chosen {
    /// Keeps a row if it is drawn.
    pub fn offer(&mut self, row: &PointRow) {
        let drawn = match &self.rule {
            Rule::All => true,
            Rule::None => false,
            Rule::Points(points) => points.contains(&row.point),
            Rule::Cells(keys) => {
                let mut cells = keys.iter().zip(&row.values);
                cells.all(|(levels, value)| levels.contains(&Level::of(value)))
            }
            Rule::Every(step, points) => {
                (row.point as usize).is_multiple_of(*step) || points.contains(&row.point)
            }
        };
        if drawn {
            self.rows.push(row.clone());
        }
    }

    /// Those that are drawn, in order.
    #[must_use]
    pub fn rows(self) -> Vec<PointRow> {
        self.rows
    }
}
