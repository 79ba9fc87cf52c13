//! Where the ticks of times and bytes are, and where an axis ends.

use crate::results::Timeline;
use crate::units::{Bytes, SimSpan, SimTime};

/// The end of the time axis: the run's length, or later where a line goes on; never nothing.
pub(super) fn end_of(duration: SimSpan, timelines: &[Timeline]) -> SimTime {
    let last = timelines.iter().filter_map(|t| t.points.last()).map(|p| p.at);
    let end = last.max().unwrap_or_default().max(SimTime(duration.0));
    if end == SimTime::ZERO { SimTime::ZERO + SimSpan::secs(1) } else { end }
}

/// Instants for the ticks of a time axis, at most about `most` of them.
pub(super) fn time_ticks(end: SimTime, most: usize) -> Vec<SimTime> {
    const MILLI: u64 = 1_000_000;
    const STEPS: [u64; 27] = [
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000,
        120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 10_800_000,
        21_600_000, 43_200_000, 86_400_000,
    ];
    let fits = |step: &u64| end.0 / (step * MILLI) <= most.max(1) as u64;
    let days = (end.0 / (86_400_000 * MILLI) / most.max(1) as u64 + 1) * 86_400_000;
    let step = STEPS.iter().copied().find(fits).unwrap_or(days).saturating_mul(MILLI);
    (0..=end.0 / step).map(|i| SimTime(i * step)).collect()
}

/// An instant on an axis: `1:30`, `1:02:00`; with fractions only where there are any.
pub(super) fn clock(at: SimTime) -> String {
    let (seconds, millis) = (at.0 / 1_000_000_000, at.0 / 1_000_000 % 1_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let mut text = if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    };
    if millis > 0 {
        text.push_str(format!(".{millis:03}").trim_end_matches('0'));
    }
    text
}

/// The axis of bytes: its ticks and the unit they are written in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ByteAxis {
    /// `GiB`; a smaller unit only where all is tiny.
    pub(super) unit: &'static str,
    /// Ticks and what they say.
    pub(super) ticks: Vec<(Bytes, String)>,
}

/// Ticks from zero to `top`, at most about `most` of them.
pub(super) fn byte_axis(top: Bytes, most: usize) -> ByteAxis {
    let (unit, size) = match top.0 {
        n if n >= 1 << 29 => ("GiB", 1u64 << 30),
        n if n >= 1 << 19 => ("MiB", 1 << 20),
        n if n >= 1 << 9 => ("KiB", 1 << 10),
        _ => ("B", 1),
    };
    let room = top.as_f64() / size as f64 / most.max(1) as f64;
    let small = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
    let hundreds = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0];
    let step = if size == 1 << 30 {
        let fits = small.into_iter().find(|s| *s >= room);
        fits.unwrap_or_else(|| (room.log2().ceil()).exp2())
    } else {
        hundreds.into_iter().find(|s| *s >= room).unwrap_or(500.0)
    };
    let digits = usize::from(step < 1.0) + usize::from(step < 0.1);
    let count = (top.as_f64() / size as f64 / step + 1e-9).floor() as u32;
    let tick = |i| {
        let value = f64::from(i) * step;
        let text = if i == 0 { "0".to_owned() } else { format!("{value:.digits$}") };
        (Bytes::from_f64(value * size as f64), text)
    };
    ByteAxis { unit, ticks: (0..=count).map(tick).collect() }
}

/// Ticks between two sizes, at most about `most` of them.
pub(super) fn byte_axis_within(low: Bytes, high: Bytes, most: usize) -> ByteAxis {
    let span = (high - low).as_f64().max(1.0);
    let mut axis = byte_axis(high, (most as f64 * high.as_f64() / span) as usize);
    axis.ticks.retain(|(bytes, _)| *bytes >= low);
    axis
}

/// About nine round numbers.
pub(super) fn round_ticks(low: f64, high: f64) -> impl Iterator<Item = (f64, String)> {
    let least = ((high - low) / 9.0).max(1e-9);
    let decade = 10_f64.powf(least.log10().floor());
    let round = [1.0, 2.0, 5.0, 10.0].into_iter().find(|m| m * decade >= least).unwrap_or(10.0);
    let step = round * decade;
    let digits = if step >= 1.0 { 0 } else { (-step.log10().floor()) as usize };
    let (from, to) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (from..=to).map(move |i| {
        let number = i as f64 * step;
        (number, format!("{number:.digits$}"))
    })
}

/// A limit that means something: not zero, and not "unlimited".
pub(super) fn real_limit(limit: Bytes) -> Option<Bytes> {
    (limit > Bytes::ZERO && limit < Bytes(1 << 60)).then_some(limit)
}

/// The bytes at the upper edge of plots `height` pixels high: the highest value and each limit that is
/// not far above it, with `head` pixels free for marks. Limits that do not fit are named in words.
pub(super) fn top_of(highest: Bytes, limits: &[Bytes], height: f64, head: f64) -> Bytes {
    let near = |l: &Bytes| l.as_f64() <= highest.as_f64() * 4.0;
    let limits = limits.iter().copied().filter_map(real_limit);
    let shown = limits.filter(near).max().unwrap_or_default().max(highest);
    let free = (1.0 - head / height.max(head * 2.0)).max(0.5);
    Bytes::from_f64((shown.as_f64() / free).min(1.8e19)).max(Bytes(1))
}

#[cfg(test)]
mod tests {
    use super::{byte_axis, clock, end_of, time_ticks, top_of};
    use crate::units::{Bytes, SimSpan, SimTime};

    fn seconds(n: u64) -> SimTime {
        SimTime::ZERO + SimSpan::secs(n)
    }

    #[test]
    fn ticks_are_few_and_round() {
        let texts = |top, most| -> Vec<String> {
            byte_axis(top, most).ticks.into_iter().map(|t| t.1).collect()
        };
        assert_eq!(texts(Bytes::gib(18), 6), ["0", "4", "8", "12", "16"]);
        assert_eq!(texts(Bytes::mib(1_100), 6), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(byte_axis(Bytes::mib(300), 6).unit, "MiB");
        for top in [0, 1, 7, 1 << 9, 1 << 20, 1 << 40, u64::MAX] {
            let ticks = byte_axis(Bytes(top), 6).ticks;
            assert!(!ticks.is_empty() && ticks.len() <= 8, "{top}");
        }
    }

    #[test]
    fn times_are_read_as_a_clock() {
        assert_eq!(clock(seconds(90)), "1:30");
        assert_eq!(clock(seconds(3_720)), "1:02:00");
        assert_eq!(clock(SimTime(500_000_000)), "0:00.5");
        assert_eq!(time_ticks(seconds(600), 10).len(), 11);
        for end in [1, 1_000_000, 7_000_000_000, 86_400_000_000_000, u64::MAX] {
            assert!(time_ticks(SimTime(end), 8).len() <= 9, "{end}");
        }
    }

    #[test]
    fn axes_are_never_empty() {
        assert_eq!(end_of(SimSpan::ZERO, &[]), seconds(1));
        assert!(top_of(Bytes::ZERO, &[], 100.0, 20.0) > Bytes::ZERO);
        assert!(top_of(Bytes(u64::MAX), &[Bytes(u64::MAX)], 100.0, 20.0) > Bytes::ZERO);
        let far = top_of(Bytes::gib(1), &[Bytes::gib(64)], 400.0, 20.0);
        assert!(far < Bytes::gib(2), "a far limit does not flatten the lines");
        assert!(top_of(Bytes::gib(10), &[Bytes::gib(16)], 400.0, 20.0) > Bytes::gib(16));
    }
}
