//! Instants of an audit log, and how things are spread over them.

use std::collections::BTreeMap;

use crate::units::{Day, SimSpan};

/// Microseconds since 1970: what audit logs count in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Micros(pub i64);

impl Micros {
    /// Reads RFC 3339 as the apiserver writes it: `2026-11-28T08:51:27.697814Z`, its fraction of any length.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let number = |from: usize, to: usize| -> Option<i64> {
            bytes.get(from..to)?.iter().try_fold(0_i64, |sum, digit| {
                digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0'))
            })
        };
        let Day(day) = Day::of(number(0, 4)?, number(5, 7)?, number(8, 10)?)?;
        let clock = number(11, 13)? * 3_600 + number(14, 16)? * 60 + number(17, 19)?;
        let mut rest = bytes.get(19..)?;
        let mut micros = 0;
        if let Some(fraction) = rest.strip_prefix(b".") {
            let digits = fraction.iter().take_while(|digit| digit.is_ascii_digit()).count();
            let six =
                (0..6).map(|at| fraction[..digits].get(at).map_or(0, |d| i64::from(d - b'0')));
            micros = six.fold(0, |sum, digit| sum * 10 + digit);
            rest = &fraction[digits..];
        }
        Some(Self((day * 86_400 + clock - east(rest)?) * 1_000_000 + micros))
    }

    /// The time from an earlier instant; nothing if it is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> SimSpan {
        SimSpan(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0).saturating_mul(1_000))
    }

    /// This instant and a time more.
    #[must_use]
    pub fn plus(self, span: SimSpan) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.0 / 1_000).unwrap_or(i64::MAX)))
    }
}

/// Seconds that a zone is ahead of UTC: `Z`, none, or `+02:00`.
fn east(zone: &[u8]) -> Option<i64> {
    let digit = |at: usize| {
        zone.get(at).filter(|byte| byte.is_ascii_digit()).map(|byte| i64::from(byte - b'0'))
    };
    match zone.first() {
        None | Some(b'Z' | b'z') => Some(0),
        Some(sign @ (b'+' | b'-')) => {
            let hours = digit(1)? * 10 + digit(2)?;
            let minutes = digit(4)? * 10 + digit(5)?;
            let ahead = (hours * 60 + minutes) * 60;
            Some(if *sign == b'-' { -ahead } else { ahead })
        }
        Some(_) => None,
    }
}

/// Cells of a [`Grid`].
const CELLS: usize = 512;
/// Width of a cell at first.
const FIRST_CELL: SimSpan = SimSpan::millis(250);

/// Cells of time that cover a log from its beginning on, however long it gets: as it grows, cells are
/// joined in pairs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    from: Micros,
    doublings: u32,
    to: Micros,
}

impl Grid {
    /// A grid that begins here.
    pub(super) const fn new(from: Micros) -> Self {
        Self { from, doublings: 0, to: from }
    }

    /// Where the log begins.
    pub(super) const fn from(&self) -> Micros {
        self.from
    }

    /// Where the log ends, so far.
    pub(super) const fn to(&self) -> Micros {
        self.to
    }

    fn width(&self) -> i64 {
        (FIRST_CELL.0 / 1_000).cast_signed() << self.doublings
    }

    /// Covers this instant also.
    pub(super) fn cover(&mut self, at: Micros) {
        self.to = self.to.max(at);
        while (at.0.saturating_sub(self.from.0)) / self.width() >= CELLS.cast_signed() as i64 - 1
            && self.doublings < 40
        {
            self.doublings += 1;
        }
    }

    fn cell(&self, at: Micros) -> usize {
        let cell = at.0.saturating_sub(self.from.0).max(0) / self.width();
        usize::try_from(cell).unwrap_or(CELLS).min(CELLS - 1)
    }

    /// The span of a number of cells.
    pub(super) fn span_of(&self, cells: usize) -> SimSpan {
        SimSpan((self.width() as u64).saturating_mul(1_000).saturating_mul(cells as u64))
    }
}

/// A count per cell.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    doublings: u32,
    counts: Vec<i32>,
}

