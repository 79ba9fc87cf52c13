//! [`Heads`]: the virtual finish times of the oldest waiting requests, for picking the least.

use crate::model::apf::seat_seconds::SeatSeconds;

const BITS: usize = 64;

/// Which queues have a waiting request, and when each queue's oldest finishes in the virtual world.
/// Apart from the queues so that a pick reads nothing else.
#[derive(Clone, Debug, Default)]
pub(super) struct Heads {
    finish_r: Vec<SeatSeconds>,
    occupied: Vec<u64>,
}

impl Heads {
    /// As many queues as `len`; those added have no waiting request.
    pub(super) fn grow(&mut self, len: usize) {
        self.finish_r.resize(len, SeatSeconds::ZERO);
        self.occupied.resize(len.div_ceil(BITS), 0);
    }

    /// So many queues, none with a waiting request.
    pub(super) fn reset(&mut self, len: usize) {
        self.finish_r.clear();
        self.occupied.clear();
        self.grow(len);
    }

    /// The oldest waiting request of a queue changed, or its finish did.
    pub(super) fn set(&mut self, queue: usize, finish_r: Option<SeatSeconds>) {
        let bit = 1 << (queue % BITS);
        if let Some(r) = finish_r {
            self.finish_r[queue] = r;
            self.occupied[queue / BITS] |= bit;
        } else {
            self.occupied[queue / BITS] &= !bit;
        }
    }

    /// The first queue with the least virtual finish, visiting from `start` on and around.
    pub(super) fn least(&self, start: usize) -> Option<usize> {
        let mut best = None;
        let mut least = SeatSeconds::MAX;
        for range in [start..self.finish_r.len(), 0..start] {
            let words = range.start / BITS..range.end.div_ceil(BITS);
            for word in words {
                let base = word * BITS;
                let mut bits = self.occupied[word];
                if base < range.start {
                    bits &= u64::MAX << (range.start - base);
                }
                if base + BITS > range.end {
                    bits &= u64::MAX >> (base + BITS - range.end);
                }
                while bits != 0 {
                    let queue = base + bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    if self.finish_r[queue] < least || best.is_none() {
                        least = self.finish_r[queue];
                        best = Some(queue);
                    }
                }
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::{Heads, SeatSeconds};

    #[test]
    fn the_first_least_from_the_start_around() {
        let mut heads = Heads::default();
        heads.grow(200);
        assert_eq!(heads.least(0), None);
        for (queue, r) in [(3, 7), (64, 5), (130, 5), (199, 9)] {
            heads.set(queue, Some(SeatSeconds(r)));
        }
        assert_eq!(heads.least(0), Some(64));
        assert_eq!(heads.least(65), Some(130));
        assert_eq!(heads.least(131), Some(64));
        heads.set(64, None);
        heads.set(130, None);
        assert_eq!(heads.least(64), Some(3));
        heads.set(3, None);
        assert_eq!(heads.least(199), Some(199));
    }
}
