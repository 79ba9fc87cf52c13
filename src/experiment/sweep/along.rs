//! Where the risk of a kill crosses the line along one key.

use super::points::Points;
use crate::results::{PointFigures, PointRow, RISK};
use crate::units::Sort as _;

/// Values that are named where they have no order.
const NAMED: usize = 6;

/// The points of a sweep of one key.
pub(super) struct Along<'a> {
    points: &'a Points<'a>,
    /// The value, which point has it, and whether that is above the line.
    values: Vec<(f64, u32, bool)>,
    /// Whether some are words: then there is no order.
    words: bool,
    /// The first values within the line.
    safe: Vec<String>,
}

impl<'a> Along<'a> {
    pub(super) const fn new(points: &'a Points<'a>) -> Self {
        Self { points, values: Vec::new(), words: false, safe: Vec::new() }
    }

    /// Takes the next row.
    pub(super) fn push(&mut self, row: &PointRow, figures: &PointFigures) {
        let above = figures.oom_share() > RISK;
        let value = row.values.first();
        match value.and_then(|value| value.number) {
            Some(number) => self.values.push((number, row.point, above)),
            None => self.words = true,
        }
        if !above && self.safe.len() < NAMED {
            self.safe.push(value.map_or_else(String::new, |value| value.text.clone()));
        }
    }

    fn text(&self, point: u32) -> String {
        self.points.values(point).first().map_or_else(String::new, ToString::to_string)
    }

    /// The sentence; `None` of no points.
    pub(super) fn told(&self, key: &str) -> Option<String> {
        if self.words {
            return Some(self.told_of_words(key));
        }
        let mut ordered = self.values.clone();
        ordered.order_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let changes: Vec<_> = ordered.windows(2).filter(|pair| pair[0].2 != pair[1].2).collect();
        let (first, last) = (ordered.first()?, ordered.last()?);
        let range = format!("{} to {}", self.text(first.1), self.text(last.1));
        Some(match (changes.as_slice(), first.2) {
            ([], false) => format!("P(OOM) stays within 5 % for `{key}` from {range}"),
            ([], true) => format!("P(OOM) is above 5 % for every `{key}` from {range}"),
            ([pair], starts_above) => {
                let (before, after) = (self.text(pair[0].1), self.text(pair[1].1));
                if starts_above {
                    format!("P(OOM) falls to 5 % or less between `{key}` = {before} and {after}")
                } else {
                    format!("P(OOM) rises above 5 % between `{key}` = {before} and {after}")
                }
            }
            (several, _) => {
                let n = several.len();
                format!("P(OOM) crosses 5 % {n} times for `{key}` from {range}: it is not monotone")
            }
        })
    }

    /// Of values without an order.
    fn told_of_words(&self, key: &str) -> String {
        if self.safe.is_empty() {
            return format!("P(OOM) is above 5 % for every `{key}`");
        }
        format!("P(OOM) is within 5 % for `{key}` = {}", self.safe.join(", "))
    }
}