impl Cells {
    fn fit(&mut self, grid: &Grid) {
        while self.doublings < grid.doublings {
            self.counts = self.counts.chunks(2).map(|pair| pair.iter().sum()).collect();
            self.doublings += 1;
        }
    }

    /// Adds to the cell of an instant.
    pub(super) fn add(&mut self, grid: &Grid, at: Micros, count: i32) {
        self.fit(grid);
        let cell = grid.cell(at);
        if self.counts.len() <= cell {
            self.counts.resize(cell + 1, 0);
        }
        self.counts[cell] = self.counts[cell].saturating_add(count);
    }

    /// The counts from the cell of one instant to that of another.
    pub(super) fn between(&mut self, grid: &Grid, from: Micros, to: Micros) -> Vec<i32> {
        self.fit(grid);
        (grid.cell(from)..=grid.cell(to))
            .map(|cell| self.counts.get(cell).copied().unwrap_or(0))
            .collect()
    }

    /// Of counts that are changes: how many there were usually at once, from the first to an end. "Usually" is
    /// the 80th percentile over time: what a server forgot when it was killed does not count twice, and
    /// what comes late counts.
    pub(super) fn usually_open(&mut self, grid: &Grid, end: Micros) -> u64 {
        let changes = self.between(grid, grid.from(), end);
        let mut open = 0_i64;
        let mut levels: Vec<i64> = changes
            .iter()
            .map(|change| {
                open += i64::from(*change);
                open
            })
            .skip_while(|open| *open <= 0)
            .collect();
        levels.sort_unstable();
        let at = (levels.len() * 4 / 5).min(levels.len().saturating_sub(1));
        u64::try_from(levels.get(at).copied().unwrap_or(0)).unwrap_or(0)
    }
}

/// Bins of a [`Gaps`] per factor of e: each is 5 % wide.
const BINS_PER_E: f64 = 20.0;

/// Times from one request to the next of its kind by the same client.
#[derive(Clone, Debug, Default)]
pub(super) struct Gaps {
    /// Number and sum in microseconds, by the logarithm of the gap.
    bins: BTreeMap<i16, (u32, f64)>,
    count: u64,
    sum: f64,
}

impl Gaps {
    /// Adds a gap.
    pub(super) fn add(&mut self, gap: SimSpan) {
        let micros = (gap.0 / 1_000).max(1) as f64;
        let (count, sum) = self.bins.entry((micros.ln() * BINS_PER_E) as i16).or_default();
        *count = count.saturating_add(1);
        *sum += micros;
        self.count += 1;
        self.sum += micros;
    }

    /// The gap that this share of them does not exceed, exact to a few per cent.
    fn quantile(&self, share: f64) -> f64 {
        let wanted = ((self.count as f64 * share) as u64).min(self.count.saturating_sub(1));
        let mut seen = 0;
        for (count, sum) in self.bins.values() {
            seen += u64::from(*count);
            if seen > wanted {
                return sum / f64::from(*count);
            }
        }
        0.0
    }

    /// The period, if they come in one: half of the gaps lie within a third around the median. It is the
    /// mean of those that are near the median, so that a pause or a lost line does not move it.
    pub(super) fn period(&self) -> Option<SimSpan> {
        let median = self.quantile(0.5);
        let regular = self.quantile(0.75) - self.quantile(0.25) <= median / 3.0;
        if self.count < 2 || !regular || median <= 0.0 {
            return None;
        }
        let near = |mean: f64| mean > median / 1.5 && mean < median * 1.5;
        let bins = self.bins.values().filter(|(count, sum)| near(sum / f64::from(*count)));
        let (count, sum) =
            bins.fold((0.0, 0.0), |all, (count, sum)| (all.0 + f64::from(*count), all.1 + sum));
        (count > 0.0).then(|| SimSpan::from_secs_f64(sum / count / 1e6))
    }

    /// The mean gap.
    pub(super) fn mean(&self) -> Option<SimSpan> {
        (self.count > 0).then(|| SimSpan::from_secs_f64(self.sum / self.count as f64 / 1e6))
    }
}
