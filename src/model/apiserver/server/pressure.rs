//! What a server lacks: processors, its CPU limit, memory below `memory.high`.
//!
//! **CPU limit.** CFS grants a container its quota in every period of 100 ms; threads that want more stand
//! still until the next one. The simplest model without ticks: what is left of the quota is a bucket that holds
//! one period's worth, fills at the limit and empties at what is used. While something is left, as many threads
//! run as there are Ps and processors. Once it is empty, the server has its limit, and of `w` threads that want
//! to run the limit runs `q`: they stand still for 1 - q/w of the time, w - q seconds per second over all
//! processors. Not modelled: the phase of the periods, and how long a single short request waits for the next.
//!
//! **Pressure** as `psi.rst` of Linux has it: *some* is the share of time in which somebody waits, *full* that
//! in which nobody works for waiting. Of CPU, full is what throttling takes, and some also counts goroutines
//! that wait for a P in Go's own queue, which the kernel does not see. Of memory it is the sleep of threads that
//! allocate above `memory.high`, each by itself (assumed: they sleep independently of each other), and the
//! wait of all for pages of the binary that the kernel took (`file_pages`): with all of them gone, all the time.

use super::Server;
use crate::engine::fluid::PARTS;
use crate::model::memory::go_heap::BACKGROUND_UTILIZATION;
use crate::results::{CFS_PERIOD, PressureRecord};
use crate::units::SimSpan;

/// A throttled group runs again once it has been granted a slice (`sched_cfs_bandwidth_slice_us`, Linux
/// `kernel/sched/fair.c`: 5 ms), in CPU-seconds.
const SLICE: f64 = 0.005;
/// So much more than there is counts as wanting more.
const MORE: f64 = 1.0 + 1e-6;

/// A CPU limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quota {
    /// CPU-seconds granted per second.
    limit: f64,
    /// CPU-seconds left.
    left: f64,
    /// Nothing was left, and no slice has been granted since.
    spent: bool,
}

impl Quota {
    /// A limit of so many cores, of which nothing has been used.
    pub(super) fn new(limit: f64) -> Self {
        Self { limit, left: limit * CFS_PERIOD.as_secs_f64(), spent: false }
    }

    /// Lets a span pass in which so many cores were in use.
    fn pass(&mut self, used: f64, seconds: f64) {
        let most = self.limit * CFS_PERIOD.as_secs_f64();
        self.left = (self.left + (self.limit - used) * seconds).clamp(0.0, most);
        if self.left < 1e-9 {
            self.spent = true;
        } else if self.left >= SLICE.min(most / 2.0) {
            self.spent = false;
        }
    }

    /// Seconds until nothing is left, if so many cores are in use.
    fn lasts(&self, used: f64) -> Option<f64> {
        (!self.spent && used > self.limit * MORE).then(|| self.left / (used - self.limit))
    }
}

/// What holds between two events, in seconds per second.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pressure {
    throttled: f64,
    throttled_time: f64,
    cpu_some: f64,
    cpu_full: f64,
    memory_some: f64,
    memory_full: f64,
}

/// How long requests have wanted more processors than there were, on end: a pause ends that only when it
/// lasts ([`PAUSE`]).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shortage {
    /// Whether they want more than they get.
    pub(super) short: bool,
    lasted: f64,
    paused: f64,
    /// The longest so far, seconds.
    longest: f64,
}

impl Shortage {
    /// Lets a span pass.
    pub(super) fn pass(&mut self, seconds: f64) {
        if self.short {
            (self.lasted, self.paused) = (self.lasted + self.paused + seconds, 0.0);
            self.longest = self.longest.max(self.lasted);
        } else {
            self.paused += seconds;
            if self.paused >= PAUSE {
                (self.lasted, self.paused) = (0.0, 0.0);
            }
        }
    }

    /// The longest so far.
    pub(super) fn longest(&self) -> SimSpan {
        SimSpan::from_secs_f64(self.longest)
    }
}

/// Processors that have room for so many seconds have caught up (assumed).
const PAUSE: f64 = 1.0;

/// Sums of [`Pressure`] in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pressed(Pressure);

impl Pressed {
    fn pass(&mut self, now: Pressure, seconds: f64) {
        self.0.throttled += now.throttled * seconds;
        self.0.throttled_time += now.throttled_time * seconds;
        self.0.cpu_some += now.cpu_some * seconds;
        self.0.cpu_full += now.cpu_full * seconds;
        self.0.memory_some += now.memory_some * seconds;
        self.0.memory_full += now.memory_full * seconds;
    }
}

impl Server {
    /// Cores that it has the use of now: it stands still while pages of its binary are read again.
    pub(super) fn cores(&self) -> f64 {
        self.granted() * self.beside.pages.speed
    }

    /// Cores that it may use now.
    fn granted(&self) -> f64 {
        match &self.quota {
            Some(quota) if quota.spent => quota.limit.min(self.settings.cores),
            _ => self.settings.cores,
        }
    }

