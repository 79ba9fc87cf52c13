//! What monitoring sees of a server: samples at fixed times, and none while it does not answer.
//!
//! The model: a scrape takes no time, its sample is the value of that instant, and a server that does
//! not serve (dead, starting, not ready) does not answer. When the first scrape falls is chance, so a
//! peak that a scrape interval shows is told for all whole seconds at which it may.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeline;
use crate::units::{Bytes, SimSpan, SimTime};

/// Common scrape intervals, in seconds: 15 s is what many set, 30 s the one of kube-prometheus, 60 s
/// the default of Prometheus (`DefaultGlobalConfig`, prometheus/prometheus config/config.go, v2.53).
pub const SCRAPE_INTERVALS: [u64; 3] = [15, 30, 60];

/// The highest memory that scrapes of a server would have seen in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScrapedPeak {
    /// From one scrape to the next.
    pub interval_seconds: u64,
    /// When the first of them falls in the schedule of `peak_bytes`.
    pub first_seconds: u64,
    /// The highest sample, in the median schedule.
    pub peak_bytes: Bytes,
    /// The same in the schedule that sees least.
    pub lowest_bytes: Bytes,
    /// The same in the schedule that sees most.
    pub highest_bytes: Bytes,
    /// Scrapes without an answer in the schedule of `peak_bytes`.
    pub failed: u64,
}

/// A scrape, with the resident memory where the server answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scrape {
    /// When.
    pub at: SimTime,
    /// What it saw.
    pub resident: Option<Bytes>,
}

/// Scrapes of a server from `first` until the end of its timeline.
#[must_use]
pub fn scrapes(timeline: &Timeline, first: SimSpan, interval: SimSpan) -> Vec<Scrape> {
    let end = timeline.points.last().map_or(SimTime::ZERO, |point| point.at);
    let mut seen = Vec::new();
    let mut at = SimTime::ZERO + first;
    while at <= end && interval > SimSpan::ZERO && !timeline.points.is_empty() {
        let down = timeline.down.iter().any(|(from, to)| *from <= at && at < *to);
        let resident = (!down).then(|| Bytes::from_f64(timeline.resident_at(at)));
        seen.push(Scrape { at, resident });
        at += interval;
    }
    seen
}

/// The peaks that scrapes of a server would have seen, at each of [`SCRAPE_INTERVALS`]; none without
/// a timeline.
#[must_use]
pub fn scraped_peaks(timeline: &Timeline) -> Vec<ScrapedPeak> {
    let of = |interval_seconds: u64| {
        let interval = SimSpan::secs(interval_seconds);
        let schedule = |first: u64| {
            let seen = scrapes(timeline, SimSpan::secs(first), interval);
            let peak = seen.iter().filter_map(|scrape| scrape.resident).max().unwrap_or_default();
            let failed = seen.iter().filter(|scrape| scrape.resident.is_none()).count() as u64;
            (peak, first, failed)
        };
        let mut schedules: Vec<_> = (0..interval_seconds).map(schedule).collect();
        schedules.sort_unstable();
        let (peak_bytes, first_seconds, failed) = schedules[schedules.len() / 2];
        ScrapedPeak {
            interval_seconds,
            first_seconds,
            peak_bytes,
            lowest_bytes: schedules.first().map_or(peak_bytes, |schedule| schedule.0),
            highest_bytes: schedules.last().map_or(peak_bytes, |schedule| schedule.0),
            failed,
        }
    };
    if timeline.points.is_empty() {
        return Vec::new();
    }
    SCRAPE_INTERVALS.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::{Scrape, scraped_peaks, scrapes};
    use crate::results::{Timeline, TimelinePoint};
    use crate::units::{Bytes, SimSpan, SimTime};

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + SimSpan::secs(seconds)
    }

    /// Flat at 4 GiB, up to 16 within ten seconds from 1:00 on, dead for eight, then 2 GiB.
    fn spike() -> Timeline {
        let point = |seconds, gib| TimelinePoint::of_resident(at(seconds), Bytes::gib(gib));
        let points = vec![
            point(0, 4),
            point(60, 4),
            point(70, 16),
            point(70, 0),
            point(78, 2),
            point(600, 2),
        ];
        Timeline { points, down: vec![(at(70), at(78))], ..Timeline::default() }
    }

    #[test]
    fn a_scrape_sees_the_line_and_misses_a_dead_server() {
        let seen = scrapes(&spike(), SimSpan::secs(5), SimSpan::secs(30));
        let gib = |n| Some(Bytes::gib(n));
        assert_eq!(seen[1], Scrape { at: at(35), resident: gib(4) });
        assert_eq!(seen[2], Scrape { at: at(65), resident: gib(10) });
        assert_eq!(seen[3], Scrape { at: at(95), resident: gib(2) });
        assert_eq!(seen.len(), 20);
        // A kill and what it leaves are one instant: nobody is there to answer.
        assert_eq!(scrapes(&spike(), SimSpan::secs(70), SimSpan::secs(600))[0].resident, None);
    }

    #[test]
    fn the_spike_lies_between_two_scrapes_of_a_minute() {
        let peaks = scraped_peaks(&spike());
        // Of 60 schedules nine fall on the rise, at 61 to 69 s; the others see 4 GiB.
        assert_eq!((peaks[2].peak_bytes, peaks[2].lowest_bytes), (Bytes::gib(4), Bytes::gib(4)));
        assert!(peaks[2].highest_bytes > Bytes::gib(14), "{:?}", peaks[2]);
        // Of 15 every second one or so: those at 61 to 69 s see up to 14.8 GiB.
        assert!(peaks[0].peak_bytes > Bytes::gib(4), "{:?}", peaks[0]);
        assert!(scraped_peaks(&Timeline::default()).is_empty());
    }
}
