//! Days of the Gregorian calendar.

use std::fmt;

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub i64);

impl Day {
    /// A day by its date; `None` where there is no such month, or none has such a day.
    #[must_use]
    pub fn of(year: i64, month: i64, day: i64) -> Option<Self> {
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        // Years that begin in March have their leap day at the end.
        let year = if month <= 2 { year - 1 } else { year };
        let in_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        Some(Self(365 * year + leap_days + in_year - 719_468))
    }

    /// Reads `2026-11-30`; `None` of anything else, and of days that there are not.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-').map(|part| {
            let digits = part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<i64>().ok().filter(|_| digits)
        });
        let day = Self::of(parts.next()??, parts.next()??, parts.next()??)?;
        (day.to_string() == text).then_some(day)
    }

    /// Some days later.
    #[must_use]
    pub fn plus(self, days: f64) -> Self {
        Self(self.0.saturating_add(days.round() as i64))
    }
}

/// `2026-11-30`.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In cycles of 400 years, from 0000-03-01 on.
        let since = self.0.saturating_add(719_468);
        let (cycle, day) = (since.div_euclid(146_097), since.rem_euclid(146_097));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let in_year = day - (365 * year + year / 4 - year / 100);
        let march = (5 * in_year + 2) / 153;
        let of_month = in_year - (153 * march + 2) / 5 + 1;
        let month = if march < 10 { march + 3 } else { march - 9 };
        let year = year + cycle * 400 + i64::from(month <= 2);
        f.pad(&format!("{year:04}-{month:02}-{of_month:02}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Day;

    #[test]
    fn days_are_read_as_they_are_printed() {
        assert_eq!(Day::parse("1970-01-01"), Some(Day(0)));
        assert_eq!(Day::parse("2000-03-01"), Some(Day(11_017)));
        for day in (-200_000..200_000).step_by(7) {
            assert_eq!(Day::parse(&Day(day).to_string()), (day >= -719_528).then_some(Day(day)));
        }
        assert_eq!(
            Day::parse("2024-02-28").map(|day| day.plus(1.4).to_string()).unwrap(),
            "2024-02-29"
        );
        for bad in [
            "",
            "2026",
            "2026-11",
            "2026-11-31",
            "2023-02-29",
            "26-11-30",
            "2026-1-1",
            "2026-11-30Z",
            "+026-11-30",
        ] {
            assert_eq!(Day::parse(bad), None, "{bad}");
        }
    }
}