    /// Books a span.
    pub(super) fn pass_pressure(&mut self, seconds: f64) {
        let used = self.rates.cores + self.rates.mark;
        if let Some(quota) = &mut self.quota {
            quota.pass(used, seconds);
        }
        self.pressed.pass(self.pressure, seconds);
        self.shortage.pass(seconds);
    }

    /// Seconds until the quota is spent.
    pub(super) fn until_spent(&self) -> Option<f64> {
        self.quota.as_ref()?.lasts(self.rates.cores + self.rates.mark)
    }

    /// Nothing moves for want of memory.
    pub(super) fn all_wait_for_memory(&mut self) {
        self.shortage.short = false;
        self.pressure = Pressure { memory_some: 1.0, memory_full: 1.0, ..Pressure::default() };
    }

    /// Works out what holds from the instant settled to, once processors are shared; `left`: those that
    /// requests can have.
    pub(super) fn measure_pressure(&mut self, waits: bool, left: f64) {
        // A server that starts has no steady load, and its own requests only.
        self.shortage.short = self.background.cores > 0.0 && self.pool.wanted() > left * MORE;
        let marking = self.memory.heap().marking().is_some();
        let load = if waits { f64::INFINITY } else { self.background.cores };
        let work = self.pool.wanted() + load;
        let workers = if marking { BACKGROUND_UTILIZATION * self.settings.procs } else { 0.0 };
        let queued = work + workers > self.granted() * MORE;
        // While a cycle marks, every P without other work marks, too.
        let threads = if marking { f64::INFINITY } else { work }.min(self.settings.cores);
        let mut now = Pressure { cpu_some: f64::from(u8::from(queued)), ..Pressure::default() };
        if let Some(quota) = &self.quota
            && quota.spent
            && threads > quota.limit * MORE
        {
            now.throttled = threads - quota.limit;
            now.throttled_time = 1.0;
            now.cpu_full = 1.0 - quota.limit / threads;
            now.cpu_some = now.cpu_some.max(now.cpu_full);
        }
        let (some, full) = self.memory_pressure();
        let stands = if threads > 0.0 { 1.0 - self.beside.pages.speed } else { 0.0 };
        (now.memory_some, now.memory_full) = (some.max(stands), full.max(stands));
        self.pressure = now;
    }

    /// Shares of time in which somebody, and in which everybody, sleeps above `memory.high`.
    fn memory_pressure(&self) -> (f64, f64) {
        if self.settings.memory_high.is_none_or(|high| self.memory.resident() <= high.0) {
            return (0.0, 0.0);
        }
        let (mut none, mut all) = (1.0, 1.0);
        for class in self.pool.active() {
            let members = self.pool.members(*class).max(1);
            let rate = self.pool.total_rate(*class) / (PARTS as f64 * members as f64);
            let asleep = (rate * self.classes[*class].pause.as_secs_f64()).min(1.0);
            none *= libm::pow(1.0 - asleep, members as f64);
            all *= libm::pow(asleep, members as f64);
        }
        let idle = self.pool.active().is_empty();
        (1.0 - none, if idle { 0.0 } else { all })
    }

    /// What it lacked so far.
    #[must_use]
    pub fn pressed(&self) -> PressureRecord {
        let span = |seconds: f64| SimSpan::from_secs_f64(seconds.max(0.0));
        let Pressure { throttled, throttled_time, cpu_some, cpu_full, memory_some, memory_full } =
            self.pressed.0;
        PressureRecord {
            throttled: span(throttled),
            throttled_time: span(throttled_time),
            cpu_some: span(cpu_some),
            cpu_full: span(cpu_full),
            memory_some: span(memory_some),
            memory_full: span(memory_full),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_outlasts_short_pauses() {
        let mut shortage = Shortage::default();
        for (short, seconds) in
            [(true, 20.0), (false, 0.5), (true, 20.0), (false, 1.0), (true, 5.0)]
        {
            shortage.short = short;
            shortage.pass(seconds);
        }
        assert_eq!(shortage.longest(), SimSpan::millis(40_500));
    }

    #[test]
    fn a_burst_runs_free_until_the_quota_of_a_period_is_spent() {
        let mut quota = Quota::new(2.0);
        // Eight threads use 0.2 CPU-seconds in a thirtieth of a second, less what is granted meanwhile.
        let lasts = quota.lasts(8.0).expect("they use more than the limit");
        assert!((lasts - 0.2 / 6.0).abs() < 1e-12);
        quota.pass(8.0, lasts);
        assert!(quota.spent && quota.lasts(8.0).is_none());
        // At the limit it stays so; a slice ends it.
        quota.pass(2.0, 1.0);
        assert!(quota.spent);
        quota.pass(1.0, 0.01);
        assert!(!quota.spent);
    }
}
