//! What a server lacked: processors, its CPU limit, memory below `memory.high`, pages of its binary.

use serde::{Deserialize, Serialize};

use crate::units::SimSpan;

/// `cpu.max`'s period that the kubelet sets (`--cpu-cfs-quota-period`).
pub const CFS_PERIOD: SimSpan = SimSpan::millis(100);

/// What a server lacked, summed over the run; *some* and *full* as Linux' pressure stall information has
/// them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PressureRecord {
    /// Threads stood still for the CPU limit, over all processors (`container_cpu_cfs_throttled_seconds_total`).
    pub throttled: SimSpan,
    /// The time in which they did: each period of the limit was spent before its end.
    pub throttled_time: SimSpan,
    /// Somebody waited for a processor, or for a P of Go.
    pub cpu_some: SimSpan,
    /// Nobody ran, for the CPU limit was spent.
    pub cpu_full: SimSpan,
    /// Somebody slept above `memory.high`, or waited for pages that the kernel had taken.
    pub memory_some: SimSpan,
    /// All did.
    pub memory_full: SimSpan,
    /// All waited for pages to be read again from the disk: some and full alike.
    #[serde(default)]
    pub io: SimSpan,
}

impl PressureRecord {
    /// Nothing was lacked.
    pub const NONE: Self = Self {
        throttled: SimSpan::ZERO,
        throttled_time: SimSpan::ZERO,
        cpu_some: SimSpan::ZERO,
        cpu_full: SimSpan::ZERO,
        memory_some: SimSpan::ZERO,
        memory_full: SimSpan::ZERO,
        io: SimSpan::ZERO,
    };

    /// What `timeline.csv` has of it.
    #[must_use]
    pub const fn columns(&self) -> [SimSpan; 6] {
        [self.throttled, self.cpu_some, self.cpu_full, self.memory_some, self.memory_full, self.io]
    }

    /// What came since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            throttled: self.throttled - earlier.throttled,
            throttled_time: self.throttled_time - earlier.throttled_time,
            cpu_some: self.cpu_some - earlier.cpu_some,
            cpu_full: self.cpu_full - earlier.cpu_full,
            memory_some: self.memory_some - earlier.memory_some,
            memory_full: self.memory_full - earlier.memory_full,
            io: self.io - earlier.io,
        }
    }
}
