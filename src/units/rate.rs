//! [`ByteRate`]: bytes per second.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Bytes, SimSpan};

/// Bytes per second.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ByteRate(pub u64);

impl ByteRate {
    /// The rate as a float, for ratios.
    #[must_use]
    pub const fn as_f64(self) -> f64 {
        self.0 as f64
    }

    /// Time to move `bytes` at this rate; a rate of zero takes the maximum span.
    #[must_use]
    pub fn time_for(self, bytes: Bytes) -> SimSpan {
        let nanos = u128::from(bytes.0) * 1_000_000_000;
        match nanos.checked_div(u128::from(self.0)) {
            Some(n) => SimSpan(u64::try_from(n).unwrap_or(u64::MAX)),
            None => SimSpan(u64::MAX),
        }
    }
}

/// As bytes, per second; `{:#}` is exact and reads back.
impl fmt::Display for ByteRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return f.pad(&format!("{:#}/s", Bytes(self.0)));
        }
        f.pad(&format!("{}/s", Bytes(self.0)))
    }
}
