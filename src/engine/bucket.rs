//! A token bucket that starts full: client-go's limit of requests, kube-apiserver's of audit batches
//! (`flowcontrol.NewTokenBucketRateLimiter` on `golang.org/x/time/rate`).
//!
//! Whoever takes a token that is not there yet has it reserved, and waits until then. So all that is to be known of
//! a bucket is when it was drawn dry by its rate alone.

use crate::units::{SimSpan, SimTime};

/// How a bucket fills.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateLimit {
    /// Tokens per second, more than none.
    pub per_second: f64,
    /// Tokens of a full bucket, at least one.
    pub burst: u64,
}

/// See the module's documentation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenBucket {
    /// When the tokens that were taken would have come, one after the other.
    taken_until: SimTime,
}

impl TokenBucket {
    /// How long the next token is to be waited for.
    #[must_use]
    pub fn wait(self, limit: RateLimit, now: SimTime) -> SimSpan {
        let spare = SimSpan::from_secs_f64(limit.burst.saturating_sub(1) as f64 / limit.per_second);
        let owed = self.taken_until.max(now).since(now);
        owed - spare.min(owed)
    }

    /// Takes a token, or a part of one: how long it is to be waited for.
    pub fn take(&mut self, limit: RateLimit, tokens: f64, now: SimTime) -> SimSpan {
        let wait = self.wait(limit, now);
        let span = SimSpan::from_secs_f64(tokens / limit.per_second);
        self.taken_until = self.taken_until.max(now) + span;
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let limit = RateLimit { per_second: 10.0, burst: 3 };
        let mut bucket = TokenBucket::default();
        let mut at =
            |seconds| bucket.take(limit, 1.0, SimTime::ZERO + SimSpan::secs(seconds)).as_secs_f64();
        let waits: Vec<f64> = [100, 100, 100, 100, 100].map(&mut at).to_vec();
        assert_eq!(waits, [0.0, 0.0, 0.0, 0.1, 0.2]);
        // It is full again after three tenths and what is owed.
        let waits: Vec<f64> = [101, 101, 101, 101].map(&mut at).to_vec();
        assert_eq!(waits, [0.0, 0.0, 0.0, 0.1]);
    }
}
