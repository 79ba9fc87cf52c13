//! Sorting where speed does not count: one compiled copy for all types.
//!
//! The standard library's stable sort is compiled anew for each comparison, to some 7 kB of machine code; over a hundred
//! of them were a megabyte of the program. Here places are sorted, by a comparison behind a pointer, and what stands at
//! them is swapped along.

use std::cmp::Ordering;

/// Stable sorts of slices that all share their machine code.
pub trait Sort<T> {
    /// Sorts as `sort_by` does.
    fn order_by(&mut self, compare: impl FnMut(&T, &T) -> Ordering);

    /// Sorts as `sort_by_key` does.
    fn order_by_key<K: Ord>(&mut self, key: impl FnMut(&T) -> K);
}

impl<T> Sort<T> for [T] {
    fn order_by(&mut self, mut compare: impl FnMut(&T, &T) -> Ordering) {
        let mut places: Vec<usize> = (0..self.len()).collect();
        sorted(&mut places, &mut |a, b| compare(&self[a], &self[b]));
        along(&mut places, &mut |a, b| self.swap(a, b));
    }

    fn order_by_key<K: Ord>(&mut self, mut key: impl FnMut(&T) -> K) {
        self.order_by(|a, b| key(a).cmp(&key(b)));
    }
}

fn sorted(places: &mut [usize], compare: &mut dyn FnMut(usize, usize) -> Ordering) {
    places.sort_by(|a, b| compare(*a, *b));
}

/// Swaps until each place has what stood at the one named there, cycle by cycle.
fn along(places: &mut [usize], swap: &mut dyn FnMut(usize, usize)) {
    for start in 0..places.len() {
        let mut at = start;
        loop {
            let from = std::mem::replace(&mut places[at], at);
            if from == start || from == at {
                break;
            }
            swap(at, from);
            at = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Sort;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_the_standard_library_sorts(values in prop::collection::vec(0_u8..20, 0..60)) {
            let numbered: Vec<(u8, usize)> = values.into_iter().zip(0..).collect();
            let (mut ours, mut theirs) = (numbered.clone(), numbered);
            ours.order_by_key(|(value, _)| std::cmp::Reverse(*value));
            theirs.sort_by_key(|(value, _)| std::cmp::Reverse(*value));
            prop_assert_eq!(&ours, &theirs);
            ours.order_by(|a, b| a.0.cmp(&b.0));
            theirs.sort_by_key(|(value, _)| *value);
            prop_assert_eq!(ours, theirs);
        }
    }
}
