//! How fast the value of a key grows.
//!
//! | written | means |
//! |---|---|
//! | `cluster.nodes=+4% per month` | compound: 1.04 times as many after each month |
//! | `objects.pods.count=+200 per week` | 200 more after each week, in the unit of the key |
//! | `objects.pods.size=-1% to +3% per year` | not known exactly: 90 of 100 rates lie between the two (normal) |

use super::knob::read_as;
use super::value::of_steps;
use super::{Failed, Frame, Knob, Value};
use crate::language::table::Table;
use crate::language::tell::code::Code;
use crate::language::tell::diagnostic::Finding;
use crate::language::text::path::split;

/// Days of a mean month of the Gregorian calendar.
pub const DAYS_PER_MONTH: f64 = 365.2425 / 12.0;

/// Periods by name, in days.
const PERIODS: [(&str, f64); 4] =
    [("day", 1.0), ("week", 7.0), ("month", DAYS_PER_MONTH), ("year", 365.2425)];

/// Standard deviations from the mean to the ends of the middle 90 of 100.
const TO_P95: f64 = 1.644_853_626_951_472_7;

const EXAMPLES: &str =
    "for example: \"cluster.nodes=+4% per month\", or \"objects.pods.count=+200 to 300 per week\"";

/// A key and how fast it grows.
#[derive(Clone, Debug, PartialEq)]
pub struct Rate {
    /// The key.
    pub knob: Knob,
    /// The rate, as written.
    pub text: String,
    /// In a period: shares of the value, or amounts in the unit of the key.
    ends: (f64, f64),
    relative: bool,
    period_days: f64,
}

impl Rate {
    /// Reads `KEY=RATE per PERIOD` from a text that stands somewhere.
    pub(crate) fn read(root: &'static Table, text: &str, frame: Frame) -> Result<Self, Failed> {
        let wrong = |from: usize, message: &str| -> Failed {
            let finding = Finding::new(Code::BadGrowth, frame.at(from, text.len()), message);
            Box::new(finding.help(Some(EXAMPLES.to_owned())))
        };
        let Some((parts, rate_at)) = split(text, 0) else {
            return Err(wrong(0, "what grows must be of the form key=rate"));
        };
        let knob = Knob::of_parts(root, parts, frame)?;
        if knob.unit().is_none() {
            return Err(wrong(0, "only a number can grow"));
        }
        let rate = text.get(rate_at..).unwrap_or("");
        let split_off =
            [" per ", " a ", "/"].into_iter().find_map(|between| rate.rsplit_once(between));
        let Some((amounts, period)) = split_off else {
            return Err(wrong(rate_at, "a rate needs a period: per day, week, month or year"));
        };
        let known = PERIODS.into_iter().find(|(name, _)| *name == period.trim());
        let Some((_, period_days)) = known else {
            return Err(wrong(rate_at, "the period of a rate must be day, week, month or year"));
        };
        let (first, second) = amounts.split_once(" to ").unwrap_or((amounts, amounts));
        let (low, low_relative) = amount(&knob, first, frame.shifted(rate_at))?;
        let second_at = rate_at + amounts.len() - second.len();
        let (high, high_relative) = amount(&knob, second, frame.shifted(second_at))?;
        // `-1% to 3%` has signs of its own; `+200 to 300` has one for both.
        if low_relative != high_relative {
            return Err(wrong(rate_at, "both ends of a rate must be percentages, or neither"));
        }
        if low > high {
            return Err(wrong(rate_at, "the first end of a rate is above the second"));
        }
        if low_relative && low <= -1.0 {
            return Err(wrong(rate_at, "nothing can shrink by 100% or more"));
        }
        let text = rate.trim().to_owned();
        Ok(Self { knob, text, ends: (low, high), relative: low_relative, period_days })
    }

    /// Whether it is given as a range.
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        self.ends.0 < self.ends.1
    }

    /// The value some days after it was `now` (see [`Value::coordinate`]), for a standard normal draw
    /// of its rate; kept inside the bounds of the key.
    #[must_use]
    pub fn after(&self, now: f64, days: f64, normal: f64) -> Option<Value> {
        let (low, high) = self.ends;
        let rate = f64::midpoint(low, high) + (high - low) / 2.0 / TO_P95 * normal;
        let periods = days / self.period_days;
        let then = if self.relative {
            now * libm::pow((1.0 + rate).max(0.0), periods)
        } else {
            now + rate * periods
        };
        self.knob.at(then.max(0.0))
    }
}

/// An end of a rate, and whether it is a share of the value.
fn amount(knob: &Knob, text: &str, frame: Frame) -> Result<(f64, bool), Failed> {
    let bare = text.trim();
    let (sign, bare) = match bare.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, bare.strip_prefix('+').unwrap_or(bare)),
    };
    let wrong = || -> Failed {
        let message = "this is no rate: write a percentage, or an amount in the unit of the key";
        let finding = Finding::new(Code::BadGrowth, frame.at(0, text.len()), message);
        Box::new(finding.help(Some(EXAMPLES.to_owned())))
    };
    if let Some(share) = bare.strip_suffix('%') {
        let share: f64 = share.trim().parse().map_err(|_| wrong())?;
        if !(0.0..=1000.0).contains(&share) {
            return Err(wrong());
        }
        return Ok((sign * share / 100.0, true));
    }
    // Half a client a week is a rate, though there are no half clients.
    if knob.is_whole() {
        let number: f64 = bare.replace('_', "").parse().map_err(|_| wrong())?;
        return if (0.0..=1e12).contains(&number) {
            Ok((sign * number, false))
        } else {
            Err(wrong())
        };
    }
    let value = read_as(&of_steps(knob.kind()), knob.key(), bare, frame)?;
    Ok((sign * value.coordinate().ok_or_else(wrong)?, false))
}
