//! Large runs take turns: so many threads may each do one that memory would not hold them all.
//!
//! A run has a weight, such as its number of clients. While what is under way weighs more than
//! `MOST_AT_ONCE` together with it, it waits; one alone may weigh anything. What a run comes to does not
//! depend on when it is done.

use std::sync::{Condvar, Mutex, PoisonError};

/// Weight of the runs under way at most: of clients, each takes about 300 bytes.
const MOST_AT_ONCE: u64 = 2_000_000;

static AT_WORK: Mutex<u64> = Mutex::new(0);
static FREED: Condvar = Condvar::new();

/// A run under way; it ends when this is dropped.
#[derive(Debug)]
pub struct Turn(u64);

/// Waits until a run of this weight may begin. A thread that has a turn must not take another.
#[must_use]
pub fn take(weight: u64) -> Turn {
    let mut at_work = AT_WORK.lock().unwrap_or_else(PoisonError::into_inner);
    while *at_work > 0 && at_work.saturating_add(weight) > MOST_AT_ONCE {
        at_work = FREED.wait(at_work).unwrap_or_else(PoisonError::into_inner);
    }
    *at_work = at_work.saturating_add(weight);
    Turn(weight)
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut at_work = AT_WORK.lock().unwrap_or_else(PoisonError::into_inner);
        *at_work = at_work.saturating_sub(self.0);
        FREED.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn no_more_than_two_millions_at_once_unless_one_alone_is_more() {
        let (now, most) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for weight in [1_000_000, 900_000, 700_000, 1_000_000, 3_000_000, 100] {
                let (now, most) = (&now, &most);
                scope.spawn(move || {
                    for _ in 0..50 {
                        let _turn = take(weight);
                        let together = now.fetch_add(weight, Ordering::SeqCst) + weight;
                        if weight < MOST_AT_ONCE {
                            most.fetch_max(together, Ordering::SeqCst);
                        } else {
                            assert_eq!(together, weight, "it is alone");
                        }
                        std::thread::yield_now();
                        now.fetch_sub(weight, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(most.load(Ordering::SeqCst) <= MOST_AT_ONCE);
    }
}
