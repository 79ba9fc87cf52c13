//! Whether a key changes anything.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::results::{PointFigures, PointValue};

/// Groups of points that are remembered: of a sweep with more, nothing is said.
const MOST_GROUPS: usize = 1 << 18;

/// Whether points that differ in one key alone come out alike, to the last figure: on the same draws they
/// would not if the key had any effect. Points with equal values of all other keys are a group, and groups and
/// figures are known by 64 bits of a hash.
pub(super) struct Alike {
    /// Which key.
    axis: usize,
    /// The figures of each group; `None`: some differ, or there are too many groups.
    groups: Option<BTreeMap<u64, u64>>,
    /// Whether a group had two points.
    compared: bool,
}

impl Alike {
    pub(super) const fn of_key(axis: usize) -> Self {
        Self { axis, groups: Some(BTreeMap::new()), compared: false }
    }

    /// Whether further points can change the answer.
    pub(super) const fn is_open(&self) -> bool {
        self.groups.is_some()
    }

    /// What tells figures apart.
    pub(super) fn fingerprint(figures: &PointFigures) -> u64 {
        hash(&format!("{figures:?}"))
    }

    /// Takes a point with these values and figures.
    pub(super) fn push(&mut self, values: &[PointValue], figures: u64) {
        let Some(groups) = &mut self.groups else { return };
        let others = values.iter().enumerate().filter(|(at, _)| *at != self.axis);
        let others: Vec<&str> = others.map(|(_, value)| value.text.as_str()).collect();
        let count = groups.len();
        let kept = match groups.entry(hash(&others)) {
            Entry::Occupied(found) => {
                self.compared = true;
                *found.get() == figures
            }
            Entry::Vacant(place) => {
                place.insert(figures);
                count < MOST_GROUPS
            }
        };
        if !kept {
            self.groups = None;
        }
    }

    /// The answer; `false` if no two points differ in this key alone.
    pub(super) const fn changes_nothing(&self) -> bool {
        self.compared && self.groups.is_some()
    }
}

fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes_nothing(axis: usize, rows: &[([&str; 2], f64)]) -> bool {
        let mut alike = Alike::of_key(axis);
        for (texts, cpu_seconds) in rows {
            let values = texts.map(|text| PointValue { text: text.to_owned(), number: None });
            let figures = PointFigures { cpu_seconds: *cpu_seconds, ..PointFigures::default() };
            alike.push(&values, Alike::fingerprint(&figures));
        }
        alike.changes_nothing()
    }

    #[test]
    fn a_key_along_which_all_is_equal_is_found() {
        let mut rows = [
            (["16", "8GiB"], 1.0),
            (["40", "8GiB"], 1.0),
            (["16", "9GiB"], 2.0),
            (["40", "9GiB"], 2.0),
        ];
        assert!(changes_nothing(0, &rows) && !changes_nothing(1, &rows));
        rows[3].1 = 2.5;
        assert!(!changes_nothing(0, &rows));
        // No two points differ in one key alone: nothing is known.
        let apart = [(["16", "8GiB"], 1.0), (["40", "9GiB"], 1.0)];
        assert!(!changes_nothing(0, &apart) && !changes_nothing(1, &apart));
    }
}
